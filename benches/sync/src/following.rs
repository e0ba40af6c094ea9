//! What following costs a client: `stitch-client` in this process, on a registry of so many flags.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stitch_client::{Builder, Client, Status};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::block_in_place;

use crate::figures::percentile;
use crate::server::Server;

const PATIENCE: Duration = Duration::from_mins(1);
/// Changes of which the time is taken.
const CHANGES: usize = 100;
/// Connections that are cut.
const CUTS: usize = 50;

/// A client's figures on registries of so many flags.
pub(crate) async fn measure(program: &Path, registries: &[usize]) -> String {
    let mut found = "\n### One client that evaluates\n\n`stitch-client`, until what came is compiled and serves. Median and \
                     99th percentile of 100 changes, median and longest of 50 cuts of the connection, after each of which \
                     it waits a random time of up to half a second. Memory: of its process, with the first definitions and after all changes.\n\n\
                     | flags | first definitions | from the file | a change serves | after the writer's answer | after a \
                     cut | memory |\n|---|---|---|---|---|---|---|\n"
        .to_owned();
    for flags in registries {
        let _ = writeln!(found, "{}", follow(program, *flags).await);
    }
    found
}

/// A line of the table.
async fn follow(program: &Path, flags: usize) -> String {
    let server = block_in_place(|| Server::start(program, flags));
    let cutter = Cutter::start(&server.streams).await;
    let file = std::env::temp_dir().join(format!("stitch-follow-bench-{}.cache", std::process::id()));
    let builder = Client::builder(format!("http://{}", cutter.address), &server.key).cache_file(&file);
    let before = own_memory();
    let begun = Instant::now();
    let client = connect(builder.clone());
    let first = begun.elapsed();
    let memory = own_memory().saturating_sub(before);
    let (mut applied, mut after) = (Vec::new(), Vec::new());
    let mut revision = None;
    for index in 0..CHANGES {
        let number = client.state().number;
        let begun = Instant::now();
        block_in_place(|| server.change(&mut revision, index % 2 == 0));
        let answered = Instant::now();
        let at = block_in_place(|| wait(|| (client.state().number > number).then(Instant::now)));
        applied.push(at.duration_since(begun));
        after.push(at.saturating_duration_since(answered));
    }
    let held = own_memory().saturating_sub(before);
    let mut back = Vec::new();
    for _ in 0..CUTS {
        let begun = Instant::now();
        cutter.cut();
        block_in_place(|| {
            wait(|| (client.state().status == Status::Stale).then_some(()));
            wait(|| (client.state().status == Status::Ready).then_some(()));
        });
        back.push(begun.elapsed());
    }
    block_in_place(|| client.shutdown(Duration::ZERO));
    let bytes = fs::metadata(&file).map_or(0, |file| file.len());
    // Nobody is there: what it answers with is from the file.
    let away = Client::builder("http://127.0.0.1:1", &server.key).cache_file(&file);
    let begun = Instant::now();
    let client = away.connect().expect("a client");
    let from_file = begun.elapsed();
    assert_eq!(client.engine().flag_keys().count(), flags);
    for age in ["", ".1", ".2", ".lock"] {
        let _ = fs::remove_file(format!("{}{age}", file.display()));
    }
    for took in [&mut applied, &mut after, &mut back] {
        took.sort_unstable();
    }
    let mut line = format!("| {flags} | {first:.0?} | {from_file:.0?}, {} KiB ", bytes / 1024);
    for took in [&applied, &after] {
        let _ = write!(line, "| {}, {} ", percentile(took, 50), percentile(took, 99));
    }
    let _ = write!(line, "| {}, {} | {memory} KiB, {held} KiB |", percentile(&back, 50), percentile(&back, 100));
    line
}

fn connect(builder: Builder) -> Client {
    let client = builder.connect().expect("a client");
    let status = block_in_place(|| client.wait_ready(PATIENCE));
    assert_eq!(status, Status::Ready);
    client
}

/// Waits without rest: what is measured is shorter than a thread sleeps.
fn wait<T>(mut check: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it takes too long");
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// Resident memory of this process, in KiB.
fn own_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Stands between a client and its server, and can cut the connection.
struct Cutter {
    address: String,
    cuts: Arc<watch::Sender<()>>,
}

impl Cutter {
    async fn start(to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let cuts = Arc::new(watch::Sender::new(()));
        let (to, cut) = (to.to_owned(), Arc::clone(&cuts));
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (to, mut cut) = (to.clone(), cut.subscribe());
                tokio::spawn(async move {
                    let Ok(mut server) = TcpStream::connect(&to).await else { return };
                    let nodelay = client.set_nodelay(true).and(server.set_nodelay(true));
                    nodelay.expect("a socket");
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { address, cuts }
    }

    fn cut(&self) {
        self.cuts.send_replace(());
    }
}
