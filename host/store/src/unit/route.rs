//! What the router's events change in the view of an interaction.

use linecard_model::Timestamp;
use linecard_model::interaction::Interaction;
use linecard_model::routing::{
    InteractionState, Leg, LegOffer, LegRole, RoutingEvent, TransferTarget,
};

/// What a routing event changes in its interaction.
pub(super) fn route(interaction: &mut Interaction, at: Timestamp, event: &RoutingEvent) {
    match event {
        RoutingEvent::Enqueued {
            queue,
            media_type,
            skills,
            priority,
            ..
        } => {
            interaction.state = InteractionState::Queued;
            interaction.queue = queue.clone();
            interaction.media_type = *media_type;
            interaction.skills.clone_from(skills);
            interaction.priority = *priority;
            // One that had ended goes on.
            interaction.ended_at = None;
        }
        RoutingEvent::Begun {
            queue,
            agent,
            media_type,
            skills,
            priority,
            ..
        } => {
            interaction.state = InteractionState::Connected {
                agent: agent.clone(),
            };
            interaction.queue = queue.clone();
            interaction.media_type = *media_type;
            interaction.skills.clone_from(skills);
            interaction.priority = *priority;
            interaction.last_agent = Some(agent.clone());
        }
        RoutingEvent::Offered {
            agent,
            offer,
            deadline,
            role: LegRole::Owner,
            ..
        } => {
            interaction.state = InteractionState::Offered {
                agent: agent.clone(),
                offer: *offer,
                deadline: *deadline,
            };
        }
        RoutingEvent::Connected {
            agent,
            role: LegRole::Owner,
            ..
        }
        | RoutingEvent::OwnerChanged { agent, .. } => {
            interaction.state = InteractionState::Connected {
                agent: agent.clone(),
            };
            interaction.legs.remove(agent);
            interaction.answered_at.get_or_insert(at);
            interaction.last_agent = Some(agent.clone());
            interaction.moved_by_rules = 0;
        }
        RoutingEvent::Offered { .. }
        | RoutingEvent::Connected { .. }
        | RoutingEvent::ObserverJoined { .. }
        | RoutingEvent::LegEnded { .. } => leg(interaction, at, event),
        RoutingEvent::OfferEnded { agent, role, .. } if !role.is_owner() => {
            interaction.legs.remove(agent);
        }
        RoutingEvent::OfferEnded { .. }
        | RoutingEvent::Returned { .. }
        | RoutingEvent::Unparked { .. } => {
            interaction.state = InteractionState::Queued;
        }
        RoutingEvent::Held { agent, .. } => {
            interaction.state = InteractionState::Held {
                agent: agent.clone(),
            };
        }
        RoutingEvent::Resumed { agent, .. } => {
            interaction.state = InteractionState::Connected {
                agent: agent.clone(),
            };
        }
        RoutingEvent::Parked {
            agent,
            until,
            waiting_for,
            ..
        } => {
            interaction.state = InteractionState::Parked {
                agent: agent.clone(),
                until: *until,
                waiting_for: *waiting_for,
            };
        }
        RoutingEvent::Transferred { queue, to, .. } => {
            interaction.state = InteractionState::Queued;
            interaction.queue = queue.clone();
            if let TransferTarget::Skills { skills } = to {
                interaction.skills.clone_from(skills);
            }
        }
        RoutingEvent::Overflowed { queue, .. } => interaction.queue = queue.clone(),
        RoutingEvent::PriorityChanged { priority, .. } => interaction.priority = *priority,
        RoutingEvent::WrapUpStarted {
            agent,
            reason,
            deadline,
            ..
        } => {
            interaction.state = InteractionState::WrapUp {
                agent: agent.clone(),
                deadline: *deadline,
                reason: *reason,
            };
        }
        RoutingEvent::Ended {
            agent,
            reason,
            disposition,
            ..
        } => {
            interaction.state = InteractionState::Ended {
                reason: *reason,
                disposition: disposition.clone(),
            };
            interaction.legs.clear();
            interaction.timers.clear();
            interaction.ended_at = Some(at);
            if agent.is_some() {
                interaction.last_agent.clone_from(agent);
            }
        }
        RoutingEvent::Configured { .. }
        | RoutingEvent::ExclusionEnded { .. }
        | RoutingEvent::StepBegan { .. }
        | RoutingEvent::ServicePromised { .. }
        | RoutingEvent::Answered { .. }
        | RoutingEvent::CustomerWaits { .. }
        | RoutingEvent::ServiceWarned { .. }
        | RoutingEvent::ServiceBroken { .. }
        | RoutingEvent::QueueOpened { .. }
        | RoutingEvent::QueueClosed { .. }
        | RoutingEvent::WrapUpCoded { .. }
        | RoutingEvent::PresenceChanged { .. }
        | RoutingEvent::DesktopLost { .. }
        | RoutingEvent::DesktopBack { .. }
        | RoutingEvent::QueuePaused { .. }
        | RoutingEvent::QueueResumed { .. }
        | RoutingEvent::ExternalBegan { .. }
        | RoutingEvent::ExternalEnded { .. }
        | RoutingEvent::StationChanged { .. }
        | RoutingEvent::StatsReset => {}
    }
}

/// What an event changes in the part of somebody who is not the owner.
fn leg(interaction: &mut Interaction, at: Timestamp, event: &RoutingEvent) {
    match event {
        RoutingEvent::Offered {
            agent,
            offer,
            deadline,
            role,
            ..
        } => {
            let offer = LegOffer {
                id: *offer,
                deadline: *deadline,
            };
            let leg = Leg {
                role: *role,
                since: at,
                offer: Some(offer),
            };
            interaction.legs.insert(agent.clone(), leg);
        }
        RoutingEvent::Connected { agent, role, .. } => {
            let leg = Leg {
                role: *role,
                since: at,
                offer: None,
            };
            interaction.legs.insert(agent.clone(), leg);
        }
        RoutingEvent::ObserverJoined { agent, .. } => {
            let leg = Leg {
                role: LegRole::Observer,
                since: at,
                offer: None,
            };
            interaction.legs.insert(agent.clone(), leg);
        }
        RoutingEvent::LegEnded { agent, .. } => {
            interaction.legs.remove(agent);
        }
        _ => {}
    }
}
