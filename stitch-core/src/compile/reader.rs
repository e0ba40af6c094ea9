//! Reading typed values out of the tree; whatever is wrong is reported with its place, and reading goes on.

use std::collections::HashMap;

use regex::Regex;

use crate::compile::place::Place;
use crate::diagnostics::nearest::{nearest, suggest};
use crate::diagnostics::{Code, Diagnostic, Found, Severity};
use crate::json::key::{Key, Keys};
use crate::json::node::{Node, Object};
use crate::limits;
use crate::number::{MAX_SAFE_INTEGER, Number};

/// Keys that any object of a document may have for people and other tools, besides every key that begins with `x-`.
const METADATA: [&str; 16] = [
    "id",
    "name",
    "description",
    "description_en",
    "description_th",
    "owner",
    "owner_module",
    "planning_ref",
    "contract_ref",
    "binding_status",
    "honest_note",
    "tags",
    "created_at",
    "updated_at",
    "version",
    "revision",
];

/// Whether a name has as few characters as it may, all of them printable ASCII, as nearly all have.
fn is_plain_name(name: &str) -> bool {
    (1..=limits::NAME_CHARS).contains(&name.len()) && name.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Collects diagnostics.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) found: Found,
    pub(crate) errors: usize,
    /// Everything that was reported, also where nothing was kept of it.
    pub(crate) reports: usize,
    /// Patterns that were compiled already, by what they are to the regex crate.
    pub(crate) regexes: HashMap<String, Regex>,
    /// Nothing is kept: what is read again has been reported already.
    pub(crate) is_silent: bool,
}

impl Reader {
    pub(crate) fn report(&mut self, code: Code, place: &Place<'_>, message: impl Into<String>) {
        self.reports += 1;
        self.errors += usize::from(code.severity() == Severity::Error);
        if !self.is_silent {
            self.found.push(code, || Diagnostic::new(code, place.pointer(), message));
        }
    }

    fn wrong_type(&mut self, json: &Node<'_>, place: &Place<'_>, wanted: &str) {
        self.report(Code::WrongType, place, format!("{wanted} is needed here, this is {}", json.type_word()));
    }

    /// Reports an element of an array that is `null` or of another type.
    pub(crate) fn wrong_element(&mut self, json: &Node<'_>, place: &Place<'_>, wanted: &str) {
        if json.is_null() {
            self.report(
                Code::NullInArray,
                place,
                "`null` means absent, and an array has no absent elements: remove it",
            );
        } else {
            self.report(Code::WrongType, place, format!("{wanted}, this is {}", json.type_word()));
        }
    }

