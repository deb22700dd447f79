//! What became of what the company sent: receipts and echoes, joined to the right message.

use std::sync::Arc;

use linecard_model::event::Event;
use linecard_model::message::{Message, MessageAuthor, MessageState};
use linecard_model::platform::{Receipt, ReceiptScope, ReceiptState, Refusal, SentMessage};
use linecard_model::{ContactId, MessageId, Timestamp};
use linecard_store::StoreError;

use super::early::{self, catch_up};
use super::echoes::is_there;
use super::inbound::Arrival;
use super::letters;
use super::native::customers_of;
use super::run::Batch;
use super::state::newest;

/// How many messages back a receipt "up to a time" looks.
const LOOK_BACK: usize = 200;

/// Handles a receipt.
pub(super) async fn handle(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    receipt: &Receipt,
) -> Result<(), StoreError> {
    let at = arrival.event.time;
    match &receipt.scope {
        ReceiptScope::Messages(ids) => {
            for id in ids {
                match batch
                    .work
                    .message_by_platform_id(arrival.channel, id)
                    .await?
                {
                    Some(message) => apply(batch, &message, receipt, at).await?,
                    // The receipt can overtake the answer to the send.
                    None => early::keep(batch, arrival, id).await?,
                }
            }
        }
        ReceiptScope::ClientRef(sent) => by_reference(batch, arrival, receipt, sent).await?,
        ReceiptScope::UpTo(until) => {
            let Some(thread) = &arrival.event.thread else {
                return Ok(());
            };
            for contact in customers_of(batch, arrival, thread, None).await? {
                let messages = batch.work.history(contact, newest(LOOK_BACK)).await?;
                let sent = messages.into_iter().filter(|m| {
                    &m.channel == arrival.channel
                        && m.thread == thread.key
                        && !m.author.is_contact()
                        && sent_at(m).is_some_and(|sent| sent <= *until)
                });
                for message in sent {
                    apply(batch, &message, receipt, at).await?;
                }
            }
        }
    }
    Ok(())
}

/// A receipt that hands the hub's own reference back: it finds a message whose network id is not known
/// yet, because the answer to the send was lost or is still under way.
async fn by_reference(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    receipt: &Receipt,
    sent: &SentMessage,
) -> Result<(), StoreError> {
    let at = arrival.event.time;
    if let Some(id) = &sent.id
        && let Some(message) = batch
            .work
            .message_by_platform_id(arrival.channel, id)
            .await?
    {
        return apply(batch, &message, receipt, at).await;
    }
    let (reference, is_part) = whole(&sent.client_ref);
    let customers = match &arrival.event.thread {
        Some(thread) => customers_of(batch, arrival, thread, None).await?,
        None => Vec::new(),
    };
    let Some(message) = sent_as(batch, &customers, reference).await? else {
        return match &sent.id {
            Some(id) => early::keep(batch, arrival, id).await,
            None => Ok(()),
        };
    };
    let Some(id) = &sent.id else {
        return apply(batch, &message, receipt, at).await;
    };
    if is_part || receipt.state == ReceiptState::Failed {
        note_part(batch, &message, id).await?;
    } else {
        settle(batch, &message, id, at).await?;
    }
    match batch
        .work
        .message_by_platform_id(arrival.channel, id)
        .await?
    {
        Some(message) => apply(batch, &message, receipt, at).await,
        None => Ok(()),
    }
}

/// The id of the action in a reference, and whether it is that of a part only: a message that the
/// network takes in parts carries `id/number` on all but the last.
pub(super) fn whole(reference: &str) -> (&str, bool) {
    match reference.split_once('/') {
        Some((id, _)) => (id, true),
        None => (reference, false),
    }
}

/// When the network took a message, or later news of it.
fn sent_at(message: &Message) -> Option<Timestamp> {
    match &message.state {
        MessageState::Sent { at } | MessageState::Delivered { at } => {
            // A delivery is told later than the message was sent; the earlier time decides.
            Some((*at).min(message.at.max(Timestamp::UNIX_EPOCH)))
        }
        _ => None,
    }
}

