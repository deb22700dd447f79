//! Polling: mentions, searches and direct messages, page by page.

use std::collections::BTreeMap;

use linecard_sdk::actions::Failure;
use linecard_sdk::connector::PollPage;
use linecard_sdk::events::{Event, Timestamp};
use linecard_sdk::http::{Call, Request};
use linecard_sdk::time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::api;
use crate::config::{BEARER, Config};
use crate::direct;
use crate::fields::{id, text, time_of_id};
use crate::legacy;
use crate::people::USER_FIELDS;
use crate::posts::{Included, MEDIA_FIELDS, Post, QUERY};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
/// Recent search goes back seven days; a minute less, for clocks that differ.
const SEARCH_REACH: u64 = 7 * 24 * HOUR - MINUTE;
/// The most posts or messages of a page.
const PAGE: u64 = 100;

/// Where polling goes on.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// When the first look was, less how far it goes back.
    from: Timestamp,
    /// The streams by their names.
    streams: BTreeMap<String, Stream>,
    /// The stream whose turn it is; the first if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    turn: Option<String>,
    /// How many posts and messages this look has given.
    #[serde(default)]
    taken: u64,
}

/// How far one stream has come. X gives the newest first.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stream {
    /// The newest id of the last look that came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// The newest id of this look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newest: Option<String>,
    /// The next page of this look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default, borrow)]
    data: Vec<&'a RawValue>,
}

/// One page. A cursor that cannot be read starts anew: the host knows what it has.
pub fn poll(config: &Config, cursor: &[u8]) -> Result<PollPage, Failure> {
    let every = config.poll_every_minutes.max(1).saturating_mul(MINUTE);
    let names = names(config);
    let Some(first) = names.first().filter(|_| config.poll) else {
        return Ok(PollPage::new(Vec::new(), cursor, every));
    };
    let mut cursor = serde_json::from_slice::<Cursor>(cursor).unwrap_or_else(|_| Cursor {
        from: time::now().saturating_sub(config.poll_first_hours.saturating_mul(HOUR)),
        ..Cursor::default()
    });
    // What is no longer asked for is forgotten.
    cursor.streams.retain(|name, _| names.contains(name));
    let place = cursor
        .turn
        .as_ref()
        .and_then(|turn| names.iter().position(|name| name == turn))
        .unwrap_or(0);
    let name = names.get(place).unwrap_or(first);
    let mut stream = cursor.streams.remove(name).unwrap_or_default();
    let fetched = fetch(config, name, &stream, cursor.from);
    let (events, count, cost) = match fetched {
        Ok(fetched) => {
            stream.newest = stream.newest.or(fetched.newest);
            stream.token = fetched.token;
            (fetched.events, fetched.count, fetched.cost)
        }
        // A page's token does not live for ever: then this look starts again.
        Err(Failure::Rejected(_)) if stream.token.is_some() => {
            stream.token = None;
            cursor.streams.insert(name.clone(), stream);
            return page(&cursor, Vec::new(), every, 0);
        }
        Err(failure) => return Err(failure),
    };
    cursor.taken = cursor.taken.saturating_add(count);
    let is_whole = stream.token.is_none();
    if is_whole && let Some(newest) = stream.newest.take() {
        stream.since = Some(newest);
    }
    cursor.streams.insert(name.clone(), stream);
    cursor.turn = if is_whole {
        names.get(place + 1).cloned()
    } else {
        Some(name.clone())
    };
    let is_done = cursor.turn.is_none() || cursor.taken >= config.poll_posts;
    if is_done {
        cursor.taken = 0;
    }
    page(&cursor, events, if is_done { every } else { 0 }, cost)
}

fn page(
    cursor: &Cursor,
    events: Vec<Event>,
    next_in_ms: u64,
    cost: u64,
) -> Result<PollPage, Failure> {
    let cursor = serde_json::to_vec(cursor)
        .map_err(|error| Failure::Transient(format!("the cursor cannot be written: {error}")))?;
    Ok(PollPage::new(events, cursor, next_in_ms).cost(cost))
}

