//! Whatever people do, in whatever order: no gate of a protected flag opens without the approvals that it needs.

mod ends;
mod judge;
mod rows;
mod world;

use std::cell::Cell;
use std::collections::BTreeMap;

use judge::{all, served};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use stitch_core::{Engine, Reason};
use stitch_server::audit::{Action, Verifier};
use stitch_server::caller::Caller;
use stitch_server::model::{Model, User};
use stitch_server::store::AuditRow;
use stitch_server::writes::{Change, Draft, Terms, approval, rollback};
use world::{ENVS, FLAGS, NOW, change, engine, people, start};

/// What a step does, out of a few numbers.
type Numbers = (u8, usize, [u8; 4], [u8; 4], Vec<usize>);

/// What was true when an approval was asked for.
struct Asked {
    by_the_clock: i64,
    /// What everybody is to be served of the flag where the approval is for.
    promised: BTreeMap<String, String>,
}

struct World {
    model: Model,
    engine: Engine,
    people: Vec<Caller>,
    /// When whoever was removed was removed last.
    removed: BTreeMap<String, i64>,
    asked: BTreeMap<String, Asked>,
    now: i64,
    log: Vec<AuditRow>,
}

/// How often what happened, so that a test in which nothing happens fails.
#[derive(Default)]
struct Counts {
    opened: Cell<u32>,
    opened_by_two: Cell<u32>,
    approval_required: Cell<u32>,
    refused: Cell<u32>,
    free: Cell<u32>,
    stopped: Cell<u32>,
    /// Signed by enough, some of whom may no longer sign.
    lapsed: Cell<u32>,
}

fn count(cell: &Cell<u32>) {
    cell.set(cell.get() + 1);
}

impl World {
    fn new() -> Self {
        let model = start();
        let engine = engine(&model).unwrap();
        // The log of a world begins with it.
        let mut model = model;
        (model.head.audit, model.head.audit_hash) = (0, String::new());
        Self {
            model,
            engine,
            people: people(),
            removed: BTreeMap::new(),
            asked: BTreeMap::new(),
            now: NOW,
            log: Vec::new(),
        }
    }

    /// Somebody with what they may do now.
    fn person(&self, who: usize) -> Caller {
        let person = &self.people[who];
        if !world::is_one_of_us(person) {
            return person.clone();
        }
        let user = self.model.users.get(&person.subject);
        Caller {
            subject: person.subject.clone(),
            grants: user.map(|user| user.body.grants.clone()).unwrap_or_default(),
        }
    }

    /// Commits what was decided, if the core takes it; a refusal leaves everything as it was.
    fn write(
        &mut self,
        who: usize,
        decide: impl FnOnce(&mut Draft) -> Result<(), stitch_server::error::Error>,
    ) -> Result<Model, String> {
        let caller = self.person(who);
        self.write_as(&caller, decide)
    }

    fn write_as(
        &mut self,
        caller: &Caller,
        decide: impl FnOnce(&mut Draft) -> Result<(), stitch_server::error::Error>,
    ) -> Result<Model, String> {
        let untouched = (self.model.head.clone(), self.model.document().to_string());
        let mut draft = Draft::new(&self.model, caller, self.now);
        let decided = decide(&mut draft);
        assert_eq!(untouched, (self.model.head.clone(), self.model.document().to_string()));
        decided.map_err(|error| error.code.as_str().to_owned())?;
        let engine = engine(draft.model()).ok_or("the core refuses it")?;
        let (model, commit) = draft.finish(&Action::new("test", "test")).unwrap();
        assert!(!commit.audit.is_empty());
        for row in &commit.audit {
            let entry: Value = serde_json::from_str(&row.body).unwrap();
            assert_eq!(entry["actor"], Value::from(caller.subject.clone()));
        }
        self.log.extend(commit.audit);
        self.engine = engine;
        Ok(std::mem::replace(&mut self.model, model))
    }

