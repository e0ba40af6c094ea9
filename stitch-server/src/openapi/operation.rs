//! One operation: what it asks for, what it answers, and how it can fail.

use std::collections::BTreeSet;

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::parts::{Credential, header, of_context, of_part, parameter};
use super::{Describe, Document, schemas};
use crate::extract::Field;
use crate::request::Family;

/// What the document says of one operation.
pub(crate) struct Operation {
    summary: &'static str,
    credential: Credential,
    of_context: bool,
    /// Schemas of parts of the path that are more than any text.
    parts: Vec<(&'static str, Value)>,
    parameters: Vec<Value>,
    body: Option<Describe>,
    answers: Vec<Answer>,
    failures: BTreeSet<u16>,
}

struct Answer {
    status: u16,
    body: Body,
    headers: Vec<&'static str>,
}

enum Body {
    None,
    Json(Describe),
    /// As it is, whatever its family does.
    Bare(Describe),
    Events,
}

fn describe<T: JsonSchema>(generator: &mut SchemaGenerator) -> schemars::Schema {
    generator.subschema_for::<T>()
}

impl Operation {
    /// With a sentence that says what it does.
    pub(crate) fn new(summary: &'static str) -> Self {
        // Of every request: one that is malformed or comes by a proxy, a body over the limit, a mistake of ours.
        let failures = BTreeSet::from([400, 403, 413, 500]);
        Self {
            summary,
            credential: Credential::None,
            of_context: false,
            parts: Vec::new(),
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            failures,
        }
    }

    /// For whoever has a token; in dev mode for anybody.
    pub(crate) fn asker(self) -> Self {
        self.of(Credential::Asker)
    }

    /// For whoever has a token.
    pub(crate) fn token(self) -> Self {
        self.of(Credential::Token)
    }

    /// For SDK clients.
    pub(crate) fn sdk_key(self) -> Self {
        self.of(Credential::SdkKey).fails([429])
    }

    /// For OpenFeature clients.
    pub(crate) fn ofrep_key(self) -> Self {
        self.of(Credential::OfrepKey).fails([429])
    }

    fn of(self, credential: Credential) -> Self {
        Self { credential, ..self }.fails([401])
    }

    /// It asks for somebody: headers and the query can say for whom.
    pub(crate) fn context(self) -> Self {
        Self { of_context: true, ..self }
    }

    /// A part of the path that is more than any text.
    pub(crate) fn part(mut self, name: &'static str, schema: Value) -> Self {
        self.parts.push((name, schema));
        self
    }

    /// A parameter of the query.
    pub(crate) fn query(self, name: &str, schema: Value, about: &str) -> Self {
        self.parameter("query", name, schema, about, false)
    }

    /// A parameter of the query that has to be there.
    pub(crate) fn required(self, name: &str, schema: Value, about: &str) -> Self {
        self.parameter("query", name, schema, about, true)
    }

    /// The revision that the caller saw, in the query.
    pub(crate) fn seen(self) -> Self {
        self.required("revision", schemas::revision_in_query(), "The revision that the caller saw.")
    }

    /// The same, and the approvals that the change is made with.
    pub(crate) fn on_terms(self) -> Self {
        let approvals = json!({"type": "string"});
        self.seen().query("approval_id", approvals, "An approval's id; several have commas between them.").fails([422])
    }

    fn parameter(mut self, place: &str, name: &str, schema: Value, about: &str, required: bool) -> Self {
        self.parameters.push(parameter(place, name, schema, about, required));
        self
    }

    /// A body.
    pub(crate) fn body<T: JsonSchema>(self) -> Self {
        Self { body: Some(describe::<T>), ..self }.fails([415])
    }

    /// An answer; its family says what is round it.
    pub(crate) fn answers<T: JsonSchema>(self, status: u16) -> Self {
        self.answer(status, Body::Json(describe::<T>), &[])
    }

    /// An answer without anything round it.
    pub(crate) fn answers_bare<T: JsonSchema>(self, status: u16) -> Self {
        self.answer(status, Body::Bare(describe::<T>), &[])
    }

