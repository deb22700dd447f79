//! Calendars of public holidays and special openings, and what is wrong with some.

use std::collections::BTreeMap;

use linecard_model::Timestamp;
use linecard_model::hours::{CalendarConfig, During, HoursConfig};
use linecard_rules::Hours;

const WEEKDAYS: &str = r#"
zone = "Europe/Berlin"
[[weekly]]
days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
from = "09:00"
to = "17:00"
"#;

fn calendar(during: During, events: &str) -> CalendarConfig {
    CalendarConfig {
        text: format!("BEGIN:VCALENDAR\nVERSION:2.0\n{events}END:VCALENDAR\n"),
        during,
        ..CalendarConfig::default()
    }
}

fn config(more: &str, calendars: Vec<(&str, CalendarConfig)>) -> HoursConfig {
    let mut config: HoursConfig = toml::from_str(&format!("{WEEKDAYS}{more}")).unwrap();
    config.calendars = calendars
        .into_iter()
        .map(|(name, calendar)| (name.to_owned(), calendar))
        .collect();
    config
}

fn hours(more: &str, calendars: Vec<(&str, CalendarConfig)>) -> Hours {
    Hours::compile(&config(more, calendars)).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n")
}

/// How it stands at each moment: open, what special day it is, and until when.
fn expect(hours: &Hours, table: &[(&str, bool, Option<&str>, &str)]) {
    for (moment, open, day, until) in table {
        let standing = hours.at(moment.parse().unwrap());
        assert_eq!(
            (
                standing.open,
                standing.special_day.as_deref(),
                standing.until
            ),
            (*open, *day, Some(until.parse().unwrap())),
            "{moment}"
        );
    }
}

#[test]
fn a_public_holiday_closes_its_day_in_the_schedules_zone() {
    let events = event("SUMMARY:Good Friday\nDTSTART;VALUE=DATE:20260403")
        + &event(
            "SUMMARY:Christmas\\, both days\nDTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227",
        );
    let hours = hours("", vec![("holidays", calendar(During::Closed, &events))]);
    let friday = Some("Good Friday");
    expect(
        &hours,
        &[
            ("2026-04-02T14:59:00Z", true, None, "2026-04-02T15:00:00Z"),
            ("2026-04-02T15:00:00Z", false, None, "2026-04-02T22:00:00Z"),
            (
                "2026-04-02T22:00:00Z",
                false,
                friday,
                "2026-04-03T22:00:00Z",
            ),
            (
                "2026-04-03T10:00:00Z",
                false,
                friday,
                "2026-04-03T22:00:00Z",
            ),
            ("2026-04-03T22:00:00Z", false, None, "2026-04-06T07:00:00Z"),
            (
                "2026-12-26T22:00:00Z",
                false,
                Some("Christmas, both days"),
                "2026-12-26T23:00:00Z",
            ),
        ],
    );
    let opens = hours.opens_at("2026-12-24T20:00:00Z".parse().unwrap());
    assert_eq!(opens, Some("2026-12-28T08:00:00Z".parse().unwrap()));
}

#[test]
fn a_closing_of_some_hours_leaves_the_rest_of_the_day_as_it_is() {
    // In New York's clocks; each Wednesday, but for the second one.
    let events = event(
        "SUMMARY:Meeting\nUID:m\nDTSTART;TZID=America/New_York:20260107T060000\nDURATION:PT2H\n\
         RRULE:FREQ=WEEKLY;COUNT=3\nEXDATE;TZID=America/New_York:20260114T060000",
    ) + &event(
        "UID:m\nRECURRENCE-ID;TZID=America/New_York:20260121T060000\nSUMMARY:Long meeting\n\
         DTSTART:20260121T100000Z\nDTEND:20260121T170000Z",
    );
    let hours = hours("", vec![("meetings", calendar(During::Closed, &events))]);
    expect(
        &hours,
        &[
            ("2026-01-07T10:59:00Z", true, None, "2026-01-07T11:00:00Z"),
            (
                "2026-01-07T11:00:00Z",
                false,
                Some("Meeting"),
                "2026-01-07T13:00:00Z",
            ),
            ("2026-01-07T13:00:00Z", true, None, "2026-01-07T16:00:00Z"),
            ("2026-01-14T11:00:00Z", true, None, "2026-01-14T16:00:00Z"),
            ("2026-01-21T09:59:00Z", true, None, "2026-01-21T10:00:00Z"),
            (
                "2026-01-21T16:30:00Z",
                false,
                Some("Long meeting"),
                "2026-01-21T17:00:00Z",
            ),
        ],
    );
}

