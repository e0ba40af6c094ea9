//! Passwords: Argon2id, a bounded number at once, and never on a thread that answers requests.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::{Code, Error};

/// Characters of the shortest password that is taken.
pub const SHORTEST: usize = 8;
/// Bytes of the longest.
pub const LONGEST: usize = 1_024;
/// Passwords hashed at once.
const AT_ONCE: usize = 4;
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

impl Default for Passwords {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self(Arc::new(Semaphore::new((processors / 2).clamp(1, AT_ONCE))))
    }
}

impl Passwords {
    /// Waits for one's turn.
    ///
    /// # Errors
    ///
    /// `rate_limited` if that takes too long.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        match timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::new(Code::RateLimited, "too many logins wait").hint("try again soon").retry_after(1)),
        }
    }

    /// [`is`], for who has a turn.
    pub(crate) async fn check(&self, password: String, hash: Option<String>) -> Result<bool, Error> {
        let check = move || is(&password, hash.as_deref());
        tokio::task::spawn_blocking(check).await.map_err(|_| Error::internal())
    }

    /// [`hash`], in turn.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Error> {
        let _turn = self.turn().await?;
        tokio::task::spawn_blocking(move || hash(&password)).await.map_err(|_| Error::internal())?
    }
}

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

    #[test]
    fn a_password_is_neither_too_short_nor_too_long() {
        assert_eq!(hash("1234567").unwrap_err().code, Code::InvalidRequest);
        assert_eq!(hash(&"x".repeat(LONGEST + 1)).unwrap_err().code, Code::InvalidRequest);
    }
}
