//! One event of every kind.

use std::sync::Arc;

use linecard_model::contact::{Contact, ContactIdentity, ContactThread, OptIn};
use linecard_model::desk::{Attribute, Draft, Marks, Note, NoteRevision};
use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::{
    AttachmentFile, Content, Correction, Message, MessageAuthor, MessageReaction, MessageState,
};
use linecard_model::outbox::ChannelHealth;
use linecard_model::platform::{Author, Identity, Profile, Refusal};
use linecard_model::plugin::{PluginChange, PluginState};
use linecard_model::response::{Macro, MacroConfig, Response, ResponseConfig};
use linecard_model::routing::{
    Choice, EndReason, InteractionState, LegEnd, LegRole, MediaType, OfferOutcome, OwnerCause,
    Plan, Presence, PresenceCause, ReturnCause, RoutingEvent, RoutingStep, SelectionMethod,
    ServiceClock, ServicePromise, StepCause, TransferTarget, UnparkCause, WaitingFor,
};
use linecard_model::rule::{RuleOccasion, RuleTimer, RuleTrace};
use linecard_model::training::TrainingMessage;
use linecard_model::{
    AgentId, ChannelId, ContactId, InteractionId, MacroId, MessageId, NoteId, OfferId, QueueId,
    ResponseId, ServicePolicyId, StationId, Timestamp,
};
use serde_json::Value;

fn interaction() -> Interaction {
    Interaction {
        id: InteractionId::generate(),
        contact: ContactId::generate(),
        participants: Vec::new(),
        channel: ChannelId::new("page").unwrap(),
        thread: "t".to_owned(),
        visibility: Visibility::Private,
        media_type: MediaType::SocialDirectMessage,
        queue: QueueId::new("care").unwrap(),
        skills: Vec::new(),
        priority: 0,
        state: InteractionState::Queued,
        legs: std::collections::BTreeMap::new(),
        created_at: Timestamp::now(),
        answered_at: None,
        ended_at: None,
        last_agent: None,
        last_inbound_at: None,
        last_outbound_at: None,
        inbound_count: 1,
        outbound_count: 0,
        last_message: None,
        waiting_since: None,
        marks: Marks::default(),
        timers: Vec::new(),
        moved_by_rules: 0,
    }
}

pub(super) fn message(state: MessageState) -> Message {
    let interaction = interaction();
    Message {
        id: MessageId::generate(),
        contact: interaction.contact,
        interaction: interaction.id,
        channel: interaction.channel,
        thread: interaction.thread,
        visibility: Visibility::Private,
        author: MessageAuthor::Contact,
        posted_by: None,
        at: Timestamp::now(),
        content: Content {
            text: Some("hello".to_owned()),
            ..Content::default()
        },
        state,
        platform_ids: vec!["m_1".to_owned()],
        parent: None,
        reply_to: None,
        addressed: None,
        referral: None,
        findings: Vec::new(),
        rules: None,
        revisions: Vec::new(),
        note: None,
        corrections: Vec::new(),
        hidden_at: None,
        deleted_at: None,
        files: Vec::new(),
        reactions: Vec::new(),
        raw: "{\"secret\":\"payload\"}".to_owned(),
    }
}

