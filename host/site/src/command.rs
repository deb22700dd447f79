//! What a site can be asked to do.

use std::sync::Arc;

use linecard_model::contact::Contact;
use linecard_model::interaction::Interaction;
use linecard_model::message::{Content, Message};
use linecard_model::outbox::{ChannelHealth, OutboxEntry};
use linecard_model::platform::{Failure, Identity, Outcome as PlatformOutcome, Profile};
use linecard_model::plugin::PluginChange;
use linecard_model::rights::{Right, Rights};
use linecard_model::routing::Presence;
use linecard_model::site::SiteConfig;
use linecard_model::{
    AgentId, ChannelId, ContactId, DeadLetterId, InteractionId, MessageId, OfferId, QueueId,
    ResponseId, StationId, Timestamp,
};
use linecard_router::Refusal;
use linecard_store::{InboxEntry, StoreError};
use serde_json::Value;
use tokio::sync::oneshot;

use super::acting::Act;
use super::desk::{Desk, DeskOutcome};
use super::files::Fetched;
use super::health::Source;
use super::state::SiteState;
use super::working::{Elsewhere, Step};
use crate::capabilities::Forbidden;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name in the audit log: an agent's id, or `key:` and a key's name.
    pub name: String,
    /// What they may do beyond an agent's work.
    pub rights: Rights,
    /// The agent, if it is a person.
    pub agent: Option<AgentId>,
}

impl Actor {
    /// Whether they have a right.
    pub fn may(&self, right: Right) -> bool {
        self.rights.has(right)
    }

    /// Lets only who has a right go on. `what` is what takes it, such as "people are erased".
    pub(crate) fn require(&self, right: Right, what: &str) -> Result<(), CommandError> {
        if self.may(right) {
            return Ok(());
        }
        Err(CommandError::NotAllowed {
            actor: self.name.clone(),
            reason: format!("{what} with the right `{right}`"),
        })
    }
}

/// What stands in the audit log, beside who did it.
#[derive(Debug, Clone)]
pub struct Audit {
    /// What was done, such as `webhook.create`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// What stood there before.
    pub before: Value,
    /// What stands there now.
    pub after: Value,
}

impl From<(String, String)> for Audit {
    /// Something whose values are nobody's to read.
    fn from((action, subject): (String, String)) -> Self {
        Self {
            action,
            subject,
            before: Value::Null,
            after: Value::Null,
        }
    }
}

