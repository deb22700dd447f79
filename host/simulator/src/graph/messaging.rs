//! Private messages of customers as webhook items, and what they do to the conversation.

use serde_json::{Value, json};

use super::conversations::is_message;
use super::incoming::Incoming;
use super::outbox::Lane;
use super::state::Graph;
use super::surface::Surface;
use super::webhook::{self, EchoContent, set};
use crate::customers::{Author, Customer, Turn};
use crate::delivery::{Delivery, Outcome};

/// Where and when a message appears.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) surface: Surface,
    /// The page or the Instagram account.
    pub(crate) account: &'a str,
    /// The message's id, if it is one.
    pub(crate) mid: &'a str,
    pub(crate) at_ms: i64,
}

/// A customer does something in private messages.
pub(crate) async fn say(graph: &Graph, surface: Surface, id: &str, what: Incoming) -> Delivery {
    if !what.exists_on(surface) {
        let problem = format!("{} has no such event", surface.name());
        return Outcome::never(problem).delivery(id, "");
    }
    let mid = new_mid(surface);
    let now = graph.world.clock.now_ms();
    let place = Place {
        surface,
        account: graph.account(surface),
        mid: &mid,
        at_ms: now,
    };
    let item = graph.world.customers.change(id, |customer| {
        if what.opens_window() {
            customer.last_active_ms = Some(now);
        }
        what.item(&place, customer)
    });
    let lane = match (surface, &what) {
        (Surface::Instagram, Incoming::Standby { .. }) => Lane::InstagramStandby,
        (Surface::Instagram, _) => Lane::Instagram,
        (_, Incoming::Standby { .. }) => Lane::Standby,
        _ => Lane::Messaging,
    };
    graph.tell_and_wait(lane, item).await.delivery(id, &mid)
}

/// A message id in the form of today's, unique beyond this run: a long word, on Messenger with
/// `m_` in front.
pub(crate) fn new_mid(surface: Surface) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(uuid::Uuid::now_v7().as_bytes());
    bytes.extend(std::iter::repeat_with(|| fastrand::u8(..)).take(48));
    let word = URL_SAFE_NO_PAD.encode(bytes);
    if surface == Surface::Instagram {
        word
    } else {
        format!("m_{word}")
    }
}

impl Incoming {
    /// The webhook item, and what it does to the conversation.
    pub(crate) fn item(&self, at: &Place<'_>, customer: &mut Customer) -> Value {
        let Place {
            surface,
            account: page,
            mid,
            at_ms,
        } = *at;
        let psid = customer.id.clone();
        let plain =
            |kind: &str, value: Value| webhook::from_customer(page, &psid, at_ms, kind, &value);
        match self {
            Self::React {
                mid,
                reaction,
                emoji,
            } => {
                if let Some(turn) = turn_mut(customer, mid) {
                    turn.reactions.insert(psid.clone(), emoji.clone());
                }
                plain(
                    "reaction",
                    json!({ "mid": mid, "action": "react", "emoji": emoji, "reaction": reaction }),
                )
            }
            Self::Unreact { mid } => {
                if let Some(turn) = turn_mut(customer, mid) {
                    turn.reactions.remove(&psid);
                }
                plain("reaction", json!({ "mid": mid, "action": "unreact" }))
            }
            Self::Edit { mid, text } => {
                let mut edits = 1;
                if let Some(turn) = turn_mut(customer, mid) {
                    turn.text.clone_from(text);
                    turn.edits += 1;
                    edits = turn.edits;
                }
                // The recorded event carries the number as a string.
                plain(
                    "message_edit",
                    json!({ "mid": mid, "text": text, "num_edit": edits.to_string() }),
                )
            }
            Self::Unsend { mid } => {
                if let Some(turn) = turn_mut(customer, mid) {
                    turn.deleted = true;
                }
                plain("message", json!({ "mid": mid, "is_deleted": true }))
            }
            Self::Read if surface == Surface::Instagram => {
                let latest = customer.delivered().filter(|turn| is_message(turn)).last();
                let mid = latest.map(|turn| turn.message_id.as_str());
                plain("read", json!({ "mid": mid }))
            }
            Self::Read => webhook::read(page, &psid, at_ms, at_ms),
            Self::Delivered { mids } => webhook::delivery(page, &psid, mids, at_ms),
            Self::OptIn {
                reference,
                user_ref: Some(user_ref),
            } => webhook::optin_by_reference(page, at_ms, reference, user_ref),
            Self::OptIn { reference, .. } => plain("optin", json!({ "ref": reference })),
            Self::Policy { action, reason } => {
                webhook::policy_enforcement(page, at_ms, action, reason)
            }
            Self::Raw { item } => item.clone(),
            Self::Referral { reference, source } => plain(
                "referral",
                json!({ "ref": reference, "source": source, "type": "OPEN_THREAD" }),
            ),
            Self::Postback { title, payload } => {
                let mut turn = Turn::new(mid, Author::Customer, at_ms);
                turn.text.clone_from(title);
                turn.structured.push(json!({ "postback": payload }));
                customer.conversation.push(turn);
                plain(
                    "postback",
                    json!({ "mid": mid, "title": title, "payload": payload }),
                )
            }
            Self::PageInbox { text, app_id } => {
                let mut turn = Turn::new(mid, Author::Inbox, at_ms);
                turn.text.clone_from(text);
                customer.conversation.push(turn);
                let content = EchoContent {
                    text: Some(text),
                    ..EchoContent::default()
                };
                webhook::echo(page, &psid, at_ms, mid, &content, *app_id)
            }
            _ => {
                let (message, turn) = self.message(at);
                customer.conversation.push(turn);
                webhook::message(page, &psid, at_ms, &message)
            }
        }
    }

