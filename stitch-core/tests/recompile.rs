//! What is compiled again is as if it were compiled anew, whatever changed.

use std::rc::Rc;

use proptest::prelude::*;
use stitch_core::{Context, ContextDocument, Definitions, DefinitionsError, Engine, Json, Parts};

mod generate;
use generate::{Draw, Scenario, cases, mutate};

type List = Vec<Rc<Entry>>;

/// An entry in both of its forms.
struct Entry {
    json: Json<'static>,
    text: String,
}

fn entry(json: Json<'static>) -> Rc<Entry> {
    Rc::new(Entry { text: json.to_string(), json })
}

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
            Some(Json::Array(items)) => items.iter().cloned().map(entry).collect(),
            _ => Vec::new(),
        };
        Self { lists: ["flags", "segments", "overrides"].map(list), settings }
    }

    fn parts<'a, P>(&'a self, form: impl Fn(&'a Entry) -> P) -> Parts<'a, P> {
        let list = |list: &'a List| list.iter().map(|entry| form(entry)).collect();
        let [flags, segments, overrides] = self.lists.each_ref().map(list);
        Parts { settings: Some(&self.settings), flags, segments, overrides }
    }

    fn values(&self) -> Parts<'_> {
        self.parts(|entry| &entry.json)
    }

    fn texts(&self) -> Parts<'_, &str> {
        self.parts(|entry| &*entry.text)
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
                if let Some(other) = other(draw) {
                    list[at] = other;
                }
            }
            // The same content elsewhere in memory.
            4 => list[at] = entry(list[at].json.clone()),
            _ => {
                let mut document = Json::Array(vec![list[at].json.clone()]);
                mutate::mutate(&mut document, draw);
                match document {
                    Json::Array(mut items) if !items.is_empty() => list[at] = entry(items.swap_remove(0)),
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

fn compiled(definitions: Definitions<'_>, lenient: bool) -> Result<Engine, DefinitionsError> {
    if lenient { Engine::compile_lenient(definitions) } else { Engine::compile(definitions) }
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
        let document = Definitions::from_document(now.values().document()).expect("sound");
        let mut of_values = compiled(document, lenient).expect("sound");
        let of_texts = if lenient { Engine::compile_parts_lenient } else { Engine::compile_parts };
        let mut of_texts = of_texts(&now.texts()).expect("sound");
        for _ in 0..6 {
            let mut next = now.clone();
            for _ in 0..=draw.below(2) {
                next.edit(&others, &mut draw);
            }
            // A value may be spoilt in other ways than its text: a key that it has twice is seen in the text alone.
            let document = next.values().document();
            let anew = Definitions::from_document(document.clone()).and_then(|document| compiled(document, lenient));
            let values = of_values.recompile_parts(&now.values(), &next.values());
            prop_assert_eq!(told(&values, &scenario.contexts), told(&anew, &scenario.contexts));
            let text = document.to_string();
            let anew = Definitions::from_json(&text).and_then(|document| compiled(document, lenient));
            let texts = of_texts.recompile_parts(&now.texts(), &next.texts());
            prop_assert_eq!(told(&texts, &scenario.contexts), told(&anew, &scenario.contexts));
            if let (Ok(values), Ok(texts)) = (values, texts) {
                (of_values, of_texts, now) = (values, texts, next);
            }
        }
    }
}

/// Flags as their texts.
fn flags(texts: &[String]) -> Parts<'_, &str> {
    Parts { flags: texts.iter().map(String::as_str).collect(), ..Parts::default() }
}

#[test]
fn too_many_flags_are_refused_alike() {
    let texts: Vec<String> = (0..100_001).map(|i| format!(r#"{{"key":"f{i}","default_value":true}}"#)).collect();
    let segments = vec![r#"{"key":"g","when":{"flag":"f0"}}"#];
    let before = Parts { segments: segments.clone(), ..flags(&texts[..1]) };
    let after = Parts { segments, ..flags(&texts) };
    let again = Engine::compile_parts(&before).expect("sound").recompile_parts(&before, &after).unwrap_err();
    assert_eq!(again.diagnostics(), Engine::compile_parts(&after).unwrap_err().diagnostics());
}

#[test]
fn attributes_that_nothing_reads_any_more_are_forgotten() {
    let reads = |attribute: usize| {
        let when = format!(r#"{{"attr": "a{attribute}", "op": "eq", "value": "x"}}"#);
        let rule = format!(r#"{{"id": "r", "when": {when}, "serve": "off"}}"#);
        format!(r#"{{"key": "f", "default_value": false, "rollout_stage": "full", "rules": [{rule}]}}"#)
    };
    let mut before = vec![reads(0)];
    let mut engine = Engine::compile_parts(&flags(&before)).expect("sound");
    for attribute in 1..500 {
        let after = vec![reads(attribute)];
        engine = engine.recompile_parts(&flags(&before), &flags(&after)).expect("sound");
        before = after;
        let (name, other) = (format!("a{attribute}"), format!("a{}", attribute - 1));
        assert!(!engine.bool("f", &Context::user("U").with(&name, "x"), true));
        assert!(engine.bool("f", &Context::user("U").with(&other, "x"), false));
        assert!(format!("{engine:?}").matches("Custom {").count() <= 2 * 64, "after {attribute} changes");
    }
}
