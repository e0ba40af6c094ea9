//! Our own tokens, and what is made to look like them.

use serde_json::{Value, json};
use stitch_server::audit::Action;
use stitch_server::caller::Caller;

use crate::forge::{self, Signer, parts};
use crate::{ADMIN, GUEST, House, VIEWER, now, refused};

const USERS: &str = "/v1/users";

fn jwks(house: &House) -> Value {
    let answer = house.server.get("/.well-known/jwks.json");
    assert_eq!(answer.status, 200);
    answer.json()
}

#[track_caller]
fn is_refused(house: &House, token: &str, why: &str) {
    let error = refused(&house.ask_as(token, "GET", USERS, ""), 401, "unauthorized");
    assert!(error["error"].as_str().unwrap().contains(why), "{error}");
}

/// The key that signs, as only the store has it.
fn own_signer(house: &House) -> (String, Signer) {
    use base64::Engine as _;
    let served = house.state.load();
    let (kid, key) = served.model.signing_keys.iter().next().unwrap();
    let pkcs8 = base64::engine::general_purpose::STANDARD.decode(&key.body.private_pkcs8).unwrap();
    (kid.clone(), forge::ec_of(&pkcs8))
}

#[test]
fn a_token_opens_what_its_user_may() {
    let house = House::dev();
    assert_eq!(house.ask(ADMIN, "GET", USERS, "").status, 200);
    let error = refused(&house.ask(VIEWER, "GET", USERS, ""), 403, "forbidden");
    assert_eq!(error["error"], "insufficient permissions");
    let (header, claims) = parts(&house.token(ADMIN));
    assert_eq!(header["alg"], "ES256");
    for claim in ["sub", "tenant_id", "tier", "role_key", "exp", "iat", "iss", "aud"] {
        assert!(claims.get(claim).is_some(), "{claim}");
    }
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3_600);
    assert_eq!(jwks(&house)["keys"][0]["kid"], header["kid"]);
    assert!(jwks(&house)["keys"][0].get("d").is_none(), "the private half stays here");
}

#[test]
fn without_a_token_or_with_something_else_it_is_401() {
    let house = House::dev();
    refused(&house.server.get(USERS), 401, "unauthorized");
    for authorization in ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer a.b.c", "Bearer ..", "Token x", "Bearer é"] {
        refused(&house.server.get_with(USERS, &[("Authorization", authorization)]), 401, "unauthorized");
    }
    let (key, _) = house.key("dev");
    let bearer = format!("Bearer {}", house.token(ADMIN));
    for header in ["x-sdk-key", "x-api-key"] {
        refused(&house.server.get_with(USERS, &[(header, &key)]), 401, "unauthorized");
        refused(&house.server.get_with(USERS, &[("Authorization", &bearer), (header, &key)]), 401, "unauthorized");
    }
    let twice = [("Authorization", bearer.as_str()), ("Authorization", bearer.as_str())];
    refused(&house.server.get_with(USERS, &twice), 401, "unauthorized");
    refused(&house.ask_as(&key, "GET", USERS, ""), 401, "unauthorized");
    for path in ["/v1/keys", "/v1/keys/x", "/v1/users/x", "/v1/users"] {
        refused(&house.server.get(path), 401, "unauthorized");
    }
}

#[test]
fn the_algorithm_none_is_refused() {
    let house = House::dev();
    let (header, claims) = parts(&house.token(ADMIN));
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({"typ": "JWT", "alg": algorithm, "kid": header["kid"]});
        is_refused(&house, &Signer::None.token(&header, &claims), "the token is not valid");
    }
    let signed = house.token(ADMIN);
    let (message, _) = signed.rsplit_once('.').unwrap();
    is_refused(&house, &format!("{message}."), "the token is not valid");
}

#[test]
fn hmac_with_the_public_key_is_refused() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let house = House::dev();
    let (header, claims) = parts(&house.token(ADMIN));
    let jwk = jwks(&house)["keys"][0].clone();
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    for secret in [point.clone(), point[1..].to_vec(), jwk.to_string().into_bytes(), Vec::new()] {
        let header = json!({"typ": "JWT", "alg": "HS256", "kid": header["kid"]});
        is_refused(&house, &Signer::Hmac(secret).token(&header, &claims), "RS256");
    }
}

