//! Passwords: Argon2id, a bounded number at once, and never before those who ask for evaluations.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use crate::error::{Code, Error};

/// Characters of the shortest password that is taken.
pub const SHORTEST: usize = 8;
/// Bytes of the longest.
pub const LONGEST: usize = 1_024;
/// Passwords hashed at once.
const AT_ONCE: usize = 4;
/// How far a thread that hashes stands back, as `nice` counts: where all processors are wanted it has a tenth of what any
/// other thread has, so that evaluations hardly notice and a login still comes to an end.
#[cfg(target_os = "linux")]
const STANDS_BACK: i32 = 10;
/// For one's turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// The hash of nobody's password, with the parameters of all others: checking it takes the time of a real one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c3RpdGNoLW5vYm9keS0wMA$dZp63IQnw+TPoxIXB7LoHNPq5BKLS4pAYj0UoFlZgYo";

/// The hash of a password, in the PHC form. Takes long, as it should.
///
/// # Errors
///
/// `invalid_request` for one that is too short or too long.
pub fn hash(password: &str) -> Result<String, Error> {
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Err(Error::invalid("the password is refused")
            .hint(format!("it needs {SHORTEST} characters at least, and may have {LONGEST} bytes at most")));
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| Error::internal())?;
    let hash: PasswordHash =
        Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| Error::internal())?;
    Ok(hash.to_string())
}

/// Whether it is the password of that hash; of nobody's, if there is none. Takes as long either way.
fn is(password: &str, hash: Option<&str>) -> bool {
    Argon2::default().verify_password(password.as_bytes(), hash.unwrap_or(NOBODY)).is_ok() && hash.is_some()
}

/// Who may hash now: at most half of the processors, so that evaluations have the rest, and fewer than may fail a
/// minute, so that good logins at once are not taken for failures.
#[derive(Clone, Debug)]
pub(crate) struct Passwords(Arc<Semaphore>);

/// One's turn to hash.
pub(crate) type Turn = OwnedSemaphorePermit;

impl Default for Passwords {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self(Arc::new(Semaphore::new((processors / 2).clamp(1, AT_ONCE))))
    }
}

impl Passwords {
    /// Waits for one's turn.
    ///
    /// # Errors
    ///
    /// `rate_limited` if that takes too long.
    pub(crate) async fn turn(&self) -> Result<Turn, Error> {
        match timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::new(Code::RateLimited, "too many logins wait").hint("try again soon").retry_after(1)),
        }
    }

    /// [`hash`], in turn.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Error> {
        apart(self.turn().await?, move || hash(&password)).await?
    }
}

/// [`is`], for who has a turn.
pub(crate) async fn check(turn: Turn, password: String, hash: Option<String>) -> Result<bool, Error> {
    apart(turn, move || is(&password, hash.as_deref())).await
}

/// Works in a thread of its own that stands back; to start one takes a thousandth of what a hash does. The turn ends with
/// the work, also where nobody waits for it any longer.
async fn apart<T: Send + 'static>(turn: Turn, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let (tell, told) = oneshot::channel();
    let work = move || {
        stand_back();
        let done = work();
        drop(turn);
        // Whoever asked may be gone.
        let _ = tell.send(done);
    };
    thread::Builder::new().name("password".to_owned()).spawn(work).map_err(|_| Error::internal())?;
    told.await.map_err(|_| Error::internal())
}

/// From here on this thread lets others go first.
#[cfg(target_os = "linux")]
fn stand_back() {
    // Where the system refuses, the hash is right all the same.
    let _ = rustix::process::nice(STANDS_BACK);
}

/// Elsewhere `nice` concerns the whole process.
#[cfg(not(target_os = "linux"))]
fn stand_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_its_password_alone_and_says_how_it_was_made() {
        let kept = hash("correct horse").unwrap();
        assert!(is("correct horse", Some(&kept)));
        assert!(!is("correct horse ", Some(&kept)));
        assert!(!is("correct horse", Some("nonsense")));
        assert_ne!(kept, hash("correct horse").unwrap(), "another salt");
        let parameters = |hash: &str| hash.rsplitn(3, '$').last().map(str::to_owned);
        assert_eq!(parameters(&kept), parameters(NOBODY), "nobody's costs the same");
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert!(!is("anything", None));
    }

    /// The thread that answers requests does not stand back with the one that hashes.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_stands_back_and_keeps_its_turn_to_its_end() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let passwords = Passwords(Arc::new(Semaphore::new(1)));
        let before = nice();
        let hashing = apart(passwords.turn().await.unwrap(), nice).await.unwrap();
        assert_eq!(hashing, (before + STANDS_BACK).min(19));
        assert_eq!(nice(), before);

        let (end, ended) = std::sync::mpsc::channel::<()>();
        let work = apart(passwords.turn().await.unwrap(), move || ended.recv());
        assert!(timeout(Duration::from_millis(10), work).await.is_err(), "nobody waits for it any longer");
        assert_eq!(passwords.0.available_permits(), 0);
        end.send(()).unwrap();
        drop(passwords.turn().await.unwrap());
    }

    #[test]
    fn a_password_is_neither_too_short_nor_too_long() {
        assert_eq!(hash("1234567").unwrap_err().code, Code::InvalidRequest);
        assert_eq!(hash(&"x".repeat(LONGEST + 1)).unwrap_err().code, Code::InvalidRequest);
    }
}
