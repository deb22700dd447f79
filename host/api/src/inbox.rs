//! The inbox: the caller's interactions and what waits in their queues, with all that a list shows of
//! them.

use std::cmp::Ordering;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use linecard_model::desk::LastMessage;
use linecard_model::event::Seq;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::AttachmentKind;
use linecard_model::message::MessageAuthor;
use linecard_model::routing::InteractionState;
use linecard_model::{ContactId, InteractionId, MessageId, Timestamp};
use linecard_router::ServiceStanding;
use linecard_site::SiteState;
use linecard_site::capabilities;
use linecard_vault::auth::Principal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Query};
use super::interactions::limit;
use super::problem::Problem;
use super::views::InteractionView;
use super::visibility::Sight;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A message in short, as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = LastMessage)]
pub(super) struct LastMessageView {
    /// The message.
    pub id: MessageId,
    /// When it was said, by the network's clock if the network told.
    pub at: Timestamp,
    /// Who said it.
    pub author: MessageAuthor,
    /// Whether it came from the customer (`inbound`) or from the company (`outbound`).
    #[schema(pattern = "^(inbound|outbound)$")]
    pub direction: &'static str,
    /// The beginning of its text, on one line; `…` at the end says that there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What is attached first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment: Option<AttachmentKind>,
    /// Whether it was taken back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub deleted: bool,
}

impl From<&LastMessage> for LastMessageView {
    fn from(last: &LastMessage) -> Self {
        let is_inbound = last.author.is_contact();
        Self {
            id: last.message,
            at: last.at,
            author: last.author.clone(),
            direction: if is_inbound { "inbound" } else { "outbound" },
            text: last.text.clone(),
            attachment: last.attachment,
            deleted: last.deleted,
        }
    }
}

impl InteractionView {
    /// An interaction as a caller's desk shows it, without what is known about people.
    pub(super) fn at_desk(
        state: &SiteState,
        interaction: &Interaction,
        caller: &Principal,
    ) -> Self {
        let mut view = Self::from(interaction).shown_to(caller);
        view.network = network(state, interaction);
        if interaction.is_open() {
            view.reply_until = reply_until(state, interaction);
            view.service = service(state, interaction);
        }
        if let Some(agent) = &caller.actor.agent {
            view.unread = Some(interaction.unread(agent));
            let drafts = &interaction.marks.drafts;
            view.draft_saved_at = drafts.get(agent).copied();
        }
        view
    }
}

fn network(state: &SiteState, interaction: &Interaction) -> Option<String> {
    let channel = state.channels().get(&interaction.channel)?;
    Some(channel.network().to_owned())
}

fn reply_until(state: &SiteState, interaction: &Interaction) -> Option<Timestamp> {
    let channel = state.channels().get(&interaction.channel)?;
    capabilities::of(&channel, interaction, Timestamp::now()).reply_until
}

fn service(state: &SiteState, interaction: &Interaction) -> Option<ServiceStanding> {
    let router = state.router();
    router.service_of(&interaction.id, Timestamp::now())
}

/// When the first time of an interaction's service policy is over.
fn service_due(state: &SiteState, interaction: &Interaction) -> Option<Timestamp> {
    service(state, interaction)?.clocks.first()?.due
}

/// Which interactions are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Desk,
    Mine,
    Waiting,
    Followed,
    All,
}

/// What they are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sort {
    WaitingSince,
    LastMessage,
    Created,
    ReplyUntil,
    Deadline,
    Service,
    Priority,
    Unread,
    Draft,
    Name,
    State,
    Queue,
    Channel,
    Network,
    MediaType,
}

