//! What Graph tells when asked: profiles, files, and whether the token works.

use linecard_graph::ids::UNNAMED;
use linecard_graph::inspect::{self, Scope, Subscription};
use linecard_graph::lookup;
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::{Finding, StoredMedia};
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::http::{Call, Request};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::time;

use crate::comments::MENTIONED_MEDIA;
use crate::config::{Config, Login};

const PROFILE_FIELDS: &str = "name,username,profile_pic,follower_count,is_user_follow_business,is_business_follow_user,is_verified_user";

/// Facts about a person. Instagram tells them only of people who have written to the account.
pub fn profile(config: &Config, identity: &Identity) -> Result<Option<Profile>, Failure> {
    if identity.id.starts_with(UNNAMED) || identity.id == config.account_id {
        return Ok(None);
    }
    let user = lookup::person(config.api(), &identity.id, PROFILE_FIELDS)?;
    Ok(user.map(|user| Profile {
        display_name: user.text("name"),
        handle: user.text("username"),
        avatar_url: user.text("profile_pic"),
        followers: user.count("follower_count"),
        verified: user.flag("is_verified_user"),
        follows_us: user.flag("is_user_follow_business"),
        we_follow: user.flag("is_business_follow_user"),
        ..Profile::default()
    }))
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
    let answer = config.api().call(Request::get(url), Call::Repeatable)?;
    let told = answer.content.value();
    match told.text_at(&["mentioned_media", "media_url"]) {
        Some(url) => lookup::file(&url),
        None => Err(Failure::Gone(
            "Instagram gives no file of the post that names the account".to_owned(),
        )),
    }
}

/// What the token of the linked page must be allowed to do.
const SCOPES: [Scope; 4] = [
    Scope::essential("instagram_basic", "the account cannot be read"),
    Scope::essential(
        "instagram_manage_messages",
        "messages can be neither read nor sent",
    ),
    Scope::essential(
        "instagram_manage_comments",
        "comments can be neither read nor answered",
    ),
    Scope::useful(
        "pages_messaging",
        "messages cannot be sent through the page",
    ),
];

/// Asks whether the token reaches the channel's account, and how the account is set up. Of a token of
/// Instagram's own login, and of its subscription, the Graph API of Instagram tells nothing.
pub fn probe(config: &Config) -> Result<Vec<Finding>, Failure> {
    let (node, fields) = match config.login {
        // The account's id for this app is another one; `user_id` is the one that webhooks name.
        Login::Instagram => ("me", "user_id"),
        // The token is the page's, so `me` would be the page.
        Login::Facebook => (config.account_id.as_str(), "id"),
    };
    lookup::probe(config.api(), node, fields, &config.account_id, "account_id")?;
    let mut findings: Vec<Finding> = inspect::version(&config.graph_version, time::now())
        .into_iter()
        .collect();
    if config.login == Login::Facebook {
        let where_to = "Meta for Developers: Tools, Graph API Explorer, the linked page.";
        let (token, app) = inspect::token(config.api(), &SCOPES, where_to);
        findings.extend(token);
        let wanted = Subscription {
            // The page that the account is linked to: the token is the page's.
            node: "me",
            essential: &[],
            useful: &[],
            polls: config.backfill && config.comments,
        };
        findings.extend(inspect::subscription(config.api(), app.as_deref(), wanted));
    }
    Ok(findings)
}
