//! The kinds of events that a simulation must have met.

use linecard_model::routing::{
    LegEnd, LegRole, OwnerCause, ReturnCause, RoutingEvent, ServiceClock, StepCause,
    TransferTarget, UnparkCause,
};

/// The event's kind, for those that a simulation must have met.
pub(super) fn name_of(event: &RoutingEvent) -> &'static str {
    match event {
        RoutingEvent::Begun { .. } => "begun",
        RoutingEvent::Offered {
            role: LegRole::Consultant,
            ..
        } => "asked",
        RoutingEvent::Connected {
            role: LegRole::Consultant,
            ..
        } => "advises",
        RoutingEvent::StepBegan { cause, .. } => match cause {
            StepCause::Expired => "step-expired",
            StepCause::NobodyAvailable => "step-for-nobody",
        },
        RoutingEvent::Held { .. } => "held",
        RoutingEvent::Resumed { .. } => "resumed",
        RoutingEvent::Parked { .. } => "parked",
        RoutingEvent::Unparked { cause, .. } => match cause {
            UnparkCause::Expired => "park-expired",
            UnparkCause::CustomerWrote => "park-answered",
            UnparkCause::CompanyWrote => "park-answered-natively",
            UnparkCause::AgentRemoved => "park-orphaned",
        },
        RoutingEvent::Transferred { to, .. } => match to {
            TransferTarget::Agent { .. } => "transferred-to-agent",
            TransferTarget::Queue { .. } => "transferred-to-queue",
            TransferTarget::Skills { .. } => "transferred-to-skills",
            TransferTarget::Group { .. } => "transferred-to-group",
        },
        RoutingEvent::Overflowed { .. } => "overflowed",
        RoutingEvent::OwnerChanged { cause, .. } => match cause {
            OwnerCause::ConsultCompleted => "consult-completed",
            OwnerCause::TakenOver => "taken-over",
            OwnerCause::PickedUp => "picked-up",
            OwnerCause::Unparked => "unparked-by-owner",
        },
        RoutingEvent::ObserverJoined { .. } => "observed",
        RoutingEvent::LegEnded { cause, .. } => match cause {
            LegEnd::Left => "leg-left",
            LegEnd::Cancelled => "leg-cancelled",
            LegEnd::InteractionGone => "leg-dissolved",
            LegEnd::AgentRemoved => "leg-removed",
            LegEnd::DesktopLost => "leg-lost",
        },
        RoutingEvent::PriorityChanged { .. } => "prioritized",
        RoutingEvent::WrapUpCoded { .. } => "coded",
        RoutingEvent::Returned { cause, .. } => match cause {
            ReturnCause::Requeued => "requeued",
            ReturnCause::AgentRemoved | ReturnCause::DesktopLost => "returned",
        },
        RoutingEvent::ServicePromised { .. } => "promised",
        RoutingEvent::Answered { .. } => "answered",
        RoutingEvent::CustomerWaits { .. } => "customer-waits",
        RoutingEvent::ServiceWarned { clock, .. } => match clock {
            ServiceClock::FirstAnswer => "first-answer-warned",
            ServiceClock::NextAnswer => "next-answer-warned",
            ServiceClock::Resolution => "resolution-warned",
        },
        RoutingEvent::ServiceBroken { clock, .. } => match clock {
            ServiceClock::FirstAnswer => "first-answer-late",
            ServiceClock::NextAnswer => "next-answer-late",
            ServiceClock::Resolution => "resolution-late",
        },
        RoutingEvent::QueueOpened { .. } => "opened",
        RoutingEvent::QueueClosed { .. } => "closed",
        RoutingEvent::QueuePaused { .. } => "paused",
        RoutingEvent::QueueResumed { .. } => "queue-resumed",
        RoutingEvent::ExternalBegan { .. } => "external",
        RoutingEvent::ExternalEnded { .. } => "external-ended",
        RoutingEvent::StationChanged { .. } => "station",
        _ => "usual",
    }
}
