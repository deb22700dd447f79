//! The Graph API's error answers, as recorded, and the faults made of them.

mod public;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::route::Family;
use super::webhook::set;
use crate::faults::{Fault, FaultAnswer};

/// An error answer of the Graph API.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphError {
    /// The HTTP status.
    pub status: u16,
    /// The message, with the code in front as the network writes it.
    pub message: String,
    /// The error type; `OAuthException` for almost everything.
    pub kind: &'static str,
    /// The code.
    pub code: u32,
    /// The subcode.
    pub subcode: Option<u32>,
    /// Whether the answer says `is_transient`.
    pub transient: bool,
    /// The title for users.
    pub user_title: Option<&'static str>,
    /// WhatsApp: what exactly is wrong, which the answer holds in `error_data.details`.
    pub details: Option<String>,
    /// Usage headers and the like.
    pub headers: Vec<(String, String)>,
}

impl GraphError {
    pub(crate) fn new(
        status: u16,
        code: u32,
        subcode: Option<u32>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            message: message.into(),
            kind: "OAuthException",
            code,
            subcode,
            transient: false,
            user_title: None,
            details: None,
            headers: Vec::new(),
        }
    }

    /// 100: a parameter is wrong.
    pub fn parameter(detail: impl std::fmt::Display) -> Self {
        Self::new(400, 100, None, format!("(#100) {detail}"))
    }

    /// 100: a message tag that does not exist any more, or never did.
    pub fn retired_tag() -> Self {
        Self {
            user_title: Some("Invalid message tag"),
            ..Self::parameter("Invalid parameter")
        }
    }

    /// 100/2018001: nobody has this id for this page.
    pub fn no_such_user() -> Self {
        Self::new(400, 100, Some(2_018_001), "(#100) No matching user found")
    }

    /// 100/33: no such object, or not for this token.
    pub fn no_such_object(verb: &str, id: &str) -> Self {
        Self {
            kind: "GraphMethodException",
            ..Self::new(
                400,
                100,
                Some(33),
                format!(
                    "Unsupported {verb} request. Object with ID '{id}' does not exist, cannot be \
                     loaded due to missing permissions, or does not support this operation"
                ),
            )
        }
    }

    /// 2500: the path is not one of the API.
    pub fn unknown_path(path: &str) -> Self {
        Self::new(400, 2500, None, format!("Unknown path components: {path}"))
    }

    /// 2500: no token was sent.
    pub fn no_token() -> Self {
        Self::new(
            400,
            2500,
            None,
            "An active access token must be used to query information about the current user.",
        )
    }

    /// 190: the token is not one of ours.
    pub fn malformed_token() -> Self {
        Self::new(401, 190, None, "Malformed access token")
    }

    /// 190/463: the token has expired.
    pub fn expired_token() -> Self {
        Self::new(
            401,
            190,
            Some(463),
            "Error validating access token: Session has expired on Friday, 20-Nov-26 10:00:00 \
             PST. The current time is Friday, 20-Nov-26 10:05:00 PST.",
        )
    }

    /// 230: the permission to send as the page was taken away.
    pub fn permission_revoked() -> Self {
        Self::new(
            403,
            230,
            None,
            "(#230) Requires pages_messaging permission to manage the object",
        )
    }

    /// 10/2018278: the messaging window is closed.
    pub fn outside_window() -> Self {
        Self::new(
            400,
            10,
            Some(2_018_278),
            "(#10) This message is sent outside of allowed window. Learn more about the new \
             policy here: https://developers.facebook.com/docs/messenger-platform/policy-overview",
        )
    }

    /// 551/1545041: the person cannot be reached.
    pub fn person_unavailable() -> Self {
        Self::new(
            400,
            551,
            Some(1_545_041),
            "(#551) This person isn't available right now.",
        )
    }

    /// 10/2018108: the person blocked the page.
    pub fn person_blocks_page() -> Self {
        Self::new(
            400,
            10,
            Some(2_018_108),
            "(#10) This Person Cannot Receive Messages: This person isn't receiving messages from \
             you right now.",
        )
    }

    /// 368: the page is blocked for abuse; the token stays valid.
    pub fn policy_block() -> Self {
        Self::new(
            400,
            368,
            None,
            "The action attempted has been deemed abusive or is otherwise disallowed",
        )
    }

    /// 10 with sub-code 1893063: the page is restricted for the time being; the token stays valid.
    pub fn page_restricted() -> Self {
        Self::new(
            400,
            10,
            Some(1_893_063),
            "Your page is temporarily restricted from sending messages",
        )
    }

    /// 613: a custom rate limit.
    pub fn rate_limited_613() -> Self {
        Self::new(
            403,
            613,
            None,
            "(#613) Calls to this api have exceeded the rate limit.",
        )
    }

    /// 32: the page's request limit, with the usage header.
    pub fn rate_limited_32() -> Self {
        let mut error = Self::new(403, 32, None, "(#32) Page request limit reached");
        error.headers = vec![("x-app-usage".to_owned(), app_usage(100))];
        error
    }

    /// 80006: the page's Messenger limit, with the header that tells when to come back.
    pub fn rate_limited_80006(page: &str, minutes: u64) -> Self {
        Self::rate_limited(Family::Messenger, page, minutes)
    }

    /// 80001: the page's limit beside Messenger, with the header that tells when to come back.
    pub fn rate_limited_80001(page: &str, minutes: u64) -> Self {
        Self::rate_limited(Family::Pages, page, minutes)
    }

    /// 80002: the Instagram account's limit, with the header that tells when to come back.
    pub fn rate_limited_80002(account: &str, minutes: u64) -> Self {
        Self::rate_limited(Family::Instagram, account, minutes)
    }

    pub(crate) fn rate_limited(family: Family, account: &str, minutes: u64) -> Self {
        let (code, what) = match family {
            Family::Messenger => (80006, "messenger api calls to this Page account"),
            Family::Pages => (80001, "calls to this Page account"),
            Family::Instagram => (80002, "calls to this Instagram account"),
        };
        let mut error = Self::new(
            400,
            code,
            None,
            format!(
                "(#{code}) There have been too many {what}. Wait a bit and try again. For more \
                 info, please refer to \
                 https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
            ),
        );
        error.headers = vec![(
            "x-business-use-case-usage".to_owned(),
            business_usage(family.kind(), account, 100, minutes),
        )];
        error
    }

    /// 1 with `is_transient`.
    pub fn transient_1() -> Self {
        Self {
            transient: true,
            ..Self::new(500, 1, None, "An unknown error has occurred.")
        }
    }

    /// 2 with `is_transient`.
    pub fn transient_2() -> Self {
        Self {
            transient: true,
            ..Self::new(
                500,
                2,
                None,
                "An unexpected error has occurred. Please retry your request later.",
            )
        }
    }

    /// The error's JSON, with a new `fbtrace_id`.
    pub fn body(&self) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "fbtrace_id": trace_id(),
        });
        set(&mut error, "error_subcode", self.subcode.map(Value::from));
        set(
            &mut error,
            "is_transient",
            self.transient.then(|| true.into()),
        );
        set(
            &mut error,
            "error_user_title",
            self.user_title.map(Value::from),
        );
        let data = self
            .details
            .as_ref()
            .map(|details| json!({ "messaging_product": "whatsapp", "details": details }));
        set(&mut error, "error_data", data);
        json!({ "error": error })
    }

    /// The error as a fault that strikes instead of the call.
    pub fn fault(&self) -> Fault {
        Fault::Answer(FaultAnswer {
            status: self.status,
            headers: self.headers.clone(),
            content_type: Some("application/json; charset=UTF-8".to_owned()),
            body: self.body().to_string(),
        })
    }

    /// The faults of the Graph API by the names that the control endpoint takes, for one page and
    /// its Instagram account.
    pub fn named(name: &str, page: &str, instagram: &str) -> Option<Self> {
        Some(match name {
            "rate_limited_613" => Self::rate_limited_613(),
            "rate_limited_80006" => Self::rate_limited_80006(page, 5),
            "rate_limited_80001" => Self::rate_limited_80001(page, 5),
            "rate_limited_80002" => Self::rate_limited_80002(instagram, 5),
            "app_permission" => Self::app_permission(),
            "permissions_error" => Self::permissions_error(),
            "duplicate_post" => Self::duplicate_post(),
            "already_replied" => Self::already_replied(),
            "not_replyable" => Self::not_replyable(),
            "outside_instagram_window" => Self::outside_instagram_window(),
            "rate_limited_32" => Self::rate_limited_32(),
            "expired_token" => Self::expired_token(),
            "malformed_token" => Self::malformed_token(),
            "permission_revoked" => Self::permission_revoked(),
            "outside_window" => Self::outside_window(),
            "person_unavailable" => Self::person_unavailable(),
            "person_blocks_page" => Self::person_blocks_page(),
            "no_such_user" => Self::no_such_user(),
            "policy_block" => Self::policy_block(),
            "page_restricted" => Self::page_restricted(),
            "transient" => Self::transient_1(),
            "transient_2" => Self::transient_2(),
            _ => return None,
        })
    }
}

impl IntoResponse for GraphError {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body().to_string()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=UTF-8"),
        );
        for (name, value) in self.headers {
            let name = header::HeaderName::try_from(name);
            if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// The value of `X-App-Usage` at this percentage.
pub(crate) fn app_usage(percent: u64) -> String {
    json!({ "call_count": percent, "total_time": percent / 2, "total_cputime": percent / 2 })
        .to_string()
}

/// The value of `X-Business-Use-Case-Usage` at this percentage.
pub(crate) fn business_usage(kind: &str, account: &str, percent: u64, minutes: u64) -> String {
    json!({ account: [{
        "type": kind,
        "call_count": percent,
        "total_cputime": percent / 2,
        "total_time": percent / 2,
        "estimated_time_to_regain_access": minutes,
    }] })
    .to_string()
}

fn trace_id() -> String {
    format!("A{}", URL_SAFE_NO_PAD.encode(Uuid::now_v7().as_bytes()))
}
