//! A server whose clock is far ahead: what is shared goes by the database's clock, and by revisions.

use super::cluster::{Replica, Shared, time_until};
use super::common::services::{self, Schema, client};
use super::common::stocked::{block_on, now};
use super::common::until;
use super::database::verify;
use super::evaluations::Evaluations;
use stitch_server::auth::tokens;
use stitch_server::model::Model;
use stitch_server::store::postgres::Address;
use stitch_server::store::{Postgres, Store};

const DAYS: i64 = 400;

#[test]
fn a_server_with_a_wrong_clock_forgets_nothing_doubles_nothing_and_converges() {
    let Some(schema) = Schema::make() else { return };
    let Some(library) = services::faketime() else { return };
    let shared = Shared::new(schema, services::redis());
    let right = shared.serve();
    let right = Replica::of(&shared, &right);
    let ids: Vec<_> = (0..50).map(|index| format!("e-{index}")).collect();
    assert_eq!(right.report(&ids), 200);

    let ahead = format!("+{DAYS}d");
    let clock = [("LD_PRELOAD", &*library), ("FAKETIME", &*ahead), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
    let program = shared.serve_with(&shared.schema.url, &[], &clock);
    let token = block_on(async {
        let store = Postgres::open(&Address::of(&shared.schema.url).unwrap()).await.unwrap();
        let model = Model::read(store.load().await.unwrap()).unwrap();
        tokens::issue(&model, "admin@example.com", now() + DAYS * 24 * 60 * 60 * 1_000).unwrap().0
    });
    let wrong = Replica { token, ..Replica::of(&shared, &program) };
    let loaded = wrong.health()["registry"]["loaded_at"].as_str().unwrap().to_owned();
    let year = |text: &str| text[..4].parse::<i32>().unwrap();
    let here = right.health()["registry"]["loaded_at"].as_str().unwrap().to_owned();
    assert!(year(&loaded) > year(&here), "the clock is wrong: {loaded} {here}");
    let evaluations = [Evaluations::of(right.address), Evaluations::of(wrong.address)];

    // Known to be stored already, though by that clock it is long ago; and it looked for old ones when it started.
    assert_eq!(wrong.report(&ids), 200);
    let more: Vec<_> = (50..60).map(|index| format!("e-{index}")).collect();
    assert_eq!((wrong.report(&more), right.report(&more)), (200, 200));
    assert_eq!(right.stored(), [ids, more].concat());
    let received = block_on(async {
        let client = client(&shared.schema.url).await.unwrap();
        client.query_one("SELECT max(received_at) FROM events", &[]).await.unwrap().get::<_, i64>(0)
    });
    assert!((received - now()).abs() < 60_000, "{received}");

    let mut answered = Vec::new();
    for round in 0..5 {
        for (writer, reader) in [(&wrong, &right), (&right, &wrong)] {
            let from = writer.number();
            assert_eq!(writer.write(from, from + 1), 200, "{round}");
            answered.push(from + 1);
            time_until(|| reader.number() == from + 1);
        }
    }
    until(super::cluster::SOON, || (wrong.health()["store"] == right.health()["store"]).then_some(()));
    evaluations.into_iter().for_each(Evaluations::end);
    verify(&shared, &right, &answered);
}
