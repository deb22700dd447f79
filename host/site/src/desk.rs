//! What agents do at their desks that no customer sees, and how standard responses and macros are kept
//! and used.

mod corrections;
mod drafts;
mod kept;
mod macros;
mod marks;
mod notes;
mod responses;
mod training;

use std::collections::{BTreeMap, BTreeSet};

use linecard_model::desk::{Attribute, Draft, Note};
use linecard_model::response::{Macro, MacroConfig, Response, ResponseConfig};
use linecard_model::training::{TrainingConfig, TrainingMessage};
use linecard_model::{AgentId, ContactId, InteractionId, MacroId, MessageId, NoteId, ResponseId};

use super::command::{Actor, CommandError, Outcome};
use super::run::Batch;

pub(super) use drafts::sent;
pub(super) use kept::Kept;
pub use responses::{Scene, fill_in};
pub(super) use responses::{check_use, used};

/// What is asked for at a desk.
#[derive(Debug, Clone)]
pub enum Desk {
    /// The actor has read up to a message: up to the newest if none is named.
    Read {
        /// The interaction.
        interaction: InteractionId,
        /// The message.
        message: Option<MessageId>,
    },
    /// All is to count as unread for the actor.
    Unread {
        /// The interaction.
        interaction: InteractionId,
    },
    /// Keep what the actor has begun to answer.
    SaveDraft {
        /// The interaction.
        interaction: InteractionId,
        /// The draft; its time is set here.
        draft: Box<Draft>,
    },
    /// Forget it.
    RemoveDraft {
        /// The interaction.
        interaction: InteractionId,
    },
    /// Put a label on an interaction, or take it off.
    Label {
        /// The interaction.
        interaction: InteractionId,
        /// The label.
        label: String,
        /// Whether it is to be on it.
        on: bool,
    },
    /// Put an attribute to an interaction, or take it away.
    Attribute {
        /// The interaction.
        interaction: InteractionId,
        /// The attribute's name.
        name: String,
        /// What it is; none takes it away.
        value: Option<Attribute>,
    },
    /// Put an attribute to a contact, or take it away.
    ContactAttribute {
        /// The contact.
        contact: ContactId,
        /// The attribute's name.
        name: String,
        /// What it is; none takes it away.
        value: Option<Attribute>,
    },
    /// An agent is to hear of an interaction, or no longer.
    Follow {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
        /// Whether they follow it.
        on: bool,
    },
    /// Note something.
    Note {
        /// Under which contact.
        contact: ContactId,
        /// On which interaction; on the contact if none.
        interaction: Option<InteractionId>,
        /// What.
        text: String,
    },
    /// Change a note, or delete it.
    ChangeNote {
        /// The contact under whom it is kept.
        contact: ContactId,
        /// The note.
        note: NoteId,
        /// What it says now; none deletes it.
        text: Option<String>,
    },
    /// Say what a customer's message is, in the place of the analyzers.
    Correct {
        /// The interaction.
        interaction: InteractionId,
        /// The message.
        message: MessageId,
        /// The right scores, by name.
        scores: BTreeMap<String, f64>,
        /// The right labels, if they are others.
        labels: Option<BTreeSet<String>>,
    },
    /// Keep a message for models to learn from.
    SaveTraining {
        /// Which; a new one if none.
        id: Option<MessageId>,
        /// What it is to be.
        config: Box<TrainingConfig>,
    },
    /// Remove a message for models to learn from.
    RemoveTraining {
        /// Which.
        id: MessageId,
    },
    /// Say whether models learn from what a customer wrote.
    Exclude {
        /// The interaction.
        interaction: InteractionId,
        /// The message.
        message: MessageId,
        /// Whether they do not.
        excluded: bool,
    },
    /// Block a contact.
    Block {
        /// The contact.
        contact: ContactId,
        /// Why.
        reason: Option<String>,
    },
    /// Block a contact no longer.
    Unblock {
        /// The contact.
        contact: ContactId,
    },
    /// Keep standard responses; each replaces the one of its name.
    SaveResponses {
        /// The responses.
        responses: Vec<(ResponseId, ResponseConfig)>,
        /// Whether those that are not among them go.
        replace: bool,
    },
    /// Remove a standard response.
    RemoveResponse {
        /// The response.
        response: ResponseId,
    },
    /// Keep a macro.
    SaveMacro {
        /// The macro.
        id: MacroId,
        /// What it does.
        config: Box<MacroConfig>,
    },
    /// Remove a macro.
    RemoveMacro {
        /// The macro.
        id: MacroId,
    },
    /// Do everything that a macro says, or nothing.
    RunMacro {
        /// The macro.
        id: MacroId,
        /// The interaction.
        interaction: InteractionId,
    },
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum DeskOutcome {
    /// An agent has read so far.
    Read {
        /// The newest message that they have read.
        message: Option<MessageId>,
        /// How many of the customer's messages they have not read.
        unread: u32,
    },
    /// A draft is kept.
    Draft(InteractionId, Draft),
    /// A note is so now.
    Note(Note),
    /// A standard response is so now.
    Response(Response),
    /// So many standard responses were taken.
    Imported {
        /// How many are new or were changed.
        saved: usize,
        /// How many went.
        removed: usize,
    },
    /// A message for models to learn from is so now.
    Training(TrainingMessage),
    /// A macro is so now.
    Macro(Macro),
}

pub(super) async fn perform(
    batch: &mut Batch<'_>,
    actor: &Actor,
    asked: Desk,
) -> Result<Outcome, CommandError> {
    match asked {
        Desk::Read {
            interaction,
            message,
        } => marks::read(batch, actor, interaction, message).await,
        Desk::Unread { interaction } => marks::unread(batch, actor, interaction).await,
        Desk::SaveDraft { interaction, draft } => {
            drafts::save(batch, actor, interaction, *draft).await
        }
        Desk::RemoveDraft { interaction } => drafts::remove(batch, actor, interaction).await,
        Desk::Label {
            interaction,
            label,
            on,
        } => marks::label(batch, actor, interaction, label, on).await,
        Desk::Attribute {
            interaction,
            name,
            value,
        } => marks::attribute(batch, actor, interaction, name, value).await,
        Desk::ContactAttribute {
            contact,
            name,
            value,
        } => marks::contact_attribute(batch, actor, contact, name, value).await,
        Desk::Follow {
            interaction,
            agent,
            on,
        } => marks::follow(batch, actor, interaction, agent, on).await,
        Desk::Note {
            contact,
            interaction,
            text,
        } => notes::write(batch, actor, contact, interaction, text).await,
        Desk::ChangeNote {
            contact,
            note,
            text,
        } => notes::change(batch, actor, contact, note, text).await,
        Desk::Correct {
            interaction,
            message,
            scores,
            labels,
        } => corrections::correct(batch, actor, interaction, message, scores, labels).await,
        Desk::SaveTraining { id, config } => training::save(batch, actor, id, *config).await,
        Desk::RemoveTraining { id } => training::remove(batch, actor, id).await,
        Desk::Exclude {
            interaction,
            message,
            excluded,
        } => training::exclude(batch, actor, interaction, message, excluded).await,
        Desk::Block { contact, reason } => marks::block(batch, actor, contact, reason).await,
        Desk::Unblock { contact } => marks::unblock(batch, actor, contact).await,
        Desk::SaveResponses { responses, replace } => {
            responses::save(batch, actor, responses, replace).await
        }
        Desk::RemoveResponse { response } => responses::remove(batch, actor, response).await,
        Desk::SaveMacro { id, config } => macros::save(batch, actor, id, *config).await,
        Desk::RemoveMacro { id } => macros::remove(batch, actor, id).await,
        Desk::RunMacro { id, interaction } => macros::run(batch, actor, &id, interaction).await,
    }
}

/// The agent who asks, for what belongs to one person.
fn own_desk(actor: &Actor, what: &str) -> Result<AgentId, CommandError> {
    actor.agent.clone().ok_or_else(|| CommandError::NotAllowed {
        actor: actor.name.clone(),
        reason: format!("{what} belong to people; sign in as one"),
    })
}

fn unfit(pointer: &str, text: impl Into<String>) -> CommandError {
    CommandError::Unfit {
        pointer: pointer.to_owned(),
        text: text.into(),
    }
}
