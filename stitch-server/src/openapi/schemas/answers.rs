//! What the core writes, and what handlers put together.

use serde_json::{Value, json};
use stitch_core::{Code, Reason, Step};

use super::{Flag, OverrideRow, Percentage, Registry, Segment, Stage, answer, object, of, optional, schemas, text};
use crate::extract::AuthSource;
use crate::wire;

schemas! {
    /// The server that answers.
    Service = |_generator| {
        answer([
            ("name", json!({"const": wire::NAME})),
            ("version", text()),
            ("contract_version", json!({"const": wire::CONTRACT_VERSION})),
            ("auth_source", json!({"description": "Where the user id came from.", "enum": AuthSource::ALL})),
            ("warnings", json!({"type": "array", "items": {"enum": wire::WARNINGS}})),
            ("request_id", text()),
        ])
    };

    /// What a flag answers: section 5 of the evaluation contract. With a trace where that was asked for.
    Evaluation = |generator| {
        let mut evaluation = answer([
            ("flag_key", text()),
            ("value", json!({"description": "Of the flag's type; null where there is no such flag."})),
            ("variant_key", json!({"type": ["string", "null"]})),
            ("is_enabled", json!({"type": "boolean"})),
            ("reason", of::<Why>(generator)),
            ("rule_id", json!({"type": ["string", "null"]})),
        ]);
        let trace = json!({"type": "array", "items": of::<TraceEntry>(generator)});
        evaluation["properties"]["dependency"] = text();
        evaluation["properties"]["trace"] = trace;
        evaluation
    };

    /// Why a flag answered as it did.
    Why = |_generator| json!({"enum": Reason::ALL.map(Reason::as_str)});

    /// A step that was reached; the detail is for people.
    TraceEntry = |_generator| {
        answer([
            ("step", json!({"type": "integer", "minimum": 1, "maximum": STEPS.len()})),
            ("name", json!({"enum": STEPS.map(Step::as_str)})),
            ("outcome", json!({"enum": ["pass", "decided"]})),
            ("detail", json!({"type": "object"})),
        ])
    };

    /// Evaluations in the order that was asked for.
    Evaluations = |generator| {
        answer([("count", count()), ("results", json!({"type": "array", "items": of::<Evaluation>(generator)}))])
    };

    /// Something wrong with a definition.
    Diagnostic = |_generator| {
        let position = answer([("line", count()), ("column", count())]);
        let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let mut diagnostic = answer([
            ("severity", json!({"enum": ["error", "warning"]})),
            ("code", json!({"enum": codes})),
            ("pointer", text()),
            ("message", text()),
        ]);
        diagnostic["properties"]["position"] = position;
        diagnostic
    };

    /// Nothing is left to say.
    Nothing = |_generator| answer([]);

    /// The flags of the registry.
    FlagList = |generator| {
        json!({"anyOf": [
            answer([("count", count()), ("flags", list(&of::<Flag>(generator)))]),
            answer([("count", count()), ("flags", list(&of::<FlagSummary>(generator)))]),
        ]})
    };

    /// A row of the registry's summary.
    FlagSummary = |generator| {
        answer([
            ("key", text()),
            ("type", json!({"enum": ["boolean", "string", "integer", "double", "object"]})),
            ("rollout_stage", of::<Stage>(generator)),
            ("rollout_pct", of::<Percentage>(generator)),
            ("requires_approval", json!({"type": "boolean"})),
            ("sensitive_flag", json!({"type": "boolean"})),
            ("owner", json!({"description": "As the definition has it, or null."})),
        ])
    };

    /// A flag, with the revision of its last write.
    RevisedFlag = |generator| revised(&of::<Flag>(generator));

    /// A segment, with the revision of its last write.
    RevisedSegment = |generator| revised(&of::<Segment>(generator));

    /// An override row, with the revision of its last write.
    RevisedRow = |generator| revised(&of::<OverrideRow>(generator));

    /// The document, with the store's revision.
    RevisedRegistry = |generator| revised(&of::<Registry>(generator));

    /// Flags with their revisions.
    Flags = |generator| answer([("flags", list(&of::<RevisedFlag>(generator)))]);

    /// Segments with their revisions.
    Segments = |generator| answer([("segments", list(&of::<RevisedSegment>(generator)))]);

    /// A flag's override rows, those whose time is over marked.
    OverrideRows = |generator| {
        let row = of::<RevisedRow>(generator);
        let expired = json!({"required": ["expired"], "properties": {"expired": {"type": "boolean"}}});
        answer([("count", count()), ("overrides", list(&json!({"allOf": [row, expired]})))])
    };

    /// The store's revision after the write.
    Written = |_generator| answer([("revision", count())]);

    /// A stage and a percentage.
    StageAndPercentage = |generator| {
        answer([("rollout_stage", of::<Stage>(generator)), ("rollout_pct", of::<Percentage>(generator))])
    };

    /// A change of stage as the audit log has it.
    StageChange = |generator| {
        answer([
            ("flag", text()),
            ("env", optional(text())),
            ("actor", text()),
            ("at", instant()),
            ("from", of::<StageAndPercentage>(generator)),
            ("to", of::<StageAndPercentage>(generator)),
            ("approval_ref", optional(text())),
            ("own_stage", list(&text())),
            ("revision", count()),
        ])
    };

    /// A flag that was stopped.
    Rollback = |_generator| {
        answer([
            ("flag", text()),
            ("env", optional(text())),
            ("rollout_stage", json!({"const": "rolled_back"})),
            ("revision", count()),
        ])
    };

    /// A page of the audit log; `next` is the `after` of the next one.
    AuditPage = |generator| {
        answer([("count", count()), ("entries", list(&of::<AuditEntry>(generator))), ("next", optional(count()))])
    };

    /// Who did, or was denied, what.
    AuditEntry = |_generator| {
        let anything = || json!({"description": "What it was, as far as it matters."});
        answer([
            ("seq", count()),
            ("prev", text()),
            ("hash", text()),
            ("at", instant()),
            ("actor", text()),
            ("action", text()),
            ("target", text()),
            ("flag", optional(text())),
            ("env", optional(text())),
            ("outcome", json!({"enum": ["done", "denied"]})),
            ("code", optional(text())),
            ("from", anything()),
            ("to", anything()),
            ("approval_ref", optional(text())),
        ])
    };

    /// A member of an answer that is somebody's value.
    Anything = |_generator| json!({});

    /// One event: another registry serves. There are comments between them, so that a connection that is gone is noticed.
    OfrepEvent = |_generator| {
        let data = json!({"type": "string", "contentMediaType": "application/json"});
        object([("event", json!({"const": "message"})), ("id", text()), ("data", data)], [])
    };

    /// This document.
    Document = |_generator| json!({"type": "object", "required": ["openapi", "info", "paths", "components"]});
}

/// The nine.
const STEPS: [Step; 9] = [
    Step::Exists,
    Step::Halted,
    Step::Dependencies,
    Step::Approval,
    Step::UserOverride,
    Step::TenantOverride,
    Step::CohortBucketing,
    Step::StageMap,
    Step::Default,
];

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

/// An instant as this server writes it.
fn instant() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

/// A definition with a revision; null where a file says it.
fn revised(definition: &Value) -> Value {
    let revision = json!({"type": ["integer", "null"], "minimum": 0});
    json!({"allOf": [definition], "type": "object", "required": ["revision"], "properties": {"revision": revision}})
}
