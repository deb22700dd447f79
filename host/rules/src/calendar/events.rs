//! The events of a calendar, with those that recur written out.

use std::collections::{HashMap, HashSet};

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ToSpan, Zoned};

use super::lines::{Component, Property, Wrong, read};
use super::recurrence;
use super::zone::Zones;

/// The longest event, in days: more is a change of the weekly hours.
const LONGEST_DAYS: i32 = 366;
/// The longest name that is kept, in characters.
const LONGEST_NAME: usize = 100;

/// Once that an event happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Once {
    /// The event's line, from 1.
    pub line: usize,
    /// The event's name.
    pub name: String,
    /// When.
    pub when: When,
}

/// When an event happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// On whole days, wherever: from the first to before the second.
    Days(Date, Date),
    /// From a moment to before another.
    Time(Timestamp, Timestamp),
}

/// Everything that happens by a calendar, at most so much; what has no zone has the schedule's. The first
/// thing that is wrong with it if there is any.
pub(super) fn happenings(text: &str, zone: &TimeZone, most: usize) -> Result<Vec<Once>, Wrong> {
    let calendars = read(text)?;
    let zones = Zones::new(&calendars, zone.clone());
    let mut events = Vec::new();
    let mut others: HashMap<&str, Vec<Event<'_>>> = HashMap::new();
    let parts = calendars.iter().flat_map(|calendar| &calendar.inner);
    for part in parts.filter(|part| part.name == "VEVENT") {
        let event = Event::read(part, &zones)?;
        match (&event.instead, part.first("UID")) {
            (Some(_), Some(uid)) => others.entry(&uid.value).or_default().push(event),
            _ => events.push((part, event)),
        }
    }
    if events.is_empty() && others.is_empty() {
        return Err(Wrong::new(1, "it has no event: is it the right file?"));
    }
    let mut found = Vec::new();
    for (part, event) in &events {
        let instead = part
            .first("UID")
            .and_then(|uid| others.get(uid.value.as_str()));
        if !event.cancelled {
            event.happen(instead.map_or(&[], Vec::as_slice), most, &mut found)?;
        }
    }
    for (uid, versions) in &others {
        let of_it = |(part, _): &&(&Component, Event<'_>)| {
            part.first("UID").is_some_and(|own| own.value == *uid)
        };
        let except = events.iter().filter(of_it);
        let except = Except::of(except.flat_map(|(_, event)| &event.except));
        for event in versions.iter().filter(|event| !event.cancelled) {
            // Of two versions the newer one holds.
            let is_newer = |other: &Event<'_>| {
                other.instead == event.instead
                    && (other.sequence, other.line) > (event.sequence, event.line)
            };
            let is_taken_out = event
                .instead
                .as_ref()
                .is_some_and(|point| except.has(point));
            if !is_taken_out && !versions.iter().any(is_newer) {
                found.extend(event.takes(&event.start, &event.length)?);
            }
        }
    }
    if found.len() > most {
        return Err(too_many(1, most));
    }
    found.sort_by_key(|once| once.line);
    Ok(found)
}

pub(super) fn too_many(line: usize, most: usize) -> Wrong {
    Wrong::new(
        line,
        format!(
            "there are more than {most} events, counting each that recurs: end the rules earlier, or leave out what is over"
        ),
    )
}

/// A day, or a moment as the clocks of a zone show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Point {
    /// What the clocks show; midnight of a whole day.
    pub shown: DateTime,
    /// Whose clocks.
    pub zone: TimeZone,
    /// Whether it is a whole day.
    pub is_day: bool,
}

impl Point {
    fn read(property: &Property, text: &str, zones: &Zones<'_>) -> Result<Self, Wrong> {
        let wrong = || {
            let text = format!(
                "{} is no day such as 20261224 and no time such as 20261224T180000: \"{text}\"",
                property.name
            );
            Wrong::new(property.line, text)
        };
        let text = text.trim();
        let day = text.get(..8).and_then(date).ok_or_else(wrong)?;
        let rest = text.get(8..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(Self {
                shown: day.to_datetime(Time::midnight()),
                zone: zones.own().clone(),
                is_day: true,
            });
        }
        let (clock, is_utc) = match rest.strip_suffix('Z') {
            Some(clock) => (clock, true),
            None => (rest, false),
        };
        let time = clock.strip_prefix('T').and_then(time).ok_or_else(wrong)?;
        let zone = if is_utc {
            TimeZone::UTC
        } else {
            zones.of(property)?
        };
        Ok(Self {
            shown: day.to_datetime(time),
            zone,
            is_day: false,
        })
    }

    /// The moment: the first of two, and where the clocks go forward over it, as far after the change.
    fn zoned(&self) -> Option<Zoned> {
        self.zone.to_ambiguous_zoned(self.shown).compatible().ok()
    }

