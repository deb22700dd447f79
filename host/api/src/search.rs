//! Finding messages, notes and contacts by their words.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::contact::Contact;
use linecard_model::message::Message;
use linecard_model::{AgentId, ChannelId, InteractionId, QueueId, Timestamp};
use linecard_search::{
    Asked, Cursor, Filter as Wanted, Key, Kind, Order, Question, Range, ScoreRange,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Query};
use super::inbox::named;
use super::interactions::limit;
use super::notes::NoteView;
use super::participants::PersonView;
use super::problem::Problem;
use super::views::{ContactView, MessageView};
use super::visibility::Sight;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(search))
}

/// How often the index is asked for one page, should the caller not see what it gave; the next page goes on
/// from there.
const ROUNDS: usize = 5;
/// The most places that are marked in one thing.
const MARKED: usize = 100;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// What is looked for. Every word has to be there, in this or another form of the language in which it was
    /// said; a phrase in quotation marks as it stands; `*` at the end of a word (of two characters or more)
    /// stands for the rest of it. Case and diacritics do not count. Telephone numbers are found by four or
    /// more of their digits. Up to 500 characters and 20 words.
    q: String,
    /// Only of these kinds, apart by commas: `message`, `note`, `contact`. Default all.
    #[param(pattern = "^(message|note|contact)(,(message|note|contact)){0,2}$")]
    kind: Option<String>,
    /// Only on this channel; contacts who are known there.
    channel: Option<String>,
    /// Only on channels of this network, such as `facebook`.
    network: Option<String>,
    /// Only of this kind of work, such as `social-direct-message`.
    media_type: Option<String>,
    /// Only of interactions in this queue; contacts with one there.
    queue: Option<String>,
    /// Only of interactions that this agent has, had last, or takes part in; `me` is the caller.
    agent: Option<String>,
    /// Only with this label, of the interaction or of the message itself.
    label: Option<String>,
    /// Only of interactions that ended with this disposition code.
    disposition: Option<String>,
    /// Only messages with this score, such as `sentiment`.
    score: Option<String>,
    /// The lowest `score`.
    score_min: Option<f64>,
    /// The highest `score`.
    score_max: Option<f64>,
    /// Only what was said, written, or (of contacts) first heard of from this time on.
    from: Option<Timestamp>,
    /// Only what was before this time.
    to: Option<Timestamp>,
    /// `relevance` (the default): what fits best; `time`: the newest first.
    #[param(pattern = "^(relevance|time)$")]
    sort: Option<String>,
    /// The cursor: `next` of the page before. What happens meanwhile neither breaks it nor repeats anything.
    after: Option<String>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
struct SearchResult {
    /// What was found, in its order.
    items: Vec<Found>,
    /// Where the list goes on: the value of `after` for the next page. Absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Whether everything was looked through. Not while the index is built anew, after an upgrade for example.
    complete: bool,
}

/// A message, a note or a contact that was found: one of the three.
#[derive(Debug, Serialize, ToSchema)]
struct Found {
    /// What it is: `message`, `note` or `contact`.
    #[schema(value_type = String, pattern = "^(message|note|contact)$")]
    kind: Kind,
    /// The message.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageView>,
    /// The note.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<NoteView>,
    /// The contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<ContactView>,
    /// Whose message or note it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<PersonView>,
    /// Where what was looked for stands, up to 100 places.
    highlights: Vec<Highlight>,
}

/// A place at which something that was looked for stands.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Highlight {
    /// In which text of the entry, as a JSON pointer such as `/message/content/text`.
    field: String,
    /// Its first character. Characters are counted as Unicode code points.
    start: usize,
    /// The character after its last one.
    end: usize,
}

/// Messages, notes and contacts with certain words
///
/// In the newest form of what was said, without what was taken back. Something is found within a second of
/// being said. Callers find what belongs to the contacts whom they see. A page may have fewer entries than asked
/// for and still a `next`.
#[utoipa::path(get, operation_id = "searchEverything", path = "/search", tag = "contacts", params(Filter),
    responses((status = 200, body = SearchResult)),
    extensions(("x-right-of-others" = json!("see-all")), ("x-problems" = json!(["search-unavailable"]))))]
