//! `POST /api/flags/eval/batch`: many flags, or all, for one context or for one an item.

use std::borrow::Cow;

use axum::extract::State;
use axum::response::Response;
use stitch_core::{Context, ContextDocument, Engine, Evaluation, Explanation, Json};

use crate::auth::Asker;
use crate::error::{Detail, Error, Place};
use crate::extract::{self, AuthSource, Call, Query, Resolved, Sources};
use crate::instant::of_the_clock;
use crate::state::AppState;
use crate::wire::{self, Results};

/// Items of one request.
pub const ITEMS: usize = 1_000;

/// What a body asks for.
struct Asked<'j> {
    context: Option<ContextDocument<'j>>,
    /// Nothing means every flag.
    items: Option<Vec<Item<'j>>>,
    trace: bool,
}

struct Item<'j> {
    flag_key: Cow<'j, str>,
    /// What it says of the context itself; most say nothing, and a document is large.
    context: Option<Box<ContextDocument<'j>>>,
}

/// Evaluates flags, all at one instant and by one registry.
///
/// # Errors
///
/// If the request is not as the contract says. An unknown flag is a result, no failure.
pub async fn batch(State(state): State<AppState>, who: Asker, call: Call) -> Result<Response, Error> {
    let query = Query::read(&call.uri, &["trace"], true)?;
    let asked = Asked::read(extract::json(&call.headers, &call.body)?)?;
    let trace = query.switch("trace")? || asked.trace;
    let sources = Sources { body: asked.context.as_ref(), ..Sources::of(&call.headers, &query, &who)? };
    let meta = call.meta.ignoring(sources.ignored);
    let served = state.load();
    let engine = &served.registry.engine;
    let now = of_the_clock();
    let tally = state.metrics().tally();
    let evaluated = |results: &mut Results<'_>, evaluation: &Evaluation<'_>| {
        tally.count(evaluation.reason);
        results.evaluation(evaluation)
    };
    let explained = |results: &mut Results<'_>, explanation: &Explanation<'_>| {
        tally.count(explanation.evaluation.reason);
        results.explanation(explanation)
    };
    let Some(items) = &asked.items else {
        let resolved = sources.resolve(engine, now)?;
        if trace {
            who.require_read(resolved.env)?;
        }
        let context = &resolved.context;
        return wire::batch(&meta, resolved.auth_source, engine.flag_keys().count(), |results| {
            if trace {
                return engine.flag_keys().try_for_each(|key| explained(results, &engine.explain(key, context)));
            }
            engine.evaluations(context).try_for_each(|evaluation| evaluated(results, &evaluation))
        });
    };
    let contexts = Contexts::resolve(items, sources, engine, now)?;
    if trace {
        contexts.resolved.iter().try_for_each(|resolved| who.require_read(resolved.env))?;
    }
    wire::batch(&meta, contexts.auth_source(), items.len(), |results| {
        items.iter().zip(contexts.iter()).try_for_each(|(item, context)| {
            if trace {
                return explained(results, &engine.explain(&item.flag_key, context));
            }
            evaluated(results, &engine.evaluate(&item.flag_key, context))
        })
    })
}

/// The contexts of a batch, each resolved once.
struct Contexts<'a> {
    resolved: Vec<Resolved<'a>>,
    /// Which one is each item's.
    of_items: Vec<usize>,
}

impl<'a> Contexts<'a> {
    fn resolve(items: &'a [Item<'a>], sources: Sources<'a>, engine: &Engine, now: i64) -> Result<Self, Error> {
        let mut contexts = Self { resolved: Vec::new(), of_items: Vec::with_capacity(items.len()) };
        let mut common = None;
        for (index, item) in items.iter().enumerate() {
            let place = match (item.context.as_deref(), common) {
                (Some(own), _) => contexts.add(Sources { item: Some((index, own)), ..sources }.resolve(engine, now)?),
                (None, Some(common)) => common,
                (None, None) => *common.insert(contexts.add(sources.resolve(engine, now)?)),
            };
            contexts.of_items.push(place);
        }
        if items.is_empty() {
            // Nothing is asked, and yet a request without a user is refused.
            contexts.add(sources.resolve(engine, now)?);
        }
        Ok(contexts)
    }

    fn add(&mut self, resolved: Resolved<'a>) -> usize {
        self.resolved.push(resolved);
        self.resolved.len() - 1
    }

    /// In the order of the items.
    fn iter(&self) -> impl ExactSizeIterator<Item = &Context<'a>> {
        self.of_items.iter().map(|&place| &self.resolved[place].context)
    }

    /// The highest source that any user id came from.
    fn auth_source(&self) -> AuthSource {
        self.resolved.iter().map(|resolved| resolved.auth_source).min().unwrap_or_default()
    }
}

impl<'j> Asked<'j> {
    fn read(body: Json<'j>) -> Result<Self, Error> {
        extract::unknown_keys(&body, &["context", "flags", "trace"])?;
        let refuse = |key: &str, message: &str| {
            let message = format!("`{key}` {message}");
            Error::invalid(message.clone()).details([Detail::new(Place::Pointer(format!("/{key}")), message)])
        };
        let mut asked = Self { context: None, items: None, trace: false };
        let Json::Object(members) = body else { return Ok(asked) };
        for (key, value) in members {
            match (&*key, value) {
                (_, Json::Null) => {}
                ("context", value) => {
                    let context = ContextDocument::from_document(value);
                    asked.context = Some(context.map_err(|error| Error::context(&error, "/context"))?);
                }
                ("flags", Json::Array(items)) if items.len() > ITEMS => {
                    return Err(refuse("flags", &format!("has {} items; at most {ITEMS} are allowed", items.len())));
                }
                ("flags", Json::Array(items)) => {
                    let items = items.into_iter().enumerate().map(|(index, item)| Item::read(index, item));
                    asked.items = Some(items.collect::<Result<_, _>>()?);
                }
                ("flags", _) => return Err(refuse("flags", "is not an array")),
                ("trace", Json::Boolean(trace)) => asked.trace = trace,
                (_, _) => return Err(refuse(&key, "is neither `true` nor `false`")),
            }
        }
        Ok(asked)
    }
}

impl<'j> Item<'j> {
    fn read(index: usize, json: Json<'j>) -> Result<Self, Error> {
        let refuse = |name: &str, message: &'static str| {
            let detail = Detail::new(Place::Pointer(format!("/flags/{index}{name}")), message);
            Error::invalid("an item of `flags` is refused").details([detail])
        };
        match json {
            Json::Text(flag_key) => Ok(Self { flag_key, context: None }),
            Json::Object(mut members) => {
                let place = members.iter().position(|(key, _)| key == "flag_key");
                let flag_key = match place.map(|place| members.remove(place).1) {
                    Some(Json::Text(flag_key)) => flag_key,
                    Some(Json::Null) | None => return Err(refuse("", "has no `flag_key`")),
                    Some(_) => return Err(refuse("/flag_key", "must be a string")),
                };
                let context = ContextDocument::from_document(Json::Object(members));
                let context = context.map_err(|error| Error::context(&error, &format!("/flags/{index}")))?;
                Ok(Self { flag_key, context: Some(Box::new(context)) })
            }
            _ => Err(refuse("", "is neither a flag's key nor an object with a `flag_key`")),
        }
    }
}
