//! Secrets at rest: the channels' credentials, encrypted, and hashes of passwords, keys and sessions.
//!
//! Everything lies in the store's vault and is held in memory while the hub runs; a change goes
//! through the site's task like any other and counts once it is durable. Values are wiped from
//! memory when they are dropped and never appear in `Debug`, logs or errors.

mod channel;
mod entry;
mod hash;
mod key;
#[cfg(test)]
mod tests;

pub use channel::ChannelSecrets;
pub use entry::{Session, VaultEntry};
pub use hash::{TOKEN_PREFIX, new_token};
pub use key::{KEY_VARIABLE, KeyPlace};
pub(crate) use key::write_private;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use hmac::{Hmac, Mac as _};
use linecard_model::site::Role;
use linecard_model::{AgentId, ChannelId, SiteId, Timestamp};
use linecard_store::{Store, StoreError};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use crate::site::{Actor, CommandError, Request, SiteHandle};
use channel::Rotated;
use entry::EntryName;
use key::VaultKey;

/// How many Argon2 computations run at a time; each takes 19 MiB and a core.
const HASHERS: usize = 2;
/// How many wrong keys are remembered, so that a wrong one costs Argon2 only once.
const WRONG_KEYS: usize = 4_096;

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

/// Whose key was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOwner {
    /// A key of the site's configuration, by its name.
    Configured(String),
    /// The key in the data folder's `admin.key`: whoever can read that file administers the hub.
    Admin,
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
    hashers: Semaphore,
}

