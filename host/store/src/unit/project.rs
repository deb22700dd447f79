//! What an event changes in the views.

use linecard_model::contact::{Contact, KnownAlias};
use linecard_model::desk::{LastMessage, ReadMark};
use linecard_model::event::{Event, Seq};
use linecard_model::interaction::{Interaction, Participant};
use linecard_model::message::{
    AttachmentFile, Correction, Message, MessageReaction, MessageState, Revision,
};
use linecard_model::routing::RoutingEvent;
use linecard_model::rule::RuleTimer;
use linecard_model::{ChannelId, ContactId, InteractionId, MessageId, Timestamp};

use super::UnitOfWork;
use super::desk::written;
use super::route::route;
use crate::{MessageRef, Page, ReactionKey, Result, thread_identity};

/// How many messages are looked at together.
const STEP: usize = 200;

impl UnitOfWork {
    /// Changes the views as one event says. An event about something that no view knows changes
    /// nothing: `check` reports it.
    pub(super) async fn project(&mut self, seq: Seq, at: Timestamp, event: &Event) -> Result<()> {
        match event {
            Event::Routing(event) => self.routing(at, event).await,
            Event::ContactSaved(contact) => self.contact_saved(contact).await,
            Event::InteractionStarted(interaction) => {
                self.interactions
                    .set(interaction.id, Some(interaction.clone()));
                Ok(())
            }
            Event::ParticipantJoined {
                interaction,
                contact,
                author,
                own_contact,
            } => {
                self.interaction(*interaction).await?;
                if let Some(interaction) = self.interactions.change(interaction) {
                    interaction.participants.push(Participant {
                        contact: *contact,
                        author: author.clone().filter(|_| !own_contact),
                    });
                }
                Ok(())
            }
            Event::MessageReceived(message) | Event::MessageAccepted(message) => {
                self.message_written(message).await
            }
            Event::MessageStateChanged {
                message,
                contact,
                state,
                platform_ids,
                note,
                ..
            } => {
                if let Some(note) = note {
                    self.change_message(*contact, *message, |message| {
                        message.note = Some(note.clone());
                    })
                    .await?;
                }
                self.message_state(*contact, *message, state, platform_ids)
                    .await
            }
            Event::MessageEdited {
                message,
                contact,
                text,
                attachments,
                files,
                edited_at,
                ..
            } => {
                self.change_message(*contact, *message, |message| {
                    // A hidden message that is shown again comes as an edit that changes nothing.
                    let says_the_same = text.is_none() || *text == message.content.text;
                    let shown_again = message.hidden_at.take().is_some()
                        && attachments.is_none()
                        && says_the_same;
                    if !shown_again {
                        message.revisions.push(Revision {
                            replaced_at: *edited_at,
                            replaced_by: Some(seq),
                            text: message.content.text.clone(),
                            attachments: message.content.attachments.clone(),
                        });
                    }
                    if let Some(text) = text {
                        message.content.text = Some(text.clone());
                    }
                    if let Some(attachments) = attachments {
                        message.content.attachments.clone_from(attachments);
                        message.files.clone_from(files);
                    }
                })
                .await?;
                self.line_follows(*contact, *message).await?;
                self.list_fetch(*contact, *message).await
            }
            Event::FileFetched {
                message,
                contact,
                attachment,
                file,
                ..
            } => {
                self.change_message(*contact, *message, |message| {
                    let place = usize::try_from(*attachment).ok();
                    if let Some(known) = place.and_then(|place| message.files.get_mut(place)) {
                        *known = file.clone();
                    }
                })
                .await?;
                self.list_fetch(*contact, *message).await
            }
            Event::MessageDeleted {
                message,
                contact,
                deleted_at,
                ..
            } => {
                self.change_message(*contact, *message, |message| {
                    message.deleted_at.get_or_insert(*deleted_at);
                })
                .await?;
                self.line_follows(*contact, *message).await
            }
            Event::MessageHidden {
                message,
                contact,
                hidden_at,
                ..
            } => {
                self.change_message(*contact, *message, |message| {
                    message.hidden_at.get_or_insert(*hidden_at);
                })
                .await
            }
            Event::MessageCorrected {
                message,
                contact,
                correction,
                ..
            } => {
                self.change_message(*contact, *message, |message| {
                    message.corrections.push(correction.clone());
                    if message.corrections.len() > Correction::MOST {
                        message.corrections.remove(0);
                    }
                })
                .await
            }
            Event::MessageShown {
                message, contact, ..
            } => {
                self.change_message(*contact, *message, |message| message.hidden_at = None)
                    .await
            }
            Event::InteractionsJoined {
                interaction,
                joined,
            } => self.interactions_joined(*interaction, *joined).await,
            Event::ReactionAdded {
                message,
                contact,
                reaction,
                ..
            } => self.reacted(*contact, *message, reaction, true).await,
            Event::ReactionRemoved {
                message,
                contact,
                reaction,
                ..
            } => self.reacted(*contact, *message, reaction, false).await,
            Event::ChannelHealthChanged { channel, health } => {
                self.health.set(channel.clone(), Some(health.clone()));
                Ok(())
            }
            Event::ContactErased { contact } => self.erase(*contact).await,
            Event::SiteConfigured { config } => {
                self.config = Some(config.clone());
                Ok(())
            }
            Event::InteractionRead {
                interaction,
                agent,
                message,
                inbound,
                ..
            } => {
                let mark = message.map(|message| ReadMark {
                    message,
                    inbound: *inbound,
                });
                self.read(*interaction, agent, mark).await
            }
            Event::DraftSaved {
                interaction,
                agent,
                saved_at,
                ..
            } => self.drafted(*interaction, agent, Some(*saved_at)).await,
            Event::DraftRemoved { interaction, agent } => {
                self.drafted(*interaction, agent, None).await
            }
            Event::InteractionMarked {
                interaction, marks, ..
            } => self.marked(*interaction, marks).await,
            Event::RuleTimersSet {
                interaction,
                timers,
            } => {
                self.change_interaction(*interaction, |interaction| {
                    interaction.timers.clone_from(timers);
                })
                .await
            }
            Event::RulesFollowed {
                interaction,
                on,
                after_seconds,
                trace,
                ..
            } if after_seconds.is_some() || trace.has_moved() => {
                self.change_interaction(*interaction, |interaction| {
                    let has_fired =
                        |t: &RuleTimer| t.on == *on && Some(t.after_seconds) == *after_seconds;
                    interaction.timers.retain(|timer| !has_fired(timer));
                    let moves = u32::from(trace.has_moved());
                    interaction.moved_by_rules = interaction.moved_by_rules.saturating_add(moves);
                })
                .await
            }
            Event::NoteSaved(note) => {
                self.notes.set((note.contact, note.id), Some(note.clone()));
                Ok(())
            }
            Event::ResponseSaved(response) => {
                self.responses
                    .set(response.id.clone(), Some(response.clone()));
                Ok(())
            }
            Event::ResponseRemoved { response, .. } => {
                self.responses.set(response.clone(), None);
                Ok(())
            }
            Event::TrainingMessageSaved(message) => {
                self.training.set(message.id, Some(message.clone()));
                Ok(())
            }
            Event::TrainingMessageRemoved { id, .. } => {
                self.training.set(*id, None);
                Ok(())
            }
            Event::ResponseUsed { response, .. } => self.response_used(response, at).await,
            Event::MacroSaved(saved) => {
                self.macros.set(saved.id.clone(), Some(saved.clone()));
                Ok(())
            }
            Event::MacroRemoved { id, .. } => {
                self.macros.set(id.clone(), None);
                Ok(())
            }
            Event::MacroRun { .. }
            | Event::PendingOnThread { .. }
            | Event::ContactsMerged { .. }
            | Event::ContactsParted { .. }
            | Event::ActionChanged { .. }
            | Event::RulesFollowed { .. }
            | Event::RuleNotified { .. }
            | Event::PlatformEvent { .. }
            | Event::PluginChanged(_)
            | Event::Audited { .. } => Ok(()),
        }
    }

