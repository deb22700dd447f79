//! What the `WhatsApp` Cloud API refuses, at once or in a status, by code.

use serde_json::{Value, json};

use crate::graph::GraphError;
use crate::graph::errors::business_usage;

/// A code with its HTTP status, title and usual details.
struct Known {
    code: u32,
    status: u16,
    title: &'static str,
    details: &'static str,
}

const fn known(code: u32, status: u16, title: &'static str, details: &'static str) -> Known {
    Known {
        code,
        status,
        title,
        details,
    }
}

const KNOWN: &[Known] = &[
    known(
        130_429,
        429,
        "Rate limit hit",
        "Cloud API message throughput has been reached.",
    ),
    known(
        130_472,
        400,
        "User's number is part of an experiment",
        "Failed to send message because this user's phone number is part of an experiment",
    ),
    known(
        130_497,
        403,
        "Business account is restricted from messaging users in this country.",
        "Business account is restricted from messaging users in this country.",
    ),
    known(
        131_000,
        500,
        "Something went wrong",
        "Message failed to send due to an unknown error.",
    ),
    known(
        131_005,
        403,
        "Access denied",
        "Permission is either not granted or has been removed.",
    ),
    known(
        131_008,
        400,
        "Required parameter is missing",
        "The request is missing a required parameter.",
    ),
    known(
        131_009,
        400,
        "Parameter value is not valid",
        "One or more parameter values are invalid.",
    ),
    known(
        131_016,
        500,
        "Service unavailable",
        "A service is temporarily unavailable.",
    ),
    known(
        131_021,
        400,
        "Recipient cannot be sender",
        "Sender and recipient phone number is the same.",
    ),
    known(
        131_026,
        400,
        "Message undeliverable",
        "Message Undeliverable.",
    ),
    known(
        131_030,
        400,
        "Recipient phone number not in allowed list",
        "Recipient phone number not in allowed list: Add recipient phone number to recipient list \
         and try again.",
    ),
    known(
        131_031,
        403,
        "Business Account locked",
        "Your WhatsApp Business Account has been locked.",
    ),
    known(
        131_042,
        400,
        "Business eligibility payment issue",
        "Message failed to send because there were one or more errors related to your payment \
         method.",
    ),
    known(
        131_045,
        500,
        "Incorrect certificate",
        "Message failed to send due to a phone number registration error.",
    ),
    known(
        131_047,
        400,
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last \
         replied to this number.",
    ),
    known(
        131_048,
        400,
        "Spam rate limit hit",
        "Message failed to send because there are restrictions on how many messages can be sent \
         from this phone number.",
    ),
    known(
        131_049,
        400,
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
    ),
    known(
        131_050,
        400,
        "User has stopped receiving marketing messages",
        "The user has stopped marketing messages from this business.",
    ),
    known(
        131_051,
        400,
        "Unsupported message type",
        "Message type unknown.",
    ),
    known(
        131_052,
        400,
        "Media download error",
        "Unable to download the media sent by the user.",
    ),
    known(
        131_053,
        400,
        "Media upload error",
        "Unable to upload the media used in the message.",
    ),
    known(
        131_056,
        400,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number \
         to the same phone number in a short period of time.",
    ),
    known(
        131_057,
        500,
        "Account in maintenance mode",
        "Business Account is in maintenance mode",
    ),
    known(
        131_062,
        400,
        "Business-scoped User ID (BSUID) recipients are not supported for this message.",
        "Authentication templates cannot be sent to Business-scoped user ID (BSUID) recipients. \
         To send this template, please provide the phone number of recipients.",
    ),
    known(
        131_064,
        400,
        "Message failed to send because this account has reached its messaging limit",
        "This account has reached its messaging limit due to template classification violations.",
    ),
    known(
        132_000,
        400,
        "Number of parameters does not match the expected number of params",
        "body: number of localizable_params (0) does not match the expected number of params (1)",
    ),
    known(
        132_001,
        404,
        "Template name does not exist in the translation",
        "template name (unknown) does not exist in en_US",
    ),
    known(
        132_005,
        400,
        "Translated text too long",
        "The template text is too long.",
    ),
    known(
        132_012,
        400,
        "Parameter format does not match format in the created template",
        "header: Format mismatch, expected IMAGE, received UNKNOWN",
    ),
    known(
        132_015,
        400,
        "Template is paused",
        "Template is paused due to low quality so it cannot be sent in a template message.",
    ),
    known(
        132_016,
        400,
        "Template is disabled",
        "Template has been paused too many times due to low quality and is now permanently \
         disabled.",
    ),
    known(
        132_018,
        400,
        "There's an issue with the parameters in your template",
        "Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
    ),
    known(
        133_010,
        400,
        "The account is not registered",
        "Phone number not registered on the Whatsapp Business Platform.",
    ),
    known(
        133_016,
        400,
        "Account register deregister rate limit exceeded",
        "There were too many registration attempts for this phone number in a short period of \
         time.",
    ),
    known(
        135_000,
        400,
        "Generic user error",
        "Message failed to send because of an unknown error with your request parameters.",
    ),
];

