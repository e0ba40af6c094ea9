//! What a write may not do without an approval, decided by one comparison of all definitions before and after, so that
//! it does not matter by which route, document or detour a protected flag comes to answer otherwise.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stitch_core::Json;
use stitch_core::stage::Stage;

use super::references::{self, Name};
use super::wish::Terms;
use super::{Draft, approval};
use crate::audit::Action;
use crate::chance::hex;
use crate::error::{Code, Detail, Error, Place};
use crate::model::{Approval, Flag, Model, Objects};

mod view;

pub(crate) use view::to_value;

/// An approval that a write needs.
#[derive(Clone, Debug)]
pub struct Need {
    /// The flag.
    pub flag: String,
    /// The environment of the write; none for the base and what concerns all.
    pub env: Option<String>,
    /// How many people besides the actor.
    pub signatures: usize,
    /// For people: what is different afterwards.
    pub change: Value,
    /// Names the flag and all that it uses, before.
    pub before: String,
    /// The same, after.
    pub after: String,
}

/// What a change needed.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Each approval that it needs.
    pub needs: Vec<Need>,
    /// Those that it was made with: the flag, and the approval's id.
    pub used: Vec<(String, String)>,
}

impl Settled {
    /// The approvals that it was made with, as the audit log names them.
    pub fn approval_ref(&self) -> Option<String> {
        let ids: Vec<&str> = self.used.iter().map(|(_, id)| id.as_str()).collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    }
}

/// The environments that the registry lists.
pub(super) fn environments(model: &Model) -> Vec<String> {
    view::places(model).into_iter().flatten().map(str::to_owned).collect()
}

/// What the named flag and all that it uses look like now, as an approval for a place is bound to it.
pub(super) fn present(model: &Model, flag: &str, env: Option<&str>) -> String {
    need(model, model, flag, env, 0).before
}

/// Whether writes to a flag need approvals, and by how many.
fn signatures(flag: &Flag) -> Option<usize> {
    let is_set = |key: &str| matches!(flag.0.get(key), Some(Json::Boolean(true)));
    if is_set("sensitive_flag") { Some(2) } else { is_set("requires_approval").then_some(1) }
}

/// The approvals that lead from one model to another, written in an environment or, without one, everywhere.
pub(super) fn needs(before: &Model, after: &Model, env: Option<&str>) -> Vec<Need> {
    let touched = Touched::between(before, after);
    let mut opened = Opened { before, after, known: BTreeMap::new() };
    let places = places(before, after, env);
    let mut needs = Vec::new();
    for (key, flag) in &before.flags {
        let Some(signatures) = signatures(&flag.body) else { continue };
        let opens = places.iter().any(|&place| {
            let names: BTreeSet<Name<'_>> =
                [before, after].into_iter().flat_map(|model| view::names(model, key, place)).collect();
            if !touched.concerns(std::iter::once(Name::Flag(key)).chain(names.iter().copied())) {
                return false;
            }
            let mut used = names.iter().filter_map(|name| match name {
                Name::Flag(used) if used != key => Some(*used),
                _ => None,
            });
            let is_open = serves_somebody(after, key, place);
            opened.at(key, place) || (is_open && used.any(|used| opened.at(used, place)))
        });
        if opens {
            needs.push(need(before, after, key, env, signatures));
        }
    }
    needs
}

/// The need of one flag, whatever it is that needs it.
pub(super) fn need(before: &Model, after: &Model, key: &str, env: Option<&str>, signatures: usize) -> Need {
    let mut differences: Vec<Value> = Vec::new();
    let (mut all_before, mut all_after) = (Vec::new(), Vec::new());
    for place in places(before, after, env) {
        let (old, new) = (view::whole(before, key, place), view::whole(after, key, place));
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names.into_iter().filter(|name| old.get(*name) != new.get(*name)) {
            let same = |other: &Value| {
                (&other["what"], &other["from"], &other["to"])
                    == (&json!(name), old.get(name).unwrap_or(&Value::Null), new.get(name).unwrap_or(&Value::Null))
            };
            // What environments take over from the base is said once.
            if !differences.iter().any(same) {
                differences.push(json!({"env": place, "what": name, "from": old.get(name), "to": new.get(name)}));
            }
        }
        // Every flip of the stage since then, and the brake above all, makes an approval void.
        let flips = before.flags.get(key).and_then(|flag| references::effective(&flag.body.0, place, "audit"));
        all_before.push(json!([place, old, flips.map(to_value)]));
        all_after.push(json!([place, new]));
    }
    Need {
        flag: key.to_owned(),
        env: env.map(str::to_owned),
        signatures,
        change: Value::Array(differences),
        before: fingerprint(&Value::Array(all_before)),
        after: fingerprint(&Value::Array(all_after)),
    }
}

/// Over text whose keys are sorted and whose integers are exact (RFC 8785 would round those beyond 2^53).
fn fingerprint(value: &Value) -> String {
    hex(&Sha256::digest(value.to_string().as_bytes()))
}

/// Where a write is felt.
fn places<'m>(before: &'m Model, after: &'m Model, env: Option<&'m str>) -> BTreeSet<Option<&'m str>> {
    match env {
        Some(env) => [Some(env)].into(),
        None => view::places(before).union(&view::places(after)).copied().collect(),
    }
}

/// Whether a flag's gate is open for anyone there: then it answers otherwise once what it depends on does.
fn serves_somebody(model: &Model, key: &str, place: Option<&str>) -> bool {
    match view::stands(model, key, place).rollout_stage {
        Stage::Paused | Stage::RolledBack => false,
        Stage::Draft => view::own(model, key, place).keys().any(|name| name.starts_with("/overrides/")),
        _ => true,
    }
}

