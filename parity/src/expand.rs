//! From a file of any kind to registries and questions.

use stitch_core::{Json, Member};

use crate::vectors::{Case, Expect, Group, Question};

const PROBE: &str = "probe";
const EMPTY_REGISTRY: &str = r#"{"schema_version": "1.0", "flags": []}"#;

/// The groups of a file; neighbouring cases of one registry are together.
pub(crate) fn groups(file: &str, document: &Json<'static>) -> Result<Vec<Group>, String> {
    let lenient = matches!(document.get("lenient"), Some(Json::Boolean(true)));
    let mut groups: Vec<Group> = Vec::new();
    let mut names = std::collections::HashSet::new();
    for case in items(member(document, "cases")?)? {
        let name = text(case, "name")?;
        if !names.insert(name.clone()) {
            return Err(format!("two cases are named `{name}`"));
        }
        let (registry, expect) = match text(document, "kind")?.as_str() {
            "evaluations" => evaluation(document, case),
            "conditions" => condition(document, case),
            "buckets" => bucket(case),
            "diagnostics" => diagnostics(case),
            "contexts" => context(document, case),
            "stages" => Ok((EMPTY_REGISTRY.to_owned(), Expect::Stage(case.clone()))),
            kind => Err(format!("there is no kind `{kind}`")),
        }
        .map_err(|message| format!("case `{name}`: {message}"))?;
        let case = Case { name, expect };
        match groups.last_mut() {
            Some(group) if group.registry == registry => group.cases.push(case),
            _ => groups.push(Group { file: file.to_owned(), registry, lenient, cases: vec![case] }),
        }
    }
    Ok(groups)
}

type Expanded = Result<(String, Expect), String>;

fn evaluation(document: &Json<'static>, case: &Json<'static>) -> Expanded {
    let registry = member(case, "registry").or_else(|_| member(document, "registry"))?;
    let trace = case.get("trace");
    let question =
        Question { flag: text(case, "flag")?, context: member(case, "context")?.to_string(), trace: trace.is_some() };
    let Json::Object(expected) = member(case, "expect")? else { return Err("`expect` is no object".to_owned()) };
    let mut expected = expected.clone();
    expected.extend(trace.map(|trace| ("trace".into(), trace.clone())));
    expected.insert(0, ("flag_key".into(), Json::from(question.flag.clone())));
    Ok((registry.to_string(), Expect::Results(vec![(question, Json::Object(expected))])))
}

fn condition(document: &Json<'static>, case: &Json<'static>) -> Expanded {
    let registry = match document.get("registry") {
        Some(registry) => registry.clone(),
        None => Json::parse(EMPTY_REGISTRY).map_err(|error| error.to_string())?.into_owned(),
    };
    let rule = object([("id", "when".into()), ("when", member(case, "when")?.clone()), ("serve", "on".into())]);
    let probe = object([
        ("key", PROBE.into()),
        ("default_value", false.into()),
        ("rollout_stage", "full".into()),
        ("serve", "off".into()),
        ("rules", Json::Array(vec![rule])),
    ]);
    let holds = matches!(member(case, "holds")?, Json::Boolean(true));
    let question = Question { flag: PROBE.to_owned(), context: member(case, "context")?.to_string(), trace: false };
    let expected = object([
        ("flag_key", PROBE.into()),
        ("value", holds.into()),
        ("variant_key", if holds { "on" } else { "off" }.into()),
        ("is_enabled", holds.into()),
        ("reason", "stage_full".into()),
        ("rule_id", if holds { "when".into() } else { Json::Null }),
    ]);
    Ok((with_flag(registry, probe)?.to_string(), Expect::Results(vec![(question, expected)])))
}

/// Asks once with a threshold at the bucket (out) and once just above it (in).
fn bucket(case: &Json<'static>) -> Expanded {
    let (algorithm, purpose) = (text(case, "algorithm")?, text(case, "purpose")?);
    let (salt, unit) = (text(case, "salt")?, text(case, "unit")?);
    let bucket = integer(case, "bucket")?;
    let mut flags = Vec::new();
    let mut results = Vec::new();
    for (key, threshold) in [("at", bucket), ("above", bucket + 1)] {
        let is_in = key == "above";
        let (flag, reason) = match purpose.as_str() {
            "gate" => (gate(&salt, &algorithm, threshold), if is_in { "staged_in" } else { "staged_out" }),
            "split" => (split(&salt, &algorithm, threshold), "stage_full"),
            "condition" if threshold == 0 => continue,
            "condition" => (condition_below(&salt, &algorithm, threshold), "stage_full"),
            purpose => return Err(format!("there is no purpose `{purpose}`")),
        };
        let Json::Object(mut members) = flag else { return Err("a flag is an object".to_owned()) };
        members.insert(0, ("key".into(), key.into()));
        flags.push(Json::Object(members));
        let rule_id = if purpose == "condition" && is_in { "below".into() } else { Json::Null };
        let expected = object([
            ("flag_key", key.into()),
            ("value", is_in.into()),
            ("variant_key", if is_in { "on" } else { "off" }.into()),
            ("is_enabled", is_in.into()),
            ("reason", reason.into()),
            ("rule_id", rule_id),
        ]);
        let context = object([("user_id", Json::from(unit.clone()))]).to_string();
        results.push((Question { flag: key.to_owned(), context, trace: false }, expected));
    }
    let registry = object([
        ("schema_version", "1.0".into()),
        ("bucketing", object([("algorithm", Json::from(algorithm))])),
        ("flags", Json::Array(flags)),
    ]);
    Ok((registry.to_string(), Expect::Results(results)))
}

