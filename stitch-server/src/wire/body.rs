//! The text of the answers that are asked for most, written straight into one buffer.
//!
//! Names are copied with their quotes and colons; a serialiser would look through each for characters to escape, every
//! time. A test holds what is written here against what the core's own serialisation says.

use std::io;

use serde::Serialize;
use stitch_core::{Evaluation, Value};

/// JSON under construction.
#[derive(Debug)]
pub(crate) struct Body(Vec<u8>);

impl Body {
    /// Room for an answer of that many bytes before it has to grow.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Text that is JSON already.
    #[inline]
    pub(crate) fn raw(&mut self, json: &str) {
        self.0.extend_from_slice(json.as_bytes());
    }

    /// A value as its type serialises.
    pub(crate) fn value(&mut self, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, value).map_err(io::Error::from)
    }

    /// A text, or null. Hardly any needs an escape.
    fn text(&mut self, text: Option<&str>) -> io::Result<()> {
        let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        match text {
            None => self.raw("null"),
            Some(text) if text.bytes().all(plain) => {
                self.raw("\"");
                self.raw(text);
                self.raw("\"");
            }
            Some(text) => self.value(text)?,
        }
        Ok(())
    }

    /// The result of section 5 of the evaluation contract.
    #[inline]
    pub(crate) fn evaluation(&mut self, evaluation: &Evaluation<'_>) -> io::Result<()> {
        match (evaluation.value, evaluation.variant_key, evaluation.is_enabled) {
            // As nearly all are: few pieces, since each asks for room. The key of a flag that is served has letters,
            // digits and `._-` alone.
            (Some(Value::Boolean(true)), Some("on"), true) => {
                self.raw(r#"{"flag_key":""#);
                self.raw(evaluation.flag_key);
                self.raw(r#"","value":true,"variant_key":"on","is_enabled":true,"reason":""#);
            }
            (Some(Value::Boolean(false)), Some("off"), false) => {
                self.raw(r#"{"flag_key":""#);
                self.raw(evaluation.flag_key);
                self.raw(r#"","value":false,"variant_key":"off","is_enabled":false,"reason":""#);
            }
            (value, variant_key, is_enabled) => {
                self.raw(r#"{"flag_key":"#);
                self.text(Some(evaluation.flag_key))?;
                self.raw(r#","value":"#);
                self.value(&value)?;
                self.raw(r#","variant_key":"#);
                self.text(variant_key)?;
                self.raw(if is_enabled {
                    r#","is_enabled":true,"reason":""#
                } else {
                    r#","is_enabled":false,"reason":""#
                });
            }
        }
        self.raw(evaluation.reason.as_str());
        match (evaluation.rule_id, evaluation.dependency) {
            (None, None) => self.raw(r#"","rule_id":null}"#),
            (rule_id, dependency) => {
                self.raw(r#"","rule_id":"#);
                self.text(rule_id)?;
                if let Some(dependency) = dependency {
                    self.raw(r#","dependency":"#);
                    self.text(Some(dependency))?;
                }
                self.raw("}");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use stitch_core::{Context, Engine};

    use super::*;

    #[test]
    fn evaluations_are_written_as_the_core_serialises_them() {
        let registry = r#"{"schema_version": "1.0", "flags": [
            {"key": "plain", "default_value": true},
            {"key": "ruled", "default_value": false, "rollout_stage": "full", "rules":
                [{"id": "a \"rule\"", "when": {"attr": "tier", "op": "eq", "value": "staff"}, "serve": "on"}]},
            {"key": "dependent", "default_value": false, "rollout_stage": "full", "dependencies": ["draft"]},
            {"key": "draft", "default_value": false},
            {"key": "text", "type": "string", "default_value": "ก\u0001\"", "variants": {"on": "x"}, "serve": "on"},
            {"key": "number", "type": "double", "default_value": 0.1, "variants": {"on": 1.5}, "serve": "on"},
            {"key": "object", "type": "object", "default_value": {"a": [1, null]}, "variants": {"on": {}}, "serve": "on"}]}"#;
        let engine = Engine::from_json(registry).unwrap();
        let context = Context::user("U-1").tier("staff");
        let keys: Vec<_> = engine.flag_keys().chain(["no \"such\" flag\u{7f}ก"]).collect();
        for key in keys {
            let evaluation = engine.evaluate(key, &context);
            let mut body = Body::with_capacity(0);
            body.evaluation(&evaluation).unwrap();
            let written = String::from_utf8(body.into_bytes()).unwrap();
            assert_eq!(written, serde_json::to_string(&evaluation).unwrap());
        }
    }
}
