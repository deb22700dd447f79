//! What Graph tells when asked: profiles, files, and whether the token works.

use linecard_graph::Answer;
use linecard_graph::ids::UNNAMED;
use linecard_graph::lookup;
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::StoredMedia;
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::http::{Call, Request};
use serde::Deserialize;

use crate::comments::MENTIONED_MEDIA;
use crate::config::{Config, Login};

const PROFILE_FIELDS: &str = "name,username,profile_pic,follower_count,is_user_follow_business,is_business_follow_user,is_verified_user";

#[derive(Deserialize)]
struct Person {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    profile_pic: Option<String>,
    #[serde(default)]
    follower_count: Option<u64>,
    #[serde(default)]
    is_user_follow_business: Option<bool>,
    #[serde(default)]
    is_business_follow_user: Option<bool>,
    #[serde(default)]
    is_verified_user: Option<bool>,
}

/// Facts about a person. Instagram tells them only of people who have written to the account.
pub fn profile(config: &Config, identity: &Identity) -> Result<Option<Profile>, Failure> {
    if identity.id.starts_with(UNNAMED) || identity.id == config.account_id {
        return Ok(None);
    }
    let user: Option<Person> = lookup::person(config.api(), &identity.id, PROFILE_FIELDS)?;
    let present = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(user.map(|user| Profile {
        display_name: present(user.name),
        handle: present(user.username),
        avatar_url: present(user.profile_pic),
        followers: user.follower_count,
        verified: user.is_verified_user,
        follows_us: user.is_user_follow_business,
        we_follow: user.is_business_follow_user,
        ..Profile::default()
    }))
}

#[derive(Deserialize)]
struct Mentioned {
    #[serde(default)]
    mentioned_media: Option<MentionedMedia>,
}

#[derive(Deserialize)]
struct MentionedMedia {
    #[serde(default)]
    media_url: Option<String>,
}

/// Fetches a file by its address, or a post that names the account by its id.
pub fn media(config: &Config, attachment: &Attachment) -> Result<StoredMedia, Failure> {
    if let Some(url) = &attachment.url {
        return lookup::file(url);
    }
    let is_mention = attachment.label.as_deref() == Some(MENTIONED_MEDIA);
    let Some(id) = attachment.media_id.as_ref().filter(|_| is_mention) else {
        return Err(Failure::unsupported(
            "Instagram gave no URL for this attachment; it can be seen in the Instagram app only",
        ));
    };
    let fields = format!("mentioned_media.media_id({id}){{media_url}}");
    let url = config
        .api()
        .url(&[&config.account_id], &[("fields", &fields)]);
    let answer: Answer<Mentioned> = config.api().call(Request::get(url), Call::Repeatable)?;
    let media = answer.content.mentioned_media;
    match media.and_then(|media| media.media_url) {
        Some(url) => lookup::file(&url),
        None => Err(Failure::Gone(
            "Instagram gives no file of the post that names the account".to_owned(),
        )),
    }
}

/// Asks whether the token reaches the channel's account.
pub fn probe(config: &Config) -> Result<(), Failure> {
    let (node, fields) = match config.login {
        // The account's id for this app is another one; `user_id` is the one that webhooks name.
        Login::Instagram => ("me", "user_id"),
        // The token is the page's, so `me` would be the page.
        Login::Facebook => (config.account_id.as_str(), "id"),
    };
    lookup::probe(config.api(), node, fields, &config.account_id, "account_id")
}
