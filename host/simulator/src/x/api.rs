//! Which call it is, who may make it, and what it answers.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::Value;
use url::form_urlencoded;

use super::auth::{Caller, Signed};
use super::errors::XError;
use super::{X, dms, hooks, names, posts, reactions, read, timeline, upload};
use crate::serve::{MAX_BODY, Naming};

/// How calls of X are named in faults, limits and the record.
pub(crate) static NAMING: Naming = Naming {
    operation,
    customer: |_| None,
};

fn operation(method: &Method, uri: &Uri) -> &'static str {
    let parts: Vec<&str> = uri
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    match (method.as_str(), parts.get(1..).unwrap_or_default()) {
        ("POST", ["tweets"]) => "post",
        ("DELETE", ["tweets", _]) => "delete",
        ("PUT", ["tweets", _, "hidden"]) => "hide",
        ("GET", ["tweets", "search", "recent"]) => "search",
        ("GET", ["tweets", ..]) => "tweets",
        ("GET", ["users", "me"]) => "me",
        ("GET", ["users", _, "mentions"]) => "mentions",
        ("GET", ["users", ..]) => "user",
        (_, ["users", _, "likes", ..]) => "like",
        (_, ["users", _, "retweets", ..]) => "repost",
        (_, ["users", _, "following", ..]) => "follow",
        ("GET", ["dm_conversations", "media", ..]) => "dm_media",
        ("POST", ["dm_conversations", ..]) => "dm",
        ("GET", ["dm_conversations" | "dm_events", ..]) => "dm_events",
        (_, ["media", "upload", ..]) => "upload",
        (_, ["webhooks", ..]) => "webhooks",
        (_, ["activity", ..]) => "subscriptions",
        (_, ["oauth2", "token"]) => "token",
        _ if parts.first() == Some(&"media") => "media",
        _ => "other",
    }
}

/// A call past the token check.
pub(crate) struct Call {
    pub(crate) caller: Caller,
    pub(crate) method: Method,
    pub(crate) query: Vec<(String, String)>,
    /// Whether posts are called posts in the query.
    pub(crate) newer_words: bool,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The names in a comma-separated parameter.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        self.parameter(name)
            .unwrap_or_default()
            .split(',')
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// The JSON body, which must be an object with no other members than the named ones.
    pub(crate) fn json(&self, known: &[&str]) -> Result<Value, XError> {
        let body: Value = serde_json::from_slice(&self.body)
            .map_err(|error| XError::invalid("body", "", format!("not JSON: {error}")))?;
        only(&body, known)?;
        Ok(body)
    }

    /// Only a user may.
    pub(crate) fn user_only(&self) -> Result<(), XError> {
        if self.caller == Caller::App {
            let needed = [Caller::OAuth1.name(), Caller::OAuth2.name()];
            return Err(XError::unsupported_authentication(
                self.caller.name(),
                &needed,
            ));
        }
        Ok(())
    }
}

/// Refuses members that the network does not know.
pub(crate) fn only(body: &Value, known: &[&str]) -> Result<(), XError> {
    let Value::Object(members) = body else {
        return Err(XError::invalid("body", "", "$: is not an object"));
    };
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(XError::invalid(
            name,
            "",
            format!(
                "$.{name}: is not defined in the schema and the schema does not allow additional properties"
            ),
        )),
    }
}

