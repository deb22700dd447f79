//! Rules: the list in force, its versions, and what another list would be worth.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::ETAG;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Json as Answer;
use linecard_hub::configure::{ConfigureError, SecretValues, rehearse};
use linecard_model::event::{Event, Seq};
use linecard_model::message::Message;
use linecard_model::rights::Right;
use linecard_model::rule::{RuleConfig, RuleStep};
use linecard_model::{ChannelId, ContactId, InteractionId, MessageId, Timestamp};
use linecard_rules::RuleSet;
use linecard_site::{Earlier, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::config::{changed_meanwhile, etag, matches};
use super::extract::{Caller, Json, Path, Query, if_match};
use super::interactions::limit;
use super::problem::Problem;
use super::views::Page;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get, put))
        .routes(routes!(check))
        .routes(routes!(test))
        .routes(routes!(versions))
        .routes(routes!(restore))
}

/// How many events are read at a time, walking back.
const WINDOW: Seq = 1_024;
/// How many windows are read for one answer.
const WINDOWS: usize = 64;
/// How many messages rules are tried with at most.
const MOST_MESSAGES: u32 = 1_000;
/// How many where nothing is said.
const USUAL_MESSAGES: u32 = 200;
/// The action under which the audit log has a change of the rules.
const CHANGED: &str = "rules.replace";

/// An ordered list of rules.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Rules)]
#[serde(deny_unknown_fields)]
struct RulesBody {
    /// The rules, in the order in which they are gone through.
    rules: Vec<RuleConfig>,
}

type Tagged<T> = ([(HeaderName, String); 1], Answer<T>);

fn tagged(rules: Vec<RuleConfig>) -> Tagged<RulesBody> {
    ([(ETAG, etag(&rules))], Answer(RulesBody { rules }))
}

/// The rules in force
///
/// The `ETag` names their version.
#[utoipa::path(get, operation_id = "getRules", path = "/rules", tag = "administration",
    responses((status = 200, body = RulesBody, headers(("etag" = String)))),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed"]))))]
async fn get(State(app): State<Arc<App>>, caller: Caller) -> Result<Tagged<RulesBody>, Problem> {
    caller.require(Right::Configure)?;
    let config = app.auth.config().await?;
    Ok(tagged(config.rules.clone()))
}

/// Replace the rules
///
/// They are checked as those of a site file are, and in force at once. `If-Match` names the version that was
/// read (`*` for any). The list before stays under `/rules/versions`.
#[utoipa::path(put, operation_id = "replaceRules", path = "/rules", tag = "administration",
    request_body(content = RulesBody, example = json!({"rules": [
        {"name": "refunds", "when": "message.text.mentions('refund')", "then": {"priority": 20}}]})),
    params(("if-match" = String, Header)),
    responses((status = 200, body = RulesBody, headers(("etag" = String)))),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "invalid-site"]))))]
async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<RulesBody>,
) -> Result<Tagged<RulesBody>, Problem> {
    caller.require(Right::Configure)?;
    let condition = if_match(&headers)?;
    replace(&app, &caller, &condition, body.rules).await
}

async fn replace(
    app: &Arc<App>,
    caller: &Caller,
    condition: &str,
    rules: Vec<RuleConfig>,
) -> Result<Tagged<RulesBody>, Problem> {
    let condition = condition.to_owned();
    let (config, ()) = app
        // Nothing of a configuration lies there: problems keep their places, which are the request's.
        .change(caller, "/config", SecretValues::default(), move |present| {
            let version = etag(&present.rules);
            if !matches(&condition, &version) {
                return Err(changed_meanwhile(&version));
            }
            present.rules = rules;
            Ok(())
        })
        .await?;
    Ok(tagged(config.rules))
}

/// Rules that may still be wrong.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RulesDraft {
    /// As in `Rules`. What is out of its bounds is told and not refused.
    #[schema(value_type = Vec<BTreeMap<String, serde_json::Value>>)]
    rules: Vec<RuleConfig>,
}

/// What is wrong with a list of rules.
#[derive(Debug, Serialize, ToSchema)]
struct RulesChecked {
    /// Everything that is wrong; nothing if they can be put in force.
    faults: Vec<RuleFaultView>,
}

/// Something that is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleFault)]
struct RuleFaultView {
    /// Where, as a JSON Pointer into the request.
    pointer: String,
    /// The rule's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// The line of the condition, from 1; absent if it is not about a condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// The column, in characters from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    /// What is wrong, and what to do.
    detail: String,
}

