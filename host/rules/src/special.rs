//! Which days a special day names.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// The days of a special day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Days {
    /// Once: from the first to the last.
    Once(Date, Date),
    /// Each year, by month and day: from the first to the last, which may lie in the next year.
    Yearly((i8, i8), (i8, i8)),
    /// The nth weekday (from the end if negative) of a month, or of each month.
    Nth {
        nth: i8,
        weekday: Weekday,
        month: Option<i8>,
    },
}

/// More days than this on end are a change of the weekly hours.
const LONGEST: i32 = 366;

impl Days {
    /// Reads what stands in the site file.
    pub fn parse(on: &str, to: Option<&str>) -> Result<Self, String> {
        let on = on.trim();
        if let Some(from) = date(on) {
            let last = match to {
                None => from,
                Some(to) => date(to.trim())
                    .ok_or_else(|| format!("\"{to}\" is no day such as 2026-12-26"))?,
            };
            if last < from {
                return Err(format!("the last day, {last}, is before the first, {from}"));
            }
            if (last - from).get_days() > LONGEST {
                return Err("it is longer than a year: change the weekly hours".to_owned());
            }
            return Ok(Self::Once(from, last));
        }
        if let Some(from) = month_day(on) {
            let last = match to {
                None => from,
                Some(to) => month_day(to.trim())
                    .ok_or_else(|| format!("\"{to}\" is no day such as 12-26"))?,
            };
            return Ok(Self::Yearly(from, last));
        }
        let nth = nth(on).ok_or_else(|| {
            format!(
                "\"{on}\" names no day: write `2026-12-24`, `12-24`, `last monday of may` or `first friday`"
            )
        })?;
        if to.is_some() {
            return Err("a weekday of a month is one day: leave `to` out".to_owned());
        }
        Ok(nth)
    }

    /// Whether a day is among them.
    pub fn has(&self, day: Date) -> bool {
        match self {
            Self::Once(from, last) => (*from..=*last).contains(&day),
            Self::Yearly(from, last) => {
                let own = (day.month(), day.day());
                if from <= last {
                    (*from..=*last).contains(&own)
                } else {
                    own >= *from || own <= *last
                }
            }
            Self::Nth {
                nth,
                weekday,
                month,
            } => {
                month.is_none_or(|month| month == day.month())
                    && (day.nth_weekday_of_month(*nth, *weekday)).is_ok_and(|found| found == day)
            }
        }
    }

    /// Which of two that have the same day counts: the more particular one, the greater here.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Once(..) => 2,
            Self::Yearly(..) => 1,
            Self::Nth { .. } => 0,
        }
    }

    /// Whether they are named by their dates.
    pub fn is_dated(&self) -> bool {
        matches!(self, Self::Once(..))
    }

    /// A day that both name, if they are of one kind, so that neither counts more. Looked for within the
    /// years that matter: a leap year and the four after it, or the days that are named.
    pub fn meets(&self, other: &Self) -> Option<Date> {
        if self.rank() != other.rank() {
            return None;
        }
        let (first, last) = match self {
            Self::Once(from, last) => (*from, *last),
            _ => (Date::constant(2028, 1, 1), Date::constant(2033, 12, 31)),
        };
        let mut day = first;
        while day <= last {
            if self.has(day) && other.has(day) {
                return Some(day);
            }
            day = day.checked_add(1.day()).ok()?;
        }
        None
    }
}

fn date(text: &str) -> Option<Date> {
    // Only this form: others would be read as something that was not meant.
    let is_one = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    text.parse().ok().filter(|_| is_one)
}

fn month_day(text: &str) -> Option<(i8, i8)> {
    let (month, day) = text.split_once('-')?;
    let number = |text: &str| {
        let is_one = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i8>().ok().filter(|_| is_one)
    };
    let (month, day) = (number(month)?, number(day)?);
    // A leap year has every day that a year can have.
    Date::new(2028, month, day).ok().map(|_| (month, day))
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn nth(text: &str) -> Option<Days> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let (nth, weekday, month) = match words.as_slice() {
        [nth, weekday] => (nth, weekday, None),
        [nth, weekday, "of", month] => (nth, weekday, Some(month)),
        _ => return None,
    };
    let nth = match *nth {
        "first" => 1,
        "second" => 2,
        "third" => 3,
        "fourth" => 4,
        "last" => -1,
        _ => return None,
    };
    let weekday = match *weekday {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    };
    let month = match month {
        None => None,
        Some(month) => {
            let at = MONTHS.iter().position(|known| known == month)?;
            Some(i8::try_from(at + 1).ok()?)
        }
    };
    Some(Days::Nth {
        nth,
        weekday,
        month,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_named_in_four_ways() {
        for (on, to, has, has_not) in [
            (
                "2026-12-24",
                None,
                vec!["2026-12-24"],
                vec!["2025-12-24", "2026-12-25"],
            ),
            (
                "2026-12-30",
                Some("2027-01-02"),
                vec!["2026-12-30", "2027-01-01", "2027-01-02"],
                vec!["2027-01-03"],
            ),
            (
                "12-24",
                Some("12-26"),
                vec!["2026-12-24", "2031-12-26"],
                vec!["2026-12-27"],
            ),
            (
                "12-30",
                Some("01-02"),
                vec!["2026-12-31", "2027-01-02"],
                vec!["2027-01-03", "2026-06-01"],
            ),
            (
                "02-29",
                None,
                vec!["2028-02-29"],
                vec!["2027-02-28", "2027-03-01"],
            ),
            (
                "last monday of may",
                None,
                vec!["2026-05-25", "2027-05-31"],
                vec!["2026-05-18", "2026-06-29"],
            ),
            (
                "first friday",
                None,
                vec!["2026-05-01", "2026-06-05"],
                vec!["2026-05-08"],
            ),
            (
                "Fourth Thursday of November",
                None,
                vec!["2026-11-26"],
                vec!["2026-11-19"],
            ),
        ] {
            let days = Days::parse(on, to).unwrap();
            assert!(has.iter().all(|one| days.has(day(one))), "{on}");
            assert!(!has_not.iter().any(|one| days.has(day(one))), "{on}");
        }
    }

    #[test]
    fn what_names_no_day_is_refused() {
        for (on, to) in [
            ("24.12.", None),
            ("2026-02-29", None),
            ("02-30", None),
            ("13-01", None),
            ("2026-12-24", Some("12-26")),
            ("2026-12-24", Some("2026-12-20")),
            ("2026-01-01", Some("2028-01-01")),
            ("12-24", Some("2026-12-26")),
            ("fifth monday", None),
            ("first monday of mai", None),
            ("first monday", Some("2026-01-01")),
            ("20261224", None),
            ("2026-W52-4", None),
            ("", None),
        ] {
            assert!(Days::parse(on, to).is_err(), "{on} {to:?}");
        }
    }

    #[test]
    fn two_of_one_kind_that_have_the_same_day_are_found() {
        let days = |on, to| Days::parse(on, to).unwrap();
        let meets = |one: Days, other: Days| one.meets(&other).is_some();
        assert!(meets(days("12-24", Some("12-26")), days("12-25", None)));
        assert!(meets(
            days("2026-12-24", None),
            days("2026-12-20", Some("2026-12-31"))
        ));
        assert!(meets(
            days("first monday of may", None),
            days("first monday", None)
        ));
        assert!(meets(
            days("fourth monday of may", None),
            days("last monday of may", None)
        ));
        assert!(
            !meets(days("12-24", None), days("2026-12-24", None)),
            "one counts more"
        );
        assert!(!meets(days("12-24", None), days("12-25", None)));
    }
}
