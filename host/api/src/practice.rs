//! A network to practise on: the program brings one along, so that a hub can be tried from the first
//! message to the first answer before any real network is set up.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use futures::future::BoxFuture;
use linecard_model::Timestamp;
use linecard_model::rights::Right;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Json};
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(open))
        .routes(routes!(read, write))
}

/// The longest message, in characters: what Messenger takes.
const LONGEST: usize = 2_000;

/// A simulated network within the hub's own process, with one customer.
pub trait Practice: fmt::Debug + Send + Sync {
    /// Starts it, if it does not run, and tells what a channel to it is set up with.
    fn open(&self) -> BoxFuture<'_, Result<PracticeChannel, String>>;
    /// The customer writes. Done once the hub has taken it.
    fn write(&self, text: String) -> BoxFuture<'_, Result<(), String>>;
    /// What the customer sees, oldest first.
    fn read(&self) -> Vec<PracticeMessage>;
}

/// What a channel to the network to practise on is set up with: the body of `PUT /channels/{id}`.
#[derive(Debug, Serialize, ToSchema)]
pub struct PracticeChannel {
    /// The channel's id.
    pub id: &'static str,
    /// Its configuration, without a queue.
    pub config: BTreeMap<String, Value>,
    /// The values of its secrets. They are good for nothing but this simulated network.
    pub secrets: BTreeMap<String, String>,
}

/// A message as the customer sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PracticeMessage {
    /// Whether the customer wrote it.
    pub by_customer: bool,
    /// When.
    pub at: Timestamp,
    /// The text; empty if it is something else.
    pub text: String,
}

/// What the customer writes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PracticeText {
    /// The text.
    #[schema(min_length = 1, max_length = 2000)]
    text: String,
}

fn practice<'a>(app: &'a App, caller: &Caller) -> Result<&'a Arc<dyn Practice>, Problem> {
    caller.require(Right::Channels)?;
    app.options.practice.as_ref().ok_or_else(|| {
        Problem::new(
            "practice-unavailable",
            "this hub has no network to practise on: `practice_listen` in linecard.toml turned it off, or the program was built without the simulators",
        )
    })
}

fn failed(reason: String) -> Problem {
    Problem::new("practice-unavailable", reason)
}

/// Start the network to practise on
///
/// The hub simulates a Facebook page with Messenger, on this machine only. What comes back is, with a queue in
/// `config`, the body by which `PUT /channels/{id}` makes a channel to it. It is the same each time, and as long
/// as there is such a channel, the network starts with the hub.
#[utoipa::path(post, operation_id = "openPractice", path = "/practice", tag = "channels",
    responses((status = 200, body = PracticeChannel)),
    extensions(("x-right" = json!("channels")), ("x-problems" = json!(["not-allowed", "practice-unavailable"]))))]
async fn open(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Answer<PracticeChannel>, Problem> {
    let practice = practice(&app, &caller)?;
    Ok(Answer(practice.open().await.map_err(failed)?))
}

/// What the customer on the network to practise on sees
///
/// Oldest first, and empty after a restart: this network remembers nothing.
#[utoipa::path(get, operation_id = "listPracticeMessages", path = "/practice/messages", tag = "channels",
    responses((status = 200, body = Vec<PracticeMessage>)),
    extensions(("x-right" = json!("channels")), ("x-problems" = json!(["not-allowed", "practice-unavailable"]))))]
async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Answer<Vec<PracticeMessage>>, Problem> {
    Ok(Answer(practice(&app, &caller)?.read()))
}

/// Write as the customer on the network to practise on
///
/// Done once the hub has taken the message from the network: it is work from then on.
#[utoipa::path(post, operation_id = "writePracticeMessage", path = "/practice/messages", tag = "channels",
    request_body(content = PracticeText, example = json!({"text": "Where is my parcel?"})),
    responses((status = 200, body = Vec<PracticeMessage>)),
    extensions(("x-right" = json!("channels")), ("x-problems" = json!(["not-allowed", "invalid", "practice-unavailable"]))))]
async fn write(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(body): Json<PracticeText>,
) -> Result<Answer<Vec<PracticeMessage>>, Problem> {
    let practice = practice(&app, &caller)?;
    let length = body.text.chars().count();
    if body.text.trim().is_empty() || length > LONGEST {
        let text = format!("it has {length} characters: write 1 to {LONGEST}");
        return Err(Problem::invalid("/text", text));
    }
    practice.write(body.text).await.map_err(failed)?;
    Ok(Answer(practice.read()))
}
