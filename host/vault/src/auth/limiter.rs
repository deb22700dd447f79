//! Slows down who guesses passwords and keys, without keeping out who knows them.
//!
//! An attempt is reserved before anything is computed for it, so that attempts made at the same time
//! count like those made one after the other. Failures count for a name at an address: whoever guesses
//! locks out nobody but themselves. A name that is tried from very many addresses is closed for those
//! from which it was never right. An address with many failures gets one attempt for each name, and
//! slowly; others behind the same address still come in.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The time over which failures are counted.
const WINDOW: Duration = Duration::from_mins(5);
/// How many failures one name may have at one address in it.
const PER_NAME: u32 = 10;
/// How many failures keys without a name may have at one address.
const PER_NAMELESS: u32 = 50;
/// How many failures one name may have at all addresses from which it was never right.
const PER_NAME_ELSEWHERE: u32 = 100;
/// After how many failures an address is slow.
const PER_ADDRESS: u32 = 50;
/// How many names and addresses are remembered; the oldest are forgotten beyond it.
const REMEMBERED: usize = 10_000;
/// From how many addresses a name is usually right.
const USUAL: usize = 8;
/// How many attempts may wait for their hash.
const WAITING: usize = 64;
/// How many of them may come from one address.
const WAITING_AT_ADDRESS: usize = 16;

