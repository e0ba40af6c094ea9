//! The network between one server and the database, cut and slowed.

use std::time::{Duration, Instant};

use super::cluster::{Replica, SOON, Shared, time_until};
use super::common::services::Schema;
use super::common::{Program, until};
use super::database::verify;
use super::evaluations::Evaluations;
use super::events::Events;
use super::proxy::Proxy;

/// Whoever waits for a store that cannot be reached is told so within this.
const TOLD_WITHIN: Duration = Duration::from_secs(15);

/// A server that reaches the database by a network of its own, and that network.
fn far_one(shared: &Shared) -> (Program, Proxy) {
    let host = shared.schema.url.split_once('@').unwrap().1.split_once('/').unwrap().0;
    let proxy = Proxy::to(host.rsplit_once(':').unwrap().1.parse().unwrap());
    (shared.serve_with(&proxy.instead_of(&shared.schema.url), &[], &[]), proxy)
}

#[test]
fn whether_a_write_was_done_whose_answer_was_lost_is_found_out() {
    let Some(schema) = Schema::make() else { return };
    let shared = Shared::new(schema, None);
    let (program, proxy) = far_one(&shared);
    let far = Replica::of(&shared, &program);
    for from in 0..6 {
        proxy.lose_an_answer();
        assert_eq!(far.write(from, from + 1), 200, "{from}");
    }
    assert_eq!(far.written(), [1, 2, 3, 4, 5, 6]);
    // Events have names of their own: whoever is not told sends them again.
    let ids: Vec<_> = (0..60).map(|index| format!("e-{index}")).collect();
    for call in ids.chunks(10) {
        proxy.lose_an_answer();
        until(SOON, || (far.report(call) == 200).then_some(()));
    }
    assert_eq!(until(SOON, || Some(far.stored()).filter(|stored| stored.len() >= 60)), ids);
    verify(&shared, &far, &[6]);
}

#[test]
fn a_network_that_is_cut_or_slow_holds_up_nobody_else_and_ends_nothing() {
    let Some(schema) = Schema::make() else { return };
    let shared = Shared::new(schema, None);
    let (far, proxy) = far_one(&shared);
    let near = shared.serve();
    let (far, near) = (Replica::of(&shared, &far), Replica::of(&shared, &near));
    let evaluations = [Evaluations::of(far.address), Evaluations::of(near.address)];
    let events = Events::on(&[far.clone(), near.clone()]);
    let mut answered = Vec::new();
    let mut write = |replica: &Replica| {
        let from = near.number().max(far.number());
        time_until(|| replica.number() == from);
        let (began, status) = (Instant::now(), replica.write(from, from + 1));
        if status == 200 {
            answered.push(from + 1);
        }
        (status, began.elapsed())
    };
    assert_eq!([write(&far).0, write(&near).0], [200, 200]);

    time_until(|| far.number() == near.number());
    proxy.cut(true);
    let (status, took) = write(&far);
    assert!(status == 503 && took < TOLD_WITHIN, "{status} {took:?}");
    let health = far.wait_for("degraded");
    assert!(health["store"]["away"].is_string(), "{health}");
    for _ in 0..5 {
        let (status, took) = write(&near);
        assert!(status == 200 && took < Duration::from_secs(4), "{status} {took:?}");
    }
    proxy.cut(false);
    far.wait_for("ready");
    time_until(|| far.number() == near.number());
    assert_eq!(write(&far).0, 200);

    // Each way takes longer: the far one is slow, and the near one is not.
    proxy.slow(150);
    let slow = write(&far);
    assert!(slow.0 == 200 && slow.1 > Duration::from_millis(300), "{slow:?}");
    let near_ones = [(); 8].map(|()| write(&near));
    assert!(near_ones.iter().all(|(status, _)| *status == 200), "{near_ones:?}");
    let fastest = near_ones.iter().map(|(_, took)| took).min().unwrap();
    assert!(*fastest < Duration::from_millis(150), "{near_ones:?}");
    proxy.slow(0);
    time_until(|| far.number() == near.number());
    far.wait_for("ready");

    events.end(&near);
    evaluations.into_iter().for_each(Evaluations::end);
    verify(&shared, &near, &answered);
}
