//! Texts none of which may be there twice.

use arrayvec::ArrayVec;

use crate::compile::HashSet;
use crate::text::is_one_of;

/// Up to which they are compared one by one, which beats hashing.
const FEW: usize = 16;

/// Texts that were met.
#[derive(Default)]
pub(super) struct Distinct<'d> {
    few: ArrayVec<&'d str, FEW>,
    /// All of them, once there are more.
    many: HashSet<&'d str>,
}

impl<'d> Distinct<'d> {
    /// Forgets them all.
    pub(super) fn clear(&mut self) {
        self.few.clear();
        self.many.clear();
    }

    /// Takes in a text; whether it was not met before.
    pub(super) fn insert(&mut self, text: &'d str) -> bool {
        if self.many.is_empty() {
            if is_one_of(text, &self.few) {
                return false;
            }
            if self.few.try_push(text).is_ok() {
                return true;
            }
            self.many.extend(&self.few);
        }
        self.many.insert(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_met_once() {
        let texts: Vec<String> = (0..3 * FEW).map(|index| format!("rule-{index}")).collect();
        let mut distinct = Distinct::default();
        for (index, text) in texts.iter().enumerate() {
            assert!(distinct.insert(text));
            assert!(texts[..=index].iter().all(|earlier| !distinct.insert(earlier)));
        }
    }
}
