//! What is wrong with an outbound notification, by the published schema and recorded notifications.
//!
//! Unknown members are tolerated, as the schema allows them everywhere; unknown values are not.

use jiff::Timestamp;
use serde_json::Value;

const ID_TYPES: &[&str] = &["Email", "Phone", "Opaque"];
const MEDIA_TYPES: &[&str] = &["Image", "Video", "Audio", "File", "Link"];
const STATUSES: &[&str] = &[
    "Sent",
    "Delivered",
    "Read",
    "Failed",
    "Published",
    "Removed",
];
const REASONS: &[&str] = &[
    "MessageExpired",
    "RateLimited",
    "MessageNotAllowed",
    "GeneralError",
    "UnsupportedMessage",
    "UnknownMessage",
    "InvalidMessageStructure",
    "InvalidDestination",
    "ServerError",
    "MediaTypeNotAllowed",
    "InvalidMediaContentLength",
    "RecipientOptedOut",
    "DataFiltered",
];
/// Content types and the member that holds the content.
const CONTENTS: &[(&str, &str)] = &[
    ("Attachment", "attachment"),
    ("QuickReply", "quickReply"),
    ("QuickReplyV2", "quickReplyV2"),
    ("Card", "card"),
    ("Carousel", "carousel"),
    ("DatePicker", "datePicker"),
    ("ListPicker", "listPicker"),
    ("Form", "form"),
    ("ButtonResponse", "buttonResponse"),
    ("Notification", "template"),
    ("Location", "location"),
    ("Story", "story"),
];

/// Everything that is wrong, each with the place; empty when all is well.
pub fn problems(body: &Value, integration_id: &str) -> Vec<String> {
    let mut check = Check {
        problems: Vec::new(),
    };
    check.notification(body, integration_id);
    check.problems
}

struct Check {
    problems: Vec<String>,
}

impl Check {
    fn wrong(&mut self, place: &str, what: impl std::fmt::Display) {
        self.problems.push(format!("{place} {what}"));
    }

