//! What an agent or a rule does on the network, and how it ended.

use crate::manifest::{ActionKind, ThrottleScope};

pub use crate::bindings::connector::linecard::plugin::actions::{
    Action, ActionRequest, Budget, EditTarget, Failure, Outcome, Outgoing, OutgoingAttachment,
    Partly, ReactionTarget, Rest, Template, Throttle, Unfinished,
};
pub use crate::events::{Attachment, Identity, Refusal, Timestamp};

impl Action {
    /// What it does, without its details.
    pub fn kind(&self) -> ActionKind {
        match self {
            Action::SendMessage(_) => ActionKind::SendMessage,
            Action::Reply(_) => ActionKind::Reply,
            Action::PrivateReply(_) => ActionKind::PrivateReply,
            Action::React(_) => ActionKind::React,
            Action::Unreact(_) => ActionKind::Unreact,
            Action::Repost(_) => ActionKind::Repost,
            Action::Unrepost(_) => ActionKind::Unrepost,
            Action::Quote(_) => ActionKind::Quote,
            Action::Follow => ActionKind::Follow,
            Action::Unfollow => ActionKind::Unfollow,
            Action::RequestFollow(_) => ActionKind::RequestFollow,
            Action::Hide(_) => ActionKind::Hide,
            Action::Unhide(_) => ActionKind::Unhide,
            Action::Delete(_) => ActionKind::Delete,
            Action::Edit(_) => ActionKind::Edit,
            Action::MarkSeen(_) => ActionKind::MarkSeen,
            Action::Typing(_) => ActionKind::Typing,
            Action::Publish(_) => ActionKind::Publish,
            Action::SendTemplate(_) => ActionKind::SendTemplate,
        }
    }
}

impl ActionRequest {
    /// The recipient's id, or the failure for an action that needs one and has none.
    pub fn recipient_id(&self) -> Result<&str, Failure> {
        self.recipient
            .as_ref()
            .map(|identity| identity.id.as_str())
            .ok_or_else(|| Failure::rejected("no-recipient", "this action needs a recipient"))
    }
}

impl Outgoing {
    /// A text and nothing else.
    pub fn text(text: impl Into<String>) -> Self {
        Outgoing {
            text: Some(text.into()),
            ..Outgoing::default()
        }
    }
}

impl Outcome {
    /// Done, without a message.
    pub fn done() -> Self {
        Outcome::default()
    }

    /// Done: it made this message.
    pub fn message(id: impl Into<String>) -> Self {
        Self::messages(vec![id.into()])
    }

    /// Done: it made these messages, in this order.
    pub fn messages(ids: Vec<String>) -> Self {
        Outcome {
            message_ids: ids,
            ..Outcome::default()
        }
    }

    /// The network said that it had been done before.
    #[must_use]
    pub fn already_done(mut self) -> Self {
        self.already_done = true;
        self
    }

    /// What the network charges for it, in millionths of the unit of its price list.
    #[must_use]
    pub fn cost(mut self, millionths: u64) -> Self {
        self.cost = millionths;
        self
    }

    /// Adds something that a person should know.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.note = Some(text.into());
        self
    }
}

impl Failure {
    /// The network refuses it, finally.
    pub fn rejected(code: impl Into<String>, text: impl Into<String>) -> Self {
        Failure::Rejected(Refusal::new(code, text))
    }

    /// The network has restricted the account, though its credentials work: the host shows the channel as
    /// restricted with `remedy`, what a person must do, and sends nothing more until somebody resumes it.
    pub fn restricted(remedy: impl Into<String>) -> Self {
        Failure::rejected("account-restricted", remedy)
    }

    /// The network asks to wait, until then if it says when.
    pub fn throttled(until: Option<Timestamp>, scope: ThrottleScope, reason: Refusal) -> Self {
        Failure::Throttled(Throttle {
            until,
            scope,
            reason,
        })
    }

    /// A part is done for certain and the rest can be done later: `progress` is what the next attempt
    /// finds in [`ActionRequest::progress`], `message_ids` are all the messages made so far, and
    /// without `resume_at` the host chooses the pause.
    pub fn unfinished(
        progress: impl Into<Vec<u8>>,
        message_ids: Vec<String>,
        resume_at: Option<Timestamp>,
        reason: Refusal,
    ) -> Self {
        Failure::Unfinished(Unfinished {
            progress: progress.into(),
            message_ids,
            resume_at,
            reason,
            cost: 0,
        })
    }

    /// The recipient does not want messages: they blocked the company, or left. The channel goes on with
    /// others.
    pub fn recipient_refuses(code: impl Into<String>, text: impl Into<String>) -> Self {
        Failure::RecipientRefuses(Refusal::new(code, text))
    }

    /// Says that these messages were made for certain before it failed, in order, those of earlier attempts
    /// too, and what a next attempt must know. What says that all can be tried again stays whole only as
    /// [`Failure::Unfinished`]: where nothing was made it is left as it is.
    #[must_use]
    pub fn after(self, message_ids: Vec<String>, progress: impl Into<Vec<u8>>) -> Self {
        if message_ids.is_empty() {
            return self;
        }
        let partly = |rest, message_ids, progress| {
            Failure::Partly(Partly {
                message_ids,
                progress,
                rest,
                cost: 0,
            })
        };
        let progress = progress.into();
        let rejected = |code: &str, text| Rest::Rejected(Refusal::new(code, text));
        match self {
            Failure::Rejected(reason) => partly(Rest::Rejected(reason), message_ids, progress),
            Failure::RecipientRefuses(reason) => {
                partly(Rest::RecipientRefuses(reason), message_ids, progress)
            }
            Failure::Uncertain(text) => partly(Rest::Uncertain(text), message_ids, progress),
            Failure::WindowClosed(text) => {
                partly(rejected("window-closed", text), message_ids, progress)
            }
            Failure::Gone(text) => partly(rejected("gone", text), message_ids, progress),
            Failure::Unsupported(text) => {
                partly(rejected("unsupported", text), message_ids, progress)
            }
            Failure::Throttled(throttle) => {
                Failure::unfinished(progress, message_ids, throttle.until, throttle.reason)
            }
            Failure::Transient(text) => {
                let reason = Refusal::new("transient", text);
                Failure::unfinished(progress, message_ids, None, reason)
            }
            Failure::Unauthorized(text) => {
                // The rest waits until a person has acted; the next attempt says it again.
                let reason = Refusal::new("unauthorized", text);
                Failure::unfinished(progress, message_ids, None, reason)
            }
            Failure::Unfinished(_) | Failure::Partly(_) => self,
        }
    }

    /// The network has no such action, or not for this thread.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Failure::Unsupported(what.into())
    }
}