    async fn contact_saved(&mut self, contact: &Contact) -> Result<()> {
        self.contacts.set(contact.id, Some(contact.clone()));
        // Whoever turned out to be somebody else is found as that one.
        if contact.merged_into.is_some() {
            return Ok(());
        }
        for identity in &contact.identities {
            let channel = &identity.channel;
            let holder = self.contact_by_identity(channel, &identity.id).await?;
            let is_free = holder.is_none_or(|holder| {
                holder.id != contact.id
                    && (identity.given_up.is_none() || !names(&holder, channel, &identity.id))
            });
            if is_free {
                let key = (channel.clone(), identity.id.clone());
                self.identities.set(key, Some(contact.id));
            }
            for alias in &identity.aliases {
                self.alias_told(contact.id, channel, alias).await?;
            }
        }
        if let Some(of) = &contact.of_thread {
            let found = self.contact_of_thread(&of.channel, &of.thread).await?;
            if found.is_none_or(|found| found.id != contact.id) {
                let key = (of.channel.clone(), thread_identity(&of.thread));
                self.identities.set(key, Some(contact.id));
            }
        }
        Ok(())
    }

    /// Whoever is told last to have an alias is found by it, unless it is somebody's own id. One that was
    /// given up finds whoever had it until somebody else has it.
    async fn alias_told(
        &mut self,
        contact: ContactId,
        channel: &ChannelId,
        alias: &KnownAlias,
    ) -> Result<()> {
        let holder = self.contact_by_identity(channel, &alias.value).await?;
        let is_free = holder.is_none_or(|holder| {
            holder.id != contact
                && if alias.given_up.is_some() {
                    !names(&holder, channel, &alias.value)
                } else {
                    !has_as_id(&holder, channel, &alias.value)
                }
        });
        if is_free {
            self.identities
                .set((channel.clone(), alias.value.clone()), Some(contact));
        }
        Ok(())
    }

