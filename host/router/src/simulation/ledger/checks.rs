//! What must hold after every command.

use std::time::Duration;

use linecard_model::Timestamp;
use linecard_model::routing::{InteractionState, NoAnswerRule, OfferOutcome, RoutingEvent};

use super::Ledger;
use crate::{Census, Router};

impl Ledger {
    /// How many are where, counted one by one.
    fn census(&self) -> Census {
        let count = |name| {
            let states = self.entries.values().map(|entry| entry.state.name());
            states.filter(|state| *state == name).count() as u64
        };
        Census {
            entered: self.entered,
            queued: count("queued"),
            offered: count("offered"),
            connected: count("connected"),
            held: count("held"),
            parked: count("parked"),
            wrap_up: count("wrap-up"),
            ended: self.ended,
        }
    }

    /// Nothing has disappeared, and the router sees everything as it is here.
    pub fn agrees_with(&self, router: &Router, at: Timestamp) {
        let census = router.census();
        assert_eq!(census, self.census());
        let under_way = census.connected + census.held + census.parked + census.wrap_up;
        assert_eq!(
            census.entered,
            census.queued + census.offered + under_way + census.ended
        );
        assert_eq!(router.interactions().count(), self.entries.len());
        for (id, work) in router.interactions() {
            let entry = &self.entries[&id];
            assert_eq!(work.state, entry.state);
            assert_eq!(work.entered, entry.entered, "its time in queue restarted");
            assert_eq!(work.queue, entry.queue);
            assert_eq!(usize::from(work.step), entry.step);
            assert!(work.excluded.keys().eq(entry.excluded.keys()));
            let legs = work.legs.iter().map(|(agent, leg)| {
                let offer = leg.offer.as_ref().map(|offer| offer.id);
                (agent.clone(), (leg.role, offer))
            });
            assert!(legs.eq(entry.legs.clone()));
            assert!(
                entry.legs.is_empty() || entry.state.talking().is_some(),
                "somebody takes part in what nobody has"
            );
            match &entry.state {
                InteractionState::Offered { deadline, .. }
                | InteractionState::WrapUp {
                    deadline: Some(deadline),
                    ..
                } => assert!(*deadline > at),
                InteractionState::Parked { until, .. } => assert!(*until > at),
                _ => {}
            }
        }
        for (id, person) in &self.agents {
            let known = router.agent(id).unwrap();
            assert_eq!(known.presence, person.presence);
            assert_eq!(known.away.is_none(), person.desktop);
            assert_eq!(known.station, person.station);
            let external = known.external.iter();
            let external = external.map(|(name, work)| (name, (work.media_type, work.until)));
            assert!(external.eq(person.external.iter().map(|(name, work)| (name, *work))));
            assert!(person.external.values().all(|(_, until)| *until > at));
        }
        assert_eq!(self.raise, None);
        self.measures_agree(router, at);
        for queue in self.queues.keys() {
            assert_eq!(router.is_closed(queue), self.closed.contains(queue));
            let waiting = router.waiting(queue);
            assert!(waiting.is_sorted_by_key(|id| self.line(&self.entries[id])));
            assert_eq!(router.is_paused(queue), self.paused.contains(queue));
        }
    }

    /// Whoever let an offer ring out is taken for absent, if the site wants that.
    pub fn absent_are_away(&self, events: &[RoutingEvent]) {
        for event in events {
            if let RoutingEvent::OfferEnded {
                agent,
                outcome: OfferOutcome::NoAnswer,
                ..
            } = event
                && self.settings.no_answer != NoAnswerRule::StayReady
                && let Some(person) = self.agents.get(agent)
            {
                assert!(!person.presence.is_ready(), "{agent} did not answer");
            }
        }
    }

    /// Nothing waits that somebody could take, or that could move on; and of what waits the router can
    /// say for every member what is in the way.
    pub fn no_work_is_left_lying(&self, router: &Router, at: Timestamp) {
        let held = self.held();
        for (id, entry) in &self.entries {
            if entry.state != InteractionState::Queued {
                continue;
            }
            for rule in &self.queues[&entry.queue].overflow {
                let is_over = rule.after_seconds.is_some_and(|seconds| {
                    entry.entered + Duration::from_secs(u64::from(seconds)) <= at
                });
                let can = rule.to != entry.queue
                    && !entry.overflowed.contains(&rule.to)
                    && self.settings.queues.iter().any(|queue| queue.id == rule.to);
                assert!(!(is_over && can), "{id} waits too long");
            }
            if entry.step + 1 < entry.step_count() {
                let goes_on = entry.step_until.is_none_or(|until| until > at);
                assert!(goes_on, "{id} stays in its step");
                let worth_it = self.agents.iter().any(|(agent, person)| {
                    person.presence.is_ready()
                        && person.desktop
                        && self.names(agent, entry, entry.step)
                        && !entry.excluded.contains_key(agent)
                        && self.is_entitled(agent, entry.media_type)
                        && self.slots(agent, Some(&entry.queue), entry.media_type) != Some(0)
                });
                assert!(worth_it, "{id} waits for nobody");
            }
            if self.paused.contains(&entry.queue) {
                continue;
            }
            for agent in self.agents.keys() {
                assert!(
                    !self.can_take(&held, agent, entry),
                    "{agent} could take {id}"
                );
            }
            let explanation = router.explain(entry.entered, id).unwrap();
            for member in explanation.members {
                assert!(!member.obstacles.is_empty(), "{id}: {}", member.agent);
            }
        }
    }
}
