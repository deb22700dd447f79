//! Who takes part in an interaction beside its owner.

use linecard_model::routing::{Leg, LegOffer, LegRole, OfferOutcome};
use linecard_model::{AgentId, InteractionId, OfferId, Timestamp};

use crate::Router;

impl Router {
    /// As what an interaction alerts at an agent under an offer; none if it does not.
    pub(super) fn role_at_offer(
        &self,
        id: InteractionId,
        offer: OfferId,
        at_agent: &AgentId,
    ) -> Option<LegRole> {
        let (open, _, role) = self.state.work.get(&id)?.offer_at(at_agent)?;
        (open == offer).then_some(role)
    }

    pub(super) fn on_leg_offered(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        agent: &AgentId,
        role: LegRole,
        offer: LegOffer,
    ) {
        let may =
            self.state.work.get(&id).is_some_and(|work| {
                work.state.talking().is_some() && work.role_of(agent).is_none()
            });
        if !may {
            return;
        }
        self.state.offers += 1;
        self.change(at, id, |work| {
            let leg = Leg {
                role,
                since: at,
                offer: Some(offer),
            };
            work.legs.insert(agent.clone(), leg);
        });
        self.count(at, id, |counters| counters.consults += 1);
        self.count_agent(agent, |counters| counters.offers += 1);
    }

    pub(super) fn on_leg_offer_ended(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        agent: &AgentId,
        outcome: OfferOutcome,
    ) {
        self.close_offer_of(at, id, agent, Some(outcome));
        self.change(at, id, |work| {
            work.legs.remove(agent);
        });
        self.count_agent(agent, |counters| {
            counters.declined += u64::from(outcome == OfferOutcome::Declined);
            counters.rona += u64::from(outcome == OfferOutcome::NoAnswer);
        });
    }

    pub(super) fn on_leg_connected(&mut self, at: Timestamp, id: InteractionId, agent: &AgentId) {
        self.close_offer_of(at, id, agent, None);
        self.change(at, id, |work| {
            if let Some(leg) = work.legs.get_mut(agent) {
                leg.offer = None;
                leg.since = at;
            }
        });
        self.count_agent(agent, |counters| counters.consulted += 1);
    }

    pub(super) fn on_observer_joined(&mut self, at: Timestamp, id: InteractionId, agent: &AgentId) {
        let may = self.state.agents.contains_key(agent)
            && self.state.work.get(&id).is_some_and(|work| {
                work.state.talking().is_some() && work.role_of(agent).is_none()
            });
        if may {
            self.change(at, id, |work| {
                let leg = Leg {
                    role: LegRole::Observer,
                    since: at,
                    offer: None,
                };
                work.legs.insert(agent.clone(), leg);
            });
        }
    }

    pub(super) fn on_leg_ended(&mut self, at: Timestamp, id: InteractionId, agent: &AgentId) {
        let accepted = self.state.work.get(&id).is_some_and(|work| {
            let leg = work.legs.get(agent);
            leg.is_some_and(|leg| leg.offer.is_none())
        });
        if accepted {
            self.change(at, id, |work| {
                work.legs.remove(agent);
            });
        }
    }
}
