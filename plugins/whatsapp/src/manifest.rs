//! What this connector is, wants and can do.

use linecard_graph::inspect::DEBUG_TOKEN;
use linecard_graph::manifest::{hosts, webhook_secrets};
use linecard_graph::send::STANDARD_WINDOW;
use linecard_sdk::manifest::{
    ActionAbility, ActionKind, AttachmentKind, ConnectorManifest, Manifest, MediaLimit, RateLimit,
    ReplyWindow, SecretKind, SecretWant, TextUnit, ThrottleScope, Visibility, WindowDemand,
};

use crate::compose::{BUTTONS_MAX, STRUCTURED, TEXT_MAX};
use crate::config::TOKEN;

const MB: u64 = 1024 * 1024;
/// Where Meta keeps files.
const MEDIA_HOSTS: [&str; 2] = ["lookaside.fbsbx.com", "*.fbcdn.net"];

/// The manifest.
pub fn manifest() -> Manifest {
    let messages = || vec![ActionKind::SendMessage, ActionKind::SendTemplate];
    let connector = ConnectorManifest {
        networks: vec!["whatsapp".to_owned()],
        secrets: secrets(),
        hosts: hosts(&MEDIA_HOSTS),
        receives: true,
        polls: false,
        resolves_profiles: false,
        resolves_media: true,
        probes: true,
        templates: true,
        visibilities: vec![Visibility::Private],
        actions: actions(),
        rate_limits: vec![
            RateLimit {
                scope: ThrottleScope::Channel,
                actions: messages(),
                calls: 80,
                per_ms: 1000,
            },
            // One in six seconds in the long run, up to 45 at once.
            RateLimit {
                scope: ThrottleScope::Recipient,
                actions: messages(),
                calls: 45,
                per_ms: 45 * 6000,
            },
        ],
        retries: None,
        ..ConnectorManifest::default()
    };
    Manifest::connector("whatsapp", env!("CARGO_PKG_VERSION"), "WhatsApp", connector)
        .description("The conversations of one number on the WhatsApp Business Platform (Cloud API): messages, files, buttons and lists in; messages and approved templates out.")
        .config_schema(include_str!("config.schema.json"))
}

fn secrets() -> Vec<SecretWant> {
    let webhook = webhook_secrets(".", "WhatsApp, Configuration, Webhook.");
    let token = SecretWant::required(
        TOKEN,
        SecretKind::Bearer,
        "Access token",
        "A system user's token with whatsapp_business_messaging and whatsapp_business_management. Business settings: Users, System users, Generate token.",
    )
    .inspected_at(DEBUG_TOKEN);
    webhook.into_iter().chain([token]).collect()
}

fn actions() -> Vec<ActionAbility> {
    let window = ReplyWindow {
        name: "customer-service".to_owned(),
        seconds: STANDARD_WINDOW / 1000,
        demands: WindowDemand::Nothing,
        enabled_by: None,
    };
    let media = vec![
        MediaLimit::new(AttachmentKind::Image, &["image/jpeg", "image/png"], 5 * MB),
        MediaLimit::new(AttachmentKind::Audio, &["audio/*"], 16 * MB),
        MediaLimit::new(AttachmentKind::Video, &["video/mp4", "video/3gpp"], 16 * MB),
        MediaLimit::new(AttachmentKind::File, &[], 100 * MB),
        MediaLimit::new(AttachmentKind::Sticker, &["image/webp"], 500 * 1024),
    ];
    let send = ActionAbility::new(ActionKind::SendMessage)
        .private()
        .text(TEXT_MAX, TextUnit::CodePoints)
        .media(10, media)
        .text_with_media()
        .quick_replies(BUTTONS_MAX)
        .structured(&STRUCTURED)
        .locations()
        .window(window);
    let template = ActionAbility::new(ActionKind::SendTemplate).private();
    let marks = [ActionKind::React, ActionKind::Unreact, ActionKind::MarkSeen];
    let marks = marks.map(|kind| ActionAbility::new(kind).private().idempotent());
    [send, template].into_iter().chain(marks).collect()
}
