//! One attempt to tell one event to one endpoint.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use linecard_model::event::{Event, Record, Seq};
use linecard_model::{ChannelId, Timestamp};
use linecard_sandbox::{ChannelContext, HttpBody, HttpError, HttpRequest};
use linecard_store::StoreError;
use linecard_store::content::joined;
use serde::{Deserialize, Serialize};

use crate::Inner;
use crate::endpoint::{Endpoint, grants};

/// How long a receiver may take for its whole answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// The greatest answer that is read: nobody needs more than its status.
const LONGEST_ANSWER: u64 = 64 << 10;
/// How much of a reason is kept, in characters.
const LONGEST_REASON: usize = 100;
/// The longest wait between two attempts, also where the receiver asks for more.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(6 * 60 * 60);

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptOutcome {
    /// The receiver took it.
    Delivered,
    /// It did not, and is asked again.
    Failed,
    /// It did not, and is not asked again: the event is a dead letter.
    GivenUp,
    /// It said that there is nobody any more (410): the endpoint is disabled.
    Gone,
}

/// An attempt that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The number of the event.
    pub seq: Seq,
    /// What the receiver knows it by: the header `webhook-id`.
    pub id: String,
    /// The kind of event.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Which attempt it was; 1 is the first.
    pub attempt: u32,
    /// What became of it.
    pub outcome: AttemptOutcome,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Why it failed.
    pub reason: Option<String>,
}

/// An event as it is read again for each attempt: so nothing is sent that was erased meanwhile.
pub(crate) struct Found {
    pub at: Timestamp,
    pub event: Event,
}

/// How an attempt ended.
pub(crate) enum Ended {
    /// With an answer, or without one.
    Tried(Box<Tried>),
    /// The journal has forgotten the event.
    Forgotten,
    /// It was not made: the store cannot be read.
    Unreadable(StoreError),
}

/// An attempt that was made.
pub(crate) struct Tried {
    pub id: String,
    pub kind: &'static str,
    pub at: Timestamp,
    pub took: Duration,
    /// The status, or why there is none.
    pub answer: Result<u16, String>,
    /// For how long the receiver wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// What the receiver knows an event by: the same at each attempt, and another one for another event, also
/// after an older backup was put back.
fn message_id(seq: Seq, at: Timestamp) -> String {
    format!("evt_{seq}_{:x}", at.as_millisecond())
}

/// Reads an event of the journal, without what it tells of people.
pub(crate) async fn find(inner: &Inner, seq: Seq) -> Result<Option<Found>, StoreError> {
    let Some(before) = seq.checked_sub(1) else {
        return Ok(None);
    };
    let records = inner.store.journal(inner.site.id(), before, 1).await?;
    Ok(records.into_iter().next().and_then(|record| {
        let at = record.at;
        let index = usize::try_from(seq.checked_sub(record.first_seq)?).ok()?;
        let event = record.events.into_iter().nth(index)?;
        Some(Found { at, event })
    }))
}

/// Makes an attempt.
pub(crate) async fn attempt(inner: &Inner, endpoint: &Endpoint, name: &str, seq: Seq) -> Ended {
    let Found { at, event } = match find(inner, seq).await {
        Ok(Some(found)) => found,
        Ok(None) => return Ended::Forgotten,
        Err(fault) => return Ended::Unreadable(fault),
    };
    let record = Record {
        first_seq: seq,
        at,
        events: vec![event],
    };
    let whole = match joined(inner.store.as_ref(), inner.site.id(), record).await {
        Ok(whole) => whole,
        Err(fault) => return Ended::Unreadable(fault),
    };
    let Some(event) = whole.events.first() else {
        return Ended::Forgotten;
    };
    let body = (inner.shape.payload)(seq, at, event);
    let (id, kind, began) = (message_id(seq, at), event.name(), Instant::now());
    let now = Timestamp::now();
    let sent = send(inner, endpoint, name, &id, now, body).await;
    let (answer, retry_after) = match sent {
        Ok((status, retry_after)) => (Ok(status), retry_after),
        Err(reason) => (Err(reason), None),
    };
    Ended::Tried(Box::new(Tried {
        id,
        kind,
        at: now,
        took: began.elapsed(),
        answer,
        retry_after,
    }))
}

async fn send(
    inner: &Inner,
    endpoint: &Endpoint,
    name: &str,
    id: &str,
    now: Timestamp,
    body: String,
) -> Result<(u16, Option<Duration>), String> {
    // What an operator allows may have changed since the endpoint was set up.
    let granted = grants(&endpoint.url, &inner.options.hosts)?;
    let signature = endpoint.secrets.sign(id, now, body.as_bytes());
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let seconds = now.as_second().to_string();
    for (header, value) in [(ID, id), (TIMESTAMP, &seconds), (SIGNATURE, &signature)] {
        let value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
        headers.insert(header, value);
    }
    let request = HttpRequest {
        method: Method::POST,
        url: endpoint.url.clone(),
        headers,
        body: HttpBody::Bytes(body.into()),
        auth: None,
        key_place: None,
        url_secret: None,
        query_secret: None,
        timeout: PATIENCE,
        store_body: false,
        max_body: LONGEST_ANSWER,
        max_media: 0,
    };
    let channel = ChannelId::new(name).map_err(|error| error.to_string())?;
    let mut context = ChannelContext::new(channel, "{}", Arc::clone(&inner.http));
    context.grants = Arc::new(granted);
    let answer = inner.http.send(request, &context).await;
    let answer = answer.map_err(|error| told(&error))?;
    let wait = answer
        .headers
        .iter()
        .find(|(n, _)| *n == RETRY_AFTER.as_str());
    // A date is of no use to a machine whose clock may be another.
    let wait = wait.and_then(|(_, value)| value.trim().parse().ok());
    Ok((answer.status, wait.map(Duration::from_secs)))
}

fn told(error: &HttpError) -> String {
    shortened(&error.to_string())
}

pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_REASON).collect()
}

/// After how long something is tried again that has been tried so often: each time four times as long, and
/// by up to a fifth more or less, so that what failed together does not come back together.
pub(crate) fn wait(first: Duration, attempts: u32, asked_for: Option<Duration>) -> Duration {
    let factor = 4_u32.saturating_pow(attempts.saturating_sub(1));
    let usual = first.saturating_mul(factor).min(LONGEST_WAIT);
    let usual = usual.mul_f64(0.8 + 0.4 * fastrand::f64());
    usual.max(asked_for.unwrap_or_default().min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_longer_than_the_one_before_and_none_too_long() {
        let first = Duration::from_secs(5);
        for _ in 0..100 {
            let mut before = Duration::ZERO;
            for attempts in 1..=7 {
                let now = wait(first, attempts, None);
                assert!(now > before, "{attempts}: {now:?} after {before:?}");
                before = now;
            }
            let longest = LONGEST_WAIT.mul_f64(1.2);
            assert!(wait(first, u32::MAX, None) <= longest);
            assert!(wait(Duration::MAX, 9, Some(Duration::MAX)) <= longest);
        }
        let asked = Duration::from_secs(60);
        assert_eq!(wait(first, 1, Some(asked)), asked);
    }

    #[test]
    fn an_event_has_one_id_that_no_other_event_has() {
        let (now, later) = (
            Timestamp::from_second(7).unwrap(),
            Timestamp::from_second(8).unwrap(),
        );
        assert_eq!(message_id(3, now), message_id(3, now));
        assert_ne!(message_id(3, now), message_id(3, later));
        // The signed text puts dots between its parts.
        assert!(!message_id(3, now).contains('.'));
    }
}
