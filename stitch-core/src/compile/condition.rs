//! Conditions to programs of tests.

use crate::bucketing::{Hasher, Purpose};
use crate::compile::flag::may_have_variant;
use crate::compile::place::Place;
use crate::compile::{Compiler, HashSet};
use crate::condition::{BucketTest, Test};
use crate::context::{Attribute, Custom};
use crate::diagnostics::nearest::list;
use crate::diagnostics::{Code, Diagnostic};
use crate::flag::Requirement;
use crate::json::key::{Key, Keys};
use crate::json::node::Node;
use crate::operator::{Operator, Source};

mod builder;
mod known;
mod shared;

use builder::Destination;
pub(super) use builder::{Builder, Label};
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
