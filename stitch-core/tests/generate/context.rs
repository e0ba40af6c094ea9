//! Contexts that every registry of a world accepts.

use serde_json::{Map, Value, json};

use super::registry::World;
use super::{Draw, flag, pool};

pub(super) fn context(draw: &mut Draw<'_>, world: &World) -> Value {
    let mut context = Map::new();
    let mut set = |draw: &mut Draw<'_>, percent, key: &str, value: &dyn Fn(&mut Draw<'_>) -> Value| {
        if draw.chance(percent) {
            context.insert(key.into(), value(draw));
        }
    };
    set(draw, 85, "user_id", &|draw| json!(draw.pick(&pool::USERS)));
    set(draw, 15, "kind", &|draw| json!(draw.pick(&["user", "device"])));
    set(draw, 60, "tenant_id", &|draw| json!(draw.pick(&["t0", "t1", "t2", ""])));
    set(draw, 60, "tier", &|draw| json!(draw.pick(&pool::TIERS)));
    set(draw, 60, "env", &|draw| {
        if draw.chance(10) { json!("nowhere") } else { json!(draw.pick(&world.environments)) }
    });
    set(draw, 30, "role_key", &|draw| json!(draw.pick(&pool::TEXTS)));
    set(draw, 60, "now", &|draw| {
        draw.pick(&[
            json!(1_704_067_200_000_i64),
            json!(1_704_067_199_999_i64),
            json!(1_704_067_200_001.0),
            json!(0),
            json!(i64::MAX),
            json!(i64::MIN),
        ])
    });
    set(draw, 90, "attributes", &attributes);
    set(draw, 30, "overrides", &|draw| json!({"user": inline(draw, world), "tenant": inline(draw, world)}));
    set(draw, 30, "approvals", &|draw| {
        let keys = draw.list(4, |draw| draw.pick(&world.flags).key);
        Value::Object(keys.into_iter().map(|key| (key, json!(draw.pick(&["CAB-2", ""])))).collect())
    });
    Value::Object(context)
}

fn attributes(draw: &mut Draw<'_>) -> Value {
    let mut attributes = Map::new();
    for name in ["country", "age", "beta", "plans", "version", "since", "unasked"] {
        if draw.chance(25) {
            continue;
        }
        // Now and then of another kind than conditions ask for.
        let kind = if draw.chance(8) { draw.pick(&["country", "age", "beta", "plans", "since"]) } else { name };
        let value = match kind {
            "age" => pool::number(draw),
            "beta" => json!(draw.chance(50)),
            "plans" => json!(draw.list(3, pool::element)),
            "version" if draw.chance(10) => json!("1.2"),
            "version" => json!(draw.pick(&pool::VERSIONS)),
            "since" => pool::instant(draw),
            _ => json!(draw.pick(&pool::TEXTS)),
        };
        attributes.insert(name.into(), value);
    }
    Value::Object(attributes)
}

/// Inline overrides of one scope.
fn inline(draw: &mut Draw<'_>, world: &World) -> Value {
    let flags = draw.list(3, |draw| draw.pick(&world.flags));
    let mut overrides: Map<_, _> =
        flags.into_iter().map(|sketch| (sketch.key, flag::value(draw, sketch.value_type))).collect();
    if draw.chance(15) {
        overrides.insert("no such flag".into(), json!(null));
    }
    Value::Object(overrides)
}
