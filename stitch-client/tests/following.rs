//! Clients that follow real servers: from nothing, through restarts, restored backups and revoked keys.

mod common;

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use common::{PATIENCE, Site, block_on, json, number, scratch, until, until_so};
use stitch_client::{Client, ConnectError, Context, Status};
use stitch_server::model::{Flag, OverrideRow, Segment, Settings as Document};
use stitch_server::state::Settings;
use stitch_server::store::sqlite::copy::{self, Restoring};

#[test]
fn it_starts_from_nothing_and_follows() {
    let site = Site::open();
    let client = site.client();
    assert_eq!(client.wait_ready(PATIENCE), Status::Ready);
    assert_eq!(number(&client), 0);
    let state = client.state();
    assert_eq!((state.number, state.environment.as_deref(), state.last_error), (1, Some("prod"), None));
    assert_eq!(state.history, site.state.load().model.head.history);
    let begun = Instant::now();
    site.put_number(7);
    until_so(|| number(&client) == 7);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    until_so(|| client.state().number == 2);
}

#[test]
fn it_is_the_same_within_a_runtime_of_others() {
    let site = Site::open();
    block_on(async {
        let client = site.client();
        assert_eq!(tokio::time::timeout(PATIENCE, client.ready()).await, Ok(Status::Ready));
        assert_eq!(client.wait_ready(Duration::ZERO), Status::Ready);
        assert_eq!(number(&client), 0);
        client.shutdown(Duration::from_secs(1));
    });
}

#[test]
fn without_a_server_it_waits_no_longer_than_told_and_finds_it_when_it_comes() {
    let mut site = Site::open();
    site.stop();
    let client = site.client();
    let begun = Instant::now();
    assert_eq!(client.wait_ready(Duration::from_millis(100)), Status::Starting);
    assert!((Duration::from_millis(100)..Duration::from_secs(2)).contains(&begun.elapsed()));
    let evaluation = client.engine().evaluate("n", &Context::user("U-1")).reason;
    assert_eq!(evaluation.as_str(), "flag_not_found");
    let error = until(|| client.state().last_error);
    assert!(error.contains("cannot connect") && error.contains("refused") && !error.contains(&site.key), "{error}");
    site.start();
    assert_eq!(client.wait_ready(PATIENCE), Status::Ready);
}

#[test]
fn it_serves_on_while_a_server_restarts_and_gets_what_it_missed() {
    let mut site = Site::open();
    let client = site.client();
    client.wait_ready(PATIENCE);
    for value in 1..=3 {
        site.stop();
        until_so(|| client.state().status == Status::Stale);
        assert_eq!(number(&client), value - 1);
        site.start();
        site.put_number(value);
        until_so(|| number(&client) == value && client.state().status == Status::Ready);
    }
    assert_eq!(client.state().number, 4);
}

