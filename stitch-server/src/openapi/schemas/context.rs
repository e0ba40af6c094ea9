//! For whom something is evaluated: section 3 of the evaluation contract, and how each family says it.

use serde_json::{Value, json};
use stitch_core::limits;

use super::{closed, integer, object, of, optional, schemas, text, unit};

schemas! {
    /// For whom; `now` is the server's clock by default. With a token (jwt mode) only `env` and `attributes` may be
    /// there.
    Context = |generator| {
        let mut context = closed(object([], of_context(generator)));
        // An empty one counts for nothing where a header is before it.
        context["properties"]["user_id"] = optional(text());
        context
    };

    /// A flag, and what this item says of the context itself.
    Item = |generator| {
        let mut item = closed(object([("flag_key", text())], of_context(generator)));
        item["description"] = json!("A flag for a context of its own.");
        json!({"oneOf": [text(), item]})
    };

    /// Name to value. The names of a context's own fields are refused here.
    Attributes = |_generator| {
        json!({
            "type": "object",
            "maxProperties": limits::ATTRIBUTES,
            "propertyNames": {"not": {"enum": FIELDS}},
            "additionalProperties": optional(attribute()),
        })
    };

    /// Name to value. `tier` and `role_key` set these fields of the context.
    SdkAttributes = |_generator| {
        let fields = FIELDS.into_iter().filter(|field| !["tier", "role_key"].contains(field));
        json!({
            "type": "object",
            "maxProperties": limits::ATTRIBUTES,
            "propertyNames": {"not": {"enum": fields.collect::<Vec<_>>()}},
            "properties": {"tier": optional(text()), "role_key": optional(text())},
            "additionalProperties": optional(attribute()),
        })
    };

    /// Overrides for this request, by flag.
    InlineOverrides = |_generator| {
        let values = json!({"type": "object", "additionalProperties": true});
        closed(object([], [("user", values.clone()), ("tenant", values)]))
    };

    /// A client's context: what is not named here is an attribute.
    OfrepContext = |_generator| {
        let mut context = object([], [
            ("targetingKey", unit()),
            ("user_id", text()),
            ("kind", text()),
            ("tenant_id", text()),
            ("tier", text()),
            ("env", text()),
            ("role_key", text()),
            ("now", json!({"anyOf": [integer(), {"type": "string", "format": "date-time"}]})),
        ]);
        for reserved in ["attributes", "overrides", "approvals"] {
            context["properties"][reserved] = json!({"type": "null"});
        }
        context["additionalProperties"] = optional(attribute());
        // A `user_id` counts where there is no `targetingKey`.
        context["anyOf"] = json!([
            {"required": ["targetingKey"], "properties": {"targetingKey": {"not": {"type": "null"}}}},
            {"properties": {"user_id": optional(unit())}},
        ]);
        context
    };
}

/// What attributes cannot be named.
const FIELDS: [&str; 10] =
    ["user_id", "kind", "tenant_id", "tier", "env", "role_key", "attributes", "overrides", "approvals", "now"];

fn attribute() -> Value {
    let list = json!({"type": "array", "items": {"type": ["string", "number"]}});
    json!({"anyOf": [{"type": ["string", "number", "boolean"]}, list]})
}

fn of_context(generator: &mut schemars::SchemaGenerator) -> [(&'static str, Value); 10] {
    [
        ("user_id", unit()),
        ("kind", text()),
        ("tenant_id", text()),
        ("tier", text()),
        ("env", text()),
        ("role_key", text()),
        ("now", integer()),
        ("attributes", of::<Attributes>(generator)),
        ("overrides", of::<InlineOverrides>(generator)),
        ("approvals", json!({"type": "object", "additionalProperties": optional(text())})),
    ]
}
