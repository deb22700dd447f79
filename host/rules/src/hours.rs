//! Opening hours, computed as intervals.
//!
//! A day has parts in which it is open: those of the special day that has it, else those of its weekday.
//! A part begins at the first moment at which the clocks of the zone show its beginning, or have passed it,
//! and ends after the last at which they show a time before its end: where the clocks go back within it,
//! people work on; where they go forward over a time, its moment is the change itself.

mod intervals;

use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use linecard_model::ChannelId;
use linecard_model::Timestamp as Moment;
use linecard_model::hours::{
    CalendarConfig, ClosedWork, DayOfWeek, HoursConfig, HoursMessage, SpecialDay, WhenClosed,
};
use linecard_model::rule::HoursReason;

use crate::actions::check_text;
use crate::calendar::{Calendars, Happening};
use crate::special::Days;
use intervals::shifted;

/// The most special days of one schedule.
const MOST_SPECIAL: usize = 500;
/// The most parts of a week, or of a special day.
const MOST_PARTS: usize = 100;
/// The longest name of a calendar, in characters.
const MOST_LETTERS: usize = 64;
const DAY: u16 = 24 * 60;

/// Something that is wrong with opening hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursFault {
    /// The field.
    pub field: Vec<String>,
    /// What is wrong, and what to do.
    pub text: String,
}

/// A part of a day, in minutes from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    from: u16,
    to: u16,
}

#[derive(Debug, Clone)]
struct Special {
    name: String,
    days: Days,
    parts: Vec<Part>,
}

/// Opening hours that were accepted.
#[derive(Debug, Clone)]
pub struct Hours {
    zone: TimeZone,
    /// The parts of each weekday, Monday first, in order and apart from each other.
    weekly: [Vec<Part>; 7],
    special: Vec<Special>,
    calendars: Calendars,
    config: HoursConfig,
}

/// How it stands at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is open.
    pub open: bool,
    /// What decides that.
    pub reason: HoursReason,
    /// The special day's name.
    pub special_day: Option<String>,
    /// Since when it stands so; absent if for longer than is looked back.
    pub since: Option<Moment>,
    /// When that changes; absent if not for longer than is looked ahead, or nobody knows.
    pub until: Option<Moment>,
}

impl Standing {
    fn is_like(&self, other: &Self) -> bool {
        (self.open, self.reason, &self.special_day)
            == (other.open, other.reason, &other.special_day)
    }
}