/// Why an attempt is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Too many attempts failed.
    TooMany {
        /// After how many seconds the next attempt is looked at.
        seconds: u64,
        /// Whether this is the first one that was refused in this time.
        is_news: bool,
    },
    /// Too many attempts are waiting.
    Busy,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    NameAt(&'static str, String, Option<IpAddr>),
    Elsewhere(&'static str, String),
    Address(&'static str, IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Count {
    failures: u32,
    since: Instant,
    was_told: bool,
}

#[derive(Debug, Default)]
struct State {
    counts: HashMap<Key, Count>,
    /// From where names were right.
    usual: HashMap<(&'static str, String), Vec<Option<IpAddr>>>,
    waiting: HashMap<Option<IpAddr>, usize>,
}

/// Counts failures. Successes cost nothing.
#[derive(Debug, Default)]
pub struct FailureLimiter {
    state: Mutex<State>,
}

/// An attempt that may be made. It counts as failed until it is said to have succeeded.
#[derive(Debug)]
pub struct Reserved<'l> {
    limiter: &'l FailureLimiter,
    kind: &'static str,
    name: Option<String>,
    from: Option<IpAddr>,
    /// Whether it is to wait its turn among those of addresses that guess.
    pub is_slow: bool,
}

impl FailureLimiter {
    /// Reserves an attempt of a kind, under a name if it has one.
    pub fn reserve(
        &self,
        kind: &'static str,
        name: Option<&str>,
        from: Option<IpAddr>,
    ) -> Result<Reserved<'_>, Refused> {
        let from = from.map(network);
        let name = name.map(shortened);
        let mut state = self.state();
        let now = Instant::now();
        let is_usual = name.as_ref().is_some_and(|name| {
            let usual = state.usual.get(&(kind, name.clone()));
            usual.is_some_and(|usual| usual.contains(&from))
        });
        let address = from.map(|from| Key::Address(kind, from));
        let is_slow = !is_usual
            && address
                .as_ref()
                .is_some_and(|key| state.failures(key, now) >= PER_ADDRESS);
        let here = Key::NameAt(kind, name.clone().unwrap_or_default(), from);
        let most_here = match (&name, is_slow) {
            (None, _) => PER_NAMELESS,
            (Some(_), true) => 1,
            (Some(_), false) => PER_NAME,
        };
        let elsewhere = name
            .as_ref()
            .filter(|_| !is_usual)
            .map(|name| Key::Elsewhere(kind, name.clone()));
        let limits = [
            Some((here.clone(), most_here)),
            elsewhere.clone().map(|key| (key, PER_NAME_ELSEWHERE)),
        ];
        for (key, most) in limits.into_iter().flatten() {
            state.check(&key, most, now)?;
        }
        let waiting: usize = state.waiting.values().sum();
        let here_waiting = state.waiting.get(&from).copied().unwrap_or_default();
        if waiting >= WAITING || (here_waiting >= WAITING_AT_ADDRESS && !is_usual) {
            return Err(Refused::Busy);
        }
        *state.waiting.entry(from).or_default() += 1;
        if state.counts.len() >= REMEMBERED {
            state.forget(now);
        }
        for key in [Some(here), elsewhere, address].into_iter().flatten() {
            state.count(key, now);
        }
        drop(state);
        Ok(Reserved {
            limiter: self,
            kind,
            name,
            from,
            is_slow,
        })
    }

    /// Whether what is known to be right may come in without an attempt: a name that was right here
    /// before, or anything where there were no failures that it could be a guess among.
    pub fn admits(
        &self,
        kind: &'static str,
        name: &str,
        is_named: bool,
        from: Option<IpAddr>,
    ) -> bool {
        let from = from.map(network);
        let name = shortened(name);
        let mut state = self.state();
        let usual = state.usual.get(&(kind, name.clone()));
        if usual.is_some_and(|usual| usual.contains(&from)) {
            return true;
        }
        let now = Instant::now();
        let tried = if is_named {
            name.clone()
        } else {
            String::new()
        };
        let here = Key::NameAt(kind, tried.clone(), from);
        let elsewhere = Key::Elsewhere(kind, tried);
        if state.failures(&here, now) > 0 || state.failures(&elsewhere, now) > 0 {
            return false;
        }
        state.remember(kind, name, from);
        true
    }

    /// Forgets what is over.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.state()
            .counts
            .retain(|_, count| now.duration_since(count.since) < WINDOW);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reserved<'_> {
    /// It was right, and turned out to be this name's.
    pub fn succeeded_as(mut self, name: &str) {
        let name = shortened(name);
        if self.name.as_ref() != Some(&name) {
            let mut state = self.limiter.state();
            state.remember(self.kind, name, self.from);
            drop(state);
        }
        self.settle();
    }

    /// It was right: the name begins anew here, and this is one of its usual addresses. The address's
    /// other failures stay, or an attacker with one good account could guess without end.
    pub fn succeeded(mut self) {
        self.settle();
    }

    fn settle(&mut self) {
        let mut state = self.limiter.state();
        let name = self.name.clone().unwrap_or_default();
        let here = Key::NameAt(self.kind, name.clone(), self.from);
        match &self.name {
            Some(_) => drop(state.counts.remove(&here)),
            None => state.discount(&here),
        }
        state.discount(&Key::Elsewhere(self.kind, name.clone()));
        if let Some(from) = self.from {
            state.discount(&Key::Address(self.kind, from));
        }
        if self.name.is_none() {
            return;
        }
        state.remember(self.kind, name, self.from);
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        if let Some(waiting) = state.waiting.get_mut(&self.from) {
            *waiting = waiting.saturating_sub(1);
            if *waiting == 0 {
                state.waiting.remove(&self.from);
            }
        }
    }
}

impl State {
    fn failures(&self, key: &Key, now: Instant) -> u32 {
        let count = self.counts.get(key);
        count
            .filter(|count| now.duration_since(count.since) < WINDOW)
            .map_or(0, |count| count.failures)
    }

    fn remember(&mut self, kind: &'static str, name: String, from: Option<IpAddr>) {
        if self.usual.len() >= REMEMBERED {
            self.usual.clear();
        }
        let usual = self.usual.entry((kind, name)).or_default();
        usual.retain(|address| *address != from);
        usual.insert(0, from);
        usual.truncate(USUAL);
    }

    fn check(&mut self, key: &Key, most: u32, now: Instant) -> Result<(), Refused> {
        if self.failures(key, now) < most {
            return Ok(());
        }
        let Some(count) = self.counts.get_mut(key) else {
            return Ok(());
        };
        let left = WINDOW.saturating_sub(now.duration_since(count.since));
        Err(Refused::TooMany {
            seconds: left.as_secs() + 1,
            is_news: !std::mem::replace(&mut count.was_told, true),
        })
    }

    fn count(&mut self, key: Key, now: Instant) {
        let new = Count {
            failures: 0,
            since: now,
            was_told: false,
        };
        let count = self.counts.entry(key).or_insert(new);
        if now.duration_since(count.since) >= WINDOW {
            *count = new;
        }
        count.failures += 1;
    }

    fn discount(&mut self, key: &Key) {
        if let Some(count) = self.counts.get_mut(key) {
            count.failures = count.failures.saturating_sub(1);
        }
    }

    fn forget(&mut self, now: Instant) {
        self.counts
            .retain(|_, count| now.duration_since(count.since) < WINDOW);
        if self.counts.len() >= REMEMBERED {
            // An attack with very many names: the addresses, of which there are few, go on counting.
            self.counts.retain(|key, _| matches!(key, Key::Address(..)));
            if self.counts.len() >= REMEMBERED {
                self.counts.clear();
            }
        }
    }
}

/// Names come from outside: a long one is not kept whole.
fn shortened(name: &str) -> String {
    name.chars().take(80).collect()
}

/// The address, or of IPv6 the network that one customer of a provider has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[expect(clippy::unnecessary_wraps, reason = "as the limiter takes it")]
    fn there(number: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, number]))
    }

    /// A failure, if the attempt was looked at.
    fn fail(limiter: &FailureLimiter, name: &str, from: Option<IpAddr>) -> bool {
        limiter.reserve("agent", Some(name), from).is_ok()
    }

    #[test]
    fn a_name_is_closed_at_one_address_after_ten_failures_and_nothing_else_is() {
        let limiter = FailureLimiter::default();
        let made = (0..30).filter(|_| fail(&limiter, "anna", HERE)).count();
        assert_eq!(made, 10);
        match limiter.reserve("agent", Some("anna"), HERE) {
            Err(Refused::TooMany { seconds, is_news }) => {
                assert!((1..=301).contains(&seconds) && !is_news);
            }
            other => panic!("{other:?}"),
        }
        assert!(fail(&limiter, "ben", HERE));
        assert!(fail(&limiter, "anna", there(1)));
        limiter.reserve("key", Some("anna"), HERE).unwrap();
    }

    #[test]
    fn attempts_at_the_same_time_count_like_others() {
        let limiter = FailureLimiter::default();
        let reserved: Vec<_> = (0..100)
            .filter_map(|_| limiter.reserve("agent", Some("anna"), HERE).ok())
            .collect();
        assert_eq!(reserved.len(), 10);
    }

    #[test]
    fn what_waits_is_bounded_and_one_address_cannot_take_all_places() {
        let limiter = FailureLimiter::default();
        let names: Vec<String> = (0..200).map(|n| format!("agent-{n}")).collect();
        let at = |from| {
            let reserved = names
                .iter()
                .filter_map(|name| limiter.reserve("agent", Some(name), from).ok());
            reserved.collect::<Vec<_>>()
        };
        let first = at(HERE);
        assert_eq!(first.len(), WAITING_AT_ADDRESS);
        assert_eq!(
            limiter.reserve("agent", Some("zoe"), HERE).unwrap_err(),
            Refused::Busy
        );
        limiter.reserve("agent", Some("zoe"), there(1)).unwrap();
        let others: Vec<_> = (2..20).map(|n| at(there(n))).collect();
        let all = first.len() + others.iter().map(Vec::len).sum::<usize>();
        assert_eq!(all, WAITING);
        drop(first);
        limiter.reserve("agent", Some("zoe"), HERE).unwrap();
    }

    #[test]
    fn an_address_that_guesses_is_slow_and_has_one_try_for_a_name_and_others_behind_it_come_in() {
        let limiter = FailureLimiter::default();
        limiter
            .reserve("agent", Some("anna"), HERE)
            .unwrap()
            .succeeded();
        for n in 0..PER_ADDRESS {
            assert!(fail(&limiter, &format!("agent-{n}"), HERE));
        }
        // Who was right here before is not concerned, who was not waits.
        assert!(
            !limiter
                .reserve("agent", Some("anna"), HERE)
                .unwrap()
                .is_slow
        );
        assert!(limiter.reserve("agent", Some("ben"), HERE).unwrap().is_slow);
        assert!(!fail(&limiter, "ben", HERE));
        assert!(
            !limiter
                .reserve("agent", Some("ben"), there(1))
                .unwrap()
                .is_slow
        );
    }

    #[test]
    fn a_name_that_is_tried_from_everywhere_stays_open_where_it_was_right() {
        let limiter = FailureLimiter::default();
        limiter
            .reserve("agent", Some("anna"), HERE)
            .unwrap()
            .succeeded();
        let made = (0..40)
            .flat_map(|n| std::iter::repeat_n(n, 5))
            .filter(|n| fail(&limiter, "anna", there(*n)))
            .count();
        assert_eq!(made, 100);
        assert!(!fail(&limiter, "anna", there(99)));
        for _ in 0..20 {
            limiter
                .reserve("agent", Some("anna"), HERE)
                .unwrap()
                .succeeded();
        }
    }

    #[test]
    fn one_customers_addresses_of_ipv6_are_one() {
        let limiter = FailureLimiter::default();
        let made = (0..40_u16)
            .filter(|n| {
                let from = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, *n);
                fail(&limiter, "anna", Some(from.into()))
            })
            .count();
        assert_eq!(made, 10);
    }

    #[test]
    fn what_is_known_comes_in_where_it_was_right_and_is_no_oracle_where_somebody_guesses() {
        let limiter = FailureLimiter::default();
        assert!(limiter.admits("key", "crm", false, HERE));
        limiter.reserve("key", None, HERE).unwrap();
        limiter.reserve("key", None, there(1)).unwrap();
        assert!(limiter.admits("key", "crm", false, HERE));
        assert!(!limiter.admits("key", "crm", false, there(1)));
        assert!(limiter.admits("key", "crm", false, there(2)));
        limiter.reserve("key", Some("bot"), there(3)).unwrap();
        assert!(!limiter.admits("key", "bot", true, there(3)));
        let attempt = limiter.reserve("key", Some("bot"), there(3)).unwrap();
        attempt.succeeded_as("bot");
        assert!(limiter.admits("key", "bot", true, there(3)));
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = FailureLimiter::default();
        for n in 0..REMEMBERED * 2 {
            fail(&limiter, &n.to_string(), None);
        }
        assert!(limiter.state().counts.len() <= REMEMBERED + 3);
        assert!(limiter.state().waiting.is_empty());
    }
}
