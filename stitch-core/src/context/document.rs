//! A context as it comes over the wire, or as a binding holds it.

use std::borrow::Cow;

use crate::compile::place::Place;
use crate::context::check::{ContextError, ContextProblem};
use crate::context::{Approvals, AttributeValue, Context, Element, FIELDS, Field, InlineOverrides};
use crate::diagnostics::nearest::suggest;
use crate::json::read::read;
use crate::json::{Json, Member};
use crate::limits;
use crate::number::Number;

/// A context that holds its own values, field by field; section 3 of the contract.
///
/// ```
/// use stitch_core::ContextDocument;
///
/// let document = ContextDocument::from_json(r#"{"user_id": "U-1", "attributes": {"plans": ["pro", 2]}}"#)?;
/// let context = document.context();
/// # let _ = context;
/// # Ok::<(), stitch_core::ContextError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ContextDocument<'j> {
    /// The stable id.
    pub user_id: Option<Cow<'j, str>>,
    /// What the id names.
    pub kind: Option<Cow<'j, str>>,
    /// The tenant.
    pub tenant_id: Option<Cow<'j, str>>,
    /// The tier.
    pub tier: Option<Cow<'j, str>>,
    /// The environment.
    pub env: Option<Cow<'j, str>>,
    /// The role.
    pub role_key: Option<Cow<'j, str>>,
    /// Milliseconds since the epoch.
    pub now: Option<i64>,
    /// Name to value.
    pub attributes: Option<Vec<(Cow<'j, str>, AttributeDocument<'j>)>>,
    /// Overrides for this request.
    pub overrides: Option<InlineOverrides<'j>>,
    /// Approvals given with this request.
    pub approvals: Option<Approvals<'j>>,
}

