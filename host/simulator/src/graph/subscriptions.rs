//! Which webhook fields the page sends to the app, and what a token may do.

use serde_json::{Value, json};

use super::api::{Call, Caller};
use super::errors::GraphError;
use super::outbox::Lane;
use super::parameters::parameters;
use super::state::{Graph, lock};
use super::surface::Surface;

/// The fields of a page that an app can subscribe to, as far as this page has them.
const FIELDS: &[&str] = &[
    "feed",
    "mention",
    "ratings",
    "leadgen",
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_reactions",
    "message_edits",
    "messaging_referrals",
    "messaging_optins",
    "messaging_handovers",
    "standby",
    "messaging_policy_enforcement",
    "messaging_account_linking",
];

/// What a page token of the simulated app may do, unless it is told otherwise.
const SCOPES: &[&str] = &[
    "pages_manage_metadata",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_manage_posts",
    "pages_messaging",
    "instagram_basic",
    "instagram_manage_messages",
    "instagram_manage_comments",
];

/// What a token may do, and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenRights {
    pub(crate) scopes: Vec<String>,
    /// Unix seconds; 0 for never.
    pub(crate) expires_at: i64,
}

impl TokenRights {
    pub(crate) fn new(scopes: &[&str]) -> Self {
        Self {
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            expires_at: 0,
        }
    }

    /// Those of a page token.
    pub(crate) fn of_page() -> Self {
        Self::new(SCOPES)
    }

    pub(crate) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|known| known == scope)
    }
}

/// What is changed of a token's rights.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RightsChange {
    scopes: Option<Vec<String>>,
    expires_at: Option<i64>,
}

impl RightsChange {
    pub(crate) fn apply(self, rights: &mut TokenRights) {
        if let Some(scopes) = self.scopes {
            rights.scopes = scopes;
        }
        rights.expires_at = self.expires_at.unwrap_or(rights.expires_at);
    }
}

/// The field that an item needs and that nobody has subscribed to.
pub(crate) fn missing(graph: &Graph, lane: Lane, item: &Value) -> Option<String> {
    if !graph.options.require_subscription || lane.surface() == Surface::Instagram {
        return None;
    }
    let field = match lane {
        Lane::Standby => "standby",
        Lane::Feed => item.get("field").and_then(Value::as_str).unwrap_or("feed"),
        _ => messaging_field(item),
    };
    (!lock(&graph.subscribed).contains(field)).then(|| field.to_owned())
}

fn messaging_field(item: &Value) -> &'static str {
    let has = |member: &str| item.get(member).is_some();
    if item.pointer("/message/is_echo").is_some() {
        "message_echoes"
    } else if has("delivery") {
        "message_deliveries"
    } else if has("read") {
        "message_reads"
    } else if has("reaction") {
        "message_reactions"
    } else if has("message_edit") {
        "message_edits"
    } else if has("postback") {
        "messaging_postbacks"
    } else if has("referral") {
        "messaging_referrals"
    } else if has("optin") {
        "messaging_optins"
    } else if has("policy_enforcement") {
        "messaging_policy_enforcement"
    } else {
        "messages"
    }
}

/// `POST /{page}/subscribed_apps`
pub(crate) async fn subscribe(graph: &Graph, call: &Call) -> Result<Value, GraphError> {
    let parameters = parameters(call).await?;
    let wanted: Vec<String> = match parameters.members.get("subscribed_fields") {
        Some(Value::String(text)) => text
            .split(',')
            .map(|field| field.trim().to_owned())
            .filter(|field| !field.is_empty())
            .collect(),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|field| field.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    };
    if wanted.is_empty() {
        return Err(GraphError::parameter(
            "The parameter subscribed_fields is required",
        ));
    }
    if let Some(place) = wanted
        .iter()
        .position(|field| !FIELDS.contains(&field.as_str()))
    {
        return Err(GraphError::parameter(format!(
            "Param subscribed_fields[{place}] must be one of {{{}}}",
            FIELDS.join(", ")
        )));
    }
    *lock(&graph.subscribed) = wanted.into_iter().collect();
    Ok(json!({ "success": true }))
}

/// `GET /{page}/subscribed_apps`
pub(crate) fn list(graph: &Graph) -> Value {
    let mut fields: Vec<String> = lock(&graph.subscribed).iter().cloned().collect();
    // A page that sends everything says so.
    if fields.is_empty() && !graph.options.require_subscription {
        fields = FIELDS.iter().map(|&field| field.to_owned()).collect();
    }
    if fields.is_empty() {
        return json!({ "data": [] });
    }
    json!({ "data": [{
        "id": graph.options.app_id.to_string(),
        "name": "Simulated App",
        "subscribed_fields": fields,
    }] })
}

/// `DELETE /{page}/subscribed_apps`
pub(crate) fn unsubscribe(graph: &Graph) -> Value {
    lock(&graph.subscribed).clear();
    json!({ "success": true })
}

/// `GET /debug_token?input_token=`
pub(crate) fn debug_token(graph: &Graph, call: &Call) -> Result<Value, GraphError> {
    let token = call
        .parameter("input_token")
        .ok_or_else(|| GraphError::parameter("The parameter input_token is required"))?;
    let info = graph.caller(token).map(|caller| TokenInfo {
        app_id: graph.options.app_id,
        kind: match caller {
            Caller::Page => "PAGE",
            Caller::Instagram => "USER",
            Caller::App => "APP",
        },
        profile_id: graph.account(caller.surface()),
        rights: match caller {
            Caller::Page => lock(&graph.rights).clone(),
            Caller::Instagram | Caller::App => TokenRights::of_page(),
        },
    });
    Ok(told(info.as_ref()))
}

/// What there is to tell of a token.
pub(crate) struct TokenInfo<'a> {
    pub(crate) app_id: u64,
    /// `PAGE`, `USER`, `SYSTEM_USER` or `APP`.
    pub(crate) kind: &'static str,
    pub(crate) profile_id: &'a str,
    pub(crate) rights: TokenRights,
}

/// The answer about a token; none for an unknown one.
pub(crate) fn told(info: Option<&TokenInfo<'_>>) -> Value {
    let data = match info {
        Some(info) => json!({
            "app_id": info.app_id.to_string(),
            "application": "Simulated App",
            "type": info.kind,
            "is_valid": true,
            "expires_at": info.rights.expires_at,
            "data_access_expires_at": 0,
            "profile_id": info.profile_id,
            "scopes": info.rights.scopes,
        }),
        None => json!({
            "is_valid": false,
            "scopes": [],
            "error": { "code": 190, "message": "Malformed access token" },
        }),
    };
    json!({ "data": data })
}
