//! `/openapi.json` names the addresses, methods and codes that there are, and no others. That answers are as it says,
//! `openapi/check.sh` sees to.

mod common;

use std::collections::BTreeSet;

use common::Server;
use serde_json::Value;
use stitch_server::config::Auth;
use stitch_server::error::Code;
use stitch_server::gate;
use stitch_server::source::Source;
use stitch_server::state::{AppState, Settings};

/// A server in that mode, and what it says of itself.
fn server(auth: Auth) -> (AppState, Server, Value) {
    let registry = Source::Embedded.load().unwrap();
    let settings = Settings { auth, ..Settings::default() };
    let state = AppState::new(settings, Source::Embedded, registry, gate::run().unwrap()).unwrap();
    let server = Server::of(state.clone());
    let document = server.get("/openapi.json");
    assert_eq!((document.status, document.header("cache-control")), (200, Some("public, max-age=300")));
    let document = document.json();
    (state, server, document)
}

/// Each method of each address of the document.
fn described(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let methods =
        paths.flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |method| (path, method)));
    methods.map(|(path, method)| (path.clone(), method.to_uppercase())).collect()
}

#[test]
fn what_answers_is_described_and_what_is_described_answers() {
    for auth in [Auth::Dev, Auth::Jwt] {
        let (state, server, document) = server(auth);
        let mut answering = BTreeSet::new();
        for route in state.metrics().routes() {
            let template = route.template().replace("{*", "{");
            // A method that no address has is told which ones it does have.
            let path: String = template
                .split('}')
                .map(|part| part.split_once('{').map_or(part.to_owned(), |(start, _)| format!("{start}x")))
                .collect();
            let answer = common::ask(server.address, "BREW", &path, &[], b"");
            match answer.header("allow") {
                Some(allow) => {
                    let methods = allow.split(',').filter(|method| *method != "HEAD");
                    answering.extend(methods.map(|method| (template.clone(), method.to_owned())));
                }
                None => assert!(["none", "/metrics"].contains(&route.template()), "{template} {answer:?}"),
            }
        }
        let described = described(&document);
        assert!(answering.len() > 50);
        let missing: Vec<_> = answering.difference(&described).collect();
        let made_up: Vec<_> = described.difference(&answering).collect();
        assert!(missing.is_empty() && made_up.is_empty(), "not described: {missing:?}; not there: {made_up:?}");
    }
}

#[test]
fn every_code_is_there_with_its_status_in_every_family() {
    let (.., document) = server(Auth::Dev);
    let components = &document["components"];
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(components["schemas"]["Code"]["enum"], serde_json::json!(codes));
    for code in Code::ALL {
        let status = code.status().as_u16();
        for family in ["api", "v1", "ofrep"] {
            assert!(components["responses"][format!("{family}.{status}")].is_object(), "{family} {status}");
        }
        let failure = &components["responses"][format!("v1.{status}")]["content"]["application/json"]["schema"];
        let words = failure["allOf"][1]["properties"]["code"]["enum"].as_array().unwrap();
        assert!(words.contains(&code.as_str().into()), "{} {failure}", code.as_str());
    }
}

#[test]
fn what_it_refers_to_is_there_and_operations_have_names_of_their_own() {
    for auth in [Auth::Dev, Auth::Jwt] {
        let (.., document) = server(auth);
        let mut found = 0;
        visit(&document, &mut |value| {
            let Some(pointer) = value.get("$ref").and_then(Value::as_str) else { return };
            let target = pointer.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
            assert!(target.is_some(), "{pointer}");
            found += 1;
        });
        assert!(found > 100);
        let mut ids = Vec::new();
        visit(&document["paths"], &mut |value| ids.extend(value.get("operationId").cloned().map(|id| id.to_string())));
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        assert_eq!(ids.len(), described(&document).len());
    }
}

#[test]
fn what_proves_who_asks_depends_on_the_mode() {
    let security = |document: &Value, path: &str| document["paths"][path]["get"]["security"].to_string();
    let (.., dev) = server(Auth::Dev);
    let (.., jwt) = server(Auth::Jwt);
    assert_eq!(security(&dev, "/api/flags/eval"), r#"[{},{"devContext":[]},{"token":[]}]"#);
    assert_eq!(security(&jwt, "/api/flags/eval"), r#"[{"token":[]}]"#);
    for document in [&dev, &jwt] {
        assert_eq!(security(document, "/v1/flags"), r#"[{"token":[]}]"#);
        assert_eq!(security(document, "/healthz"), "[]");
    }
    assert!(jwt["components"]["securitySchemes"]["devContext"].is_null());
}

fn visit(value: &Value, look: &mut impl FnMut(&Value)) {
    look(value);
    match value {
        Value::Object(members) => members.values().for_each(|member| visit(member, look)),
        Value::Array(items) => items.iter().for_each(|item| visit(item, look)),
        _ => {}
    }
}