/// An attribute that holds its own value.
#[derive(Clone, Debug)]
pub enum AttributeDocument<'j> {
    /// A text.
    Text(Cow<'j, str>),
    /// A number.
    Number(Number),
    /// A boolean.
    Boolean(bool),
    /// An array of texts and numbers.
    List(Vec<Element<'j>>),
}

impl<'j> ContextDocument<'j> {
    /// Reads a context from JSON text.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, except what only the registry can tell; see [`Engine::check`](crate::Engine::check).
    pub fn from_json(text: &'j (impl AsRef<[u8]> + ?Sized)) -> Result<Self, ContextError> {
        let reading = read(text.as_ref(), usize::MAX);
        let problems = reading.problems.into_iter();
        ContextError::unless_sound(
            problems.map(|problem| ContextProblem::new(problem.pointer, problem.message)).collect(),
        )?;
        Self::from_document(reading.json.unwrap_or(Json::Null))
    }

    /// Reads a context from a JSON value.
    ///
    /// # Errors
    ///
    /// As [`ContextDocument::from_json`].
    pub fn from_document(json: Json<'j>) -> Result<Self, ContextError> {
        let mut reader = Reader::default();
        let mut document = Self::default();
        for (key, value) in reader.object(json, &Place::ROOT) {
            let place = &Place::ROOT.key(&key);
            match &*key {
                "user_id" => document.user_id = reader.text(value, place),
                "kind" => document.kind = reader.text(value, place),
                "tenant_id" => document.tenant_id = reader.text(value, place),
                "tier" => document.tier = reader.text(value, place),
                "env" => document.env = reader.text(value, place),
                "role_key" => document.role_key = reader.text(value, place),
                "now" => document.now = reader.now(&value, place),
                "attributes" => document.attributes = Some(reader.attributes(value, place)),
                "overrides" => document.overrides = Some(reader.overrides(value, place)),
                "approvals" => document.approvals = Some(reader.approvals(value, place)),
                _ => reader.refuse(place, format!("is no field of a context: {}", suggest(&key, &FIELDS))),
            }
        }
        ContextError::unless_sound(reader.problems)?;
        Ok(document)
    }

    /// The context, borrowed.
    pub fn context(&self) -> Context<'_> {
        let mut context = Context {
            now: self.now,
            overrides: self.overrides.as_ref(),
            approvals: self.approvals.as_ref(),
            ..self.user_id.as_deref().map_or_else(Context::anonymous, Context::user)
        };
        let texts = [
            (Field::Kind, &self.kind),
            (Field::TenantId, &self.tenant_id),
            (Field::Tier, &self.tier),
            (Field::Env, &self.env),
            (Field::RoleKey, &self.role_key),
        ];
        for (field, text) in texts {
            if let Some(text) = text {
                context.put(field, text);
            }
        }
        for (name, value) in self.attributes.iter().flatten() {
            context.attributes.set(
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
}

/// Collects what is wrong; never quotes a value.
#[derive(Default)]
struct Reader {
    problems: Vec<ContextProblem>,
    /// Bytes of the problems' places; those past the bound are left out, the first ones tell enough.
    bytes: usize,
}

impl Reader {
    fn refuse(&mut self, place: &Place<'_>, message: impl Into<String>) {
        const BYTES: usize = 1 << 20;
        if self.bytes < BYTES {
            let problem = ContextProblem::new(place.pointer(), message);
            self.bytes += problem.pointer.len() + problem.message.len() + size_of::<ContextProblem>();
            self.problems.push(problem);
        }
    }

    fn object<'j>(&mut self, json: Json<'j>, place: &Place<'_>) -> Vec<Member<'j>> {
        match json {
            Json::Object(mut members) => {
                members.retain(|(_, value)| !value.is_null());
                members
            }
            other => {
                self.refuse(place, format!("must be an object, this is {}", other.type_word()));
                Vec::new()
            }
        }
    }

    fn text<'j>(&mut self, json: Json<'j>, place: &Place<'_>) -> Option<Cow<'j, str>> {
        match json {
            Json::Text(text) => Some(text),
            other => {
                self.refuse(place, format!("must be a string, this is {}", other.type_word()));
                None
            }
        }
    }

    fn now(&mut self, json: &Json<'_>, place: &Place<'_>) -> Option<i64> {
        let now = if let Json::Number(number) = json { number.as_integer() } else { None };
        if now.is_none() {
            self.refuse(place, "must be an integer: milliseconds since the epoch, in UTC");
        }
        now
    }

    fn attributes<'j>(&mut self, json: Json<'j>, place: &Place<'_>) -> Vec<(Cow<'j, str>, AttributeDocument<'j>)> {
        let members = self.object(json, place);
        if members.len() > limits::ATTRIBUTES {
            let message = format!("there are {} attributes; at most {} are allowed", members.len(), limits::ATTRIBUTES);
            self.refuse(place, message);
            return Vec::new();
        }
        let mut attributes = Vec::with_capacity(members.len());
        for (name, value) in members {
            let place = &place.key(&name);
            let value = match value {
                Json::Text(text) => Some(AttributeDocument::Text(text)),
                Json::Number(number) => Some(AttributeDocument::Number(number)),
                Json::Boolean(boolean) => Some(AttributeDocument::Boolean(boolean)),
                Json::Array(items) => Some(AttributeDocument::List(self.elements(items, place))),
                Json::Object(_) | Json::Null => {
                    self.refuse(place, "must be a string, a number, a boolean or an array, this is an object");
                    None
                }
            };
            attributes.extend(value.map(|value| (name, value)));
        }
        attributes
    }

    fn elements<'j>(&mut self, items: Vec<Json<'j>>, place: &Place<'_>) -> Vec<Element<'j>> {
        let mut elements = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Json::Text(text) => elements.push(Element::Text(text)),
                Json::Number(number) => elements.push(Element::Number(number)),
                other => {
                    let message = format!("an array holds strings and numbers, this is {}", other.type_word());
                    self.refuse(&place.index(index), message);
                }
            }
        }
        elements
    }

    fn overrides<'j>(&mut self, json: Json<'j>, place: &Place<'_>) -> InlineOverrides<'j> {
        let mut overrides = InlineOverrides::default();
        for (scope, entries) in self.object(json, place) {
            let place = &place.key(&scope);
            match &*scope {
                "user" => overrides.user = self.object(entries, place).into_iter().collect(),
                "tenant" => overrides.tenant = self.object(entries, place).into_iter().collect(),
                _ => self.refuse(place, "is no scope: known are `user` and `tenant`"),
            }
        }
        overrides
    }

    fn approvals<'j>(&mut self, json: Json<'j>, place: &Place<'_>) -> Approvals<'j> {
        let mut approvals = Approvals::default();
        for (flag_key, reference) in self.object(json, place) {
            let reference = self.text(reference, &place.key(&flag_key));
            approvals.references.extend(reference.map(|reference| (flag_key, reference)));
        }
        approvals
    }
}