#[test]
fn a_restored_backup_replaces_everything() {
    let site = Site::open();
    let client = site.client();
    client.wait_ready(PATIENCE);
    let backup = scratch("backup").join("backup.db");
    copy::backup(&site.file, &backup).unwrap();
    site.put_number(7);
    site.write(|draft| draft.put("later", Flag(json(r#"{"key": "later", "default_value": true}"#))));
    until_so(|| client.engine().flag("later").is_some());
    let before = client.state();
    Restoring::of(&backup, &site.file).unwrap().take_over().unwrap();
    until_so(|| number(&client) == 0 && client.engine().flag("later").is_none());
    let after = client.state();
    assert_ne!(after.history, before.history);
    assert_eq!((after.number, after.status), (1, Status::Ready));
    site.put_number(8);
    until_so(|| number(&client) == 8);
}

#[test]
fn a_revoked_key_leaves_the_last_good_definitions() {
    let site = Site::open();
    let client = site.client();
    client.wait_ready(PATIENCE);
    let id = site.key.split('_').nth(1).unwrap().to_owned();
    let revoked = id.clone();
    site.write(move |draft| drop(draft.revoke_key(&revoked).unwrap()));
    let state = until(|| Some(client.state()).filter(|state| state.status == Status::Stale));
    assert!(state.last_error.as_ref().unwrap().contains("Unauthenticated"), "{state:?}");
    assert!(!state.last_error.unwrap().contains(&id));
    site.put_number(7);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!((number(&client), client.state().status), (0, Status::Stale));
}

#[test]
fn it_hears_of_a_dead_connection_though_nothing_ends() {
    // Heartbeats that come too seldom are none.
    let site = Site::with(common::REGISTRY, Settings { heartbeat: Duration::from_hours(1), ..Settings::default() });
    let client = site.builder().silence(Duration::from_millis(300)).connect().unwrap();
    client.wait_ready(PATIENCE);
    let state = until(|| Some(client.state()).filter(|state| state.status == Status::Stale));
    assert!(state.last_error.as_ref().unwrap().contains("said nothing"), "{state:?}");
    // And opens another, which works.
    until_so(|| client.state().status == Status::Ready);
    assert_eq!(number(&client), 0);
}

#[test]
fn heartbeats_keep_it_ready() {
    let site = Site::with(common::REGISTRY, Settings { heartbeat: Duration::from_millis(50), ..Settings::default() });
    let client = site.builder().silence(Duration::from_secs(5)).connect().unwrap();
    client.wait_ready(PATIENCE);
    let before = client.state();
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(client.state(), before);
}

#[test]
fn listeners_hear_which_flags_may_answer_otherwise_and_no_others() {
    let registry = r#"{"schema_version": "1.0", "internal_tiers": ["crew"], "flags": [
        {"key": "own", "default_value": false},
        {"key": "by-segment", "default_value": false, "rollout_stage": "full", "serve": "off",
         "rules": [{"id": "r", "when": {"segment": "outer"}, "serve": "on"}]},
        {"key": "by-override", "default_value": false},
        {"key": "depends", "default_value": false, "rollout_stage": "full", "dependencies": ["own"]}],
        "segments": [{"key": "outer", "when": {"segment": "inner"}}, {"key": "inner", "included": ["U-1"]}]}"#;
    let site = Site::with(registry, Settings::default());
    let client = site.client();
    let (tell, told) = channel();
    client.on_change(move |change| {
        let serves = change.engine.flag_keys().count();
        tell.send((change.flags.clone(), change.number, serves)).unwrap();
    });
    let heard = || told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(heard(), (vec!["by-override".into(), "by-segment".into(), "depends".into(), "own".into()], 1, 4));
    site.write(|draft| draft.put("inner", Segment(json(r#"{"key": "inner", "included": ["U-2"]}"#))));
    assert_eq!(heard(), (vec!["by-segment".into()], 2, 4));
    site.write(|draft| {
        let row = r#"{"id": "r", "scope": "user", "flag_key": "by-override", "user_id": "U-1", "value": true}"#;
        draft.put("r", OverrideRow(json(row)));
    });
    assert_eq!(heard(), (vec!["by-override".into()], 3, 4));
    // Words change no answer: nobody is told.
    site.write(|draft| draft.put("own", Flag(json(r#"{"key": "own", "default_value": false, "owner": "them"}"#))));
    site.write(|draft| draft.put("own", Flag(json(r#"{"key": "own", "default_value": true}"#))));
    assert_eq!(heard(), (vec!["depends".into(), "own".into()], 5, 4));
    site.write(|draft| draft.put(Document::KEY, Document(json(r#"{"schema_version": "1.0"}"#))));
    assert_eq!(heard().0.len(), 4, "settings concern all");
    site.write(|draft| {
        draft.remove::<OverrideRow>("r");
        draft.remove::<Flag>("by-override");
    });
    assert_eq!(heard(), (vec!["by-override".into()], 7, 3));
}

#[test]
fn a_listener_that_panics_or_sleeps_holds_up_nobody() {
    let site = Site::open();
    let client = site.client();
    let (tell, told) = channel();
    client.on_change(|_| panic!("this panic is meant"));
    client.on_change(|_| std::thread::sleep(Duration::from_millis(300)));
    client.on_change(move |change| tell.send(change.number).unwrap());
    client.wait_ready(PATIENCE);
    let begun = Instant::now();
    for value in 1..=3 {
        site.put_number(value);
        until_so(|| number(&client) == value);
    }
    assert!(begun.elapsed() < Duration::from_millis(600), "{:?}", begun.elapsed());
    until_so(|| told.recv_timeout(PATIENCE).unwrap() == 4);
}

#[test]
fn listeners_hear_of_the_status() {
    let mut site = Site::open();
    let client = site.client();
    let (tell, told) = channel();
    client.on_status(move |state| tell.send(state.status).unwrap());
    let heard = || told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(client.wait_ready(PATIENCE), Status::Ready);
    site.stop();
    until_so(|| heard() == Status::Stale);
    site.start();
    until_so(|| heard() == Status::Ready);
}

#[test]
fn after_the_end_it_answers_and_follows_no_more() {
    let site = Site::open();
    let client = site.client();
    client.wait_ready(PATIENCE);
    let begun = Instant::now();
    let other = client.clone();
    client.shutdown(Duration::from_secs(5));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    site.put_number(7);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!((number(&other), other.state().status), (0, Status::Stale));
    assert!(other.state().last_error.unwrap().contains("shut down"));
    assert_eq!(other.wait_ready(PATIENCE), Status::Stale);
    other.shutdown(Duration::ZERO);
}

#[test]
fn the_last_clone_ends_its_thread() {
    let site = Site::open();
    let client = site.client();
    client.wait_ready(PATIENCE);
    let (tell, told) = channel();
    client.on_change(move |_| tell.send(()).unwrap());
    drop(client.clone());
    site.put_number(1);
    told.recv_timeout(PATIENCE).unwrap();
    drop(client);
    // The listener, and with it what it holds, is gone.
    assert!(told.recv_timeout(PATIENCE).is_err());
}

#[test]
fn a_listener_may_end_its_own_client() {
    let site = Site::open();
    let client = site.client();
    let (tell, told) = channel();
    let own = client.clone();
    client.on_change(move |_| {
        own.shutdown(Duration::ZERO);
        tell.send(()).unwrap();
    });
    told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(client.state().status, Status::Stale);
}

#[test]
fn what_is_no_address_no_key_and_no_certificate_is_told_at_once() {
    let why = |client: Result<Client, ConnectError>| client.err().unwrap().to_string();
    for url in ["", "flags.example", "ftp://flags.example", "https://", "https://flags.example/path", "not a url"] {
        assert!(why(Client::builder(url, "key").connect()).contains(&format!("`{url}`")), "{url}");
        let builder = Client::builder("http://flags.example", "key").events_url(url);
        assert!(why(builder.connect()).contains("takes events"), "{url}");
    }
    for key in ["", "a\nb", "ключ"] {
        let said = why(Client::builder("http://flags.example", key).connect());
        assert!(said.starts_with("the SDK key is none") && (key.is_empty() || !said.contains(key)), "{said}");
    }
    let builder = Client::builder("https://flags.example", "key").ca_certificate("nothing");
    assert!(why(builder.connect()).contains("PEM"));
    assert!(!format!("{:?}", Client::builder("https://flags.example", "the-key")).contains("the-key"));
}
