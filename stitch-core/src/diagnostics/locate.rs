//! From a JSON Pointer to a line and a column of the text.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Position;

/// The place of a byte of the text.
pub(crate) fn position_of_byte(text: &[u8], offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let mut lines = before.split(|&byte| byte == b'\n');
    Position { line: lines.clone().count(), column: 1 + lines.next_back().unwrap_or_default().len() }
}

/// The place of the value that `pointer` names, if the text has it.
pub(super) fn position(text: &[u8], pointer: &str) -> Option<Position> {
    let text = std::str::from_utf8(text).ok()?;
    let mut raw: &str = serde_json::from_str::<&RawValue>(text).ok()?.get();
    for token in pointer.split('/').skip(1) {
        raw = if raw.starts_with('[') {
            serde_json::from_str::<Vec<&RawValue>>(raw).ok()?.get(token.parse::<usize>().ok()?)?.get()
        } else {
            let key = token.replace("~1", "/").replace("~0", "~");
            // The last of two equal keys: it is the one that a diagnostic about them is about.
            serde_json::from_str::<Members<'_>>(raw).ok()?.0.iter().rfind(|(name, _)| *name == key)?.1.get()
        };
    }
    let offset = raw.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    Some(position_of_byte(text.as_bytes(), offset))
}

struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = access.next_entry::<Cow<'de, str>, &'de RawValue>()? {
            members.push((key, value));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_members_elements_and_escaped_keys() {
        let text = "{\n  \"a/b\": [1,\n    {\"é\": 2}]\n}".as_bytes();
        assert_eq!(position(text, ""), Some(Position { line: 1, column: 1 }));
        assert_eq!(position(text, "/a~1b/0"), Some(Position { line: 2, column: 11 }));
        assert_eq!(position(text, "/a~1b/1/é"), Some(Position { line: 3, column: 12 }));
        assert_eq!(position(text, "/absent"), None);
    }
}
