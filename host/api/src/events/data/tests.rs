//! Every kind of event has the form that the published schema says.

use linecard_model::contact::{Contact, ContactIdentity, ContactThread, OptIn};
use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::{
    AttachmentFile, Content, Message, MessageAuthor, MessageReaction, MessageState,
};
use linecard_model::outbox::ChannelHealth;
use linecard_model::platform::{Author, Identity, Profile, Refusal};
use linecard_model::routing::{
    EndReason, InteractionState, MediaType, OfferOutcome, Presence, PresenceCause, ReturnCause,
    RoutingEvent,
};
use linecard_model::{
    AgentId, ChannelId, ContactId, InteractionId, MessageId, OfferId, QueueId, Timestamp,
};
use serde_json::Value;

use super::{Envelope, data};
use crate::events::SCHEMA;

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
        state: InteractionState::Queued,
        created_at: Timestamp::now(),
        answered_at: None,
        ended_at: None,
        last_agent: None,
        last_inbound_at: None,
        last_outbound_at: None,
        inbound_count: 1,
        outbound_count: 0,
    }
}

fn message(state: MessageState) -> Message {
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
        addressed: None,
        referral: None,
        findings: Vec::new(),
        revisions: Vec::new(),
        note: None,
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
    let deadline = Timestamp::now();
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
        },
        RoutingEvent::Offered {
            interaction,
            queue: queue(),
            agent: agent(),
            offer,
            deadline,
            auto_answer: false,
        },
        RoutingEvent::OfferEnded {
            interaction,
            queue: queue(),
            agent: agent(),
            offer,
            outcome: OfferOutcome::NoAnswer,
            excluded_until: Some(deadline),
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
        },
        RoutingEvent::Returned {
            interaction,
            queue: queue(),
            agent: agent(),
            cause: ReturnCause::DesktopLost,
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
        Event::MessageHidden {
            message: message_id,
            contact,
            interaction,
            hidden_at: of.at,
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
        Event::ContactSaved(Contact {
            id: ContactId::generate(),
            created_at: Timestamp::now(),
            display_name: Some("Ann".to_owned()),
            identities: vec![ContactIdentity {
                channel: ChannelId::new("page").unwrap(),
                id: "42".to_owned(),
                aliases: Vec::new(),
                profile: None,
                profile_at: None,
            }],
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
            name: "optin".to_owned(),
            occurred_at: Timestamp::now(),
            details: Value::Null,
            raw: "{\"secret\":\"payload\"}".to_owned(),
        },
        Event::ChannelHealthChanged {
            channel: ChannelId::new("page").unwrap(),
            health: ChannelHealth::default(),
        },
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

#[test]
fn every_kind_of_event_fits_the_published_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let events: Vec<Event> = routing()
        .into_iter()
        .map(Event::Routing)
        .chain(about_messages())
        .chain(others())
        .collect();
    let mut shown = std::collections::BTreeSet::new();
    for (seq, event) in (1..).zip(&events) {
        let envelope = Envelope {
            seq,
            at: Timestamp::now(),
            kind: event.name(),
            data: data(event, false),
        };
        let json: Value = serde_json::from_str(&envelope.json()).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|e| format!("{} at {}", e, e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{json:#}: {errors:?}");
        assert!(
            !json.to_string().contains("payload"),
            "raw is not shown: {json}"
        );
        shown.insert(event.name());
    }
    let known = schema["oneOf"].as_array().unwrap().len();
    assert_eq!(
        shown.len(),
        known,
        "the schema and this test have the same kinds"
    );
}

#[test]
fn the_schema_refuses_what_it_does_not_know() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for wrong in [
        serde_json::json!({"seq": 1, "at": "2026-01-01T00:00:00Z", "kind": "made-up", "data": {}}),
        serde_json::json!({"seq": 1, "at": "2026-01-01T00:00:00Z", "kind": "desktop-back", "data": {}}),
        serde_json::json!({"at": "2026-01-01T00:00:00Z", "kind": "stats-reset", "data": {}}),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn the_payload_is_shown_when_asked_for() {
    let event = Event::MessageReceived(message(MessageState::Received));
    assert!(data(&event, true).to_string().contains("payload"));
}
