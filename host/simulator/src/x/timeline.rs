//! Lists of posts in pages: mentions, a user's posts, recent search.

use serde_json::{Value, json};

use super::X;
use super::api::Call;
use super::errors::XError;
use super::query;
use super::read::{id_of, list};
use super::state::{Post, State, oldest_id_at};

/// How far back recent search goes.
const SEARCH_MS: i64 = 7 * 24 * 60 * 60 * 1000;

fn moment(call: &Call, name: &str) -> Result<Option<i64>, XError> {
    let Some(text) = call.parameter(name) else {
        return Ok(None);
    };
    text.parse::<jiff::Timestamp>()
        .map(|time| Some(time.as_millisecond()))
        .map_err(|error| XError::invalid(name, text, error.to_string()))
}

/// `max_results` within its bounds.
pub(crate) fn size(
    call: &Call,
    bounds: std::ops::RangeInclusive<usize>,
    usual: usize,
) -> Result<usize, XError> {
    let Some(text) = call.parameter("max_results") else {
        return Ok(usual);
    };
    text.parse()
        .ok()
        .filter(|size| bounds.contains(size))
        .ok_or_else(|| {
            XError::invalid(
                "max_results",
                text,
                format!(
                    "The `max_results` query parameter value [{text}] is not between {} and {}",
                    bounds.start(),
                    bounds.end()
                ),
            )
        })
}

/// The id before which a page starts, from its token.
pub(crate) fn page(call: &Call) -> Result<u64, XError> {
    let Some(token) = call
        .parameter("pagination_token")
        .or(call.parameter("next_token"))
    else {
        return Ok(u64::MAX);
    };
    token
        .strip_prefix('b')
        .and_then(|id| u64::from_str_radix(id, 36).ok())
        .ok_or_else(|| {
            XError::invalid(
                "pagination_token",
                token,
                "The `pagination_token` query parameter value is not valid",
            )
        })
}

/// The token of the page that starts before an id.
pub(crate) fn token(mut id: u64) -> String {
    let mut digits = Vec::new();
    while id > 0 {
        let digit = u32::try_from(id % 36).unwrap_or_default();
        digits.extend(char::from_digit(digit, 36));
        id /= 36;
    }
    std::iter::once('b')
        .chain(digits.into_iter().rev())
        .collect()
}

fn answer(
    x: &X,
    state: &State,
    call: &Call,
    bounds: std::ops::RangeInclusive<usize>,
    oldest: u64,
    fits: impl Fn(&Post) -> bool,
) -> Result<Value, XError> {
    let size = size(call, bounds, 10)?;
    let bound =
        |name: &str, usual: u64| call.parameter(name).map_or(Ok(usual), |id| id_of(name, id));
    let since = bound("since_id", 0)?;
    let until = bound("until_id", u64::MAX)?.min(page(call)?);
    let start = moment(call, "start_time")?.unwrap_or(i64::MIN);
    let end = moment(call, "end_time")?.unwrap_or(i64::MAX);
    let mut found: Vec<&Post> = state
        .posts
        .range(..until)
        .rev()
        .map(|(_, post)| post)
        .filter(|post| post.id > since && post.id >= oldest && !post.gone)
        .filter(|post| post.created_ms >= start && post.created_ms < end && fits(post))
        .take(size + 1)
        .collect();
    let more = found.len() > size;
    found.truncate(size);
    let mut meta = json!({ "result_count": found.len() });
    if let (Some(newest), Some(oldest), Value::Object(members)) =
        (found.first(), found.last(), &mut meta)
    {
        members.insert("newest_id".to_owned(), json!(newest.id.to_string()));
        members.insert("oldest_id".to_owned(), json!(oldest.id.to_string()));
        if more {
            members.insert("next_token".to_owned(), json!(token(oldest.id)));
        }
    }
    let mut answer = list(x, state, &found, call, Vec::new());
    answer.insert("meta".to_owned(), meta);
    Ok(Value::Object(answer))
}

/// `GET /2/users/:id/mentions`.
pub(crate) fn mentions(x: &X, id: &str, call: &Call) -> Result<Value, XError> {
    id_of("id", id)?;
    let state = x.state();
    let Some(user) = state.users.get(id).cloned() else {
        return Ok(json!({ "errors": [super::errors::missing("user", "id", id)] }));
    };
    let fits =
        |post: &Post| post.author != id && post.reposts.is_none() && state.concerns(post, &user);
    answer(x, &state, call, 5..=100, 0, fits)
}

/// `GET /2/users/:id/tweets`.
pub(crate) fn of_user(x: &X, id: &str, call: &Call) -> Result<Value, XError> {
    id_of("id", id)?;
    let state = x.state();
    answer(x, &state, call, 5..=100, 0, |post| post.author == id)
}

/// `GET /2/tweets/search/recent`.
pub(crate) fn search(x: &X, call: &Call) -> Result<Value, XError> {
    let text = call.parameter("query").unwrap_or_default();
    let query = query::parse(text).map_err(|problem| XError::invalid("query", text, problem))?;
    let oldest = oldest_id_at(x.world.clock.now_ms() - SEARCH_MS);
    if let Some(since) = call.parameter("since_id")
        && id_of("since_id", since)? < oldest
    {
        return Err(XError::invalid(
            "since_id",
            since,
            format!(
                "'since_id' must be a tweet id created after [{oldest}]. Please use a 'since_id' that is larger than {oldest}"
            ),
        ));
    }
    let state = x.state();
    answer(x, &state, call, 10..=100, oldest, |post| {
        query.matches(&state, post)
    })
}