#[derive(Default)]
struct State {
    secrets: BTreeMap<(ChannelId, String), SecretString>,
    rotated: BTreeMap<(ChannelId, String), Rotated>,
    passwords: BTreeMap<AgentId, String>,
    keys: BTreeMap<String, String>,
    sessions: HashMap<String, Session>,
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
            hashers: Semaphore::new(HASHERS),
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
    pub(crate) fn take_over(&self, entries: &[VaultEntry]) -> Vec<String> {
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
    pub(crate) fn secret_entry(
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
    pub(crate) fn stored_secret(&self, channel: &ChannelId, name: &str) -> Option<SecretString> {
        let place = (channel.clone(), name.to_owned());
        self.state().secrets.get(&place).cloned()
    }

    /// The names of the secrets that are kept here, by channel.
    pub(crate) fn stored_secrets(&self) -> Vec<(ChannelId, String)> {
        self.state().secrets.keys().cloned().collect()
    }

    /// The entries that remove the rotated tokens which nothing needs any more.
    pub(crate) fn forget_rotated(
        &self,
        is_needed: impl Fn(&ChannelId, &str) -> bool,
    ) -> Vec<VaultEntry> {
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

    /// The agents who have a password.
    pub(crate) fn agents_with_password(&self) -> Vec<AgentId> {
        self.state().passwords.keys().cloned().collect()
    }

    /// The keys that have a secret.
    pub(crate) fn keys_with_secret(&self) -> Vec<String> {
        self.state().keys.keys().cloned().collect()
    }

    /// The entry that stores an agent's password, or nothing if it is the one that is stored.
    pub(crate) async fn password_entry(
        &self,
        agent: &AgentId,
        password: &SecretString,
    ) -> Result<Option<VaultEntry>, VaultError> {
        let stored = self.state().passwords.get(agent).cloned();
        let name = EntryName::Password(agent.clone()).to_string();
        self.hash_entry(name, stored, password).await
    }

    /// The entry that stores an API key, or nothing if it is the one that is stored.
    pub(crate) async fn key_entry(
        &self,
        key: &str,
        secret: &SecretString,
    ) -> Result<Option<VaultEntry>, VaultError> {
        let stored = self.state().keys.get(key).cloned();
        let name = EntryName::Key(key.to_owned()).to_string();
        self.hash_entry(name, stored, secret).await
    }

    async fn hash_entry(
        &self,
        name: String,
        stored: Option<String>,
        secret: &SecretString,
    ) -> Result<Option<VaultEntry>, VaultError> {
        let secret = secret.clone();
        let made = self
            .hashing(move || {
                let secret = secret.expose_secret();
                if stored.is_some_and(|stored| hash::matches(&stored, secret)) {
                    return Some(None);
                }
                hash::make(secret).map(Some)
            })
            .await
            .flatten();
        match made {
            Some(None) => Ok(None),
            Some(Some(hash)) => Ok(Some((name, Some(hash.into_bytes())))),
            None => Err(VaultError::Seal(name)),
        }
    }

    /// The entries that remove what belongs to an agent: password and sessions.
    pub(crate) fn forget_agent(&self, agent: &AgentId) -> Vec<VaultEntry> {
        let password = EntryName::Password(agent.clone()).to_string();
        let mut entries = self.sessions_of(agent);
        entries.push((password, None));
        entries
    }

    /// The entries that end all sessions of an agent.
    pub(crate) fn sessions_of(&self, agent: &AgentId) -> Vec<VaultEntry> {
        let state = self.state();
        let of_agent = state.sessions.iter().filter(|(_, s)| s.agent == *agent);
        of_agent
            .map(|(hash, _)| (EntryName::Session(hash.clone()).to_string(), None))
            .collect()
    }

    /// The entry that removes a key.
    pub(crate) fn forget_key(key: &str) -> VaultEntry {
        (EntryName::Key(key.to_owned()).to_string(), None)
    }

    /// Remembers an API key's secret that was read from its place, so that the first request with it
    /// is as cheap as any later one.
    pub(crate) fn know_key(&self, key: &str, secret: &SecretString) {
        let mark = self.mark(secret.expose_secret());
        let mut state = self.state_mut();
        state.known.retain(|_, name| name != key);
        state.wrong.clear();
        state.known.insert(mark, key.to_owned());
    }

    /// Sets the key whose owner administers the hub; see [`KeyOwner::Admin`].
    pub fn set_admin_key(&self, secret: Option<&SecretString>) {
        let mut state = self.state_mut();
        state.wrong.clear();
        state.admin = secret.map(|s| hash::digest(s.expose_secret()));
    }

    /// Whether an agent has this password. Takes as long for an agent who does not exist.
    pub async fn verify_password(&self, agent: &AgentId, password: &SecretString) -> bool {
        let stored = self.state().passwords.get(agent).cloned();
        let exists = stored.is_some();
        let password = password.clone();
        self.hashing(move || {
            let hash = stored.as_deref().unwrap_or_else(|| hash::nobody());
            hash::matches(hash, password.expose_secret()) && exists
        })
        .await
        .unwrap_or(false)
    }

    /// Whose API key this is; of the key of this name only, if one is given (as an OAuth client id
    /// gives it). Cheap for a key that was seen before, right or wrong.
    pub async fn verify_key(&self, name: Option<&str>, secret: &SecretString) -> Option<KeyOwner> {
        let mark = self.mark(secret.expose_secret());
        let suspects = {
            let state = self.state();
            if name.is_none()
                && let Some(admin) = &state.admin
                && bool::from(admin.ct_eq(&hash::digest(secret.expose_secret())))
            {
                return Some(KeyOwner::Admin);
            }
            if let Some(key) = state.known.get(&mark) {
                return (name.is_none() || name == Some(key))
                    .then(|| KeyOwner::Configured(key.clone()));
            }
            if state.wrong.contains(&mark) {
                return None;
            }
            // A key whose present secret is known has no other one, whatever its stored hash says.
            let seen: HashSet<&String> = state.known.values().collect();
            let suspects = state.keys.iter().filter(|(key, _)| !seen.contains(key));
            suspects
                .map(|(key, hash)| (key.clone(), hash.clone()))
                .collect::<Vec<_>>()
        };
        let (cheap, dear): (Vec<_>, Vec<_>) = suspects
            .into_iter()
            .partition(|(_, hash)| hash::is_cheap(hash));
        let mut found = cheap
            .into_iter()
            .find(|(_, hash)| hash::matches(hash, secret.expose_secret()))
            .map(|(key, _)| key);
        if found.is_none() && !dear.is_empty() {
            let secret = secret.clone();
            found = self
                .hashing(move || {
                    dear.into_iter()
                        .find(|(_, hash)| hash::matches(hash, secret.expose_secret()))
                        .map(|(key, _)| key)
                })
                .await
                .flatten();
        }
        let mut state = self.state_mut();
        match found {
            Some(key) => {
                state.known.insert(mark, key.clone());
                (name.is_none() || name == Some(key.as_str())).then_some(KeyOwner::Configured(key))
            }
            None => {
                if state.wrong.len() >= WRONG_KEYS {
                    state.wrong.clear();
                }
                state.wrong.insert(mark);
                None
            }
        }
    }

    /// Signs an agent in: a new token, durable when this returns.
    pub async fn start_session(
        &self,
        actor: Actor,
        agent: AgentId,
        lifetime: Duration,
    ) -> Result<SecretString, VaultError> {
        let now = Timestamp::now();
        let expires_at = jiff::SignedDuration::try_from(lifetime)
            .ok()
            .and_then(|lifetime| now.checked_add(lifetime).ok())
            .unwrap_or(Timestamp::MAX);
        let token = new_token();
        let session = Session {
            agent: agent.clone(),
            created_at: now,
            expires_at,
        };
        let name = session_name(token.expose_secret());
        let value = serde_json::to_vec(&session).map_err(|_| VaultError::Seal(name.clone()))?;
        let mut entries = self.expired(now);
        entries.push((name, Some(value)));
        let audit = ("session.start".to_owned(), agent.to_string());
        self.write(actor, entries, Some(audit)).await?;
        Ok(token)
    }

    /// The session of a token, if it has not expired.
    pub fn session(&self, token: &str) -> Option<Session> {
        let state = self.state();
        let session = state.sessions.get(&hex::encode(hash::digest(token)))?;
        (session.expires_at > Timestamp::now()).then(|| session.clone())
    }

    /// Signs out.
    pub async fn end_session(&self, actor: Actor, token: &str) -> Result<(), VaultError> {
        let Some(session) = self.session(token) else {
            return Ok(());
        };
        let entries = vec![(session_name(token), None)];
        let audit = ("session.end".to_owned(), session.agent.to_string());
        self.write(actor, entries, Some(audit)).await
    }

    fn expired(&self, now: Timestamp) -> Vec<VaultEntry> {
        let state = self.state();
        let over = state.sessions.iter().filter(|(_, s)| s.expires_at <= now);
        over.map(|(hash, _)| (EntryName::Session(hash.clone()).to_string(), None))
            .collect()
    }

    /// Writes entries through the site; they count when this returns.
    pub(crate) async fn write(
        &self,
        actor: Actor,
        entries: Vec<VaultEntry>,
        audit: Option<(String, String)>,
    ) -> Result<(), VaultError> {
        let handle = self.0.handle.get().ok_or_else(|| {
            CommandError::Stopped("the site has not been started yet".to_owned())
        })?;
        let request = Request::Vault {
            entries: entries.clone(),
            audit,
        };
        handle.request(actor, request, None).await?;
        self.take_over(&entries);
        Ok(())
    }

    /// Computes hashes without holding up other work; `None` only when the process is ending.
    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let _permit = self.0.hashers.acquire().await.ok()?;
        tokio::task::spawn_blocking(work).await.ok()
    }

    fn mark(&self, secret: &str) -> [u8; 32] {
        // HMAC takes keys of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0.lookup)
            .unwrap_or_else(|_| Hmac::new(&Default::default()));
        mac.update(secret.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn state(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn session_name(token: &str) -> String {
    EntryName::Session(hex::encode(hash::digest(token))).to_string()
}

/// Who writes what no person asked for, such as a rotated token.
pub(crate) fn hub_itself() -> Actor {
    Actor {
        name: "hub".to_owned(),
        role: Role::Admin,
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
                put(&mut self.secrets, (channel, name), text.map(SecretString::from));
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
                put(&mut self.keys, key, text.map(str::to_owned));
            }
            EntryName::Session(hash) => {
                match value.and_then(|v| serde_json::from_slice(v).ok()) {
                    Some(session) => self.sessions.insert(hash, session),
                    None => self.sessions.remove(&hash),
                };
            }
        }
    }
}