fn routing() -> Vec<RoutingEvent> {
    let (interaction, offer) = (InteractionId::generate(), OfferId::generate());
    let agent = || AgentId::new("anna").unwrap();
    let queue = || QueueId::new("care").unwrap();
    let policy = || ServicePolicyId::new("vip").unwrap();
    let deadline = Timestamp::now();
    let plan = || Plan {
        steps: vec![RoutingStep::agent(agent(), 60, true)],
        until: Some(deadline),
    };
    vec![
        RoutingEvent::Configured {
            settings: std::sync::Arc::default(),
        },
        RoutingEvent::Enqueued {
            interaction,
            queue: queue(),
            media_type: MediaType::SocialDirectMessage,
            skills: Vec::new(),
            priority: 0,
            plan: Plan::default(),
        },
        RoutingEvent::Begun {
            interaction,
            queue: queue(),
            agent: agent(),
            media_type: MediaType::SocialDirectMessage,
            skills: Vec::new(),
            priority: 0,
            plan: plan(),
        },
        RoutingEvent::Offered {
            interaction,
            queue: queue(),
            agent: agent(),
            offer,
            deadline,
            auto_answer: false,
            role: LegRole::Owner,
            choice: Some(Choice {
                selection: SelectionMethod::LongestIdle,
                step: 1,
                available: 2,
                next: vec![agent()],
            }),
        },
        RoutingEvent::OfferEnded {
            interaction,
            queue: queue(),
            agent: agent(),
            offer,
            outcome: OfferOutcome::NoAnswer,
            excluded_until: Some(deadline),
            role: LegRole::Owner,
        },
        RoutingEvent::ExclusionEnded {
            interaction,
            agent: agent(),
        },
        RoutingEvent::Connected {
            interaction,
            queue: queue(),
            agent: agent(),
            offer,
            role: LegRole::Owner,
        },
        RoutingEvent::StepBegan {
            interaction,
            queue: queue(),
            step: 2,
            until: Some(deadline),
            cause: StepCause::NobodyAvailable,
        },
        RoutingEvent::Held {
            interaction,
            queue: queue(),
            agent: agent(),
        },
        RoutingEvent::Resumed {
            interaction,
            queue: queue(),
            agent: agent(),
        },
        RoutingEvent::Parked {
            interaction,
            queue: queue(),
            agent: agent(),
            until: deadline,
            waiting_for: WaitingFor::Company,
        },
        RoutingEvent::Unparked {
            interaction,
            queue: queue(),
            agent: agent(),
            cause: UnparkCause::CustomerWrote,
            plan: plan(),
        },
        RoutingEvent::Transferred {
            interaction,
            from_queue: queue(),
            queue: queue(),
            from: Some(agent()),
            to: TransferTarget::Agent { agent: agent() },
            plan: plan(),
            excluded_until: Some(deadline),
        },
        RoutingEvent::Overflowed {
            interaction,
            from_queue: queue(),
            queue: queue(),
            rule: 1,
            plan: Plan::default(),
        },
        RoutingEvent::OwnerChanged {
            interaction,
            queue: queue(),
            from: None,
            agent: agent(),
            cause: OwnerCause::PickedUp,
        },
        RoutingEvent::ObserverJoined {
            interaction,
            queue: queue(),
            agent: agent(),
        },
        RoutingEvent::LegEnded {
            interaction,
            queue: queue(),
            agent: agent(),
            role: LegRole::Consultant,
            cause: LegEnd::Cancelled,
        },
        RoutingEvent::PriorityChanged {
            interaction,
            queue: queue(),
            priority: -3,
        },
        RoutingEvent::ServicePromised {
            interaction,
            queue: queue(),
            promise: Some(Arc::new(ServicePromise {
                policy: policy(),
                first_answer_seconds: Some(3_600),
                next_answer_seconds: Some(7_200),
                resolution_seconds: None,
                warn_percent: 80,
                raise_priority: 10,
            })),
        },
        RoutingEvent::Answered {
            interaction,
            queue: queue(),
        },
        RoutingEvent::CustomerWaits {
            interaction,
            queue: queue(),
        },
        RoutingEvent::ServiceWarned {
            interaction,
            queue: queue(),
            policy: policy(),
            clock: ServiceClock::FirstAnswer,
        },
        RoutingEvent::ServiceBroken {
            interaction,
            queue: queue(),
            policy: policy(),
            clock: ServiceClock::Resolution,
        },
        RoutingEvent::QueueOpened { queue: queue() },
        RoutingEvent::QueueClosed { queue: queue() },
        RoutingEvent::WrapUpCoded {
            interaction,
            queue: queue(),
            agent: agent(),
            disposition: "Processed".to_owned(),
        },
        RoutingEvent::QueuePaused { queue: queue() },
        RoutingEvent::QueueResumed { queue: queue() },
        RoutingEvent::ExternalBegan {
            agent: agent(),
            reference: "call-1".to_owned(),
            media_type: MediaType::Call,
            until: deadline,
        },
        RoutingEvent::ExternalEnded {
            agent: agent(),
            reference: "call-1".to_owned(),
        },
        RoutingEvent::StationChanged {
            agent: agent(),
            station: Some(StationId::new("desk").unwrap()),
        },
        RoutingEvent::Returned {
            interaction,
            queue: queue(),
            agent: agent(),
            cause: ReturnCause::DesktopLost,
            excluded_until: None,
            step_until: None,
        },
        RoutingEvent::WrapUpStarted {
            interaction,
            queue: queue(),
            agent: agent(),
            reason: EndReason::Completed,
            deadline: None,
        },
        RoutingEvent::Ended {
            interaction,
            queue: queue(),
            agent: None,
            reason: EndReason::Completed,
            disposition: Some("Processed".to_owned()),
            defaulted: false,
        },
        RoutingEvent::PresenceChanged {
            agent: agent(),
            presence: Presence::NotReady {
                reason: "Lunch".to_owned(),
            },
            cause: PresenceCause::Requested,
        },
        RoutingEvent::DesktopLost {
            agent: agent(),
            deadline,
        },
        RoutingEvent::DesktopBack { agent: agent() },
        RoutingEvent::StatsReset,
    ]
}

