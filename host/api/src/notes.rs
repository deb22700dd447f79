//! Notes for colleagues, on interactions and contacts.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::desk::{Note, NoteRevision};
use linecard_model::interaction::Interaction;
use linecard_model::rights::Right;
use linecard_model::{AgentId, ContactId, InteractionId, NoteId, Timestamp};
use linecard_site::Request;
use linecard_site::desk::Desk;
use linecard_store::Page as StorePage;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Nothing, Path, Query};
use super::interactions::{cursor, limit};
use super::problem::Problem;
use super::views::Page;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, write))
        .routes(routes!(change, delete))
        .routes(routes!(list_of_contact, write_on_contact))
        .routes(routes!(change_on_contact, delete_on_contact))
}

/// What somebody noted for colleagues. It never leaves the hub.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Note)]
pub(super) struct NoteView {
    /// The note.
    id: NoteId,
    /// The customer under whom it is kept.
    contact: ContactId,
    /// The interaction on which it is; absent for one on the contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction: Option<InteractionId>,
    /// Who wrote it: an agent's id, or `key:` and a key's name.
    author: String,
    /// When.
    written_at: Timestamp,
    /// What it says; absent once it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The agents whom it names.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    mentions: BTreeSet<AgentId>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<Timestamp>,
    /// When it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
    /// What it said before, oldest first; shown to those who list notes with the right `lead`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revisions: Vec<NoteRevision>,
}

