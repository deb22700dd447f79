//! One attempt: made durable, done, and its outcome recorded.

use std::sync::Arc;

use linecard_model::Timestamp;
use linecard_model::manifest::ThrottleScope;
use linecard_model::outbox::{OutboxEntry, OutboxState};
use linecard_model::platform::{ActionRequest, Budget, Failure};
use linecard_sandbox::Fault;
use linecard_site::channels::ChannelRuntime;
use linecard_site::retries::Retries;
use linecard_site::{AttemptResult, Permission, SiteHandle};

use super::lines::Hold;
use linecard_site::supervise::provoke;
use tracing::{debug, error, warn};

/// How an attempt left its entry.
pub(super) struct Finished {
    pub thread: String,
    /// The entry, if it is to be tried again.
    pub again: Option<OutboxEntry>,
    pub hold: Hold,
    /// The site has ended.
    pub ended: bool,
}

/// Tries an entry once.
pub(super) async fn attempt(
    site: SiteHandle,
    channel: Arc<ChannelRuntime>,
    mut entry: OutboxEntry,
) -> Finished {
    let thread = entry.request.thread.clone();
    let ended = |thread: String| Finished {
        thread,
        again: None,
        hold: Hold::None,
        ended: true,
    };
    // Only what is tried counts as begun: until then the entry waits, also if the hub is stopped.
    let turn = match channel.connector.turn(&channel.context).await {
        Ok(turn) => turn,
        Err(fault) => {
            let until = if let Fault::Suspended(suspended) = &fault.fault {
                // Told when it began.
                debug!(channel = %channel.id, error = %fault, "an action waits");
                suspended.until
            } else {
                warn!(channel = %channel.id, error = %fault, "an action found no turn; it is tried again");
                let pause = Retries::of(Some(&channel)).pause(entry.request.attempt);
                let soon = Timestamp::now().checked_add(pause);
                soon.unwrap_or_else(|_| Timestamp::now())
            };
            return Finished {
                thread,
                again: Some(entry),
                hold: Hold::Channel(until),
                ended: false,
            };
        }
    };
    // Without a place the hub is ending: nothing is tried any more, and the entry waits for the next start.
    let Some(_place) = site.supervisor().begin() else {
        return Finished {
            thread,
            again: Some(entry),
            hold: Hold::Person,
            ended: false,
        };
    };
    let before = entry.clone();
    entry.state = OutboxState::Attempting {
        since: Timestamp::now(),
    };
    match site.attempt(entry.clone()).await {
        Ok(Permission::Granted) => {}
        Ok(Permission::Readdressed(recipient)) => entry.request.recipient = Some(recipient),
        Ok(Permission::Settled) => {
            return Finished {
                thread,
                again: None,
                hold: Hold::None,
                ended: false,
            };
        }
        Ok(Permission::Held(until)) => {
            return Finished {
                thread,
                again: Some(before),
                hold: until.map_or(Hold::Person, Hold::Channel),
                ended: false,
            };
        }
        Err(_) => return ended(thread),
    }
    provoke::here("an attempt");
    let (result, hold) = match turn.perform(entry.request.clone()).await {
        Ok(Ok(outcome)) => {
            let hold = outcome.budget.as_ref().map(|b| used_up(b, &entry.request));
            (AttemptResult::Done(outcome), hold.unwrap_or(Hold::None))
        }
        Ok(Err(failure)) => {
            let hold = held(&failure, &entry.request, Retries::of(Some(&channel)));
            (AttemptResult::Failed(failure), hold)
        }
        Err(fault) => {
            warn!(channel = %channel.id, error = %fault, call = %fault.id, "a connector failed while it did an action");
            let result = AttemptResult::Broken {
                may_have_acted: fault.may_have_acted,
                text: fault.told(),
            };
            (result, Hold::None)
        }
    };
    match site.finished(entry, result).await {
        Ok(again) => Finished {
            thread,
            again,
            hold,
            ended: false,
        },
        Err(_) => ended(thread),
    }
}

/// An attempt of the hub's own broke, nobody knows where: what it was to do may have been done.
pub(super) async fn broke(site: &SiteHandle, entry: OutboxEntry, text: String) -> Finished {
    error!(channel = %entry.channel, entry = entry.number, text, "an outbox attempt panicked");
    let thread = entry.request.thread.clone();
    let result = AttemptResult::Broken {
        text: format!("the hub failed while it tried: {text}"),
        may_have_acted: true,
    };
    let recorded = site.finished(entry, result).await;
    Finished {
        thread,
        ended: recorded.is_err(),
        again: recorded.unwrap_or_default(),
        hold: Hold::None,
    }
}

fn held(failure: &Failure, request: &ActionRequest, retries: Retries) -> Hold {
    match failure {
        restricted if restricted.restriction().is_some() => Hold::Person,
        Failure::Throttled(throttle) => {
            let until = throttle.until.unwrap_or_else(|| {
                let soon = Timestamp::now().checked_add(retries.pause(request.attempt));
                soon.unwrap_or_else(|_| Timestamp::now())
            });
            scoped(throttle.scope, until, request)
        }
        Failure::Unauthorized(_) => Hold::Person,
        _ => Hold::None,
    }
}

/// A budget that the network says is used up holds up what follows, before the network refuses it.
fn used_up(budget: &Budget, request: &ActionRequest) -> Hold {
    match budget.resets_at.filter(|_| budget.used_percent >= 100) {
        Some(until) => scoped(budget.scope, until, request),
        None => Hold::None,
    }
}

fn scoped(scope: ThrottleScope, until: Timestamp, request: &ActionRequest) -> Hold {
    match (scope, &request.recipient) {
        (ThrottleScope::Channel, _) => Hold::Channel(until),
        (ThrottleScope::Recipient, Some(recipient)) => Hold::Recipient(recipient.id.clone(), until),
        // Without a recipient the entry's own wait is all that is known.
        (ThrottleScope::Recipient, None) => Hold::None,
    }
}
