//! What the API shows of the hub's own types. A network's raw payload is shown only when asked for.

use std::collections::{BTreeMap, BTreeSet};

use linecard_model::contact::{
    Blocked, Contact, ContactIdentity, ContactThread, MergedContact, OptIn, OptOut,
};
use linecard_model::desk::Attribute;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::{
    Correction, Finding, Message, MessageAuthor, MessageReaction, MessageState,
};
use linecard_model::platform::{Author, Referral, Refusal};
use linecard_model::rights::Right;
use linecard_model::routing::{
    EndReason, InteractionState, LegRole, MediaType, RequiredSkill, WaitingFor,
};
use linecard_model::rule::RuleTrace;
use linecard_model::{
    AgentId, ChannelId, ContactId, InteractionId, MessageId, OfferId, QueueId, Timestamp,
};
use linecard_router::{ServiceStanding, Work};
use linecard_site::SiteState;
use linecard_site::capabilities::Capabilities;
use linecard_vault::auth::Principal;
use serde::Serialize;
use utoipa::ToSchema;

use super::attention::ViewerView;
use super::content::{ContentView, RevisionView};
use super::inbox::LastMessageView;
use super::participants::{PendingView, PersonView, pending};

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the list goes on: the value of `after` (or, in a history, of `before`) for the next
    /// page. Absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An interaction: what a customer wants, from the first message until it is over.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Interaction)]
pub(super) struct InteractionView {
    /// The interaction.
    pub id: InteractionId,
    /// The customer: the first author.
    pub contact: ContactId,
    /// What is known about the customer: name, picture and more. Absent where an answer or an event is
    /// made of the interaction alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<PersonView>,
    /// Who takes part beside the customer, in the order in which they joined. As for the customer, names
    /// and profiles may be absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<PersonView>,
    /// The channel.
    pub channel: ChannelId,
    /// The network's key of the conversation.
    pub thread: String,
    /// `public` or `private`.
    pub visibility: Visibility,
    /// Such as `social-conversation` or `social-direct-message`.
    pub media_type: MediaType,
    /// The queue.
    pub queue: QueueId,
    /// The skills that it needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<RequiredSkill>,
    /// Minutes by which it is ahead in its queue (or, negative, behind).
    pub priority: i32,
    /// `queued`, `offered`, `connected`, `held`, `parked`, `wrap-up` or `ended`.
    #[schema(pattern = "^(queued|offered|connected|held|parked|wrap-up|ended)$")]
    pub state: &'static str,
    /// The agent at whom it alerts, who has it, or who parked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The offer under which it alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferId>,
    /// Whose turn it is while it is parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<WaitingFor>,
    /// Who takes part beside the owner.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<LegView>,
    /// When the offer can no longer be accepted, what is parked comes back, or the wrap-up ends by
    /// itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Why it is over, such as `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_reason: Option<EndReason>,
    /// What became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When an agent first accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Who had it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_agent: Option<AgentId>,
    /// When the customer last wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_inbound_at: Option<Timestamp>,
    /// When the company last wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_outbound_at: Option<Timestamp>,
    /// How many messages the customer wrote.
    pub inbound_count: u32,
    /// How many messages the company wrote.
    pub outbound_count: u32,
    /// The network, such as `x`. Absent if the channel is not at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Its newest message, in short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message: Option<LastMessageView>,
    /// Since when the customer waits for an answer: the first message after the company's last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// Until when the network takes an answer of a person. Absent if it sets no end, or after the end of
    /// the interaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_until: Option<Timestamp>,
    /// How it stands to its service policy. Absent: it has none, it is over, or this is the form of an
    /// event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceStanding>,
    /// How many of the customer's messages the caller has not read. Absent for callers who are no
    /// agents, and where an answer or an event is the same for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<u32>,
    /// When the caller saved a draft, if there is one; as `unread` only where it is known who asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft_saved_at: Option<Timestamp>,
    /// The labels.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// The attributes, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
    /// The agents who follow it though it may not be theirs.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub followers: BTreeSet<AgentId>,
    /// What the network allows now; shown for one interaction, not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// What else is open on the same conversation, oldest first; shown for one interaction and in
    /// offers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pending_on_thread: Vec<PendingView>,
    /// What the company itself wrote in the conversation that belongs to no customer, such as the
    /// post on which customers comment, newest first; shown for one interaction.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thread_context: Vec<MessageView>,
    /// Who looks at it at the moment, and who writes. Only where it is shown alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub viewers: Vec<ViewerView>,
}

