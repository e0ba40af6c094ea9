//! The rules of a plan: their conditions become one program, whose answer is the place of the first that holds.

use std::sync::Arc;

use crate::compile::condition::Label;
use crate::compile::distinct::Distinct;
use crate::compile::place::Place;
use crate::compile::plan::Kind;
use crate::compile::{Compiler, HashMap};
use crate::condition::Target;
use crate::diagnostics::Code;
use crate::flag::{Rule, Rules, Serve};
use crate::json::key::Keys;
use crate::json::node::Node;
use crate::limits;

const RULE: Keys<3> = Keys::of(["id", "when", "serve"]);

/// The rules of a plan under construction. One serves for all of them, so that each finds the room that those before it
/// made.
#[derive(Default)]
pub(super) struct RulesDraft<'d> {
    names: Distinct<'d>,
    parts: Vec<RulePart>,
    list: Vec<Rule>,
    ids: String,
    /// Earlier ones by their ids: flags that are made alike have rules that are named alike and serve alike, which are
    /// then in memory once.
    known: HashMap<Arc<str>, Arc<[Rule]>>,
}

impl RulesDraft<'_> {
    fn begin(&mut self) {
        self.names.clear();
        self.parts.clear();
        self.list.clear();
        self.ids.clear();
    }

    #[expect(clippy::cast_possible_truncation, reason = "a document has fewer bytes than that")]
    fn push(&mut self, id: &str, serve: Serve) {
        let start = self.ids.len() as u32;
        self.ids.push_str(id);
        self.list.push(Rule { id: [start, self.ids.len() as u32], serve });
    }

    /// The rules, and their ids.
    fn finish(&mut self) -> (Arc<[Rule]>, Arc<str>) {
        if let Some((ids, list)) = self.known.get_key_value(self.ids.as_str())
            && list.len() == self.list.len()
            && list.iter().zip(&self.list).all(|(known, rule)| known.is_like(rule))
        {
            return (Arc::clone(list), Arc::clone(ids));
        }
        let (list, ids): (Arc<[Rule]>, Arc<str>) = (self.list.drain(..).collect(), self.ids.as_str().into());
        self.known.insert(Arc::clone(&ids), Arc::clone(&list));
        (list, ids)
    }
}

/// A rule that is being compiled.
struct RulePart {
    /// Its place in the document.
    index: usize,
    is_sound: bool,
    /// Where its condition starts; where that fails, the next one does.
    start: Label,
}

impl<'d> Compiler<'d> {
    #[inline(never)]
    pub(super) fn rules(&mut self, json: &'d Node<'d>, place: &Place<'_>, kind: &Kind<'_, 'd>, salt: &str) -> Rules {
        let items = self.reader.array(json, place).unwrap_or_default();
        if items.len() > limits::RULES {
            let message = format!("there are {} rules; at most {} are allowed", items.len(), limits::RULES);
            self.reader.report(Code::TooManyRules, place, message);
            return Rules::default();
        }
        self.builder.begin();
        self.rules.begin();
        let mut here = self.builder.label();
        for (index, item) in items.iter().enumerate() {
            let place = &place.index(index);
            let errors = self.reader.errors;
            if item.is_null() {
                self.reader.wrong_element(item, place, "a rule is needed here");
                continue;
            }
            let Some([id, when, serve]) = self.reader.fields(item, place, &RULE) else { continue };
            let id = self.reader.required(id, place, "id", "name the rule; answers carry the name");
            let id = id.and_then(|id| self.reader.text(id, &place.key("id"))).unwrap_or_default();
            if self.reader.errors == errors && self.reader.name(id, &place.key("id")) && !self.rules.names.insert(id) {
                let message = format!("the id `{id}` is taken by a rule above: every id is used once in a flag");
                self.reader.report(Code::DuplicateRule, &place.key("id"), message);
            }
            let when =
                self.reader.required(when, place, "when", "say for whom the rule is; `{\"all\": []}` is for everyone");
            let (holds, next) = (self.builder.answer(answer(self.rules.parts.len())), self.builder.label());
            if let Some(when) = when {
                self.condition(when, &place.key("when"), here, holds, next);
            }
            let serve = self.reader.required(serve, place, "serve", "say what the rule serves");
            let serve = serve.and_then(|serve| self.serve(serve, &place.key("serve"), kind, salt));
            if let Some(serve) = serve {
                self.rules.push(id, serve);
            }
            self.rules.parts.push(RulePart { index, is_sound: self.reader.errors == errors, start: here });
            here = next;
        }
        self.builder.none_holds(here);
        let (program, starts) = self.builder.finish(self.rules.parts.iter().map(|part| part.start).chain([here]));
        let mut always = false;
        for ((number, &RulePart { index, is_sound, .. }), arrows) in
            self.rules.parts.iter().enumerate().zip(starts.windows(2))
        {
            let [when, next] = arrows else { break };
            if is_sound && (always || when == next) {
                let why = if always { "a rule above always holds" } else { "its condition never holds" };
                let message = format!("this rule can never be reached: {why}");
                self.reader.report(Code::UnreachableRule, &place.index(index), message);
            }
            always |= is_sound && *when == answer(number);
        }
        let start = starts.first().copied().unwrap_or(Target::FAILS);
        let (list, ids) = self.rules.finish();
        Rules { program, start, list, ids }
    }
}

/// That the rule of that number holds.
#[expect(clippy::cast_possible_truncation, reason = "there are at most a thousand or so")]
fn answer(number: usize) -> Target {
    Target::answer_of(number as u32)
}
