//! What a request presents. A credential of a kind that the route does not take is refused, not passed over: whoever
//! sends it believes that it counts.

use axum::http::{HeaderMap, HeaderName};

use crate::error::{Code, Error};

/// A kind of credential, by the header that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A person's token, or over OFREP a key.
    Authorization,
    /// An SDK client's key.
    SdkKey,
    /// An OFREP client's key.
    ApiKey,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Authorization, Self::SdkKey, Self::ApiKey];

    /// What that header has, if it is one for credentials.
    fn of(name: &HeaderName) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.header() == name.as_str())
    }

    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::SdkKey => "x-sdk-key",
            Self::ApiKey => "x-api-key",
        }
    }
}

/// The one credential of a request, which is of one of these kinds; nothing if it presents none.
pub(crate) fn only<'h>(headers: &'h HeaderMap, taken: &[Kind]) -> Result<Option<&'h str>, Error> {
    // One look at all of them: most requests have few headers, and no credential.
    let mut presented = headers.iter().filter_map(|(name, value)| Some((Kind::of(name)?, value)));
    let Some((kind, value)) = presented.next() else { return Ok(None) };
    if presented.next().is_some() {
        return Err(refuse("there is more than one credential").hint("send one"));
    }
    if !taken.contains(&kind) {
        let names: Vec<_> = taken.iter().map(|kind| format!("`{}`", kind.header())).collect();
        let message = format!("the header `{}` is no credential here", kind.header());
        return Err(refuse(message).hint(format!("this route takes {}", names.join(" or "))));
    }
    let value = value.to_str().map_err(|_| refuse("the credential has a character that none has"))?;
    match kind {
        Kind::Authorization => match value.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(rest.trim())),
            _ => Err(refuse("`Authorization` has another scheme than `Bearer`")),
        },
        Kind::SdkKey | Kind::ApiKey => Ok(Some(value)),
    }
}

/// The token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    only(headers, &[Kind::Authorization])
}

fn refuse(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Code::Unauthorized, message)
}
