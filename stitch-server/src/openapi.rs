//! What `/openapi.json` says: `OpenAPI` 3.1, made from the map of addresses and the types that are read and written.
//!
//! | module | what |
//! |---|---|
//! | [`operation`] | how an operation is described |
//! | [`about`] | the description of each: what it reads and answers, and how it can fail |
//! | `parts` | credentials, headers and parameters that operations have in common |
//! | `failures` | the answers that say what went wrong, by family and status |
//! | `schemas` | what no type of this crate says: definitions, contexts, what the core writes |
//!
//! The description of an operation stands beside its handler in the map of addresses: without one it cannot be there.

#![expect(clippy::doc_markdown, reason = "OpenFeature is a name, not code")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::Bytes;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::config::Auth;
use crate::request::Family;
use crate::router::{self, Described};
use crate::wire;

pub(crate) mod about;
mod failures;
pub(crate) mod operation;
mod parts;
pub(crate) mod schemas;

pub(crate) use operation::Operation;

/// How a type's schema is made.
type Describe = fn(&mut SchemaGenerator) -> Schema;

/// The document of a server in that mode.
pub(crate) fn document(auth: Auth) -> Bytes {
    static DEV: LazyLock<Bytes> = LazyLock::new(|| made(Auth::Dev));
    static JWT: LazyLock<Bytes> = LazyLock::new(|| made(Auth::Jwt));
    match auth {
        Auth::Dev => DEV.clone(),
        Auth::Jwt => JWT.clone(),
    }
}

fn made(auth: Auth) -> Bytes {
    let mut document = Document::new(auth);
    for (template, methods) in router::addresses() {
        document.address(template, methods.described());
    }
    document.finish().to_string().into()
}

/// The document while it is written.
pub(crate) struct Document {
    auth: Auth,
    paths: BTreeMap<String, Map<String, Value>>,
    /// What is read, and what is written: a member that is left out has another meaning in each.
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Document {
    fn new(auth: Auth) -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        let read = settings.clone().for_deserialize().into_generator();
        let written = settings.for_serialize().into_generator();
        Self { auth, paths: BTreeMap::new(), read, written }
    }

    /// Describes an address.
    fn address(&mut self, template: &str, methods: &[Described]) {
        // The rest of a path is one parameter to `OpenAPI`.
        let path = template.replace("{*", "{");
        for Described { method, id, about } in methods {
            let operation = about().write(id, &path, self);
            self.paths.entry(path.clone()).or_default().insert((*method).to_owned(), operation);
        }
    }

    /// The schema of what is written.
    fn written<T: JsonSchema>(&mut self) -> Schema {
        self.written.subschema_for::<T>()
    }

    fn finish(mut self) -> Value {
        let responses = failures::responses(&mut self);
        let mut schemas = self.read.take_definitions(true);
        for (name, schema) in self.written.take_definitions(true) {
            let same = schemas.get(&name).is_none_or(|read| *read == schema);
            assert!(same, "`{name}` is read otherwise than it is written: give one of them another name");
            schemas.insert(name, schema);
        }
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": wire::NAME,
                "version": wire::VERSION,
                "summary": "Feature flags: is it on for this user, and which variant do they get?",
                "description": INTRODUCTION,
                "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
            },
            "tags": Family::ALL.map(|family| json!({"name": family.tag(), "description": family.about()})),
            "paths": self.paths,
            "components": {
                "schemas": schemas,
                "responses": responses,
                "parameters": parts::parameters(),
                "headers": parts::headers(),
                "securitySchemes": parts::security_schemes(self.auth),
            },
        })
    }
}

const INTRODUCTION: &str = "Service contract, version 1. Every answer has an `X-Request-Id`, and every failure a code \
    for programs. A body is JSON, read strictly: a key that is there twice is refused, and nearly everywhere one that \
    means nothing is. `null` is absent.";
