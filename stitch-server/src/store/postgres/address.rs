//! Where a `PostgreSQL` store is, as people write it: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
//!
//! Nothing of it but [`Reach::place`] is ever shown, since it may hold a password, well written or not.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::tls::Tls;
use crate::store::StoreError;

const USUAL_PORT: u16 = 5432;
const WRITTEN: &str = "`postgres://USER:PASSWORD@HOST:PORT/DATABASE`, what is special in a password as %xx";

/// An address as it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

/// An address as it is used.
#[derive(Debug)]
pub(super) struct Reach {
    pub(super) config: Config,
    pub(super) tls: Tls,
    /// For people.
    pub(super) place: String,
}

impl Address {
    /// The address, if the text is one.
    pub fn of(text: &str) -> Option<Self> {
        let is = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        is.then(|| Self(text.to_owned()))
    }

    /// Where that is, for people.
    pub fn place(&self) -> String {
        self.reach().map_or_else(|_| "postgres://".to_owned(), |reach| reach.place)
    }

    /// How to get there.
    pub(super) fn reach(&self) -> Result<Reach, StoreError> {
        let refuse = |why: &str| StoreError::Unusable(format!("the store's address {why}"));
        let (url, query) = self.0.split_once('?').unwrap_or((&self.0, ""));
        let (mut mode, mut roots, mut others) = (None, None, Vec::new());
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => roots = Some(file(value)),
                _ => others.push(part),
            }
        }
        let config = format!("{url}?{}", others.join("&")).parse();
        // Why exactly is not told: that may be a piece of the password.
        let mut config: Config = config.map_err(|_| refuse(&format!("cannot be read: give {WRITTEN}")))?;
        if config.get_hosts().is_empty() {
            return Err(refuse(&format!("names no host: give {WRITTEN}")));
        }
        if let (None, Ok(password)) = (config.get_password(), std::env::var("PGPASSWORD")) {
            config.password(password);
        }
        let here = config.get_hosts().iter().all(is_here);
        config.ssl_mode(match mode {
            Some("disable") => SslMode::Disable,
            None if here => SslMode::Disable,
            None | Some("require" | "verify-full") => SslMode::Require,
            Some(_) => {
                let why = "has another `sslmode` than `require`, which checks the server's certificate, and `disable`";
                return Err(refuse(why));
            }
        });
        config.application_name("stitch-server");
        let place = place(&config);
        Ok(Reach { tls: Tls::with_roots(roots.as_deref())?, config, place })
    }
}

/// Without the password.
impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Address").field(&self.place()).finish()
    }
}

fn file(value: &str) -> PathBuf {
    percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned().into()
}

/// Whether nothing on the way there leaves this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        Host::Unix(_) => true,
    }
}

fn place(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(USUAL_PORT);
        match host {
            Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(path) => path.display().to_string(),
        }
    });
    let hosts: Vec<_> = hosts.collect();
    format!("postgres://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(text: &str) -> Result<Reach, StoreError> {
        Address::of(text).unwrap().reach()
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_it_is_said_otherwise() {
        for (text, mode) in [
            ("postgres://ann@db.example.com/flags", SslMode::Require),
            ("postgres://ann@127.0.0.1/flags", SslMode::Disable),
            ("postgresql://ann@[::1]:5433/flags", SslMode::Disable),
            ("postgres:///flags?host=/run/postgresql", SslMode::Disable),
            ("postgres://ann@localhost/flags?sslmode=require", SslMode::Require),
            ("postgres://ann@localhost,db.example.com/flags", SslMode::Require),
            ("postgres://ann@db.example.com/flags?sslmode=disable&connect_timeout=3", SslMode::Disable),
        ] {
            assert_eq!(reach(text).unwrap().config.get_ssl_mode(), mode, "{text}");
        }
        let prefer = reach("postgres://ann@localhost/flags?sslmode=prefer").unwrap_err().to_string();
        assert!(prefer.contains("`require`") && prefer.contains("`disable`"), "{prefer}");
    }

    #[test]
    fn nothing_that_is_shown_has_the_password() {
        for text in [
            "postgres://ann:s3cret@db.example.com/flags",
            "postgres://ann:s3cret@/flags",
            "postgres://ann:s3cret@db:port/flags",
            "postgres://ann:s3&s3cret=?s3cret@db/flags",
            "postgres://ann:pw@db/flags?password=s3cret&sslmode=s3cret",
            "postgres://ann:pw@db/flags?s3cret=1",
            "postgres://ann:pw@db/flags?sslrootcert=/nowhere&user=s3cret",
        ] {
            let address = Address::of(text).unwrap();
            let shown = format!("{address:?} {} {:?}", address.place(), address.reach().map(|reach| reach.place));
            assert!(!shown.contains("s3cret"), "{shown}");
        }
        assert_eq!(reach("postgres://ann:pw@db/flags").unwrap().place, "postgres://db:5432/flags");
        assert!(Address::of("stitch.db").is_none() && Address::of("memory").is_none());
    }
}
