//! What this connector is, wants and can do.

use linecard_sdk::manifest::{
    ActionAbility, ActionKind, AttachmentKind, ConnectorManifest, HostWant, Manifest, MediaLimit,
    RateLimit, SecretKind, SecretWant, TextUnit, ThrottleScope, Visibility,
};

use crate::config::{BEARER, CONSUMER_SECRET, LONG_POST, OAUTH1, OAUTH2, POST};

const MEGABYTE: u64 = 1_000_000;
/// The greatest length of a direct message, in characters.
const MESSAGE_MAX: u32 = 10_000;
/// Where X's files are.
const MEDIA_HOSTS: [&str; 4] = [
    "pbs.twimg.com",
    "video.twimg.com",
    "ton.twitter.com",
    "ton.x.com",
];
const QUARTER: u64 = 15 * 60 * 1000;
const DAY: u64 = 24 * 60 * 60 * 1000;

/// The manifest.
pub fn manifest() -> Manifest {
    let mut hosts = vec![HostWant::FromConfig("/base_url".to_owned())];
    hosts.extend(MEDIA_HOSTS.map(|host| HostWant::Exact(host.to_owned())));
    let connector = ConnectorManifest {
        networks: vec!["x".to_owned()],
        secrets: secrets(),
        hosts,
        receives: true,
        polls: true,
        resolves_profiles: true,
        resolves_media: true,
        probes: true,
        templates: false,
        visibilities: vec![Visibility::Public, Visibility::Private],
        actions: actions(),
        rate_limits: rate_limits(),
        retries: None,
        ..ConnectorManifest::default()
    };
    Manifest::connector("x", env!("CARGO_PKG_VERSION"), "X", connector)
        .description("An account on X: mentions, searches and direct messages by polling, or by webhooks of the X Activity API or the Account Activity API; answers as replies and direct messages, reposts; likes, quotes and follows where the account's contract with X has them. Encrypted chats are announced, not read.")
        .config_schema(include_str!("config.schema.json"))
}

fn secrets() -> Vec<SecretWant> {
    vec![
        SecretWant::optional(
            OAUTH1,
            SecretKind::Oauth1,
            "OAuth 1.0a keys and tokens",
            "X developer console: your app, Keys and tokens: API key and secret, access token and secret of the account. Needed if auth is oauth1.",
        ),
        SecretWant::optional(
            OAUTH2,
            SecretKind::Oauth2,
            "OAuth 2.0 client and refresh token",
            "X developer console: your app, Keys and tokens: client id and secret, and a refresh token of the account with the scope offline.access; the token address is https://api.x.com/2/oauth2/token. Needed if auth is oauth2.",
        ),
        SecretWant::optional(
            BEARER,
            SecretKind::Bearer,
            "App bearer token",
            "X developer console: your app, Keys and tokens, Bearer token. Needed if search_as_app is on.",
        ),
        SecretWant::optional(
            CONSUMER_SECRET,
            SecretKind::HmacKey,
            "Consumer secret",
            "X developer console: your app, Keys and tokens, API key secret. It signs webhooks; polling works without it.",
        ),
    ]
}

fn media(most: u32, ability: ActionAbility) -> ActionAbility {
    let limits = vec![
        MediaLimit::new(
            AttachmentKind::Image,
            &["image/jpeg", "image/png", "image/webp", "image/gif"],
            5 * MEGABYTE,
        ),
        MediaLimit::new(AttachmentKind::Animation, &["image/gif"], 15 * MEGABYTE),
        MediaLimit::new(AttachmentKind::Video, &["video/mp4"], 512 * MEGABYTE),
    ];
    ability.media(most, limits).text_with_media()
}

fn actions() -> Vec<ActionAbility> {
    let mut actions = Vec::new();
    // A repeated post is refused as a duplicate, so that repeating it can have no second effect.
    for kind in [
        ActionKind::Reply,
        ActionKind::Quote,
        ActionKind::Publish,
        ActionKind::RequestFollow,
    ] {
        let ability = ActionAbility::new(kind)
            .public()
            .text(POST, TextUnit::XWeighted)
            .text_raised(LONG_POST, "/long_posts")
            .idempotent();
        actions.push(media(4, ability));
    }
    let message = ActionAbility::new(ActionKind::SendMessage)
        .private()
        .text(MESSAGE_MAX, TextUnit::CodePoints);
    let private_reply = ActionAbility::new(ActionKind::PrivateReply)
        .public()
        .text(MESSAGE_MAX, TextUnit::CodePoints);
    actions.push(media(4, message));
    actions.push(media(4, private_reply));
    for kind in [
        ActionKind::React,
        ActionKind::Unreact,
        ActionKind::Repost,
        ActionKind::Unrepost,
        ActionKind::Hide,
        ActionKind::Unhide,
        ActionKind::Delete,
    ] {
        actions.push(ActionAbility::new(kind).public().idempotent());
    }
    for kind in [ActionKind::Follow, ActionKind::Unfollow] {
        actions.push(ActionAbility::new(kind).idempotent());
    }
    actions
}

/// X's documented limits for one user.
fn rate_limits() -> Vec<RateLimit> {
    let limit = |actions: &[ActionKind], calls, per_ms| RateLimit {
        scope: ThrottleScope::Channel,
        actions: actions.to_vec(),
        calls,
        per_ms,
    };
    let posts = [
        ActionKind::Reply,
        ActionKind::Quote,
        ActionKind::Publish,
        ActionKind::RequestFollow,
    ];
    let messages = [ActionKind::SendMessage, ActionKind::PrivateReply];
    vec![
        limit(&posts, 100, QUARTER),
        limit(&messages, 15, QUARTER),
        limit(&messages, 1440, DAY),
        limit(&[ActionKind::React, ActionKind::Unreact], 50, QUARTER),
        limit(&[ActionKind::React], 1000, DAY),
        limit(&[ActionKind::Repost, ActionKind::Unrepost], 50, QUARTER),
        limit(&[ActionKind::Follow, ActionKind::Unfollow], 50, QUARTER),
        limit(&[ActionKind::Hide, ActionKind::Unhide], 50, QUARTER),
        limit(&[ActionKind::Delete], 50, QUARTER),
    ]
}
