//! What operations have in common: credentials, headers, parameters.

use serde_json::{Value, json};

use super::schemas;
use crate::auth::Kind;
use crate::config::Auth;
use crate::extract::Field;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// Anybody.
    None,
    /// Whoever has a token; in dev mode anybody.
    Asker,
    /// Whoever has a token.
    Token,
    /// SDK clients.
    SdkKey,
    /// OpenFeature clients; in dev mode anybody.
    OfrepKey,
}

impl Credential {
    /// The ways to be one, each of which is enough.
    pub(super) fn security(self, auth: Auth) -> Value {
        match (self, auth) {
            (Self::None, _) => json!([]),
            (Self::Asker, Auth::Dev) => json!([{}, {"devContext": []}, {"token": []}]),
            (Self::Asker, Auth::Jwt) | (Self::Token, _) => json!([{"token": []}]),
            (Self::SdkKey, _) => json!([{"sdkKey": []}]),
            (Self::OfrepKey, Auth::Dev) => json!([{}, {"ofrepKey": []}, {"ofrepBearer": []}]),
            (Self::OfrepKey, Auth::Jwt) => json!([{"ofrepKey": []}, {"ofrepBearer": []}]),
        }
    }
}

/// The ways to say who asks.
pub(super) fn security_schemes(auth: Auth) -> Value {
    let key = |kind: Kind, about: &str| json!({"type": "apiKey", "in": "header", "name": kind.header(), "description": about});
    let mut schemes = json!({
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A token of `/v1/auth/login`, or of an issuer that this server trusts."},
        "sdkKey": key(Kind::SdkKey, "An SDK key, which belongs to one environment."),
        "ofrepKey": key(Kind::ApiKey, "An SDK key."),
        "ofrepBearer": {"type": "http", "scheme": "bearer", "description": "An SDK key."},
    });
    if auth == Auth::Dev {
        let user = Field::UserId;
        schemes["devContext"] = json!({"type": "apiKey", "in": "header", "name": user.header(),
            "description": "Dev mode takes whatever a request says of its user, here and in the other `X-PTT-*` headers. It is for one's own machine, and proves nothing."});
    }
    schemes
}

/// The headers of answers.
pub(super) fn headers() -> Value {
    let text =
        |about: &str, required: bool| json!({"description": about, "required": required, "schema": {"type": "string"}});
    json!({
        "X-Request-Id": {"description": "The caller's where it matches, else a fresh one.", "required": true,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"}},
        "Cache-Control": text("Who may keep the answer, and for how long.", true),
        "ETag": {"description": "Names the answer: `If-None-Match` asks only for another one.", "required": true,
            "schema": {"type": "string", "pattern": "^\"[^\"]+\"$"}},
        "WWW-Authenticate": {"description": "How to say who asks.", "required": true, "schema": {"const": "Bearer"}},
    })
}

/// That header, which some answers have always.
pub(super) fn retry_after(required: bool) -> Value {
    let schema = json!({"type": "integer", "minimum": 1});
    json!({"description": "After how many seconds to ask again.", "required": required, "schema": schema})
}

/// What every request can say.
pub(super) fn parameters() -> Value {
    let about = "The caller's name for the request; one that does not match `[A-Za-z0-9._-]{1,128}` is replaced.";
    json!({"X-Request-Id": parameter("header", "X-Request-Id", schemas::text(), about, false)})
}

/// A header of an answer, by name.
pub(super) fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// A parameter.
pub(super) fn parameter(place: &str, name: &str, schema: Value, about: &str, required: bool) -> Value {
    let mut parameter = json!({"in": place, "name": name, "description": about, "required": required});
    parameter["schema"] = schema;
    parameter
}

/// What is said of a part of a path.
pub(super) fn of_part(name: &str) -> &'static str {
    match name {
        "env" => "An environment that the registry lists.",
        "email" => "The e-mail address, in any case.",
        "id" => "The id.",
        _ => "The key; whatever is in it, percent-encoded.",
    }
}

/// How a request says a field of the context. In jwt mode a token says all but the environment.
pub(super) fn of_context(field: Field, auth: Auth) -> Vec<Value> {
    if auth == Auth::Jwt && field != Field::Env {
        return Vec::new();
    }
    let about = match field {
        Field::UserId => "For whom; a header comes before the body, and the body before the query.",
        Field::TenantId => "Of which tenant; empty is none.",
        Field::Tier => "Of which tier: `anonymous` by default.",
        Field::Env => "An environment that the registry lists: `dev` by default, if it lists that.",
        Field::RoleKey => "In which role.",
    };
    // An empty id is refused only where no header is before it.
    let in_header = if field == Field::UserId { schemas::unit() } else { schemas::text() };
    let [query, header] = [("query", field.query(), schemas::text()), ("header", field.header(), in_header)]
        .map(|(place, name, schema)| parameter(place, name, schema, about, false));
    vec![query, header]
}
