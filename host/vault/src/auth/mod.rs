//! Who is calling: sign-in by password, sessions, API keys, and the tokens of the Open Messaging API.
//!
//! The hashes and sessions themselves are the [`Vault`]'s; here they become a [`Principal`].

mod limiter;
mod tokens;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use linecard_model::site::{Role, SiteConfig};
use linecard_model::{AgentId, ChannelId, Timestamp};
use linecard_site::{Actor, CommandError, SiteHandle};
use linecard_store::{Store, StoreError};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;

pub use limiter::{FailureLimiter, TooMany};
pub use tokens::{AccessToken, Granted};

use crate::{KeyOwner, TOKEN_PREFIX, Vault, VaultError};

/// Who calls, and what they may do. Made anew for every request: a role that is taken away is gone
/// with the next one.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Who, as the site and the audit log know it.
    pub actor: Actor,
    /// Whether they may change channels without being an administrator.
    pub social_media_admin: bool,
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
    /// Whether the role is at least this.
    pub fn is(&self, role: Role) -> bool {
        self.actor.role >= role
    }

    /// Whether they may change channels.
    pub fn may_change_channels(&self) -> bool {
        self.is(Role::Admin) || self.social_media_admin
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

impl From<TooMany> for AuthError {
    fn from(too_many: TooMany) -> Self {
        Self::TooMany(too_many.seconds)
    }
}

/// Lets people and machines in.
pub struct Authenticator {
    site: SiteHandle,
    store: Arc<dyn Store>,
    vault: Vault,
    failures: FailureLimiter,
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
        // A token of the hub's own making cannot be guessed, and an expired session is no attack.
        let guessable = !token.expose_secret().starts_with(TOKEN_PREFIX);
        if guessable {
            self.failures.check("key", None, from)?;
        }
        let found = self.key_owner(config, token).await;
        if found.is_none() && guessable {
            self.failures.failed("key", None, from);
        }
        found.ok_or(AuthError::Invalid)
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
        self.failures.check("agent", Some(name), from)?;
        let config = self.config().await?;
        // An unknown name costs as much time as a wrong password: the vault compares either way.
        let agent = AgentId::new(name).ok();
        let asked = agent.clone().or_else(|| AgentId::new("nobody").ok());
        let is_right = match &asked {
            Some(asked) => self.vault.verify_password(asked, password).await,
            None => false,
        };
        let settings = agent.as_ref().and_then(|agent| config.agents.get(agent));
        let (true, Some(agent), Some(settings)) = (is_right, agent, settings) else {
            self.failures.failed("agent", Some(name), from);
            return Err(AuthError::Invalid);
        };
        self.failures.succeeded("agent", name);
        let actor = Actor {
            name: agent.to_string(),
            role: settings.role,
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
        self.failures.check("key", Some(name), from)?;
        let config = self.config().await?;
        let owner = self.vault.verify_key(Some(name), secret).await;
        let principal = owner.and_then(|_| {
            let credential = Credential::Key {
                name: name.to_owned(),
                secret: secret.clone(),
            };
            key_principal(&config, name, credential)
        });
        let Some(principal) = principal else {
            self.failures.failed("key", Some(name), from);
            return Err(AuthError::Invalid);
        };
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

    /// Forgets failures and access tokens that are over. They let nobody in meanwhile.
    pub async fn sweep(&self) -> Result<usize, CommandError> {
        self.failures.sweep();
        tokens::sweep(&self.site, self.store.as_ref()).await
    }

    async fn key_owner(&self, config: &SiteConfig, token: &SecretString) -> Option<Principal> {
        let text = token.expose_secret();
        // A key's name may contain dots, and so may its secret.
        for (at, _) in text.match_indices('.').take(8) {
            let (name, secret) = (text.get(..at)?, text.get(at + 1..)?);
            if config.keys.contains_key(name) {
                let secret = SecretString::from(secret);
                self.vault.verify_key(Some(name), &secret).await?;
                let credential = Credential::Key {
                    name: name.to_owned(),
                    secret,
                };
                return key_principal(config, name, credential);
            }
        }
        let secret = token.clone();
        match self.vault.verify_key(None, token).await? {
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
                    role: Role::Admin,
                    agent: None,
                },
                social_media_admin: true,
                channels: BTreeSet::new(),
                credential: Credential::AdminKey { secret },
            }),
        }
    }
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
            role: settings.role,
            agent: Some(agent.clone()),
        },
        social_media_admin: settings.social_media_admin,
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
            role: settings.role,
            agent: None,
        },
        social_media_admin: false,
        channels: settings.channels.clone(),
        credential,
    })
}
