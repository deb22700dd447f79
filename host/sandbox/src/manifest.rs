//! Checking what a plug-in says about itself.

use std::collections::BTreeSet;

use linecard_model::PluginId;
use linecard_model::manifest::Manifest;
use serde_json::Value;

use crate::bindings::connector::linecard::plugin::manifest as wit;
use crate::contract::Version;
use crate::convert;
use crate::error::{LoadProblem, ManifestError};
use crate::grants::WantedHost;
use crate::http::guard;
use crate::plugin::Kind;

/// The longest schema, in bytes.
const MAX_SCHEMA: usize = 256 << 10;
/// The longest name or other short text, in characters.
const MAX_NAME: usize = 80;
/// The longest description or hint, in characters.
const MAX_TEXT: usize = 500;
/// The most entries of a list.
const MAX_LIST: usize = 100;

/// The manifest in the model's types, if it holds to the contract.
pub(crate) fn check(
    manifest: wit::Manifest,
    kind: Kind,
    version: Version,
) -> Result<Manifest, LoadProblem> {
    if Version::named(&manifest.contract)? != version {
        let text = format!("its file is built against version {version} of the contract");
        return Err(problem("contract", text).into());
    }
    let id = PluginId::new(&manifest.id).map_err(|error| problem("id", error))?;
    semver::Version::parse(&manifest.version).map_err(|error| problem("version", error))?;
    filled("display-name", &manifest.display_name, MAX_NAME)?;
    at_most("description", &manifest.description, MAX_TEXT)?;
    let config_schema = config_schema(&manifest.config_schema)?;
    match (kind, &manifest.connector, &manifest.analyzer) {
        (Kind::Connector, Some(connector), None) => check_connector(connector)?,
        (Kind::Analyzer, None, Some(analyzer)) => {
            names("analyzer.scores", &analyzer.scores)?;
            names("analyzer.languages", &analyzer.languages)?;
        }
        (Kind::Connector, ..) => {
            return Err(problem("connector", "a connector gives this and no \"analyzer\"").into());
        }
        (Kind::Analyzer, ..) => {
            return Err(problem("analyzer", "an analyzer gives this and no \"connector\"").into());
        }
    }
    Ok(convert::manifest(manifest, id, config_schema))
}

fn problem(field: &str, text: impl ToString) -> ManifestError {
    ManifestError {
        field: field.to_owned(),
        text: text.to_string(),
    }
}

fn at_most(field: &str, text: &str, most: usize) -> Result<(), ManifestError> {
    if text.chars().count() > most {
        return Err(problem(field, format!("it is over {most} characters")));
    }
    Ok(())
}

fn filled(field: &str, text: &str, most: usize) -> Result<(), ManifestError> {
    if text.trim().is_empty() {
        return Err(problem(field, "it is empty"));
    }
    at_most(field, text, most)
}

/// A list of short texts without repetition.
fn names(field: &str, list: &[String]) -> Result<(), ManifestError> {
    bounded(field, list)?;
    let mut seen = BTreeSet::new();
    for (index, name) in list.iter().enumerate() {
        filled(&format!("{field}[{index}]"), name, MAX_NAME)?;
        if !seen.insert(name) {
            return Err(problem(field, format!("\"{name}\" is there twice")));
        }
    }
    Ok(())
}

fn bounded<T>(field: &str, list: &[T]) -> Result<(), ManifestError> {
    if list.len() > MAX_LIST {
        return Err(problem(field, format!("it has over {MAX_LIST} entries")));
    }
    Ok(())
}

fn pointer(field: &str, text: &str) -> Result<(), ManifestError> {
    if !text.is_empty() && !text.starts_with('/') {
        return Err(problem(
            field,
            "it is no JSON Pointer: write \"\" or start with \"/\"",
        ));
    }
    at_most(field, text, MAX_TEXT)
}