    /// A string that is not empty.
    fn text<'a>(&mut self, body: &'a Value, pointer: &str) -> Option<&'a str> {
        match body.pointer(pointer) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            Some(Value::String(_)) => {
                self.wrong(pointer, "is empty");
                None
            }
            Some(_) => {
                self.wrong(pointer, "is not a string");
                None
            }
            None => {
                self.wrong(pointer, "is missing");
                None
            }
        }
    }

    fn one_of(&mut self, body: &Value, pointer: &str, allowed: &[&str]) {
        if let Some(text) = self.text(body, pointer)
            && !allowed.contains(&text)
        {
            self.wrong(pointer, format_args!("is {text:?}, not one of {allowed:?}"));
        }
    }

    fn one_of_if_present(&mut self, body: &Value, pointer: &str, allowed: &[&str]) {
        if body.pointer(pointer).is_some() {
            self.one_of(body, pointer, allowed);
        }
    }

    fn address(&mut self, body: &Value, pointer: &str) {
        if let Some(text) = self.text(body, pointer) {
            let ok =
                url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !ok {
                self.wrong(pointer, format_args!("is {text:?}, not an http(s) address"));
            }
        }
    }

    /// A list with at least one element; each is given to `each` with its place.
    fn list(&mut self, body: &Value, pointer: &str, mut each: impl FnMut(&mut Self, &str)) {
        match body.pointer(pointer).and_then(Value::as_array) {
            None => self.wrong(pointer, "is missing or not a list"),
            Some(list) if list.is_empty() => self.wrong(pointer, "is empty"),
            Some(list) => {
                for place in 0..list.len() {
                    each(self, &format!("{pointer}/{place}"));
                }
            }
        }
    }

    fn notification(&mut self, body: &Value, integration_id: &str) {
        if !body.is_object() {
            self.wrong("/", "is not a JSON object");
            return;
        }
        let id = self.text(body, "/id");
        let kind = self.text(body, "/type");
        self.one_of(body, "/direction", &["Outbound"]);
        self.one_of(body, "/channel/platform", &["Open"]);
        self.one_of(body, "/channel/type", &["Private"]);
        self.one_of(body, "/channel/id", &[integration_id]);
        self.one_of(body, "/channel/from/id", &[integration_id]);
        self.one_of_if_present(body, "/channel/from/idType", ID_TYPES);
        self.text(body, "/channel/to/id");
        self.one_of_if_present(body, "/channel/to/idType", ID_TYPES);
        if let Some(time) = self.text(body, "/channel/time")
            && let Err(error) = time.parse::<Timestamp>()
        {
            self.wrong("/channel/time", format_args!("is no time: {error}"));
        }
        let message_id = self.text(body, "/channel/messageId");
        // A receipt has the id of the message that it is about.
        if kind != Some("Receipt") && id != message_id {
            self.wrong("/channel/messageId", "differs from /id");
        }
        self.one_of_if_present(body, "/originatingEntity", &["Human", "Bot"]);
        if body.get("conversationId").is_some() {
            self.text(body, "/conversationId");
        }
        match kind {
            Some("Text") => self.message(body, &["Attachment"]),
            Some("Structured") => {
                let all: Vec<&str> = CONTENTS.iter().map(|(name, _)| *name).collect();
                self.list(body, "/content", |_, _| {});
                self.message(body, &all);
            }
            Some("Event") => self.list(body, "/events", |check, at| {
                check.one_of(body, &format!("{at}/eventType"), &["Typing"]);
                if body.pointer(&format!("{at}/typing")).is_some() {
                    check.one_of(body, &format!("{at}/typing/type"), &["On", "Off"]);
                }
            }),
            Some("Receipt") => {
                self.one_of(body, "/status", STATUSES);
                if body
                    .get("reasons")
                    .is_some_and(|reasons| !is_empty(reasons))
                {
                    self.list(body, "/reasons", |check, at| {
                        check.one_of(body, &format!("{at}/code"), REASONS);
                    });
                }
            }
            Some(other) => self.wrong(
                "/type",
                format_args!("is {other:?}, not Text, Structured, Event or Receipt"),
            ),
            None => {}
        }
    }

    fn message(&mut self, body: &Value, allowed: &[&str]) {
        let text = body.get("text").filter(|text| !text.is_null());
        let content = body.get("content").filter(|content| !is_empty(content));
        match text {
            Some(Value::String(text)) if text.is_empty() && content.is_none() => {
                self.wrong("/text", "is empty, and there is no content");
            }
            Some(Value::String(_)) => {}
            Some(_) => self.wrong("/text", "is not a string"),
            None if content.is_none() => {
                self.wrong("/text", "is missing, and there is no content");
            }
            None => {}
        }
        if content.is_none() {
            return;
        }
        let mut attachments = 0;
        self.list(body, "/content", |check, at| {
            let place = format!("{at}/contentType");
            check.one_of(body, &place, allowed);
            let kind = body.pointer(&place).and_then(Value::as_str);
            attachments += usize::from(kind == Some("Attachment"));
            if let Some((kind, member)) = CONTENTS.iter().find(|(name, _)| Some(*name) == kind) {
                check.content(body, kind, &format!("{at}/{member}"));
            }
        });
        if attachments > 1 {
            self.wrong("/content", "has more than one attachment");
        }
    }

    fn content(&mut self, body: &Value, kind: &str, at: &str) {
        if !body.pointer(at).is_some_and(Value::is_object) {
            self.wrong(at, "is missing or not an object");
            return;
        }
        match kind {
            "Attachment" => {
                self.one_of(body, &format!("{at}/mediaType"), MEDIA_TYPES);
                self.address(body, &format!("{at}/url"));
                if body.pointer(&format!("{at}/mime")).is_some() {
                    self.text(body, &format!("{at}/mime"));
                }
            }
            "QuickReply" => {
                self.text(body, &format!("{at}/text"));
                self.text(body, &format!("{at}/payload"));
                self.one_of(body, &format!("{at}/action"), &["Message"]);
            }
            "Card" => self.card(body, at),
            "Carousel" => self.list(body, &format!("{at}/cards"), |check, card| {
                check.card(body, card);
            }),
            "DatePicker" => self.list(body, &format!("{at}/availableTimes"), |check, slot| {
                check.text(body, &format!("{slot}/dateTime"));
                let duration = format!("{slot}/duration");
                if body
                    .pointer(&duration)
                    .is_none_or(|value| !value.is_number())
                {
                    check.wrong(&duration, "is missing or not a number");
                }
            }),
            // The members of the others are not published in full.
            _ => {}
        }
    }

    fn card(&mut self, body: &Value, at: &str) {
        self.text(body, &format!("{at}/title"));
        let actions = format!("{at}/actions");
        if body.pointer(&actions).is_none_or(is_empty) {
            return;
        }
        self.list(body, &actions, |check, action| {
            let kind = format!("{action}/type");
            check.one_of(body, &kind, &["Link", "Postback"]);
            match body.pointer(&kind).and_then(Value::as_str) {
                Some("Link") => check.address(body, &format!("{action}/url")),
                Some("Postback") => {
                    check.text(body, &format!("{action}/payload"));
                }
                _ => {}
            }
        });
    }
}

/// Null, or a list without elements.
fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}
