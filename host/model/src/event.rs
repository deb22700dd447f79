//! The journal: everything that happened on a site, in one order.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contact::Contact;
use crate::desk::{Draft, Marks, Note};
use crate::interaction::Interaction;
use crate::message::{AttachmentFile, Correction, Message, MessageReaction, MessageState};
use crate::outbox::ChannelHealth;
use crate::platform::Author;
use crate::plugin::PluginChange;
use crate::response::{Macro, Response};
use crate::routing::RoutingEvent;
use crate::rule::{RuleOccasion, RuleTimer, RuleTrace};
use crate::site::SiteConfig;
use crate::training::TrainingMessage;
use crate::{
    AgentId, ChannelId, ContactId, InteractionId, MacroId, MessageId, QueueId, ResponseId,
    Timestamp,
};

/// The number of an event in a site's journal: 1 for the first, without gaps.
pub type Seq = u64;

/// The events of one command, written together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The number of the first event; the others follow it.
    pub first_seq: Seq,
    /// When, by the hub's clock.
    pub at: Timestamp,
    /// What happened, in order; never empty.
    pub events: Vec<Event>,
}

impl Record {
    /// The events with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (Seq, &Event)> {
        (self.first_seq..).zip(&self.events)
    }

    /// The number of the last event.
    pub fn last_seq(&self) -> Seq {
        self.first_seq + (self.events.len() as Seq).saturating_sub(1)
    }
}

