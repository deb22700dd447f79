//! Calendars of opening hours: what a schedule gets from an iCalendar file.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::ETAG;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Json as Answer;
use linecard_hub::configure::SecretValues;
use linecard_model::Timestamp;
use linecard_model::hours::{CalendarConfig, HoursConfig};
use linecard_model::rights::Right;
use linecard_rules::Hours;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Tagged;
use super::parts::check;
use crate::App;
use crate::config::etag;
use crate::extract::{Caller, Json, Path};
use crate::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get, put, delete))
}

/// The most events of a calendar that are shown.
const MOST_SHOWN: usize = 200;

/// A calendar, and what it comes to.
#[derive(Debug, Serialize, ToSchema)]
struct CalendarView {
    /// Its name.
    id: String,
    /// The calendar.
    config: CalendarConfig,
    /// What happens by it from now on, in order: up to 200 events.
    events: Vec<CalendarEventView>,
    /// How many there are, each that recurs counted, with those that are over.
    count: usize,
}

/// Something that happens by a calendar.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CalendarEvent)]
struct CalendarEventView {
    /// What it is called.
    name: String,
    /// The line of the calendar with which it begins, from 1.
    line: usize,
    /// When it begins.
    from: Timestamp,
    /// When it is over.
    to: Timestamp,
}

/// A calendar that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutCalendar {
    /// The calendar: `text` has the content of the iCalendar file.
    config: CalendarConfig,
}

fn unknown_hours(id: &str) -> Problem {
    Problem::not_found("schedule of opening hours", id)
}

fn unknown(name: &str) -> Problem {
    Problem::not_found("calendar", name)
}

fn view(hours: &HoursConfig, name: &str) -> Result<Tagged<CalendarView>, Problem> {
    let config = hours.calendars.get(name).ok_or_else(|| unknown(name))?;
    // What is in force was checked when it was applied.
    let compiled = Hours::compile(hours).map_err(|faults| {
        let text = faults.into_iter().next().map(|fault| fault.text);
        Problem::new("internal", text.unwrap_or_default())
    })?;
    let own = || {
        let all = compiled.happenings().iter();
        all.filter(|happening| happening.calendar == name)
    };
    let now = Timestamp::now();
    let coming = own().filter(|happening| happening.to > now);
    let events = coming.take(MOST_SHOWN).map(|happening| CalendarEventView {
        name: happening.name.clone(),
        line: happening.line,
        from: happening.from,
        to: happening.to,
    });
    let view = CalendarView {
        id: name.to_owned(),
        config: config.clone(),
        events: events.collect(),
        count: own().count(),
    };
    Ok(([(ETAG, etag(config))], Answer(view)))
}

/// A calendar of opening hours, with what happens by it
#[utoipa::path(get, operation_id = "getCalendar", path = "/hours/{id}/calendars/{calendar}", tag = "administration",
    params(("id" = String, Path), ("calendar" = String, Path)),
    responses((status = 200, body = CalendarView, headers(("etag" = String)))),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, calendar)): Path<(String, String)>,
) -> Result<Tagged<CalendarView>, Problem> {
    caller.require(Right::Configure)?;
    let config = app.auth.config().await?;
    let hours = config.hours.get(&id).ok_or_else(|| unknown_hours(&id))?;
    view(hours, &calendar)
}

/// Give opening hours a calendar, or replace one
///
/// An iCalendar file (RFC 5545), such as one of public holidays: during its events it is closed, or, with
/// `"during": "open"`, open. It counts at once. What cannot be read, a rule without an end and a day that two
/// calendars see differently are refused, each with its line and what to do; nothing has changed then.
#[utoipa::path(put, operation_id = "putCalendar", path = "/hours/{id}/calendars/{calendar}", tag = "administration",
    params(("id" = String, Path), ("calendar" = String, Path), ("if-match" = Option<String>, Header),
        ("if-none-match" = Option<String>, Header)),
    request_body(content = PutCalendar, example = json!({"config": {"during": "closed", "text":
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:christmas\r\nSUMMARY:Christmas\r\nDTSTART;VALUE=DATE:20301225\r\nRRULE:FREQ=YEARLY;COUNT=5\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"}})),
    responses((status = 200, body = CalendarView, headers(("etag" = String))),
        (status = 201, body = CalendarView, headers(("etag" = String)))),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "not-found", "invalid-site"]))))]
async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path((id, calendar)): Path<(String, String)>,
    Json(body): Json<PutCalendar>,
) -> Result<(StatusCode, Tagged<CalendarView>), Problem> {
    caller.require(Right::Configure)?;
    let (hours, name) = (id.clone(), calendar.clone());
    let (config, was_there) = app
        .change(
            &caller,
            &place(&id, &calendar),
            SecretValues::default(),
            move |config| {
                let hours = config
                    .hours
                    .get_mut(&hours)
                    .ok_or_else(|| unknown_hours(&hours))?;
                check(&headers, hours.calendars.get(&name))?;
                Ok(hours.calendars.insert(name, body.config).is_some())
            },
        )
        .await?;
    let hours = config.hours.get(&id).ok_or_else(|| unknown_hours(&id))?;
    let status = if was_there {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, view(hours, &calendar)?))
}

/// Take a calendar away from opening hours
#[utoipa::path(delete, operation_id = "deleteCalendar", path = "/hours/{id}/calendars/{calendar}", tag = "administration",
    params(("id" = String, Path), ("calendar" = String, Path), ("if-match" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "not-found", "invalid-site"]))))]
async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path((id, calendar)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    caller.require(Right::Configure)?;
    let place = place(&id, &calendar);
    app.change(&caller, &place, SecretValues::default(), move |config| {
        let hours = config
            .hours
            .get_mut(&id)
            .ok_or_else(|| unknown_hours(&id))?;
        let present = hours.calendars.get(&calendar);
        check(&headers, Some(present.ok_or_else(|| unknown(&calendar))?))?;
        hours.calendars.remove(&calendar);
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where a calendar is in the configuration, as a JSON Pointer.
fn place(hours: &str, calendar: &str) -> String {
    let step = |text: &str| text.replace('~', "~0").replace('/', "~1");
    format!("/hours/{}/calendars/{}", step(hours), step(calendar))
}
