//! What environments can patch: the base of a flag and its patches are compiled by one function.

use crate::bucketing::{Algorithm, Hasher, Purpose};
use crate::compile::Compiler;
use crate::compile::flag::may_have_variant;
use crate::compile::place::Place;
use crate::context::Attribute;
use crate::diagnostics::Code;
use crate::diagnostics::nearest::suggest;
use crate::flag::{Before, Gate, Outcome, Plan, Rules, SegmentIndex, Serve, VariantIndex};
use crate::json::key::Keys;
use crate::json::node::Node;
use crate::stage::Stage;
use crate::text::equal;
use crate::value::{StoredValue, ValueType};

/// The keys of a flag that an environment can patch.
pub(crate) const PATCHABLE: Keys<9> = Keys::of([
    "default_value",
    "serve",
    "rules",
    "rollout_stage",
    "rollout_pct",
    "cohort",
    "salt",
    "audit",
    "paused_from",
]);
const AUDIT: Keys<5> =
    Keys::of(["created_at", "created_by", "last_flipped_at", "last_flipped_by", "last_approval_ref"]);

/// Variants that are looked through one by one.
const FEW: usize = 8;

/// What a plan needs of the flag that it belongs to.
pub(super) struct Kind<'k, 'd> {
    pub(super) key: &'d str,
    /// The flag as it was written.
    pub(super) json: &'d Node<'d>,
    pub(super) value_type: Option<ValueType>,
    pub(super) variants: &'k [(&'d str, StoredValue)],
    pub(super) algorithm: Algorithm,
    pub(super) bucket_by: &'k Attribute,
    pub(super) requires_approval: bool,
    pub(super) has_dependencies: bool,
}

impl Kind<'_, '_> {
    pub(super) fn variant(&self, name: &str) -> Option<VariantIndex> {
        // Of the few that most flags have, comparing each costs less than halving.
        let index = match self.variants {
            few if few.len() <= FEW => few.iter().position(|(other, _)| equal(other, name))?,
            many => many.binary_search_by(|(other, _)| (*other).cmp(name)).ok()?,
        };
        VariantIndex::try_from(index).ok()
    }

    /// What can decide before the gate of a plan, without rows of overrides.
    fn before(&self, stage: Stage, approved: bool) -> Before {
        match stage {
            Stage::Paused | Stage::RolledBack => Before::Anything,
            _ if self.requires_approval && !approved => Before::Anything,
            _ if self.has_dependencies => Before::Dependencies,
            _ => Before::Nothing,
        }
    }

    /// The smallest name whose value equals this one.
    pub(super) fn variant_of(&self, value: &StoredValue) -> Option<VariantIndex> {
        (0..).zip(self.variants).find(|(_, variant)| variant.1.as_value() == value.as_value()).map(|(index, _)| index)
    }
}

/// Where each patchable key of a plan comes from.
pub(super) struct Sources<'s, 'd> {
    fields: [Option<&'d Node<'d>>; PATCHABLE.names.len()],
    /// Whether the patch has the key; else it is the flag's own.
    patched: [bool; PATCHABLE.names.len()],
    place: &'s Place<'s>,
}

impl<'s, 'd> Sources<'s, 'd> {
    /// A flag's own keys.
    pub(super) fn base(own: [Option<&'d Node<'d>>; PATCHABLE.names.len()], place: &'s Place<'s>) -> Self {
        Self { fields: own, patched: [true; PATCHABLE.names.len()], place }
    }

    /// A patch over a flag's own keys.
    fn patch(
        own: [Option<&'d Node<'d>>; PATCHABLE.names.len()],
        patch: [Option<&'d Node<'d>>; PATCHABLE.names.len()],
        place: &'s Place<'s>,
    ) -> Self {
        let mut fields = own;
        for (field, patch) in fields.iter_mut().zip(patch) {
            *field = patch.or(*field);
        }
        Self { fields, patched: patch.map(|field| field.is_some()), place }
    }
}

impl<'d> Compiler<'d> {
    /// Compiles a base or a patch over it. What a patch takes over from the flag has been reported there.
    pub(super) fn plan(&mut self, kind: &Kind<'_, 'd>, sources: &Sources<'_, 'd>, base: Option<&Plan>) -> Option<Plan> {
        let [default_value, serve, rules, stage, percentage, cohort, salt, audit, paused_from] = sources.fields;
        let [own_default, own_serve, own_rules, own_stage, own_percentage, own_cohort, own_salt, own_audit, own_from] =
            sources.patched;
        let place = sources.place;

        let default = self.reported(own_default, |compiler| compiler.default_value(default_value, kind, place));
        let salt = self.reported(own_salt, |compiler| match salt {
            Some(json) => compiler.reader.text(json, &place.key("salt")),
            None => Some(kind.key),
        });
        self.flag_salts.extend(salt);
        let salt = salt.unwrap_or(kind.key);
        let serve = self.reported(own_serve, |compiler| match serve {
            Some(json) => compiler.serve(json, &place.key("serve"), kind, salt),
            None => compiler.default_serve(kind, place),
        });
        let rules = match (base, rules) {
            (Some(base), _) if !own_rules && !own_salt => base.rules.clone(),
            (_, Some(json)) => {
                self.reported(own_rules, |compiler| compiler.rules(json, &place.key("rules"), kind, salt))
            }
            (_, None) => Rules::default(),
        };
        let stage = self.reported(own_stage, |compiler| match stage {
            Some(json) => compiler.stage(json, &place.key("rollout_stage")),
            None => Some(Stage::Draft),
        });
        let percentage = self.reported(own_percentage, |compiler| match percentage {
            Some(json) => compiler.percentage(json, &place.key("rollout_pct"), kind.algorithm),
            None => Some(0.0),
        });
        let cohort = self.reported(own_cohort, |compiler| compiler.cohort(cohort, &place.key("cohort")));
        let approved = self.reported(own_audit, |compiler| compiler.audit(audit, &place.key("audit")));
        self.reported(own_from, |compiler| {
            paused_from.and_then(|json| compiler.stage(json, &place.key("paused_from")))
        });

        let hasher = Hasher::new(kind.algorithm, Purpose::Gate, salt);
        let threshold = hasher.threshold(percentage?);
        let stage = stage?;
        Some(Plan {
            stage,
            approved,
            before: kind.before(stage, approved),
            default: default?,
            gate: Gate { hasher, threshold },
            cohort: cohort.into(),
            rules,
            serve: serve?,
        })
    }

