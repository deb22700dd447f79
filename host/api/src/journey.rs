//! What is known of contacts' way so far, and blocking them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::rights::Right;
use linecard_model::{ChannelId, ContactId, Timestamp};
use linecard_site::Request;
use linecard_site::desk::Desk;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Nothing, Path};
use super::history::Merged;
use super::problem::Problem;
use super::views::ContactView;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(journey))
        .routes(routes!(block, unblock))
}

/// How many messages a journey is made of at most.
const MESSAGES: usize = 10_000;
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
