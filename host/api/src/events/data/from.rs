//! What the journal has, in the forms that the streams carry.

use linecard_model::event::Event;
use linecard_model::{ContactId, InteractionId, MessageId};

use super::{Happened, MessageKey};
use crate::content::AttachmentView;
use crate::desk::DraftView;
use crate::notes::NoteView;
use crate::participants::joined;
use crate::views::MessageView;

impl Happened {
    // One arm for each kind: what the journal has, in the API's forms.
    #[allow(clippy::too_many_lines)]
    pub(super) fn of(event: &Event, with_raw: bool) -> Self {
        let key =
            |message: &MessageId, contact: &ContactId, interaction: &InteractionId| MessageKey {
                message: *message,
                contact: *contact,
                interaction: *interaction,
            };
        match event.clone() {
            Event::Routing(event) => Self::routed(event),
            Event::ContactSaved(contact) => Self::ContactSaved(contact.into()),
            Event::ContactErased { contact } => Self::ContactErased { contact },
            Event::ContactsMerged {
                contact,
                merged,
                by,
            } => Self::ContactsMerged {
                contact,
                merged,
                by,
            },
            Event::ContactsParted {
                contact,
                parted,
                by,
            } => Self::ContactsParted {
                contact,
                parted,
                by,
            },
            Event::InteractionsJoined {
                interaction,
                joined,
            } => Self::InteractionsJoined {
                interaction,
                joined,
            },
            Event::InteractionStarted(interaction) => {
                Self::InteractionStarted((&interaction).into())
            }
            Event::ParticipantJoined {
                interaction,
                contact,
                author,
                own_contact,
            } => Self::ParticipantJoined {
                interaction,
                participant: joined(contact, author, own_contact),
            },
            Event::PendingOnThread {
                interaction,
                pending,
                contact,
                queue,
            } => Self::PendingOnThread {
                interaction,
                pending,
                contact,
                queue,
            },
            Event::MessageReceived(message) => {
                Self::MessageReceived(MessageView::new(message, with_raw))
            }
            Event::MessageAccepted(message) => {
                Self::MessageAccepted(MessageView::new(message, with_raw))
            }
            Event::MessageStateChanged {
                message,
                contact,
                interaction,
                state,
                platform_ids,
                note,
            } => Self::MessageStateChanged {
                of: key(&message, &contact, &interaction),
                progress: (&state).into(),
                platform_ids,
                note,
            },
            Event::MessageEdited {
                message,
                contact,
                interaction,
                text,
                attachments,
                files,
                edited_at,
            } => Self::MessageEdited {
                of: key(&message, &contact, &interaction),
                text,
                attachments: attachments.map(|new| AttachmentView::received(new, files)),
                edited_at,
            },
            Event::FileFetched {
                message,
                contact,
                interaction,
                attachment,
                file,
            } => Self::FileFetched {
                of: key(&message, &contact, &interaction),
                attachment,
                file,
            },
            Event::MessageDeleted {
                message,
                contact,
                interaction,
                deleted_at,
            } => Self::MessageDeleted {
                of: key(&message, &contact, &interaction),
                deleted_at,
            },
            Event::MessageShown {
                message,
                contact,
                interaction,
                shown_at,
            } => Self::MessageShown {
                of: key(&message, &contact, &interaction),
                shown_at,
            },
            Event::MessageHidden {
                message,
                contact,
                interaction,
                hidden_at,
            } => Self::MessageHidden {
                of: key(&message, &contact, &interaction),
                hidden_at,
            },
            Event::MessageCorrected {
                message,
                contact,
                interaction,
                correction,
            } => Self::MessageCorrected {
                of: key(&message, &contact, &interaction),
                correction,
            },
            Event::ReactionAdded {
                message,
                contact,
                interaction,
                reaction,
            } => Self::ReactionAdded {
                of: key(&message, &contact, &interaction),
                reaction,
            },
            Event::ReactionRemoved {
                message,
                contact,
                interaction,
                reaction,
            } => Self::ReactionRemoved {
                of: key(&message, &contact, &interaction),
                reaction,
            },
            Event::ActionChanged {
                action,
                interaction,
                name,
                state,
            } => Self::ActionChanged {
                action,
                name,
                interaction,
                progress: (&state).into(),
            },
            Event::PlatformEvent {
                channel,
                thread,
                contact,
                author,
                name,
                occurred_at,
                details,
                raw,
            } => Self::PlatformEvent {
                channel,
                thread,
                contact,
                author,
                name,
                occurred_at,
                details,
                raw: with_raw.then_some(raw),
            },
            Event::InteractionRead {
                interaction,
                agent,
                message,
                unread,
                ..
            } => Self::InteractionRead {
                interaction,
                agent,
                message,
                unread,
            },
            Event::DraftSaved {
                interaction,
                agent,
                saved_at,
                draft,
            } => Self::DraftSaved {
                interaction,
                agent,
                saved_at,
                draft: draft.map(|draft| DraftView::of(interaction, *draft)),
            },
            Event::DraftRemoved { interaction, agent } => Self::DraftRemoved { interaction, agent },
            Event::InteractionMarked {
                interaction,
                by,
                marks,
            } => Self::InteractionMarked {
                interaction,
                by,
                labels: marks.labels,
                attributes: marks.attributes,
                followers: marks.followers,
            },
            Event::RuleTimersSet {
                interaction,
                timers,
            } => Self::RuleTimersSet {
                interaction,
                timers,
            },
            Event::RulesFollowed {
                interaction,
                on,
                after_seconds,
                message,
                trace,
            } => Self::RulesFollowed {
                interaction,
                on,
                after_seconds,
                message,
                trace: *trace,
            },
            Event::RuleNotified {
                interaction,
                rule,
                agents,
                text,
            } => Self::RuleNotified {
                interaction,
                rule,
                agents,
                text,
            },
            Event::NoteSaved(note) => Self::NoteSaved(NoteView::of(&note, false)),
            Event::ResponseSaved(response) => Self::ResponseSaved((&response).into()),
            Event::ResponseRemoved { response, by } => Self::ResponseRemoved { response, by },
            Event::TrainingMessageSaved(message) => Self::TrainingMessageSaved(message),
            Event::TrainingMessageRemoved { id, by } => Self::TrainingMessageRemoved { id, by },
            Event::ResponseUsed {
                response,
                interaction,
                message,
            } => Self::ResponseUsed {
                response,
                interaction,
                message,
            },
            Event::MacroSaved(kept) => Self::MacroSaved((&kept).into()),
            Event::MacroRemoved { id, by } => Self::MacroRemoved { id, by },
            Event::MacroRun {
                id,
                interaction,
                by,
            } => Self::MacroRun {
                id,
                interaction,
                by,
            },
            Event::ChannelHealthChanged { channel, health } => {
                Self::ChannelHealthChanged { channel, health }
            }
            Event::PluginChanged(change) => Self::PluginChanged(change),
            Event::SiteConfigured { config } => Self::SiteConfigured { config },
            Event::Audited {
                actor,
                action,
                subject,
                before,
                after,
            } => Self::Audited {
                actor,
                action,
                subject,
                before,
                after,
            },
        }
    }
}
