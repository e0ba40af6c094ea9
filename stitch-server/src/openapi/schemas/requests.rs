//! Bodies that handlers read as JSON.

use serde_json::{Value, json};
use stitch_core::limits;

use super::{
    Context, FlagDefinition, Item, OfrepContext, OverrideDefinition, Percentage, Registry, SdkAttributes,
    SegmentDefinition, Stage, closed, name, object, of, revision, revision_in_query, schemas, text, unit,
};
use crate::auth::users::LONGEST;
use crate::auth::{LABEL, passwords};
use crate::events::EVENTS;
use crate::handlers::batch::ITEMS;

schemas! {
    /// Flags for one context, or each for its own. No `flags` means all.
    Batch = |generator| {
        let items = json!({"type": "array", "items": of::<Item>(generator), "maxItems": ITEMS});
        let trace = json!({"type": "boolean"});
        closed(object([], [("context", of::<Context>(generator)), ("flags", items), ("trace", trace)]))
    };

    /// A flag for somebody.
    SdkEvaluation = |generator| asking(object([("flag_key", text())], of_sdk(generator)));

    /// Somebody, who may be in a segment.
    SdkCheck = |generator| asking(object([], of_sdk(generator)));

    /// What happened.
    Events = |generator| {
        let events = json!({"type": "array", "items": of::<EventReport>(generator), "maxItems": EVENTS});
        closed(object([("events", events)], []))
    };

    /// Something that happened to somebody. A value that does not fit the metric's type, or a timestamp (RFC 3339)
    /// more than 7 days old or 5 minutes ahead, rejects the event, not the call.
    EventReport = |_generator| {
        let word = || json!({"type": "string", "minLength": 1, "maxLength": limits::UNIT_BYTES});
        let value = json!({"type": ["boolean", "number", "string", "object", "array"]});
        let required = [("metric_key", word()), ("context_key", word()), ("value", value)];
        closed(object(required, [
            ("context_type", word()),
            ("event_id", word()),
            ("timestamp", json!({"description": "RFC 3339"})),
        ]))
    };

    /// A stage, a percentage, or both; of the base, or of an environment.
    StageWish = |generator| {
        let mut wish = object([("revision", revision())], [
            ("rollout_stage", of::<Stage>(generator)),
            ("rollout_pct", of::<Percentage>(generator)),
            ("env", text()),
        ]);
        wish["properties"]["approval_id"] = approvals();
        moving(closed(wish))
    };

    /// The kill switch: of one environment or, without one, of all.
    RollbackWish = |_generator| {
        let reason = json!({"type": "string", "minLength": 1});
        closed(object([("reason", reason)], [("env", text())]))
    };

    /// A flag that is not there yet; it begins as a draft.
    NewFlag = |generator| named("key", on_terms(&of::<FlagDefinition>(generator), false));

    /// A flag's definition, whole.
    FlagUpdate = |generator| on_terms(&of::<FlagDefinition>(generator), true);

    /// A segment that is not there yet.
    NewSegment = |generator| named("key", on_terms(&of::<SegmentDefinition>(generator), false));

    /// A segment, whole.
    SegmentUpdate = |generator| on_terms(&of::<SegmentDefinition>(generator), true);

    /// An override row, new without a `revision`, else whole.
    OverridePut = |generator| on_terms(&of::<OverrideDefinition>(generator), false);

    /// The document, whole; no stage moves.
    RegistryUpdate = |generator| on_terms(&of::<Registry>(generator), true);

    /// An approval of exactly this change.
    ApprovalWish = |generator| {
        closed(object([("flag", text()), ("change", of::<Change>(generator))], [("env", text())]))
    };

    /// A change: one of these.
    Change = |generator| {
        let stage = moving(closed(object([], [
            ("flag", text()),
            ("rollout_stage", of::<Stage>(generator)),
            ("rollout_pct", of::<Percentage>(generator)),
        ])));
        let one = |name: &'static str, schema: Value| closed(object([(name, schema)], []));
        json!({"oneOf": [
            one("stage", stage),
            one("flag", named("key", of_one(&of::<FlagDefinition>(generator)))),
            one("delete_flag", text()),
            one("segment", named("key", of_one(&of::<SegmentDefinition>(generator)))),
            one("override", named("id", of_one(&of::<OverrideDefinition>(generator)))),
            one("delete_override", text()),
            one("registry", of::<Registry>(generator)),
        ]})
    };

    /// The revision that the caller saw.
    Revision = |_generator| revision_in_query();

    /// A name without what controls a terminal.
    Label = |_generator| name(LABEL);

    /// An e-mail address; upper and lower case are the same.
    Address = |_generator| json!({"type": "string", "pattern": "^[!-?A-~]+@[!-?A-~]+$", "maxLength": LONGEST});

    /// A password.
    Password = |_generator| {
        json!({"type": "string", "minLength": passwords::SHORTEST, "maxLength": passwords::LONGEST})
    };

    /// A client's context. Other keys are ignored: newer clients ask older servers.
    OfrepRequest = |generator| object([], [("context", of::<OfrepContext>(generator))]);
}

fn of_sdk(generator: &mut schemars::SchemaGenerator) -> [(&'static str, Value); 3] {
    [("context_type", text()), ("tenant_id", text()), ("attributes", of::<SdkAttributes>(generator))]
}

/// A body that says for whom it asks.
fn asking(mut body: Value) -> Value {
    body["properties"]["context_key"] = unit();
    if let Some(required) = body["required"].as_array_mut() {
        required.push("context_key".into());
    }
    closed(body)
}

/// At least one of the two that can be changed.
fn moving(mut wish: Value) -> Value {
    let said = |name: &str| json!({"required": [name], "properties": {name: {"not": {"type": "null"}}}});
    wish["anyOf"] = json!([said("rollout_stage"), said("rollout_pct")]);
    wish
}

/// An approval's id, or several.
fn approvals() -> Value {
    json!({"anyOf": [{"type": ["string", "null"]}, {"type": "array", "items": {"type": "string"}}]})
}

/// A definition, and on what terms it is sent.
fn on_terms(definition: &Value, seen: bool) -> Value {
    let mut terms = if seen { object([("revision", revision())], []) } else { object([], [("revision", revision())]) };
    terms["properties"]["approval_id"] = approvals();
    terms["allOf"] = json!([definition]);
    terms
}

/// A definition to which more can be added.
fn of_one(definition: &Value) -> Value {
    json!({"type": "object", "required": [], "properties": {}, "allOf": [definition]})
}

/// A definition that says its own name, since no address does.
fn named(name: &str, mut definition: Value) -> Value {
    definition["properties"][name] = text();
    if let Some(required) = definition["required"].as_array_mut() {
        required.push(name.into());
    }
    definition
}
