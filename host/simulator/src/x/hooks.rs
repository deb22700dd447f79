//! Webhooks and subscriptions: registering, the challenge-response check, replays.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::Response;
use serde_json::{Value, json};
use url::Url;

use super::X;
use super::activity::{Happening, minute};
use super::api::{Call, json as answer};
use super::errors::XError;
use super::options::XOptions;
use super::outbox;
use super::read::time;
use crate::record::{Direction, Opening};
use crate::signature::sha256_base64;

/// The event types that can be subscribed to here.
const TYPES: &[&str] = &[
    "post.create",
    "post.delete",
    "post.mention.create",
    "post.reply.create",
    "post.quote.create",
    "post.repost.create",
    "like.create",
    "follow.follow",
    "follow.unfollow",
    "dm.received",
    "dm.sent",
    "dm.read",
    "dm.indicate_typing",
    "chat.received",
    "chat.sent",
    "profile.update.bio",
    "profile.update.screenname",
    "profile.update.profile_picture",
    "profile.update.handle",
];

/// A registered address.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) url: Url,
    pub(crate) valid: bool,
    created_ms: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    id: String,
    /// None for every event type, as the set-up's callback has.
    kind: Option<String>,
    user_id: String,
    webhook: String,
    pub(crate) tag: Option<String>,
    created_ms: i64,
}

#[derive(Debug, Default)]
struct Inner {
    webhooks: Vec<Webhook>,
    subscriptions: Vec<Subscription>,
    past: Vec<Happening>,
    last: u64,
}

/// The registered webhooks and subscriptions.
#[derive(Debug)]
pub(crate) struct Hooks {
    inner: Mutex<Inner>,
}

impl Hooks {
    pub(crate) fn new(options: &XOptions) -> Self {
        let hooks = Self {
            inner: Mutex::default(),
        };
        if let Some(url) = &options.callback_url {
            hooks.set_callback(options, url.clone());
        }
        hooks
    }

    /// Takes an address as valid and subscribed to everything, in place of all others.
    pub(crate) fn set_callback(&self, options: &XOptions, url: Url) {
        let created_ms = options.clock.now_ms();
        let mut inner = self.lock();
        inner.webhooks = vec![Webhook {
            id: "1".to_owned(),
            url,
            valid: true,
            created_ms,
        }];
        inner.subscriptions = vec![Subscription {
            id: "1".to_owned(),
            kind: None,
            user_id: options.user_id.clone(),
            webhook: "1".to_owned(),
            tag: None,
            created_ms,
        }];
        inner.last = inner.last.max(1);
    }

    /// Where an event goes: once for each subscription that has it.
    pub(crate) fn targets(&self, kind: &str) -> Vec<(Webhook, Subscription)> {
        let inner = self.lock();
        inner
            .subscriptions
            .iter()
            .filter(|one| one.kind.as_deref().is_none_or(|wanted| wanted == kind))
            .filter_map(|one| {
                Some((
                    inner
                        .webhooks
                        .iter()
                        .find(|hook| hook.id == one.webhook && hook.valid)?
                        .clone(),
                    one.clone(),
                ))
            })
            .collect()
    }

    /// All addresses that are valid.
    pub(crate) fn valid(&self) -> Vec<Webhook> {
        self.lock()
            .webhooks
            .iter()
            .filter(|hook| hook.valid)
            .cloned()
            .collect()
    }