#[test]
fn what_was_changed_or_signed_by_others_is_refused() {
    let house = House::dev();
    let token = house.token(VIEWER);
    let (header, mut claims) = parts(&token);
    claims["sub"] = ADMIN.into();
    is_refused(&house, &forge::ec().token(&header, &claims), "signature");
    let (_, signature) = token.rsplit_once('.').unwrap();
    let changed = Signer::None.token(&header, &claims);
    is_refused(&house, &format!("{changed}{signature}"), "signature");
    // Where the key is, a token does not say.
    let (_, own) = parts(&house.token(ADMIN));
    let thief = forge::ec();
    for (name, value) in [
        ("jwk", thief.jwk("thief")),
        ("jku", "http://127.0.0.1:1/keys".into()),
        ("x5u", "http://127.0.0.1:1/cert".into()),
    ] {
        let mut header = header.clone();
        header[name] = value;
        is_refused(&house, &thief.token(&header, &own), "signature");
    }
    let mut critical = header.clone();
    critical["crit"] = json!(["b64"]);
    is_refused(&house, &own_signer(&house).1.token(&critical, &own), "crit");
}

#[test]
fn an_unknown_key_is_refused() {
    let house = House::dev();
    let (_, claims) = parts(&house.token(ADMIN));
    let signer = own_signer(&house).1;
    let unknown = signer.token(&json!({"alg": "ES256", "kid": "another"}), &claims);
    is_refused(&house, &unknown, "key that is not known");
    is_refused(&house, &signer.token(&json!({"alg": "ES256"}), &claims), "names no key");
    is_refused(&house, &signer.token(&json!({"alg": "ES256", "kid": ["a"]}), &claims), "the token is not valid");
}

#[test]
fn expired_not_yet_valid_of_others_for_others_and_incomplete_ones_are_refused() {
    let house = House::dev();
    is_refused(&house, &house.token_of(ADMIN, now() - 3_601_000), "expired");
    assert_eq!(house.ask_as(&house.token_of(ADMIN, now() - 3_500_000), "GET", USERS, "").status, 200);
    let (kid, signer) = own_signer(&house);
    let header = json!({"alg": "ES256", "kid": kid});
    let (_, sound) = parts(&house.token(ADMIN));
    let with = |name: &str, value: Value| {
        let mut claims = sound.clone();
        claims[name] = value;
        signer.token(&header, &claims)
    };
    assert_eq!(house.ask_as(&with("more", true.into()), "GET", USERS, "").status, 200, "made by hand, and sound");
    is_refused(&house, &with("nbf", (now() / 1_000 + 120).into()), "not valid yet");
    is_refused(&house, &with("iss", "urn:stitch:another".into()), "issuer is not trusted");
    is_refused(&house, &with("iss", json!([sound["iss"]])), "names no issuer");
    is_refused(&house, &with("aud", "others".into()), "meant for others");
    is_refused(&house, &with("exp", "soon".into()), "exp");
    is_refused(&house, &with("tier", Value::Null), "tier");
    is_refused(&house, &with("sub", "".into()), "sub");
    is_refused(&house, &with("sub", "nobody@example.com".into()), "removed or changed");
    is_refused(&house, &with("user_revision", Value::Null), "removed or changed");
    for claim in ["exp", "iss", "aud", "sub", "tenant_id", "tier", "role_key"] {
        let mut claims = sound.clone();
        claims.as_object_mut().unwrap().remove(claim);
        is_refused(&house, &signer.token(&header, &claims), "the token is not valid");
    }
}

