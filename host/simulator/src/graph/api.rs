//! Who may call, and which call it is.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use url::form_urlencoded;

use super::errors::{GraphError, app_usage, business_usage};
use super::route::{Family, family, route};
use super::state::{Graph, lock};
use super::surface::Surface;
use crate::serve::{CallNumber, MAX_BODY};
use crate::signature::{app_secret_proof, same};

/// Whose token a call carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The page's, which serves its Instagram account as well.
    Page,
    /// The Instagram account's own.
    Instagram,
    /// The app's own, `id|secret`, which looks into tokens and does nothing else.
    App,
}

impl Caller {
    /// The account that is `me`.
    pub(crate) fn surface(self) -> Surface {
        match self {
            Self::Page | Self::App => Surface::Messenger,
            Self::Instagram => Surface::Instagram,
        }
    }
}

impl Graph {
    /// Whose token this is.
    pub(crate) fn caller(&self, token: &str) -> Option<Caller> {
        if same(token, &self.access_token()) {
            Some(Caller::Page)
        } else if same(token, &self.options.instagram.access_token) {
            Some(Caller::Instagram)
        } else if same(
            token,
            &format!("{}|{}", self.options.app_id, self.options.app_secret),
        ) {
            Some(Caller::App)
        } else {
            None
        }
    }
}

/// A call, and whose it is.
pub(crate) struct Call<C = Caller> {
    pub(crate) number: u64,
    pub(crate) caller: C,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: bytes::Bytes,
}

impl<C> Call<C> {
    /// Reads a request. The caller is told apart later, by the token.
    pub(crate) async fn read(request: Request, caller: C) -> Result<Self, Response> {
        let number = request.extensions().get::<CallNumber>().map_or(0, |n| n.0);
        let parameters = pairs(request.uri().query().unwrap_or_default().as_bytes());
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MAX_BODY).await else {
            return Err(StatusCode::PAYLOAD_TOO_LARGE.into_response());
        };
        let mut call = Self {
            number,
            caller,
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
        Ok(call)
    }

    /// The token that came along: in the header, as a parameter, or in a JSON body.
    pub(crate) fn token(&self) -> Option<String> {
        let bearer = self
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth"))
                    .then(|| token.trim().to_owned())
            });
        let in_body = || {
            let body = serde_json::from_slice::<Value>(&self.body).ok()?;
            Some(body.get("access_token")?.as_str()?.to_owned())
        };
        bearer
            .or_else(|| self.parameter("access_token").map(str::to_owned))
            .or_else(in_body)
    }

    /// Checks the proof that the caller knows the app's secret.
    pub(crate) fn check_proof(
        &self,
        app_secret: &str,
        token: &str,
        required: bool,
    ) -> Result<(), GraphError> {
        match self.parameter("appsecret_proof") {
            Some(proof) if !same(proof, &app_secret_proof(app_secret, token)) => Err(
                GraphError::parameter("Invalid appsecret_proof provided in the API argument"),
            ),
            None if required => Err(GraphError::parameter(
                "API calls from the server require an appsecret_proof argument",
            )),
            _ => Ok(()),
        }
    }

    /// Refuses what new apps may not use since v27 (4 November 2026), whatever the version in the path.
    pub(crate) fn check_retired(&self, path: &str) -> Result<(), GraphError> {
        const RETIRED: [(&str, &str); 4] = [
            ("ids", "Requests for several ids"),
            ("date_format", "Date formats"),
            ("method", "Overriding the HTTP method"),
            ("callback", "JSONP"),
        ];
        if path
            .trim_end_matches('/')
            .ends_with("/async_batch_requests")
        {
            return Err(GraphError::parameter(
                "Asynchronous batches are no longer available to this app",
            ));
        }
        if self.headers.contains_key("x-http-method-override") {
            return Err(GraphError::parameter(
                "Overriding the HTTP method (by a header) is no longer available to this app",
            ));
        }
        let body = serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
        let is_there =
            |(name, _): &&(&str, &str)| self.parameter(name).is_some() || body.get(name).is_some();
        if let Some((name, what)) = RETIRED.iter().find(is_there) {
            return Err(GraphError::parameter(format!(
                "{what} (the parameter {name}) are no longer available to this app"
            )));
        }
        match self.parameter("fields") {
            Some(fields) if fields.to_ascii_lowercase().contains(".as(") => Err(
                GraphError::parameter("Field aliases (as) are no longer available to this app"),
            ),
            _ => Ok(()),
        }
    }

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
    let method = request.method().clone();
    // Until the token is looked at.
    let mut call = match Call::read(request, Caller::Page).await {
        Ok(call) => call,
        Err(refusal) => return refusal,
    };
    let Some((version, rest)) = versioned(&path) else {
        return GraphError::unknown_path(&path).into_response();
    };
    let family = family(&graph, &method, rest, &call);
    let mut answer = match admit(&graph, &path, &call, family) {
        Ok(caller) => {
            call.caller = caller;
            route(&graph, &method, rest, &call)
                .await
                .map_or_else(GraphError::into_response, |value| json(&value))
        }
        Err(error) => error.into_response(),
    };
    if let Ok(version) = HeaderValue::from_str(version) {
        answer.headers_mut().insert("facebook-api-version", version);
    }
    usage_headers(&graph, family, answer.headers_mut());
    answer
}

/// Checks token and proof, counts the call, and throttles.
fn admit(graph: &Graph, path: &str, call: &Call, family: Family) -> Result<Caller, GraphError> {
    if !graph.options.is_older_app {
        call.check_retired(path)?;
    }
    let token = call.token().ok_or_else(GraphError::no_token)?;
    let caller = graph
        .caller(&token)
        .ok_or_else(GraphError::malformed_token)?;
    // The app's token holds the secret that a proof would prove.
    let required = graph.options.require_app_secret_proof && caller != Caller::App;
    call.check_proof(&graph.options.app_secret, &token, required)?;
    let Some(limit) = graph.options.hourly_calls else {
        return Ok(caller);
    };
    if count_call(graph) > limit {
        return Err(GraphError::rate_limited(family, family.account(graph), 5));
    }
    Ok(caller)
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
fn usage_headers(graph: &Graph, family: Family, headers: &mut HeaderMap) {
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
    let usage = business_usage(family.kind(), family.account(graph), percent, minutes);
    if let Ok(value) = HeaderValue::try_from(usage) {
        headers.insert("x-business-use-case-usage", value);
    }
}

/// An answer in JSON.
pub(crate) fn json(value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    response
}

/// The newest version that there is.
const NEWEST_VERSION: u32 = 27;

/// `/v27.0/me` into `v27.0` and `me`; any version that there is or was is served alike.
pub(crate) fn versioned(path: &str) -> Option<(&str, &str)> {
    let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
    let (major, minor) = version.strip_prefix('v')?.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_known = major
        .parse()
        .is_ok_and(|major: u32| major <= NEWEST_VERSION);
    (is_known && digits(minor)).then_some((version, rest))
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}
