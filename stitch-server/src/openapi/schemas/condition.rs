//! Conditions: section 4 of the evaluation contract.

use serde_json::{Value, json};
use stitch_core::limits;

use super::{FlagKey, SegmentKey, object, of, optional, schemas, text};

schemas! {
    /// When something holds: exactly one of its forms.
    Condition = |generator| {
        let condition = of::<Condition>(generator);
        let several = json!({"type": "array", "items": condition});
        json!({"oneOf": [
            object([("all", several.clone())], []),
            object([("any", several)], []),
            object([("not", condition)], []),
            object([("segment", of::<SegmentKey>(generator))], []),
            object([("flag", of::<FlagKey>(generator))], [("variant", text())]),
            object([("bucket", of::<Bucket>(generator))], []),
            of::<Test>(generator),
        ]})
    };

    /// A part of all buckets, in units of 1/100000: holdouts and exclusive experiments are made of these.
    Bucket = |_generator| {
        let bound = json!({"type": "integer", "minimum": 0, "maximum": 100_000});
        object([("salt", text()), ("from", bound.clone()), ("to", bound)], [("by", text())])
    };

    /// An operator that looks at an attribute. Missing or of the wrong kind, every operator is false.
    Test = |_generator| {
        let number = json!({"type": "number"});
        let scalar = json!({"type": ["string", "number", "boolean"]});
        let text_or_number = json!({"type": ["string", "number"]});
        let list = json!({"type": "array", "items": text_or_number, "maxItems": limits::LIST});
        let texts = json!({"anyOf": [text(), {"type": "array", "items": text()}]});
        let pattern = json!({"type": "string", "maxLength": limits::PATTERN_BYTES});
        json!({"oneOf": [
            folding(&["eq", "ne"], scalar),
            folding(&["in", "not_in"], list),
            folding(&["contains"], text_or_number.clone()),
            folding(&["starts_with", "ends_with"], texts),
            folding(&["matches"], pattern),
            test(&["lt", "lte", "gt", "gte"], number),
            test(&SEMVER, text()),
            test(&["before", "after"], text_or_number),
            object([("attr", text()), ("op", json!({"const": "exists"}))], [("value", nothing()), ("ignore_case", nothing())]),
        ]})
    };
}

const SEMVER: [&str; 7] =
    ["semver_eq", "semver_lt", "semver_lte", "semver_gt", "semver_gte", "semver_tilde", "semver_caret"];

/// Only null, which is as if it were not there.
fn nothing() -> Value {
    json!({"type": "null"})
}

fn test(operators: &[&str], value: Value) -> Value {
    let members = [("attr", text()), ("op", json!({"enum": operators})), ("value", value)];
    object(members, [("ignore_case", nothing())])
}

/// An operator that can be told to fold ASCII letters.
fn folding(operators: &[&str], value: Value) -> Value {
    let mut test = test(operators, value);
    test["properties"]["ignore_case"] = optional(json!({"type": "boolean"}));
    test
}
