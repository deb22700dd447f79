//! The network in a case: answers that were recorded, requests that are made.

use linecard_sdk::http::{Error, Response, StoredBody};
use linecard_sdk::{encode, http};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One answer of the network in `http.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// No answer came.
    Error {
        /// Why, as the contract's `http.error` says.
        error: Error,
    },
    /// An answer.
    Response {
        /// The status.
        status: u16,
        /// The headers.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// The body: a text, `{"base64": …}`, or any other JSON.
        #[serde(default)]
        body: Value,
    },
}

impl Answer {
    /// What the plug-in gets.
    pub fn to_result(&self) -> Result<Response, Error> {
        match self {
            Answer::Error { error } => Err(error.clone()),
            Answer::Response {
                status,
                headers,
                body,
            } => Ok(Response {
                status: *status,
                headers: headers
                    .iter()
                    .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
                    .collect(),
                body: bytes_of(body),
                stored: None::<StoredBody>,
            }),
        }
    }
}

#[cfg(feature = "sandbox")]
impl Answer {
    /// What the host gets, if the request is for a file that is to be stored or not.
    pub fn to_host(
        &self,
        store_body: bool,
    ) -> Result<linecard_sandbox::HttpResponse, linecard_sandbox::HttpError> {
        crate::sandboxed::answered(self, store_body)
    }
}

fn bytes_of(body: &Value) -> Vec<u8> {
    let base64 = body
        .as_object()
        .filter(|fields| fields.len() == 1)
        .and_then(|fields| encode::from_base64(fields.get("base64")?.as_str()?));
    match (base64, body) {
        (Some(bytes), _) => bytes,
        (None, Value::Null) => Vec::new(),
        (None, Value::String(text)) => text.as_bytes().to_vec(),
        (None, json) => json.to_string().into_bytes(),
    }
}

/// A request that the plug-in made, in the form of `expected.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRequest {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The headers, names in lower case, sorted.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body: JSON as JSON, a text as text, parts of a form as objects.
    #[serde(default)]
    pub body: Value,
    /// The secret that it is signed with.
    pub auth: Option<String>,
    /// The query parameter in which a secret's value goes, and the secret.
    #[serde(default)]
    pub query_secret: Option<(String, String)>,
    /// Whether the answer's body goes into the media store.
    pub store_body: bool,
}

impl RecordedRequest {
    pub(crate) fn new(
        method: &str,
        url: &str,
        headers: impl Iterator<Item = (String, String)>,
        body: Value,
        auth: Option<String>,
        store_body: bool,
    ) -> Self {
        let mut headers: Vec<_> = headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        headers.sort();
        RecordedRequest {
            method: method.to_ascii_uppercase(),
            url: url::Url::parse(url).map_or_else(|_| url.to_owned(), String::from),
            headers,
            body,
            auth,
            query_secret: None,
            store_body,
        }
    }
}

impl RecordedRequest {
    pub(crate) fn in_query(mut self, secret: Option<(String, String)>) -> Self {
        self.query_secret = secret;
        self
    }
}

impl From<&http::Request> for RecordedRequest {
    fn from(request: &http::Request) -> Self {
        let body = match &request.body {
            http::Body::Empty => Value::Null,
            http::Body::Bytes(bytes) => readable(bytes),
            http::Body::Media(media) => serde_json::json!({ "media": media }),
            http::Body::Multipart(parts) => parts
                .iter()
                .map(|part| {
                    let content = match &part.content {
                        http::PartContent::Bytes(bytes) => readable(bytes),
                        http::PartContent::Media(media) => serde_json::json!({ "media": media }),
                        http::PartContent::MediaRange(range) => {
                            range_form(&range.media, range.offset, range.length)
                        }
                    };
                    part_form(
                        &part.name,
                        part.file_name.as_deref(),
                        part.content_type.as_deref(),
                        content,
                    )
                })
                .collect(),
        };
        RecordedRequest::new(
            method_name(request.method),
            &request.url,
            request.headers.iter().cloned(),
            body,
            request.auth.clone(),
            request.store_body,
        )
        .in_query(
            request
                .query_secret
                .as_ref()
                .map(|wanted| (wanted.parameter.clone(), wanted.secret.clone())),
        )
    }
}

#[cfg(feature = "sandbox")]
impl From<&linecard_sandbox::HttpRequest> for RecordedRequest {
    fn from(request: &linecard_sandbox::HttpRequest) -> Self {
        crate::sandboxed::recorded(request)
    }
}

fn method_name(method: http::Method) -> &'static str {
    match method {
        http::Method::Get => "GET",
        http::Method::Head => "HEAD",
        http::Method::Post => "POST",
        http::Method::Put => "PUT",
        http::Method::Patch => "PATCH",
        http::Method::Delete => "DELETE",
    }
}

pub(crate) fn part_form(
    name: &str,
    file_name: Option<&str>,
    content_type: Option<&str>,
    content: Value,
) -> Value {
    serde_json::json!({ "name": name, "file_name": file_name, "content_type": content_type, "content": content })
}

pub(crate) fn range_form(media: &str, offset: u64, length: u64) -> Value {
    serde_json::json!({ "media": media, "offset": offset, "length": length })
}

/// Bytes as a person reads them.
pub(crate) fn readable(bytes: &[u8]) -> Value {
    match (
        serde_json::from_slice::<Value>(bytes),
        std::str::from_utf8(bytes),
    ) {
        (Ok(json @ (Value::Object(_) | Value::Array(_))), _) => json,
        (_, Ok(text)) => text.into(),
        (_, Err(_)) => serde_json::json!({ "base64": encode::base64(bytes) }),
    }
}