/// What a person or a machine asks for through the API.
#[derive(Debug, Clone)]
pub enum Request {
    /// Change an agent's presence.
    SetPresence {
        /// The agent.
        agent: AgentId,
        /// The new presence.
        presence: Presence,
    },
    /// Take an offer.
    Accept {
        /// The offer.
        offer: OfferId,
    },
    /// Refuse an offer.
    Decline {
        /// The offer.
        offer: OfferId,
    },
    /// Answer the customer.
    Send {
        /// The interaction, connected to the actor.
        interaction: InteractionId,
        /// What to say.
        content: Content,
        /// The message that it answers, by the hub's id.
        reply_to: Option<MessageId>,
        /// Whether to answer a public message privately.
        private: bool,
        /// The standard response that it was made of.
        response: Option<ResponseId>,
    },
    /// Write to a customer first: an interaction begins.
    Begin {
        /// The customer, with whom there was a private conversation on the channel.
        contact: ContactId,
        /// The channel.
        channel: ChannelId,
        /// The queue to which the interaction belongs; absent: the channel's.
        queue: Option<QueueId>,
        /// What to say.
        content: Content,
        /// The standard response that it was made of.
        response: Option<ResponseId>,
    },
    /// Try a message again that failed or whose outcome is unknown.
    Resend {
        /// The interaction.
        interaction: InteractionId,
        /// The message.
        message: MessageId,
    },
    /// Say what became of a message whose outcome is unknown.
    Settle {
        /// The interaction.
        interaction: InteractionId,
        /// The message.
        message: MessageId,
        /// Whether the customer has it.
        arrived: bool,
    },
    /// Do something on the network that is not a message.
    Act {
        /// The interaction, connected to the actor.
        interaction: InteractionId,
        /// What to do.
        act: Act,
    },
    /// Record that a contact agreed to be written to first on a channel, or takes it back.
    OptIn {
        /// The contact.
        contact: ContactId,
        /// The channel.
        channel: ChannelId,
        /// How they agreed; `None` takes it back.
        source: Option<String>,
    },
    /// Two contacts are one person.
    Merge {
        /// The one.
        contact: ContactId,
        /// The other.
        other: ContactId,
    },
    /// A merge was wrong: the two are two.
    Part {
        /// The one that goes on.
        contact: ContactId,
        /// The one that was merged into it.
        merged: ContactId,
    },
    /// What no customer sees.
    Desk(Desk),
    /// Erase what is kept about a contact.
    Erase {
        /// The contact, with whom nothing is under way.
        contact: ContactId,
    },
    /// End the conversation, with or without an answer.
    End {
        /// The interaction.
        interaction: InteractionId,
        /// What became of it.
        disposition: Option<String>,
        /// Whether wrap-up is asked for, where it is on request.
        wrap_up: bool,
    },
    /// Do something with an interaction that neither answers nor ends it.
    Work {
        /// The interaction.
        interaction: InteractionId,
        /// What.
        step: Step,
    },
    /// Offer nothing of a queue for now, or again.
    PauseQueue {
        /// The queue.
        queue: QueueId,
        /// Whether it is paused from here on.
        paused: bool,
    },
    /// An agent has work in another system, or has it no longer.
    Elsewhere(Elsewhere),
    /// An agent sits down at a station, or leaves it.
    Sit {
        /// The agent.
        agent: AgentId,
        /// The station.
        station: Option<StationId>,
    },
    /// Finish the wrap-up.
    WrapUp {
        /// The interaction.
        interaction: InteractionId,
        /// What became of it.
        disposition: Option<String>,
    },
    /// Stop a channel's polling and sending.
    Pause {
        /// The channel.
        channel: ChannelId,
    },
    /// Let a channel go on, whatever stopped it.
    Resume {
        /// The channel.
        channel: ChannelId,
    },
    /// Try something again that failed for good. What came in has been put into the inbox before;
    /// then only the letter goes.
    Redeliver {
        /// The channel.
        channel: ChannelId,
        /// The letter.
        letter: DeadLetterId,
        /// Whether the customer may get it twice.
        confirm: bool,
    },
    /// Forget something that failed for good.
    Discard {
        /// The channel.
        channel: ChannelId,
        /// The letter.
        letter: DeadLetterId,
    },
    /// An agent's last event stream was closed.
    DesktopLost {
        /// The agent.
        agent: AgentId,
    },
    /// An agent's event stream is open.
    DesktopBack {
        /// The agent.
        agent: AgentId,
    },
    /// Replace the site's configuration. It has been checked.
    Configure {
        /// The whole of it.
        config: Box<SiteConfig>,
        /// Vault entries to write (`Some`) or to remove (`None`) with it.
        vault: Vec<(String, Option<Vec<u8>>)>,
    },
    /// Write down what became of plug-ins.
    Plugins {
        /// What.
        changes: Vec<PluginChange>,
        /// Vault entries to write (`Some`) or to remove (`None`) with it.
        vault: Vec<(String, Option<Vec<u8>>)>,
        /// What stands in the audit log, if a person did it.
        audit: Option<Audit>,
    },
    /// Write or remove vault entries, such as a session's.
    Vault {
        /// The keys and their values; `None` removes.
        entries: Vec<(String, Option<Vec<u8>>)>,
        /// What stands in the audit log, if it belongs there.
        audit: Option<Audit>,
    },
}

/// What a request did. The HTTP answer is made of it, also when it is given again under the same
/// idempotency key.
#[derive(Debug, Clone)]
// Made once for a request and rendered at once: its size costs nothing.
#[allow(clippy::large_enum_variant)]
pub enum Outcome {
    /// An agent is so now.
    Agent(AgentId, Presence),
    /// An interaction is so now.
    Interaction {
        /// The interaction.
        interaction: Interaction,
        /// The contacts of those who take part.
        people: Vec<Contact>,
        /// What was said with them lately, where that decides what may be done.
        messages: Vec<Arc<Message>>,
    },
    /// An interaction began as this one is, and its first message was taken.
    Begun(Box<Outcome>),
    /// A message was taken.
    Message(Message),
    /// An action was taken, under this id.
    Action(String),
    /// A contact is so now.
    Contact(Contact),
    /// Something at a desk is so now.
    Desk(DeskOutcome),
    /// The configuration was taken.
    Configured(Box<SiteConfig>),
    /// A channel fares so now.
    Health(ChannelHealth),
    /// It is done, and there is nothing to show.
    Done,
}

/// The idempotency of a request.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// Who asks; keys of different principals are different keys.
    pub principal: String,
    /// The key.
    pub key: String,
    /// A hash of method, path and body.
    pub request_hash: [u8; 32],
}

/// An answer as HTTP gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The status.
    pub status: u16,
    /// The JSON body; empty with status 204.
    pub body: Vec<u8>,
    /// Whether it was answered before, under the same idempotency key.
    pub replayed: bool,
}

