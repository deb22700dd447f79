//! Secrets at rest: the channels' credentials, encrypted, and hashes of passwords, keys and sessions.
//!
//! Everything lies in the store's vault and is held in memory while the hub runs; a change goes
//! through the site's task like any other and counts once it is durable. Values are wiped from
//! memory when they are dropped and never appear in `Debug`, logs or errors.
//!
//! Who somebody is who shows one of them, and what they may do, says [`auth`]. The crate stands beside
//! the site's traffic and writes through the site; it knows no HTTP.

pub mod account;
pub mod auth;
mod channel;
mod entry;
mod hash;
mod key;
mod logins;
#[cfg(test)]
mod tests;

pub use channel::ChannelSecrets;
pub use entry::{Session, VaultEntry};
pub use hash::{TOKEN_PREFIX, is_own_token, new_token};
pub use key::{KEY_VARIABLE, KeyPlace, random, write_private};
pub use logins::KeyOwner;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use linecard_model::rights::Rights;
use linecard_model::{AgentId, ChannelId, SiteId, WebhookId};
use linecard_site::{Actor, Audit, CommandError, Request, SiteHandle};
use linecard_store::{Store, StoreError};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use channel::Rotated;
use entry::EntryName;
use key::VaultKey;

/// How many Argon2 computations run at a time; each takes 19 MiB and a core.
const HASHERS: usize = 2;

/// Why the vault cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no usable key.
    #[error("the encryption key in {place} cannot be used: {detail}")]
    Key {
        /// Where it should be.
        place: String,
        /// Why not.
        detail: String,
    },
    /// The key does not open what is stored.
    #[error(
        "the key in {place} does not open the stored secrets: give the key that they were encrypted with"
    )]
    WrongKey {
        /// Where the key is.
        place: String,
    },
    /// A value cannot be encrypted or hashed.
    #[error("{0} cannot be protected: the value is too long")]
    Seal(String),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The site refuses.
    #[error(transparent)]
    Site(#[from] CommandError),
}

/// Secrets, encrypted at rest. Cheap to clone; all clones are one vault.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    site: SiteId,
    key: VaultKey,
    /// Set once the site runs; before that nothing can be written.
    handle: OnceLock<SiteHandle>,
    state: RwLock<State>,
    /// Keys shown are looked up by a keyed hash, so that the time a lookup takes tells nothing
    /// about the keys.
    lookup: [u8; 32],
    hashers: Arc<Semaphore>,
}

#[derive(Default)]
struct State {
    /// Grows whenever the keys change: what was compared with the former ones says nothing any more.
    keys_changed: u64,
    secrets: BTreeMap<(ChannelId, String), SecretString>,
    rotated: BTreeMap<(ChannelId, String), Rotated>,
    passwords: BTreeMap<AgentId, String>,
    keys: BTreeMap<String, String>,
    sessions: HashMap<String, Session>,
    webhooks: BTreeMap<WebhookId, Zeroizing<Vec<u8>>>,
    admin: Option<[u8; 32]>,
    /// Keys whose secret was seen, by its keyed hash.
    known: HashMap<[u8; 32], String>,
    /// Keys that were shown and are nobody's, by keyed hash.
    wrong: HashSet<[u8; 32]>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("site", &self.0.site)
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// Reads the vault of a site and decrypts it.
    ///
    /// The key file is made if it does not exist and nothing is encrypted yet. A single value that
    /// cannot be opened is named in the log and counts as missing; if none can, the key is wrong.
    pub async fn open(
        store: &dyn Store,
        site: &SiteId,
        place: &KeyPlace,
    ) -> Result<Self, VaultError> {
        let stored = store.vault_scan(site, "").await?;
        let sealed = stored
            .iter()
            .filter(|(name, _)| EntryName::parse(name).is_some_and(|n| n.is_sealed()))
            .count();
        let key = VaultKey::load(place, sealed == 0)?;
        let mut lookup = [0_u8; 32];
        key::random(&mut lookup);
        let vault = Self(Arc::new(Inner {
            site: site.clone(),
            key,
            handle: OnceLock::new(),
            state: RwLock::default(),
            lookup,
            hashers: Arc::new(Semaphore::new(HASHERS)),
        }));
        let entries: Vec<VaultEntry> = stored
            .into_iter()
            .map(|(name, value)| (name, Some(value)))
            .collect();
        let damaged = vault.take_over(&entries);
        if sealed > 0 && damaged.len() == sealed {
            return Err(VaultError::WrongKey {
                place: place.to_string(),
            });
        }
        for name in damaged {
            tracing::error!(
                entry = name,
                "a stored secret cannot be opened and counts as missing; give it again"
            );
        }
        Ok(vault)
    }

    /// Gives the vault the site through which it writes. The hub does this once, when the site runs.
    pub fn attach(&self, site: SiteHandle) {
        // A second site would be the first one again: a hub has one.
        let _ = self.0.handle.set(site);
    }