/// The name of something, as a query gives it.
pub(super) fn named<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(text.into()).ok()
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// `mine`: what alerts at the caller, what they have and what they wrap up. `waiting`: what waits in
    /// the queues that they see. `followed`: what they follow. `all`: whatever is open and they see. All
    /// three of the first if it is left out.
    #[param(pattern = "^(mine|waiting|followed|all)$")]
    scope: Option<String>,
    /// Only in this state: `queued`, `offered`, `connected`, `held`, `parked` or `wrap-up`.
    #[param(pattern = "^(queued|offered|connected|held|parked|wrap-up)$")]
    state: Option<String>,
    /// Only of this queue.
    queue: Option<String>,
    /// Only of this channel.
    channel: Option<String>,
    /// Only of this network, such as `x`.
    network: Option<String>,
    /// Only of this kind of work, such as `social-direct-message`.
    media_type: Option<String>,
    /// Only with this label.
    label: Option<String>,
    /// `true`: only with something that the caller has not read; `false`: only without.
    unread: Option<bool>,
    /// `true`: only those in which the caller has a draft; `false`: only others.
    draft: Option<bool>,
    /// What the list is ordered by: `waiting_since` (the default), `last_message`, `created`,
    /// `reply_until`, `deadline`, `service` (when the first time of its service policy is over),
    /// `priority`, `unread`, `draft`, `name` (of the customer), `state`, `queue`, `channel`, `network` or
    /// `media_type`. What has none of it stands at the end.
    #[param(
        pattern = "^(waiting_since|last_message|created|reply_until|deadline|service|priority|unread|draft|name|state|queue|channel|network|media_type)$"
    )]
    sort: Option<String>,
    /// `asc` (the default) or `desc`.
    #[param(pattern = "^(asc|desc)$")]
    order: Option<String>,
    /// The cursor: `next` of the page before. What changes meanwhile neither breaks it nor hides anything
    /// else.
    after: Option<String>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// A filter that was understood.
struct Wanted {
    scope: Scope,
    sort: Sort,
    descending: bool,
    filter: Filter,
}

impl TryFrom<Filter> for Wanted {
    type Error = Problem;

    fn try_from(filter: Filter) -> Result<Self, Problem> {
        let bad = |text: &str| Problem::new("bad-parameter", text);
        let scope = match filter.scope.as_deref() {
            None => Scope::Desk,
            Some("mine") => Scope::Mine,
            Some("waiting") => Scope::Waiting,
            Some("followed") => Scope::Followed,
            Some("all") => Scope::All,
            Some(_) => return Err(bad("scope is mine, waiting, followed or all")),
        };
        let sort = match filter.sort.as_deref() {
            None => Sort::WaitingSince,
            Some(name) => named(name).ok_or_else(|| {
                bad(
                    "sort is waiting_since, last_message, created, reply_until, deadline, service, \
                     priority, unread, draft, name, state, queue, channel, network or media_type",
                )
            })?,
        };
        let descending = match filter.order.as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(bad("order is asc or desc")),
        };
        let states = [
            "queued",
            "offered",
            "connected",
            "held",
            "parked",
            "wrap-up",
        ];
        if (filter.state.as_deref()).is_some_and(|state| !states.contains(&state)) {
            return Err(bad(
                "state is queued, offered, connected, held, parked or wrap-up",
            ));
        }
        if let Some(name) = filter.media_type.as_deref()
            && named::<linecard_model::routing::MediaType>(name).is_none()
        {
            return Err(bad("media_type is none that there is"));
        }
        Ok(Self {
            scope,
            sort,
            descending,
            filter,
        })
    }
}