impl NoteView {
    /// The view, with what it said before if that is asked for.
    pub fn of(note: &Note, with_revisions: bool) -> Self {
        let last = note.revisions.last().map(|revision| revision.replaced_at);
        Self {
            id: note.id,
            contact: note.contact,
            interaction: note.interaction,
            author: note.author.clone(),
            written_at: note.written_at,
            text: Some(note.text.clone()).filter(|_| note.deleted_at.is_none()),
            mentions: note.mentions.clone(),
            edited_at: last.filter(|_| note.deleted_at.is_none()),
            deleted_at: note.deleted_at,
            revisions: if with_revisions {
                note.revisions.clone()
            } else {
                Vec::new()
            },
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// The cursor: `next` of the page before.
    after: Option<String>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// What is noted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Noted {
    /// The text, up to 4,000 characters. `@` and an agent's id names that agent.
    #[schema(example = "Called back, wants a refund. @anna please look.")]
    text: String,
}

/// A page of what is noted under contacts, newest first.
async fn page(
    app: &App,
    caller: &Caller,
    contacts: &[ContactId],
    part: &Part,
    wanted: impl Fn(&Note) -> bool,
) -> Result<Answer<Page<NoteView>>, Problem> {
    let limit = limit(part.limit)?;
    let after: Option<NoteId> = cursor(part.after.as_deref())?;
    let mut notes = Vec::new();
    for contact in contacts {
        let (store, site) = (&app.hub.store, app.hub.site.id());
        // How many there are is bounded where they are written.
        let all = StorePage {
            before: after,
            limit: Note::MOST,
        };
        let found = store.notes(site, *contact, all).await?.into_iter();
        notes.extend(found.filter(|note| wanted(note)));
    }
    notes.sort_unstable_by_key(|note| std::cmp::Reverse(note.id));
    let is_last = notes.len() <= limit;
    notes.truncate(limit);
    let last = notes.last().filter(|_| !is_last);
    let next = last.map(|last| last.id.to_string());
    let with_revisions = caller.may(Right::Lead);
    let items = notes.iter().map(|note| NoteView::of(note, with_revisions));
    Ok(Answer(Page {
        items: items.collect(),
        next,
    }))
}

/// What is noted on an interaction, newest first
#[utoipa::path(get, operation_id = "listInteractionNotes", path = "/interactions/{id}/notes", tag = "work",
    params(("id" = String, Path), Part),
    responses((status = 200, body = Page<NoteView>)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Answer<Page<NoteView>>, Problem> {
    let interaction = app.interaction(&caller, &id).await?;
    let of = Some(interaction.id);
    let contacts = [interaction.contact];
    page(&app, &caller, &contacts, &part, |note| {
        note.interaction == of
    })
    .await
}

/// Note something on an interaction
///
/// For colleagues: it is never sent to the customer. Agents who are named follow the interaction from then
/// on.
#[utoipa::path(post, operation_id = "writeInteractionNote", path = "/interactions/{id}/notes", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Noted, example = json!({"text": "Called back, wants a refund."})),
    responses((status = 200, body = NoteView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn write(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Noted>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?;
    let key = change.idempotency(&caller);
    let asked = Desk::Note {
        contact: interaction.contact,
        interaction: Some(interaction.id),
        text: change.body.text,
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Change a note on an interaction
///
/// For its author. What it said before is kept for those who lead.
#[utoipa::path(put, operation_id = "changeInteractionNote", path = "/interactions/{id}/notes/{note}",
    tag = "work",
    params(("id" = String, Path), ("note" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body(content = Noted, example = json!({"text": "Called back, wants an exchange."})),
    responses((status = 200, body = NoteView)),
    extensions(("x-right-of-others" = json!("lead")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, note)): Path<(String, String)>,
    change: Changing<Noted>,
) -> Result<Changed, Problem> {
    let key = change.idempotency(&caller);
    let (contact, note) = app.note_on(&caller, &id, &note).await?;
    let text = Some(change.body.text);
    let asked = Desk::ChangeNote {
        contact,
        note,
        text,
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Delete a note on an interaction
///
/// For its author. That there was one stays to be seen.
#[utoipa::path(delete, operation_id = "deleteInteractionNote", path = "/interactions/{id}/notes/{note}",
    tag = "work",
    params(("id" = String, Path), ("note" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right-of-others" = json!("lead")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, note)): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let key = change.idempotency(&caller);
    let (contact, note) = app.note_on(&caller, &id, &note).await?;
    let asked = Desk::ChangeNote {
        contact,
        note,
        text: None,
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// What is noted on a contact and its interactions, newest first
#[utoipa::path(get, operation_id = "listContactNotes", path = "/contacts/{id}/notes", tag = "contacts",
    params(("id" = String, Path), Part),
    responses((status = 200, body = Page<NoteView>)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn list_of_contact(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Answer<Page<NoteView>>, Problem> {
    let contact = app.contact(&caller, &id).await?;
    page(&app, &caller, &contact.ids(), &part, |_| true).await
}

/// Note something on a contact
#[utoipa::path(post, operation_id = "writeContactNote", path = "/contacts/{id}/notes", tag = "contacts",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Noted, example = json!({"text": "Prefers to be called in the morning."})),
    responses((status = 200, body = NoteView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn write_on_contact(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Noted>,
) -> Result<Changed, Problem> {
    let contact = app.contact(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let asked = Desk::Note {
        contact,
        interaction: None,
        text: change.body.text,
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Change a note on a contact
///
/// For its author.
#[utoipa::path(put, operation_id = "changeContactNote", path = "/contacts/{id}/notes/{note}",
    tag = "contacts",
    params(("id" = String, Path), ("note" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body(content = Noted, example = json!({"text": "Prefers to be called in the evening."})),
    responses((status = 200, body = NoteView)),
    extensions(("x-right-of-others" = json!("lead")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn change_on_contact(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, note)): Path<(String, String)>,
    change: Changing<Noted>,
) -> Result<Changed, Problem> {
    let key = change.idempotency(&caller);
    let (contact, note) = app.note_under(&caller, &id, &note).await?;
    let text = Some(change.body.text);
    let asked = Desk::ChangeNote {
        contact,
        note,
        text,
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Delete a note on a contact
///
/// For its author.
#[utoipa::path(delete, operation_id = "deleteContactNote", path = "/contacts/{id}/notes/{note}",
    tag = "contacts",
    params(("id" = String, Path), ("note" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right-of-others" = json!("lead")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn delete_on_contact(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, note)): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let key = change.idempotency(&caller);
    let (contact, note) = app.note_under(&caller, &id, &note).await?;
    let asked = Desk::ChangeNote {
        contact,
        note,
        text: None,
    };
    app.request(&caller, Request::Desk(asked), key).await
}

impl App {
    /// A note on an interaction, with the contact under whom it is kept.
    async fn note_on(
        &self,
        caller: &Caller,
        id: &str,
        note: &str,
    ) -> Result<(ContactId, NoteId), Problem> {
        let interaction: Interaction = self.interaction(caller, id).await?;
        let found = self.note(&[interaction.contact], note).await?;
        let found = found.filter(|found| found.interaction == Some(interaction.id));
        let found = found.ok_or_else(|| Problem::not_found("note", note))?;
        Ok((found.contact, found.id))
    }

    /// A note on a contact, or on one of its interactions.
    async fn note_under(
        &self,
        caller: &Caller,
        id: &str,
        note: &str,
    ) -> Result<(ContactId, NoteId), Problem> {
        let contact = self.contact(caller, id).await?;
        let found = self.note(&contact.ids(), note).await?;
        let found = found.ok_or_else(|| Problem::not_found("note", note))?;
        Ok((found.contact, found.id))
    }

    async fn note(&self, contacts: &[ContactId], note: &str) -> Result<Option<Note>, Problem> {
        let Ok(note) = note.parse::<NoteId>() else {
            return Ok(None);
        };
        for contact in contacts {
            let (store, site) = (&self.hub.store, self.hub.site.id());
            let found = store.note(site, *contact, note).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}
