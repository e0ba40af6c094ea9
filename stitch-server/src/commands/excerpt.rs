//! The line of a text at which a diagnostic points, fit to be printed with a caret under the place.

use unicode_width::UnicodeWidthStr;

use super::text::is_unsafe;

/// Terminal columns that are shown before the place, and all in all.
const BEFORE: usize = 60;
const ALL: usize = 100;
/// Bytes that are looked at on either side; a line of megabytes must not cost its length for every diagnostic in it.
const REACH: usize = 1024;

/// A line, or what is shown of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) line: String,
    /// The columns of the terminal before the place.
    pub(super) caret: usize,
}

/// What to show of the line that holds the byte at `offset`.
pub(super) fn excerpt(text: &[u8], offset: usize) -> Excerpt {
    let (before, after) = text.split_at(start_of_character(text, offset.min(text.len())));
    let (left, left_cut) = left_of(before);
    let (right, right_cut) = right_of(after);

    let (left, too_wide) = fitting(left.chars().rev(), BEFORE);
    let mut line = if left_cut || too_wide { "…".to_owned() } else { String::new() };
    line.extend(left.into_iter().rev());
    let caret = line.width();
    let (right, too_wide) = fitting(right.chars(), ALL - caret.min(ALL));
    line.extend(right);
    if right_cut || too_wide {
        line.push('…');
    }
    Excerpt { line, caret }
}

/// What stands on the line before the place, and whether there is more than was looked at.
fn left_of(before: &[u8]) -> (String, bool) {
    let first = start_of_character(before, before.len().saturating_sub(REACH));
    let near = before.get(first..).unwrap_or_default();
    let (start, cut) = match near.iter().rposition(|&byte| byte == b'\n') {
        Some(newline) => (newline + 1, false),
        None => (0, first > 0),
    };
    (String::from_utf8_lossy(near.get(start..).unwrap_or_default()).into_owned(), cut)
}

/// The same for what stands after it.
fn right_of(after: &[u8]) -> (String, bool) {
    let near = after.get(..start_of_character(after, after.len().min(REACH))).unwrap_or_default();
    let (line, cut) = match near.iter().position(|&byte| byte == b'\n') {
        Some(newline) => {
            let line = near.get(..newline).unwrap_or_default();
            (line.strip_suffix(b"\r").unwrap_or(line), false)
        }
        None => (near, near.len() < after.len()),
    };
    (String::from_utf8_lossy(line).into_owned(), cut)
}

/// The characters as they are shown, as many as fit, and whether some did not.
fn fitting(characters: impl Iterator<Item = char>, columns: usize) -> (Vec<String>, bool) {
    let mut fitting = Vec::new();
    let mut width = 0;
    for character in characters {
        let shown = match character {
            '\t' => "    ".to_owned(),
            _ if is_unsafe(character) => char::REPLACEMENT_CHARACTER.to_string(),
            _ => character.to_string(),
        };
        width += shown.width();
        if width > columns {
            return (fitting, true);
        }
        fitting.push(shown);
    }
    (fitting, false)
}

/// The first byte of the character that the byte at `offset` belongs to.
fn start_of_character(text: &[u8], offset: usize) -> usize {
    let begins = |offset: &usize| text.get(*offset).is_none_or(|byte| byte & 0b1100_0000 != 0b1000_0000);
    // A character has four bytes at most; in what is no UTF-8 any place is as good as another.
    (offset.saturating_sub(3)..=offset).rev().find(begins).unwrap_or(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, place: &str) -> (String, usize) {
        let Excerpt { line, caret } = excerpt(text.as_bytes(), text.find(place).unwrap());
        (line, caret)
    }

    #[test]
    fn the_caret_counts_columns_of_the_terminal() {
        assert_eq!(shown("a\n\t\"k\": X\r\nb", "X"), ("    \"k\": X".to_owned(), 9));
        assert_eq!(shown("\"日本\": X", "X"), ("\"日本\": X".to_owned(), 8));
        // Vowels and tone marks stand above and below their consonants.
        assert_eq!(shown("\"ชื่อ\": X", "X").1, 6);
        assert_eq!(shown("", "").1, 0);
    }

    #[test]
    fn a_place_within_a_character_is_its_start() {
        let text = "\"é\"".as_bytes();
        assert_eq!(excerpt(text, 2), excerpt(text, 1));
    }

    #[test]
    fn long_lines_are_cut_on_both_sides() {
        let text = format!("{}X{}", "é".repeat(5_000_000), "b".repeat(5_000_000));
        let (line, caret) = shown(&text, "X");
        assert_eq!(line, format!("…{}X{}…", "é".repeat(60), "b".repeat(38)));
        assert_eq!(caret, 61);
    }

    #[test]
    fn what_a_terminal_would_act_on_is_not_printed() {
        assert_eq!(shown("\u{1b}[31m\u{202e} X", "X").0, "\u{fffd}[31m\u{fffd} X");
        assert_eq!(excerpt(b"\xff\xfe X", 3).line, "\u{fffd}\u{fffd} X");
    }
}
