//! `djb2-xor`: Daniel Bernstein's hash in its xor form over UTF-16 code units, 100 buckets.
//! The state after the salt and the colon is kept, so that only the unit is hashed for each user.

pub(super) const BUCKETS: u32 = 100;

const START: u32 = 5381;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Salted {
    state: u32,
}

impl Salted {
    pub(super) fn new(salt: &str) -> Self {
        Self { state: step(hash(START, salt), u16::from(b':')) }
    }

    #[inline(never)]
    pub(super) fn bucket(self, unit: &str) -> u32 {
        hash(self.state, unit) % BUCKETS
    }
}

#[inline]
fn hash(state: u32, text: &str) -> u32 {
    text.encode_utf16().fold(state, step)
}

#[inline]
fn step(state: u32, code_unit: u16) -> u32 {
    state.wrapping_mul(33) ^ u32::from(code_unit)
}