    /// Somebody loses all roles, is removed, or is somebody else of the same address.
    fn lapse(&mut self, who: usize, how: u8) {
        let person = self.people[who].clone();
        if !world::is_one_of_us(&person) {
            return;
        }
        let (subject, now) = (person.subject.clone(), self.now);
        let change = |draft: &mut Draft| {
            match how % 3 {
                0 => draft.put(&subject, world::user(&[], 0)),
                1 => draft.remove::<User>(&subject),
                _ => draft.put(&subject, world::user(&person.grants, now)),
            }
            draft.record(Value::Null, Value::Null, None);
            Ok(())
        };
        self.write_as(&Caller::operator_of_the_machine(), change).unwrap();
        if !how.is_multiple_of(3) {
            self.removed.insert(person.subject, now);
        }
    }

    /// Everybody is back, with the roles that they had.
    fn restore(&mut self) {
        let people: Vec<Caller> = self.people.iter().filter(|person| world::is_one_of_us(person)).cloned().collect();
        let gone: Vec<Caller> = people
            .into_iter()
            .filter(|person| self.model.users.get(&person.subject).is_none_or(|user| user.body.grants != person.grants))
            .collect();
        for person in gone {
            let was_removed =
                !self.model.users.contains_key(&person.subject) || self.removed.contains_key(&person.subject);
            let added = if was_removed { self.now } else { 0 };
            let put = |draft: &mut Draft| {
                draft.put(&person.subject, world::user(&person.grants, added));
                draft.record(Value::Null, Value::Null, None);
                Ok(())
            };
            self.write_as(&Caller::operator_of_the_machine(), put).unwrap();
        }
    }

    /// Asks for every approval that a change needs, and has each signed by these people.
    fn ask(&mut self, who: usize, change: &Change, signers: &[usize]) {
        let mut trial = Draft::new(&self.model, &self.person(who), self.now);
        let Ok(settled) = change.make(&mut trial, &Terms::Ask) else { return };
        let Some(promised) = engine(trial.model()) else { return };
        for need in settled.needs {
            let id = format!("a-{}", self.asked.len());
            let (flag, env) = (need.flag.clone(), need.env.clone());
            self.write(who, |draft| approval::request(draft, &id, &flag, env.as_deref(), change)).unwrap();
            let promised = served(&promised, &flag, env.as_deref());
            self.asked.insert(id.clone(), Asked { by_the_clock: self.now, promised });
            for &signer in signers {
                // Who may not, or did already, does not.
                let _ = self.write(signer, |draft| approval::sign(draft, &id));
            }
        }
    }

    fn make(&mut self, who: usize, change: &Change, counts: &Counts) {
        let terms = Terms::Make { revision: self.revision(change), approvals: self.asked.keys().cloned().collect() };
        let answers_before = all(&self.engine);
        match self.write(who, |draft| change.make(draft, &terms).map(|_| ())) {
            Ok(before) => self.judge(&before, &answers_before, who, change, counts),
            Err(code) if code == "approval_required" => count(&counts.approval_required),
            Err(_) => count(&counts.refused),
        }
    }

    fn revision(&self, change: &Change) -> Option<u64> {
        match change {
            Change::UpdateFlag(key, _) | Change::DeleteFlag(key) => self.model.flags.get(key).map(|flag| flag.revision),
            Change::Stage(stage) => self.model.flags.get(&stage.flag).map(|flag| flag.revision),
            Change::UpdateSegment(key, _) | Change::DeleteSegment(key) => {
                self.model.segments.get(key).map(|segment| segment.revision)
            }
            Change::PutOverride(id, _) | Change::DeleteOverride(id) => {
                self.model.overrides.get(id).map(|row| row.revision)
            }
            Change::ReplaceRegistry(_) => Some(self.model.head.revision),
            Change::CreateFlag(_) | Change::CreateSegment(_) => None,
        }
    }

