//! When an event recurs.

use chrono::{Datelike as _, NaiveDate, TimeZone as _, Timelike as _};
use jiff::ToSpan as _;
use jiff::civil::{DateTime, Time};
use rrule::{RRule, Tz, Unvalidated};

use super::events::{Point, date, too_many};
use super::lines::{Property, Wrong};

/// The ways of recurring that hours have.
const KINDS: [&str; 4] = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"];

/// Each time that a rule names, the first included. A rule without an end is refused.
pub(super) fn points(rule: &Property, start: &Point, most: usize) -> Result<Vec<Point>, Wrong> {
    let wrong = |text: String| Wrong::new(rule.line, text);
    let mut pieces = Vec::new();
    let mut end = None;
    let mut is_counted = false;
    for piece in rule
        .value
        .split(';')
        .filter(|piece| !piece.trim().is_empty())
    {
        let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
        match key.trim().to_ascii_uppercase().as_str() {
            "UNTIL" => end = Some(until(value.trim()).ok_or_else(|| {
                wrong(format!("UNTIL is no day such as 20301224 and no time such as 20301224T235959Z: \"{value}\""))
            })?),
            "FREQ" if !KINDS.contains(&value.trim().to_ascii_uppercase().as_str()) => {
                let text = format!("opening hours do not recur {value}: there are {}", KINDS.join(", "));
                return Err(wrong(text));
            }
            key => {
                is_counted |= key == "COUNT";
                pieces.push(piece);
            }
        }
    }
    if end.is_none() && !is_counted {
        return Err(wrong(
            "the rule has no end: add UNTIL or COUNT to it, or write it as a special day that comes each year or month, such as \"12-25\" or \"last monday of may\"".to_owned(),
        ));
    }
    let unreadable = |error: rrule::RRuleError| wrong(format!("the rule cannot be read: {error}"));
    let parsed: RRule<Unvalidated> = pieces.join(";").parse().map_err(unreadable)?;
    // Recurring is a matter of what the clocks show: what moment that is in a zone is found afterwards.
    let mut set = parsed
        .build(shown(start.shown).ok_or_else(|| wrong("the event begins too far away".to_owned()))?)
        .map_err(unreadable)?;
    if let Some(end) = &end
        && let Ok(far) = end.shown.checked_add(2.days())
        && let Some(far) = shown(far)
    {
        set = set.before(far);
    }
    let limit = u16::try_from(most + 1).unwrap_or(u16::MAX);
    let found = set.all(limit);
    let is_in = |point: &Point| match &end {
        None => true,
        Some(end) if end.is_utc && !start.is_day => {
            let end = end.shown.to_zoned(jiff::tz::TimeZone::UTC).ok();
            end.is_some_and(|end| point.moment().is_some_and(|at| at <= end.timestamp()))
        }
        Some(end) => point.shown <= end.shown,
    };
    let clocks = found.dates.iter().filter_map(|date| {
        let part = |number: u32| i8::try_from(number).ok();
        let year = i16::try_from(date.year()).ok()?;
        let (month, day) = (part(date.month())?, part(date.day())?);
        let (hour, minute, second) = (
            part(date.hour())?,
            part(date.minute())?,
            part(date.second())?,
        );
        DateTime::new(year, month, day, hour, minute, second, 0).ok()
    });
    let points: Vec<Point> = clocks.map(|shown| start.at(shown)).filter(is_in).collect();
    if points.len() > most {
        return Err(too_many(rule.line, most));
    }
    if points.is_empty() {
        return Err(wrong(
            "the rule names no day at all: correct it, or take the event out".to_owned(),
        ));
    }
    Ok(points)
}

struct Until {
    shown: DateTime,
    is_utc: bool,
}

/// The last moment at which a rule holds: of a day, its last one.
fn until(text: &str) -> Option<Until> {
    let day = date(text.get(..8)?)?;
    let rest = text.get(8..)?;
    if rest.is_empty() {
        let shown = day.to_datetime(Time::constant(23, 59, 59, 0));
        return Some(Until {
            shown,
            is_utc: false,
        });
    }
    let (clock, is_utc) = match rest.strip_suffix('Z') {
        Some(clock) => (clock, true),
        None => (rest, false),
    };
    let shown = format!("{day}T{}", clock.strip_prefix('T')?);
    let shown = DateTime::strptime("%Y-%m-%dT%H%M%S", shown).ok()?;
    Some(Until { shown, is_utc })
}

/// What clocks show, for the crate that knows what recurs.
fn shown(at: DateTime) -> Option<chrono::DateTime<Tz>> {
    let part = |number: i8| u32::try_from(number).ok();
    let day = NaiveDate::from_ymd_opt(at.year().into(), part(at.month())?, part(at.day())?)?;
    let at = day.and_hms_opt(part(at.hour())?, part(at.minute())?, part(at.second())?)?;
    Tz::UTC.from_local_datetime(&at).single()
}
