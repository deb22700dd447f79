//! What this connector is, wants and can do.

use linecard_graph::Network;
use linecard_graph::compose::QUICK_REPLIES_MAX;
use linecard_graph::inspect::DEBUG_TOKEN;
use linecard_graph::manifest::{FILE_MAX, IMAGE_MAX, hosts, webhook_secrets};
use linecard_graph::send::{private_reply_window, windows};
use linecard_sdk::manifest::{
    ActionAbility, ActionKind, AttachmentKind, ConnectorManifest, Manifest, MediaLimit, RateLimit,
    SecretKind, SecretWant, TextUnit, ThrottleScope, Visibility,
};

use crate::actions::COMMENT_MAX;
use crate::config::TOKEN;

/// The Graph API of either set-up, and Meta's content network: what webhooks name as an attachment's
/// address.
const HOSTS: [&str; 5] = [
    "graph.instagram.com",
    "graph.facebook.com",
    "*.fbcdn.net",
    "*.fbsbx.com",
    "*.cdninstagram.com",
];

/// The manifest.
pub fn manifest() -> Manifest {
    let connector = ConnectorManifest {
        networks: vec!["instagram".to_owned()],
        secrets: secrets(),
        hosts: hosts(&HOSTS),
        receives: true,
        polls: true,
        resolves_profiles: true,
        resolves_media: true,
        probes: true,
        templates: false,
        visibilities: vec![Visibility::Public, Visibility::Private],
        actions: actions(),
        rate_limits: vec![
            RateLimit {
                scope: ThrottleScope::Channel,
                actions: vec![ActionKind::SendMessage],
                calls: 100,
                per_ms: 1000,
            },
            RateLimit {
                scope: ThrottleScope::Channel,
                actions: vec![ActionKind::PrivateReply],
                calls: 750,
                per_ms: 3_600_000,
            },
        ],
        retries: None,
        ..ConnectorManifest::default()
    };
    Manifest::connector("instagram", env!("CARGO_PKG_VERSION"), "Instagram", connector)
        .description("An Instagram professional account's direct messages, comments and mentions, connected by Instagram login or through a linked Facebook page; messages, private replies, answers to comments and hiding out.")
        .config_schema(include_str!("config.schema.json"))
}

fn secrets() -> Vec<SecretWant> {
    let webhook = webhook_secrets(
        "; with Instagram login: your app, Instagram, API setup, Instagram app secret.",
        "Instagram, API setup, Configure webhooks; or Webhooks, Instagram.",
    );
    let token = SecretWant::required(
        TOKEN,
        SecretKind::Bearer,
        "Access token",
        "With Instagram login: your app, Instagram, API setup, Generate access tokens (starts with IGAA). With a linked page: that page's access token with instagram_basic, instagram_manage_messages, instagram_manage_comments and pages_messaging.",
    )
    .inspected_at(DEBUG_TOKEN);
    webhook.into_iter().chain([token]).collect()
}

fn actions() -> Vec<ActionAbility> {
    let (text_max, unit) = Network::Instagram.text_max();
    let files = || {
        vec![
            MediaLimit::new(
                AttachmentKind::Image,
                &["image/png", "image/jpeg", "image/gif"],
                IMAGE_MAX,
            ),
            MediaLimit::new(AttachmentKind::Animation, &["image/gif"], IMAGE_MAX),
            MediaLimit::new(AttachmentKind::Audio, &["audio/*"], FILE_MAX),
            MediaLimit::new(AttachmentKind::Video, &["video/*"], FILE_MAX),
            MediaLimit::new(AttachmentKind::File, &["application/pdf"], FILE_MAX),
            MediaLimit::new(AttachmentKind::Sticker, &[], FILE_MAX),
        ]
    };
    let send = ActionAbility::new(ActionKind::SendMessage)
        .private()
        .text(text_max, unit)
        .media(10, files())
        .quick_replies(QUICK_REPLIES_MAX)
        .structured(&["quick-replies", "card", "carousel"]);
    let send = windows().into_iter().fold(send, ActionAbility::window);
    let private_reply = ActionAbility::new(ActionKind::PrivateReply)
        .public()
        .text(text_max, unit)
        .media(1, files())
        .window(private_reply_window());
    let reply = ActionAbility::new(ActionKind::Reply)
        .public()
        .text(COMMENT_MAX, TextUnit::CodePoints);
    let private = [
        ActionKind::React,
        ActionKind::Unreact,
        ActionKind::Typing,
        ActionKind::MarkSeen,
    ];
    let public = [ActionKind::Hide, ActionKind::Unhide, ActionKind::Delete];
    let private = private.map(|kind| ActionAbility::new(kind).private().idempotent());
    let public = public.map(|kind| ActionAbility::new(kind).public().idempotent());
    [send, private_reply, reply]
        .into_iter()
        .chain(private)
        .chain(public)
        .collect()
}