    /// Keeps what `read` reports only where this is its first reading.
    fn reported<T>(&mut self, first: bool, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = (!first).then_some((self.reader.is_silent, self.reader.errors, self.condition_salts.len()));
        self.reader.is_silent |= !first;
        let result = read(self);
        if let Some((silent, errors, salts)) = before {
            self.reader.is_silent = silent;
            self.reader.errors = errors;
            self.condition_salts.truncate(salts);
        }
        result
    }

    pub(super) fn patches(
        &mut self,
        environments: Option<&'d Node<'d>>,
        kind: &Kind<'_, 'd>,
        own: [Option<&'d Node<'d>>; PATCHABLE.names.len()],
        (base, place): (Option<&Plan>, &Place<'_>),
    ) -> Vec<(Box<str>, Plan)> {
        let Some(json) = environments else { return Vec::new() };
        let place = &place.key("environments");
        let mut patches = Vec::new();
        for (environment, json) in self.reader.members(json, place).into_iter().flatten() {
            let environment = environment.as_str();
            let place = &place.key(environment);
            if !self.environments.contains(&environment) {
                let hint = suggest(environment, &self.environments);
                let message = format!("the registry lists no environment `{environment}`: {hint}");
                self.reader.report(Code::UnknownEnvironment, place, message);
            }
            let Some(members) = self.reader.members(json, place) else { continue };
            let (unpatchable, members): (Vec<_>, Vec<_>) = members.partition(|(key, _)| Self::is_unpatchable(*key));
            for (key, _) in unpatchable {
                let key = key.as_str();
                let message = format!("`{key}` is the same in all environments: remove it here");
                self.reader.report(Code::UnpatchableKey, &place.key(key), message);
            }
            let patch = self.reader.sort(members.into_iter(), place, &PATCHABLE);
            let plan = self.plan(kind, &Sources::patch(own, patch, place), base);
            patches.extend(plan.map(|plan| (environment.into(), plan)));
        }
        patches
    }

    fn default_value(&mut self, json: Option<&'d Node<'d>>, kind: &Kind<'_, 'd>, place: &Place<'_>) -> Option<Outcome> {
        let help = "say what to serve while the gate is closed";
        let json = self.reader.required(json, place, "default_value", help)?;
        let value = self.value(json, kind.value_type?, &place.key("default_value"))?;
        let variant = kind.variant_of(&value);
        Some(Outcome { value, variant })
    }

    /// What an open gate serves where the flag does not say.
    fn default_serve(&mut self, kind: &Kind<'_, 'd>, place: &Place<'_>) -> Option<Serve> {
        if kind.value_type? != ValueType::Boolean {
            self.reader.report(Code::MissingKey, place, "`serve` is required: say what an open gate serves");
            return None;
        }
        let on = kind.variant("on");
        if on.is_none() && !may_have_variant(kind.json, "on") {
            let message = "`serve` is required, since there is no variant `on` to serve by default: say what to serve";
            self.reader.report(Code::MissingKey, place, message);
        }
        on.map(Serve::Variant)
    }

    fn stage(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<Stage> {
        self.reader.word(json, place, (Code::UnknownStage, "stage"), &Stage::NAMES, Stage::from_name)
    }

    fn percentage(&mut self, json: &'d Node<'d>, place: &Place<'_>, algorithm: Algorithm) -> Option<f64> {
        let percentage = self.reader.any_number(json, place)?.to_double();
        if !(0.0..=100.0).contains(&percentage) {
            self.reader.report(Code::PercentageOutOfRange, place, "a percentage is a number of 0 to 100");
            return None;
        }
        if !algorithm.expresses(percentage) {
            let step = if algorithm == Algorithm::Djb2Xor { "whole percents" } else { "thousandths of a percent" };
            let message = format!("`{}` buckets in {step}: round the percentage", algorithm.as_str());
            self.reader.report(Code::InexpressiblePercentage, place, message);
        }
        Some(percentage)
    }

    fn cohort(&mut self, json: Option<&'d Node<'d>>, place: &Place<'_>) -> Vec<SegmentIndex> {
        let items = json.and_then(|json| self.reader.array(json, place)).unwrap_or_default();
        let mut cohort = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = &place.index(index);
            if item.is_null() {
                self.reader.wrong_element(item, place, "a segment's key is needed here");
            } else {
                cohort.extend(self.segment_reference(item, place));
            }
        }
        cohort
    }

    /// Whether the flag has an approval.
    fn audit(&mut self, json: Option<&'d Node<'d>>, place: &Place<'_>) -> bool {
        let members = json.and_then(|json| self.reader.members(json, place));
        let mut approved = false;
        for (key, value) in members.into_iter().flatten().filter(|(key, _)| AUDIT.place(*key).is_some()) {
            let key = key.as_str();
            let text = self.reader.text(value, &place.key(key));
            approved |= key == "last_approval_ref" && text.is_some_and(|text| !text.is_empty());
        }
        approved
    }
}