/// Why a request was refused. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The router refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The network's limits, or the connector's, forbid it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no such thing.
    #[error("there is no {what} {id}")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The actor may not do this.
    #[error("{actor} may not do this: {reason}")]
    NotAllowed {
        /// Who asked.
        actor: String,
        /// Why not, and what would be needed.
        reason: String,
    },
    /// The message is not in a state in which it can be tried again.
    #[error("message {message} is {state}: only a failed or uncertain message can be sent again")]
    NotResendable {
        /// The message.
        message: MessageId,
        /// Its state.
        state: &'static str,
    },
    /// What became of the message is known.
    #[error(
        "message {message} is {state}: only of an uncertain one can somebody say whether it arrived"
    )]
    NotUncertain {
        /// The message.
        message: MessageId,
        /// Its state.
        state: &'static str,
    },
    /// The network has no such message, or not this part of it.
    #[error("nothing can be done about message {message} on the network: {reason}")]
    NotOnNetwork {
        /// Which message.
        message: MessageId,
        /// What it is instead.
        reason: String,
    },
    /// Something is under way with the contact.
    #[error("contact {contact} cannot be erased yet: {reason}")]
    ContactBusy {
        /// The contact.
        contact: ContactId,
        /// What is under way, and what to do about it.
        reason: &'static str,
    },
    /// Nobody can write to the contact first on the channel.
    #[error("nobody can write first to contact {contact} on channel {channel}: {reason}")]
    CannotBegin {
        /// The contact.
        contact: ContactId,
        /// The channel.
        channel: ChannelId,
        /// Why not, and what to do instead.
        reason: &'static str,
    },
    /// The conversation with the contact on the channel is under way.
    #[error("interaction {0} with this contact on this channel is not over: write in it")]
    UnderWay(InteractionId),
    /// Something that was given cannot be taken.
    #[error("{text}")]
    Unfit {
        /// Where it stands in what was given, as a JSON Pointer.
        pointer: String,
        /// What is wrong with it.
        text: String,
    },
    /// The customer may have it already.
    #[error(
        "the customer may have it already, whole or in part: redeliver it with `\"confirm\": true` if it may arrive twice"
    )]
    MayHaveArrived,
    /// The configuration pauses the channel.
    #[error("channel {0} is paused in its configuration: take `paused` out of it")]
    PausedByConfiguration(ChannelId),
    /// The idempotency key was used for another request.
    #[error("idempotency key \"{0}\" was used for another request; use a new key")]
    KeyReused(String),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The site takes no more work.
    #[error("the hub is stopping, or cannot write to its disk: {0}")]
    Stopped(String),
}

/// A customer's message, ready for the site: analyzed.
#[derive(Debug)]
pub struct Prepared {
    /// The accepted event.
    pub entry: InboxEntry,
    /// What the analyzers found.
    pub findings: Vec<linecard_model::message::Finding>,
}

/// How an attempt at the network ended.
#[derive(Debug, Clone)]
pub enum AttemptResult {
    /// It was done.
    Done(PlatformOutcome),
    /// It was not, for a reason that the connector gives.
    Failed(Failure),
    /// The connector itself failed (a trap, a limit), or the hub was stopped meanwhile.
    Broken {
        /// What happened.
        text: String,
        /// Whether a request may have left before.
        may_have_acted: bool,
    },
}

/// Whether something may be done on a network now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Granted,
    /// It may, but to this id of the recipient: the one for which it waited is theirs no longer.
    Readdressed(Identity),
    /// Not before a time, or, without one, before a person has acted.
    Held(Option<Timestamp>),
    /// There is nothing left to do: the network has shown that it was done.
    Settled,
}

/// The answer to a request.
pub type Reply = oneshot::Sender<Result<Rendered, CommandError>>;

/// What is put before a site. Everything is handled in order, by one task.
pub enum Command {
    /// A platform event.
    Inbound(Box<Prepared>),
    /// A request of a person or a machine.
    Request {
        /// Who asks.
        actor: Actor,
        /// For what.
        request: Box<Request>,
        /// Under which key.
        idempotency: Option<Idempotency>,
        /// Where the answer goes.
        reply: Reply,
    },
    /// An attempt at the network is about to begin: its state must be durable first. The answer is
    /// whether it may.
    Attempt {
        /// The entry, as it will be.
        entry: Box<OutboxEntry>,
        /// Where the answer goes.
        reply: oneshot::Sender<Permission>,
    },
    /// An attempt has ended.
    Finished {
        /// The entry.
        entry: Box<OutboxEntry>,
        /// How.
        result: AttemptResult,
        /// Gets the entry back as it waits now, or nothing if it is done.
        reply: oneshot::Sender<Option<OutboxEntry>>,
    },
    /// A network told facts about a person.
    Profile {
        /// The channel.
        channel: ChannelId,
        /// The person.
        identity: Identity,
        /// The facts.
        profile: Profile,
    },
    /// A file was fetched, or cannot be.
    Fetched(Box<Fetched>),
    /// A channel's health changed.
    Health {
        /// The channel.
        channel: ChannelId,
        /// Its health.
        health: ChannelHealth,
        /// Who says so.
        source: Source,
    },
    /// A channel is about to poll.
    MayPoll {
        /// The channel.
        channel: ChannelId,
        /// Where the answer goes.
        reply: oneshot::Sender<Permission>,
    },
    /// A poll succeeded.
    Polled {
        /// The channel.
        channel: ChannelId,
        /// What the network charged, in millionths of the unit of its price list.
        cost: u64,
        /// Is told when it is durable.
        reply: oneshot::Sender<()>,
    },
    /// A question about the present state.
    Query(Box<dyn FnOnce(&SiteState) + Send>),
    /// Take no more work, write a snapshot and end.
    Stop(oneshot::Sender<()>),
}