/// Check rules without putting them in force
///
/// Everything that is wrong is told at once, each with its place: what a condition gets wrong with line and
/// column. It is what is told of the same rules in a site file.
#[utoipa::path(post, operation_id = "checkRules", path = "/rules/check", tag = "administration",
    request_body(content = RulesDraft, example = json!({"rules": [
        {"name": "refunds", "when": "mesage.text.mentions('refund')", "then": {"priority": 20}}]})),
    responses((status = 200, body = RulesChecked)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed"]))))]
async fn check(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(body): Json<RulesDraft>,
) -> Result<Answer<RulesChecked>, Problem> {
    caller.require(Right::Configure)?;
    let faults = faults(&app, &body.rules).await?;
    Ok(Answer(RulesChecked { faults }))
}

/// What is wrong with rules in the site as it is. What is wrong elsewhere in it is not theirs.
async fn faults(app: &Arc<App>, rules: &[RuleConfig]) -> Result<Vec<RuleFaultView>, Problem> {
    let present = app.auth.config().await?;
    let mut wanted = present.as_ref().clone();
    wanted.rules = rules.to_vec();
    let equipment = &app.hub.equipment;
    let checked = rehearse(&present, &wanted, &SecretValues::default(), equipment).await;
    let problems = match checked {
        Ok(_) => return Ok(Vec::new()),
        Err(ConfigureError::Problems(problems)) => problems,
        Err(other) => return Err(super::config::refused(other, "")),
    };
    let own = problems.0.into_iter();
    let own = own.filter(|problem| problem.pointer.starts_with("/rules"));
    Ok(own
        .map(|problem| {
            let index = problem.pointer.split('/').nth(2);
            let index = index.and_then(|index| index.parse::<usize>().ok());
            let place = place(&problem.text).filter(|_| problem.pointer.ends_with("/when"));
            RuleFaultView {
                rule: index.and_then(|index| Some(rules.get(index)?.name.clone())),
                line: place.map(|(line, _)| line),
                column: place.map(|(_, column)| column),
                pointer: problem.pointer,
                detail: problem.text,
            }
        })
        .collect())
}

/// The line and the column with which what is said of a condition begins.
fn place(text: &str) -> Option<(u32, u32)> {
    let (line, rest) = text.strip_prefix("line ")?.split_once(", column ")?;
    let (column, _) = rest.split_once(": ")?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

/// Rules to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RulesTest {
    /// The rules.
    rules: Vec<RuleConfig>,
    /// With how many of the newest messages of customers, 1 to 1000. Default 200.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    messages: Option<u32>,
}

/// What other rules would do.
#[derive(Debug, Serialize, ToSchema)]
struct RulesTested {
    /// With how many messages they were tried.
    messages: u32,
    /// The messages with which they do something else than the rules in force, newest first.
    differences: Vec<RuleDifference>,
}

/// A message with which other rules do something else.
#[derive(Debug, Serialize, ToSchema)]
struct RuleDifference {
    /// The message.
    message: MessageId,
    /// Its interaction; absent if it was dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction: Option<InteractionId>,
    /// Its channel.
    channel: ChannelId,
    /// When it was recorded.
    at: Timestamp,
    /// What the rules in force do with it, in their order.
    before: Vec<RuleStep>,
    /// What the others do with it.
    after: Vec<RuleStep>,
}

/// Try rules with recorded messages
///
/// Nothing is done. Each of the newest messages of customers goes through the rules in force and through
/// these, by what is known of it and the hours at which it came; told is where they do not do the same.
/// Whether a connector or a limit would have kept something from being done is not tried.
#[utoipa::path(post, operation_id = "testRules", path = "/rules/test", tag = "administration",
    request_body(content = RulesTest, example = json!({"rules": [
        {"name": "refunds", "when": "message.text.mentions('refund')", "then": {"priority": 20}}], "messages": 50})),
    responses((status = 200, body = RulesTested)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "invalid-site"]))))]
