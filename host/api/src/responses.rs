//! Standard responses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::response::{Response, ResponseConfig};
use linecard_model::rights::Right;
use linecard_model::{ChannelId, InteractionId, ResponseId, Timestamp};
use linecard_site::Request;
use linecard_site::desk::{Desk, Scene, fill_in};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Json, Nothing, Path, Query};
use super::interactions::limit;
use super::problem::Problem;
use super::views::Page;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, put, delete))
        .routes(routes!(render))
        .routes(routes!(export, import))
}

/// A text that agents answer with again and again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StandardResponse)]
pub(super) struct ResponseView {
    /// Its name.
    id: ResponseId,
    /// The folder in which it is listed.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    folder: String,
    /// What it is called.
    title: String,
    /// The text, with what is filled in between `{{` and `}}`.
    text: String,
    /// The language.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// The channels on which it may be used; all if absent.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    channels: BTreeSet<ChannelId>,
    /// The networks on which it may be used; all if absent.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    networks: BTreeSet<String>,
    /// How many messages were sent with it.
    used: u64,
    /// When the last one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<Timestamp>,
    /// When it was last changed.
    changed_at: Timestamp,
    /// Who changed it: an agent's id, or `key:` and a key's name.
    changed_by: String,
}

impl From<&Response> for ResponseView {
    fn from(response: &Response) -> Self {
        let config = response.config.clone();
        Self {
            id: response.id.clone(),
            folder: config.folder,
            title: config.title,
            text: config.text,
            language: config.language,
            channels: config.channels,
            networks: config.networks,
            used: response.used,
            used_at: response.used_at,
            changed_at: response.changed_at,
            changed_by: response.changed_by.clone(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those in whose title, text or folder all of these words stand.
    search: Option<String>,
    /// Only of this folder, and of those below it.
    folder: Option<String>,
    /// Only of this language, or of none.
    language: Option<String>,
    /// Only those that may be used in this interaction.
    interaction: Option<String>,
    /// `name` (the default) or `used`: those that are used most come first.
    #[param(pattern = "^(name|used)$")]
    sort: Option<String>,
    /// The cursor: `next` of the page before.
    after: Option<String>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

impl Filter {
    fn wants(&self, config: &ResponseConfig) -> bool {
        let in_folder = |folder: &String| {
            config.folder == *folder
                || config
                    .folder
                    .strip_prefix(folder)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        self.folder.as_ref().is_none_or(in_folder)
            && (self.search.as_ref()).is_none_or(|words| config.has_words(words))
            && self.language.as_ref().is_none_or(|wanted| {
                let own = config.language.as_ref();
                own.is_none_or(|own| own.eq_ignore_ascii_case(wanted))
            })
    }
}

/// Standard responses, in the order of their names
#[utoipa::path(get, operation_id = "listResponses", path = "/responses", tag = "responses", params(Filter),
    responses((status = 200, body = Page<ResponseView>)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Answer<Page<ResponseView>>, Problem> {
    let limit = limit(filter.limit)?;
    let by_use = match filter.sort.as_deref() {
        None | Some("name") => false,
        Some("used") => true,
        Some(_) => return Err(Problem::new("bad-parameter", "sort is name or used")),
    };
    let bad = || Problem::new("bad-cursor", "the cursor is not one that the hub gave out");
    // A name, or how often something was used and its name.
    let after: Option<(u64, ResponseId)> = match filter.after.as_deref() {
        None => None,
        Some(text) => {
            let (used, name) = match text.split_once(':') {
                Some((used, name)) if by_use => (used.parse().map_err(|_| bad())?, name),
                None if !by_use => (0, text),
                _ => return Err(bad()),
            };
            Some((used, ResponseId::new(name).map_err(|_| bad())?))
        }
    };
    let place = match &filter.interaction {
        Some(id) => Some(app.interaction(&caller, id).await?.channel),
        None => None,
    };
    let found = app
        .hub
        .site
        .query(move |state| {
            let network = place.as_ref().and_then(|channel| {
                let runtime = state.channels().get(channel)?;
                Some(runtime.network().to_owned())
            });
            let network = network.unwrap_or_default();
            let fits = |config: &ResponseConfig| {
                (place.as_ref()).is_none_or(|channel| config.fits(channel, &network))
            };
            let all = state.responses();
            let wanted = all.filter(|r| fits(&r.config) && filter.wants(&r.config));
            wanted.cloned().collect::<Vec<_>>()
        })
        .await?;
    let order = |response: &Response| {
        let used = if by_use { response.used } else { 0 };
        (std::cmp::Reverse(used), response.id.clone())
    };
    let after = after.map(|(used, id)| (std::cmp::Reverse(used), id));
    let mut found: Vec<_> = found
        .into_iter()
        .filter(|response| after.as_ref().is_none_or(|after| order(response) > *after))
        .collect();
    found.sort_by_cached_key(|response| order(response));
    let is_last = found.len() <= limit;
    found.truncate(limit);
    let next = found.last().filter(|_| !is_last).map(|last| {
        if by_use {
            format!("{}:{}", last.used, last.id)
        } else {
            last.id.to_string()
        }
    });
    let items = found.iter().map(|response| response.as_ref().into());
    Ok(Answer(Page {
        items: items.collect(),
        next,
    }))
}

impl App {
    /// A standard response.
    async fn response(&self, id: &str) -> Result<Arc<Response>, Problem> {
        let unknown = || Problem::not_found("standard response", id);
        let name = ResponseId::new(id).map_err(|_| unknown())?;
        let found = self
            .hub
            .site
            .query(move |state| state.response(&name).cloned());
        found.await?.ok_or_else(unknown)
    }
}

fn name(id: &str) -> Result<ResponseId, Problem> {
    ResponseId::new(id).map_err(|error| Problem::new("bad-parameter", error.to_string()))
}

/// A standard response
#[utoipa::path(get, operation_id = "getResponse", path = "/responses/{id}", tag = "responses",
    params(("id" = String, Path)),
    responses((status = 200, body = ResponseView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn get(
    State(app): State<Arc<App>>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Answer<ResponseView>, Problem> {
    Ok(Answer(app.response(&id).await?.as_ref().into()))
}

/// Make a standard response, or change it
///
/// What cannot be filled in is refused, with its place in the text.
#[utoipa::path(put, operation_id = "putResponse", path = "/responses/{id}", tag = "responses",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = ResponseConfig, example = json!({
        "folder": "General", "title": "Welcome", "language": "en",
        "text": "Hello {{contact.first_name|there}}, this is {{agent.name}}. How can I help?"
    })),
    responses((status = 200, body = ResponseView)),
    extensions(("x-right" = json!("texts")), ("x-problems" = json!(["not-allowed"]))))]
async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<ResponseConfig>,
) -> Result<Changed, Problem> {
    caller.require(Right::Texts)?;
    let key = change.idempotency(&caller);
    let asked = Desk::SaveResponses {
        responses: vec![(name(&id)?, change.body)],
        replace: false,
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Remove a standard response
///
/// One that a macro sends stays until the macro is changed.
#[utoipa::path(delete, operation_id = "deleteResponse", path = "/responses/{id}", tag = "responses",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right" = json!("texts")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    caller.require(Right::Texts)?;
    let key = change.idempotency(&caller);
    let response = name(&id)?;
    let asked = Desk::RemoveResponse { response };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Where something is said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Place {
    /// The interaction.
    interaction: InteractionId,
}

/// A standard response that was filled in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RenderedResponse)]
struct RenderedView {
    /// The response: give it as `response` with the message, so that its use is counted.
    response: ResponseId,
    /// The text.
    text: String,
    /// What is not known and has no fallback: it is left out of the text.
    missing: Vec<String>,
}

/// Fill a standard response in for an interaction
///
/// With the caller as the agent, or, for a key, whoever has the interaction. Nothing is sent.
#[utoipa::path(post, operation_id = "renderResponse", path = "/responses/{id}/render", tag = "responses",
    params(("id" = String, Path)),
    request_body(content = Place),
    responses((status = 200, body = RenderedView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn render(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(place): Json<Place>,
) -> Result<Answer<RenderedView>, Problem> {
    let response = app.response(&id).await?;
    let of = place.interaction.to_string();
    let interaction = app.interaction(&caller, &of).await?;
    let channel = app.hub.channels.get(&interaction.channel);
    let network = channel.as_ref().map_or("", |channel| channel.network());
    if !response.config.fits(&interaction.channel, network) {
        let text = format!("{id} is not for channel {}", interaction.channel);
        return Err(Problem::invalid("/interaction", text));
    }
    let contact = app.person(interaction.contact).await?;
    let config = app.auth.config().await?;
    let agent = caller.actor.agent.as_ref();
    let scene = Scene {
        config: &config,
        interaction: &interaction,
        contact: contact.as_ref(),
        agent: agent.or(interaction.state.agent()),
    };
    let filled = fill_in(&response.config.text, scene)
        .map_err(|error| Problem::invalid("", error.to_string()))?;
    Ok(Answer(RenderedView {
        response: response.id.clone(),
        text: filled.text,
        missing: filled.missing,
    }))
}

/// All standard responses, by name.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AllResponses {
    /// The responses.
    #[schema(value_type = BTreeMap<String, ResponseConfig>)]
    responses: BTreeMap<ResponseId, ResponseConfig>,
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedResponses)]
pub(super) struct ImportedView {
    /// How many are new or were changed.
    pub saved: usize,
    /// How many went.
    pub removed: usize,
}

/// All standard responses, to be kept or taken elsewhere
#[utoipa::path(get, operation_id = "exportResponses", path = "/site/responses", tag = "responses",
    responses((status = 200, body = AllResponses)),
    extensions(("x-right" = json!("texts")), ("x-problems" = json!(["not-allowed"]))))]
async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Answer<AllResponses>, Problem> {
    caller.require(Right::Texts)?;
    let responses = app
        .hub
        .site
        .query(|state| {
            let all = state.responses();
            all.map(|r| (r.id.clone(), r.config.clone())).collect()
        })
        .await?;
    Ok(Answer(AllResponses { responses }))
}

/// Replace all standard responses
///
/// All or none of it. Those that are not given go; how often the others were used stays.
#[utoipa::path(put, operation_id = "importResponses", path = "/site/responses", tag = "responses",
    params(("idempotency-key" = Option<String>, Header)),
    request_body(content = AllResponses, example = json!({"responses": {
        "thanks": {"title": "Thanks", "text": "Thank you, {{contact.name|dear customer}}!"}
    }})),
    responses((status = 200, body = ImportedView)),
    extensions(("x-right" = json!("texts")), ("x-problems" = json!(["not-allowed"]))))]
async fn import(
    State(app): State<Arc<App>>,
    caller: Caller,
    change: Changing<AllResponses>,
) -> Result<Changed, Problem> {
    caller.require(Right::Texts)?;
    let key = change.idempotency(&caller);
    let asked = Desk::SaveResponses {
        responses: change.body.responses.into_iter().collect(),
        replace: true,
    };
    app.request(&caller, Request::Desk(asked), key).await
}