/// Takes a receipt over into its message, unless the message has come further already.
pub(super) async fn apply(
    batch: &mut Batch<'_>,
    message: &Message,
    receipt: &Receipt,
    at: Timestamp,
) -> Result<(), StoreError> {
    if message.author.is_contact() {
        return Ok(());
    }
    let state = match receipt.state {
        ReceiptState::Sent => MessageState::Sent { at },
        ReceiptState::Delivered => MessageState::Delivered { at },
        ReceiptState::Read => MessageState::Read { at },
        ReceiptState::Failed => MessageState::Failed {
            at,
            reason: receipt.reason.clone().unwrap_or_else(|| Refusal {
                code: "undelivered".to_owned(),
                text: "the network could not deliver it and gave no reason".to_owned(),
            }),
            retryable: true,
        },
    };
    let settled = matches!(
        message.state,
        MessageState::Delivered { .. } | MessageState::Read { .. }
    );
    let moves = match state {
        MessageState::Failed { .. } => {
            !settled && !matches!(message.state, MessageState::Failed { .. })
        }
        _ => state.rank() > message.state.rank(),
    };
    if !moves {
        return Ok(());
    }
    change(batch, message, state, Vec::new(), None).await
}

/// An echo shows that the network has a message, under this id.
pub(super) async fn settle(
    batch: &mut Batch<'_>,
    message: &Message,
    platform_id: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    if message.author == MessageAuthor::Contact {
        return Ok(());
    }
    // While the attempt is under way its own answer tells more; the id is known from here on, so
    // that receipts find the message.
    let uncertain = matches!(message.state, MessageState::Uncertain { .. });
    let state = if message.state.rank() >= 2 {
        message.state.clone()
    } else {
        MessageState::Sent { at }
    };
    let note = uncertain.then(|| "the network shows that it was sent".to_owned());
    is_there(batch, message).await?;
    change(batch, message, state, vec![platform_id.to_owned()], note).await?;
    catch_up(batch, &message.channel, platform_id).await
}

/// The message that the hub sent under a reference, if it is with one of these contacts.
pub(super) async fn sent_as(
    batch: &mut Batch<'_>,
    customers: &[ContactId],
    reference: &str,
) -> Result<Option<Arc<Message>>, StoreError> {
    let Ok(id) = reference.parse::<MessageId>() else {
        return Ok(None);
    };
    for contact in customers {
        if let Some(message) = batch.work.message(*contact, id).await? {
            return Ok(Some(message));
        }
    }
    Ok(None)
}

/// An echo shows the network's id of one part of a message; the others may still fail.
pub(super) async fn note_part(
    batch: &mut Batch<'_>,
    message: &Message,
    platform_id: &str,
) -> Result<(), StoreError> {
    let ids = vec![platform_id.to_owned()];
    change(batch, message, message.state.clone(), ids, None).await?;
    catch_up(batch, &message.channel, platform_id).await
}

/// Records a new state of a message that no attempt of the hub has led to.
pub(super) async fn change(
    batch: &mut Batch<'_>,
    message: &Message,
    state: MessageState,
    platform_ids: Vec<String>,
    note: Option<String>,
) -> Result<(), StoreError> {
    record(batch, message, state, platform_ids, note).await?;
    letters::message_changed(batch, message, None).await
}

/// Records a new state of a message.
pub(super) async fn record(
    batch: &mut Batch<'_>,
    message: &Message,
    state: MessageState,
    platform_ids: Vec<String>,
    note: Option<String>,
) -> Result<(), StoreError> {
    batch
        .record(vec![Event::MessageStateChanged {
            message: message.id,
            contact: message.contact,
            interaction: message.interaction,
            state,
            platform_ids,
            note,
        }])
        .await
}
