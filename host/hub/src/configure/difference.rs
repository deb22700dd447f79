//! What applying a configuration would change, key by key. Places of secrets are told, values never.

use std::collections::BTreeSet;
use std::fmt;

use linecard_model::site::{SecretRef, SiteConfig};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::problem::{Problem, key_of};
use super::secrets::SecretValues;

/// The fields whose entries have names: one that is not named any more is removed.
const NAMED: [&str; 9] = [
    "queues",
    "agents",
    "roles",
    "groups",
    "stations",
    "keys",
    "analyzers",
    "hours",
    "channels",
];

/// A text of more bytes, such as a calendar, is not shown as a whole.
const LONG: usize = 2_000;
/// So many of its characters are.
const SHOWN: usize = 60;

/// One thing that applying a configuration would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Where, as a JSON Pointer into the configuration.
    pub pointer: String,
    /// What happens to it.
    pub kind: ChangeKind,
    /// What stands there now; absent if nothing does. Of a secret, its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What would stand there; absent if nothing would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// What else somebody should know who decides about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Change {
    /// Its place as a person writes it: `queues.support.members`.
    pub fn key(&self) -> String {
        key_of(&self.pointer)
    }
}

/// What happens to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Something with a name, such as a queue or an agent, is new.
    Added,
    /// A value becomes another.
    Changed,
    /// Something with a name, such as a queue or an agent, goes.
    Removed,
    /// The hub gets a new value of a secret that it keeps.
    SecretGiven,
    /// The hub forgets the value of a secret that it kept.
    SecretForgotten,
}

impl ChangeKind {
    /// Whether something goes that the configuration alone does not bring back.
    pub fn removes(self) -> bool {
        matches!(self, Self::Removed | Self::SecretForgotten)
    }
}

/// Everything that would change between two configurations, given these values of secrets.
pub fn difference(present: &SiteConfig, wanted: &SiteConfig, values: &SecretValues) -> Vec<Change> {
    let mut changes = Vec::new();
    let (before, after) = (complete(present), complete(wanted));
    compare(&mut Vec::new(), Some(&before), Some(&after), &mut changes);
    let (kept, needed) = (kept_by_the_hub(present), kept_by_the_hub(wanted));
    for change in &mut changes {
        if change.kind == ChangeKind::Removed {
            change.note = lost(&change.pointer, &kept);
        }
    }
    for pointer in kept.difference(&needed) {
        // What is removed as a whole takes its secrets along.
        let inside = |change: &Change| {
            change.kind == ChangeKind::Removed && is_inside(pointer, &change.pointer)
        };
        if changes.iter().any(inside) {
            continue;
        }
        changes.retain(|change| change.pointer != *pointer);
        changes.push(Change {
            pointer: pointer.clone(),
            kind: ChangeKind::SecretForgotten,
            before: before.pointer(pointer).cloned(),
            after: after.pointer(pointer).cloned(),
            note: Some("the value that the hub keeps is lost".to_owned()),
        });
    }
    for pointer in given(values) {
        changes.push(Change {
            before: before.pointer(&pointer).cloned(),
            after: after.pointer(&pointer).cloned(),
            pointer,
            kind: ChangeKind::SecretGiven,
            note: None,
        });
    }
    changes
}

/// A configuration with what is not written down as long as it is the usual.
fn complete(config: &SiteConfig) -> Value {
    let json = |value: Result<Value, serde_json::Error>| value.unwrap_or_default();
    let mut whole = json(serde_json::to_value(config));
    let retention = json(serde_json::to_value(&config.retention));
    if let Some(fields) = whole.as_object_mut() {
        fields.insert("retention".to_owned(), retention);
        let automatic = json(serde_json::to_value(&config.automatic));
        fields.insert("automatic".to_owned(), automatic);
        let plugins = json(serde_json::to_value(&config.plugins));
        fields.insert("plugins".to_owned(), plugins);
    }
    for (id, channel) in &config.channels {
        let comments = json(serde_json::to_value(&channel.comments));
        let at = Problem::new(&["channels", id.as_str()], "").pointer;
        if let Some(fields) = whole.pointer_mut(&at).and_then(Value::as_object_mut) {
            fields.insert("comments".to_owned(), comments);
        }
    }
    whole
}

