//! What models learn from: what people have corrected, what agents ended conversations with, and messages
//! that were written for it.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Json as Answer, Response};
use linecard_model::event::{Event, Record, Seq};
use linecard_model::interaction::Interaction;
use linecard_model::message::{Correction, Finding, Message};
use linecard_model::rights::Right;
use linecard_model::routing::{EndReason, InteractionState};
use linecard_model::training::{TrainingConfig, TrainingMessage};
use linecard_model::{ChannelId, InteractionId, MessageId, Timestamp};
use linecard_site::Request;
use linecard_site::desk::Desk;
use linecard_store::Page as StorePage;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Nothing, Path, Query};
use super::interactions::limit;
use super::messages::message_id;
use super::problem::Problem;
use super::views::Page;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(export))
        .routes(routes!(change, remove))
        .routes(routes!(exclude))
}

/// How many events are read at a time, walking back.
const WINDOW: Seq = 1_024;
/// How many windows are read for one page; the next page goes on from there.
const WINDOWS: usize = 64;
/// How many ended interactions are looked through for one page.
const LOOK_THROUGH: usize = 2_000;
/// How many are read at a time.
const STEP: usize = 100;
/// A conversation's first message is recorded within so many milliseconds of its beginning.
const BEGINNING: u64 = 60_000;
/// So many messages of that time are looked through for it.
const FIRST: usize = 50;
/// How many are read for a piece of an export.
const PIECE: usize = 200;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// Instead of what people corrected and wrote: the first message of each conversation that an agent
    /// ended with this disposition code, which is then its label.
    disposition: Option<String>,
    /// The cursor: `next` of the page before.
    after: Option<String>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// Where a training message is from.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = TrainingSource)]
enum Source {
    /// It was written for models to learn from.
    Added,
    /// A customer wrote it, and a person said what it is.
    Correction,
    /// A customer began a conversation with it, and an agent ended that with this code.
    Disposition,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Correction => "correction",
            Self::Disposition => "disposition",
        }
    }
}

/// A message of which a person has said what it is: what a model can learn from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrainingMessage)]
pub(super) struct TrainingView {
    /// Its id; the customer's message's, if it is one.
    id: MessageId,
    /// Where it is from.
    source: Source,
    /// What it says.
    text: String,
    /// What it is. A model of one label learns from messages that have one.
    labels: BTreeSet<String>,
    /// Whether models do not learn from it.
    excluded: bool,
    /// Who said what it is: an agent's id, or `key:` and a key's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// When.
    at: Timestamp,
    /// The customer's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageId>,
    /// Its interaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction: Option<InteractionId>,
    /// The channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<ChannelId>,
    /// What a person said in the place of the analyzers.
    #[serde(skip_serializing_if = "Option::is_none")]
    correction: Option<Correction>,
    /// What the analyzers had found, each with its plug-in and model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
}

impl TrainingView {
    /// A message that was written for it.
    pub fn of(message: TrainingMessage) -> Self {
        Self {
            id: message.id,
            source: Source::Added,
            text: message.text.unwrap_or_default(),
            labels: message.labels,
            excluded: message.excluded,
            by: Some(message.changed_by),
            at: message.changed_at,
            message: None,
            interaction: None,
            channel: None,
            correction: None,
            findings: Vec::new(),
        }
    }

    /// A customer's message, if it says anything.
    fn of_customer(message: Message, source: Source, excluded: bool) -> Option<Self> {
        Some(Self {
            id: message.id,
            source,
            text: message.content.text?,
            labels: BTreeSet::new(),
            excluded,
            by: None,
            at: message.at,
            message: Some(message.id),
            interaction: Some(message.interaction),
            channel: Some(message.channel),
            correction: None,
            findings: message.findings,
        })
    }

