//! Registry documents: sections 1, 2, 4 and 5 of the evaluation contract. What a schema cannot say (names that have to
//! be there, values that fit a flag's type, cycles) the core says.

use serde_json::{Map, Value, json};
use stitch_core::limits;

use super::{Condition, name, object, of, optional, schemas, text, with_members};

schemas! {
    /// A flag's key.
    FlagKey = |_generator| json!({"type": "string", "pattern": KEY});

    /// A segment's key.
    SegmentKey = |_generator| name(limits::NAME_CHARS);

    /// How far a flag is rolled out.
    Stage = |_generator| {
        json!({"enum": ["draft", "internal", "pilot", "staged", "full", "paused", "rolled_back"]})
    };

    /// Who is let in while the flag is `staged`.
    Percentage = |_generator| json!({"type": "number", "minimum": 0, "maximum": 100});

    /// A value of a flag: of the flag's type.
    FlagValue = |_generator| json!({"type": ["boolean", "string", "number", "object", "array"]});

    /// What an open gate serves: a variant's name, or a split.
    Serve = |generator| json!({"oneOf": [text(), of::<Split>(generator)]});

    /// Variants by weight. The order matters: reordering or reweighting moves users.
    Split = |_generator| {
        let weight = json!({"type": "integer", "minimum": 0, "maximum": u32::MAX});
        let share = object([("variant", text()), ("weight", weight)], []);
        let split = json!({"type": "array", "minItems": 1, "items": share});
        object([("split", split)], [("by", text()), ("salt", text())])
    };

    /// The first rule whose condition holds says what is served.
    Rule = |generator| {
        let members = [
            ("id", name(limits::NAME_CHARS)),
            ("when", of::<Condition>(generator)),
            ("serve", of::<Serve>(generator)),
        ];
        object(members, [])
    };

    /// A flag as it serves.
    Flag = |generator| flag(&of_stage(generator), generator);

    /// A flag as it is written: what is said here of its stage, percentage, `audit` and `paused_from` is taken and left
    /// as it was, so that what was read can be sent back. The address may have said its key.
    FlagDefinition = |generator| {
        let mut flag = flag(&Map::new(), generator);
        flag["properties"]["key"] = optional(of::<FlagKey>(generator));
        flag["required"] = json!(["default_value"]);
        flag
    };

    /// Who made and who flipped it, and the approval that step 4 asks for.
    FlagAudit = |_generator| {
        object([], [
            ("created_at", text()),
            ("created_by", text()),
            ("last_flipped_at", text()),
            ("last_flipped_by", text()),
            ("last_approval_ref", text()),
        ])
    };

    /// Some contexts, by a list or a condition. Excluded wins, then included, then the condition.
    Segment = |generator| object([("key", of::<SegmentKey>(generator))], of_segment(generator));

    /// The same, whose key the address may have said.
    SegmentDefinition = |generator| {
        let mut segment = object([], of_segment(generator));
        segment["properties"]["key"] = optional(of::<SegmentKey>(generator));
        segment
    };

    /// A value for one user, or for one tenant.
    OverrideRow = |generator| {
        let mut row = row(generator);
        row["properties"]["id"] = text();
        row["required"] = json!(["id", "scope", "flag_key", "value"]);
        row
    };

    /// The same, whose id the address says. Who made it, when and with which approval is the server's to say.
    OverrideDefinition = |generator| {
        let mut row = row(generator);
        row["properties"]["id"] = optional(text());
        for ours in ["approval_ref", "created_at", "created_by"] {
            row["properties"][ours] = json!(true);
        }
        row
    };

    /// All definitions. Any other key is metadata.
    Registry = |generator| {
        let array = |items: Value| json!({"type": "array", "items": items});
        let flags = json!({"type": "array", "items": of::<Flag>(generator), "maxItems": limits::FLAGS});
        object([("schema_version", json!({"const": "1.0"})), ("flags", flags)], [
            ("segments", array(of::<Segment>(generator))),
            ("overrides", array(of::<OverrideRow>(generator))),
            ("bucketing", object([], [("algorithm", algorithm())])),
            ("internal_tiers", array(text())),
            ("environments", array(text())),
        ])
    };
}

