//! Programs in a mount namespace of their own, where a small file system can be had that is gone with them.
//!
//! Needs root, or a kernel that lets users make namespaces. Without, the tests say so and show nothing; with `CI=true`
//! that is a failure.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::common::{command, wait};

/// The server in a namespace, with a file system of its own at `folder`.
pub(crate) struct Enclosed {
    pub child: Child,
    pub address: std::net::SocketAddr,
}

/// The ways to a namespace.
const WAYS: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];

/// The first way that works here.
fn way() -> Option<&'static [&'static str]> {
    let works = |way: &&&[&str]| {
        let mount = ["sh", "-c", "mount -t tmpfs -o size=64k none /mnt"];
        let status = Command::new("unshare").args(**way).args(mount).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let way = WAYS.iter().find(works).copied();
    if way.is_none() {
        let message = "not shown: no mount namespace can be had here (run as root, or allow user namespaces)";
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{message}");
        eprintln!("{message}");
    }
    way
}

/// A command that runs `script` and then the server, with the file system at `folder`; nothing where none can be had.
pub(crate) fn enclosed(folder: &Path, options: &str, script: &str, store: &Path) -> Option<Command> {
    let way = way()?;
    let mut text = format!("set -e\nmount -t tmpfs -o {options} none '{}'\n", folder.display());
    let _ = writeln!(text, "{script}");
    let _ = writeln!(text, "exec '{}' \"$@\"", env!("CARGO_BIN_EXE_stitch-server"));
    let mut command = command("unshare", &[]);
    command.args(way).args(["sh", "-c", &text, "sh", "--port", "0", "--sdk-rate-limit", "0", "--store"]).arg(store);
    Some(command)
}

impl Enclosed {
    /// Starts the server; nothing where no namespace can be had.
    pub(crate) fn start(folder: &Path, options: &str, script: &str, store: &Path) -> Option<Self> {
        let mut child = enclosed(folder, options, script, store)?.stdout(Stdio::piped()).spawn().unwrap();
        let mut banner = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = banner.find_map(|line| line.trim().strip_prefix("listening http://").map(str::to_owned));
        Some(Self { child, address: address.unwrap().parse().unwrap() })
    }
}

impl Drop for Enclosed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = wait(&mut self.child);
    }
}
