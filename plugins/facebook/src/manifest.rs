//! What this connector is, wants and can do.

use linecard_graph::Network;
use linecard_graph::inspect::DEBUG_TOKEN;
use linecard_graph::manifest::{FILE_MAX, IMAGE_MAX, hosts, webhook_secrets};
use linecard_graph::send::private_reply_window;
use linecard_sdk::manifest::{
    ActionAbility, ActionKind, AttachmentKind, ConnectorManifest, Manifest, MediaLimit, RateLimit,
    SecretKind, SecretWant, TextUnit, ThrottleScope, Visibility,
};

use crate::actions::COMMENT_MAX;
use crate::config::PAGE_TOKEN;
use crate::publish::{PHOTOS_MAX, POST_MAX};

/// The greatest size of a video that is sent in one piece, in bytes.
const VIDEO_MAX: u64 = 1024 * 1024 * 1024;
/// Meta's content network: what a page's webhooks name as an attachment's address.
const MEDIA_HOSTS: [&str; 2] = ["*.fbcdn.net", "*.fbsbx.com"];

/// The manifest.
pub fn manifest() -> Manifest {
    let connector = ConnectorManifest {
        networks: vec!["facebook".to_owned()],
        secrets: secrets(),
        hosts: hosts(&MEDIA_HOSTS),
        receives: true,
        polls: true,
        resolves_profiles: true,
        resolves_media: true,
        probes: true,
        templates: false,
        visibilities: vec![Visibility::Public],
        actions: actions(),
        // The only rate of a page's public side that Meta names as a number; the others it tells in
        // its answers' headers.
        rate_limits: vec![RateLimit {
            scope: ThrottleScope::Channel,
            actions: vec![ActionKind::PrivateReply],
            calls: 750,
            per_ms: 3_600_000,
        }],
        retries: None,
        ..ConnectorManifest::default()
    };
    Manifest::connector("facebook", env!("CARGO_PKG_VERSION"), "Facebook page", connector)
        .description("A Facebook page's posts, comments, reviews and reactions, by webhook (page: feed, mention, ratings) or by polling; answers as comments, likes, hiding, private replies and new posts. Meta has one webhook address for all pages of an app: give this channel and the Messenger channel the same webhook_group, and Meta the address that they share.")
        .config_schema(include_str!("config.schema.json"))
}

fn secrets() -> Vec<SecretWant> {
    // Only polling works without the webhook's.
    let webhook = webhook_secrets(
        ". Only polling works without it.",
        "Webhooks, Page. Only polling works without it.",
    );
    let webhook = webhook.map(|secret| SecretWant {
        required: false,
        ..secret
    });
    let token = SecretWant::required(
        PAGE_TOKEN,
        SecretKind::Bearer,
        "Page access token",
        "Meta for Developers: Tools, Graph API Explorer, choose your app and page; with pages_read_engagement, pages_read_user_content, pages_manage_engagement, pages_manage_posts, pages_manage_metadata and pages_messaging. Make it long-lived with the Access Token Debugger.",
    )
    .inspected_at(DEBUG_TOKEN);
    webhook.into_iter().chain([token]).collect()
}

fn actions() -> Vec<ActionAbility> {
    let image = || {
        vec![
            MediaLimit::new(AttachmentKind::Image, &["image/*"], IMAGE_MAX),
            MediaLimit::new(AttachmentKind::Animation, &["image/*"], IMAGE_MAX),
        ]
    };
    let reply = ActionAbility::new(ActionKind::Reply)
        .public()
        .text(COMMENT_MAX, TextUnit::CodePoints)
        .media(1, image())
        .text_with_media();
    let mut posts = image();
    posts.push(MediaLimit::new(
        AttachmentKind::Video,
        &["video/*"],
        VIDEO_MAX,
    ));
    posts.push(MediaLimit::new(AttachmentKind::Link, &[], FILE_MAX));
    let publish = ActionAbility::new(ActionKind::Publish)
        .public()
        .text(POST_MAX, TextUnit::CodePoints)
        .media(PHOTOS_MAX, posts)
        .text_with_media();
    let mut files = image();
    files.extend([
        MediaLimit::new(AttachmentKind::Audio, &["audio/*"], FILE_MAX),
        MediaLimit::new(AttachmentKind::Video, &["video/*"], FILE_MAX),
        MediaLimit::new(AttachmentKind::File, &[], FILE_MAX),
    ]);
    let (text_max, unit) = Network::Messenger.text_max();
    let private_reply = ActionAbility::new(ActionKind::PrivateReply)
        .public()
        .text(text_max, unit)
        .media(1, files)
        .window(private_reply_window());
    let edit = ActionAbility::new(ActionKind::Edit)
        .public()
        .text(COMMENT_MAX, TextUnit::CodePoints)
        .idempotent();
    let repeatable = [
        ActionKind::React,
        ActionKind::Unreact,
        ActionKind::Hide,
        ActionKind::Unhide,
        ActionKind::Delete,
    ];
    let repeatable = repeatable.map(|kind| ActionAbility::new(kind).public().idempotent());
    [reply, private_reply, publish, edit]
        .into_iter()
        .chain(repeatable)
        .collect()
}
