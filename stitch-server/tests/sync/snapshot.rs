//! What a stream begins with.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use stitch_core::Context;
use stitch_server::model::{Flag, OverrideRow, Segment, Settings};
use stitch_server::source::Source;
use stitch_server::state::Settings as Operator;

use crate::client::Stream;
use crate::common::stocked::Shop;
use crate::common::{Server, scratch};
use crate::replica::Replica;
use crate::{json, put_number, write};

#[test]
fn the_first_message_of_a_new_history_is_a_snapshot_with_the_number_one() {
    let shop = Shop::open();
    let message = Stream::open(shop.server.sync, &shop.stocked.key, "", 0).unwrap().next().unwrap();
    assert!(message.snapshot && !message.heartbeat);
    assert_eq!((message.sequence_number, &message.history_id), (1, &shop.state.load().model.head.history));
    let settings: Value = serde_json::from_str(message.settings.as_deref().unwrap()).unwrap();
    assert_eq!(settings, serde_json::json!({"schema_version": "1.0", "environments": ["prod"]}));
    let keys = |entries: &[stitch_sync::v1::Definition]| entries.iter().map(|e| e.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&message.flags), ["checkout", "internal"]);
    assert_eq!(keys(&message.segments), ["beta", "devices"]);
    let mut replica = Replica::default();
    replica.apply(message);
    let thai = Context::user("U-2").tier("free").env("prod").with("country", "TH");
    assert!(replica.engine().evaluate("checkout", &thai).bool_or(false));
}

#[test]
fn sixty_four_bits_and_the_order_of_members_arrive_as_they_were() {
    let shop = Shop::open();
    put_number(&shop, "large", i64::MAX);
    let flag = r#"{"owner":"z","key":"odd","type":"object","variants":{"v":{}},"serve":"v","default_value":{"z":1,"a":{"y":1.0,"b":[9007199254740993]}}}"#;
    write(&shop, move |draft| draft.put("odd", Flag(json(flag)))).unwrap();
    let message = Stream::open(shop.server.sync, &shop.stocked.key, "", 0).unwrap().next().unwrap();
    assert!(message.flags.iter().any(|entry| entry.json.contains("9223372036854775807")));
    assert!(message.flags.iter().any(|entry| entry.json == flag));
}

