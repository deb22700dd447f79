//! Contacts and what was ever exchanged with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::desk::Note;
use linecard_model::event::Event;
use linecard_model::rights::Right;
use linecard_model::{ChannelId, ContactId};
use linecard_site::{Idempotency, Request};
use linecard_store::{Page as StorePage, RawOf};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::desk::DraftView;
use super::extract::{Caller, Changing, Nothing, Path, Query};
use super::history::{Merged, Part, history as part_of_history};
use super::interactions::{cursor, limit};
use super::notes::NoteView;
use super::problem::Problem;
use super::views::{ContactView, InteractionView, MessageView, Page};
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, erase))
        .routes(routes!(export))
        .routes(routes!(history))
        .merge(super::people::router())
        .merge(super::journey::router())
        .merge(super::alike::router())
        .routes(routes!(opt_in, opt_out))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// The channel of `identity`.
    channel: Option<String>,
    /// The network's id of the contact on `channel`.
    identity: Option<String>,
    /// The cursor: `next` of the page before.
    after: Option<String>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// Contacts, newest first
///
/// With `channel` and `identity`: the one with this identity, if the caller sees one of its
/// interactions. The whole list has people, not the contacts that stand for a public conversation with unnamed
/// authors. `GET /search?kind=contact` finds them by what is known of them.
#[utoipa::path(get, operation_id = "listContacts", path = "/contacts", tag = "contacts", params(Filter),
    responses((status = 200, body = Page<ContactView>)),
    extensions(("x-right-of-others" = json!("see-all")), ("x-problems" = json!(["not-allowed"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Answer<Page<ContactView>>, Problem> {
    let site = app.hub.site.id();
    match (&filter.channel, &filter.identity) {
        (Some(channel), Some(identity)) => {
            let mut items = Vec::new();
            if let Ok(channel) = ChannelId::new(channel)
                && let Some(id) = app
                    .hub
                    .store
                    .contact_by_identity(site, &channel, identity)
                    .await?
            {
                match app.contact(&caller, &id.to_string()).await {
                    Ok(contact) => items.push(ContactView::from(contact)),
                    Err(problem) if problem.name() == "not-found" => {}
                    Err(problem) => return Err(problem),
                }
            }
            Ok(Answer(Page { items, next: None }))
        }
        (None, None) => {
            caller.require(Right::SeeAll)?;
            let limit = limit(filter.limit)?;
            let page = StorePage {
                before: cursor::<ContactId>(filter.after.as_deref())?,
                limit,
            };
            let found = app.hub.store.contacts(site, page).await?;
            let next = (found.len() == limit)
                .then(|| found.last().map(|c| c.id.to_string()))
                .flatten();
            // Whoever turned out to be somebody else is in the list as that one, and a conversation is
            // nobody.
            let people = found
                .into_iter()
                .filter(|c| c.merged_into.is_none() && c.of_thread.is_none());
            let items = people.map(ContactView::from).collect();
            Ok(Answer(Page { items, next }))
        }
        _ => Err(Problem::new(
            "bad-parameter",
            "give channel and identity together",
        )),
    }
}

/// A contact
#[utoipa::path(get, operation_id = "getContact", path = "/contacts/{id}",
    tag = "contacts", params(("id" = String, Path)),
    responses((status = 200, body = ContactView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<ContactView>, Problem> {
    let contact = app.contact(&caller, &id).await?;
    Ok(Answer(ContactView::from(contact)))
}

/// Erase what is kept about a contact
///
/// What was said, who they are and how they are found, what the networks told and
/// their payloads go; counts, states and times stay, and the event `contact-erased` tells every reader to
/// forget too. Nothing may be under way with the contact. The bytes are gone from the disk once the data
/// was compacted (`linecard compact`), or the place was used again. Whoever writes again is a new contact.
#[utoipa::path(delete, operation_id = "eraseContact", path = "/contacts/{id}", tag = "contacts",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right" = json!("privacy")), ("x-problems" = json!(["not-allowed", "not-found", "contact-busy"]))))]
async fn erase(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    caller.require(Right::Privacy)?;
    let key = change.idempotency(&caller);
    let contact = app.contact(&caller, &id).await?.id;
    let erased = app
        .request(&caller, Request::Erase { contact }, key)
        .await?;
    // Nobody can tell which recorded call has this person's words.
    let recorder = app.hub.equipment.recorder.clone();
    let forgotten = tokio::task::spawn_blocking(move || recorder.forget()).await;
    if let Err(error) | Ok(Err(error)) = forgotten.map_err(std::io::Error::other) {
        tracing::error!(%error, "recorded calls are not deleted, and may have words of a person who was erased");
    }
    Ok(erased)
}

/// All that is kept about a contact.
#[derive(Debug, Serialize, ToSchema)]
struct ContactExport {
    /// Who they are.
    contact: ContactView,
    /// What they wanted, oldest first.
    interactions: Vec<InteractionView>,
    /// What was noted about them, newest first, with what it said before.
    notes: Vec<NoteView>,
    /// What agents have begun to answer.
    drafts: Vec<DraftView>,
    /// What was said, newest first, with the networks' payloads.
    messages: Vec<MessageView>,
    /// What else happened with them, oldest first, as the journal has it.
    #[schema(value_type = Vec<BTreeMap<String, Value>>)]
    events: Vec<Event>,
}

/// All that is kept about a contact
///
/// What a person may ask for. Files are named, and fetched where the messages name
/// them.
#[utoipa::path(get, operation_id = "exportContact", path = "/contacts/{id}/export",
    tag = "contacts", params(("id" = String, Path)),
    responses((status = 200, body = ContactExport)),
    extensions(("x-right" = json!("privacy")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<ContactExport>, Problem> {
    caller.require(Right::Privacy)?;
    let contact = app.contact(&caller, &id).await?;
    let (store, site) = (&app.hub.store, app.hub.site.id());
    let mut of = BTreeSet::new();
    let mut messages = Vec::new();
    let mut history = Merged::new(&app, &contact.ids(), None);
    while let Some(mut message) = history.next().await? {
        of.insert(message.interaction);
        let raw = store.raw(site, RawOf::Message(message.id)).await?;
        message.raw = raw.unwrap_or_default();
        messages.push(app.with_reactions(message, true).await?);
    }
    let mut interactions = Vec::new();
    let mut drafts = Vec::new();
    for id in of {
        let found = store.interaction(site, id).await?;
        interactions.extend(found.as_ref().map(InteractionView::from));
        let agents = found.iter().flat_map(|i| i.marks.drafts.keys());
        for agent in agents {
            let draft = store.draft(site, id, agent).await?;
            drafts.extend(draft.map(|draft| DraftView::of(id, draft)));
        }
    }
    let mut events = BTreeMap::new();
    let mut notes = Vec::new();
    for id in contact.ids() {
        let all = StorePage {
            before: None,
            limit: Note::MOST,
        };
        let found = store.notes(site, id, all).await?;
        notes.extend(found.iter().map(|note| NoteView::of(note, true)));
        let mut after = 0;
        loop {
            let numbers = store.details_of(site, id, after, 200).await?;
            let Some(last) = numbers.last() else { break };
            after = *last;
            for seq in numbers {
                let found = store.details(site, id, seq).await?;
                events.extend(found.map(|event| (seq, event)));
            }
        }
    }
    let events = events.into_values().collect();
    Ok(Answer(ContactExport {
        contact: ContactView::from(contact),
        interactions,
        notes,
        drafts,
        messages,
        events,
    }))
}

/// Everything that was exchanged with a contact, on all channels, newest first
///
/// `before` pages to older messages, `after` to newer ones.
#[utoipa::path(get, operation_id = "listContactHistory", path = "/contacts/{id}/history", tag = "contacts",
    params(("id" = String, Path), Part),
    responses((status = 200, body = Page<MessageView>)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn history(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Answer<Page<MessageView>>, Problem> {
    let contact = app.contact(&caller, &id).await?;
    part_of_history(&app, &contact.ids(), &part, |_| true)
        .await
        .map(Answer)
}

/// How a contact agreed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Consent {
    /// Where or how, for whoever asks later: up to 500 characters.
    #[schema(example = "order form of 21 November, box ticked")]
    source: String,
}

/// Record that a contact agreed to be written to first on a channel
///
/// Messages that open a conversation anew, such as WhatsApp's templates after the reply window has
/// closed, are sent only to contacts who agreed. The audit log keeps who recorded it.
#[utoipa::path(put, operation_id = "recordOptIn", path = "/contacts/{id}/opt-ins/{channel}", tag = "contacts",
    params(("id" = String, Path), ("channel" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body(content = Consent, example = json!({"source": "order form of 21 November, box ticked"})),
    responses((status = 200, body = ContactView)),
    extensions(("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn opt_in(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    change: Changing<Consent>,
) -> Result<Changed, Problem> {
    let key = change.idempotency(&caller);
    let source = change.body.source.trim().to_owned();
    if source.is_empty() || source.chars().count() > 500 {
        let text = "say in 1 to 500 characters how the contact agreed";
        return Err(Problem::invalid("/source", text));
    }
    consent(&app, &caller, place, Some(source), key).await
}

/// Record that a contact does not want to be written to first on a channel any more
#[utoipa::path(delete, operation_id = "withdrawOptIn", path = "/contacts/{id}/opt-ins/{channel}", tag = "contacts",
    params(("id" = String, Path), ("channel" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    responses((status = 200, body = ContactView)),
    extensions(("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn opt_out(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(place): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let key = change.idempotency(&caller);
    consent(&app, &caller, place, None, key).await
}

async fn consent(
    app: &App,
    caller: &Caller,
    (contact, channel): (String, String),
    source: Option<String>,
    key: Option<Idempotency>,
) -> Result<Changed, Problem> {
    let contact = app.contact(caller, &contact).await?.id;
    let channel = ChannelId::new(&channel).map_err(|_| Problem::not_found("channel", &channel))?;
    let request = Request::OptIn {
        contact,
        channel,
        source,
    };
    app.request(caller, request, key).await
}
