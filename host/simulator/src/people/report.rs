//! What a population did and got, for reconciliation with the hub.

use serde::Serialize;

use crate::customers::{Customers, Turn};
use crate::delivery::Delivery;

/// The part of a conversation that a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The first words.
    Opening,
    /// An answer to an agent.
    FollowUp,
    /// The last words.
    Thanks,
}

/// A message that a person wrote.
#[derive(Debug, Clone, Serialize)]
pub struct SaidMessage {
    /// Unique among all messages of the population; it is not in the text.
    pub reference: String,
    /// The part of the conversation.
    pub stage: Stage,
    /// What was written.
    pub text: String,
    /// The customer, the platform's message id, and whether the hub acknowledged it.
    pub delivery: Delivery,
}

/// How a person's visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It has not ended.
    StillThere,
    /// With thanks.
    Thanked,
    /// With an answer, and without another word.
    Silent,
    /// Without the answer that the person waited for.
    GaveUp,
}

/// One person's visit.
#[derive(Debug, Clone, Serialize)]
pub struct Person {
    /// The platform's id.
    pub id: String,
    /// First and last name.
    pub name: String,
    /// The language, such as `de_DE`.
    pub locale: String,
    /// What the hub delivered to the person, in order.
    pub answers: Vec<Turn>,
    /// References of answers that came more than once.
    pub duplicates: Vec<String>,
    /// How it ended.
    pub ending: Ending,
}

impl Person {
    /// Takes over what the person's conversation holds now.
    pub(super) fn look(&mut self, customers: &Customers) {
        if let Some(customer) = customers.get(&self.id) {
            self.answers = customer.delivered().cloned().collect();
            self.duplicates = customer.duplicates();
        }
    }
}

/// What a population did and got.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Everybody who came, in the order of arrival.
    pub people: Vec<Person>,
    /// Everything that was written, in the order in which its delivery ended.
    pub messages: Vec<SaidMessage>,
}

impl Report {
    /// The platform ids of the messages that the hub acknowledged: each of them must be in the
    /// hub's history exactly once.
    pub fn acknowledged(&self) -> Vec<&str> {
        self.by_acknowledgement(true)
    }

    /// The platform ids of the messages that the hub never acknowledged: it may have them or not.
    pub fn unacknowledged(&self) -> Vec<&str> {
        self.by_acknowledgement(false)
    }

    /// How many people ended like this.
    pub fn ended(&self, ending: Ending) -> usize {
        self.people
            .iter()
            .filter(|person| person.ending == ending)
            .count()
    }

    /// Answers that people got in all.
    pub fn answers(&self) -> usize {
        self.people.iter().map(|person| person.answers.len()).sum()
    }

    /// Answers that came more than once, as customer and reference.
    pub fn duplicates(&self) -> Vec<(&str, &str)> {
        self.people
            .iter()
            .flat_map(|person| {
                person
                    .duplicates
                    .iter()
                    .map(|reference| (person.id.as_str(), reference.as_str()))
            })
            .collect()
    }

    fn by_acknowledgement(&self, acknowledged: bool) -> Vec<&str> {
        self.messages
            .iter()
            .filter(|message| message.delivery.acknowledged == acknowledged)
            .map(|message| message.delivery.message_id.as_str())
            .collect()
    }
}