    /// The same with clocks that show something else.
    pub fn at(&self, shown: DateTime) -> Self {
        Self {
            shown,
            ..self.clone()
        }
    }

    /// The moment, for comparison.
    pub fn moment(&self) -> Option<Timestamp> {
        self.zoned().map(|zoned| zoned.timestamp())
    }
}

/// Times at which an event does not happen, as something else says. A whole day means whatever is on it,
/// and a moment a whole day's event on it.
#[derive(Default)]
struct Except {
    days: HashSet<Date>,
    of_moments: HashSet<Date>,
    moments: HashSet<Timestamp>,
}

impl Except {
    fn of<'p>(points: impl Iterator<Item = &'p Point>) -> Self {
        let mut except = Self::default();
        for point in points {
            if point.is_day {
                except.days.insert(point.shown.date());
            } else {
                except.of_moments.insert(point.shown.date());
                except.moments.extend(point.moment());
            }
        }
        except
    }

    fn has(&self, point: &Point) -> bool {
        let day = point.shown.date();
        if point.is_day {
            return self.days.contains(&day) || self.of_moments.contains(&day);
        }
        let moment = || point.moment().is_some_and(|at| self.moments.contains(&at));
        self.days.contains(&day) || (!self.moments.is_empty() && moment())
    }
}

/// How long an event takes.
#[derive(Debug, Clone)]
enum Length {
    /// Whole days.
    Days(i32),
    /// Exactly so long.
    Exactly(SignedDuration),
    /// Days as the calendar has them, and then exactly so long.
    Nominal(Span),
}

struct Event<'c> {
    line: usize,
    name: String,
    cancelled: bool,
    sequence: u32,
    start: Point,
    length: Length,
    rules: Vec<&'c Property>,
    /// When it happens beside its rules, some with a length of their own.
    also: Vec<(Point, Option<Length>)>,
    except: Vec<Point>,
    /// The time at which it happens instead of another event.
    instead: Option<Point>,
}

impl<'c> Event<'c> {
    fn read(part: &'c Component, zones: &Zones<'_>) -> Result<Self, Wrong> {
        let point = |name: &str| {
            let property = part.first(name);
            property
                .map(|property| Point::read(property, &property.value, zones))
                .transpose()
        };
        let name = part.first("SUMMARY").map(|summary| plain(&summary.value));
        let name = name.filter(|name| !name.is_empty());
        let start = point("DTSTART")?.ok_or_else(|| {
            Wrong::new(
                part.line,
                "the event does not say when it begins: it needs DTSTART",
            )
        })?;
        let length = match (point("DTEND")?, part.first("DURATION")) {
            (Some(end), _) => between(&start, &end),
            (None, Some(duration)) => {
                Some(length_of(&start, &duration.value).ok_or_else(|| no_duration(duration))?)
            }
            (None, None) if start.is_day => Some(Length::Days(1)),
            (None, None) => Some(Length::Exactly(SignedDuration::ZERO)),
        };
        let mut also = Vec::new();
        for property in part.all("RDATE") {
            for text in property.value.split(',') {
                let (begin, rest) = text.split_once('/').unwrap_or((text, ""));
                let begin = Point::read(property, begin, zones)?;
                let own = match rest {
                    "" => None,
                    rest if rest.starts_with(['P', '+', '-']) => {
                        Some(length_of(&begin, rest).ok_or_else(|| no_duration(property))?)
                    }
                    end => between(&begin, &Point::read(property, end, zones)?),
                };
                also.push((begin, own));
            }
        }
        let mut except = Vec::new();
        for property in part.all("EXDATE") {
            for text in property.value.split(',') {
                except.push(Point::read(property, text, zones)?);
            }
        }
        if let Some(property) = part.first("EXRULE") {
            let text = "EXRULE is out of use, and not read: name the days by EXDATE";
            return Err(Wrong::new(property.line, text));
        }
        if let Some(property) = part.first("RECURRENCE-ID")
            && property.parameter("RANGE").is_some()
        {
            let text = "a change of this and all later ones is not read: end the rule there by UNTIL, and add an event with its own rule";
            return Err(Wrong::new(property.line, text));
        }
        let status = part.first("STATUS");
        let sequence = part.first("SEQUENCE");
        Ok(Self {
            line: part.line,
            name: name.unwrap_or_default(),
            cancelled: status.is_some_and(|s| s.value.trim().eq_ignore_ascii_case("CANCELLED")),
            sequence: sequence
                .and_then(|s| s.value.trim().parse().ok())
                .unwrap_or(0),
            length: length
                .ok_or_else(|| Wrong::new(part.line, "the event ends before it begins"))?,
            start,
            rules: part.all("RRULE").collect(),
            also,
            except,
            instead: point("RECURRENCE-ID")?,
        })
    }

