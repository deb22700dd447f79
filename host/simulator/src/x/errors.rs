//! The answers with which X refuses a call: problem JSON, and the faults made of them.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::faults::{Fault, FaultAnswer};

/// The address under which X names its kinds of problems.
pub(crate) const PROBLEMS: &str = "https://api.twitter.com/2/problems/";

/// A refusal of the X API.
#[derive(Debug, Clone, PartialEq)]
pub struct XError {
    /// The HTTP status.
    pub status: u16,
    /// The body, a problem in the sense of RFC 7807 in most cases.
    pub body: Value,
    /// Headers beside the content type.
    pub headers: Vec<(String, String)>,
}

impl XError {
    fn problem(status: u16, kind: &str, title: &str, detail: impl Into<String>) -> Self {
        let kind = if kind == "about:blank" {
            kind.to_owned()
        } else {
            format!("{PROBLEMS}{kind}")
        };
        let detail: String = detail.into();
        Self {
            status,
            body: json!({ "title": title, "detail": detail, "type": kind, "status": status }),
            headers: Vec::new(),
        }
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        if let Value::Object(members) = &mut self.body {
            members.insert(name.to_owned(), value);
        }
        self
    }

    /// 400: a parameter or a member of the body is wrong.
    pub fn invalid(parameter: &str, value: &str, message: impl Into<String>) -> Self {
        let message: String = message.into();
        let error = json!({ "parameters": { parameter: [value] }, "message": message });
        let mut refusal = Self::problem(
            400,
            "invalid-request",
            "Invalid Request",
            "One or more parameters to your request was invalid.",
        )
        .with("errors", json!([error]));
        // The network leaves the status out of this body.
        if let Value::Object(members) = &mut refusal.body {
            members.remove("status");
        }
        refusal
    }

    /// 401: no token, or one that is not known, has expired or was revoked.
    pub fn unauthorized() -> Self {
        Self::problem(401, "about:blank", "Unauthorized", "Unauthorized")
    }

    /// 403: the kind of token does not serve for this call.
    pub fn unsupported_authentication(used: &str, needed: &[&str]) -> Self {
        Self::problem(
            403,
            "unsupported-authentication",
            "Unsupported Authentication",
            format!(
                "Authenticating with {used} is forbidden for this endpoint.  Supported \
                 authentication types are [{}].",
                needed.join(", ")
            ),
        )
    }

    /// 403: the app's permission to write was taken away.
    pub fn oauth1_permissions() -> Self {
        Self::problem(
            403,
            "oauth1-permissions",
            "Forbidden",
            "Your client app is not configured with the appropriate oauth1 app permissions for \
             this endpoint.",
        )
    }

    /// 403: forbidden for a reason that only the detail tells.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::problem(403, "about:blank", "Forbidden", detail)
    }

    /// 403: the same text was posted a short time ago.
    pub fn duplicate() -> Self {
        Self::forbidden("You are not allowed to create a Tweet with duplicate content.")
    }

    /// 403: a reply to a post whose author has neither mentioned nor quoted the account.
    pub fn not_summoned() -> Self {
        Self::forbidden(
            "Reply to this conversation is not allowed because you have not been mentioned or \
             otherwise engaged by the author of the post you are replying to.",
        )
    }

    /// 403: the person takes no direct messages from the account.
    pub fn dm_not_permitted() -> Self {
        Self::forbidden(
            "You do not have permission to DM one or more participants of this conversation.",
        )
    }

    /// 403: the product does not hold this endpoint.
    pub fn not_enrolled() -> Self {
        Self::problem(
            403,
            "client-forbidden",
            "Client Forbidden",
            "This request must be made using an approved developer account that is enrolled in \
             the requested endpoint.",
        )
        .with("reason", json!("client-not-enrolled"))
        .with(
            "registration_url",
            json!("https://developer.x.com/en/portal/products"),
        )
    }

    /// 404: the path is not one of the API.
    pub fn unknown_path() -> Self {
        Self::problem(404, "about:blank", "Not Found", "Not Found")
    }

    /// 404: no such thing, told as a whole answer.
    pub fn not_found(kind: &str, parameter: &str, value: &str) -> Self {
        Self {
            status: 404,
            body: missing(kind, parameter, value),
            headers: Vec::new(),
        }
        .with("status", json!(404))
    }

    /// 413: a medium is larger than its category allows.
    pub fn too_large(limit: usize) -> Self {
        Self::problem(
            413,
            "about:blank",
            "Payload Too Large",
            format!("File size exceeds {limit} bytes."),
        )
    }

    /// 429: the window's calls are used up; the headers say until when.
    pub fn too_many_requests() -> Self {
        Self::problem(429, "about:blank", "Too Many Requests", "Too Many Requests")
    }

    /// 429: the month's posts are used up; a reset brings nothing.
    pub fn usage_capped() -> Self {
        Self::problem(
            429,
            "usage-capped",
            "UsageCapExceeded",
            "Usage cap exceeded: Monthly product cap",
        )
        .with("period", json!("Monthly"))
        .with("scope", json!("Product"))
    }

    /// 402: nothing is left of what was paid for.
    pub fn credits_depleted() -> Self {
        Self::problem(
            402,
            "credits",
            "CreditsDepleted",
            "Your enrolled account does not have any credits to fulfill this request.",
        )
    }

    /// 503: over capacity.
    pub fn unavailable() -> Self {
        Self::problem(
            503,
            "about:blank",
            "Service Unavailable",
            "Service Unavailable",
        )
    }

    /// An OAuth 2.0 refusal of the token endpoint.
    pub fn oauth2(error: &str, description: &str) -> Self {
        Self {
            status: if error == "unauthorized_client" {
                401
            } else {
                400
            },
            body: json!({ "error": error, "error_description": description }),
            headers: Vec::new(),
        }
    }

    /// A refusal by the name that the control endpoint takes.
    pub fn named(name: &str, now_ms: i64) -> Option<Self> {
        Some(match name {
            "rate_limited" => {
                let mut refusal = Self::too_many_requests();
                let reset = now_ms / 1000 + 60;
                refusal.headers = vec![
                    ("x-rate-limit-limit".to_owned(), "100".to_owned()),
                    ("x-rate-limit-remaining".to_owned(), "0".to_owned()),
                    ("x-rate-limit-reset".to_owned(), reset.to_string()),
                ];
                refusal
            }
            "usage_capped" => Self::usage_capped(),
            "credits_depleted" => Self::credits_depleted(),
            "unauthorized" => Self::unauthorized(),
            "duplicate" => Self::duplicate(),
            "not_summoned" => Self::not_summoned(),
            "dm_not_permitted" => Self::dm_not_permitted(),
            "not_enrolled" => Self::not_enrolled(),
            "oauth1_permissions" => Self::oauth1_permissions(),
            "unavailable" => Self::unavailable(),
            _ => return None,
        })
    }

    /// The refusal as a fault that strikes a call in place of its effect.
    pub fn fault(&self) -> Fault {
        Fault::Answer(FaultAnswer {
            status: self.status,
            headers: self.headers.clone(),
            content_type: Some("application/problem+json".to_owned()),
            body: self.body.to_string(),
        })
    }
}

/// A problem about something that is not there, as it stands in `errors` of a 200, too.
pub(crate) fn missing(kind: &str, parameter: &str, value: &str) -> Value {
    json!({
        "value": value,
        "detail": format!("Could not find {kind} with {parameter}: [{value}]."),
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "type": format!("{PROBLEMS}resource-not-found"),
    })
}

impl IntoResponse for XError {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body.to_string()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
