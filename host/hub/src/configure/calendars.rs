//! Reads the calendars that a site file names into it: a hub that it is applied to may be elsewhere.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use linecard_model::hours::CalendarConfig;
use linecard_model::site::SiteConfig;

use super::problem::Problems;

/// Puts each calendar's text into the configuration, and tells which cannot be read. `folder` is the site
/// file's.
pub(super) fn read_calendars(config: &mut SiteConfig, folder: &Path) -> Problems {
    let mut problems = Problems::default();
    for (hours, schedule) in &mut config.hours {
        for (name, calendar) in &mut schedule.calendars {
            let Some(file) = &calendar.file else {
                continue;
            };
            match read(&folder.join(file)) {
                Ok(text) => calendar.text = text,
                Err(text) => {
                    problems.add(&["hours", hours, "calendars", name, "file"], text);
                }
            }
        }
    }
    problems
}

fn read(file: &Path) -> Result<String, String> {
    let unreadable = |error| format!("{} cannot be read: {error}", file.display());
    let mut bytes = Vec::new();
    let most = CalendarConfig::LONGEST;
    let opened = File::open(file).map_err(unreadable)?;
    let mut opened = opened.take(most as u64 + 1);
    opened.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > most {
        return Err(format!(
            "{} has more than {most} bytes, and no more are read: leave out what is over, and descriptions",
            file.display()
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
        let lines = before.unwrap_or_default().split(|byte| *byte == b'\n').count();
        format!(
            "line {lines} of {} is not UTF-8; convert the file, for example with `iconv -f windows-1252 -t utf-8`",
            file.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse_site_file;

    const CALENDAR: &str = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Christmas\r\n\
                            DTSTART;VALUE=DATE:20261225\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    #[test]
    fn calendars_are_read_beside_the_site_file_and_what_is_none_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site.toml");
        let write = |name: &str, content: &[u8]| {
            std::fs::write(folder.path().join(name), content).unwrap();
        };
        let hours = "[hours.shop]\nzone = \"Europe/Berlin\"\n[hours.shop.calendars.holidays]\nfile = \"holidays.ics\"\n";
        write("site.toml", hours.as_bytes());
        let told = || parse_site_file(&site).unwrap_err().to_string();
        assert!(
            told().contains(":4:1: hours.shop.calendars.holidays.file: "),
            "{}",
            told()
        );
        write("holidays.ics", b"BEGIN:VCALENDAR\nSUMMARY:\xe4\n");
        assert!(
            told().contains("line 2 of ") && told().contains("iconv"),
            "{}",
            told()
        );
        write("holidays.ics", &vec![b'x'; 300 << 10]);
        assert!(told().contains("no more are read"), "{}", told());
        let endless = CALENDAR.replace("END:VEVENT", "RRULE:FREQ=YEARLY\r\nEND:VEVENT");
        write("holidays.ics", endless.as_bytes());
        assert!(
            told().contains(
                ":3:23: hours.shop.calendars.holidays: line 5 of holidays.ics: the rule has no end"
            ),
            "{}",
            told()
        );
        write("holidays.ics", CALENDAR.as_bytes());
        let read = parse_site_file(&site).unwrap();
        assert_eq!(
            read.value.hours["shop"].calendars["holidays"].text,
            CALENDAR
        );
    }
}