fn gate(salt: &str, algorithm: &str, threshold: i64) -> Json<'static> {
    // Percentages that come out as whole buckets.
    let percentage = match algorithm {
        "djb2-xor" => format!("{threshold}"),
        _ => format!("{}.{:03}", threshold / 1000, threshold % 1000),
    };
    let percentage = percentage.parse::<f64>().map_or(Json::Null, Json::from);
    object([
        ("default_value", false.into()),
        ("rollout_stage", "staged".into()),
        ("rollout_pct", percentage),
        ("salt", Json::from(salt.to_owned())),
    ])
}

fn split(salt: &str, algorithm: &str, threshold: i64) -> Json<'static> {
    let buckets = if algorithm == "murmur3-x64-128" { 10_000 } else { 100_000 };
    let share = |variant: &'static str, weight: i64| object([("variant", variant.into()), ("weight", weight.into())]);
    let shares = vec![share("on", threshold), share("off", buckets - threshold)];
    object([
        ("default_value", false.into()),
        ("rollout_stage", "full".into()),
        ("serve", object([("split", Json::Array(shares)), ("salt", Json::from(salt.to_owned()))])),
    ])
}

fn condition_below(salt: &str, algorithm: &str, threshold: i64) -> Json<'static> {
    let scale = if algorithm == "murmur3-x64-128" { 10 } else { 1 };
    let bucket =
        object([("salt", Json::from(salt.to_owned())), ("from", 0.into()), ("to", (threshold * scale).into())]);
    let rule = object([("id", "below".into()), ("when", object([("bucket", bucket)])), ("serve", "on".into())]);
    object([
        ("default_value", false.into()),
        ("rollout_stage", "full".into()),
        ("serve", "off".into()),
        ("rules", Json::Array(vec![rule])),
    ])
}

fn diagnostics(case: &Json<'static>) -> Expanded {
    let registry = if let Some(document) = case.get("document") {
        document.to_string()
    } else if let Some(parts) = case.get("text_repeat") {
        let mut registry = String::new();
        for part in items(parts)? {
            let [Json::Text(text), Json::Number(times)] = items(part)? else { return Err("[text, times]".to_owned()) };
            let times = times.as_integer().and_then(|times| usize::try_from(times).ok()).ok_or("[text, times]")?;
            registry.push_str(&text.repeat(times));
        }
        registry
    } else {
        text(case, "text")?
    };
    let mut expected = Vec::new();
    for item in items(member(case, "expect")?)? {
        let [Json::Text(severity), Json::Text(code), Json::Text(pointer)] = items(item)? else {
            return Err("[severity, code, pointer]".to_owned());
        };
        expected.push([severity, code, pointer].map(|text| text.clone().into_owned()));
    }
    Ok((registry, Expect::Diagnostics(expected)))
}

fn context(document: &Json<'static>, case: &Json<'static>) -> Expanded {
    let refused = matches!(member(case, "refused")?, Json::Boolean(true));
    let context = match case {
        Json::Object(members) => members.iter().find(|(key, _)| key == "context").map(|(_, value)| value.to_string()),
        _ => None,
    };
    let context = context.ok_or("`context` is missing")?;
    Ok((member(document, "registry")?.to_string(), Expect::ContextRefused(context, refused)))
}

fn with_flag(registry: Json<'static>, flag: Json<'static>) -> Result<Json<'static>, String> {
    let Json::Object(mut members) = registry else { return Err("the registry is no object".to_owned()) };
    match members.iter_mut().find(|(key, _)| key == "flags") {
        Some((_, Json::Array(flags))) => flags.push(flag),
        _ => return Err("the registry has no flags".to_owned()),
    }
    Ok(Json::Object(members))
}

pub(crate) fn object<const N: usize>(members: [(&'static str, Json<'static>); N]) -> Json<'static> {
    Json::Object(members.into_iter().map(|(key, value)| -> Member<'static> { (key.into(), value) }).collect())
}

pub(crate) fn member<'s>(json: &'s Json<'static>, key: &str) -> Result<&'s Json<'static>, String> {
    json.get(key).ok_or_else(|| format!("`{key}` is missing"))
}

pub(crate) fn items<'s>(json: &'s Json<'static>) -> Result<&'s [Json<'static>], String> {
    if let Json::Array(items) = json { Ok(items) } else { Err("an array is needed".to_owned()) }
}

pub(crate) fn text(json: &Json<'static>, key: &str) -> Result<String, String> {
    member(json, key)?.as_text().map(str::to_owned).ok_or_else(|| format!("`{key}` is no string"))
}

fn integer(json: &Json<'static>, key: &str) -> Result<i64, String> {
    match member(json, key)? {
        Json::Number(number) => number.as_integer().ok_or_else(|| format!("`{key}` is no integer")),
        _ => Err(format!("`{key}` is no integer")),
    }
}
