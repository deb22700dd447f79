//! What happens when a deadline has passed.

use linecard_model::routing::{
    LegRole, LostDesktopRule, NoAnswerRule, OfferOutcome, Presence, PresenceCause, RONA,
    ReturnCause, RoutingEvent, StepCause, UnparkCause,
};
use linecard_model::{AgentId, InteractionId, Timestamp};

use crate::Router;
use crate::decide::{
    end_offer, excluded_until, return_work, unpark, withdraw_offers, wrap_up_by_default,
};
use crate::fault;
use crate::index::Due;

impl Router {
    /// Acts on everything that is due, in the order in which it became due.
    pub(crate) fn act_on_deadlines(&mut self, at: Timestamp, events: &mut Vec<RoutingEvent>) {
        while self
            .index
            .deadlines
            .first()
            .is_some_and(|(deadline, _)| *deadline <= at)
        {
            // It goes before anything is decided: what follows from it may be due at the same moment, and
            // if a damaged state should lead to nothing, it holds nothing up forever.
            let Some((_, due)) = self.index.deadlines.pop_first() else {
                return;
            };
            let decided = match &due {
                Due::Offer(interaction, agent) => self.ring_out(at, *interaction, agent),
                Due::Step(interaction) => self
                    .next_step(at, *interaction, StepCause::Expired)
                    .into_iter()
                    .collect(),
                Due::Overflow(interaction) => self
                    .overflow_in_time(at, *interaction)
                    .into_iter()
                    .collect(),
                Due::Park(interaction) => {
                    unpark(&self.state, at, *interaction, UnparkCause::Expired)
                        .into_iter()
                        .collect()
                }
                Due::WrapUp(interaction) => wrap_up_by_default(&self.state, *interaction)
                    .into_iter()
                    .collect(),
                Due::Exclusion(interaction, agent) => vec![RoutingEvent::ExclusionEnded {
                    interaction: *interaction,
                    agent: agent.clone(),
                }],
                Due::Desktop(agent) => self.give_up_desktop(at, agent.clone()),
                Due::External(..) if fault::is_on("work-elsewhere-for-ever") => Vec::new(),
                Due::External(agent, reference) => vec![RoutingEvent::ExternalEnded {
                    agent: agent.clone(),
                    reference: reference.clone(),
                }],
                Due::Clock(queue) => self.clock_due(at, queue),
            };
            self.record(at, decided, events);
        }
    }

    /// An offer was not answered: it goes back, and, by the site's rule, the agent is taken for absent and
    /// loses the other offers too.
    fn ring_out(
        &self,
        at: Timestamp,
        interaction: InteractionId,
        agent: &AgentId,
    ) -> Vec<RoutingEvent> {
        let rule = self.state.settings.no_answer;
        let mut events = if rule == NoAnswerRule::StayReady {
            let work = self.state.work.get(&interaction);
            work.and_then(|work| end_offer(interaction, work, agent, OfferOutcome::AgentNotReady))
                .into_iter()
                .collect()
        } else {
            withdraw_offers(&self.state, &self.index, agent, OfferOutcome::AgentNotReady)
        };
        for event in &mut events {
            if let RoutingEvent::OfferEnded {
                interaction,
                queue,
                outcome,
                excluded_until: until,
                role,
                ..
            } = event
                && self
                    .state
                    .work
                    .get(interaction)
                    .and_then(|work| work.offer_at(agent))
                    .is_some_and(|(_, deadline, _)| deadline <= at)
            {
                *outcome = OfferOutcome::NoAnswer;
                if *role == LegRole::Owner {
                    *until = excluded_until(&self.state, queue, at);
                }
            }
        }
        let presence = match rule {
            _ if fault::is_on("nobody-is-absent") => return events,
            NoAnswerRule::StayReady => return events,
            NoAnswerRule::NotReady => Presence::NotReady {
                reason: RONA.to_owned(),
            },
            NoAnswerRule::Offline => Presence::Offline,
        };
        if self
            .state
            .agents
            .get(agent)
            .is_some_and(|known| known.presence.is_ready())
        {
            events.push(RoutingEvent::PresenceChanged {
                agent: agent.clone(),
                presence,
                cause: PresenceCause::NoAnswer,
            });
        }
        events
    }

    /// An agent's desktop has been gone for the grace time.
    fn give_up_desktop(&self, at: Timestamp, agent: AgentId) -> Vec<RoutingEvent> {
        let (state, index) = (&self.state, &self.index);
        let mut events = withdraw_offers(state, index, &agent, OfferOutcome::AgentNotReady);
        if state.settings.lost_desktop_work == LostDesktopRule::ReturnToQueue {
            events.extend(return_work(
                state,
                index,
                at,
                &agent,
                ReturnCause::DesktopLost,
            ));
        }
        events.push(RoutingEvent::PresenceChanged {
            agent,
            presence: Presence::Offline,
            cause: PresenceCause::DesktopLost,
        });
        events
    }
}