/// Where each flag answers somebody otherwise, as far as itself, its segments and its rows go; brakes do not count.
struct Opened<'m> {
    before: &'m Model,
    after: &'m Model,
    known: BTreeMap<(String, Option<String>), bool>,
}

impl Opened<'_> {
    fn at(&mut self, key: &str, place: Option<&str>) -> bool {
        let (before, after) = (self.before, self.after);
        let known = self.known.entry((key.to_owned(), place.map(str::to_owned)));
        *known.or_insert_with(|| {
            let [old, new] = [before, after].map(|model| view::stands(model, key, place));
            let setting_changed = |name| view::setting(before, name) != view::setting(after, name);
            old.widens_to(new)
                || (!serves_somebody(before, key, place) && serves_somebody(after, key, place))
                || view::own(before, key, place) != view::own(after, key, place)
                || (setting_changed("internal_tiers") && new.rollout_stage == Stage::Internal)
                || setting_changed("bucketing")
        })
    }
}

/// What a write put or removed, to pass over quickly what it cannot concern.
struct Touched<'m> {
    settings: bool,
    names: BTreeSet<Name<'m>>,
}

impl<'m> Touched<'m> {
    fn between(before: &'m Model, after: &'m Model) -> Self {
        let settings = differ(&before.settings, &after.settings).next().is_some();
        let mut names: BTreeSet<_> = differ(&before.flags, &after.flags).map(Name::Flag).collect();
        names.extend(differ(&before.segments, &after.segments).map(Name::Segment));
        for id in differ(&before.overrides, &after.overrides) {
            let rows = [before, after].map(|model| model.overrides.get(id));
            let flags = rows.into_iter().flatten().filter_map(|row| row.body.0.get("flag_key")?.as_text());
            names.extend(flags.map(Name::Flag));
        }
        Self { settings, names }
    }

    fn concerns<'n>(&self, mut names: impl Iterator<Item = Name<'n>>) -> bool {
        self.settings || names.any(|name| self.names.contains(&name))
    }
}

/// The keys that are not the same thing in both.
fn differ<'m, T>(before: &'m Objects<T>, after: &'m Objects<T>) -> impl Iterator<Item = &'m str> {
    after.gone_since(before).chain(after.put_since(before).map(|(key, ..)| key))
}

impl Draft {
    /// Ends a change of the definitions: it may go through with the approvals that it has, which then have served.
    pub(super) fn settle(
        &mut self,
        before: &Model,
        env: Option<&str>,
        terms: &Terms,
        own: Option<Need>,
    ) -> Result<Settled, Error> {
        let mut needs = needs(before, self.model(), env);
        if let Some(own) = own
            && needs.iter().all(|need| need.flag != own.flag)
        {
            needs.push(own);
        }
        let Terms::Make { approvals, .. } = terms else { return Ok(Settled { needs, used: Vec::new() }) };
        let mut used = Vec::new();
        let mut missing = Vec::new();
        for need in &needs {
            match self.approval_for(need, approvals) {
                Ok(id) => used.push((need.flag.clone(), id)),
                Err(why) => {
                    let place = need.env.as_ref().map_or_else(|| "the base".to_owned(), |env| format!("`{env}`"));
                    let people = if need.signatures == 1 { "one other person" } else { "two other people" };
                    let what = format!("flag `{}`, {place}, signed by {people}: {why}", need.flag);
                    missing.push(Detail::new(Place::Pointer("/approval_id".to_owned()), what));
                }
            }
        }
        if !missing.is_empty() {
            let flags: BTreeSet<_> = needs.iter().map(|need| format!("`{}`", need.flag)).collect();
            let flags = flags.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Error::new(Code::ApprovalRequired, format!("this needs an approval for {flags}"))
                .hint("ask for it with `POST /v1/approvals`, have it signed, and name it as `approval_id`")
                .details(missing));
        }
        for (need, (_, id)) in needs.iter().zip(&used) {
            let approval = self.model().approvals.get(id).map(|approval| approval.body.clone());
            let Some(approval) = approval else { return Err(Error::internal()) };
            self.put(id, Approval { used_at: Some(self.now()), ..approval });
            let action = Action { target: id.clone(), ..Action::on_flag("approval.use", &need.flag) };
            let action = action.in_env(need.env.as_deref());
            self.record_also(action, Value::Null, need.change.clone(), Some(id.clone()));
        }
        Ok(Settled { needs, used })
    }

    /// The approval among those named that is for exactly this, or why there is none.
    fn approval_for(&self, need: &Need, named: &[String]) -> Result<String, String> {
        let mut why = "none was named".to_owned();
        for id in named {
            let Some(approval) = self.model().approvals.get(id) else {
                why = format!("there is no approval `{id}`");
                continue;
            };
            let approval = &approval.body;
            if approval.flag != need.flag {
                continue;
            }
            why = if approval.env != need.env {
                format!("`{id}` is for another environment")
            } else if approval.before != need.before {
                format!("`{id}` is void, since something was changed after it was asked for")
            } else if approval.after != need.after {
                format!("`{id}` is for another change")
            } else if let Some(why) = self.unusable(id, approval, need.signatures) {
                why
            } else {
                return Ok(id.clone());
            };
        }
        Err(why)
    }

    /// Why an approval that is for the right thing does not serve.
    fn unusable(&self, id: &str, approval: &Approval, needed: usize) -> Option<String> {
        let actor = &self.caller().subject;
        let count = approval::signers(self.model(), approval).iter().filter(|signer| *signer != actor).count();
        if approval.used_at.is_some() {
            Some(format!("`{id}` has served already"))
        } else if self.now() >= approval.expires_at {
            Some(format!("`{id}` has expired"))
        } else if count < needed {
            Some(format!("`{id}` has {count} of {needed} signatures by others than the one who makes the change"))
        } else {
            None
        }
    }
}
