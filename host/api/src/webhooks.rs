//! Outgoing webhooks: other systems that are told what happens.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Json as Answer, Response};
use linecard_model::event::Seq;
use linecard_model::rights::Right;
use linecard_model::{Timestamp, WebhookId};
use linecard_webhooks::{
    Again, Attempt, AttemptOutcome, DeadLetter, Endpoint, Put, Standing, Wanted, WebhookError,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::config::{changed_meanwhile, etag, matches};
use super::events::kinds;
use super::extract::{Caller, Changing, Json, Path, Query};
use super::interactions::limit;
use super::problem::Problem;
use super::views::Page;
use super::{App, Changed, REPLAYED};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, put, delete))
        .routes(routes!(rotate))
        .routes(routes!(deliveries))
        .routes(routes!(dead_letters))
        .routes(routes!(redeliver))
}

/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 1_000;
/// For how long a secret that is replaced goes on to count, in seconds: a day, and a week at most.
const USUAL_OVERLAP: u32 = 24 * 60 * 60;
const LONGEST_OVERLAP: u32 = 7 * USUAL_OVERLAP;

/// How another system is told what happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookSettings {
    /// Where to: an https address at a public host, unless `[webhooks] hosts` in linecard.toml allows
    /// another one.
    url: String,
    /// The kinds of events that it is told, as `/api/events.schema.json` lists them; all if there is none.
    #[serde(default)]
    events: BTreeSet<String>,
    /// What it is for, of 1,000 characters at most.
    #[serde(default)]
    description: String,
    /// Whether it is told anything. What happens meanwhile waits in the journal. Default true.
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

/// Another system that is told what happens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
struct WebhookView {
    /// Its name.
    id: WebhookId,
    /// Where to.
    url: String,
    /// The kinds of events that it is told; all if there is none.
    events: BTreeSet<String>,
    /// What it is for.
    description: String,
    /// Whether it is told anything.
    enabled: bool,
    /// Why the hub itself has disabled it.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_because: Option<String>,
    /// Since when there is such a webhook.
    created_at: Timestamp,
    /// Until when the former secret signs too.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_secret_until: Option<Timestamp>,
    /// Everything up to this event was delivered, given up, or is being tried.
    #[schema(value_type = u64)]
    cursor: Seq,
    /// How many events are being tried.
    waiting: usize,
    /// How many events were given up and are kept as dead letters.
    dead_letters: usize,
    /// Events up to this one are missing: the journal had forgotten them before they were told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    missed_until: Option<Seq>,
    /// How many events were delivered since the start of the hub.
    delivered: u64,
    /// How many attempts failed since then.
    failed: u64,
}

/// A webhook that was put.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookPut {
    #[serde(flatten)]
    webhook: WebhookView,
    /// The secret of one that is new. It is shown this once; `POST /webhooks/{id}/rotate` makes another.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Password)]
    secret: Option<String>,
}

fn settings(endpoint: &Endpoint) -> WebhookSettings {
    WebhookSettings {
        url: endpoint.url.to_string(),
        events: endpoint.events.clone(),
        description: endpoint.description.clone(),
        enabled: endpoint.enabled,
    }
}

fn view(id: WebhookId, endpoint: &Endpoint, standing: &Standing) -> WebhookView {
    let WebhookSettings {
        url,
        events,
        description,
        enabled,
    } = settings(endpoint);
    WebhookView {
        id,
        url,
        events,
        description,
        enabled,
        disabled_because: endpoint.disabled_because.clone(),
        created_at: endpoint.created_at,
        former_secret_until: endpoint.former_secret_until(),
        cursor: standing.cursor,
        waiting: standing.waiting,
        dead_letters: standing.dead_letters,
        missed_until: standing.missed_until,
        delivered: standing.delivered,
        failed: standing.failed,
    }
}

fn known(id: &str) -> Result<WebhookId, Problem> {
    WebhookId::new(id).map_err(|error| Problem::new("bad-parameter", error.to_string()))
}

