//! The network to practise on: a simulated page with Messenger in the hub's own process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use linecard_api::{Practice, PracticeChannel, PracticeMessage};
use linecard_hub::Hub;
use linecard_model::Timestamp;
use linecard_simulator::customers::{Author, Profile};
use linecard_simulator::delivery::RetryPolicy;
use linecard_simulator::graph::{GraphOptions, GraphSimulator, Incoming, WebhookDelivery};
use linecard_simulator::record::RecordMode;
use linecard_vault::{new_token, write_private};
use secrecy::ExposeSecret as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;
use url::Url;

use crate::config::ServerConfig;

/// The channel to it.
const CHANNEL: &str = "practice";
/// The one customer.
const CUSTOMER: &str = "1000000000000001";
/// How many of the hub's calls are remembered: nobody reads them.
const CALLS: usize = 10;
/// How often a message is delivered until the hub takes it, within a second: somebody waits for it.
const ATTEMPTS: u32 = 8;
/// The most messages of the conversation: it is kept in memory.
const MOST: usize = 1_000;
/// How long the hub may take to take a message.
const PATIENCE: Duration = Duration::from_secs(20);

/// The network, which starts when somebody wants it.
#[derive(Debug)]
pub(super) struct PracticePage {
    listen: SocketAddr,
    /// The hub's own address on this machine.
    hub: String,
    data: PathBuf,
    page: OnceCell<GraphSimulator>,
}

impl PracticePage {
    /// The network of a hub, if it is to have one. It starts at once where a channel needs it.
    pub(super) async fn of(config: &ServerConfig, hub: &Hub, heard: SocketAddr) -> Option<Self> {
        let listen = config.practice_listen?;
        let mut at = config.clone();
        // The port that was really taken, where any was asked for.
        at.listen.set_port(heard.port());
        let practice = Self {
            listen,
            hub: at.local_url(),
            data: config.data.clone(),
            page: OnceCell::new(),
        };
        let is_used = hub
            .channels
            .all()
            .iter()
            .any(|channel| channel.id.as_str() == CHANNEL);
        if is_used && let Err(error) = practice.page().await {
            tracing::warn!(%error, "the network to practise on does not work");
        }
        Some(practice)
    }

    /// A secret of the network's. It is the same after a restart, because the channel keeps it, and nobody
    /// else's: the hub's webhook address may be public.
    fn secret(seed: &str, name: &str) -> String {
        hex::encode(&Sha256::digest(format!("{seed}/{name}"))[..16])
    }

    async fn page(&self) -> anyhow::Result<&GraphSimulator> {
        self.page
            .get_or_try_init(|| async {
                let seed = seed(&self.data)?;
                let callback = format!("{}/channels/{CHANNEL}/webhook", self.hub);
                let page = GraphSimulator::start(GraphOptions {
                    listen: self.listen,
                    page_name: "Practice".to_owned(),
                    access_token: Self::secret(&seed, "token"),
                    app_secret: Self::secret(&seed, "app"),
                    verify_token: Self::secret(&seed, "verify"),
                    callback_url: Some(Url::parse(&callback)?),
                    record: RecordMode::Last(CALLS),
                    delivery: WebhookDelivery {
                        retry: RetryPolicy {
                            attempts: ATTEMPTS,
                            ..RetryPolicy::fast()
                        },
                        ..WebhookDelivery::default()
                    },
                    ..GraphOptions::default()
                })
                .await
                .with_context(|| {
                    format!(
                        "the network to practise on cannot listen on {}: set practice_listen in linecard.toml",
                        self.listen
                    )
                })?;
                page.add_customer(CUSTOMER, Profile::named("Dora", "Practice"));
                Ok(page)
            })
            .await
    }

    async fn say(&self, text: String) -> anyhow::Result<()> {
        let page = self.page().await?;
        let known = page.customer(CUSTOMER).map_or(0, |c| c.conversation.len());
        anyhow::ensure!(
            known < MOST,
            "the conversation has {known} messages; it begins anew when the hub starts the next time"
        );
        let said = tokio::time::timeout(PATIENCE, page.say(CUSTOMER, Incoming::text(text)));
        let Ok(delivery) = said.await else {
            anyhow::bail!(
                "the hub has not taken the message: is there a channel \"{CHANNEL}\" that is at work?"
            );
        };
        anyhow::ensure!(
            delivery.acknowledged,
            "the hub did not take the message ({}): is there a channel \"{CHANNEL}\" that is at work, and can the hub be reached at {}?",
            delivery.problem.unwrap_or_else(|| "no reason".to_owned()),
            self.hub
        );
        Ok(())
    }
}

/// What the secrets are made of; made at the first time, and readable for the hub alone.
fn seed(data: &Path) -> anyhow::Result<String> {
    let file = data.join("practice.key");
    match std::fs::read_to_string(&file) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("{} cannot be read", file.display()));
        }
        _ => {}
    }
    let seed = new_token().expose_secret().to_owned();
    write_private(&file, seed.as_bytes())
        .with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(seed)
}

impl Practice for PracticePage {
    fn open(&self) -> BoxFuture<'_, Result<PracticeChannel, String>> {
        async {
            let page = self.page().await.map_err(|error| format!("{error:#}"))?;
            let options = page.options();
            let base = page.base_url();
            let secrets = BTreeMap::from([
                ("app-secret".to_owned(), options.app_secret.clone()),
                ("verify-token".to_owned(), options.verify_token.clone()),
                ("page-access-token".to_owned(), options.access_token.clone()),
            ]);
            let stored: BTreeMap<&String, &str> =
                secrets.keys().map(|name| (name, "stored")).collect();
            Ok(PracticeChannel {
                id: CHANNEL,
                config: BTreeMap::from([
                    ("plugin".to_owned(), json!("messenger")),
                    ("name".to_owned(), json!("Practice")),
                    (
                        "config".to_owned(),
                        json!({ "page_id": options.page_id, "base_url": base }),
                    ),
                    ("hosts".to_owned(), json!([base])),
                    ("secrets".to_owned(), json!(stored)),
                ]),
                secrets,
            })
        }
        .boxed()
    }

    fn write(&self, text: String) -> BoxFuture<'_, Result<(), String>> {
        async { self.say(text).await.map_err(|error| format!("{error:#}")) }.boxed()
    }

    fn read(&self) -> Vec<PracticeMessage> {
        let customer = self.page.get().and_then(|page| page.customer(CUSTOMER));
        let turns = customer.into_iter().flat_map(|c| c.conversation);
        turns
            .filter(|turn| !turn.deleted)
            .map(|turn| PracticeMessage {
                by_customer: turn.author == Author::Customer,
                at: Timestamp::from_millisecond(turn.at_ms).unwrap_or_else(|_| Timestamp::now()),
                text: turn.text,
            })
            .collect()
    }
}
