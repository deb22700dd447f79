//! A site: the one task that owns its router, and everything that changes it.
//!
//! Commands are taken in batches. What a batch decides is written in one durable write; only then do
//! callers get their answers and the event streams carry the events. So a decision that anybody has
//! heard of is on disk, and one synchronization of the disk serves many decisions.
//!
//! What a decision asks of a channel lies here as well: what is configured and what its connector says
//! of itself ([`channels`]), what may be done in a conversation ([`capabilities`]), and what is tried
//! again ([`retries`]). The crate uses the store and the router, and of the sandbox no more than the
//! channels hold; it never calls a connector.

mod acting;
mod automatic;
mod beginning;
pub mod capabilities;
mod changes;
pub mod channels;
mod command;
mod configure;
mod consent;
mod contacts;
pub mod desk;
#[cfg(test)]
mod disk;
mod early;
mod echoes;
mod erasure;
mod figures;
mod files;
mod health;
mod holding;
mod inbound;
mod last_agent;
mod letters;
mod merge;
mod native;
mod opening;
mod outcomes;
mod people;
mod persons;
mod receipts;
#[cfg(test)]
mod replay;
mod restore;
pub mod retries;
mod run;
mod saying;
mod sending;
mod service;
mod settling;
mod state;
pub mod supervise;
pub mod templates;
mod threads;
pub mod told;
#[cfg(test)]
mod who;
mod working;

pub use acting::{About, Act, Reaction};
pub use automatic::{Earlier, Recorded, Rehearsal};
pub use command::{
    Actor, AttemptResult, Audit, Command, CommandError, Idempotency, Outcome, Permission, Prepared,
    Rendered, Reply, Request,
};
pub use configure::routing_settings;
pub use contacts::UnknownProfile;
pub use files::Fetched;
pub use health::Source;
pub use letters::UNREADABLE;
pub use letters::keep;
pub use run::{OutboxNews, Site, SiteError, SiteOptions};
pub use state::SiteState;
pub use working::{Elsewhere, Step};

use linecard_model::ChannelId;
use linecard_model::SiteId;
use linecard_model::outbox::{ChannelHealth, OutboxEntry};
use linecard_model::platform::{Identity, Profile};
use tokio::sync::{mpsc, oneshot};

use crate::supervise::Supervisor;

/// How to reach a site. Cheap to clone.
#[derive(Clone)]
pub struct SiteHandle {
    id: SiteId,
    commands: mpsc::Sender<Command>,
    supervisor: Supervisor,
}

impl SiteHandle {
    /// The site.
    pub fn id(&self) -> &SiteId {
        &self.id
    }

    /// Who watches over the site's task and over those that work for it.
    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// Whether its task has ended: nothing can be recorded any more.
    pub fn has_ended(&self) -> bool {
        self.commands.is_closed()
    }

    /// Puts a prepared platform event before the site. Waits when the site is behind.
    pub async fn inbound(&self, prepared: Prepared) -> Result<(), CommandError> {
        self.put(Command::Inbound(Box::new(prepared))).await
    }

    /// Asks for something and waits until it is durable.
    pub async fn request(
        &self,
        actor: Actor,
        request: Request,
        idempotency: Option<Idempotency>,
    ) -> Result<Rendered, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.put(Command::Request {
            actor,
            request: Box::new(request),
            idempotency,
            reply,
        })
        .await?;
        answer.await.map_err(|_| stopped())?
    }

    /// Makes it durable that an attempt begins, if it may.
    pub async fn attempt(&self, entry: OutboxEntry) -> Result<Permission, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.put(Command::Attempt {
            entry: Box::new(entry),
            reply,
        })
        .await?;
        answer.await.map_err(|_| stopped())
    }

    /// Records how an attempt ended. Gives the entry back if it is to be tried again.
    pub async fn finished(
        &self,
        entry: OutboxEntry,
        result: AttemptResult,
    ) -> Result<Option<OutboxEntry>, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.put(Command::Finished {
            entry: Box::new(entry),
            result,
            reply,
        })
        .await?;
        answer.await.map_err(|_| stopped())
    }

    /// Records facts about a person.
    pub async fn profile(
        &self,
        channel: ChannelId,
        identity: Identity,
        profile: Profile,
    ) -> Result<(), CommandError> {
        self.put(Command::Profile {
            channel,
            identity,
            profile,
        })
        .await
    }

    /// Records a file that was fetched, or cannot be.
    pub async fn fetched(&self, fetched: Fetched) -> Result<(), CommandError> {
        self.put(Command::Fetched(Box::new(fetched))).await
    }

    /// Records how a channel fares, if that is news.
    pub async fn health(
        &self,
        channel: ChannelId,
        health: ChannelHealth,
        source: Source,
    ) -> Result<(), CommandError> {
        self.put(Command::Health {
            channel,
            health,
            source,
        })
        .await
    }

    /// Whether a channel may poll now. If its budget is used up, its health says so.
    pub async fn may_poll(&self, channel: ChannelId) -> Result<Permission, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.put(Command::MayPoll { channel, reply }).await?;
        answer.await.map_err(|_| stopped())
    }

    /// Records that a poll succeeded, and what the network charged for it. When this returns, the
    /// charge is durable.
    pub async fn polled(&self, channel: ChannelId, cost: u64) -> Result<(), CommandError> {
        let (reply, answer) = oneshot::channel();
        self.put(Command::Polled {
            channel,
            cost,
            reply,
        })
        .await?;
        answer.await.map_err(|_| stopped())
    }

    /// Asks a question about the present state, which is never ahead of what is durable.
    pub async fn query<T: Send + 'static>(
        &self,
        question: impl FnOnce(&SiteState) -> T + Send + 'static,
    ) -> Result<T, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.put(Command::Query(Box::new(move |state| {
            // A caller who has gone away needs no answer.
            let _ = reply.send(question(state));
        })))
        .await?;
        answer.await.map_err(|_| stopped())
    }

    /// Ends the site's task after what was put before it.
    pub async fn stop(&self) {
        self.supervisor.end();
        let (reply, done) = oneshot::channel();
        if self.put(Command::Stop(reply)).await.is_ok() {
            // An error means that the task has ended already.
            let _ = done.await;
        }
    }

    async fn put(&self, command: Command) -> Result<(), CommandError> {
        self.commands.send(command).await.map_err(|_| stopped())
    }
}

fn stopped() -> CommandError {
    CommandError::Stopped("the site's task has ended; see the log".to_owned())
}