    pub(crate) fn text<'d>(&mut self, json: &'d Node<'_>, place: &Place<'_>) -> Option<&'d str> {
        let text = json.as_text();
        if text.is_none() {
            self.wrong_type(json, place, "a string");
        }
        text
    }

    pub(crate) fn boolean(&mut self, json: &Node<'_>, place: &Place<'_>) -> Option<bool> {
        if let Node::Boolean(boolean) = json {
            return Some(*boolean);
        }
        self.wrong_type(json, place, "`true` or `false`");
        None
    }

    /// Any number.
    pub(crate) fn any_number(&mut self, json: &Node<'_>, place: &Place<'_>) -> Option<Number> {
        if let Node::Number(number) = json {
            return Some(*number);
        }
        self.wrong_type(json, place, "a number");
        None
    }

    /// An integer, by value.
    pub(crate) fn integer(&mut self, json: &Node<'_>, place: &Place<'_>) -> Option<i64> {
        let integer = match json {
            Node::Number(number) => self.number(*number, place).as_integer(),
            _ => None,
        };
        if integer.is_none() {
            self.wrong_type(json, place, "an integer");
        }
        integer
    }

    /// Passes the number on, with a warning if some JSON readers would not.
    pub(crate) fn number(&mut self, number: Number, place: &Place<'_>) -> Number {
        if let Number::Integer(integer) = number
            && integer.unsigned_abs() > MAX_SAFE_INTEGER.unsigned_abs()
        {
            let message =
                "JSON readers that hold numbers as doubles round this integer: write it as a string if you can";
            self.report(Code::LargeInteger, place, message);
        }
        number
    }

    pub(crate) fn array<'d>(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<&'d [Node<'d>]> {
        if let Node::Array(items) = json {
            return Some(items);
        }
        self.wrong_type(json, place, "an array");
        None
    }

    /// An array of texts: those that are, the others reported.
    pub(crate) fn texts<'d>(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<Vec<&'d str>> {
        let items = self.array(json, place)?;
        for (index, item) in items.iter().enumerate().filter(|(_, item)| item.as_text().is_none()) {
            self.wrong_element(item, &place.index(index), "a string is needed here");
        }
        Some(items.iter().filter_map(Node::as_text).collect())
    }

    /// The members of an object, those that are `null` left out.
    pub(crate) fn members<'d>(
        &mut self,
        json: &'d Node<'d>,
        place: &Place<'_>,
    ) -> Option<impl Iterator<Item = (Key<'d>, &'d Node<'d>)> + use<'d>> {
        Some(self.object(json, place)?.members())
    }

    pub(crate) fn object<'d>(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<&'d Object<'d>> {
        if let Node::Object(object) = json {
            return Some(object);
        }
        self.wrong_type(json, place, "an object");
        None
    }

    /// The members of an object by their keys, in the order of `known`; warns of keys that mean nothing there.
    pub(crate) fn fields<'d, const N: usize>(
        &mut self,
        json: &'d Node<'d>,
        place: &Place<'_>,
        known: &Keys<N>,
    ) -> Option<[Option<&'d Node<'d>>; N]> {
        let members = self.members(json, place)?;
        Some(self.sort(members, place, known))
    }

    /// Members by their keys, in the order of `known`; warns of keys that mean nothing there.
    pub(crate) fn sort<'d, const N: usize>(
        &mut self,
        members: impl Iterator<Item = (Key<'d>, &'d Node<'d>)>,
        place: &Place<'_>,
        known: &Keys<N>,
    ) -> [Option<&'d Node<'d>>; N] {
        let mut fields = [None; N];
        for (key, value) in members {
            match known.place(key).and_then(|place| fields.get_mut(place)) {
                Some(field) => *field = Some(value),
                None => self.check_metadata(key.as_str(), place, &known.names),
            }
        }
        fields
    }

    /// Warns of a key that means nothing, unless it is one that any object may have.
    #[cold]
    fn check_metadata(&mut self, key: &str, place: &Place<'_>, known: &[&str]) {
        if !METADATA.contains(&key) && !key.starts_with("x-") {
            let near = nearest(key, known).map(|(near, _)| near).unwrap_or_default();
            let message =
                format!("`{key}` means nothing here: did you mean `{near}`? Keys of your own begin with `x-`");
            self.report(Code::UnknownKey, &place.key(key), message);
        }
    }

    /// A field that must be there.
    pub(crate) fn required<'d>(
        &mut self,
        field: Option<&'d Node<'d>>,
        place: &Place<'_>,
        key: &str,
        help: &str,
    ) -> Option<&'d Node<'d>> {
        if field.is_none() {
            self.report(Code::MissingKey, place, format!("`{key}` is required: {help}"));
        }
        field
    }

    /// A name of a variant, rule or segment.
    pub(crate) fn name(&mut self, name: &str, place: &Place<'_>) -> bool {
        let sound = is_plain_name(name)
            || (1..=limits::NAME_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if !sound {
            let message =
                format!("a name has 1 to {} characters, none of them a control character", limits::NAME_CHARS);
            self.report(Code::BadName, place, message);
        }
        sound
    }

    /// One of a fixed set of words.
    pub(crate) fn word<T>(
        &mut self,
        json: &Node<'_>,
        place: &Place<'_>,
        (code, kind): (Code, &str),
        words: &[&str],
        meaning: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(json, place)?;
        let found = meaning(text);
        if found.is_none() {
            self.report(code, place, format!("no {kind} is named `{text}`: {}", suggest(text, words)));
        }
        found
    }
}
