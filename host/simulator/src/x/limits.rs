//! How often each kind of call may be made, counted in fixed windows as X does.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::auth::Caller;
use super::errors::XError;
use super::options::XOptions;

const WINDOW_S: i64 = 15 * 60;
const DAY_S: i64 = 24 * 60 * 60;

/// Calls in 15 minutes: for a user and for the app alone, as documented.
fn documented(operation: &str) -> Option<(u32, u32)> {
    Some(match operation {
        "post" => (100, 0),
        "delete" | "like" | "repost" | "follow" | "hide" => (50, 0),
        "dm" | "dm_events" => (15, 0),
        "mentions" | "search" => (300, 450),
        "me" => (75, 0),
        "user" | "tweets" => (900, 300),
        "upload" => (500, 50_000),
        _ => return None,
    })
}

/// Calls in 24 hours, with the word in the header's name.
fn documented_daily(operation: &str) -> Option<(u32, &'static str)> {
    Some(match operation {
        "post" => (10_000, "app"),
        "like" => (1_000, "user"),
        "dm" => (1_440, "user"),
        _ => return None,
    })
}

#[derive(Debug, Default, Clone, Copy)]
struct Window {
    ends_s: i64,
    used: u32,
}

/// The windows that are open.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    windows: Mutex<BTreeMap<(&'static str, bool, bool), Window>>,
}

impl Limits {
    /// Counts a call. The headers belong on its answer, whatever that is.
    pub(crate) fn count(
        &self,
        options: &XOptions,
        operation: &'static str,
        caller: Caller,
    ) -> (HeaderMap, Result<(), XError>) {
        let mut headers = HeaderMap::new();
        let app = caller == Caller::App;
        let mut spent = false;
        let usual = documented(operation).map(|(user, alone)| if app { alone } else { user });
        let limit = options.limits.get(operation).copied().or(usual);
        if let Some(limit) =
            limit.filter(|limit| *limit > 0 || options.limits.contains_key(operation))
        {
            let window = self.step(options, (operation, app, false), WINDOW_S);
            spent |= window.used > limit;
            put(&mut headers, "x-rate-limit", limit, window);
        }
        let daily = documented_daily(operation);
        let changed = options.daily_limits.get(operation).copied();
        if let Some((limit, whose)) = changed
            .map(|limit| (limit, daily.map_or("user", |(_, whose)| whose)))
            .or(daily)
        {
            let window = self.step(options, (operation, app, true), DAY_S);
            spent |= window.used > limit;
            put(
                &mut headers,
                &format!("x-{whose}-limit-24hour"),
                limit,
                window,
            );
        }
        let verdict = if spent {
            Err(XError::too_many_requests())
        } else {
            Ok(())
        };
        (headers, verdict)
    }

    fn step(&self, options: &XOptions, key: (&'static str, bool, bool), length_s: i64) -> Window {
        let now_s = options.clock.now_ms() / 1000;
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(key).or_default();
        if window.ends_s <= now_s {
            *window = Window {
                ends_s: now_s + length_s,
                used: 0,
            };
        }
        window.used = window.used.saturating_add(1);
        *window
    }
}

fn put(headers: &mut HeaderMap, prefix: &str, limit: u32, window: Window) {
    let remaining = limit.saturating_sub(window.used);
    for (name, value) in [
        ("limit", i64::from(limit)),
        ("remaining", i64::from(remaining)),
        ("reset", window.ends_s),
    ] {
        if let Ok(name) = HeaderName::try_from(format!("{prefix}-{name}")) {
            headers.insert(name, HeaderValue::from(value));
        }
    }
}