    /// Moves what was said in one interaction into another.
    async fn interactions_joined(
        &mut self,
        into: InteractionId,
        joined: InteractionId,
    ) -> Result<()> {
        let Some(from) = self.interaction(joined).await? else {
            return Ok(());
        };
        if self.interaction(into).await?.is_none() {
            return Ok(());
        }
        for contact in from.contacts() {
            let mut before = None;
            loop {
                let page = Page {
                    before,
                    limit: STEP,
                };
                let messages = self.history(contact, page).await?;
                let Some(last) = messages.last() else { break };
                // Nothing of it is older than it.
                let is_over = last.at < from.created_at && last.interaction != joined;
                before = Some(last.id);
                for message in messages.iter().filter(|m| m.interaction == joined) {
                    self.change_message(contact, message.id, |message| {
                        message.interaction = into;
                    })
                    .await?;
                }
                if is_over {
                    break;
                }
            }
        }
        if let Some(interaction) = self.interactions.change(&into) {
            for contact in from.contacts() {
                if !interaction.involves(contact) {
                    interaction.participants.push(Participant {
                        contact,
                        author: None,
                    });
                }
            }
            let sum = |one: u32, other: u32| one.saturating_add(other);
            interaction.inbound_count = sum(interaction.inbound_count, from.inbound_count);
            interaction.outbound_count = sum(interaction.outbound_count, from.outbound_count);
            interaction.last_inbound_at = interaction.last_inbound_at.max(from.last_inbound_at);
            interaction.last_outbound_at = interaction.last_outbound_at.max(from.last_outbound_at);
            let waits = [interaction.waiting_since, from.waiting_since];
            interaction.waiting_since = waits.into_iter().flatten().min();
            let newest = |last: &LastMessage| (last.at, last.message);
            let others = from.last_message.clone();
            if others.as_ref().map(newest) > interaction.last_message.as_ref().map(newest) {
                interaction.last_message = others;
            }
        }
        if let Some(interaction) = self.interactions.change(&joined) {
            interaction.inbound_count = 0;
            interaction.outbound_count = 0;
        }
        Ok(())
    }

    async fn message_written(&mut self, message: &Message) -> Result<()> {
        self.index(message, &message.platform_ids);
        self.messages
            .set((message.contact, message.id), Some(message.clone()));
        if message.files.contains(&AttachmentFile::Pending) {
            self.list_fetch(message.contact, message.id).await?;
        }
        self.interaction(message.interaction).await?;
        if let Some(interaction) = self.interactions.change(&message.interaction) {
            let (count, last) = if message.author.is_contact() {
                (
                    &mut interaction.inbound_count,
                    &mut interaction.last_inbound_at,
                )
            } else {
                (
                    &mut interaction.outbound_count,
                    &mut interaction.last_outbound_at,
                )
            };
            *count = count.saturating_add(1);
            // Networks deliver late and out of order.
            *last = (*last).max(Some(message.at));
            written(interaction, message);
        }
        Ok(())
    }

    /// A reaction is a row of its own, so that many of them cost as much as one each.
    async fn reacted(
        &mut self,
        contact: ContactId,
        message: MessageId,
        reaction: &MessageReaction,
        added: bool,
    ) -> Result<()> {
        // Nobody is known to have reacted: it was erased who did.
        let is_erased = reaction.author.is_empty() && reaction.name.is_empty();
        if is_erased || self.message(contact, message).await?.is_none() {
            return Ok(());
        }
        let message = MessageRef { contact, message };
        let key = ReactionKey::of(message, reaction);
        let is_there = self.reaction(&key).await?.is_some();
        if is_there != added {
            let count = self.reaction_count(message).await?;
            let count = if added {
                count.saturating_add(1)
            } else {
                count.saturating_sub(1)
            };
            self.reaction_counts.set(message, Some(count));
        }
        if added || is_there {
            self.reactions.set(key, added.then(|| reaction.clone()));
        }
        Ok(())
    }

