//! One message a change.

use stitch_core::Json;
use stitch_server::model::{Flag, OverrideRow, Segment, Settings};

use crate::client::Stream;
use crate::common::stocked::{Shop, told};
use crate::common::{PATIENCE, until};
use crate::replica::Replica;
use crate::{follow, json, put_number, write};

const ROW: &str = r#"{"id": "row", "scope": "user", "flag_key": "internal", "value": true, "user_id": "U-1"}"#;

#[test]
fn a_write_is_one_message_with_the_next_number() {
    let shop = Shop::open();
    let mut stream = follow(&shop);
    put_number(&shop, "n", 1);
    let message = stream.news();
    assert_eq!((message.sequence_number, message.snapshot, message.flags.len()), (2, false, 1));
    assert_eq!(message.flags[0].key, "n");
    write(&shop, |draft| {
        draft.remove::<Flag>("n");
        draft.put("row", OverrideRow(json(ROW)));
        draft.put("new", Segment(json(r#"{"key": "new", "included": ["U-9"]}"#)));
        draft.put(Settings::KEY, Settings(json(r#"{"schema_version": "1.0", "internal_tiers": ["crew"]}"#)));
    })
    .unwrap();
    let message = stream.news();
    assert_eq!((message.sequence_number, message.flags.len(), message.removed_flags), (3, 0, vec!["n".to_owned()]));
    assert_eq!((message.overrides[0].key.as_str(), message.segments[0].key.as_str()), ("row", "new"));
    let settings = message.settings.unwrap();
    assert_eq!(settings, r#"{"schema_version":"1.0","internal_tiers":["crew"],"environments":["prod"]}"#);
    write(&shop, |draft| {
        draft.remove::<OverrideRow>("row");
        draft.remove::<Segment>("new");
    })
    .unwrap();
    let message = stream.news();
    assert_eq!(message.settings, None);
    assert_eq!((message.removed_overrides, message.removed_segments), (vec!["row".to_owned()], vec!["new".to_owned()]));
}

#[test]
fn what_changes_no_definition_is_no_message() {
    let shop = Shop::open();
    let mut stream = follow(&shop);
    let same = r#"{"key": "internal", "default_value": false, "rollout_stage": "internal"}"#;
    write(&shop, move |draft| draft.put("internal", Flag(json(same)))).unwrap();
    told(&shop.admin("POST", "/v1/metrics", r#"{"key": "new", "type": "integer"}"#));
    put_number(&shop, "n", 1);
    assert_eq!(stream.news().sequence_number, 2);
}

#[test]
fn what_routes_write_flows() {
    let shop = Shop::open();
    let mut stream = follow(&shop);
    told(&shop.admin("POST", "/v1/flags", r#"{"key": "made", "default_value": true}"#));
    let message = stream.news();
    assert_eq!((message.flags[0].key.as_str(), message.sequence_number), ("made", 2));
    let stopped = shop.admin("POST", "/api/flags/checkout/rollback", r#"{"reason": "it burns"}"#);
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    let message = stream.news();
    assert!(message.flags[0].json.contains(r#""rollout_stage":"rolled_back""#), "{message:?}");
}

#[test]
fn what_another_process_writes_flows() {
    let shop = Shop::open();
    let mut stream = follow(&shop);
    // By the store, as the command line does.
    let caller = stitch_server::caller::Caller::operator_of_the_machine();
    let action = stitch_server::audit::Action::new("test", "test");
    let decide = |draft: &mut stitch_server::writes::Draft| {
        draft.put("beside", Flag(json(r#"{"key": "beside", "default_value": true}"#)));
        draft.record(serde_json::Value::Null, serde_json::Value::Null, None);
        Ok(())
    };
    crate::client::block_on(stitch_server::writes::visit::write(&*shop.store, &caller, &action, decide)).unwrap();
    let message = stream.news();
    assert_eq!((message.sequence_number, message.snapshot, message.flags[0].key.as_str()), (2, false, "beside"));
    put_number(&shop, "n", 1);
    assert_eq!(stream.news().sequence_number, 3);
}

#[test]
fn another_order_is_told_by_a_snapshot() {
    let shop = Shop::open();
    let mut stream = follow(&shop);
    write(&shop, |draft| {
        let internal = draft.model().flags["internal"].body.0.clone();
        let checkout = draft.model().flags["checkout"].body.0.clone();
        draft.remove::<Flag>("checkout");
        draft.remove::<Flag>("internal");
        draft.put("internal", Flag(internal));
        draft.put("checkout", Flag(checkout));
    })
    .unwrap();
    let message = stream.news();
    assert!(message.snapshot);
    assert_eq!(message.sequence_number, 2);
    let keys: Vec<_> = message.flags.iter().map(|flag| flag.key.as_str()).collect();
    assert_eq!(keys, ["internal", "checkout"]);
    put_number(&shop, "n", 1);
    let message = stream.news();
    assert_eq!((message.sequence_number, message.snapshot), (3, false));
}

#[test]
fn a_refused_write_leaves_no_gap() {
    let shop = Shop::open();
    let mut stream = follow(&shop);
    write(&shop, |draft| draft.put("bad", Flag(Json::from("no flag".to_owned())))).unwrap_err();
    write(&shop, |draft| draft.remove::<Flag>("none")).unwrap();
    put_number(&shop, "n", 1);
    assert_eq!(stream.news().sequence_number, 2);
}

#[test]
fn streams_and_evaluations_never_part_for_long() {
    let shop = Shop::open();
    let mut stream = Stream::open(shop.server.sync, &shop.stocked.key, "", 0).unwrap();
    let mut replica = Replica::default();
    replica.apply(stream.next().unwrap());
    for number in 0..50 {
        put_number(&shop, "n", number);
    }
    until(PATIENCE, || {
        replica.apply(stream.next().unwrap());
        (replica.number == 51).then_some(())
    });
    assert!(replica.document().contains(r#""default_value":49"#));
}