fn about_messages() -> Vec<Event> {
    let of = message(MessageState::Received);
    let (message_id, contact, interaction) = (of.id, of.contact, of.interaction);
    let reaction = MessageReaction {
        author: "42".to_owned(),
        name: "like".to_owned(),
        emoji: None,
        at: of.at,
    };
    vec![
        Event::MessageReceived(of.clone()),
        Event::MessageAccepted(message(MessageState::Accepted)),
        Event::MessageStateChanged {
            message: message_id,
            contact,
            interaction,
            state: MessageState::Failed {
                at: of.at,
                reason: Refusal {
                    code: "100".to_owned(),
                    text: "no".to_owned(),
                },
                retryable: true,
            },
            platform_ids: vec!["m_2".to_owned()],
            note: Some("note".to_owned()),
        },
        Event::MessageEdited {
            message: message_id,
            contact,
            interaction,
            text: Some("hallo".to_owned()),
            attachments: None,
            files: Vec::new(),
            edited_at: of.at,
        },
        Event::FileFetched {
            message: message_id,
            contact,
            interaction,
            attachment: 0,
            file: AttachmentFile::Stored {
                media: "00".repeat(32),
                mime: Some("image/png".to_owned()),
                size: 3,
                sha256: "00".repeat(32),
            },
        },
        Event::MessageDeleted {
            message: message_id,
            contact,
            interaction,
            deleted_at: of.at,
        },
        Event::MessageShown {
            message: message_id,
            contact,
            interaction,
            shown_at: of.at,
        },
        Event::MessageHidden {
            message: message_id,
            contact,
            interaction,
            hidden_at: of.at,
        },
        Event::MessageCorrected {
            message: message_id,
            contact,
            interaction,
            correction: Correction {
                by: "anna".to_owned(),
                at: of.at,
                scores: [("sentiment".to_owned(), -0.5)].into(),
                labels: Some(["complaint".to_owned()].into()),
            },
        },
        Event::ReactionAdded {
            message: message_id,
            contact,
            interaction,
            reaction: reaction.clone(),
        },
        Event::ReactionRemoved {
            message: message_id,
            contact,
            interaction,
            reaction,
        },
        Event::ActionChanged {
            action: "1".to_owned(),
            interaction: Some(interaction),
            name: "react".to_owned(),
            state: MessageState::Uncertain {
                at: of.at,
                text: "broken".to_owned(),
            },
        },
    ]
}

