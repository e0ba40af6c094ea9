//! `PostgreSQL` keeps every text but one with U+0000 in it, which JSON and `SQLite` allow: that one is spelt otherwise.

const ESCAPE: char = '\u{1a}';

/// A text as it is kept.
pub(super) fn keep(text: &str) -> String {
    if text.contains(['\0', ESCAPE]) {
        return text.replace(ESCAPE, "\u{1a}1").replace('\0', "\u{1a}0");
    }
    text.to_owned()
}

/// A text as it was before.
pub(super) fn kept(text: String) -> String {
    if text.contains(ESCAPE) { text.replace("\u{1a}0", "\0").replace("\u{1a}1", "\u{1a}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_kept_as_it_was() {
        for text in ["", "plain", "\0", "a\0b", "\u{1a}", "\u{1a}0", "\u{1a}1\0\u{1a}", "\0\u{1a}0\u{1a}1\0\0"] {
            assert!(!keep(text).contains('\0'));
            assert_eq!(kept(keep(text)), text, "{text:?}");
        }
    }
}
