//! A client that comes back says what it has.

use stitch_server::model::Model;
use stitch_server::source::Source;
use stitch_server::state::{AppState, Settings};
use stitch_server::store::sqlite::{Access, copy};
use stitch_server::store::{FEED_ROWS, Sqlite};

use crate::client::{Stream, block_on};
use crate::common::stocked::{Shop, stocked_file};
use crate::common::{Program, command, scratch, wait};
use crate::{follow, put_number};

fn open(shop: &Shop, history: &str, number: u64) -> Stream {
    Stream::open(shop.server.sync, &shop.stocked.key, history, number).unwrap()
}

#[test]
fn it_gets_what_it_missed_and_nothing_else() {
    let shop = Shop::open();
    let history = shop.state.load().model.head.history.clone();
    for number in 0..5 {
        put_number(&shop, "n", number);
    }
    let mut stream = open(&shop, &history, 3);
    for number in 4..=6 {
        let message = stream.next().unwrap();
        assert_eq!((message.sequence_number, message.snapshot, message.heartbeat), (number, false, false));
        assert!(message.flags[0].json.contains(&format!("\"default_value\":{}", number - 2)));
    }
    put_number(&shop, "n", 9);
    assert_eq!(stream.news().sequence_number, 7);
    let upto_date = open(&shop, &history, 7).next().unwrap();
    assert!(upto_date.heartbeat, "it lacks nothing, and is told so at once");
    assert_eq!((upto_date.sequence_number, upto_date.history_id), (7, history));
}

#[test]
fn what_is_too_old_ahead_or_of_another_history_gets_a_snapshot() {
    let shop = Shop::open();
    let history = shop.state.load().model.head.history.clone();
    for number in 0..i64::try_from(FEED_ROWS).unwrap() + 3 {
        put_number(&shop, "n", number);
    }
    let last = FEED_ROWS + 4;
    let first = |history: &str, number| open(&shop, history, number).next().unwrap();
    assert!(!first(&history, 4).snapshot, "the oldest that is kept");
    for (history, number) in [(&*history, 3), (&history, 0), (&history, last + 1), ("another", last), ("", last)] {
        let message = first(history, number);
        assert!(message.snapshot, "{history} {number}");
        assert_eq!(message.sequence_number, last);
    }
}

#[test]
fn numbers_go_on_after_a_restart() {
    let shop = Shop::open();
    put_number(&shop, "n", 1);
    put_number(&shop, "n", 2);
    let history = shop.state.load().model.head.history.clone();
    let model = Model::read(block_on(shop.store.load()).unwrap()).unwrap();
    let registry = Source::Store.compile_model(&model).unwrap();
    let parity = stitch_server::gate::run().unwrap();
    let store = std::sync::Arc::clone(&shop.store);
    let state = AppState::with_store(Settings::default(), Source::Store, registry, parity, (store, model));
    let again = crate::common::Server::of(state);
    let message = Stream::open(again.sync, &shop.stocked.key, &history, 2).unwrap().next().unwrap();
    assert_eq!((message.sequence_number, message.snapshot), (3, false));
}

#[test]
fn a_restored_backup_is_another_history_that_begins_at_one() {
    let folder = scratch("sync-restore");
    let store = folder.join("stitch.db");
    let stocked = stocked_file(&store);
    let put = |key: &str| {
        let file = Sqlite::open(&store, Access::Visit).unwrap();
        let caller = stitch_server::caller::Caller::operator_of_the_machine();
        let action = stitch_server::audit::Action::new("test", "test");
        let decide = |draft: &mut stitch_server::writes::Draft| {
            let flag = format!(r#"{{"key": "{key}", "default_value": true}}"#);
            draft.put(key, stitch_server::model::Flag(crate::json(&flag)));
            draft.record(serde_json::Value::Null, serde_json::Value::Null, None);
            Ok(())
        };
        block_on(stitch_server::writes::visit::write(&file, &caller, &action, decide)).unwrap();
    };
    put("before");
    let backup = folder.join("backup.db");
    copy::backup(&store, &backup).unwrap();
    let program = Program::start(&["--port", "0", "--store", store.to_str().unwrap()], &[]);
    let mut stream = Stream::open(program.sync(), &stocked.key, "", 0).unwrap();
    let first = stream.next().unwrap();
    assert_eq!((first.snapshot, first.sequence_number), (true, 2));
    put("after");
    assert_eq!(stream.news().sequence_number, 3);
    let mut restore = command(env!("CARGO_BIN_EXE_stitch-server"), &[])
        .args(["restore", backup.to_str().unwrap(), "--store", store.to_str().unwrap()])
        .spawn()
        .unwrap();
    assert!(wait(&mut restore).success());
    let restored = stream.news();
    assert!(restored.snapshot);
    assert_eq!(restored.sequence_number, 1);
    assert_ne!(restored.history_id, first.history_id);
    assert!(!restored.flags.iter().any(|flag| flag.key == "after"));
    let mut again = Stream::open(program.sync(), &stocked.key, &first.history_id, 3).unwrap();
    assert_eq!(again.next().unwrap(), restored);
}

#[test]
fn while_nobody_has_a_key_nothing_is_numbered() {
    let shop = Shop::open();
    put_number(&shop, "n", 1);
    let fresh = shop.admin("POST", "/v1/keys", r#"{"env": "staging", "name": "late"}"#);
    let key = crate::common::stocked::told(&fresh)["key"].as_str().unwrap().to_owned();
    let mut late = Stream::open(shop.server.sync, &key, "", 0).unwrap();
    assert_eq!(late.next().unwrap().sequence_number, 1, "nobody has seen a number of it");
    put_number(&shop, "n", 2);
    assert_eq!(late.news().sequence_number, 2);
    follow(&shop);
}
