//! From a pattern of the subset to the regex crate's syntax, or the reason why it is not of the subset.

use std::iter::Peekable;
use std::str::Chars;

use super::class::Class;
use crate::limits;

mod brackets;
mod quantifier;

/// What something that takes in characters beyond ASCII counts: it is matched by many states over bytes.
const WIDE: u64 = 16;

fn width(character: char) -> u64 {
    if character.is_ascii() { 1 } else { WIDE }
}

/// Why a pattern is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Characters before the place.
    pub(super) position: usize,
    pub(super) message: String,
}

/// A pattern in the regex crate's syntax.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translation {
    pub(super) regex: String,
    /// What there is to match once every count is written out: characters, assertions, items of classes.
    pub(super) size: u64,
}

pub(super) fn translate(pattern: &str, fold: bool) -> Result<Translation, Refusal> {
    let mut parser = Parser { rest: pattern.chars().peekable(), position: 0, fold, output: String::new(), size: 0 };
    parser.alternatives(0)?;
    match parser.next() {
        None => Ok(Translation { regex: parser.output, size: parser.size }),
        Some(_) => Err(parser.refuse("`)` closes no group: escape it or remove it")),
    }
}

struct Parser<'p> {
    rest: Peekable<Chars<'p>>,
    position: usize,
    fold: bool,
    output: String,
    size: u64,
}

/// What may follow an atom.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Atom {
    Repeatable,
    Assertion,
}

/// What an escape stands for.
enum Escape {
    Character(char),
    Class(Class),
    WordBoundary { negated: bool },
}

impl Parser<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.position += usize::from(next.is_some());
        next
    }

    fn next_if(&mut self, wanted: char) -> bool {
        let found = self.rest.next_if_eq(&wanted).is_some();
        self.position += usize::from(found);
        found
    }

    /// Refuses at the character that was read last.
    fn refuse(&self, message: impl Into<String>) -> Refusal {
        Refusal { position: self.position.saturating_sub(1), message: message.into() }
    }

    /// Reads up to the end or a `)` that it leaves.
    fn alternatives(&mut self, depth: usize) -> Result<(), Refusal> {
        loop {
            match self.rest.peek() {
                None | Some(')') => return Ok(()),
                Some('|') => {
                    self.next();
                    self.output.push('|');
                }
                Some(_) => {
                    let before = self.size;
                    let atom = self.atom(depth)?;
                    self.quantifier(atom, before)?;
                }
            }
        }
    }

    fn atom(&mut self, depth: usize) -> Result<Atom, Refusal> {
        let Some(character) = self.next() else { return Ok(Atom::Assertion) };
        // Groups and classes count what they hold.
        self.size += match character {
            '(' | '[' => 0,
            '.' => WIDE,
            _ => width(character),
        };
        match character {
            '.' => self.output.push_str(r"[^\n]"),
            '^' => {
                self.output.push_str(r"\A");
                return Ok(Atom::Assertion);
            }
            '$' => {
                self.output.push_str(r"\z");
                return Ok(Atom::Assertion);
            }
            '(' => self.group(depth)?,
            '[' => {
                let class = self.class()?;
                class.write(&mut self.output);
            }
            '\\' => match self.escape()? {
                Escape::Class(class) if class.is_negated() => {
                    self.size += WIDE - 1;
                    class.write(&mut self.output);
                }
                Escape::Character(character) => self.literal(character),
                Escape::Class(class) => class.write(&mut self.output),
                Escape::WordBoundary { negated } => {
                    self.output.push_str(if negated { r"(?-u:\B)" } else { r"(?-u:\b)" });
                    return Ok(Atom::Assertion);
                }
            },
            '*' | '+' | '?' => return Err(self.refuse(format!("`{character}` repeats nothing: escape it"))),
            '{' | '}' | ']' => return Err(self.refuse(format!("`{character}` must be escaped here"))),
            _ => self.literal(character),
        }
        Ok(Atom::Repeatable)
    }

    fn literal(&mut self, character: char) {
        Class::of(character).folded(self.fold).write(&mut self.output);
    }

    fn group(&mut self, depth: usize) -> Result<(), Refusal> {
        if depth == limits::NESTING {
            return Err(self.refuse(format!("groups are more than {} deep within one another", limits::NESTING)));
        }
        if self.next_if('?') && !self.next_if(':') {
            return Err(
                self.refuse("only `(…)` and `(?:…)` groups are allowed: no look-around, no inline flags, no names")
            );
        }
        self.output.push_str("(?:");
        self.alternatives(depth + 1)?;
        if !self.next_if(')') {
            return Err(self.refuse("a group is not closed: add `)`"));
        }
        self.output.push(')');
        Ok(())
    }

    fn escape(&mut self) -> Result<Escape, Refusal> {
        let Some(character) = self.next() else { return Err(self.refuse("`\\` escapes nothing: write `\\\\`")) };
        Ok(match character {
            'n' => Escape::Character('\n'),
            'r' => Escape::Character('\r'),
            't' => Escape::Character('\t'),
            'd' => Escape::Class(Class::digit()),
            'w' => Escape::Class(Class::word()),
            's' => Escape::Class(Class::space()),
            'D' => Escape::Class(Class::digit().negated()),
            'W' => Escape::Class(Class::word().negated()),
            'S' => Escape::Class(Class::space().negated()),
            'b' => Escape::WordBoundary { negated: false },
            'B' => Escape::WordBoundary { negated: true },
            _ if character.is_ascii_punctuation() => Escape::Character(character),
            _ => {
                let message = "only punctuation, `\\n \\r \\t`, `\\d \\w \\s \\D \\W \\S` and `\\b \\B` are escapes";
                return Err(self.refuse(message));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constructs_are_spelled_out() {
        for (pattern, fold, expected) in [
            ("a.b", false, r"[\x{61}][^\n][\x{62}]"),
            ("k", true, r"[\x{4b}\x{6b}]"),
            ("^a$", false, r"\A[\x{61}]\z"),
            ("[^a-c]", true, r"[^\x{41}-\x{43}\x{61}-\x{63}]"),
            ("a{2}?|(b)", false, r"[\x{61}]{2,2}?|(?:[\x{62}])"),
        ] {
            assert_eq!(translate(pattern, fold).unwrap().regex, expected, "{pattern}");
        }
    }

    #[test]
    fn sizes_are_counted_with_their_repetitions() {
        for (pattern, size) in [
            ("", 0),
            ("ab", 2),
            ("[a-z0-9]{3,5}", 10),
            (".", 16),
            ("[^a]", 17),
            (r"\D[\S]", 32),
            ("é[a-é]", 32),
            ("(?:a|b){2,}?", 4),
            ("^a{0}$", 3),
            ("(.*)+", 16),
        ] {
            assert_eq!(translate(pattern, false).unwrap().size, size, "{pattern}");
        }
    }

    #[test]
    fn a_refusal_says_where() {
        assert_eq!(translate("ab**", false).unwrap_err().position, 3);
        assert_eq!(translate("é{2", false).unwrap_err().position, 2);
        assert_eq!(translate("a)", false).unwrap_err().position, 1);
    }

    #[test]
    fn every_translation_is_accepted_by_the_regex_crate() {
        for pattern in
            [r"\B", r"\b\W\B", "[^\\s\\S]", "()", "|", "a||b", "", "[\\d-]", "[a^]", "\\/\\-\\_", "(?:a|b)*?c+?d??"]
        {
            for fold in [false, true] {
                regex::Regex::new(&translate(pattern, fold).unwrap().regex).unwrap();
            }
        }
    }
}
