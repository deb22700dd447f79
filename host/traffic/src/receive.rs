//! The webhook door: a network's request becomes accepted events, and only then an answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::SignedDuration;
use linecard_model::platform::{
    Event, EventKind, ReceiptScope, Rejection, WebhookRequest, WebhookResponse,
};
use linecard_model::{ChannelId, DeadLetterId, Timestamp};
use linecard_sandbox::CallError;
use linecard_site::channels::Channels;
use linecard_site::{SiteHandle, UNREADABLE, keep};
use linecard_store::{Accept, Accepted, Store, StoreError};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tracing::warn;

use crate::refusals::{Reason, Refusals};
use crate::templates;

/// How far a network's clock may be ahead of the hub's.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Why a network's request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// No channel has this name.
    #[error("there is no channel {0}")]
    UnknownChannel(ChannelId),
    /// The connector takes no webhooks.
    #[error("channel {0} takes no webhooks: its connector polls")]
    NoWebhooks(ChannelId),
    /// The signature is wrong or missing.
    #[error("{0}")]
    BadSignature(String),
    /// It is meant for another account.
    #[error("{0}")]
    NotForThisChannel(String),
    /// The connector does not take this method or path.
    #[error("{0}")]
    Unsupported(String),
    /// The connector failed.
    #[error(transparent)]
    Plugin(#[from] CallError),
    /// The events could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hub takes no more work.
    #[error("the hub takes no more work: {0}")]
    Stopped(String),
}

/// The webhook door of a site.
pub struct Receiver {
    /// The site's store.
    pub store: Arc<dyn Store>,
    /// The site.
    pub site: SiteHandle,
    /// The channels.
    pub channels: Channels,
    /// Says to the preparation that there are new events.
    pub accepted: Arc<Notify>,
    /// What was taken.
    pub counters: Counters,
    /// What was not.
    pub refusals: Refusals,
}

/// What the webhook door has taken since the start.
#[derive(Debug, Default)]
pub struct Counters {
    new: AtomicU64,
    duplicates: AtomicU64,
}

impl Counters {
    fn accepted(&self, new: usize, duplicates: usize) {
        self.new.fetch_add(new as u64, Ordering::Relaxed);
        self.duplicates
            .fetch_add(duplicates as u64, Ordering::Relaxed);
    }

    /// Events that were new, and events that had been accepted before.
    pub fn events(&self) -> (u64, u64) {
        (
            self.new.load(Ordering::Relaxed),
            self.duplicates.load(Ordering::Relaxed),
        )
    }
}

/// A delivery that a connector did not refuse.
struct Taken {
    response: WebhookResponse,
    /// How many events were in it, known ones too.
    events: usize,
}

impl Taken {
    /// Whether there was something in it for the channel: events, or the word of a handshake.
    fn is_something(&self) -> bool {
        self.events > 0 || !self.response.body.is_empty()
    }
}

impl ReceiveError {
    /// What the operator reads: with the call's id, if a plug-in failed.
    pub fn told(&self) -> String {
        match self {
            Self::Plugin(fault) => fault.told(),
            other => other.to_string(),
        }
    }

    /// Whether another channel at the same address may take it.
    fn is_for_another(&self) -> bool {
        matches!(
            self,
            Self::NotForThisChannel(_)
                | Self::BadSignature(_)
                | Self::Unsupported(_)
                | Self::NoWebhooks(_)
                | Self::UnknownChannel(_)
        )
    }

    /// Why the delivery is refused, if it is the delivery's or the channel's fault and not the hub's.
    fn reason(&self) -> Option<Reason> {
        match self {
            Self::BadSignature(_) => Some(Reason::BadSignature),
            Self::NotForThisChannel(_) => Some(Reason::NotForThisChannel),
            Self::Unsupported(_) => Some(Reason::Unsupported),
            Self::NoWebhooks(_) => Some(Reason::NoWebhooks),
            Self::Plugin(fault) if !fault.never_began() => Some(Reason::PluginFailed),
            Self::Plugin(_) | Self::UnknownChannel(_) | Self::Store(_) | Self::Stopped(_) => None,
        }
    }
}

