//! When it is open, as intervals: what each day consists of, and when that changes.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, AmbiguousTimestamp};
use jiff::{Timestamp, ToSpan};
use linecard_model::Timestamp as Moment;
use linecard_model::rule::HoursReason;

use super::{DAY, Hours, Standing};
use crate::calendar::Span;

/// How many days are looked ahead and back for the next and the last change.
const FAR: i32 = 800;

impl Hours {
    /// Looks for where a segment begins and ends, beyond the days that were computed.
    pub(super) fn extend(&self, now: &mut Segment, today: Date, at: Timestamp) {
        let mut until = None;
        'ahead: for offset in -2..FAR {
            for segment in self.day(shifted(today, offset)) {
                if segment.to > at && segment.from > at && !segment.standing.is_like(&now.standing)
                {
                    until = Some(segment.from);
                    break 'ahead;
                }
            }
        }
        let mut since = None;
        'back: for offset in (-FAR..=2).rev() {
            for segment in self.day(shifted(today, offset)).iter().rev() {
                if segment.to <= at && !segment.standing.is_like(&now.standing) {
                    since = Some(segment.to);
                    break 'back;
                }
            }
        }
        now.standing.since = since.map(Moment::from);
        now.standing.until = until.map(Moment::from);
    }

    /// What a day consists of, without gaps: none if the zone's clocks leave it out.
    pub(super) fn day(&self, day: Date) -> Vec<Segment> {
        let dated = self.dated(day);
        let opening = self.calendars.open(day).filter(|_| dated.is_none());
        if let Some(spans) = opening {
            return self.day_of_calendar(day, spans);
        }
        let special = dated.or_else(|| self.special.iter().find(|special| special.days.has(day)));
        let parts = match special {
            Some(special) => &special.parts,
            None => &self.weekly[weekday(day.weekday())],
        };
        let name = special.map(|special| special.name.as_str());
        let mut segments = Segments::new(self.first(day, 0));
        let end = self.first(shifted(day, 1), 0);
        for part in parts {
            let opens = self
                .first(day, part.from)
                .clamp(segments.end, end.max(segments.end));
            let closes = match part.to {
                DAY => end,
                minute => self.last(day, minute),
            };
            let closes = closes.clamp(opens, end.max(opens));
            segments.to(opens, false, name);
            segments.to(closes, true, name);
        }
        segments.to(end, false, name);
        if dated.is_some() {
            return segments.all;
        }
        self.without_closed(segments.all)
    }

    /// A day that is open when a calendar says so, and at no other time.
    fn day_of_calendar(&self, day: Date, spans: &[Span]) -> Vec<Segment> {
        let name = spans.first().map(|span| span.name.as_str());
        let mut segments = Segments::new(self.first(day, 0));
        for span in spans {
            segments.to(span.from, false, name);
            segments.to(span.to, true, Some(&span.name));
        }
        segments.to(self.first(shifted(day, 1), 0), false, name);
        segments.all
    }

    /// The same, closed where a calendar says so.
    fn without_closed(&self, usual: Vec<Segment>) -> Vec<Segment> {
        let Some((first, last)) = usual.first().zip(usual.last()) else {
            return usual;
        };
        let closed = self.calendars.closed(first.from, last.to);
        if closed.is_empty() {
            return usual;
        }
        let mut segments = Segments::new(first.from);
        for segment in usual {
            let name = segment.standing.special_day.as_deref();
            for span in closed.iter().filter(|span| span.to > segment.from) {
                segments.to(span.from.min(segment.to), segment.standing.open, name);
                segments.to(span.to.min(segment.to), false, Some(&span.name));
            }
            segments.to(segment.to, segment.standing.open, name);
        }
        segments.all
    }

    /// The first moment at which the clocks show a time, or have passed it.
    pub(super) fn first(&self, day: Date, minute: u16) -> Timestamp {
        self.moment(day, minute, jiff::tz::AmbiguousTimestamp::earlier)
            .0
    }

    /// The moment after the last at which they show an earlier time than this one, which is not 0.
    fn last(&self, day: Date, minute: u16) -> Timestamp {
        let (before, is_shown) = self.moment(
            day,
            minute.saturating_sub(1),
            jiff::tz::AmbiguousTimestamp::later,
        );
        if is_shown {
            before.saturating_add(1.minute()).unwrap_or(before)
        } else {
            before
        }
    }

    /// The moment at which the clocks show a time, and whether they do: if they go forward over it, the
    /// moment is that of the change.
    fn moment(
        &self,
        day: Date,
        minute: u16,
        choose: impl Fn(AmbiguousTimestamp) -> Result<Timestamp, jiff::Error>,
    ) -> (Timestamp, bool) {
        let part = |number: u16| i8::try_from(number).unwrap_or(0);
        let time = Time::new(part(minute / 60), part(minute % 60), 0, 0);
        let shown = DateTime::from_parts(day, time.unwrap_or(Time::midnight()));
        let shown = self.zone.to_ambiguous_timestamp(shown);
        let at_the_end = if day.year() < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        if matches!(shown.offset(), AmbiguousOffset::Gap { .. }) {
            // The earlier reading of a time that is left out lies before the change.
            let before = shown.earlier().unwrap_or(at_the_end);
            let change = self.zone.following(before).next();
            return (change.map_or(before, |change| change.timestamp()), false);
        }
        (choose(shown).unwrap_or(at_the_end), true)
    }
}

/// A part of the time in which it stands the same way.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    from: Timestamp,
    to: Timestamp,
    pub standing: Standing,
}

/// The parts of a day, one after the other.
struct Segments {
    all: Vec<Segment>,
    /// Where the next one begins.
    end: Timestamp,
}

impl Segments {
    fn new(begin: Timestamp) -> Self {
        Self {
            all: Vec::new(),
            end: begin,
        }
    }

    /// The next one, up to a moment; none if that is not later.
    fn to(&mut self, to: Timestamp, open: bool, special_day: Option<&str>) {
        if self.end >= to {
            return;
        }
        let standing = Standing {
            open,
            reason: special_day.map_or(HoursReason::Hours, |_| HoursReason::SpecialDay),
            special_day: special_day.map(str::to_owned),
            since: None,
            until: None,
        };
        let from = std::mem::replace(&mut self.end, to);
        self.all.push(Segment { from, to, standing });
    }
}

impl Segment {
    pub fn has(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

fn weekday(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)
}

pub(super) fn shifted(day: Date, by: i32) -> Date {
    day.saturating_add(by.days())
}
