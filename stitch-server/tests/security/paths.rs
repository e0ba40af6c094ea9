//! Addresses spelled otherwise: no spelling opens what its plain form does not.

use crate::House;
use crate::common::ask;
use crate::tour::{Call, Site, Texts, Who, filled, routes, stops};

/// What asks for no credential, or for none but a password.
const OPEN: [&str; 6] =
    ["/healthz", "/readyz", "/openapi.json", "/api/flags/health", "/.well-known/jwks.json", "/v1/auth/login"];

/// A path (without its query) in every spelling that some server or other takes for the plain one.
fn spellings(path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let joined = |between: &str| format!("/{}", parts.join(between));
    let (last, before) = parts.split_last().unwrap();
    let before = before.iter().fold(String::new(), |path, part| path + "/" + part);
    let mut all = vec![
        path.to_owned(),
        joined("//"),
        joined("/./"),
        joined("/%2e/"),
        joined("/x/../"),
        joined("/x/%2e%2e/"),
        joined("/x/%2E%2E/"),
        joined("/x/.%2e/"),
        joined("/x/%252e%252e/"),
        joined("/x/%c0%ae%c0%ae/"),
        joined("/x/..%2f"),
        joined("/x/..%5c"),
        joined("/x/..;/"),
        joined("/x/..\\"),
        joined("%2f"),
        joined("%2F"),
        joined("%252f"),
        joined("%5c"),
        joined("\\"),
        joined("/%00"),
        joined("%00/"),
        joined("/%20"),
        joined(";a=b/"),
    ];
    for (start, end) in [
        ("/", ""),
        ("/.", ""),
        ("/%2e", ""),
        ("/%2f", ""),
        ("%2f", ""),
        ("/%00", ""),
        ("/;", ""),
        ("/..", ""),
        ("/healthz/..", ""),
        ("/healthz/..;", ""),
        ("/healthz/%2e%2e", ""),
        ("/healthz%2f..", ""),
        ("/healthz/..%2f", ""),
        ("/healthz?", ""),
        ("/healthz%3f", ""),
        ("/healthz%00", ""),
        ("/.well-known/..", ""),
        ("/.well-known/jwks.json/../..", ""),
        ("/api/flags/health/../../..", ""),
        ("/api/flags/health/%2e%2e/%2e%2e/%2e%2e", ""),
        ("/v1/auth/login/../../..", ""),
        ("http://localhost", ""),
        ("http://localhost/", ""),
        ("http://localhost:80/healthz/..", ""),
        ("", "/"),
        ("", "//"),
        ("", "/."),
        ("", "/./"),
        ("", "/.."),
        ("", "/../"),
        ("", "/%2e%2e"),
        ("", "%2f"),
        ("", "%00"),
        ("", "%00.json"),
        ("", ".json"),
        ("", "%20"),
        ("", "%09"),
        ("", "%0d%0a"),
        ("", ";"),
        ("", ";.json"),
        ("", "%3b"),
        ("", "%3f"),
        ("", "%23"),
        ("", "?"),
        ("", "??"),
        ("", "#"),
        ("", "/../healthz"),
        ("", "/%2e%2e/healthz"),
        ("", "%2f..%2fhealthz"),
    ] {
        all.push(format!("{start}{path}{end}"));
    }
    all.push(path.to_uppercase());
    // The last part with its letters as numbers.
    let coded: Vec<String> = last.bytes().map(|byte| format!("{byte:02x}")).collect();
    all.push(format!("{before}/%{}", coded.join("%")));
    all.push(format!("{before}/%25{}", coded.join("%25")));
    all
}

