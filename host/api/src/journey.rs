//! Finding contacts, what is known of their way so far, and blocking them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::contact::Contact;
use linecard_model::rights::Right;
use linecard_model::{ChannelId, ContactId, Timestamp};
use linecard_site::Request;
use linecard_site::desk::Desk;
use linecard_store::Page as StorePage;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Nothing, Path};
use super::history::Merged;
use super::interactions::{MOST, cursor};
use super::problem::Problem;
use super::views::{ContactView, Page};
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(journey))
        .routes(routes!(block, unblock))
}

/// How many contacts are looked through for one page; the next page goes on from there.
pub(super) const LOOK_THROUGH: usize = 5_000;
/// How many messages a journey is made of at most.
const MESSAGES: usize = 10_000;
/// The fewest digits by which a telephone number is looked for.
const FEWEST_DIGITS: usize = 4;

/// What contacts are looked for by.
struct Search {
    words: Vec<String>,
    digits: Option<String>,
}

impl Search {
    fn of(text: &str) -> Self {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        // A number is written in many ways: with spaces, in brackets, with a plus before it.
        let is_number = text
            .chars()
            .all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-()/.".contains(c));
        Self {
            words: text
                .to_lowercase()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            digits: (is_number && digits.len() >= FEWEST_DIGITS).then_some(digits),
        }
    }

    fn finds(&self, contact: &Contact) -> bool {
        let mut texts: Vec<&str> = contact.display_name.iter().map(String::as_str).collect();
        for identity in &contact.identities {
            texts.push(&identity.id);
            texts.extend(identity.aliases.iter().map(|alias| alias.value.as_str()));
            if let Some(profile) = &identity.profile {
                texts.extend(profile.display_name.as_deref());
                texts.extend(profile.handle.as_deref());
            }
        }
        let known = |digits: &String| {
            texts.iter().any(|text| {
                let own: String = text.chars().filter(char::is_ascii_digit).collect();
                own.contains(digits.as_str())
            })
        };
        if self.digits.as_ref().is_some_and(known) {
            return true;
        }
        let attributes = contact.attributes.values().map(ToString::to_string);
        let attributes = attributes.collect::<Vec<_>>().join("\n");
        let all = format!("{}\n{attributes}", texts.join("\n")).to_lowercase();
        self.words.iter().all(|word| all.contains(word.as_str()))
    }
}

