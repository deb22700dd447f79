//! How a simulated X is set up and how it behaves.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::SimulatedClock;
use crate::delivery::RetryPolicy;
use crate::record::RecordMode;

/// The form in which activities are delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Envelope {
    /// The X Activity API: one event a call, in `data`.
    #[default]
    Activity,
    /// The older Account Activity API: lists by kind, with `for_user_id`.
    AccountActivity,
}

/// How webhooks travel to the hub.
#[derive(Debug, Clone, PartialEq)]
pub struct XDelivery {
    /// The form of the events.
    pub envelope: Envelope,
    /// When a call that was not accepted is repeated; X documents no repetition.
    pub retry: RetryPolicy,
    /// The probability, from 0 to 1, that an event is sent in a second call, too.
    pub duplicates: f64,
    /// The probability, from 0 to 1, that an event is never sent.
    pub losses: f64,
    /// The most events in one call; the X Activity API always sends one.
    pub batch: usize,
    /// How long events are gathered when batches or disorder are asked for.
    pub gather: Duration,
    /// Whether events that were gathered are shuffled.
    pub disorder: bool,
}

impl Default for XDelivery {
    /// Each event once, in order, in the form of the X Activity API.
    fn default() -> Self {
        Self {
            envelope: Envelope::Activity,
            retry: RetryPolicy {
                timeout: Duration::from_secs(10),
                attempts: 1,
                ..RetryPolicy::fast()
            },
            duplicates: 0.0,
            losses: 0.0,
            batch: 1,
            gather: Duration::from_millis(30),
            disorder: false,
        }
    }
}

/// What the account's product and the network's rules allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// The account may post up to 25,000 characters.
    pub long_posts: bool,
    /// Likes, follows and quotes answer 403 `client-not-enrolled`, as without Enterprise.
    pub enterprise_only: bool,
    /// Replies need a mention or a quote by the author of the post.
    pub summoned_replies: bool,
    /// Calls that change something answer 403 `oauth1-permissions`.
    pub read_only: bool,
    /// Every call answers 402 `CreditsDepleted`.
    pub credits_depleted: bool,
    /// Reads of posts answer 429 `usage-capped`.
    pub usage_capped: bool,
}

impl Default for Rules {
    /// An account without long posts, with every endpoint, that replies only when summoned.
    fn default() -> Self {
        Self {
            long_posts: false,
            enterprise_only: false,
            summoned_replies: true,
            read_only: false,
            credits_depleted: false,
            usage_capped: false,
        }
    }
}

/// How a simulated X is set up.
#[derive(Clone)]
pub struct XOptions {
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// The company account's id.
    pub user_id: String,
    /// The company account's user name, without `@`.
    pub username: String,
    /// The company account's name.
    pub name: String,
    /// OAuth 1.0a consumer key.
    pub consumer_key: String,
    /// OAuth 1.0a consumer secret; also the key of webhook signatures and of the CRC.
    pub consumer_secret: String,
    /// OAuth 1.0a token of the company account.
    pub access_token: String,
    /// The secret of that token.
    pub access_token_secret: String,
    /// App-only bearer token.
    pub bearer_token: String,
    /// OAuth 2.0 client id.
    pub client_id: String,
    /// OAuth 2.0 client secret; it is asked for when the client sends Basic authorization.
    pub client_secret: String,
    /// The first OAuth 2.0 user token.
    pub oauth2_token: String,
    /// The first refresh token; each serves once.
    pub refresh_token: String,
    /// How long an OAuth 2.0 user token serves.
    pub token_lifetime: Duration,
    /// Where webhooks go. It counts as validated and subscribed to everything.
    pub callback_url: Option<Url>,
    /// Whether `POST /2/webhooks` takes plain HTTP addresses with a port, as a hub on this
    /// machine has; X itself wants HTTPS without a port.
    pub allow_plain_webhooks: bool,
    /// Other limits than the documented ones: calls in 15 minutes, by the kind of call.
    pub limits: BTreeMap<String, u32>,
    /// Other 24-hour limits than the documented ones, by the kind of call.
    pub daily_limits: BTreeMap<String, u32>,
    /// How long a video is processed; simulated time.
    pub video_processing: Duration,
    /// What is allowed at first.
    pub rules: Rules,
    /// How webhooks are delivered at first.
    pub delivery: XDelivery,
    /// How much is remembered.
    pub record: RecordMode,
    /// The seed of faults, losses, duplicates and order.
    pub seed: u64,
    /// The clock that ids, windows and tokens go by.
    pub clock: SimulatedClock,
}

impl fmt::Debug for XOptions {
    /// Shows no token and no secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("XOptions")
            .field("listen", &self.listen)
            .field("user_id", &self.user_id)
            .field("username", &self.username)
            .field("rules", &self.rules)
            .field("record", &self.record)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Default for XOptions {
    /// An account on any free port of this machine, with well-known secrets.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            user_id: "2244994945".to_owned(),
            username: "simulated_shop".to_owned(),
            name: "Simulated Shop".to_owned(),
            consumer_key: "simulated-consumer-key".to_owned(),
            consumer_secret: "simulated-consumer-secret".to_owned(),
            access_token: "2244994945-simulated-token".to_owned(),
            access_token_secret: "simulated-token-secret".to_owned(),
            bearer_token: "simulated-bearer-token".to_owned(),
            client_id: "simulated-client".to_owned(),
            client_secret: "simulated-client-secret".to_owned(),
            oauth2_token: "simulated-user-token".to_owned(),
            refresh_token: "simulated-refresh-token".to_owned(),
            token_lifetime: Duration::from_hours(2),
            callback_url: None,
            allow_plain_webhooks: true,
            limits: BTreeMap::new(),
            daily_limits: BTreeMap::new(),
            video_processing: Duration::from_secs(5),
            rules: Rules::default(),
            delivery: XDelivery::default(),
            record: RecordMode::Full,
            seed: 1,
            clock: SimulatedClock::default(),
        }
    }
}
