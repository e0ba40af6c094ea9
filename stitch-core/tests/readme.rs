//! The README's example, compiled and run; and the README, held against it.

use stitch_core::DefinitionsError;

fn example() -> Result<(), DefinitionsError> {
    // The README begins here.
    use stitch_core::{Context, Engine};

    let engine = Engine::from_json(
        r#"{"schema_version": "1.0", "flags": [
            {"key": "new-checkout", "default_value": false, "rollout_stage": "staged", "rollout_pct": 25,
             "rules": [{"id": "thai", "when": {"attr": "country", "op": "eq", "value": "TH"}, "serve": "on"}]}]}"#,
    )?; // every problem at once, each with its place
    let context = Context::user("U-1").tier("staff").env("prod").with("country", "TH");
    let evaluation = engine.evaluate("new-checkout", &context); // cannot fail: an unknown flag is a reason
    println!("{} because {}", evaluation.bool_or(false), evaluation.reason);
    // The README ends here.
    assert!(["staged_in", "staged_out"].contains(&evaluation.reason.as_str()));
    Ok(())
}

#[test]
fn the_example_runs_and_is_the_readmes() {
    example().expect("the registry is sound");
    let (_, rest) = include_str!("readme.rs").split_once("    // The README begins here.\n").expect("the beginning");
    let (code, _) = rest.split_once("    // The README ends here.\n").expect("the end");
    let code: String = code.lines().map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned() + "\n").collect();
    assert!(include_str!("../../README.md").contains(&code), "the README does not have this example:\n{code}");
}
