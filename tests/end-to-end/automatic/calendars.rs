//! A public holiday comes from an iCalendar file: by the site file and by the API, and what is wrong with one
//! changes nothing.

use anyhow::{Context as _, Result, ensure};
use jiff::{ToSpan as _, Zoned, tz::TimeZone};
use linecard_simulator::customers::Profile;
use linecard_simulator::graph::Incoming;
use linecard_tests::{Networks, SOON};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{BINARY, options};

const ALWAYS: &str = r#"
[hours.shop]
zone = "UTC"
everywhere = true
weekly = [{ days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], from = "00:00", to = "24:00" }]
special_day = { messages = [{ text = "We are closed today." }], work = "end" }
"#;

/// A calendar with an event of a name that goes on from yesterday for three days, and more lines in it.
fn calendar(name: &str, more: &str) -> String {
    let day = |offset: i64| {
        let day = Zoned::now().with_time_zone(TimeZone::UTC).date();
        day.saturating_add(offset.days())
            .strftime("%Y%m%d")
            .to_string()
    };
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:{name}\r\nDTSTART;VALUE=DATE:{}\r\n\
         DTEND;VALUE=DATE:{}\r\n{more}END:VEVENT\r\nEND:VCALENDAR\r\n",
        day(-1),
        day(2)
    )
}

fn details(refused: &Value) -> Vec<String> {
    let errors = refused["errors"].as_array().cloned().unwrap_or_default();
    errors
        .iter()
        .map(|error| format!("{} {}", error["pointer"], error["detail"]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_closes_its_days_and_one_that_is_wrong_changes_nothing() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &options(ALWAYS.to_owned())).await?;
    let administrator = hub.administrator()?;
    let place = "/api/v1/hours/shop/calendars/holidays";
    let put = async |text: &str| {
        let body = json!({ "config": { "text": text } });
        administrator
            .ask(Method::PUT, place, &[], Some(&body))
            .await
    };

    for (wrong, told) in [
        (
            calendar("Endless", "RRULE:FREQ=YEARLY\r\n"),
            "line 8 of its text: the rule has no end: add UNTIL or COUNT",
        ),
        ("<html>".to_owned(), "line 1 of its text: "),
        (String::new(), "it has no text"),
    ] {
        let refused = put(&wrong).await?;
        ensure!(
            refused.status == StatusCode::UNPROCESSABLE_ENTITY,
            "{refused:?}"
        );
        ensure!(
            refused.body["type"]
                .as_str()
                .is_some_and(|t| t.ends_with("invalid-site")),
            "{refused:?}"
        );
        let details = details(&refused.body);
        ensure!(
            details.len() == 1
                && details[0].starts_with("\"/config\" ")
                && details[0].contains(told),
            "{details:?}"
        );
    }
    // Hours that overlap are refused in the same way.
    let mut site = administrator.get("/api/v1/site").await?;
    let shop = site
        .pointer_mut("/config/hours/shop/weekly")
        .context("the hours")?;
    *shop = json!([{ "days": ["monday"], "from": "09:00", "to": "18:00" },
        { "days": ["monday"], "from": "17:00", "to": "20:00" }]);
    let body = json!({ "config": site["config"] });
    let any = [("if-match", "*")];
    let refused = administrator
        .ask(Method::PUT, "/api/v1/site", &any, Some(&body))
        .await?;
    ensure!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY,
        "{refused:?}"
    );
    let told = "\"/config/hours/shop/weekly/1\" \"on Monday it overlaps with 09:00 to 18:00: make one of the two\"";
    ensure!(details(&refused.body) == [told], "{refused:?}");
    let hours = administrator.get("/api/v1/hours").await?;
    ensure!(hours[0]["open"] == true, "{hours}");
    ensure!(
        administrator
            .ask(Method::GET, place, &[], None)
            .await?
            .status
            == StatusCode::NOT_FOUND
    );

    let made = put(&calendar("Founders' day", "")).await?;
    ensure!(made.status == StatusCode::CREATED, "{made:?}");
    ensure!(
        made.body["events"][0]["name"] == "Founders' day",
        "{made:?}"
    );
    ensure!(made.body["count"] == 1, "{made:?}");
    let elsewhere = json!({ "config": { "text": calendar("X", "") } });
    let unknown = administrator
        .ask(
            Method::PUT,
            "/api/v1/hours/none/calendars/x",
            &[],
            Some(&elsewhere),
        )
        .await?;
    ensure!(unknown.status == StatusCode::NOT_FOUND, "{unknown:?}");
    let late = [("if-none-match", "*")];
    let late = administrator
        .ask(Method::PUT, place, &late, Some(&elsewhere))
        .await?;
    ensure!(late.status == StatusCode::PRECONDITION_FAILED, "{late:?}");

    // It holds after a kill, and is what customers hear.
    hub.kill()?;
    hub.launch().await?;
    let page = &networks.graph;
    page.add_customer("9001", Profile::named("Rosa", "Diaz"));
    ensure!(
        page.say("9001", Incoming::text("hello?"))
            .await
            .acknowledged
    );
    let got = page.customers().wait_delivered("9001", 1, SOON).await;
    ensure!(got.context("nothing was said")?[0].text == "We are closed today.");
    let hours = administrator.get("/api/v1/hours").await?;
    ensure!(
        hours[0]["special_day"] == "Founders' day" && hours[0]["open"] == false,
        "{hours}"
    );

    // The site file has it as a file beside it, and an endless rule in it changes nothing.
    let site = networks.site(&options(format!(
        "{ALWAYS}[hours.shop.calendars.openings]\nfile = \"openings.ics\"\nduring = \"open\"\n"
    )));
    let file = hub.folder().join("openings.ics");
    let missing = hub
        .apply(&site)
        .err()
        .context("a missing file was applied")?;
    ensure!(
        missing
            .to_string()
            .contains("hours.shop.calendars.openings.file: "),
        "{missing}"
    );
    std::fs::write(&file, calendar("Open day", "RRULE:FREQ=DAILY\r\n"))?;
    let endless = hub
        .apply(&site)
        .err()
        .context("an endless rule was applied")?;
    let told = "hours.shop.calendars.openings: line 8 of openings.ics: the rule has no end";
    ensure!(endless.to_string().contains(told), "{endless}");
    let hours = administrator.get("/api/v1/hours").await?;
    ensure!(hours[0]["special_day"] == "Founders' day", "{hours}");
    for name in ["Open day", "Open week"] {
        std::fs::write(&file, calendar(name, ""))?;
        hub.apply(&site)?;
        let hours = administrator.get("/api/v1/hours").await?;
        ensure!(
            hours[0]["special_day"] == name && hours[0]["open"] == true,
            "{hours}"
        );
    }
    let gone = "/api/v1/hours/shop/calendars/openings";
    let removed = administrator.ask(Method::DELETE, gone, &[], None).await?;
    ensure!(removed.status == StatusCode::NO_CONTENT, "{removed:?}");
    let hours = administrator.get("/api/v1/hours").await?;
    ensure!(
        hours[0]["special_day"].is_null() && hours[0]["open"] == true,
        "{hours}"
    );
    let agent = linecard_tests::Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let refused = agent.ask(Method::GET, place, &[], None).await?;
    ensure!(refused.status == StatusCode::FORBIDDEN, "{refused:?}");
    Ok(())
}
