//! Jwt mode: a token says who asks, and nothing else does.

use serde_json::{Value, json};
use stitch_server::config::Auth;
use stitch_server::state::Settings;

use crate::forge;
use crate::issuer::Issuer;
use crate::{ADMIN, BATCH, EVAL, GUEST, House, OPERATOR, VIEWER};

#[test]
fn without_a_token_everything_is_401_but_what_tells_nobodys_business() {
    let house = House::jwt();
    for path in [EVAL, &format!("{EVAL}&user=U-1"), "/api/flags/registry", "/api/flags/registry?summary=true"] {
        house.server.get(path).failure(401, "unauthorized");
    }
    house.server.get_with(EVAL, &[("X-PTT-User-Id", "U-1")]).failure(401, "unauthorized");
    house.server.post(BATCH, r#"{"context": {"user_id": "U-1"}}"#).failure(401, "unauthorized");
    for path in ["/healthz", "/readyz", "/api/flags/health"] {
        house.server.get(path).data();
    }
}

#[test]
fn identity_in_headers_or_query_is_ignored_with_a_warning() {
    let house = House::jwt();
    let token = format!("Bearer {}", house.token(GUEST));
    let ask = |path: &str, headers: &[(&str, &str)]| {
        house.server.get_with(path, &[&[("Authorization", token.as_str())], headers].concat())
    };
    let plain = ask(EVAL, &[]);
    assert_eq!(plain.data()["reason"], "stage_internal", "the token's tier is staff");
    assert_eq!(plain.json()["service"]["warnings"], json!([]));
    assert_eq!(plain.json()["service"]["auth_source"], "token");
    let spoofed: [(&str, &[(&str, &str)]); 8] = [
        (EVAL, &[("X-PTT-User-Id", "U-1")]),
        (EVAL, &[("X-PTT-Tier", "public")]),
        (EVAL, &[("X-PTT-Tenant-Id", "t")]),
        (EVAL, &[("X-PTT-Role-Key", "r")]),
        (EVAL, &[("X-PTT-Tier", "a"), ("X-PTT-Tier", "b")]),
        ("/api/flags/eval?key=flags.registry_v1&tier=public", &[]),
        ("/api/flags/eval?key=flags.registry_v1&user=U-1&tenant=t&role_key=r", &[]),
        (EVAL, &[("X-PTT-User-Id", "\u{ff}"), ("X-PTT-Tier", "public")]),
    ];
    for (path, headers) in spoofed {
        let answer = ask(path, headers);
        assert_eq!(answer.data(), plain.data(), "{path} {headers:?}");
        assert_eq!(answer.json()["service"]["warnings"], json!(["identity_ignored"]), "{path} {headers:?}");
        assert_eq!(answer.json()["service"]["auth_source"], "token");
    }
    let all = house.server.post_with(
        &format!("{BATCH}?tier=public"),
        &[("Authorization", &token), ("X-PTT-User-Id", "U-1")],
        r#"{"flags": ["flags.registry_v1"]}"#,
    );
    assert_eq!(all.data()["results"][0], plain.data());
    assert_eq!(all.json()["service"]["warnings"], json!(["identity_ignored"]));
}

#[test]
fn identity_overrides_approvals_and_now_in_a_body_or_an_item_are_403() {
    let house = House::jwt();
    let fields = [
        ("user_id", json!("U-1")),
        ("kind", json!("device")),
        ("tenant_id", json!("t")),
        ("tier", json!("staff")),
        ("role_key", json!("r")),
        ("overrides", json!({"user": {"flags.registry_v1": true}})),
        ("approvals", json!({"flags.registry_v1": "CAB-1"})),
        ("now", json!(0)),
    ];
    for (name, value) in fields {
        let mut context = json!({"env": "dev"});
        context[name] = value.clone();
        let body = json!({"context": context, "flags": ["flags.registry_v1"]});
        let error = house.ask(ADMIN, "POST", BATCH, &body.to_string()).failure(403, "forbidden");
        assert_eq!(error["details"][0]["pointer"], format!("/context/{name}"));
        let mut item = json!({"flag_key": "flags.registry_v1"});
        item[name] = value;
        let body = json!({"flags": ["flags.registry_v1", item]});
        let error = house.ask(ADMIN, "POST", BATCH, &body.to_string()).failure(403, "forbidden");
        assert_eq!(error["details"][0]["pointer"], format!("/flags/1/{name}"));
    }
}

#[test]
fn the_environment_and_the_attributes_still_come_from_the_request() {
    let house = House::jwt();
    let body = |context: Value| json!({"context": context, "flags": ["flags.registry_v1"], "trace": true}).to_string();
    let answer = house.ask(ADMIN, "POST", BATCH, &body(json!({"env": "prod", "attributes": {"country": "TH"}})));
    assert_eq!(answer.data()["count"], 1);
    house.ask(ADMIN, "POST", BATCH, &body(json!({"env": "nowhere"}))).failure(400, "invalid_request");
    house.ask(ADMIN, "GET", &format!("{EVAL}&env=nowhere"), "").failure(400, "invalid_request");
    let token = format!("Bearer {}", house.token(ADMIN));
    let with = |env: &str| house.server.get_with(EVAL, &[("Authorization", &token), ("X-PTT-Env", env)]);
    assert_eq!(with("prod").json()["service"]["warnings"], json!([]));
    with("nowhere").failure(400, "invalid_request");
}

#[test]
fn reading_the_registry_overrides_the_audit_log_and_traces_needs_flags_read() {
    let house = House::jwt();
    let trace = format!("{EVAL}&trace=true");
    let batch = r#"{"flags": ["flags.registry_v1"], "trace": true}"#;
    let overrides = "/api/flags/overrides/by-flag/flags.registry_v1";
    for path in ["/api/flags/registry", "/api/flags/registry?summary=true", overrides, "/api/flags/audit", &trace] {
        house.server.get(path).failure(401, "unauthorized");
        let error = house.ask(GUEST, "GET", path, "").failure(403, "forbidden");
        assert_eq!(error["message"], "insufficient permissions");
        house.ask(VIEWER, "GET", path, "").data();
    }
    house.ask(GUEST, "POST", BATCH, batch).failure(403, "forbidden");
    house.ask(GUEST, "POST", BATCH, r#"{"trace": true}"#).failure(403, "forbidden");
    house.ask(VIEWER, "POST", BATCH, batch).data();
    house.ask(GUEST, "GET", EVAL, "").data();
    // A role for one environment reads that one, and not the registry, in which all are.
    house.ask(OPERATOR, "GET", &format!("{trace}&env=dev"), "").data();
    house.ask(OPERATOR, "GET", &format!("{trace}&env=prod"), "").failure(403, "forbidden");
    house.ask(OPERATOR, "GET", "/api/flags/registry", "").failure(403, "forbidden");
    let mixed = r#"{"flags": [{"flag_key": "flags.registry_v1", "env": "dev"}, {"flag_key": "flags.registry_v1", "env": "prod"}], "trace": true}"#;
    house.ask(OPERATOR, "POST", BATCH, mixed).failure(403, "forbidden");
    house.ask(OPERATOR, "POST", BATCH, &mixed.replace("prod", "dev")).data();
    let answer = house.ask(VIEWER, "GET", "/api/flags/registry", "");
    assert_eq!(answer.header("vary"), Some("Authorization"));
}

#[test]
fn approvals_come_from_the_token() {
    let ec = forge::ec();
    let issuer = Issuer::start(&[("k", &ec)]);
    let settings = Settings { auth: Auth::Jwt, issuers: vec![issuer.trusted()], ..Settings::default() };
    let house = House::with(settings);
    // A flag of the embedded registry that asks for an approval.
    let registry = house.ask(VIEWER, "GET", "/api/flags/registry", "").data();
    let asks = |flag: &&Value| flag["requires_approval"] == true && flag.get("approval_ref").is_none_or(Value::is_null);
    let flag = registry["flags"].as_array().unwrap().iter().find(asks).expect("one that asks")["key"].clone();
    let path = format!("/api/flags/eval?key={}&env=prod", flag.as_str().unwrap());
    let reason = |claims: &Value| house.ask_as(&ec.token_of("k", claims), "GET", &path, "").data()["reason"].clone();
    let mut claims = issuer.claims("ann");
    let without = reason(&claims);
    claims["approvals"] = json!({flag.as_str().unwrap(): "CAB-1"});
    assert_eq!(without, "approval_missing");
    assert_ne!(reason(&claims), "approval_missing");
}

#[test]
fn other_names_and_proxies_are_no_reason_to_refuse() {
    let house = House::jwt();
    let token = format!("Bearer {}", house.token(GUEST));
    let headers = [("Authorization", token.as_str()), ("Host", "flags.example.com"), ("X-Forwarded-For", "192.0.2.1")];
    house.server.get_with(EVAL, &headers).data();
}

#[test]
fn cors_is_off_by_default_and_never_with_credentials() {
    let origin = [("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "GET")];
    let house = House::jwt();
    for path in [EVAL, "/api/flags/health", "/v1/users", "/v1/auth/login", "/.well-known/jwks.json", crate::OFREP] {
        for method in ["GET", "POST", "OPTIONS"] {
            let answer = crate::common::ask(house.server.address, method, path, &origin, b"");
            assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control-")), "{path} {method}");
        }
    }
    let origins = vec!["https://app.example.com".parse().unwrap()];
    let house = House::with(Settings { auth: Auth::Jwt, cors_origins: origins, ..Settings::default() });
    let token = format!("Bearer {}", house.token(GUEST));
    let answer = house.server.get_with(EVAL, &[origin[0], ("Authorization", &token)]);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    for path in ["/v1/users", "/v1/auth/login", "/api/flags/registry"] {
        let answer = house.server.get_with(path, &[origin[0]]);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}

#[test]
fn the_health_says_why_to_those_alone_who_may_read_definitions() {
    use crate::common::scratch;
    use stitch_server::source::Source;
    let file = scratch("health").join("registry-of-secrets.json");
    // Something to warn of: nothing uses the segment.
    let text = r#"{"schema_version": "1.0", "flags": [], "segments": [{"key": "secret-plan", "included": []}]}"#;
    std::fs::write(&file, text).unwrap();
    let house = House::of(Settings { auth: Auth::Jwt, ..Settings::default() }, Source::File(file.clone()));
    let told = |email: Option<&str>| {
        let answer = match email {
            None => house.server.get("/api/flags/health"),
            Some(email) => house.ask(email, "GET", "/api/flags/health", ""),
        };
        (answer.data(), answer.text().contains("secret"))
    };
    let (all, secret) = told(Some(VIEWER));
    assert!(secret && all["diagnostics"].as_array().is_some_and(|list| !list.is_empty()), "{all}");
    for email in [None, Some(GUEST), Some(OPERATOR)] {
        let (health, secret) = told(email);
        assert!(!secret, "{health}");
        assert_eq!((&health["status"], &health["registry"]["counts"]), (&json!("ready"), &all["registry"]["counts"]));
    }
    std::fs::write(&file, r#"{"schema_version": "1.0", "flags": [{"key": "secret-plan"}]}"#).unwrap();
    crate::common::until(crate::common::PATIENCE, || (told(None).0["status"] == "degraded").then_some(()));
    let (health, secret) = told(None);
    assert!(!secret && health["refused"]["message"].is_string(), "{health}");
    assert!(told(Some(ADMIN)).1);
    let wrong = house.server.get_with("/api/flags/health", &[("Authorization", "Bearer x")]);
    wrong.failure(401, "unauthorized");
}
