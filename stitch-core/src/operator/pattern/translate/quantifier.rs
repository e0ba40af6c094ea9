//! What repeats an atom, and how often.

use std::fmt::Write;

use super::{Atom, Parser, Refusal};
use crate::limits;

impl Parser<'_> {
    /// Reads what repeats an atom, if anything does; `before` is the size without the atom.
    pub(super) fn quantifier(&mut self, atom: Atom, before: u64) -> Result<(), Refusal> {
        let Some(&character) = self.rest.peek() else { return Ok(()) };
        if !matches!(character, '*' | '+' | '?' | '{') {
            return Ok(());
        }
        self.next();
        if atom == Atom::Assertion {
            return Err(self.refuse("an assertion cannot be repeated: put it in a group or remove the quantifier"));
        }
        if character == '{' {
            let times = self.counts()?;
            self.size = before.saturating_add((self.size - before).saturating_mul(times));
        } else {
            self.output.push(character);
        }
        if self.next_if('?') {
            self.output.push('?');
        }
        if let Some('*' | '+' | '?' | '{') = self.rest.peek() {
            self.next();
            return Err(self.refuse("a quantifier cannot be repeated: put the first one in a group"));
        }
        Ok(())
    }

    /// Reads `m}`, `m,}` or `m,n}`: how many times what is repeated is written out.
    fn counts(&mut self) -> Result<u64, Refusal> {
        let least = self.count()?;
        let most = if self.next_if(',') {
            if self.rest.peek() == Some(&'}') { None } else { Some(self.count()?) }
        } else {
            Some(least)
        };
        if !self.next_if('}') {
            self.next();
            return Err(self.refuse("counts are written `{m}`, `{m,}` or `{m,n}`: escape the `{` to mean it"));
        }
        if most.is_some_and(|most| most < least) {
            return Err(self.refuse("these counts run backwards: swap them"));
        }
        let times = u64::from(most.unwrap_or(least).max(1));
        let most = most.map(|most| most.to_string()).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(self.output, "{{{least},{most}}}");
        Ok(times)
    }

    fn count(&mut self) -> Result<u32, Refusal> {
        let mut count: Option<u32> = None;
        while let Some(digit) = self.rest.peek().and_then(|character| character.to_digit(10)) {
            self.next();
            let value = count.unwrap_or(0).saturating_mul(10).saturating_add(digit);
            if value > limits::PATTERN_REPEATS {
                return Err(self.refuse(format!("at most {} repetitions are allowed", limits::PATTERN_REPEATS)));
            }
            count = Some(value);
        }
        count.ok_or_else(|| {
            let message = "counts are written `{m}`, `{m,}` or `{m,n}`: escape the `{` to mean it";
            Refusal { position: self.position, message: message.to_owned() }
        })
    }
}