#[test]
fn no_spelling_of_a_path_opens_it_without_a_credential() {
    let house = House::jwt();
    let site = Site::of(&house);
    let there = routes(&house);
    let calls: Vec<_> =
        stops().into_iter().map(|stop| (stop.method, stop.route, (stop.call)(&site, &Texts::usual()))).collect();
    let before = house.state.load().model.head.clone();
    let (mut guarded, mut asked) = (0, 0);
    for (method, route) in there.iter().filter(|(_, route)| !OPEN.contains(route)) {
        // Where the tour goes, so that what is there would be found.
        let (_, _, call) = calls.iter().find(|(other, of, _)| other == method && of == route).unwrap();
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let send = |spelling: &str, headers: &[(&'static str, &str)]| {
            let mut call = Call {
                who: Who::Nobody,
                path: spelling.to_owned(),
                headers: Vec::new(),
                body: call.body.clone(),
                kept: None,
            };
            call.headers.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
            site.send(method, &call)
        };
        assert_eq!(send(&call.path, &[]).status, 401, "{method} {path}");
        guarded += 1;
        for spelling in spellings(path) {
            let query =
                if query.is_empty() || spelling.contains(['?', '#']) { String::new() } else { format!("?{query}") };
            let answer = send(&format!("{spelling}{query}"), &[]);
            let open = spelling.starts_with("/healthz?");
            // What a spelling makes another address of is answered as that one is: not with anything of this one.
            assert!(open || [400, 401, 403, 404, 405].contains(&answer.status), "{method} {spelling} {answer:?}");
            assert!(!open || answer.status == 405 || answer.text().contains(r#""data":{"status":"ok"}"#), "{answer:?}");
            asked += 1;
        }
        for (name, value) in [
            ("X-Original-URL", "/healthz"),
            ("X-Rewrite-URL", "/healthz"),
            ("X-HTTP-Method-Override", "GET"),
            ("X-Method-Override", "OPTIONS"),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-User", "admin@example.com"),
            ("X-Remote-User", "admin@example.com"),
            ("Forwarded", "for=127.0.0.1"),
            ("Cookie", "token=x"),
            ("Upgrade", "h2c"),
        ] {
            assert_eq!(send(&call.path, &[(name, value)]).status, 401, "{method} {path} {name}");
        }
    }
    assert!(guarded > 45 && asked > 3_000, "{guarded} {asked}");
    assert_eq!(house.state.load().model.head, before, "nothing was written, no denial either");
    for (method, route) in there.iter().filter(|(_, route)| OPEN.contains(route)) {
        let status = ask(site.address, method, &filled(route, "x"), &[], b"").status;
        assert!([200, 415].contains(&status), "{method} {route} {status}");
    }
}

#[test]
fn no_spelling_of_an_environment_opens_another_one() {
    let house = House::jwt();
    let (key, _) = house.key("dev");
    let body = r#"{"flag_key": "flags.registry_v1", "context_key": "U-1"}"#;
    let evaluate = |env: &str| {
        let path = format!("/v1/environments/{env}/evaluate");
        house.server.post_with(&path, &[("x-sdk-key", &key)], body).status
    };
    assert_eq!((evaluate("dev"), evaluate("%64e%76")), (200, 200));
    for env in [
        "prod",
        "%70rod",
        "PROD",
        "prod%00",
        "prod%20",
        "dev%2f..%2fprod",
        "dev/../prod",
        "prod/../dev/../prod",
        "dev%00prod",
        "dev,prod",
        "dev;prod",
        "prod;dev",
        "*",
        "%2a",
        "",
        "dev%20",
        "DEV",
        "dev%00",
        "dev%2f",
        "null",
    ] {
        let status = evaluate(env);
        assert!([401, 403, 404].contains(&status), "{env} {status}");
    }
    let operator = house.token(crate::OPERATOR);
    for env in ["prod", "%70rod", "dev%2f..%2fprod", "dev%00", "DEV", "*", "dev%20"] {
        let answer = house.ask_as(&operator, "GET", &format!("/v1/environments/{env}/flags"), "");
        assert_eq!(answer.status, 403, "{env}");
    }
    assert_eq!(house.ask_as(&operator, "GET", "/v1/environments/dev/flags", "").status, 200);
}