impl Wanted {
    fn matches(
        &self,
        state: &SiteState,
        sight: &Sight,
        caller: &Principal,
        interaction: &Interaction,
    ) -> bool {
        let own = caller.actor.agent.as_ref();
        let is_mine = || own.is_some_and(|own| interaction.has_part(own));
        let waits = || {
            matches!(interaction.state, InteractionState::Queued) && sight.queue(&interaction.queue)
        };
        let follows = || sight.follows(&interaction.marks.followers);
        let in_scope = match self.scope {
            Scope::Desk => is_mine() || waits() || follows(),
            Scope::Mine => is_mine(),
            Scope::Waiting => waits(),
            Scope::Followed => follows(),
            Scope::All => sight.interaction(interaction),
        };
        let filter = &self.filter;
        let same = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == value)
        };
        let media_type = filter.media_type.as_deref().and_then(named);
        let (unread, draft) = match own {
            Some(own) => (
                interaction.unread(own) > 0,
                interaction.marks.drafts.contains_key(own),
            ),
            None => (interaction.inbound_count > 0, false),
        };
        in_scope
            && same(&filter.state, interaction.state.name())
            && same(&filter.queue, interaction.queue.as_str())
            && same(&filter.channel, interaction.channel.as_str())
            && media_type.is_none_or(|wanted| interaction.media_type == wanted)
            && (filter.label.as_ref()).is_none_or(|label| interaction.marks.labels.contains(label))
            && filter.unread.is_none_or(|wanted| wanted == unread)
            && filter.draft.is_none_or(|wanted| wanted == draft)
            && (filter.network.is_none()
                || network(state, interaction).as_deref() == filter.network.as_deref())
    }

    /// What an interaction is ordered by; nothing for a name, which stands elsewhere.
    fn key(&self, state: &SiteState, caller: &Principal, interaction: &Interaction) -> Option<Key> {
        let time = |at: Timestamp| Key::Number(at.as_millisecond());
        let own = caller.actor.agent.as_ref();
        match self.sort {
            Sort::WaitingSince => interaction.waiting_since.map(time),
            Sort::LastMessage => interaction.last_message.as_ref().map(|last| time(last.at)),
            Sort::Created => Some(time(interaction.created_at)),
            Sort::ReplyUntil => reply_until(state, interaction).map(time),
            Sort::Deadline => match &interaction.state {
                InteractionState::Offered { deadline, .. } => Some(time(*deadline)),
                InteractionState::WrapUp { deadline, .. } => deadline.map(time),
                InteractionState::Parked { until, .. } => Some(time(*until)),
                _ => None,
            },
            Sort::Service => service_due(state, interaction).map(time),
            Sort::Priority => Some(Key::Number(interaction.priority.into())),
            Sort::Unread => Some(Key::Number(interaction.unread(own?).into())),
            Sort::Draft => interaction.marks.drafts.get(own?).copied().map(time),
            Sort::Name => None,
            Sort::State => Some(Key::Text(interaction.state.name().to_owned())),
            Sort::Queue => Some(Key::Text(interaction.queue.to_string())),
            Sort::Channel => Some(Key::Text(interaction.channel.to_string())),
            Sort::Network => network(state, interaction).map(Key::Text),
            Sort::MediaType => {
                let name = serde_json::to_value(interaction.media_type).unwrap_or_default();
                name.as_str().map(|name| Key::Text(name.to_owned()))
            }
        }
    }

    /// The order of two entries: no two are equal.
    fn order(&self, one: &Row, other: &Row) -> Ordering {
        let keys = match (&one.key, &other.key) {
            (Some(one), Some(other)) if self.descending => other.cmp(one),
            (Some(one), Some(other)) => one.cmp(other),
            // What has none stands at the end, whatever the order.
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        keys.then(one.id.cmp(&other.id))
    }
}

/// A value by which a list is ordered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    Number(i64),
    Text(String),
}

/// An entry before it is shown.
struct Row {
    key: Option<Key>,
    id: InteractionId,
    contact: ContactId,
}

/// A place in an ordered list. It stays one when the entry that it was made of changes or goes.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    sort: Sort,
    descending: bool,
    key: Option<Key>,
    id: InteractionId,
}

impl Cursor {
    fn text(&self) -> String {
        // Strings and numbers always serialize.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ())?;
        serde_json::from_slice(&bytes).map_err(|_| ())
    }
}

