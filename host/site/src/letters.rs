//! Dead letters: what failed for good, kept until a person redelivers or deletes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use linecard_model::dead_letter::{DeadLetter, Undone, UndoneAction};
use linecard_model::event::Event;
use linecard_model::message::{Message, MessageState};
use linecard_model::outbox::{OutboxEntry, OutboxState};
use linecard_model::platform::{Event as PlatformEvent, EventKind, Refusal, WebhookRequest};
use linecard_model::{ChannelId, DeadLetterId, MessageId};
use linecard_store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::command::{Actor, CommandError, Outcome};
use super::inbound::{Arrival, platform_event};
use super::people::{audited, find};
use super::run::{After, Batch};
use super::sending::{again, message_of};

/// The name of the event of a request that has a right signature but cannot be read.
pub const UNREADABLE: &str = "unreadable";

/// A request as the inbox keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Without its body.
    request: WebhookRequest,
    /// The body, in Base64.
    body: String,
    /// Why it cannot be read.
    reason: String,
}

/// The text under which an unreadable request goes through the inbox. The query and headers that can
/// hold a credential stay behind; what a signature is made of is kept.
pub fn keep(request: &WebhookRequest, reason: &str) -> String {
    let is_kept = |name: &str| {
        [
            "content-type",
            "content-encoding",
            "webhook-id",
            "linecard-authenticated",
        ]
        .contains(&name)
            || ["signature", "timestamp", "digest"]
                .iter()
                .any(|part| name.contains(part))
    };
    let kept = Kept {
        request: WebhookRequest {
            method: request.method.clone(),
            path: request.path.clone(),
            url: None,
            query: Vec::new(),
            headers: request
                .headers
                .iter()
                .filter(|(name, _)| is_kept(name))
                .cloned()
                .collect(),
            body: Vec::new(),
        },
        body: STANDARD.encode(&request.body),
        reason: reason.to_owned(),
    };
    // Strings always serialize.
    serde_json::to_string(&kept).unwrap_or_default()
}

fn kept(text: &str) -> Option<(WebhookRequest, String)> {
    let Kept {
        mut request,
        body,
        reason,
    } = serde_json::from_str(text).ok()?;
    request.body = STANDARD.decode(body).ok()?;
    Some((request, reason))
}

fn refusal(code: &str, text: &str) -> Refusal {
    Refusal {
        code: code.to_owned(),
        text: text.to_owned(),
    }
}

/// The letter of a message or an action, whose ids both are the hub's own.
pub(super) fn letter_of(id: MessageId) -> DeadLetterId {
    DeadLetterId::from_bytes(*id.as_bytes())
}

/// Handles an event without a form of its own; an unreadable request becomes a letter.
pub(super) async fn other(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    name: &str,
) -> Result<(), StoreError> {
    let found = (name == UNREADABLE).then(|| kept(&arrival.event.raw));
    let Some((request, reason)) = found.flatten() else {
        return platform_event(batch, arrival, name, Value::Null).await;
    };
    let shown = PlatformEvent {
        raw: String::from_utf8_lossy(&request.body).into_owned(),
        kind: EventKind::Other(name.to_owned()),
        ..arrival.event.clone()
    };
    batch.work.put_dead_letter(DeadLetter {
        id: DeadLetterId::generate(),
        channel: arrival.channel.clone(),
        at: batch.at,
        reason: refusal(UNREADABLE, &reason),
        what: Undone::Webhook(request),
    });
    let shown = Arrival {
        event: &shown,
        ..*arrival
    };
    platform_event(batch, &shown, name, Value::Null).await
}

/// A customer's message cannot become work: it is recorded, and kept to be tried again.
pub(super) async fn unplaced(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    name: &str,
    why: &str,
) -> Result<(), StoreError> {
    batch.work.put_dead_letter(DeadLetter {
        id: DeadLetterId::generate(),
        channel: arrival.channel.clone(),
        at: batch.at,
        reason: refusal(name, why),
        what: Undone::Event {
            accepted_at: arrival.accepted_at,
            event: Box::new(arrival.event.clone()),
        },
    });
    platform_event(batch, arrival, name, Value::Null).await
}

/// What a state says of a failure: why, and whether the outcome is unknown.
fn failure(state: &MessageState) -> Option<(Refusal, bool)> {
    match state {
        MessageState::Failed { reason, .. } => Some((reason.clone(), false)),
        MessageState::Uncertain { text, .. } => Some((refusal("uncertain", text), true)),
        _ => None,
    }
}

/// An action that is no message has ended so.
pub(super) fn action_ended(batch: &mut Batch<'_>, entry: &OutboxEntry, state: &MessageState) {
    let Some((reason, uncertain)) = failure(state) else {
        return;
    };
    let id = entry
        .request
        .id
        .parse()
        .map_or_else(|_| DeadLetterId::generate(), |id: MessageId| letter_of(id));
    batch.work.put_dead_letter(DeadLetter {
        id,
        channel: entry.channel.clone(),
        at: batch.at,
        reason,
        what: Undone::Action(Box::new(undone(entry, uncertain))),
    });
}

fn undone(entry: &OutboxEntry, uncertain: bool) -> UndoneAction {
    let request = &entry.request;
    // A part that was sent is not sent again as long as the connector knows how far it came.
    let forgot_parts = !entry.made.is_empty() && request.progress.is_empty();
    UndoneAction {
        name: request.action.kind().to_string(),
        message: entry.message,
        contact: entry.contact,
        interaction: entry.interaction,
        may_have_arrived: uncertain || request.uncertain_before || forgot_parts,
        entry: Some(entry.clone()),
    }
}