    /// Each time that it happens, without those that others happen instead of.
    fn happen(&self, instead: &[Self], most: usize, found: &mut Vec<Once>) -> Result<(), Wrong> {
        let mut points: Vec<(Point, Option<&Length>)> = vec![];
        if self.rules.is_empty() {
            points.push((self.start.clone(), None));
        }
        for rule in &self.rules {
            let recurring = recurrence::points(rule, &self.start, most)?;
            points.extend(recurring.into_iter().map(|point| (point, None)));
        }
        points.extend(
            self.also
                .iter()
                .map(|(point, own)| (point.clone(), own.as_ref())),
        );
        let instead = instead.iter().filter_map(|other| other.instead.as_ref());
        let except = Except::of(self.except.iter().chain(instead));
        // What is named twice happens once.
        let mut had = HashSet::new();
        for (point, own) in points {
            if !except.has(&point) && had.insert((point.shown, point.moment())) {
                found.extend(self.takes(&point, own.unwrap_or(&self.length))?);
            }
            if found.len() > most {
                return Err(too_many(self.line, most));
            }
        }
        Ok(())
    }

    /// The time that it happens from a point on; none if it takes no time.
    fn takes(&self, point: &Point, length: &Length) -> Result<Option<Once>, Wrong> {
        let out_of_bounds = || {
            let text = format!("it takes longer than {LONGEST_DAYS} days: change the weekly hours");
            Wrong::new(self.line, text)
        };
        let when = match length {
            Length::Days(days) => {
                let first = point.shown.date();
                let end = first.checked_add(days.days());
                let is_short = (0..=LONGEST_DAYS).contains(days);
                let end = end.ok().filter(|_| is_short).ok_or_else(out_of_bounds)?;
                (first < end).then_some(When::Days(first, end))
            }
            Length::Exactly(_) | Length::Nominal(_) => {
                let begin = point.zoned().ok_or_else(out_of_bounds)?;
                let end = match length {
                    Length::Nominal(span) => begin.checked_add(*span),
                    Length::Exactly(exactly) => begin.checked_add(*exactly),
                    Length::Days(days) => begin.checked_add(days.days()),
                };
                let (begin, end) = (
                    begin.timestamp(),
                    end.map_err(|_| out_of_bounds())?.timestamp(),
                );
                let longest = SignedDuration::from_hours(24 * i64::from(LONGEST_DAYS));
                if end.duration_since(begin) > longest {
                    return Err(out_of_bounds());
                }
                (begin < end).then_some(When::Time(begin, end))
            }
        };
        Ok(when.map(|when| Once {
            line: self.line,
            name: self.name.clone(),
            when,
        }))
    }
}

fn no_duration(property: &Property) -> Wrong {
    let text = format!(
        "\"{}\" is no duration such as P1D or PT2H30M, or does not fit a whole day",
        property.value
    );
    Wrong::new(property.line, text)
}

/// How long it is from one point to another; `None` if that one comes before.
fn between(start: &Point, end: &Point) -> Option<Length> {
    if start.is_day && end.is_day {
        let days = (end.shown.date() - start.shown.date()).get_days();
        // Some write the same day for an event of one day.
        return (days >= 0).then_some(Length::Days(days.max(1)));
    }
    let exactly = end.moment()?.duration_since(start.moment()?);
    (!exactly.is_negative()).then_some(Length::Exactly(exactly))
}

fn length_of(start: &Point, text: &str) -> Option<Length> {
    let span: Span = text.trim().parse().ok()?;
    if span.is_negative() || span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    if !start.is_day {
        return Some(Length::Nominal(span));
    }
    let days = span
        .get_weeks()
        .checked_mul(7)?
        .checked_add(span.get_days())?;
    let is_whole = span.get_hours() == 0 && span.get_minutes() == 0 && span.get_seconds() == 0;
    (is_whole && days > 0).then_some(Length::Days(days))
}

/// A day such as `20261224`.
pub(super) fn date(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |range| {
        text.get(range)
            .and_then(|part: &str| part.parse::<i8>().ok())
    };
    let year = text.get(..4)?.parse().ok()?;
    Date::new(year, number(4..6)?, number(6..8)?).ok()
}

/// A time such as `180000`.
fn time(text: &str) -> Option<Time> {
    if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |range| {
        text.get(range)
            .and_then(|part: &str| part.parse::<i8>().ok())
    };
    // A leap second is the last of its minute here.
    let second = number(4..6)?.min(59);
    Time::new(number(0..2)?, number(2..4)?, second, 0).ok()
}

/// A text without its escapes, in one line.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => plain.push(' '),
                Some(other) => plain.push(other),
                None => {}
            },
            letter if letter.is_control() => plain.push(' '),
            letter => plain.push(letter),
        }
    }
    plain.trim().chars().take(LONGEST_NAME).collect()
}
