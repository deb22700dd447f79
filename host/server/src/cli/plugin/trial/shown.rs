//! How the calls of a trial are shown.

use std::fmt::Write as _;

use linecard_sandbox::{Call, CallObserver, ChannelContext, SeenCall};
use linecard_testkit::{Answer, RecordedRequest, Told};
use serde_json::Value;
use tokio::sync::mpsc;

/// A call, and the channel on which it was made.
pub(super) struct Made {
    pub(super) seen: SeenCall,
    channel: ChannelContext,
}

/// Hands every call on to the console.
pub(super) struct Screen(mpsc::UnboundedSender<Made>);

impl Screen {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Made>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }
}

impl CallObserver for Screen {
    fn wants(&self, _: &linecard_model::PluginId, _: Call) -> bool {
        true
    }

    fn ended(&self, seen: SeenCall, channel: &ChannelContext) {
        let channel = channel.clone();
        // Without a console nobody looks.
        let _ = self.0.send(Made { seen, channel });
    }
}

impl Made {
    /// Whether the hub makes such calls by itself, again and again.
    pub(super) fn is_background(&self) -> bool {
        let is_routine = matches!(self.seen.call, Call::Poll | Call::Probe | Call::Templates);
        let events = self.seen.output.pointer("/ok/events");
        is_routine && events.and_then(Value::as_array).is_none_or(Vec::is_empty)
    }

    /// Whether a customer's message came of it.
    pub(super) fn has_message(&self) -> bool {
        let events = self.seen.output.pointer("/ok/events");
        let mut events = events.and_then(Value::as_array).into_iter().flatten();
        events.any(|event| event.pointer("/kind/message_created").is_some())
    }

    /// The call as a person reads it: without secrets.
    pub(super) fn text(&self) -> String {
        let told = Told::new(&self.seen, &self.channel);
        let mut text = format!("{} (call {}):\n", self.seen.call, self.seen.id);
        for (number, request) in told.requests().iter().enumerate() {
            asked(&mut text, request);
            if let Some(answer) = told.answer_to(number) {
                answered(&mut text, &answer);
            }
        }
        let mut output = told.output();
        if let Value::Object(fields) = &mut output {
            fields.remove("requests");
        }
        let (how, given) = match &output {
            Value::Object(fields) if fields.contains_key("ok") => ("it gives", &output["ok"]),
            Value::Object(fields) if fields.contains_key("err") => ("it refuses", &output["err"]),
            Value::Object(fields) if fields.contains_key("sandbox") => {
                ("it was ended", &output["sandbox"])
            }
            other => ("it gives", other),
        };
        // Writing to a string never fails.
        let _ = writeln!(text, "  {how}:");
        indented(&mut text, given);
        text.pop();
        text
    }
}

fn asked(text: &mut String, request: &RecordedRequest) {
    let RecordedRequest {
        method,
        url,
        headers,
        body,
        auth,
        query_secret,
        store_body,
    } = request;
    // The host puts a secret's value in the place of its name in braces.
    let url = url.replace("%7B", "{").replace("%7D", "}");
    let _ = writeln!(text, "  the plug-in asks: {method} {url}");
    for (name, value) in headers {
        let _ = writeln!(text, "    {name}: {value}");
    }
    if let Some(secret) = auth {
        let _ = writeln!(text, "    (the hub adds the secret {{{secret}}})");
    }
    if let Some((parameter, secret)) = query_secret {
        let _ = writeln!(text, "    (the hub adds {parameter}={{{secret}}})");
    }
    if *store_body {
        let _ = writeln!(text, "    (the answer's body becomes a file)");
    }
    if !body.is_null() {
        indented(text, body);
    }
}

fn answered(text: &mut String, answer: &Answer) {
    match answer {
        Answer::Response { status, body, .. } => {
            let _ = writeln!(text, "  the network answers: {status}");
            if !body.is_null() {
                indented(text, body);
            }
        }
        Answer::Error { error } => {
            let error = serde_json::to_value(error).unwrap_or_default();
            let _ = writeln!(text, "  no answer comes:");
            indented(text, &error);
        }
    }
}

fn indented(text: &mut String, value: &Value) {
    let lines = match value {
        Value::String(words) => words.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_else(|_| other.to_string()),
    };
    for line in lines.lines() {
        let _ = writeln!(text, "    {line}");
    }
}
