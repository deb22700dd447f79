//! What Graph tells when asked: profiles, files, and whether the token works.

use linecard_graph::Answer;
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::StoredMedia;
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::http::{Call, Request};
use linecard_sdk::{log, time};
use serde::Deserialize;
use serde_json::Number;

use crate::config::Config;
use crate::events::USER_REF;
use crate::payload::text_or_number;

const PROFILE_FIELDS: &str = "first_name,last_name,profile_pic,locale,timezone";

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    last_name: Option<String>,
    #[serde(default)]
    profile_pic: Option<String>,
    #[serde(default)]
    locale: Option<String>,
    /// Hours from UTC, with fractions.
    #[serde(default)]
    timezone: Option<Number>,
}

/// Facts about a person. Names need the Business Asset User Profile Access feature: without it, and
/// for people who hide them, there is no profile, which is no failure of the channel.
pub fn profile(config: &Config, identity: &Identity) -> Result<Option<Profile>, Failure> {
    if identity.id.starts_with(USER_REF) || identity.id == config.page_id {
        return Ok(None);
    }
    let url = config
        .api()
        .url(&[&identity.id], &[("fields", PROFILE_FIELDS)]);
    let response = config.api().send(Request::get(url), Call::Repeatable)?;
    if let Some(why) = linecard_graph::hides(&response) {
        log::info(format!("the profile is hidden: {why}"));
        return Ok(None);
    }
    let answer: Answer<User> =
        linecard_graph::read_answer(&response, Call::Repeatable, time::now())?;
    Ok(Some(read_user(answer.content)))
}

fn read_user(user: User) -> Profile {
    let names = [user.first_name, user.last_name];
    let name: Vec<String> = names
        .into_iter()
        .flatten()
        .filter(|name| !name.is_empty())
        .collect();
    #[allow(
        clippy::cast_possible_truncation,
        reason = "checked to lie within one day"
    )]
    let minutes = |hours: f64| (hours.abs() <= 24.0).then_some((hours * 60.0).round() as i32);
    Profile {
        display_name: (!name.is_empty()).then(|| name.join(" ")),
        avatar_url: user.profile_pic.filter(|url| !url.is_empty()),
        locale: user
            .locale
            .filter(|locale| !locale.is_empty())
            .map(|locale| locale.replace('_', "-")),
        utc_offset_minutes: user
            .timezone
            .as_ref()
            .and_then(Number::as_f64)
            .and_then(minutes),
        ..Profile::default()
    }
}

/// Fetches a file from Meta's content network: its URLs need no token and are short-lived.
pub fn media(attachment: &Attachment) -> Result<StoredMedia, Failure> {
    let Some(url) = &attachment.url else {
        return Err(Failure::unsupported(
            "Messenger gave no URL for this attachment",
        ));
    };
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

#[derive(Deserialize)]
struct Me {
    #[serde(default, deserialize_with = "text_or_number")]
    id: Option<String>,
}

/// Asks whom the token stands for: it must be the channel's page.
pub fn probe(config: &Config) -> Result<(), Failure> {
    let url = config.api().url(&["me"], &[("fields", "id")]);
    let answer: Answer<Me> = config.api().call(Request::get(url), Call::Repeatable)?;
    match answer.content.id {
        Some(id) if id == config.page_id => Ok(()),
        Some(id) => Err(Failure::Unauthorized(format!(
            "The page access token belongs to {id}, the channel's page is {}. Store that page's token or correct page_id.",
            config.page_id
        ))),
        None => Err(Failure::Transient(
            "Graph did not say whose token it is".to_owned(),
        )),
    }
}