#[test]
fn nothing_of_another_environment_is_ever_on_the_wire() {
    let shop = Shop::open();
    let put = |text: String| {
        move |draft: &mut stitch_server::writes::Draft| {
            let flag = |text: &str| Flag(json(text));
            draft.put("split", flag(&text));
            draft.put("patched", flag(&text.replace("\"split\"", "\"patched\"")));
        }
    };
    let flag = |round: u32| {
        format!(
            r#"{{"key": "split", "type": "string", "variants": {{"v": "v"}}, "serve": "v", "default_value": "base", "environments": {{
                "prod": {{"default_value": "of-prod-{round}"}}, "dev": {{"default_value": "of-dev-{round}"}},
                "staging": {{"default_value": "of-staging-{round}"}}}}}}"#
        )
    };
    write(&shop, put(flag(0))).unwrap();
    let (address, wire) = tap(shop.server.sync);
    let mut stream = Stream::open(address, &shop.stocked.key, "", 0).unwrap();
    stream.next().unwrap();
    for round in 1..4 {
        write(&shop, put(flag(round))).unwrap();
        assert_eq!(stream.news().flags.len(), 2);
    }
    write(&shop, |draft| {
        draft.put(
            "row",
            OverrideRow(json(
                r#"{"id": "row", "scope": "user", "flag_key": "split", "value": "mine", "user_id": "U-1"}"#,
            )),
        );
        draft.put("new", Segment(json(r#"{"key": "new", "included": ["U-1"]}"#)));
        draft.put(
            Settings::KEY,
            Settings(json(r#"{"schema_version": "1.0", "environments": ["prod", "dev", "staging", "secret-lab"]}"#)),
        );
    })
    .unwrap();
    let message = stream.news();
    assert_eq!((message.overrides.len(), message.segments.len(), message.settings), (1, 1, None));
    let wire = wire.lock().unwrap();
    let has = |text: &str| wire.windows(text.len()).any(|window| window == text.as_bytes());
    for round in 0..4 {
        assert!(has(&format!("of-prod-{round}")));
    }
    for foreign in ["of-dev", "of-staging", "secret-lab", "\"dev\"", "\"staging\"", "paused"] {
        assert!(!has(foreign), "{foreign} is on the wire");
    }
}

#[test]
fn a_change_of_another_environment_is_no_message_and_has_no_number() {
    let shop = Shop::open();
    let mut prod = crate::follow(&shop);
    let mut dev = Stream::open(shop.server.sync, &shop.stocked.dev_key, "", 0).unwrap();
    dev.next().unwrap();
    let patched = r#"{"key": "internal", "default_value": false, "rollout_stage": "internal", "environments": {"dev": {"default_value": true}}}"#;
    write(&shop, move |draft| draft.put("internal", Flag(json(patched)))).unwrap();
    let message = dev.news();
    assert_eq!((message.sequence_number, message.flags.len()), (2, 1));
    put_number(&shop, "both", 1);
    assert_eq!((prod.news().sequence_number, dev.news().sequence_number), (2, 3));
}

#[test]
fn what_comes_from_a_file_is_another_history_at_each_change() {
    let folder = scratch("sync-file");
    let file = folder.join("flags.json");
    let text = |value: u32| {
        format!(
            r#"{{"schema_version": "1.0", "flags": [{{"key": "a", "type": "integer", "variants": {{"v": 0}}, "serve": "v", "default_value": {value}}}]}}"#
        )
    };
    std::fs::write(&file, text(1)).unwrap();
    let shop = Shop::open();
    let model = stitch_server::model::Model::read(crate::client::block_on(shop.store.load()).unwrap()).unwrap();
    let source = Source::File(file.clone());
    let registry = source.load().unwrap();
    let parity = stitch_server::gate::run().unwrap();
    let state = stitch_server::state::AppState::with_store(
        Operator::default(),
        source,
        registry,
        parity,
        (Arc::clone(&shop.store), model),
    );
    let server = Server::of(state.clone());
    let mut stream = Stream::open(server.sync, &shop.stocked.key, "", 0).unwrap();
    let first = stream.next().unwrap();
    assert!(first.snapshot && first.flags[0].json.contains("\"default_value\":1"));
    std::fs::write(&file, text(2)).unwrap();
    let second = stream.news();
    assert!(second.snapshot && second.flags[0].json.contains("\"default_value\":2"));
    assert_eq!((first.sequence_number, second.sequence_number), (1, 1));
    assert_ne!(first.history_id, second.history_id);
    let mut again = Stream::open(server.sync, &shop.stocked.key, &second.history_id, 1).unwrap();
    assert!(again.next().unwrap().heartbeat, "the same content is the same history");
}

#[test]
fn an_environment_that_the_registry_does_not_list_has_no_stream() {
    let shop = Shop::open();
    let mut stream = crate::follow(&shop);
    write(&shop, |draft| {
        draft.put(Settings::KEY, Settings(json(r#"{"schema_version": "1.0", "environments": ["dev"]}"#)));
    })
    .unwrap();
    assert_eq!(stream.end().code(), tonic::Code::NotFound);
    write(&shop, |draft| draft.put(Settings::KEY, Settings(json(r#"{"schema_version": "1.0"}"#)))).unwrap();
    crate::follow(&shop);
}

/// Passes one connection on, and keeps what the server says.
fn tap(server: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let said = Arc::new(Mutex::new(Vec::new()));
    let keeping = Arc::clone(&said);
    thread::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        let server = TcpStream::connect(server).unwrap();
        let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || drop(std::io::copy(&mut from_client, &mut to_server)));
        let (mut server, mut client) = (server, client);
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = server.read(&mut buffer) {
            keeping.lock().unwrap().extend_from_slice(&buffer[..length]);
            if client.write_all(&buffer[..length]).is_err() {
                return;
            }
        }
    });
    (address, said)
}

#[test]
fn who_comes_at_once_gets_the_same_bytes() {
    let shop = Shop::open();
    let snapshots: Vec<_> = (0..8)
        .map(|_| {
            let (address, key) = (shop.server.sync, shop.stocked.key.clone());
            thread::spawn(move || Stream::open(address, &key, "", 0).unwrap().next().unwrap())
        })
        .collect();
    let snapshots: Vec<_> = snapshots.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(snapshots.windows(2).all(|pair| pair[0] == pair[1]));
}
