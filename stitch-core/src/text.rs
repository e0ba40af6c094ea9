//! Comparing short texts: names, tiers, countries. Most have at most sixteen bytes, and two overlapping words hold all
//! of those; a call of the C library's `memcmp` costs more than the comparison (it was a fifth of a rule's cost).

/// Whether two texts are the same.
#[inline]
pub(crate) fn equal(a: &str, b: &str) -> bool {
    equal_bytes(a.as_bytes(), b.as_bytes())
}

/// Whether a text is one of a few.
#[inline]
pub(crate) fn is_one_of(text: &str, few: &[&str]) -> bool {
    few.iter().any(|other| equal(other, text))
}

/// Whether the bytes of two texts are the same.
#[inline]
pub(crate) fn equal_bytes(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if let (Some(a_first), Some(b_first)) = (a.first_chunk::<8>(), b.first_chunk::<8>()) {
        return a_first == b_first && a.last_chunk::<8>() == b.last_chunk::<8>() && (a.len() <= 16 || a == b);
    }
    if let (Some(a_first), Some(b_first)) = (a.first_chunk::<4>(), b.first_chunk::<4>()) {
        return a_first == b_first && a.last_chunk::<4>() == b.last_chunk::<4>();
    }
    match (a, b) {
        ([a1, a2, a3], [b1, b2, b3]) => (a1 ^ b1) | (a2 ^ b2) | (a3 ^ b3) == 0,
        ([a1, a2], [b1, b2]) => (a1 ^ b1) | (a2 ^ b2) == 0,
        ([a1], [b1]) => a1 == b1,
        _ => true,
    }
}

/// A word that tells most short texts apart, to be compared before the texts are.
#[inline]
pub(crate) fn tag(text: &str) -> u64 {
    let (first, last) = ends(text.as_bytes());
    first ^ last.rotate_left(29) ^ ((text.len() as u64) << 56)
}

/// The first and last bytes: all there are, up to sixteen.
#[inline]
pub(crate) fn ends(bytes: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
    } else if let ([first, ..], Some(middle), [.., last]) = (bytes, bytes.get(bytes.len() / 2), bytes) {
        ((*first).into(), u64::from(*middle) << 8 | u64::from(*last))
    } else {
        (0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts_at_every_length() {
        let text = "abcdefghijklmnopqrstuvwxyz0123456789";
        for length in 0..text.len() {
            let whole = &text[..length];
            assert!(equal(whole, String::from(whole).as_str()));
            assert!(!equal(whole, &text[..=length]));
            assert_ne!(tag(whole), tag(&text[..=length]), "{whole}");
            for index in 0..length {
                let other = format!("{}_{}", &whole[..index], &whole[index + 1..]);
                assert!(!equal(whole, &other), "{whole} {other}");
            }
        }
    }
}