impl Hours {
    /// Checks and keeps opening hours. Everything that is wrong is told at once.
    pub fn compile(config: &HoursConfig) -> Result<Self, Vec<HoursFault>> {
        let mut faults = Vec::new();
        let mut fault = |field: Vec<String>, text: String| faults.push(HoursFault { field, text });
        let at = |parts: &[&str]| {
            parts
                .iter()
                .map(|part| (*part).to_owned())
                .collect::<Vec<_>>()
        };
        let zone = TimeZone::get(&config.zone).unwrap_or_else(|_| {
            let text = format!(
                "there is no time zone \"{}\": write a name such as Europe/Berlin",
                config.zone
            );
            fault(at(&["zone"]), text);
            TimeZone::UTC
        });
        let mut weekly: [Vec<Part>; 7] = Default::default();
        if config.weekly.len() > MOST_PARTS {
            fault(
                at(&["weekly"]),
                format!("a week has up to {MOST_PARTS} parts"),
            );
        }
        for (index, span) in config.weekly.iter().take(MOST_PARTS).enumerate() {
            let index = index.to_string();
            if span.days.is_empty() {
                fault(
                    at(&["weekly", &index, "days"]),
                    "name at least one day".to_owned(),
                );
            }
            let from = minutes(&span.from, false)
                .map_err(|text| fault(at(&["weekly", &index, "from"]), text));
            let to =
                minutes(&span.to, true).map_err(|text| fault(at(&["weekly", &index, "to"]), text));
            let (Ok(from), Ok(to)) = (from, to) else {
                continue;
            };
            for day in &span.days {
                let day = *day as usize;
                let mut pieces = vec![(day, Part { from, to })];
                if to <= from {
                    pieces = vec![(day, Part { from, to: DAY })];
                    if to > 0 {
                        pieces.push(((day + 1) % 7, Part { from: 0, to }));
                    }
                }
                for (day, part) in pieces {
                    if let Some(other) = weekly[day]
                        .iter()
                        .find(|other| other.from < part.to && part.from < other.to)
                    {
                        let text = format!(
                            "on {} it overlaps with {} to {}: make one of the two",
                            NAMES[day],
                            clock(other.from),
                            clock(other.to)
                        );
                        fault(at(&["weekly", &index]), text);
                    }
                    weekly[day].push(part);
                }
            }
        }
        for parts in &mut weekly {
            parts.sort_unstable();
        }
        if config.special.len() > MOST_SPECIAL {
            fault(
                at(&["special"]),
                format!("there are up to {MOST_SPECIAL} special days"),
            );
        }
        let mut special: Vec<(usize, Special)> = Vec::new();
        for (index, day) in config.special.iter().take(MOST_SPECIAL).enumerate() {
            let place = index.to_string();
            let mut wrong = |field: &[&str], text: String| {
                let path = [&["special", place.as_str()], field].concat();
                fault(at(&path), text);
            };
            let Some(day) = special_day(day, &mut wrong) else {
                continue;
            };
            for (before, other) in &special {
                if let Some(date) = day.days.meets(&other.days) {
                    let text = format!(
                        "\"{}\" (special.{before}) has {date} as well, and neither counts more: take one away",
                        other.name
                    );
                    wrong(&["on"], text);
                    break;
                }
            }
            special.push((index, day));
        }
        let states = [
            ("closed", Some(&config.closed)),
            ("special_day", config.special_day.as_ref()),
            ("emergency", config.emergency.as_ref()),
        ];
        for (key, state) in states {
            for (index, message) in state
                .iter()
                .flat_map(|state| state.messages.iter().enumerate())
            {
                if let Err(text) = check_text(&message.text) {
                    fault(at(&[key, "messages", &index.to_string(), "text"]), text);
                }
            }
        }
        // The more particular ones are found first.
        special.sort_by_key(|(_, special)| std::cmp::Reverse(special.days.rank()));
        let special = special.into_iter().map(|(_, special)| special).collect();
        let mut hours = Self {
            zone,
            weekly,
            special,
            calendars: Calendars::default(),
            config: config.clone(),
        };
        match hours.read_calendars() {
            Ok(calendars) => hours.calendars = calendars,
            Err(found) => faults.extend(found),
        }
        if faults.is_empty() {
            Ok(hours)
        } else {
            Err(faults)
        }
    }

    fn read_calendars(&self) -> Result<Calendars, Vec<HoursFault>> {
        let mut faults = Vec::new();
        let mut fault = |path: &[&str], text: String| {
            let field = path.iter().map(|step| (*step).to_owned()).collect();
            faults.push(HoursFault { field, text });
        };
        let configs = &self.config.calendars;
        if configs.len() > CalendarConfig::MOST {
            let text = format!("there are up to {} calendars", CalendarConfig::MOST);
            fault(&["calendars"], text);
        }
        let mut readable = Vec::new();
        for (name, calendar) in configs.iter().take(CalendarConfig::MOST) {
            let length = name.chars().count();
            if name.trim() != name || !(1..=MOST_LETTERS).contains(&length) || name.contains('/') {
                let text = format!(
                    "the name of a calendar has 1 to {MOST_LETTERS} characters, no \"/\" and no space at an end"
                );
                fault(&["calendars", name], text);
            }
            if calendar.text.is_empty() {
                let text = "it has no text: `linecard apply` reads the `file` of a site file; through the API, give the calendar as `text`";
                fault(&["calendars", name], text.to_owned());
            } else if calendar.text.len() > CalendarConfig::LONGEST {
                let text = format!(
                    "it has {} bytes, and at most {} are read: leave out what is over, and descriptions",
                    calendar.text.len(),
                    CalendarConfig::LONGEST
                );
                fault(&["calendars", name], text);
            } else {
                readable.push((name, calendar));
            }
        }
        let begins = |day| self.first(day, 0);
        let is_named = |day| self.dated(day).is_some();
        let read = Calendars::read(&readable, &self.zone, begins, is_named);
        let read = read.unwrap_or_else(|unread| {
            faults.extend(unread.into_iter().map(|unread| HoursFault {
                field: vec!["calendars".to_owned(), unread.calendar],
                text: unread.text,
            }));
            Calendars::default()
        });
        if faults.is_empty() {
            Ok(read)
        } else {
            Err(faults)
        }
    }

