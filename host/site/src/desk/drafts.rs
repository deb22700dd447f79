//! Answers that were begun.

use linecard_model::desk::{Draft, Marks};
use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::message::Content;
use linecard_model::{AgentId, InteractionId};

use super::super::command::{Actor, CommandError, Outcome};
use super::super::people::find;
use super::super::run::Batch;
use super::super::sending::message_of;
use super::{DeskOutcome, own_desk, unfit};

/// The most bytes of a draft: more than any network takes.
const LARGEST: usize = 64 * 1024;

pub(super) async fn save(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    mut draft: Draft,
) -> Result<Outcome, CommandError> {
    let agent = own_desk(actor, "drafts")?;
    let interaction = find(batch, id).await?;
    if !interaction.is_open() {
        return Err(linecard_router::Refusal::WrongState {
            interaction: id,
            state: interaction.state.name(),
            expected: "not ended",
        }
        .into());
    }
    let size = serde_json::to_vec(&draft.content).map_or(usize::MAX, |bytes| bytes.len());
    if size > LARGEST {
        let text = format!("a draft has up to {LARGEST} bytes, and this one has {size}");
        return Err(unfit("", text));
    }
    if draft.content == Content::default() {
        return Err(unfit("", "a draft says something; DELETE throws it away"));
    }
    if let Some(target) = draft.reply_to {
        message_of(batch, &interaction, target).await?;
    }
    let drafts = &interaction.marks.drafts;
    if !drafts.contains_key(&agent) && drafts.len() >= Marks::MOST_READERS {
        let most = Marks::MOST_READERS;
        return Err(unfit(
            "",
            format!("{most} agents have a draft here already"),
        ));
    }
    draft.saved_at = batch.at;
    batch.work.put_draft(id, agent.clone(), draft.clone());
    let saved = Event::DraftSaved {
        interaction: id,
        agent,
        saved_at: draft.saved_at,
        draft: Some(Box::new(draft.clone())),
    };
    batch.record(vec![saved]).await?;
    Ok(Outcome::Desk(DeskOutcome::Draft(id, draft)))
}

pub(super) async fn remove(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
) -> Result<Outcome, CommandError> {
    let agent = own_desk(actor, "drafts")?;
    let interaction = find(batch, id).await?;
    let events = gone(batch, &interaction, &agent).await?;
    batch.record(events).await?;
    Ok(Outcome::Done)
}

/// What an agent sends is a draft no more. Gives what is to be recorded beside the message.
pub(crate) async fn sent(
    batch: &mut Batch<'_>,
    actor: &Actor,
    interaction: &Interaction,
) -> Result<Vec<Event>, CommandError> {
    match &actor.agent {
        Some(agent) => gone(batch, interaction, agent).await,
        None => Ok(Vec::new()),
    }
}

async fn gone(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    agent: &AgentId,
) -> Result<Vec<Event>, CommandError> {
    let is_marked = interaction.marks.drafts.contains_key(agent);
    if !is_marked && batch.work.draft(interaction.id, agent).await?.is_none() {
        return Ok(Vec::new());
    }
    batch.work.remove_draft(interaction.id, agent.clone());
    Ok(vec![Event::DraftRemoved {
        interaction: interaction.id,
        agent: agent.clone(),
    }])
}
