//! What people say of messages in the place of the analyzers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linecard_model::event::Event;
use linecard_model::message::{Correction, Message};
use linecard_model::training::{is_name, name_rule};
use linecard_model::{InteractionId, MessageId};

use super::super::command::{Actor, CommandError, Outcome};
use super::super::people::find;
use super::super::run::Batch;
use super::unfit;

pub(super) async fn correct(
    batch: &mut Batch<'_>,
    actor: &Actor,
    interaction: InteractionId,
    id: MessageId,
    scores: BTreeMap<String, f64>,
    labels: Option<BTreeSet<String>>,
) -> Result<Outcome, CommandError> {
    check(&scores, labels.as_ref())?;
    let message = of_customer(batch, interaction, id).await?;
    let correction = Correction {
        by: actor.name.clone(),
        at: batch.at,
        scores,
        labels,
    };
    let last = message.corrections.last();
    let says_the_same = match last {
        Some(last) => last.scores == correction.scores && last.labels == correction.labels,
        None => correction.is_none(),
    };
    if !says_the_same {
        let event = Event::MessageCorrected {
            message: message.id,
            contact: message.contact,
            interaction: message.interaction,
            correction,
        };
        batch.record(vec![event]).await?;
    }
    Ok(Outcome::Done)
}

/// A message of an interaction, if a customer wrote it.
pub(super) async fn of_customer(
    batch: &mut Batch<'_>,
    interaction: InteractionId,
    id: MessageId,
) -> Result<Arc<Message>, CommandError> {
    let interaction = find(batch, interaction).await?;
    let mut found = None;
    for contact in interaction.contacts() {
        found = batch.work.message(contact, id).await?;
        if found.is_some() {
            break;
        }
    }
    let message = found.filter(|message| message.interaction == interaction.id);
    let message = message.ok_or_else(|| CommandError::NotFound {
        what: "message",
        id: id.to_string(),
    })?;
    if !message.author.is_contact() {
        return Err(unfit("", "only what customers write is scored"));
    }
    Ok(message)
}

fn check(
    scores: &BTreeMap<String, f64>,
    labels: Option<&BTreeSet<String>>,
) -> Result<(), CommandError> {
    for (name, value) in scores {
        let pointer = format!("/scores/{}", name.replace('~', "~0").replace('/', "~1"));
        if !is_name(name) {
            return Err(unfit(&pointer, name_rule("a score")));
        }
        let range = match name.as_str() {
            "sentiment" => -1.0..=1.0,
            "influence" | "actionability" => 0.0..=1.0,
            _ => f64::MIN..=f64::MAX,
        };
        if !range.contains(value) {
            let (least, most) = (range.start(), range.end());
            return Err(unfit(&pointer, format!("{name} is from {least} to {most}")));
        }
    }
    let labels = labels.into_iter().flatten();
    if labels.clone().any(|label| !is_name(label)) {
        return Err(unfit("/labels", name_rule("a label")));
    }
    let most = Correction::MOST_NAMES;
    if scores.len() > most || labels.count() > most {
        return Err(unfit(
            "",
            format!("up to {most} scores and {most} labels are kept"),
        ));
    }
    Ok(())
}
