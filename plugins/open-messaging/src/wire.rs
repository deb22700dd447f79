//! The parts of Open Messaging's JSON, read leniently: middlewares in the field leave members out,
//! write null for nothing, and spell some names differently from the documentation.

use linecard_sdk::json::Lenient as _;
use serde_json::{Map, Value};

/// A JSON object.
pub type Members = Map<String, Value>;

/// A body of any of the inbound calls.
#[derive(Debug)]
pub struct Inbound {
    /// In a receipt the id of the outbound message; else what older clients give their message.
    pub id: Option<String>,
    pub channel: Channel,
    /// `Text`, `Structured`, `Event` or `Receipt`: told only by older clients.
    pub kind: Option<String>,
    /// `Inbound` for what a customer says; many leave it out.
    pub direction: Option<String>,
    pub text: Option<String>,
    pub content: Vec<Value>,
    /// Whether there is a list of events.
    pub has_events: bool,
    pub metadata: Members,
    pub status: Option<String>,
    pub reasons: Vec<Reason>,
    pub button_response: Option<ButtonResponse>,
    pub originating_message_id: Option<String>,
}

impl Inbound {
    /// Reads a body; `None` if it has no `channel`.
    pub fn of(members: &Members) -> Option<Self> {
        let content = match members.member("content") {
            Some(Value::Array(items)) => items.clone(),
            // A lone content is the only one.
            Some(other) => vec![other.clone()],
            None => Vec::new(),
        };
        Some(Self {
            id: members.text("id"),
            channel: Channel::of(members.object("channel")?),
            kind: members.text("type"),
            direction: members.text("direction"),
            text: members.text("text"),
            content,
            has_events: members.member("events").is_some(),
            metadata: members.object("metadata").cloned().unwrap_or_default(),
            status: members.text("status"),
            reasons: members.list("reasons").iter().map(Reason::of).collect(),
            button_response: members.object("buttonResponse").map(ButtonResponse::of),
            originating_message_id: members.text("originatingMessageId"),
        })
    }
}

/// Who wrote to whom, and when.
#[derive(Debug)]
pub struct Channel {
    pub message_id: Option<String>,
    pub to: Option<Party>,
    pub from: Option<Party>,
    /// As it was written; see [`Channel::moment`].
    pub time: Option<Value>,
    pub metadata: Members,
}

impl Channel {
    fn of(members: &Members) -> Self {
        Self {
            message_id: members.text("messageId"),
            to: members.object("to").map(Party::of),
            from: members.object("from").map(Party::of),
            time: members
                .member("time")
                .filter(|time| time.as_str() != Some(""))
                .cloned(),
            metadata: members.object("metadata").cloned().unwrap_or_default(),
        }
    }
}

/// A sender or recipient.
#[derive(Debug)]
pub struct Party {
    pub id: Option<String>,
    pub id_type: Option<String>,
    pub nickname: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub image: Option<String>,
    pub email: Option<String>,
}

impl Party {
    fn of(members: &Members) -> Self {
        Self {
            id: members.text("id"),
            id_type: members.text("idType"),
            nickname: members.first_text(&["nickname", "nickName"]),
            first_name: members.text("firstName"),
            last_name: members.text("lastName"),
            image: members.text("image"),
            email: members.text("email"),
        }
    }
}

/// Why a message failed.
#[derive(Debug)]
pub struct Reason {
    pub code: Option<String>,
    pub message: Option<String>,
}

impl Reason {
    fn of(value: &Value) -> Self {
        Self {
            code: value.text("code"),
            message: value.text("message"),
        }
    }
}

/// The choice of a button, quick reply, date or list row.
#[derive(Debug)]
pub struct ButtonResponse {
    pub kind: Option<String>,
    pub text: Option<String>,
    pub payload: Option<String>,
    pub originating_message_id: Option<String>,
}

impl ButtonResponse {
    /// Reads one.
    pub fn of(members: &Members) -> Self {
        Self {
            kind: members.text("type"),
            text: members.text("text"),
            payload: members.text("payload"),
            originating_message_id: members.text("originatingMessageId"),
        }
    }
}
