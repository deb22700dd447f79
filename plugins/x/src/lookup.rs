//! What X tells when asked: profiles, files, and whether the credentials work.

use linecard_sdk::actions::Failure;
use linecard_sdk::connector::{Finding, StoredMedia};
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::http::{Call, Request};
use linecard_sdk::ids::bounded;
use linecard_sdk::json::Lenient as _;

use crate::api::{self, Answer, url};
use crate::config::{Auth, BEARER, Config, OAUTH1};
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

/// Asks whom the credentials stand for, which must be the channel's account, and whether the app's webhooks
/// are valid. What an OAuth 2 token may do X tells only to whoever renews it, which is the host.
pub fn probe(config: &Config) -> Result<Vec<Finding>, Failure> {
    let url = url(config, &["users", "me"], &[]);
    let answer = api::call(Request::get(url), config.user(), Call::Repeatable)?;
    match answer.body.text_at(&["data", "id"]) {
        Some(id) if id == config.user_id => Ok(webhooks(config)),
        Some(id) => Err(Failure::Unauthorized(format!(
            "The credentials belong to the account {id}, the channel's account is {}. Store that account's tokens or correct user_id.",
            config.user_id
        ))),
        None => Err(Failure::Transient(
            "X did not say whose credentials these are".to_owned(),
        )),
    }
}

/// The app's webhooks. A channel that polls needs none, and one that has no secret for the app cannot ask.
fn webhooks(config: &Config) -> Vec<Finding> {
    let auth = match config.auth {
        Auth::Oauth1 => OAUTH1,
        Auth::Oauth2 => BEARER,
    };
    let url = url(config, &["webhooks"], &[]);
    let answer = match api::call(Request::get(url), auth, Call::Repeatable) {
        Ok(answer) => answer.body,
        Err(refused) => {
            let text = format!(
                "X does not tell whether a webhook is registered: {:?}",
                Failure::from(refused)
            );
            return vec![Finding::note("webhook-not-inspected", bounded(&text, 400))];
        }
    };
    let hooks = answer.list("data").iter();
    hooks
        .filter_map(|hook| {
            let address = hook.text("url")?;
            // What stands behind the path may be a secret.
            let address = address.split(['?', '#']).next().unwrap_or_default();
            let address = bounded(address, 200);
            let id = hook.text("id").unwrap_or_default();
            Some(if hook.flag("valid") == Some(false) {
                Finding::warning(
                    "webhook-invalid",
                    format!("X does not send to {address}: the address did not answer its challenge."),
                    format!(
                        "See that the address leads to the hub and that the consumer secret is stored, then PUT /2/webhooks/{} with the app's token.",
                        bounded(&id, 64)
                    ),
                )
            } else {
                Finding::note("webhook-registered", format!("X sends to {address}."))
            })
        })
        .collect()
}