/// Whether a caller's preconditions hold for what is there.
fn is_meant(headers: &HeaderMap) -> impl FnOnce(Option<&Endpoint>) -> bool + Send + use<> {
    let condition = |name| {
        let value = headers.get::<HeaderName>(name);
        value.map(|value| value.to_str().unwrap_or_default().to_owned())
    };
    let (is, is_not) = (condition(IF_MATCH), condition(IF_NONE_MATCH));
    move |present| {
        let version = present.map(|present| etag(&settings(present)));
        let names = |condition: &String| version.as_ref().is_some_and(|v| matches(condition, v));
        is.is_none_or(|is| names(&is)) && is_not.is_none_or(|is_not| !names(&is_not))
    }
}

/// The webhooks, by their names
///
#[utoipa::path(get, operation_id = "listWebhooks", path = "/webhooks", tag = "webhooks",
    responses((status = 200, body = Vec<WebhookView>)),
    extensions(("x-right" = json!("webhooks")), ("x-problems" = json!(["not-allowed"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Answer<Vec<WebhookView>>, Problem> {
    caller.require(Right::Webhooks)?;
    let all = app.webhooks.all().await?.into_iter();
    let shown = all.map(|(id, endpoint, standing)| view(id, &endpoint, &standing));
    Ok(Answer(shown.collect()))
}

/// A webhook
///
#[utoipa::path(get, operation_id = "getWebhook", path = "/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path)),
    responses((status = 200, body = WebhookView, headers(("etag" = String)))),
    extensions(("x-right" = json!("webhooks")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<([(HeaderName, String); 1], Answer<WebhookView>), Problem> {
    caller.require(Right::Webhooks)?;
    let id = known(&id)?;
    let (endpoint, standing) = app.webhooks.get(&id).await?;
    let version = etag(&settings(&endpoint));
    Ok(([(ETAG, version)], Answer(view(id, &endpoint, &standing))))
}

/// Tell another system what happens
///
/// Each event is a POST of the same JSON as the event streams carry (events for
/// administrators alone and those of one person, such as drafts, are not told), signed after the Standard
/// Webhooks specification: the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. An event
/// comes at least once and always with the same `webhook-id`; the events of one interaction come in their
/// order. Whatever does not answer 2xx within 15 seconds is asked again, less and less often, for as long
/// as `[webhooks]` in linecard.toml says; then the event is a dead letter. An answer of 410 disables the
/// webhook.
///
/// One that is new is told what happens from now on, and its secret is in the answer: this once. One that
/// was disabled goes on where it stood.
#[utoipa::path(put, operation_id = "putWebhook", path = "/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path), ("if-match" = Option<String>, Header),
        ("if-none-match" = Option<String>, Header)),
    request_body(content = WebhookSettings, example = json!({"url": "https://tickets.example.com/hooks/care", "events": ["interaction-started", "interaction-ended"], "description": "Tickets; to be enabled when it knows the secret", "enabled": false})),
    responses((status = 200, body = WebhookPut), (status = 201, body = WebhookPut)),
    extensions(("x-right" = json!("webhooks")), ("x-problems" = json!(["not-allowed", "too-many-webhooks"]))))]
async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<WebhookSettings>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Answer<WebhookPut>), Problem> {
    caller.require(Right::Webhooks)?;
    let id = known(&id)?;
    if let Some((index, unknown)) =
        (body.events.iter().enumerate()).find(|(_, kind)| !kinds().contains(kind.as_str()))
    {
        let known: Vec<&str> = kinds().iter().map(String::as_str).collect();
        let near = linecard_hub::configure::nearest(unknown, &known);
        let hint = near.map_or_else(
            || format!("these are: {}", known.join(", ")),
            |near| format!("did you mean \"{near}\"?"),
        );
        let text = format!("\"{unknown}\" is no kind of event that is told; {hint}");
        return Err(Problem::invalid(format!("/events/{index}"), text));
    }
    if body.description.chars().count() > LONGEST_DESCRIPTION {
        let text = format!("it has more than {LONGEST_DESCRIPTION} characters");
        return Err(Problem::invalid("/description", text));
    }
    let wanted = Wanted {
        url: body.url,
        events: body.events,
        description: body.description,
        enabled: body.enabled,
    };
    let actor = caller.actor.clone();
    let put = app
        .webhooks
        .put(actor, id.clone(), wanted, is_meant(&headers));
    let Put { endpoint, secret } = put.await?;
    let (_, standing) = app.webhooks.get(&id).await?;
    let status = if secret.is_some() {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let version = etag(&settings(&endpoint));
    let answer = WebhookPut {
        webhook: view(id, &endpoint, &standing),
        secret: secret.map(|secret| secret.reveal().to_owned()),
    };
    Ok((status, [(ETAG, version)], Answer(answer)))
}

/// Tell another system nothing any more
///
/// Its secret, its dead letters and how far it had come are forgotten.
#[utoipa::path(delete, operation_id = "deleteWebhook", path = "/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path), ("if-match" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right" = json!("webhooks")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require(Right::Webhooks)?;
    let actor = caller.actor.clone();
    let removed = app.webhooks.remove(actor, known(&id)?, is_meant(&headers));
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rotation {
    /// For how many seconds the former secret signs too, so that the receiver can take over the new one
    /// at a time of its own: up to 604800, a week. Default 86400, a day.
    #[serde(default = "usual_overlap")]
    #[schema(maximum = 604_800)]
    overlap_seconds: u32,
}

fn usual_overlap() -> u32 {
    USUAL_OVERLAP
}

/// A secret that was made.
#[derive(Debug, Serialize, ToSchema)]
struct NewSecret {
    /// The secret. It is shown this once.
    #[schema(format = Password)]
    secret: String,
    /// Until when the former one signs too.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_secret_until: Option<Timestamp>,
}

/// Replace a webhook's secret
///
/// For a time each request carries a signature by the new secret and one by the former.
#[utoipa::path(post, operation_id = "rotateWebhookSecret", path = "/webhooks/{id}/rotate", tag = "webhooks",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Rotation, example = json!({"overlap_seconds": 3600})),
    responses((status = 200, body = NewSecret)),
    extensions(("x-right" = json!("webhooks")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn rotate(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Rotation>,
) -> Result<Response, Problem> {
    caller.require(Right::Webhooks)?;
    let seconds = change.body.overlap_seconds;
    if seconds > LONGEST_OVERLAP {
        let text = format!("a former secret signs for {LONGEST_OVERLAP} seconds at most");
        return Err(Problem::invalid("/overlap_seconds", text));
    }
    let overlap = Duration::from_secs(seconds.into());
    let (actor, key) = (caller.actor.clone(), change.idempotency(&caller));
    let rotated = app
        .webhooks
        .rotate(actor, known(&id)?, overlap, key)
        .await?;
    let answer = NewSecret {
        secret: rotated.secret.reveal().to_owned(),
        former_secret_until: rotated.former_until,
    };
    if rotated.replayed {
        return Ok(([(REPLAYED, "true")], Answer(answer)).into_response());
    }
    Ok(Answer(answer).into_response())
}

/// What became of an attempt to tell an event.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum DeliveryOutcome {
    /// The receiver took it.
    Delivered,
    /// It did not, and is asked again.
    Failed,
    /// It did not, and is not asked again: the event is a dead letter.
    GivenUp,
    /// It said that there is nobody any more (410): the webhook is disabled.
    Gone,
}

/// An attempt to tell an event.
#[derive(Debug, Serialize, ToSchema)]
struct Delivery {
    /// The number of the event.
    #[schema(value_type = u64)]
    seq: Seq,
    /// What the receiver knows it by: the header `webhook-id`.
    webhook_id: String,
    /// The kind of event.
    kind: String,
    /// When.
    at: Timestamp,
    /// Which attempt it was; 1 is the first.
    attempt: u32,
    /// What became of it.
    outcome: DeliveryOutcome,
    /// The HTTP status, if there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// How long it took, in milliseconds.
    took_ms: u64,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<Attempt> for Delivery {
    fn from(attempt: Attempt) -> Self {
        Self {
            seq: attempt.seq,
            webhook_id: attempt.id,
            kind: attempt.kind,
            at: attempt.at,
            attempt: attempt.attempt,
            outcome: match attempt.outcome {
                AttemptOutcome::Delivered => DeliveryOutcome::Delivered,
                AttemptOutcome::Failed => DeliveryOutcome::Failed,
                AttemptOutcome::GivenUp => DeliveryOutcome::GivenUp,
                AttemptOutcome::Gone => DeliveryOutcome::Gone,
            },
            status: attempt.status,
            took_ms: attempt.took_ms,
            reason: attempt.reason,
        }
    }
}

/// The last attempts to tell events, newest first
///
/// The last 64 are kept.
#[utoipa::path(get, operation_id = "listWebhookDeliveries", path = "/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = String, Path)),
    responses((status = 200, body = Vec<Delivery>)),
    extensions(("x-right" = json!("webhooks")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn deliveries(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<Vec<Delivery>>, Problem> {
    caller.require(Right::Webhooks)?;
    let attempts = app.webhooks.attempts(&known(&id)?).await?;
    Ok(Answer(attempts.into_iter().map(Delivery::from).collect()))
}

/// An event that was given up.
#[derive(Debug, Serialize, ToSchema)]
struct UntoldEvent {
    /// The number of the event.
    #[schema(value_type = u64)]
    seq: Seq,
    /// The kind of event.
    kind: String,
    /// When it was first tried.
    first_at: Timestamp,
    /// When it was given up.
    at: Timestamp,
    /// How often it was tried.
    attempts: u32,
    /// The last answer's HTTP status, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Why it failed.
    reason: String,
}

impl From<DeadLetter> for UntoldEvent {
    fn from(letter: DeadLetter) -> Self {
        Self {
            seq: letter.seq,
            kind: letter.kind,
            first_at: letter.first_at,
            at: letter.at,
            attempts: letter.attempts,
            status: letter.status,
            reason: letter.reason,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// The cursor: `next` of the page before.
    after: Option<String>,
    /// The most events, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// The events that were given up, oldest first
///
/// The newest 1,000 are kept, for as long as dead letters are.
#[utoipa::path(get, operation_id = "listWebhookDeadLetters", path = "/webhooks/{id}/dead-letters", tag = "webhooks",
    params(("id" = String, Path), Part),
    responses((status = 200, body = Page<UntoldEvent>)),
    extensions(("x-right" = json!("webhooks")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn dead_letters(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Answer<Page<UntoldEvent>>, Problem> {
    caller.require(Right::Webhooks)?;
    let limit = limit(part.limit)?;
    let after = super::interactions::cursor(part.after.as_deref())?;
    let letters = app
        .webhooks
        .dead_letters(&known(&id)?, after, limit)
        .await?;
    let last = letters.last().filter(|_| letters.len() == limit);
    let next = last.map(|letter| letter.seq.to_string());
    Ok(Answer(Page {
        items: letters.into_iter().map(UntoldEvent::from).collect(),
        next,
    }))
}

/// What is to be told again: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Repetition {
    /// One event, by its number.
    #[schema(value_type = Option<u64>, minimum = 1)]
    seq: Option<Seq>,
    /// Everything that happened since, as far as the journal still has it.
    since: Option<Timestamp>,
}

/// Tell a webhook something again
///
/// What was told before is told again under the same `webhook-id`. Dead letters among
/// it are tried anew.
#[utoipa::path(post, operation_id = "redeliverWebhook", path = "/webhooks/{id}/redeliver", tag = "webhooks",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Repetition, example = json!({"since": "2026-11-28T09:30:00Z"})),
    responses((status = 204)),
    extensions(("x-right" = json!("webhooks")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn redeliver(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Repetition>,
) -> Result<Changed, Problem> {
    caller.require(Right::Webhooks)?;
    let what = match (change.body.seq, change.body.since) {
        (Some(seq), None) => Again::Event(seq),
        (None, Some(since)) => Again::Since(since),
        (Some(_), Some(_)) => {
            let text = "give either `seq` or `since`: one event, or all since a time";
            return Err(Problem::invalid("/since", text));
        }
        (None, None) => {
            let text = "say what: `seq` for one event, or `since` for all since a time";
            return Err(Problem::invalid("", text));
        }
    };
    let (actor, key) = (caller.actor.clone(), change.idempotency(&caller));
    Ok(Changed(
        app.webhooks.again(actor, known(&id)?, what, key).await?,
    ))
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        let detail = error.to_string();
        match error {
            WebhookError::Unknown(id) => Self::not_found("webhook", id),
            WebhookError::NoSuchEvent(_) => Self::new("not-found", detail).at("/seq"),
            WebhookError::TooMany => Self::new("too-many-webhooks", detail),
            WebhookError::Address(text) => Self::invalid("/url", text),
            WebhookError::Changed(present) => {
                let version = present.map(|present| etag(&settings(&present)));
                changed_meanwhile(&version.unwrap_or_default())
            }
            WebhookError::Site(error) => error.into(),
            WebhookError::Vault(error) => error.into(),
            WebhookError::Store(error) => error.into(),
        }
    }
}
