//! The time zones that a calendar names.

use std::collections::HashMap;

use jiff::tz::{Offset, TimeZone};

use super::lines::{Component, Property, Wrong};

/// The zones of one calendar.
pub(super) struct Zones<'c> {
    /// Those that it describes itself, by the names that it gives them.
    described: HashMap<&'c str, &'c Component>,
    /// The one of what names none.
    own: TimeZone,
}

impl<'c> Zones<'c> {
    pub fn new(calendars: &'c [Component], own: TimeZone) -> Self {
        let parts = calendars.iter().flat_map(|calendar| &calendar.inner);
        let described = parts
            .filter(|part| part.name == "VTIMEZONE")
            .filter_map(|part| Some((part.first("TZID")?.value.as_str(), part)))
            .collect();
        Self { described, own }
    }

    /// The zone of what names none.
    pub fn own(&self) -> &TimeZone {
        &self.own
    }

    /// The zone that a property names.
    pub fn of(&self, property: &Property) -> Result<TimeZone, Wrong> {
        let Some(name) = property.parameter("TZID") else {
            return Ok(self.own.clone());
        };
        // By its name first, as others do: what a file describes is often only this year's rule.
        if let Some(known) = known(name) {
            return Ok(known);
        }
        let described = self.described.get(name).and_then(|described| {
            let elsewhere = described.first("X-LIC-LOCATION");
            elsewhere
                .and_then(|property| known(&property.value))
                .or_else(|| by_rules(described))
        });
        described.ok_or_else(|| {
            Wrong::new(
                property.line,
                format!(
                    "there is no time zone \"{name}\", and the file does not describe it by a rule for each year: write a name such as Europe/Berlin"
                ),
            )
        })
    }
}

/// A zone of the database; some programs write a path before its name.
fn known(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    let after = name.match_indices('/').map(|(at, _)| at + 1);
    std::iter::once(0)
        .chain(after)
        .filter_map(|at| name.get(at..).filter(|name| !name.is_empty()))
        .find_map(|name| TimeZone::get(name).ok())
}

/// A zone by the rules that are in force last: one offset, or two between which it changes on a weekday of
/// a month.
fn by_rules(zone: &Component) -> Option<TimeZone> {
    let newest = |name: &str| {
        let parts = zone.inner.iter().filter(|part| part.name == name);
        parts.max_by_key(|part| part.first("DTSTART").map(|start| start.value.as_str()))
    };
    let offset = |part: &Component, name: &str| offset(&part.first(name)?.value);
    let standard = newest("STANDARD")?;
    let usual = offset(standard, "TZOFFSETTO")?;
    let Some(daylight) = newest("DAYLIGHT") else {
        return Some(TimeZone::fixed(Offset::from_seconds(usual).ok()?));
    };
    let summer = offset(daylight, "TZOFFSETTO")?;
    let text = format!(
        "<STD>{}<DST>{},{},{}",
        // There the offset says how far the zone is behind.
        clock(-usual),
        clock(-summer),
        change(daylight)?,
        change(standard)?
    );
    TimeZone::posix(&text).ok()
}

/// When a part of a zone begins each year, such as `M3.5.0/02:00:00`.
fn change(part: &Component) -> Option<String> {
    let start = &part.first("DTSTART")?.value;
    let time = start.split_once('T')?.1;
    let (hour, minute, second) = (time.get(..2)?, time.get(2..4)?, time.get(4..6)?);
    let (mut month, mut day, mut yearly) = (None, None, false);
    for piece in part.first("RRULE")?.value.split(';') {
        let (key, value) = piece.split_once('=')?;
        match key {
            "FREQ" => yearly = value == "YEARLY",
            "BYMONTH" => month = value.parse::<u8>().ok(),
            "BYDAY" => day = Some(value),
            "WKST" => {}
            "INTERVAL" if value == "1" => {}
            // It does not hold for good, or is another kind of rule.
            _ => return None,
        }
    }
    let day = day.filter(|_| yearly)?;
    let (week, weekday) = day.split_at_checked(day.len().checked_sub(2)?)?;
    let week = match week.parse::<i8>().ok()? {
        -1 => 5,
        week @ 1..=4 => week,
        _ => return None,
    };
    let weekday = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"]
        .iter()
        .position(|known| *known == weekday)?;
    Some(format!(
        "M{}.{week}.{weekday}/{hour}:{minute}:{second}",
        month?
    ))
}

/// The seconds of an offset such as `+0530`.
fn offset(text: &str) -> Option<i32> {
    let text = text.trim();
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let digits = text.get(1..)?;
    let is_one = matches!(digits.len(), 4 | 6) && digits.bytes().all(|b| b.is_ascii_digit());
    let number = |at: usize| {
        digits
            .get(at..at + 2)
            .map_or(Some(0), |d| d.parse::<i32>().ok())
    };
    let seconds = number(0)? * 3_600 + number(2)? * 60 + number(4)?;
    is_one.then_some(sign * seconds)
}

/// Seconds as `-01:30:00`.
fn clock(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.abs();
    format!(
        "{sign}{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}
