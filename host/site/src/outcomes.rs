//! Attempts at the networks: their beginning, made durable before they are tried, and their end.

use linecard_model::Timestamp;
use linecard_model::event::Event;
use linecard_model::manifest::ThrottleScope;
use linecard_model::message::MessageState;
use linecard_model::outbox::{ChannelHealth, HealthState, OutboxEntry, OutboxState};
use linecard_model::platform::{Failure, RECIPIENT_REFUSES, Refusal, Rest};
use linecard_store::StoreError;
use tokio::sync::oneshot;

use super::command::{AttemptResult, Permission};
use super::figures;
use super::health::{self, Source};
use super::letters;
use super::run::{After, Batch};
use super::sending::readdressed;
use crate::retries::{Retries, is_idempotent};

/// Makes it durable that an attempt begins.
pub(super) async fn attempt(
    batch: &mut Batch<'_>,
    mut entry: OutboxEntry,
    reply: oneshot::Sender<Permission>,
) -> Result<(), StoreError> {
    // While it waited to be repeated, the network may have shown that it has it.
    if is_shown(batch, &entry).await? {
        let state = MessageState::Sent { at: batch.at };
        close(batch, &entry, state, None).await?;
        batch
            .after
            .push(After::Permission(reply, Permission::Settled));
        return Ok(());
    }
    if let Some(late) = too_late(&entry, batch.at) {
        let state = given_up(&entry, batch.at, late);
        close(batch, &entry, state, None).await?;
        batch
            .after
            .push(After::Permission(reply, Permission::Settled));
        return Ok(());
    }
    let mut may = batch.state.may_act(&entry.channel, batch.at);
    match may {
        Permission::Granted | Permission::Readdressed(_) => {
            if let Some(now) = readdressed(batch, &entry).await? {
                entry.request.recipient = Some(now.clone());
                may = Permission::Readdressed(now);
            }
            batch.work.put_outbox(entry);
        }
        Permission::Held(Some(_)) => figures::tell_budget(batch, &entry.channel).await?,
        Permission::Held(None) | Permission::Settled => {}
    }
    batch.after.push(After::Permission(reply, may));
    Ok(())
}

/// Records how an attempt ended. Gives the entry back if it is to be tried again.
pub(super) async fn finished(
    batch: &mut Batch<'_>,
    mut entry: OutboxEntry,
    result: AttemptResult,
) -> Result<Option<OutboxEntry>, StoreError> {
    let at = batch.at;
    let idempotent = is_idempotent(&batch.state.channels, &entry);
    let retries = Retries::of(batch.state.channels.get(&entry.channel).as_deref())
        .for_seconds(entry.retry_for_seconds);
    let soon = at
        .checked_add(retries.pause(entry.request.attempt))
        .unwrap_or(at);
    let verdict = match result {
        AttemptResult::Done(outcome) => {
            entry.made.clone_from(&outcome.message_ids);
            let state = MessageState::Sent {
                at: outcome.time.unwrap_or(at),
            };
            figures::count(batch, &entry.channel, |known| {
                known.last_outbound_at = Some(at);
            });
            figures::charge(batch, &entry.channel, outcome.cost).await?;
            fares(batch, &entry, HealthState::Connected, None, None, None).await?;
            close(batch, &entry, state, outcome.note).await?;
            return Ok(None);
        }
        AttemptResult::Failed(failure) => {
            entry.request.uncertain_before |= is_uncertain(&failure);
            judge(batch, &mut entry, failure, idempotent, soon).await?
        }
        AttemptResult::Broken {
            text,
            may_have_acted,
        } => {
            entry.request.uncertain_before |= may_have_acted;
            if idempotent || !may_have_acted {
                Verdict::Again(soon, refusal("plugin-failed", &text))
            } else {
                Verdict::Uncertain(text)
            }
        }
    };
    // An answer that is worse than what the network has shown meanwhile says nothing any more.
    if is_shown(batch, &entry).await? {
        close(batch, &entry, MessageState::Sent { at }, None).await?;
        return Ok(None);
    }
    match verdict {
        Verdict::Again(not_before, reason) => {
            let is_over =
                retries.are_over(entry.request.attempt, at.duration_since(entry.created_at));
            // What would be tried after its time has failed now.
            if is_over || too_late(&entry, not_before).is_some() {
                let state = given_up(&entry, at, reason);
                close(batch, &entry, state, None).await?;
                return Ok(None);
            }
            entry.request.attempt = entry.request.attempt.saturating_add(1);
            entry.state = OutboxState::Retrying { not_before, reason };
            batch.work.put_outbox(entry.clone());
            Ok(Some(entry))
        }
        Verdict::Wait => {
            entry.state = OutboxState::Waiting;
            batch.work.put_outbox(entry.clone());
            Ok(Some(entry))
        }
        Verdict::Failed(reason) => {
            let state = MessageState::Failed {
                at,
                reason,
                retryable: false,
            };
            close(batch, &entry, state, None).await?;
            Ok(None)
        }
        Verdict::Uncertain(text) => {
            close(batch, &entry, MessageState::Uncertain { at, text }, None).await?;
            Ok(None)
        }
    }
}

