//! Conditions to programs of tests.

use std::iter::once_with;
use std::sync::Arc;

use crate::bucketing::{Hasher, Purpose};
use crate::compile::flag::may_have_variant;
use crate::compile::place::Place;
use crate::compile::{Compiler, HashSet};
use crate::condition::{BucketTest, Program, Step, Target, Test};
use crate::context::{Attribute, Custom};
use crate::diagnostics::nearest::list;
use crate::diagnostics::{Code, Diagnostic};
use crate::flag::Requirement;
use crate::json::key::{Key, Keys};
use crate::json::node::{Node, Object};
use crate::operator::{Operator, Source};

mod known;
mod shared;

use known::Repeated;
pub(super) use shared::Shared;

const FORMS: Keys<7> = Keys::of(["all", "any", "not", "segment", "flag", "bucket", "attr"]);
const ALL: Keys<1> = Keys::of(["all"]);
const ANY: Keys<1> = Keys::of(["any"]);
const NOT: Keys<1> = Keys::of(["not"]);
const SEGMENT: Keys<1> = Keys::of(["segment"]);
const REQUIREMENT: Keys<2> = Keys::of(["flag", "variant"]);
const BUCKET: Keys<1> = Keys::of(["bucket"]);
const BUCKET_TEST: Keys<4> = Keys::of(["salt", "by", "from", "to"]);
const ATTRIBUTE_TEST: Keys<4> = Keys::of(["attr", "op", "value", "ignore_case"]);
/// The upper bound of bucket conditions, in units of 1/100,000.
const BUCKETS: i64 = 100_000;

/// A place of the program that arrows may lead to before it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(u32);

#[derive(Clone, Copy, Debug)]
enum Destination {
    Unknown,
    Step(u32),
    Same(Label),
    Answer(Target),
}

/// A program under construction. One serves for all of them, so that each finds the room that those before it made.
#[derive(Default)]
pub(super) struct Builder<'d> {
    drafts: Vec<Draft>,
    repeated: Repeated<'d>,
    destinations: Vec<Destination>,
    /// Each step, or what it comes down to.
    settled: Vec<Target>,
    /// Where each of the conditions starts.
    starts: Vec<Target>,
}

/// A test whose arrows lead to labels.
struct Draft {
    test: Test,
    then: Label,
    otherwise: Label,
}

impl<'d> Builder<'d> {
    pub(super) const FAILS: Label = Label(0);

    /// An empty program.
    pub(super) fn begin(&mut self) {
        self.drafts.clear();
        self.repeated.clear();
        self.destinations.clear();
        self.destinations.push(Destination::Answer(Target::FAILS));
    }

    fn place(&mut self, destination: Destination) -> Label {
        let label = Label(short(self.destinations.len()));
        self.destinations.push(destination);
        label
    }

    /// A place that is not known yet.
    pub(super) fn label(&mut self) -> Label {
        self.place(Destination::Unknown)
    }

    /// Where no condition is left, each has failed.
    pub(super) fn none_holds(&mut self, label: Label) {
        self.set(label, Destination::Answer(Target::FAILS));
    }

    /// An answer.
    pub(super) fn answer(&mut self, target: Target) -> Label {
        self.place(Destination::Answer(target))
    }

    fn set(&mut self, label: Label, destination: Destination) {
        if let Some(slot) = self.destinations.get_mut(label.0 as usize) {
            *slot = destination;
        }
    }

    #[inline]
    fn test(&mut self, test: Test, written: &'d Object<'d>, entry: Label, then: Label, otherwise: Label) {
        self.repeated.note(written);
        self.set(entry, Destination::Step(short(self.drafts.len())));
        // Made in its place: see `Scanner::array`.
        self.drafts.extend(once_with(|| Draft { test, then, otherwise }));
    }