/// The header by which a connector is told which networks' connectors get the same delivery: those of the
/// channels that share the address.
const NEIGHBOURS: &str = "linecard-neighbours";

impl Receiver {
    /// Takes a network's request at an address that several channels share. It is answered as taken if
    /// one of them took it and none failed; a failure has the network repeat it, and whoever has it
    /// already knows it again.
    pub async fn receive_shared(
        &self,
        group: &ChannelId,
        request: WebhookRequest,
    ) -> Result<WebhookResponse, ReceiveError> {
        let channels = self.channels.all();
        let members = channels
            .iter()
            .filter(|channel| channel.config.webhook_group.as_ref() == Some(group));
        // What is another connector's business is taken by that one, and by no other as well.
        let networks: BTreeSet<&str> = members.clone().map(|channel| channel.network()).collect();
        let networks: Vec<&str> = networks.into_iter().collect();
        let mut request = without_own_headers(request);
        let told = (NEIGHBOURS.to_owned(), networks.join(", "));
        request.headers.push(told);
        let answers = members.map(|channel| async {
            let answer = self.answer(&channel.id, request.clone()).await;
            (channel.id.clone(), answer)
        });
        let mut refused = ReceiveError::UnknownChannel(group.clone());
        let mut answered: Option<WebhookResponse> = None;
        let answers = futures::future::join_all(answers).await;
        // What one of them took is no refusal of the others. One that has nothing to do with it at all, such
        // as another product of the same app, answers without taking anything.
        let is_taken = answers
            .iter()
            .any(|(_, answer)| answer.as_ref().is_ok_and(Taken::is_something));
        for (channel, answer) in answers {
            if !is_taken || !answer.as_ref().is_err_and(ReceiveError::is_for_another) {
                self.note(&channel, &answer);
            }
            match answer.map(|taken| taken.response) {
                // A handshake with another channel's word is answered, but not as taken.
                Ok(answer) => {
                    let is_better = answered
                        .as_ref()
                        .is_none_or(|known| known.status >= 300 && answer.status < 300);
                    if is_better {
                        answered = Some(answer);
                    }
                }
                Err(error) if error.is_for_another() => {
                    // That the signature is wrong says more than that it is not for this one.
                    if !matches!(refused, ReceiveError::BadSignature(_)) {
                        refused = error;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        answered.ok_or(refused)
    }

    /// Takes a network's request. When this gives an answer, the events are on disk.
    pub async fn receive(
        &self,
        channel: &ChannelId,
        request: WebhookRequest,
    ) -> Result<WebhookResponse, ReceiveError> {
        let request = without_own_headers(request);
        let answer = self.answer(channel, request).await;
        self.note(channel, &answer);
        answer.map(|taken| taken.response)
    }

    /// Remembers whether a delivery was taken.
    fn note(&self, channel: &ChannelId, answer: &Result<Taken, ReceiveError>) {
        match answer {
            Ok(taken) if !taken.is_something() => {}
            Ok(_) => self.refusals.taken(channel, Timestamp::now()),
            Err(error) => {
                if let Some(reason) = error.reason() {
                    self.refusals
                        .keep(|known| self.channels.get(known).is_some());
                    self.refusals
                        .refused(channel, Timestamp::now(), reason, &error.told());
                }
            }
        }
    }

    async fn answer(
        &self,
        channel: &ChannelId,
        request: WebhookRequest,
    ) -> Result<Taken, ReceiveError> {
        if let Some(reason) = self.site.supervisor().stopped().borrow().clone() {
            return Err(ReceiveError::Stopped(reason));
        }
        let runtime = self
            .channels
            .get(channel)
            .ok_or_else(|| ReceiveError::UnknownChannel(channel.clone()))?;
        if !runtime.receives() {
            return Err(ReceiveError::NoWebhooks(channel.clone()));
        }
        // Kept for the case that the connector cannot read a body with a right signature.
        let kept = request.clone();
        let reception = runtime.connector.receive(&runtime.context, request).await?;
        match reception {
            Ok(reception) => {
                let events = reception.events.len();
                self.accept(channel, reception.events, None).await?;
                Ok(Taken {
                    response: reception.response,
                    events,
                })
            }
            Err(Rejection::Malformed(text)) => {
                // A network would deliver it again and again; it is kept for a person to see.
                warn!(%channel, %text, "a webhook with a right signature cannot be read; kept raw");
                let unreadable = unreadable(&kept, &text);
                self.accept(channel, vec![unreadable], None).await?;
                Ok(Taken {
                    response: WebhookResponse {
                        status: 200,
                        headers: Vec::new(),
                        body: Vec::new(),
                    },
                    events: 1,
                })
            }
            Err(Rejection::BadSignature(text)) => Err(ReceiveError::BadSignature(text)),
            Err(Rejection::NotForThisChannel(text)) => Err(ReceiveError::NotForThisChannel(text)),
            Err(Rejection::Unsupported(text)) => Err(ReceiveError::Unsupported(text)),
        }
    }

    /// Takes events into the inbox; `again` is the dead letter that they come from again.
    pub(crate) async fn accept(
        &self,
        channel: &ChannelId,
        events: Vec<Event>,
        again: Option<DeadLetterId>,
    ) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        templates::heard(&self.channels.told, channel, &events);
        let accept = Accept {
            channel: channel.clone(),
            at: Timestamp::now(),
            events,
            cursor: None,
            again,
        };
        let accepted = take(&self.store, &self.site, &self.accepted, accept).await?;
        self.counters.accepted(accepted.new, accepted.duplicates);
        Ok(())
    }
}

/// The request without headers that only the hub gives: whoever sends one has no say in it.
fn without_own_headers(mut request: WebhookRequest) -> WebhookRequest {
    let is_own = |name: &str| name.eq_ignore_ascii_case(NEIGHBOURS);
    request.headers.retain(|(name, _)| !is_own(name));
    request
}

/// Takes events into the inbox and tells the preparation, also if a network hangs up meanwhile: what is in
/// the inbox does not wait there for the next event.
pub(crate) async fn take(
    store: &Arc<dyn Store>,
    site: &SiteHandle,
    told: &Arc<Notify>,
    mut accept: Accept,
) -> Result<Accepted, StoreError> {
    for event in &mut accept.events {
        not_from_the_future(event, accept.at);
    }
    let (store, told, site) = (Arc::clone(store), Arc::clone(told), site.clone());
    let supervisor = site.supervisor().clone();
    let taking = async move {
        let accepted = store.accept(site.id(), accept).await;
        match &accepted {
            Ok(accepted) if accepted.new > 0 => told.notify_one(),
            // The site may have nothing to write for a long time; the hub ends all the same.
            Err(StoreError::Fatal { detail }) => site.supervisor().stop(detail.clone()),
            Ok(_) | Err(_) => {}
        }
        accepted
    };
    supervisor.undivided("accepting events", taking).await
}

/// What claims to be from later happens now: in a history it would stand last for ever, and a receipt would
/// hold for what is not written yet. The payload keeps what was said.
fn not_from_the_future(event: &mut Event, now: Timestamp) {
    let latest = now.saturating_add(AHEAD).unwrap_or(now);
    let clamp = |time: &mut Timestamp| {
        if *time > latest {
            *time = now;
        }
    };
    clamp(&mut event.time);
    if let EventKind::Receipt(receipt) = &mut event.kind
        && let ReceiptScope::UpTo(until) = &mut receipt.scope
    {
        clamp(until);
    }
}

/// The event of a body that has a right signature but cannot be read.
fn unreadable(request: &WebhookRequest, reason: &str) -> Event {
    let id = format!("unreadable:{}", hex::encode(Sha256::digest(&request.body)));
    Event {
        id,
        time: Timestamp::now(),
        thread: None,
        author: None,
        kind: EventKind::Other(UNREADABLE.to_owned()),
        raw: keep(request, reason),
    }
}
