//! Outside identity providers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stitch_server::auth::issuers::{Roles, Trusted};
use stitch_server::caller::{Grant, Role};
use stitch_server::config::Auth;
use stitch_server::state::Settings;

use crate::common::until;
use crate::forge::{self, Signer};
use crate::issuer::Issuer;
use crate::{EVAL, House, refused};

fn house(trusted: Vec<Trusted>) -> House {
    House::with(Settings { auth: Auth::Jwt, issuers: trusted, ..Settings::default() })
}

fn status(house: &House, token: &str) -> u16 {
    house.ask_as(token, "GET", EVAL, "").status
}

#[track_caller]
fn is_refused(house: &House, token: &str, why: &str) {
    let error = house.ask_as(token, "GET", EVAL, "").failure(401, "unauthorized");
    assert!(error["message"].as_str().unwrap().contains(why), "{error}");
}

#[test]
fn tokens_of_both_algorithms_say_who_asks() {
    let (ec, rsa) = (forge::ec(), forge::rsa());
    let issuer = Issuer::start(&[("e", &ec), ("r", &rsa)]);
    let house = house(vec![issuer.trusted()]);
    for (kid, signer) in [("e", &ec), ("r", &rsa)] {
        let answer = house.ask_as(&signer.token_of(kid, &issuer.claims("ann")), "GET", EVAL, "");
        assert_eq!(answer.data()["reason"], "stage_internal", "the tier is the token's");
        assert_eq!(answer.json()["service"]["auth_source"], "token");
    }
    assert_eq!(issuer.asked(), 1, "both keys came at once");
    let mut claims = issuer.claims("ann");
    claims["aud"] = json!(["others", "stitch-test"]);
    assert_eq!(status(&house, &ec.token_of("e", &claims)), 200, "one audience of several");
}

#[test]
fn no_other_algorithm_is_taken() {
    let (ec, rsa) = (forge::ec(), forge::rsa());
    let issuer = Issuer::start(&[("e", &ec), ("r", &rsa)]);
    let house = house(vec![issuer.trusted()]);
    let claims = issuer.claims("ann");
    for algorithm in ["none", "HS256", "HS512", "RS384", "RS512", "PS256", "ES384", "EdDSA", "es256"] {
        for (kid, signer) in [("e", &ec), ("r", &rsa)] {
            is_refused(&house, &signer.token(&json!({"alg": algorithm, "kid": kid}), &claims), "RS256");
        }
        is_refused(&house, &Signer::None.token(&json!({"alg": algorithm, "kid": "r"}), &claims), "RS256");
    }
    for (kid, signer) in [("e", &ec), ("r", &rsa)] {
        let public = signer.jwk(kid).to_string().into_bytes();
        is_refused(&house, &Signer::Hmac(public).token_of(kid, &claims), "RS256");
    }
    assert_eq!(issuer.asked(), 0, "what is signed otherwise is not looked up");
    // Each key is for one algorithm, whatever the token says.
    is_refused(&house, &rsa.token(&json!({"alg": "ES256", "kid": "r"}), &claims), "RS256");
    is_refused(&house, &ec.token(&json!({"alg": "RS256", "kid": "e"}), &claims), "RS256");
}

#[test]
fn wrong_issuer_wrong_audience_expired_and_not_yet_valid_are_refused_with_a_minute_of_leeway() {
    let ec = forge::ec();
    let issuer = Issuer::start(&[("k", &ec)]);
    let house = house(vec![issuer.trusted()]);
    let now = crate::now() / 1_000;
    let with = |name: &str, value: Value| {
        let mut claims = issuer.claims("ann");
        claims[name] = value;
        ec.token_of("k", &claims)
    };
    assert_eq!(status(&house, &with("exp", (now - 30).into())), 200);
    assert_eq!(status(&house, &with("nbf", (now + 30).into())), 200);
    is_refused(&house, &with("exp", (now - 90).into()), "expired");
    is_refused(&house, &with("nbf", (now + 90).into()), "not valid yet");
    is_refused(&house, &with("nbf", "soon".into()), "the token is not valid");
    is_refused(&house, &with("iss", "https://id.example.com".into()), "issuer is not trusted");
    is_refused(&house, &with("iss", json!([issuer.name()])), "names no issuer");
    is_refused(&house, &with("aud", "others".into()), "meant for others");
    for claim in ["iss", "aud", "exp", "sub", "tenant_id", "tier", "role_key"] {
        let mut claims = issuer.claims("ann");
        claims.as_object_mut().unwrap().remove(claim);
        is_refused(&house, &ec.token_of("k", &claims), "the token is not valid");
    }
    for (claim, value) in [("sub", json!(7)), ("tier", Value::Null), ("tenant_id", json!(7)), ("approvals", json!([]))]
    {
        is_refused(&house, &with(claim, value), claim);
    }
}