#[test]
fn a_user_who_is_removed_or_changed_loses_tokens_at_once() {
    let house = House::dev();
    let (viewer, guest) = (house.token(VIEWER), house.token(GUEST));
    let revision = house.ask(ADMIN, "GET", "/v1/users/viewer@example.com", "").json()["revision"].clone();
    let change = json!({"grants": [{"role": "admin"}], "revision": revision}).to_string();
    assert_eq!(house.ask(ADMIN, "PATCH", "/v1/users/viewer@example.com", &change).status, 200);
    is_refused(&house, &viewer, "removed or changed");
    assert_eq!(house.ask(VIEWER, "GET", USERS, "").status, 200, "a new one has the new role");

    assert_eq!(house.ask(ADMIN, "DELETE", "/v1/users/guest@example.com", "").status, 204);
    is_refused(&house, &guest, "removed or changed");
    let again = json!({"email": GUEST, "password": "another password", "grants": [{"role": "admin"}]}).to_string();
    assert_eq!(house.ask(ADMIN, "POST", USERS, &again).status, 201);
    is_refused(&house, &guest, "removed or changed");
}

#[test]
fn tokens_of_another_history_are_refused() {
    let (one, two) = (House::dev(), House::dev());
    is_refused(&two, &one.token(ADMIN), "issuer is not trusted");
    // The same signing key in another history, as after a restore.
    let (kid, signer) = own_signer(&one);
    let key = one.state.load().model.signing_keys[&kid].body.clone();
    let of = kid.clone();
    let write = two.state.write(Caller::operator_of_the_machine(), Action::new("test", ""), move |draft| {
        draft.put(&of, key.clone());
        draft.record(Value::Null, Value::Null, None);
        Ok(())
    });
    two.runtime.block_on(write).unwrap();
    let (_, claims) = parts(&one.token(ADMIN));
    is_refused(&two, &signer.token(&json!({"alg": "ES256", "kid": kid}), &claims), "issuer is not trusted");
}

#[test]
fn keys_overlap_while_they_rotate() {
    use stitch_server::auth::signing::{self, LEAD};
    const HOUR: i64 = 3_600_000;
    let house = House::dev();
    let rotate = |made: i64, at_once: bool| {
        let (id, key) = signing::make(made).unwrap();
        let kid = id.clone();
        let action = Action::new("signing_key.rotate", id.clone());
        let write = house.state.write(Caller::operator_of_the_machine(), action, move |draft| {
            draft.rotate_signing_key(&id, &key, at_once);
            Ok(())
        });
        house.runtime.block_on(write).unwrap();
        kid
    };
    let kid = |token: &str| parts(token).0["kid"].as_str().unwrap().to_owned();
    let told = || {
        jwks(&house)["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let opens = |token: &str| house.ask_as(token, "GET", USERS, "").status == 200;
    let first = kid(&house.token(ADMIN));
    let old = house.token(ADMIN);

    // Told at once, so that whoever keeps the list knows it when it signs.
    let second = rotate(now(), false);
    assert_eq!(told(), [first.clone(), second.clone()]);
    assert_eq!(kid(&house.token(ADMIN)), first);
    assert_eq!(kid(&house.token_of(ADMIN, now() + LEAD - 1_000)), first);
    let new = house.token_of(ADMIN, now() + LEAD + 1_000);
    assert_eq!(kid(&new), second);
    assert!(opens(&old) && opens(&new));

    // One that was replaced counts until all that it signed has expired, and the next rotation removes it.
    let third = rotate(now() - LEAD - HOUR, false);
    assert_eq!(kid(&house.token(ADMIN)), third);
    assert!(opens(&old) && opens(&new), "a minute longer than its tokens live");
    let fourth = rotate(now() - LEAD - 2 * HOUR, false);
    assert_eq!(told(), [&*fourth], "what is over is not told");
    is_refused(&house, &old, "key that is not known");
    assert_eq!(house.state.load().model.signing_keys.len(), 4, "nor kept for long");
    let fifth = rotate(now(), false);
    assert_eq!(
        house.state.load().model.signing_keys.keys().cloned().collect::<Vec<_>>(),
        [fourth.clone(), fifth.clone()]
    );
    assert_eq!(kid(&house.token(ADMIN)), fourth);

    let last = rotate(now(), true);
    assert_eq!((told(), kid(&house.token(ADMIN))), (vec![last.clone()], last));
    house.audit();
}
