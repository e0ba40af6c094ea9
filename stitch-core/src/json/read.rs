//! Reading JSON text into a [`Json`] tree, strictly: what two readers could take differently is refused.
//!
//! The parser is `serde_json`'s; what it leaves open is settled here, in the visitor: keys given twice, nesting,
//! long strings. Those are collected and reading goes on, so that all of them are reported at once. Text that is
//! no JSON at all stops the reading where it fails.

use std::borrow::Cow;
use std::fmt;

use hashbrown::HashSet;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Json, Member};
use crate::diagnostics::{Code, Diagnostic, Found, Position, Token, pointer, position_of_byte};
use crate::limits;
use crate::number::Number;

/// Members up to which keys are compared with each other one by one to find one given twice.
pub(super) const FEW_MEMBERS: usize = 16;

/// A document's tree, if the text is JSON, and everything that is wrong with the text.
pub(crate) struct Reading<'a> {
    pub(crate) json: Option<Json<'a>>,
    pub(crate) problems: Vec<Diagnostic>,
}

/// Reads `text`; strings of more than `string_limit` bytes are reported.
pub(crate) fn read(text: &[u8], string_limit: usize) -> Reading<'_> {
    let refused = |problem| Reading { json: None, problems: vec![problem] };
    let most = limits::DOCUMENT_BYTES;
    if text.len() > most {
        let message = format!("the document has {} bytes; at most {most} are allowed: split it", text.len());
        return refused(Diagnostic::new(Code::DocumentTooLarge, String::new(), message));
    }
    if text.starts_with(b"\xEF\xBB\xBF") {
        let message = "the document begins with a byte order mark: save it as UTF-8 without one".to_owned();
        return refused(Diagnostic::new(Code::ByteOrderMark, String::new(), message).at_position(1, 1));
    }
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let message = "the document is not UTF-8: save it as UTF-8".to_owned();
            let problem = Diagnostic::new(Code::MalformedJson, String::new(), message);
            let Position { line, column } = position_of_byte(text, error.valid_up_to());
            return refused(problem.at_position(line, column));
        }
    };
    let mut state =
        State { found: Found::default(), path: Vec::new(), items: Vec::new(), members: Vec::new(), string_limit };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let result = Value { state: &mut state }.deserialize(&mut deserializer);
    match result.and_then(|json| deserializer.end().map(|()| json)) {
        Ok(json) => Reading { json: Some(json), problems: state.found.finish() },
        Err(error) => {
            let mut problems = state.found.finish();
            problems.push(malformed(&error));
            Reading { json: None, problems }
        }
    }
}

fn malformed(error: &serde_json::Error) -> Diagnostic {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let hint = match said {
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            ": a character outside the basic plane needs both halves of its surrogate pair"
        }
        "number out of range" => ": write a number that a double can hold",
        "trailing comma" => ": remove the comma before the closing bracket",
        "key must be a string" => ": put the key between double quotes",
        _ => ": mend the JSON at this place",
    };
    Diagnostic::new(Code::MalformedJson, String::new(), format!("not valid JSON: {said}{hint}"))
        .at_position(error.line().max(1), error.column().max(1))
}

struct State<'a> {
    found: Found,
    /// Where the reading is.
    path: Vec<Token<'a>>,
    /// The items of the arrays, and the members of the objects, that are being read: moved out when all of one are
    /// known, so that each makes room once, for as many as it has.
    items: Vec<Json<'a>>,
    members: Vec<Member<'a>>,
    string_limit: usize,
}

impl State<'_> {
    fn report(&mut self, code: Code, message: String) {
        self.found.push(code, || Diagnostic::new(code, pointer(&self.path), message));
    }

    fn check_length(&mut self, text: &str) {
        if text.len() > self.string_limit {
            let message = format!("this string has {} bytes; at most {} are allowed", text.len(), self.string_limit);
            self.report(Code::StringTooLong, message);
        }
    }

    /// Whether there may be an array or object here; reports it if not.
    fn may_nest(&mut self) -> bool {
        let fits = self.path.len() < limits::NESTING;
        if !fits {
            let message = format!("arrays and objects are more than {} levels deep: flatten them", limits::NESTING);
            self.report(Code::NestingTooDeep, message);
        }
        fits
    }
}

/// Reads one value.
struct Value<'s, 'a> {
    state: &'s mut State<'a>,
}

impl<'a> DeserializeSeed<'a> for Value<'_, 'a> {
    type Value = Json<'a>;

    fn deserialize<D: serde::Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Value<'_, 'a> {
    type Value = Json<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Json::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        #[expect(clippy::cast_precision_loss, reason = "an integer beyond i64 is the nearest double, by the contract")]
        let number = i64::try_from(value).map_or(Number::Double(value as f64), Number::Integer);
        Ok(Json::Number(number))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        if !value.is_finite() {
            return Err(E::custom("number out of range"));
        }
        // −0 is read as 0; the parser gives it as a double even where it is written as an integer.
        Ok(if value == 0.0 && value.is_sign_negative() { Json::from(0) } else { Json::from(value) })
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        self.state.check_length(value);
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_borrowed_str<E>(self, value: &'a str) -> Result<Self::Value, E> {
        self.state.check_length(value);
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        if !self.state.may_nest() {
            while access.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Json::Null);
        }
        let start = self.state.items.len();
        self.state.path.push(Token::Index(0));
        while let Some(item) = access.next_element_seed(Value { state: &mut *self.state })? {
            self.state.items.push(item);
            if let Some(token) = self.state.path.last_mut() {
                *token = Token::Index(self.state.items.len() - start);
            }
        }
        self.state.path.pop();
        Ok(Json::Array(self.state.items.drain(start..).collect()))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        if !self.state.may_nest() {
            while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Json::Null);
        }
        let start = self.state.members.len();
        let mut many: HashSet<Cow<'a, str>, foldhash::quality::RandomState> = HashSet::default();
        while let Some(key) = access.next_key_seed(Key)? {
            self.state.path.push(Token::Key(key.clone()));
            self.state.check_length(&key);
            let members = self.state.members.get(start..).unwrap_or_default();
            let twice = if members.len() < FEW_MEMBERS {
                members.iter().any(|(other, _)| *other == key)
            } else {
                if many.is_empty() {
                    many.extend(members.iter().map(|(other, _)| other.clone()));
                }
                !many.insert(key.clone())
            };
            if twice {
                self.state.report(Code::DuplicateKey, "this key is given twice: keep one of the two".to_owned());
            }
            let value = access.next_value_seed(Value { state: &mut *self.state })?;
            self.state.path.pop();
            self.state.members.push((key, value));
        }
        Ok(Json::Object(self.state.members.drain(start..).collect()))
    }
}

/// Reads an object's key.
struct Key;

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Cow<'a, str>;

    fn deserialize<D: serde::Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Key {
    type Value = Cow<'a, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
    }

    fn visit_borrowed_str<E>(self, value: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }
}
