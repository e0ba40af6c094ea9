//! `sync-bench SERVER RESULT`: see `benches/sync/run.sh`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::task::block_in_place;
use tokio::time::sleep;

mod clients;
mod following;
mod server;

use clients::{Clients, open};
use server::Server;

/// Changes of which the time to every client is taken.
const CHANGES: usize = 200;
/// Clients that do not read.
const ASLEEP: usize = 200;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, program, result] = arguments.as_slice() else { panic!("give the server and the file for the result") };
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (count, minutes) = (number("CLIENTS", 1_000), number("MINUTES", 10));
    let mut report = format!(
        "# Streams of definitions\n\nMeasured by `benches/sync/run.sh`: one server, its store in a file with \
         `synchronous=FULL`, and {count} clients in another process, each on a connection of its own, on the {} \
         processors of one machine. Times are from before the write's request is sent to when a client has decoded the \
         message: the request, the compilation, the disk and the way to the client are in them.\n",
        std::thread::available_parallelism().map_or(1, usize::from)
    );
    one_client(Path::new(program), &mut report).await;
    if count > 0 {
        few_flags(Path::new(program), count, &mut report).await;
        many_flags(Path::new(program), count, minutes, &mut report).await;
        asleep(Path::new(program), &mut report).await;
    }
    if let Some(folder) = Path::new(result).parent() {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    std::fs::write(result, &report).expect("the result can be written");
    println!("{report}");
}

async fn one_client(program: &Path, report: &mut String) {
    let _ = writeln!(
        report,
        "\n## One client that evaluates\n\n`stitch-client`, until what came is compiled and serves. Median and 99th \
         percentile (of 100 changes), median and longest (of 50 cuts of the connection, after each of which it waits a \
         random time of up to 500 ms). Memory: of its process, with the first definitions and after all changes.\n\n\
         | flags | first definitions | from the file | a change serves | after the writer's answer | after a cut | memory |\n\
         |---|---|---|---|---|---|---|"
    );
    for flags in [1_000, 10_000] {
        say(&format!("one client, {flags} flags"));
        let line = following::follow(program, flags).await;
        say(&line);
        let _ = writeln!(report, "{line}");
    }
}

async fn few_flags(program: &Path, count: usize, report: &mut String) {
    say(&format!("100 flags, {count} clients"));
    let server = block_in_place(|| Server::start(program, 100));
    let (mut clients, each) = join(&server, count).await;
    let Spread { all, last, after } = changes(&server, &mut clients, CHANGES, Duration::from_millis(100)).await;
    let _ = writeln!(
        report,
        "\n## 100 flags, {CHANGES} changes, ten a second\n\n| what | figure |\n|---|---|\n\
         | a change at a client, median | {} |\n| 99th percentile | {} |\n\
         | a change at the last client, median | {} |\n| at worst | {} |\n\
         | after the writer has its answer, 99th percentile | {} |\n\
         | memory of the server for each idle client | {each} |",
        percentile(&all, 50),
        percentile(&all, 99),
        percentile(&last, 50),
        percentile(&last, 100),
        percentile(&after, 99),
    );
    clients.leave().await;
}

async fn many_flags(program: &Path, count: usize, minutes: usize, report: &mut String) {
    say(&format!("10,000 flags, {count} clients, {minutes} minutes"));
    let server = block_in_place(|| Server::start(program, 10_000));
    let (mut clients, _) = join(&server, count).await;
    let _ = writeln!(
        report,
        "\n## 10,000 flags, a change a second for {minutes} minutes\n\n\
         | minute | memory, MiB | median | 99th percentile | at worst | after the writer's answer, 99th percentile |\n|---|---|---|---|---|---|"
    );
    for minute in 1..=minutes {
        let Spread { all, after, .. } = changes(&server, &mut clients, 60, Duration::from_secs(1)).await;
        let (p50, p99, worst) = (percentile(&all, 50), percentile(&all, 99), percentile(&all, 100));
        let memory = server.memory() / 1024;
        let line = format!("| {minute} | {memory} | {p50} | {p99} | {worst} | {} |", percentile(&after, 99));
        say(&line);
        let _ = writeln!(report, "{line}");
    }
    clients.leave().await;
}