/// What flags' and metrics' keys look like.
pub(super) const KEY: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$";

fn algorithm() -> Value {
    json!({"enum": ["xxh64", "djb2-xor", "murmur3-x64-128"]})
}

/// What environments can have otherwise, as far as a definition goes.
fn patchable(generator: &mut schemars::SchemaGenerator) -> Map<String, Value> {
    let rules = json!({"type": "array", "items": of::<Rule>(generator), "maxItems": limits::RULES});
    let cohort = json!({"type": "array", "items": of::<SegmentKey>(generator)});
    let members = [("serve", of::<Serve>(generator)), ("rules", rules), ("cohort", cohort), ("salt", text())];
    let mut members: Map<String, Value> =
        members.into_iter().map(|(name, schema)| (name.to_owned(), optional(schema))).collect();
    members.insert("default_value".to_owned(), optional(of::<FlagValue>(generator)));
    members
}

/// What only changes of the stage write.
fn of_stage(generator: &mut schemars::SchemaGenerator) -> Map<String, Value> {
    let members = [
        ("rollout_stage", of::<Stage>(generator)),
        ("rollout_pct", of::<Percentage>(generator)),
        ("audit", of::<FlagAudit>(generator)),
        ("paused_from", of::<Stage>(generator)),
    ];
    members.into_iter().map(|(name, schema)| (name.to_owned(), optional(schema))).collect()
}

fn flag(stage: &Map<String, Value>, generator: &mut schemars::SchemaGenerator) -> Value {
    let boolean = || json!({"type": "boolean"});
    let key = of::<FlagKey>(generator);
    let dependency = json!({"oneOf": [key, object([("flag", key.clone())], [("variant", text())])]});
    let scopes = json!({"type": "array", "items": {"enum": ["global", "tenant", "user"]}});
    let mut patch = patchable(generator);
    patch.extend(stage.clone());
    let patch = json!({"type": "object", "properties": patch});
    let flag = object(
        [("key", key), ("default_value", of::<FlagValue>(generator))],
        [
            ("type", json!({"enum": ["boolean", "string", "integer", "double", "object"]})),
            ("variants", json!({"type": "object", "additionalProperties": true})),
            ("bucket_by", text()),
            ("algorithm", algorithm()),
            ("dependencies", json!({"type": "array", "items": dependency})),
            ("requires_approval", boolean()),
            ("sensitive_flag", boolean()),
            ("allowed_scopes", scopes),
            ("environments", json!({"type": "object", "additionalProperties": optional(patch)})),
        ],
    );
    let own = patchable(generator).into_iter().filter(|(name, _)| name != "default_value");
    with_members(flag, own.chain(stage.clone()))
}

fn of_segment(generator: &mut schemars::SchemaGenerator) -> [(&'static str, Value); 4] {
    let units = json!({"type": "array", "items": {"type": "string"}});
    [("included", units.clone()), ("excluded", units), ("by", text()), ("when", of::<Condition>(generator))]
}

fn row(generator: &mut schemars::SchemaGenerator) -> Value {
    let target = json!({"type": "string", "minLength": 1});
    let scope = json!({"enum": ["user", "tenant"]});
    let required = [("scope", scope), ("flag_key", text()), ("value", of::<FlagValue>(generator))];
    object(
        required,
        [
            ("user_id", target.clone()),
            ("tenant_id", target),
            ("expires_at", json!({"type": "string", "format": "date-time"})),
            ("approval_ref", text()),
            ("created_at", text()),
            ("created_by", text()),
            ("source", text()),
            ("rationale", text()),
        ],
    )
}
