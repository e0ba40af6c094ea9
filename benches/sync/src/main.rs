//! `sync-bench SERVER told|steady [--quick]`: see `benches/sync/run.sh`.

use std::path::Path;
use std::time::Duration;

mod asleep;
mod clients;
mod figures;
mod following;
mod server;
mod steady;
mod told;

use told::Pace;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (program, mode, quick) = match *arguments.as_slice() {
        [program, mode] => (Path::new(program), mode, false),
        [program, mode, "--quick"] => (Path::new(program), mode, true),
        _ => panic!("give the server, and `told` or `steady`"),
    };
    let milliseconds = Duration::from_millis;
    match (mode, quick) {
        ("told", false) => {
            // Each as soon as it is there: the whole takes minutes.
            print!("{}", told::measure(program, 100, 1_000, Pace { changes: 200, pause: milliseconds(100) }).await);
            print!("{}", told::measure(program, 10_000, 200, Pace { changes: 50, pause: milliseconds(500) }).await);
            print!("{}", asleep::measure(program, 100).await);
            print!("{}", following::measure(program, &[1_000, 10_000]).await);
        }
        ("told", true) => {
            let pace = Pace { changes: 4, pause: milliseconds(10) };
            print!("{}{}", told::measure(program, 100, 20, pace).await, asleep::measure(program, 3).await);
            print!("{}", following::measure(program, &[100]).await);
        }
        ("steady", _) => println!("{}", steady::measure(program, 1_000, if quick { 1 } else { 10 }).await),
        _ => panic!("there is no `{mode}`: give `told` or `steady`"),
    }
}
