//! Rules on other occasions than that a customer wrote.
//!
//! What is an occasion is found out when it is recorded; the rules are gone through after the command that
//! it belongs to, within the same durable write.

use std::sync::Arc;

use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::message::{Message, MessageAuthor};
use linecard_model::routing::{RequiredSkill, RoutingEvent, TransferTarget};
use linecard_model::rule::{RuleOccasion, RuleTrace};
use linecard_model::{ContactId, InteractionId, MessageId};
use linecard_router::Command as RouterCommand;
use linecard_store::StoreError;

use super::super::command::CommandError;
use super::super::run::Batch;
use super::super::sending::last_inbound;
use super::Judged;
use super::acts::act;
use super::judge::judge_again;

/// How often rules lead an interaction to another queue before an agent has it: two that lead to each other's
/// queues would do so for ever.
const MOST_MOVES: u32 = 10;

/// An occasion.
#[derive(Debug, Clone)]
pub(in super::super) struct Happened {
    pub on: RuleOccasion,
    pub after_seconds: Option<u32>,
    pub interaction: InteractionId,
    /// The message whose facts count, and its contact; the customer's newest if `None`.
    pub message: Option<(ContactId, MessageId)>,
}

/// The occasions in what is about to be recorded. What rules do is none, but that an interaction ends, which
/// it does once.
pub(in super::super) fn happened(batch: &mut Batch<'_>, events: &[Event]) {
    let automatic = Arc::clone(&batch.state.automatic);
    for event in events {
        let Some((on, message)) = occasion(event) else {
            continue;
        };
        let is_new = !batch.by_rules || on == RuleOccasion::Ended;
        if let Some(interaction) = event.interaction().filter(|_| is_new)
            && automatic.rules().has(on)
        {
            batch.happened.push_back(Happened {
                on,
                after_seconds: None,
                interaction,
                message,
            });
        }
    }
}

fn occasion(event: &Event) -> Option<(RuleOccasion, Option<(ContactId, MessageId)>)> {
    Some(match event {
        Event::Routing(
            RoutingEvent::Enqueued { .. }
            | RoutingEvent::Overflowed { .. }
            | RoutingEvent::Transferred {
                to: TransferTarget::Queue { .. },
                ..
            },
        ) => (RuleOccasion::Enqueued, None),
        Event::Routing(RoutingEvent::Ended { .. }) => (RuleOccasion::Ended, None),
        Event::MessageAccepted(message) | Event::MessageReceived(message)
            if matches!(
                message.author,
                MessageAuthor::Agent { .. } | MessageAuthor::Native
            ) =>
        {
            (RuleOccasion::Answered, None)
        }
        Event::MessageEdited {
            message, contact, ..
        } => (RuleOccasion::Edited, Some((*contact, *message))),
        Event::MessageDeleted {
            message, contact, ..
        } => (RuleOccasion::Deleted, Some((*contact, *message))),
        Event::MessageCorrected {
            message, contact, ..
        } => (RuleOccasion::ScoreChanged, Some((*contact, *message))),
        _ => return None,
    })
}

/// Goes through the rules for what has happened.
pub(in super::super) async fn follow(batch: &mut Batch<'_>) -> Result<(), StoreError> {
    while let Some(happened) = batch.happened.pop_front() {
        batch.by_rules = true;
        let followed = follow_one(batch, happened).await;
        batch.by_rules = false;
        followed?;
    }
    Ok(())
}

async fn follow_one(batch: &mut Batch<'_>, happened: Happened) -> Result<(), StoreError> {
    let Happened {
        on,
        after_seconds,
        interaction: id,
        message,
    } = happened;
    let Some(interaction) = batch.work.interaction(id).await? else {
        return Ok(());
    };
    let message = match message {
        Some((contact, message)) => batch.work.message(contact, message).await?,
        None => match last_inbound(batch, &interaction).await {
            Ok(message) => message,
            Err(CommandError::Store(fault)) => return Err(fault),
            Err(_) => None,
        },
    };
    // What the company wrote itself is nobody's to decide about.
    let message = message.filter(|message| message.author.is_contact());
    let Some(message) = message else {
        if after_seconds.is_some() {
            let fired = followed(id, on, after_seconds, None, RuleTrace::default());
            batch.record(vec![fired]).await?;
        }
        return Ok(());
    };
    let judged = judge_again(batch, on, after_seconds, &interaction, &message).await?;
    if judged.trace.steps.is_empty() && after_seconds.is_none() {
        return Ok(());
    }
    carry_out(batch, judged, &interaction, &message, on, after_seconds).await
}

