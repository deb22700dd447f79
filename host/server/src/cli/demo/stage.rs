//! The demo's stage: simulated networks, and a hub that is set up for them.

use std::sync::Arc;

use anyhow::Context as _;
use linecard_model::site::{Role, SiteConfig};
use linecard_simulator::graph::{GraphOptions, GraphSimulator};
use linecard_simulator::open_messaging::{OpenMessagingOptions, OpenMessagingSimulator};
use serde_json::{Value, json};
use url::Url;

use super::{ROBOTS, YOU};
use crate::configure::SecretValues;
use crate::hub::Hub;
use crate::site::Actor;

/// The channel on the simulated page.
pub(super) const PAGE: &str = "page";
/// The channel to the simulated middleware.
pub(super) const WEB: &str = "web";

/// The simulated networks.
pub(super) struct Networks {
    pub graph: Arc<GraphSimulator>,
    pub open_messaging: Arc<OpenMessagingSimulator>,
}

impl Networks {
    /// Starts them on free ports of this machine.
    pub async fn start() -> anyhow::Result<Self> {
        let graph = GraphSimulator::start(GraphOptions::default()).await?;
        let open_messaging = OpenMessagingSimulator::start(OpenMessagingOptions::default()).await?;
        Ok(Self {
            graph: Arc::new(graph),
            open_messaging: Arc::new(open_messaging),
        })
    }

    /// Tells them where the hub is, and has the page's webhook verified as a network does.
    pub async fn connect(&self, hub: &str) -> anyhow::Result<()> {
        let callback = Url::parse(&format!("{hub}/channels/{PAGE}/webhook"))?;
        self.graph.set_callback_url(callback);
        self.open_messaging.set_hub(Url::parse(hub)?, None);
        self.graph
            .subscribe()
            .await
            .context("the hub did not verify the page's webhook")
    }
}

/// Sets the hub up: two channels, an analyzer, a queue, robots and a person.
pub(super) async fn set_up(
    hub: &Hub,
    networks: &Networks,
    passwords: &[(String, String)],
) -> anyhow::Result<()> {
    let graph = networks.graph.options();
    let open = networks.open_messaging.options();
    let mut agents = serde_json::Map::new();
    for (name, _) in passwords {
        let is_you = name == YOU;
        let agent = json!({
            "name": if is_you { "You".to_owned() } else { name.replace("robot-", "Robot ") },
            "role": if is_you { "admin" } else { "agent" },
            "slots": { "social-direct-message": if is_you { 3 } else { 8 } },
            "password": "stored",
        });
        agents.insert(name.clone(), agent);
    }
    let config = json!({
        "name": "Demo",
        "queues": { "support": {
            "name": "Support",
            "members": passwords.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "wrap_up": { "mode": "mandatory" },
            "service_level_seconds": 20,
        } },
        "agents": agents,
        "keys": { open.client_id.clone(): {
            "name": "The middleware", "channels": [WEB], "secret": "stored",
        } },
        "analyzers": { "words": { "plugin": "keywords", "config": words() } },
        "channels": {
            PAGE: {
                "plugin": "messenger", "name": "Simulated page", "queue": "support",
                "config": { "page_id": graph.page_id, "base_url": networks.graph.base_url() },
                "secrets": {
                    "app-secret": "stored", "verify-token": "stored", "page-access-token": "stored",
                },
                "hosts": [networks.graph.base_url()],
            },
            WEB: {
                "plugin": "open-messaging", "name": "Simulated middleware", "queue": "support",
                "config": {
                    "integration_id": open.integration_id,
                    "notification_url": networks.open_messaging.webhook_url(),
                },
                "secrets": { "notification-signature": "stored" },
                "hosts": [networks.open_messaging.base_url()],
            },
        },
    });
    let config: SiteConfig = serde_json::from_value(config)?;
    let passwords: Value = passwords
        .iter()
        .map(|(name, password)| (name.clone(), Value::from(password.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let secrets: SecretValues = serde_json::from_value(json!({
        "agents": passwords,
        "keys": { open.client_id.clone(): open.client_secret },
        "channels": {
            PAGE: {
                "app-secret": graph.app_secret,
                "verify-token": graph.verify_token,
                "page-access-token": graph.access_token,
            },
            WEB: { "notification-signature": open.signature_secret },
        },
    }))?;
    let actor = Actor {
        name: "demo".to_owned(),
        role: Role::Admin,
        agent: None,
    };
    hub.apply(&actor, config, secrets, None).await?;
    Ok(())
}

fn words() -> Value {
    json!({ "rules": [
        { "label": "delivery", "words": ["parcel", "delivery", "package", "Paket", "paquete"] },
        { "label": "billing", "words": ["invoice", "refund", "charged", "Rechnung", "factura"] },
        { "label": "thanks", "words": ["thanks", "danke", "gracias"], "phrases": ["thank you"] },
    ] })
}

/// The names of everybody who signs in, each with a password of its own.
pub(super) fn people() -> anyhow::Result<Vec<(String, String)>> {
    let mut names: Vec<String> = (1..=ROBOTS).map(|n| format!("robot-{n}")).collect();
    names.push(YOU.to_owned());
    names
        .into_iter()
        .map(|name| {
            let mut bytes = [0_u8; 9];
            getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
            Ok((name, hex::encode(bytes)))
        })
        .collect()
}
