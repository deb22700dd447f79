//! Messages for models to learn from, and customers' messages from which they are not to.

use linecard_model::event::Event;
use linecard_model::rights::Right;
use linecard_model::training::{MOST, TrainingConfig, TrainingMessage};
use linecard_model::{InteractionId, MessageId};
use serde_json::{Value, json};

use super::super::command::{Actor, CommandError, Outcome};
use super::super::people::audited;
use super::super::run::Batch;
use super::corrections::of_customer;
use super::{DeskOutcome, unfit};

/// Keeps a message: a new one if none is named.
pub(super) async fn save(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: Option<MessageId>,
    config: TrainingConfig,
) -> Result<Outcome, CommandError> {
    actor.require(Right::Training, "training messages are changed")?;
    config
        .check()
        .map_err(|(field, text)| unfit(&format!("/{field}"), text))?;
    let before = match id {
        None => {
            let text = format!("a site has up to {MOST} training messages: remove some first");
            has_room(batch, &text)?;
            None
        }
        Some(id) => {
            let found = batch.work.training(id).await?;
            let own = found.filter(|found| found.text.is_some());
            Some(own.ok_or_else(|| unknown(id))?)
        }
    };
    let TrainingConfig {
        text,
        labels,
        excluded,
    } = config;
    let message = TrainingMessage {
        id: id.unwrap_or_else(MessageId::generate),
        text: Some(text),
        labels,
        excluded,
        changed_at: batch.at,
        changed_by: actor.name.clone(),
    };
    if let Some(before) = &before
        && (&before.text, &before.labels, before.excluded)
            == (&message.text, &message.labels, message.excluded)
    {
        return Ok(Outcome::Desk(DeskOutcome::Training((**before).clone())));
    }
    let audit = audited(
        actor,
        "training.save",
        &message.id.to_string(),
        before.as_deref().map_or(Value::Null, told),
        told(&message),
    );
    let saved = Event::TrainingMessageSaved(message.clone());
    batch.record(vec![saved, audit]).await?;
    Ok(Outcome::Desk(DeskOutcome::Training(message)))
}

pub(super) async fn remove(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: MessageId,
) -> Result<Outcome, CommandError> {
    actor.require(Right::Training, "training messages are changed")?;
    let found = batch.work.training(id).await?;
    let own = found.filter(|found| found.text.is_some());
    let own = own.ok_or_else(|| unknown(id))?;
    forget(batch, actor, &own, "training.remove").await
}

/// Says whether models learn from what a customer wrote.
pub(super) async fn exclude(
    batch: &mut Batch<'_>,
    actor: &Actor,
    interaction: InteractionId,
    id: MessageId,
    excluded: bool,
) -> Result<Outcome, CommandError> {
    actor.require(Right::Training, "training messages are changed")?;
    let message = of_customer(batch, interaction, id).await?;
    let before = batch.work.training(message.id).await?;
    match (before, excluded) {
        (None, false) => Ok(Outcome::Done),
        (Some(before), true) if before.excluded => Ok(Outcome::Done),
        (Some(before), false) => forget(batch, actor, &before, "training.include").await,
        (_, true) => {
            let text = format!(
                "up to {MOST} messages are kept for training or from it: correct the message instead, or remove some first"
            );
            has_room(batch, &text)?;
            let mark = TrainingMessage {
                id: message.id,
                text: None,
                labels: std::collections::BTreeSet::new(),
                excluded,
                changed_at: batch.at,
                changed_by: actor.name.clone(),
            };
            let subject = mark.id.to_string();
            let audit = audited(
                actor,
                "training.exclude",
                &subject,
                Value::Null,
                told(&mark),
            );
            batch
                .record(vec![Event::TrainingMessageSaved(mark), audit])
                .await?;
            Ok(Outcome::Done)
        }
    }
}

async fn forget(
    batch: &mut Batch<'_>,
    actor: &Actor,
    gone: &TrainingMessage,
    action: &str,
) -> Result<Outcome, CommandError> {
    let subject = gone.id.to_string();
    let audit = audited(actor, action, &subject, told(gone), Value::Null);
    let removed = Event::TrainingMessageRemoved {
        id: gone.id,
        by: actor.name.clone(),
    };
    batch.record(vec![removed, audit]).await?;
    Ok(Outcome::Done)
}

/// What the audit log has: the words themselves stand in no second place.
fn told(message: &TrainingMessage) -> Value {
    json!({ "labels": message.labels, "excluded": message.excluded })
}

fn has_room(batch: &Batch<'_>, text: &str) -> Result<(), CommandError> {
    if batch.state.desk.training.len() < MOST {
        Ok(())
    } else {
        Err(unfit("", text))
    }
}

fn unknown(id: MessageId) -> CommandError {
    CommandError::NotFound {
        what: "training message of the company's own",
        id: id.to_string(),
    }
}