/// Does what was decided, and records it in one.
async fn carry_out(
    batch: &mut Batch<'_>,
    mut judged: Judged,
    interaction: &Interaction,
    message: &Message,
    on: RuleOccasion,
    after_seconds: Option<u32>,
) -> Result<(), StoreError> {
    let id = interaction.id;
    judged.stay(interaction);
    let mut routed = Vec::new();
    for (what, command) in judged.commands(interaction) {
        match batch.decide(command) {
            Ok(events) => routed.extend(events),
            Err(refusal) => judged.was_not_done(&what, &refusal.to_string()),
        }
    }
    let marks = judged.marks(&interaction.marks);
    let marks = marks.map(|marks| Event::InteractionMarked {
        interaction: id,
        by: "rules".to_owned(),
        marks: Box::new(marks),
    });
    let Some(done) = act(batch, judged, message).await? else {
        return batch.record(routed).await;
    };
    let trace = done.trace.clone();
    let mut events = vec![followed(id, on, after_seconds, Some(message.id), trace)];
    events.extend(done.events.iter().cloned());
    events.extend(marks);
    events.extend(routed);
    batch.record(events).await?;
    done.post(batch);
    Ok(())
}

fn followed(
    interaction: InteractionId,
    on: RuleOccasion,
    after_seconds: Option<u32>,
    message: Option<MessageId>,
    trace: RuleTrace,
) -> Event {
    Event::RulesFollowed {
        interaction,
        on,
        after_seconds,
        message,
        trace: Box::new(trace),
    }
}

impl Judged {
    /// What the router is to do, by what the trace calls it.
    fn commands(&self, interaction: &Interaction) -> Vec<(String, RouterCommand)> {
        let id = interaction.id;
        let mut commands = Vec::new();
        let decision = &self.decision;
        if let Some(priority) = decision.priority {
            let command = RouterCommand::Prioritize {
                interaction: id,
                priority,
            };
            commands.push((format!("priority {priority}"), command));
        }
        if let Some(queue) = &decision.queue {
            let command = RouterCommand::Transfer {
                interaction: id,
                agent: None,
                to: TransferTarget::Queue {
                    queue: queue.clone(),
                },
            };
            commands.push((format!("queue {queue}"), command));
        }
        let known = &interaction.skills;
        let new = decision
            .skills
            .iter()
            .filter(|skill| !known.contains(skill));
        let new: Vec<RequiredSkill> = new.cloned().collect();
        if let Some(first) = new.first() {
            let what = format!("skill {}", first.skill);
            let command = RouterCommand::Transfer {
                interaction: id,
                agent: None,
                to: TransferTarget::Skills {
                    skills: known.iter().cloned().chain(new).collect(),
                },
            };
            commands.push((what, command));
        }
        if let Some(end) = &decision.end {
            let command = RouterCommand::Close {
                interaction: id,
                disposition: end.disposition.clone(),
            };
            commands.push(("end".to_owned(), command));
        }
        commands
    }

    /// Leaves an interaction in its queue that is there already, or that rules have sent back and forth.
    fn stay(&mut self, interaction: &Interaction) {
        let Some(queue) = &self.decision.queue else {
            return;
        };
        let why = if *queue == interaction.queue {
            "it is there already".to_owned()
        } else if interaction.moved_by_rules >= MOST_MOVES {
            tracing::warn!(
                interaction = %interaction.id,
                %queue,
                moves = interaction.moved_by_rules,
                "rules lead an interaction from queue to queue and no agent takes it: it stays where it is; see that they do not lead back to each other's queues"
            );
            format!(
                "rules have led it to another queue {} times and no agent has had it: see that they do not lead back to each other's queues",
                interaction.moved_by_rules
            )
        } else {
            return;
        };
        let what = format!("queue {queue}");
        self.decision.queue = None;
        self.was_not_done(&what, &why);
    }

    /// Says in the trace why something was not done.
    fn was_not_done(&mut self, what: &str, why: &str) {
        let steps = self.trace.steps.iter_mut();
        let mut done = steps.flat_map(|step| &mut step.did);
        if let Some(did) = done.find(|did| did.what == what && did.not_done.is_none()) {
            did.not_done = Some(why.to_owned());
        }
    }
}
