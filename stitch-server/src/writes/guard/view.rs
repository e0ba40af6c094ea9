//! All that a flag's answers depend on, at one place, as a flat table from names to values: what is compared, what an
//! approver is shown, and what an approval is bound to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stitch_core::Json;
use stitch_core::stage::{FlagState, StageAndPercentage};

use crate::model::{Model, Settings};
use crate::writes::references::{Name, effective, of_flag, of_segment};

/// The keys of a flag that evaluations read, besides the stage and its percentage.
const KEYS: [&str; 13] = [
    "type",
    "default_value",
    "variants",
    "serve",
    "rules",
    "cohort",
    "bucket_by",
    "salt",
    "algorithm",
    "dependencies",
    "requires_approval",
    "sensitive_flag",
    "allowed_scopes",
];
/// The keys of an override row that evaluations read.
const ROW: [&str; 5] = ["scope", "tenant_id", "user_id", "value", "expires_at"];

/// From the name of a thing, as a pointer, to its value.
pub(super) type View = BTreeMap<String, Value>;

/// One flag with the segments that it uses and its override rows, without the flags that it names. Empty where there is
/// no such flag.
pub(super) fn own(model: &Model, key: &str, env: Option<&str>) -> View {
    let mut view = View::new();
    let Some(flag) = model.flags.get(key) else { return view };
    let flag = &flag.body.0;
    view.insert(format!("/flags/{key}"), Value::Bool(true));
    for name in KEYS {
        let value = effective(flag, env, name).filter(|value| !is_default(name, value));
        view.extend(value.map(|value| (format!("/flags/{key}/{name}"), to_value(value))));
    }
    for segment in segments(model, of_flag(flag, env)) {
        let body = model.segments.get(segment).map_or(Value::Null, |segment| to_value(&segment.body.0));
        view.insert(format!("/segments/{segment}"), body);
    }
    for (id, row) in &model.overrides {
        let row = &row.body.0;
        if row.get("flag_key").and_then(Json::as_text) == Some(key) {
            let values = ROW.iter().filter_map(|key| Some(((*key).to_owned(), to_value(row.get(key)?))));
            view.insert(format!("/overrides/{id}"), Value::Object(values.collect()));
        }
    }
    view
}

/// Everything: the flag, its stage, and the same of each flag that it names, directly or not.
pub(super) fn whole(model: &Model, key: &str, env: Option<&str>) -> View {
    let mut view = View::new();
    for key in std::iter::once(key).chain(flags(model, key, env)) {
        let own = own(model, key, env);
        if !own.is_empty() {
            let at = stands(model, key, env);
            view.extend(own);
            view.insert(format!("/flags/{key}/rollout_stage"), json!(at.rollout_stage));
            view.insert(format!("/flags/{key}/rollout_pct"), json!(at.rollout_pct));
        }
    }
    for name in ["internal_tiers", "bucketing"] {
        view.extend(setting(model, name).map(|value| (format!("/{name}"), to_value(value))));
    }
    view
}

/// Where a flag stands at a place.
pub(super) fn stands(model: &Model, key: &str, env: Option<&str>) -> StageAndPercentage {
    let absent = Json::Null;
    let flag = model.flags.get(key).map_or(&absent, |flag| &flag.body.0);
    FlagState::from_document(flag).stands_at(env)
}

/// The flags that a flag names, directly or through segments and other flags; without itself.
pub(super) fn flags<'m>(model: &'m Model, key: &str, env: Option<&str>) -> BTreeSet<&'m str> {
    let mut found = BTreeSet::new();
    let mut names = model.flags.get(key).map(|flag| of_flag(&flag.body.0, env)).unwrap_or_default();
    let mut seen = BTreeSet::new();
    while let Some(name) = names.pop_first() {
        if !seen.insert(name) {
            continue;
        }
        match name {
            Name::Flag(name) => {
                if name != key {
                    found.insert(name);
                }
                names.extend(model.flags.get(name).map(|flag| of_flag(&flag.body.0, env)).unwrap_or_default());
            }
            Name::Segment(name) => {
                let segment = model.segments.get(name);
                names.extend(segment.map(|segment| of_segment(&segment.body.0)).unwrap_or_default());
            }
        }
    }
    found
}

/// The segments among these names, and those that they use.
fn segments<'m>(model: &'m Model, mut names: BTreeSet<Name<'m>>) -> BTreeSet<&'m str> {
    let mut found = BTreeSet::new();
    while let Some(name) = names.pop_first() {
        if let Name::Segment(name) = name
            && found.insert(name)
        {
            names.extend(model.segments.get(name).map(|segment| of_segment(&segment.body.0)).unwrap_or_default());
        }
    }
    found
}

/// A setting of the registry.
pub(super) fn setting<'m>(model: &'m Model, key: &str) -> Option<&'m Json<'static>> {
    model.settings.get(Settings::KEY)?.body.0.get(key)
}

/// The base, and each environment that the registry lists.
pub(super) fn places(model: &Model) -> BTreeSet<Option<&str>> {
    let listed = match setting(model, "environments") {
        Some(Json::Array(listed)) => listed.iter().filter_map(Json::as_text).collect(),
        _ => vec!["prod", "staging", "dev"],
    };
    std::iter::once(None).chain(listed.into_iter().map(Some)).collect()
}

/// Whether a key says what it would say by not being there.
fn is_default(key: &str, value: &Json<'_>) -> bool {
    match value {
        Json::Boolean(value) => !value && matches!(key, "requires_approval" | "sensitive_flag"),
        Json::Array(items) => items.is_empty() && matches!(key, "rules" | "cohort" | "dependencies"),
        _ => false,
    }
}

/// For comparing and showing; what is compared keeps its integers exact.
pub(crate) fn to_value(json: &Json<'_>) -> Value {
    serde_json::to_value(json).unwrap_or_default()
}
