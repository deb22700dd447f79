//! The demo's stage: a hub that is set up for the simulated networks, and the people who work there.

use std::sync::Arc;

use anyhow::Context as _;
use linecard_hub::Hub;
use linecard_hub::configure::SecretValues;
use linecard_model::rights::Rights;
use linecard_model::site::SiteConfig;
use linecard_site::Actor;
use serde_json::{Value, json};

use super::networks::{Networks, WEB};
use super::{YOU, automatic};

/// Sets the hub up: a channel for each network, an analyzer, a queue, robots and a person.
pub(super) async fn set_up(
    hub: &Arc<Hub>,
    networks: &Networks,
    passwords: &[(String, String)],
) -> anyhow::Result<()> {
    let (key, key_secret) = networks.middleware_key();
    let has_web = networks.places.iter().any(|place| place.channel == WEB);
    let mut agents = serde_json::Map::new();
    for (name, _) in passwords {
        let is_you = name == YOU;
        let agent = json!({
            "name": if is_you { "You".to_owned() } else { name.replace("robot-", "Robot ") },
            "role": if is_you { "admin" } else { "agent" },
            "slots": {
                "social-direct-message": if is_you { 3 } else { 8 },
                "social-conversation": if is_you { 2 } else { 8 },
            },
            "password": "stored",
        });
        agents.insert(name.clone(), agent);
    }
    let mut config = json!({
        "name": "Demo",
        "queues": { "support": {
            "name": "Support",
            "members": passwords.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "wrap_up": { "mode": "mandatory" },
            "service_level_seconds": 20,
        } },
        "agents": agents,
        "keys": if has_web { json!({ key.clone(): {
            "name": "The middleware", "channels": [WEB], "secret": "stored",
        } }) } else { json!({}) },
        "analyzers": {
            "words": { "plugin": "keywords", "config": words() },
            "mood": { "plugin": "sentiment" },
            "reach": { "plugin": "influence" },
        },
        "channels": networks.places.iter()
            .map(|place| (place.channel.to_owned(), place.config.clone()))
            .collect::<serde_json::Map<_, _>>(),
    });
    if let (Some(config), Value::Object(more)) =
        (config.as_object_mut(), automatic::config(networks))
    {
        config.extend(more);
    }
    let config: SiteConfig = serde_json::from_value(config)?;
    let passwords: Value = passwords
        .iter()
        .map(|(name, password)| (name.clone(), Value::from(password.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let secrets: SecretValues = serde_json::from_value(json!({
        "agents": passwords,
        "keys": if has_web { json!({ key: key_secret }) } else { json!({}) },
        "channels": networks.places.iter()
            .map(|place| (place.channel.to_owned(), place.secrets.clone()))
            .collect::<serde_json::Map<_, _>>(),
    }))?;
    let actor = Actor {
        name: "demo".to_owned(),
        rights: Rights::all(),
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
pub(super) fn people(robots: usize) -> anyhow::Result<Vec<(String, String)>> {
    let mut names: Vec<String> = (1..=robots).map(|n| format!("robot-{n}")).collect();
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
