//! The WhatsApp connector: conversations of one business number on the WhatsApp Business Platform
//! (Cloud API).
//!
//! Webhooks bring what customers write and what became of answers. A person is known by the
//! business-scoped user id where Meta gives one, else by the telephone number; a thread is the pair of
//! number and person.

mod account;
mod catalogue;
mod compose;
mod config;
mod content;
mod lookup;
mod manifest;
mod messages;
mod numbers;
mod people;
mod refusals;
mod send;
mod statuses;
mod templates;
mod webhook;

use linecard_sdk::actions::{ActionRequest, Failure, Outcome};
use linecard_sdk::connector::{
    Channel, Connector, Finding, PollPage, Reception, Rejection, StoredMedia, WebhookRequest,
};
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::manifest::Manifest;
use linecard_sdk::templates::TemplateList;

use crate::config::Config;

/// The connector.
pub struct WhatsApp;

impl Connector for WhatsApp {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn receive(channel: &Channel, request: &WebhookRequest) -> Result<Reception, Rejection> {
        webhook::receive(&channel.config::<Config>()?, request)
    }

    fn poll(_channel: &Channel, _cursor: &[u8]) -> Result<PollPage, Failure> {
        Err(Failure::unsupported("WhatsApp has nothing to poll"))
    }

    fn perform(channel: &Channel, request: &ActionRequest) -> Result<Outcome, Failure> {
        send::perform(&channel.config::<Config>()?, request)
    }

    fn resolve_profile(
        _channel: &Channel,
        _identity: &Identity,
    ) -> Result<Option<Profile>, Failure> {
        Ok(None)
    }

    fn resolve_media(channel: &Channel, attachment: &Attachment) -> Result<StoredMedia, Failure> {
        lookup::media(&channel.config::<Config>()?, attachment)
    }

    fn probe(channel: &Channel) -> Result<Vec<Finding>, Failure> {
        lookup::probe(&channel.config::<Config>()?)
    }

    fn templates(channel: &Channel) -> Result<TemplateList, Failure> {
        catalogue::list(&channel.config::<Config>()?)
    }
}

linecard_sdk::export_connector!(WhatsApp);
