//! The pace that a network, or the operator, sets. Nobody waits here: who may not go yet is told for
//! how long.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use linecard_model::manifest::{ActionKind, ConnectorManifest, RateLimit, ThrottleScope};
use linecard_site::channels::ChannelRuntime;

/// So many recipients are remembered before those are forgotten who have their whole budget again.
const RECIPIENTS: usize = 10_000;

type Limiter<C> =
    RateLimiter<String, HashMapStateStore<String>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The limits of a channel, in the order in which an action passes them.
pub(super) struct Pace<C: Clock = DefaultClock> {
    limits: Vec<Limit<C>>,
    clock: C,
}

struct Limit<C: Clock> {
    scope: ThrottleScope,
    /// For these actions; for all if empty.
    actions: Vec<ActionKind>,
    limiter: Limiter<C>,
}

/// What an action has to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    /// The limit's place.
    pub limit: usize,
    /// For how long.
    pub time: Duration,
    /// Whether it is the limit of the whole channel.
    pub of_channel: bool,
}

impl Pace {
    /// The pace of a channel: its connector's limits, with the operator's rate in place of those of the
    /// whole channel. A limit for one recipient is the network's, whatever the account was granted.
    pub fn of(channel: &ChannelRuntime) -> Self {
        let clock = DefaultClock::default();
        let documented = channel
            .abilities()
            .map_or(&[][..], |a: &ConnectorManifest| a.rate_limits.as_slice());
        let Some(rate) = channel.config.actions_per_second.filter(|rate| *rate > 0.0) else {
            return Self::with(documented, clock);
        };
        let of_recipients = documented
            .iter()
            .filter(|limit| limit.scope == ThrottleScope::Recipient);
        let of_recipients: Vec<RateLimit> = of_recipients.cloned().collect();
        let mut pace = Self::with(&of_recipients, clock.clone());
        let period = Duration::from_secs_f64(1.0 / rate.max(0.001));
        let own = Quota::with_period(period)
            .map(|quota| Limit::new(ThrottleScope::Channel, Vec::new(), quota, clock));
        pace.limits.extend(own);
        pace
    }
}

impl<C: Clock + Clone> Pace<C> {
    /// The pace that some limits make.
    pub fn with(limits: &[RateLimit], clock: C) -> Self {
        let limits = limits.iter().filter_map(|limit| {
            let quota = quota(limit.calls, Duration::from_millis(limit.per_ms))?;
            let actions = limit.actions.clone();
            Some(Limit::new(limit.scope, actions, quota, clock.clone()))
        });
        Self {
            limits: limits.collect(),
            clock,
        }
    }

    /// Takes an action past the limits from `passed` on, counting it at each, up to the first that
    /// is used up. `passed` says how far it came.
    pub fn pass(
        &self,
        kind: ActionKind,
        recipient: Option<&str>,
        passed: &mut usize,
    ) -> Result<(), Wait> {
        while let Some(limit) = self.limits.get(*passed) {
            let counts = limit.actions.is_empty() || limit.actions.contains(&kind);
            let key = match limit.scope {
                ThrottleScope::Channel => Some(""),
                ThrottleScope::Recipient => recipient,
            };
            if let Some(key) = key.filter(|_| counts) {
                if limit.limiter.len() > RECIPIENTS {
                    limit.limiter.retain_recent();
                }
                if let Err(not_yet) = limit.limiter.check_key(&key.to_owned()) {
                    return Err(Wait {
                        limit: *passed,
                        time: not_yet.wait_time_from(self.clock.now()),
                        of_channel: limit.scope == ThrottleScope::Channel,
                    });
                }
            }
            *passed += 1;
        }
        Ok(())
    }
}

impl<C: Clock> Limit<C> {
    fn new(scope: ThrottleScope, actions: Vec<ActionKind>, quota: Quota, clock: C) -> Self {
        Self {
            scope,
            actions,
            limiter: RateLimiter::new(quota, HashMapStateStore::default(), clock),
        }
    }
}

/// So many calls in a time, which may come at once.
fn quota(calls: u32, time: Duration) -> Option<Quota> {
    let burst = NonZeroU32::new(calls)?;
    Some(Quota::with_period(time / calls)?.allow_burst(burst))
}
