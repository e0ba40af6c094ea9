//! Choices read off a tape of numbers.

/// Reads a tape; the lower a number, the simpler what it stands for, and past the end there are only zeros.
pub(crate) struct Draw<'t> {
    tape: std::slice::Iter<'t, u32>,
}

impl<'t> Draw<'t> {
    pub(crate) fn new(tape: &'t [u32]) -> Self {
        Self { tape: tape.iter() }
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let number = self.tape.next().copied().unwrap_or(0);
        usize::try_from((u64::from(number) * bound as u64) >> 32).expect("below a usize")
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// One of a pool.
    pub(crate) fn pick<T: Clone>(&mut self, pool: &[T]) -> T {
        pool[self.below(pool.len())].clone()
    }

    /// Up to `most` things.
    pub(crate) fn list<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }
}
