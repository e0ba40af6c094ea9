//! The audit log: who did, or was denied, what, from what, to what, when, with which approval.
//!
//! Each entry holds the hash of the one before, and its own hash is SHA-256 over its canonical text (RFC 8785), so
//! that an entry that was changed, removed or moved breaks the chain; where the log ends is kept beside it.

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::chance::hex;
use crate::store::{AuditRow, Head};

/// Characters of the longest name that an entry has. Nothing that is there has a longer one, and whoever is denied
/// everything must not be able to fill the store with names.
const NAME: usize = 256;

/// Who does what to what.
#[derive(Clone, Debug)]
pub struct Action {
    /// What is done, as `flag.update`.
    pub name: &'static str,
    /// What to, by its key.
    pub target: String,
    /// The flag that it is about.
    pub flag: Option<String>,
    /// Where; the base, or everywhere, if there is none.
    pub env: Option<String>,
}

impl Action {
    /// Something done to something that is no flag.
    pub fn new(name: &'static str, target: impl Into<String>) -> Self {
        Self { name, target: target.into(), flag: None, env: None }
    }

    /// Something done to a flag.
    pub fn on_flag(name: &'static str, flag: impl Into<String>) -> Self {
        let flag = flag.into();
        Self { name, target: flag.clone(), flag: Some(flag), env: None }
    }

    /// In one environment.
    #[must_use]
    pub fn in_env(self, env: Option<&str>) -> Self {
        Self { env: env.map(str::to_owned), ..self }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was done.
    Done {
        /// What was there before.
        from: Value,
        /// What is there now.
        to: Value,
        /// The approval that it was done with.
        approval_ref: Option<String>,
    },
    /// It was not, with the code of the error.
    Denied(&'static str),
}

#[derive(Serialize)]
struct Entry<'a> {
    seq: u64,
    prev: &'a str,
    at: &'a str,
    actor: &'a str,
    action: &'a str,
    target: &'a str,
    flag: Option<&'a str>,
    env: Option<&'a str>,
    outcome: &'a str,
    code: Option<&'a str>,
    from: &'a Value,
    to: &'a Value,
    approval_ref: Option<&'a str>,
}

/// Chains an entry to the log that ends at `head`, and moves `head` on.
///
/// # Errors
///
/// If it has no canonical text, which is a mistake of ours.
pub fn chain(
    head: &mut Head,
    at: &str,
    actor: &str,
    action: &Action,
    outcome: &Outcome,
) -> Result<AuditRow, serde_json::Error> {
    let (word, code, from, to, approval_ref) = match outcome {
        Outcome::Done { from, to, approval_ref } => ("done", None, from, to, approval_ref.as_deref()),
        Outcome::Denied(code) => ("denied", Some(*code), &Value::Null, &Value::Null, None),
    };
    let seq = head.audit + 1;
    let flag = action.flag.as_deref().map(cut);
    let entry = Entry {
        seq,
        prev: &head.audit_hash,
        at,
        actor,
        action: action.name,
        target: cut(&action.target),
        flag,
        env: action.env.as_deref().map(cut),
        outcome: word,
        code,
        from,
        to,
        approval_ref,
    };
    let body = serde_json_canonicalizer::to_string(&entry)?;
    let hash = hash_of(&body);
    head.audit = seq;
    head.audit_hash.clone_from(&hash);
    Ok(AuditRow { seq, flag: flag.map(str::to_owned), hash, body })
}

/// A name, or the beginning of what is none.
fn cut(name: &str) -> &str {
    let end = name.char_indices().nth(NAME).map(|(end, _)| end);
    end.and_then(|end| name.get(..end)).unwrap_or(name)
}

fn hash_of(body: &str) -> String {
    hex(&Sha256::digest(body.as_bytes()))
}

/// Goes through a log in order and finds where it was tampered with.
#[derive(Debug, Default)]
pub struct Verifier {
    last: Head,
}

impl Verifier {
    /// Takes the next row.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in a sentence.
    pub fn row(&mut self, row: &AuditRow) -> Result<(), String> {
        let expected = self.last.audit + 1;
        if row.seq != expected {
            return Err(format!("entry {expected} is missing: the next one is {}", row.seq));
        }
        let refuse = |what: &str| Err(format!("entry {} {what}", row.seq));
        if hash_of(&row.body) != row.hash {
            return refuse("was changed: its hash is another");
        }
        let Ok(body) = serde_json::from_str::<Value>(&row.body) else { return refuse("was changed: it is no JSON") };
        let fields = (&body["seq"], &body["prev"], &body["flag"]);
        if fields != (&json!(row.seq), &json!(self.last.audit_hash), &json!(row.flag)) {
            return refuse("was moved or changed: it does not follow the one before");
        }
        self.last.audit = row.seq;
        self.last.audit_hash.clone_from(&row.hash);
        Ok(())
    }

    /// How many entries there were, once all were taken.
    ///
    /// # Errors
    ///
    /// If the log ends elsewhere than the store says.
    pub fn finish(self, head: &Head) -> Result<u64, String> {
        if (self.last.audit, &self.last.audit_hash) == (head.audit, &head.audit_hash) {
            Ok(self.last.audit)
        } else {
            Err(format!("the log ends at entry {}, and should end at {}", self.last.audit, head.audit))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> (Head, Vec<AuditRow>) {
        let mut head = Head::default();
        let rows = (0..5).map(|index| {
            let action = Action::on_flag("flag.update", format!("flag-{index}"));
            let outcome = Outcome::Done { from: Value::Null, to: json!({"size": index}), approval_ref: None };
            chain(&mut head, "2026-01-01T00:00:00.000Z", "ann", &action, &outcome).unwrap()
        });
        let rows = rows.collect();
        (head, rows)
    }

    fn verify(head: &Head, rows: &[AuditRow]) -> Result<u64, String> {
        let mut verifier = Verifier::default();
        rows.iter().try_for_each(|row| verifier.row(row))?;
        verifier.finish(head)
    }

    #[test]
    fn what_was_changed_removed_or_moved_is_found() {
        let (head, rows) = log();
        assert_eq!(verify(&head, &rows), Ok(5));

        let mut changed = rows.clone();
        changed[2].body = changed[2].body.replace("\"size\":2", "\"size\":3");
        assert!(verify(&head, &changed).unwrap_err().contains("entry 3 was changed"));
        changed[2].hash = hash_of(&changed[2].body);
        assert!(verify(&head, &changed).unwrap_err().contains("entry 4"), "and hashed again");

        let mut removed = rows.clone();
        removed.remove(2);
        assert!(verify(&head, &removed).unwrap_err().contains("entry 3 is missing"));
        assert!(verify(&head, &rows[..4]).unwrap_err().contains("ends at entry 4"));

        let mut moved = rows.clone();
        moved.swap(1, 2);
        assert!(verify(&head, &moved).is_err());
        (moved[1].seq, moved[2].seq) = (2, 3);
        assert!(verify(&head, &moved).is_err());

        let mut relabelled = rows;
        relabelled[0].flag = Some("another".to_owned());
        assert!(verify(&head, &relabelled).unwrap_err().contains("entry 1"));
    }
}