/// Something that happened. Later versions only add events and optional fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "kebab-case")]
pub enum Event {
    /// The router decided something.
    Routing(RoutingEvent),
    /// A contact came into being, or facts about them changed.
    ContactSaved(Contact),
    /// Two contacts turned out to be one person. What is known of them from then on stands in the
    /// `contact-saved` beside it.
    ContactsMerged {
        /// The contact that goes on.
        contact: ContactId,
        /// The one that is it from now on.
        merged: ContactId,
        /// Who did it: an agent's id, `key:` and a key's name, or `channel:` and the channel whose
        /// network told it.
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
    InteractionStarted(Interaction),
    /// Somebody takes part in an interaction from here on.
    ParticipantJoined {
        /// The interaction.
        interaction: InteractionId,
        /// The contact under which their messages are kept.
        contact: ContactId,
        /// Who they are on the network, with what it told about them; absent if it does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<Author>,
        /// Whether the contact is their own.
        own_contact: bool,
    },
    /// Another interaction of the same public conversation began while somebody has this one.
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
    /// An interaction turned out to be part of another one's conversation: what was said in it is from
    /// here on read in that one.
    InteractionsJoined {
        /// The one that goes on.
        interaction: InteractionId,
        /// The one that is over.
        joined: InteractionId,
    },
    /// The customer wrote, or the company wrote on the network itself.
    MessageReceived(Message),
    /// An agent or a rule wrote; the hub will send it.
    MessageAccepted(Message),
    /// What became of a message that the company sent.
    MessageStateChanged {
        /// The message.
        message: MessageId,
        /// Its contact.
        contact: ContactId,
        /// Its interaction.
        interaction: InteractionId,
        /// The new state.
        state: MessageState,
        /// The network's ids, when they became known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        platform_ids: Vec<String>,
        /// What a person should know about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A message's author changed it. The former content is kept as a revision.
    MessageEdited {
        /// The message.
        message: MessageId,
        /// Its contact.
        contact: ContactId,
        /// Its interaction.
        interaction: InteractionId,
        /// The new text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// The new attachments, if they changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attachments: Option<Vec<crate::platform::Attachment>>,
        /// The hub's copies of the new attachments.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<AttachmentFile>,
        /// When, by the network's clock.
        edited_at: Timestamp,
    },
    /// A customer's attachment was fetched into the media store, or cannot be.
    FileFetched {
        /// The message.
        message: MessageId,
        /// Its contact.
        contact: ContactId,
        /// Its interaction.
        interaction: InteractionId,
        /// Which of its attachments, counted from 0.
        attachment: u32,
        /// The copy.
        file: AttachmentFile,
    },
    /// A message's author, or the network, took it back.
    MessageDeleted {
        /// The message.
        message: MessageId,
        /// Its contact.
        contact: ContactId,
        /// Its interaction.
        interaction: InteractionId,
        /// When, by the network's clock.
        deleted_at: Timestamp,
    },
    /// A hidden message is shown to the public again.
    MessageShown {
        /// The message.
        message: MessageId,
        /// Its contact.
        contact: ContactId,
        /// Its interaction.
        interaction: InteractionId,
        /// When, by the network's clock.
        shown_at: Timestamp,
    },
    /// A message was hidden from the public; it is still there.
    MessageHidden {
        /// The message.
        message: MessageId,
        /// Its contact.
        contact: ContactId,
        /// Its interaction.
        interaction: InteractionId,
        /// When, by the network's clock.
        hidden_at: Timestamp,
    },
    /// A person said in the place of the analyzers what a message is.
    MessageCorrected {
        /// The message.
        message: MessageId,
        /// Its contact.
        contact: ContactId,
        /// Its interaction.
        interaction: InteractionId,
        /// What they said.
        correction: Correction,
    },
    /// Somebody reacted to a message.
    ReactionAdded {
        /// The message.
        message: MessageId,
        /// Its contact.
        contact: ContactId,
        /// Its interaction.
        interaction: InteractionId,
        /// The reaction.
        reaction: MessageReaction,
    },
    /// Somebody took a reaction back.
    ReactionRemoved {
        /// The message.
        message: MessageId,
        /// Its contact.
        contact: ContactId,
        /// Its interaction.
        interaction: InteractionId,
        /// The reaction.
        reaction: MessageReaction,
    },
    /// An agent or a rule did something on the network that is not a message, such as a like.
    ActionChanged {
        /// The action, by its outbox number's text.
        action: String,
        /// The interaction that it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interaction: Option<InteractionId>,
        /// What it does, such as `react`.
        name: String,
        /// What became of it.
        state: MessageState,
    },
    /// Something happened on a network that has no event of its own here. Kept with its payload.
    PlatformEvent {
        /// The channel.
        channel: ChannelId,
        /// The network's conversation, if it belongs to one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
        /// The contact, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<ContactId>,
        /// Who did it, if the network says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<Author>,
        /// What, in a word.
        name: String,
        /// When, by the network's clock.
        occurred_at: Timestamp,
        /// The details, as normalized by the connector.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        details: Value,
        /// The payload, as it came. Only on its way in, as a message's.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        raw: String,
    },
    /// An agent has read an interaction up to a message, or wants it to count as unread.
    InteractionRead {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
        /// The newest message that they have read; none if all counts as unread.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
        /// How many of the customer's messages that were.
        #[serde(default)]
        inbound: u32,
        /// How many they have not read.
        #[serde(default)]
        unread: u32,
    },
    /// An agent saved a draft. The draft itself is kept apart, and only the newest one of each agent.
    DraftSaved {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
        /// When.
        saved_at: Timestamp,
        /// The draft; absent once there is a newer one, or none any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        draft: Option<Box<Draft>>,
    },
    /// An agent's draft is gone.
    DraftRemoved {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
    },
    /// Labels, attributes or followers of an interaction changed.
    InteractionMarked {
        /// The interaction.
        interaction: InteractionId,
        /// Who did it: an agent's id, or `key:` and a key's name.
        by: String,
        /// The labels, attributes and followers that it has now. What belongs to one agent alone is not
        /// in it.
        marks: Box<Marks>,
    },
    /// When rules look at an interaction again: all times that are set now.
    RuleTimersSet {
        /// The interaction.
        interaction: InteractionId,
        /// The times; none if no rule looks at it again.
        timers: Vec<RuleTimer>,
    },
    /// Rules were gone through on an occasion other than a message. If it comes after a time, its timer has
    /// fired. What they did stands beside this.
    RulesFollowed {
        /// The interaction.
        interaction: InteractionId,
        /// The occasion.
        on: RuleOccasion,
        /// After how many seconds, if it comes after a time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_seconds: Option<u32>,
        /// The message whose facts counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
        /// What was decided, and why.
        trace: Box<RuleTrace>,
    },
    /// A rule tells people of an interaction.
    RuleNotified {
        /// The interaction.
        interaction: InteractionId,
        /// The rule.
        rule: String,
        /// Who is told: those whom the rule names, and the members of the groups that it names.
        agents: BTreeSet<AgentId>,
        /// What they are told.
        text: String,
    },
    /// A note was written, changed or deleted: what it is now.
    NoteSaved(Note),
    /// A standard response is new, or was changed.
    ResponseSaved(Response),
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
    MacroSaved(Macro),
    /// A macro was removed.
    MacroRemoved {
        /// The macro.
        id: MacroId,
        /// Who did it.
        by: String,
    },
    /// A macro was run: what it did stands beside this.
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
    /// Something became of a plug-in or of its file.
    PluginChanged(PluginChange),
    /// What was kept about a contact was erased; counts and times stay. Whoever keeps anything of it
    /// forgets it too.
    ContactErased {
        /// The contact.
        contact: ContactId,
    },
    /// The site's configuration was replaced.
    SiteConfigured {
        /// The whole of it. It holds no secrets.
        config: Box<SiteConfig>,
    },
    /// A person or a key changed something. What an administrator can look up later.
    Audited {
        /// Who: an agent's name or a key's.
        actor: String,
        /// What was done, such as `site.apply`.
        action: String,
        /// To what.
        subject: String,
        /// What stood there before. Never a secret.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        before: Value,
        /// What stands there now. Never a secret.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        after: Value,
    },
}

impl Event {
    /// The name under which event streams carry it, such as `message-received`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Routing(event) => routing_name(event),
            Self::ContactSaved(_) => "contact-saved",
            Self::ContactsMerged { .. } => "contacts-merged",
            Self::ContactsParted { .. } => "contacts-parted",
            Self::InteractionStarted(_) => "interaction-started",
            Self::ParticipantJoined { .. } => "participant-joined",
            Self::PendingOnThread { .. } => "pending-on-thread",
            Self::InteractionsJoined { .. } => "interactions-joined",
            Self::MessageReceived(_) => "message-received",
            Self::MessageAccepted(_) => "message-accepted",
            Self::MessageStateChanged { .. } => "message-state-changed",
            Self::MessageEdited { .. } => "message-edited",
            Self::FileFetched { .. } => "file-fetched",
            Self::MessageDeleted { .. } => "message-deleted",
            Self::MessageHidden { .. } => "message-hidden",
            Self::MessageShown { .. } => "message-shown",
            Self::MessageCorrected { .. } => "message-corrected",
            Self::ReactionAdded { .. } => "reaction-added",
            Self::ReactionRemoved { .. } => "reaction-removed",
            Self::ActionChanged { .. } => "action-changed",
            Self::PlatformEvent { .. } => "platform-event",
            Self::InteractionRead { .. } => "interaction-read",
            Self::DraftSaved { .. } => "draft-saved",
            Self::DraftRemoved { .. } => "draft-removed",
            Self::InteractionMarked { .. } => "interaction-marked",
            Self::RuleTimersSet { .. } => "rule-timers-set",
            Self::RulesFollowed { .. } => "rules-followed",
            Self::RuleNotified { .. } => "rule-notified",
            Self::NoteSaved(_) => "note-saved",
            Self::ResponseSaved(_) => "response-saved",
            Self::ResponseRemoved { .. } => "response-removed",
            Self::TrainingMessageSaved(_) => "training-message-saved",
            Self::TrainingMessageRemoved { .. } => "training-message-removed",
            Self::ResponseUsed { .. } => "response-used",
            Self::MacroSaved(_) => "macro-saved",
            Self::MacroRemoved { .. } => "macro-removed",
            Self::MacroRun { .. } => "macro-run",
            Self::ChannelHealthChanged { .. } => "channel-health-changed",
            Self::PluginChanged(_) => "plugin-changed",
            Self::ContactErased { .. } => "contact-erased",
            Self::SiteConfigured { .. } => "site-configured",
            Self::Audited { .. } => "audited",
        }
    }

