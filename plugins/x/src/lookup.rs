//! What X tells when asked: people, files, and whether the credentials work.

use linecard_sdk::actions::Failure;
use linecard_sdk::connector::StoredMedia;
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::http::{Call, Request};

use crate::api;
use crate::config::Config;
use crate::fields::{is_id, text};
use crate::people::{self, USER_FIELDS};

/// Where the files of direct messages were kept by X's first API; they need the account's signature.
const DIRECT_FILES: &str = "https://ton.twitter.com/";

/// Somebody's name, handle, picture, followers and how they stand to the account. `None` if X knows
/// nobody of this id, or no more.
pub fn profile(config: &Config, identity: &Identity) -> Result<Option<Profile>, Failure> {
    if !is_id(&identity.id) {
        return Ok(None);
    }
    let request =
        Request::get(config.url(&["users", &identity.id])).query([("user.fields", USER_FIELDS)]);
    match api::call(request, config.secret(), Call::Repeatable) {
        Ok(answer) => Ok(answer.get("data").map(people::profile)),
        Err(Failure::Gone(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Fetches a file by its address. Only X's own addresses get the account's signature.
pub fn media(config: &Config, attachment: &Attachment) -> Result<StoredMedia, Failure> {
    let Some(url) = &attachment.url else {
        return Err(Failure::unsupported(
            "X gave no URL for this attachment; open the post on X",
        ));
    };
    let request = Request::get(url).store_body();
    let api = format!("{}/2/", config.base_url.trim_end_matches('/'));
    let request = if url.starts_with(&api) || url.starts_with(DIRECT_FILES) {
        request.auth(config.secret())
    } else {
        request
    };
    let response = request.send(Call::Repeatable)?;
    if !response.is_success() {
        return Err(match response.status {
            // A file that may not be seen says nothing about the channel.
            403 | 404 | 410 => Failure::Gone(format!("X has no file at {url} any more")),
            _ => api::failure(&response, true, Call::Repeatable),
        });
    }
    StoredMedia::from_response(&response)
        .ok_or_else(|| Failure::Transient("the file was not stored".to_owned()))
}

/// Asks whom the credentials stand for: it must be the channel's account.
pub fn probe(config: &Config) -> Result<(), Failure> {
    let request = Request::get(config.url(&["users", "me"]));
    let answer = api::call(request, config.secret(), Call::Repeatable)?;
    match text(&answer, "/data/id") {
        Some(id) if config.is_own(&id) => Ok(()),
        Some(id) => Err(Failure::Unauthorized(format!(
            "the credentials are for the account {id}, the channel's user_id is {}",
            config.user_id
        ))),
        None => Err(Failure::Transient("X named no account".to_owned())),
    }
}
