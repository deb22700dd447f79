//! What a channel's network charges, and the budget for it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// How much a channel may cost: counted by UTC day and UTC month, in millionths of the unit of the
/// network's price list, as connectors tell the cost of each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpendConfig {
    /// The most for a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_day: Option<u64>,
    /// The most for a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub per_month: Option<u64>,
    /// Whether answers wait too once the budget is used up. Without it only polling pauses, and
    /// answers to customers still go out.
    #[serde(default)]
    pub enforce_on_sends: bool,
}

/// A budget that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    /// When the next day or month begins.
    pub until: Timestamp,
    /// Whether it is the month's.
    pub of_month: bool,
    /// How much it was.
    pub budget: u64,
    /// How much was spent.
    pub spent: u64,
}

impl std::fmt::Display for Exhausted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { budget, spent, .. } = self;
        let period = if self.of_month { "month" } else { "day" };
        write!(
            f,
            "the {period}'s budget of {budget} millionths is used up: {spent} are spent"
        )
    }
}

impl SpendConfig {
    /// The budget that is used up, if one is; the month's before the day's.
    pub fn exhausted(&self, spent: &Spent, at: Timestamp) -> Option<Exhausted> {
        let today = date(at);
        let month = (self.per_month, spent.this_month(at), true);
        let day = (self.per_day, spent.today(at), false);
        [month, day]
            .into_iter()
            .find_map(|(budget, spent, of_month)| {
                let budget = budget.filter(|budget| spent >= *budget)?;
                let next = if of_month {
                    today.last_of_month().tomorrow()
                } else {
                    today.tomorrow()
                };
                // Only the last day of the calendar has none after it.
                let until = next.ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
                Some(Exhausted {
                    until: until.into(),
                    of_month,
                    budget,
                    spent,
                })
            })
    }
}

/// What was spent on a channel, in millionths of the unit of the network's price list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spent {
    /// The UTC day of the last charge; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<Date>,
    /// On that day.
    on_day: u64,
    /// In that day's month.
    in_month: u64,
    /// Ever.
    pub total: u64,
}

impl Spent {
    /// Adds a charge. A clock that goes back does not open a day again.
    pub fn add(&mut self, at: Timestamp, millionths: u64) {
        let (on_day, in_month) = (self.today(at), self.this_month(at));
        self.day = self.day.max(Some(date(at)));
        self.on_day = on_day.saturating_add(millionths);
        self.in_month = in_month.saturating_add(millionths);
        self.total = self.total.saturating_add(millionths);
    }

    /// On the UTC day of a time.
    pub fn today(&self, at: Timestamp) -> u64 {
        if self.day >= Some(date(at)) {
            self.on_day
        } else {
            0
        }
    }

    /// In the UTC month of a time.
    pub fn this_month(&self, at: Timestamp) -> u64 {
        if self.day >= Some(date(at).first_of_month()) {
            self.in_month
        } else {
            0
        }
    }
}

fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn days_and_months_begin_anew_and_the_total_stays() {
        let mut spent = Spent::default();
        spent.add(at("2026-01-30T10:00:00Z"), 5);
        spent.add(at("2026-01-31T23:59:59Z"), 7);
        let late = at("2026-01-31T23:59:59.999Z");
        assert_eq!((spent.today(late), spent.this_month(late)), (7, 12));
        let next = at("2026-02-01T00:00:00Z");
        assert_eq!((spent.today(next), spent.this_month(next)), (0, 0));
        spent.add(next, 1);
        assert_eq!((spent.today(next), spent.this_month(next)), (1, 1));
        assert_eq!(spent.total, 13);
        // The clock goes back: nothing is forgotten.
        spent.add(late, 2);
        assert_eq!((spent.today(next), spent.this_month(next)), (3, 3));
    }

    #[test]
    fn a_budget_is_used_up_until_the_next_day_or_month() {
        let budget = SpendConfig {
            per_day: Some(10),
            per_month: Some(15),
            enforce_on_sends: false,
        };
        let mut spent = Spent::default();
        let first = at("2026-12-30T12:00:00Z");
        spent.add(first, 9);
        assert_eq!(budget.exhausted(&spent, first), None);
        spent.add(first, 1);
        let day = budget.exhausted(&spent, first).unwrap();
        assert_eq!(day.until, at("2026-12-31T00:00:00Z"));
        assert!(!day.of_month);
        let second = at("2026-12-31T12:00:00Z");
        assert_eq!(budget.exhausted(&spent, second), None);
        spent.add(second, 6);
        let month = budget.exhausted(&spent, second).unwrap();
        assert_eq!(month.until, at("2027-01-01T00:00:00Z"));
        assert!(month.of_month);
        assert_eq!(budget.exhausted(&spent, month.until), None);
    }
}
