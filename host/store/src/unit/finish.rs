//! The batch that a unit comes to.

use std::collections::HashSet;

use super::UnitOfWork;
use crate::{Append, Change, InboxNumber, RawOf};

impl UnitOfWork {
    /// The batch to append.
    pub fn finish(self) -> Append {
        let mut changes: Vec<Change> = Vec::new();
        let needed: HashSet<InboxNumber> =
            self.raw_of_accepted.iter().map(|(_, _, n)| *n).collect();
        for number in self.inbox_done {
            changes.push(Change::InboxDone(number));
            if !needed.contains(&number) {
                changes.push(Change::RemoveRaw(RawOf::Accepted(number)));
            }
        }
        // Most views that follow from events are only ever put.
        let contacts = self.contacts.into_changed();
        changes.extend(contacts.filter_map(|(_, value)| value.map(Change::PutContact)));
        changes.extend(self.identities.into_changed().map(
            |((channel, identity), value)| match value {
                Some(contact) => Change::PutIdentity {
                    channel,
                    identity,
                    contact,
                },
                None => Change::RemoveIdentity { channel, identity },
            },
        ));
        let interactions = self.interactions.into_changed();
        changes.extend(interactions.filter_map(|(_, value)| value.map(Change::PutInteraction)));
        let messages = self.messages.into_changed();
        changes.extend(messages.filter_map(|(_, value)| value.map(Change::PutMessage)));
        let details = self.details.into_iter();
        changes.extend(details.map(|(contact, seq, event)| Change::PutDetails {
            contact,
            seq,
            event: Box::new(event),
        }));
        let gone = self.details_gone.into_iter();
        changes.extend(gone.map(|(contact, seq)| Change::RemoveDetails { contact, seq }));
        let reactions = self.reactions.into_changed();
        changes.extend(reactions.map(|(key, value)| match value {
            Some(reaction) => Change::PutReaction { key, reaction },
            None => Change::RemoveReaction(key),
        }));
        let counts = self.reaction_counts.into_changed();
        changes.extend(counts.map(|(message, count)| Change::PutReactionCount {
            message,
            count: count.unwrap_or(0),
        }));
        let raw = self.raw.into_iter();
        changes.extend(raw.map(|(of, at, raw)| Change::PutRaw { of, at, raw }));
        let raw = self.raw_of_accepted.into_iter();
        changes.extend(raw.map(|(of, at, accepted)| Change::PutRawOfAccepted { of, at, accepted }));
        changes.extend(
            self.platform_ids
                .into_changed()
                .map(|((channel, platform_id), value)| match value {
                    Some(message) => Change::PutPlatformId {
                        channel,
                        platform_id,
                        message,
                    },
                    None => Change::RemovePlatformId {
                        channel,
                        platform_id,
                    },
                }),
        );
        changes.extend(self.fetches.into_changed().map(|(id, value)| match value {
            Some(place) => Change::PutFetch(place),
            None => Change::RemoveFetch(id),
        }));
        let health = self.health.into_changed();
        changes.extend(health.filter_map(|(channel, value)| {
            value.map(|health| Change::PutHealth { channel, health })
        }));
        let figures = self.figures.into_changed();
        changes.extend(figures.filter_map(|(channel, value)| {
            value.map(|figures| Change::PutFigures { channel, figures })
        }));
        let letters = self.dead_letters.into_changed();
        changes.extend(letters.map(|((channel, id), value)| match value {
            Some(letter) => Change::PutDeadLetter(letter),
            None => Change::RemoveDeadLetter { channel, id },
        }));
        let drafts = self.drafts.into_changed();
        changes.extend(drafts.map(|((interaction, agent), value)| match value {
            Some(draft) => Change::PutDraft {
                interaction,
                agent,
                draft,
            },
            None => Change::RemoveDraft { interaction, agent },
        }));
        let notes = self.notes.into_changed();
        changes.extend(notes.map(|((contact, note), value)| match value {
            Some(note) => Change::PutNote(note),
            None => Change::RemoveNote { contact, note },
        }));
        let responses = self.responses.into_changed();
        changes.extend(responses.map(|(id, value)| match value {
            Some(response) => Change::PutResponse(response),
            None => Change::RemoveResponse(id),
        }));
        let training = self.training.into_changed();
        changes.extend(training.map(|(id, value)| match value {
            Some(message) => Change::PutTraining(message),
            None => Change::RemoveTraining(id),
        }));
        let macros = self.macros.into_changed();
        changes.extend(macros.map(|(id, value)| match value {
            Some(kept) => Change::PutMacro(kept),
            None => Change::RemoveMacro(id),
        }));
        changes.extend(self.config.map(Change::PutConfig));
        changes.extend(self.early.into_changed().map(
            |((channel, platform_id), value)| match value {
                Some(events) => Change::PutEarly {
                    channel,
                    platform_id,
                    events,
                },
                None => Change::RemoveEarly {
                    channel,
                    platform_id,
                },
            },
        ));
        changes.extend(
            self.outbox
                .into_changed()
                .map(|((channel, number), value)| match value {
                    Some(entry) => Change::PutOutbox(entry),
                    None => Change::RemoveOutbox { channel, number },
                }),
        );
        let idempotent = self.idempotent.into_changed();
        changes.extend(idempotent.filter_map(|((principal, key), value)| {
            value.map(|result| Change::PutIdempotent {
                principal,
                key,
                result,
            })
        }));
        changes.extend(self.vault.into_changed().map(|(key, value)| match value {
            Some(value) => Change::PutVault { key, value },
            None => Change::RemoveVault { key },
        }));
        changes.extend(
            self.snapshot
                .map(|(seq, state)| Change::PutSnapshot { seq, state }),
        );
        changes.extend(self.raw_gone.into_iter().map(Change::RemoveRaw));
        Append {
            records: self.records,
            changes,
        }
    }
}
