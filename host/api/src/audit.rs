//! The audit log: who changed what, and what stood there before.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::Timestamp;
use linecard_model::event::{Event, Seq};
use linecard_model::rights::Right;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Query};
use super::interactions::limit;
use super::problem::Problem;
use super::views::Page;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// How many events are read at a time, walking back.
const WINDOW: Seq = 1_024;
/// How many windows are read for one page; the next page goes on from there.
const WINDOWS: usize = 64;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only what this one did: an agent's id, or `key:` and a key's name.
    actor: Option<String>,
    /// Only this action, such as `site.configure`.
    action: Option<String>,
    /// The cursor: `next` of the page before.
    after: Option<Seq>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// Something that was changed.
#[derive(Debug, Serialize, ToSchema)]
struct AuditEntry {
    /// The number of the event.
    seq: Seq,
    /// When.
    at: Timestamp,
    /// Who.
    actor: String,
    /// What was done, such as `site.configure`.
    action: String,
    /// To what.
    subject: String,
    /// What stood there before.
    #[serde(skip_serializing_if = "Value::is_null")]
    before: Value,
    /// What stands there now.
    #[serde(skip_serializing_if = "Value::is_null")]
    after: Value,
}

/// The audit log, newest first
///
/// A page may have fewer entries than asked for, or none, and still a `next`:
/// the log lies among all other events.
#[utoipa::path(get, operation_id = "listAudit", path = "/audit", tag = "administration", params(Filter),
    responses((status = 200, body = Page<AuditEntry>)),
    extensions(("x-right" = json!("audit")), ("x-problems" = json!(["not-allowed"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Answer<Page<AuditEntry>>, Problem> {
    caller.require(Right::Audit)?;
    let limit = limit(filter.limit)?;
    let site = app.hub.site.id();
    let newest = app.hub.store.last_seq(site).await?;
    let oldest = app.hub.store.first_seq(site).await?;
    // Everything from here on has been shown.
    let mut end = filter
        .after
        .unwrap_or(Seq::MAX)
        .min(newest.saturating_add(1));
    let mut items = Vec::new();
    for _ in 0..WINDOWS {
        if end <= oldest {
            break;
        }
        let begin = end.saturating_sub(WINDOW).max(oldest);
        let records = app
            .hub
            .store
            .journal(
                site,
                begin - 1,
                usize::try_from(WINDOW).unwrap_or(usize::MAX),
            )
            .await?;
        let mut window: Vec<AuditEntry> = records
            .iter()
            .flat_map(|record| {
                record
                    .numbered()
                    .map(|(seq, event)| (seq, record.at, event))
            })
            .filter(|(seq, _, _)| (begin..end).contains(seq))
            .filter_map(|(seq, at, event)| entry(seq, at, event))
            .filter(|entry| filter.actor.as_ref().is_none_or(|a| *a == entry.actor))
            .filter(|entry| filter.action.as_ref().is_none_or(|a| *a == entry.action))
            .collect();
        end = begin;
        while let Some(entry) = window.pop() {
            items.push(entry);
            if items.len() == limit {
                let next = items.last().map(|e| e.seq.to_string());
                return Ok(Answer(Page { items, next }));
            }
        }
    }
    let next = (end > oldest).then(|| end.to_string());
    Ok(Answer(Page { items, next }))
}

fn entry(seq: Seq, at: Timestamp, event: &Event) -> Option<AuditEntry> {
    let Event::Audited {
        actor,
        action,
        subject,
        before,
        after,
    } = event
    else {
        return None;
    };
    Some(AuditEntry {
        seq,
        at,
        actor: actor.clone(),
        action: action.clone(),
        subject: subject.clone(),
        before: before.clone(),
        after: after.clone(),
    })
}
