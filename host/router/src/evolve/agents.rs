//! What concerns an agent: presence, desktop, and work that is done elsewhere.

use linecard_model::routing::{IdleClock, MediaType, Presence};
use linecard_model::{AgentId, Timestamp};

use crate::Router;
use crate::fault;
use crate::index::Due;
use crate::state::{Away, External};

impl Router {
    pub(super) fn on_presence_changed(&mut self, at: Timestamp, id: &AgentId, presence: &Presence) {
        self.account(at, id);
        let idle_clock = self.state.settings.idle_clock;
        let Some(agent) = self.state.agents.get_mut(id) else {
            return;
        };
        let before = std::mem::replace(&mut agent.presence, presence.clone());
        agent.since = Some(at);
        let becomes_ready = presence.is_ready() && !before.is_ready();
        if before == Presence::Offline || (becomes_ready && idle_clock == IdleClock::Presence) {
            agent.idle_since = Some(at);
        }
        if *presence == Presence::Offline {
            self.set_away(id, None);
        }
        self.note_moment(at, id);
        if becomes_ready && !fault::is_on("who-is-back-stays-excluded") {
            // Who is back takes everything again, and need not wait for the exclusions to end.
            let excluded = self.index.excluded.get(id).cloned().unwrap_or_default();
            for interaction in excluded {
                self.lift_exclusion(interaction, id);
            }
        }
        self.index.refresh_agent(&self.state, id);
    }

    pub(super) fn set_away(&mut self, id: &AgentId, away: Option<Away>) {
        let Some(agent) = self.state.agents.get_mut(id) else {
            return;
        };
        let new = away.as_ref().map(|away| away.deadline);
        if let Some(old) = std::mem::replace(&mut agent.away, away) {
            self.index
                .deadlines
                .remove(&(old.deadline, Due::Desktop(id.clone())));
        }
        if let Some(deadline) = new {
            self.index
                .deadlines
                .insert((deadline, Due::Desktop(id.clone())));
        }
        self.index.refresh_agent(&self.state, id);
    }

    pub(super) fn on_external_began(
        &mut self,
        at: Timestamp,
        id: &AgentId,
        reference: &str,
        media_type: MediaType,
        until: Timestamp,
    ) {
        self.on_external_ended(at, id, reference);
        let external = External {
            media_type,
            since: at,
            until,
        };
        let Some(agent) = self.state.agents.get_mut(id).filter(|agent| !agent.removed) else {
            return;
        };
        agent
            .external
            .insert(reference.to_owned(), external.clone());
        self.index
            .begin_external(&self.state, id, reference, &external);
        self.index.refresh_agent(&self.state, id);
    }

    pub(super) fn on_external_ended(&mut self, at: Timestamp, id: &AgentId, reference: &str) {
        let Some(agent) = self.state.agents.get_mut(id) else {
            return;
        };
        let Some(external) = agent.external.remove(reference) else {
            return;
        };
        // Who was on the telephone was not idle.
        agent.idle_since = Some(at);
        self.index
            .end_external(&self.state, id, reference, &external);
        self.index.refresh_agent(&self.state, id);
    }
}
