//! Makes a channel ready to be called: its connector, its settings, its secrets and its grants.

use std::path::Path;
use std::sync::Arc;

use linecard_model::ChannelId;
use linecard_model::manifest::{ConnectorManifest, SecretKind, SecretWant};
use linecard_model::site::{ChannelConfig, SecretRef};
use linecard_sandbox::{ChannelContext, Secret};
use linecard_schema::check_config;
use linecard_site::channels::ChannelRuntime;
use linecard_vault::ChannelSecrets;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::Equipment;
use super::check::unknown;
use super::hosts;
use super::problem::Problem;
use super::secrets::{Found, SecretValues, read_place};

/// Why a channel cannot be made ready.
#[derive(Debug)]
pub(super) struct Unready {
    /// Everything that is wrong with it.
    pub problems: Vec<Problem>,
    /// Whether only its secrets are wrong.
    pub only_secrets: bool,
}

/// Makes a channel ready, or says everything that is in the way.
pub(super) fn channel(
    id: &ChannelId,
    config: &ChannelConfig,
    values: &SecretValues,
    equipment: &Equipment,
) -> Result<ChannelRuntime, Unready> {
    let at = ["channels", id.as_str()];
    let within = |key: &'static str| [at[0], at[1], key];
    let other = |problems| Unready {
        problems,
        only_secrets: false,
    };
    let plugins = equipment.plugins.now();
    let Some(installed) = plugins.get(&config.plugin) else {
        let known = plugins.all().map(|p| p.plugin.id().as_str());
        let mut text = unknown(
            "plug-in",
            config.plugin.as_str(),
            known.collect::<Vec<_>>().into_iter(),
        );
        let broken: Vec<&str> = plugins.problems().iter().map(|p| p.file.as_str()).collect();
        if !broken.is_empty() {
            text = format!("{text} (not usable: {})", broken.join(", "));
        }
        return Err(other(vec![Problem::new(&within("plugin"), text)]));
    };
    let manifest = installed.plugin.manifest();
    let (Some(connector), Some(abilities)) = (installed.plugin.connector(), &manifest.connector)
    else {
        let text = format!("plug-in {} is an analyzer, not a connector", config.plugin);
        return Err(other(vec![Problem::new(&within("plugin"), text)]));
    };
    let mut problems = Vec::new();
    let given = match &config.config {
        Value::Null => json!({}),
        given => given.clone(),
    };
    let settings = match check_config(&manifest.config_schema, &given) {
        Ok(settings) => settings,
        Err(found) => {
            problems.extend(
                found
                    .into_iter()
                    .map(|p| Problem::below(&within("config"), &p.pointer, p.text)),
            );
            given
        }
    };
    let grants = match hosts::grants(&at, config, &settings, abilities) {
        Ok(grants) => Some(grants),
        // Without valid settings it is not known which hosts are wanted.
        Err(_) if !problems.is_empty() => None,
        Err(found) => {
            problems.extend(found);
            None
        }
    };
    let before = problems.len();
    let secrets = secrets(
        id,
        config,
        (abilities, &settings),
        values,
        equipment,
        &mut problems,
    );
    let Some(grants) = grants.filter(|_| problems.is_empty()) else {
        return Err(Unready {
            only_secrets: before == 0 && !problems.is_empty(),
            problems,
        });
    };
    let mut context = ChannelContext::new(
        id.clone(),
        settings.to_string(),
        Arc::clone(&equipment.http),
    );
    context.observer = Some(Arc::clone(&equipment.observer));
    context.secrets = Arc::new(secrets);
    context.grants = Arc::new(grants);
    context.media = equipment.media.clone();
    let receives = abilities.receives_with(&settings);
    context.webhook_url = equipment
        .public_url
        .as_ref()
        .filter(|_| receives)
        .map(|hub| format!("{hub}/channels/{id}/webhook").into());
    Ok(ChannelRuntime {
        id: id.clone(),
        config: config.clone(),
        settings,
        manifest: Arc::new(manifest.clone()),
        connector,
        context,
    })
}

fn secrets(
    id: &ChannelId,
    config: &ChannelConfig,
    (abilities, settings): (&ConnectorManifest, &Value),
    values: &SecretValues,
    equipment: &Equipment,
    problems: &mut Vec<Problem>,
) -> ChannelSecrets {
    let mut secrets = ChannelSecrets::new(equipment.vault.clone(), id.clone());
    let at = |name: &str| {
        ["channels", id.as_str(), "secrets", name]
            .map(str::to_owned)
            .to_vec()
    };
    let given = values.channels.get(id);
    for want in &abilities.secrets {
        let place = config.secrets.get(&want.name);
        let given = given.and_then(|given| given.get(&want.name)).map(|v| &v.0);
        let stored = || equipment.vault.stored_secret(id, &want.name);
        let is_required = want.is_required_with(settings);
        match value((want, is_required), place, given, stored, &equipment.data) {
            Ok(Some((secret, text))) => secrets.add(&want.name, secret, &text),
            Ok(None) => {}
            Err(text) => problems.push(Problem::new(&at(&want.name), text)),
        }
    }
    let named = config.secrets.keys();
    let named = named.chain(given.into_iter().flat_map(|given| given.keys()));
    let known = || abilities.secrets.iter().map(|want| want.name.as_str());
    let mut strangers: Vec<&String> = named
        .filter(|name| known().all(|known| known != name.as_str()))
        .collect();
    strangers.dedup();
    for name in strangers {
        let known = known().collect::<Vec<_>>();
        problems.push(Problem::new(
            &at(name),
            unknown("secret", name, known.into_iter()),
        ));
    }
    secrets
}

/// The secret of one want and the text that it was made of.
fn value(
    (want, is_required): (&SecretWant, bool),
    place: Option<&SecretRef>,
    given: Option<&SecretString>,
    stored: impl Fn() -> Option<SecretString>,
    data: &Path,
) -> Result<Option<(Secret, SecretString)>, String> {
    let text = match (place, given) {
        (None, None) if is_required => {
            return Err(format!(
                "the connector needs this secret ({}): name its place as env:NAME or file:PATH. {}",
                want.title, want.hint
            ));
        }
        (None, None) => return Ok(None),
        (Some(SecretRef::Stored), Some(given)) => given.clone(),
        (_, Some(_)) => {
            return Err(
                "a value was given, but the configuration does not say that it is stored: write \
                 \"stored\" here"
                    .to_owned(),
            );
        }
        (Some(place), None) => match read_place(place, data)? {
            Found::Value(text) => text,
            Found::Stored => stored().ok_or(
                "nothing is stored here, or it cannot be decrypted: give the value with the \
                 configuration, or name its place as env:NAME or file:PATH",
            )?,
        },
    };
    let json = match want.kind {
        SecretKind::HmacKey
        | SecretKind::SharedToken
        | SecretKind::Bearer
        | SecretKind::UrlPart
        | SecretKind::ApiKey => Value::String(text.expose_secret().to_owned()),
        // What is no JSON lacks every field, which the error then names. serde's own message could quote
        // the value.
        SecretKind::Basic | SecretKind::Oauth1 | SecretKind::Oauth2 => {
            serde_json::from_str(text.expose_secret()).unwrap_or(Value::Null)
        }
    };
    let secret = Secret::from_json(want.kind, &json).map_err(|error| {
        let how = match json {
            Value::String(_) => "",
            _ => ", in a JSON object",
        };
        format!("\"{}\" cannot be used: {error}{how}", want.title)
    })?;
    Ok(Some((secret, text)))
}
