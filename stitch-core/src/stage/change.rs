//! One change of stage: the new fields with an audit record, or every reason why not.

use std::collections::HashSet;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::instant::Rfc3339;
use crate::json::Json;
use crate::stage::{FlagState, Stage, StageFields};

/// A wish to change a flag's stage or percentage.
#[derive(Clone, Debug, Default)]
pub struct Change<'a> {
    /// The environment to change; the base where there is none.
    pub env: Option<&'a str>,
    /// The new stage; stays as it is where there is none.
    pub rollout_stage: Option<Stage>,
    /// The new percentage; stays as it is where there is none.
    pub rollout_pct: Option<f64>,
    /// Who makes the change.
    pub actor: &'a str,
    /// When, in milliseconds since the epoch.
    pub now: i64,
    /// The approval that it is made with.
    pub approval: Option<Approval<'a>>,
}

/// An approval. That it belongs to this very change, is fresh and serves once, is the caller's to see to.
#[derive(Clone, Debug)]
pub struct Approval<'a> {
    /// What it is known by.
    pub reference: &'a str,
    /// Who signed it.
    pub approvers: Vec<&'a str>,
}

/// A change that can be made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Transition {
    /// All four fields as they are after the change, of the base or of the environment's patch.
    pub fields: StageFields,
    /// What to write into the audit log.
    pub record: AuditRecord,
    /// After a change of the base: the environments that keep a stage of their own.
    pub own_stage: Vec<String>,
}

/// Who changed what, when, and with which approval.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AuditRecord {
    /// The flag's key.
    pub flag: String,
    /// The environment; none for the base.
    pub env: Option<String>,
    /// Who.
    pub actor: String,
    /// When: RFC 3339, UTC, milliseconds.
    pub at: String,
    /// What was in effect before.
    pub from: StageAndPercentage,
    /// What is in effect after.
    pub to: StageAndPercentage,
    /// The approval, where one counted.
    pub approval_ref: Option<String>,
}

/// A stage and a percentage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StageAndPercentage {
    /// The stage.
    pub rollout_stage: Stage,
    /// The percentage, 0 to 100.
    pub rollout_pct: f64,
}

impl StageAndPercentage {
    /// Whether this would be widening: the word of section 7.
    pub fn widens_to(self, to: Self) -> bool {
        match (self.rollout_stage, to.rollout_stage) {
            (Stage::Staged, Stage::Staged) => to.rollout_pct > self.rollout_pct,
            (Stage::Pilot | Stage::Staged, Stage::Internal) => true,
            (Stage::Paused | Stage::RolledBack, to) => to.is_open(),
            (from, to) => to.is_open() && to.width() > from.width(),
        }
    }
}

/// Why a change cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalCode {
    /// Nothing would change.
    NoChange,
    /// The table of section 7 does not have it.
    TransitionNotAllowed,
    /// The percentage is outside 0 to 100.
    PercentageOutOfRange,
    /// No approval that counts was given.
    ApprovalRequired,
    /// The approval is one that the flag had already.
    ApprovalNotNew,
}

impl RefusalCode {
    /// The stable code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoChange => "no_change",
            Self::TransitionNotAllowed => "transition_not_allowed",
            Self::PercentageOutOfRange => "percentage_out_of_range",
            Self::ApprovalRequired => "approval_required",
            Self::ApprovalNotNew => "approval_not_new",
        }
    }
}

impl Serialize for RefusalCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One reason why a change cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// For programs.
    pub code: RefusalCode,
    /// For people: why, and what to do.
    pub message: String,
}

/// A change that cannot be made: every reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}", Lines(.refusals))]
pub struct ChangeRefused {
    /// At least one.
    pub refusals: Vec<Refusal>,
}

struct Lines<'a>(&'a [Refusal]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<&str> = self.0.iter().map(|refusal| refusal.message.as_str()).collect();
        formatter.write_str(&reasons.join("; "))
    }
}

