//! The keys of the channels and analyzers that a plug-in makes: its manifest's.

use std::fmt::Write as _;

use linecard_model::manifest::{HostWant, Manifest, SecretKind};
use serde_json::{Value, json};

use super::words::Schema;
use super::{comment, heading, path, setting};

/// How the value of a secret of several fields is written.
pub fn form(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::HmacKey
        | SecretKind::SharedToken
        | SecretKind::Bearer
        | SecretKind::UrlPart
        | SecretKind::ApiKey => "",
        SecretKind::Basic => " Its value is JSON: {\"username\": …, \"password\": …}.",
        SecretKind::Oauth1 => {
            " Its value is JSON: {\"consumer_key\": …, \"consumer_secret\": …, \"token\": …, \"token_secret\": …}."
        }
        SecretKind::Oauth2 => {
            " Its value is JSON: {\"token_url\": …, \"client_id\": …} and, as the network asks for them, \"client_secret\", \"refresh_token\", \"scope\", \"client_auth\" (\"basic\" or \"body\")."
        }
    }
}

/// A channel or an analyzer with all that its plug-in takes.
pub(super) fn describe(text: &mut String, manifest: &Manifest) {
    let id = manifest.id.as_str();
    let (group, what) = if manifest.connector.is_some() {
        ("channels", "connector")
    } else {
        ("analyzers", "analyzer")
    };
    let at = [group.to_owned(), id.to_owned()];
    let about = format!(
        "The {what} \"{id}\" {}: {}\n\nThe keys of [{}] above, and these:",
        manifest.version,
        manifest.description,
        path(&[group.to_owned(), "…".to_owned()]).replace('"', ""),
    );
    heading(text, &about, &format!("[{}]", path(&at)));
    let _ = writeln!(text, "#plugin = \"{id}\"");
    if manifest.connector.is_some() {
        text.push_str("#queue = \"support\"\n");
    }
    let at = [group.to_owned(), id.to_owned(), "config".to_owned()];
    let schema = Schema::root(&manifest.config_schema);
    if schema.properties().is_empty() {
        comment(text, "It takes no config.");
    } else {
        table(text, &at, schema);
    }
    let Some(connector) = &manifest.connector else {
        return;
    };
    let mut about = "Where each secret comes from.".to_owned();
    let hosts: Vec<String> = connector.hosts.iter().map(host).collect();
    if !hosts.is_empty() {
        let _ = write!(about, "\n\nThe channel may call {}.", hosts.join(", "));
    }
    if connector.secrets.is_empty() {
        comment(
            text,
            &about.replace("Where each secret comes from.", "It takes no secrets."),
        );
        return;
    }
    let at = [group.to_owned(), id.to_owned(), "secrets".to_owned()];
    heading(text, &about, &format!("[{}]", path(&at)));
    for want in &connector.secrets {
        let told = format!("{}. {}{}", want.title, want.hint, form(want.kind));
        let place =
            json!({"type": "string", "description": told, "pattern": "^(env:.+|file:.+|stored)$"});
        let variable = format!("{id}_{}", want.name).to_uppercase();
        let variable = variable.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let example = json!(format!("env:{variable}"));
        setting(
            text,
            &want.name,
            Schema::root(&place),
            want.required,
            None,
            Some(&example),
        );
    }
}

fn host(want: &HostWant) -> String {
    match want {
        HostWant::Exact(host) => host.clone(),
        HostWant::FromConfig(pointer) => format!("the host of config{}", pointer.replace('/', ".")),
    }
}

fn table(text: &mut String, at: &[String], schema: Schema<'_>) {
    heading(text, &schema.about(), &format!("[{}]", path(at)));
    keys(text, at, schema);
}

fn keys(text: &mut String, at: &[String], schema: Schema<'_>) {
    let (tables, settings): (Vec<_>, Vec<_>) = schema
        .properties()
        .into_iter()
        .partition(|(_, property)| property.is_table() && property.values().is_none());
    for (key, property) in settings {
        let default = property.default();
        let example = property.made_up();
        let is_required = schema.requires(&key);
        setting(text, &key, property, is_required, default, example.as_ref());
    }
    for (key, property) in tables {
        let mut at = at.to_vec();
        at.push(key);
        match property.items() {
            Some(item) => {
                heading(text, &property.about(), &format!("[[{}]]", path(&at)));
                at.push("0".to_owned());
                keys(text, &at, item);
            }
            None => table(text, &at, property),
        }
    }
}

impl<'s> Schema<'s> {
    /// What a manifest says to be the default.
    fn default(&self) -> Option<&'s Value> {
        self.said("default")
    }
}