    /// The interaction that it is about, if it is about one.
    pub fn interaction(&self) -> Option<InteractionId> {
        self.named_interaction().filter(|id| !id.is_none())
    }

    /// The message that it is about, if it is about one.
    pub fn message(&self) -> Option<MessageId> {
        match self {
            Self::MessageReceived(message) | Self::MessageAccepted(message) => Some(message.id),
            Self::MessageStateChanged { message, .. }
            | Self::MessageEdited { message, .. }
            | Self::FileFetched { message, .. }
            | Self::MessageDeleted { message, .. }
            | Self::MessageHidden { message, .. }
            | Self::MessageShown { message, .. }
            | Self::MessageCorrected { message, .. }
            | Self::ReactionAdded { message, .. }
            | Self::ReactionRemoved { message, .. } => Some(*message),
            _ => None,
        }
    }

    fn named_interaction(&self) -> Option<InteractionId> {
        match self {
            Self::Routing(event) => event.interaction(),
            Self::InteractionStarted(interaction) => Some(interaction.id),
            Self::MessageReceived(message) | Self::MessageAccepted(message) => {
                Some(message.interaction)
            }
            Self::ParticipantJoined { interaction, .. }
            | Self::PendingOnThread { interaction, .. }
            | Self::InteractionsJoined { interaction, .. }
            | Self::MessageStateChanged { interaction, .. }
            | Self::MessageEdited { interaction, .. }
            | Self::FileFetched { interaction, .. }
            | Self::MessageDeleted { interaction, .. }
            | Self::MessageHidden { interaction, .. }
            | Self::MessageShown { interaction, .. }
            | Self::MessageCorrected { interaction, .. }
            | Self::ReactionAdded { interaction, .. }
            | Self::ReactionRemoved { interaction, .. }
            | Self::InteractionRead { interaction, .. }
            | Self::DraftSaved { interaction, .. }
            | Self::DraftRemoved { interaction, .. }
            | Self::InteractionMarked { interaction, .. }
            | Self::RuleTimersSet { interaction, .. }
            | Self::RulesFollowed { interaction, .. }
            | Self::RuleNotified { interaction, .. }
            | Self::ResponseUsed { interaction, .. }
            | Self::MacroRun { interaction, .. } => Some(*interaction),
            Self::ActionChanged { interaction, .. } => *interaction,
            Self::NoteSaved(note) => note.interaction,
            Self::ContactSaved(_)
            | Self::ContactsMerged { .. }
            | Self::ContactsParted { .. }
            | Self::ContactErased { .. }
            | Self::PlatformEvent { .. }
            | Self::ResponseSaved(_)
            | Self::ResponseRemoved { .. }
            | Self::TrainingMessageSaved(_)
            | Self::TrainingMessageRemoved { .. }
            | Self::MacroSaved(_)
            | Self::MacroRemoved { .. }
            | Self::ChannelHealthChanged { .. }
            | Self::PluginChanged(_)
            | Self::SiteConfigured { .. }
            | Self::Audited { .. } => None,
        }
    }
}

