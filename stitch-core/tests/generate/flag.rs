//! Flags of every type, with everything that a flag can have.

use serde_json::{Map, Value, json};

use super::condition::condition;
use super::registry::{Sketch, World};
use super::{Draw, pool};

const VARIANTS: [&str; 6] = ["on", "off", "a", "B", "é", "a b"];

/// A value of that type, of few enough that variants meet.
pub(super) fn value(draw: &mut Draw<'_>, value_type: &str) -> Value {
    match value_type {
        "boolean" => json!(!draw.chance(50)),
        "string" => json!(draw.pick(&["x", "y", "", "日本"])),
        "integer" => draw.pick(&[json!(1), json!(2), json!(2.0), json!(i64::MAX), json!(i64::MIN), json!(-0.0)]),
        "double" => draw.pick(&[json!(1), json!(1.0), json!(0.1), json!(-0.0), json!(1e300), json!(i64::MAX)]),
        _ => draw.pick(&[
            json!({"n": 1, "list": [1, "x", null]}),
            json!({"n": 1.0, "list": [1, "x", null]}),
            json!([]),
            json!({}),
            json!([{"deep": [{"deeper": {"é": i64::MAX}}]}]),
        ]),
    }
}

pub(super) fn flag(draw: &mut Draw<'_>, world: &mut World) -> Value {
    let index = world.flags.len();
    let key = if draw.chance(15) { format!("F{index}.x_y-z") } else { format!("f{index}") };
    let value_type = draw.pick(&["boolean", "string", "integer", "double", "object"]);
    let mut flag = Map::from_iter([("key".into(), json!(key)), ("default_value".into(), value(draw, value_type))]);
    if value_type != "boolean" || draw.chance(20) {
        flag.insert("type".into(), json!(value_type));
    }

    let mut variants = vec!["on".to_owned(), "off".to_owned()];
    if value_type != "boolean" || draw.chance(30) {
        let first = draw.below(VARIANTS.len());
        let count = 1 + draw.below(5);
        variants = (0..count).map(|offset| VARIANTS[(first + offset) % VARIANTS.len()].to_owned()).collect();
        let values: Map<_, _> = variants.iter().map(|name| (name.clone(), value(draw, value_type))).collect();
        flag.insert("variants".into(), Value::Object(values));
        flag.insert("serve".into(), serve(draw, &variants));
    } else if draw.chance(30) {
        flag.insert("serve".into(), serve(draw, &variants));
    }

    flag.insert("rollout_stage".into(), json!(draw.pick(&pool::STAGES)));
    flag.insert("rollout_pct".into(), percentage(draw));
    for patchable in ["rules", "cohort", "salt", "audit", "paused_from"] {
        if draw.chance(40) {
            flag.insert(patchable.into(), patchable_value(draw, world, patchable, value_type, &variants));
        }
    }
    if draw.chance(30) {
        flag.insert("bucket_by".into(), json!(pool::unit_name(draw)));
    }
    if draw.chance(30) {
        flag.insert("algorithm".into(), json!(draw.pick(&pool::ALGORITHMS)));
    }
    if draw.chance(35) && !world.flags.is_empty() {
        let dependencies = draw
            .list(3, |draw| if draw.chance(50) { world.requirement(draw) } else { json!(draw.pick(&world.flags).key) });
        flag.insert("dependencies".into(), json!(dependencies));
    }
    if draw.chance(20) {
        flag.insert("requires_approval".into(), json!(!draw.chance(20)));
    }
    if draw.chance(10) {
        flag.insert("sensitive_flag".into(), json!(true));
        flag.insert("approval_matrix_row".into(), json!("R-7"));
    }
    let mut scopes = vec!["global", "tenant", "user"];
    if draw.chance(20) {
        scopes.remove(draw.below(3));
        flag.insert("allowed_scopes".into(), json!(scopes));
    }
    if draw.chance(40) {
        let mut environments = Map::new();
        for environment in &world.environments {
            if draw.chance(60) {
                environments.insert((*environment).into(), patch(draw, world, value_type, &variants));
            }
        }
        flag.insert("environments".into(), Value::Object(environments));
    }
    if draw.chance(20) {
        flag.insert("description".into(), json!("known metadata"));
        flag.insert("x-team".into(), json!({"anything": [1, {"goes": null}]}));
        flag.insert("dependencies_note".into(), json!("a key that means nothing, for a warning"));
    }
    world.flags.push(Sketch { key, value_type, variants, scopes });
    Value::Object(flag)
}

fn patch(draw: &mut Draw<'_>, world: &World, value_type: &str, variants: &[String]) -> Value {
    let mut patch = Map::new();
    for key in
        ["default_value", "serve", "rules", "rollout_stage", "rollout_pct", "cohort", "salt", "audit", "paused_from"]
    {
        if draw.chance(30) {
            let null = draw.chance(10);
            let value = patchable_value(draw, world, key, value_type, variants);
            patch.insert(key.into(), if null { Value::Null } else { value });
        }
    }
    Value::Object(patch)
}

fn patchable_value(draw: &mut Draw<'_>, world: &World, key: &str, value_type: &str, variants: &[String]) -> Value {
    match key {
        "default_value" => value(draw, value_type),
        "serve" => serve(draw, variants),
        "rules" => rules(draw, world, variants),
        "rollout_stage" => json!(draw.pick(&pool::STAGES)),
        "rollout_pct" => percentage(draw),
        "cohort" if world.segments.is_empty() => json!([]),
        "cohort" => json!(draw.list(2, |draw| draw.pick(&world.segments))),
        "salt" => json!(draw.pick(&pool::SALTS)),
        "audit" => draw.pick(&[
            json!({"last_approval_ref": "CAB-1", "created_by": "someone"}),
            json!({"last_approval_ref": ""}),
            json!({"last_approval_ref": null, "last_flipped_at": "2024-01-01T00:00:00.000Z"}),
            json!({}),
        ]),
        _ => json!(draw.pick(&["pilot", "internal", "full"])),
    }
}

fn percentage(draw: &mut Draw<'_>) -> Value {
    json!(draw.pick(&pool::PERCENTAGES))
}

fn rules(draw: &mut Draw<'_>, world: &World, variants: &[String]) -> Value {
    let mut rules = draw.list(4, |draw| json!({"when": condition(draw, world, 3), "serve": serve(draw, variants)}));
    for (index, rule) in rules.iter_mut().enumerate() {
        rule["id"] = json!(format!("rule {index}"));
    }
    json!(rules)
}

fn serve(draw: &mut Draw<'_>, variants: &[String]) -> Value {
    if !draw.chance(45) {
        return json!(draw.pick(variants));
    }
    let first = draw.below(variants.len());
    let count = 1 + draw.below(variants.len());
    let mut shares: Vec<Value> = (0..count)
        .map(|offset| {
            // Five times the last is the largest sum that a split can have.
            let weight = draw.pick(&[1, 0, 50, 3, 100_000, 858_993_459]);
            json!({"variant": variants[(first + offset) % variants.len()], "weight": weight})
        })
        .collect();
    if shares.iter().all(|share| share["weight"] == 0) {
        shares[0]["weight"] = json!(1.0);
    }
    let mut serve = json!({"split": shares});
    if draw.chance(25) {
        serve["by"] = json!(pool::unit_name(draw));
    }
    if draw.chance(25) {
        serve["salt"] = json!(draw.pick(&pool::SALTS));
    }
    serve
}