    /// The `message` object of what is a message, and its turn.
    fn message(&self, at: &Place<'_>) -> (Value, Turn) {
        let mut turn = Turn::new(at.mid, Author::Customer, at.at_ms);
        let mut message = json!({ "mid": at.mid });
        match self {
            Self::Text { text, reply_to } => {
                turn.text.clone_from(text);
                turn.reply_to.clone_from(reply_to);
                let reply = reply_to.as_ref().map(|mid| json!({ "mid": mid }));
                set(&mut message, "reply_to", reply);
            }
            Self::Standby { text } => turn.text.clone_from(text),
            Self::QuickReply { title, payload } => {
                turn.text.clone_from(title);
                turn.structured.push(json!({ "quick_reply": payload }));
                set(
                    &mut message,
                    "quick_reply",
                    Some(json!({ "payload": payload })),
                );
            }
            Self::Media { media, url, text } => {
                turn.text = text.clone().unwrap_or_default();
                turn.attachments
                    .push(json!({ "type": media.as_str(), "payload": { "url": url } }));
            }
            Self::Location { lat, long } => turn.attachments.push(json!({
                "type": "location",
                "payload": { "coordinates": { "lat": lat, "long": long } },
            })),
            Self::Fallback { title, url } => turn
                .attachments
                .push(json!({ "type": "fallback", "title": title, "url": url, "payload": null })),
            Self::Template { payload } => turn
                .attachments
                .push(json!({ "type": "template", "payload": payload })),
            Self::Share { url } => turn
                .attachments
                .push(json!({ "type": "share", "payload": { "url": url } })),
            Self::Reel {
                url,
                title,
                reel_video_id,
            } if at.surface == Surface::Instagram => turn.attachments.push(json!({
                "type": "ig_reel",
                "payload": {
                    "reel_video_id": reel_video_id.to_string(),
                    "title": title,
                    "url": url,
                },
            })),
            Self::Reel {
                url,
                title,
                reel_video_id,
            } => turn.attachments.push(json!({
                "type": "reel",
                "payload": { "reel_video_id": reel_video_id, "title": title, "url": url },
            })),
            Self::Sticker { sticker_id } => {
                set(&mut message, "sticker_id", Some((*sticker_id).into()));
                turn.attachments
                    .push(json!({ "type": "sticker", "payload": { "sticker_id": sticker_id } }));
            }
            Self::StoryMention { url } => turn
                .attachments
                .push(json!({ "type": "story_mention", "payload": { "url": url } })),
            Self::StoryReply {
                text,
                story_id,
                url,
            } => {
                turn.text.clone_from(text);
                let story = json!({ "story": { "id": story_id, "url": url } });
                set(&mut message, "reply_to", Some(story));
            }
            Self::Ephemeral => turn.attachments.push(json!({ "type": "ephemeral" })),
            // The others are no messages; `item` has dealt with them.
            _ => set(&mut message, "is_unsupported", Some(true.into())),
        }
        if !turn.text.is_empty() {
            set(&mut message, "text", Some(turn.text.clone().into()));
        }
        if !turn.attachments.is_empty() {
            set(
                &mut message,
                "attachments",
                Some(turn.attachments.clone().into()),
            );
        }
        (message, turn)
    }
}

/// A message of the conversation.
fn turn_mut<'a>(customer: &'a mut Customer, mid: &str) -> Option<&'a mut Turn> {
    customer
        .conversation
        .iter_mut()
        .find(|turn| turn.message_id == mid)
}
