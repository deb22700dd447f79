//! What the webhook doors have refused, so that "why did nothing arrive?" has an answer: by channel,
//! how often and for which reason, and the last one in words.
//!
//! Strangers knock at a public address as well, so that a refusal does not change a channel's state. The
//! log is told once when a door begins to refuse, when the reason changes and when it takes again, and no
//! oftener than once a minute for each channel.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use linecard_model::{ChannelId, Timestamp};
use tracing::{debug, info, warn};

/// The least time from one warning about a channel to the next, in milliseconds.
const QUIET: i64 = 60_000;
/// How much of a connector's words is kept.
const LONGEST: usize = 500;

/// Why a door did not take a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The signature, or the word of a handshake, is wrong or missing.
    BadSignature,
    /// It is meant for another account.
    NotForThisChannel,
    /// The connector does not take this method or path.
    Unsupported,
    /// The connector polls.
    NoWebhooks,
    /// The connector failed on it.
    PluginFailed,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::BadSignature,
        Self::NotForThisChannel,
        Self::Unsupported,
        Self::NoWebhooks,
        Self::PluginFailed,
    ];

    /// Its word in the API and the metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BadSignature => "bad-signature",
            Self::NotForThisChannel => "not-for-this-channel",
            Self::Unsupported => "unsupported",
            Self::NoWebhooks => "no-webhooks",
            Self::PluginFailed => "plugin-failed",
        }
    }

    /// What a person can do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::BadSignature => {
                "compare the channel's secrets (app secret, verify token) with the network's settings of the app that delivers here; strangers knock as well"
            }
            Self::NotForThisChannel => {
                "compare the account's ids in the channel's configuration with those that the delivery names"
            }
            Self::Unsupported => {
                "register the channel's webhook_path at the network as it is, with nothing after it"
            }
            Self::NoWebhooks => {
                "the connector polls: no webhook needs to be registered at the network"
            }
            Self::PluginFailed => {
                "the network repeats the delivery; the hub's log names the call and the fault"
            }
        }
    }
}

/// What a door has refused since the hub started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// How often, by reason.
    pub counts: BTreeMap<Reason, u64>,
    /// The last one.
    pub last: Option<LastRefused>,
}

/// The last delivery that a door has refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRefused {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// In the connector's words.
    pub detail: String,
    /// Whether a delivery has been taken after it.
    pub over: bool,
}

#[derive(Debug, Default)]
struct Door {
    refused: Refused,
    /// What the log was told last, and when.
    told: Option<(Option<Reason>, i64)>,
}

impl Door {
    /// Whether the log is told that the door is in this state.
    fn is_news(&mut self, now: Option<Reason>, at: i64) -> bool {
        let (was, when) = self.told.unwrap_or((None, i64::MIN));
        if was == now || at.saturating_sub(when) < QUIET {
            return false;
        }
        self.told = Some((now, at));
        true
    }
}

/// What the doors of a site have refused. The channels are those that are configured: one that is removed
/// is forgotten.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<HashMap<ChannelId, Door>>);

impl Refusals {
    fn doors(&self) -> MutexGuard<'_, HashMap<ChannelId, Door>> {
        // Only counters: whoever panicked between two of them left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a channel's door has refused.
    pub fn of(&self, channel: &ChannelId) -> Refused {
        let doors = self.doors();
        doors
            .get(channel)
            .map(|d| d.refused.clone())
            .unwrap_or_default()
    }

    /// Forgets the channels that are no longer there.
    pub(crate) fn keep(&self, is_there: impl Fn(&ChannelId) -> bool) {
        self.doors().retain(|channel, _| is_there(channel));
    }

    pub(crate) fn refused(&self, channel: &ChannelId, at: Timestamp, reason: Reason, detail: &str) {
        let detail: String = detail.chars().take(LONGEST).collect();
        let is_news = {
            let mut doors = self.doors();
            let door = doors.entry(channel.clone()).or_default();
            *door.refused.counts.entry(reason).or_default() += 1;
            door.refused.last = Some(LastRefused {
                at,
                reason,
                detail: detail.clone(),
                over: false,
            });
            door.is_news(Some(reason), at.as_millisecond())
        };
        let (reason, remedy) = (reason.word(), reason.remedy());
        if is_news {
            warn!(%channel, reason, detail, remedy, "a delivery was refused; further ones are counted");
        } else {
            debug!(%channel, reason, detail, "a delivery was refused");
        }
    }

    pub(crate) fn taken(&self, channel: &ChannelId, at: Timestamp) {
        let is_news = {
            let mut doors = self.doors();
            // Most channels have never refused anything.
            let Some(door) = doors.get_mut(channel) else {
                return;
            };
            match &mut door.refused.last {
                Some(last) if !last.over => last.over = true,
                _ => return,
            }
            door.is_news(None, at.as_millisecond())
        };
        if is_news {
            info!(%channel, "deliveries are taken again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn every_refusal_is_counted_and_the_last_one_remembered() {
        let refusals = Refusals::default();
        let page = ChannelId::new("page").unwrap();
        assert_eq!(refusals.of(&page), Refused::default());
        refusals.refused(&page, at(1), Reason::BadSignature, "no signature");
        refusals.refused(&page, at(2), Reason::BadSignature, &"x".repeat(10_000));
        refusals.refused(&page, at(3), Reason::NotForThisChannel, "page 7");
        let found = refusals.of(&page);
        let counts = [(Reason::BadSignature, 2), (Reason::NotForThisChannel, 1)];
        assert_eq!(found.counts, BTreeMap::from(counts));
        let mut last = LastRefused {
            at: at(3),
            reason: Reason::NotForThisChannel,
            detail: "page 7".to_owned(),
            over: false,
        };
        assert_eq!(found.last, Some(last.clone()));
        refusals.taken(&page, at(4));
        last.over = true;
        assert_eq!(refusals.of(&page).last, Some(last));
        refusals.keep(|_| false);
        assert_eq!(refusals.of(&page), Refused::default());
    }

    #[test]
    fn the_log_is_told_of_changes_and_not_flooded() {
        let mut door = Door::default();
        let bad = Some(Reason::BadSignature);
        let other = Some(Reason::NotForThisChannel);
        for (now, second, expected) in [
            (None, 0, false),
            (bad, 1, true),
            (bad, 2, false),
            (bad, 200, false),
            (other, 201, true),
            // Strangers and the network in turn.
            (None, 202, false),
            (bad, 203, false),
            (None, 300, true),
        ] {
            assert_eq!(
                door.is_news(now, second * 1_000),
                expected,
                "{now:?} {second}"
            );
        }
    }
}