    /// An answer without a body.
    pub(crate) fn answers_nothing(self, status: u16) -> Self {
        self.answer(status, Body::None, &[])
    }

    /// Server-sent events.
    pub(crate) fn streams(self) -> Self {
        self.answer(200, Body::Events, &[])
            .parameter("header", "Last-Event-ID", json!({"type": "string"}), "The revision heard of last.", false)
            .fails([503])
    }

    /// An answer with a tag, which is not sent again to whoever has it.
    pub(crate) fn answers_tagged<T: JsonSchema>(self) -> Self {
        let about = "Tags of answers that the client has.";
        self.answer(200, Body::Json(describe::<T>), &["ETag"]).answer(304, Body::None, &["ETag"]).parameter(
            "header",
            "If-None-Match",
            json!({"type": "string"}),
            about,
            false,
        )
    }

    fn answer(mut self, status: u16, body: Body, headers: &[&'static str]) -> Self {
        self.answers.push(Answer { status, body, headers: headers.to_vec() });
        self
    }

    /// It can fail with these statuses too.
    pub(crate) fn fails<const N: usize>(mut self, statuses: [u16; N]) -> Self {
        self.failures.extend(statuses);
        self
    }

    /// It writes to the store: which may be away, or written to by somebody else.
    pub(crate) fn writes(self) -> Self {
        self.fails([409, 503])
    }

    /// As the document has it.
    pub(super) fn write(self, id: &str, path: &str, document: &mut Document) -> Value {
        let family = Family::of(path);
        let auth = document.auth;
        let of_path = path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| {
            let own = self.parts.iter().find(|(own, _)| *own == name).map(|(_, schema)| schema.clone());
            let schema = own.unwrap_or_else(|| json!({"type": "string", "minLength": 1}));
            parameter("path", name, schema, of_part(name), true)
        });
        let mut parameters: Vec<Value> = of_path.chain(self.parameters.iter().cloned()).collect();
        let mut failures = self.failures.clone();
        // Of a part that is no text, too.
        failures.extend(path.contains('{').then_some(404));
        if self.of_context {
            parameters.extend(Field::ALL.into_iter().flat_map(|field| of_context(field, auth)));
        }
        parameters.push(json!({"$ref": "#/components/parameters/X-Request-Id"}));
        let mut responses = Map::new();
        for answer in &self.answers {
            responses.insert(answer.status.to_string(), answer.write(family, document));
        }
        for status in &failures {
            let name = family.response(*status);
            responses.insert(status.to_string(), json!({"$ref": format!("#/components/responses/{name}")}));
        }
        let mut operation = json!({
            "operationId": id,
            "summary": self.summary,
            "tags": [family.tag()],
            "parameters": parameters,
            "responses": responses,
            "security": self.credential.security(auth),
        });
        if let Some(body) = self.body {
            let schema = body(&mut document.read);
            operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema}}});
        }
        operation
    }
}

impl Answer {
    fn write(&self, family: Family, document: &mut Document) -> Value {
        let (about, content) = match self.body {
            Body::None if self.status == 304 => ("The client has it already.", None),
            Body::None => ("It is done.", None),
            Body::Events => (
                "Server-sent events, until either side stops. Each says that another registry serves, and holds no answer.",
                Some(json!({"text/event-stream": {"schema": document.written::<schemas::OfrepEvent>()}})),
            ),
            Body::Json(describe) => {
                let data = describe(&mut document.written);
                ("Success.", Some(json!({"application/json": {"schema": family.success(document, &data)}})))
            }
            Body::Bare(describe) => {
                let schema = describe(&mut document.written);
                ("Success.", Some(json!({"application/json": {"schema": schema}})))
            }
        };
        let headers: Map<String, Value> = ["X-Request-Id", "Cache-Control"]
            .into_iter()
            .filter(|name| self.status != 204 || *name != "Cache-Control")
            .chain(self.headers.iter().copied())
            .map(|name| (name.to_owned(), header(name)))
            .collect();
        let mut response = json!({"description": about, "headers": headers});
        if let Some(content) = content {
            response["content"] = content;
        }
        response
    }
}
