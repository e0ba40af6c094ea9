use super::*;

const CALM: Storm = Storm {
    clients: 1_000,
    replicas: 1,
    outage: 10.0,
    jitter: Jitter::Full,
    first: 1.0,
    window: 8.0,
    patience: 30.0,
    accepts: 100.0,
    room: 10_000,
    limit: f64::INFINITY,
    line: 1e9,
    bytes: 1e3,
};

#[test]
fn the_same_seed_gives_the_same_storm() {
    let [one, two, other] = [1, 1, 2].map(|seed| format!("{:?}", CALM.play(seed)));
    assert_eq!(one, two);
    assert_ne!(one, other);
}

#[test]
fn where_all_find_room_the_replicas_are_busy_until_the_last_one_is_back() {
    // Ten seconds of accepting; the first comes within a window, and nobody comes twice.
    let outcome = CALM.play(1);
    assert!((10.0..11.0).contains(&outcome.all), "{outcome:?}");
    assert!((outcome.tries - 1_000.0).abs() < 1e-9, "{outcome:?}");
    assert!(outcome.wasted.abs() < 1e-9, "{outcome:?}");
}

#[test]
fn without_jitter_all_come_in_one_second_and_where_there_is_room_for_a_few_in_every_window_again() {
    let crowd = Storm { jitter: Jitter::None, room: 100, ..CALM };
    let outcome = crowd.play(1);
    assert_eq!(outcome.peak, 1_000);
    // About a hundred a window of eight seconds.
    assert!((64.0..81.0).contains(&outcome.all), "{outcome:?}");
}

#[test]
fn the_line_is_shared_by_all_who_are_on_it() {
    // A tenth of a second each if alone; all ten are accepted within 0.1 s, and have everything at once, a second later.
    let heavy = Storm { clients: 10, outage: 1.0, first: 0.001, window: 0.001, line: 1e4, ..CALM };
    let outcome = heavy.play(1);
    assert!((1.0..1.2).contains(&outcome.all) && outcome.half > 0.9, "{outcome:?}");
}

#[test]
fn who_gives_up_leaves_bytes_behind_and_comes_again() {
    // A tenth of a second each if alone. Twenty at once need two seconds, and wait for one.
    let heavy = Storm { clients: 20, patience: 1.0, line: 1e4, ..CALM };
    let never = Storm { jitter: Jitter::None, ..heavy }.play(1);
    assert!(never.half.is_infinite() && never.all.is_infinite(), "{never:?}");
    let patient = Storm { jitter: Jitter::None, patience: 2.3, ..heavy }.play(1);
    assert!((2.0..10.3).contains(&patient.all) && patient.wasted.abs() < 1e-9, "{patient:?}");
    let drawn = Storm { window: 1.0, ..heavy }.play(1);
    assert!(drawn.all.is_finite() && drawn.wasted > 0.0 && drawn.tries > 20.0, "{drawn:?}");
}

#[test]
fn the_limit_lets_so_many_begin_a_second_and_tells_the_others_when_to_come_back() {
    let limited = Storm { limit: 10.0, accepts: 1_000.0, ..CALM };
    let outcome = limited.play(1);
    // A second's worth at once, then ten a second.
    assert!((99.0..130.0).contains(&outcome.all), "{outcome:?}");
    assert!(outcome.tries > 1_000.0);
    assert!((limited.least() - 100.0).abs() < 1e-9);
}
