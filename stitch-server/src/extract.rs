//! From a request to a context: who is asked for, and where each field came from.
//!
//! In dev mode the request says all of it. In jwt mode a token says who, and the request the rest.

use axum::http::HeaderMap;
use serde::{Serialize, Serializer};
use stitch_core::{AttributeDocument, AttributeValue, Context, ContextDocument, Engine};

use crate::auth::Asker;
use crate::auth::claims::Identity;
use crate::error::{Code, Detail, Error, Place};

mod call;
mod fields;
mod json;
mod path;
mod query;

pub use call::Call;
pub use fields::{Field, Fields};
pub use json::{json, revision, typed, unknown_keys};
pub use path::{Email, Env, Id, Key, path};
pub use query::Query;

/// Where the user id came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthSource {
    /// The item of a batch.
    Item,
    /// The `X-PTT-*` headers.
    DevHeaders,
    /// The body's `context`.
    Body,
    /// The query.
    Query,
    /// The token.
    Token,
    /// Nowhere: the route asks for nobody.
    #[default]
    None,
}

impl AuthSource {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Item, Self::DevHeaders, Self::Body, Self::Query, Self::Token, Self::None];

    /// The word for it in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::DevHeaders => "dev_headers",
            Self::Body => "body",
            Self::Query => "query",
            Self::Token => "token",
            Self::None => "none",
        }
    }
}

impl Serialize for AuthSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a request says of the context, by source.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// A batch's item, with its index.
    pub item: Option<(usize, &'a ContextDocument<'a>)>,
    /// The `X-PTT-*` headers.
    pub headers: Fields<'a>,
    /// The body's `context`.
    pub body: Option<&'a ContextDocument<'a>>,
    /// The query.
    pub query: Fields<'a>,
    /// The token's holder, who is then the only one to be asked for.
    pub identity: Option<&'a Identity>,
    /// Whether the headers or the query say who is asked for, and a token says it instead.
    pub ignored: bool,
}

/// A context that the contract accepts, and where its user id came from.
#[derive(Clone, Debug)]
pub struct Resolved<'a> {
    /// For whom.
    pub context: Context<'a>,
    /// Says who.
    pub auth_source: AuthSource,
    /// Where.
    pub env: Option<&'a str>,
}

/// The environment where a request names none, if the registry lists it. If it does not, there is none: a made-up
/// environment would be a name that the same server refuses when a caller gives it.
pub(crate) const DEFAULT_ENV: &str = "dev";
/// Refuses an environment that the registry does not list, at that place of the body.
///
/// # Errors
///
/// `invalid_request`, with those that it lists.
pub fn environment(engine: &Engine, name: &str, pointer: &str) -> Result<(), Error> {
    if engine.environments().any(|environment| environment == name) {
        return Ok(());
    }
    let known: Vec<_> = engine.environments().map(|environment| format!("`{environment}`")).collect();
    let message = format!("is no environment of this registry: it lists {}", known.join(", "));
    let detail = Detail::new(Place::Pointer(pointer.to_owned()), message);
    Err(Error::invalid("the environment is unknown").details([detail]))
}

const USER_HINT: &str = "give a stable id: `?user=…`, the header `X-PTT-User-Id`, or `user_id` in the body's `context`; \
    bucketing puts a user in or out by it, so the same user needs the same id each time";

impl<'a> Sources<'a> {
    /// What the headers and the query say; a body is added by who reads it.
    ///
    /// # Errors
    ///
    /// If a header that counts is not UTF-8, or is there twice.
    pub fn of(headers: &'a HeaderMap, query: &'a Query<'_>, asker: &'a Asker) -> Result<Self, Error> {
        let identity = asker.identity();
        let ignored = identity.is_some() && fields::names_somebody(headers, query);
        let counts: &[Field] = if identity.is_some() { &[Field::Env] } else { &Field::ALL };
        let headers = Fields::of_headers(headers, counts)?;
        Ok(Self { item: None, headers, body: None, query: Fields::of_query(query), identity, ignored })
    }

