//! Who may call, and which call it is.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use url::form_urlencoded;

use super::errors::{GraphError, app_usage, business_usage};
use super::{Graph, read, send};
use crate::serve::{CallNumber, MAX_BODY, Naming};
use crate::signature::{app_secret_proof, same};

/// How calls of the Graph API are named in faults and the record.
pub(crate) static NAMING: Naming = Naming {
    operation,
    customer: |body| {
        body.pointer("/recipient/id")
            .and_then(Value::as_str)
            .map(str::to_owned)
    },
};

fn operation(method: &Method, uri: &Uri) -> &'static str {
    let path = uri.path();
    if path.starts_with("/media/") {
        return "media";
    }
    match (method, path.rsplit('/').next()) {
        (&Method::POST, Some("messages")) => "send",
        (&Method::POST, Some("message_attachments")) => "upload",
        (&Method::GET, Some("conversations")) => "conversations",
        (&Method::GET, Some("messages")) => "messages",
        (&Method::GET, Some(_)) => "object",
        _ => "other",
    }
}

/// A call past the token check.
pub(crate) struct Call {
    pub(crate) number: u64,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: bytes::Bytes,
}

impl Call {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn content_type(&self) -> &str {
        self.headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// Every call that is not the simulator's own.
pub(crate) async fn handle(State(graph): State<Arc<Graph>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if let Some(id) = path.strip_prefix("/media/") {
        return graph.media.answer(id);
    }
    let number = request.extensions().get::<CallNumber>().map_or(0, |n| n.0);
    let method = request.method().clone();
    let parameters = pairs(request.uri().query().unwrap_or_default().as_bytes());
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let mut call = Call {
        number,
        parameters,
        headers: parts.headers,
        body,
    };
    if call
        .content_type()
        .starts_with("application/x-www-form-urlencoded")
    {
        call.parameters.extend(pairs(&call.body));
    }
    let Some((version, rest)) = versioned(&path) else {
        return GraphError::unknown_path(&path).into_response();
    };
    let mut answer = match admit(&graph, &call) {
        Ok(()) => route(&graph, &method, rest, &call)
            .await
            .map_or_else(GraphError::into_response, |value| json(&value)),
        Err(error) => error.into_response(),
    };
    if let Ok(version) = HeaderValue::from_str(version) {
        answer.headers_mut().insert("facebook-api-version", version);
    }
    usage_headers(&graph, answer.headers_mut());
    answer
}

async fn route(
    graph: &Arc<Graph>,
    method: &Method,
    path: &str,
    call: &Call,
) -> Result<Value, GraphError> {
    let verb = if method == Method::GET { "get" } else { "post" };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let page = &graph.options.page_id;
    match (method, parts.as_slice()) {
        (&Method::POST, [id, edge @ ("messages" | "message_attachments")]) => {
            if *id != "me" && id != page {
                return Err(GraphError::no_such_object(verb, id));
            }
            if *edge == "messages" {
                send::message(graph, call).await
            } else {
                send::upload(graph, call).await
            }
        }
        (&Method::GET, [id, "conversations"]) if *id == "me" || id == page => {
            read::conversations(graph, call)
        }
        (&Method::GET, [id, "messages"]) => read::messages_of(graph, id, call),
        (&Method::GET, [id]) if *id == "me" || id == page => read::page(graph, call),
        (&Method::GET, [id]) => read::object(graph, id, call),
        (_, [id, ..]) => Err(GraphError::no_such_object(verb, id)),
        (_, []) => Err(GraphError::unknown_path(path)),
    }
}

/// Checks token and proof, counts the call, and throttles.
fn admit(graph: &Graph, call: &Call) -> Result<(), GraphError> {
    let in_body = serde_json::from_slice::<Value>(&call.body)
        .ok()
        .and_then(|body| Some(body.get("access_token")?.as_str()?.to_owned()));
    let bearer = call
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth"))
                .then(|| token.trim().to_owned())
        });
    let token = bearer
        .or_else(|| call.parameter("access_token").map(str::to_owned))
        .or(in_body)
        .ok_or_else(GraphError::no_token)?;
    if !same(&token, &graph.access_token()) {
        return Err(GraphError::malformed_token());
    }
    match call.parameter("appsecret_proof") {
        Some(proof) if !same(proof, &app_secret_proof(&graph.options.app_secret, &token)) => {
            return Err(GraphError::parameter(
                "Invalid appsecret_proof provided in the API argument",
            ));
        }
        None if graph.options.require_app_secret_proof => {
            return Err(GraphError::parameter(
                "API calls from the server require an appsecret_proof argument",
            ));
        }
        _ => {}
    }
    let Some(limit) = graph.options.hourly_calls else {
        return Ok(());
    };
    if count_call(graph) > limit {
        return Err(GraphError::rate_limited_80006(&graph.options.page_id, 5));
    }
    Ok(())
}

/// Counts a call and returns how many there were in the last hour.
fn count_call(graph: &Graph) -> u64 {
    let minute = graph.world.clock.now_ms() / 60_000;
    let mut calls = lock(&graph.calls);
    calls.retain(|known, _| *known > minute - 60);
    *calls.entry(minute).or_default() += 1;
    calls.values().sum()
}

/// Usage in percent; the headers are absent while it is below one.
fn usage_headers(graph: &Graph, headers: &mut HeaderMap) {
    let Some(limit) = graph.options.hourly_calls else {
        return;
    };
    let used: u64 = lock(&graph.calls).values().sum();
    let percent = used.saturating_mul(100) / limit.max(1);
    if percent == 0 {
        return;
    }
    if let Ok(value) = HeaderValue::try_from(app_usage(percent)) {
        headers.insert("x-app-usage", value);
    }
    let minutes = if used > limit { 5 } else { 0 };
    let usage = business_usage(&graph.options.page_id, percent, minutes);
    if let Ok(value) = HeaderValue::try_from(usage) {
        headers.insert("x-business-use-case-usage", value);
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn json(value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    response
}

/// `/v26.0/me` into `v26.0` and `me`; any version is served alike.
fn versioned(path: &str) -> Option<(&str, &str)> {
    let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
    let (major, minor) = version.strip_prefix('v')?.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits(major) && digits(minor)).then_some((version, rest))
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}
