//! What an event shows: the same forms as the rest of the API.
//!
//! The published schema is made from these types, so what is carried and what is described are one.

mod from;
mod routed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linecard_model::desk::Attribute;
use linecard_model::event::{Event, Seq};
use linecard_model::message::{AttachmentFile, Correction, MessageReaction};
use linecard_model::outbox::ChannelHealth;
use linecard_model::platform::Author;
use linecard_model::plugin::PluginChange;
use linecard_model::routing::{
    Choice, EndReason, LegEnd, LegRole, MediaType, OfferOutcome, OwnerCause, Plan, Presence,
    PresenceCause, RequiredSkill, ReturnCause, RoutingSettings, ServiceClock, ServicePromise,
    StepCause, TransferTarget, UnparkCause, WaitingFor,
};
use linecard_model::rule::{RuleOccasion, RuleTimer, RuleTrace};
use linecard_model::site::SiteConfig;
use linecard_model::training::TrainingMessage;
use linecard_model::{
    AgentId, ChannelId, ContactId, InteractionId, MacroId, MessageId, OfferId, QueueId, ResponseId,
    ServicePolicyId, StationId, Timestamp,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::content::AttachmentView;
use crate::desk::DraftView;
use crate::macros::MacroView;
use crate::notes::NoteView;
use crate::participants::PersonView;
use crate::responses::ResponseView;
use crate::views::{ContactView, InteractionView, MessageView, Progress};

/// An event as the streams carry it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct Envelope {
    /// The number of the event: the cursor to go on from.
    #[schema(value_type = u64, minimum = 1)]
    pub seq: Seq,
    /// When it happened, by the hub's clock.
    pub at: Timestamp,
    /// What happened: its kind, and what that kind tells.
    #[serde(flatten)]
    pub what: Happened,
    /// The interaction that it is about, as the reader's inbox shows it at the moment at which the event is
    /// sent; only with `include=interaction`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction: Option<InteractionView>,
}

impl Envelope {
    /// An event of a record, with the network's payload if that is asked for.
    pub fn new(seq: Seq, at: Timestamp, event: &Event, with_raw: bool) -> Self {
        Self {
            seq,
            at,
            what: Happened::of(event, with_raw),
            interaction: None,
        }
    }

