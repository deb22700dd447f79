//! What this connector is, wants and can do.

use linecard_sdk::manifest::{
    ActionAbility, ActionKind, AttachmentKind, ConnectorManifest, HostWant, Manifest, MediaLimit,
    RateLimit, SecretKind, SecretWant, TextUnit, ThrottleScope, Visibility,
};

use crate::config::{BEARER, CONSUMER_SECRET};

/// The greatest weighted length of a post.
pub const POST_MAX: u32 = 280;
/// The same for an account with long posts. The manifest names this one, as it is the same for all
/// channels; the channel's own limit is checked when a post is written.
pub const LONG_POST_MAX: u32 = 25_000;
/// The greatest length of a direct message, in characters.
pub const DM_MAX: u32 = 10_000;
const MIB: u64 = 1024 * 1024;
const QUARTER_HOUR: u64 = 15 * 60_000;
const DAY: u64 = 24 * 60 * 60_000;
/// Where X keeps pictures, videos and the files of direct messages.
const MEDIA_HOSTS: [&str; 3] = ["pbs.twimg.com", "video.twimg.com", "ton.twitter.com"];

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
        visibilities: vec![Visibility::Public, Visibility::Private],
        actions: actions(),
        rate_limits: rate_limits(),
    };
    Manifest::connector("x", env!("CARGO_PKG_VERSION"), "X", connector)
        .description("An account on X: mentions, searches and direct messages by polling, or by webhook (X Activity API and the older Account Activity API); answers as replies, quotes, direct messages, likes, reposts, follows, hiding and new posts. Likes and follows need X's Enterprise product.")
        .config_schema(include_str!("config.schema.json"))
}

fn secrets() -> Vec<SecretWant> {
    vec![
        SecretWant::optional(
            CONSUMER_SECRET,
            SecretKind::HmacKey,
            "API key secret",
            "X developer console: your app, Keys and tokens, Consumer keys, API key secret. It signs webhooks; only polling works without it.",
        ),
        SecretWant::optional(
            "oauth1",
            SecretKind::Oauth1,
            "OAuth 1.0a keys and tokens",
            "X developer console: your app, Keys and tokens: API key and secret, access token and secret, created after the app got the permission to read, write and send direct messages.",
        ),
        SecretWant::optional(
            "oauth2",
            SecretKind::Oauth2,
            "OAuth 2.0 client and refresh token",
            "X developer console: your app, Keys and tokens, OAuth 2.0 client; the refresh token comes from the account's consent with tweet.read tweet.write users.read dm.read dm.write like.write follows.write media.write offline.access.",
        ),
        SecretWant::optional(
            BEARER,
            SecretKind::Bearer,
            "App-only bearer token",
            "X developer console: your app, Keys and tokens, Bearer token. Only for searches with the app's token.",
        ),
    ]
}

fn media() -> Vec<MediaLimit> {
    vec![
        MediaLimit::new(AttachmentKind::Image, &["image/*"], 5 * MIB),
        MediaLimit::new(AttachmentKind::Animation, &["image/gif"], 15 * MIB),
        MediaLimit::new(
            AttachmentKind::Video,
            &["video/mp4", "video/quicktime"],
            512 * MIB,
        ),
    ]
}

fn actions() -> Vec<ActionAbility> {
    let post = |kind| {
        ActionAbility::new(kind)
            .public()
            .text(LONG_POST_MAX, TextUnit::XWeighted)
            .idempotent()
    };
    let with_media = |kind| post(kind).media(4, media()).text_with_media();
    let direct = |kind| {
        ActionAbility::new(kind)
            .text(DM_MAX, TextUnit::CodePoints)
            .media(1, media())
            .text_with_media()
    };
    let mut abilities = vec![
        with_media(ActionKind::Reply),
        with_media(ActionKind::Publish),
        post(ActionKind::Quote),
        post(ActionKind::RequestFollow),
        direct(ActionKind::SendMessage).private(),
        direct(ActionKind::PrivateReply).public(),
    ];
    abilities.extend(
        [
            ActionKind::React,
            ActionKind::Unreact,
            ActionKind::Repost,
            ActionKind::Unrepost,
            ActionKind::Hide,
            ActionKind::Unhide,
            ActionKind::Delete,
        ]
        .map(|kind| ActionAbility::new(kind).public().idempotent()),
    );
    abilities.extend(
        [ActionKind::Follow, ActionKind::Unfollow]
            .map(|kind| ActionAbility::new(kind).idempotent()),
    );
    abilities
}

/// What X's pages name for one account: <https://docs.x.com/x-api/fundamentals/rate-limits>.
fn rate_limits() -> Vec<RateLimit> {
    let limit = |actions: &[ActionKind], calls, per_ms| RateLimit {
        scope: ThrottleScope::Channel,
        actions: actions.to_vec(),
        calls,
        per_ms,
    };
    let posts = [
        ActionKind::Reply,
        ActionKind::Publish,
        ActionKind::Quote,
        ActionKind::RequestFollow,
    ];
    let likes = [ActionKind::React, ActionKind::Unreact];
    let direct = [ActionKind::SendMessage, ActionKind::PrivateReply];
    vec![
        limit(&posts, 100, QUARTER_HOUR),
        limit(&posts, 10_000, DAY),
        limit(&[ActionKind::Delete], 50, QUARTER_HOUR),
        limit(&likes, 50, QUARTER_HOUR),
        limit(&likes, 1_000, DAY),
        limit(
            &[ActionKind::Repost, ActionKind::Unrepost],
            50,
            QUARTER_HOUR,
        ),
        limit(
            &[ActionKind::Follow, ActionKind::Unfollow],
            50,
            QUARTER_HOUR,
        ),
        limit(&[ActionKind::Hide, ActionKind::Unhide], 50, QUARTER_HOUR),
        limit(&direct, 15, QUARTER_HOUR),
        limit(&direct, 1_440, DAY),
    ]
}
