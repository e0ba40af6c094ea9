//! Text from documents, made fit for a terminal.

use std::borrow::Cow;

/// Whether a terminal would act on the character, or show what follows elsewhere, instead of showing it.
pub(super) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The text on one line of at most `limit` characters, with escapes for what a terminal would not show.
pub(super) fn printable(text: &str, limit: usize) -> Cow<'_, str> {
    // No text has more characters than bytes.
    if text.len() <= limit && !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == limit {
            printable.push('…');
            break;
        }
        if is_unsafe(character) {
            printable.extend(character.escape_unicode());
        } else {
            printable.push(character);
        }
    }
    Cow::Owned(printable)
}

/// `1 error`, `2 errors`
pub(super) fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_escaped() {
        assert_eq!(printable("ชื่อ é", 10), "ชื่อ é");
        assert_eq!(printable("a\u{1b}[31m\nb\u{202e}", 20), "a\\u{1b}[31m\\u{a}b\\u{202e}");
    }

    #[test]
    fn long_text_is_cut_by_characters() {
        assert_eq!(printable("ééééé", 5), "ééééé");
        assert_eq!(printable("ééééé", 4), "éééé…");
    }
}
