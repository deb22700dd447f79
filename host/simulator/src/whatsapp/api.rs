//! Who may call, and which call it is.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use super::{WhatsApp, directory, media, read, send};
use crate::graph::GraphError;
use crate::graph::api::{Call, json, versioned};
use crate::serve::Naming;
use crate::signature::same;

/// How calls are named in faults and the record.
pub(crate) static NAMING: Naming = Naming {
    operation,
    // The phone number in digits, or the user id.
    customer: |body| {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        text("to")
            .map(directory::digits)
            .or_else(|| text("recipient").map(str::to_owned))
    },
};

fn operation(method: &Method, uri: &Uri) -> &'static str {
    let path = uri.path().trim_end_matches('/');
    if path.starts_with(media::PATH.trim_end_matches('/')) {
        return "media";
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    match (method, last) {
        (&Method::POST, "messages") => "send",
        (&Method::POST, "media") => "upload",
        (_, "subscribed_apps") => "subscribe",
        (&Method::GET, "message_templates") => "templates",
        (&Method::GET, "phone_numbers") => "numbers",
        (&Method::GET, _) => "object",
        (&Method::DELETE, _) => "delete",
        _ => "other",
    }
}

/// Whose token a call carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The system user's.
    Business,
    /// The app's own, `id|secret`, which looks into tokens and does nothing else.
    App,
}

impl WhatsApp {
    /// Whose token this is.
    pub(crate) fn caller(&self, token: &str) -> Result<Caller, GraphError> {
        let app = format!("{}|{}", self.options.app_id, self.options.app_secret);
        if same(token, &app) {
            return Ok(Caller::App);
        }
        self.with_token(|valid| {
            if !same(token, &valid.value) {
                Err(GraphError::malformed_token())
            } else if valid.expired {
                Err(GraphError::expired_token())
            } else {
                Ok(Caller::Business)
            }
        })
    }

    /// Checks token and proof.
    pub(crate) fn admit(&self, path: &str, call: &Call<()>) -> Result<Caller, GraphError> {
        call.check_retired(path)?;
        let token = call.token().ok_or_else(GraphError::no_token)?;
        let caller = self.caller(&token)?;
        // The app's token holds the secret that a proof would prove.
        let required = self.options.require_app_secret_proof && caller == Caller::Business;
        call.check_proof(&self.options.app_secret, &token, required)?;
        if caller == Caller::Business && self.with_token(|token| token.revoked) {
            return Err(GraphError::app_permission());
        }
        Ok(caller)
    }
}

/// Every call that is not the simulator's own.
pub(crate) async fn handle(State(whatsapp): State<Arc<WhatsApp>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let call = match Call::read(request, ()).await {
        Ok(call) => call,
        Err(refusal) => return refusal,
    };
    if path.starts_with(media::PATH) && method == Method::GET {
        return whatsapp.download(&call);
    }
    let Some((version, rest)) = versioned(&path) else {
        return GraphError::unknown_path(&path).into_response();
    };
    let answer = match whatsapp.admit(&path, &call) {
        Ok(caller) => route(&whatsapp, &method, rest, caller, &call).await,
        Err(error) => Err(error),
    };
    let mut answer = answer.map_or_else(GraphError::into_response, |value| json(&value));
    if let Ok(version) = HeaderValue::from_str(version) {
        answer.headers_mut().insert("facebook-api-version", version);
    }
    answer
}

/// Whether the token may use an edge.
fn may(whatsapp: &WhatsApp, verb: &str, edge: &str) -> bool {
    let scope = match (verb, edge) {
        ("POST", "messages" | "media") => "whatsapp_business_messaging",
        (_, "message_templates" | "subscribed_apps" | "phone_numbers") => {
            "whatsapp_business_management"
        }
        _ => return true,
    };
    whatsapp.with_token(|token| token.rights.has(scope))
}

async fn route(
    whatsapp: &Arc<WhatsApp>,
    method: &Method,
    path: &str,
    caller: Caller,
    call: &Call<()>,
) -> Result<Value, GraphError> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let number = whatsapp.options.phone_number_id.as_str();
    let account = whatsapp.options.waba_id.as_str();
    let answer = match (method.as_str(), parts.as_slice()) {
        (_, []) => return Err(GraphError::unknown_path(path)),
        ("GET", ["debug_token"]) => Some(read::debug_token(whatsapp, call)),
        _ if caller == Caller::App => return Err(GraphError::app_permission()),
        (verb, [_, edge]) if !may(whatsapp, verb, edge) => {
            return Err(GraphError::app_permission());
        }
        ("POST", [id, "messages"]) if *id == number => Some(send::post(whatsapp, call).await),
        ("POST", [id, "media"]) if *id == number => Some(media::upload(whatsapp, call).await),
        ("GET", [id]) if *id == number => Some(read::number(whatsapp, call)),
        ("GET", [id]) if *id == account => Some(read::account(whatsapp, call)),
        ("GET", [id, "phone_numbers"]) if *id == account => Some(read::numbers(whatsapp, call)),
        ("GET", [id, "message_templates"]) if *id == account => {
            Some(read::templates(whatsapp, call))
        }
        (_, [id, "subscribed_apps"]) if *id == account => {
            read::subscriptions(whatsapp, method, call).await
        }
        ("GET", [id]) => {
            read::template(whatsapp, id, call).or_else(|| media::show(whatsapp, id, call))
        }
        ("DELETE", [id]) => media::delete(whatsapp, id, call),
        _ => None,
    };
    answer.unwrap_or_else(|| {
        let verb = method.as_str().to_ascii_lowercase();
        Err(GraphError::no_such_object(
            &verb,
            parts.first().copied().unwrap_or_default(),
        ))
    })
}