/// Somebody who takes part in an interaction beside its owner.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Leg)]
pub(super) struct LegView {
    /// Who.
    pub agent: AgentId,
    /// As what: `consultant` or `observer`.
    pub role: LegRole,
    /// Since when: the offer, or the connection.
    pub since: Timestamp,
    /// The offer that alerts. Absent: connected, or somebody else's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferId>,
    /// Until when it can be accepted. Absent: connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
}

impl From<&Interaction> for InteractionView {
    fn from(interaction: &Interaction) -> Self {
        let (mut offer, mut deadline, mut end_reason, mut disposition) = (None, None, None, None);
        let mut turn = None;
        match &interaction.state {
            InteractionState::Queued
            | InteractionState::Connected { .. }
            | InteractionState::Held { .. } => {}
            InteractionState::Parked {
                until, waiting_for, ..
            } => {
                deadline = Some(*until);
                turn = Some(*waiting_for);
            }
            InteractionState::Offered {
                offer: id,
                deadline: until,
                ..
            } => {
                offer = Some(*id);
                deadline = Some(*until);
            }
            InteractionState::WrapUp {
                deadline: until,
                reason,
                ..
            } => {
                deadline = *until;
                end_reason = Some(*reason);
            }
            InteractionState::Ended {
                reason,
                disposition: code,
            } => {
                end_reason = Some(*reason);
                disposition.clone_from(code);
            }
        }
        Self {
            id: interaction.id,
            contact: interaction.contact,
            customer: None,
            participants: interaction
                .participants
                .iter()
                .map(PersonView::of)
                .collect(),
            channel: interaction.channel.clone(),
            thread: interaction.thread.clone(),
            visibility: interaction.visibility,
            media_type: interaction.media_type,
            queue: interaction.queue.clone(),
            skills: interaction.skills.clone(),
            priority: interaction.priority,
            state: interaction.state.name(),
            agent: interaction.state.holder().cloned(),
            offer,
            waiting_for: turn,
            legs: interaction
                .legs
                .iter()
                .map(|(agent, leg)| LegView {
                    agent: agent.clone(),
                    role: leg.role,
                    since: leg.since,
                    offer: leg.offer.as_ref().map(|offer| offer.id),
                    deadline: leg.offer.as_ref().map(|offer| offer.deadline),
                })
                .collect(),
            deadline,
            end_reason,
            disposition,
            created_at: interaction.created_at,
            answered_at: interaction.answered_at,
            ended_at: interaction.ended_at,
            last_agent: interaction.last_agent.clone(),
            last_inbound_at: interaction.last_inbound_at,
            last_outbound_at: interaction.last_outbound_at,
            inbound_count: interaction.inbound_count,
            outbound_count: interaction.outbound_count,
            network: None,
            last_message: interaction.last_message.as_ref().map(Into::into),
            waiting_since: interaction.waiting_since.filter(|_| interaction.is_open()),
            reply_until: None,
            unread: None,
            draft_saved_at: None,
            labels: interaction.marks.labels.clone(),
            attributes: interaction.marks.attributes.clone(),
            followers: interaction.marks.followers.clone(),
            service: None,
            capabilities: None,
            pending_on_thread: Vec::new(),
            thread_context: Vec::new(),
            viewers: Vec::new(),
        }
    }
}

