//! The query: what is not known, not readable or there twice is refused, never guessed.

use std::borrow::Cow;

use axum::http::Uri;
use percent_encoding::percent_decode;

use super::Field;
use crate::error::Error;

/// The parameters of a query.
#[derive(Debug)]
pub struct Query<'u>(Vec<(&'static str, Cow<'u, str>)>);

impl<'u> Query<'u> {
    /// Reads the query; a route knows `own` parameters, and the context's if it asks for somebody.
    ///
    /// # Errors
    ///
    /// If a parameter is unknown, there twice, or not UTF-8.
    pub fn read(uri: &'u Uri, own: &[&'static str], of_context: bool) -> Result<Self, Error> {
        let of_context = if of_context { Field::ALL.as_slice() } else { &[] };
        let known = || own.iter().copied().chain(of_context.iter().map(|field| field.query()));
        let mut found = Vec::with_capacity(own.len() + of_context.len());
        let query = uri.query().unwrap_or_default();
        // Most are written as they are, and one look at all of it is less than one at each part.
        let is_encoded = query.bytes().fold(false, |found, byte| found | matches!(byte, b'%' | b'+'));
        let decode = |text: &'u str| if is_encoded { decode(text) } else { Ok(Cow::Borrowed(text)) };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name)?;
            let Some(name) = known().find(|known| *known == name) else {
                let known: Vec<_> = known().map(|name| format!("`{name}`")).collect();
                let hint = format!("this route knows {}", known.join(", "));
                return Err(Error::invalid("the query has an unknown parameter").hint(hint));
            };
            if found.iter().any(|(other, _)| *other == name) {
                return Err(Error::invalid(format!("the query has `{name}` more than once")));
            }
            found.push((name, decode(value)?));
        }
        Ok(Self(found))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| &**value)
    }

    /// A parameter that is `true` or `false`; not there means `false`.
    ///
    /// # Errors
    ///
    /// If it is anything else.
    pub fn switch(&self, name: &str) -> Result<bool, Error> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Error::invalid(format!("`{name}` is neither `true` nor `false`"))),
        }
    }
}

/// As forms write it: `+` is a space, `%xx` a byte.
fn decode(text: &str) -> Result<Cow<'_, str>, Error> {
    let refuse = |_| Error::invalid("the query is not UTF-8");
    if text.contains('+') {
        let text = text.replace('+', " ");
        let decoded = percent_decode(text.as_bytes()).decode_utf8().map_err(refuse)?;
        return Ok(Cow::Owned(decoded.into_owned()));
    }
    percent_decode(text.as_bytes()).decode_utf8().map_err(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Vec<(&'static str, String)>, String> {
        let uri: Uri = format!("/x?{query}").parse().unwrap();
        let read = Query::read(&uri, &["key"], true)
            .map(|query| query.0.into_iter().map(|(name, value)| (name, value.into_owned())).collect::<Vec<_>>());
        read.map_err(|error| error.message.into_owned())
    }

    #[test]
    fn values_are_decoded_as_forms_write_them() {
        assert_eq!(read("key=a%2Bb+c&&user=%E0%B8%81").unwrap(), [("key", "a+b c".into()), ("user", "ก".into())]);
        assert_eq!(read("k%65y=100%&tier").unwrap(), [("key", "100%".into()), ("tier", String::new())]);
    }

    #[test]
    fn what_could_be_taken_differently_is_refused() {
        assert_eq!(read("usr=1").unwrap_err(), "the query has an unknown parameter");
        assert_eq!(read("user=1&us%65r=2").unwrap_err(), "the query has `user` more than once");
        assert_eq!(read("user=%ff").unwrap_err(), "the query is not UTF-8");
    }
}