fn compare(
    at: &mut Vec<String>,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<Change>,
) {
    if before == after {
        return;
    }
    let has_a_name = matches!(at.as_slice(), [field, _] if NAMED.contains(&field.as_str()));
    let nothing = Map::new();
    let tables = match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => Some((before, after)),
        (None, Some(Value::Object(after))) if !has_a_name && !after.is_empty() => {
            Some((&nothing, after))
        }
        (Some(Value::Object(before)), None) if !has_a_name && !before.is_empty() => {
            Some((before, &nothing))
        }
        _ => None,
    };
    if let Some((before, after)) = tables {
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for key in keys {
            at.push(key.clone());
            compare(at, before.get(key), after.get(key), changes);
            at.pop();
        }
        return;
    }
    let kind = match (before, after) {
        (None, _) if has_a_name => ChangeKind::Added,
        (_, None) if has_a_name => ChangeKind::Removed,
        _ => ChangeKind::Changed,
    };
    changes.push(Change {
        pointer: Problem::new(at, "").pointer,
        kind,
        before: before.cloned(),
        after: after.cloned(),
        note: None,
    });
}

/// Where the secrets are whose values the hub keeps.
fn kept_by_the_hub(config: &SiteConfig) -> BTreeSet<String> {
    let is_kept = |place: Option<&SecretRef>| place == Some(&SecretRef::Stored);
    let at = |path: &[&str]| Problem::new(path, "").pointer;
    let mut kept = BTreeSet::new();
    for (id, agent) in &config.agents {
        if is_kept(agent.password.as_ref()) {
            kept.insert(at(&["agents", id.as_str(), "password"]));
        }
    }
    for (name, key) in &config.keys {
        if is_kept(key.secret.as_ref()) {
            kept.insert(at(&["keys", name, "secret"]));
        }
    }
    for (id, channel) in &config.channels {
        for (name, place) in &channel.secrets {
            if is_kept(Some(place)) {
                kept.insert(at(&["channels", id.as_str(), "secrets", name]));
            }
        }
    }
    kept
}

/// Where the secrets are that come with the configuration.
fn given(values: &SecretValues) -> BTreeSet<String> {
    let at = |path: &[&str]| Problem::new(path, "").pointer;
    let agents = values.agents.keys();
    let agents = agents.map(|id| at(&["agents", id.as_str(), "password"]));
    let keys = values.keys.keys().map(|name| at(&["keys", name, "secret"]));
    let channels = values.channels.iter().flat_map(|(id, secrets)| {
        let names = secrets.keys();
        names.map(move |name| at(&["channels", id.as_str(), "secrets", name]))
    });
    agents.chain(keys).chain(channels).collect()
}

/// What goes with something that is removed and that no file brings back.
fn lost(pointer: &str, kept: &BTreeSet<String>) -> Option<String> {
    let secrets = kept.iter().filter(|secret| is_inside(secret, pointer));
    match secrets.count() {
        0 => None,
        1 => Some("its secret, which the hub keeps and no file has, is lost with it".to_owned()),
        many => Some(format!(
            "its {many} secrets, which the hub keeps and no file has, are lost with it"
        )),
    }
}

fn is_inside(pointer: &str, around: &str) -> bool {
    pointer
        .strip_prefix(around)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// A line for people: `+` is new, `~` becomes another, `-` goes.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key();
        let shown = |value: Option<&Value>| match value {
            Some(Value::String(long)) if long.len() > LONG => {
                let begin: String = long.chars().take(SHOWN).collect();
                let all = long.chars().count();
                format!("{}… ({all} characters)", Value::from(begin))
            }
            Some(value) => value.to_string(),
            None => "(not set)".to_owned(),
        };
        match self.kind {
            ChangeKind::Added => write!(f, "+ {key}: {}", shown(self.after.as_ref()))?,
            ChangeKind::Removed => write!(f, "- {key}: {}", shown(self.before.as_ref()))?,
            ChangeKind::SecretGiven => write!(f, "~ {key}: a new value")?,
            ChangeKind::Changed | ChangeKind::SecretForgotten => {
                let sign = if self.kind.removes() { '-' } else { '~' };
                match (&self.before, &self.after) {
                    (Some(Value::Array(before)), Some(Value::Array(after))) => {
                        write!(f, "{sign} {key}:")?;
                        list(f, '-', before, after)?;
                        list(f, '+', after, before)?;
                    }
                    (before, after) => {
                        let (before, after) = (shown(before.as_ref()), shown(after.as_ref()));
                        write!(f, "{sign} {key}: {before} → {after}")?;
                    }
                }
            }
        }
        match &self.note {
            Some(note) => write!(f, " ({note})"),
            None => Ok(()),
        }
    }
}

