//! What this connector is, wants and can do.

use linecard_sdk::manifest::{
    ActionAbility, ActionKind, AttachmentKind, Condition, ConnectorManifest, HostWant, Manifest,
    MediaLimit, RateLimit, SecretKind, SecretWant, TextUnit, ThrottleScope, Visibility,
};

use crate::config::{BOT_TOKEN, WEBHOOK_KEY};

/// Telegram documents characters. Its servers count UTF-16 units, as its entities do, which is never less.
const TEXT_MAX: u32 = 4_096;
const CAPTION_MAX: u32 = 1_024;
/// What may be behind an inline button, in bytes.
const PAYLOAD_MAX: u32 = 64;
/// No number of buttons is documented; a person reads no more than these.
const BUTTONS_MAX: u32 = 20;
const PHOTO_MAX: u64 = 10 * 1_000_000;
const FILE_MAX: u64 = 50 * 1_000_000;

/// The manifest.
pub fn manifest() -> Manifest {
    let connector = ConnectorManifest {
        networks: vec!["telegram".to_owned()],
        secrets: vec![
            SecretWant::in_path(
                BOT_TOKEN,
                "Bot token",
                "@BotFather in Telegram: /newbot, or /mybots, your bot, API Token.",
                &["/bot{}/", "/file/bot{}/"],
            ),
            SecretWant::optional(
                WEBHOOK_KEY,
                SecretKind::HmacKey,
                "Webhook key",
                "A long random word that you choose. The hub makes of it the secret token that Telegram repeats with each delivery. Needed if updates is webhook.",
            )
            .required_if(Condition::new("/updates", "webhook")),
        ],
        hosts: vec![HostWant::FromConfig("/api_url".to_owned())],
        receives: true,
        receives_if: Some(Condition::new("/updates", "webhook")),
        polls: true,
        polls_if: Some(Condition::new("/updates", "polling")),
        sets_up: true,
        resolves_media: true,
        probes: true,
        visibilities: vec![Visibility::Private],
        actions: actions(),
        rate_limits: vec![
            // https://core.telegram.org/bots/faq: 30 messages a second in all, one a second in a chat.
            RateLimit {
                scope: ThrottleScope::Channel,
                actions: vec![ActionKind::SendMessage],
                calls: 30,
                per_ms: 1_000,
            },
            RateLimit {
                scope: ThrottleScope::Recipient,
                actions: vec![ActionKind::SendMessage],
                calls: 1,
                per_ms: 1_000,
            },
        ],
        ..ConnectorManifest::default()
    };
    Manifest::connector("telegram", env!("CARGO_PKG_VERSION"), "Telegram", connector)
        .description("A bot's private conversations on Telegram, by webhook or by polling: texts, files, places, buttons, edits and reactions. Groups and channels are kept unread.")
        .config_schema(include_str!("config.schema.json"))
}

fn actions() -> Vec<ActionAbility> {
    let media = vec![
        MediaLimit::new(
            AttachmentKind::Image,
            &["image/jpeg", "image/png", "image/webp"],
            PHOTO_MAX,
        ),
        MediaLimit::new(AttachmentKind::Audio, &["audio/*"], FILE_MAX),
        MediaLimit::new(AttachmentKind::Video, &["video/*"], FILE_MAX),
        MediaLimit::new(AttachmentKind::File, &[], FILE_MAX),
    ];
    let private = |kind| ActionAbility::new(kind).private();
    vec![
        private(ActionKind::SendMessage)
            .text(TEXT_MAX, TextUnit::Utf16Units)
            .media(10, media)
            .caption(CAPTION_MAX, TextUnit::Utf16Units)
            .quick_replies(BUTTONS_MAX)
            .quick_reply_payload(PAYLOAD_MAX, TextUnit::Bytes)
            .structured(&["quick-replies"])
            .locations(),
        private(ActionKind::Edit)
            .text(TEXT_MAX, TextUnit::Utf16Units)
            .idempotent(),
        private(ActionKind::Delete).idempotent(),
        private(ActionKind::React).idempotent(),
        private(ActionKind::Unreact).idempotent(),
        private(ActionKind::Typing).idempotent(),
    ]
}