    /// The context: each field from the highest source that has it, `now` from the caller's reading of the clock.
    ///
    /// # Errors
    ///
    /// If there is no user, the registry does not list the environment, or the contract refuses the context.
    pub fn resolve(&self, engine: &Engine, now: i64) -> Result<Resolved<'a>, Error> {
        self.refuse_identities()?;
        let Some((user_id, auth_source)) = self.pick(Field::UserId) else {
            let error = Error::invalid("there is no user id").hint(USER_HINT);
            return Err(match self.item {
                Some(_) => error.details([Detail::new(self.place(AuthSource::Item, ""), "has no `user_id`")]),
                None => error,
            });
        };
        let mut context = Context::user(user_id).now(now);
        if let Some((tenant_id, _)) = self.pick(Field::TenantId) {
            context = context.tenant_id(tenant_id);
        }
        if let Some((tier, _)) = self.pick(Field::Tier) {
            context = context.tier(tier);
        }
        if let Some((role_key, _)) = self.pick(Field::RoleKey) {
            context = context.role_key(role_key);
        }
        let env = self.env(engine)?;
        if let Some(env) = env {
            context = context.env(env);
        }
        if let Some(identity) = self.identity {
            context = context.approvals(&identity.approvals);
        }
        context = self.with_documents(context);
        match engine.check(&context) {
            Ok(()) => Ok(Resolved { context, auth_source, env }),
            Err(problems) => {
                let detail = |problem: &stitch_core::ContextProblem| {
                    Detail::new(self.place_of(&problem.pointer), problem.message.clone())
                };
                let error = Error::invalid("the context is refused").auth_source(auth_source);
                let error = error.details(problems.problems().iter().map(detail));
                let of_user = problems.problems().iter().any(|problem| problem.pointer == "/user_id");
                Err(if of_user { error.hint(USER_HINT) } else { error })
            }
        }
    }

    /// Refuses documents that say who is asked for, or what only a token may say, where there is a token: 403, since
    /// whoever sends them means somebody else.
    fn refuse_identities(&self) -> Result<(), Error> {
        if self.identity.is_none() {
            return Ok(());
        }
        let sources = [(self.item.map(|(_, item)| item), AuthSource::Item), (self.body, AuthSource::Body)];
        for (document, source) in sources {
            let Some(name) = document.and_then(fields::only_of_a_token) else { continue };
            let detail = Detail::new(self.place(source, name), "is for the token alone to say");
            return Err(Error::new(
                Code::Forbidden,
                format!("a request may not say `{name}`: the token says who asks"),
            )
            .hint("leave it out; `env` and `attributes` may be there")
            .details([detail])
            .auth_source(AuthSource::Token));
        }
        Ok(())
    }

    fn env(&self, engine: &Engine) -> Result<Option<&'a str>, Error> {
        let listed = |name: &str| engine.environments().any(|environment| environment == name);
        match self.pick(Field::Env) {
            Some((env, _)) if listed(env) => Ok(Some(env)),
            Some((_, source)) => {
                let known: Vec<_> = engine.environments().map(|environment| format!("`{environment}`")).collect();
                let message = format!("is no environment of this registry: it lists {}", known.join(", "));
                let detail = Detail::new(self.place(source, Field::Env.name()), message);
                Err(Error::invalid("the environment is unknown").details([detail]))
            }
            None => Ok(Some(DEFAULT_ENV).filter(|env| listed(env))),
        }
    }

    /// The fields that only JSON can carry.
    fn with_documents(&self, mut context: Context<'a>) -> Context<'a> {
        let documents = || self.item.map(|(_, item)| item).into_iter().chain(self.body);
        if let Some(kind) = documents().find_map(|document| document.kind.as_deref()) {
            context = context.kind(kind);
        }
        if let Some(now) = documents().find_map(|document| document.now) {
            context = context.now(now);
        }
        if let Some(overrides) = documents().find_map(|document| document.overrides.as_ref()) {
            context = context.overrides(overrides);
        }
        if let Some(approvals) = documents().find_map(|document| document.approvals.as_ref()) {
            context = context.approvals(approvals);
        }
        for (name, value) in documents().find_map(|document| document.attributes.as_deref()).unwrap_or_default() {
            context = context.with(
                name,
                match value {
                    AttributeDocument::Text(text) => AttributeValue::Text(text),
                    AttributeDocument::Number(number) => AttributeValue::Number(*number),
                    AttributeDocument::Boolean(boolean) => AttributeValue::Boolean(*boolean),
                    AttributeDocument::List(elements) => AttributeValue::List(elements),
                },
            );
        }
        context
    }

    /// A text field from the highest source that has it.
    fn pick(&self, field: Field) -> Option<(&'a str, AuthSource)> {
        if let (Some(identity), true) = (self.identity, field != Field::Env) {
            let text = match field {
                Field::UserId => Some(identity.user_id.as_str()),
                Field::TenantId => identity.tenant_id.as_deref(),
                Field::Tier => Some(identity.tier.as_str()),
                Field::RoleKey => identity.role_key.as_deref(),
                Field::Env => None,
            };
            return text.map(|text| (text, AuthSource::Token));
        }
        let item = || self.item.and_then(|(_, item)| Fields::of_document(item).get(field));
        let body = || self.body.and_then(|body| Fields::of_document(body).get(field));
        None.or_else(|| Some((item()?, AuthSource::Item)))
            .or_else(|| Some((self.headers.get(field)?, AuthSource::DevHeaders)))
            .or_else(|| Some((body()?, AuthSource::Body)))
            .or_else(|| Some((self.query.get(field)?, AuthSource::Query)))
    }

    /// The place of what the core points at within the context.
    fn place_of(&self, pointer: &str) -> Place {
        let name = pointer.strip_prefix('/').unwrap_or(pointer);
        let source = match Field::named(name).and_then(|field| self.pick(field)) {
            Some((_, source)) => source,
            None => self.document_with(name),
        };
        self.place(source, name)
    }

    /// Which document a field that only JSON can carry came from.
    fn document_with(&self, name: &str) -> AuthSource {
        let has = |document: &ContextDocument<'_>| match name.split('/').next() {
            Some("attributes") => document.attributes.is_some(),
            Some("overrides") => document.overrides.is_some(),
            _ => false,
        };
        if self.item.is_some_and(|(_, item)| has(item)) { AuthSource::Item } else { AuthSource::Body }
    }

    fn place(&self, source: AuthSource, name: &str) -> Place {
        let separator = if name.is_empty() { "" } else { "/" };
        match (source, Field::named(name)) {
            (AuthSource::DevHeaders, Some(field)) => Place::Header(field.header()),
            (AuthSource::Query, Some(field)) => Place::Query(field.query()),
            (AuthSource::Token, _) => Place::Header("Authorization"),
            (AuthSource::Item, _) => {
                let index = self.item.map_or(0, |(index, _)| index);
                Place::Pointer(format!("/flags/{index}{separator}{name}"))
            }
            _ => Place::Pointer(format!("/context{separator}{name}")),
        }
    }
}
