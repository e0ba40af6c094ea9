//! A flag: what no environment can patch is read here, the rest in `plan`.

use std::sync::Arc;

use crate::bucketing::Algorithm;
use crate::compile::Compiler;
use crate::compile::place::Place;
use crate::compile::plan::{Kind, PATCHABLE, Sources};
use crate::compile::settings::read_algorithm;
use crate::context::Attribute;
use crate::diagnostics::Code;
use crate::diagnostics::nearest::suggest;
use crate::flag::{Flag, Outcome, Requirement, Scopes, Variant};
use crate::json::key::{Key, Keys};
use crate::json::node::Node;
use crate::value::{StoredValue, ValueType};

pub(super) const FLAG: Keys<20> = Keys::of([
    "key",
    "type",
    "default_value",
    "variants",
    "serve",
    "rules",
    "rollout_stage",
    "rollout_pct",
    "cohort",
    "bucket_by",
    "salt",
    "algorithm",
    "dependencies",
    "requires_approval",
    "sensitive_flag",
    "approval_matrix_row",
    "allowed_scopes",
    "environments",
    "audit",
    "paused_from",
]);
/// The bytes that keys of flags are made of.
const IN_KEYS: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut byte = 0;
    while byte < bytes.len() {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        #[expect(clippy::indexing_slicing, reason = "evaluated when the crate is compiled")]
        (bytes[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'.' | b'_' | b'-'));
        byte += 1;
    }
    bytes
};
pub(super) const SCOPES: [&str; 3] = ["global", "tenant", "user"];

impl<'d> Compiler<'d> {
    pub(super) fn flag(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<Flag> {
        if json.is_null() {
            self.reader.wrong_element(json, place, "a flag is needed here");
            return None;
        }
        let errors = self.reader.errors;
        let [
            key,
            value_type,
            default_value,
            variants,
            serve,
            rules,
            rollout_stage,
            rollout_pct,
            cohort,
            bucket_by,
            salt,
            algorithm,
            dependencies,
            requires_approval,
            sensitive_flag,
            _approval_matrix_row,
            allowed_scopes,
            environments,
            audit,
            paused_from,
        ] = self.reader.fields(json, place, &FLAG)?;

        let key = self.flag_key(key, place);
        let value_type = match value_type {
            Some(json) => {
                let kind = (Code::UnknownType, "type");
                self.reader.word(json, &place.key("type"), kind, &ValueType::NAMES, ValueType::from_name)
            }
            None => Some(ValueType::Boolean),
        };
        let named = variants.map(|json| self.variants(json, value_type, &place.key("variants")));
        let variants = match (&named, value_type) {
            (Some(named), _) => named.as_slice(),
            (None, Some(ValueType::Boolean)) => &ON_AND_OFF,
            (None, Some(value_type)) => {
                let message = format!("`variants` is required: give the {value_type} values by name");
                self.reader.report(Code::MissingKey, place, message);
                &[]
            }
            (None, None) => &[],
        };
        let algorithm = match algorithm {
            Some(json) => read_algorithm(json, &place.key("algorithm"), &mut self.reader),
            None => Some(self.algorithm),
        };
        let bucket_by = match bucket_by {
            Some(json) => self.attribute(json, &place.key("bucket_by")),
            None => Some(Attribute::USER_ID),
        };
        let dependencies = self.dependencies(dependencies, &place.key("dependencies"));
        let requires_approval = self.switch(requires_approval, &place.key("requires_approval"));
        self.switch(sensitive_flag, &place.key("sensitive_flag"));
        let scopes = self.scopes(allowed_scopes, &place.key("allowed_scopes"));

        // In the order of `PATCHABLE`.
        let own = [default_value, serve, rules, rollout_stage, rollout_pct, cohort, salt, audit, paused_from];
        let kind = Kind {
            key: key.unwrap_or_default(),
            json,
            value_type,
            variants,
            algorithm: algorithm.unwrap_or(Algorithm::Xxh64),
            requires_approval,
            has_dependencies: !dependencies.is_empty(),
            bucket_by: bucket_by.as_ref().unwrap_or(&Attribute::USER_ID),
        };
        let base = self.plan(&kind, &Sources::base(own, place), None);
        let patches = self.patches(environments, &kind, own, (base.as_ref(), place));
        if self.reader.errors > errors {
            return None;
        }
        let variants = named.map_or_else(|| Arc::clone(&self.on_and_off), keep);
        Some(Flag {
            key: key?.into(),
            value_type: value_type?,
            base: base?,
            patches: patches.into(),
            variants,
            bucket_by: bucket_by?,
            dependencies: dependencies.into(),
            requires_approval,
            scopes,
            overrides: None,
        })
    }

    fn flag_key(&mut self, key: Option<&'d Node<'d>>, place: &Place<'_>) -> Option<&'d str> {
        let json = self.reader.required(key, place, "key", "name the flag")?;
        let key = self.reader.text(json, &place.key("key"))?;
        let sound = key.len() <= 128
            && key.starts_with(|character: char| character.is_ascii_alphanumeric())
            && key.bytes().all(|byte| IN_KEYS.get(usize::from(byte)) == Some(&true));
        if !sound {
            let message = "a key has 1 to 128 of the characters `A-Z a-z 0-9 . _ -` and begins with a letter or digit";
            self.reader.report(Code::BadKey, &place.key("key"), message);
        }
        Some(key)
    }

    /// The variants that can be read, by name in the order of their UTF-8 bytes.
    fn variants(
        &mut self,
        json: &'d Node<'d>,
        value_type: Option<ValueType>,
        place: &Place<'_>,
    ) -> Vec<(&'d str, StoredValue)> {
        let mut variants = Vec::new();
        for (name, json) in self.reader.members(json, place).into_iter().flatten() {
            let name = name.as_str();
            let place = &place.key(name);
            self.reader.name(name, place);
            if let Some(value_type) = value_type {
                variants.extend(self.value(json, value_type, place).map(|value| (name, value)));
            }
        }
        variants.sort_unstable_by_key(|(name, _)| *name);
        variants
    }

    /// A value of the flag's type.
    #[inline]
    pub(super) fn value(&mut self, json: &Node<'_>, value_type: ValueType, place: &Place<'_>) -> Option<StoredValue> {
        if matches!(json, Node::Number(_) | Node::Array(_) | Node::Object(_)) {
            self.warn_of_large_integers(json, place);
        }
        let value = value_type.store(json);
        if value.is_none() {
            let message = format!("the flag is of type {value_type}, this is {}", json.type_word());
            self.reader.report(Code::ValueMisfit, place, message);
        }
        value
    }

    fn warn_of_large_integers(&mut self, json: &Node<'_>, place: &Place<'_>) {
        match json {
            Node::Number(number) => {
                self.reader.number(*number, place);
            }
            Node::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.warn_of_large_integers(item, &place.index(index));
                }
            }
            Node::Object(object) => {
                for (key, value) in object.members {
                    self.warn_of_large_integers(value, &place.key(key.as_str()));
                }
            }
            Node::Null | Node::Boolean(_) | Node::Text(_) => {}
        }
    }