impl InteractionView {
    /// Without another agent's offer, which is nobody else's to take.
    pub(super) fn shown_to(mut self, caller: &Principal) -> Self {
        if !caller.may(Right::SeeAll) && self.agent != caller.actor.agent {
            self.offer = None;
        }
        if !caller.may(Right::SeeAll) {
            let others = self.legs.iter_mut();
            for leg in others.filter(|leg| Some(&leg.agent) != caller.actor.agent.as_ref()) {
                leg.offer = None;
            }
        }
        self
    }
}

/// How far a message, or an action, has come.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Progress {
    /// `received`, `accepted`, `sent`, `delivered`, `read`, `failed` or `uncertain`.
    #[schema(pattern = "^(received|accepted|sent|delivered|read|failed|uncertain)$")]
    pub state: &'static str,
    /// Since when, if it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_at: Option<Timestamp>,
    /// Why it failed, or what is uncertain: a code and a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Refusal>,
    /// Whether trying a failed one again can help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
}

impl From<&MessageState> for Progress {
    fn from(state: &MessageState) -> Self {
        let (state_at, reason, retryable) = match state {
            MessageState::Received | MessageState::Accepted => (None, None, None),
            MessageState::Sent { at }
            | MessageState::Delivered { at }
            | MessageState::Read { at } => (Some(*at), None, None),
            MessageState::Failed {
                at,
                reason,
                retryable,
            } => (Some(*at), Some(reason.clone()), Some(*retryable)),
            MessageState::Uncertain { at, text } => {
                let reason = Refusal {
                    code: "uncertain".to_owned(),
                    text: text.clone(),
                };
                (Some(*at), Some(reason), None)
            }
        };
        Self {
            state: state.name(),
            state_at,
            reason,
            retryable,
        }
    }
}

/// One thing that was said, in either direction.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Message)]
pub(super) struct MessageView {
    /// The message.
    pub id: MessageId,
    /// The customer.
    pub contact: ContactId,
    /// The interaction. Absent for what the company wrote on the network itself when nobody had asked,
    /// such as a post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction: Option<InteractionId>,
    /// The channel.
    pub channel: ChannelId,
    /// The network's key of the conversation.
    pub thread: String,
    /// `public` or `private`.
    pub visibility: Visibility,
    /// Who said it: `{"kind": "contact" | "agent" | "native" | "rule", …}`.
    pub author: MessageAuthor,
    /// Who wrote it on the network, `{"identity": {"id", …}, "profile"?}`, where that is not the
    /// contact's first identity: a commentator without a contact of their own, for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posted_by: Option<Author>,
    /// When it was said, by the network's clock if the network told.
    pub at: Timestamp,
    /// What was said: text, attachments, structured content, …
    pub content: ContentView,
    /// What became of it.
    #[serde(flatten)]
    pub progress: Progress,
    /// The network's ids of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platform_ids: Vec<String>,
    /// The message that it answers, if the hub has that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// The message that it answers, by the network's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Whether it addresses the company, if the network tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addressed: Option<bool>,
    /// How the customer came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
    /// What the analyzers found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What people said in the place of the analyzers, oldest first; the last one holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Correction>,
    /// What the site's rules and opening hours made of it, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Box<RuleTrace>>,
    /// What stood here before, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<RevisionView>,
    /// What a person should know about its way: the window that was used, the text that a template
    /// became.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Since when it is hidden from the public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden_at: Option<Timestamp>,
    /// When it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// Reactions to it: the first ones of many. The rest are at `…/messages/{id}/reactions`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<MessageReaction>,
    /// How many reactions it has.
    #[serde(skip_serializing_if = "is_zero")]
    pub reaction_count: u64,
    /// The network's payload, as it came; only with `include=raw`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

// serde hands a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl MessageView {
    /// The view, with the network's payload if that is asked for.
    pub fn new(message: Message, with_raw: bool) -> Self {
        Self {
            id: message.id,
            contact: message.contact,
            interaction: Some(message.interaction).filter(|id| !id.is_none()),
            channel: message.channel,
            thread: message.thread,
            visibility: message.visibility,
            author: message.author,
            posted_by: message.posted_by,
            at: message.at,
            content: ContentView::new(message.content, message.files),
            progress: Progress::from(&message.state),
            platform_ids: message.platform_ids,
            reply_to: message.reply_to,
            parent: message.parent,
            addressed: message.addressed,
            referral: message.referral,
            findings: message.findings,
            corrections: message.corrections,
            rules: message.rules,
            revisions: message.revisions.into_iter().map(Into::into).collect(),
            note: message.note,
            hidden_at: message.hidden_at,
            deleted_at: message.deleted_at,
            reaction_count: message.reactions.len() as u64,
            reactions: message.reactions,
            raw: with_raw.then_some(message.raw),
        }
    }
}

