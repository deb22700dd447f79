//! The X connector: posts that address an account or match a search, and direct messages.
//!
//! Polling needs no public address and no elevated product, so it is the usual way in; webhooks of the
//! X Activity API and of the older Account Activity API bring the same events under the same ids. A
//! public thread is a conversation on X, a private one a conversation of direct messages.

mod actions;
mod activity;
mod api;
mod config;
mod direct;
mod fields;
mod legacy;
mod lookup;
mod manifest;
mod people;
mod poll;
mod posts;
mod upload;
mod webhook;
mod write;

use linecard_sdk::actions::{ActionRequest, Failure, Outcome};
use linecard_sdk::connector::{
    Channel, Connector, PollPage, Reception, Rejection, StoredMedia, WebhookRequest,
};
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::manifest::Manifest;

use crate::config::Config;

/// The connector.
pub struct X;

impl Connector for X {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn receive(channel: &Channel, request: &WebhookRequest) -> Result<Reception, Rejection> {
        webhook::receive(&channel.config::<Config>()?, request)
    }

    fn poll(channel: &Channel, cursor: &[u8]) -> Result<PollPage, Failure> {
        poll::poll(&channel.config::<Config>()?, cursor)
    }

    fn perform(channel: &Channel, request: &ActionRequest) -> Result<Outcome, Failure> {
        actions::perform(&channel.config::<Config>()?, request)
    }

    fn resolve_profile(channel: &Channel, identity: &Identity) -> Result<Option<Profile>, Failure> {
        lookup::profile(&channel.config::<Config>()?, identity)
    }

    fn resolve_media(channel: &Channel, attachment: &Attachment) -> Result<StoredMedia, Failure> {
        lookup::media(&channel.config::<Config>()?, attachment)
    }

    fn probe(channel: &Channel) -> Result<(), Failure> {
        lookup::probe(&channel.config::<Config>()?)
    }
}

linecard_sdk::export_connector!(X);
