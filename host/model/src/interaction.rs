//! The unit that is routed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::desk::{LastMessage, Marks};
use crate::manifest::Visibility;
use crate::platform::Author;
use crate::routing::{InteractionState, Leg, MediaType, RequiredSkill};
use crate::rule::RuleTimer;
use crate::{AgentId, ChannelId, ContactId, InteractionId, QueueId, Timestamp};

/// What a customer wants of the company, from the first message until a disposition code closes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    /// The interaction.
    pub id: InteractionId,
    /// The customer: the first author, or, where a channel keeps one contact for a whole post, the
    /// post's author.
    pub contact: ContactId,
    /// Who takes part beside the customer, in the order in which they joined: the commentators of a
    /// post, for example. At most [`Interaction::MOST_PARTICIPANTS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<Participant>,
    /// The channel.
    pub channel: ChannelId,
    /// The network's key of the conversation.
    pub thread: String,
    /// Who can read it.
    pub visibility: Visibility,
    /// The kind of work that it is.
    pub media_type: MediaType,
    /// The queue.
    pub queue: QueueId,
    /// The skills that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<RequiredSkill>,
    /// Minutes by which it is ahead in its queue (or, negative, behind).
    #[serde(default)]
    pub priority: i32,
    /// Where it is on its way.
    pub state: InteractionState,
    /// Who takes part beside the owner.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub legs: BTreeMap<crate::AgentId, Leg>,
    /// When it began.
    pub created_at: Timestamp,
    /// When an agent first accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Who had it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_agent: Option<AgentId>,
    /// When the customer last wrote, by the network's clock: reply windows count from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_inbound_at: Option<Timestamp>,
    /// When the company last wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_outbound_at: Option<Timestamp>,
    /// How many messages the customer wrote.
    #[serde(default)]
    pub inbound_count: u32,
    /// How many messages the company wrote.
    #[serde(default)]
    pub outbound_count: u32,
    /// What a list shows of its newest message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<LastMessage>,
    /// Since when the customer waits for an answer: the first message after the company's last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// What agents put to it.
    #[serde(default, skip_serializing_if = "Marks::is_empty")]
    pub marks: Marks,
    /// When rules look at it again. At most [`RuleTimer::MOST`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timers: Vec<RuleTimer>,
    /// How often rules have led it to another queue since an agent last had it.
    #[serde(default)]
    pub moved_by_rules: u32,
}

/// Somebody who takes part in an interaction beside its customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// The contact under which their messages are kept.
    pub contact: ContactId,
    /// Who they are on the network, if the contact is not their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
}

impl Interaction {
    /// How many may join one interaction. It is one unit of work for one agent; what comes beyond
    /// makes another one.
    pub const MOST_PARTICIPANTS: usize = 100;

    /// The contacts under which its messages are kept: the customer first, each once.
    pub fn contacts(&self) -> Vec<ContactId> {
        let mut contacts = vec![self.contact];
        for participant in &self.participants {
            if !contacts.contains(&participant.contact) {
                contacts.push(participant.contact);
            }
        }
        contacts
    }

    /// Whether messages of it are kept under a contact.
    pub fn involves(&self, contact: ContactId) -> bool {
        self.contact == contact || self.participants.iter().any(|p| p.contact == contact)
    }

    /// Whether somebody takes part in it: as owner, also of one that is parked, or beside the owner.
    pub fn has_part(&self, agent: &AgentId) -> bool {
        self.state.holder() == Some(agent) || self.legs.contains_key(agent)
    }

    /// How many of the customer's messages an agent has not read.
    pub fn unread(&self, agent: &AgentId) -> u32 {
        let read = self.marks.reads.get(agent).map_or(0, |mark| mark.inbound);
        self.inbound_count.saturating_sub(read)
    }

    /// Whether it is not over.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, InteractionState::Ended { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interaction_of_one_customer_is_read_as_it_was_kept_before_there_were_participants() {
        let kept = serde_json::json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057",
            "contact": "01890a5d-ac96-774b-bcce-b302099a8058",
            "channel": "page",
            "thread": "t",
            "visibility": "public",
            "media_type": "social-conversation",
            "queue": "care",
            "state": {"state": "queued"},
            "created_at": "2026-01-01T00:00:00Z",
        });
        let interaction: Interaction = serde_json::from_value(kept.clone()).unwrap();
        assert_eq!(interaction.contacts(), [interaction.contact]);
        assert!(interaction.involves(interaction.contact));
        // And nothing is written for what is not there.
        let written = serde_json::to_value(&interaction).unwrap();
        assert!(written.get("participants").is_none(), "{written}");
    }

    #[test]
    fn each_contact_is_named_once() {
        let (one, other) = (ContactId::generate(), ContactId::generate());
        let participant = |contact| Participant {
            contact,
            author: None,
        };
        let interaction = Interaction {
            id: InteractionId::generate(),
            contact: one,
            participants: vec![participant(one), participant(other), participant(other)],
            channel: ChannelId::new("page").unwrap(),
            thread: "t".to_owned(),
            visibility: Visibility::Public,
            media_type: MediaType::SocialConversation,
            queue: QueueId::new("care").unwrap(),
            skills: Vec::new(),
            priority: 0,
            state: InteractionState::Queued,
            legs: BTreeMap::new(),
            created_at: Timestamp::UNIX_EPOCH,
            answered_at: None,
            ended_at: None,
            last_agent: None,
            last_inbound_at: None,
            last_outbound_at: None,
            inbound_count: 0,
            outbound_count: 0,
            last_message: None,
            waiting_since: None,
            marks: Marks::default(),
            timers: Vec::new(),
            moved_by_rules: 0,
        };
        assert_eq!(interaction.contacts(), [one, other]);
        assert!(!interaction.involves(ContactId::generate()));
    }
}
