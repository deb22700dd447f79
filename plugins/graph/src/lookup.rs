//! What Graph tells when asked, where all of Meta's networks are alike.

use linecard_sdk::actions::Failure;
use linecard_sdk::connector::StoredMedia;
use linecard_sdk::http::{Call, Request};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::{log, time};
use serde_json::Value;

use crate::api::Api;
use crate::call::{hides, read_answer};

/// Reads a person's node; `None` if the person or a missing feature hides it, which is no failure of
/// the channel.
pub fn person(api: Api<'_>, id: &str, fields: &str) -> Result<Option<Value>, Failure> {
    let url = api.url(&[id], &[("fields", fields)]);
    let response = api.send(Request::get(url), Call::Repeatable)?;
    if let Some(why) = hides(&response) {
        log::info(format!("the profile is hidden: {why}"));
        return Ok(None);
    }
    let answer = read_answer(&response, Call::Repeatable, time::now())?;
    Ok(Some(answer.content.value()))
}

/// Fetches a file from Meta's content network: its URLs need no token and are short-lived.
pub fn file(url: &str) -> Result<StoredMedia, Failure> {
    let response = Request::get(url).store_body().send(Call::Repeatable)?;
    match response.status {
        200..=299 => StoredMedia::from_response(&response)
            .ok_or_else(|| Failure::Transient("the host stored no file".to_owned())),
        // An expired link is refused, not missing; no token would open it.
        401 | 403 | 404 | 410 => Err(Failure::Gone(format!(
            "Meta's link is no longer valid (status {})",
            response.status
        ))),
        _ => Err(response.failure(Call::Repeatable)),
    }
}

/// Asks `node` (such as `me`) whom it stands for: its `id`, or `user_id` if that is asked for, must be
/// the channel's account. `setting` is what the configuration calls that.
pub fn probe(
    api: Api<'_>,
    node: &str,
    fields: &str,
    account: &str,
    setting: &str,
) -> Result<(), Failure> {
    let url = api.url(&[node], &[("fields", fields)]);
    let answer = api.call(Request::get(url), Call::Repeatable)?;
    match answer.content.value().first_text(&["user_id", "id"]) {
        Some(id) if id == account => Ok(()),
        Some(id) => Err(Failure::Unauthorized(format!(
            "The access token belongs to {id}, the channel's account is {account}. Store that account's token or correct {setting}."
        ))),
        None => Err(Failure::Transient(
            "Graph did not say whose token it is".to_owned(),
        )),
    }
}