async fn test(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(body): Json<RulesTest>,
) -> Result<Answer<RulesTested>, Problem> {
    caller.require(Right::Configure)?;
    let most = body.messages.unwrap_or(USUAL_MESSAGES);
    if !(1..=MOST_MESSAGES).contains(&most) {
        let text = format!("rules are tried with 1 to {MOST_MESSAGES} messages, not {most}");
        return Err(Problem::new("bad-parameter", text).at("/messages"));
    }
    if let Some(first) = faults(&app, &body.rules).await?.into_iter().next() {
        return Err(Problem::new("invalid-site", first.detail).at(first.pointer));
    }
    let wanted = RuleSet::compile(&body.rules).map_err(|faults| {
        let text = faults.first().map(|fault| fault.text.clone());
        Problem::new("invalid-site", text.unwrap_or_default()).at("/rules")
    })?;
    let rehearsal = app
        .hub
        .site
        .query(linecard_site::SiteState::rehearsal)
        .await?;
    let earlier = rehearsal.asks_for_earlier(&wanted);
    let recorded = recorded(&app, most, earlier).await?;
    let tried = tokio::task::spawn_blocking(move || {
        let mut messages = 0;
        let mut differences = Vec::new();
        for one in &recorded {
            let Some((before, after)) = rehearsal.decide(&wanted, one) else {
                continue;
            };
            messages += 1;
            if !before.does_the_same(&after) {
                differences.push(RuleDifference {
                    message: one.message.id,
                    interaction: one.interaction.as_ref().map(|i| i.id),
                    channel: one.message.channel.clone(),
                    at: one.at,
                    before: before.steps,
                    after: after.steps,
                });
            }
        }
        RulesTested {
            messages,
            differences,
        }
    });
    let tested = tried.await.map_err(|_| {
        Problem::new(
            "internal",
            "trying the rules did not come to its end; see the log",
        )
    })?;
    Ok(Answer(tested))
}

/// The newest messages of customers, newest first.
async fn recorded(app: &App, most: u32, with_earlier: bool) -> Result<Vec<Recorded>, Problem> {
    let site = app.hub.site.id();
    let store = &app.hub.store;
    let oldest = store.first_seq(site).await?;
    let mut end = store.last_seq(site).await?.saturating_add(1);
    let mut found: Vec<Recorded> = Vec::new();
    let mut begun = BTreeSet::new();
    for _ in 0..WINDOWS {
        if end <= oldest || found.len() >= most as usize {
            break;
        }
        let begin = end.saturating_sub(WINDOW).max(oldest);
        let window = usize::try_from(WINDOW).unwrap_or(usize::MAX);
        let records = store.journal(site, begin - 1, window).await?;
        let events = records.iter().flat_map(|record| {
            let numbered = record.numbered();
            numbered.map(|(seq, event)| (seq, record.at, event))
        });
        let mut own: Vec<_> = events
            .filter(|(seq, ..)| (begin..end).contains(seq))
            .collect();
        end = begin;
        while let Some((_, at, event)) = own.pop() {
            match event {
                // Walking back, the last that was met is the first that came after it.
                Event::InteractionStarted(started) => {
                    begun.insert(started.id);
                    let mut of = found.iter_mut().rev();
                    if let Some(first) = of.find(|one| one.message.interaction == started.id) {
                        first.begins = true;
                    }
                }
                Event::MessageReceived(bare)
                    if bare.author.is_contact() && found.len() < most as usize =>
                {
                    let message = store.message(site, bare.contact, bare.id).await?;
                    let Some(message) = message.filter(|m| m.deleted_at.is_none()) else {
                        continue;
                    };
                    let contact = store.contact(site, message.contact).await?;
                    let interaction = if message.interaction.is_none() {
                        None
                    } else {
                        store.interaction(site, message.interaction).await?
                    };
                    let earlier = match &contact {
                        Some(contact) if with_earlier => earlier(app, contact.id, &message).await?,
                        _ => Earlier::default(),
                    };
                    found.push(Recorded {
                        message,
                        contact,
                        earlier,
                        interaction,
                        begins: false,
                        at,
                    });
                }
                _ => {}
            }
        }
    }
    Ok(found)
}