async fn asleep(program: &Path, report: &mut String) {
    say(&format!("10,000 flags, {ASLEEP} clients that do not read"));
    let server = block_in_place(|| Server::start(program, 10_000));
    let (mut awake, _) = join(&server, 1).await;
    let _warm = changes(&server, &mut awake, 20, Duration::ZERO).await;
    let before = server.memory();
    let mut streams = Vec::new();
    for _ in 0..ASLEEP {
        streams.push(open(&server.streams, &server.key).await);
    }
    sleep(Duration::from_secs(2)).await;
    let joined = server.memory();
    let _meanwhile = changes(&server, &mut awake, CHANGES, Duration::ZERO).await;
    let after = server.memory();
    let mut first = streams.pop().expect("a client that wakes up");
    let snapshot = first.message().await.expect("a stream").expect("a message");
    let bytes: usize = snapshot.flags.iter().map(|flag| flag.key.len() + flag.json.len()).sum();
    let then = first.message().await.expect("a stream").expect("a message");
    let _ = writeln!(
        report,
        "\n## {ASLEEP} clients that do not read\n\nThey ask for a snapshot of 10,000 flags ({} KiB) and read nothing of it; \
         then {CHANGES} changes are written.\n\n| what | memory of the server, MiB |\n|---|---|\n\
         | before they came | {} |\n| when they had come | {} |\n| after the changes | {} |\n\n\
         What one of them costs: {} KiB. When one wakes up, it reads its snapshot (number {}) and goes on with {}.",
        bytes / 1024,
        before / 1024,
        joined / 1024,
        after / 1024,
        after.saturating_sub(before) / ASLEEP as u64,
        snapshot.sequence_number,
        if then.snapshot {
            format!("another, of number {}", then.sequence_number)
        } else {
            format!("number {}", then.sequence_number)
        },
    );
    awake.leave().await;
}

/// Clients, and what each costs the server once it is idle.
async fn join(server: &Server, count: usize) -> (Clients, String) {
    // One that comes and goes, so that what is made once is there.
    Clients::connect(&server.streams, &server.key, 1).await.leave().await;
    sleep(Duration::from_secs(1)).await;
    let before = server.memory();
    let clients = Clients::connect(&server.streams, &server.key, count).await;
    // A heartbeat passes.
    sleep(Duration::from_secs(if count > 1 { 20 } else { 0 })).await;
    let tenths = server.memory().saturating_sub(before) * 10 / u64::try_from(count).expect("a number");
    (clients, format!("{}.{} KiB", tenths / 10, tenths % 10))
}

struct Spread {
    /// Of each change at each client.
    all: Vec<Duration>,
    /// Of each change at the last client.
    last: Vec<Duration>,
    /// Of each change at each client, counted from the answer to whoever wrote.
    after: Vec<Duration>,
}

/// Writes so many changes, each as long after the one before, and waits until everybody has heard of each.
async fn changes(server: &Server, clients: &mut Clients, count: usize, pause: Duration) -> Spread {
    let mut spread = Spread { all: Vec::new(), last: Vec::new(), after: Vec::new() };
    let mut revision = None;
    // An even number of changes, so that the next ones change something too.
    assert_eq!(count % 2, 0);
    for index in 0..count {
        let begun = Instant::now();
        block_in_place(|| server.change(&mut revision, index % 2 == 0));
        let answered = Instant::now();
        let heard = clients.all_heard().await;
        spread.after.extend(heard.iter().map(|heard| heard.at.saturating_duration_since(answered)));
        let mut took: Vec<_> = heard.iter().map(|heard| heard.at.duration_since(begun)).collect();
        took.sort_unstable();
        spread.last.extend(took.last());
        spread.all.append(&mut took);
        sleep(pause.saturating_sub(begun.elapsed())).await;
    }
    spread.all.sort_unstable();
    spread.last.sort_unstable();
    spread.after.sort_unstable();
    spread
}

fn percentile(sorted: &[Duration], percent: usize) -> String {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    let took = sorted.get(index).copied().unwrap_or_default();
    format!("{:.1} ms", took.as_secs_f64() * 1_000.0)
}

fn say(line: &str) {
    eprintln!("{line}");
}
