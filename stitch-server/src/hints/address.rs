//! Where Redis is, as people write it: `redis://USER:PASSWORD@HOST:PORT`, `rediss://` where it is encrypted.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

const USUAL_PORT: u16 = 6379;

/// An address as it was given; what cannot be read shows when it is used.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

/// An address as it is used.
pub(super) struct Reach {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encrypted: bool,
    /// A name, if one is given, and a password.
    pub(super) login: Option<(Option<String>, String)>,
}

impl FromStr for Address {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Address {
    /// How to get there.
    ///
    /// # Errors
    ///
    /// A sentence that has nothing of the address, since any piece of it may be the password.
    pub(super) fn reach(&self) -> Result<Reach, String> {
        let wrong = || {
            "the address of Redis cannot be read: give `redis://USER:PASSWORD@HOST:PORT`, or `rediss://…` where it is \
             encrypted, what is special in a password as %xx"
                .to_owned()
        };
        let (scheme, rest) = self.0.split_once("://").ok_or_else(wrong)?;
        let encrypted = match scheme {
            "redis" => false,
            "rediss" => true,
            _ => return Err(wrong()),
        };
        // A database may be named; messages are the same in all of them.
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        if !database.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(login.split_once(':').ok_or_else(wrong)?), place),
            None => (None, authority),
        };
        let (host, port) = match place.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
            None => (place, USUAL_PORT),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(wrong());
        }
        let login =
            login.map(|(name, password)| (Some(name).filter(|name| !name.is_empty()).map(decoded), decoded(password)));
        Ok(Reach { host, port, encrypted, login })
    }

    /// Where that is, for people.
    pub fn place(&self) -> String {
        self.reach().map_or_else(|_| "redis://".to_owned(), |reach| format!("redis://{}:{}", reach.host, reach.port))
    }

    /// Whether it can be used.
    ///
    /// # Errors
    ///
    /// Why not, in a sentence that has nothing of it.
    pub fn check(&self) -> Result<(), String> {
        self.reach().map(|_| ())
    }
}

/// Without the password.
impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Address").field(&self.place()).finish()
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_others_read_it() {
        for (text, host, port, encrypted, login) in [
            ("redis://localhost", "localhost", 6379, false, None),
            ("redis://10.0.0.1:7000/3", "10.0.0.1", 7000, false, None),
            ("rediss://[::1]:7000", "::1", 7000, true, None),
            ("redis://[::1]", "::1", 6379, false, None),
            ("redis://:p%40ss@cache", "cache", 6379, false, Some((None, "p@ss"))),
            ("redis://ann:pass@cache:1/", "cache", 1, false, Some((Some("ann"), "pass"))),
        ] {
            let reach = text.parse::<Address>().unwrap().reach().unwrap();
            let found = reach.login.as_ref().map(|(name, password)| (name.as_deref(), password.as_str()));
            assert_eq!((&*reach.host, reach.port, reach.encrypted, found), (host, port, encrypted, login), "{text}");
        }
    }

    #[test]
    fn nothing_that_is_shown_has_the_password() {
        for text in [
            "redis://ann:s3cret@cache",
            "redis://s3cret@cache",
            "redis://ann:s3cret@",
            "redis://ann:pass@cache:s3cret",
            "redis://cache/s3cret",
            "s3cret",
            "http://ann:s3cret@cache",
        ] {
            let address: Address = text.parse().unwrap();
            let shown = format!("{address:?} {} {:?}", address.place(), address.check());
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }
}
