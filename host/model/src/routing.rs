//! How work is shared out: what a site sets up ([`RoutingSettings`]), what an interaction and an
//! agent can be doing ([`InteractionState`], [`Presence`]), and everything that the router decides
//! ([`RoutingEvent`]).
//!
//! In files and on the wire, fields are `snake_case`, values that are one of a list are
//! `kebab-case`, durations are whole seconds and every field with a default may be left out.

mod cause;
mod event;
mod service;
mod settings;
mod state;

pub use cause::{
    Choice, LegEnd, OfferOutcome, OwnerCause, PresenceCause, ReturnCause, StepCause,
    TransferTarget, UnparkCause,
};
pub use event::RoutingEvent;
pub use service::{ServiceClock, ServiceFacts, ServicePolicy, ServicePromise};
pub use settings::{
    AgentSettings, DEFAULT_DISPOSITION_CODES, DEFAULT_NOT_READY_REASONS, GroupSettings, IdleClock,
    Interruptions, LostDesktopRule, NoAnswerRule, OverflowRule, Plan, QueueOrder, QueueSettings,
    RONA, RoutingSettings, RoutingStep, SelectionMethod, SettingsError, Shares, SkillMode, Slots,
    StationSettings, WrapUpPolicy,
};
pub use state::{
    EndReason, InteractionState, Leg, LegOffer, LegRole, MediaType, Presence, RequiredSkill,
    SkillLevel, WaitingFor,
};
