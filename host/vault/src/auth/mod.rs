//! Who is calling: sign-in by password, sessions, API keys, and the tokens of the Open Messaging API.
//!
//! The hashes and sessions themselves are the [`Vault`]'s; here they become a [`Principal`].

mod limiter;
mod tokens;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use linecard_model::rights::{Right, Rights};
use linecard_model::site::SiteConfig;
use linecard_model::{AgentId, ChannelId, RoleId, Timestamp};
use linecard_site::{Actor, CommandError, SiteHandle};
use linecard_store::{Store, StoreError};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Semaphore, watch};

use limiter::{FailureLimiter, Refused, Reserved};
pub use tokens::{AccessToken, Granted};

use crate::account::Ending;
use crate::{KeyOwner, Vault, VaultError, hub_itself, is_own_token};

/// How long an attempt from an address that guesses takes at least; such attempts follow each other.
const SLOW: Duration = Duration::from_millis(250);

/// Who calls, and what they may do. Made anew for every request: a role that is taken away is gone
/// with the next one.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Who, as the site and the audit log know it.
    pub actor: Actor,
    /// The role that gives the rights.
    pub role: RoleId,
    /// The channels to which a key may deliver by the Open Messaging API.
    pub channels: BTreeSet<ChannelId>,
    /// The credential that was shown.
    pub credential: Credential,
}

/// What was shown.
#[derive(Clone)]
pub enum Credential {
    /// A session's token.
    Session {
        /// The token.
        token: SecretString,
        /// When it ends.
        expires_at: Timestamp,
    },
    /// A key of the site's configuration.
    Key {
        /// Its name; the secret, or a token that was given for it, was right.
        name: String,
        /// The secret, to be checked again.
        secret: SecretString,
    },
    /// The key in the data folder.
    AdminKey {
        /// The key, to be checked again.
        secret: SecretString,
    },
    /// An access token of the Open Messaging API.
    Access {
        /// The token.
        token: SecretString,
    },
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Session { .. } => "Session",
            Self::Key { .. } => "Key",
            Self::AdminKey { .. } => "AdminKey",
            Self::Access { .. } => "Access",
        })
    }
}

impl Principal {
    /// Whether they have a right.
    pub fn may(&self, right: Right) -> bool {
        self.actor.may(right)
    }
}

