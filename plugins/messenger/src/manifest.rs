//! What this connector is, wants and can do.

use linecard_graph::Network;
use linecard_graph::compose::QUICK_REPLIES_MAX;
use linecard_graph::inspect::DEBUG_TOKEN;
use linecard_graph::manifest::{FILE_MAX, IMAGE_MAX, hosts, webhook_secrets};
use linecard_graph::send::windows;
use linecard_sdk::manifest::{
    ActionAbility, ActionKind, AttachmentKind, ConnectorManifest, Manifest, MediaLimit, RateLimit,
    SecretKind, SecretWant, ThrottleScope, Visibility,
};

use crate::config::PAGE_TOKEN;

/// Meta's content network: what a page's webhooks name as an attachment's address.
const MEDIA_HOSTS: [&str; 3] = [
    "scontent.xx.fbcdn.net",
    "cdn.fbsbx.com",
    "lookaside.fbsbx.com",
];

/// The manifest.
pub fn manifest() -> Manifest {
    let connector = ConnectorManifest {
        networks: vec!["messenger".to_owned()],
        secrets: secrets(),
        hosts: hosts(&MEDIA_HOSTS),
        receives: true,
        polls: true,
        resolves_profiles: true,
        resolves_media: true,
        probes: true,
        templates: false,
        visibilities: vec![Visibility::Private],
        actions: actions(),
        // The Send API's limit for texts and links; Graph itself paces audio and video, which have
        // ten a second.
        rate_limits: vec![RateLimit {
            scope: ThrottleScope::Channel,
            actions: vec![ActionKind::SendMessage],
            calls: 300,
            per_ms: 1000,
        }],
        retries: None,
        ..ConnectorManifest::default()
    };
    Manifest::connector("messenger", env!("CARGO_PKG_VERSION"), "Messenger", connector)
        .description("Private conversations with a Facebook page through the Messenger Platform: messages, postbacks, reactions and receipts in, messages, templates and reactions out.")
        .config_schema(include_str!("config.schema.json"))
}

fn secrets() -> Vec<SecretWant> {
    let webhook = webhook_secrets(".", "Messenger, Webhooks.");
    let token = SecretWant::required(
        PAGE_TOKEN,
        SecretKind::Bearer,
        "Page access token",
        "Meta for Developers: your app, Messenger, Access tokens; or a system user's token with pages_messaging.",
    )
    .inspected_at(DEBUG_TOKEN);
    webhook.into_iter().chain([token]).collect()
}

fn actions() -> Vec<ActionAbility> {
    let (text_max, unit) = Network::Messenger.text_max();
    let send = ActionAbility::new(ActionKind::SendMessage)
        .private()
        .text(text_max, unit)
        .media(
            10,
            vec![
                MediaLimit::new(AttachmentKind::Image, &["image/*"], IMAGE_MAX),
                MediaLimit::new(AttachmentKind::Animation, &["image/*"], IMAGE_MAX),
                MediaLimit::new(AttachmentKind::Audio, &["audio/*"], FILE_MAX),
                MediaLimit::new(AttachmentKind::Video, &["video/*"], FILE_MAX),
                MediaLimit::new(AttachmentKind::File, &[], FILE_MAX),
                MediaLimit::new(AttachmentKind::Sticker, &[], FILE_MAX),
            ],
        )
        .quick_replies(QUICK_REPLIES_MAX)
        .structured(&["quick-replies", "card", "carousel"]);
    let send = windows().into_iter().fold(send, ActionAbility::window);
    let repeatable = [
        ActionKind::React,
        ActionKind::Unreact,
        ActionKind::Typing,
        ActionKind::MarkSeen,
    ];
    let repeatable = repeatable.map(|kind| ActionAbility::new(kind).private().idempotent());
    std::iter::once(send).chain(repeatable).collect()
}
