//! What somebody may see and change of how they sign in: sessions and the own password.

use linecard_model::AgentId;
use linecard_model::Timestamp;
use linecard_site::Actor;
use secrecy::{ExposeSecret as _, SecretString};

use super::entry::{EntryName, Session};
use super::{Vault, VaultError, hash};

/// How much of a session's hash names it: enough to tell all apart, and nothing lets anybody in.
const NAME: usize = 32;

/// A session by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSession {
    /// Its name.
    pub id: String,
    /// The session.
    pub session: Session,
}

/// Which sessions of an agent are to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// One.
    One(String),
    /// All but one, if one is named.
    All {
        /// The one that goes on.
        but: Option<String>,
    },
}

/// The name of a token's session.
pub fn session_id(token: &SecretString) -> String {
    let mut name = hex::encode(hash::digest(token.expose_secret()));
    name.truncate(NAME);
    name
}

impl Vault {
    /// An agent's sessions that have not expired, oldest first.
    pub fn sessions(&self, agent: &AgentId) -> Vec<NamedSession> {
        let now = Timestamp::now();
        let state = self.state();
        let own = state.sessions.iter();
        let own = own.filter(|(_, session)| session.agent == *agent && session.expires_at > now);
        let mut found: Vec<NamedSession> = own
            .map(|(hash, session)| NamedSession {
                id: hash.chars().take(NAME).collect(),
                session: session.clone(),
            })
            .collect();
        found.sort_by(|one, other| {
            let order = |named: &NamedSession| (named.session.created_at, named.id.clone());
            order(one).cmp(&order(other))
        });
        found
    }

    /// Ends sessions of an agent. Gives how many.
    pub async fn end_sessions(
        &self,
        actor: Actor,
        agent: &AgentId,
        which: &Ending,
    ) -> Result<usize, VaultError> {
        let entries = self.ended(agent, which);
        let count = entries.len();
        if count > 0 {
            let audit = ("session.end".to_owned(), agent.to_string());
            self.write(actor, entries, Some(audit)).await?;
        }
        Ok(count)
    }

    fn ended(&self, agent: &AgentId, which: &Ending) -> Vec<super::VaultEntry> {
        let state = self.state();
        let own = state.sessions.iter().filter(|(_, s)| s.agent == *agent);
        let ends = own.filter(|(hash, _)| {
            let name = hash.get(..NAME).unwrap_or(hash);
            match which {
                Ending::One(id) => name == id,
                Ending::All { but } => but.as_deref() != Some(name),
            }
        });
        ends.map(|(hash, _)| (EntryName::Session(hash.clone()).to_string(), None))
            .collect()
    }

    /// Gives an agent another password and ends all sessions but one, in one write. Says whether it is
    /// another one than before.
    pub async fn change_password(
        &self,
        actor: Actor,
        agent: &AgentId,
        new: &SecretString,
        but: Option<String>,
    ) -> Result<bool, VaultError> {
        let Some(password) = self.password_entry(agent, new).await? else {
            return Ok(false);
        };
        let mut entries = self.ended(agent, &Ending::All { but });
        entries.push(password);
        let audit = ("agent.password".to_owned(), agent.to_string());
        self.write(actor, entries, Some(audit)).await?;
        Ok(true)
    }
}
