//! A call that a hub made, as a case: the same files that an author writes by hand, without secrets.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use linecard_model::platform::WebhookRequest;
use linecard_sandbox::{
    ChannelContext, HttpError, HttpRequest, HttpResponse, SeenCall, SeenInput, SeenMac, StandIns,
};
use linecard_sdk::encode;
use linecard_sdk::http::Error;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::exchange::{Answer, RecordedRequest, readable};
use crate::native::{CHANNEL, WEBHOOK_URL};
use crate::{report, sandboxed};

/// Headers that are a credential of the network's, or a browser's.
const CREDENTIALS: [&str; 4] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
];

/// A call as a case.
#[derive(Debug, Clone)]
pub struct RecordedCase {
    /// The files by their names.
    pub files: BTreeMap<&'static str, Vec<u8>>,
}

impl RecordedCase {
    /// A call as a case, without the channel's secrets: what stands for each is in `secrets.json`, and
    /// signatures are as they would be with it. What customers wrote is in it.
    pub fn new(seen: &SeenCall, channel: &ChannelContext) -> Self {
        let told = Told::new(seen, channel);
        let mut files = BTreeMap::new();
        let (file, content) = told.input(&seen.input);
        files.insert(file, content);
        let mut answers = Vec::with_capacity(seen.exchanges.len());
        for (_, came) in &seen.exchanges {
            answers.push(told.answer(came));
        }
        if !answers.is_empty() {
            files.insert("http.json", lines(&json!(answers)));
        }
        let config = serde_json::from_str(&channel.config).unwrap_or_default();
        files.insert("config.json", lines(&told.json(config)));
        let values = told.stand_ins.values();
        files.insert("secrets.json", lines(&values.clone().into()));
        files.insert("expected.json", lines(&told.output()));
        Self { files }
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.files.values().map(Vec::len).sum()
    }
}

/// A call as it is told: without secrets, in the form of a case.
pub struct Told<'s> {
    seen: &'s SeenCall,
    webhook_url: Option<String>,
    stand_ins: StandIns,
}

impl<'s> Told<'s> {
    /// A call of a channel.
    pub fn new(seen: &'s SeenCall, channel: &ChannelContext) -> Self {
        Self {
            seen,
            webhook_url: channel.webhook_url.as_deref().map(str::to_owned),
            stand_ins: StandIns::new(channel, &seen.secrets, &seen.macs, CHANNEL),
        }
    }

    /// The requests that it made.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        let requests = self.seen.exchanges.iter();
        requests.map(|(request, _)| self.request(request)).collect()
    }

    /// What came of the request of this number.
    pub fn answer_to(&self, number: usize) -> Option<Answer> {
        let (_, came) = self.seen.exchanges.get(number)?;
        Some(self.answer(came))
    }

    /// What came out, as `expected.json` says it.
    pub fn output(&self) -> Value {
        let mut output = self.json(self.seen.output.clone());
        if let Value::Object(fields) = &mut output {
            fields.insert("requests".to_owned(), json!(self.requests()));
        }
        report::tidy(output)
    }

    fn request(&self, request: &HttpRequest) -> RecordedRequest {
        let mut told = sandboxed::recorded(request);
        told.url = self.text(&told.url);
        for (_, value) in &mut told.headers {
            *value = self.text(value);
        }
        told.body = self.json(told.body);
        told
    }

    fn answer(&self, came: &Result<HttpResponse, HttpError>) -> Answer {
        match came {
            Ok(response) => Answer::Response {
                status: response.status,
                headers: self.headers(&response.headers),
                body: readable(&self.stand_ins.bytes(&response.body)),
            },
            Err(error) => Answer::Error {
                error: match error {
                    HttpError::Denied(text) => Error::Denied(self.text(text)),
                    HttpError::Limit(text) => Error::Limit(self.text(text)),
                    HttpError::NotSent(text) => Error::NotSent(self.text(text)),
                    HttpError::NoAnswer(text) => Error::NoAnswer(self.text(text)),
                    HttpError::Secret(text) => Error::Secret(self.text(text)),
                },
            },
        }
    }

    fn input(&self, input: &SeenInput) -> (&'static str, Vec<u8>) {
        match input {
            SeenInput::Receive(request) => ("request.http", self.raw(request)),
            SeenInput::Poll { cursor, waited } => {
                let cursor = String::from_utf8_lossy(&self.stand_ins.bytes(cursor)).into_owned();
                let waited = waited.as_ref().map(|came| self.answer(came));
                let mut call = json!({ "poll": { "cursor": cursor } });
                if let Some(waited) = waited {
                    call["poll"]["waited"] = json!(waited);
                }
                ("call.json", lines(&call))
            }
            SeenInput::Other(call) => ("call.json", lines(&self.json(call.clone()))),
        }
    }

    /// A webhook request as it came, with placeholders for what signs its body.
    fn raw(&self, request: &WebhookRequest) -> Vec<u8> {
        let path = match request.path.as_str() {
            "" => "/",
            path => path,
        };
        let mut target = self.text(path);
        if !request.query.is_empty() {
            let mut query = form_urlencoded::Serializer::new(String::new());
            for (name, value) in &request.query {
                query.append_pair(&self.text(name), &self.text(value));
            }
            target = format!("{target}?{}", query.finish());
        }
        let mut raw = format!("{} {target} HTTP/1.1\n", request.method);
        let signs_body: Vec<&SeenMac> = {
            let macs = self.seen.macs.iter();
            macs.filter(|mac| mac.message == request.body).collect()
        };
        for (name, value) in &request.headers {
            // Braces are read as a placeholder, and no line goes on in the next.
            if is_credential(name) || value.contains("{{") || value.contains(['\n', '\r']) {
                continue;
            }
            let mut value = value.clone();
            for used in &signs_body {
                let written = [
                    ("hex", encode::hex(&used.mac)),
                    ("base64", encode::base64(&used.mac)),
                ];
                for (form, real) in written {
                    let SeenMac {
                        algorithm, secret, ..
                    } = used;
                    value =
                        value.replace(&real, &format!("{{{{hmac_{algorithm}_{form}:{secret}}}}}"));
                }
            }
            // Writing to a string never fails.
            let _ = writeln!(raw, "{name}: {}", self.text(&value));
        }
        raw.push('\n');
        let mut raw = raw.into_bytes();
        raw.extend(self.stand_ins.bytes(&request.body));
        raw
    }

    fn headers(&self, headers: &[(String, String)]) -> Vec<(String, String)> {
        let headers = headers.iter().filter(|(name, _)| !is_credential(name));
        headers
            .map(|(name, value)| (name.clone(), self.text(value)))
            .collect()
    }

    fn text(&self, text: &str) -> String {
        let text = self.stand_ins.text(text);
        match &self.webhook_url {
            Some(url) => text.replace(url.as_str(), WEBHOOK_URL),
            None => text,
        }
    }

    fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(&text).into(),
            Value::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter();
                Value::Object(
                    fields
                        .map(|(name, value)| (self.text(&name), self.json(value)))
                        .collect(),
                )
            }
            other => self.stand_ins.json(other),
        }
    }
}

fn is_credential(header: &str) -> bool {
    CREDENTIALS
        .iter()
        .any(|credential| header.eq_ignore_ascii_case(credential))
}

fn lines(value: &Value) -> Vec<u8> {
    report::lines(value).into_bytes()
}
