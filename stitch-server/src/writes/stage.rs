//! Stages and percentages: what may follow what, and which approvals widening needs, is for the core to say.

use serde_json::json;
use stitch_core::stage::{self, Approval, ChangeRefused, FlagState, RefusalCode, Stage, StageFields, Transition};
use stitch_core::{Json, Member};

use super::guard::{self, Need, Settled};
use super::wish::Terms;
use super::{Draft, approval};
use crate::caller::Permission;
use crate::error::{Code, Detail, Error, Place};
use crate::model::Flag;

/// A wish for another stage or percentage.
#[derive(Clone, Debug)]
pub struct StageChange {
    /// The flag.
    pub flag: String,
    /// The environment; the base if there is none.
    pub env: Option<String>,
    /// The new stage; stays as it is where there is none.
    pub rollout_stage: Option<Stage>,
    /// The new percentage; stays as it is where there is none.
    pub rollout_pct: Option<f64>,
}

/// Changes a stage.
///
/// # Errors
///
/// Every reason of the core's, or the approvals that are missing.
pub fn change(draft: &mut Draft, wish: &StageChange, terms: &Terms) -> Result<(Settled, Transition), Error> {
    let env = wish.env.as_deref();
    draft.caller().require(Permission::FlagsWrite, env)?;
    listed(draft, env)?;
    let before = draft.model().clone();
    let flag = terms.flag(draft, &wish.flag)?.body.0.clone();
    let state = FlagState::from_document(&flag);
    let (actor, now) = (draft.caller().subject.clone(), draft.now());
    let decide = |approval: Option<Approval<'_>>| {
        let (rollout_stage, rollout_pct) = (wish.rollout_stage, wish.rollout_pct);
        let change = stage::Change { env, rollout_stage, rollout_pct, actor: &actor, now, approval };
        stage::change(&state, &change)
    };
    let (mut transition, signatures) = match decide(None) {
        Ok(transition) => (transition, None),
        Err(refused) if refused.refusals.iter().all(|refusal| refusal.code == RefusalCode::ApprovalRequired) => {
            // As it would be with one; whether there is one is settled below. Nobody has these names.
            let granted = |approvers| decide(Some(Approval { reference: "any", approvers }));
            let alone = granted(vec![""]);
            let signatures = if alone.is_ok() { 1 } else { 2 };
            (alone.or_else(|_| granted(vec!["", " "])).map_err(|refused| error(&refused))?, Some(signatures))
        }
        Err(refused) => return Err(error(&refused)),
    };
    draft.put(&wish.flag, Flag(with_fields(&flag, env, &transition.fields)));
    let own: Option<Need> = signatures.map(|count| guard::need(&before, draft.model(), &wish.flag, env, count));
    let settled = draft.settle(&before, env, terms, own)?;
    let used = settled.used.iter().find(|(flag, _)| *flag == wish.flag).map(|(_, id)| id);
    if let Some((id, approval)) = used.and_then(|id| before.approvals.get_key_value(id)) {
        let approvers = approval::signers(&before, &approval.body).into_iter().collect();
        transition = decide(Some(Approval { reference: id, approvers })).map_err(|refused| error(&refused))?;
        draft.put(&wish.flag, Flag(with_fields(&flag, env, &transition.fields)));
    }
    draft.record(json!(transition.record.from), json!(transition.record.to), settled.approval_ref());
    Ok((settled, transition))
}

/// Refuses an environment that the registry does not list.
pub(super) fn listed(draft: &Draft, env: Option<&str>) -> Result<(), Error> {
    let listed = guard::environments(draft.model());
    let Some(env) = env.filter(|env| !listed.iter().any(|listed| listed == env)) else { return Ok(()) };
    let known: Vec<_> = listed.iter().map(|listed| format!("`{listed}`")).collect();
    let message = format!("`{env}` is no environment of this registry: it lists {}", known.join(", "));
    let detail = Detail::new(Place::Pointer("/env".to_owned()), message);
    Err(Error::invalid("the environment is unknown").details([detail]))
}

/// The flag with these fields, in its base or in a patch.
pub(super) fn with_fields(flag: &Json<'static>, env: Option<&str>, fields: &StageFields) -> Json<'static> {
    let Json::Object(members) = flag else { return flag.clone() };
    let mut members = members.clone();
    match env {
        None => set_fields(&mut members, fields),
        Some(env) => {
            let patches = object_in(&mut members, "environments");
            set_fields(object_in(patches, env), fields);
        }
    }
    Json::Object(members)
}

fn set_fields(members: &mut Vec<Member<'static>>, fields: &StageFields) {
    let stage = |stage: Option<Stage>| stage.map(|stage| Json::from(stage.as_str()));
    set(members, "rollout_stage", stage(fields.rollout_stage));
    set(members, "rollout_pct", fields.rollout_pct.map(number));
    set(members, "audit", fields.audit.clone());
    set(members, "paused_from", stage(fields.paused_from));
}

/// In its place, if it has one.
fn set(members: &mut Vec<Member<'static>>, key: &'static str, value: Option<Json<'static>>) {
    match (members.iter().position(|(name, _)| name == key), value) {
        (Some(index), Some(value)) => members[index].1 = value,
        (Some(index), None) => drop(members.remove(index)),
        (None, Some(value)) => members.push((key.into(), value)),
        (None, None) => {}
    }
}

/// The members of an object within an object, which is made if it is not there.
fn object_in<'m>(members: &'m mut Vec<Member<'static>>, key: &str) -> &'m mut Vec<Member<'static>> {
    let index = members.iter().position(|(name, _)| name == key).unwrap_or_else(|| {
        members.push((key.to_owned().into(), Json::Null));
        members.len() - 1
    });
    let value = &mut members[index].1;
    if !matches!(value, Json::Object(_)) {
        *value = Json::Object(Vec::new());
    }
    let Json::Object(members) = value else { unreachable!("it was made an object") };
    members
}

/// 25 and not 25.0, as people write it.
fn number(double: f64) -> Json<'static> {
    let number = stitch_core::Number::from(double);
    Json::Number(number.as_integer().map_or(number, stitch_core::Number::from))
}

/// A refusal of the core's, with the code of the reason that is hardest to get round.
pub(super) fn error(refused: &ChangeRefused) -> Error {
    let has = |wanted: &[RefusalCode]| refused.refusals.iter().any(|refusal| wanted.contains(&refusal.code));
    let code = if has(&[RefusalCode::PercentageOutOfRange]) {
        Code::InvalidRequest
    } else if has(&[RefusalCode::NoChange, RefusalCode::TransitionNotAllowed]) {
        Code::Conflict
    } else {
        Code::ApprovalRequired
    };
    let detail = |refusal: &stage::Refusal| {
        let pointer = match refusal.code {
            RefusalCode::PercentageOutOfRange => "/rollout_pct",
            RefusalCode::ApprovalRequired | RefusalCode::ApprovalNotNew => "/approval_id",
            _ => "/rollout_stage",
        };
        Detail::new(Place::Pointer(pointer.to_owned()), format!("{}: {}", refusal.code.as_str(), refusal.message))
    };
    Error::new(code, "the stage cannot be changed so").details(refused.refusals.iter().map(detail))
}