/// Works out a change of stage. Writes nothing: the caller stores the fields and the record.
///
/// ```
/// use stitch_core::Json;
/// use stitch_core::stage::{Change, FlagState, Stage, change};
///
/// let flag = FlagState::from_document(&Json::parse(r#"{"key": "a", "default_value": false, "rollout_stage": "full"}"#)?);
/// let pause = Change { rollout_stage: Some(Stage::Paused), actor: "ann", now: 0, ..Change::default() };
/// let transition = change(&flag, &pause).expect("the brake is always free");
/// assert_eq!(transition.fields.paused_from, Some(Stage::Full));
/// # Ok::<(), stitch_core::DefinitionsError>(())
/// ```
///
/// # Errors
///
/// Every reason why the contract does not allow the change.
pub fn change(flag: &FlagState, change: &Change<'_>) -> Result<Transition, ChangeRefused> {
    let before = flag.effective(change.env);
    let from = flag.stands_at(change.env);
    let to = StageAndPercentage {
        rollout_stage: change.rollout_stage.unwrap_or(from.rollout_stage),
        rollout_pct: change.rollout_pct.unwrap_or(from.rollout_pct),
    };
    let widens = from.widens_to(to);
    let comes_back = from.rollout_stage == Stage::RolledBack && to.rollout_stage != Stage::RolledBack;
    let approvers_needed = if flag.sensitive_flag && (widens || !comes_back) { 2 } else { 1 };
    let approval = change.approval.as_ref().filter(|approval| approval.counts(change.actor, approvers_needed));

    let mut refusals = Vec::new();
    let mut refuse = |code, message: String| refusals.push(Refusal { code, message });
    if !(0.0..=100.0).contains(&to.rollout_pct) {
        refuse(RefusalCode::PercentageOutOfRange, "a percentage is a number of 0 to 100".to_owned());
    }
    if from == to {
        let message = format!("the flag is at stage {} with {} % already", from.rollout_stage, from.rollout_pct);
        refuse(RefusalCode::NoChange, message);
    } else if !is_allowed(from.rollout_stage, to.rollout_stage, before.paused_from) {
        let message = format!("no way leads from stage {} to {}", from.rollout_stage, to.rollout_stage);
        refuse(RefusalCode::TransitionNotAllowed, message);
    }
    if approval.is_none() && (comes_back || (widens && (flag.requires_approval || flag.sensitive_flag))) {
        let who = if approvers_needed == 2 { "two people other than" } else { "somebody other than" };
        let message = format!("an approval is needed, by {who} the one who makes the change");
        refuse(RefusalCode::ApprovalRequired, message);
    }
    if comes_back && approval.is_some_and(|approval| flag.has_had(approval.reference)) {
        let message = "the flag had this approval before it was rolled back: a new one is needed".to_owned();
        refuse(RefusalCode::ApprovalNotNew, message);
    }
    if !refusals.is_empty() {
        return Err(ChangeRefused { refusals });
    }

    let at = Rfc3339(change.now).to_string();
    let own = flag.own(change.env);
    let fields = StageFields {
        rollout_stage: change.rollout_stage.or(own.rollout_stage),
        rollout_pct: change.rollout_pct.or(own.rollout_pct),
        audit: Some(audit(before.audit, &at, change.actor, to.rollout_stage, approval)),
        paused_from: match (from.rollout_stage, to.rollout_stage) {
            (from, Stage::Paused) => Some(from),
            (Stage::Paused, _) => None,
            _ => own.paused_from,
        },
    };
    let own_stage = flag.environments.iter().filter(|(_, patch)| change.env.is_none() && patch.rollout_stage.is_some());
    Ok(Transition {
        fields,
        record: AuditRecord {
            flag: flag.key.clone(),
            env: change.env.map(str::to_owned),
            actor: change.actor.to_owned(),
            at,
            from,
            to,
            approval_ref: approval.map(|approval| approval.reference.to_owned()),
        },
        own_stage: own_stage.map(|(environment, _)| environment.clone()).collect(),
    })
}

impl Approval<'_> {
    /// Whether it has a reference and enough distinct approvers besides the actor.
    fn counts(&self, actor: &str, needed: usize) -> bool {
        let approvers: HashSet<&str> = self.approvers.iter().copied().filter(|approver| *approver != actor).collect();
        !self.reference.is_empty() && approvers.len() >= needed
    }
}

impl FlagState {
    /// Whether the reference is the last approval of the base or of any patch.
    fn has_had(&self, reference: &str) -> bool {
        let mut all = self.environments.iter().map(|(_, fields)| fields).chain([&self.base]);
        all.any(|fields| fields.last_approval_ref() == Some(reference))
    }
}

/// The table of section 7; the same stage is another percentage.
fn is_allowed(from: Stage, to: Stage, paused_from: Option<Stage>) -> bool {
    match from {
        Stage::Draft => to != Stage::Paused,
        Stage::Internal | Stage::Pilot | Stage::Staged | Stage::Full => true,
        Stage::Paused => {
            let widest = paused_from.filter(|stage| stage.is_open()).unwrap_or(Stage::Internal);
            matches!(to, Stage::Draft | Stage::RolledBack) || (to.is_open() && to.width() <= widest.width())
        }
        Stage::RolledBack => matches!(to, Stage::Draft | Stage::Internal),
    }
}

/// The audit object after the change.
fn audit(
    before: Option<Json<'static>>,
    at: &str,
    actor: &str,
    stage: Stage,
    approval: Option<&Approval<'_>>,
) -> Json<'static> {
    let mut members = if let Some(Json::Object(members)) = before { members } else { Vec::new() };
    let mut set = |key: &'static str, value: Option<&str>| {
        members.retain(|(other, _)| other != key);
        members.extend(value.map(|value| (key.into(), Json::from(value.to_owned()))));
    };
    set("last_flipped_at", Some(at));
    set("last_flipped_by", Some(actor));
    if stage == Stage::RolledBack {
        set("last_approval_ref", None);
    } else if let Some(approval) = approval {
        set("last_approval_ref", Some(approval.reference));
    }
    Json::Object(members)
}