/// A customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Contact)]
pub(super) struct ContactView {
    /// The contact.
    pub id: ContactId,
    /// When the hub first heard of them.
    pub created_at: Timestamp,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Who they are on which channel, with what the network tells about them.
    pub identities: Vec<ContactIdentity>,
    /// The public conversation `{"channel", "thread"}` whose unnamed authors this contact stands
    /// for; absent for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_thread: Option<ContactThread>,
    /// The channels on which they agreed to be written to first: `{"channel", "at", "by", "source"}`.
    pub opt_ins: Vec<OptIn>,
    /// The channels on which they took that back, or never want it: `{"channel", "at", "by", "source"}`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub opt_outs: Vec<OptOut>,
    /// The contacts that turned out to be this person; a person who knows better can undo it under
    /// `/contacts/{id}/merged/{other}`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<MergedContact>,
    /// The contact that this one turned out to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<ContactId>,
    /// The attributes, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
    /// That they are blocked, since when and by whom: what they write is kept and is no work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Blocked>,
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id,
            created_at: contact.created_at,
            display_name: contact.display_name,
            identities: contact.identities,
            of_thread: contact.of_thread,
            opt_ins: contact.opt_ins,
            opt_outs: contact.opt_outs,
            merged: contact.merged,
            merged_into: contact.merged_into,
            attributes: contact.attributes,
            blocked: contact.blocked,
        }
    }
}

/// An interaction that alerts at an agent.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Offer)]
pub(super) struct OfferView {
    /// The offer.
    pub id: OfferId,
    /// The agent at whom it alerts.
    pub agent: AgentId,
    /// As what: `owner`, or `consultant` who is asked for advice.
    pub role: LegRole,
    /// From this moment on it can no longer be accepted.
    pub deadline: Timestamp,
    /// How long the interaction has been in its queue, in seconds.
    pub waited_seconds: u64,
    /// The interaction.
    pub interaction: InteractionView,
}

impl OfferView {
    /// The offer of an interaction that alerts at an agent, if one does.
    pub fn of(
        state: &SiteState,
        id: InteractionId,
        work: &Work,
        at_agent: &AgentId,
        now: Timestamp,
    ) -> Option<Self> {
        let interaction = state.interaction(id)?;
        let (offer, deadline, role) = work.offer_at(at_agent)?;
        let waited = now.as_second().saturating_sub(work.entered.as_second());
        Some(Self {
            id: offer,
            agent: at_agent.clone(),
            role,
            deadline,
            waited_seconds: u64::try_from(waited).unwrap_or(0),
            interaction: InteractionView {
                pending_on_thread: pending(state, interaction),
                service: state.router().service_of(&id, now),
                ..InteractionView::from(interaction)
            },
        })
    }
}

/// An action that was taken and will be done on the network.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActionTaken {
    /// Its id, which the events about it name.
    pub id: String,
    /// `accepted`: it is on disk.
    pub state: &'static str,
}

/// An agent's presence.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentPresence)]
pub(super) struct PresenceView {
    /// The agent.
    pub agent: AgentId,
    /// `{"state": "ready" | "not-ready" | "offline", "reason"?}`.
    pub presence: linecard_model::routing::Presence,
}
