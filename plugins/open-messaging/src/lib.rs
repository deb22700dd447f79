//! The Open Messaging connector: any network, through a middleware.
//!
//! A middleware posts what customers write to the hub, as it would post it to Genesys Cloud's Open
//! Messaging API, and takes the answers at its own webhook, signed as that platform signs them.

mod config;
mod content;
mod inbound;
mod manifest;
mod outbound;
mod read;
mod wire;

use linecard_sdk::actions::{ActionRequest, Failure, Outcome};
use linecard_sdk::connector::{
    Channel, Connector, Reception, Rejection, StoredMedia, WebhookRequest,
};
use linecard_sdk::events::Attachment;
use linecard_sdk::http::{Call, Request};
use linecard_sdk::manifest::Manifest;

use crate::config::Config;

/// The connector.
pub struct OpenMessaging;

impl Connector for OpenMessaging {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn receive(channel: &Channel, request: &WebhookRequest) -> Result<Reception, Rejection> {
        inbound::receive(&channel.config::<Config>()?, request)
    }

    fn perform(channel: &Channel, request: &ActionRequest) -> Result<Outcome, Failure> {
        outbound::perform(&channel.config::<Config>()?, request)
    }

    /// The URLs of attachments need no token, but expire.
    fn resolve_media(_channel: &Channel, attachment: &Attachment) -> Result<StoredMedia, Failure> {
        let Some(url) = &attachment.url else {
            return Err(Failure::unsupported(
                "the middleware gave no URL for this attachment",
            ));
        };
        let response = Request::get(url).store_body().send(Call::Repeatable)?;
        match response.status {
            200..=299 => StoredMedia::from_response(&response)
                .ok_or_else(|| Failure::Transient("the host stored no file".to_owned())),
            401 | 403 | 404 | 410 => Err(Failure::Gone(format!(
                "the attachment's link is no longer valid (status {})",
                response.status
            ))),
            _ => Err(response.failure(Call::Repeatable)),
        }
    }
}

linecard_sdk::export_connector!(OpenMessaging);