    /// Keeps an event for replays.
    pub(crate) fn keep(&self, happening: Happening) {
        let mut inner = self.lock();
        if inner.past.len() >= 10_000 {
            inner.past.remove(0);
        }
        inner.past.push(happening);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shown(hook: &Webhook) -> Value {
    json!({ "id": hook.id, "url": hook.url, "valid": hook.valid, "created_at": time(hook.created_ms) })
}

/// `/2/webhooks` and what is under it.
pub(crate) async fn webhooks(x: &Arc<X>, path: &[&str], call: &Call) -> Result<Response, XError> {
    match (call.method.as_str(), path) {
        ("POST", []) => create(x, call).await,
        ("POST", ["replay"]) => replay(x, call),
        ("GET", []) => {
            let list: Vec<Value> = x.hooks.lock().webhooks.iter().map(shown).collect();
            let mut value = json!({ "meta": { "result_count": list.len() } });
            if let (false, Value::Object(members)) = (list.is_empty(), &mut value) {
                members.insert("data".to_owned(), json!(list));
            }
            Ok(answer(200, &value))
        }
        ("PUT", [id]) => {
            let url = x
                .hooks
                .lock()
                .webhooks
                .iter()
                .find(|hook| hook.id == *id)
                .map(|hook| hook.url.clone());
            let Some(url) = url else {
                return Err(XError::invalid("webhook_id", id, "WebhookId was not found"));
            };
            let checked = check(x, &url).await;
            if let Some(hook) = x
                .hooks
                .lock()
                .webhooks
                .iter_mut()
                .find(|hook| hook.id == *id)
            {
                hook.valid = checked.is_ok();
            }
            checked?;
            Ok(answer(200, &json!({ "data": { "attempted": true } })))
        }
        ("DELETE", [id]) => {
            let mut inner = x.hooks.lock();
            let before = inner.webhooks.len();
            inner.webhooks.retain(|hook| hook.id != *id);
            inner.subscriptions.retain(|one| one.webhook != *id);
            Ok(answer(
                200,
                &json!({ "data": { "deleted": inner.webhooks.len() < before } }),
            ))
        }
        _ => Err(XError::unknown_path()),
    }
}

async fn create(x: &Arc<X>, call: &Call) -> Result<Response, XError> {
    let body = call.json(&["url"])?;
    let text = body.get("url").and_then(Value::as_str).unwrap_or_default();
    let url: Url = text
        .parse()
        .map_err(|_| XError::invalid("url", text, "UrlValidationFailed: InvalidUrl"))?;
    if !x.options.allow_plain_webhooks && (url.scheme() != "https" || url.port().is_some()) {
        return Err(XError::invalid(
            "url",
            text,
            "UrlValidationFailed: the address must be HTTPS and name no port",
        ));
    }
    if x.hooks.lock().webhooks.iter().any(|hook| hook.url == url) {
        return Err(XError::invalid(
            "url",
            text,
            "DuplicateUrlFailed: Webhook URL has already been registered",
        ));
    }
    check(x, &url).await?;
    let mut inner = x.hooks.lock();
    inner.last += 1;
    let hook = Webhook {
        id: inner.last.to_string(),
        url,
        valid: true,
        created_ms: x.world.clock.now_ms(),
    };
    let value = json!({ "data": shown(&hook) });
    inner.webhooks.push(hook);
    Ok(answer(200, &value))
}

/// Performs the challenge-response check.
async fn check(x: &X, url: &Url) -> Result<(), XError> {
    let challenge = uuid::Uuid::now_v7().simple().to_string();
    let seq = x.world.record.open(Opening {
        direction: Direction::ToHub,
        operation: "crc".to_owned(),
        method: "GET".to_owned(),
        target: url.path().to_owned(),
        request: json!({ "crc_token": challenge }),
    });
    let sent = x
        .client
        .get(url.clone())
        .timeout(Duration::from_secs(10))
        .query(&[("crc_token", &challenge)])
        .send()
        .await;
    let (status, body) = match sent {
        Ok(response) => (
            Some(response.status().as_u16()),
            response.json::<Value>().await.unwrap_or_default(),
        ),
        Err(error) => (None, json!(error.without_url().to_string())),
    };
    x.world
        .record
        .close(seq, Direction::ToHub, "crc", status, body.clone());
    let expected = sha256_base64(&x.options.consumer_secret, challenge.as_bytes());
    if status == Some(200)
        && body.get("response_token").and_then(Value::as_str) == Some(expected.as_str())
    {
        return Ok(());
    }
    Err(XError::invalid(
        "url",
        url.as_str(),
        "CrcValidationFailed: Webhook URL does not meet the requirements. Invalid CRC token or json response format",
    ))
}

fn replay(x: &Arc<X>, call: &Call) -> Result<Response, XError> {
    let body = call.json(&["webhook_id", "from_date", "to_date"])?;
    let text = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (from, to) = (text("from_date"), text("to_date"));
    for (name, date) in [("from_date", &from), ("to_date", &to)] {
        if date.len() != 12 || !date.bytes().all(|one| one.is_ascii_digit()) {
            return Err(XError::invalid(name, date, "must match ^[0-9]{12}$"));
        }
    }
    let known = x
        .hooks
        .valid()
        .iter()
        .any(|hook| hook.id == text("webhook_id"));
    if !known {
        return Err(XError::invalid(
            "webhook_id",
            &text("webhook_id"),
            "WebhookId was not found",
        ));
    }
    let past: Vec<Happening> = x
        .hooks
        .lock()
        .past
        .iter()
        .filter(|one| (from.as_str()..=to.as_str()).contains(&minute(one.at_ms).as_str()))
        .cloned()
        .collect();
    for happening in past {
        outbox::send_again(x, happening);
    }
    Ok(answer(
        200,
        &json!({ "data": { "job_id": uuid::Uuid::now_v7().as_u128().to_string().chars().take(19).collect::<String>(), "created_at": time(x.world.clock.now_ms()) } }),
    ))
}

/// `/2/activity/subscriptions` and what is under it.
pub(crate) fn subscriptions(x: &X, path: &[&str], call: &Call) -> Result<Value, XError> {
    let mut inner = x.hooks.lock();
    let described = |one: &Subscription| {
        let mut value = json!({
            "subscription_id": one.id, "event_type": one.kind, "filter": { "user_id": one.user_id },
            "webhook_id": one.webhook, "created_at": time(one.created_ms), "updated_at": time(one.created_ms),
        });
        if let (Some(tag), Value::Object(members)) = (&one.tag, &mut value) {
            members.insert("tag".to_owned(), json!(tag));
        }
        value
    };
    match (call.method.as_str(), path) {
        ("POST", []) => {
            let body = call.json(&["event_type", "filter", "webhook_id", "tag"])?;
            let text = |pointer: &str| {
                body.pointer(pointer)
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            };
            let kind = text("/event_type")
                .filter(|kind| TYPES.contains(&kind.as_str()))
                .ok_or_else(|| {
                    XError::invalid(
                        "event_type",
                        "",
                        "$.event_type: does not have a value in the enumeration",
                    )
                })?;
            let user_id = text("/filter/user_id")
                .filter(|id| *id == x.options.user_id)
                .ok_or_else(|| {
                    XError::invalid(
                        "filter",
                        "",
                        "$.filter.user_id: must be a user who authorized the app",
                    )
                })?;
            let webhook = text("/webhook_id").unwrap_or_default();
            if !inner.webhooks.iter().any(|hook| hook.id == webhook) {
                return Err(XError::invalid(
                    "webhook_id",
                    &webhook,
                    "WebhookId was not found",
                ));
            }
            if kind.starts_with("dm.") || kind == "post.mention.create" {
                call.user_only()?;
            }
            inner.last += 1;
            let one = Subscription {
                id: inner.last.to_string(),
                kind: Some(kind),
                user_id,
                webhook,
                tag: text("/tag"),
                created_ms: x.world.clock.now_ms(),
            };
            let value = described(&one);
            inner.subscriptions.push(one);
            let total = inner.subscriptions.len();
            Ok(
                json!({ "data": { "subscription": value, "total_subscriptions_for_instance_id": total }, "meta": { "total_subscriptions": total } }),
            )
        }
        ("GET", []) => {
            let list: Vec<Value> = inner
                .subscriptions
                .iter()
                .filter(|one| one.kind.is_some())
                .map(described)
                .collect();
            Ok(json!({ "meta": { "result_count": list.len() }, "data": list }))
        }
        ("DELETE", [id]) => {
            let before = inner.subscriptions.len();
            inner.subscriptions.retain(|one| one.id != *id);
            Ok(
                json!({ "data": { "deleted": inner.subscriptions.len() < before }, "meta": { "total_subscriptions": inner.subscriptions.len() } }),
            )
        }
        _ => Err(XError::unknown_path()),
    }
}