    /// The program, which starts at the first of the given labels, and where each of them leads in it.
    pub(super) fn finish(&mut self, entries: impl Iterator<Item = Label>) -> (Program, &[Target]) {
        let Self { drafts, repeated, destinations, settled, starts } = self;
        let resolve = |settled: &[Target], mut label: Label| loop {
            match destinations.get(label.0 as usize) {
                Some(Destination::Same(other)) => label = *other,
                Some(Destination::Answer(target)) => return *target,
                Some(Destination::Step(index)) => {
                    return settled.get(*index as usize).copied().unwrap_or(Target::FAILS);
                }
                Some(Destination::Unknown) | None => return Target::FAILS,
            }
        };
        // From the end, so that every arrow leads to what is settled. A test both of whose arrows lead to one place is
        // passed over; this is also how a condition that always or never holds is found out.
        settled.clear();
        settled.resize(drafts.len(), Target::FAILS);
        for (index, Draft { then, otherwise, .. }) in drafts.iter().enumerate().rev() {
            let (then, otherwise) = (resolve(settled, *then), resolve(settled, *otherwise));
            if let Some(slot) = settled.get_mut(index) {
                *slot = if then == otherwise { then } else { Target::step(short(index)) };
            }
        }
        starts.clear();
        starts.extend(entries.map(|entry| resolve(settled, entry)));
        let step = |Draft { test, then, otherwise }| Step {
            test,
            then: resolve(settled, then),
            otherwise: resolve(settled, otherwise),
        };
        let mut steps: Arc<[Step]> = drafts.drain(..).map(step).collect();
        if let (Some(&start), Some(steps)) = (starts.first(), Arc::get_mut(&mut steps)) {
            repeated.pass_over(steps, start);
        }
        (Program { steps }, starts)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a document has fewer bytes than that")]
fn short(index: usize) -> u32 {
    index as u32
}

impl<'d> Compiler<'d> {
    /// Adds a condition to the program, with where to go if it holds and if it does not; where it is wrong it leads nowhere.
    pub(super) fn condition(
        &mut self,
        json: &'d Node<'d>,
        place: &Place<'_>,
        entry: Label,
        then: Label,
        otherwise: Label,
    ) {
        let Some(written) = self.reader.object(json, place) else { return };
        if let Some((written, test)) = self.shared.get(written) {
            return self.builder.test(test.clone(), written, entry, then, otherwise);
        }
        let mut forms =
            written.members().map(|(key, _)| key).filter(|key| FORMS.place(*key).is_some()).map(Key::as_str);
        let form = match (forms.next(), forms.next()) {
            (Some(form), None) => form,
            (None, _) => {
                let message =
                    "a condition has one of `all`, `any`, `not`, `segment`, `flag`, `bucket` and `attr`: add one";
                self.reader.report(Code::NoConditionForm, place, message);
                self.reader.fields(json, place, &FORMS);
                return;
            }
            (Some(first), Some(second)) => {
                let forms = list(&[first, second].into_iter().chain(forms).collect::<Vec<_>>());
                let message = format!("a condition has one form, this has {forms}: join them with `all`");
                self.reader.report(Code::ManyConditionForms, place, message);
                return;
            }
        };
        let reports = self.reader.reports;
        let test = match form {
            "all" | "any" | "not" => {
                let own = match form {
                    "all" => &ALL,
                    "any" => &ANY,
                    _ => &NOT,
                };
                let [Some(inner)] = self.reader.fields(json, place, own).unwrap_or_default() else { return };
                let place = &place.key(form);
                match form {
                    "not" => self.condition(inner, place, entry, otherwise, then),
                    "all" => self.each(inner, place, entry, then, otherwise, Join::All),
                    _ => self.each(inner, place, entry, then, otherwise, Join::Any),
                }
                return;
            }
            "segment" => self.segment_test(json, place),
            "flag" => self.flag_test(json, place),
            "bucket" => self.bucket_test(json, place),
            _ => self.attribute_test(json, place),
        };
        if let Some(test) = test {
            if form == "attr" && self.reader.reports == reports {
                self.shared.keep(written, &test);
            }
            self.builder.test(test, written, entry, then, otherwise);
        }
    }

    /// `all` and `any`: each condition leads on to the next as long as nothing is decided.
    fn each(&mut self, json: &'d Node<'d>, place: &Place<'_>, entry: Label, then: Label, otherwise: Label, join: Join) {
        let items = self.reader.array(json, place).unwrap_or_default();
        let mut here = entry;
        for (index, item) in items.iter().enumerate() {
            let place = &place.index(index);
            if item.is_null() {
                self.reader.wrong_element(item, place, "a condition is needed here");
                continue;
            }
            let next = self.builder.label();
            match join {
                Join::All => self.condition(item, place, here, next, otherwise),
                Join::Any => self.condition(item, place, here, then, next),
            }
            here = next;
        }
        let end = match join {
            Join::All => then,
            Join::Any => otherwise,
        };
        self.builder.set(here, Destination::Same(end));
    }

    fn segment_test(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<Test> {
        let [key] = self.reader.fields(json, place, &SEGMENT)?;
        let index = self.segment_reference(key?, &place.key("segment"))?;
        Some(Test::Segment(index))
    }

    fn flag_test(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<Test> {
        self.requirement(json, place).map(Test::Flag)
    }

    /// `{"flag": key, "variant": name?}`: a condition's or a dependency's.
    pub(super) fn requirement(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<Requirement> {
        let [key, variant] = self.reader.fields(json, place, &REQUIREMENT)?;
        let key = self.reader.required(key, place, "flag", "name the flag that must be satisfied")?;
        let flag = self.flag_reference(key, &place.key("flag"));
        let variant = match variant {
            Some(json) => Some(self.reader.text(json, &place.key("variant"))?),
            None => None,
        };
        let flag = flag?;
        if let Some(variant) = variant
            && !self.flags.entries.get(flag as usize).is_none_or(|flag| may_have_variant(flag, variant))
        {
            let message = format!("the flag has no variant named `{variant}`: name one that it has");
            self.reader.report(Code::UnknownVariant, &place.key("variant"), message);
            return None;
        }
        Some(Requirement { flag, variant: variant.map(Box::from) })
    }

    /// Resolves the name of a flag and notes the reference.
    pub(super) fn flag_reference(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<u32> {
        let key = self.reader.text(json, place)?;
        let index = self.flags.index(key);
        if let Some(index) = index {
            self.references.push(index);
        } else if !self.flags.unread {
            let message = format!("there is no flag `{key}`: {}", self.flags.suggest(key));
            self.reader.report(Code::UnknownFlag, place, message);
        }
        index
    }

    /// Resolves the name of a segment and notes the reference.
    pub(super) fn segment_reference(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<u32> {
        let key = self.reader.text(json, place)?;
        let index = self.segments.index(key);
        if let Some(index) = index {
            self.references.push(self.segment_node(index));
        } else if !self.segments.unread {
            let message = format!("there is no segment `{key}`: {}", self.segments.suggest(key));
            self.reader.report(Code::UnknownSegment, place, message);
        }
        index
    }

    /// The segment's node in the graph of references: flags come first.
    #[expect(clippy::cast_possible_truncation, reason = "a document has fewer bytes than that")]
    pub(super) fn segment_node(&self, index: u32) -> u32 {
        self.flags.entries.len() as u32 + index
    }

    fn bucket_test(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<Test> {
        let [bucket] = self.reader.fields(json, place, &BUCKET)?;
        let place = &place.key("bucket");
        let [salt, by, from, to] = self.reader.fields(bucket?, place, &BUCKET_TEST)?;
        let salt = self.reader.required(salt, place, "salt", "buckets of different salts are independent");
        let salt = salt.and_then(|salt| self.reader.text(salt, &place.key("salt")));
        let by = match by {
            Some(by) => self.attribute(by, &place.key("by")),
            None => Some(Attribute::USER_ID),
        };
        let message = "bounds are 0 <= from < to <= 100000, in units of 1/100000";
        let mut bound = |json, key| {
            let json = self.reader.required(json, place, key, "bounds are integers of 0 to 100000")?;
            let bound = self.reader.integer(json, &place.key(key))?;
            if !(0..=BUCKETS).contains(&bound) {
                self.reader.report(Code::BucketOutOfRange, &place.key(key), message);
            }
            Some(bound)
        };
        let (from, to) = (bound(from, "from"), bound(to, "to"));
        if let (Some(from @ 0..=BUCKETS), Some(to @ 0..=BUCKETS)) = (from, to)
            && from >= to
        {
            self.reader.report(Code::BucketOutOfRange, place, message);
        }
        let (salt, by, from, to) = (salt?, by?, from?, to?);
        self.condition_salts.push((salt, place.key("salt").pointer()));
        let hasher = Hasher::new(self.algorithm, Purpose::Condition, salt);
        let bounds = u32::try_from(from).ok().zip(u32::try_from(to).ok());
        bounds.map(|(from, to)| Test::Bucket(Box::new(BucketTest { by, hasher, from, to })))
    }

    fn attribute_test(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<Test> {
        let [attribute, operator, value, ignore_case] = self.reader.fields(json, place, &ATTRIBUTE_TEST)?;
        let attribute = self.attribute(attribute?, &place.key("attr"));
        let operator = self.reader.required(operator, place, "op", "say how to compare")?;
        let name = self.reader.text(operator, &place.key("op"))?;
        let operator = Operator::compile(&Source { place, name, value, ignore_case }, &mut self.reader);
        Some(Test::of(attribute?, operator?))
    }

    /// The name of something to read from the context.
    pub(super) fn attribute(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<Attribute> {
        let name = self.reader.text(json, place)?;
        let customs = &mut self.customs;
        let attribute = Attribute::named(name, || {
            let slot = u8::try_from(customs.len()).unwrap_or(u8::MAX);
            customs.entry(name).or_insert_with(|| Custom { name: name.into(), slot }).clone()
        });
        if attribute == Attribute::Unreadable {
            let message =
                format!("`{name}` cannot be read as one value, so that it is always missing: name an attribute");
            self.reader.report(Code::UnreadableAttribute, place, message);
        }
        Some(attribute)
    }

    pub(super) fn warn_of_shared_salts(&mut self) {
        if self.condition_salts.is_empty() {
            return;
        }
        let salts: HashSet<&str> = self.flag_salts.iter().copied().collect();
        for (salt, pointer) in std::mem::take(&mut self.condition_salts) {
            if salts.contains(salt) {
                let message = format!(
                    "`{salt}` is also a flag's salt: use one of its own, so that nobody takes them for related"
                );
                self.reader.found.push(Code::SharedSalt, || Diagnostic::new(Code::SharedSalt, pointer, message));
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Join {
    All,
    Any,
}
