//! Bodies: JSON, read as strictly as a registry document, so that numbers stay exact and no key counts twice.

use axum::http::{HeaderMap, header};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use stitch_core::{DefinitionsError, Diagnostic, Json, Number};

use crate::error::{Code, DETAILS, Detail, Error, Place};

/// The body as JSON.
///
/// # Errors
///
/// If it is of another type, or is no JSON that every reader takes alike.
pub fn json<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<Json<'b>, Error> {
    let unsupported =
        |message: &'static str, hint: &'static str| Err(Error::new(Code::UnsupportedMediaType, message).hint(hint));
    if !is_json(headers) {
        return unsupported("the body is not declared as JSON", "send `Content-Type: application/json`");
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return unsupported("the body is encoded", "send it as it is, without `Content-Encoding`");
    }
    Json::parse(body).map_err(|error| refuse(error, body))
}

/// `application/json`, in UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let Ok(text) = only.to_str() else { return false };
    let mut parts = text.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let is_utf8 = |charset: &str| charset.trim_matches('"').eq_ignore_ascii_case("utf-8");
    is_json
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => is_utf8(value.trim()),
            _ => true,
        })
}

fn refuse(error: DefinitionsError, body: &[u8]) -> Error {
    // Cut before they are located: each locating reads the body once more.
    let details = error.into_diagnostics().into_iter().take(DETAILS).map(|diagnostic| {
        let Diagnostic { pointer, message, position, .. } = diagnostic.locate(body);
        let (line, column) = position.map(|position| (position.line, position.column)).unzip();
        Detail { line, column, ..Detail::new(Place::Pointer(pointer), message) }
    });
    let details: Vec<_> = details.collect();
    let at = details.iter().find_map(|detail| detail.line.zip(detail.column));
    let message = match at {
        Some((line, column)) => format!("the body is refused at line {line}, column {column}"),
        None => "the body is refused".to_owned(),
    };
    Error::invalid(message).details(details)
}

/// The body as that type, which has these keys.
///
/// # Errors
///
/// As [`json`] and [`unknown_keys`], or if a member is missing or has another type.
pub fn typed<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8], known: &[&str]) -> Result<T, Error> {
    unknown_keys(&json(headers, body)?, known)?;
    serde_json::from_slice(body).map_err(|error| misfit(&error))
}

/// A revision in a body: a whole number, however it is written.
///
/// # Errors
///
/// If it is anything else.
pub fn revision<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else { return Ok(None) };
    let whole = || u64::try_from(Number::from(number.as_f64()?).as_integer()?).ok();
    let revision = number.as_u64().or_else(whole);
    revision.map(Some).ok_or_else(|| D::Error::custom("expected a whole number"))
}

/// What is missing, or where something else was expected; nothing of what was there instead.
fn misfit(error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let message = match text.split_once("expected ") {
        _ if text.starts_with("missing field ") => text.replace("missing field ", "lacks the key "),
        Some((_, expected)) => format!("has something else than {expected}"),
        None => "is not as this route reads it".to_owned(),
    };
    let (line, column) = (error.line(), error.column());
    let message = format!("the body {message}, as of line {line}, column {column}");
    let detail = Detail::new(Place::Pointer(String::new()), message.clone());
    Error::invalid(message).details([Detail { line: Some(line), column: Some(column), ..detail }])
}

/// Refuses keys of a body's object that mean nothing there.
///
/// # Errors
///
/// If there is one, or `json` is no object.
pub fn unknown_keys(json: &Json<'_>, known: &[&str]) -> Result<(), Error> {
    let Json::Object(members) = json else {
        return Err(Error::invalid("the body is not a JSON object"));
    };
    let listed = || known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let unknown = members.iter().filter(|(key, _)| !known.contains(&&**key));
    let details: Vec<_> = unknown
        .take(DETAILS)
        .map(|(key, _)| {
            let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            Detail::new(Place::Pointer(pointer), format!("means nothing here: known are {}", listed()))
        })
        .collect();
    if details.is_empty() { Ok(()) } else { Err(Error::invalid("the body has an unknown key").details(details)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_a_whole_number_however_it_is_written() {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default, deserialize_with = "revision")]
            revision: Option<u64>,
        }
        let read = |body: &str| serde_json::from_str::<Body>(body).map(|body| body.revision).map_err(|_| ());
        for (body, expected) in [
            ("{}", Ok(None)),
            (r#"{"revision": null}"#, Ok(None)),
            (r#"{"revision": 7}"#, Ok(Some(7))),
            (r#"{"revision": 7.0}"#, Ok(Some(7))),
            (r#"{"revision": 1e3}"#, Ok(Some(1000))),
            (r#"{"revision": 18446744073709551615}"#, Ok(Some(u64::MAX))),
            (r#"{"revision": 7.5}"#, Err(())),
            (r#"{"revision": -1}"#, Err(())),
            (r#"{"revision": "7"}"#, Err(())),
        ] {
            assert_eq!(read(body), expected, "{body}");
        }
    }
}