#[test]
fn a_special_opening_is_all_that_its_day_has() {
    let events = event("SUMMARY:Open Sunday\nDTSTART:20261213T130000\nDTEND:20261213T180000")
        + &event("SUMMARY:Long Thursday\nDTSTART:20261210T200000\nDTEND:20261211T010000")
        + &event("SUMMARY:Off\nSTATUS:CANCELLED\nDTSTART:20261220T130000\nDTEND:20261220T180000");
    let hours = hours("", vec![("openings", calendar(During::Open, &events))]);
    let (sunday, thursday) = (Some("Open Sunday"), Some("Long Thursday"));
    expect(
        &hours,
        &[
            (
                "2026-12-13T11:59:00Z",
                false,
                sunday,
                "2026-12-13T12:00:00Z",
            ),
            ("2026-12-13T12:00:00Z", true, sunday, "2026-12-13T17:00:00Z"),
            (
                "2026-12-10T10:00:00Z",
                false,
                thursday,
                "2026-12-10T19:00:00Z",
            ),
            // It goes on after midnight, and that day then has it alone as well.
            (
                "2026-12-10T19:00:00Z",
                true,
                thursday,
                "2026-12-11T00:00:00Z",
            ),
            (
                "2026-12-11T10:00:00Z",
                false,
                thursday,
                "2026-12-11T23:00:00Z",
            ),
            ("2026-12-20T13:00:00Z", false, None, "2026-12-21T08:00:00Z"),
        ],
    );
}

#[test]
fn a_day_named_by_its_date_counts_first_and_one_of_each_year_last() {
    let holidays = event("SUMMARY:Closed by calendar\nDTSTART;VALUE=DATE:20261224")
        + &event("SUMMARY:Closed by calendar\nDTSTART;VALUE=DATE:20271224");
    let openings =
        event("SUMMARY:Opened by calendar\nDTSTART:20261224T100000\nDTEND:20261224T110000");
    let more = "[[special]]\nname = \"By date\"\non = \"2026-12-24\"\nopen = [{ from = \"09:00\", to = \"12:00\" }]\n\
                [[special]]\nname = \"Each year\"\non = \"12-24\"\nopen = [{ from = \"09:00\", to = \"10:00\" }]\n";
    let both = || {
        vec![
            ("holidays", calendar(During::Closed, &holidays)),
            ("openings", calendar(During::Open, &openings)),
        ]
    };
    let hours = hours(more, both());
    expect(
        &hours,
        &[
            (
                "2026-12-24T10:30:00Z",
                true,
                Some("By date"),
                "2026-12-24T11:00:00Z",
            ),
            (
                "2027-12-24T08:30:00Z",
                false,
                Some("Closed by calendar"),
                "2027-12-24T23:00:00Z",
            ),
            (
                "2028-12-24T08:30:00Z",
                true,
                Some("Each year"),
                "2028-12-24T09:00:00Z",
            ),
        ],
    );
    // Without it, neither calendar counts more.
    let faults = Hours::compile(&config("", both())).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].field, ["calendars", "openings"]);
    assert_eq!(
        faults[0].text,
        "\"Opened by calendar\" (line 3) opens on 2026-12-24, and \"Closed by calendar\" (line 3 of calendar \"holidays\") closes, and neither counts more: take one away, or name 2026-12-24 under `special`, which counts before calendars"
    );
}

#[test]
fn closings_that_overlap_are_one_closed_time() {
    let one = event("SUMMARY:One\nDTSTART;VALUE=DATE:20260106\nDTEND;VALUE=DATE:20260108");
    let two = event("SUMMARY:Two\nDTSTART;VALUE=DATE:20260107\nDTEND;VALUE=DATE:20260109")
        + &event("SUMMARY:Within\nDTSTART:20260106T120000Z\nDURATION:PT1H");
    let hours = hours(
        "",
        vec![
            ("one", calendar(During::Closed, &one)),
            ("two", calendar(During::Closed, &two)),
        ],
    );
    expect(
        &hours,
        &[
            (
                "2026-01-06T12:30:00Z",
                false,
                Some("One"),
                "2026-01-07T23:00:00Z",
            ),
            (
                "2026-01-08T12:00:00Z",
                false,
                Some("Two"),
                "2026-01-08T23:00:00Z",
            ),
        ],
    );
    assert_eq!(hours.happenings().len(), 3);
}