fn config_schema(text: &str) -> Result<Value, ManifestError> {
    const FIELD: &str = "config-schema";
    if text.len() > MAX_SCHEMA {
        return Err(problem(FIELD, format!("it is over {MAX_SCHEMA} bytes")));
    }
    let schema: Value = serde_json::from_str(text).map_err(|error| problem(FIELD, error))?;
    linecard_schema::validator(&schema).map_err(|text| problem(FIELD, text))?;
    Ok(schema)
}

fn check_connector(connector: &wit::ConnectorManifest) -> Result<(), ManifestError> {
    names("connector.networks", &connector.networks)?;
    if connector.networks.is_empty() {
        return Err(problem("connector.networks", "it names no network"));
    }
    bounded("connector.secrets", &connector.secrets)?;
    let mut seen = BTreeSet::new();
    for (index, want) in connector.secrets.iter().enumerate() {
        let field = format!("connector.secrets[{index}]");
        filled(&format!("{field}.name"), &want.name, MAX_NAME)?;
        at_most(&format!("{field}.title"), &want.title, MAX_NAME)?;
        at_most(&format!("{field}.hint"), &want.hint, MAX_TEXT)?;
        if !seen.insert(&want.name) {
            return Err(problem(&field, format!("\"{}\" is there twice", want.name)));
        }
        check_place(&field, want)?;
        if let Some(condition) = &want.required_if {
            check_condition(&format!("{field}.required-if"), condition)?;
        }
        if let Some(end) = &want.inspected_at {
            let field = format!("{field}.inspected-at");
            at_most(&field, end, MAX_NAME)?;
            if want.kind != wit::SecretKind::Bearer || end.len() < 2 || !end.starts_with('/') {
                return Err(problem(
                    &field,
                    "it is the end of a path, such as \"/debug_token\", for a secret of the kind bearer",
                ));
            }
        }
    }
    bounded("connector.hosts", &connector.hosts)?;
    for (index, want) in connector.hosts.iter().enumerate() {
        let field = format!("connector.hosts[{index}]");
        match want {
            wit::HostWant::Exact(host) => {
                if WantedHost::parse(host).is_none() {
                    return Err(problem(
                        &field,
                        format!("\"{host}\" is not a host as \"name\" or \"name:port\""),
                    ));
                }
            }
            wit::HostWant::FromConfig(text) => pointer(&field, text)?,
        }
    }
    for (name, condition) in [
        ("connector.receives-if", &connector.receives_if),
        ("connector.polls-if", &connector.polls_if),
    ] {
        if let Some(condition) = condition {
            check_condition(name, condition)?;
        }
    }
    if !connector.receives && !connector.polls && connector.actions.is_empty() {
        return Err(problem(
            "connector",
            "it neither receives nor polls nor acts, so no channel can use it",
        ));
    }
    let sends = |ability: &wit::ActionAbility| ability.kind == wit::ActionKind::SendTemplate;
    if connector.templates && !connector.actions.iter().any(sends) {
        return Err(problem(
            "connector.templates",
            "templates are listed, but there is no action send-template",
        ));
    }
    if connector.visibilities.is_empty() {
        return Err(problem(
            "connector.visibilities",
            "it names neither public nor private",
        ));
    }
    check_actions(connector)
}

fn check_condition(field: &str, condition: &wit::Condition) -> Result<(), ManifestError> {
    pointer(&format!("{field}.pointer"), &condition.pointer)?;
    at_most(&format!("{field}.equals"), &condition.equals, MAX_TEXT)
}