/// A page of the contacts that somebody may see and that a text finds, newest first.
pub(super) async fn search(
    app: &App,
    caller: &Caller,
    text: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<ContactView>, Problem> {
    let search = Search::of(text);
    if search.words.is_empty() {
        return Err(Problem::new("bad-parameter", "search has a word at least"));
    }
    let mut before: Option<ContactId> = cursor(after)?;
    let mut items = Vec::new();
    let mut seen = 0;
    loop {
        let page = StorePage {
            before,
            limit: MOST,
        };
        let found = app.hub.store.contacts(app.hub.site.id(), page).await?;
        let is_last = found.len() < MOST;
        for contact in found {
            before = Some(contact.id);
            seen += 1;
            let is_person = contact.merged_into.is_none() && contact.of_thread.is_none();
            if is_person && search.finds(&contact) && app.may_see(caller, &contact).await? {
                items.push(ContactView::from(contact));
            }
            if items.len() == limit || seen == LOOK_THROUGH {
                let next = before.map(|id| id.to_string());
                return Ok(Page { items, next });
            }
        }
        if is_last {
            return Ok(Page { items, next: None });
        }
    }
}

impl App {
    /// Whether a caller sees a contact.
    pub(super) async fn may_see(
        &self,
        caller: &Caller,
        contact: &Contact,
    ) -> Result<bool, Problem> {
        if caller.may(Right::SeeAll) {
            return Ok(true);
        }
        match self.contact(caller, &contact.id.to_string()).await {
            Ok(_) => Ok(true),
            Err(problem) if problem.name() == "not-found" => Ok(false),
            Err(problem) => Err(problem),
        }
    }
}

/// What was exchanged with a contact on one channel.
#[derive(Debug, Serialize, ToSchema)]
struct ChannelJourney {
    /// The channel.
    channel: ChannelId,
    /// The network; absent if the channel is not at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    /// When the first message was said.
    first_at: Timestamp,
    /// When the last one was.
    last_at: Timestamp,
    /// How many messages the customer wrote.
    inbound_count: u64,
    /// How many messages the company wrote.
    outbound_count: u64,
    /// How many interactions there were.
    interactions: usize,
}

/// A contact's way so far, over all channels.
#[derive(Debug, Serialize, ToSchema)]
struct Journey {
    /// The contact.
    contact: ContactId,
    /// When the hub first heard of them.
    first_seen: Timestamp,
    /// When they last wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<Timestamp>,
    /// How many interactions with them there were.
    interactions: usize,
    /// How many of them are not over.
    open: usize,
    /// Channel by channel, the one on which something was said last first.
    channels: Vec<ChannelJourney>,
    /// Whether all that was said was counted: of very long histories only the newest 10,000 messages are.
    complete: bool,
}

/// A contact's way so far
#[utoipa::path(get, operation_id = "getContactJourney", path = "/contacts/{id}/journey", tag = "contacts",
    params(("id" = String, Path)),
    responses((status = 200, body = Journey)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn journey(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<Journey>, Problem> {
    let contact = app.contact(&caller, &id).await?;
    let mut channels: BTreeMap<ChannelId, ChannelJourney> = BTreeMap::new();
    let mut of_channel: BTreeMap<ChannelId, BTreeSet<_>> = BTreeMap::new();
    let mut last_seen = None;
    let mut history = Merged::new(&app, &contact.ids(), None);
    let (mut count, mut complete) = (0, true);
    while let Some(message) = history.next().await? {
        if count == MESSAGES {
            complete = false;
            break;
        }
        count += 1;
        let is_inbound = message.author.is_contact();
        if is_inbound {
            last_seen = last_seen.max(Some(message.at));
        }
        if !message.interaction.is_none() {
            let known = of_channel.entry(message.channel.clone()).or_default();
            known.insert(message.interaction);
        }
        let channel = message.channel.clone();
        let way = channels
            .entry(message.channel)
            .or_insert_with(|| ChannelJourney {
                network: app
                    .hub
                    .channels
                    .get(&channel)
                    .map(|c| c.network().to_owned()),
                channel,
                first_at: message.at,
                last_at: message.at,
                inbound_count: 0,
                outbound_count: 0,
                interactions: 0,
            });
        way.first_at = way.first_at.min(message.at);
        way.last_at = way.last_at.max(message.at);
        if is_inbound {
            way.inbound_count += 1;
        } else {
            way.outbound_count += 1;
        }
    }
    for (channel, interactions) in &of_channel {
        if let Some(way) = channels.get_mut(channel) {
            way.interactions = interactions.len();
        }
    }
    let ids = contact.ids();
    let open = app.hub.site.query(move |state| {
        let open = ids.iter().flat_map(|id| state.open_with(*id));
        open.map(|interaction| interaction.id)
            .collect::<BTreeSet<_>>()
    });
    let mut channels: Vec<_> = channels.into_values().collect();
    channels.sort_by_key(|way| std::cmp::Reverse(way.last_at));
    Ok(Answer(Journey {
        contact: contact.id,
        first_seen: contact.created_at,
        last_seen,
        interactions: of_channel.values().map(BTreeSet::len).sum(),
        open: open.await?.len(),
        channels,
        complete,
    }))
}

/// Why somebody is blocked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Why {
    /// For colleagues, in up to 500 characters.
    #[schema(example = "threats")]
    reason: Option<String>,
}

/// Block a contact
///
/// What they write from then on is kept in their history, and is no work: it makes no
/// interaction, joins none, and nothing answers it. What they wrote that nobody has taken yet is taken out of
/// its queue; a conversation that somebody has is theirs to end.
#[utoipa::path(put, operation_id = "blockContact", path = "/contacts/{id}/block", tag = "contacts",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Why, example = json!({"reason": "threats"})),
    responses((status = 200, body = ContactView)),
    extensions(("x-right" = json!("contacts")), ("x-problems" = json!(["not-allowed", "not-found", "contact-busy"]))))]
async fn block(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Why>,
) -> Result<Changed, Problem> {
    caller.require(Right::Contacts)?;
    let contact = app.contact(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let reason = change.body.reason;
    let asked = Desk::Block { contact, reason };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Block a contact no longer
///
/// What they write next is work again; what they wrote meanwhile stays in their history.
#[utoipa::path(delete, operation_id = "unblockContact", path = "/contacts/{id}/block", tag = "contacts",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    responses((status = 200, body = ContactView)),
    extensions(("x-right" = json!("contacts")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn unblock(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    caller.require(Right::Contacts)?;
    let contact = app.contact(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let asked = Desk::Unblock { contact };
    app.request(&caller, Request::Desk(asked), key).await
}

#[cfg(test)]
mod tests {
    use linecard_model::contact::ContactIdentity;
    use linecard_model::platform::{Alias, Identity};

    use super::*;

    #[test]
    fn people_are_found_by_whatever_they_are_called() {
        let identity = Identity {
            id: "4915112345678".to_owned(),
            aliases: vec![Alias {
                kind: "email".to_owned(),
                value: "Zoe.Mueller@example.com".to_owned(),
            }],
        };
        let contact = Contact {
            display_name: Some("Zoë Müller".to_owned()),
            identities: vec![ContactIdentity::new(
                ChannelId::new("wa").unwrap(),
                &identity,
            )],
            ..Contact::new(ContactId::generate(), Timestamp::UNIX_EPOCH)
        };
        for text in [
            "zoë",
            "MÜLLER zoë",
            "zoe.mueller@",
            "+49 (151) 123-45",
            "4915112345678",
        ] {
            assert!(Search::of(text).finds(&contact), "{text}");
        }
        for text in ["zoé", "Müller Anna", "+49 (151) 999-45", "999"] {
            assert!(!Search::of(text).finds(&contact), "{text}");
        }
    }
}
