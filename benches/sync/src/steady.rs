//! A large registry, and a change a second for minutes: nothing may grow.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::clients::{Clients, Told};
use crate::figures::{Spread, counted, percentile, say};
use crate::server::Server;
use crate::told::CALMLY;

const FLAGS: usize = 10_000;
/// Changes, one a second, before anything is taken: what is made once is there then.
const WARM: usize = 60;

/// A line a minute.
pub(crate) async fn measure(program: &Path, count: usize, minutes: usize) -> String {
    say(&format!("{FLAGS} flags, {count} clients, {minutes} minutes"));
    let server = block_in_place(|| Server::start(program, FLAGS));
    let mut clients = Clients::connect(&server, &Told::default(), count, CALMLY).await;
    sleep(Duration::from_secs(15)).await;
    let second = Duration::from_secs(1);
    let _warm = Spread::of(&server, &mut clients, WARM, second).await;
    let mut text = format!(
        "\n{} flags, {} clients, a change every second for {minutes} minutes, after {WARM} that are not counted.\n\n\
         | minute | memory of the server, MiB | a change at a client, median | 99th percentile | at worst |\n\
         |---:|---:|---:|---:|---:|\n",
        counted(FLAGS),
        counted(count)
    );
    let mut memory = vec![server.memory()];
    for minute in 1..=minutes {
        let spread = Spread::of(&server, &mut clients, 60, second).await;
        memory.push(server.memory());
        let (p50, p99, worst) =
            (percentile(&spread.all, 50), percentile(&spread.all, 99), percentile(&spread.all, 100));
        let line = format!("| {minute} | {} | {p50} | {p99} | {worst} |", mib(memory[minute]));
        say(&line);
        let _ = writeln!(text, "{line}");
    }
    let (start, middle, end) = (memory[0], memory[minutes / 2], memory[minutes]);
    let _ = writeln!(
        text,
        "\nMemory at the start **{} MiB**, in the middle **{} MiB**, at the end **{} MiB**.",
        mib(start),
        mib(middle),
        mib(end)
    );
    clients.leave().await;
    text
}

/// Of so many KiB, to a tenth.
fn mib(kib: u64) -> String {
    format!("{}.{}", kib / 1_024, kib % 1_024 * 10 / 1_024)
}
