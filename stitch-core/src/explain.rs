//! How an evaluation came to its answer: the same code as the evaluation itself, watched.

use serde::{Serialize, Serializer};

use crate::evaluation::Evaluation;
use crate::json::Json;

/// One of the nine steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Is there such a flag?
    Exists = 1,
    /// Is it paused or rolled back?
    Halted,
    /// Are its dependencies satisfied?
    Dependencies,
    /// Has it the approval that it requires?
    Approval,
    /// Is there an override for this user?
    UserOverride,
    /// Is there an override for this tenant?
    TenantOverride,
    /// Is the context within the staged rollout?
    CohortBucketing,
    /// Does the stage open the gate?
    StageMap,
    /// The gate is closed.
    Default,
}

impl Step {
    /// From 1 to 9.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::Halted => "halted",
            Self::Dependencies => "dependencies",
            Self::Approval => "approval",
            Self::UserOverride => "user override",
            Self::TenantOverride => "tenant override",
            Self::CohortBucketing => "cohort bucketing",
            Self::StageMap => "stage map",
            Self::Default => "default",
        }
    }
}

/// A step that was reached.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TraceEntry {
    /// Which.
    pub step: Step,
    /// Whether it decided; else the next one was reached.
    pub decided: bool,
    /// What was looked at: for people, not part of the contract.
    pub detail: Vec<(&'static str, Json<'static>)>,
}

impl TraceEntry {
    /// `decided` or `pass`.
    pub fn outcome(&self) -> &'static str {
        if self.decided { "decided" } else { "pass" }
    }
}

impl Serialize for TraceEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let detail = self.detail.iter().map(|(key, value)| ((*key).into(), value.clone())).collect();
        Json::Object(vec![
            ("step".into(), Json::from(u32::from(self.step.number()))),
            ("name".into(), self.step.as_str().into()),
            ("outcome".into(), self.outcome().into()),
            ("detail".into(), Json::Object(detail)),
        ])
        .serialize(serializer)
    }
}

/// An evaluation with its trace.
///
/// ```
/// use stitch_core::{Context, Engine};
///
/// let engine = Engine::from_json(r#"{"schema_version": "1.0", "flags": [
///     {"key": "a", "default_value": false, "rollout_stage": "paused"}]}"#)?;
/// let context = Context::user("U-1");
/// let explanation = engine.explain("a", &context);
/// let steps: Vec<_> = explanation.trace.iter().map(|entry| (entry.step.as_str(), entry.outcome())).collect();
/// assert_eq!(steps, [("exists", "pass"), ("halted", "decided")]);
/// # Ok::<(), stitch_core::DefinitionsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explanation<'a> {
    /// What [`Engine::evaluate`](crate::Engine::evaluate) answers.
    #[serde(flatten)]
    pub evaluation: Evaluation<'a>,
    /// One entry for each step that was reached.
    pub trace: Vec<TraceEntry>,
}

/// Watches the nine steps. The silent one compiles to nothing.
pub(crate) trait Observer {
    /// Whether it wants to see every step, also those in which nothing can happen.
    const WATCHES: bool;
    /// Something that the current step looked at.
    fn note(&mut self, key: &'static str, value: impl FnOnce() -> Json<'static>);
    /// The current step is done.
    fn done(&mut self, step: Step, decided: bool);
}

/// Watches nothing.
pub(crate) struct Silent;

impl Observer for Silent {
    const WATCHES: bool = false;

    #[inline]
    fn note(&mut self, _: &'static str, _: impl FnOnce() -> Json<'static>) {}

    #[inline]
    fn done(&mut self, _: Step, _: bool) {}
}

/// Writes the trace.
#[derive(Default)]
pub(crate) struct Recorder {
    detail: Vec<(&'static str, Json<'static>)>,
    pub(crate) trace: Vec<TraceEntry>,
}

impl Observer for Recorder {
    const WATCHES: bool = true;

    fn note(&mut self, key: &'static str, value: impl FnOnce() -> Json<'static>) {
        self.detail.push((key, value()));
    }

    fn done(&mut self, step: Step, decided: bool) {
        self.trace.push(TraceEntry { step, decided, detail: std::mem::take(&mut self.detail) });
    }
}
