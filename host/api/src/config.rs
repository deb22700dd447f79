//! The configuration as something that several people edit: versions and one change at a time.

use linecard_hub::configure::{ConfigureError, Problems, SecretValues, warnings};
use linecard_model::site::SiteConfig;
use linecard_vault::auth::Principal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

use super::App;
use super::problem::Problem;

/// The version of a value: a hash of its JSON, which has one form because maps are ordered.
pub(super) fn etag(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).unwrap_or_default();
    let hash = format!("{:x}", Sha256::digest(json));
    format!("\"{}\"", hash.get(..32).unwrap_or(&hash))
}

/// Whether a precondition names this version. `*` is any.
pub(super) fn matches(condition: &str, etag: &str) -> bool {
    condition
        .split(',')
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag == etag)
}

/// The refusal of a change of something that has changed meanwhile.
pub(super) fn changed_meanwhile(now: &str) -> Problem {
    Problem::new(
        "precondition-failed",
        "it has been changed since it was read; read it again and change that",
    )
    .with("etag", now)
}

impl App {
    /// Changes the configuration: reads it, lets `change` change it, and applies it, as one step, which
    /// goes to its end even if the client hangs up: nobody reads in between what is being replaced.
    /// Gives the new one with what `change` gave. `part` is the JSON Pointer of what the request's
    /// `/config` stands for, so that problems are told where the caller sees them.
    pub(super) async fn change<T>(
        self: &Arc<Self>,
        caller: &Principal,
        part: &str,
        values: SecretValues,
        change: impl FnOnce(&mut SiteConfig) -> Result<T, Problem>,
    ) -> Result<(SiteConfig, T), Problem> {
        let one_at_a_time = Arc::clone(&self.changing).lock_owned().await;
        let mut config = self.auth.config().await?.as_ref().clone();
        let given = change(&mut config)?;
        let (app, actor, wanted) = (Arc::clone(self), caller.actor.clone(), config.clone());
        let applying = async move {
            let applied = app.hub.apply(&actor, wanted, values, None).await;
            app.auth.changed();
            drop(one_at_a_time);
            applied
        };
        let supervisor = self.hub.site.supervisor();
        let applied = supervisor
            .undivided("changing the configuration", applying)
            .await;
        applied.map_err(|error| refused(error, part))?;
        Ok((config, given))
    }
}

/// Why a configuration was not applied. `part` is the JSON Pointer of what the request's `/config`
/// stands for.
pub(super) fn refused(error: ConfigureError, part: &str) -> Problem {
    match error {
        ConfigureError::Problems(problems) => invalid_site(&problems, part),
        ConfigureError::Command(error) => error.into(),
        ConfigureError::Vault(error) => error.into(),
    }
}

/// The value of a secret: a text, or an object with the fields of its kind.
#[derive(Deserialize, ToSchema)]
#[schema(as = Secret)]
#[allow(
    dead_code,
    reason = "it describes what the hub reads into a type that shows nothing"
)]
#[serde(untagged)]
pub(super) enum GivenSecret {
    /// The value itself.
    #[schema(format = Password)]
    Text(String),
    /// The fields of its kind.
    Fields(BTreeMap<String, Value>),
}

/// The values of secrets that a configuration calls `stored`. One that is left out keeps its value.
#[derive(Deserialize, ToSchema)]
#[schema(as = Secrets)]
#[allow(
    dead_code,
    reason = "it describes what the hub reads into a type that shows nothing"
)]
#[serde(deny_unknown_fields)]
pub(super) struct GivenSecrets {
    /// By channel, and then by the secret's name in the connector's manifest.
    #[serde(default)]
    channels: BTreeMap<String, BTreeMap<String, GivenSecret>>,
    /// The passwords, by agent.
    #[serde(default)]
    agents: BTreeMap<String, String>,
    /// By API key.
    #[serde(default)]
    keys: BTreeMap<String, String>,
}

/// Something in a configuration that can never work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Warning {
    /// Where, as a JSON Pointer into the request.
    pointer: String,
    /// What cannot work.
    detail: String,
}

/// What of a configuration can never work. `part` is as in [`refused`].
pub(super) fn doubts(config: &SiteConfig, part: &str) -> Vec<Warning> {
    let doubts = warnings(config).0.into_iter();
    doubts
        .map(|doubt| Warning {
            pointer: place(part, &doubt.pointer),
            detail: doubt.text,
        })
        .collect()
}

/// Where the caller sees what lies at a place of the whole configuration.
pub(super) fn place(part: &str, pointer: &str) -> String {
    match pointer.strip_prefix(part) {
        Some(below) => format!("/config{below}"),
        None => pointer.to_owned(),
    }
}

/// Everything that is wrong with a configuration, as one problem. What lies outside of the part that
/// the request has, such as a reference to it, keeps its place in the whole configuration.
fn invalid_site(problems: &Problems, part: &str) -> Problem {
    let errors: Vec<_> = problems
        .0
        .iter()
        .map(|p| json!({"pointer": place(part, &p.pointer), "detail": p.text}))
        .collect();
    let detail = match problems.0.as_slice() {
        [] => "the configuration is not valid".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more, see `errors`)", rest.len()),
    };
    let first = problems
        .0
        .first()
        .map(|p| place(part, &p.pointer))
        .unwrap_or_default();
    Problem::new("invalid-site", detail)
        .at(first)
        .with("errors", errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_of_the_content() {
        let mut config = SiteConfig::default();
        let first = etag(&config);
        assert_eq!(first, etag(&config.clone()));
        config.name = "Care".to_owned();
        let second = etag(&config);
        assert_ne!(first, second);
        assert!(matches(&first, &first));
        assert!(matches(&format!("\"other\", W/{first}"), &first));
        assert!(matches("*", &first));
        assert!(!matches(&second, &first));
    }
}
