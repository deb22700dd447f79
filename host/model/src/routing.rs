//! How work is shared out: what a site sets up ([`RoutingSettings`]), what an interaction and an
//! agent can be doing ([`InteractionState`], [`Presence`]), and everything that the router decides
//! ([`RoutingEvent`]).
//!
//! In files and on the wire, fields are `snake_case`, values that are one of a list are
//! `kebab-case`, durations are whole seconds and every field with a default may be left out.

mod event;
mod settings;
mod state;

pub use event::{OfferOutcome, PresenceCause, ReturnCause, RoutingEvent};
pub use settings::{
    AgentSettings, DEFAULT_DISPOSITION_CODES, DEFAULT_NOT_READY_REASONS, IdleClock,
    LostDesktopRule, QueueOrder, QueueSettings, RONA, RoutingSettings, SelectionMethod,
    SettingsError, Slots, WrapUpPolicy,
};
pub use state::{EndReason, InteractionState, MediaType, Presence, RequiredSkill, SkillLevel};
