//! The id of a request: the caller's where it is one, else a fresh one.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Where it comes, and where it goes.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Characters that a caller's id may have.
const LONGEST: usize = 128;
/// Bytes of a fresh one, as text.
const FRESH: usize = 32;

/// The id of a request, as the header writes it; cloning shares it.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// That of these headers, or a fresh one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(HEADER).iter();
        match (values.next(), values.next()) {
            (Some(id), None) if is_id(id.as_bytes()) => Self(id.clone()),
            _ => Self::fresh(),
        }
    }

    /// Unlike any other of this thread and, as far as chance goes, of any other thread and process. It protects nothing.
    ///
    /// Each thread goes through all numbers, from a random one in steps of a random odd width.
    fn fresh() -> Self {
        thread_local! {
            static NEXT: Cell<u128> = Cell::new(random());
            static STEP: u128 = random() | 1;
        }
        let number = NEXT.replace(NEXT.get().wrapping_add(STEP.with(|step| *step)));
        let id = hexadecimal(number);
        Self(HeaderValue::from_bytes(&id).unwrap_or_else(|_| unreachable!("digits are visible")))
    }

    /// The text; no character of it needs an escape anywhere.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.0.as_bytes()).unwrap_or_default()
    }

    /// The header's value.
    pub(super) fn into_header(self) -> HeaderValue {
        self.0
    }
}

fn random() -> u128 {
    let half = || u128::from(RandomState::new().hash_one(()));
    half() << 64 | half()
}

fn is_id(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=LONGEST).contains(&id.len()) && id.iter().all(allowed)
}

fn hexadecimal(number: u128) -> [u8; FRESH] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; FRESH];
    for (byte, pair) in number.to_be_bytes().into_iter().zip(digits.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0xf)];
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_id_is_kept_only_if_it_is_one() {
        let of = |value: &'static [u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", HeaderValue::from_bytes(value).unwrap());
            RequestId::of(&headers)
        };
        assert_eq!(of(b"a.B-9_").as_str(), "a.B-9_");
        assert_eq!(of(&[b'x'; 128]).as_str(), "x".repeat(128));
        for odd in [b"".as_slice(), b"a b", &[b'x'; 129], b"caf\xc3\xa9", b"\xff", b"a/b"] {
            let fresh = of(odd);
            assert!(is_id(fresh.as_str().as_bytes()) && fresh.as_str().as_bytes() != odd);
        }
    }

    #[test]
    fn fresh_ids_differ() {
        let fresh = || (0..1000).map(|_| RequestId::fresh().as_str().to_owned());
        let mut ids: std::collections::HashSet<_> = fresh().collect();
        ids.extend(std::thread::spawn(move || fresh().collect::<Vec<_>>()).join().unwrap());
        assert_eq!(ids.len(), 2000);
        assert!(ids.iter().all(|id| id.len() == FRESH));
    }

    #[test]
    fn every_digit_is_written() {
        assert_eq!(&hexadecimal(0x0123_4567_89ab_cdef_0000_0000_0000_00f0), b"0123456789abcdef00000000000000f0");
    }
}
