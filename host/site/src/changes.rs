//! What happens to a message after it was written: edits, deletions and reactions.

use linecard_model::InteractionId;
use linecard_model::event::Event;
use linecard_model::message::{Message, MessageReaction};
use linecard_model::platform::{self, Attachment, EventKind};
use linecard_model::routing::{EndReason, InteractionState};
use linecard_router::Command as RouterCommand;
use linecard_store::StoreError;

use super::inbound::Arrival;
use super::run::Batch;
use super::state::newest;
use super::{early, files};

/// How many messages of each contact are looked at to find out whether anything is left to answer.
const LOOK_BACK: usize = 200;

/// An edit, a deletion or a reaction.
pub(super) async fn about_message(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
) -> Result<(), StoreError> {
    let platform_id = match &arrival.event.kind {
        EventKind::MessageEdited(edit) => &edit.message_id,
        EventKind::MessageDeleted(deletion) => &deletion.message_id,
        EventKind::ReactionAdded(reaction) | EventKind::ReactionRemoved(reaction) => {
            &reaction.message_id
        }
        _ => return Ok(()),
    };
    match batch
        .work
        .message_by_platform_id(arrival.channel, platform_id)
        .await?
    {
        Some(message) => change_message(batch, arrival, &message).await,
        None => early::keep(batch, arrival, platform_id).await,
    }
}

pub(super) async fn change_message(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    target: &Message,
) -> Result<(), StoreError> {
    let (message, contact, interaction) = (target.id, target.contact, target.interaction);
    let event = arrival.event;
    let reaction = |reaction: &platform::Reaction| MessageReaction {
        author: event
            .author
            .as_ref()
            .map(|a| a.identity.id.clone())
            .unwrap_or_default(),
        name: reaction.name.clone(),
        emoji: reaction.emoji.clone(),
        at: event.time,
    };
    let recorded = match &event.kind {
        // Networks that show a message again tell it with the words that it has.
        EventKind::MessageEdited(edit) if says_the_same(target, edit) => {
            if target.hidden_at.is_none() {
                return Ok(());
            }
            Event::MessageShown {
                message,
                contact,
                interaction,
                shown_at: event.time,
            }
        }
        EventKind::MessageEdited(edit) => {
            let new = edit.attachments.as_deref().unwrap_or_default();
            let files = files::wanted(batch, arrival.channel, new);
            files::fetch(batch, contact, message, &files);
            Event::MessageEdited {
                message,
                contact,
                interaction,
                text: edit.text.clone(),
                attachments: edit.attachments.clone(),
                files,
                edited_at: event.time,
            }
        }
        EventKind::MessageDeleted(deletion)
            if deletion.hidden_only && target.hidden_at.is_some() =>
        {
            return Ok(());
        }
        EventKind::MessageDeleted(deletion) if deletion.hidden_only => Event::MessageHidden {
            message,
            contact,
            interaction,
            hidden_at: event.time,
        },
        EventKind::MessageDeleted(_) => Event::MessageDeleted {
            message,
            contact,
            interaction,
            deleted_at: event.time,
        },
        EventKind::ReactionAdded(r) => Event::ReactionAdded {
            message,
            contact,
            interaction,
            reaction: reaction(r),
        },
        EventKind::ReactionRemoved(r) => Event::ReactionRemoved {
            message,
            contact,
            interaction,
            reaction: reaction(r),
        },
        _ => return Ok(()),
    };
    let deletes = matches!(recorded, Event::MessageDeleted { .. });
    batch.record(vec![recorded]).await?;
    if deletes && target.author.is_contact() {
        rescind_if_empty(batch, interaction).await?;
    }
    Ok(())
}

/// Whether an edit leaves a message as it is.
fn says_the_same(message: &Message, edit: &platform::Edit) -> bool {
    let known = &message.content;
    let same_text = edit.text.is_none() || edit.text == known.text;
    // Links to files are signed anew each time; of those the part before the query says which it is.
    let which = |file: &Attachment| {
        let url = file.url.as_deref().unwrap_or_default();
        let path = url.split_once('?').map_or(url, |(path, _)| path);
        (file.kind, file.media_id.clone(), path.to_owned())
    };
    let same_files = edit.attachments.as_ref().is_none_or(|files| {
        let (new, old) = (files.iter().map(which), known.attachments.iter().map(which));
        new.eq(old)
    });
    same_text && same_files
}

/// When the customers took back all that was to be answered, nobody needs to be offered it.
async fn rescind_if_empty(
    batch: &mut Batch<'_>,
    interaction: InteractionId,
) -> Result<(), StoreError> {
    let Some(current) = batch.work.interaction(interaction).await? else {
        return Ok(());
    };
    let waits = matches!(
        current.state,
        InteractionState::Queued | InteractionState::Offered { .. }
    );
    if !waits {
        return Ok(());
    }
    for contact in current.contacts() {
        let messages = batch.work.history(contact, newest(LOOK_BACK)).await?;
        let anything_left = messages.iter().any(|m| {
            m.interaction == interaction && m.author.is_contact() && m.deleted_at.is_none()
        });
        if anything_left {
            return Ok(());
        }
    }
    // A refusal means that the router has let go of it meanwhile.
    let _ = batch
        .route(RouterCommand::Rescind {
            interaction,
            reason: EndReason::MessageDeleted,
        })
        .await?;
    Ok(())
}
