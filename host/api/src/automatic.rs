//! Opening hours as they stand, the emergency switch, and what rules can speak of.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_hub::configure::SecretValues;
use linecard_model::Timestamp;
use linecard_model::rights::Right;
use linecard_model::rule::HoursReason;
use linecard_model::site::SiteConfig;
use linecard_rules::Standing;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Json, Path};
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_hours))
        .routes(routes!(declare, end))
        .routes(routes!(list_facts))
}

/// Opening hours as they stand now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HoursStanding)]
struct HoursView {
    /// Their name in the site's configuration.
    id: String,
    /// The name that people read.
    name: String,
    /// The time zone.
    zone: String,
    /// Whether it is open.
    open: bool,
    /// What decides that.
    reason: HoursReason,
    /// The special day's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    special_day: Option<String>,
    /// Since when it stands so; absent if for longer than two years.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// When that changes; absent if not within two years, or if nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

fn view(config: &SiteConfig, id: String, standing: Standing) -> HoursView {
    let known = config.hours.get(&id);
    HoursView {
        name: known.map(|hours| hours.name.clone()).unwrap_or_default(),
        zone: known.map(|hours| hours.zone.clone()).unwrap_or_default(),
        id,
        open: standing.open,
        reason: standing.reason,
        special_day: standing.special_day,
        since: standing.since,
        until: standing.until,
    }
}

async fn standing(app: &App) -> Result<Vec<HoursView>, Problem> {
    let hours = app.hub.site.query(|state| {
        let standing = state.hours_at(Timestamp::now()).into_iter();
        standing
            .map(|(id, standing)| view(state.config(), id, standing))
            .collect()
    });
    Ok(hours.await?)
}

/// The opening hours, as they stand now
#[utoipa::path(get, operation_id = "listHours", path = "/hours", tag = "queues",
    responses((status = 200, body = Vec<HoursView>)))]
async fn list_hours(
    State(app): State<Arc<App>>,
    _caller: Caller,
) -> Result<Answer<Vec<HoursView>>, Problem> {
    Ok(Answer(standing(&app).await?))
}

/// An emergency that is declared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Emergency {
    /// Since when there is one; now if absent.
    #[serde(default)]
    since: Option<Timestamp>,
}

/// Declare an emergency
///
/// From then on it is closed, whatever the day and the hour, and what the hours say for an emergency is
/// said. It is a change of the site's configuration, and in the audit log.
#[utoipa::path(put, operation_id = "declareEmergency", path = "/hours/{id}/emergency", tag = "administration",
    request_body(content = Emergency, example = json!({})),
    params(("id" = String, Path)),
    responses((status = 200, body = HoursView)),
    extensions(("x-right" = json!("emergency")), ("x-problems" = json!(["not-allowed", "not-found", "invalid-site"]))))]
async fn declare(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Emergency>,
) -> Result<Answer<HoursView>, Problem> {
    caller.require(Right::Emergency)?;
    let since = body.since.unwrap_or_else(Timestamp::now);
    set(&app, &caller, &id, Some(since)).await
}

/// End an emergency
///
/// The hours count again. It is in the audit log.
#[utoipa::path(delete, operation_id = "endEmergency", path = "/hours/{id}/emergency", tag = "administration",
    params(("id" = String, Path)),
    responses((status = 200, body = HoursView)),
    extensions(("x-right" = json!("emergency")), ("x-problems" = json!(["not-allowed", "not-found", "invalid-site"]))))]
async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<HoursView>, Problem> {
    caller.require(Right::Emergency)?;
    set(&app, &caller, &id, None).await
}

async fn set(
    app: &Arc<App>,
    caller: &Caller,
    id: &str,
    since: Option<Timestamp>,
) -> Result<Answer<HoursView>, Problem> {
    let name = id.to_owned();
    app.change(caller, "", SecretValues::default(), move |config| {
        let hours = config.hours.get_mut(&name);
        let hours = hours.ok_or_else(|| Problem::not_found("schedule of opening hours", &name))?;
        // Who declares what is declared already does not begin a new one.
        hours.emergency_since = since.map(|since| hours.emergency_since.unwrap_or(since));
        Ok(())
    })
    .await?;
    let all = standing(app).await?.into_iter();
    let mut own = all.filter(|hours| hours.id == id);
    own.next()
        .map(Answer)
        .ok_or_else(|| Problem::not_found("schedule of opening hours", id))
}

/// Something that the conditions of rules can speak of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleFact)]
struct FactView {
    /// What stands in a condition.
    name: String,
    /// Its type.
    #[serde(rename = "type")]
    of: String,
    /// Whether every message has it. One that it may not have is asked for with `has()`.
    always: bool,
    /// What it says.
    description: &'static str,
}

/// What the conditions of rules can speak of
#[utoipa::path(get, operation_id = "listRuleFacts", path = "/rules/facts", tag = "administration",
    responses((status = 200, body = Vec<FactView>)))]
async fn list_facts(_caller: Caller) -> Answer<Vec<FactView>> {
    let rows = linecard_rules::table().into_iter();
    Answer(
        rows.map(|row| FactView {
            name: row.name,
            of: row.of,
            always: row.always,
            description: row.says,
        })
        .collect(),
    )
}
