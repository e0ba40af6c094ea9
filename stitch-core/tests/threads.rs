//! An engine is shared between threads, a context moves to the one that asks.

use std::sync::Arc;
use std::thread;

use stitch_core::{
    Context, ContextDocument, Definitions, DefinitionsError, Diagnostic, Engine, Evaluation, FlagHandle,
};

const fn shared<T: Send + Sync + 'static>() {}
const fn sent<T: Send>() {}

const _: () = {
    shared::<Engine>();
    shared::<Definitions<'static>>();
    shared::<DefinitionsError>();
    shared::<Diagnostic>();
    shared::<ContextDocument<'static>>();
    sent::<Context<'static>>();
    sent::<FlagHandle<'static>>();
    sent::<Evaluation<'static>>();
};

#[test]
fn threads_that_share_an_engine_agree() {
    let registry = r#"{"schema_version": "1.0", "flags": [
        {"key": "a", "default_value": false, "rollout_stage": "staged", "rollout_pct": 50, "rules": [
            {"id": "r", "when": {"attr": "email", "op": "matches", "value": "7@|(a|b)+c"}, "serve": "off"}]}]}"#;
    let engine = Arc::new(Engine::from_json(registry).expect("sound"));
    let answers = |engine: &Engine| -> Vec<bool> {
        let users = (0..500).map(|index| format!("u{index}"));
        users
            .map(|user| {
                let email = format!("{user}@example.org");
                engine.bool("a", &Context::user(&user).with("email", &email), false)
            })
            .collect()
    };
    let expected = answers(&engine);
    assert!(expected.contains(&true) && expected.contains(&false));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let engine = Arc::clone(&engine);
            thread::spawn(move || answers(&engine))
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().expect("no panic"), expected);
    }
}
