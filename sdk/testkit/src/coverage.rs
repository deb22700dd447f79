//! What of a plug-in's manifest, and of the contract's kinds of event, the cases of a suite come by.

use std::collections::{BTreeMap, BTreeSet};

use linecard_model::manifest::Manifest;
use serde_json::Value;

use crate::fixture::{Call, Case};

/// The kinds of event that the contract knows.
const EVENTS: [&str; 15] = [
    "message_created",
    "message_edited",
    "message_deleted",
    "reaction_added",
    "reaction_removed",
    "receipt",
    "typing",
    "postback",
    "referral",
    "follow",
    "unfollow",
    "native_reply",
    "profile_changed",
    "channel_status",
    "other",
];

/// Something that a plug-in can do or tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// `call`, `action` or `event`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// Whether the manifest says that the plug-in does it. Manifests name no events: a plug-in tells those
    /// that its network has.
    pub declared: bool,
    /// How many cases come by it.
    pub cases: usize,
    /// How those cases ended: `ok`, or the kind of failure. Empty for events.
    pub results: BTreeSet<String>,
}

impl Covered {
    /// Whether the manifest says that the plug-in does it, and no case shows that it does.
    pub fn is_missing(&self) -> bool {
        self.declared && self.cases == 0
    }
}

/// What the cases came by.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    all: BTreeMap<(&'static str, String), (usize, BTreeSet<String>)>,
}

impl Seen {
    /// Takes down a case and what came out of it.
    pub(crate) fn add(&mut self, case: &Case, found: &Value) {
        let result = result(found);
        let call = name(&case.call);
        self.note("call", call, Some(&result));
        if let Call::Perform(request) = &case.call {
            let action = serde_json::to_value(&request.action).unwrap_or_default();
            let kind = match &action {
                Value::String(kind) => Some(kind.clone()),
                Value::Object(fields) => fields.keys().next().cloned(),
                _ => None,
            };
            self.note("action", &kind.unwrap_or_default(), Some(&result));
        }
        let events = found.pointer("/ok/events").and_then(Value::as_array);
        let kinds: BTreeSet<String> = events
            .into_iter()
            .flatten()
            .filter_map(|event| match event.get("kind")? {
                Value::String(kind) => Some(kind.clone()),
                Value::Object(fields) => fields.keys().next().cloned(),
                _ => None,
            })
            .collect();
        for kind in kinds {
            self.note("event", &kind, None);
        }
    }

    fn note(&mut self, what: &'static str, name: &str, result: Option<&String>) {
        let (cases, results) = self.all.entry((what, name.to_owned())).or_default();
        *cases += 1;
        results.extend(result.cloned());
    }

    /// The table: first what the manifest says, then what it does not.
    pub(crate) fn table(mut self, manifest: &Manifest) -> Vec<Covered> {
        let mut table = Vec::new();
        let mut line = |what: &'static str, name: &str, declared: bool| {
            let found = self.all.remove(&(what, name.to_owned()));
            let (cases, results) = found.unwrap_or_default();
            table.push(Covered {
                what,
                name: name.to_owned(),
                declared,
                cases,
                results,
            });
        };
        if manifest.analyzer.is_some() {
            line("call", "analyze", true);
        }
        if let Some(connector) = &manifest.connector {
            let does = !connector.actions.is_empty();
            for (call, declared) in [
                ("receive", connector.receives),
                ("poll", connector.polls),
                ("perform", does),
                ("resolve_profile", connector.resolves_profiles),
                ("resolve_media", connector.resolves_media),
                ("probe", connector.probes),
                ("templates", connector.templates),
                ("set_up", connector.sets_up),
                ("tear_down", connector.sets_up),
            ] {
                line("call", call, declared);
            }
            for ability in &connector.actions {
                line("action", ability.kind.as_str(), true);
            }
            for event in EVENTS {
                line("event", event, false);
            }
        }
        // What is tested though the manifest does not say it.
        for ((what, name), (cases, results)) in self.all {
            table.push(Covered {
                what,
                name,
                declared: false,
                cases,
                results,
            });
        }
        table
    }
}

/// How a case ended, in one word.
fn result(found: &Value) -> String {
    if found.get("ok").is_some() {
        return "ok".to_owned();
    }
    match found.get("err") {
        Some(Value::Object(fields)) => fields.keys().next().cloned(),
        Some(Value::String(kind)) if kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => {
            Some(kind.clone())
        }
        Some(_) => Some("refused".to_owned()),
        None => found
            .as_object()
            .and_then(|fields| fields.keys().next().cloned()),
    }
    .unwrap_or_default()
}

fn name(call: &Call) -> &'static str {
    match call {
        Call::Receive(_) => "receive",
        Call::Poll { .. } => "poll",
        Call::Perform(_) => "perform",
        Call::ResolveProfile(_) => "resolve_profile",
        Call::ResolveMedia(_) => "resolve_media",
        Call::Probe {} => "probe",
        Call::Templates {} => "templates",
        Call::SetUp { .. } => "set_up",
        Call::TearDown { .. } => "tear_down",
        Call::Analyze(_) => "analyze",
    }
}
