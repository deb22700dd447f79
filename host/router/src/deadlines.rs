//! What happens when a deadline has passed.

use linecard_model::routing::{
    InteractionState, LostDesktopRule, OfferOutcome, Presence, PresenceCause, RONA, ReturnCause,
    RoutingEvent,
};
use linecard_model::{AgentId, InteractionId, Timestamp};

use crate::Router;
use crate::decide::{excluded_until, return_work, withdraw_offers, wrap_up_by_default};
use crate::index::Due;

impl Router {
    /// Acts on everything that is due, in the order in which it became due.
    pub(crate) fn act_on_deadlines(&mut self, at: Timestamp, events: &mut Vec<RoutingEvent>) {
        while let Some(first) = self.index.deadlines.first().cloned() {
            let (deadline, due) = &first;
            if *deadline > at {
                return;
            }
            let decided = match due {
                Due::Offer(interaction) => self.ring_out(at, *interaction),
                Due::WrapUp(interaction) => wrap_up_by_default(&self.state, *interaction)
                    .into_iter()
                    .collect(),
                Due::Exclusion(interaction, agent) => vec![RoutingEvent::ExclusionEnded {
                    interaction: *interaction,
                    agent: agent.clone(),
                }],
                Due::Desktop(agent) => self.give_up_desktop(agent.clone()),
            };
            self.record(at, decided, events);
            // Each of these events takes its own deadline away. If a damaged state should say
            // otherwise, it goes all the same rather than holding everything up forever.
            if self.index.deadlines.first() == Some(&first) {
                self.index.deadlines.pop_first();
            }
        }
    }

    /// An offer was not answered: it and the agent's other offers go back, and the agent is taken
    /// for absent.
    fn ring_out(&self, at: Timestamp, interaction: InteractionId) -> Vec<RoutingEvent> {
        let Some(agent) = self.state_of(interaction).and_then(InteractionState::agent) else {
            return Vec::new();
        };
        let mut events =
            withdraw_offers(&self.state, &self.index, agent, OfferOutcome::AgentNotReady);
        for event in &mut events {
            if let RoutingEvent::OfferEnded {
                interaction,
                queue,
                outcome,
                excluded_until: until,
                ..
            } = event
                && let Some(InteractionState::Offered { deadline, .. }) =
                    self.state_of(*interaction)
                && *deadline <= at
            {
                *outcome = OfferOutcome::NoAnswer;
                *until = excluded_until(&self.state, queue, at);
            }
        }
        if self
            .state
            .agents
            .get(agent)
            .is_some_and(|known| known.presence.is_ready())
        {
            events.push(RoutingEvent::PresenceChanged {
                agent: agent.clone(),
                presence: Presence::NotReady {
                    reason: RONA.to_owned(),
                },
                cause: PresenceCause::NoAnswer,
            });
        }
        events
    }

    /// An agent's desktop has been gone for the grace time.
    fn give_up_desktop(&self, agent: AgentId) -> Vec<RoutingEvent> {
        let (state, index) = (&self.state, &self.index);
        let mut events = withdraw_offers(state, index, &agent, OfferOutcome::AgentNotReady);
        if state.settings.lost_desktop_work == LostDesktopRule::ReturnToQueue {
            events.extend(return_work(state, index, &agent, ReturnCause::DesktopLost));
        }
        events.push(RoutingEvent::PresenceChanged {
            agent,
            presence: Presence::Offline,
            cause: PresenceCause::DesktopLost,
        });
        events
    }
}
