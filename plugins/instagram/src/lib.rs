//! The Instagram connector: a professional account's direct messages and comments.
//!
//! The account is connected by Instagram's own login or through a linked Facebook page. Webhooks bring
//! what people write; inbox and posts are looked through now and then for what no webhook brought. A
//! private thread is the pair of account and person, a public one a post with its comments.

mod actions;
mod comments;
mod config;
mod lookup;
mod manifest;
mod poll;
mod webhook;

use linecard_sdk::actions::{ActionRequest, Failure, Outcome};
use linecard_sdk::connector::{
    Channel, Connector, Finding, PollPage, Reception, Rejection, StoredMedia, WebhookRequest,
};
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::manifest::Manifest;

use crate::config::Config;

/// The connector.
pub struct Instagram;

impl Connector for Instagram {
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

    fn probe(channel: &Channel) -> Result<Vec<Finding>, Failure> {
        lookup::probe(&channel.config::<Config>()?)
    }
}

linecard_sdk::export_connector!(Instagram);
