//! In which order the users are asked for.

/// Drawn, and so long that no processor learns by heart who is in a rollout: that would be a branch that is never wrong,
/// which no program has.
#[derive(Debug)]
pub struct Order {
    drawn: Box<[u8]>,
    last: u16,
}

impl Order {
    /// The same for every engine.
    pub fn new() -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = move || {
            // xorshift64
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[7]
        };
        // As many as a `u16` counts, so that going round costs nothing.
        Self { drawn: (0..=u16::MAX).map(|_| draw()).collect(), last: 0 }
    }

    /// Whom to ask for now: a place among 256.
    #[inline]
    pub fn user(&mut self) -> usize {
        self.last = self.last.wrapping_add(1);
        usize::from(self.drawn[usize::from(self.last)])
    }
}

impl Default for Order {
    fn default() -> Self {
        Self::new()
    }
}
