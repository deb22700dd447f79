//! The Telegram connector: a bot's private conversations.
//!
//! Updates come by webhook or by long polls, as the channel's configuration says; the token stands in the
//! path of each call, where the host puts it.

mod actions;
mod api;
mod config;
mod events;
mod ids;
mod manifest;
mod setup;
mod updates;

use linecard_sdk::actions::{ActionRequest, Failure, Outcome};
use linecard_sdk::connector::{
    Channel, Connector, Finding, PollPage, Reception, Rejection, Step, StoredMedia, WebhookRequest,
};
use linecard_sdk::events::Attachment;
use linecard_sdk::http::{Error, Response};
use linecard_sdk::manifest::Manifest;

use crate::config::Config;

/// The connector.
pub struct Telegram;

impl Connector for Telegram {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn receive(channel: &Channel, request: &WebhookRequest) -> Result<Reception, Rejection> {
        updates::receive(channel, request)
    }

    fn poll(channel: &Channel, cursor: &[u8]) -> Result<PollPage, Failure> {
        updates::poll(&channel.config::<Config>()?, cursor)
    }

    fn poll_waited(
        channel: &Channel,
        cursor: &[u8],
        waited: Result<Response, Error>,
    ) -> Result<PollPage, Failure> {
        updates::waited(&channel.config::<Config>()?, cursor, waited)
    }

    fn perform(channel: &Channel, request: &ActionRequest) -> Result<Outcome, Failure> {
        actions::perform(&channel.config::<Config>()?, request)
    }

    fn resolve_media(channel: &Channel, attachment: &Attachment) -> Result<StoredMedia, Failure> {
        actions::fetch(&channel.config::<Config>()?, attachment)
    }

    fn probe(channel: &Channel) -> Result<Vec<Finding>, Failure> {
        setup::probe(channel)
    }

    fn set_up(channel: &Channel, rehearsal: bool) -> Result<Vec<Step>, Failure> {
        setup::set_up(channel, rehearsal)
    }

    fn tear_down(channel: &Channel, rehearsal: bool) -> Result<Vec<Step>, Failure> {
        setup::tear_down(channel, rehearsal)
    }
}

linecard_sdk::export_connector!(Telegram);
