//! Service policies: within what time a customer is to be answered, and their matter to be settled.
//!
//! A policy's clocks run while the interaction's queue is open. They stand still while the interaction is
//! parked for the customer's turn, and when its conversation is over and the agent wraps up.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::state::MediaType;
use crate::desk::Attribute;
use crate::{QueueId, ServicePolicyId};

/// What is measured.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceClock {
    /// From the interaction's beginning to the company's first answer.
    FirstAnswer,
    /// From the first message of the customer after an answer to the next answer.
    NextAnswer,
    /// From the interaction's beginning to the end of its conversation.
    Resolution,
}

impl ServiceClock {
    /// Every clock, in order.
    pub const ALL: [Self; 3] = [Self::FirstAnswer, Self::NextAnswer, Self::Resolution];
}

impl fmt::Display for ServiceClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FirstAnswer => "first-answer",
            Self::NextAnswer => "next-answer",
            Self::Resolution => "resolution",
        })
    }
}

/// The times of a policy. Running interactions keep the ones that they were promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServicePromise {
    /// The policy.
    pub policy: ServicePolicyId,
    /// Within how many seconds of open time the customer gets the first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_answer_seconds: Option<u32>,
    /// Within how many seconds of open time the customer gets each further answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_answer_seconds: Option<u32>,
    /// Within how many seconds of open time the conversation is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution_seconds: Option<u32>,
    /// After how many percent of a time comes the warning.
    pub warn_percent: u8,
    /// By how many minutes the warning moves the interaction ahead in its queue.
    #[serde(default)]
    pub raise_priority: i32,
}

impl ServicePromise {
    /// The time of a clock, in seconds. None: the policy has none for it.
    pub fn target(&self, clock: ServiceClock) -> Option<u32> {
        match clock {
            ServiceClock::FirstAnswer => self.first_answer_seconds,
            ServiceClock::NextAnswer => self.next_answer_seconds,
            ServiceClock::Resolution => self.resolution_seconds,
        }
    }
}

/// A service policy: for which interactions it holds, and its times. What is left out of the conditions
/// holds for all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServicePolicy {
    /// The policy's name.
    pub policy: ServicePolicyId,
    /// In these queues.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub queues: BTreeSet<QueueId>,
    /// Of these media types.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub media_types: BTreeSet<MediaType>,
    /// With any of these labels.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// With all of these attributes, of the interaction or of its contact: as people read them, such as
    /// `gold`, `true` or `2026-12-24`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Of this priority or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_priority: Option<i32>,
    /// Within how many seconds of open time the customer gets the first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub first_answer_seconds: Option<u32>,
    /// Within how many seconds of open time the customer gets each further answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub next_answer_seconds: Option<u32>,
    /// Within how many seconds of open time the conversation is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub resolution_seconds: Option<u32>,
    /// After how many percent of a time comes the warning, 1 to 100. Default 80.
    #[serde(default = "warn_percent")]
    #[schema(minimum = 1, maximum = 100)]
    pub warn_percent: u8,
    /// By how many minutes the warning moves the interaction ahead in its queue. Default 0.
    #[serde(default)]
    pub raise_priority: i32,
}

fn warn_percent() -> u8 {
    80
}

/// What policies ask of an interaction.
#[derive(Debug, Clone, Copy)]
pub struct ServiceFacts<'a> {
    /// Its queue.
    pub queue: &'a QueueId,
    /// What kind of work it is.
    pub media_type: MediaType,
    /// Its priority.
    pub priority: i32,
    /// Its labels.
    pub labels: &'a BTreeSet<String>,
    /// Its attributes.
    pub attributes: &'a BTreeMap<String, Attribute>,
    /// The attributes of its contact.
    pub of_contact: &'a BTreeMap<String, Attribute>,
}

impl ServicePolicy {
    /// What an interaction for which it holds is promised.
    pub fn promise(&self) -> ServicePromise {
        ServicePromise {
            policy: self.policy.clone(),
            first_answer_seconds: self.first_answer_seconds,
            next_answer_seconds: self.next_answer_seconds,
            resolution_seconds: self.resolution_seconds,
            warn_percent: self.warn_percent,
            raise_priority: self.raise_priority,
        }
    }

    /// Whether it holds for an interaction.
    pub fn holds_for(&self, facts: &ServiceFacts<'_>) -> bool {
        (self.queues.is_empty() || self.queues.contains(facts.queue))
            && (self.media_types.is_empty() || self.media_types.contains(&facts.media_type))
            && (self.labels.is_empty() || !self.labels.is_disjoint(facts.labels))
            && self.attributes.iter().all(|(name, value)| {
                // What is told of the interaction itself comes before what is told of the person.
                let known = facts.attributes.get(name);
                let known = known.or_else(|| facts.of_contact.get(name));
                known.is_some_and(|known| known.to_string() == *value)
            })
            && self
                .min_priority
                .is_none_or(|least| facts.priority >= least)
    }
}
