//! What this connector is, wants and can do.

use linecard_sdk::manifest::{
    ActionAbility, ActionKind, AttachmentKind, ConnectorManifest, HostWant, Manifest, MediaLimit,
    RetryRule, SecretKind, SecretWant, TextUnit, Visibility,
};

use crate::inbound::INBOUND_SIGNATURE;
use crate::outbound::NOTIFICATION_SIGNATURE;

/// No limit of a text is published; this keeps a notification well below what middlewares take.
const TEXT_MAX: u32 = 10_000;
/// No limit of a file is published either: it is fetched from its URL.
const FILE_MAX: u64 = 100 * 1024 * 1024;
/// Nor one of quick replies: this is what the strictest network behind middlewares shows.
const QUICK_REPLIES_MAX: u32 = 13;

/// What middlewares expect: a notification that is not taken comes five times more, each 5 seconds
/// after the last, and then no more.
const RETRIES: RetryRule = RetryRule {
    max: 5,
    pause_ms: 5_000,
};

/// The manifest.
pub fn manifest() -> Manifest {
    let connector = ConnectorManifest {
        networks: vec!["open-messaging".to_owned()],
        secrets: vec![
            SecretWant::required(
                NOTIFICATION_SIGNATURE,
                SecretKind::HmacKey,
                "Outbound notification webhook signature secret token",
                "A word that you choose and also enter in the middleware. It signs what the hub sends.",
            ),
            SecretWant::optional(
                INBOUND_SIGNATURE,
                SecretKind::HmacKey,
                "Inbound signature secret",
                "Only for a middleware that posts to the channel's webhook address instead of the Open Messaging API with a token. It signs what the middleware sends.",
            ),
        ],
        hosts: vec![
            HostWant::FromConfig("/notification_url".to_owned()),
            HostWant::FromConfig("/media_base_url".to_owned()),
        ],
        receives: true,
        resolves_media: true,
        visibilities: vec![Visibility::Private],
        actions: actions(),
        retries: Some(RETRIES),
        ..ConnectorManifest::default()
    };
    Manifest::connector("open-messaging", env!("CARGO_PKG_VERSION"), "Open Messaging", connector)
        .description("Any network through a middleware that speaks Open Messaging: it posts what customers write to the hub's API and takes the answers at its webhook.")
        .config_schema(include_str!("config.schema.json"))
}

fn actions() -> Vec<ActionAbility> {
    let kinds = [
        AttachmentKind::Image,
        AttachmentKind::Audio,
        AttachmentKind::Video,
        AttachmentKind::File,
        AttachmentKind::Link,
    ];
    vec![
        ActionAbility::new(ActionKind::SendMessage)
            .private()
            .text(TEXT_MAX, TextUnit::CodePoints)
            .media(
                1,
                kinds
                    .map(|kind| MediaLimit::new(kind, &[], FILE_MAX))
                    .to_vec(),
            )
            .text_with_media()
            .quick_replies(QUICK_REPLIES_MAX)
            .structured(&["quick-replies", "card", "carousel"])
            .locations()
            .idempotent(),
        ActionAbility::new(ActionKind::Typing)
            .private()
            .idempotent(),
    ]
}