/// A secret that the host puts somewhere needs to say where, and no other may.
fn check_place(field: &str, want: &wit::SecretWant) -> Result<(), ManifestError> {
    let field = format!("{field}.placed");
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= MAX_NAME
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    match (want.kind, &want.placed) {
        (wit::SecretKind::UrlPart, Some(wit::SecretPlace::Path(forms))) => {
            if !is_name(&want.name) {
                let text = "a secret that stands in a URL has a name of a-z, A-Z, 0-9, - and _";
                return Err(problem(&field, text));
            }
            bounded(&field, forms)?;
            let is_form = |form: &String| {
                form.len() <= MAX_NAME
                    && form.starts_with('/')
                    && form.matches("{}").count() == 1
                    && form
                        .replace("{}", "")
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~:@".contains(&byte))
            };
            if forms.is_empty() || !forms.iter().all(is_form) {
                return Err(problem(
                    &field,
                    "each form is a part of a path with \"{}\" for the value, such as \"/bot{}/\"",
                ));
            }
            Ok(())
        }
        (wit::SecretKind::ApiKey, Some(wit::SecretPlace::Header(name))) => {
            let pair = [(name.clone(), String::new())];
            guard::headers(&pair, None, false)
                .map(drop)
                .map_err(|error| problem(&field, error))
        }
        (wit::SecretKind::ApiKey, Some(wit::SecretPlace::Query(name))) => {
            if is_name(name) {
                Ok(())
            } else {
                Err(problem(
                    &field,
                    "the parameter is of a-z, A-Z, 0-9, - and _",
                ))
            }
        }
        (wit::SecretKind::UrlPart, _) => Err(problem(
            &field,
            "a secret of the kind url-part says by \"path\" where it may stand",
        )),
        (wit::SecretKind::ApiKey, _) => Err(problem(
            &field,
            "a secret of the kind api-key says by \"header\" or \"query\" where it stands",
        )),
        (_, Some(_)) => Err(problem(
            &field,
            "only secrets of the kinds url-part and api-key say where they stand",
        )),
        (_, None) => Ok(()),
    }
}

fn check_text(field: &str, limit: &wit::TextLimit) -> Result<(), ManifestError> {
    if limit.max == 0 {
        return Err(problem(&format!("{field}.max"), "it is 0"));
    }
    if let Some(raised) = &limit.raised {
        if raised.max <= limit.max {
            return Err(problem(
                &format!("{field}.raised.max"),
                format!("it is not above the usual {}", limit.max),
            ));
        }
        pointer(&format!("{field}.raised.enabled-by"), &raised.enabled_by)?;
    }
    Ok(())
}

fn check_actions(connector: &wit::ConnectorManifest) -> Result<(), ManifestError> {
    bounded("connector.actions", &connector.actions)?;
    for (index, ability) in connector.actions.iter().enumerate() {
        let field = format!("connector.actions[{index}]");
        let before = connector.actions.iter().take(index);
        if before.into_iter().any(|other| other.kind == ability.kind) {
            return Err(problem(&field, "the same kind is there twice"));
        }
        for (name, limit) in [
            ("text", &ability.text),
            ("caption", &ability.caption),
            ("quick-reply-payload", &ability.quick_reply_payload),
        ] {
            if let Some(limit) = limit {
                check_text(&format!("{field}.{name}"), limit)?;
            }
        }
        bounded(&format!("{field}.media"), &ability.media)?;
        names(&format!("{field}.structured"), &ability.structured)?;
        bounded(&format!("{field}.windows"), &ability.windows)?;
        for (at, window) in ability.windows.iter().enumerate() {
            filled(
                &format!("{field}.windows[{at}].name"),
                &window.name,
                MAX_NAME,
            )?;
            if let Some(text) = &window.enabled_by {
                pointer(&format!("{field}.windows[{at}].enabled-by"), text)?;
            }
        }
    }
    bounded("connector.rate-limits", &connector.rate_limits)?;
    for (index, limit) in connector.rate_limits.iter().enumerate() {
        if limit.calls == 0 || limit.per_ms == 0 {
            return Err(problem(
                &format!("connector.rate-limits[{index}]"),
                "calls and per-ms must be at least 1",
            ));
        }
    }
    if connector.retries.is_some_and(|rule| rule.pause_ms == 0) {
        return Err(problem("connector.retries.pause-ms", "it is 0"));
    }
    Ok(())
}
