//! What people say became of a message of which the hub does not know whether it arrived.

use linecard_model::dead_letter::Undone;
use linecard_model::message::{MessageAuthor, MessageState};
use linecard_model::platform::Refusal;
use linecard_model::rights::Right;
use linecard_model::{InteractionId, MessageId};

use super::command::{Actor, CommandError, Outcome};
use super::letters::{letter_of, message_changed};
use super::people::find;
use super::receipts::record;
use super::run::Batch;
use super::sending::{message_of, unknown_message};

/// Records that an uncertain message arrived, or that it did not: then it has failed, and can be sent
/// again. What the network tells later still counts.
pub(super) async fn settle(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    message: MessageId,
    arrived: bool,
) -> Result<Outcome, CommandError> {
    let interaction = find(batch, id).await?;
    let target = message_of(batch, &interaction, message).await?;
    if target.interaction != id {
        return Err(unknown_message(message));
    }
    let own = match &target.author {
        MessageAuthor::Agent { agent } => actor.agent.as_ref() == Some(agent),
        _ => false,
    };
    let has_it = actor.agent.is_some() && interaction.state.talking() == actor.agent.as_ref();
    if !own && !has_it {
        actor.require(
            Right::Lead,
            "it is said what became of another agent's message",
        )?;
    }
    if !matches!(target.state, MessageState::Uncertain { .. }) {
        return Err(CommandError::NotUncertain {
            message,
            state: target.state.name(),
        });
    }
    let who = &actor.name;
    let (state, note) = if arrived {
        let note = format!("{who} says that it arrived");
        (MessageState::Sent { at: batch.at }, Some(note))
    } else {
        let reason = Refusal {
            code: "not-arrived".to_owned(),
            text: format!("{who} says that it did not arrive"),
        };
        let failed = MessageState::Failed {
            at: batch.at,
            reason,
            retryable: true,
        };
        (failed, None)
    };
    // How far the last attempt came is still needed: what arrived of it is not sent again.
    let letter = batch
        .work
        .dead_letter(&interaction.channel, letter_of(message))
        .await?;
    let entry = match letter.as_deref().map(|letter| &letter.what) {
        Some(Undone::Action(undone)) => undone.entry.clone(),
        _ => None,
    };
    record(batch, &target, state, Vec::new(), note).await?;
    message_changed(batch, &target, entry.as_ref()).await?;
    Ok(Outcome::Done)
}
