//! Calendars of public holidays and special openings (iCalendar, RFC 5545): what happens by them, as times
//! at which it is closed, and days on which it is open.

mod events;
mod lines;
mod recurrence;
mod zone;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use linecard_model::Timestamp as Moment;
use linecard_model::hours::{CalendarConfig, During};

use events::{When, happenings};

/// The most events of one schedule's calendars, each that recurs counted.
pub(crate) const MOST_HAPPENINGS: usize = 4_000;

/// Something that happens by a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// The calendar's name.
    pub calendar: String,
    /// The event's name; the calendar's, if the event has none.
    pub name: String,
    /// The line with which the event begins, from 1.
    pub line: usize,
    /// What it is meanwhile.
    pub during: During,
    /// When it begins.
    pub from: Moment,
    /// When it is over.
    pub to: Moment,
}

/// A time at which something of a name is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
    pub name: String,
}

/// What the calendars of a schedule come to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calendars {
    /// When it is closed: in order, and apart from each other.
    closed: Vec<Span>,
    /// The days on which it is open, with when: in order, and apart from each other.
    open: BTreeMap<Date, Vec<Span>>,
    /// All of it as it was read, in order.
    all: Vec<Happening>,
}

/// What is wrong with one of the calendars.
pub(crate) struct Unread {
    /// Its name.
    pub calendar: String,
    /// What, and what to do.
    pub text: String,
}

impl Calendars {
    /// Reads calendars. `begins` is when a day begins; days that `is_named` count before calendars.
    pub fn read(
        configs: &[(&String, &CalendarConfig)],
        zone: &TimeZone,
        begins: impl Fn(Date) -> Timestamp,
        is_named: impl Fn(Date) -> bool,
    ) -> Result<Self, Vec<Unread>> {
        let mut unread = Vec::new();
        let mut all = Vec::new();
        for &(calendar, config) in configs {
            let found = happenings(&config.text, zone, MOST_HAPPENINGS);
            let found = match found {
                Ok(found) => found,
                Err(wrong) => {
                    let place = match &config.file {
                        Some(file) => format!("line {} of {file}", wrong.line),
                        None => format!("line {} of its text", wrong.line),
                    };
                    unread.push(Unread {
                        calendar: calendar.clone(),
                        text: format!("{place}: {}", wrong.text),
                    });
                    continue;
                }
            };
            all.extend(found.into_iter().map(|once| {
                let (from, to) = match once.when {
                    When::Days(first, end) => (begins(first), begins(end)),
                    When::Time(from, to) => (from, to),
                };
                let named = !once.name.is_empty();
                Happening {
                    calendar: calendar.clone(),
                    name: if named { once.name } else { calendar.clone() },
                    line: once.line,
                    during: config.during,
                    from: from.into(),
                    to: to.into(),
                }
            }));
            if all.len() > MOST_HAPPENINGS {
                let text = format!(
                    "with it there are more than {MOST_HAPPENINGS} events, counting each that recurs: leave out what is over"
                );
                let calendar = calendar.clone();
                unread.push(Unread { calendar, text });
                break;
            }
        }
        all.sort_by(|a, b| {
            (a.from, b.to, &a.calendar, a.line).cmp(&(b.from, a.to, &b.calendar, b.line))
        });
        let mut calendars = Self::default();
        for happening in &all {
            match happening.during {
                During::Closed => join(&mut calendars.closed, span(happening)),
                During::Open => calendars.opens(happening, zone, &begins),
            }
        }
        calendars.all = all;
        unread.extend(calendars.conflict(&begins, is_named));
        if unread.is_empty() {
            Ok(calendars)
        } else {
            Err(unread)
        }
    }

    /// Everything that happens, in order.
    pub fn all(&self) -> &[Happening] {
        &self.all
    }

    /// When it is open on a day that is special by a calendar.
    pub fn open(&self, day: Date) -> Option<&[Span]> {
        self.open.get(&day).map(Vec::as_slice)
    }

    /// When it is closed by a calendar, of the time from one moment to another.
    pub fn closed(&self, from: Timestamp, to: Timestamp) -> &[Span] {
        let first = self.closed.partition_point(|span| span.to <= from);
        let rest = self.closed.get(first..).unwrap_or_default();
        let count = rest.partition_point(|span| span.from < to);
        rest.get(..count).unwrap_or_default()
    }

    /// Shares an opening out to its days.
    fn opens(
        &mut self,
        happening: &Happening,
        zone: &TimeZone,
        begins: impl Fn(Date) -> Timestamp,
    ) {
        let whole = span(happening);
        let mut day = whole.from.to_zoned(zone.clone()).date();
        while begins(day) < whole.to {
            let Ok(next) = day.checked_add(1.day()) else {
                break;
            };
            let part = Span {
                from: whole.from.max(begins(day)),
                to: whole.to.min(begins(next)),
                name: whole.name.clone(),
            };
            if part.from < part.to {
                join(self.open.entry(day).or_default(), part);
            }
            day = next;
        }
    }

    /// A day that one calendar opens and another closes: neither counts more.
    fn conflict(
        &self,
        begins: impl Fn(Date) -> Timestamp,
        is_named: impl Fn(Date) -> bool,
    ) -> Option<Unread> {
        let (day, opening, closing) = self.open.keys().find_map(|day| {
            let next = day.checked_add(1.day()).ok()?;
            let (from, to) = (begins(*day), begins(next));
            if is_named(*day) || self.closed(from, to).is_empty() {
                return None;
            }
            let of = |during| {
                let meets =
                    |one: &&Happening| one.during == during && *one.from < to && *one.to > from;
                self.all.iter().find(meets)
            };
            Some((day, of(During::Open)?, of(During::Closed)?))
        })?;
        Some(Unread {
            calendar: opening.calendar.clone(),
            text: format!(
                "\"{}\" (line {}) opens on {day}, and \"{}\" (line {} of calendar \"{}\") closes, and neither counts more: take one away, or name {day} under `special`, which counts before calendars",
                opening.name, opening.line, closing.name, closing.line, closing.calendar
            ),
        })
    }
}

fn span(happening: &Happening) -> Span {
    Span {
        from: *happening.from,
        to: *happening.to,
        name: happening.name.clone(),
    }
}

/// Adds a time that begins no earlier than those before it: what they have already stays theirs.
fn join(spans: &mut Vec<Span>, mut span: Span) {
    if let Some(last) = spans.last() {
        span.from = span.from.max(last.to);
    }
    if span.from < span.to {
        spans.push(span);
    }
}
