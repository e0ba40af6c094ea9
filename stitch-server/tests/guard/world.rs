//! A small world in which everything can happen to a protected flag: who is in it, what can be changed, and what
//! everybody is served.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stitch_core::stage::Stage;
use stitch_core::{Context, Engine, Json, Reason};
use stitch_server::caller::{Caller, Grant, Role};
use stitch_server::model::{Model, User};
use stitch_server::source::Source;
use stitch_server::writes::stage::StageChange;
use stitch_server::writes::{Change, Draft};

pub(crate) const NOW: i64 = 1_770_000_000_000;
pub(crate) const ENVS: [Option<&str>; 5] = [None, Some("prod"), Some("staging"), Some("dev"), Some("unlisted")];
pub(crate) const FLAGS: [&str; 4] = ["guarded", "sensitive", "free", "made"];
const SEGMENTS: [&str; 3] = ["outer", "inner", "spare"];
const STAGES: [&str; 7] = ["draft", "internal", "pilot", "staged", "full", "paused", "rolled_back"];

/// Guarded flags at several stages, with a dependency and nested segments.
pub(crate) fn start() -> Model {
    let document = json!({
        "schema_version": "1.0",
        "flags": [
            {"key": "guarded", "default_value": false, "requires_approval": true, "rollout_stage": "staged",
             "rollout_pct": 20, "cohort": ["outer"], "dependencies": ["free"],
             "audit": {"last_approval_ref": "before"}, "environments": {"prod": {"rollout_stage": "internal"}}},
            {"key": "sensitive", "type": "string", "variants": {"on": "new", "off": "old", "odd": "other"},
             "default_value": "old", "serve": "on", "sensitive_flag": true, "rollout_stage": "pilot",
             "cohort": ["inner"], "environments": {"staging": {"rollout_pct": 10}, "dev": {"cohort": ["spare"]}},
             "rules": [{"id": "r", "when": {"segment": "outer"}, "serve": "odd"}]},
            {"key": "free", "default_value": false, "rollout_stage": "full"}],
        "segments": [
            {"key": "outer", "included": ["U-1"], "when": {"segment": "inner"}},
            {"key": "inner", "included": ["U-2"]},
            {"key": "spare", "included": []}]
    });
    let caller = Caller::operator_of_the_machine();
    let mut draft = Draft::new(&Model::default(), &caller, NOW);
    draft.import(read(&document));
    for person in people().iter().filter(|person| is_one_of_us(person)) {
        draft.put(&person.subject, user(&person.grants, 0));
    }
    draft.finish(&stitch_server::audit::Action::new("registry.seed", "registry")).unwrap().0
}

pub(crate) fn read(value: &Value) -> Json<'static> {
    Json::parse(&value.to_string()).unwrap().into_owned()
}

/// What serves, if the core takes it.
pub(crate) fn engine(model: &Model) -> Option<Engine> {
    Source::Store.compile_model(model).ok().map(|registry| registry.engine)
}

/// Somebody of our own, added then.
pub(crate) fn user(grants: &[Grant], added: i64) -> User {
    let added = std::time::UNIX_EPOCH + std::time::Duration::from_millis(added.try_into().unwrap());
    let created_at = humantime::format_rfc3339_millis(added).to_string();
    let user = json!({"password_hash": "none", "grants": grants, "created_at": created_at});
    serde_json::from_value(user).unwrap()
}

/// Whether the server knows them, or only an issuer that it trusts.
pub(crate) fn is_one_of_us(person: &Caller) -> bool {
    !person.subject.contains(' ')
}

pub(crate) fn people() -> Vec<Caller> {
    let person = |name: &str, roles: &[(Role, Option<&str>)]| Caller {
        subject: name.to_owned(),
        grants: roles.iter().map(|&(role, env)| Grant { role, env: env.map(str::to_owned) }).collect(),
    };
    vec![
        person("operator@example.com", &[(Role::Operator, None)]),
        person("second.operator@example.com", &[(Role::Operator, None)]),
        person("operator.of.dev@example.com", &[(Role::Operator, Some("dev"))]),
        person("approving.operator@example.com", &[(Role::Operator, None), (Role::Approver, None)]),
        person("admin@example.com", &[(Role::Admin, None)]),
        person("approver@example.com", &[(Role::Approver, None)]),
        person("second.approver@example.com", &[(Role::Approver, None)]),
        person("approver.of.dev@example.com", &[(Role::Approver, Some("dev"))]),
        person("viewer@example.com", &[(Role::Viewer, None)]),
        person("carol of https://id.example.com", &[(Role::Approver, None)]),
    ]
}

/// What one person is served, and whether their gate is open.
pub(crate) type Answer = (Option<Value>, bool, Reason);

/// What everybody is served of a flag in an environment.
pub(crate) fn answers(engine: &Engine, flag: &str, env: Option<&str>) -> BTreeMap<String, Answer> {
    let mut answers = BTreeMap::new();
    for index in 0..24 {
        let user = format!("U-{}", index % 8);
        let mut context = Context::user(&user).now(NOW);
        context = if index % 3 == 0 { context.tier("staff") } else { context };
        context = if index % 4 == 0 { context.tenant_id("T") } else { context };
        context = if let Some(env) = env { context.env(env) } else { context };
        let evaluation = engine.evaluate(flag, &context);
        let open = matches!(
            evaluation.reason,
            Reason::UserOverride
                | Reason::TenantOverride
                | Reason::StagedIn
                | Reason::StageInternal
                | Reason::StagePilot
                | Reason::StageFull
        );
        answers.insert(index.to_string(), (evaluation.value.map(|value| json!(value)), open, evaluation.reason));
    }
    answers
}

