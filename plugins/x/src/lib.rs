//! The X connector: what people write to an account on X, in public and privately.
//!
//! The account's mentions, searches and direct messages are polled; webhooks of the X Activity API, or
//! of the older Account Activity API, can bring them sooner. Both give a post or message under the same
//! id, so that it comes once. A public thread is X's conversation, a private one is the dialogue with one
//! person; identities are X's user ids.

mod act;
mod activity;
mod api;
mod config;
mod legacy;
mod lookup;
mod manifest;
mod media;
mod payload;
mod poll;
mod posted;
mod read;
mod webhook;

use linecard_sdk::actions::{ActionRequest, Failure, Outcome};
use linecard_sdk::connector::{
    Channel, Connector, Finding, PollPage, Reception, Rejection, StoredMedia, WebhookRequest,
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
        act::perform(&channel.config::<Config>()?, request)
    }

    fn resolve_profile(channel: &Channel, identity: &Identity) -> Result<Option<Profile>, Failure> {
        lookup::profile(&channel.config::<Config>()?, identity)
    }

    fn resolve_media(channel: &Channel, attachment: &Attachment) -> Result<StoredMedia, Failure> {
        lookup::media(&channel.config::<Config>()?, attachment)
    }

    fn probe(channel: &Channel) -> Result<Vec<Finding>, Failure> {
        lookup::probe(&channel.config::<Config>()?)
    }
}

linecard_sdk::export_connector!(X);
