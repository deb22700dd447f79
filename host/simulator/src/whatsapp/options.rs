//! How a simulated WhatsApp number is set up and how it behaves.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::templates::{Category, Template};
use crate::clock::SimulatedClock;
use crate::graph::WebhookDelivery;
use crate::record::RecordMode;

/// How a simulated WhatsApp number is set up.
#[derive(Clone)]
pub struct WhatsAppOptions {
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// The id of the business phone number, which is the account in the API's paths.
    pub phone_number_id: String,
    /// The business phone number in digits, as webhooks have it.
    pub display_phone_number: String,
    /// The name that customers see.
    pub verified_name: String,
    /// The id of the WhatsApp Business Account, which owns number and templates.
    pub waba_id: String,
    /// The id of the app that the hub's token belongs to.
    pub app_id: u64,
    /// The system user's token that the hub must send.
    pub access_token: String,
    /// The key of webhook signatures.
    pub app_secret: String,
    /// The word that the subscription handshake carries.
    pub verify_token: String,
    /// Where webhooks go; it can be set later.
    pub callback_url: Option<Url>,
    /// Whether webhooks go out only after `POST /{waba}/subscribed_apps`.
    pub require_subscription: bool,
    /// Whether calls need `appsecret_proof`.
    pub require_app_secret_proof: bool,
    /// By what webhooks name people at first.
    pub identifiers: Identifiers,
    /// Whether people have a parent user id as well, as in portfolios that asked for it.
    pub parent_user_ids: bool,
    /// Whether webhooks carry the address of a medium beside its id.
    pub media_urls: bool,
    /// How long the address of a medium serves.
    pub media_address_lifetime: Duration,
    /// The message templates.
    pub templates: Vec<Template>,
    /// What is allowed at first.
    pub rules: WhatsAppRules,
    /// How webhooks are delivered at first.
    pub delivery: WebhookDelivery,
    /// Which statuses follow a message from the hub at first.
    pub statuses: Statuses,
    /// How much is remembered.
    pub record: RecordMode,
    /// The seed of faults, losses, duplicates and order.
    pub seed: u64,
    /// The clock that windows, limits and timestamps go by.
    pub clock: SimulatedClock,
}

impl fmt::Debug for WhatsAppOptions {
    /// Shows no token and no secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WhatsAppOptions")
            .field("listen", &self.listen)
            .field("phone_number_id", &self.phone_number_id)
            .field("waba_id", &self.waba_id)
            .field("identifiers", &self.identifiers)
            .field("rules", &self.rules)
            .field("record", &self.record)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Default for WhatsAppOptions {
    /// A number on any free port of this machine, with well-known secrets and two templates, that
    /// names people by phone number and user id.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            phone_number_id: "106540352242922".to_owned(),
            display_phone_number: "15550783881".to_owned(),
            verified_name: "Simulated Shop".to_owned(),
            waba_id: "102290129340398".to_owned(),
            app_id: 200_000_000_000_002,
            access_token: "simulated-whatsapp-token".to_owned(),
            app_secret: "simulated-app-secret".to_owned(),
            verify_token: "simulated-verify-token".to_owned(),
            callback_url: None,
            require_subscription: false,
            require_app_secret_proof: false,
            identifiers: Identifiers::default(),
            parent_user_ids: false,
            media_urls: false,
            media_address_lifetime: Duration::from_mins(5),
            templates: vec![
                Template::new(
                    "hello_world",
                    "en_US",
                    Category::Utility,
                    "Welcome and congratulations! This message is a test.",
                ),
                Template::new(
                    "order_update",
                    "en_US",
                    Category::Utility,
                    "Hello {{1}}, your order {{2}} is on its way.",
                ),
            ],
            rules: WhatsAppRules::default(),
            delivery: WebhookDelivery::default(),
            statuses: Statuses::default(),
            record: RecordMode::Full,
            seed: 1,
            clock: SimulatedClock::default(),
        }
    }
}

/// By what webhooks name people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identifiers {
    /// By phone number alone, as before there were user ids.
    PhoneNumbers,
    /// By phone number and business-scoped user id.
    #[default]
    Both,
    /// By business-scoped user id alone, as with people who hide their number.
    UserIds,
}

/// What happens to a message that is no template when the customer has not written for 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedWindow {
    /// It is accepted and fails with 131047 in a status, as the network does it.
    #[default]
    FailedStatus,
    /// It is refused with 131047 at once, as the network does it now and then.
    Refused,
    /// It is delivered.
    Ignored,
}

/// What is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WhatsAppRules {
    /// What the end of the 24-hour window does.
    pub closed_window: ClosedWindow,
    /// Whether there is a limit of one message to a person in 6 seconds, with 45 at once (131056).
    pub pair_limit: bool,
    /// The most messages in a second (130429).
    pub messages_per_second: u32,
    /// How far the timestamps of webhooks are off, in seconds.
    pub clock_skew_seconds: i64,
}

impl Default for WhatsAppRules {
    /// The published rules: windows close, pairs are limited, 80 messages a second.
    fn default() -> Self {
        Self {
            closed_window: ClosedWindow::default(),
            pair_limit: true,
            messages_per_second: 80,
            clock_skew_seconds: 0,
        }
    }
}

/// Which statuses follow a message from the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Statuses {
    /// `sent`
    pub sent: bool,
    /// `delivered`
    pub delivered: bool,
    /// `read`
    pub read: bool,
    /// `played`, after audio alone.
    pub played: bool,
    /// How long each is after the one before it, in milliseconds.
    pub delay_ms: u64,
}

impl Default for Statuses {
    /// Sent, delivered and read, 20 ms apart; people seldom play.
    fn default() -> Self {
        Self {
            sent: true,
            delivered: true,
            read: true,
            played: false,
            delay_ms: 20,
        }
    }
}
