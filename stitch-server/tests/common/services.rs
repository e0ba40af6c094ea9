//! `PostgreSQL` and Redis: those that answer on the standard local ports, else ones that are started (`services.sh`).
//!
//! What cannot be had is said, and shows nothing; with `CI=true` that is a failure.

use std::fmt::Display;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio_postgres::{Client, NoTls};

use super::{scratch, until};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/services.sh");
/// A database may first have to be installed.
const PATIENCE: Duration = Duration::from_mins(5);

/// A client of the database at that address.
pub async fn client(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Runs statements, without the rest of a test.
pub fn execute(url: &str, statements: &str) {
    let work = async { client(url).await.unwrap().batch_execute(statements).await.unwrap() };
    super::stocked::block_on(work);
}

/// The first column of the first row.
pub fn ask_number(url: &str, query: &str) -> i64 {
    super::stocked::block_on(async { client(url).await.unwrap().query_one(query, &[]).await.unwrap().get(0) })
}

fn none(what: &str, why: impl Display) {
    let message = format!("not shown: no {what} can be had here: {why}");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{message}");
    eprintln!("{message}");
}

/// A schema of its own in a database that others use too, gone with this.
pub struct Schema {
    admin: String,
    name: String,
    /// For `--store`.
    pub url: String,
}

impl Schema {
    /// In the database that there is.
    pub fn make() -> Option<Self> {
        let answers = |url: &str| super::stocked::block_on(async { client(url).await.err() });
        let standard = || "postgres://postgres@127.0.0.1:5432/postgres".to_owned();
        let url = std::env::var("STITCH_TEST_POSTGRES").unwrap_or_else(|_| standard());
        if answers(&url).is_none() {
            return Some(Self::within(&url));
        }
        let port = share("postgres")?;
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        until(PATIENCE, || answers(&url).is_none().then_some(()));
        Some(Self::within(&url))
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// In the database at that address.
    pub fn within(admin: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("stitch_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        execute(admin, &format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}"));
        let separator = if admin.contains('?') { '&' } else { '?' };
        let url = format!("{admin}{separator}options=-csearch_path%3D{name}");
        Self { admin: admin.to_owned(), name, url }
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // The database may be gone, by the test itself.
        let work = async {
            if let Ok(client) = client(&self.admin).await {
                let _ = client.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.name)).await;
            }
        };
        std::thread::scope(|scope| scope.spawn(|| super::stocked::block_on(work)).join()).ok();
    }
}

/// The address of the Redis that there is.
pub fn redis() -> Option<String> {
    let port = if TcpStream::connect("127.0.0.1:6379").is_ok() { 6379 } else { share("redis")? };
    Some(format!("redis://127.0.0.1:{port}"))
}

/// Starts one that all tests share and that outlives them; its port.
fn share(name: &str) -> Option<u16> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("services").join(name);
    let output = Command::new(SCRIPT).arg("share").arg(name).arg(&folder).output().unwrap();
    let port = String::from_utf8_lossy(&output.stdout).trim().parse();
    port.map_err(|_| none(name, String::from_utf8_lossy(&output.stderr))).ok()
}

/// A library that lends a program another clock.
pub fn faketime() -> Option<String> {
    let output = Command::new(SCRIPT).arg("faketime").output().unwrap();
    let library = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() {
        return Some(library);
    }
    none("library of false clocks", String::from_utf8_lossy(&output.stderr));
    None
}

/// A service of the test's own, which may be killed and come back; ended with the test.
pub struct Own {
    name: &'static str,
    folder: PathBuf,
    pub port: u16,
    child: Child,
}

impl Own {
    /// A database.
    pub fn postgres() -> Option<Self> {
        Self::start("postgres")
    }

    /// A Redis.
    pub fn redis() -> Option<Self> {
        Self::start("redis")
    }

    fn start(name: &'static str) -> Option<Self> {
        let folder = scratch(name);
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut own = Self { name, port, child: run(name, &folder, port), folder };
        if let Err(why) = own.wait() {
            none(name, why);
            return None;
        }
        Some(own)
    }

    /// The address of the database.
    pub fn url(&self) -> String {
        match self.name {
            "postgres" => format!("postgres://postgres@127.0.0.1:{}/postgres", self.port),
            _ => format!("redis://127.0.0.1:{}", self.port),
        }
    }

    /// Until it answers; an error if it ended instead.
    fn wait(&mut self) -> Result<(), String> {
        let url = self.url();
        until(PATIENCE, || {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(Err(format!("{status}: {}", self.log())));
            }
            let answers = match self.name {
                "postgres" => super::stocked::block_on(async { client(&url).await.is_ok() }),
                _ => TcpStream::connect(("127.0.0.1", self.port)).is_ok(),
            };
            answers.then_some(Ok(()))
        })
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Has the database encrypt, from its next start on.
    pub fn encrypt(&self, certificate: &str, key: &str) {
        use std::os::unix::fs::{PermissionsExt, chown};
        let owner = std::os::unix::fs::MetadataExt::uid(&self.folder.join("data").metadata().unwrap());
        for (from, to) in [(certificate, "server.crt"), (key, "server.key")] {
            let to = self.folder.join("data").join(to);
            std::fs::copy(from, &to).unwrap();
            std::fs::set_permissions(&to, PermissionsExt::from_mode(0o600)).unwrap();
            chown(&to, Some(owner), None).unwrap();
        }
        execute(&self.url(), "ALTER SYSTEM SET ssl = on");
    }

    /// Kills it and all that it started, as a failing machine would.
    pub fn kill(&mut self) {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let all = std::iter::once(id.to_string()).chain(children.split_whitespace().map(str::to_owned));
        let _ = Command::new("kill").arg("-KILL").args(all).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }

    /// Starts it again, with what it kept.
    pub fn revive(&mut self) {
        // Those that were killed may still be going.
        until(PATIENCE, || {
            self.child = run(self.name, &self.folder, self.port);
            self.wait().ok()
        });
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn run(name: &str, folder: &Path, port: u16) -> Child {
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let mut command = Command::new(SCRIPT);
    command.arg(name).arg(folder.join("data")).arg(port.to_string());
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}