/// Keeps or removes the letter of a message whose state was changed. `before` is the message as it
/// was; `entry` is how the last attempt left it, if there is one.
pub(super) async fn message_changed(
    batch: &mut Batch<'_>,
    before: &Message,
    entry: Option<&OutboxEntry>,
) -> Result<(), StoreError> {
    let Some(message) = batch.work.message(before.contact, before.id).await? else {
        return Ok(());
    };
    let id = letter_of(message.id);
    let Some((reason, uncertain)) = failure(&message.state) else {
        if failure(&before.state).is_some() {
            batch.work.remove_dead_letter(&message.channel, id);
        }
        return Ok(());
    };
    if message.state == before.state {
        return Ok(());
    }
    let what = match entry {
        Some(entry) => undone(entry, uncertain),
        None => UndoneAction {
            name: "message".to_owned(),
            message: Some(message.id),
            contact: Some(message.contact),
            interaction: Some(message.interaction),
            // The network took it in several parts, and tells of one that it failed.
            may_have_arrived: uncertain || message.platform_ids.len() > 1,
            entry: None,
        },
    };
    batch.work.put_dead_letter(DeadLetter {
        id,
        channel: message.channel.clone(),
        at: batch.at,
        reason,
        what: Undone::Action(Box::new(what)),
    });
    Ok(())
}

/// Tries something again that failed for good.
pub(super) async fn redeliver(
    batch: &mut Batch<'_>,
    actor: &Actor,
    channel: &ChannelId,
    id: DeadLetterId,
    confirm: bool,
) -> Result<Outcome, CommandError> {
    let letter = letter(batch, channel, id).await?;
    if let Undone::Action(action) = &letter.what {
        if action.may_have_arrived && !confirm {
            return Err(CommandError::MayHaveArrived);
        }
        match (action.message, action.interaction, &action.entry) {
            (Some(message), Some(interaction), _) => {
                let interaction = find(batch, interaction).await?;
                let target = message_of(batch, &interaction, message).await?;
                // It takes the letter out.
                again(batch, &interaction, &target).await?;
            }
            (_, _, Some(entry)) => repeat(batch, entry, action.may_have_arrived).await?,
            _ => {}
        }
    }
    batch.work.remove_dead_letter(channel, id);
    let event = told(actor, "dead-letter.redeliver", &letter);
    batch.record(vec![event]).await?;
    Ok(Outcome::Action(id.to_string()))
}

/// Puts an action that is no message into the outbox again.
async fn repeat(
    batch: &mut Batch<'_>,
    entry: &OutboxEntry,
    uncertain: bool,
) -> Result<(), StoreError> {
    *batch.next_outbox += 1;
    let mut entry = OutboxEntry {
        number: *batch.next_outbox,
        created_at: batch.at,
        shown: false,
        retry_for_seconds: None,
        state: OutboxState::Waiting,
        ..entry.clone()
    };
    entry.request.attempt = 1;
    entry.request.uncertain_before |= uncertain;
    let event = Event::ActionChanged {
        action: entry.request.id.clone(),
        interaction: entry.interaction,
        name: entry.request.action.kind().to_string(),
        state: MessageState::Accepted,
    };
    batch.record(vec![event]).await?;
    batch.after.push(After::Outbox(entry.channel.clone()));
    batch.work.put_outbox(entry);
    Ok(())
}

/// Forgets something that failed for good.
pub(super) async fn discard(
    batch: &mut Batch<'_>,
    actor: &Actor,
    channel: &ChannelId,
    id: DeadLetterId,
) -> Result<Outcome, CommandError> {
    let letter = letter(batch, channel, id).await?;
    batch.work.remove_dead_letter(channel, id);
    let event = told(actor, "dead-letter.delete", &letter);
    batch.record(vec![event]).await?;
    Ok(Outcome::Done)
}

async fn letter(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    id: DeadLetterId,
) -> Result<DeadLetter, CommandError> {
    let found = batch.work.dead_letter(channel, id).await?;
    found
        .map(std::sync::Arc::unwrap_or_clone)
        .ok_or_else(|| CommandError::NotFound {
            what: "dead letter",
            id: id.to_string(),
        })
}

fn told(actor: &Actor, action: &str, letter: &DeadLetter) -> Event {
    let subject = format!("{}/{}", letter.channel, letter.id);
    let before = json!({ "at": letter.at, "reason": letter.reason });
    audited(actor, action, &subject, before, Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_request_is_kept_whole_but_for_credentials() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let request = WebhookRequest {
            method: "POST".to_owned(),
            path: "/x".to_owned(),
            url: Some("https://hub.example.com/x?token=secret-1".to_owned()),
            query: vec![header("token", "secret-1")],
            headers: vec![
                header("authorization", "Bearer secret-2"),
                header("x-api-token", "secret-3"),
                header("x-hub-signature-256", "sha256=ab"),
                header("content-type", "application/json"),
            ],
            body: vec![0xff, 0, b'{'],
        };
        let text = keep(&request, "no JSON");
        assert!(!text.contains("secret"), "{text}");
        let (again, reason) = kept(&text).unwrap();
        assert_eq!((again.body, reason.as_str()), (request.body, "no JSON"));
        assert_eq!(again.headers.len(), 2);
        assert!(kept("{}").is_none());
    }
}