    /// The event as JSON.
    pub fn json(&self) -> String {
        // Strings, numbers and JSON values always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What happened.
// Lives for as long as it takes to write it down.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", content = "data", rename_all = "kebab-case")]
#[schema(as = Happened)]
pub(super) enum Happened {
    /// The queues and agents were set up anew.
    RoutingConfigured {
        /// What the router works with.
        #[schema(value_type = RoutingSettings)]
        settings: Arc<RoutingSettings>,
    },
    /// An interaction entered a queue.
    InteractionEnqueued {
        /// The interaction.
        interaction: InteractionId,
        /// The queue.
        queue: QueueId,
        /// The kind of work that it is.
        media_type: MediaType,
        /// The skills that it needs.
        skills: Vec<RequiredSkill>,
        /// Its priority; one point is one minute of waiting.
        priority: i32,
        /// Who may get it, one after the other.
        #[serde(skip_serializing_if = "Plan::is_plain")]
        plan: Plan,
    },
    /// The company wrote first: an interaction began with its owner, and waited for nobody.
    InteractionBegun {
        /// The interaction.
        interaction: InteractionId,
        /// The queue to which it belongs.
        queue: QueueId,
        /// Its owner.
        agent: AgentId,
        /// The kind of work that it is.
        media_type: MediaType,
        /// The skills that another agent needs, should it come to one.
        skills: Vec<RequiredSkill>,
        /// Its priority, should it come to wait; one point is one minute of waiting.
        priority: i32,
        /// Who may get it, one after the other, should it come to wait.
        #[serde(skip_serializing_if = "Plan::is_plain")]
        plan: Plan,
    },
    /// An interaction alerts at an agent.
    InteractionOffered {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
        /// The offer.
        offer: OfferId,
        /// From this moment on it can no longer be accepted.
        deadline: Timestamp,
        /// Whether it connects without the agent being asked.
        auto_answer: bool,
        /// As what.
        role: LegRole,
        /// What decided. Absent: somebody named the agent.
        #[serde(skip_serializing_if = "Option::is_none")]
        choice: Option<Choice>,
    },
    /// An offer ended without being accepted.
    OfferEnded {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
        /// The offer.
        offer: OfferId,
        /// How.
        outcome: OfferOutcome,
        /// Until when the agent is not offered the same again.
        #[serde(skip_serializing_if = "Option::is_none")]
        excluded_until: Option<Timestamp>,
        /// As what.
        role: LegRole,
    },
    /// An agent may be offered an interaction again.
    ExclusionEnded {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
    },
    /// An agent accepted an offer.
    InteractionConnected {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
        /// The offer.
        offer: OfferId,
        /// As what.
        role: LegRole,
    },
    /// The next routing step of an interaction began.
    RoutingStepBegan {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The step; 1 is the first.
        step: u16,
        /// When it ends. Absent: never.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// Why.
        cause: StepCause,
    },
    /// The agent put an interaction aside for a moment.
    InteractionHeld {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
    },
    /// The agent went on with an interaction.
    InteractionResumed {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
    },
    /// The agent put an interaction away for a time.
    InteractionParked {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
        /// When it comes back by itself.
        until: Timestamp,
        /// Whose turn it is.
        waiting_for: WaitingFor,
    },
    /// A parked interaction waits again: for its agent, then for anybody in its queue.
    InteractionUnparked {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent who had parked it.
        agent: AgentId,
        /// Why.
        cause: UnparkCause,
        /// Who may get it, one after the other.
        #[serde(skip_serializing_if = "Plan::is_plain")]
        plan: Plan,
    },
    /// An interaction was given on, and waits.
    InteractionTransferred {
        /// The interaction.
        interaction: InteractionId,
        /// The queue in which it was.
        from_queue: QueueId,
        /// Its queue now.
        queue: QueueId,
        /// The agent who had it, or had parked it. Absent: nobody.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<AgentId>,
        /// To whom.
        to: TransferTarget,
        /// Who may get it, one after the other.
        #[serde(skip_serializing_if = "Plan::is_plain")]
        plan: Plan,
        /// Until then it is not offered to the agent who had it.
        #[serde(skip_serializing_if = "Option::is_none")]
        excluded_until: Option<Timestamp>,
    },
    /// A waiting interaction went over to another queue, with its time in queue.
    InteractionOverflowed {
        /// The interaction.
        interaction: InteractionId,
        /// The queue in which it was.
        from_queue: QueueId,
        /// Its queue now.
        queue: QueueId,
        /// Which of the former queue's rules; 1 is the first.
        rule: u16,
        /// Who may get it, one after the other.
        #[serde(skip_serializing_if = "Plan::is_plain")]
        plan: Plan,
    },
    /// An interaction has another owner, without an offer.
    OwnerChanged {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The owner before, or who had parked it. Absent: nobody.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<AgentId>,
        /// The owner now.
        agent: AgentId,
        /// How.
        cause: OwnerCause,
    },
    /// Somebody began to watch an interaction.
    ObserverJoined {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// Who.
        agent: AgentId,
    },
    /// The part of somebody who was not the owner ended.
    LegEnded {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// Who.
        agent: AgentId,
        /// As what they took part.
        role: LegRole,
        /// Why.
        cause: LegEnd,
    },
    /// An interaction has another priority.
    PriorityChanged {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// Minutes by which it is ahead (or, negative, behind).
        priority: i32,
    },
    /// Another service policy holds for an interaction, or none.
    ServicePromised {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// Its times. Absent: there is no policy for it any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<ServicePromise>)]
        promise: Option<Arc<ServicePromise>>,
    },
    /// The customer has got an answer: the clock that ran for it stops. Only where there are service
    /// policies.
    CustomerAnswered {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
    },
    /// The customer has written after an answer: the clock of the next one starts. Only where there are
    /// service policies.
    CustomerWaits {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
    },
    /// Most of the time that a service policy gives is over.
    ServiceWarned {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The policy.
        policy: ServicePolicyId,
        /// What is to happen in time.
        clock: ServiceClock,
    },
    /// The time that a service policy gives is over.
    ServiceBroken {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The policy.
        policy: ServicePolicyId,
        /// What has not happened in time.
        clock: ServiceClock,
    },
    /// A queue's opening hours began: the clocks of its interactions go on.
    QueueOpened {
        /// The queue.
        queue: QueueId,
    },
    /// A queue's opening hours ended: the clocks of its interactions stand still.
    QueueClosed {
        /// The queue.
        queue: QueueId,
    },
    /// A disposition code was given before the wrap-up time is over; it counts then.
    WrapUpCoded {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
        /// The code.
        disposition: String,
    },
    /// Nothing of a queue is offered from here on.
    QueuePaused {
        /// The queue.
        queue: QueueId,
    },
    /// A queue's interactions are offered again.
    QueueResumed {
        /// The queue.
        queue: QueueId,
    },
    /// An agent has work that is done elsewhere, and counts.
    ExternalWorkBegan {
        /// The agent.
        agent: AgentId,
        /// The other system's name for it.
        reference: String,
        /// What kind of work it is.
        media_type: MediaType,
        /// When it counts no longer, unless it is told again.
        until: Timestamp,
    },
    /// Work that was done elsewhere is over, or was not told again.
    ExternalWorkEnded {
        /// The agent.
        agent: AgentId,
        /// The other system's name for it.
        reference: String,
    },
    /// An agent works at another station, or at none.
    StationChanged {
        /// The agent.
        agent: AgentId,
        /// The station.
        #[serde(skip_serializing_if = "Option::is_none")]
        station: Option<StationId>,
    },
    /// An accepted interaction is back in its queue.
    InteractionReturned {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// Who had it.
        agent: AgentId,
        /// Why.
        cause: ReturnCause,
        /// Until when the agent is not offered it again.
        #[serde(skip_serializing_if = "Option::is_none")]
        excluded_until: Option<Timestamp>,
        /// When the routing step that it had reached ends. Absent: never.
        #[serde(skip_serializing_if = "Option::is_none")]
        step_until: Option<Timestamp>,
    },
    /// The conversation is over and a disposition code is owed.
    WrapUpStarted {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// Who has it.
        agent: AgentId,
        /// Why it is over.
        reason: EndReason,
        /// When the wrap-up ends by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
    },
    /// An interaction is over.
    InteractionEnded {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// Who had it.
        #[serde(skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
        /// Why it is over.
        reason: EndReason,
        /// What became of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        disposition: Option<String>,
        /// Whether the code was set by the clock and not by a person.
        defaulted: bool,
    },
    /// An agent's presence changed.
    PresenceChanged {
        /// The agent.
        agent: AgentId,
        /// The new presence.
        presence: Presence,
        /// Why.
        cause: PresenceCause,
    },
    /// An agent's last event stream was closed.
    DesktopLost {
        /// The agent.
        agent: AgentId,
        /// When the agent is offline, unless a stream is opened before.
        deadline: Timestamp,
    },
    /// An agent's event stream is open again.
    DesktopBack {
        /// The agent.
        agent: AgentId,
    },
    /// The counters begin again from zero.
    StatsReset {},
    /// A contact came into being, or facts about it changed.
    ContactSaved(ContactView),
    /// What was kept about a contact was erased. Whoever keeps anything of it forgets it too.
    ContactErased {
        /// The contact.
        contact: ContactId,
    },
    /// Two contacts turned out to be one person. `contact` goes on, and whoever asks for `merged` is shown
    /// it; the `contact-saved` beside this says what is known of them.
    ContactsMerged {
        /// The contact that goes on.
        contact: ContactId,
        /// The one that is it from now on.
        merged: ContactId,
        /// Who did it: an agent's id, `key:` and a key's name, or `channel:` and a channel.
        by: String,
    },
    /// A person undid a merge: the two are two again.
    ContactsParted {
        /// The contact that had gone on.
        contact: ContactId,
        /// The one that is its own again.
        parted: ContactId,
        /// Who did it.
        by: String,
    },
    /// An interaction began.
    InteractionStarted(InteractionView),
    /// Somebody takes part in an interaction from here on, such as a commentator of a post.
    ParticipantJoined {
        /// The interaction.
        interaction: InteractionId,
        /// Who. `own_contact` is false if the contact under which their messages are kept is somebody
        /// else's.
        participant: PersonView,
    },
    /// Another interaction of the same public conversation began while somebody has `interaction`:
    /// `pending` is the new one.
    PendingOnThread {
        /// The interaction that somebody has.
        interaction: InteractionId,
        /// The new one.
        pending: InteractionId,
        /// Its customer.
        contact: ContactId,
        /// Its queue.
        queue: QueueId,
    },
    /// An interaction turned out to be part of another one's conversation: what was said in `joined` is
    /// from here on read in `interaction`.
    InteractionsJoined {
        /// The one that goes on.
        interaction: InteractionId,
        /// The one that is over.
        joined: InteractionId,
    },
    /// The customer wrote, or the company wrote on the network itself.
    MessageReceived(MessageView),
    /// An agent or a rule wrote; the hub will send it.
    MessageAccepted(MessageView),
    /// What became of a message that the company sent.
    MessageStateChanged {
        /// Which message.
        #[serde(flatten)]
        of: MessageKey,
        /// How far it has come.
        #[serde(flatten)]
        progress: Progress,
        /// The network's ids of it, when they became known.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        platform_ids: Vec<String>,
        /// What a person should know about it.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A message's author changed it.
    MessageEdited {
        /// Which message.
        #[serde(flatten)]
        of: MessageKey,
        /// The new text.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// The new attachments, if they changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        attachments: Option<Vec<AttachmentView>>,
        /// When, by the network's clock.
        edited_at: Timestamp,
    },
    /// A customer's attachment was fetched into the media store, or cannot be.
    FileFetched {
        /// Which message.
        #[serde(flatten)]
        of: MessageKey,
        /// Which of its attachments, counted from 0.
        attachment: u32,
        /// The copy.
        file: AttachmentFile,
    },
    /// A message was taken back.
    MessageDeleted {
        /// Which message.
        #[serde(flatten)]
        of: MessageKey,
        /// When, by the network's clock.
        deleted_at: Timestamp,
    },
    /// A hidden message is shown to the public again.
    MessageShown {
        /// Which message.
        #[serde(flatten)]
        of: MessageKey,
        /// When, by the network's clock.
        shown_at: Timestamp,
    },
    /// A message was hidden from the public; it is still there.
    MessageHidden {
        /// Which message.
        #[serde(flatten)]
        of: MessageKey,
        /// When, by the network's clock.
        hidden_at: Timestamp,
    },
    /// A person said in the place of the analyzers what a message is.
    MessageCorrected {
        /// Which message.
        #[serde(flatten)]
        of: MessageKey,
        /// What they said.
        correction: Correction,
    },
    /// Somebody reacted to a message.
    ReactionAdded {
        /// Which message.
        #[serde(flatten)]
        of: MessageKey,
        /// The reaction.
        reaction: MessageReaction,
    },
    /// Somebody took a reaction back.
    ReactionRemoved {
        /// Which message.
        #[serde(flatten)]
        of: MessageKey,
        /// The reaction.
        reaction: MessageReaction,
    },
    /// What became of an action that is not a message, such as a like.
    ActionChanged {
        /// The action.
        action: String,
        /// What it does, such as `react`.
        name: String,
        /// The interaction that it belongs to.
        #[serde(skip_serializing_if = "Option::is_none")]
        interaction: Option<InteractionId>,
        /// How far it has come.
        #[serde(flatten)]
        progress: Progress,
    },
    /// Something on a network that has no event of its own.
    PlatformEvent {
        /// The channel.
        channel: ChannelId,
        /// The network's conversation, if it belongs to one.
        #[serde(skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
        /// The contact, if it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        contact: Option<ContactId>,
        /// Who did it, if the network says.
        #[serde(skip_serializing_if = "Option::is_none")]
        author: Option<Author>,
        /// What, in a word.
        name: String,
        /// When, by the network's clock.
        occurred_at: Timestamp,
        /// The details, as the connector normalized them: their form is the connector's.
        #[serde(skip_serializing_if = "Value::is_null")]
        #[schema(required = false)]
        details: Value,
        /// The network's payload, as it came; only with `include=raw`.
        #[serde(skip_serializing_if = "Option::is_none")]
        raw: Option<String>,
    },
    /// An agent has read an interaction up to a message, or wants it to count as unread. For that agent.
    InteractionRead {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
        /// The newest message that they have read; absent if all counts as unread.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
        /// How many of the customer's messages they have not read.
        unread: u32,
    },
    /// An agent saved a draft. For that agent.
    DraftSaved {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
        /// When.
        saved_at: Timestamp,
        /// The draft; absent if there is a newer one, or none any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        draft: Option<DraftView>,
    },
    /// An agent's draft was sent or thrown away. For that agent.
    DraftRemoved {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
    },
    /// Labels, attributes or followers of an interaction changed: what there are now.
    InteractionMarked {
        /// The interaction.
        interaction: InteractionId,
        /// Who did it: an agent's id, or `key:` and a key's name.
        by: String,
        /// The labels.
        labels: BTreeSet<String>,
        /// The attributes, by name.
        attributes: BTreeMap<String, Attribute>,
        /// The agents who follow it.
        followers: BTreeSet<AgentId>,
    },
    /// When rules look at an interaction again: all times that are set now.
    RuleTimersSet {
        /// The interaction.
        interaction: InteractionId,
        /// The times; none if no rule looks at it again.
        timers: Vec<RuleTimer>,
    },
    /// Rules were gone through on an occasion other than a message: what was decided, and why.
    RulesFollowed {
        /// The interaction.
        interaction: InteractionId,
        /// The occasion.
        on: RuleOccasion,
        /// After how many seconds, if it comes after a time.
        #[serde(skip_serializing_if = "Option::is_none")]
        after_seconds: Option<u32>,
        /// The message whose facts counted.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
        /// What was decided.
        trace: RuleTrace,
    },
    /// A rule tells people of an interaction. Also for the agents whom it names.
    RuleNotified {
        /// The interaction.
        interaction: InteractionId,
        /// The rule.
        rule: String,
        /// Who is told.
        agents: BTreeSet<AgentId>,
        /// What they are told.
        text: String,
    },
    /// A note was written, changed or deleted: what it is now. Also for the agents whom it names.
    NoteSaved(NoteView),
    /// A standard response is new, or was changed.
    ResponseSaved(ResponseView),
    /// A standard response was removed.
    ResponseRemoved {
        /// The response.
        response: ResponseId,
        /// Who did it: an agent's id, or `key:` and a key's name.
        by: String,
    },
    /// A message for models to learn from is new, or was changed; or they are not to learn from a customer's.
    TrainingMessageSaved(TrainingMessage),
    /// A message for models to learn from was removed; or they may learn from a customer's again.
    TrainingMessageRemoved {
        /// The message.
        id: MessageId,
        /// Who did it: an agent's id, or `key:` and a key's name.
        by: String,
    },
    /// A message was sent with a standard response.
    ResponseUsed {
        /// The response.
        response: ResponseId,
        /// The interaction.
        interaction: InteractionId,
        /// The message.
        message: MessageId,
    },
    /// A macro is new, or was changed.
    MacroSaved(MacroView),
    /// A macro was removed.
    MacroRemoved {
        /// The macro.
        id: MacroId,
        /// Who did it.
        by: String,
    },
    /// A macro was run: what it did stands in the events beside this.
    MacroRun {
        /// The macro.
        id: MacroId,
        /// The interaction.
        interaction: InteractionId,
        /// Who did it.
        by: String,
    },
    /// A channel's health changed.
    ChannelHealthChanged {
        /// The channel.
        channel: ChannelId,
        /// The new health.
        health: ChannelHealth,
    },
    /// Something became of a plug-in or of its file. For those with the right `audit`.
    PluginChanged(PluginChange),
    /// The configuration was replaced. For those with the right `audit`.
    SiteConfigured {
        /// The whole of it. It holds no secrets.
        config: Box<SiteConfig>,
    },
    /// Somebody changed something. For those with the right `audit`.
    Audited {
        /// Who: an agent's name or a key's.
        actor: String,
        /// What was done, such as `site.apply`.
        action: String,
        /// To what.
        subject: String,
        /// What stood there before; its form is that of the subject.
        #[serde(skip_serializing_if = "Value::is_null")]
        #[schema(required = false)]
        before: Value,
        /// What stands there now; its form is that of the subject.
        #[serde(skip_serializing_if = "Value::is_null")]
        #[schema(required = false)]
        after: Value,
    },
}

/// A message that an event is about.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageKey {
    /// The message.
    message: MessageId,
    /// Its contact.
    contact: ContactId,
    /// Its interaction.
    interaction: InteractionId,
}

#[cfg(test)]
mod tests;