    /// Makes the entries that are durable now count. Gives the names of those that cannot be opened.
    pub fn take_over(&self, entries: &[VaultEntry]) -> Vec<String> {
        let mut damaged = Vec::new();
        let mut state = self.state_mut();
        for (name, value) in entries {
            let Some(entry) = EntryName::parse(name) else {
                continue;
            };
            let plain = match (value, entry.is_sealed()) {
                (None, _) => None,
                (Some(value), false) => Some(value.clone().into()),
                (Some(value), true) => {
                    let plain = self.0.key.open(&self.0.site, name, value);
                    if plain.is_none() {
                        damaged.push(name.clone());
                    }
                    plain
                }
            };
            state.put(entry, plain.as_deref().map(Vec::as_slice));
        }
        damaged
    }

    /// The entry that stores a channel's secret, encrypted.
    pub fn secret_entry(
        &self,
        channel: &ChannelId,
        name: &str,
        value: Option<&SecretString>,
    ) -> Result<VaultEntry, VaultError> {
        let name = EntryName::Secret(channel.clone(), name.to_owned()).to_string();
        let value = value
            .map(|value| self.seal(&name, value.expose_secret().as_bytes()))
            .transpose()?;
        Ok((name, value))
    }

    fn seal(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.0
            .key
            .seal(&self.0.site, name, value)
            .ok_or_else(|| VaultError::Seal(name.to_owned()))
    }

    /// A channel's secret that is kept here.
    pub fn stored_secret(&self, channel: &ChannelId, name: &str) -> Option<SecretString> {
        let place = (channel.clone(), name.to_owned());
        self.state().secrets.get(&place).cloned()
    }

    /// The names of the secrets that are kept here, by channel.
    pub fn stored_secrets(&self) -> Vec<(ChannelId, String)> {
        self.state().secrets.keys().cloned().collect()
    }

    /// The entry that stores another system that is told what happens, encrypted: its address and the
    /// secret that it shares with the hub.
    pub fn webhook_entry(
        &self,
        webhook: &WebhookId,
        value: Option<&[u8]>,
    ) -> Result<VaultEntry, VaultError> {
        let name = EntryName::Webhook(webhook.clone()).to_string();
        let value = value.map(|value| self.seal(&name, value)).transpose()?;
        Ok((name, value))
    }

    /// The systems that are told what happens, as they were stored.
    pub fn webhooks(&self) -> Vec<(WebhookId, Zeroizing<Vec<u8>>)> {
        let state = self.state();
        let all = state.webhooks.iter();
        all.map(|(id, value)| (id.clone(), value.clone())).collect()
    }

    /// The entries that remove the rotated tokens which nothing needs any more.
    pub fn forget_rotated(&self, is_needed: impl Fn(&ChannelId, &str) -> bool) -> Vec<VaultEntry> {
        let state = self.state();
        let places = state.rotated.keys();
        places
            .filter(|(channel, name)| !is_needed(channel, name))
            .map(|(channel, name)| {
                let entry = EntryName::Rotated(channel.clone(), name.clone());
                (entry.to_string(), None)
            })
            .collect()
    }

    /// Writes entries through the site; they count when this returns. A caller who stops waiting does not
    /// come between the store and what is known here: a session that has ended lets nobody in, and a
    /// refresh token that was used up is not used again.
    pub async fn write(
        &self,
        actor: Actor,
        entries: Vec<VaultEntry>,
        audit: Option<(String, String)>,
    ) -> Result<(), VaultError> {
        let handle =
            self.0.handle.get().ok_or_else(|| {
                CommandError::Stopped("the site has not been started yet".to_owned())
            })?;
        let request = Request::Vault {
            entries: entries.clone(),
            audit: audit.map(Audit::from),
        };
        let (vault, site) = (self.clone(), handle.clone());
        let writing = async move {
            site.request(actor, request, None).await?;
            vault.take_over(&entries);
            Ok(())
        };
        let supervisor = handle.supervisor();
        supervisor.undivided("writing the vault", writing).await
    }

    fn state(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who writes what no person asked for, such as a rotated token.
pub fn hub_itself() -> Actor {
    Actor {
        name: "hub".to_owned(),
        rights: Rights::all(),
        agent: None,
    }
}

impl State {
    /// Takes an entry over; without a value, or with one that cannot be read, it is removed.
    fn put(&mut self, entry: EntryName, value: Option<&[u8]>) {
        fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        let text = value.and_then(|v| std::str::from_utf8(v).ok());
        match entry {
            EntryName::Secret(channel, name) => {
                put(
                    &mut self.secrets,
                    (channel, name),
                    text.map(SecretString::from),
                );
            }
            EntryName::Rotated(channel, name) => {
                let rotated = value.and_then(Rotated::decode);
                put(&mut self.rotated, (channel, name), rotated);
            }
            EntryName::Password(agent) => {
                put(&mut self.passwords, agent, text.map(str::to_owned));
            }
            EntryName::Key(key) => {
                self.known.retain(|_, name| *name != key);
                self.wrong.clear();
                self.keys_changed += 1;
                put(&mut self.keys, key, text.map(str::to_owned));
            }
            EntryName::Session(hash) => {
                match value.and_then(|v| serde_json::from_slice(v).ok()) {
                    Some(session) => self.sessions.insert(hash, session),
                    None => self.sessions.remove(&hash),
                };
            }
            EntryName::Webhook(webhook) => {
                let value = value.map(|value| Zeroizing::new(value.to_vec()));
                put(&mut self.webhooks, webhook, value);
            }
        }
    }
}
