//! What concerns an agent: presence, station, and work that is done elsewhere.

use linecard_model::routing::{MediaType, OfferOutcome, Presence, PresenceCause, RoutingEvent};
use linecard_model::{AgentId, StationId, Timestamp};

use super::{Decide, Decision, withdraw_offers};
use crate::counters::later;
use crate::fault;
use crate::refusal::Refusal;

/// How much work elsewhere one agent may have.
const MOST_EXTERNAL: usize = 50;
/// How long another system's name for it may be.
const LONGEST_REFERENCE: usize = 200;
/// For how long it may count without being told again, in seconds.
const LONGEST_EXTERNAL: u32 = 86_400;

impl Decide<'_> {
    pub(super) fn set_presence(
        &self,
        agent: AgentId,
        presence: Presence,
        forced: bool,
    ) -> Decision {
        let known = self.agent(&agent)?;
        if let Presence::NotReady { reason } = &presence
            && !self.state.settings.not_ready_reasons.contains(reason)
        {
            return Err(Refusal::UnknownReason {
                reason: reason.clone(),
                allowed: self.state.settings.not_ready_reasons.clone(),
            });
        }
        if known.presence == presence {
            return Ok(Vec::new());
        }
        let mut events = if presence.is_ready() || fault::is_on("offers-stay-with-the-absent") {
            Vec::new()
        } else {
            withdraw_offers(self.state, self.index, &agent, OfferOutcome::AgentNotReady)
        };
        events.push(RoutingEvent::PresenceChanged {
            agent,
            presence,
            cause: if forced {
                PresenceCause::Supervisor
            } else {
                PresenceCause::Requested
            },
        });
        Ok(events)
    }

    pub(super) fn set_station(&self, agent: AgentId, station: Option<StationId>) -> Decision {
        let known = self.agent(&agent)?;
        if let Some(id) = &station {
            let mut stations = self.state.settings.stations.iter();
            if !stations.any(|station| station.id == *id) {
                return Err(Refusal::UnknownStation(id.clone()));
            }
        }
        Ok(if known.station == station {
            Vec::new()
        } else {
            vec![RoutingEvent::StationChanged { agent, station }]
        })
    }

    pub(super) fn begin_external(
        &self,
        agent: AgentId,
        reference: String,
        media_type: MediaType,
        until: Option<Timestamp>,
    ) -> Decision {
        let known = self.agent(&agent)?;
        if reference.is_empty() || reference.chars().count() > LONGEST_REFERENCE {
            return Err(Refusal::Reference {
                most: LONGEST_REFERENCE,
            });
        }
        if known.external.len() >= MOST_EXTERNAL && !known.external.contains_key(&reference) {
            return Err(Refusal::TooMuchExternal {
                agent,
                most: MOST_EXTERNAL,
            });
        }
        let usual = self.state.settings.external_seconds.min(LONGEST_EXTERNAL);
        let until = self.until(until, usual, LONGEST_EXTERNAL)?;
        let mut events = Vec::new();
        match known.external.get(&reference) {
            Some(now) if now.media_type == media_type && now.until == until => return Ok(events),
            Some(_) => events.push(RoutingEvent::ExternalEnded {
                agent: agent.clone(),
                reference: reference.clone(),
            }),
            None => {}
        }
        events.push(RoutingEvent::ExternalBegan {
            agent,
            reference,
            media_type,
            until,
        });
        Ok(events)
    }

    pub(super) fn end_external(&self, agent: AgentId, reference: String) -> Decision {
        let known = self.agent(&agent)?;
        Ok(if known.external.contains_key(&reference) {
            vec![RoutingEvent::ExternalEnded { agent, reference }]
        } else {
            Vec::new()
        })
    }

    /// A time that was asked for, or the usual one: not past, and not too far away.
    pub(super) fn until(
        &self,
        asked: Option<Timestamp>,
        usual: u32,
        longest: u32,
    ) -> Result<Timestamp, Refusal> {
        let Some(until) = asked else {
            return Ok(later(self.at, usual.max(1)));
        };
        let most = later(self.at, longest.max(1));
        if until > self.at && until <= most {
            Ok(until)
        } else {
            Err(Refusal::Until {
                until,
                now: self.at,
                most,
            })
        }
    }
}
