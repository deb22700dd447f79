//! Access tokens of the Open Messaging API: made of 256 random bits, kept as their hash, with an end.

use std::time::Duration;

use linecard_model::rights::Rights;
use linecard_model::{SiteId, Timestamp};
use linecard_site::{Actor, CommandError, Request, SiteHandle};
use linecard_store::{Store, StoreError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::new_token;

/// Where they lie in the vault.
const FOLDER: &str = "oauth/";
/// What they begin with: people and secret scanners recognize them by it.
const PREFIX: &str = "lcoauth_";

/// What is kept of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// The key that it was given for.
    pub key: String,
    /// The hash of what the vault keeps of that key: a new secret ends the tokens of the old one.
    of: String,
    /// From then on it lets nobody in.
    pub expires_at: Timestamp,
}

/// A new access token.
#[derive(Debug)]
pub struct Granted {
    /// The token. It is shown once.
    pub token: SecretString,
    /// For how long it is good.
    pub lifetime: Duration,
}

/// Whether a bearer token says that it is one of these.
pub(super) fn is_access_token(token: &SecretString) -> bool {
    token.expose_secret().starts_with(PREFIX)
}

/// Makes a token for a key whose secret was right.
pub(super) async fn grant(
    site: &SiteHandle,
    store: &dyn Store,
    key: &str,
    lifetime: Duration,
    actor: Actor,
) -> Result<Granted, CommandError> {
    let token = SecretString::from(format!("{PREFIX}{}", new_token().expose_secret()));
    let kept = AccessToken {
        key: key.to_owned(),
        of: fingerprint(store, site.id(), key).await?,
        expires_at: Timestamp::now()
            .saturating_add(lifetime)
            .unwrap_or(Timestamp::MAX),
    };
    let value = serde_json::to_vec(&kept)
        .map_err(|fault| CommandError::Stopped(format!("a token cannot be written: {fault}")))?;
    write(site, actor, vec![(entry(&token), Some(value))]).await?;
    Ok(Granted { token, lifetime })
}

/// What is kept of a token, if it still lets anybody in.
///
/// It is found by its hash, so no comparison takes a time that depends on a stored token.
pub(super) async fn read(
    store: &dyn Store,
    site: &SiteId,
    token: &SecretString,
) -> Result<Option<AccessToken>, StoreError> {
    let Some(value) = store.vault(site, &entry(token)).await? else {
        return Ok(None);
    };
    let Ok(kept) = serde_json::from_slice::<AccessToken>(&value) else {
        return Ok(None);
    };
    let is_good = kept.expires_at > Timestamp::now()
        && kept.of == fingerprint(store, site, &kept.key).await?;
    Ok(is_good.then_some(kept))
}

/// Removes the tokens that are over.
pub(super) async fn sweep(site: &SiteHandle, store: &dyn Store) -> Result<usize, CommandError> {
    let now = Timestamp::now();
    let over: Vec<_> = store
        .vault_scan(site.id(), FOLDER)
        .await?
        .into_iter()
        .filter(|(_, value)| {
            serde_json::from_slice::<AccessToken>(value).map_or(true, |kept| kept.expires_at <= now)
        })
        .map(|(entry, _)| (entry, None))
        .collect();
    let count = over.len();
    if count > 0 {
        let hub = Actor {
            name: "hub".to_owned(),
            rights: Rights::all(),
            agent: None,
        };
        write(site, hub, over).await?;
    }
    Ok(count)
}

async fn write(
    site: &SiteHandle,
    actor: Actor,
    entries: Vec<(String, Option<Vec<u8>>)>,
) -> Result<(), CommandError> {
    let request = Request::Vault {
        entries,
        audit: None,
    };
    site.request(actor, request, None).await?;
    Ok(())
}

fn entry(token: &SecretString) -> String {
    format!(
        "{FOLDER}{:x}",
        Sha256::digest(token.expose_secret().as_bytes())
    )
}

async fn fingerprint(store: &dyn Store, site: &SiteId, key: &str) -> Result<String, StoreError> {
    let kept = store.vault(site, &format!("key/{key}")).await?;
    Ok(format!("{:x}", Sha256::digest(kept.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vault_has_only_the_hash() {
        let token = SecretString::from(format!("{PREFIX}{}", new_token().expose_secret()));
        assert!(is_access_token(&token));
        assert!(!entry(&token).contains(token.expose_secret()));
        assert!(!is_access_token(&new_token()));
    }
}
