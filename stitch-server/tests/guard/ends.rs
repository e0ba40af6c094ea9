//! When an approval has ended: it served, or was asked for too long ago.

use serde_json::json;
use stitch_server::audit::Action;
use stitch_server::error::Error;
use stitch_server::model::Model;
use stitch_server::writes::{Change, Draft, Terms, approval};

use super::world::{NOW, people, read, start};

/// Writes as one of the people, and gives what is there now.
fn write(
    model: &Model,
    who: usize,
    now: i64,
    decide: impl Fn(&mut Draft) -> Result<(), Error>,
) -> Result<Model, Error> {
    let mut draft = Draft::new(model, &people()[who], now);
    decide(&mut draft)?;
    Ok(draft.finish(&Action::new("test", "test"))?.0)
}

/// An approval that the operator asked for, and two approvers signed.
pub(super) fn approved(model: &Model, id: &str, change: &Change) -> Model {
    let mut model = write(model, 0, NOW, |draft| approval::request(draft, id, "guarded", None, change)).unwrap();
    for approver in [5, 6] {
        model = write(&model, approver, NOW, |draft| approval::sign(draft, id)).unwrap();
    }
    model
}

pub(super) fn make(model: &Model, id: &str, change: &Change, now: i64) -> Result<Model, Error> {
    let revision = match change {
        Change::DeleteOverride(row) => model.overrides.get(row).map(|row| row.revision),
        Change::Stage(stage) => model.flags.get(&stage.flag).map(|flag| flag.revision),
        _ => None,
    };
    let terms = Terms::Make { revision, approvals: vec![id.to_owned()] };
    write(model, 0, now, |draft| change.make(draft, &terms).map(|_| ()))
}

#[test]
fn one_that_served_serves_no_more_even_where_all_is_as_it_was() {
    let row = json!({"flag_key": "guarded", "scope": "user", "user_id": "U-3", "value": true});
    let (put, delete) = (Change::PutOverride("o".into(), read(&row)), Change::DeleteOverride("o".into()));
    let model = make(&approved(&start(), "to-put", &put), "to-put", &put, NOW).unwrap();
    let model = make(&approved(&model, "to-delete", &delete), "to-delete", &delete, NOW).unwrap();
    let error = make(&model, "to-put", &put, NOW).unwrap_err();
    assert!(error.details[0].message.contains("has served already"), "{error:?}");
    make(&approved(&model, "again", &put), "again", &put, NOW).unwrap();
}

#[test]
fn one_counts_until_its_last_millisecond() {
    let row = json!({"flag_key": "guarded", "scope": "user", "user_id": "U-3", "value": true});
    let put = Change::PutOverride("o".into(), read(&row));
    let model = approved(&start(), "a", &put);
    make(&model, "a", &put, NOW + approval::LIFE - 1).unwrap();
    let error = make(&model, "a", &put, NOW + approval::LIFE).unwrap_err();
    assert!(error.details[0].message.contains("has expired"), "{error:?}");
    let late = write(&model, 4, NOW + approval::LIFE, |draft| approval::sign(draft, "a")).unwrap_err();
    assert!(late.message.contains("has expired"), "{late:?}");
}