/// Why somebody was not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The credentials are not valid, or not any more.
    #[error("the credentials are not valid, or not any more")]
    Invalid,
    /// Too many attempts failed.
    #[error("too many attempts failed; try again in {0} seconds")]
    TooMany(u64),
    /// Too many attempts are waiting.
    #[error("too many sign-ins are waiting; try again in a moment")]
    Busy,
    /// The vault does not answer.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The site does not answer.
    #[error(transparent)]
    Site(#[from] CommandError),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lets people and machines in.
pub struct Authenticator {
    site: SiteHandle,
    store: Arc<dyn Store>,
    vault: Vault,
    failures: FailureLimiter,
    /// Where attempts from addresses that guess wait for each other.
    slow: Semaphore,
    /// Counts changes that may have ended somebody's access.
    changes: watch::Sender<u64>,
}

impl Authenticator {
    /// An authenticator of a site.
    pub fn new(site: SiteHandle, store: Arc<dyn Store>, vault: Vault) -> Self {
        Self {
            site,
            store,
            vault,
            failures: FailureLimiter::default(),
            slow: Semaphore::new(1),
            changes: watch::Sender::new(0),
        }
    }

    /// Turns whenever a token was revoked or the configuration was changed: who keeps a stream open
    /// asks again then.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Tells everybody who keeps a stream open to ask again.
    pub fn changed(&self) {
        tell(&self.changes);
    }

    /// The configuration in force.
    pub async fn config(&self) -> Result<Arc<SiteConfig>, CommandError> {
        self.site.query(|state| Arc::clone(state.config())).await
    }

    /// Who shows this bearer token at the product's own API: a session's, or an API key, as its
    /// secret alone or as `name.secret`.
    pub async fn bearer(
        &self,
        token: &SecretString,
        from: Option<IpAddr>,
    ) -> Result<Principal, AuthError> {
        let config = self.config().await?;
        self.bearer_under(&config, token, from).await
    }

    async fn bearer_under(
        &self,
        config: &SiteConfig,
        token: &SecretString,
        from: Option<IpAddr>,
    ) -> Result<Principal, AuthError> {
        if let Some(session) = self.vault.session(token.expose_secret()) {
            return agent_principal(config, &session.agent, session.expires_at, token)
                .ok_or(AuthError::Invalid);
        }
        let shown = ShownKey::of(config, token);
        let owner = self.key_owner(shown.name, &shown.secret, from).await?;
        owner
            .and_then(|owner| owner_principal(config, owner, shown.secret))
            .ok_or(AuthError::Invalid)
    }

    /// Who shows this bearer token at the Open Messaging API: an access token, or an API key.
    pub async fn open_messaging(
        &self,
        token: &SecretString,
        from: Option<IpAddr>,
    ) -> Result<Principal, AuthError> {
        if !tokens::is_access_token(token) {
            return self.bearer(token, from).await;
        }
        let config = self.config().await?;
        let access = tokens::read(self.store.as_ref(), self.site.id(), token)
            .await?
            .ok_or(AuthError::Invalid)?;
        let credential = Credential::Access {
            token: token.clone(),
        };
        key_principal(&config, &access.key, credential).ok_or(AuthError::Invalid)
    }

    /// Whether a credential that let somebody in still does, and what they may do now.
    pub async fn still(&self, principal: &Principal) -> Result<Principal, AuthError> {
        let config = self.config().await?;
        self.still_under(principal, &config).await
    }

    /// Whether a credential that let somebody in still does under a configuration, and what they may
    /// do. Does not wait for the site.
    pub async fn still_under(
        &self,
        principal: &Principal,
        config: &SiteConfig,
    ) -> Result<Principal, AuthError> {
        match &principal.credential {
            Credential::Session { token, .. } => self.bearer_under(config, token, None).await,
            Credential::Key { name, secret } => {
                match self.vault.verify_key(Some(name), secret).await {
                    Some(_) => key_principal(config, name, principal.credential.clone()),
                    None => None,
                }
                .ok_or(AuthError::Invalid)
            }
            Credential::AdminKey { secret } => self.bearer_under(config, secret, None).await,
            Credential::Access { token } => self.open_messaging(token, None).await,
        }
    }

    /// Signs a person in: gives a session's token, which is not kept anywhere.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &SecretString,
        from: Option<IpAddr>,
        lifetime: Duration,
    ) -> Result<(SecretString, Principal), AuthError> {
        let config = self.config().await?;
        let attempt = self.reserve("agent", Some(name), from).await?;
        // An unknown name costs as much time as a wrong password: the vault compares either way.
        let agent = AgentId::new(name).ok();
        let asked = agent.clone().or_else(|| AgentId::new("nobody").ok());
        let is_right = match &asked {
            Some(asked) => self.vault.verify_password(asked, password).await,
            None => false,
        };
        let settings = agent.as_ref().and_then(|agent| config.agents.get(agent));
        let (true, Some(agent), Some(settings)) = (is_right, agent, settings) else {
            let known = asked.filter(|agent| config.agents.contains_key(agent));
            self.refused("agent", Some(name), from, known);
            return Err(AuthError::Invalid);
        };
        attempt.succeeded();
        let actor = Actor {
            name: agent.to_string(),
            rights: config.rights_of_agent(settings),
            agent: Some(agent.clone()),
        };
        let token = self
            .vault
            .start_session(actor, agent.clone(), lifetime)
            .await?;
        let session = self
            .vault
            .session(token.expose_secret())
            .ok_or(AuthError::Invalid)?;
        let principal = agent_principal(&config, &agent, session.expires_at, &token)
            .ok_or(AuthError::Invalid)?;
        Ok((token, principal))
    }

    /// Gives a machine an access token for its API key (OAuth 2 client credentials, RFC 6749 §4.4).
    pub async fn client_credentials(
        &self,
        name: &str,
        secret: &SecretString,
        from: Option<IpAddr>,
        lifetime: Duration,
    ) -> Result<Granted, AuthError> {
        let config = self.config().await?;
        let owner = self.key_owner(Some(name), secret, from).await?;
        let principal = owner.and_then(|_| {
            let credential = Credential::Key {
                name: name.to_owned(),
                secret: secret.clone(),
            };
            key_principal(&config, name, credential)
        });
        let principal = principal.ok_or(AuthError::Invalid)?;
        Ok(tokens::grant(
            &self.site,
            self.store.as_ref(),
            name,
            lifetime,
            principal.actor,
        )
        .await?)
    }

    /// Signs out: ends the session that was shown. Other credentials stay as they are.
    pub async fn sign_out(&self, principal: &Principal) -> Result<(), AuthError> {
        let Credential::Session { token, .. } = &principal.credential else {
            return Ok(());
        };
        let (vault, changes) = (self.vault.clone(), self.changes.clone());
        let (actor, token) = (principal.actor.clone(), token.clone());
        let ending = async move {
            vault.end_session(actor, token.expose_secret()).await?;
            tell(&changes);
            Ok(())
        };
        let supervisor = self.site.supervisor();
        supervisor.undivided("signing out", ending).await
    }

    /// Gives a person another password, if the old one is right, and ends their sessions but one. Says
    /// whether it is another one than before.
    pub async fn change_password(
        &self,
        principal: &Principal,
        agent: &AgentId,
        old: &SecretString,
        new: &SecretString,
        from: Option<IpAddr>,
        but: String,
    ) -> Result<bool, AuthError> {
        let attempt = self.reserve("agent", Some(agent.as_str()), from).await?;
        if !self.vault.verify_password(agent, old).await {
            self.refused("agent", Some(agent.as_str()), from, Some(agent.clone()));
            return Err(AuthError::Invalid);
        }
        attempt.succeeded();
        let (vault, changes) = (self.vault.clone(), self.changes.clone());
        let (actor, agent, new) = (principal.actor.clone(), agent.clone(), new.clone());
        let changing = async move {
            let changed = vault
                .change_password(actor, &agent, &new, Some(but))
                .await?;
            tell(&changes);
            Ok(changed)
        };
        let supervisor = self.site.supervisor();
        supervisor.undivided("changing a password", changing).await
    }

    /// Ends sessions of an agent: their tokens let nobody in afterwards. Gives how many.
    pub async fn end_sessions(
        &self,
        principal: &Principal,
        agent: &AgentId,
        which: Ending,
    ) -> Result<usize, AuthError> {
        let (vault, changes) = (self.vault.clone(), self.changes.clone());
        let (actor, agent) = (principal.actor.clone(), agent.clone());
        let ending = async move {
            let count = vault.end_sessions(actor, &agent, &which).await?;
            tell(&changes);
            Ok(count)
        };
        let supervisor = self.site.supervisor();
        supervisor.undivided("ending sessions", ending).await
    }

    /// Forgets failures and access tokens that are over. They let nobody in meanwhile.
    pub async fn sweep(&self) -> Result<usize, CommandError> {
        self.failures.sweep();
        tokens::sweep(&self.site, self.store.as_ref()).await
    }

    /// Whose key this is. One that is known to be right is let in whatever others do, as long as it comes
    /// from where it was right before, or from where nobody guesses.
    async fn key_owner(
        &self,
        name: Option<&str>,
        secret: &SecretString,
        from: Option<IpAddr>,
    ) -> Result<Option<KeyOwner>, AuthError> {
        let recalled = self.vault.recall_key(name, secret);
        // A token of the hub's own making cannot be guessed, and an expired session is no attack.
        if is_own_token(secret)
            && let Some(known) = recalled
        {
            return Ok(known);
        }
        if let Some(Some(KeyOwner::Configured(key))) = &recalled
            && self.failures.admits("key", key, name.is_some(), from)
        {
            return Ok(Some(KeyOwner::Configured(key.clone())));
        }
        let attempt = self.reserve("key", name, from).await?;
        let owner = match recalled {
            Some(known) => known,
            None => self.vault.verify_key(name, secret).await,
        };
        match &owner {
            Some(KeyOwner::Configured(key)) => attempt.succeeded_as(key),
            Some(KeyOwner::Admin) => attempt.succeeded(),
            None => self.refused("key", name, from, None),
        }
        Ok(owner)
    }

    /// Reserves an attempt, and waits its turn if its address guesses.
    async fn reserve(
        &self,
        kind: &'static str,
        name: Option<&str>,
        from: Option<IpAddr>,
    ) -> Result<Reserved<'_>, AuthError> {
        let reserved = self.failures.reserve(kind, name, from);
        let reserved = reserved.map_err(|refused| match refused {
            Refused::Busy => AuthError::Busy,
            Refused::TooMany { seconds, is_news } => {
                if is_news {
                    tracing::warn!(
                        kind,
                        name = name.map(printable),
                        address = from.map(tracing::field::display),
                        seconds,
                        "too many attempts to sign in failed; further ones are not looked at for a while"
                    );
                }
                AuthError::TooMany(seconds)
            }
        })?;
        if reserved.is_slow
            && let Ok(_turn) = self.slow.acquire().await
        {
            tokio::time::sleep(SLOW).await;
        }
        Ok(reserved)
    }

    /// Tells the log, and for a person who is known also the audit log, of an attempt that failed. The
    /// answer does not wait for it: it would tell by its time who is known.
    fn refused(
        &self,
        kind: &'static str,
        name: Option<&str>,
        from: Option<IpAddr>,
        known: Option<AgentId>,
    ) {
        tracing::warn!(
            kind,
            name = name.map(printable),
            address = from.map(tracing::field::display),
            "an attempt to sign in failed"
        );
        let Some(agent) = known else { return };
        let subject = match from {
            Some(address) => format!("{agent} from {address}"),
            None => agent.to_string(),
        };
        let vault = self.vault.clone();
        tokio::spawn(async move {
            let audit = ("session.refused".to_owned(), subject);
            if let Err(error) = vault.write(hub_itself(), Vec::new(), Some(audit)).await {
                tracing::warn!(%error, "a failed sign-in is not in the audit log");
            }
        });
    }
}

