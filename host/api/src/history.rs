//! What was exchanged with one or several contacts, newest first, in pages.

use std::collections::VecDeque;

use linecard_model::interaction::Interaction;
use linecard_model::message::Message;
use linecard_model::{ContactId, MessageId};
use linecard_store::{Page as StorePage, RawOf, thread_identity};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::interactions::{MOST, cursor, limit};
use super::problem::Problem;
use super::views::{MessageView, Page};

/// How many messages are looked through for one page; the next page goes on from there.
const LOOK_THROUGH: usize = 4_000;
/// The fewest messages that are read of one contact at a time.
const FEWEST: usize = 20;

/// Which part of a history is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// Only what is older than this message: `next` of the page before.
    pub before: Option<String>,
    /// Only what is newer than this message; the page is then next to it.
    pub after: Option<String>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
    /// `raw` adds the network's payload to each message.
    #[param(pattern = "^raw$")]
    pub include: Option<String>,
}

impl Part {
    fn with_raw(&self) -> Result<bool, Problem> {
        match self.include.as_deref() {
            None => Ok(false),
            Some("raw") => Ok(true),
            Some(_) => Err(Problem::new("bad-parameter", "include can be `raw`")),
        }
    }
}

/// The histories of several contacts as one, newest first.
pub(super) struct Merged<'a> {
    app: &'a App,
    sources: Vec<Source>,
    /// How many are read of one contact at a time.
    step: usize,
}

struct Source {
    contact: ContactId,
    before: Option<MessageId>,
    read: VecDeque<Message>,
    is_done: bool,
}

impl<'a> Merged<'a> {
    /// The messages that are older than one, or all.
    pub fn new(app: &'a App, contacts: &[ContactId], before: Option<MessageId>) -> Self {
        let sources = contacts.iter().map(|contact| Source {
            contact: *contact,
            before,
            read: VecDeque::new(),
            is_done: false,
        });
        Self {
            app,
            sources: sources.collect(),
            step: (MOST / contacts.len().max(1)).max(FEWEST),
        }
    }

    /// The next one.
    pub async fn next(&mut self) -> Result<Option<Message>, Problem> {
        for source in &mut self.sources {
            if !source.read.is_empty() || source.is_done {
                continue;
            }
            let page = StorePage {
                before: source.before,
                limit: self.step,
            };
            let site = self.app.hub.site.id();
            let messages = self
                .app
                .hub
                .store
                .history(site, source.contact, page)
                .await?;
            source.is_done = messages.len() < self.step;
            source.before = messages.last().map(|m| m.id).or(source.before);
            source.read.extend(messages);
        }
        let newest = self
            .sources
            .iter_mut()
            .max_by_key(|source| source.read.front().map(|m| m.id));
        Ok(newest.and_then(|source| source.read.pop_front()))
    }
}

impl App {
    /// A message of an interaction, or of what the company wrote in its conversation when nobody had
    /// asked.
    pub(super) async fn message_in(
        &self,
        interaction: &Interaction,
        message: MessageId,
    ) -> Result<Option<Message>, Problem> {
        let mut found = self.message_of(interaction, message).await?;
        if found.is_none() {
            let (store, site) = (&self.hub.store, self.hub.site.id());
            let nobody = thread_identity(&interaction.thread);
            let contact = store
                .contact_by_identity(site, &interaction.channel, &nobody)
                .await?;
            if let Some(contact) = contact {
                found = store.message(site, contact, message).await?;
            }
        }
        Ok(found.filter(|found| {
            let is_context = found.interaction.is_none()
                && found.channel == interaction.channel
                && found.thread == interaction.thread;
            found.interaction == interaction.id || is_context
        }))
    }

    /// A message that was exchanged with those who take part in an interaction.
    async fn message_of(
        &self,
        interaction: &Interaction,
        message: MessageId,
    ) -> Result<Option<Message>, Problem> {
        for contact in interaction.contacts() {
            let site = self.hub.site.id();
            let found = self.hub.store.message(site, contact, message).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// A part of what was exchanged with contacts, newest first.
pub(super) async fn history(
    app: &App,
    contacts: &[ContactId],
    part: &Part,
    wanted: impl Fn(&Message) -> bool,
) -> Result<Page<MessageView>, Problem> {
    let limit = limit(part.limit)?;
    let with_raw = part.with_raw()?;
    let after: Option<MessageId> = cursor(part.after.as_deref())?;
    let before: Option<MessageId> = cursor(part.before.as_deref())?;
    let mut messages = Merged::new(app, contacts, before);
    let mut found: Vec<Message> = Vec::new();
    let mut seen = 0;
    let mut next = None;
    while let Some(message) = messages.next().await? {
        if after.is_some_and(|after| message.id <= after) {
            break;
        }
        seen += 1;
        let id = message.id;
        if wanted(&message) {
            found.push(message);
        }
        let is_full = after.is_none() && found.len() == limit;
        if is_full || seen >= LOOK_THROUGH {
            next = Some(id);
            break;
        }
    }
    if after.is_some() && found.len() > limit {
        // What is asked for lies next to `after`, at the end of what was found.
        found.drain(..found.len() - limit);
    }
    if with_raw {
        for message in &mut found {
            let raw = app
                .hub
                .store
                .raw(app.hub.site.id(), RawOf::Message(message.id));
            message.raw = raw.await?.unwrap_or_default();
        }
    }
    let mut items = Vec::with_capacity(found.len());
    for message in found {
        items.push(app.with_reactions(message, with_raw).await?);
    }
    Ok(Page {
        items,
        next: next.map(|id| id.to_string()),
    })
}
