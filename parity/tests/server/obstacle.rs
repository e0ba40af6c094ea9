//! Why a case cannot be asked over HTTP.

use std::time::{SystemTime, UNIX_EPOCH};

use parity::{Group, Question};
use stitch_core::{ContextDocument, Engine, Json};

/// What the server does that the case does not want.
#[derive(Clone, Copy)]
pub(crate) enum Obstacle {
    Lenient,
    NoUser,
    UnlistedEnvironment,
    Defaults,
}

impl Obstacle {
    pub(crate) const ALL: [Self; 4] = [Self::Lenient, Self::NoUser, Self::UnlistedEnvironment, Self::Defaults];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Lenient => "the server reads its registry strictly",
            Self::NoUser => "the server requires a user id, and the answer is another for somebody",
            Self::UnlistedEnvironment => "the server refuses an environment that is not listed",
            Self::Defaults => "the server fills in the environment and the clock",
        }
    }
}

/// The user of a question that names none: the server requires one.
pub(crate) const ANYONE: &str = "anyone";

/// The obstacle to a question, where there is one.
pub(crate) fn of(group: &Group, question: &Question, expected: Option<&Json<'_>>) -> Option<Obstacle> {
    if group.lenient {
        return Some(Obstacle::Lenient);
    }
    let mut document = ContextDocument::from_json(&question.context).expect("the context is sound");
    let named = document.user_id.is_some();
    // What the query adds.
    document.user_id.get_or_insert(ANYONE.into());
    let engine = Engine::from_json(&group.registry).expect("the registry is sound");
    let listed = |name: &str| engine.environments().any(|environment| environment == name);
    if document.env.as_deref().is_some_and(|env| !listed(env)) {
        return Some(Obstacle::UnlistedEnvironment);
    }
    // With what the server fills in, is it still the case's question?
    let mut context = document.context();
    if document.env.is_none() && listed("dev") {
        context = context.env("dev");
    }
    if document.now.is_none() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after the epoch").as_millis();
        context = context.now(i64::try_from(now).expect("within i64"));
    }
    let answer = serde_json::to_string(&engine.evaluate(&question.flag, &context)).expect("it can be written");
    let Json::Object(mut expected) = expected?.clone() else { return None };
    expected.retain(|(key, _)| key != "trace");
    let changed = Json::parse(&answer).expect("it is JSON") != Json::Object(expected);
    changed.then_some(if named { Obstacle::Defaults } else { Obstacle::NoUser })
}
