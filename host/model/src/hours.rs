//! Opening hours: when people work, and what is said and done when they do not.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ChannelId, QueueId, Timestamp};

/// Opening hours in one time zone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursConfig {
    /// The name that people read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The time zone, such as `Europe/Berlin`.
    pub zone: String,
    /// When it is open in a usual week; never if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekly: Vec<WeeklySpan>,
    /// Days that are not like others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub special: Vec<SpecialDay>,
    /// Calendars (iCalendar files, `.ics`) of public holidays or special openings, by names that you choose.
    /// A day that is named under `special` by its date counts before them, and they count before special
    /// days that come each year or month.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calendars: BTreeMap<String, CalendarConfig>,
    /// Since when there is an emergency: as long as this is there, it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency_since: Option<Timestamp>,
    /// The channels that have these hours, whatever their queues have.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub channels: BTreeSet<ChannelId>,
    /// The queues that have these hours.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub queues: BTreeSet<QueueId>,
    /// Whether channels and queues that have no hours of their own have these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub everywhere: bool,
    /// What is said and done outside the weekly hours.
    #[serde(default, skip_serializing_if = "WhenClosed::is_nothing")]
    pub closed: WhenClosed,
    /// The same while a special day is closed. Absent: as outside the weekly hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special_day: Option<WhenClosed>,
    /// The same in an emergency. Absent: as outside the weekly hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<WhenClosed>,
}

/// A part of some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklySpan {
    /// The days on which it begins.
    pub days: BTreeSet<DayOfWeek>,
    /// When it begins, such as `09:00`.
    pub from: String,
    /// When it ends, such as `18:00` or `24:00`; the next day if that is not later.
    pub to: String,
}

/// A day of the week.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum DayOfWeek {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A day, or several days on end, with hours of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpecialDay {
    /// What it is called.
    pub name: String,
    /// Which: `2026-12-24` once, `12-24` each year, `last monday of may` each year, or `first friday` each
    /// month.
    pub on: String,
    /// The last day, if it is more than one: `2026-12-26` or `12-26`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// When it is open; closed all day if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<Span>,
}

/// A calendar whose events are special.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarConfig {
    /// The file from which it is read whenever the site file is applied; beside the site file, unless it
    /// is an absolute path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The calendar itself (RFC 5545), at most 256 KiB: what stands in the file, if there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 262_144)]
    pub text: String,
    /// What it is during the events: `closed`, or `open`, and then only then on the days that have one.
    #[serde(default)]
    pub during: During,
}

impl CalendarConfig {
    /// The longest text of a calendar, in bytes.
    pub const LONGEST: usize = 256 << 10;
    /// The most calendars of one schedule.
    pub const MOST: usize = 20;
}

/// What it is during a calendar's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum During {
    /// Closed, whatever else the day says: all day, or between the event's beginning and end.
    #[default]
    Closed,
    /// Open, and on days that have an event at no other time.
    Open,
}

/// A part of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// When it begins, such as `09:00`.
    pub from: String,
    /// When it ends, such as `14:00`, at the latest `24:00`.
    pub to: String,
}

/// What is said and done while it is closed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WhenClosed {
    /// What is said, once in each conversation and closed period: the first that is for the channel and
    /// the language. Nothing if there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<HoursMessage>,
    /// What becomes of what begins then.
    #[serde(skip_serializing_if = "ClosedWork::is_usual")]
    pub work: ClosedWork,
}

impl WhenClosed {
    /// Whether nothing is said and nothing is other than usual.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What is said while it is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursMessage {
    /// The text, in which placeholders are filled in as in a standard response.
    #[schema(max_length = 8000)]
    pub text: String,
    /// The channels on which it is said; all if empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub channels: BTreeSet<ChannelId>,
    /// The language of the customer's message, as an analyzer or the network told it, such as `en`; any if
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whether it is said privately where the customer wrote in public.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

/// What becomes of work that begins while it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedWork {
    /// It is queued all the same.
    #[default]
    Queue,
    /// It is queued, and offered to nobody until it opens; at once if nobody knows when that is.
    Park,
    /// It is over at once; it stays in the history.
    End,
}

impl ClosedWork {
    // serde hands a reference.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}