    fn stop(&mut self, who: usize, flag: &str, env: Option<&str>, counts: &Counts) {
        let (known, listed) = (
            self.model.flags.contains_key(flag),
            env.is_none() || self.engine.environments().any(|listed| Some(listed) == env),
        );
        let may = self.person(who).may(stitch_server::caller::Permission::Rollback, env);
        let before = all(&self.engine);
        let stopped = self.write(who, |draft| rollback::rollback(draft, flag, env, "a test"));
        assert_eq!(stopped.is_ok(), known && listed && may, "{stopped:?}");
        if stopped.is_err() {
            return;
        }
        count(&counts.stopped);
        for place in ENVS {
            let answers = all(&self.engine).remove(&(FLAGS.iter().find(|key| **key == flag).unwrap(), place)).unwrap();
            if env.is_none() || env == place {
                assert!(
                    answers.values().all(|(_, _, reason)| *reason == Reason::RolledBack),
                    "{flag} in {place:?}: {answers:?}"
                );
            } else {
                assert_eq!(answers, before[&(flag, place)]);
            }
        }
        let again = self.model.document().to_string();
        self.write(who, |draft| rollback::rollback(draft, flag, env, "twice is once")).unwrap();
        assert_eq!(self.model.document().to_string(), again);
    }
}

fn step(world: &mut World, (kind, who, first, second, signers): &Numbers, counts: &Counts) {
    let wish = change(&world.model, *first);
    world.now += 1;
    match kind {
        0 => world.make(*who, &wish, counts),
        // Asked for, signed, made; perhaps after something else, by somebody else, or much later.
        1..=6 => {
            world.ask(*who, &wish, signers);
            if *kind == 5 {
                let other = change(&world.model, *second);
                world.make(signers[0], &other, counts);
            }
            world.now += if *kind == 6 { approval::LIFE } else { 1 };
            let who = if *kind == 4 { signers[0] } else { *who };
            world.make(who, &wish, counts);
        }
        // Who signed may no longer do so once the change is made.
        7 => {
            world.ask(*who, &wish, signers);
            world.now += 1;
            for signer in signers {
                world.lapse(*signer, second[0]);
            }
            world.now += 1;
            let required = counts.approval_required.get();
            world.make(*who, &wish, counts);
            counts.lapsed.set(counts.lapsed.get() + counts.approval_required.get() - required);
            world.restore();
        }
        _ => {
            let env = ENVS[usize::from(second[0]) % ENVS.len()];
            world.stop(*who, FLAGS[usize::from(first[1]) % FLAGS.len()], env.filter(|_| second[1] % 3 == 0), counts);
        }
    }
}

#[test]
fn no_sequence_opens_a_protected_flag_without_its_approvals() {
    let counts = Counts::default();
    let people = people().len();
    let numbers =
        (0..9_u8, 0..people.min(5), any::<[u8; 4]>(), any::<[u8; 4]>(), prop::collection::vec(3..people, 1..4));
    let steps = prop::collection::vec(numbers, 1..20);
    let cases = std::env::var("STITCH_TEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&steps, |steps| {
            let mut world = World::new();
            for numbers in &steps {
                step(&mut world, numbers, &counts);
            }
            let mut verifier = Verifier::default();
            world.log.iter().try_for_each(|row| verifier.row(row)).unwrap();
            verifier.finish(&world.model.head).unwrap();
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let counted = [
        &counts.opened,
        &counts.opened_by_two,
        &counts.approval_required,
        &counts.refused,
        &counts.free,
        &counts.stopped,
        &counts.lapsed,
    ]
    .map(Cell::get);
    println!(
        "opened {}, by two {}, approval required {}, refused {}, free {}, stopped {}, lapsed {}",
        counted[0], counted[1], counted[2], counted[3], counted[4], counted[5], counted[6]
    );
    assert!(counted.into_iter().all(|count| count > cases / 20), "{counted:?}");
}