/// What becomes of an entry that is not tried any more: it has failed, unless an attempt may have had its
/// effect.
fn given_up(entry: &OutboxEntry, at: Timestamp, reason: Refusal) -> MessageState {
    if entry.request.uncertain_before {
        return MessageState::Uncertain {
            at,
            text: reason.text,
        };
    }
    MessageState::Failed {
        at,
        reason,
        retryable: true,
    }
}

/// Why an entry that has a time of its own is not tried any more at a moment.
fn too_late(entry: &OutboxEntry, at: Timestamp) -> Option<Refusal> {
    let seconds = entry.retry_for_seconds?;
    let waited = at.duration_since(entry.created_at).as_secs();
    (waited > i64::from(seconds)).then(|| {
        let text = format!("it was to be sent within {seconds} s, and that was not possible");
        refusal("too-late", &text)
    })
}

/// Whether the network has shown that it has what an entry sends.
async fn is_shown(batch: &mut Batch<'_>, entry: &OutboxEntry) -> Result<bool, StoreError> {
    let kept = batch
        .work
        .outbox_entry(&entry.channel, entry.number)
        .await?;
    Ok(kept.is_some_and(|kept| kept.shown))
}

/// What is to be done about a failed attempt.
enum Verdict {
    /// Try again, not before this time.
    Again(Timestamp, Refusal),
    /// Try again when a person has acted.
    Wait,
    /// It has failed for good.
    Failed(Refusal),
    /// Nobody knows; a person decides.
    Uncertain(String),
}

