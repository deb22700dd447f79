//! How much work an agent may have. Two models, and both must allow it: **slots** (so many of a media
//! type) and **percent** (each interaction takes a share, and the work in hand and the new one take 100
//! together at most). Each value is set for the agent, else for the queue, else for the site.

use std::collections::BTreeMap;

use linecard_model::routing::{MediaType, RoutingSettings};
use linecard_model::{AgentId, QueueId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault;
use crate::state::{Agent, State};

/// Slots where only percent limit a media type.
pub(crate) const UNLIMITED: u16 = u16::MAX;

/// Where a limit was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SetBy {
    /// Nowhere: it is what it is when nobody sets it.
    Default,
    /// For the whole site.
    Site,
    /// For the queue.
    Queue,
    /// For the agent.
    Agent,
}

/// An agent's limits for a media type, in work of one queue, and where each was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub slots: u16,
    pub slots_by: SetBy,
    pub percent: u8,
    pub percent_by: SetBy,
}

/// What is set for a media type: for the agent, else for the queue, else for the site.
fn inherited<'a, T>(
    of_agent: &'a BTreeMap<MediaType, T>,
    of_queue: Option<&'a BTreeMap<MediaType, T>>,
    of_site: &'a BTreeMap<MediaType, T>,
    media_type: MediaType,
) -> Option<(&'a T, SetBy)> {
    of_agent
        .get(&media_type)
        .map(|value| (value, SetBy::Agent))
        .or_else(|| Some((of_queue?.get(&media_type)?, SetBy::Queue)))
        .or_else(|| Some((of_site.get(&media_type)?, SetBy::Site)))
}

impl State {
    /// How much of a media type an agent may have from a queue; of work without a queue, as the site says.
    pub fn limits(&self, agent: &Agent, queue: Option<&QueueId>, media_type: MediaType) -> Limits {
        let queue = queue
            .filter(|_| !fault::is_on("queues-set-no-limits"))
            .and_then(|id| self.queues.get(id))
            .map(|queue| &queue.settings);
        let slots = inherited(
            &agent.settings.slots,
            queue.map(|queue| &queue.slots),
            &self.settings.slots,
            media_type,
        );
        let percent = inherited(
            &agent.settings.percent,
            queue.map(|queue| &queue.percent),
            &self.settings.percent,
            media_type,
        );
        let (slots, slots_by) = match (slots, percent) {
            (Some((slots, by)), _) => (*slots, by),
            (None, Some(_)) => (UNLIMITED, SetBy::Default),
            (None, None) => (RoutingSettings::builtin_slots(media_type), SetBy::Default),
        };
        let (percent, percent_by) =
            percent.map_or((0, SetBy::Default), |(percent, by)| (*percent, by));
        Limits {
            slots,
            slots_by,
            percent,
            percent_by,
        }
    }

    /// Whether an agent's work of one media type from a queue may be interrupted by work of another.
    pub fn may_interrupt(
        &self,
        agent: &Agent,
        queue: Option<&QueueId>,
        in_hand: MediaType,
        new: MediaType,
    ) -> bool {
        let queue = queue
            .and_then(|id| self.queues.get(id))
            .map(|queue| &queue.settings.interruptible_by);
        inherited(
            &agent.settings.interruptible_by,
            queue,
            &self.settings.interruptible_by,
            in_hand,
        )
        .is_some_and(|(types, _)| types.contains(&new) && !fault::is_on("nothing-interrupts"))
    }

    /// Whether an agent may get work of a media type at all: by their own right or their station's, and
    /// because there is a slot for it.
    pub fn entitles(&self, agent: &Agent, queue: &QueueId, media_type: MediaType) -> bool {
        self.is_entitled(agent, media_type) && self.limits(agent, Some(queue), media_type).slots > 0
    }

    /// Whether an agent has a media type by their own right or their station's.
    pub fn is_entitled(&self, agent: &Agent, media_type: MediaType) -> bool {
        let Some(own) = &agent.settings.media_types else {
            return true;
        };
        if fault::is_on("entitlement-ignored") {
            return true;
        }
        own.contains(&media_type)
            || agent.station.as_ref().is_some_and(|at| {
                let mut stations = self.settings.stations.iter();
                stations
                    .any(|station| station.id == *at && station.media_types.contains(&media_type))
            })
    }

    /// Whether an agent who has this in hand may have one more from a queue. Work that comes back, or to
    /// the last agent, may exceed the limits by the site's `over_limit`.
    pub fn has_room(
        &self,
        agent: &Agent,
        queue: &QueueId,
        media_type: MediaType,
        load: Load,
        over_limit: bool,
    ) -> bool {
        let limits = self.limits(agent, Some(queue), media_type);
        if limits.slots == 0 {
            return false;
        }
        let over = if over_limit || fault::is_on("hard-limit-for-all") {
            u32::from(self.settings.over_limit)
        } else {
            0
        };
        let percent = u32::from(limits.percent);
        let slots = u32::from(limits.slots).saturating_add(over);
        let slots = slots + u32::from(fault::is_on("one-slot-more"));
        load.used < slots
            && (load.percent + percent <= 100 + over * percent || fault::is_on("percent-ignored"))
    }

    /// How many of a media type an agent without other work may have.
    pub fn room_for(&self, agent: &Agent, queue: &QueueId, media_type: MediaType) -> u64 {
        if !self.is_entitled(agent, media_type) {
            return 0;
        }
        let limits = self.limits(agent, Some(queue), media_type);
        let by_percent = 100_u64.checked_div(u64::from(limits.percent));
        let by_percent = by_percent.unwrap_or(u64::MAX);
        by_percent.min(u64::from(limits.slots))
    }

    /// The agent by name, unless they are no longer set up.
    pub fn known_agent(&self, id: &AgentId) -> Option<&Agent> {
        self.agents.get(id).filter(|agent| !agent.removed)
    }
}

/// What an agent has in hand, as it counts against new work of one media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    /// Slots of this type in use.
    pub used: u32,
    /// Percent in use, without what this type may interrupt.
    pub percent: u32,
}