    fn dependencies(&mut self, json: Option<&'d Node<'d>>, place: &Place<'_>) -> Vec<Requirement> {
        let items = json.and_then(|json| self.reader.array(json, place)).unwrap_or_default();
        let mut dependencies = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = &place.index(index);
            match item {
                Node::Text(_) => {
                    let flag = self.flag_reference(item, place);
                    dependencies.extend(flag.map(|flag| Requirement { flag, variant: None }));
                }
                Node::Object(_) => dependencies.extend(self.requirement(item, place)),
                _ => {
                    self.reader.wrong_element(
                        item,
                        place,
                        "a dependency is a flag's key, or `{\"flag\", \"variant\"}`",
                    );
                }
            }
        }
        dependencies
    }

    fn switch(&mut self, json: Option<&'d Node<'d>>, place: &Place<'_>) -> bool {
        json.and_then(|json| self.reader.boolean(json, place)).unwrap_or(false)
    }

    fn scopes(&mut self, json: Option<&'d Node<'d>>, place: &Place<'_>) -> Scopes {
        let Some(json) = json else { return Scopes { user: true, tenant: true } };
        let mut scopes = Scopes { user: false, tenant: false };
        let names = self.reader.texts(json, place).unwrap_or_default();
        for (index, name) in names.into_iter().enumerate() {
            match name {
                "user" => scopes.user = true,
                "tenant" => scopes.tenant = true,
                "global" => {}
                _ => {
                    let suggestion = suggest(name, &SCOPES);
                    let message = format!("no scope is named `{name}`: {suggestion}");
                    self.reader.report(Code::UnknownScope, &place.index(index), message);
                }
            }
        }
        scopes
    }

    /// What can be patched is what `plan` reads; the rest of a flag's keys cannot.
    pub(super) fn is_unpatchable(key: Key<'_>) -> bool {
        FLAG.place(key).is_some() && PATCHABLE.place(key).is_none()
    }
}

/// The variants of a boolean flag that does not say.
static ON_AND_OFF: [(&str, StoredValue); 2] =
    [("off", StoredValue::Boolean(false)), ("on", StoredValue::Boolean(true))];

/// Those of such a flag as an engine keeps them.
pub(super) fn on_and_off() -> Arc<[Variant]> {
    keep([("off", false), ("on", true)].map(|(name, value)| (name, StoredValue::Boolean(value))).into())
}

/// Variants as an engine keeps them.
fn keep(variants: Vec<(&str, StoredValue)>) -> Arc<[Variant]> {
    let variant = |(index, (name, value)): (_, (&str, _))| Variant {
        name: name.into(),
        outcome: Outcome { value, variant: Some(index) },
    };
    (0..).zip(variants).map(variant).collect()
}

/// Whether a flag has a variant of that name, as far as its document shows; an error of its own there is not reported
/// again where others name the variant.
pub(super) fn may_have_variant(flag: &Node<'_>, name: &str) -> bool {
    match flag.get("variants") {
        Some(variants @ Node::Object(_)) => variants.get(name).is_some(),
        Some(_) => true,
        None => flag.get("type").is_some_and(|json| json.as_text() != Some("boolean")) || ["on", "off"].contains(&name),
    }
}
