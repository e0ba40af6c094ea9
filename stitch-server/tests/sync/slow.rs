//! A client that does not read costs one message, however much is written meanwhile.

use stitch_server::model::Flag;

use crate::common::stocked::Shop;
use crate::replica::Replica;
use crate::{follow, json, write};

/// Resident memory of this process, in KiB.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn it_is_given_a_snapshot_instead_of_a_growing_queue() {
    let shop = Shop::open();
    let mut asleep: Vec<_> = (0..20).map(|_| follow(&shop)).collect();
    let mut awake = follow(&shop);
    let large = |round: usize| {
        let text = "x".repeat(60_000);
        format!(
            r#"{{"key": "large", "type": "string", "variants": {{"v": "v"}}, "serve": "v", "default_value": "{round} {text}"}}"#
        )
    };
    // 60 MB for each of them, which would be 1.2 GB if they were queued.
    let mut begun = 0;
    for round in 0..1_000 {
        let flag = large(round);
        write(&shop, move |draft| draft.put("large", Flag(json(&flag)))).unwrap();
        awake.news();
        if round == 200 {
            begun = resident();
        }
    }
    let grown = resident().saturating_sub(begun);
    assert!(grown < 40_000, "800 changes of 60 kB cost {grown} KiB");
    for stream in &mut asleep {
        let mut replica = Replica::default();
        let (mut messages, mut jumped) = (0, false);
        replica.number = 1;
        replica.history = shop.state.load().model.head.history.clone();
        while replica.number < 1_001 {
            let message = stream.news();
            messages += 1;
            jumped |= message.snapshot;
            replica.apply(message);
        }
        assert!(jumped && messages < 200, "{messages} messages, a snapshot: {jumped}");
        assert!(replica.document().contains("\"999 x"));
    }
}
