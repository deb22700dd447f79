//! A channel's secrets, as the calls of its connector use them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use linecard_model::ChannelId;
use linecard_sandbox::{Secret, SecretSource, SecretStore};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::entry::{EntryName, VaultEntry};
use super::{Vault, hash, hub_itself};

/// A refresh token that a network gave in place of the configured one.
pub(super) struct Rotated {
    /// Which configured secret it replaces: a new one makes it void.
    base: [u8; 32],
    token: SecretString,
}

#[derive(Serialize, Deserialize)]
struct RotatedForm {
    base: [u8; 32],
    token: Zeroizing<String>,
}

impl Rotated {
    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let form: RotatedForm = serde_json::from_slice(value).ok()?;
        Some(Self {
            base: form.base,
            token: SecretString::from(form.token.as_str()),
        })
    }
}

/// The secrets of one channel. A rotated refresh token is kept durably and used from then on.
pub struct ChannelSecrets {
    vault: Vault,
    channel: ChannelId,
    secrets: BTreeMap<String, Configured>,
}

struct Configured {
    secret: Secret,
    /// The hash of its text.
    base: [u8; 32],
}

impl ChannelSecrets {
    /// A channel without secrets so far.
    pub fn new(vault: Vault, channel: ChannelId) -> Self {
        Self {
            vault,
            channel,
            secrets: BTreeMap::new(),
        }
    }

    /// Adds a secret with the text that it was made of.
    pub fn add(&mut self, name: &str, secret: Secret, text: &SecretString) {
        let base = hash::digest(text.expose_secret());
        self.secrets
            .insert(name.to_owned(), Configured { secret, base });
    }
}

impl SecretSource for ChannelSecrets {
    fn get(&self, name: &str) -> Option<Secret> {
        let configured = self.secrets.get(name)?;
        let mut secret = configured.secret.clone();
        if let Secret::Oauth2(client) = &mut secret {
            let place = (self.channel.clone(), name.to_owned());
            if let Some(rotated) = self.vault.state().rotated.get(&place)
                && rotated.base == configured.base
            {
                client.refresh_token = Some(rotated.token.clone());
            }
        }
        Some(secret)
    }

    fn store(&self) -> Option<&dyn SecretStore> {
        Some(self)
    }
}

impl ChannelSecrets {
    /// The entry that keeps a rotated refresh token.
    pub(super) fn rotated_entry(
        &self,
        name: &str,
        refresh_token: &SecretString,
    ) -> Result<VaultEntry, String> {
        let configured = self
            .secrets
            .get(name)
            .ok_or_else(|| format!("channel {} has no secret \"{name}\"", self.channel))?;
        let entry = EntryName::Rotated(self.channel.clone(), name.to_owned()).to_string();
        let form = RotatedForm {
            base: configured.base,
            token: Zeroizing::new(refresh_token.expose_secret().to_owned()),
        };
        let plain = Zeroizing::new(
            serde_json::to_vec(&form).map_err(|_| "the token cannot be stored".to_owned())?,
        );
        let sealed = self.vault.seal(&entry, &plain).map_err(|e| e.to_string())?;
        Ok((entry, Some(sealed)))
    }
}

#[async_trait]
impl SecretStore for ChannelSecrets {
    async fn rotated(&self, name: &str, refresh_token: SecretString) -> Result<(), String> {
        let entry = self.rotated_entry(name, &refresh_token)?;
        let subject = format!("{}/{name}", self.channel);
        let audit = ("secret.rotated".to_owned(), subject);
        self.vault
            .write(hub_itself(), vec![entry], Some(audit))
            .await
            .map_err(|e| e.to_string())
    }
}
