//! The id of a request: the caller's where it is one, else a fresh one.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use axum::http::{HeaderMap, HeaderValue};

/// Characters that a caller's id may have.
const LONGEST: usize = 128;

pub(super) fn of(headers: &HeaderMap) -> Arc<str> {
    let mut values = headers.get_all("x-request-id").iter().map(HeaderValue::as_bytes);
    match (values.next(), values.next()) {
        (Some(id), None) if is_id(id) => std::str::from_utf8(id).map_or_else(|_| fresh(), Arc::from),
        _ => fresh(),
    }
}

fn is_id(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=LONGEST).contains(&id.len()) && id.iter().all(allowed)
}

/// Unlike any other of this process and, as far as chance goes, of any other process. It protects nothing.
fn fresh() -> Arc<str> {
    static KEYS: LazyLock<(RandomState, RandomState)> = LazyLock::new(Default::default);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}{:016x}", KEYS.0.hash_one(count), KEYS.1.hash_one(count)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_id_is_kept_only_if_it_is_one() {
        let of = |value: &'static [u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", HeaderValue::from_bytes(value).unwrap());
            of(&headers)
        };
        assert_eq!(&*of(b"a.B-9_"), "a.B-9_");
        assert_eq!(&*of(&[b'x'; 128]), "x".repeat(128));
        for odd in [b"".as_slice(), b"a b", &[b'x'; 129], b"caf\xc3\xa9", b"\xff", b"a/b"] {
            let fresh = of(odd);
            assert!(is_id(fresh.as_bytes()) && fresh.as_bytes() != odd);
        }
    }

    #[test]
    fn fresh_ids_differ() {
        let ids: std::collections::HashSet<_> = (0..1000).map(|_| fresh()).collect();
        assert_eq!(ids.len(), 1000);
    }
}
