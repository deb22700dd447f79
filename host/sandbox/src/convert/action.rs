//! Actions, their outcomes and failures.

use linecard_model::platform as model;
use linecard_model::platform::{timestamp_from_millis, timestamp_to_millis};

use super::event::{MAX_CURSOR, refusal, to_attachment, to_identity};
use super::manifest::throttle_scope;
use super::{Checked, all, bad};
use crate::bindings::connector::linecard::plugin::actions as wit;
use crate::bindings::connector::linecard::plugin::events as wit_events;
use crate::error::Fault;
use crate::limits::Limits;

pub(crate) fn action_request(request: model::ActionRequest) -> wit::ActionRequest {
    wit::ActionRequest {
        id: request.id,
        attempt: request.attempt,
        uncertain_before: request.uncertain_before,
        thread: request.thread,
        recipient: request.recipient.map(to_identity),
        last_inbound: request.last_inbound.map(timestamp_to_millis),
        by_human: request.by_human,
        progress: request.progress,
        action: action(request.action),
    }
}

fn action(action: model::Action) -> wit::Action {
    use model::Action as M;
    use wit::Action as W;
    match action {
        M::SendMessage(said) => W::SendMessage(outgoing(said)),
        M::Reply(said) => W::Reply(outgoing(said)),
        M::PrivateReply(said) => W::PrivateReply(outgoing(said)),
        M::React(target) => W::React(reaction_target(target)),
        M::Unreact(target) => W::Unreact(reaction_target(target)),
        M::Repost(message) => W::Repost(message),
        M::Unrepost(message) => W::Unrepost(message),
        M::Quote(said) => W::Quote(outgoing(said)),
        M::Follow => W::Follow,
        M::Unfollow => W::Unfollow,
        M::RequestFollow(said) => W::RequestFollow(outgoing(said)),
        M::Hide(message) => W::Hide(message),
        M::Unhide(message) => W::Unhide(message),
        M::Delete(message) => W::Delete(message),
        M::Edit(target) => W::Edit(wit::EditTarget {
            message_id: target.message_id,
            text: target.text,
        }),
        M::MarkSeen(up_to) => W::MarkSeen(up_to),
        M::Typing(started) => W::Typing(started),
        M::Publish(said) => W::Publish(outgoing(said)),
        M::SendTemplate(template) => W::SendTemplate(wit::Template {
            name: template.name,
            language: template.language,
            parameters: template.parameters,
        }),
    }
}

fn outgoing(said: model::Outgoing) -> wit::Outgoing {
    wit::Outgoing {
        text: said.text,
        attachments: all(said.attachments, |attached| wit::OutgoingAttachment {
            attachment: to_attachment(attached.attachment),
            media: attached.media,
        }),
        structured: said.structured.map(|content| wit_events::Structured {
            kind: content.kind,
            json: content.json,
        }),
        location: said.location.map(|place| wit_events::Location {
            latitude: place.latitude,
            longitude: place.longitude,
            name: place.name,
            address: place.address,
        }),
        reply_to: said.reply_to,
    }
}

fn reaction_target(target: model::ReactionTarget) -> wit::ReactionTarget {
    wit::ReactionTarget {
        message_id: target.message_id,
        name: target.name,
        emoji: target.emoji,
    }
}

impl Checked<Result<model::Outcome, model::Failure>> for Result<wit::Outcome, wit::Failure> {
    fn checked(self, _limits: &Limits) -> Result<Result<model::Outcome, model::Failure>, Fault> {
        let progress = match &self {
            Err(wit::Failure::Unfinished(unfinished)) => unfinished.progress.len(),
            Err(wit::Failure::Partly(partly)) => partly.progress.len(),
            _ => 0,
        };
        if progress > MAX_CURSOR {
            return bad(format!("the progress is over {MAX_CURSOR} bytes"));
        }
        Ok(self
            .map(|outcome| model::Outcome {
                message_ids: outcome.message_ids,
                time: outcome.time.map(timestamp_from_millis),
                already_done: outcome.already_done,
                budget: outcome.budget.map(|budget| model::Budget {
                    scope: throttle_scope(budget.scope),
                    used_percent: budget.used_percent,
                    resets_at: budget.resets_at.map(timestamp_from_millis),
                }),
                note: outcome.note,
                cost: outcome.cost,
            })
            .map_err(failure))
    }
}

pub(super) fn failure(failure: wit::Failure) -> model::Failure {
    use model::Failure as M;
    use wit::Failure as W;
    match failure {
        W::Throttled(throttle) => M::Throttled(model::Throttle {
            until: throttle.until.map(timestamp_from_millis),
            scope: throttle_scope(throttle.scope),
            reason: refusal(throttle.reason),
        }),
        W::Transient(text) => M::Transient(text),
        W::Unauthorized(text) => M::Unauthorized(text),
        W::Rejected(reason) => M::Rejected(refusal(reason)),
        W::WindowClosed(text) => M::WindowClosed(text),
        W::Gone(text) => M::Gone(text),
        W::Unsupported(text) => M::Unsupported(text),
        W::Uncertain(text) => M::Uncertain(text),
        W::Unfinished(unfinished) => M::Unfinished(model::Unfinished {
            progress: unfinished.progress,
            message_ids: unfinished.message_ids,
            resume_at: unfinished.resume_at.map(timestamp_from_millis),
            reason: refusal(unfinished.reason),
            cost: unfinished.cost,
        }),
        W::RecipientRefuses(reason) => M::RecipientRefuses(refusal(reason)),
        W::Partly(partly) => M::Partly(model::Partly {
            message_ids: partly.message_ids,
            progress: partly.progress,
            rest: match partly.rest {
                wit::Rest::Rejected(reason) => model::Rest::Rejected(refusal(reason)),
                wit::Rest::RecipientRefuses(reason) => {
                    model::Rest::RecipientRefuses(refusal(reason))
                }
                wit::Rest::Uncertain(text) => model::Rest::Uncertain(text),
            },
            cost: partly.cost,
        }),
    }
}
