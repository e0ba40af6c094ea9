//! Who may ask at all in dev mode: somebody on this machine, directly. In jwt mode whoever has a credential.
//!
//! Binding a loopback address keeps other machines out, but not a page in this machine's browser whose own name was
//! made to point here (DNS rebinding), nor a proxy that brings the world along. Their requests say so in their head.

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, Version, header};

use crate::config::Auth;
use crate::error::{Code, Error};
use crate::state::Settings;

/// Refuses a request that may not be here, whatever address it asks for.
///
/// # Errors
///
/// `invalid_request` if it does not say which host it means, `forbidden` if it may not come from there.
pub(crate) fn check(version: Version, uri: &Uri, headers: &HeaderMap, settings: &Settings) -> Result<(), Error> {
    // HTTP/2 says it beside the path; HTTP/1.0 need not say it.
    let named = uri.authority().map(axum::http::uri::Authority::as_str);
    let said_beside = version >= Version::HTTP_2 && named.is_some();
    let mut hosts = headers.get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default()).peekable();
    if hosts.peek().is_none() && version >= Version::HTTP_11 && !said_beside {
        return Err(Error::invalid("the header `Host` is missing"));
    }
    if settings.auth == Auth::Jwt {
        return Ok(());
    }
    let mut forwarded = headers.keys().map(header::HeaderName::as_str);
    if let Some(name) = forwarded.find(|name| *name == "forwarded" || name.starts_with("x-forwarded-")) {
        let message = format!("the header `{name}` says that a proxy sent this: dev mode is for one's own machine");
        return Err(Error::new(Code::Forbidden, message).hint("ask the server directly"));
    }
    // Told to serve other machines, the server cannot know by which names they call it.
    if settings.insecure_dev_context || hosts.chain(named).all(is_loopback) {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "the header `Host` does not name this machine: dev mode is for one's own")
        .hint("ask for `localhost`, `127.0.0.1` or `[::1]`"))
}

/// Whether a `Host` names the machine itself; its port does not matter.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => (address, port.strip_prefix(':').or(Some(port).filter(|port| port.is_empty()))),
            None => return false,
        },
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, Some("")),
        },
    };
    let sound = port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let address = || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    sound && (name.eq_ignore_ascii_case("localhost") || address())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_names_of_the_machine_itself_are_loopback() {
        for host in ["localhost", "LocalHost:80", "127.0.0.1:8080", "127.9.9.9", "[::1]", "[::1]:8080", "localhost:"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "10.0.0.1:8080",
            "[::2]:80",
            "[::1",
            "[::1]x",
            "localhost:80@example.com",
            "localhost@example.com",
            "0.0.0.0",
            "evil:localhost",
            "1::1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
