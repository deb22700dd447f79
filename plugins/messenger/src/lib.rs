//! The Messenger connector: a Facebook page's private conversations through the Messenger Platform.
//!
//! Webhooks bring what customers write; the Send API carries the answers; the page's inbox is looked
//! through now and then for what no webhook brought. Identities are page-scoped ids, a thread is the
//! pair of page and person.

mod backfill;
mod config;
mod lookup;
mod manifest;
mod webhook;

use linecard_sdk::actions::{ActionRequest, Failure, Outcome};
use linecard_sdk::connector::{
    Channel, Connector, Finding, PollPage, Reception, Rejection, StoredMedia, WebhookRequest,
};
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::manifest::Manifest;

use crate::config::Config;

/// The connector.
pub struct Messenger;

impl Connector for Messenger {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn receive(channel: &Channel, request: &WebhookRequest) -> Result<Reception, Rejection> {
        webhook::receive(&channel.config::<Config>()?, request)
    }

    fn poll(channel: &Channel, cursor: &[u8]) -> Result<PollPage, Failure> {
        backfill::poll(&channel.config::<Config>()?, cursor)
    }

    fn perform(channel: &Channel, request: &ActionRequest) -> Result<Outcome, Failure> {
        linecard_graph::send::perform(&channel.config::<Config>()?.sender(), request)
    }

    fn resolve_profile(channel: &Channel, identity: &Identity) -> Result<Option<Profile>, Failure> {
        lookup::profile(&channel.config::<Config>()?, identity)
    }

    fn resolve_media(_channel: &Channel, attachment: &Attachment) -> Result<StoredMedia, Failure> {
        lookup::media(attachment)
    }

    fn probe(channel: &Channel) -> Result<Vec<Finding>, Failure> {
        lookup::probe(&channel.config::<Config>()?)
    }
}

linecard_sdk::export_connector!(Messenger);
