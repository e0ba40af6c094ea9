//! How often logins may fail: five times a minute from one address; the sixth is refused unheard.
//!
//! What fails for one account from one address fails from that address, so counting addresses counts both. What an
//! address sends is heard, or not, by these few bytes; there are at most [`ADDRESSES`] of them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Code, Error};

/// Failures of one address within [`WINDOW`].
const FAILURES: usize = 5;
/// For so long a failure counts.
const WINDOW: Duration = Duration::from_mins(1);
/// Addresses that are remembered; of more, the one that failed longest ago is forgotten.
const ADDRESSES: usize = 10_000;

/// When each address failed, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<IpAddr, Vec<Instant>>>);

impl Attempts {
    /// Refuses an address of which too many failed, before anything is done for it.
    ///
    /// # Errors
    ///
    /// `rate_limited`.
    pub(crate) fn check(&self, address: IpAddr, now: Instant) -> Result<(), Error> {
        let failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get(&network(address)).map_or(Ok(()), |times| admit(times, now))
    }

    /// Counts an attempt as failed, until it is known to be none: so that many at once are not one.
    ///
    /// # Errors
    ///
    /// `rate_limited` if too many failed; this one is not counted then.
    pub(crate) fn begin(&self, address: IpAddr, now: Instant) -> Result<(), Error> {
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = network(address);
        if !failed.contains_key(&key) && failed.len() >= ADDRESSES {
            make_room(&mut failed, now);
        }
        let times = failed.entry(key).or_default();
        times.retain(|time| now.duration_since(*time) < WINDOW);
        admit(times, now)?;
        times.push(now);
        Ok(())
    }

    /// The attempt that began then did not fail.
    pub(crate) fn succeeded(&self, address: IpAddr, began: Instant) {
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(times) = failed.get_mut(&network(address)) else { return };
        if let Some(index) = times.iter().position(|time| *time == began) {
            times.remove(index);
        }
        if times.is_empty() {
            failed.remove(&network(address));
        }
    }
}

fn admit(times: &[Instant], now: Instant) -> Result<(), Error> {
    let mut counts = times.iter().filter(|time| now.duration_since(**time) < WINDOW);
    let Some(first) = counts.next().filter(|_| counts.count() + 1 >= FAILURES) else { return Ok(()) };
    let wait = WINDOW.saturating_sub(now.duration_since(*first));
    let seconds = u16::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u16::MAX).max(1);
    Err(Error::new(Code::RateLimited, "too many logins from this address failed")
        .hint("wait as long as `Retry-After` says")
        .retry_after(seconds))
}

fn make_room(failed: &mut HashMap<IpAddr, Vec<Instant>>, now: Instant) {
    failed.retain(|_, times| times.last().is_some_and(|last| now.duration_since(*last) < WINDOW));
    let oldest = failed.iter().min_by_key(|(_, times)| times.last().copied()).map(|(address, _)| *address);
    if let Some(oldest) = oldest.filter(|_| failed.len() >= ADDRESSES) {
        failed.remove(&oldest);
    }
}

/// What one customer of a provider has at least: an IPv4 address, or 64 bits of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_sixth_failure_in_a_minute_is_refused_until_the_first_is_a_minute_old() {
        let attempts = Attempts::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        for second in 0..5 {
            attempts.begin(address("192.0.2.1"), after(second)).unwrap();
        }
        for second in 5..60 {
            let error = attempts.begin(address("192.0.2.1"), after(second)).unwrap_err();
            assert_eq!((error.code, u64::from(error.retry_after.unwrap())), (Code::RateLimited, 60 - second));
        }
        attempts.begin(address("192.0.2.2"), after(5)).unwrap();
        attempts.begin(address("192.0.2.1"), after(60)).unwrap();
        attempts.begin(address("192.0.2.1"), after(60)).unwrap_err();
        attempts.begin(address("192.0.2.1"), after(61)).unwrap();
    }

    #[test]
    fn what_succeeds_does_not_count() {
        let attempts = Attempts::default();
        let start = Instant::now();
        for index in 0..100 {
            let began = start + Duration::from_millis(index);
            attempts.begin(address("192.0.2.1"), began).unwrap();
            attempts.succeeded(address("192.0.2.1"), began);
        }
        assert!(attempts.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let attempts = Attempts::default();
        let now = Instant::now();
        for index in 0..5 {
            attempts.begin(address(&format!("2001:db8::{index}")), now).unwrap();
        }
        attempts.begin(address("2001:db8::ffff"), now).unwrap_err();
        attempts.begin(address("2001:db8:0:1::"), now).unwrap();
        assert_eq!(network(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }

    #[test]
    fn memory_is_bounded_however_many_addresses_fail() {
        let attempts = Attempts::default();
        let start = Instant::now();
        for index in 0..u32::try_from(ADDRESSES).unwrap() + 50 {
            let now = start + Duration::from_micros(u64::from(index));
            attempts.begin(std::net::Ipv4Addr::from_bits(index).into(), now).unwrap();
        }
        let failed = attempts.0.lock().unwrap();
        assert_eq!(failed.len(), ADDRESSES);
        assert!(!failed.contains_key(&address("0.0.0.0")), "the oldest is forgotten");
    }
}
