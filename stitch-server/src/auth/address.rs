//! Where a request comes from: the other end of its connection, or, behind a proxy, whom the proxy names.

use std::net::{IpAddr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::error::Error;
use crate::request::Known;

/// The address that counts for limits.
#[derive(Clone, Copy, Debug)]
pub struct Address(pub IpAddr);

impl FromRequestParts<Known> for Address {
    type Rejection = Error;

    async fn from_request_parts(head: &mut Parts, known: &Known) -> Result<Self, Error> {
        let named = known.state().settings().behind_proxy.then(|| last_hop(&head.headers)).flatten();
        Ok(Self(named.unwrap_or(known.meta().peer)))
    }
}

/// Whom the proxy before this server names: it adds to the end of `X-Forwarded-For`. What stands before that was in
/// the request that came to the proxy, and anybody can write it there.
fn last_hop(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    let hop = last.rsplit(',').next()?.trim();
    hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().map(|address| address.ip()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hop_is_the_one_that_counts() {
        let hop = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            last_hop(&headers).map(|address| address.to_string())
        };
        assert_eq!(hop(&["192.0.2.1"]).unwrap(), "192.0.2.1");
        assert_eq!(hop(&["10.0.0.1, 192.0.2.1"]).unwrap(), "192.0.2.1");
        assert_eq!(hop(&["10.0.0.1", "10.0.0.2, 192.0.2.1:4711"]).unwrap(), "192.0.2.1");
        assert_eq!(hop(&["2001:db8::1"]).unwrap(), "2001:db8::1");
        assert_eq!(hop(&["[2001:db8::1]:80"]).unwrap(), "2001:db8::1");
        for nothing in [&[][..], &["unknown"], &["192.0.2.1,"], &[""]] {
            assert_eq!(hop(nothing), None);
        }
    }
}
