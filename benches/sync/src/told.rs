//! How fast changes reach everybody and what that costs; how fast all come back at once.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::clients::{Clients, Told};
use crate::figures::{Spread, counted, each, milliseconds, percentile, say};
use crate::server::Server;

/// In which nothing changes; a heartbeat passes in each fifteen seconds.
const SILENCE: Duration = Duration::from_secs(30);
/// Connections that are made at once where nobody takes the time.
pub(crate) const CALMLY: usize = 50;

/// So many changes, each so long after the one before.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) changes: usize,
    pub(crate) pause: Duration,
}

/// A table for a registry of so many flags, and so many clients.
pub(crate) async fn measure(program: &Path, flags: usize, count: usize, pace: Pace) -> String {
    let Pace { changes, pause } = pace;
    say(&format!("{flags} flags, {count} clients"));
    let server = block_in_place(|| Server::start(program, flags));
    let none = Told::default();
    // What writing costs with nobody but one to tell it to; and what is made once is there.
    let mut one = Clients::connect(&server, &none, 1, 1).await;
    let used = server.used();
    let _heard = Spread::of(&server, &mut one, changes, pause).await;
    let writing = server.used().saturating_sub(used);
    one.leave().await;
    sleep(Duration::from_secs(1)).await;

    let before = server.memory();
    let mut clients = Clients::connect(&server, &none, count, CALMLY).await;
    sleep(Duration::from_secs(1)).await;
    let used = server.used();
    sleep(SILENCE).await;
    let idle = server.used().saturating_sub(used).as_secs_f64() / SILENCE.as_secs_f64();
    let memory = server.memory().saturating_sub(before) * 1_024 / count as u64;
    let (first, used) = (clients.first.clone(), server.used());
    let Spread { all, last, after, bytes } = Spread::of(&server, &mut clients, changes, pause).await;
    let telling = server.used().saturating_sub(used).saturating_sub(writing);
    clients.leave().await;

    let number = first.number + u64::try_from(changes).expect("a number");
    let up_to_date = come_back(&server, &Told { number, ..first.clone() }, count).await;
    let behind = come_back(&server, &Told { number: number - 1, ..first.clone() }, count).await;
    let empty = come_back(&server, &none, count).await;
    assert!(!up_to_date.first.snapshot && !behind.first.snapshot && empty.first.snapshot);
    let rows = [
        (
            format!("a change at a client, median, of {changes}, one every {} ms", pause.as_millis()),
            percentile(&all, 50),
        ),
        ("**a change at a client, 99th percentile**".to_owned(), format!("**{}**", percentile(&all, 99))),
        ("a change at the last client, median".to_owned(), percentile(&last, 50)),
        ("a change at the last client, at worst".to_owned(), percentile(&last, 100)),
        ("a change at a client after the writer has its answer, 99th percentile".to_owned(), percentile(&after, 99)),
        ("a processor's time to tell one client one change".to_owned(), each(telling, changes * count)),
        ("a processor's time to write one change".to_owned(), each(writing, changes)),
        ("a processor's time a second for an idle client".to_owned(), each(Duration::from_secs_f64(idle), count)),
        ("**memory for an idle client**".to_owned(), format!("**{:.1} KiB**", kib(memory))),
        ("all come back at once, lacking nothing: until the last is told so".to_owned(), up_to_date.said(count)),
        ("all come back at once, lacking one change: until the last has it".to_owned(), behind.said(count)),
        ("all come back at once, lacking everything: until the last has it".to_owned(), empty.said(count)),
        ("bytes of a heartbeat".to_owned(), counted(up_to_date.first.bytes)),
        ("bytes of a change".to_owned(), counted(bytes)),
        ("bytes of a snapshot".to_owned(), counted(empty.first.bytes)),
    ];
    let rows: Vec<_> = rows.iter().map(|(what, figure)| format!("| {what} | {figure} |\n")).collect();
    let head = format!("\n### {} flags, {} clients\n\n| what | figure |\n|---|---:|\n", counted(flags), counted(count));
    head + &rows.concat()
}

/// All at once.
struct Return {
    took: Duration,
    /// Of a processor, on the server.
    used: Duration,
    first: Told,
}

impl Return {
    fn said(&self, count: usize) -> String {
        format!("{}, {} of a processor each", milliseconds(self.took), each(self.used, count))
    }
}

async fn come_back(server: &Server, have: &Told, count: usize) -> Return {
    // Those who left are gone.
    sleep(Duration::from_secs(2)).await;
    let (begun, used) = (Instant::now(), server.used());
    let clients = Clients::connect(server, have, count, count).await;
    let (took, used, first) = (begun.elapsed(), server.used().saturating_sub(used), clients.first.clone());
    clients.leave().await;
    Return { took, used, first }
}

#[expect(clippy::cast_precision_loss, reason = "less than terabytes")]
fn kib(bytes: u64) -> f64 {
    bytes as f64 / 1_024.0
}
