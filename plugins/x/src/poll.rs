//! Fetching: mentions, searches and direct messages, each from where the last look ended.
//!
//! One page of one of them is fetched in each call. X gives the newest first and pages back; what a look
//! has not finished goes on in the next call, so that nothing is missed when there was much.

use std::collections::BTreeMap;

use linecard_sdk::actions::{Failure, Timestamp};
use linecard_sdk::connector::{Intake, PollPage};
use linecard_sdk::events::Event;
use linecard_sdk::http::{Call, Request};
use linecard_sdk::ids::digest;
use linecard_sdk::json::Lenient as _;
use linecard_sdk::{log, time};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{self, Answer, url};
use crate::config::{BEARER, Config, millionths};
use crate::lookup::USER_FIELDS;
use crate::payload::value;
use crate::read::{self, Includes, time_of_id};

const POST_FIELDS: &str = "author_id,conversation_id,created_at,referenced_tweets,in_reply_to_user_id,entities,note_tweet,attachments,edit_history_tweet_ids,lang";
const POST_EXPANSIONS: &str = "author_id,attachments.media_keys,referenced_tweets.id";
const MEDIA_FIELDS: &str = "url,preview_image_url,type,variants";
const DM_FIELDS: &str = "dm_conversation_id,created_at,sender_id,attachments,event_type,text";
/// How far back X searches, with an hour to spare, in milliseconds.
const SEARCHED: u64 = 7 * DAY - 3_600_000;
const DAY: u64 = 24 * 3_600_000;
/// The least time between two looks at direct messages: 15 are allowed in 15 minutes.
const DMS_EVERY: u64 = 60_000;

/// What is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stream {
    Mentions,
    Search(String),
    Messages,
}

impl Stream {
    fn all(config: &Config) -> Vec<Self> {
        let mut all = Vec::new();
        if config.mentions {
            all.push(Self::Mentions);
        }
        all.extend(config.searches.iter().cloned().map(Self::Search));
        if config.direct_messages {
            all.push(Self::Messages);
        }
        all
    }

    /// Its place in the cursor: a search is named by a hash, because the cursor is bounded.
    fn name(&self) -> String {
        match self {
            Self::Mentions => "mentions".to_owned(),
            Self::Search(query) => format!("search:{}", digest(&[query])),
            Self::Messages => "messages".to_owned(),
        }
    }

    /// What it is, for people.
    fn title(&self) -> String {
        match self {
            Self::Mentions => "mentions".to_owned(),
            Self::Search(query) => format!("search \"{query}\""),
            Self::Messages => "direct messages".to_owned(),
        }
    }
}

/// Where the next call goes on.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    /// How far each stream is.
    streams: BTreeMap<String, Place>,
    /// Which stream is next.
    turn: usize,
    /// What was fetched in this look.
    fetched: usize,
    /// The UTC day, counted from 1970, and what was fetched in it.
    day: (u64, u64),
}

/// How far a stream is.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    /// The newest that an earlier look has seen: everything up to it was fetched.
    since: Option<String>,
    /// The page on which the look at hand goes on.
    page: Option<String>,
    /// The newest that the look at hand has seen.
    newest: Option<String>,
    /// When the look at hand began.
    at: Timestamp,
}

/// Fetches the next page.
pub fn poll(config: &Config, cursor: &[u8]) -> Result<PollPage, Failure> {
    let every = config.poll_every_seconds.saturating_mul(1000);
    let streams = Stream::all(config);
    // A cursor of another form begins again; what comes twice is taken once.
    let mut cursor: Cursor = serde_json::from_slice(cursor).unwrap_or_default();
    let now = time::now();
    if cursor.day.0 != now / DAY {
        cursor.day = (now / DAY, 0);
    }
    if config
        .posts_per_day
        .is_some_and(|most| cursor.day.1 >= most)
    {
        let tomorrow = (now / DAY + 1) * DAY;
        return Ok(page(Vec::new(), &cursor, tomorrow.saturating_sub(now)));
    }
    cursor
        .streams
        .retain(|name, _| streams.iter().any(|s| s.name() == *name));
    let Some(stream) = streams.get(cursor.turn) else {
        cursor.turn = 0;
        cursor.fetched = 0;
        let pause = if streams.is_empty() { DAY } else { every };
        return Ok(page(Vec::new(), &cursor, pause));
    };
    let mut place = cursor
        .streams
        .get(&stream.name())
        .cloned()
        .unwrap_or_default();
    let too_soon = *stream == Stream::Messages && now.saturating_sub(place.at) < DMS_EVERY;
    if place.page.is_none() && too_soon {
        cursor.turn += 1;
        return Ok(page(Vec::new(), &cursor, 0));
    }
    if place.page.is_none() {
        place.at = now;
    }
    let got = match fetch(config, stream, &place, now) {
        Ok(got) => got,
        // A page that X has forgotten: the look begins again, and what comes twice is taken once.
        Err(Failure::Rejected(_) | Failure::Gone(_)) if place.page.is_some() => {
            cursor.streams.entry(stream.name()).or_default().page = None;
            return Ok(page(Vec::new(), &cursor, 1_000));
        }
        // One search that X refuses does not keep the others waiting.
        Err(Failure::Rejected(reason)) if streams.len() > 1 => {
            log::error(format!(
                "X refuses to give the {}: {} ({})",
                stream.title(),
                reason.text,
                reason.code
            ));
            cursor.turn += 1;
            return Ok(page(Vec::new(), &cursor, 0));
        }
        Err(failure) => return Err(failure),
    };
    place.newest = newest(place.newest.take(), got.newest);
    place.page = got.next;
    if place.page.is_none() {
        place.since = newest(place.since.take(), place.newest.take());
        cursor.turn += 1;
    }
    cursor.fetched += got.count;
    cursor.day.1 += got.count as u64;
    cursor.streams.insert(stream.name(), place);
    let enough = cursor.fetched >= config.posts_per_poll;
    let pause = if enough {
        cursor.fetched = 0;
        every
    } else {
        0
    };
    Ok(page(got.events, &cursor, pause).cost(got.cost))
}