    async fn message_state(
        &mut self,
        contact: ContactId,
        id: MessageId,
        state: &MessageState,
        platform_ids: &[String],
    ) -> Result<()> {
        let Some(former) = self.message(contact, id).await? else {
            return Ok(());
        };
        let advances = advances(&former.state, state);
        let mut new_ids = platform_ids.to_vec();
        new_ids.retain(|id| !former.platform_ids.contains(id));
        if !advances && new_ids.is_empty() {
            return Ok(());
        }
        self.index(&former, &new_ids);
        // Given back before the change, so that the change copies nothing.
        drop(former);
        if let Some(message) = self.messages.change(&(contact, id)) {
            if advances {
                message.state = state.clone();
            }
            message.platform_ids.extend(new_ids);
        }
        Ok(())
    }

    /// Keeps what a list shows of a message's interaction right after the message was changed.
    async fn line_follows(&mut self, contact: ContactId, id: MessageId) -> Result<()> {
        let Some(message) = self.message(contact, id).await? else {
            return Ok(());
        };
        self.interaction(message.interaction).await?;
        let is_shown = |last: &LastMessage| last.message == id;
        let interaction = self.interactions.known(&message.interaction);
        let shown = interaction.and_then(|slot| slot.value.as_ref()?.last_message.as_ref());
        if !shown.is_some_and(is_shown) {
            return Ok(());
        }
        if let Some(interaction) = self.interactions.change(&message.interaction) {
            interaction.last_message = Some(LastMessage::of(&message));
        }
        Ok(())
    }

    /// Keeps the list of messages with files to fetch.
    async fn list_fetch(&mut self, contact: ContactId, id: MessageId) -> Result<()> {
        let pending = self
            .message(contact, id)
            .await?
            .is_some_and(|message| message.files.contains(&AttachmentFile::Pending));
        let place = MessageRef {
            contact,
            message: id,
        };
        self.fetches.set(id, pending.then_some(place));
        Ok(())
    }

    /// Makes a message findable under the network's ids.
    fn index(&mut self, message: &Message, platform_ids: &[String]) {
        let place = MessageRef {
            contact: message.contact,
            message: message.id,
        };
        for id in platform_ids {
            self.platform_ids
                .set((message.channel.clone(), id.clone()), Some(place));
        }
    }

    async fn change_message(
        &mut self,
        contact: ContactId,
        id: MessageId,
        change: impl FnOnce(&mut Message),
    ) -> Result<()> {
        self.message(contact, id).await?;
        if let Some(message) = self.messages.change(&(contact, id)) {
            change(message);
        }
        Ok(())
    }

    async fn change_interaction(
        &mut self,
        id: InteractionId,
        change: impl FnOnce(&mut Interaction),
    ) -> Result<()> {
        self.interaction(id).await?;
        if let Some(interaction) = self.interactions.change(&id) {
            change(interaction);
        }
        Ok(())
    }

    async fn routing(&mut self, at: Timestamp, event: &RoutingEvent) -> Result<()> {
        let Some(id) = event.interaction() else {
            return Ok(());
        };
        if matches!(event, RoutingEvent::ExclusionEnded { .. }) {
            return Ok(());
        }
        self.interaction(id).await?;
        if let Some(interaction) = self.interactions.change(&id) {
            route(interaction, at, event);
        }
        Ok(())
    }
}

/// Whether somebody who is found by an id on a channel still has it as theirs.
fn has_as_id(holder: &Contact, channel: &ChannelId, id: &str) -> bool {
    let mut own = holder.identities.iter().filter(|i| &i.channel == channel);
    holder.merged_into.is_none() && own.any(|i| i.id == id && i.given_up.is_none())
}

/// Whether somebody who is found by an id on a channel has or had it, as an id or an alias.
fn names(holder: &Contact, channel: &ChannelId, id: &str) -> bool {
    let mut own = holder.identities.iter().filter(|i| &i.channel == channel);
    holder.merged_into.is_none()
        && own.any(|i| i.id == id || i.aliases.iter().any(|alias| alias.value == id))
}

/// Whether a message in one state takes over another that is reported.
///
/// Receipts overtake one another, so a message goes back neither from delivered to sent nor from read
/// to failed. A new attempt begins again. A network that took a message can still report that it
/// could not be delivered, and a late receipt of the taking must not hide that.
fn advances(now: &MessageState, reported: &MessageState) -> bool {
    use MessageState::{Accepted, Failed, Sent, Uncertain};
    match (now, reported) {
        (Failed { .. } | Uncertain { .. }, Accepted) | (Sent { .. }, Failed { .. }) => true,
        (Failed { at: failed, .. }, Sent { at: sent }) => sent > failed,
        (Failed { .. } | Uncertain { .. }, Failed { .. } | Uncertain { .. }) => now != reported,
        (now, reported) => reported.rank() > now.rank(),
    }
}