/// What is open at a caller's desk.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Inbox)]
struct InboxView {
    /// Events after this number may not be in it: read them with `after`.
    #[schema(value_type = u64)]
    seq: Seq,
    /// The entries.
    items: Vec<InteractionView>,
    /// How many there are on all pages, as far as the filter goes.
    total: usize,
    /// Where the list goes on: the value of `after` for the next page. Absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The caller's inbox
///
/// The caller's interactions and what waits in their queues, with all that a list shows: the customer's name
/// and picture, channel and network, the newest message in short, what is unread, since when the customer
/// waits, until when an answer is possible, labels, priority, and whether there is a draft. An event stream
/// with `include=interaction` carries each change in the same form.
#[utoipa::path(get, operation_id = "listInbox", path = "/inbox", tag = "work", params(Filter),
    responses((status = 200, body = InboxView)))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Answer<InboxView>, Problem> {
    let limit = limit(filter.limit)?;
    let bad_cursor = || {
        let text = "the cursor is not one that the hub gave out for this order";
        Problem::new("bad-cursor", text)
    };
    let after = filter.after.as_deref().map(str::parse::<Cursor>);
    let after = after.transpose().map_err(|()| bad_cursor())?;
    let wanted = Arc::new(Wanted::try_from(filter)?);
    if after
        .as_ref()
        .is_some_and(|after| (after.sort, after.descending) != (wanted.sort, wanted.descending))
    {
        return Err(bad_cursor());
    }
    let (principal, asked) = (caller.0.clone(), Arc::clone(&wanted));
    let (seq, mut rows) = app
        .hub
        .site
        .query(move |state| {
            let sight = Sight::of(&principal, state.config());
            let open = state.open();
            let own = open.filter(|i| asked.matches(state, &sight, &principal, i));
            let rows = own.map(|interaction| Row {
                key: asked.key(state, &principal, interaction),
                id: interaction.id,
                contact: interaction.contact,
            });
            (state.seq(), rows.collect::<Vec<_>>())
        })
        .await?;
    if wanted.sort == Sort::Name {
        for row in &mut rows {
            let person = app.person(row.contact).await?;
            let name = person.and_then(|person| person.display_name);
            row.key = name.map(|name| Key::Text(name.to_lowercase()));
        }
    }
    let total = rows.len();
    rows.sort_unstable_by(|one, other| wanted.order(one, other));
    if let Some(after) = after {
        let place = Row {
            key: after.key,
            id: after.id,
            contact: ContactId::from_bytes([0; 16]),
        };
        rows.retain(|row| wanted.order(&place, row) == Ordering::Less);
    }
    let is_last = rows.len() <= limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| !is_last).map(|row| Cursor {
        sort: wanted.sort,
        descending: wanted.descending,
        key: row.key.clone(),
        id: row.id,
    });
    let principal = caller.0.clone();
    let mut items: Vec<InteractionView> = app
        .hub
        .site
        .query(move |state| {
            let still = rows.iter().filter_map(|row| state.interaction(row.id));
            still
                .map(|interaction| InteractionView::at_desk(state, interaction, &principal))
                .collect()
        })
        .await?;
    for view in &mut items {
        app.add_people(view).await?;
    }
    Ok(Answer(InboxView {
        seq,
        items,
        total,
        next: next.map(|next| next.text()),
    }))
}

impl App {
    /// An interaction as a caller's inbox shows it now, if they see it.
    pub(super) async fn entry(
        &self,
        caller: &Principal,
        id: InteractionId,
    ) -> Result<Option<InteractionView>, Problem> {
        let interaction = match self.interaction(caller, &id.to_string()).await {
            Ok(interaction) => interaction,
            Err(problem) if problem.name() == "not-found" => return Ok(None),
            Err(problem) => return Err(problem),
        };
        let principal = caller.clone();
        let shown =
            move |state: &SiteState| InteractionView::at_desk(state, &interaction, &principal);
        let mut view = self.hub.site.query(shown).await?;
        self.add_people(&mut view).await?;
        Ok(Some(view))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: Option<i64>, id: u64) -> Row {
        Row {
            key: key.map(Key::Number),
            id: InteractionId::derived(id, id),
            contact: ContactId::from_bytes([0; 16]),
        }
    }

    fn wanted(descending: bool) -> Wanted {
        let filter: Filter = serde_json::from_str("{}").unwrap();
        Wanted {
            descending,
            ..Wanted::try_from(filter).unwrap()
        }
    }

    #[test]
    fn what_has_no_key_stands_at_the_end_either_way() {
        for (descending, expected) in [(false, [2, 1, 3, 4]), (true, [1, 2, 3, 4])] {
            let wanted = wanted(descending);
            let mut rows = [row(None, 4), row(Some(9), 1), row(None, 3), row(Some(5), 2)];
            rows.sort_by(|one, other| wanted.order(one, other));
            let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
            assert_eq!(ids, expected.map(|id| InteractionId::derived(id, id)));
        }
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for key in [None, Some(Key::Number(-7)), Some(Key::Text("ä".to_owned()))] {
            let cursor = Cursor {
                sort: Sort::LastMessage,
                descending: true,
                key: key.clone(),
                id: InteractionId::derived(1, 1),
            };
            let read: Cursor = cursor.text().parse().unwrap();
            assert_eq!(
                (read.key, read.id, read.sort),
                (key, cursor.id, cursor.sort)
            );
        }
        assert!("x".parse::<Cursor>().is_err());
    }
}