#[test]
fn a_zone_that_the_file_describes_is_taken_and_one_that_nobody_knows_refused() {
    let office = "BEGIN:VTIMEZONE\nTZID:Office\nBEGIN:STANDARD\nDTSTART:16010101T020000\nTZOFFSETFROM:-0400\n\
                  TZOFFSETTO:-0500\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\nEND:STANDARD\nBEGIN:DAYLIGHT\n\
                  DTSTART:16010101T020000\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0400\n\
                  RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n\
                  BEGIN:VTIMEZONE\nTZID:Fixed\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0530\n\
                  TZOFFSETTO:+0530\nEND:STANDARD\nEND:VTIMEZONE\n\
                  BEGIN:VTIMEZONE\nTZID:Elsewhere\nX-LIC-LOCATION:Asia/Tokyo\nEND:VTIMEZONE\n";
    let from = |zone: &str, day: &str| {
        let one = event(&format!("DTSTART;TZID={zone}:{day}T120000\nDURATION:PT1H"));
        let read = calendar(During::Closed, &format!("{office}{one}"));
        let compiled = Hours::compile(&config("", vec![("c", read)]));
        compiled.map(|hours| hours.happenings()[0].from)
    };
    for (zone, day, expected) in [
        ("Office", "20260105", "2026-01-05T17:00:00Z"),
        ("Office", "20260309", "2026-03-09T16:00:00Z"),
        ("Office", "20261101", "2026-11-01T17:00:00Z"),
        ("Fixed", "20260701", "2026-07-01T06:30:00Z"),
        ("Elsewhere", "20260701", "2026-07-01T03:00:00Z"),
        (
            "/some.program/Tzfile/Europe/Lisbon",
            "20260701",
            "2026-07-01T11:00:00Z",
        ),
    ] {
        let expected: Timestamp = expected.parse().unwrap();
        assert_eq!(from(zone, day), Ok(expected), "{zone} {day}");
    }
    let faults = from("Nowhere", "20260701").unwrap_err();
    assert!(
        faults[0]
            .text
            .starts_with("line 31 of its text: there is no time zone \"Nowhere\""),
        "{faults:?}"
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_to_do() {
    let of_event = |lines: &str| event(&format!("SUMMARY:X\n{lines}"));
    let day = "DTSTART;VALUE=DATE:20261225\n";
    let rule = |rule: &str| of_event(&format!("{day}RRULE:{rule}"));
    for (events, line, told) in [
        (
            rule("FREQ=YEARLY"),
            6,
            "the rule has no end: add UNTIL or COUNT",
        ),
        (
            rule("FREQ=DAILY;INTERVAL=2;BYMONTH=12"),
            6,
            "such as \"12-25\"",
        ),
        (
            rule("FREQ=HOURLY;COUNT=3"),
            6,
            "do not recur HOURLY: there are DAILY",
        ),
        (rule("FREQ=DAILY;COUNT=100000"), 6, "more than 4000 events"),
        (
            rule("FREQ=DAILY;UNTIL=99991231"),
            6,
            "more than 4000 events",
        ),
        (rule("FREQ=DAILY;UNTIL=soon"), 6, "UNTIL is no day"),
        (rule("FREQ=DAILY;COUNT=x"), 6, "the rule cannot be read"),
        (rule("COUNT=3"), 6, "the rule cannot be read"),
        (rule("FREQ=DAILY;UNTIL=20200101"), 6, "names no day at all"),
        (rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2"), 6, ""),
        (of_event("LOCATION:Here"), 3, "it needs DTSTART"),
        (
            of_event("DTSTART:20261301"),
            5,
            "DTSTART is no day such as 20261224",
        ),
        (of_event("DTSTART:20261201T256000"), 5, "no time such as"),
        (
            of_event("DTSTART:20261202\nDTEND:20261201"),
            3,
            "ends before it begins",
        ),
        (
            of_event("DTSTART:20261202T100000\nDTEND:20261202T090000"),
            3,
            "ends before it begins",
        ),
        (
            of_event("DTSTART:20261202\nDURATION:PT1H"),
            6,
            "is no duration",
        ),
        (
            of_event("DTSTART:20261202T100000\nDURATION:-PT1H"),
            6,
            "is no duration",
        ),
        (
            of_event("DTSTART:20261202T100000\nDURATION:P1Y"),
            6,
            "is no duration",
        ),
        (
            of_event("DTSTART:20260101\nDTEND:20280101"),
            3,
            "longer than 366 days",
        ),
        (
            of_event("DTSTART:20260101T000000\nDURATION:PT99999H"),
            3,
            "longer than 366 days",
        ),
        (
            of_event(&format!("{day}EXRULE:FREQ=DAILY;COUNT=1")),
            6,
            "name the days by EXDATE",
        ),
        (
            of_event(&format!(
                "{day}UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261225"
            )),
            7,
            "end the rule there by UNTIL",
        ),
        (String::new(), 1, "it has no event"),
    ] {
        let wrong = calendar(During::Closed, &events);
        let faults = Hours::compile(&config("", vec![("holidays", wrong)])).unwrap_err();
        assert_eq!(faults.len(), 1, "{events}: {faults:?}");
        assert_eq!(faults[0].field, ["calendars", "holidays"]);
        let place = format!("line {line} of its text: ");
        assert!(
            faults[0].text.starts_with(&place) && faults[0].text.contains(told),
            "{events}: {faults:?}"
        );
    }
    // Where it was read from a file, that is its place.
    let mut of_file = calendar(During::Closed, &rule("FREQ=YEARLY"));
    of_file.file = Some("holidays.ics".to_owned());
    let faults = Hours::compile(&config("", vec![("holidays", of_file)])).unwrap_err();
    assert!(
        faults[0].text.starts_with("line 6 of holidays.ics: "),
        "{faults:?}"
    );
    let long = CalendarConfig {
        text: "x".repeat(CalendarConfig::LONGEST + 1),
        ..CalendarConfig::default()
    };
    for (name, calendar, told) in [
        ("c", CalendarConfig::default(), "it has no text"),
        ("c", long, "at most 262144 are read"),
        (
            "a/b",
            calendar(During::Closed, &rule("FREQ=DAILY;COUNT=1")),
            "the name of a calendar",
        ),
    ] {
        let faults = Hours::compile(&config("", vec![(name, calendar)])).unwrap_err();
        assert!(
            faults.len() == 1 && faults[0].text.contains(told),
            "{faults:?}"
        );
    }
    let one = || calendar(During::Closed, &rule("FREQ=DAILY;COUNT=3000"));
    let faults = Hours::compile(&config("", vec![("a", one()), ("b", one())])).unwrap_err();
    assert!(
        faults[0].text.contains("with it there are more than 4000"),
        "{faults:?}"
    );
}

/// What another program finds in a calendar.
#[derive(serde::Deserialize)]
struct Recorded {
    text: String,
    zone: String,
    /// From and to, by the event's name.
    happenings: BTreeMap<String, Vec<String>>,
}

fn recorded() -> Vec<Recorded> {
    serde_json::from_str(include_str!("calendars.json")).unwrap()
}

#[test]
fn everything_that_recurs_is_where_another_program_finds_it() {
    let recorded = recorded();
    assert!(recorded.len() >= 40);
    for one in recorded {
        let mut config = config("", vec![]);
        config.zone = one.zone;
        let calendar = CalendarConfig {
            text: one.text.clone(),
            ..CalendarConfig::default()
        };
        config.calendars.insert("c".to_owned(), calendar);
        let hours = Hours::compile(&config).unwrap_or_else(|f| panic!("{f:?}\n{}", one.text));
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for happening in hours.happenings() {
            let time = format!("{}/{}", happening.from, happening.to).replace(".000Z", "Z");
            found.entry(happening.name.clone()).or_default().push(time);
        }
        for times in found.values_mut() {
            times.sort();
        }
        assert_eq!(found, one.happenings, "{}\n{}", config.zone, one.text);
    }
}

#[test]
fn a_damaged_calendar_is_read_or_refused() {
    // A generator of its own: the same each time.
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % below
    };
    let (mut taken, mut refused) = (0, 0);
    for one in recorded() {
        for _ in 0..50 {
            let mut bytes = one.text.clone().into_bytes();
            for _ in 0..=next(3) {
                let at = next(bytes.len());
                match next(3) {
                    0 => bytes[at] = b"0123456789:;=,TZ-+\n "[next(20)],
                    1 => drop(bytes.remove(at)),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let calendar = CalendarConfig {
                text,
                ..CalendarConfig::default()
            };
            match Hours::compile(&config("", vec![("c", calendar)])) {
                Ok(_) => taken += 1,
                Err(faults) => {
                    assert!(faults.iter().all(
                        |fault| fault.text.contains("line ") || fault.text.contains("no text")
                    ));
                    refused += 1;
                }
            }
        }
    }
    assert!(taken > 100 && refused > 100, "{taken} {refused}");
}