async fn judge(
    batch: &mut Batch<'_>,
    entry: &mut OutboxEntry,
    failure: Failure,
    idempotent: bool,
    soon: Timestamp,
) -> Result<Verdict, StoreError> {
    if let Some(remedy) = failure.restriction() {
        let remedy = remedy.to_owned();
        let detail = "the network has restricted the account".to_owned();
        let restricted = HealthState::Restricted;
        fares(batch, entry, restricted, Some(detail), Some(remedy), None).await?;
        return Ok(Verdict::Wait);
    }
    Ok(match failure {
        Failure::Throttled(throttle) => {
            let until = throttle.until.unwrap_or(soon);
            // One customer who has to be left alone for a while says nothing about the channel.
            if throttle.scope == ThrottleScope::Channel {
                fares(
                    batch,
                    entry,
                    HealthState::Throttled,
                    Some(throttle.reason.to_string()),
                    None,
                    Some(until),
                )
                .await?;
            }
            Verdict::Again(until, throttle.reason)
        }
        Failure::Transient(text) => {
            fares(
                batch,
                entry,
                HealthState::TransientFault,
                Some(text.clone()),
                None,
                None,
            )
            .await?;
            Verdict::Again(soon, refusal("transient", &text))
        }
        Failure::Unauthorized(text) => {
            fares(
                batch,
                entry,
                HealthState::CredentialsRefused,
                Some("the network refuses the credentials or permissions".to_owned()),
                Some(text),
                None,
            )
            .await?;
            Verdict::Wait
        }
        Failure::Rejected(reason) => Verdict::Failed(reason),
        Failure::WindowClosed(text) => Verdict::Failed(refusal("window-closed", &text)),
        Failure::Gone(text) => Verdict::Failed(refusal("gone", &text)),
        Failure::Unsupported(text) => Verdict::Failed(refusal("unsupported", &text)),
        Failure::Uncertain(text) if idempotent => Verdict::Again(soon, refusal("uncertain", &text)),
        Failure::Uncertain(text) => Verdict::Uncertain(text),
        Failure::RecipientRefuses(reason) => Verdict::Failed(refuses(&reason)),
        Failure::Partly(partly) => {
            figures::charge(batch, &entry.channel, partly.cost).await?;
            entry.request.progress = partly.progress;
            entry.made = partly.message_ids;
            match partly.rest {
                Rest::Rejected(reason) => Verdict::Failed(reason),
                Rest::RecipientRefuses(reason) => Verdict::Failed(refuses(&reason)),
                Rest::Uncertain(text) if idempotent => {
                    Verdict::Again(soon, refusal("uncertain", &text))
                }
                Rest::Uncertain(text) => Verdict::Uncertain(text),
            }
        }
        Failure::Unfinished(unfinished) => {
            figures::charge(batch, &entry.channel, unfinished.cost).await?;
            entry.request.progress = unfinished.progress;
            entry.made = unfinished.message_ids;
            // The next attempt starts after what was done for certain.
            entry.request.uncertain_before = false;
            let resume_at = unfinished.resume_at.unwrap_or(soon);
            Verdict::Again(resume_at, unfinished.reason)
        }
    })
}

/// Whether something may have been done of which nobody knows.
fn is_uncertain(failure: &Failure) -> bool {
    match failure {
        Failure::Uncertain(_) => true,
        Failure::Partly(partly) => matches!(partly.rest, Rest::Uncertain(_)),
        _ => false,
    }
}

/// A recipient who does not want messages, in one code for all networks; the network's stands in the text.
fn refuses(reason: &Refusal) -> Refusal {
    refusal(RECIPIENT_REFUSES, &reason.to_string())
}

fn refusal(code: &str, text: &str) -> Refusal {
    Refusal {
        code: code.to_owned(),
        text: text.to_owned(),
    }
}

/// Takes an entry out of the outbox and records what became of it.
async fn close(
    batch: &mut Batch<'_>,
    entry: &OutboxEntry,
    state: MessageState,
    note: Option<String>,
) -> Result<(), StoreError> {
    let platform_ids = entry.made.clone();
    batch.work.remove_outbox(&entry.channel, entry.number);
    let message = match (entry.contact, entry.message) {
        (Some(contact), Some(id)) => batch.work.message(contact, id).await?,
        _ => None,
    };
    let Some(message) = message else {
        letters::action_ended(batch, entry, &state);
        return batch
            .record(vec![Event::ActionChanged {
                action: entry.request.id.clone(),
                interaction: entry.interaction,
                name: entry.request.action.kind().to_string(),
                state,
            }])
            .await;
    };
    // A receipt or an echo that overtook the answer has brought the message further; then only the
    // ids are news.
    let state = if matches!(
        state,
        MessageState::Sent { .. } | MessageState::Uncertain { .. }
    ) && message.state.rank() > 1
    {
        message.state.clone()
    } else {
        state
    };
    super::receipts::record(batch, &message, state, platform_ids.clone(), note).await?;
    letters::message_changed(batch, &message, Some(entry)).await?;
    for id in platform_ids {
        super::early::catch_up(batch, &entry.channel, &id).await?;
    }
    Ok(())
}

/// Records how the channel fares, if that is news.
async fn fares(
    batch: &mut Batch<'_>,
    entry: &OutboxEntry,
    state: HealthState,
    detail: Option<String>,
    remedy: Option<String>,
    until: Option<Timestamp>,
) -> Result<(), StoreError> {
    let health = ChannelHealth {
        state,
        since: Some(batch.at),
        detail,
        remedy,
        until,
    };
    health::fares(batch, &entry.channel, health, Source::Action).await
}