const DOCUMENTATION: &str =
    "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/";

/// The codes that a failed status or a refusal can have here.
pub(crate) fn is_known(code: u32) -> bool {
    KNOWN.iter().any(|known| known.code == code)
}

/// An error answer by its code, with what exactly is wrong.
pub(crate) fn detailed(code: u32, details: impl Into<String>) -> GraphError {
    let known = KNOWN.iter().find(|known| known.code == code);
    let (status, title) = known.map_or((400, "Something went wrong"), |known| {
        (known.status, known.title)
    });
    GraphError {
        details: Some(details.into()),
        ..GraphError::new(status, code, None, format!("(#{code}) {title}"))
    }
}

/// An error answer by its code.
pub(crate) fn by_code(code: u32) -> GraphError {
    let known = KNOWN.iter().find(|known| known.code == code);
    detailed(code, known.map_or("", |known| known.details))
}

/// An error as a status or a message has it.
pub(crate) fn in_webhook(code: u32) -> Value {
    let known = KNOWN.iter().find(|known| known.code == code);
    let (title, details) = known.map_or(("Something went wrong", ""), |known| {
        (known.title, known.details)
    });
    json!({
        "code": code,
        "title": title,
        "message": title,
        "error_data": { "details": details },
        "href": DOCUMENTATION,
    })
}

/// The error of a message that the API cannot carry, as recorded.
pub(crate) fn unsupported() -> Value {
    json!({
        "code": 131_051,
        "title": "Message type unknown",
        "message": "Message type unknown",
        "error_data": { "details": "Message type is currently not supported." },
    })
}

/// The faults of this network by the names that the control endpoint takes: the codes as decimal
/// numbers, and the Graph API's own words.
pub(crate) fn named(name: &str, waba: &str) -> Option<GraphError> {
    if let Some(code) = name.parse().ok().filter(|code| is_known(*code)) {
        return Some(by_code(code));
    }
    Some(match name {
        "rate_limited_80007" => rate_limited(waba, 5),
        "rate_limited_4" => GraphError::new(403, 4, None, "(#4) Application request limit reached"),
        "permission_revoked" => GraphError::app_permission(),
        "permissions_error" => GraphError::permissions_error(),
        "expired_token" => GraphError::expired_token(),
        "malformed_token" => GraphError::malformed_token(),
        "policy_block" => GraphError::policy_block(),
        "transient" => GraphError::transient_1(),
        "transient_2" => GraphError::transient_2(),
        _ => return None,
    })
}

/// 80007: the account's limit of calls, with the header that tells when to come back.
fn rate_limited(waba: &str, minutes: u64) -> GraphError {
    let mut error = GraphError::new(
        400,
        80007,
        None,
        "(#80007) There have been too many calls to this WhatsApp Business account. Wait a bit \
         and try again. For more info, please refer to \
         https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
    );
    error.headers = vec![(
        "x-business-use-case-usage".to_owned(),
        business_usage("whatsapp", waba, 100, minutes),
    )];
    error
}
