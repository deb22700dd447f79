//! A first message by the company: an agent writes to a customer with whom nothing is under way.
//!
//! Who never wrote cannot be written to: only the network's connector knows how it names a conversation, so the
//! hub knows a private conversation from what was said in it. What may be said is what may be said in any
//! conversation: an answer while the reply window is open, later a template for which there is consent.

use std::sync::Arc;

use linecard_model::contact::Contact;
use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::{Content, MessageAuthor};
use linecard_model::rights::Right;
use linecard_model::{ChannelId, ContactId, QueueId, ResponseId, Timestamp};
use linecard_router::{Command as RouterCommand, Refusal};
use linecard_store::StoreError;

use super::command::{Actor, CommandError, Outcome};
use super::desk;
use super::holding::person;
use super::people::{own_agent, show};
use super::run::Batch;
use super::sending::{answer_by, put};
use super::state::newest;
use super::threads::start;

/// How many messages with each of a person's contacts are looked at to find the conversation.
const LOOK_BACK: usize = 500;

/// To whom is written first, and where.
pub(super) struct First {
    pub contact: ContactId,
    pub channel: ChannelId,
    pub queue: Option<QueueId>,
    pub response: Option<ResponseId>,
}

/// The private conversation that there was.
struct Before {
    thread: String,
    last_inbound_at: Option<Timestamp>,
}

/// Begins an interaction with a message, and shows it as it is then.
pub(super) async fn begin(
    batch: &mut Batch<'_>,
    actor: &Actor,
    first: First,
    content: Content,
) -> Result<Outcome, CommandError> {
    actor.require(Right::Begin, "the company writes first")?;
    let agent = own_agent(actor)?;
    let contact = addressed(batch, &first).await?;
    let interaction = Arc::new(beginning(batch, &first, &contact).await?);
    let author = MessageAuthor::Agent {
        agent: agent.clone(),
    };
    let answer = answer_by(batch, &interaction, author, content, None, false).await?;
    let used = match &first.response {
        Some(response) => {
            desk::check_use(batch, &interaction, response).await?;
            Some(desk::used(&interaction, answer.id(), response))
        }
        None => None,
    };
    // Nothing can be refused after the router has decided.
    let begun = batch.decide(RouterCommand::Begin {
        interaction: interaction.id,
        queue: interaction.queue.clone(),
        agent,
        media_type: interaction.media_type,
        skills: interaction.skills.clone(),
    })?;
    let mut events = vec![Event::InteractionStarted(interaction.as_ref().clone())];
    events.extend(begun);
    events.push(answer.accepted());
    events.extend(used);
    batch.record(events).await?;
    put(batch, answer);
    let shown = show(batch, interaction.id).await?;
    Ok(Outcome::Begun(Box::new(shown)))
}

/// The contact, if somebody may write to them on the channel.
async fn addressed(batch: &mut Batch<'_>, first: &First) -> Result<Arc<Contact>, CommandError> {
    let (id, channel) = (first.contact, &first.channel);
    if !batch.state.config.channels.contains_key(channel) {
        return Err(CommandError::NotFound {
            what: "channel",
            id: channel.to_string(),
        });
    }
    let contact = person(batch, id).await?;
    let contact = contact.ok_or_else(|| CommandError::NotFound {
        what: "contact",
        id: id.to_string(),
    })?;
    let cannot = |reason| CommandError::CannotBegin {
        contact: id,
        channel: channel.clone(),
        reason,
    };
    if contact.of_thread.is_some() {
        return Err(cannot(
            "it stands for a public conversation, not for a person",
        ));
    }
    if contact.blocked.is_some() {
        return Err(cannot("they are blocked: unblock them before"));
    }
    let open = batch.state.conversations_of(&contact.ids(), channel);
    match open.last() {
        Some(open) => Err(CommandError::UnderWay(*open)),
        None => Ok(contact),
    }
}

/// The interaction, not yet recorded.
async fn beginning(
    batch: &mut Batch<'_>,
    first: &First,
    contact: &Contact,
) -> Result<Interaction, CommandError> {
    let before = before(batch, contact, &first.channel).await?;
    let before = before.ok_or_else(|| CommandError::CannotBegin {
        contact: first.contact,
        channel: first.channel.clone(),
        reason: "there was no private conversation with them on this channel: they have to write once",
    })?;
    let private = Visibility::Private;
    let started = start(batch, &first.channel, &before.thread, private, contact.id);
    let mut started = started.ok_or_else(|| CommandError::NotFound {
        what: "channel",
        id: first.channel.to_string(),
    })?;
    // The reply window is the network's: what the customer wrote before still counts.
    started.last_inbound_at = before.last_inbound_at;
    if let Some(queue) = &first.queue {
        if !batch.state.config.queues.contains_key(queue) {
            return Err(Refusal::UnknownQueue(queue.clone()).into());
        }
        started.queue = queue.clone();
    }
    Ok(started)
}

/// The newest private conversation with a person on a channel, as far as messages of it are kept.
async fn before(
    batch: &mut Batch<'_>,
    contact: &Contact,
    channel: &ChannelId,
) -> Result<Option<Before>, StoreError> {
    let mut said = Vec::new();
    for id in contact.ids() {
        let messages = batch.work.history(id, newest(LOOK_BACK)).await?;
        said.extend(messages.into_iter().filter(|message| {
            &message.channel == channel && message.visibility == Visibility::Private
        }));
    }
    let Some(last) = said.iter().max_by_key(|message| message.id) else {
        return Ok(None);
    };
    let thread = last.thread.clone();
    let theirs = said
        .iter()
        .filter(|message| message.thread == thread && message.author.is_contact());
    let last_inbound_at = theirs.map(|message| message.at).max();
    Ok(Some(Before {
        thread,
        last_inbound_at,
    }))
}
