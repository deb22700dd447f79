//! Recorded answers of a network, each given to every kind of call that a connector makes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use linecard_sdk::actions::ActionRequest;
use linecard_sdk::connector::WebhookRequest;
use linecard_sdk::events::Identity;
use linecard_testkit::{Answer, Call, Case, SandboxedPlugin, ThisCrate};
use serde_json::{Map, Value, json};

use super::files;

/// How often an answer is given in one call, for calls that ask more than once.
const REPEATED: usize = 6;

/// A connector's channel and the calls that are made on it.
pub struct Calls {
    /// The channel's configuration.
    pub config: Value,
    /// Its secrets by name.
    pub secrets: Value,
    /// The calls, each by a short name. A call may bring its own configuration.
    pub calls: Vec<(&'static str, Call, Option<Value>)>,
}

impl Calls {
    /// A channel without calls.
    pub fn new(config: Value, secrets: Value) -> Self {
        Self {
            config,
            secrets,
            calls: Vec::new(),
        }
    }

    /// Adds a call in the contract's words, such as `{"poll": {}}`.
    #[must_use]
    pub fn call(self, name: &'static str, call: Value) -> Self {
        self.call_with(name, call, None)
    }

    /// Adds a call on a channel with another configuration.
    #[must_use]
    pub fn call_with(mut self, name: &'static str, call: Value, config: Option<Value>) -> Self {
        let call = serde_json::from_value(call).expect("the call is in the contract's words");
        self.calls.push((name, call, config));
        self
    }

    /// Adds an action.
    #[must_use]
    pub fn action(mut self, name: &'static str, action: Value) -> Self {
        let request = ActionRequest {
            id: "0199a3f0-0000-7000-8000-000000000001".to_owned(),
            attempt: 1,
            uncertain_before: false,
            thread: "900:77".to_owned(),
            recipient: Some(Identity::new("77")),
            last_inbound: None,
            by_human: true,
            progress: Vec::new(),
            action: serde_json::from_value(action).expect("the action is in the contract's words"),
        };
        self.calls.push((name, Call::Perform(request), None));
        self
    }
}

/// A text to say, with these files, as an answer to a message or by itself.
pub fn said(text: &str, attachments: Value, reply_to: Option<&str>) -> Value {
    json!({ "text": text, "attachments": attachments, "structured": null, "location": null, "reply_to": reply_to })
}

/// Gives every recorded file of a folder to the built component in the real sandbox: as the network's
/// answer in each of the calls, and as the body of a webhook that `inbound` signs. No call may trap;
/// prints what each became, and gives that by file and call (`inbound` is the webhook).
pub fn check_answers(
    this_crate: &ThisCrate,
    folder: &str,
    calls: &Calls,
    inbound: impl Fn(Vec<u8>) -> WebhookRequest,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let samples = files(folder);
    let mut all = BTreeMap::new();
    if samples.is_empty() {
        return all;
    }
    let component = linecard_testkit::build(this_crate).expect("the component builds");
    let plugin = SandboxedPlugin::load(&component).expect("the component loads");
    let secrets: Map<String, Value> = calls.secrets.as_object().cloned().unwrap_or_default();
    for (name, sample) in samples {
        let (answer, body) = recorded_answer(&sample);
        let run = |call: &Call, config: &Value| {
            let filled = plugin
                .check_config(config)
                .unwrap_or_else(|problems| panic!("the configuration: {problems:?}"));
            let case = Case {
                name: name.clone(),
                folder: PathBuf::new(),
                call: call.clone(),
                answers: vec![answer.clone(); REPEATED],
                config: config.clone(),
                secrets: secrets.clone(),
                now: None,
                varies: true,
                head: None,
            };
            let given = plugin.run(&case, &filled).expect("the sandbox runs it");
            assert!(given.get("sandbox").is_none(), "{name}: {call:?}: {given}");
            told(&given)
        };
        let webhook = Call::Receive(inbound(body));
        let mut became = BTreeMap::from([("inbound".to_owned(), run(&webhook, &calls.config))]);
        for (kind, call, config) in &calls.calls {
            let config = config.as_ref().unwrap_or(&calls.config);
            became.insert((*kind).to_owned(), run(call, config));
        }
        let row: Vec<String> = became
            .iter()
            .map(|(kind, told)| format!("{kind}: {told}"))
            .collect();
        println!("{name:50} {}", row.join("; "));
        all.insert(name, became);
    }
    println!("-- {} recorded answers of {folder}", all.len());
    all
}

/// The answer that a file holds, and the body alone. Some files are a body; some tell the status and
/// the headers, or the request too.
fn recorded_answer(sample: &Value) -> (Answer, Vec<u8>) {
    let whole = sample.get("response").unwrap_or(sample);
    let status = whole
        .pointer("/status/code")
        .or_else(|| whole.get("http_status"));
    let (status, headers, body) = match status.and_then(Value::as_u64) {
        Some(status) => (status, &whole["headers"], &whole["body"]),
        None if sample.get("error").is_some() => (400, &Value::Null, sample),
        None => (200, &Value::Null, sample),
    };
    let headers = headers.as_object().into_iter().flatten();
    let text = body
        .as_str()
        .map_or_else(|| body.to_string(), str::to_owned);
    let answer = Answer::Response {
        status: u16::try_from(status).expect("a status"),
        headers: headers
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        body: text.clone().into(),
    };
    (answer, text.into_bytes())
}

/// What came out, in a few words.
fn told(given: &Value) -> String {
    if let Some(error) = given.get("err") {
        return match error {
            Value::Object(members) => members.keys().next().cloned().unwrap_or_default(),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
    }
    let done = &given["ok"];
    if let Some(events) = done["events"].as_array() {
        return format!("{} events", events.len());
    }
    match done["message_ids"].as_array() {
        Some(ids) if !ids.is_empty() => format!("{} sent", ids.len()),
        _ => "ok".to_owned(),
    }
}