fn routing_name(event: &RoutingEvent) -> &'static str {
    match event {
        RoutingEvent::Configured { .. } => "routing-configured",
        RoutingEvent::Enqueued { .. } => "interaction-enqueued",
        RoutingEvent::Begun { .. } => "interaction-begun",
        RoutingEvent::Offered { .. } => "interaction-offered",
        RoutingEvent::OfferEnded { .. } => "offer-ended",
        RoutingEvent::ExclusionEnded { .. } => "exclusion-ended",
        RoutingEvent::Connected { .. } => "interaction-connected",
        RoutingEvent::StepBegan { .. } => "routing-step-began",
        RoutingEvent::Held { .. } => "interaction-held",
        RoutingEvent::Resumed { .. } => "interaction-resumed",
        RoutingEvent::Parked { .. } => "interaction-parked",
        RoutingEvent::Unparked { .. } => "interaction-unparked",
        RoutingEvent::Transferred { .. } => "interaction-transferred",
        RoutingEvent::Overflowed { .. } => "interaction-overflowed",
        RoutingEvent::OwnerChanged { .. } => "owner-changed",
        RoutingEvent::ObserverJoined { .. } => "observer-joined",
        RoutingEvent::LegEnded { .. } => "leg-ended",
        RoutingEvent::PriorityChanged { .. } => "priority-changed",
        RoutingEvent::ServicePromised { .. } => "service-promised",
        RoutingEvent::Answered { .. } => "customer-answered",
        RoutingEvent::CustomerWaits { .. } => "customer-waits",
        RoutingEvent::ServiceWarned { .. } => "service-warned",
        RoutingEvent::ServiceBroken { .. } => "service-broken",
        RoutingEvent::QueueOpened { .. } => "queue-opened",
        RoutingEvent::QueueClosed { .. } => "queue-closed",
        RoutingEvent::WrapUpCoded { .. } => "wrap-up-coded",
        RoutingEvent::QueuePaused { .. } => "queue-paused",
        RoutingEvent::QueueResumed { .. } => "queue-resumed",
        RoutingEvent::ExternalBegan { .. } => "external-work-began",
        RoutingEvent::ExternalEnded { .. } => "external-work-ended",
        RoutingEvent::StationChanged { .. } => "station-changed",
        RoutingEvent::Returned { .. } => "interaction-returned",
        RoutingEvent::WrapUpStarted { .. } => "wrap-up-started",
        RoutingEvent::Ended { .. } => "interaction-ended",
        RoutingEvent::PresenceChanged { .. } => "presence-changed",
        RoutingEvent::DesktopLost { .. } => "desktop-lost",
        RoutingEvent::DesktopBack { .. } => "desktop-back",
        RoutingEvent::StatsReset => "stats-reset",
    }
}
