//! What was counted in each quarter of an hour, so that a report of any hours is a sum.

use std::collections::BTreeMap;

use linecard_model::routing::{MediaType, QueueSettings};
use linecard_model::{QueueId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Router;
use crate::counters::QueueCounters;
use crate::stats::QueueFigures;

/// How long an interval is, in milliseconds.
const LENGTH: i64 = 15 * 60 * 1000;
/// How many are kept: those of a day. Reports of longer times are made from the journal.
const KEPT: i64 = 96;

/// The intervals of a queue in which anything happened, by their beginnings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Intervals(BTreeMap<Timestamp, BTreeMap<MediaType, QueueCounters>>);

impl Intervals {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is counted at a moment. What is older than a day is forgotten.
    pub fn at(&mut self, at: Timestamp, media_type: MediaType) -> &mut QueueCounters {
        let start = start_of(at);
        if !self.0.contains_key(&start) {
            let oldest = start.as_millisecond() - (KEPT - 1) * LENGTH;
            let oldest = Timestamp::from_millisecond(oldest).unwrap_or(Timestamp::MIN);
            self.0 = self.0.split_off(&oldest);
        }
        let counters = self.0.entry(start).or_default();
        counters.entry(media_type).or_default()
    }
}

fn start_of(at: Timestamp) -> Timestamp {
    let millis = at.as_millisecond();
    Timestamp::from_millisecond(millis - millis.rem_euclid(LENGTH)).unwrap_or(at)
}

/// What was counted in a quarter of an hour for one media type of one queue.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct IntervalStats {
    /// When it began: the quarters of an hour of UTC.
    pub start: Timestamp,
    /// The queue.
    pub queue: QueueId,
    /// The media type.
    pub media_type: MediaType,
    /// The figures.
    #[serde(flatten)]
    pub figures: QueueFigures,
}

impl Router {
    /// What was counted in the intervals of a queue that began at a moment or later, the oldest first; at
    /// most a day. Intervals in which nothing happened are left out.
    pub fn intervals(
        &self,
        queue: &QueueId,
        from: Timestamp,
    ) -> impl Iterator<Item = IntervalStats> + '_ {
        let known = self.state.queues.get(queue);
        let queue = queue.clone();
        known.into_iter().flat_map(move |known| {
            let settings: &QueueSettings = &known.settings;
            let queue = queue.clone();
            known
                .intervals
                .0
                .range(start_of(from)..)
                .flat_map(move |(start, of)| {
                    let queue = queue.clone();
                    of.iter().map(move |(media_type, counters)| IntervalStats {
                        start: *start,
                        queue: queue.clone(),
                        media_type: *media_type,
                        figures: counters.figures(settings, *media_type),
                    })
                })
        })
    }
}