#[test]
fn a_token_does_not_say_where_its_key_is() {
    let (ec, thief) = (forge::ec(), forge::ec());
    let (issuer, other) = (Issuer::start(&[("k", &ec)]), Issuer::start(&[("k", &thief)]));
    let house = house(vec![issuer.trusted()]);
    let address = format!("http://{}/keys", other.address);
    for (name, value) in [("jku", json!(address)), ("x5u", json!(address)), ("jwk", thief.jwk("k"))] {
        let mut header = json!({"alg": "ES256", "kid": "k"});
        header[name] = value;
        is_refused(&house, &thief.token(&header, &issuer.claims("ann")), "signature");
    }
    assert_eq!(other.asked(), 0);
}

#[test]
fn keys_are_bound_to_their_issuer() {
    let (one, two) = (forge::ec(), forge::ec());
    let (first, second) = (Issuer::start(&[("one", &one)]), Issuer::start(&[("two", &two)]));
    let house = house(vec![first.trusted(), second.trusted()]);
    assert_eq!(status(&house, &one.token_of("one", &first.claims("ann"))), 200);
    assert_eq!(status(&house, &two.token_of("two", &second.claims("ann"))), 200);
    is_refused(&house, &two.token_of("two", &first.claims("ann")), "not known to have");
    is_refused(&house, &two.token_of("one", &first.claims("ann")), "signature");
    // Nor do an outsider's keys sign our own tokens.
    let mut claims = crate::forge::parts(&house.token(crate::ADMIN)).1;
    claims["aud"] = "stitch".into();
    is_refused(&house, &one.token_of("one", &claims), "key that is not known");
}

#[test]
fn an_unknown_kid_asks_again_once_for_all_and_then_not_for_a_while() {
    let (ec, later) = (forge::ec(), forge::ec());
    let issuer = Issuer::start(&[("k", &ec)]);
    issuer.answer(|reply| reply.after = Duration::from_millis(200));
    let house = house(vec![issuer.trusted()]);
    let token = ec.token_of("k", &issuer.claims("ann"));
    std::thread::scope(|scope| {
        let asks: Vec<_> = (0..10).map(|_| scope.spawn(|| status(&house, &token))).collect();
        for ask in asks {
            assert_eq!(ask.join().unwrap(), 200);
        }
    });
    assert_eq!(issuer.asked(), 1, "ten at once, one flight");
    issuer.publish(&[("k", &ec), ("later", &later)]);
    for _ in 0..5 {
        is_refused(&house, &later.token_of("later", &issuer.claims("ann")), "not known to have");
    }
    assert_eq!(issuer.asked(), 1, "within 30 s of the last time nobody asks");
    assert_eq!(status(&house, &token), 200);
}

#[test]
fn keys_overlap_while_they_rotate() {
    let (old, new) = (forge::ec(), forge::rsa());
    let issuer = Issuer::start(&[("old", &old)]);
    let trusted = Trusted { refetch_after: Duration::from_millis(100), ..issuer.trusted() };
    let house = house(vec![trusted]);
    let with_old = old.token_of("old", &issuer.claims("ann"));
    let with_new = new.token_of("new", &issuer.claims("ann"));
    assert_eq!((status(&house, &with_old), status(&house, &with_new)), (200, 401));
    issuer.publish(&[("old", &old), ("new", &new)]);
    until(Duration::from_secs(5), || (status(&house, &with_new) == 200).then_some(()));
    assert_eq!(status(&house, &with_old), 200, "both count");
    issuer.publish(&[("new", &new)]);
    std::thread::sleep(Duration::from_millis(150));
    let unknown = old.token_of("another", &issuer.claims("ann"));
    assert_eq!(status(&house, &unknown), 401);
    assert_eq!((status(&house, &with_old), status(&house, &with_new)), (401, 200), "the old one was withdrawn");
}

