//! Who can sign in: passwords, API keys and sessions, all by their hashes.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, Mac as _};
use linecard_model::{AgentId, Timestamp};
use linecard_site::Actor;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::entry::{EntryName, Session, VaultEntry};
use super::{Vault, VaultError, hash, new_token};

/// How many wrong keys are remembered, so that a wrong one costs Argon2 only once.
const WRONG_KEYS: usize = 4_096;

/// Whose key was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOwner {
    /// A key of the site's configuration, by its name.
    Configured(String),
    /// The key in the data folder's `admin.key`: whoever can read that file administers the hub.
    Admin,
}

/// What can be said of a key without computing a dear hash.
enum Recalled {
    /// All of it.
    Known(Option<KeyOwner>),
    /// It may be one of these keys'.
    Suspects {
        dear: Vec<(String, String)>,
        mark: [u8; 32],
        /// Which keys there were.
        changed: u64,
    },
}

impl Vault {
    /// The agents who have a password.
    pub fn agents_with_password(&self) -> Vec<AgentId> {
        self.state().passwords.keys().cloned().collect()
    }

    /// The keys that have a secret.
    pub fn keys_with_secret(&self) -> Vec<String> {
        self.state().keys.keys().cloned().collect()
    }

    /// The entry that stores an agent's password, or nothing if it is the one that is stored.
    pub async fn password_entry(
        &self,
        agent: &AgentId,
        password: &SecretString,
    ) -> Result<Option<VaultEntry>, VaultError> {
        let stored = self.state().passwords.get(agent).cloned();
        let name = EntryName::Password(agent.clone()).to_string();
        self.hash_entry(name, stored, password).await
    }

    /// The entry that stores an API key, or nothing if it is the one that is stored.
    pub async fn key_entry(
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
    pub fn forget_agent(&self, agent: &AgentId) -> Vec<VaultEntry> {
        let password = EntryName::Password(agent.clone()).to_string();
        let mut entries = self.sessions_of(agent);
        entries.push((password, None));
        entries
    }

    /// The entries that end all sessions of an agent.
    pub fn sessions_of(&self, agent: &AgentId) -> Vec<VaultEntry> {
        let state = self.state();
        let of_agent = state.sessions.iter().filter(|(_, s)| s.agent == *agent);
        of_agent
            .map(|(hash, _)| (EntryName::Session(hash.clone()).to_string(), None))
            .collect()
    }

    /// The entry that removes a key.
    pub fn forget_key(key: &str) -> VaultEntry {
        (EntryName::Key(key.to_owned()).to_string(), None)
    }

    /// Remembers an API key's secret that was read from its place, so that the first request with it
    /// is as cheap as any later one.
    pub fn know_key(&self, key: &str, secret: &SecretString) {
        let mark = self.mark(secret.expose_secret());
        let mut state = self.state_mut();
        state.known.retain(|_, name| name != key);
        state.wrong.clear();
        state.keys_changed += 1;
        state.known.insert(mark, key.to_owned());
    }

    /// Sets the key whose owner administers the hub; see [`KeyOwner::Admin`].
    pub fn set_admin_key(&self, secret: Option<&SecretString>) {
        let mut state = self.state_mut();
        state.wrong.clear();
        state.keys_changed += 1;
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
        loop {
            // A key may be replaced while its hash is computed: then it is asked again, of the new one.
            if let Some(owner) = self.look_up_key(name, secret).await {
                return owner;
            }
        }
    }

    /// Whose API key this is, as [`Self::verify_key`] says it, as far as that can be said without
    /// computing a dear hash; `None` if it cannot.
    pub fn recall_key(
        &self,
        name: Option<&str>,
        secret: &SecretString,
    ) -> Option<Option<KeyOwner>> {
        match self.recall(name, secret) {
            Recalled::Known(owner) => Some(owner),
            Recalled::Suspects { .. } => None,
        }
    }

    fn recall(&self, name: Option<&str>, secret: &SecretString) -> Recalled {
        let secret = secret.expose_secret();
        let mark = self.mark(secret);
        let owned_by = |key: &str| {
            let is_meant = name.is_none() || name == Some(key);
            Recalled::Known(is_meant.then(|| KeyOwner::Configured(key.to_owned())))
        };
        let mut state = self.state_mut();
        if name.is_none()
            && let Some(admin) = &state.admin
            && bool::from(admin.ct_eq(&hash::digest(secret)))
        {
            return Recalled::Known(Some(KeyOwner::Admin));
        }
        if let Some(key) = state.known.get(&mark) {
            return owned_by(key);
        }
        if state.wrong.contains(&mark) {
            return Recalled::Known(None);
        }
        // A key whose present secret is known has no other one, whatever its stored hash says.
        let seen: HashSet<&String> = state.known.values().collect();
        let suspects = state.keys.iter().filter(|(key, _)| !seen.contains(key));
        let suspects = suspects.map(|(key, hash)| (key.clone(), hash.clone()));
        let (cheap, mut dear): (Vec<_>, Vec<_>) =
            suspects.partition(|(_, hash)| hash::is_cheap(hash));
        let found = cheap
            .into_iter()
            .find(|(_, hash)| hash::matches(hash, secret));
        if let Some((key, _)) = found {
            state.known.insert(mark, key.clone());
            return owned_by(&key);
        }
        if hash::is_own(secret) {
            dear.clear();
        }
        if dear.is_empty() {
            return Recalled::Known(None);
        }
        Recalled::Suspects {
            dear,
            mark,
            changed: state.keys_changed,
        }
    }

    /// Whose API key this is; nothing if the keys have changed meanwhile.
    async fn look_up_key(
        &self,
        name: Option<&str>,
        secret: &SecretString,
    ) -> Option<Option<KeyOwner>> {
        let (dear, mark, changed) = match self.recall(name, secret) {
            Recalled::Known(owner) => return Some(owner),
            Recalled::Suspects {
                dear,
                mark,
                changed,
            } => (dear, mark, changed),
        };
        let secret = secret.clone();
        let found = self
            .hashing(move || {
                dear.into_iter()
                    .find(|(_, hash)| hash::matches(hash, secret.expose_secret()))
                    .map(|(key, _)| key)
            })
            .await
            .flatten();
        let mut state = self.state_mut();
        if state.keys_changed != changed {
            return None;
        }
        if let Some(key) = found {
            state.known.insert(mark, key.clone());
            let is_meant = name.is_none() || name == Some(key.as_str());
            return Some(is_meant.then_some(KeyOwner::Configured(key)));
        }
        if state.wrong.len() >= WRONG_KEYS {
            state.wrong.clear();
        }
        state.wrong.insert(mark);
        Some(None)
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

    /// Computes hashes without holding up other work; `None` only when the process is ending.
    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.0.hashers).acquire_owned().await.ok()?;
        // The turn is over when the work is, also if nobody waits for it any more: what is given up
        // still takes its memory and its core.
        let whole = move || {
            let made = work();
            drop(turn);
            made
        };
        tokio::task::spawn_blocking(whole).await.ok()
    }

    fn mark(&self, secret: &str) -> [u8; 32] {
        // HMAC takes keys of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0.lookup)
            .unwrap_or_else(|_| Hmac::new(&sha2::digest::generic_array::GenericArray::default()));
        mac.update(secret.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn session_name(token: &str) -> String {
    EntryName::Session(hex::encode(hash::digest(token))).to_string()
}
