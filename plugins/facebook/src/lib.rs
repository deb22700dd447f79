//! The Facebook connector: what people write on a page, in public.
//!
//! Webhooks bring posts, comments and reactions; the page's posts are also looked through on a timer,
//! beside webhooks or instead of them. Answers are comments under what they answer. A thread is a post
//! with its comments; identities are what the page sees of a person, which is not the id that Messenger
//! has.

mod actions;
mod attachments;
mod config;
mod events;
mod feed;
mod lookup;
mod manifest;
mod poll;
mod publish;
mod ratings;

use linecard_sdk::actions::{ActionRequest, Failure, Outcome};
use linecard_sdk::connector::{
    Channel, Connector, Finding, PollPage, Reception, Rejection, StoredMedia, WebhookRequest,
};
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::manifest::Manifest;

use crate::config::Config;

/// The connector.
pub struct Facebook;

impl Connector for Facebook {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn receive(channel: &Channel, request: &WebhookRequest) -> Result<Reception, Rejection> {
        feed::receive(&channel.config::<Config>()?, request)
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

    fn resolve_media(_channel: &Channel, attachment: &Attachment) -> Result<StoredMedia, Failure> {
        lookup::media(attachment)
    }

    fn probe(channel: &Channel) -> Result<Vec<Finding>, Failure> {
        lookup::probe(&channel.config::<Config>()?)
    }
}

linecard_sdk::export_connector!(Facebook);
