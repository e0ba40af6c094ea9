//! Contexts of the vectors as contexts of an OFREP client, and which cannot be.

use parity::Question;
use stitch_core::{Context, ContextDocument, Engine, Json, Member};

/// What the server's clock may say as well as anything: the year 2030.
const NOW: i64 = 1_893_456_000_000;
/// What the server takes where the client names no environment.
const ENV: &str = "dev";

const FIELDS: [&str; 11] = [
    "targetingKey",
    "user_id",
    "kind",
    "tenant_id",
    "tier",
    "env",
    "role_key",
    "attributes",
    "overrides",
    "approvals",
    "now",
];

/// Why a case cannot be asked over OFREP.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Obstacle {
    Overrides,
    Approvals,
    Clock,
    Environment,
    Unlisted,
    Reserved,
    Unknown,
    Instant,
    Shape,
}

impl Obstacle {
    pub(crate) const ALL: [Self; 9] = [
        Self::Overrides,
        Self::Approvals,
        Self::Clock,
        Self::Environment,
        Self::Unlisted,
        Self::Reserved,
        Self::Unknown,
        Self::Instant,
        Self::Shape,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Overrides => "inline overrides: refused in a client's context",
            Self::Approvals => "inline approvals: refused in a client's context",
            Self::Clock => "holds only without `now`: the server has a clock",
            Self::Environment => "holds only without `env`: the server fills in `dev` where the registry lists it",
            Self::Unlisted => "an environment that the registry does not list: the server refuses it",
            Self::Reserved => "an attribute with a field's name: there it is the field",
            Self::Unknown => "a field that the contract does not know: there it is an attribute",
            Self::Instant => "`now` as a date-time: there it is one, to the contract it is a text",
            Self::Shape => "a context or `attributes` that is no object: there is no place for it",
        }
    }
}

/// Why a client cannot bring this context, or not with this answer.
pub(crate) fn obstacle(engine: &Engine, context: &str, asked: Option<(&Question, &Json<'_>)>) -> Option<Obstacle> {
    // What is no JSON goes over the wire as it is, and is refused there too.
    let json = Json::parse(context).ok()?;
    let Json::Object(members) = &json else { return Some(Obstacle::Shape) };
    for (key, value) in members.iter().filter(|(_, value)| !matches!(value, Json::Null)) {
        match (&**key, value) {
            ("overrides", _) => return Some(Obstacle::Overrides),
            ("approvals", _) => return Some(Obstacle::Approvals),
            ("attributes", Json::Object(attributes))
                if attributes.iter().any(|(name, _)| FIELDS.contains(&&**name)) =>
            {
                return Some(Obstacle::Reserved);
            }
            ("attributes", Json::Object(_)) => {}
            ("attributes", _) => return Some(Obstacle::Shape),
            ("env", Json::Text(env)) if !lists(engine, env) => return Some(Obstacle::Unlisted),
            ("now", Json::Text(_)) => return Some(Obstacle::Instant),
            (key, _) if !FIELDS.contains(&key) => return Some(Obstacle::Unknown),
            _ => {}
        }
    }
    let (question, expected) = asked?;
    let document = ContextDocument::from_document(json.clone()).ok()?;
    let differs = |context: &Context<'_>| {
        let answer = serde_json::to_string(&engine.evaluate(&question.flag, context)).unwrap_or_default();
        !Json::parse(&answer).is_ok_and(|answer| answer == untraced(expected))
    };
    let mut context = document.context();
    if document.now.is_none() {
        context = context.now(NOW);
        if differs(&context) {
            return Some(Obstacle::Clock);
        }
    }
    let fills_in = document.env.is_none() && lists(engine, ENV);
    (fills_in && differs(&context.env(ENV))).then_some(Obstacle::Environment)
}

fn lists(engine: &Engine, env: &str) -> bool {
    engine.environments().any(|listed| listed == env)
}

/// The expectation without what was expected of its trace.
fn untraced(expected: &Json<'_>) -> Json<'static> {
    let Json::Object(members) = expected.clone().into_owned() else { return Json::Null };
    Json::Object(members.into_iter().filter(|(key, _)| key != "trace").collect())
}

/// The body that a client sends for it: `user_id` as the targeting key, attributes beside it.
pub(crate) fn body(context: &str) -> Result<String, String> {
    let Ok(json) = Json::parse(context) else { return Ok(format!("{{\"context\": {context}}}")) };
    let Json::Object(members) = json else { return Err("the context is no object".to_owned()) };
    let mut carried: Vec<Member<'_>> = Vec::new();
    for (key, value) in members {
        match (&*key, value) {
            ("attributes", Json::Object(attributes)) => carried.extend(attributes),
            ("user_id", value) => carried.push(("targetingKey".into(), value)),
            (_, value) => carried.push((key, value)),
        }
    }
    Ok(Json::Object(vec![("context".into(), Json::Object(carried))]).to_string())
}
