//! The judge knows nothing of how the server decides: it compares what everybody is served before and after.

use std::collections::{BTreeMap, BTreeSet};

use stitch_core::{Engine, Json};
use stitch_server::caller::Permission;
use stitch_server::model::Model;
use stitch_server::writes::{Change, approval};

use super::world::{self, ENVS, FLAGS, answers};
use super::{Counts, World, count};

/// A flag in an environment.
pub(super) type Place<'a> = (&'a str, Option<&'a str>);
/// What everybody is served there.
pub(super) type Answers = BTreeMap<String, world::Answer>;

pub(super) fn all(engine: &Engine) -> BTreeMap<Place<'static>, Answers> {
    FLAGS.into_iter().flat_map(|flag| ENVS.map(|env| ((flag, env), answers(engine, flag, env)))).collect()
}

/// What everybody is served where an approval is for.
pub(super) fn served(engine: &Engine, flag: &str, env: Option<&str>) -> BTreeMap<String, String> {
    let places = ENVS.into_iter().filter(|place| env.is_none() || *place == env);
    places
        .flat_map(|place| {
            answers(engine, flag, place)
                .into_iter()
                .map(move |(person, answer)| (format!("{place:?} {person}"), format!("{:?}", answer.0)))
        })
        .collect()
}

fn default_of<'m>(model: &'m Model, flag: &str, env: Option<&str>) -> Option<&'m Json<'static>> {
    let flag = &model.flags.get(flag)?.body.0;
    env.and_then(|env| flag.get("environments")?.get(env)?.get("default_value")).or_else(|| flag.get("default_value"))
}

/// Whether somebody is served something that they were not, other than by a closed gate.
fn opens(
    old: &world::Answer,
    new: &world::Answer,
    old_default: Option<&Json<'static>>,
    new_default: Option<&Json<'static>>,
) -> bool {
    old.0 != new.0 && (new.1 || old_default != new_default)
}

impl World {
    pub(super) fn judge(
        &self,
        before: &Model,
        answers_before: &BTreeMap<Place<'_>, Answers>,
        who: usize,
        change: &Change,
        counts: &Counts,
    ) {
        let after = all(&self.engine);
        let used: Vec<_> = self
            .model
            .approvals
            .iter()
            .filter(|(id, approval)| {
                approval.body.used_at.is_some()
                    && before.approvals.get(*id).is_none_or(|old| old.body.used_at.is_none())
            })
            .collect();
        let gone: Vec<_> = before.approvals.iter().filter(|(id, _)| !self.model.approvals.contains_key(*id)).collect();
        for flag in FLAGS {
            let is_set = |key: &str| {
                before.flags.get(flag).is_some_and(|flag| matches!(flag.body.0.get(key), Some(Json::Boolean(true))))
            };
            let needed = if is_set("sensitive_flag") { 2 } else { usize::from(is_set("requires_approval")) };
            if needed == 0 {
                continue;
            }
            let removed = !self.model.flags.contains_key(flag);
            // A brake on another flag is free, whatever asks for that flag to be shut.
            let brakes = matches!(change, Change::Stage(stage) if stage.flag != flag && ENVS.iter().all(|env| {
                let place = (FLAGS.into_iter().find(|key| *key == stage.flag).unwrap(), *env);
                after[&place].iter().all(|(person, new)| !new.1 || answers_before[&place][person].1)
            }));
            if brakes {
                continue;
            }
            let opened: Vec<_> = ENVS
                .into_iter()
                .filter(|env| {
                    let (old, new) = (&answers_before[&(flag, *env)], &after[&(flag, *env)]);
                    old.iter().any(|(person, old)| {
                        opens(old, &new[person], default_of(before, flag, *env), default_of(&self.model, flag, *env))
                    })
                })
                .collect();
            if !removed && opened.is_empty() {
                count(&counts.free);
                continue;
            }
            count(if needed == 2 { &counts.opened_by_two } else { &counts.opened });
            if removed {
                // Its approvals are gone with it; the log has the one that served.
                let served = self
                    .log
                    .iter()
                    .any(|row| row.body.contains("\"action\":\"approval.use\"") && row.flag.as_deref() == Some(flag));
                assert!(served && !gone.is_empty(), "{flag} was removed by {change:?}");
                continue;
            }
            let mine = used.iter().filter(|(_, approval)| approval.body.flag == flag).collect::<Vec<_>>();
            assert_eq!(mine.len(), 1, "{flag} opened in {opened:?} by {change:?}");
            let (id, approval) = mine[0];
            let approval = &approval.body;
            let env = approval.env.as_deref();
            assert!(
                env.is_none() || opened.iter().all(|opened| *opened == env),
                "{opened:?} by an approval for {env:?}"
            );
            let actor = &self.people[who].subject;
            let others = approval.signatures.iter().filter(|signature| signature.by != *actor);
            // Who may sign now, and is still the one who did.
            let counts = others.filter(|signature| {
                let who = self.people.iter().position(|person| person.subject == signature.by).unwrap();
                let is_the_same = self.removed.get(&signature.by).is_none_or(|removed| *removed < signature.at);
                self.person(who).may(Permission::FlagsApprove, env) && is_the_same
            });
            let signers: BTreeSet<_> = counts.map(|signature| &signature.by).collect();
            assert!(signers.len() >= needed, "{signers:?} signed {id} for {flag}");
            let asked = &self.asked[*id];
            assert!(self.now - asked.by_the_clock < approval::LIFE);
            assert_eq!(served(&self.engine, flag, env), asked.promised, "{flag} is served otherwise than was signed");
        }
        if matches!(change, Change::UpdateFlag(..) | Change::ReplaceRegistry(_)) {
            self.no_stage_moved(before);
        }
    }

    fn no_stage_moved(&self, before: &Model) {
        for (key, flag) in &self.model.flags {
            let Some(old) = before.flags.get(key) else {
                assert_eq!(flag.body.0.get("rollout_stage").and_then(Json::as_text), Some("draft"));
                continue;
            };
            for field in ["rollout_stage", "rollout_pct", "audit", "paused_from"] {
                assert_eq!(flag.body.0.get(field), old.body.0.get(field), "{key} {field}");
                for env in ["staging", "dev"] {
                    let of = |flag: &Json<'static>| {
                        flag.get("environments").and_then(|patches| patches.get(env)?.get(field)).cloned()
                    };
                    assert_eq!(of(&flag.body.0), of(&old.body.0), "{key} {env} {field}");
                }
            }
        }
    }
}
