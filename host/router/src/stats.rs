//! The figures of queues and agents.

use std::collections::{BTreeMap, BTreeSet};

use linecard_model::routing::{MediaType, Presence, QueueSettings, ServiceClock};
use linecard_model::{AgentId, QueueId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Router;
use crate::capacity::{SetBy, UNLIMITED};
use crate::counters::{QueueCounters, millis_between, ratio};

/// The figures of one media type of one queue, counted since [`QueueStats::since`].
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QueueStats {
    /// The queue.
    pub queue: QueueId,
    /// The media type.
    pub media_type: MediaType,
    /// Since when the figures count. Absent: nothing has happened yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// How many wait now.
    pub waiting: usize,
    /// For how long the oldest of them has waited, in seconds. Absent: none waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_wait_seconds: Option<u64>,
    /// What was counted.
    #[serde(flatten)]
    pub figures: QueueFigures,
}

/// What is counted for one media type of one queue in some time.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QueueFigures {
    /// Interactions that entered the queue.
    pub offered: u64,
    /// Interactions that the company began by writing first; they are neither offered nor answered.
    pub begun: u64,
    /// Offers made to agents.
    pub offers: u64,
    /// Interactions that an agent accepted; each once.
    pub answered: u64,
    /// Of these, the ones answered within the service level's target.
    pub answered_in_target: u64,
    /// Interactions that the customer took back, or whose reply window closed, before anybody
    /// answered.
    pub abandoned: u64,
    /// Of these, the ones too short to count against the service level.
    pub short_abandoned: u64,
    /// Interactions that ended unanswered for another reason.
    pub withdrawn: u64,
    /// Returns to the queue, after whatever kind of offer or handling.
    pub requeued: u64,
    /// Offers that were declined.
    pub declined: u64,
    /// Offers that were not answered.
    pub rona: u64,
    /// Interactions that an agent brought to their end.
    pub handled: u64,
    /// Interactions that were parked, each as often as it was.
    pub parked: u64,
    /// Interactions that came by transfer, also from the same queue to one agent, group or other skills.
    pub transferred_in: u64,
    /// Interactions that were given on.
    pub transferred_out: u64,
    /// Interactions that a consultant got from their owner, or that somebody took over.
    pub taken_over: u64,
    /// Interactions that came by overflow from another queue.
    pub flowed_in: u64,
    /// Interactions that went over to another queue.
    pub flowed_out: u64,
    /// Offers to consultants.
    pub consults: u64,
    /// Within how many seconds an interaction is to be answered.
    pub target_seconds: u32,
    /// Answered in target ÷ (answered + abandoned, short ones left out), 0 to 1. Absent: nothing
    /// to divide by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_level: Option<f64>,
    /// The mean wait of the answered, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_speed_of_answer_seconds: Option<f64>,
    /// The mean time from accepting to the end of wrap-up, in seconds, per handled interaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_handle_seconds: Option<f64>,
    /// The part of it before wrap-up and not on hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_interact_seconds: Option<f64>,
    /// The part of it on hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_hold_seconds: Option<f64>,
    /// The part of it in wrap-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_wrap_up_seconds: Option<f64>,
    /// How often the times of service policies were kept. Empty: there were none to keep.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service: Vec<TimesKept>,
}

/// How often a time of service policies was kept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TimesKept {
    /// What was to happen in time.
    pub clock: ServiceClock,
    /// How often it did.
    pub kept: u64,
    /// How often the time was over before.
    pub broken: u64,
    /// Kept ÷ (kept + broken), 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

/// The capacity of one agent for one media type: the most that any of the agent's queues allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct SlotUse {
    /// Slots in use, including offers, consultations, wrap-up and work that is done elsewhere.
    pub used: u32,
    /// Slots there are. Absent: only percent limit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Where that was set.
    pub limit_by: SetBy,
    /// Percent of the agent's capacity in use, without what work of this type may interrupt.
    pub percent_used: u32,
    /// Percent that one more takes. 0: only slots limit it.
    pub percent: u32,
    /// Where that was set.
    pub percent_by: SetBy,
    /// Whether the agent may get it at all, by their own right or their station's.
    pub entitled: bool,
}

/// The figures of one agent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AgentStats {
    /// The agent.
    pub agent: AgentId,
    /// Whether the agent takes work.
    pub presence: Presence,
    /// Since when. Absent: always so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Since when the agent's desktop is gone. Absent: it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desktop_lost_since: Option<Timestamp>,
    /// Slots by media type.
    pub slots: BTreeMap<MediaType, SlotUse>,
    /// Interactions that alert, are connected, held, or in wrap-up now, or ask for advice.
    pub in_hand: usize,
    /// Interactions that the agent has parked.
    pub parked: usize,
    /// Work that is done elsewhere.
    pub external: usize,
    /// Offers made to the agent.
    pub offers: u64,
    /// Offers that the agent accepted.
    pub answered: u64,
    /// Interactions that the agent began by writing first.
    pub begun: u64,
    /// Offers that the agent declined.
    pub declined: u64,
    /// Offers that the agent did not answer.
    pub rona: u64,
    /// Interactions that the agent brought to their end.
    pub handled: u64,
    /// Interactions that the agent had and somebody else got.
    pub transferred: u64,
    /// Consultations that the agent accepted.
    pub consulted: u64,
    /// The mean time from accepting to the end of wrap-up, or to giving it on, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_handle_seconds: Option<f64>,
    /// Time with accepted work in hand ÷ time with accepted work in hand or ready for it, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occupancy: Option<f64>,
}

