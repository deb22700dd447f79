//! What is said, in either direction, in one shape: the fields of an answer are those that a message shows.

use linecard_model::manifest::AttachmentKind;
use linecard_model::message::{AttachmentFile, Content, Revision};
use linecard_model::platform::{
    Attachment, Location, OutgoingAttachment, SharedContact, Structured,
};
use linecard_model::{Timestamp, event::Seq};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::problem::Problem;

/// The kind of structured content that [`QuickReply`]s are.
const QUICK_REPLIES: &str = "quick-replies";

/// What was said.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = Content)]
pub(super) struct ContentView {
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What is attached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentView>,
    /// Answers to choose from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quick_replies: Vec<QuickReply>,
    /// Structured content of another kind, such as a card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structured: Option<StructuredView>,
    /// A place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Address-book entries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<SharedContact>,
    /// What stood behind the button, quick reply or list row that the customer used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

impl ContentView {
    /// What was said, with the hub's copies of what came attached.
    pub fn new(content: Content, files: Vec<AttachmentFile>) -> Self {
        let sent = content
            .outgoing_attachments
            .into_iter()
            .map(AttachmentView::sent);
        let mut attachments = AttachmentView::received(content.attachments, files);
        attachments.extend(sent);
        let mut quick_replies = Vec::new();
        let structured = content
            .structured
            .map(StructuredView::from)
            .filter(|structured| {
                quick_replies = structured.quick_replies().unwrap_or_default();
                quick_replies.is_empty()
            });
        Self {
            text: content.text,
            attachments,
            quick_replies,
            structured,
            location: content.location,
            contacts: content.contacts,
            payload: content.payload,
        }
    }
}

/// Something attached.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Attachment)]
pub(super) struct AttachmentView {
    /// The kind.
    pub kind: AttachmentKind,
    /// The file in the hub's media store: what an agent attached, or the hub's copy of what came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// Where it can be fetched, if there is a URL; a network's may be short-lived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The MIME type, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// The file's name, title or caption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The size in bytes, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The lower-case hexadecimal SHA-256 of the content, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The network's own word for the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The network's media id, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_id: Option<String>,
    /// The hub's copy of what came from a network: `{"state": "pending" | "stored" | "failed" | "none", …}`.
    /// A stored one is at `…/messages/{id}/files/{index}`, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<AttachmentFile>,
}

impl AttachmentView {
    fn new(attachment: Attachment) -> Self {
        Self {
            kind: attachment.kind,
            media: None,
            url: attachment.url,
            mime: attachment.mime,
            name: attachment.name,
            size: attachment.size,
            sha256: attachment.sha256,
            label: attachment.label,
            media_id: attachment.media_id,
            file: None,
        }
    }

    /// What an agent attached.
    fn sent(given: OutgoingAttachment) -> Self {
        Self {
            media: given.media,
            ..Self::new(given.attachment)
        }
    }

    /// What came from a network. What the hub's copy is, it is, whatever the network said of it.
    fn with_file(mut self, file: AttachmentFile) -> Self {
        if let AttachmentFile::Stored {
            media,
            mime,
            size,
            sha256,
        } = &file
        {
            self.media = Some(media.clone());
            self.mime = mime.clone().or(self.mime);
            self.size = Some(*size);
            self.sha256 = Some(sha256.clone());
        }
        self.file = Some(file);
        self
    }

    /// What came from a network, each with the hub's copy of it as far as the hub makes any.
    pub fn received(attachments: Vec<Attachment>, files: Vec<AttachmentFile>) -> Vec<Self> {
        let mut files = files.into_iter();
        let attachments = attachments.into_iter().map(Self::new);
        attachments
            .map(|attachment| match files.next() {
                Some(file) => attachment.with_file(file),
                None => attachment,
            })
            .collect()
    }
}

/// Structured content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Structured)]
pub(super) struct StructuredView {
    /// What it is, such as `card`, `carousel`, `list`; `template` for one that the network approved,
    /// with the content `{"name", "language", "components"}`. What there is, and what each needs, is
    /// under `/channels/{id}/templates`; it is checked before the message is taken, if the list is known.
    pub kind: String,
    /// The content, in the form that the plug-in contract gives for the kind.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub content: Map<String, Value>,
}

impl From<Structured> for StructuredView {
    fn from(structured: Structured) -> Self {
        // A plug-in's text: what is no object is shown as what it is, under a name of ours.
        let content = match serde_json::from_str(&structured.json) {
            Ok(Value::Object(content)) => content,
            Ok(other) => Map::from_iter([("value".to_owned(), other)]),
            Err(_) => Map::from_iter([("text".to_owned(), structured.json.into())]),
        };
        Self {
            kind: structured.kind,
            content,
        }
    }
}

impl From<StructuredView> for Structured {
    fn from(given: StructuredView) -> Self {
        Self {
            kind: given.kind,
            json: Value::Object(given.content).to_string(),
        }
    }
}

impl StructuredView {
    /// The quick replies that it is, if it is nothing else.
    fn quick_replies(&self) -> Option<Vec<QuickReply>> {
        let only = self.kind == QUICK_REPLIES && self.content.len() == 1;
        let options = self.content.get("options").filter(|_| only)?;
        serde_json::from_value(options.clone()).ok()
    }
}

/// An answer to choose from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QuickReply {
    /// What the customer sees.
    text: String,
    /// What comes back when it is chosen; the text if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    /// The URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
}

