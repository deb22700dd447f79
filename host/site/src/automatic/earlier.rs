//! What was exchanged with a contact before a message, for rules that ask for it.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::sync::Arc;

use linecard_model::contact::Contact;
use linecard_model::interaction::Interaction;
use linecard_model::message::Message;
use linecard_model::rule::RuleOccasion;
use linecard_model::{AgentId, InteractionId, MessageId};
use linecard_rules::RuleSet;
use linecard_store::{Page, StoreError};

use super::super::run::Batch;

/// What was exchanged with a contact before a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Earlier {
    /// How many messages they wrote, as far as [`Earlier::MOST`] messages tell.
    pub messages: u32,
    /// The agent who was the last to have an interaction with them.
    pub last_agent: Option<AgentId>,
}

impl Earlier {
    /// How many of the newest messages are looked at.
    pub const MOST: usize = 100;

    /// Whether rules ask for it on an occasion.
    pub fn is_asked(rules: &RuleSet, on: RuleOccasion) -> bool {
        rules.names(on, "contact", "messages") || rules.names(on, "contact", "last_agent")
    }

    /// What messages tell, newest first, and the interactions in which to look for the agent, in this order.
    pub fn of<M: Borrow<Message>>(said: &[M]) -> (Self, Vec<InteractionId>) {
        let theirs = said
            .iter()
            .filter(|said| (*said).borrow().author.is_contact());
        let earlier = Self {
            messages: u32::try_from(theirs.count()).unwrap_or(u32::MAX),
            last_agent: None,
        };
        let held = said.iter().map(|said| said.borrow().interaction);
        let mut held: Vec<InteractionId> = held.filter(|id| !id.is_none()).collect();
        let mut known = BTreeSet::new();
        held.retain(|id| known.insert(*id));
        (earlier, held)
    }
}

/// Looks it up, if a rule asks for it.
pub(super) async fn earlier(
    batch: &mut Batch<'_>,
    on: RuleOccasion,
    contact: Option<&Contact>,
    interaction: &Interaction,
    before: Option<MessageId>,
) -> Result<Earlier, StoreError> {
    let automatic = Arc::clone(&batch.state.automatic);
    let Some(contact) = contact.filter(|_| Earlier::is_asked(&automatic.rules, on)) else {
        return Ok(Earlier::default());
    };
    let page = Page {
        before,
        limit: Earlier::MOST,
    };
    let said = batch.work.history(contact.id, page).await?;
    let (mut earlier, held) = Earlier::of(&said);
    earlier.last_agent.clone_from(&interaction.last_agent);
    for id in held {
        if earlier.last_agent.is_some() {
            break;
        }
        let known = batch.work.interaction(id).await?;
        earlier.last_agent = known.and_then(|known| known.last_agent.clone());
    }
    Ok(earlier)
}
