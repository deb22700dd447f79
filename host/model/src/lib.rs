//! The domain's types, without I/O: what a platform said ([`platform`]), what the hub makes of it
//! ([`message`], [`contact`], [`interaction`]), what agents put to it ([`desk`]), how work is shared out ([`routing`]), how a site is
//! set up ([`site`], [`rule`], [`hours`]), who may do what ([`rights`]), what becomes of plug-ins ([`plugin`]), and the journal's events ([`event`]).

pub mod contact;
pub mod dead_letter;
pub mod desk;
pub mod event;
pub mod hours;
pub mod ids;
pub mod interaction;
pub mod manifest;
pub mod message;
pub mod outbox;
pub mod platform;
pub mod plugin;
pub mod response;
pub mod rights;
pub mod routing;
pub mod rule;
pub mod site;
pub mod spend;
mod time;
pub mod training;

pub use ids::{
    AgentId, ChannelId, ContactId, DeadLetterId, GroupId, IdError, InteractionId, MacroId,
    MessageId, NoteId, OfferId, PluginId, QueueId, ResponseId, RoleId, ServicePolicyId, SiteId,
    SkillId, StationId, WebhookId,
};

pub use time::Timestamp;