/// The streams' names, in the order of their turns.
fn names(config: &Config) -> Vec<String> {
    let usual = [
        (config.mentions, "mentions"),
        (config.direct_messages, "direct"),
    ];
    let usual = usual.into_iter().filter(|(wanted, _)| *wanted);
    let searches = config
        .searches
        .iter()
        .map(|query| format!("search {query}"));
    let mut names: Vec<String> = usual
        .map(|(_, name)| name.to_owned())
        .chain(searches)
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

struct Fetched {
    events: Vec<Event>,
    newest: Option<String>,
    token: Option<String>,
    count: u64,
    cost: u64,
}

fn fetch(
    config: &Config,
    name: &str,
    stream: &Stream,
    from: Timestamp,
) -> Result<Fetched, Failure> {
    let (request, secret) = match name.strip_prefix("search ") {
        Some(query) => search(config, query, stream, from),
        None if name == "direct" => direct_messages(config, stream),
        None => mentions(config, stream, from),
    };
    let (answer, text_of_answer) = api::answer(request, secret, Call::Repeatable)?;
    let included = Included::new(answer.get("includes"));
    let raws = serde_json::from_str::<Page<'_>>(&text_of_answer).map(|page| page.data);
    let count = raws.as_ref().map_or(0, Vec::len) as u64;
    let mut found = Found {
        config,
        included,
        oldest: stream.since.as_deref().and_then(number),
        from,
        events: Vec::new(),
        newest: None,
        is_past: false,
    };
    for raw in raws.unwrap_or_default() {
        if name == "direct" {
            found.message(raw.get());
        } else {
            found.post(raw.get());
        }
    }
    // Newest first, by X; the host wants the oldest first.
    found.events.reverse();
    let price = if name == "direct" {
        config.prices.dm_read
    } else {
        config.prices.post_read
    };
    let token = text(&answer, "/meta/next_token").filter(|_| !found.is_past);
    Ok(Fetched {
        events: found.events.into_iter().flatten().collect(),
        newest: found.newest.map(|id| id.to_string()),
        token,
        count,
        cost: count.saturating_mul(price),
    })
}

fn number(id: &str) -> Option<u64> {
    id.parse().ok()
}

/// What a page gave so far.
struct Found<'a> {
    config: &'a Config,
    included: Included,
    oldest: Option<u64>,
    from: Timestamp,
    /// The events of each element, together.
    events: Vec<Vec<Event>>,
    newest: Option<u64>,
    /// Whether the page goes back past what was wanted.
    is_past: bool,
}

impl Found<'_> {
    fn note(&mut self, value: &Value) {
        let id = id(value, "/id").as_deref().and_then(number);
        self.newest = self.newest.max(id);
    }

    fn post(&mut self, raw: &str) {
        let value: Value = serde_json::from_str(raw).unwrap_or_default();
        self.note(&value);
        let events = Post::read(self.config, &value, &self.included).map_or_else(
            || vec![legacy::other("post", raw)],
            |post| post.events(self.config, &self.included.people, raw),
        );
        self.events.push(events);
    }

    /// Direct messages take no `since_id`: a page that reaches what is known is the last.
    fn message(&mut self, raw: &str) {
        let value: Value = serde_json::from_str(raw).unwrap_or_default();
        let known = id(&value, "/id").is_some_and(|id| match self.oldest {
            Some(oldest) => number(&id).is_some_and(|id| id <= oldest),
            None => time_of_id(&id).is_some_and(|time| time < self.from),
        });
        if known {
            self.is_past = true;
            return;
        }
        self.note(&value);
        let event = direct::polled(self.config, &value, &self.included, raw);
        self.events.push(vec![
            event.unwrap_or_else(|| legacy::other("direct message", raw)),
        ]);
    }
}

fn mentions(config: &Config, stream: &Stream, from: Timestamp) -> (Request, &'static str) {
    let url = config.url(&["users", &config.user_id, "mentions"]);
    (
        posts(url, stream, from, "pagination_token"),
        config.secret(),
    )
}

fn search(
    config: &Config,
    query: &str,
    stream: &Stream,
    from: Timestamp,
) -> (Request, &'static str) {
    let reach = time::now().saturating_sub(SEARCH_REACH);
    // X refuses an id that is older than its search goes back.
    let since = stream
        .since
        .clone()
        .filter(|id| time_of_id(id).is_some_and(|time| time > reach));
    let stream = Stream {
        since,
        newest: None,
        token: stream.token.clone(),
    };
    let url = config.url(&["tweets", "search", "recent"]);
    let request = posts(url, &stream, from.max(reach), "next_token")
        .query([("query", format!("({query}) -is:retweet"))]);
    let secret = if config.search_with_bearer {
        BEARER
    } else {
        config.secret()
    };
    (request, secret)
}

fn posts(url: String, stream: &Stream, from: Timestamp, token: &str) -> Request {
    let request = Request::get(url)
        .query(QUERY)
        .query([("max_results", PAGE.to_string())]);
    let request = match &stream.since {
        Some(since) => request.query([("since_id", since)]),
        // X takes whole seconds.
        None => request.query([("start_time", time::rfc3339(from / 1000 * 1000))]),
    };
    match &stream.token {
        Some(value) => request.query([(token, value)]),
        None => request,
    }
}

fn direct_messages(config: &Config, stream: &Stream) -> (Request, &'static str) {
    let request = Request::get(config.url(&["dm_events"])).query([
        (
            "dm_event.fields",
            "id,event_type,text,sender_id,dm_conversation_id,created_at,attachments,referenced_tweets,participant_ids",
        ),
        ("expansions", "sender_id,attachments.media_keys"),
        ("user.fields", USER_FIELDS),
        ("media.fields", MEDIA_FIELDS),
        ("max_results", "100"),
    ]);
    let request = match &stream.token {
        Some(token) => request.query([("pagination_token", token)]),
        None => request,
    };
    (request, config.secret())
}