/// How many interactions are where. `entered` is always the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Census {
    /// Interactions that ever entered.
    pub entered: u64,
    /// Interactions that wait.
    pub queued: u64,
    /// Interactions that alert at an agent.
    pub offered: u64,
    /// Interactions that an agent works on.
    pub connected: u64,
    /// Interactions that an agent has put aside for a moment.
    pub held: u64,
    /// Interactions that are parked.
    pub parked: u64,
    /// Interactions in wrap-up.
    pub wrap_up: u64,
    /// Interactions that have ended.
    pub ended: u64,
}

impl Router {
    /// The figures of a queue, by media type. Empty: there is no such queue, or nothing has
    /// happened in it.
    pub fn queue_stats(&self, at: Timestamp, id: &QueueId) -> Vec<QueueStats> {
        let at = self.clock(at);
        let Some(queue) = self.state.queues.get(id) else {
            return Vec::new();
        };
        queue
            .counters
            .iter()
            .map(|(media_type, counters)| {
                let ages = self.index.ages.get(&(id.clone(), *media_type));
                let oldest = ages
                    .and_then(|ages| ages.first())
                    .and_then(|(_, _, id)| self.state.work.get(id));
                QueueStats {
                    queue: id.clone(),
                    media_type: *media_type,
                    since: self.state.counted_since,
                    waiting: ages.map_or(0, BTreeSet::len),
                    longest_wait_seconds: oldest
                        .map(|work| millis_between(work.entered, at) / 1000),
                    figures: counters.figures(&queue.settings, *media_type),
                }
            })
            .collect()
    }

    /// The figures of an agent. None: there is no such agent.
    pub fn agent_stats(&self, at: Timestamp, id: &AgentId) -> Option<AgentStats> {
        let agent = self.agent(id)?;
        let queues: Vec<&QueueId> = self
            .state
            .queues
            .iter()
            .filter(|(_, queue)| queue.members.contains(id))
            .map(|(queue, _)| queue)
            .collect();
        let mut counters = agent.counters.clone();
        counters.account(self.clock(at), &agent.presence, self.index.is_busy(id));
        Some(AgentStats {
            agent: id.clone(),
            presence: agent.presence.clone(),
            since: agent.since,
            desktop_lost_since: agent.away.as_ref().map(|away| away.since),
            slots: MediaType::ALL
                .into_iter()
                .map(|media_type| {
                    let of_queues = queues
                        .iter()
                        .map(|queue| self.state.limits(agent, Some(queue), media_type));
                    let limits = of_queues
                        .max_by_key(|limits| limits.slots)
                        .unwrap_or_else(|| self.state.limits(agent, None, media_type));
                    let load = self.index.load(id, media_type);
                    let slots = SlotUse {
                        used: load.used,
                        limit: (limits.slots != UNLIMITED).then(|| u32::from(limits.slots)),
                        limit_by: limits.slots_by,
                        percent_used: load.percent,
                        percent: u32::from(limits.percent),
                        percent_by: limits.percent_by,
                        entitled: self.state.is_entitled(agent, media_type),
                    };
                    (media_type, slots)
                })
                .collect(),
            in_hand: self.index.work_of(id).count(),
            parked: self.index.parked.get(id).map_or(0, BTreeSet::len),
            external: agent.external.len(),
            offers: counters.offers,
            answered: counters.answered,
            begun: counters.begun,
            declined: counters.declined,
            rona: counters.rona,
            handled: counters.handled,
            transferred: counters.transferred,
            consulted: counters.consulted,
            average_handle_seconds: mean_seconds(
                counters.handle_time,
                counters.handled + counters.transferred,
            ),
            occupancy: ratio(counters.busy_time, counters.staffed_time),
        })
    }

    /// How many interactions are where.
    pub fn census(&self) -> Census {
        let stages = &self.index.stages;
        Census {
            entered: self.state.arrivals,
            queued: stages.queued,
            offered: stages.offered,
            connected: stages.connected,
            held: stages.held,
            parked: stages.parked,
            wrap_up: stages.wrap_up,
            ended: self.state.ended,
        }
    }
}

impl QueueCounters {
    /// What has been counted, as people read it.
    pub fn figures(&self, settings: &QueueSettings, media_type: MediaType) -> QueueFigures {
        let handle_time = self.interact_time + self.hold_time + self.wrap_up_time;
        QueueFigures {
            offered: self.entered,
            begun: self.begun,
            offers: self.offers,
            answered: self.answered,
            answered_in_target: self.answered_in_target,
            abandoned: self.abandoned,
            short_abandoned: self.short_abandoned,
            withdrawn: self.withdrawn,
            requeued: self.requeued,
            declined: self.declined,
            rona: self.rona,
            handled: self.handled,
            parked: self.parked,
            transferred_in: self.transferred_in,
            transferred_out: self.transferred_out,
            taken_over: self.taken_over,
            flowed_in: self.flowed_in,
            flowed_out: self.flowed_out,
            consults: self.consults,
            target_seconds: settings.service_level(media_type),
            service_level: self.service_level(settings),
            average_speed_of_answer_seconds: mean_seconds(self.answer_wait, self.answered),
            average_handle_seconds: mean_seconds(handle_time, self.handled),
            average_interact_seconds: mean_seconds(self.interact_time, self.handled),
            average_hold_seconds: mean_seconds(self.hold_time, self.handled),
            average_wrap_up_seconds: mean_seconds(self.wrap_up_time, self.handled),
            service: self
                .service
                .iter()
                .map(|(clock, times)| TimesKept {
                    clock: *clock,
                    kept: times.kept,
                    broken: times.broken,
                    share: ratio(times.kept, times.kept + times.broken),
                })
                .collect(),
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn mean_seconds(millis: u64, count: u64) -> Option<f64> {
    (count > 0).then(|| millis as f64 / count as f64 / 1000.0)
}
