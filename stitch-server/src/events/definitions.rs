//! The metrics that may be reported: made, changed and removed like everything else, by [`crate::writes`].

use std::sync::Arc;

use serde_json::{Value, json};

use crate::caller::Permission;
use crate::error::{Code, Detail, Error, Place};
use crate::model::{Metric, Object, Stored};
use crate::writes::Draft;

/// Characters that a key may have.
const LONGEST_KEY: usize = 128;
/// Bytes that a description may have.
pub(crate) const LONGEST_DESCRIPTION: usize = 4 << 10;

impl Draft {
    /// Defines a metric.
    ///
    /// # Errors
    ///
    /// `forbidden` to who may not, `conflict` if there is one of this key.
    pub fn create_metric(&mut self, key: &str, metric: &Metric) -> Result<Arc<Object<Metric>>, Error> {
        self.caller().require(Permission::EventsWrite, None)?;
        check_key(key)?;
        check_description(metric)?;
        if Metric::among(self.model()).contains_key(key) {
            return Err(Error::new(Code::Conflict, "there is a metric of this key already")
                .hint("change that one, or choose another key"));
        }
        self.write_metric(Value::Null, key, metric)
    }

    /// Describes a metric anew. Its type stays: what was stored under the key would mean two things.
    ///
    /// # Errors
    ///
    /// `forbidden` to who may not; else as [`Draft::seen`] says.
    pub fn describe_metric(
        &mut self,
        key: &str,
        description: Option<String>,
        revision: Option<u64>,
    ) -> Result<Arc<Object<Metric>>, Error> {
        self.caller().require(Permission::EventsWrite, None)?;
        let before = self.seen::<Metric>(key, revision)?;
        let metric = Metric { description, ..before.body.clone() };
        check_description(&metric)?;
        self.write_metric(told(&before.body), key, &metric)
    }

    /// Removes a metric; events of it that are stored stay.
    ///
    /// # Errors
    ///
    /// `forbidden` to who may not; else as [`Draft::seen`] says.
    pub fn remove_metric(&mut self, key: &str, revision: Option<u64>) -> Result<(), Error> {
        self.caller().require(Permission::EventsWrite, None)?;
        let before = self.seen::<Metric>(key, revision)?;
        self.record(told(&before.body), Value::Null, None);
        self.remove::<Metric>(key);
        Ok(())
    }

    fn write_metric(&mut self, from: Value, key: &str, metric: &Metric) -> Result<Arc<Object<Metric>>, Error> {
        self.record(from, told(metric), None);
        self.put(key, metric.clone());
        Metric::among(self.model()).get(key).cloned().ok_or_else(Error::internal)
    }
}

/// What the audit log has of a metric.
fn told(metric: &Metric) -> Value {
    json!({"type": metric.value_type, "description": metric.description})
}

/// The same as for flags.
fn check_key(key: &str) -> Result<(), Error> {
    let sound = key.len() <= LONGEST_KEY
        && key.starts_with(|first: char| first.is_ascii_alphanumeric())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if sound {
        return Ok(());
    }
    let message = format!(
        "must have 1 to {LONGEST_KEY} characters, the first a letter or a digit of ASCII, the others also `.`, `_` or `-`"
    );
    Err(refuse("key", message))
}

fn check_description(metric: &Metric) -> Result<(), Error> {
    match &metric.description {
        Some(text) if text.len() > LONGEST_DESCRIPTION => {
            Err(refuse("description", format!("must have at most {LONGEST_DESCRIPTION} bytes")))
        }
        _ => Ok(()),
    }
}

fn refuse(name: &str, message: String) -> Error {
    Error::invalid(format!("the `{name}` is refused"))
        .details([Detail::new(Place::Pointer(format!("/{name}")), message)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::{Caller, Grant, Role};
    use crate::model::{MetricType, Model};

    fn draft(model: &Model, role: Role) -> Draft {
        Draft::new(model, &Caller { subject: "ann".to_owned(), grants: vec![Grant { role, env: None }] }, 0)
    }

    fn metric(value_type: MetricType, description: &str) -> Metric {
        Metric { value_type, description: Some(description.to_owned()) }
    }

    #[test]
    fn a_metric_is_made_changed_and_removed_by_admins_who_saw_it() {
        let model = Model::default();
        for role in [Role::Viewer, Role::Operator, Role::Approver] {
            let made = draft(&model, role).create_metric("clicks", &metric(MetricType::Integer, ""));
            assert_eq!(made.unwrap_err().code, Code::Forbidden);
        }
        let mut draft = draft(&model, Role::Admin);
        let made = draft.create_metric("clicks", &metric(MetricType::Integer, "once")).unwrap();
        let code = |result: Result<Arc<Object<Metric>>, Error>| result.unwrap_err().code;
        assert_eq!(code(draft.create_metric("clicks", &metric(MetricType::Double, ""))), Code::Conflict);
        let twice = || Some("twice".to_owned());
        assert_eq!(code(draft.describe_metric("clicks", twice(), None)), Code::InvalidRequest);
        assert_eq!(code(draft.describe_metric("clicks", twice(), Some(made.revision + 1))), Code::Conflict);
        assert_eq!(code(draft.describe_metric("other", twice(), Some(1))), Code::NotFound);
        let described = draft.describe_metric("clicks", twice(), Some(made.revision)).unwrap();
        assert_eq!(described.body, metric(MetricType::Integer, "twice"));
        assert_eq!(draft.remove_metric("clicks", None).unwrap_err().code, Code::InvalidRequest);
        draft.remove_metric("clicks", Some(made.revision)).unwrap();
        assert!(draft.model().metrics.is_empty());
    }

    #[test]
    fn a_key_is_like_that_of_a_flag() {
        for key in ["a", "A.b-c_9", &"x".repeat(128)] {
            assert!(check_key(key).is_ok(), "{key}");
        }
        for key in ["", ".a", "-", "a b", "é", "a/b", &"x".repeat(129)] {
            assert!(check_key(key).is_err(), "{key}");
        }
    }
}
