//! Clients that ask and do not read.

use std::path::Path;
use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::clients::{Clients, Told, open};
use crate::figures::{Spread, counted, say};
use crate::server::Server;

const FLAGS: usize = 10_000;
const CHANGES: usize = 200;

/// What so many cost.
pub(crate) async fn measure(program: &Path, count: usize) -> String {
    say(&format!("{FLAGS} flags, {count} clients that do not read"));
    let server = block_in_place(|| Server::start(program, FLAGS));
    let mut awake = Clients::connect(&server, &Told::default(), 1, 1).await;
    // What is made once is there then, and what making a snapshot takes and leaves behind.
    let _warm = Spread::of(&server, &mut awake, CHANGES, Duration::ZERO).await;
    for _ in 0..5 {
        let _between = Spread::of(&server, &mut awake, 2, Duration::ZERO).await;
        Clients::connect(&server, &Told::default(), 1, 1).await.leave().await;
    }
    let before = server.memory();
    let mut streams = Vec::new();
    for _ in 0..count {
        // So that each has a snapshot that no other has, the worst that they can do.
        let _between = Spread::of(&server, &mut awake, 2, Duration::ZERO).await;
        streams.push(open(&server, &Told::default()).await);
    }
    sleep(Duration::from_secs(2)).await;
    let joined = server.memory();
    let _meanwhile = Spread::of(&server, &mut awake, CHANGES, Duration::ZERO).await;
    let after = server.memory();
    let mut first = streams.pop().expect("a client that wakes up");
    let snapshot = Told::from(&first.message().await.expect("a stream").expect("a message"));
    let then = Told::from(&first.message().await.expect("a stream").expect("a message"));
    assert!(snapshot.snapshot && then.number > snapshot.number, "{then:?} after {snapshot:?}");
    awake.leave().await;
    let each = after.saturating_sub(before) / u64::try_from(count).expect("a number");
    let next = if then.snapshot { "another snapshot" } else { "the next change" };
    format!(
        "\n### {count} clients that do not read\n\n\
         Each asks for a snapshot of {} flags ({} bytes) and reads nothing of it; changes between them see to it \
         that no two have the same one, and {CHANGES} follow once all are there. One that wakes up reads its snapshot \
         (number {}) and goes on with {next} (number {}).\n\n\
         | what | figure |\n|---|---:|\n\
         | memory of the server before they come | {} MiB |\n\
         | once they are there | {} MiB |\n\
         | after the changes | {} MiB |\n\
         | **what one of them costs** | **{} KiB** |\n",
        counted(FLAGS),
        counted(snapshot.bytes),
        snapshot.number,
        then.number,
        before / 1_024,
        joined / 1_024,
        after / 1_024,
        each,
    )
}