/// The items that stand in one list and not in the other; if only their order differs, none does.
fn list(f: &mut fmt::Formatter<'_>, sign: char, of: &[Value], but_not: &[Value]) -> fmt::Result {
    for item in of.iter().filter(|item| !but_not.contains(item)) {
        write!(f, " {sign}{item}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::parse_site;
    use super::*;

    fn site(text: &str) -> SiteConfig {
        parse_site("site.toml", text).unwrap().value
    }

    fn lines(before: &str, after: &str) -> Vec<String> {
        let changes = difference(&site(before), &site(after), &SecretValues::default());
        changes.iter().map(ToString::to_string).collect()
    }

    const BEFORE: &str = r#"
        [queues.support]
        members = ["anna", "ben"]
        [agents.anna]
        password = "stored"
        [agents.ben]
        password = "stored"
        [keys."a~b"]
        secret = "stored"
        [channels.page]
        plugin = "messenger"
        queue = "support"
        config = { page_id = "1", more = { deep = true } }
        secrets = { a = "stored", b = "stored", c = "env:C" }
    "#;

    #[test]
    fn the_same_has_no_difference_and_a_usual_value_that_is_written_down_is_none() {
        assert!(lines(BEFORE, BEFORE).is_empty());
        let usual = "[retention]\nraw_days = 30\n";
        assert!(lines("", usual).is_empty());
        let changed = lines("", "[retention]\nraw_days = 10\n");
        assert_eq!(changed, ["~ retention.raw_days: 30 → 10"]);
    }

    #[test]
    fn what_is_new_what_becomes_another_and_what_goes_is_told_key_by_key() {
        let after = r#"
            name = "Care"
            [queues.support]
            members = ["anna", "carl"]
            wrap_up = { mode = "mandatory" }
            [agents.anna]
            password = "env:ANNA"
            [agents.carl]
            [channels.page]
            plugin = "messenger"
            queue = "support"
            spend = { per_day = 5 }
            comments = { gather_seconds = 0 }
            config = { page_id = "2", more = { deep = true } }
            secrets = { b = "stored", c = "env:D" }
        "#;
        let wrap_up = "~ queues.support.wrap_up";
        let seen = lines(BEFORE, after);
        let (wrapping, rest): (Vec<_>, Vec<_>) =
            seen.into_iter().partition(|line| line.starts_with(wrap_up));
        assert!(!wrapping.is_empty());
        assert_eq!(
            rest,
            [
                "- agents.ben: {\"auto_answer\":false,\"name\":\"\",\"password\":\"stored\",\"role\":\"agent\",\"skills\":{},\"social_media_admin\":false} (its secret, which the hub keeps and no file has, is lost with it)",
                "+ agents.carl: {\"auto_answer\":false,\"name\":\"\",\"role\":\"agent\",\"skills\":{},\"social_media_admin\":false}",
                "~ channels.page.comments.gather_seconds: 60 → 0",
                "~ channels.page.config.page_id: \"1\" → \"2\"",
                "~ channels.page.secrets.c: \"env:C\" → \"env:D\"",
                "~ channels.page.spend.enforce_on_sends: (not set) → false",
                "~ channels.page.spend.per_day: (not set) → 5",
                "- keys.\"a~b\": {\"name\":\"\",\"role\":\"agent\",\"secret\":\"stored\"} (its secret, which the hub keeps and no file has, is lost with it)",
                "~ name: \"\" → \"Care\"",
                "~ queues.support.members: -\"ben\" +\"carl\"",
                "- agents.anna.password: \"stored\" → \"env:ANNA\" (the value that the hub keeps is lost)",
                "- channels.page.secrets.a: \"stored\" → (not set) (the value that the hub keeps is lost)",
            ]
        );
    }

    #[test]
    fn values_of_secrets_are_never_told() {
        let values: SecretValues = serde_json::from_value(serde_json::json!({
            "agents": {"anna": "a-secret"}, "keys": {"a~b": "a-secret"},
            "channels": {"page": {"a": "a-secret", "b": {"field": "a-secret"}}},
        }))
        .unwrap();
        let present = site(BEFORE);
        let changes = difference(&present, &present, &values);
        let text = serde_json::to_string(&changes).unwrap();
        assert!(!text.contains("a-secret"), "{text}");
        let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "~ agents.anna.password: a new value",
                "~ channels.page.secrets.a: a new value",
                "~ channels.page.secrets.b: a new value",
                "~ keys.\"a~b\".secret: a new value",
            ]
        );
        assert!(changes.iter().all(|change| !change.kind.removes()));
    }
}