    /// Everything that happens by the calendars, in order.
    pub fn happenings(&self) -> &[Happening] {
        self.calendars.all()
    }

    /// The special day that names a day by its date.
    fn dated(&self, day: Date) -> Option<&Special> {
        let mut special = self.special.iter();
        special.find(|special| special.days.is_dated() && special.days.has(day))
    }

    /// Their configuration.
    pub fn config(&self) -> &HoursConfig {
        &self.config
    }

    /// A moment as the zone's clocks show it.
    pub fn local(&self, at: Moment) -> Zoned {
        (*at).to_zoned(self.zone.clone())
    }

    /// How it stands at a moment.
    pub fn at(&self, at: Moment) -> Standing {
        if let Some(since) = self.config.emergency_since
            && since <= at
        {
            return Standing {
                open: false,
                reason: HoursReason::Emergency,
                special_day: None,
                since: Some(since),
                until: None,
            };
        }
        let today = self.local(at).date();
        let at = *at;
        // A day that the zone's clocks leave out, or have twice, makes its neighbours count.
        let mut around = Vec::new();
        for offset in -2..=2 {
            around.extend(self.day(shifted(today, offset)));
        }
        let Some(mut now) = around.iter().find(|one| one.has(at)).cloned() else {
            // Only at the ends of time.
            return Standing {
                open: false,
                reason: HoursReason::Hours,
                special_day: None,
                since: None,
                until: None,
            };
        };
        self.extend(&mut now, today, at);
        let emergency = self.config.emergency_since;
        let until = match (now.standing.until, emergency) {
            (Some(until), Some(emergency)) => Some(until.min(emergency)),
            (until, emergency) => until.or(emergency),
        };
        Standing {
            until,
            ..now.standing
        }
    }

    /// When it is open next: at once if it is. `None` if nobody knows.
    pub fn opens_at(&self, at: Moment) -> Option<Moment> {
        let mut at = at;
        // One closed time follows the other where a special day lies between them.
        for _ in 0..MOST_SPECIAL {
            let standing = self.at(at);
            if standing.open {
                return Some(at);
            }
            at = standing.until.filter(|until| *until > at)?;
        }
        None
    }

    /// When the clocks of the zone next show a time, in minutes of the day.
    pub(crate) fn next_time(&self, at: Moment, minutes: u16) -> Option<Moment> {
        let today = self.local(at).date();
        let mut days = (0..=2).map(|offset| self.first(shifted(today, offset), minutes));
        days.find(|time| *time > *at).map(Moment::from)
    }

    /// What is said and done as it stands; `None` while it is open.
    pub fn when_closed(&self, standing: &Standing) -> Option<&WhenClosed> {
        if standing.open {
            return None;
        }
        let own = match standing.reason {
            HoursReason::Emergency => self.config.emergency.as_ref(),
            HoursReason::SpecialDay => self.config.special_day.as_ref(),
            HoursReason::Hours => None,
        };
        Some(own.unwrap_or(&self.config.closed))
    }
}