    /// A line of a table, whose cells have no tab and no line break.
    fn line(&self) -> String {
        let cell = |text: &str| {
            let words = text.chars().map(|c| if c.is_control() { ' ' } else { c });
            words.collect::<String>()
        };
        let mut labels = self.labels.iter();
        let one = match (labels.next(), labels.next()) {
            (Some(label), None) => cell(label),
            _ => String::new(),
        };
        let labels: Vec<String> = self.labels.iter().map(|label| cell(label)).collect();
        let channel = self.channel.as_ref().map_or("", ChannelId::as_str);
        let by = self.by.as_deref().unwrap_or_default();
        format!(
            "{}\t{one}\t{}\t{}\t{}\t{channel}\t{}\t{}\n",
            cell(self.text.trim()),
            labels.join(","),
            self.source.name(),
            self.id,
            self.at,
            cell(by)
        )
    }
}

/// The first line of an export.
const COLUMNS: &str = "text\tlabel\tlabels\tsource\tid\tchannel\tat\tby\n";

/// What models can learn from
///
/// First the messages that were written for it, then those of customers that people have corrected, each newest
/// first; or, with `disposition`, what conversations began with that agents ended with that code. A correction
/// is there with what holds, as long as it is among the events that are kept (`journal_days`), and until the
/// customer is erased. A page may have fewer entries than asked for, or none, and still a `next`.
#[utoipa::path(get, operation_id = "listTrainingMessages", path = "/training-messages", tag = "administration",
    params(Part),
    responses((status = 200, body = Page<TrainingView>)),
    extensions(("x-right" = json!("training")), ("x-problems" = json!(["not-allowed"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Answer<Page<TrainingView>>, Problem> {
    caller.require(Right::Training)?;
    let limit = limit(part.limit)?;
    let page = app.training(part.disposition.as_deref(), part.after.as_deref(), limit);
    Ok(Answer(page.await?))
}

impl App {
    /// Some of what models can learn from, after a cursor.
    async fn training(
        &self,
        disposition: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<TrainingView>, Problem> {
        let bad = || Problem::new("bad-cursor", "the cursor is not one that the hub gave out");
        if let Some(code) = disposition {
            let after = after.map(str::parse).transpose().map_err(|_| bad())?;
            return self.ended_with(code, after, limit).await;
        }
        let written = after.map(|after| after.strip_prefix("added:"));
        let before = match written {
            None => None,
            Some(Some(id)) => Some(id.parse::<MessageId>().map_err(|_| bad())?),
            Some(None) => {
                let seq = after.unwrap_or_default().parse().map_err(|_| bad())?;
                return self.corrected(Some(seq), limit, Vec::new()).await;
            }
        };
        let store = &self.hub.store;
        let page = StorePage { before, limit };
        let found = store.training_messages(self.hub.site.id(), page).await?;
        let last = found.last().map(|message| message.id);
        let is_full = found.len() == limit;
        let own = found.into_iter().filter(|message| message.text.is_some());
        let items: Vec<_> = own.map(TrainingView::of).collect();
        match last.filter(|_| is_full) {
            Some(last) => Ok(Page {
                items,
                next: Some(format!("added:{last}")),
            }),
            None => self.corrected(None, limit, items).await,
        }
    }

    /// The messages that people have corrected, newest first, after those that were found.
    async fn corrected(
        &self,
        after: Option<Seq>,
        limit: usize,
        mut items: Vec<TrainingView>,
    ) -> Result<Page<TrainingView>, Problem> {
        let (store, site) = (&self.hub.store, self.hub.site.id());
        let newest = store.last_seq(site).await?;
        let oldest = store.first_seq(site).await?;
        // Everything from here on has been shown.
        let mut end = after.unwrap_or(Seq::MAX).min(newest.saturating_add(1));
        for _ in 0..WINDOWS {
            if end <= oldest || items.len() == limit {
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
                let holds = message.corrections.last() == Some(correction);
                if !holds || correction.is_none() {
                    continue;
                }
                let excluded = self.is_excluded(message.id).await?;
                let view = TrainingView::of_customer(message, Source::Correction, excluded);
                items.extend(view.map(|view| TrainingView {
                    labels: correction.labels.clone().unwrap_or_default(),
                    by: Some(correction.by.clone()),
                    at: correction.at,
                    correction: Some(correction.clone()),
                    ..view
                }));
                if items.len() == limit {
                    let next = Some(seq.to_string());
                    return Ok(Page { items, next });
                }
            }
        }
        let next = (end > oldest).then(|| end.to_string());
        Ok(Page { items, next })
    }

    /// What conversations began with that agents ended with a code, newest first.
    async fn ended_with(
        &self,
        code: &str,
        after: Option<InteractionId>,
        limit: usize,
    ) -> Result<Page<TrainingView>, Problem> {
        let (store, site) = (&self.hub.store, self.hub.site.id());
        let mut before = after;
        let mut items = Vec::new();
        for _ in 0..LOOK_THROUGH / STEP {
            let page = StorePage {
                before,
                limit: STEP,
            };
            let ended = store.ended_interactions(site, page).await?;
            let is_last = ended.len() < STEP;
            for interaction in ended {
                before = Some(interaction.id);
                let InteractionState::Ended {
                    reason: EndReason::Completed,
                    disposition: Some(own),
                } = &interaction.state
                else {
                    continue;
                };
                if own != code {
                    continue;
                }
                items.extend(self.begun_with(&interaction, code).await?);
                if items.len() == limit {
                    let next = before.map(|id| id.to_string());
                    return Ok(Page { items, next });
                }
            }
            if is_last {
                return Ok(Page { items, next: None });
            }
        }
        let next = before.map(|id| id.to_string());
        Ok(Page { items, next })
    }

    /// The customer's first message of a conversation.
    async fn begun_with(
        &self,
        interaction: &Interaction,
        code: &str,
    ) -> Result<Option<TrainingView>, Problem> {
        let begun = interaction.created_at.as_millisecond();
        let begun = u64::try_from(begun).unwrap_or_default();
        let page = StorePage {
            before: Some(MessageId::derived(begun.saturating_add(BEGINNING), 0)),
            limit: FIRST,
        };
        let (store, site) = (&self.hub.store, self.hub.site.id());
        let found = store.history(site, interaction.contact, page).await?;
        let of_it = |message: &Message| {
            message.interaction == interaction.id
                && message.author.is_contact()
                && message.deleted_at.is_none()
                && message.content.text.is_some()
        };
        let Some(first) = found.into_iter().rev().find(of_it) else {
            return Ok(None);
        };
        let excluded = self.is_excluded(first.id).await?;
        let view = TrainingView::of_customer(first, Source::Disposition, excluded);
        Ok(view.map(|view| TrainingView {
            labels: [code.to_owned()].into(),
            by: interaction.last_agent.as_ref().map(ToString::to_string),
            at: interaction.ended_at.unwrap_or(view.at),
            ..view
        }))
    }

    async fn is_excluded(&self, message: MessageId) -> Result<bool, Problem> {
        let (store, site) = (&self.hub.store, self.hub.site.id());
        let mark = store.training_message(site, message).await?;
        Ok(mark.is_some_and(|mark| mark.excluded))
    }
}

/// What models can learn from, as a table
///
/// In the form that `linecard train` reads (`--text text --label label`): columns with tabs between them, the
/// first line names them. What is excluded is left out; `label` is empty where there are several, or none. It
/// has all that `GET /training-messages` lists, with the same `disposition`. A connection that breaks off has
/// not told all of it.
#[utoipa::path(get, operation_id = "exportTrainingMessages", path = "/training-messages/export", tag = "administration",
    params(("disposition" = Option<String>, Query, description = "As in the list.")),
    responses((status = 200, content_type = "text/tab-separated-values; charset=utf-8", body = String)),
    extensions(("x-right" = json!("training")), ("x-problems" = json!(["not-allowed"]))))]
async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<Of>,
) -> Result<Response, Problem> {
    caller.require(Right::Training)?;
    // What is wrong can be told as it should be until there is a first piece.
    let first = app.training(of.disposition.as_deref(), None, PIECE).await?;
    let rest = first.next.clone();
    let begin = format!("{COLUMNS}{}", lines(&first));
    let begin = futures::stream::once(std::future::ready(Ok(begin)));
    let rest = futures::stream::unfold(rest, move |next| {
        let (app, code) = (Arc::clone(&app), of.disposition.clone());
        async move {
            let next = next?;
            match app.training(code.as_deref(), Some(&next), PIECE).await {
                Ok(page) => Some((Ok(lines(&page)), page.next)),
                Err(_) => Some((
                    Err(io::Error::other("it could not be read to its end")),
                    None,
                )),
            }
        }
    });
    let headers = [
        (CONTENT_TYPE, "text/tab-separated-values; charset=utf-8"),
        (
            CONTENT_DISPOSITION,
            "attachment; filename=\"training-messages.tsv\"",
        ),
    ];
    let body = Body::from_stream(futures::StreamExt::chain(begin, rest));
    Ok((headers, body).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    disposition: Option<String>,
}

fn lines(page: &Page<TrainingView>) -> String {
    let wanted = page.items.iter().filter(|item| !item.excluded);
    wanted.map(TrainingView::line).collect()
}

/// Add a message for models to learn from
///
/// One that no customer wrote, or that was written elsewhere. A site has up to 20,000. It is in the audit log.
#[utoipa::path(post, operation_id = "addTrainingMessage", path = "/training-messages", tag = "administration",
    params(("idempotency-key" = Option<String>, Header)),
    request_body(content = TrainingConfig, example = json!({"text": "My parcel is late again", "labels": ["complaint"]})),
    responses((status = 200, body = TrainingView)),
    extensions(("x-right" = json!("training")), ("x-problems" = json!(["not-allowed"]))))]
async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    change: Changing<TrainingConfig>,
) -> Result<Changed, Problem> {
    caller.require(Right::Training)?;
    let key = change.idempotency(&caller);
    let asked = Desk::SaveTraining {
        id: None,
        config: Box::new(change.body),
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Change a message that was added for models to learn from
///
/// What customers wrote is not changed here: what it is, `PUT …/messages/{message}/scores` says, and whether
/// models learn from it, `…/training`.
#[utoipa::path(put, operation_id = "putTrainingMessage", path = "/training-messages/{id}", tag = "administration",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = TrainingConfig, example = json!({"text": "My parcel is late again", "labels": ["complaint"], "excluded": true})),
    responses((status = 200, body = TrainingView)),
    extensions(("x-right" = json!("training")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<TrainingConfig>,
) -> Result<Changed, Problem> {
    caller.require(Right::Training)?;
    let key = change.idempotency(&caller);
    let asked = Desk::SaveTraining {
        id: Some(message_id(&id)?),
        config: Box::new(change.body),
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Remove a message that was added for models to learn from
#[utoipa::path(delete, operation_id = "deleteTrainingMessage", path = "/training-messages/{id}", tag = "administration",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right" = json!("training")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    caller.require(Right::Training)?;
    let key = change.idempotency(&caller);
    let id = message_id(&id)?;
    app.request(&caller, Request::Desk(Desk::RemoveTraining { id }), key)
        .await
}

/// Whether models learn from a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TrainingUse)]
struct Use {
    /// Whether they do not.
    excluded: bool,
}

/// Say whether models learn from what a customer wrote
///
/// However often it is corrected meanwhile. It is in the audit log.
#[utoipa::path(put, operation_id = "excludeFromTraining", path = "/interactions/{id}/messages/{message}/training",
    tag = "administration",
    params(("id" = String, Path), ("message" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Use, example = json!({"excluded": true})),
    responses((status = 204)),
    extensions(("x-right" = json!("training")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn exclude(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, message)): Path<(String, String)>,
    change: Changing<Use>,
) -> Result<Changed, Problem> {
    caller.require(Right::Training)?;
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let asked = Desk::Exclude {
        interaction,
        message: message_id(&message)?,
        excluded: change.body.excluded,
    };
    app.request(&caller, Request::Desk(asked), key).await
}
