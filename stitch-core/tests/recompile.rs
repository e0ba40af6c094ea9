//! What is compiled again is as if it were compiled anew, whatever changed.

use std::rc::Rc;

use proptest::prelude::*;
use stitch_core::{ContextDocument, Definitions, DefinitionsError, Engine, Json, Parts};

mod generate;
use generate::{Draw, Scenario, cases, mutate};

type List = Vec<Rc<Json<'static>>>;

/// A registry whose entries stay where they are while others change.
#[derive(Clone)]
struct Kept {
    settings: Json<'static>,
    /// Flags, segments, overrides.
    lists: [List; 3],
}

impl Kept {
    fn of(registry: &serde_json::Value) -> Self {
        let text = registry.to_string();
        let settings = Json::parse(&text).expect("sound").into_owned();
        let list = |name| match settings.get(name) {
            Some(Json::Array(items)) => items.iter().map(|item| Rc::new(item.clone())).collect(),
            _ => Vec::new(),
        };
        Self { lists: ["flags", "segments", "overrides"].map(list), settings }
    }

    fn parts(&self) -> Parts<'_> {
        let [flags, segments, overrides] =
            self.lists.each_ref().map(|list| list.iter().map(|entry| &**entry).collect());
        Parts { settings: Some(&self.settings), flags, segments, overrides }
    }

    /// Changes, adds, removes or moves an entry, or changes the settings.
    fn edit(&mut self, others: &Self, draw: &mut Draw<'_>) {
        if draw.chance(5) {
            self.settings = others.settings.clone();
            return;
        }
        let which = draw.below(3);
        let list = &mut self.lists[which];
        let other = |draw: &mut Draw<'_>| (!others.lists[which].is_empty()).then(|| draw.pick(&others.lists[which]));
        if list.is_empty() {
            list.extend(other(draw));
            return;
        }
        let place = |draw: &mut Draw<'_>, list: &List| draw.below(list.len());
        let at = place(draw, list);
        match draw.below(6) {
            0 => drop(list.remove(at)),
            1 => list.extend(other(draw)),
            2 => {
                let to = place(draw, list);
                list.swap(at, to);
            }
            3 => {
                if let Some(entry) = other(draw) {
                    list[at] = entry;
                }
            }
            // The same content elsewhere in memory.
            4 => list[at] = Rc::new((*list[at]).clone()),
            _ => {
                let mut document = Json::Array(vec![(*list[at]).clone()]);
                mutate::mutate(&mut document, draw);
                match document {
                    Json::Array(mut items) if !items.is_empty() => list[at] = Rc::new(items.swap_remove(0)),
                    _ => {}
                }
            }
        }
    }
}

/// All that an engine tells.
fn told(engine: &Result<Engine, DefinitionsError>, contexts: &[serde_json::Value]) -> String {
    let engine = match engine {
        Ok(engine) => engine,
        Err(error) => return format!("{:?}", error.diagnostics()),
    };
    let mut told = vec![format!("{:?}", engine.diagnostics())];
    for key in engine.flag_keys() {
        let flag = engine.flag(key).expect("listed");
        told.push(format!("{key} {:016x} {:?}", flag.fingerprint(), flag.value_type()));
    }
    for context in contexts {
        let text = context.to_string();
        let document = ContextDocument::from_json(&text).expect("sound");
        let context = document.context();
        for evaluation in engine.evaluations(&context) {
            let explained = engine.explain(evaluation.flag_key, &context);
            told.push(serde_json::to_string(&explained).expect("JSON"));
            told.push(serde_json::to_string(&evaluation).expect("JSON"));
        }
    }
    told.join("\n")
}

fn compiled(kept: &Kept, lenient: bool) -> Result<Engine, DefinitionsError> {
    let parts = kept.parts();
    if !lenient {
        return Engine::compile_parts(&parts);
    }
    Engine::compile_lenient(Definitions::from_document(parts.document())?)
}

/// A registry, another to take entries from, and what is done to it.
fn edits() -> impl Strategy<Value = (Scenario, Scenario, Vec<u32>)> {
    (generate::scenario(), generate::scenario(), proptest::collection::vec(any::<u32>(), 0..400))
}

proptest! {
    #![proptest_config(cases(1_500))]

    #[test]
    fn as_if_compiled_anew((scenario, others, tape) in edits(), lenient in any::<bool>()) {
        let mut draw = Draw::new(&tape);
        let others = Kept::of(&others.registry);
        let mut now = Kept::of(&scenario.registry);
        let mut engine = compiled(&now, lenient).expect("sound");
        for _ in 0..6 {
            let mut next = now.clone();
            for _ in 0..=draw.below(2) {
                next.edit(&others, &mut draw);
            }
            let anew = compiled(&next, lenient);
            let again = engine.recompile_parts(&now.parts(), &next.parts());
            prop_assert_eq!(told(&again, &scenario.contexts), told(&anew, &scenario.contexts));
            if let Ok(again) = again {
                (engine, now) = (again, next);
            }
        }
    }
}