/// Every call that is not the simulator's own.
pub(crate) async fn handle(State(x): State<Arc<X>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if let Some(id) = path.strip_prefix("/media/") {
        return x.media.answer(id);
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let query = parts.uri.query().unwrap_or_default();
    let is_form = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let form: Vec<(String, String)> = if is_form {
        form_urlencoded::parse(&body).into_owned().collect()
    } else {
        Vec::new()
    };
    if parts.method == Method::POST && path == "/2/oauth2/token" {
        return match x.tokens.refresh(&x.options, &parts.headers, &form) {
            Ok(answer) => json(200, &answer),
            Err(error) => error.into_response(),
        };
    }
    let caller = x.tokens.caller(
        &x.options,
        &Signed {
            method: &parts.method,
            path: &path,
            query,
            form: &form,
            headers: &parts.headers,
        },
    );
    let caller = match caller {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    let operation = operation(&parts.method, &parts.uri);
    let (headers, admitted) = x.limits.count(&x.options, operation, caller);
    let mut asked: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let newer_words = names::asked(&mut asked);
    let call = Call {
        caller,
        query: asked,
        newer_words,
        method: parts.method,
        form,
        headers: parts.headers,
        body,
    };
    let answer = match admitted.and_then(|()| allowed(&x, operation, &call)) {
        Ok(()) => route(&x, &path, call).await,
        Err(error) => Err(error),
    };
    let mut answer = answer.unwrap_or_else(XError::into_response);
    answer.headers_mut().extend(headers);
    answer
}

/// What the account's product and the app's permissions allow.
fn allowed(x: &X, operation: &str, call: &Call) -> Result<(), XError> {
    let rules = x.rules();
    if rules.credits_depleted {
        return Err(XError::credits_depleted());
    }
    let reads_posts = matches!(operation, "mentions" | "search" | "tweets");
    if rules.usage_capped && reads_posts {
        return Err(XError::usage_capped());
    }
    if rules.enterprise_only && matches!(operation, "like" | "follow") {
        return Err(XError::not_enrolled());
    }
    let changes = call.method != Method::GET && !matches!(operation, "webhooks" | "subscriptions");
    if rules.read_only && changes {
        return Err(XError::oauth1_permissions());
    }
    if changes || operation.starts_with("dm") || operation == "me" {
        call.user_only()?;
    }
    Ok(())
}

async fn route(x: &Arc<X>, path: &str, call: Call) -> Result<Response, XError> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let ["2", rest @ ..] = parts.as_slice() else {
        return Err(XError::unknown_path());
    };
    let newer_words = call.newer_words;
    let ok = |value: Value| {
        if newer_words {
            json(200, &names::answered(value))
        } else {
            json(200, &value)
        }
    };
    let created = |value: Value| json(201, &value);
    let method = call.method.clone();
    match (method.as_str(), rest) {
        ("POST", ["tweets"]) => posts::create(x, &call).map(created),
        ("GET", ["tweets"]) => read::posts(x, &call).map(ok),
        ("GET", ["tweets", "search", "recent"]) => timeline::search(x, &call).map(ok),
        ("GET", ["tweets", id]) => read::post(x, id, &call).map(ok),
        ("DELETE", ["tweets", id]) => posts::delete(x, id).map(ok),
        ("PUT", ["tweets", id, "hidden"]) => posts::hide(x, id, &call).map(ok),
        ("GET", ["users", "me"]) => read::user(x, &x.options.user_id, &call).map(ok),
        ("GET", ["users", "by"]) => read::users(x, "usernames", &call).map(ok),
        ("GET", ["users"]) => read::users(x, "ids", &call).map(ok),
        ("GET", ["users", "by", "username", name]) => read::user_by_name(x, name, &call).map(ok),
        ("GET", ["users", id]) => read::user(x, id, &call).map(ok),
        ("GET", ["users", id, "mentions"]) => timeline::mentions(x, id, &call).map(ok),
        ("GET", ["users", id, "tweets"]) => timeline::of_user(x, id, &call).map(ok),
        ("POST", ["users", id, "likes"]) => reactions::like(x, id, &call).map(ok),
        ("DELETE", ["users", id, "likes", post]) => reactions::unlike(x, id, post).map(ok),
        ("POST", ["users", id, "retweets"]) => reactions::repost(x, id, &call).map(ok),
        ("DELETE", ["users", id, "retweets", post]) => reactions::unrepost(x, id, post).map(ok),
        ("POST", ["users", id, "following"]) => reactions::follow(x, id, &call).map(ok),
        ("DELETE", ["users", id, "following", who]) => reactions::unfollow(x, id, who).map(ok),
        ("POST", ["dm_conversations"]) => dms::group(x, &call).map(created),
        ("POST", ["dm_conversations", "with", id, "messages"]) => {
            dms::to_person(x, id, &call).map(created)
        }
        ("POST", ["dm_conversations", id, "messages"]) => {
            dms::to_conversation(x, id, &call).map(created)
        }
        ("GET", ["dm_events"]) => dms::events(x, None, &call).map(ok),
        ("GET", ["dm_events", id]) => dms::event_by_id(x, id, &call).map(ok),
        ("GET", ["dm_conversations", "with", id, "dm_events"]) => {
            let conversation = super::state::conversation_of(&x.options.user_id, id);
            dms::events(x, Some(&conversation), &call).map(ok)
        }
        ("GET", ["dm_conversations", "media", _, id, _]) => dms::download(x, id),
        ("GET", ["dm_conversations", id, "dm_events"]) => dms::events(x, Some(id), &call).map(ok),
        (_, ["media", "upload", rest @ ..]) => upload::answer(x, rest, call).await,
        (_, ["webhooks", rest @ ..]) => hooks::webhooks(x, rest, &call).await,
        (_, ["activity", "subscriptions", rest @ ..]) => {
            hooks::subscriptions(x, rest, &call).map(ok)
        }
        _ => Err(XError::unknown_path()),
    }
}

/// A JSON answer.
pub(crate) fn json(status: u16, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}
