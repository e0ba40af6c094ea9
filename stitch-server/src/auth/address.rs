//! Where a request comes from: the other end of its connection, or, behind a proxy, whom the proxy names.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::state::AppState;

/// The other end of a connection: it is among the extensions of every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The address that counts for limits.
#[derive(Clone, Copy, Debug)]
pub struct Address(pub IpAddr);

impl FromRequestParts<AppState> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        // A request without a connection is one of this process.
        let peer = parts.extensions.get::<Peer>().map_or(Ipv4Addr::LOCALHOST.into(), |peer| peer.0.ip());
        let named = state.settings().behind_proxy.then(|| last_hop(&parts.headers)).flatten();
        Ok(Self(named.unwrap_or(peer)))
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