/// Quick replies as the structured content that they are in the plug-in contract.
fn structured(given: Vec<QuickReply>) -> Structured {
    let with_payload = given.into_iter().map(|reply| QuickReply {
        payload: reply.payload.or_else(|| Some(reply.text.clone())),
        ..reply
    });
    let options: Vec<QuickReply> = with_payload.collect();
    Structured {
        kind: QUICK_REPLIES.to_owned(),
        json: json!({ "options": options }).to_string(),
    }
}

/// Something to attach: a file of the hub's media store, or a public URL.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAttachment {
    /// The kind.
    kind: AttachmentKind,
    /// The file in the hub's media store, instead of a URL.
    media: Option<String>,
    /// Where the network fetches it.
    url: Option<String>,
    /// The MIME type.
    mime: Option<String>,
    /// The file's name.
    name: Option<String>,
    /// The size in bytes.
    size: Option<u64>,
}

impl From<NewAttachment> for OutgoingAttachment {
    fn from(given: NewAttachment) -> Self {
        Self {
            attachment: Attachment {
                kind: given.kind,
                url: given.url,
                media_id: None,
                mime: given.mime,
                size: given.size,
                name: given.name,
                sha256: None,
                label: None,
            },
            media: given.media,
        }
    }
}

/// What an agent says: a message's content before it is one.
pub(super) struct Said {
    pub text: Option<String>,
    pub attachments: Vec<NewAttachment>,
    pub quick_replies: Vec<QuickReply>,
    pub structured: Option<StructuredView>,
    pub location: Option<Location>,
}

impl TryFrom<Said> for Content {
    type Error = Problem;

    fn try_from(said: Said) -> Result<Self, Problem> {
        let structured = match (said.quick_replies.is_empty(), said.structured) {
            (true, given) => given.map(Structured::from),
            (false, None) => Some(structured(said.quick_replies)),
            (false, Some(_)) => {
                return Err(Problem::invalid(
                    "/structured",
                    "give quick replies or structured content, not both",
                ));
            }
        };
        Ok(Self {
            text: said.text,
            outgoing_attachments: said.attachments.into_iter().map(Into::into).collect(),
            location: said.location,
            structured,
            ..Self::default()
        })
    }
}

/// What stood in a message before it was changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Revision)]
pub(super) struct RevisionView {
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// The number of the event that replaced it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Seq>,
    /// The former text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The former attachments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentView>,
}

impl From<Revision> for RevisionView {
    fn from(revision: Revision) -> Self {
        Self {
            replaced_at: revision.replaced_at,
            replaced_by: revision.replaced_by,
            text: revision.text,
            attachments: AttachmentView::received(revision.attachments, Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: Value) -> ContentView {
        let text = body["text"].as_str().map(ToOwned::to_owned);
        let list = |name: &str| body.get(name).cloned().unwrap_or_else(|| json!([]));
        let said = Said {
            text,
            attachments: serde_json::from_value(list("attachments")).unwrap(),
            quick_replies: serde_json::from_value(list("quick_replies")).unwrap(),
            structured: serde_json::from_value(body["structured"].clone()).unwrap(),
            location: serde_json::from_value(body["location"].clone()).unwrap(),
        };
        ContentView::new(Content::try_from(said).unwrap(), Vec::new())
    }

    /// Whatever an agent says is shown as it was said.
    #[test]
    fn a_message_shows_what_its_answer_gave() {
        for body in [
            json!({ "text": "Which?", "quick_replies": [
                { "text": "Red", "payload": "r", "image": "https://x.example/r.png" },
                { "text": "Blue", "payload": "b" },
            ] }),
            json!({ "attachments": [
                { "kind": "image", "media": "ab", "mime": "image/png", "name": "a.png", "size": 7 },
                { "kind": "file", "url": "https://x.example/a.pdf" },
            ] }),
            json!({ "structured": { "kind": "card", "content": { "title": "T", "actions": [] } } }),
            json!({ "text": "Here", "location": { "latitude": 1.5, "longitude": -2.0, "name": "Shop" } }),
        ] {
            assert_eq!(serde_json::to_value(said(body.clone())).unwrap(), body);
        }
    }

    #[test]
    fn a_quick_reply_without_a_payload_has_its_text() {
        let shown = said(json!({ "text": "Which?", "quick_replies": [{ "text": "Red" }] }));
        assert_eq!(shown.quick_replies[0].payload.as_deref(), Some("Red"));
    }

    #[test]
    fn structured_content_that_is_no_object_is_shown_all_the_same() {
        for (json, shown) in [
            ("[1]", json!({ "value": [1] })),
            ("{", json!({ "text": "{" })),
            ("{\"options\":3}", json!({ "options": 3 })),
        ] {
            let structured = Structured {
                kind: QUICK_REPLIES.to_owned(),
                json: json.to_owned(),
            };
            let content = Content {
                structured: Some(structured),
                ..Content::default()
            };
            let view = ContentView::new(content, Vec::new());
            assert!(view.quick_replies.is_empty());
            assert_eq!(Value::Object(view.structured.unwrap().content), shown);
        }
    }

    #[test]
    fn what_the_copy_is_goes_before_what_the_network_said() {
        let came: Attachment =
            serde_json::from_value(json!({ "kind": "image", "mime": "image/x", "size": 1 }))
                .unwrap();
        let stored = AttachmentFile::Stored {
            media: "ab".to_owned(),
            mime: Some("image/png".to_owned()),
            size: 7,
            sha256: "ab".to_owned(),
        };
        let shown = AttachmentView::received(vec![came.clone(), came], vec![stored]);
        assert_eq!(shown[0].media.as_deref(), Some("ab"));
        assert_eq!(shown[0].mime.as_deref(), Some("image/png"));
        assert_eq!(shown[0].size, Some(7));
        assert_eq!((shown[1].size, &shown[1].file), (Some(1), &None));
    }
}
