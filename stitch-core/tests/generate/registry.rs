//! Registries that compile strictly.

use serde_json::{Map, Value, json};

use super::condition::condition;
use super::flag::flag;
use super::{Draw, pool};

/// What a registry has so far; what comes next refers to nothing else, so that there is no cycle.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) flags: Vec<Sketch>,
    pub(crate) segments: Vec<String>,
    pub(crate) environments: Vec<&'static str>,
}

/// What others need to know of a flag.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    pub(crate) key: String,
    pub(crate) value_type: &'static str,
    pub(crate) variants: Vec<String>,
    /// Where overrides may be stored.
    pub(crate) scopes: Vec<&'static str>,
}

impl World {
    /// `{"flag": key, "variant": name?}`
    pub(super) fn requirement(&self, draw: &mut Draw<'_>) -> Value {
        let flag = draw.pick(&self.flags);
        let mut requirement = json!({"flag": flag.key});
        if draw.chance(40) {
            requirement["variant"] = json!(draw.pick(&flag.variants));
        }
        requirement
    }
}

pub(super) fn registry(draw: &mut Draw<'_>) -> (Value, World) {
    let mut world = World { environments: vec!["prod", "staging", "dev"], ..World::default() };
    let mut registry = Map::from_iter([("schema_version".into(), json!("1.0"))]);
    if draw.chance(50) {
        registry.insert("bucketing".into(), json!({"algorithm": draw.pick(&pool::ALGORITHMS)}));
    }
    if draw.chance(25) {
        registry.insert("internal_tiers".into(), json!(draw.list(2, |draw| draw.pick(&pool::TIERS))));
    }
    if draw.chance(25) {
        world.environments = vec!["prod", "über"];
        registry.insert("environments".into(), json!(world.environments));
    }
    let (mut flags, mut segments) = (Vec::new(), Vec::new());
    for _ in 0..draw.below(12) {
        if draw.chance(30) {
            segments.push(segment(draw, &mut world));
        } else {
            flags.push(flag(draw, &mut world));
        }
    }
    // The last one is a flag that nothing refers to.
    flags.push(flag(draw, &mut world));
    // What is referred to may as well come after what refers to it.
    if draw.chance(40) {
        flags.reverse();
    }
    if draw.chance(40) {
        segments.reverse();
    }
    registry.insert("overrides".into(), json!(rows(draw, &world)));
    registry.insert("flags".into(), json!(flags));
    registry.insert("segments".into(), json!(segments));
    if draw.chance(30) {
        registry.insert("honest_note".into(), json!({"flags": [null, 1.5, {"key": "no flag"}]}));
    }
    (Value::Object(registry), world)
}

fn segment(draw: &mut Draw<'_>, world: &mut World) -> Value {
    let key = format!("segment {}", world.segments.len());
    let mut segment = Map::from_iter([("key".into(), json!(key))]);
    if draw.chance(50) {
        segment.insert("included".into(), json!(draw.list(6, |draw| draw.pick(&pool::USERS))));
    }
    if draw.chance(30) {
        segment.insert("excluded".into(), json!(draw.list(2, |draw| draw.pick(&pool::USERS))));
    }
    if draw.chance(30) {
        segment.insert("by".into(), json!(pool::unit_name(draw)));
    }
    if draw.chance(60) {
        segment.insert("when".into(), condition(draw, world, 2));
    }
    world.segments.push(key);
    Value::Object(segment)
}

/// Override rows, no two for the same target.
fn rows(draw: &mut Draw<'_>, world: &World) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    for id in 0..draw.below(14) {
        let flag = draw.pick(&world.flags);
        let scopes: Vec<_> = flag.scopes.iter().copied().filter(|scope| *scope != "global").collect();
        if scopes.is_empty() {
            continue;
        }
        let scope = draw.pick(&scopes);
        let mut row = json!({
            "id": format!("row-{id}"),
            "scope": scope,
            "flag_key": flag.key,
            "value": super::flag::value(draw, flag.value_type),
        });
        if scope == "user" {
            row["user_id"] = json!(draw.pick(&pool::USERS[..4]));
        }
        if scope == "tenant" || draw.chance(50) {
            row["tenant_id"] = json!(draw.pick(&pool::TENANTS));
        }
        if draw.chance(40) {
            row["expires_at"] = draw.pick(&[
                json!("2024-01-01T00:00:00Z"),
                json!("2024-01-01T00:00:00.0000001Z"),
                json!("2030-01-01T00:00:00Z"),
                json!("1999-01-01T00:00:00+07:00"),
            ]);
        }
        if draw.chance(20) {
            row["rationale"] = json!("for a test");
        }
        let target = |row: &Value| ["scope", "flag_key", "user_id", "tenant_id"].map(|key| row.get(key).cloned());
        if rows.iter().all(|other| target(other) != target(&row)) {
            rows.push(row);
        }
    }
    rows
}
