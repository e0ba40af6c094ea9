//! Classes in brackets, with their ranges.

use super::super::class::Class;
use super::{Escape, Parser, Refusal, WIDE};

impl Parser<'_> {
    /// Reads a class after its `[`.
    pub(super) fn class(&mut self) -> Result<Class, Refusal> {
        let negated = self.next_if('^');
        self.size += if negated { WIDE } else { 0 };
        let mut class = Class::empty();
        let mut empty = true;
        loop {
            let Some(character) = self.next() else { return Err(self.refuse("a class is not closed: add `]`")) };
            match character {
                ']' if empty => return Err(self.refuse("a class is empty: escape the `]` to mean it")),
                ']' => break,
                '[' => return Err(self.refuse("`[` must be escaped inside a class")),
                '&' | '~' | '-' if self.rest.peek() == Some(&character) => {
                    return Err(
                        self.refuse(format!("`{character}{character}` means other things elsewhere: escape it"))
                    );
                }
                _ => {
                    let item = self.class_item(character)?;
                    let item = self.class_range(item)?;
                    self.size += if item.is_negated() || item.reaches_beyond_ascii() { WIDE } else { 1 };
                    class = class.with(&item);
                }
            }
            empty = false;
        }
        let class = class.folded(self.fold);
        Ok(if negated { class.negated() } else { class })
    }

    fn class_item(&mut self, character: char) -> Result<Escape, Refusal> {
        match character {
            '\\' => match self.escape()? {
                Escape::WordBoundary { .. } => Err(self.refuse("`\\b` and `\\B` mean nothing inside a class")),
                escape => Ok(escape),
            },
            _ => Ok(Escape::Character(character)),
        }
    }

    /// The item, or the range that it begins.
    fn class_range(&mut self, item: Escape) -> Result<Class, Refusal> {
        let mut ahead = self.rest.clone();
        let is_range = ahead.next() == Some('-') && ahead.next().is_some_and(|next| next != ']');
        if !is_range {
            return Ok(match item {
                Escape::Class(class) => class,
                Escape::Character(character) => Class::of(character),
                Escape::WordBoundary { .. } => Class::empty(),
            });
        }
        self.next();
        if self.rest.peek() == Some(&'-') {
            return Err(self.refuse("`--` means other things elsewhere: escape it"));
        }
        let Some(next) = self.next() else { return Err(self.refuse("a class is not closed: add `]`")) };
        if next == '[' {
            return Err(self.refuse("`[` must be escaped inside a class"));
        }
        if matches!(next, '&' | '~') && self.rest.peek() == Some(&next) {
            return Err(self.refuse(format!("`{next}{next}` means other things elsewhere: escape it")));
        }
        match (item, self.class_item(next)?) {
            (Escape::Character(low), Escape::Character(high)) if low <= high => Ok(Class::range(low, high)),
            (Escape::Character(_), Escape::Character(_)) => {
                Err(self.refuse("this range runs backwards: swap its ends"))
            }
            _ => Err(self.refuse("a range begins and ends with a character: escape the `-` to mean it")),
        }
    }
}
