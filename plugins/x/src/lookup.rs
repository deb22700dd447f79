//! What X tells when asked: profiles, files, and whether the credentials work.

use linecard_sdk::actions::Failure;
use linecard_sdk::connector::StoredMedia;
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::http::{Call, Request};
use linecard_sdk::json::Lenient as _;

use crate::api::{self, Answer, url};
use crate::config::Config;
use crate::read;

/// The facts of people that are asked for everywhere.
pub const USER_FIELDS: &str =
    "username,name,profile_image_url,verified,public_metrics,connection_status,receives_your_dm";

/// Facts about a person.
pub fn profile(config: &Config, identity: &Identity) -> Result<Option<Profile>, Failure> {
    let url = url(
        config,
        &["users", &identity.id],
        &[("user.fields", USER_FIELDS)],
    );
    match api::call(Request::get(url), config.user(), Call::Repeatable) {
        Ok(Answer { body, .. }) => Ok(body.get("data").map(read::profile)),
        Err(refused) => match Failure::from(refused) {
            // A suspended or deleted account tells nothing.
            Failure::Gone(_) | Failure::Rejected(_) => Ok(None),
            failure => Err(failure),
        },
    }
}

/// Fetches a file: those of direct messages need the account's authentication.
pub fn media(config: &Config, attachment: &Attachment) -> Result<StoredMedia, Failure> {
    let Some(address) = &attachment.url else {
        return Err(Failure::unsupported("X gave no address for this file"));
    };
    let request = Request::get(address).store_body();
    let is_private = address.starts_with(config.base_url.trim_end_matches('/'))
        || address.starts_with("https://ton.twitter.com/")
        || address.starts_with("https://ton.x.com/");
    let request = if is_private {
        request.auth(config.user())
    } else {
        request
    };
    let response = request.send(Call::Repeatable)?;
    match response.status {
        200..=299 => StoredMedia::from_response(&response)
            .ok_or_else(|| Failure::Transient("the host stored no file".to_owned())),
        404 | 410 => Err(Failure::Gone("X has the file no more".to_owned())),
        _ => Err(response.failure(Call::Repeatable)),
    }
}

/// Asks whom the credentials stand for: it must be the channel's account.
pub fn probe(config: &Config) -> Result<(), Failure> {
    let url = url(config, &["users", "me"], &[]);
    let answer = api::call(Request::get(url), config.user(), Call::Repeatable)?;
    match answer.body.text_at(&["data", "id"]) {
        Some(id) if id == config.user_id => Ok(()),
        Some(id) => Err(Failure::Unauthorized(format!(
            "The credentials belong to the account {id}, the channel's account is {}. Store that account's tokens or correct user_id.",
            config.user_id
        ))),
        None => Err(Failure::Transient(
            "X did not say whose credentials these are".to_owned(),
        )),
    }
}