fn others() -> Vec<Event> {
    vec![
        Event::ContactErased {
            contact: ContactId::generate(),
        },
        Event::ContactsMerged {
            contact: ContactId::generate(),
            merged: ContactId::generate(),
            by: "channel:page".to_owned(),
        },
        Event::ContactsParted {
            contact: ContactId::generate(),
            parted: ContactId::generate(),
            by: "anna".to_owned(),
        },
        Event::InteractionsJoined {
            interaction: InteractionId::generate(),
            joined: InteractionId::generate(),
        },
        Event::ContactSaved(Contact {
            display_name: Some("Ann".to_owned()),
            identities: vec![ContactIdentity::new(
                ChannelId::new("page").unwrap(),
                &Identity {
                    id: "42".to_owned(),
                    aliases: Vec::new(),
                },
            )],
            of_thread: Some(ContactThread {
                channel: ChannelId::new("page").unwrap(),
                thread: "t".to_owned(),
            }),
            opt_ins: vec![OptIn {
                channel: ChannelId::new("page").unwrap(),
                at: Timestamp::now(),
                by: "ann".to_owned(),
                source: "form".to_owned(),
            }],
            ..Contact::new(ContactId::generate(), Timestamp::now())
        }),
        Event::InteractionStarted(interaction()),
        Event::ParticipantJoined {
            interaction: InteractionId::generate(),
            contact: ContactId::generate(),
            author: Some(Author {
                identity: Identity {
                    id: "43".to_owned(),
                    aliases: Vec::new(),
                },
                profile: Some(Profile {
                    handle: Some("ben".to_owned()),
                    ..Profile::default()
                }),
            }),
            own_contact: true,
        },
        Event::PendingOnThread {
            interaction: InteractionId::generate(),
            pending: InteractionId::generate(),
            contact: ContactId::generate(),
            queue: QueueId::new("care").unwrap(),
        },
        Event::PlatformEvent {
            channel: ChannelId::new("page").unwrap(),
            thread: None,
            contact: None,
            author: None,
            name: "optin".to_owned(),
            occurred_at: Timestamp::now(),
            details: Value::Null,
            raw: "{\"secret\":\"payload\"}".to_owned(),
        },
        Event::InteractionRead {
            interaction: InteractionId::generate(),
            agent: AgentId::new("anna").unwrap(),
            message: Some(MessageId::generate()),
            inbound: 3,
            unread: 1,
        },
        Event::DraftSaved {
            interaction: InteractionId::generate(),
            agent: AgentId::new("anna").unwrap(),
            saved_at: Timestamp::now(),
            draft: Some(Box::new(Draft {
                saved_at: Timestamp::now(),
                content: Content {
                    text: Some("Dear".to_owned()),
                    ..Content::default()
                },
                reply_to: Some(MessageId::generate()),
                private: true,
                response: Some(ResponseId::new("hello").unwrap()),
            })),
        },
        Event::DraftRemoved {
            interaction: InteractionId::generate(),
            agent: AgentId::new("anna").unwrap(),
        },
        Event::InteractionMarked {
            interaction: InteractionId::generate(),
            by: "anna".to_owned(),
            marks: Box::new(Marks {
                labels: ["vip".to_owned()].into(),
                attributes: [
                    ("tier".to_owned(), Attribute::Text("gold".to_owned())),
                    ("orders".to_owned(), Attribute::Number(2.0)),
                ]
                .into(),
                followers: [AgentId::new("bea").unwrap()].into(),
                ..Marks::default()
            }),
        },
        Event::RuleTimersSet {
            interaction: InteractionId::generate(),
            timers: vec![RuleTimer {
                on: RuleOccasion::Waited,
                after_seconds: 60,
                due: Timestamp::now(),
            }],
        },
        Event::RulesFollowed {
            interaction: InteractionId::generate(),
            on: RuleOccasion::Waited,
            after_seconds: Some(60),
            message: Some(MessageId::generate()),
            trace: Box::new(RuleTrace {
                looked_at: 1,
                ..RuleTrace::default()
            }),
        },
        Event::RuleNotified {
            interaction: InteractionId::generate(),
            rule: "a minute".to_owned(),
            agents: [AgentId::new("anna").unwrap()].into(),
            text: "Somebody has waited for a minute".to_owned(),
        },
        Event::NoteSaved(Note {
            id: NoteId::generate(),
            contact: ContactId::generate(),
            interaction: Some(InteractionId::generate()),
            author: "anna".to_owned(),
            written_at: Timestamp::now(),
            text: "@bea please".to_owned(),
            mentions: [AgentId::new("bea").unwrap()].into(),
            revisions: vec![NoteRevision {
                replaced_at: Timestamp::now(),
                by: "anna".to_owned(),
                text: "before".to_owned(),
            }],
            deleted_at: None,
        }),
        Event::ResponseSaved(Response {
            id: ResponseId::new("hello").unwrap(),
            config: ResponseConfig {
                folder: "General".to_owned(),
                title: "Hello".to_owned(),
                text: "Hello {{contact.name|there}}".to_owned(),
                language: Some("en".to_owned()),
                channels: [ChannelId::new("page").unwrap()].into(),
                networks: ["x".to_owned()].into(),
            },
            changed_at: Timestamp::now(),
            changed_by: "anna".to_owned(),
            used: 1,
            used_at: Some(Timestamp::now()),
        }),
        Event::TrainingMessageSaved(TrainingMessage {
            id: MessageId::generate(),
            text: Some("Late again".to_owned()),
            labels: ["complaint".to_owned()].into(),
            excluded: false,
            changed_at: Timestamp::now(),
            changed_by: "anna".to_owned(),
        }),
        Event::TrainingMessageRemoved {
            id: MessageId::generate(),
            by: "anna".to_owned(),
        },
        Event::ResponseRemoved {
            response: ResponseId::new("hello").unwrap(),
            by: "anna".to_owned(),
        },
        Event::ResponseUsed {
            response: ResponseId::new("hello").unwrap(),
            interaction: InteractionId::generate(),
            message: MessageId::generate(),
        },
        Event::MacroSaved(Macro {
            id: MacroId::new("close").unwrap(),
            config: MacroConfig {
                title: "Close".to_owned(),
                folder: "General".to_owned(),
                response: Some(ResponseId::new("bye").unwrap()),
                text: None,
                add_labels: ["done".to_owned()].into(),
                remove_labels: ["open".to_owned()].into(),
                end: true,
                disposition: Some("Processed".to_owned()),
            },
            changed_at: Timestamp::now(),
            changed_by: "anna".to_owned(),
        }),
        Event::MacroRemoved {
            id: MacroId::new("close").unwrap(),
            by: "anna".to_owned(),
        },
        Event::MacroRun {
            id: MacroId::new("close").unwrap(),
            interaction: InteractionId::generate(),
            by: "anna".to_owned(),
        },
        Event::ChannelHealthChanged {
            channel: ChannelId::new("page").unwrap(),
            health: ChannelHealth::default(),
        },
        Event::PluginChanged(PluginChange {
            state: PluginState::Pending,
            plugin: Some("messenger".parse().unwrap()),
            version: Some("1.1.0".to_owned()),
            sha256: Some("0".repeat(64)),
            file: Some("messenger.wasm".to_owned()),
            details: vec!["+ calls example.com".to_owned()],
        }),
        Event::SiteConfigured {
            config: Box::default(),
        },
        Event::Audited {
            actor: "anna".to_owned(),
            action: "site.configure".to_owned(),
            subject: "main".to_owned(),
            before: Value::Null,
            after: Value::Null,
        },
    ]
}

pub(super) fn everything() -> Vec<Event> {
    routing()
        .into_iter()
        .map(Event::Routing)
        .chain(about_messages())
        .chain(others())
        .collect()
}