/// What was exchanged with a contact before a message.
async fn earlier(app: &App, contact: ContactId, message: &Message) -> Result<Earlier, Problem> {
    let (site, store) = (app.hub.site.id(), &app.hub.store);
    let before = linecard_store::Page {
        before: Some(message.id),
        limit: Earlier::MOST,
    };
    let said = store.history(site, contact, before).await?;
    let (mut earlier, held) = Earlier::of(&said);
    for id in held {
        let known = store.interaction(site, id).await?;
        earlier.last_agent = known.and_then(|known| known.last_agent);
        if earlier.last_agent.is_some() {
            break;
        }
    }
    Ok(earlier)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Cursor {
    /// The cursor: `next` of the page before.
    after: Option<Seq>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// A change of the rules.
#[derive(Debug, Serialize, ToSchema)]
struct RulesVersion {
    /// Its number.
    id: Seq,
    /// When.
    at: Timestamp,
    /// Who: an agent's name or a key's.
    by: String,
    /// The rules before it.
    #[schema(value_type = Vec<RuleConfig>)]
    before: Value,
    /// The rules from then on.
    #[schema(value_type = Vec<RuleConfig>)]
    after: Value,
}

fn version(seq: Seq, at: Timestamp, event: &Event) -> Option<RulesVersion> {
    let Event::Audited {
        actor,
        action,
        before,
        after,
        ..
    } = event
    else {
        return None;
    };
    (action == CHANGED).then(|| RulesVersion {
        id: seq,
        at,
        by: actor.clone(),
        before: before.clone(),
        after: after.clone(),
    })
}

/// The changes of the rules, newest first
///
/// Whichever way they were changed: here or by a site file. A page may have fewer entries than asked for, or
/// none, and still a `next`.
#[utoipa::path(get, operation_id = "listRulesVersions", path = "/rules/versions", tag = "administration",
    params(Cursor), responses((status = 200, body = Page<RulesVersion>)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed"]))))]
async fn versions(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(cursor): Query<Cursor>,
) -> Result<Answer<Page<RulesVersion>>, Problem> {
    caller.require(Right::Configure)?;
    let limit = limit(cursor.limit)?;
    let site = app.hub.site.id();
    let newest = app.hub.store.last_seq(site).await?;
    let oldest = app.hub.store.first_seq(site).await?;
    let after = cursor.after.unwrap_or(Seq::MAX);
    let mut end = after.min(newest.saturating_add(1));
    let mut items = Vec::new();
    for _ in 0..WINDOWS {
        if end <= oldest {
            break;
        }
        let begin = end.saturating_sub(WINDOW).max(oldest);
        let window = usize::try_from(WINDOW).unwrap_or(usize::MAX);
        let records = app.hub.store.journal(site, begin - 1, window).await?;
        let events = records.iter().flat_map(|record| {
            let numbered = record.numbered();
            numbered.map(|(seq, event)| (seq, record.at, event))
        });
        let own = events.filter(|(seq, ..)| (begin..end).contains(seq));
        let mut own: Vec<RulesVersion> = own
            .filter_map(|(seq, at, event)| version(seq, at, event))
            .collect();
        end = begin;
        while let Some(version) = own.pop() {
            items.push(version);
            if items.len() == limit {
                let next = items.last().map(|version| version.id.to_string());
                return Ok(Answer(Page { items, next }));
            }
        }
    }
    let next = (end > oldest).then(|| end.to_string());
    Ok(Answer(Page { items, next }))
}

/// Undo a change of the rules
///
/// The rules before that change are in force again, if they still fit the site. That is a change of its own.
/// `If-Match` names the version that was read (`*` for any).
#[utoipa::path(post, operation_id = "undoRules", path = "/rules/versions/{id}/undo", tag = "administration",
    params(("id" = u64, Path), ("if-match" = String, Header)),
    responses((status = 200, body = RulesBody, headers(("etag" = String)))),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "not-found", "invalid-site"]))))]
async fn restore(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<Seq>,
) -> Result<Tagged<RulesBody>, Problem> {
    caller.require(Right::Configure)?;
    let condition = if_match(&headers)?;
    let not_found = || Problem::not_found("version of the rules", id);
    let before = id.checked_sub(1).ok_or_else(not_found)?;
    let records = app.hub.store.journal(app.hub.site.id(), before, 1).await?;
    let found = records.iter().find_map(|record| {
        let mut numbered = record.numbered();
        let (seq, event) = numbered.find(|(seq, _)| *seq == id)?;
        version(seq, record.at, event)
    });
    let found = found.ok_or_else(not_found)?;
    // What an earlier version of the hub wrote may not be read any more.
    let rules = serde_json::from_value(found.before).map_err(|error| {
        Problem::new(
            "invalid-site",
            format!("those rules cannot be read: {error}"),
        )
    })?;
    replace(&app, &caller, &condition, rules).await
}