/// A change out of a few numbers, on what is there.
pub(crate) fn change(model: &Model, [kind, a, b, c]: [u8; 4]) -> Change {
    let pick = |list: &[&str], index: u8| list[usize::from(index) % list.len()].to_owned();
    let (flag, segment) = (pick(&FLAGS, a), pick(&SEGMENTS, a));
    let env = [None, None, Some("prod"), Some("staging"), Some("dev")][usize::from(b) % 5];
    match kind % 12 {
        0..=4 => {
            let rollout_stage = (c % 9 < 7).then(|| STAGES[usize::from(c % 9)]).map(stage);
            let rollout_pct = (c % 4 != 0 || rollout_stage.is_none()).then(|| f64::from(c % 5) * 25.0);
            Change::Stage(StageChange { flag, env: env.map(str::to_owned), rollout_stage, rollout_pct })
        }
        5 | 6 => Change::UpdateFlag(flag.clone(), read(&edited(&written(model, &flag), env, c))),
        7 => Change::UpdateSegment(segment.clone(), segment_of(&segment, b, c)),
        8 if b.is_multiple_of(2) => Change::PutOverride(format!("o-{}", c % 3), override_of(&flag, b, c)),
        8 => Change::DeleteOverride(format!("o-{}", c % 3)),
        9 if b.is_multiple_of(2) => Change::DeleteFlag(flag),
        9 => Change::CreateFlag(read(
            &json!({"key": flag, "default_value": c.is_multiple_of(2), "rollout_stage": "full",
            "requires_approval": c.is_multiple_of(3), "environments": {"prod": {"rollout_stage": "full"}}}),
        )),
        10 if b.is_multiple_of(2) => Change::DeleteSegment(segment),
        10 => Change::CreateSegment(segment_of(&segment, b, c)),
        _ => Change::ReplaceRegistry(read(&replaced(model, a, b, c))),
    }
}

fn stage(name: &str) -> Stage {
    Stage::from_name(name).unwrap()
}

fn written(model: &Model, flag: &str) -> Value {
    model.flags.get(flag).map_or_else(|| json!({"key": flag}), |flag| json!(flag.body.0))
}

fn segment_of(key: &str, b: u8, c: u8) -> Json<'static> {
    let when = if b.is_multiple_of(3) && key == "outer" {
        json!({"segment": if c.is_multiple_of(2) { "inner" } else { "spare" }})
    } else {
        json!(null)
    };
    let included: Vec<String> = (0..c % 4).map(|index| format!("U-{}", index + b % 5)).collect();
    read(&json!({"key": key, "included": included, "when": when}))
}

fn override_of(flag: &str, b: u8, c: u8) -> Json<'static> {
    let value =
        if flag == "sensitive" { json!(["new", "other"][usize::from(c % 2)]) } else { json!(c.is_multiple_of(2)) };
    let target = if b.is_multiple_of(4) {
        json!({"scope": "tenant", "tenant_id": "T"})
    } else {
        json!({"scope": "user", "user_id": format!("U-{}", c % 4)})
    };
    let mut row = json!({"flag_key": flag, "value": value, "rationale": "a test"});
    row.as_object_mut().unwrap().extend(target.as_object().unwrap().clone());
    read(&row)
}

/// A definition with one thing otherwise, in its base or in a patch; and a stage that it may not say.
fn edited(flag: &Value, env: Option<&str>, c: u8) -> Value {
    let mut flag = flag.clone();
    let is_text = flag["type"] == "string";
    let (key, value) = match c % 12 {
        0 => ("rules", json!([{"id": "all", "when": {"all": []}, "serve": if is_text { "odd" } else { "off" }}])),
        1 => ("rules", json!([])),
        2 => ("serve", json!({"split": [{"variant": "on", "weight": 1}, {"variant": "off", "weight": c / 12}]})),
        3 => ("default_value", if is_text { json!("other") } else { json!(c % 24 < 12) }),
        4 => ("cohort", json!([SEGMENTS[usize::from(c / 12) % 3]])),
        5 => ("salt", json!(format!("salt {c}"))),
        6 => ("rollout_stage", json!("full")),
        7 => ("requires_approval", json!(c % 24 < 12)),
        8 => ("sensitive_flag", json!(c % 24 < 12)),
        9 => ("dependencies", if c % 24 < 12 { json!([]) } else { json!(["free"]) }),
        10 => ("bucket_by", json!("tier")),
        _ => ("description", json!(format!("words {c}"))),
    };
    match env.filter(|_| c % 12 < 7) {
        Some(env) => flag["environments"][env][key] = value,
        None => flag[key] = value,
    }
    flag
}

/// All definitions, with something otherwise in one flag, one segment, and the settings.
fn replaced(model: &Model, a: u8, b: u8, c: u8) -> Value {
    let mut document = json!(model.document());
    if b.is_multiple_of(3) {
        document["internal_tiers"] = json!(["staff", "anonymous"][..=usize::from(c % 2)]);
    }
    if b.is_multiple_of(5) {
        document["environments"] = json!(["prod", "staging", "dev"][usize::from(c % 2)..]);
        for flag in document["flags"].as_array_mut().unwrap() {
            if let Some(patches) = flag.get_mut("environments").and_then(Value::as_object_mut).filter(|_| c % 2 == 1) {
                patches.remove("prod");
            }
        }
    }
    let flags = document["flags"].as_array_mut().unwrap();
    if let Some(flag) = flags.get_mut(usize::from(a % 4)) {
        *flag = edited(flag, Some("prod"), c);
        if c.is_multiple_of(7) {
            flags.remove(usize::from(a % 4));
        }
    }
    document
}
