//! Values to test with.

use linecard_model::contact::{Contact, ContactIdentity};
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::{Content, Message, MessageAuthor, MessageState};
use linecard_model::platform::{Event, EventKind, Identity};
use linecard_model::routing::{InteractionState, MediaType};
use linecard_model::{
    AgentId, ChannelId, ContactId, InteractionId, MessageId, QueueId, SiteId, Timestamp,
};

/// A moment, so many milliseconds after a fixed one.
pub fn time(millis: u64) -> Timestamp {
    linecard_model::platform::timestamp_from_millis(1_760_000_000_000 + millis)
}

/// A site.
pub fn site(name: &str) -> SiteId {
    SiteId::new(name).expect("a sample's name is a slug")
}

/// A channel.
pub fn channel(name: &str) -> ChannelId {
    ChannelId::new(name).expect("a sample's name is a slug")
}

/// An agent.
pub fn agent(name: &str) -> AgentId {
    AgentId::new(name).expect("a sample's name is a slug")
}

/// A queue.
pub fn queue(name: &str) -> QueueId {
    QueueId::new(name).expect("a sample's name is a slug")
}

/// A contact's id; they are ordered by their numbers.
pub fn contact_id(number: u64) -> ContactId {
    ContactId::derived(1_760_000_000_000 + number, number)
}

/// An interaction's id; they are ordered by their numbers.
pub fn interaction_id(number: u64) -> InteractionId {
    InteractionId::derived(1_760_000_000_000 + number, number)
}

/// A message's id; they are ordered by their numbers.
pub fn message_id(number: u64) -> MessageId {
    MessageId::derived(1_760_000_000_000 + number, number)
}

/// A platform event.
pub fn event(id: &str) -> Event {
    Event {
        id: id.to_owned(),
        time: time(0),
        thread: None,
        author: None,
        kind: EventKind::Other("sample".to_owned()),
        raw: format!("{{\"id\":\"{id}\"}}"),
    }
}

/// A contact with one identity on the channel `pages`.
pub fn contact(number: u64) -> Contact {
    let identity = Identity {
        id: format!("user-{number}"),
        aliases: Vec::new(),
    };
    Contact {
        display_name: Some(format!("Customer {number}")),
        identities: vec![ContactIdentity::new(channel("pages"), &identity)],
        ..Contact::new(contact_id(number), time(number))
    }
}

/// An interaction of a contact, queued.
pub fn interaction(number: u64, contact: u64) -> Interaction {
    Interaction {
        id: interaction_id(number),
        contact: contact_id(contact),
        participants: Vec::new(),
        channel: channel("pages"),
        thread: format!("thread-{contact}"),
        visibility: Visibility::Private,
        media_type: MediaType::SocialDirectMessage,
        queue: queue("support"),
        skills: Vec::new(),
        priority: 0,
        state: InteractionState::Queued,
        legs: std::collections::BTreeMap::new(),
        created_at: time(number),
        answered_at: None,
        ended_at: None,
        last_agent: None,
        last_inbound_at: None,
        last_outbound_at: None,
        inbound_count: 0,
        timers: Vec::new(),
        moved_by_rules: 0,
        outbound_count: 0,
        last_message: None,
        waiting_since: None,
        marks: linecard_model::desk::Marks::default(),
    }
}

/// A customer's message in an interaction, with the network's id `mid-{number}`.
pub fn message(number: u64, contact: u64, interaction: u64) -> Message {
    Message {
        id: message_id(number),
        contact: contact_id(contact),
        interaction: interaction_id(interaction),
        channel: channel("pages"),
        thread: format!("thread-{contact}"),
        visibility: Visibility::Private,
        author: MessageAuthor::Contact,
        posted_by: None,
        at: time(number),
        content: Content {
            text: Some(format!("This is message {number}.")),
            ..Content::default()
        },
        state: MessageState::Received,
        platform_ids: vec![format!("mid-{number}")],
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
        raw: String::new(),
    }
}

/// An agent's answer in an interaction, accepted and not sent yet.
pub fn answer(number: u64, contact: u64, interaction: u64) -> Message {
    Message {
        author: MessageAuthor::Agent {
            agent: agent("ann"),
        },
        state: MessageState::Accepted,
        platform_ids: Vec::new(),
        ..message(number, contact, interaction)
    }
}
