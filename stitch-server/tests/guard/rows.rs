//! Rows of overrides apply in a draft, but not while the flag is paused.

use serde_json::json;
use stitch_core::stage::Stage;
use stitch_server::error::Code;
use stitch_server::writes::Change;
use stitch_server::writes::stage::StageChange;

use super::ends::{approved, make};
use super::world::{NOW, read, start};

fn to(stage: Stage) -> Change {
    let rollout_stage = Some(stage);
    Change::Stage(StageChange { flag: "guarded".into(), env: None, rollout_stage, rollout_pct: None })
}

#[test]
fn rows_that_apply_again_need_an_approval() {
    let row = json!({"flag_key": "guarded", "scope": "user", "user_id": "U-3", "value": true});
    let put = Change::PutOverride("o".into(), read(&row));
    let model = make(&approved(&start(), "row", &put), "row", &put, NOW).unwrap();
    let paused = make(&model, "none", &to(Stage::Paused), NOW).unwrap();
    let error = make(&paused, "none", &to(Stage::Draft), NOW).unwrap_err();
    assert_eq!(error.code, Code::ApprovalRequired, "{error:?}");
    make(&approved(&paused, "back", &to(Stage::Draft)), "back", &to(Stage::Draft), NOW).unwrap();
}

#[test]
fn without_rows_a_draft_is_free() {
    let paused = make(&start(), "none", &to(Stage::Paused), NOW).unwrap();
    make(&paused, "none", &to(Stage::Draft), NOW).unwrap();
}
