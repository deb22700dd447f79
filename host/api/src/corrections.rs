//! What people say of messages in the place of the analyzers, and what models learn from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::event::{Event, Record, Seq};
use linecard_model::message::{Correction, Finding, Message};
use linecard_model::rights::Right;
use linecard_model::{ChannelId, InteractionId, MessageId};
use linecard_site::Request;
use linecard_site::desk::Desk;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Path, Query};
use super::interactions::limit;
use super::messages::message_id;
use super::problem::Problem;
use super::views::Page;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(correct))
        .routes(routes!(list))
}

/// How many events are read at a time, walking back.
const WINDOW: Seq = 1_024;
/// How many windows are read for one page; the next page goes on from there.
const WINDOWS: usize = 64;

/// What a message is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Corrected)]
struct Corrected {
    /// The right scores: `sentiment` from -1 to 1, `influence` and `actionability` from 0 to 1, and others
    /// that an analyzer gives. Those that are not named stay as they were found.
    #[serde(default)]
    scores: BTreeMap<String, f64>,
    /// The right labels, all of them; none if it is to have none. Absent, they stay as they were found.
    labels: Option<BTreeSet<String>>,
}

/// Correct what the analyzers said of a customer's message
///
/// What they found stays beside it. A correction replaces the one before; `{}` takes it back. Who corrected
/// it, and when, is kept.
#[utoipa::path(put, operation_id = "correctMessage", path = "/interactions/{id}/messages/{message}/scores",
    tag = "work",
    params(("id" = String, Path), ("message" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body(content = Corrected, example = json!({"scores": {"sentiment": -0.6}, "labels": ["complaint"]})),
    responses((status = 204)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn correct(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, message)): Path<(String, String)>,
    change: Changing<Corrected>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let message = message_id(&message)?;
    let asked = Desk::Correct {
        interaction,
        message,
        scores: change.body.scores,
        labels: change.body.labels,
    };
    app.request(&caller, Request::Desk(asked), key).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// The cursor: `next` of the page before.
    after: Option<Seq>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// A message of which a person has said what it is: what a model can learn from.
#[derive(Debug, Serialize, ToSchema)]
struct TrainingMessage {
    /// The message.
    message: MessageId,
    /// Its interaction.
    interaction: InteractionId,
    /// The channel.
    channel: ChannelId,
    /// What it says.
    text: String,
    /// What it is.
    correction: Correction,
    /// What the analyzers had found, each with its plug-in and model.
    findings: Vec<Finding>,
}

/// The messages that people have corrected, newest first
///
/// What a model can be trained on. A message is there with the correction that holds, as
/// long as the correction is among the events that are kept (`journal_days`), and until the customer is
/// erased. A page may have fewer entries than asked for, or none, and still a `next`.
#[utoipa::path(get, operation_id = "listTrainingMessages", path = "/training-messages", tag = "administration",
    params(Part),
    responses((status = 200, body = Page<TrainingMessage>)),
    extensions(("x-right" = json!("training")), ("x-problems" = json!(["not-allowed"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Answer<Page<TrainingMessage>>, Problem> {
    caller.require(Right::Training)?;
    let limit = limit(part.limit)?;
    let (store, site) = (&app.hub.store, app.hub.site.id());
    let newest = store.last_seq(site).await?;
    let oldest = store.first_seq(site).await?;
    // Everything from here on has been shown.
    let mut end = part.after.unwrap_or(Seq::MAX).min(newest.saturating_add(1));
    let mut items = Vec::new();
    for _ in 0..WINDOWS {
        if end <= oldest {
            break;
        }
        let begin = end.saturating_sub(WINDOW).max(oldest);
        let most = usize::try_from(WINDOW).unwrap_or(usize::MAX);
        let records = store.journal(site, begin - 1, most).await?;
        let mut window = Vec::new();
        for (seq, event) in records.iter().flat_map(Record::numbered) {
            if let Event::MessageCorrected {
                message,
                contact,
                correction,
                ..
            } = event
                && (begin..end).contains(&seq)
            {
                window.push((seq, *contact, *message, correction));
            }
        }
        end = begin;
        while let Some((seq, contact, message, correction)) = window.pop() {
            let Some(message) = store.message(site, contact, message).await? else {
                continue;
            };
            items.extend(example(message, correction));
            if items.len() == limit {
                let next = Some(seq.to_string());
                return Ok(Answer(Page { items, next }));
            }
        }
    }
    let next = (end > oldest).then(|| end.to_string());
    Ok(Answer(Page { items, next }))
}

/// A message with a correction, if that one holds and there is anything to learn from.
fn example(message: Message, correction: &Correction) -> Option<TrainingMessage> {
    let holds = message.corrections.last() == Some(correction) && !correction.is_none();
    let text = message.content.text.filter(|_| holds)?;
    Some(TrainingMessage {
        message: message.id,
        interaction: message.interaction,
        channel: message.channel,
        text,
        correction: correction.clone(),
        findings: message.findings,
    })
}
