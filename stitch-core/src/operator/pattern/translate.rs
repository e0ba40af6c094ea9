//! From a pattern of the subset to the regex crate's syntax, or the reason why it is not of the subset.

use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

use super::class::Class;
use crate::limits;

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

    /// Reads a class after its `[`.
    fn class(&mut self) -> Result<Class, Refusal> {
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

    /// Reads what repeats an atom, if anything does; `before` is the size without the atom.
    fn quantifier(&mut self, atom: Atom, before: u64) -> Result<(), Refusal> {
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