async fn search(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Answer<SearchResult>, Problem> {
    let sight = app.sight(&caller).await?;
    let mut asked = app.asked(&caller, &sight, &filter)?;
    let wanted = asked.limit;
    let mut items = Vec::new();
    let mut next = None;
    for _ in 0..ROUNDS {
        asked.limit = wanted - items.len();
        let found = app.hub.search.find(asked.clone()).await?;
        if let Some((_, last)) = found.hits.last() {
            asked.after = Some(last.clone());
        }
        for (key, _) in found.hits {
            items.extend(app.found(&caller, &sight, &asked.question, key).await?);
        }
        if found.is_last {
            next = None;
            break;
        }
        next.clone_from(&asked.after);
        if items.len() >= wanted {
            break;
        }
    }
    Ok(Answer(SearchResult {
        items,
        next: next.map(|next| next.text()),
        complete: app.hub.search.is_whole(),
    }))
}

fn bad(text: impl Into<String>) -> Problem {
    Problem::new("bad-parameter", text)
}

impl App {
    /// What a caller asks of the index.
    fn asked(&self, caller: &Caller, sight: &Sight, filter: &Filter) -> Result<Asked, Problem> {
        let question = Question::new(&filter.q).map_err(|why| bad(format!("q: {why}")))?;
        let order = match filter.sort.as_deref() {
            None | Some("relevance") => Order::Relevance,
            Some("time") => Order::Time,
            Some(_) => return Err(bad("sort is relevance or time")),
        };
        let after = filter.after.as_deref().map(str::parse::<Cursor>);
        let after = after.transpose().ok().filter(|after| {
            let same = |after: &Cursor| after.order() == order;
            after.as_ref().is_none_or(same)
        });
        let after = after.ok_or_else(|| {
            let text = "the cursor is not one that the hub gave out for this order";
            Problem::new("bad-cursor", text)
        })?;
        Ok(Asked {
            question,
            filter: self.wanted(caller, filter)?,
            sight: sight.searching(),
            order,
            after,
            limit: limit(filter.limit)?,
        })
    }

    fn wanted(&self, caller: &Caller, filter: &Filter) -> Result<Wanted, Problem> {
        let mut wanted = Wanted {
            label: filter.label.clone(),
            disposition: filter.disposition.clone(),
            from: filter.from,
            to: filter.to,
            ..Wanted::default()
        };
        for kind in filter.kind.iter().flat_map(|kinds| kinds.split(',')) {
            let known = named(kind).ok_or_else(|| bad("kind is message, note or contact"))?;
            wanted.kinds.insert(known);
        }
        let name = |field: &str, why: linecard_model::IdError| bad(format!("{field}: {why}"));
        if let Some(channel) = &filter.channel {
            let channel = ChannelId::new(channel).map_err(|why| name("channel", why))?;
            wanted.channels = Some([channel].into());
        }
        if let Some(network) = &filter.network {
            let channels = self.hub.channels.all().into_iter();
            let of = channels.filter(|channel| channel.network() == network);
            let of: BTreeSet<ChannelId> = of.map(|channel| channel.id.clone()).collect();
            wanted.channels = Some(match wanted.channels {
                Some(one) => one.intersection(&of).cloned().collect(),
                None => of,
            });
        }
        if let Some(media_type) = &filter.media_type {
            let known = named(media_type);
            wanted.media_type = Some(known.ok_or_else(|| bad("media_type is none that there is"))?);
        }
        if let Some(queue) = &filter.queue {
            wanted.queue = Some(QueueId::new(queue).map_err(|why| name("queue", why))?);
        }
        wanted.agent = match filter.agent.as_deref() {
            None => None,
            Some("me") => {
                let own = caller.actor.agent.clone();
                Some(own.ok_or_else(|| bad("agent=me needs a caller who is an agent"))?)
            }
            Some(agent) => Some(AgentId::new(agent).map_err(|why| name("agent", why))?),
        };
        wanted.score = match (&filter.score, filter.score_min, filter.score_max) {
            (None, None, None) => None,
            (None, ..) => return Err(bad("score_min and score_max need score")),
            (Some(score), least, most) => Some(ScoreRange {
                name: score.clone(),
                at_least: least.unwrap_or(f64::NEG_INFINITY),
                at_most: most.unwrap_or(f64::INFINITY),
            }),
        };
        Ok(wanted)
    }

    /// Something that was found, as it is shown; nothing if it is not there any more, or the caller does not
    /// see it.
    async fn found(
        &self,
        caller: &Caller,
        sight: &Sight,
        question: &Question,
        key: Key,
    ) -> Result<Option<Found>, Problem> {
        let Some(person) = self.person(key.contact()).await? else {
            return Ok(None);
        };
        let (store, site) = (&self.hub.store, self.hub.site.id());
        let mut found = Found {
            kind: key.kind(),
            message: None,
            note: None,
            contact: None,
            customer: None,
            highlights: Vec::new(),
        };
        match key {
            Key::Message(contact, id) => {
                let message = store.message(site, contact, id).await?;
                // It may just have been taken back, or erased.
                let says = |m: &Message| m.deleted_at.is_none() && m.content.text.is_some();
                let Some(message) = message.filter(says) else {
                    return Ok(None);
                };
                let of = Some(message.interaction);
                if !self.sees_found(caller, sight, of, &person).await? {
                    return Ok(None);
                }
                let search = &self.hub.search;
                let language = search
                    .language(store.as_ref(), &self.hub.site, &message)
                    .await?;
                let text = message.content.text.as_deref().unwrap_or_default();
                let marks = question.highlights(text, language.as_deref());
                found.mark("/message/content/text", marks);
                found.customer = Some(PersonView::known(&person, &message.channel));
                found.message = Some(self.with_reactions(message, false).await?);
            }
            Key::Note(contact, id) => {
                let note = store.note(site, contact, id).await?;
                let Some(note) = note.filter(|note| note.deleted_at.is_none()) else {
                    return Ok(None);
                };
                let of = note.interaction;
                if !self.sees_found(caller, sight, of, &person).await? {
                    return Ok(None);
                }
                found.mark("/note/text", question.highlights(&note.text, None));
                let first = person.identities.first();
                found.customer = first.map(|first| PersonView::known(&person, &first.channel));
                found.note = Some(NoteView::of(&note, false));
            }
            Key::Contact(_) => {
                let is_known = !texts(&person).is_empty() || !person.attributes.is_empty();
                if !is_known || !self.sees_found(caller, sight, None, &person).await? {
                    return Ok(None);
                }
                for (field, text) in texts(&person) {
                    found.mark(&field, question.highlights(text, None));
                }
                found.contact = Some(ContactView::from(person));
            }
        }
        Ok(Some(found))
    }

    /// Whether a caller sees something of a person: by its interaction, or by another one.
    async fn sees_found(
        &self,
        caller: &Caller,
        sight: &Sight,
        interaction: Option<InteractionId>,
        person: &Contact,
    ) -> Result<bool, Problem> {
        if sight.all {
            return Ok(true);
        }
        if let Some(id) = interaction.filter(|id| !id.is_none())
            && let Some(place) = self.place(id).await?
            && sight.place(&place)
        {
            return Ok(true);
        }
        self.sees_contact(caller, &person.ids()).await
    }
}

impl Found {
    fn mark(&mut self, field: &str, ranges: Vec<Range>) {
        let room = MARKED.saturating_sub(self.highlights.len());
        let marks = ranges.into_iter().take(room).map(|range| Highlight {
            field: field.to_owned(),
            start: range.start,
            end: range.end,
        });
        self.highlights.extend(marks);
    }
}

/// The texts by which a contact is found, each with where it stands in the entry.
fn texts(contact: &Contact) -> Vec<(String, &str)> {
    let mut texts = Vec::new();
    if let Some(name) = &contact.display_name {
        texts.push(("/contact/display_name".to_owned(), name.as_str()));
    }
    for (number, identity) in contact.identities.iter().enumerate() {
        let at = format!("/contact/identities/{number}");
        texts.push((format!("{at}/id"), identity.id.as_str()));
        for (number, alias) in identity.aliases.iter().enumerate() {
            texts.push((format!("{at}/aliases/{number}/value"), &alias.value));
        }
        if let Some(profile) = &identity.profile {
            let name = profile.display_name.as_deref();
            texts.extend(name.map(|name| (format!("{at}/profile/display_name"), name)));
            let handle = profile.handle.as_deref();
            texts.extend(handle.map(|handle| (format!("{at}/profile/handle"), handle)));
        }
    }
    texts
}
