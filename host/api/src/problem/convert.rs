//! What went wrong inside, as a problem.

use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;
use linecard_model::routing::SettingsError;
use linecard_router::Refusal;
use linecard_search::SearchError;
use linecard_site::CommandError;
use linecard_site::capabilities::Forbidden;
use linecard_store::StoreError;
use linecard_vault::auth::AuthError;
use serde_json::json;

use super::Problem;

/// How long to wait when the hub is behind, in seconds.
const SOON: u64 = 2;

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        let detail = error.to_string();
        match error {
            CommandError::Refused(refusal) => refusal.into(),
            CommandError::Forbidden(forbidden) => forbidden.into(),
            CommandError::NotFound { what, id } => Self::not_found(what, id),
            CommandError::NotAllowed { .. } => Self::not_allowed(detail),
            CommandError::NotResendable { .. } => Self::new("not-resendable", detail),
            CommandError::NotUncertain { .. } => Self::new("not-uncertain", detail),
            CommandError::NotOnNetwork { .. } => Self::new("not-on-network", detail).at("/message"),
            CommandError::ContactBusy { .. } => Self::new("contact-busy", detail),
            CommandError::CannotBegin { .. } => Self::new("no-conversation", detail),
            CommandError::UnderWay(interaction) => {
                Self::new("under-way", detail).with("interaction", interaction.to_string())
            }
            CommandError::Unfit { pointer, .. } => Self::invalid(pointer, detail),
            CommandError::MayHaveArrived => {
                Self::new("confirmation-required", detail).at("/confirm")
            }
            CommandError::PausedByConfiguration(_) => Self::new("channel-paused", detail),
            CommandError::KeyReused(_) => Self::new("idempotency-key-reused", detail),
            CommandError::Store(error) => error.into(),
            CommandError::Stopped(_) => Self::new("stopping", detail).retry_after(SOON),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = Self::new(refusal.name(), refusal.to_string());
        match refusal {
            Refusal::OfferExpired { deadline, .. } => {
                problem.with("deadline", deadline.to_string())
            }
            Refusal::UnknownDisposition { allowed, .. }
            | Refusal::DispositionRequired { allowed, .. } => {
                problem.at("/disposition").with("allowed", allowed)
            }
            Refusal::UnknownReason { allowed, .. } => {
                problem.at("/reason").with("allowed", allowed)
            }
            Refusal::WrongState {
                state, expected, ..
            } => problem.with("state", state).with("expected", expected),
            Refusal::Until { most, .. } => problem.at("/until").with("most", most.to_string()),
            Refusal::NotYours { owner, .. } => problem.with("owner", owner.to_string()),
            _ => problem,
        }
    }
}

impl From<Forbidden> for Problem {
    fn from(forbidden: Forbidden) -> Self {
        let detail = forbidden.to_string();
        match forbidden {
            Forbidden::Unsupported { action, .. } => {
                Self::new("capability-unsupported", detail).with("action", action.as_str())
            }
            Forbidden::ChannelAway(_) => Self::new("capability-unsupported", detail),
            Forbidden::WindowClosed { closed_at } => {
                Self::new("reply-window-closed", detail).with("closed_at", closed_at.to_string())
            }
            Forbidden::NeverOpened | Forbidden::AnsweredPrivately => {
                Self::new("reply-window-closed", detail)
            }
            Forbidden::NotOptedIn { .. }
            | Forbidden::OptedOut { .. }
            | Forbidden::NoMarketing { .. } => Self::new("opt-in-required", detail),
            Forbidden::TemplateUnfit(unfit) => {
                let first = unfit.faults.first();
                let place = first.map_or("/structured/content", |fault| fault.pointer.as_str());
                Self::new("template-unfit", detail)
                    .at(place)
                    .with("template", unfit.name)
                    .with("language", unfit.language)
                    .with("errors", json!(unfit.faults))
            }
            Forbidden::Template { .. } => Self::invalid("/structured/content", detail),
            Forbidden::TextTooLong { counted, max, unit } => Self::new("text-too-long", detail)
                .at("/text")
                .with("counted", counted)
                .with("max", max)
                .with("unit", json!(unit)),
            Forbidden::Empty => Self::new("text-required", detail).at("/text"),
            Forbidden::TooManyAttachments { max, .. } => {
                Self::new("attachment-unsupported", detail)
                    .at("/attachments")
                    .with("max", max)
            }
            Forbidden::Attachment { index, .. } => {
                Self::new("attachment-unsupported", detail).at(format!("/attachments/{index}"))
            }
            Forbidden::Structured { .. } => {
                Self::new("capability-unsupported", detail).at("/structured/kind")
            }
            Forbidden::Location => Self::new("capability-unsupported", detail).at("/location"),
            Forbidden::QuickReplyPayload {
                index,
                counted,
                max,
                unit,
            } => Self::new("text-too-long", detail)
                .at(format!("/quick_replies/{index}/payload"))
                .with("counted", counted)
                .with("max", max)
                .with("unit", json!(unit)),
            Forbidden::TooManyQuickReplies { max, .. } => {
                Self::new("capability-unsupported", detail)
                    .at("/quick_replies")
                    .with("max", max)
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            // The text names keys and folders of the machine: that belongs in the log.
            StoreError::Value { .. } | StoreError::Damaged { .. } => {
                tracing::error!(%error, "stored data cannot be read");
                Self::new(
                    "internal",
                    "stored data cannot be read; the hub's log says which",
                )
            }
            StoreError::BackupRuns => Self::new("backup-runs", error.to_string()),
            error => {
                tracing::error!(%error, "the store refuses");
                Self::new(
                    "stopping",
                    "the hub's store takes no work; its log says why",
                )
                .retry_after(SOON)
            }
        }
    }
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        if !matches!(error, SearchError::Closed) {
            // The text names folders of the machine: that belongs in the log.
            tracing::warn!(%error, "nothing can be looked for");
        }
        let text = "the index of words is being built anew; its log says why";
        Self::new("search-unavailable", text).retry_after(SOON)
    }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        Self::new("invalid-settings", error.to_string())
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Invalid => Self::new("unauthenticated", error.to_string()),
            AuthError::TooMany(seconds) => {
                Self::new("too-many-attempts", error.to_string()).retry_after(seconds)
            }
            AuthError::Busy => Self::new("busy", error.to_string()).retry_after(SOON),
            AuthError::Site(error) => error.into(),
            AuthError::Store(error) => error.into(),
            AuthError::Vault(error) => error.into(),
        }
    }
}

impl From<linecard_vault::VaultError> for Problem {
    fn from(error: linecard_vault::VaultError) -> Self {
        use linecard_vault::VaultError;
        match error {
            VaultError::Site(error) => error.into(),
            VaultError::Store(error) => error.into(),
            error => {
                tracing::error!(%error, "the vault fails");
                Self::new(
                    "internal",
                    "a secret cannot be kept; the hub's log says why",
                )
            }
        }
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::new("too-large", "the body is larger than this address takes")
        } else {
            Self::new("malformed-json", "the body ended before it was complete")
        }
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new("bad-parameter", rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new("bad-parameter", rejection.body_text())
    }
}
