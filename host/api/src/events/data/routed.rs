//! What the router decided, in the forms that the streams carry.

use linecard_model::routing::RoutingEvent;

use super::Happened;

impl Happened {
    // One arm for each kind.
    #[allow(clippy::too_many_lines)]
    pub(super) fn routed(event: RoutingEvent) -> Self {
        match event {
            RoutingEvent::Configured { settings } => Self::RoutingConfigured { settings },
            RoutingEvent::Enqueued {
                interaction,
                queue,
                media_type,
                skills,
                priority,
                plan,
            } => Self::InteractionEnqueued {
                interaction,
                queue,
                media_type,
                skills,
                priority,
                plan,
            },
            RoutingEvent::Begun {
                interaction,
                queue,
                agent,
                media_type,
                skills,
                priority,
                plan,
            } => Self::InteractionBegun {
                interaction,
                queue,
                agent,
                media_type,
                skills,
                priority,
                plan,
            },
            RoutingEvent::Offered {
                interaction,
                queue,
                agent,
                offer,
                deadline,
                auto_answer,
                role,
                choice,
            } => Self::InteractionOffered {
                interaction,
                queue,
                agent,
                offer,
                deadline,
                auto_answer,
                role,
                choice,
            },
            RoutingEvent::OfferEnded {
                interaction,
                queue,
                agent,
                offer,
                outcome,
                excluded_until,
                role,
            } => Self::OfferEnded {
                interaction,
                queue,
                agent,
                offer,
                outcome,
                excluded_until,
                role,
            },
            RoutingEvent::ExclusionEnded { interaction, agent } => {
                Self::ExclusionEnded { interaction, agent }
            }
            RoutingEvent::Connected {
                interaction,
                queue,
                agent,
                offer,
                role,
            } => Self::InteractionConnected {
                interaction,
                queue,
                agent,
                offer,
                role,
            },
            RoutingEvent::StepBegan {
                interaction,
                queue,
                step,
                until,
                cause,
            } => Self::RoutingStepBegan {
                interaction,
                queue,
                step,
                until,
                cause,
            },
            RoutingEvent::Held {
                interaction,
                queue,
                agent,
            } => Self::InteractionHeld {
                interaction,
                queue,
                agent,
            },
            RoutingEvent::Resumed {
                interaction,
                queue,
                agent,
            } => Self::InteractionResumed {
                interaction,
                queue,
                agent,
            },
            RoutingEvent::Parked {
                interaction,
                queue,
                agent,
                until,
                waiting_for,
            } => Self::InteractionParked {
                interaction,
                queue,
                agent,
                until,
                waiting_for,
            },
            RoutingEvent::Unparked {
                interaction,
                queue,
                agent,
                cause,
                plan,
            } => Self::InteractionUnparked {
                interaction,
                queue,
                agent,
                cause,
                plan,
            },
            RoutingEvent::Transferred {
                interaction,
                from_queue,
                queue,
                from,
                to,
                plan,
                excluded_until,
            } => Self::InteractionTransferred {
                interaction,
                from_queue,
                queue,
                from,
                to,
                plan,
                excluded_until,
            },
            RoutingEvent::Overflowed {
                interaction,
                from_queue,
                queue,
                rule,
                plan,
            } => Self::InteractionOverflowed {
                interaction,
                from_queue,
                queue,
                rule,
                plan,
            },
            RoutingEvent::OwnerChanged {
                interaction,
                queue,
                from,
                agent,
                cause,
            } => Self::OwnerChanged {
                interaction,
                queue,
                from,
                agent,
                cause,
            },
            RoutingEvent::ObserverJoined {
                interaction,
                queue,
                agent,
            } => Self::ObserverJoined {
                interaction,
                queue,
                agent,
            },
            RoutingEvent::LegEnded {
                interaction,
                queue,
                agent,
                role,
                cause,
            } => Self::LegEnded {
                interaction,
                queue,
                agent,
                role,
                cause,
            },
            RoutingEvent::PriorityChanged {
                interaction,
                queue,
                priority,
            } => Self::PriorityChanged {
                interaction,
                queue,
                priority,
            },
            RoutingEvent::ServicePromised {
                interaction,
                queue,
                promise,
            } => Self::ServicePromised {
                interaction,
                queue,
                promise,
            },
            RoutingEvent::Answered { interaction, queue } => {
                Self::CustomerAnswered { interaction, queue }
            }
            RoutingEvent::CustomerWaits { interaction, queue } => {
                Self::CustomerWaits { interaction, queue }
            }
            RoutingEvent::ServiceWarned {
                interaction,
                queue,
                policy,
                clock,
            } => Self::ServiceWarned {
                interaction,
                queue,
                policy,
                clock,
            },
            RoutingEvent::ServiceBroken {
                interaction,
                queue,
                policy,
                clock,
            } => Self::ServiceBroken {
                interaction,
                queue,
                policy,
                clock,
            },
            RoutingEvent::QueueOpened { queue } => Self::QueueOpened { queue },
            RoutingEvent::QueueClosed { queue } => Self::QueueClosed { queue },
            RoutingEvent::WrapUpCoded {
                interaction,
                queue,
                agent,
                disposition,
            } => Self::WrapUpCoded {
                interaction,
                queue,
                agent,
                disposition,
            },
            RoutingEvent::QueuePaused { queue } => Self::QueuePaused { queue },
            RoutingEvent::QueueResumed { queue } => Self::QueueResumed { queue },
            RoutingEvent::ExternalBegan {
                agent,
                reference,
                media_type,
                until,
            } => Self::ExternalWorkBegan {
                agent,
                reference,
                media_type,
                until,
            },
            RoutingEvent::ExternalEnded { agent, reference } => {
                Self::ExternalWorkEnded { agent, reference }
            }
            RoutingEvent::StationChanged { agent, station } => {
                Self::StationChanged { agent, station }
            }
            RoutingEvent::Returned {
                interaction,
                queue,
                agent,
                cause,
                excluded_until,
                step_until,
            } => Self::InteractionReturned {
                interaction,
                queue,
                agent,
                cause,
                excluded_until,
                step_until,
            },
            RoutingEvent::WrapUpStarted {
                interaction,
                queue,
                agent,
                reason,
                deadline,
            } => Self::WrapUpStarted {
                interaction,
                queue,
                agent,
                reason,
                deadline,
            },
            RoutingEvent::Ended {
                interaction,
                queue,
                agent,
                reason,
                disposition,
                defaulted,
            } => Self::InteractionEnded {
                interaction,
                queue,
                agent,
                reason,
                disposition,
                defaulted,
            },
            RoutingEvent::PresenceChanged {
                agent,
                presence,
                cause,
            } => Self::PresenceChanged {
                agent,
                presence,
                cause,
            },
            RoutingEvent::DesktopLost { agent, deadline } => Self::DesktopLost { agent, deadline },
            RoutingEvent::DesktopBack { agent } => Self::DesktopBack { agent },
            RoutingEvent::StatsReset => Self::StatsReset {},
        }
    }
}
