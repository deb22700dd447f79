//! Until when work is kept from everybody.

use linecard_model::Timestamp as Moment;
use linecard_model::hours::HoursConfig;
use linecard_model::rule::RuleActions;

use crate::hours::{Hours, minutes};

/// When a hold ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldUntil {
    /// When it opens.
    Opening,
    /// When it is next so late, in minutes of a day in the zone of the hours.
    TimeOfDay(u16),
}

impl HeldUntil {
    /// What a rule says.
    pub fn of(hold: &str) -> Result<Self, String> {
        if hold == RuleActions::OPENING {
            return Ok(Self::Opening);
        }
        minutes(hold, false)
            .map(Self::TimeOfDay)
            .map_err(|_| format!("\"{hold}\" is neither `opening` nor a time such as `08:30`"))
    }

    /// The moment, from another one on; or why there is nothing to hold until.
    pub fn moment(self, hours: Option<&Hours>, at: Moment) -> Result<Moment, String> {
        match self {
            Self::Opening => {
                let hours = hours.ok_or("there are no opening hours here")?;
                match hours.opens_at(at) {
                    Some(opens) if opens > at => Ok(opens),
                    Some(_) => Err("it is open".to_owned()),
                    None => Err("nobody knows when it opens".to_owned()),
                }
            }
            Self::TimeOfDay(minutes) => {
                let found = match hours {
                    Some(hours) => hours.next_time(at, minutes),
                    None => utc().and_then(|hours| hours.next_time(at, minutes)),
                };
                found.ok_or_else(|| "there is no such time any more".to_owned())
            }
        }
    }
}

/// The clocks where there are no hours.
fn utc() -> Option<Hours> {
    Hours::compile(&HoursConfig {
        zone: "UTC".to_owned(),
        ..HoursConfig::default()
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(more: &str) -> Hours {
        let text = format!(
            r#"zone = "Europe/Berlin"
            weekly = [{{ days = ["monday", "tuesday", "wednesday", "thursday", "friday"], from = "09:00", to = "17:00" }}]
            {more}"#
        );
        Hours::compile(&toml::from_str(&text).unwrap()).unwrap()
    }

    fn at(text: &str) -> Moment {
        text.parse().unwrap()
    }

    fn held(until: &str) -> HeldUntil {
        HeldUntil::of(until).unwrap()
    }

    #[test]
    fn it_is_held_over_a_weekend_a_special_day_and_a_change_of_the_clocks() {
        let special = r#"special = [{ name = "inventory", on = "2026-03-30" }]"#;
        let until = |hours: &Hours, from| held("opening").moment(Some(hours), at(from));
        // Friday evening; the clocks go forward on Sunday; Monday is closed.
        assert_eq!(
            until(&hours(special), "2026-03-27T18:00:00Z"),
            Ok(at("2026-03-31T07:00:00Z"))
        );
        assert_eq!(
            until(&hours(""), "2026-03-27T18:00:00Z"),
            Ok(at("2026-03-30T07:00:00Z"))
        );
        assert_eq!(
            until(&hours(""), "2026-03-27T10:00:00Z"),
            Err("it is open".to_owned())
        );
        let emergency = hours(r#"emergency_since = "2026-03-27T10:00:00Z""#);
        assert!(until(&emergency, "2026-03-27T18:00:00Z").is_err());
        assert!(
            held("opening")
                .moment(None, at("2026-03-27T18:00:00Z"))
                .is_err()
        );
    }

    #[test]
    fn a_time_of_day_is_that_of_the_hours_and_lies_ahead() {
        let hours = hours("");
        let until = |from| held("08:30").moment(Some(&hours), at(from));
        assert_eq!(
            until("2026-03-28T07:29:00Z"),
            Ok(at("2026-03-28T07:30:00Z"))
        );
        assert_eq!(
            until("2026-03-28T07:30:00Z"),
            Ok(at("2026-03-29T06:30:00Z"))
        );
        assert_eq!(
            held("08:30").moment(None, at("2026-03-28T07:30:00Z")),
            Ok(at("2026-03-28T08:30:00Z"))
        );
        // What the clocks leave out is the moment of the change.
        assert_eq!(
            held("02:30").moment(Some(&hours), at("2026-03-28T12:00:00Z")),
            Ok(at("2026-03-29T01:00:00Z"))
        );
    }

    #[test]
    fn what_is_no_hold_is_told() {
        for until in ["noon", "24:00", "", "8:30", "+600"] {
            let told = HeldUntil::of(until).unwrap_err();
            assert!(told.contains("neither `opening` nor a time"), "{told}");
        }
    }
}
