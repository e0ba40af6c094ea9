//! What of a flag a change of stage reads and writes.

use serde::Serialize;

use crate::json::Json;
use crate::stage::{Stage, StageAndPercentage};

/// The fields that a change of stage sets, of a flag's base or of one environment's patch; what is absent is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StageFields {
    /// The stage.
    pub rollout_stage: Option<Stage>,
    /// The percentage, 0 to 100.
    pub rollout_pct: Option<f64>,
    /// The `audit` object, whole.
    pub audit: Option<Json<'static>>,
    /// The stage before `paused`.
    pub paused_from: Option<Stage>,
}

impl StageFields {
    /// Reads the fields from a flag or a patch of a sound registry; what does not make sense is as if it were absent.
    pub fn from_document(json: &Json<'_>) -> Self {
        let stage = |key: &str| json.get(key).and_then(Json::as_text).and_then(Stage::from_name);
        Self {
            rollout_stage: stage("rollout_stage"),
            rollout_pct: match json.get("rollout_pct") {
                Some(Json::Number(number)) => Some(number.to_double()),
                _ => None,
            },
            audit: json.get("audit").map(|audit| audit.clone().into_owned()),
            paused_from: stage("paused_from"),
        }
    }

    /// The text of `audit.last_approval_ref`, if it is not empty.
    pub(super) fn last_approval_ref(&self) -> Option<&str> {
        self.audit.as_ref()?.get("last_approval_ref")?.as_text().filter(|reference| !reference.is_empty())
    }
}

/// What a change of stage needs to know of a flag.
#[derive(Clone, Debug, PartialEq)]
pub struct FlagState {
    /// The flag's key.
    pub key: String,
    /// Whether widening needs an approval.
    pub requires_approval: bool,
    /// Whether widening needs an approval by two.
    pub sensitive_flag: bool,
    /// The flag's own fields.
    pub base: StageFields,
    /// Each environment's patch.
    pub environments: Vec<(String, StageFields)>,
}

impl FlagState {
    /// Reads a flag of a sound registry.
    pub fn from_document(flag: &Json<'_>) -> Self {
        let is_set = |key: &str| matches!(flag.get(key), Some(Json::Boolean(true)));
        let environments = match flag.get("environments") {
            Some(Json::Object(patches)) => patches.as_slice(),
            _ => &[],
        };
        Self {
            key: flag.get("key").and_then(Json::as_text).unwrap_or_default().to_owned(),
            requires_approval: is_set("requires_approval"),
            sensitive_flag: is_set("sensitive_flag"),
            base: StageFields::from_document(flag),
            environments: environments
                .iter()
                .filter(|(_, patch)| !patch.is_null())
                .map(|(environment, patch)| (environment.to_string(), StageFields::from_document(patch)))
                .collect(),
        }
    }

    /// The stage and percentage in effect for an environment, or for the base.
    pub fn stands_at(&self, env: Option<&str>) -> StageAndPercentage {
        let fields = self.effective(env);
        StageAndPercentage {
            rollout_stage: fields.rollout_stage.unwrap_or(Stage::Draft),
            rollout_pct: fields.rollout_pct.unwrap_or(0.0),
        }
    }

    /// The fields as they are in effect for an environment, or for the base.
    pub(super) fn effective(&self, env: Option<&str>) -> StageFields {
        let patch = self.own(env);
        StageFields {
            rollout_stage: patch.rollout_stage.or(self.base.rollout_stage),
            rollout_pct: patch.rollout_pct.or(self.base.rollout_pct),
            audit: patch.audit.or_else(|| self.base.audit.clone()),
            paused_from: patch.paused_from.or(self.base.paused_from),
        }
    }

    /// The fields of an environment's patch, or of the base.
    pub(super) fn own(&self, env: Option<&str>) -> StageFields {
        match env {
            None => self.base.clone(),
            Some(env) => {
                let patch = self.environments.iter().find(|(environment, _)| environment == env);
                patch.map(|(_, fields)| fields.clone()).unwrap_or_default()
            }
        }
    }
}
