//! What a plug-in says about itself: the `manifest` interface of the plug-in contract, checked.
//!
//! The sandbox makes these types from what a component's `describe` gives, and refuses what does not
//! hold to the contract. The HTTP API shows them as they are. Fields, enum values and variants are
//! `snake_case`; an absent option and an empty list may be left out.

mod action;
mod connector;

pub use action::{
    ActionAbility, ActionKind, AttachmentKind, MediaLimit, RaisedLimit, RateLimit, ReplyWindow,
    RetryRule, TextLimit, TextUnit, ThrottleScope, WindowDemand,
};
pub use connector::{
    AnalyzerManifest, Condition, ConnectorManifest, HostWant, SecretKind, SecretPlace, SecretWant,
    Visibility,
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::PluginId;

/// What a plug-in is and wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Manifest {
    /// The plug-in's name in configuration, never changed.
    pub id: PluginId,
    /// The plug-in's own version, as Semantic Versioning 2.0.0 writes it.
    pub version: String,
    /// What people read: up to 80 characters.
    pub display_name: String,
    /// One or two sentences for an operator: up to 500 characters.
    pub description: String,
    /// The version of the contract that the plug-in was built against, such as `0.1.0`.
    pub contract: String,
    /// The JSON Schema (2020-12) of the configuration: of a channel for a connector, of the analyzer
    /// itself for an analyzer.
    pub config_schema: serde_json::Value,
    /// What a connector wants and can do; absent for an analyzer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<ConnectorManifest>,
    /// What an analyzer gives; absent for a connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analyzer: Option<AnalyzerManifest>,
}