/// A token as the key that it may be: its secret alone, or after its name and a dot.
struct ShownKey<'t> {
    name: Option<&'t str>,
    secret: SecretString,
}

impl<'t> ShownKey<'t> {
    fn of(config: &SiteConfig, token: &'t SecretString) -> Self {
        let text = token.expose_secret();
        // A key's name may contain dots, and so may its secret.
        let mut dots = text.match_indices('.').take(8);
        let named = dots.find_map(|(at, _)| {
            let (name, secret) = (text.get(..at)?, text.get(at + 1..)?);
            config.keys.contains_key(name).then_some((name, secret))
        });
        match named {
            Some((name, secret)) => Self {
                name: Some(name),
                secret: secret.into(),
            },
            None => Self {
                name: None,
                secret: token.clone(),
            },
        }
    }
}

fn owner_principal(
    config: &SiteConfig,
    owner: KeyOwner,
    secret: SecretString,
) -> Option<Principal> {
    match owner {
        KeyOwner::Configured(name) => {
            let credential = Credential::Key {
                name: name.clone(),
                secret,
            };
            key_principal(config, &name, credential)
        }
        KeyOwner::Admin => Some(Principal {
            actor: Actor {
                name: "admin-key".to_owned(),
                rights: Rights::all(),
                agent: None,
            },
            role: RoleId::admin(),
            channels: BTreeSet::new(),
            credential: Credential::AdminKey { secret },
        }),
    }
}

/// A name that somebody gave, as a log may hold it.
fn printable(name: &str) -> String {
    let harmless = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    name.chars().take(80).map(harmless).collect()
}

fn tell(changes: &watch::Sender<u64>) {
    changes.send_modify(|count| *count += 1);
}

fn agent_principal(
    config: &SiteConfig,
    agent: &AgentId,
    expires_at: Timestamp,
    token: &SecretString,
) -> Option<Principal> {
    let settings = config.agents.get(agent)?;
    Some(Principal {
        actor: Actor {
            name: agent.to_string(),
            rights: config.rights_of_agent(settings),
            agent: Some(agent.clone()),
        },
        role: settings.role.clone(),
        channels: BTreeSet::new(),
        credential: Credential::Session {
            token: token.clone(),
            expires_at,
        },
    })
}

fn key_principal(config: &SiteConfig, name: &str, credential: Credential) -> Option<Principal> {
    let settings = config.keys.get(name)?;
    Some(Principal {
        actor: Actor {
            name: format!("key:{name}"),
            rights: config.rights_of_key(settings),
            agent: None,
        },
        role: settings.role.clone(),
        channels: settings.channels.clone(),
        credential,
    })
}