#[test]
fn an_issuer_that_is_away_is_401_unless_its_key_is_known() {
    let ec = forge::ec();
    let issuer = Issuer::start(&[("k", &ec)]);
    issuer.answer(|reply| reply.status = "503 Service Unavailable");
    let trusted = Trusted { refetch_after: Duration::from_millis(50), ..issuer.trusted() };
    let house = house(vec![trusted]);
    let token = ec.token_of("k", &issuer.claims("ann"));
    is_refused(&house, &token, "not known to have");
    issuer.answer(|reply| reply.status = "200 OK");
    until(Duration::from_secs(5), || (status(&house, &token) == 200).then_some(()));
    issuer.answer(|reply| reply.status = "503 Service Unavailable");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(status(&house, &ec.token_of("another", &issuer.claims("ann"))), 401);
    assert_eq!(status(&house, &token), 200, "a known key counts while its issuer is away");
    // Nobody listens at all.
    let gone = Trusted { jwks: "http://127.0.0.1:9/keys".to_owned(), ..issuer.trusted() };
    let house = self::house(vec![gone]);
    is_refused(&house, &token, "not known to have");
}

#[test]
fn redirects_slowness_and_size_are_not_followed_waited_for_or_read() {
    let ec = forge::ec();
    let (issuer, elsewhere) = (Issuer::start(&[("k", &ec)]), Issuer::start(&[("k", &ec)]));
    let token = ec.token_of("k", &issuer.claims("ann"));
    issuer.answer(|reply| {
        reply.status = "302 Found";
        reply.headers = format!("Location: http://{}/keys\r\n", elsewhere.address);
    });
    is_refused(&house(vec![issuer.trusted()]), &token, "not known to have");
    assert_eq!((issuer.asked(), elsewhere.asked()), (1, 0));

    let large = json!({"keys": [ec.jwk("k")], "padding": "x".repeat(300 << 10)}).to_string();
    issuer.answer(|reply| {
        (reply.status, reply.headers) = ("200 OK", String::new());
        reply.body = large.into_bytes();
    });
    is_refused(&house(vec![issuer.trusted()]), &token, "not known to have");

    issuer.publish(&[("k", &ec)]);
    issuer.answer(|reply| reply.after = Duration::from_secs(6));
    let slow = house(vec![issuer.trusted()]);
    let started = Instant::now();
    is_refused(&slow, &token, "not known to have");
    let waited = started.elapsed();
    assert!(waited > Duration::from_millis(2_500) && waited < Duration::from_millis(5_500), "{waited:?}");
    issuer.answer(|reply| reply.after = Duration::ZERO);
    assert_eq!(status(&house(vec![issuer.trusted()]), &token), 200, "nothing else was wrong");
}

#[test]
fn roles_count_only_through_the_mapping_and_names_as_configured() {
    let ec = forge::ec();
    let issuer = Issuer::start(&[("k", &ec)]);
    let plain = house(vec![issuer.trusted()]);
    let mut claims = issuer.claims("ann");
    claims["groups"] = json!(["admins", "readers"]);
    claims["role"] = "admin".into();
    claims["role_key"] = "admin".into();
    let token = ec.token_of("k", &claims);
    let error = refused(&plain.ask_as(&token, "GET", "/v1/users", ""), 403, "forbidden");
    assert_eq!(error["error"], "insufficient permissions");
    plain.ask_as(&token, "GET", "/api/flags/registry", "").failure(403, "forbidden");

    let grants = [
        ("admins".to_owned(), vec![Grant { role: Role::Admin, env: None }]),
        ("readers".to_owned(), vec![Grant { role: Role::Viewer, env: None }]),
    ];
    let roles = Roles { claim: "groups".to_owned(), grants: grants.into_iter().collect() };
    let claims_of: Value = json!({"tier": "plan", "sub": "uid"});
    let mapped = house(vec![Trusted {
        roles: Some(roles),
        claims: serde_json::from_value(claims_of).unwrap(),
        ..issuer.trusted()
    }]);
    is_refused(&mapped, &token, "`uid`");
    claims["uid"] = "ann".into();
    claims["plan"] = "staff".into();
    claims["tier"] = "public".into();
    let token = ec.token_of("k", &claims);
    assert_eq!(mapped.ask_as(&token, "GET", "/v1/users", "").status, 200);
    assert_eq!(mapped.ask_as(&token, "GET", EVAL, "").data()["reason"], "stage_internal", "the plan is the tier");
    claims["groups"] = "readers".into();
    let reader = ec.token_of("k", &claims);
    refused(&mapped.ask_as(&reader, "POST", "/v1/keys", r#"{"env": "dev", "name": "x"}"#), 403, "forbidden");
    mapped.ask_as(&reader, "GET", "/api/flags/registry", "").data();
    // In the audit log nobody outside has the name of somebody here.
    let actors: Vec<Value> = mapped.audit().into_iter().map(|row| row["actor"].clone()).collect();
    assert_eq!(actors.last().unwrap(), &json!(format!("ann of {}", issuer.name())));
}