fn page(events: Vec<Event>, cursor: &Cursor, next_in_ms: u64) -> PollPage {
    // A cursor of texts and numbers always serializes.
    PollPage::new(
        events,
        serde_json::to_vec(cursor).unwrap_or_default(),
        next_in_ms,
    )
}

/// The newer of two ids: numbers of up to twenty digits.
fn newest(a: Option<String>, b: Option<String>) -> Option<String> {
    [a, b]
        .into_iter()
        .flatten()
        .max_by(|a, b| (a.len(), a).cmp(&(b.len(), b)))
}

fn is_after(id: &str, since: &str) -> bool {
    (id.len(), id) > (since.len(), since)
}

struct Got {
    events: Vec<Event>,
    count: usize,
    newest: Option<String>,
    next: Option<String>,
    cost: u64,
}

fn fetch(config: &Config, stream: &Stream, place: &Place, now: Timestamp) -> Result<Got, Failure> {
    let first = place
        .at
        .saturating_sub(config.first_hours.saturating_mul(3_600_000));
    let since = place.since.as_deref();
    let mut query: Vec<(&str, String)> = vec![("user.fields", USER_FIELDS.to_owned())];
    let path: Vec<&str> = match stream {
        Stream::Messages => {
            query.push(("dm_event.fields", DM_FIELDS.to_owned()));
            query.push(("expansions", "sender_id,attachments.media_keys".to_owned()));
            vec!["dm_events"]
        }
        Stream::Mentions | Stream::Search(_) => {
            query.push(("tweet.fields", POST_FIELDS.to_owned()));
            query.push(("expansions", POST_EXPANSIONS.to_owned()));
            // X refuses to search after a post that is older than it searches.
            let old = since
                .and_then(time_of_id)
                .is_some_and(|at| at < now.saturating_sub(SEARCHED));
            match since {
                Some(id) if !old => query.push(("since_id", id.to_owned())),
                known => {
                    let from = if known.is_some() {
                        now.saturating_sub(SEARCHED)
                    } else {
                        first
                    };
                    query.push(("start_time", time::rfc3339(from)));
                }
            }
            if let Stream::Search(words) = stream {
                query.push(("query", words.clone()));
                vec!["tweets", "search", "recent"]
            } else {
                vec!["users", &config.user_id, "mentions"]
            }
        }
    };
    query.push(("media.fields", MEDIA_FIELDS.to_owned()));
    let most = config.posts_per_poll.clamp(10, 100);
    query.push(("max_results", most.to_string()));
    if let Some(page) = &place.page {
        query.push(("pagination_token", page.clone()));
    }
    let query: Vec<(&str, &str)> = query
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let auth = match stream {
        Stream::Search(_) if config.search_as_app => BEARER,
        _ => config.user(),
    };
    let request = Request::get(url(config, &path, &query));
    let answer = api::call(request, auth, Call::Repeatable)?;
    Ok(sort(config, stream, since, first, &answer))
}

/// What a page holds, oldest first.
fn sort(
    config: &Config,
    stream: &Stream,
    since: Option<&str>,
    first: Timestamp,
    answer: &Answer,
) -> Got {
    let body = &answer.body;
    let includes = Includes(body.get("includes").unwrap_or(&Value::Null));
    let parts = answer.content.part().list("data");
    let mut next = body.text_at(&["meta", "next_token"]);
    let prices = &config.prices;
    let mut intake = Intake::new();
    let now = intake.now();
    let mut known = 0;
    let mut ids = Vec::new();
    for part in parts.iter().rev() {
        let one = value(*part);
        let id = one.word("id").unwrap_or("");
        // An id that is none, or of a time that is yet to come, would hide what comes after it.
        ids.extend(one.text("id").filter(|id| {
            let soon = now.saturating_add(DAY);
            time_of_id(id).is_some_and(|at| at <= soon)
        }));
        if *stream == Stream::Messages {
            // Direct messages cannot be asked for from one on: what is known ends the look.
            let is_new = match since {
                Some(since) => is_after(id, since),
                None => time_of_id(id).is_none_or(|at| at >= first),
            };
            if is_new {
                intake.read("message", *part, |_, _| {
                    let event = read::direct_message(config, &one, includes);
                    Ok(vec![event.ok_or("it has no id")?])
                });
            } else {
                known += 1;
            }
        } else {
            intake.read("post", *part, |_, _| {
                let events = read::post(config, &one, includes);
                if events.is_empty() {
                    return Err("it has no id");
                }
                Ok(events)
            });
        }
    }
    if known > 0 {
        next = None;
    }
    let newest = ids
        .into_iter()
        .max_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    let users = includes.0.list("users").len();
    let each = match stream {
        Stream::Messages => prices.message_read,
        Stream::Mentions => prices.mention_read,
        Stream::Search(_) => prices.post_read,
    };
    let cost =
        millionths(parts.len() - known, each).saturating_add(millionths(users, prices.user_read));
    Got {
        events: intake.events(),
        count: parts.len() - known,
        newest,
        next,
        cost,
    }
}
