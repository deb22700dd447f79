//! What this connector is, wants and can do.

use linecard_graph::Network;
use linecard_graph::compose::QUICK_REPLIES_MAX;
use linecard_graph::send::windows;
use linecard_graph::webhook::{APP_SECRET, VERIFY_TOKEN};
use linecard_sdk::manifest::{
    ActionAbility, ActionKind, AttachmentKind, ConnectorManifest, HostWant, Manifest, MediaLimit,
    RateLimit, SecretKind, SecretWant, ThrottleScope, Visibility,
};

use crate::config::PAGE_TOKEN;

/// Meta's limit for a file, in bytes.
const FILE_MAX: u64 = 25 * 1024 * 1024;
/// Meta's limit for an image, in bytes.
const IMAGE_MAX: u64 = 8 * 1024 * 1024;
/// Meta's content network: what a page's webhooks name as an attachment's address.
const MEDIA_HOSTS: [&str; 3] = [
    "scontent.xx.fbcdn.net",
    "cdn.fbsbx.com",
    "lookaside.fbsbx.com",
];

/// The manifest.
pub fn manifest() -> Manifest {
    let mut hosts = vec![HostWant::FromConfig("/base_url".to_owned())];
    hosts.extend(MEDIA_HOSTS.map(|host| HostWant::Exact(host.to_owned())));
    let connector = ConnectorManifest {
        networks: vec!["messenger".to_owned()],
        secrets: secrets(),
        hosts,
        receives: true,
        polls: true,
        resolves_profiles: true,
        resolves_media: true,
        probes: true,
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
    };
    Manifest::connector("messenger", env!("CARGO_PKG_VERSION"), "Messenger", connector)
        .description("Private conversations with a Facebook page through the Messenger Platform: messages, postbacks, reactions and receipts in, messages, templates and reactions out.")
        .config_schema(include_str!("config.schema.json"))
}

fn secrets() -> Vec<SecretWant> {
    vec![
        SecretWant::required(
            APP_SECRET,
            SecretKind::HmacKey,
            "App secret",
            "Meta for Developers: your app, App settings, Basic, App secret. It signs what Meta sends.",
        ),
        SecretWant::required(
            VERIFY_TOKEN,
            SecretKind::SharedToken,
            "Verify token",
            "A word that you choose and also enter beside the callback URL: your app, Messenger, Webhooks.",
        ),
        SecretWant::required(
            PAGE_TOKEN,
            SecretKind::Bearer,
            "Page access token",
            "Meta for Developers: your app, Messenger, Access tokens; or a system user's token with pages_messaging.",
        ),
    ]
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
