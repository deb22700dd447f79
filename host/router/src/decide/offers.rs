//! Offers: accepted or declined.

use linecard_model::routing::{LegRole, OfferOutcome, RoutingEvent};
use linecard_model::{AgentId, InteractionId, OfferId};

use super::{Decide, Decision, excluded_until};
use crate::fault;
use crate::refusal::Refusal;
use crate::state::Work;

impl<'a> Decide<'a> {
    pub(super) fn accept(&self, offer: OfferId, agent: AgentId) -> Decision {
        let (interaction, work, role) = self.open_offer(offer, &agent)?;
        Ok(vec![RoutingEvent::Connected {
            interaction,
            queue: work.queue.clone(),
            agent,
            offer,
            role,
        }])
    }

    pub(super) fn decline(&self, offer: OfferId, agent: AgentId) -> Decision {
        let (interaction, work, role) = self.open_offer(offer, &agent)?;
        let excluded_until = if role.is_owner() {
            excluded_until(self.state, &work.queue, self.at)
        } else {
            None
        };
        Ok(vec![RoutingEvent::OfferEnded {
            interaction,
            queue: work.queue.clone(),
            agent,
            offer,
            outcome: OfferOutcome::Declined,
            excluded_until,
            role,
        }])
    }

    /// The offer, if the agent can still answer it.
    fn open_offer(
        &self,
        offer: OfferId,
        agent: &AgentId,
    ) -> Result<(InteractionId, &'a Work, LegRole), Refusal> {
        self.agent(agent)?;
        let open = self.index.offers.get(&offer).and_then(|id| {
            let work = self.state.work.get(id)?;
            let (owner, deadline, role) = work.find_offer(offer)?;
            Some((*id, work, owner, deadline, role))
        });
        if let Some((id, work, owner, deadline, role)) = open {
            return if owner != agent && !fault::is_on("anybody-accepts") {
                Err(Refusal::OfferOfAnother {
                    offer,
                    owner: owner.clone(),
                })
            } else if deadline <= self.at && !fault::is_on("late-answers-count") {
                Err(Refusal::OfferExpired { offer, deadline })
            } else {
                Ok((id, work, role))
            };
        }
        Err(match self.state.closed_offers.get(&offer) {
            None => Refusal::UnknownOffer(offer),
            Some(closed) if closed.agent != *agent => Refusal::OfferOfAnother {
                offer,
                owner: closed.agent.clone(),
            },
            Some(closed) => match closed.outcome {
                None => Refusal::OfferTaken(offer),
                Some(OfferOutcome::NoAnswer) => Refusal::OfferExpired {
                    offer,
                    deadline: closed.deadline,
                },
                Some(_) => Refusal::OfferWithdrawn(offer),
            },
        })
    }
}