/// What is said in a state on a channel to somebody who writes in a language.
pub(crate) fn message_for<'m>(
    closed: &'m WhenClosed,
    channel: &ChannelId,
    language: Option<&str>,
) -> Option<&'m HoursMessage> {
    // `pt-BR` is served by what is there for `pt`.
    let speaks = |wanted: &str| {
        language.is_some_and(|language| {
            let (wanted, language) = (wanted.to_lowercase(), language.to_lowercase());
            language == wanted
                || language
                    .strip_prefix(&wanted)
                    .is_some_and(|rest| rest.starts_with('-'))
        })
    };
    closed.messages.iter().find(|message| {
        (message.channels.is_empty() || message.channels.contains(channel))
            && message.language.as_deref().is_none_or(speaks)
    })
}

impl Standing {
    /// What becomes of work that begins now.
    pub fn work(&self, hours: &Hours) -> ClosedWork {
        hours
            .when_closed(self)
            .map_or(ClosedWork::Queue, |closed| closed.work)
    }

    /// What is said now, on a channel to somebody who writes in a language.
    pub fn message<'h>(
        &self,
        hours: &'h Hours,
        channel: &ChannelId,
        language: Option<&str>,
    ) -> Option<&'h HoursMessage> {
        message_for(hours.when_closed(self)?, channel, language)
    }
}

fn special_day(day: &SpecialDay, wrong: &mut impl FnMut(&[&str], String)) -> Option<Special> {
    if day.name.trim().is_empty() || day.name.chars().count() > 100 {
        wrong(
            &["name"],
            "a special day has a name of up to 100 characters".to_owned(),
        );
    }
    let days = match Days::parse(&day.on, day.to.as_deref()) {
        Ok(days) => Some(days),
        Err(text) => {
            wrong(&["on"], text);
            None
        }
    };
    if day.open.len() > MOST_PARTS {
        wrong(&["open"], format!("a day has up to {MOST_PARTS} parts"));
    }
    let mut parts: Vec<Part> = Vec::new();
    for (index, span) in day.open.iter().take(MOST_PARTS).enumerate() {
        let index = index.to_string();
        let from =
            minutes(&span.from, false).map_err(|text| wrong(&["open", &index, "from"], text));
        let to = minutes(&span.to, true).map_err(|text| wrong(&["open", &index, "to"], text));
        let (Ok(from), Ok(to)) = (from, to) else {
            continue;
        };
        if to <= from {
            let text =
                "it ends before it begins: what goes on after midnight belongs to the next day"
                    .to_owned();
            wrong(&["open", &index, "to"], text);
            continue;
        }
        if let Some(other) = parts
            .iter()
            .find(|other| other.from < to && from < other.to)
        {
            let text = format!(
                "it overlaps with {} to {}",
                clock(other.from),
                clock(other.to)
            );
            wrong(&["open", &index], text);
        }
        parts.push(Part { from, to });
    }
    parts.sort_unstable();
    Some(Special {
        name: day.name.clone(),
        days: days?,
        parts,
    })
}

const NAMES: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

// The places of days in `DayOfWeek` and in `weekly` are the same.
const _: () = assert!(DayOfWeek::Sunday as usize == 6);

/// The minute of the day that a clock time names.
pub(crate) fn minutes(text: &str, may_end: bool) -> Result<u16, String> {
    let bad = || {
        let end = if may_end { " or 24:00" } else { "" };
        format!("\"{text}\" is no time such as 09:00{end}")
    };
    let (hour, minute) = text.split_once(':').ok_or_else(bad)?;
    let number = |part: &str| {
        let is_one = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| is_one).ok_or_else(bad)
    };
    let minute_of_day = number(hour)? * 60 + number(minute)?;
    let is_time =
        number(minute)? < 60 && (minute_of_day < DAY || (may_end && minute_of_day == DAY));
    is_time.then_some(minute_of_day).ok_or_else(bad)
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}
