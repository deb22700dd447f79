//! A report as JUnit XML, which continuous integration systems read.

use std::io;
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::suite::Report;

/// Writes a report: a test for each case, and one for its hostile variants if there are any.
pub fn junit(report: &Report, suite: &str) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut tests: Vec<Test> = Vec::new();
    for case in &report.cases {
        let broken: Vec<String> = case
            .broken
            .iter()
            .map(|broken| format!("{}: {}", broken.variant, broken.how))
            .collect();
        tests.push(Test {
            name: case.name.clone(),
            time: case.time,
            failure: case.failure.clone(),
        });
        if case.variants > 0 {
            tests.push(Test {
                name: format!("{} (hostile variants)", case.name),
                time: Duration::ZERO,
                failure: (!broken.is_empty()).then(|| broken.join("\n")),
            });
        }
    }
    let failures = tests.iter().filter(|test| test.failure.is_some()).count();
    let time: Duration = tests.iter().map(|test| test.time).sum();
    let suite = printable(suite);
    writer
        .create_element("testsuite")
        .with_attributes([
            ("name", suite.as_str()),
            ("tests", tests.len().to_string().as_str()),
            ("failures", failures.to_string().as_str()),
            ("errors", "0"),
            ("time", seconds(time).as_str()),
        ])
        .write_inner_content(|writer| {
            for test in &tests {
                let (name, time) = (printable(&test.name), seconds(test.time));
                let element = writer.create_element("testcase").with_attributes([
                    ("classname", suite.as_str()),
                    ("name", name.as_str()),
                    ("time", time.as_str()),
                ]);
                match &test.failure {
                    None => element.write_empty()?,
                    Some(failure) => element.write_inner_content(|writer| {
                        let text = printable(failure);
                        let first = text.lines().next().unwrap_or_default();
                        writer
                            .create_element("failure")
                            .with_attribute(("message", first))
                            .write_text_content(BytesText::new(&text))?;
                        Ok(())
                    })?,
                };
            }
            Ok(())
        })?;
    String::from_utf8(writer.into_inner()).map_err(io::Error::other)
}

struct Test {
    name: String,
    time: Duration,
    failure: Option<String>,
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// The text without characters that XML does not know.
fn printable(text: &str) -> String {
    let is_known = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars()
        .map(|c| {
            let is_none = matches!(c, '\u{fffe}' | '\u{ffff}');
            if is_known(c) && !is_none {
                c
            } else {
                '\u{fffd}'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{Broken, CaseReport};

    #[test]
    fn what_failed_and_what_did_not_is_told() {
        let case = |name: &str, failure: Option<&str>| CaseReport {
            name: name.to_owned(),
            time: Duration::from_millis(1_500),
            failure: failure.map(str::to_owned),
            varies: false,
            variants: 0,
            broken: Vec::new(),
        };
        let mut broken = case("c", None);
        broken.variants = 2;
        broken.broken.push(Broken {
            variant: "body empty".to_owned(),
            how: "it stopped".to_owned(),
        });
        let report = Report {
            cases: vec![
                case("a", None),
                case("b", Some("- 1 < 2\n+ \u{1b}[2J")),
                broken,
            ],
            coverage: Vec::new(),
        };
        let xml = junit(&report, "acme 1.0 & more").unwrap();
        for part in [
            "<testsuite name=\"acme 1.0 &amp; more\" tests=\"4\" failures=\"2\"",
            "name=\"a\" time=\"1.500\"/>",
            "- 1 &lt; 2",
            "body empty: it stopped",
        ] {
            assert!(xml.contains(part), "{part} is missing in {xml}");
        }
        assert!(!xml.contains('\u{1b}'), "{xml}");
    }
}
