//! A client that does not read costs no more than one message, however much is written meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use stitch_server::model::Flag;
use stitch_server::writes::Draft;

use crate::client::{Stream, narrow_channel};
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

#[cfg(target_os = "linux")]
#[test]
fn snapshots_that_nobody_reads_share_what_is_the_same_in_them() {
    const FLAGS: usize = 4_000;
    let shop = Shop::open();
    let flag = |index: usize, round: u64| {
        let text = "x".repeat(1_000);
        json(&format!(r#"{{"key": "flag-{index}", "default_value": false, "description": "{round} {text}"}}"#))
    };
    let all =
        move |draft: &mut Draft| (0..FLAGS).for_each(|index| draft.put(&format!("flag-{index}"), Flag(flag(index, 0))));
    write(&shop, all).unwrap();
    // What the first snapshot takes is there then.
    let first = follow(&shop);
    let begun = resident();
    // 4 MB for each of them, which would be 160 MB if no two shared any of it.
    let mut asleep = Vec::new();
    for round in 1..=40 {
        write(&shop, move |draft| draft.put("flag-7", Flag(flag(7, round)))).unwrap();
        asleep.push(Stream::on(narrow_channel(shop.server.sync), Some(&shop.stocked.key), "", 0).unwrap());
        // Until its snapshot is made.
        std::thread::sleep(Duration::from_millis(50));
    }
    let grown = resident().saturating_sub(begun);
    assert!(grown < 80_000, "40 snapshots cost {grown} KiB");
    drop(first);
    let mut numbers = BTreeSet::new();
    for mut stream in asleep {
        let message = stream.next().unwrap();
        assert!(message.snapshot);
        // Those of the shop, which came before, are two.
        assert_eq!(message.flags.len(), FLAGS + 2);
        let round = message.sequence_number - 2;
        let seen = message.flags.iter().find(|flag| flag.key == "flag-7").unwrap();
        assert!(seen.json.contains(&format!("\"{round} x")), "what was there when it was made");
        numbers.insert(message.sequence_number);
    }
    assert!(numbers.len() > 30, "{} are of a moment of their own", numbers.len());
}
