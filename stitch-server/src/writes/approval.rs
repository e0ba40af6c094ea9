//! Approvals: asked for a flag, a place and an exact change; signed by others; they expire, serve once, and are never
//! edited.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::wish::{Change, Terms};
use super::{Draft, guard};
use crate::caller::{self, Permission};
use crate::error::{Code, Error};
use crate::instant;
use crate::model::{Approval, Model, Signature, User};

/// Milliseconds for which an approval counts: Friday's still does on Monday.
pub const LIFE: i64 = 72 * 3_600_000;
/// Milliseconds after which one that no longer counts is forgotten; the audit log has it.
const REMEMBERED: i64 = 30 * 24 * 3_600_000;

/// Asks for the approval that a change needs for a flag, and keeps it under that id.
///
/// # Errors
///
/// If the caller could not make the change, or it needs no approval for that flag and place.
pub fn request(draft: &mut Draft, id: &str, flag: &str, env: Option<&str>, change: &Change) -> Result<(), Error> {
    let mut trial = Draft::new(draft.model(), draft.caller(), draft.now());
    let settled = change.make(&mut trial, &Terms::Ask)?;
    let need = settled.needs.iter().find(|need| need.flag == flag && need.env.as_deref() == env);
    let Some(need) = need else {
        let place = |env: Option<&str>| env.map_or_else(|| "the base".to_owned(), |env| format!("`{env}`"));
        let others: Vec<String> =
            settled.needs.iter().map(|need| format!("`{}` in {}", need.flag, place(need.env.as_deref()))).collect();
        let hint = if others.is_empty() {
            "make it without one".to_owned()
        } else {
            format!("it needs one for {}", others.join(", "))
        };
        let message = format!("this change needs no approval for `{flag}` in {}", place(env));
        return Err(Error::new(Code::Conflict, message).hint(hint));
    };
    forget(draft);
    let approval = Approval {
        flag: need.flag.clone(),
        env: need.env.clone(),
        change: need.change.clone(),
        before: need.before.clone(),
        after: need.after.clone(),
        signatures_needed: need.signatures,
        requested_by: draft.caller().subject.clone(),
        requested_at: draft.now(),
        expires_at: draft.now().saturating_add(LIFE),
        signatures: Vec::new(),
        used_at: None,
    };
    draft.record(Value::Null, json!({"id": id, "env": approval.env, "change": approval.change}), Some(id.to_owned()));
    draft.put(id, approval);
    Ok(())
}

/// Signs.
///
/// # Errors
///
/// If there is no such approval, the caller may not or did already, or it can no longer serve.
pub fn sign(draft: &mut Draft, id: &str) -> Result<(), Error> {
    let Some(approval) = draft.model().approvals.get(id).map(|approval| approval.body.clone()) else {
        // Who may sign nothing is not told what there is.
        draft.caller().require(Permission::FlagsApprove, None)?;
        return Err(no_approval());
    };
    draft.caller().require(Permission::FlagsApprove, approval.env.as_deref())?;
    let refuse = |message: &'static str| Err(Error::new(Code::Conflict, message));
    match Status::of(draft.model(), &approval, draft.now()) {
        Status::Used => return refuse("it has served already"),
        Status::Expired => return refuse("it has expired: ask for another"),
        Status::Void => return refuse("something was changed since it was asked for: ask for another"),
        Status::Pending | Status::Signed => {}
    }
    let by = draft.caller().subject.clone();
    if signers(draft.model(), &approval).contains(&*by) {
        return refuse("you signed it already");
    }
    let before = json!({"signatures": approval.signatures.len()});
    let mut signed = approval;
    // One that no longer counts may be of somebody else, who had this address before.
    signed.signatures.retain(|signature| signature.by != by);
    signed.signatures.push(Signature { by, at: draft.now() });
    draft.record(before, json!({"signatures": signed.signatures.len()}), Some(id.to_owned()));
    draft.put(id, signed);
    Ok(())
}

/// Whose signatures count: theirs who may sign now. Somebody who was removed, or lost the role, approves of nothing any
/// more, and whoever is given their address later did not sign.
pub(super) fn signers<'a>(model: &Model, approval: &'a Approval) -> BTreeSet<&'a str> {
    let counting = approval.signatures.iter().filter(|signature| counts(model, approval, signature));
    counting.map(|signature| &*signature.by).collect()
}

fn counts(model: &Model, approval: &Approval, signature: &Signature) -> bool {
    // No address of our own people has a space. What others may do, only the token that they signed with said.
    if signature.by.contains(' ') {
        return true;
    }
    let Some(User { grants, created_at, .. }) = model.users.get(&signature.by).map(|user| &user.body) else {
        return false;
    };
    instant::rfc3339(created_at).is_some_and(|added| added <= signature.at)
        && caller::allow(grants, Permission::FlagsApprove, approval.env.as_deref())
}

fn forget(draft: &mut Draft) {
    let now = draft.now();
    let old = draft.model().approvals.iter().filter(|(_, approval)| {
        let ended = approval.body.used_at.unwrap_or(approval.body.expires_at);
        ended.saturating_add(REMEMBERED) < now
    });
    let old: Vec<String> = old.map(|(id, _)| id.clone()).collect();
    for id in old {
        draft.remove::<Approval>(&id);
    }
}

/// There is no such approval.
pub fn no_approval() -> Error {
    Error::new(Code::NotFound, "there is no approval of this id").hint("`GET /v1/approvals` lists them")
}

/// How far an approval is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ApprovalStatus")]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Signatures are missing, or no longer count.
    Pending,
    /// There are enough, if none is of the one who makes the change.
    Signed,
    /// It has served.
    Used,
    /// It was asked for too long ago.
    Expired,
    /// Something that it is bound to is no longer what it was.
    Void,
}

impl Status {
    fn of(model: &Model, approval: &Approval, now: i64) -> Self {
        if approval.used_at.is_some() {
            Self::Used
        } else if now >= approval.expires_at {
            Self::Expired
        } else if guard::present(model, &approval.flag, approval.env.as_deref()) != approval.before {
            Self::Void
        } else if signers(model, approval).len() < approval.signatures_needed {
            Self::Pending
        } else {
            Self::Signed
        }
    }
}

/// An approval as answers show it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Approval", deny_unknown_fields)]
pub struct Shown<'a> {
    id: &'a str,
    flag: &'a str,
    env: Option<&'a str>,
    status: Status,
    change: &'a Value,
    requested_by: &'a str,
    requested_at: String,
    expires_at: String,
    signatures_needed: usize,
    signatures: Vec<Value>,
    used_at: Option<String>,
}

impl<'a> Shown<'a> {
    /// As it is now.
    pub fn of(model: &Model, id: &'a str, approval: &'a Approval, now: i64) -> Self {
        let signed = |signature: &Signature| {
            // What served counted, whatever became of who signed it.
            let counts = approval.used_at.is_some() || counts(model, approval, signature);
            json!({"by": signature.by, "at": instant::text(signature.at), "counts": counts})
        };
        Self {
            id,
            flag: &approval.flag,
            env: approval.env.as_deref(),
            status: Status::of(model, approval, now),
            change: &approval.change,
            requested_by: &approval.requested_by,
            requested_at: instant::text(approval.requested_at),
            expires_at: instant::text(approval.expires_at),
            signatures_needed: approval.signatures_needed,
            signatures: approval.signatures.iter().map(signed).collect(),
            used_at: approval.used_at.map(instant::text),
        }
    }
}
