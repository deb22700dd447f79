//! Slows down who guesses passwords: counts failures by name and by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The time over which failures are counted.
const WINDOW: Duration = Duration::from_mins(5);
/// How many failures one name may have in it.
const PER_NAME: u32 = 10;
/// How many failures one address may have in it; several people may share one.
const PER_ADDRESS: u32 = 50;
/// How many names and addresses are remembered; the oldest are forgotten beyond it.
const REMEMBERED: usize = 10_000;

/// Too many attempts failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// After how many seconds the next attempt is looked at.
    pub seconds: u64,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    failures: u32,
    since: Instant,
}

/// Counts failures. Successes cost nothing.
#[derive(Debug, Default)]
pub struct FailureLimiter {
    counts: Mutex<HashMap<String, Count>>,
}

impl FailureLimiter {
    /// Whether an attempt may be made, under a name if it has one.
    pub fn check(
        &self,
        kind: &str,
        name: Option<&str>,
        from: Option<IpAddr>,
    ) -> Result<(), TooMany> {
        let counts = self.counts();
        let now = Instant::now();
        for (key, limit) in keys(kind, name, from) {
            if let Some(count) = counts.get(&key)
                && count.failures >= limit
                && let Some(left) = WINDOW.checked_sub(now.duration_since(count.since))
                && !left.is_zero()
            {
                return Err(TooMany {
                    seconds: left.as_secs() + 1,
                });
            }
        }
        Ok(())
    }

    /// An attempt failed.
    pub fn failed(&self, kind: &str, name: Option<&str>, from: Option<IpAddr>) {
        let mut counts = self.counts();
        let now = Instant::now();
        if counts.len() >= REMEMBERED {
            forget(&mut counts, now);
        }
        for (key, _) in keys(kind, name, from) {
            let count = counts.entry(key).or_insert(Count {
                failures: 0,
                since: now,
            });
            if now.duration_since(count.since) >= WINDOW {
                *count = Count {
                    failures: 0,
                    since: now,
                };
            }
            count.failures += 1;
        }
    }

    /// An attempt succeeded: the name begins anew. The address does not, or an attacker with one
    /// good account could guess without end.
    pub fn succeeded(&self, kind: &str, name: &str) {
        self.counts().remove(&name_key(kind, name));
    }

    /// Forgets what is over.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.counts()
            .retain(|_, count| now.duration_since(count.since) < WINDOW);
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget(counts: &mut HashMap<String, Count>, now: Instant) {
    counts.retain(|_, count| now.duration_since(count.since) < WINDOW);
    if counts.len() >= REMEMBERED {
        // An attack with very many names: the addresses, of which there are few, go on counting.
        counts.retain(|key, _| key.starts_with("address "));
        if counts.len() >= REMEMBERED {
            counts.clear();
        }
    }
}

fn name_key(kind: &str, name: &str) -> String {
    // Names come from outside: a long one is not kept whole.
    format!("{kind} {}", name.chars().take(80).collect::<String>())
}

fn keys(kind: &str, name: Option<&str>, from: Option<IpAddr>) -> Vec<(String, u32)> {
    let mut keys = Vec::with_capacity(2);
    if let Some(name) = name {
        keys.push((name_key(kind, name), PER_NAME));
    }
    if let Some(address) = from {
        keys.push((format!("address {address}"), PER_ADDRESS));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[test]
    fn a_name_is_blocked_after_ten_failures_and_others_are_not() {
        let limiter = FailureLimiter::default();
        for _ in 0..PER_NAME {
            assert_eq!(limiter.check("agent", Some("anna"), HERE), Ok(()));
            limiter.failed("agent", Some("anna"), HERE);
        }
        let blocked = limiter.check("agent", Some("anna"), HERE).unwrap_err();
        assert!((1..=301).contains(&blocked.seconds));
        assert_eq!(limiter.check("agent", Some("ben"), HERE), Ok(()));
        assert_eq!(limiter.check("key", Some("anna"), HERE), Ok(()));
        limiter.succeeded("agent", "anna");
        assert_eq!(limiter.check("agent", Some("anna"), HERE), Ok(()));
    }

    #[test]
    fn an_address_is_blocked_whatever_the_names() {
        let limiter = FailureLimiter::default();
        for n in 0..PER_ADDRESS {
            limiter.failed("agent", Some(&format!("agent-{n}")), HERE);
        }
        assert!(limiter.check("agent", Some("anna"), HERE).is_err());
        assert_eq!(limiter.check("agent", Some("anna"), None), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = FailureLimiter::default();
        for n in 0..REMEMBERED * 2 {
            limiter.failed("agent", Some(&n.to_string()), None);
        }
        assert!(limiter.counts().len() <= REMEMBERED + 1);
    }
}
