//! What is done on a network that is not a message: a like, "seen", hiding a comment.

use std::sync::Arc;

use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::{Content, Message, MessageState};
use linecard_model::platform::{Action, EditTarget, Outgoing, ReactionTarget};
use linecard_model::{InteractionId, MessageId};

use super::command::{Actor, CommandError, Outcome};
use super::run::Batch;
use super::sending::{addressee, connected, message_of, permitted, post, request_for};

/// Something to do on the network. Messages are named by the hub's ids.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// To do something about a message.
    About(MessageId, Part, About),
    /// Tell that messages were seen, up to this one, or all.
    MarkSeen(Option<MessageId>),
    /// Tell that somebody is writing, or has stopped.
    Typing(bool),
    /// Follow the customer.
    Follow,
    /// Stop following the customer.
    Unfollow,
    /// Ask publicly to follow, in answer to a message if one is named.
    RequestFollow(Option<MessageId>, Content),
    /// Write a new public post.
    Publish(Content),
}

/// Which of the network's messages, counted from 0, of one that went out as several.
pub type Part = usize;

/// What is done about a message.
#[derive(Debug, Clone, PartialEq)]
pub enum About {
    /// React to it.
    React(Reaction),
    /// Take a reaction back.
    Unreact(Reaction),
    /// Repost it.
    Repost,
    /// Take a repost back.
    Unrepost,
    /// Repost it with a text.
    Quote(Content),
    /// Hide it.
    Hide,
    /// Show it again.
    Unhide,
    /// Delete it: one's own.
    Delete,
    /// Change its text: one's own.
    Edit(String),
}

/// A reaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The network's word, such as `like`.
    pub name: String,
    /// The emoji, where the network takes one.
    pub emoji: Option<String>,
}

impl Reaction {
    fn to(self, message_id: String) -> ReactionTarget {
        ReactionTarget {
            message_id,
            name: self.name,
            emoji: self.emoji,
        }
    }
}

fn outgoing(content: Content, reply_to: Option<String>) -> Outgoing {
    Outgoing {
        reply_to,
        ..content.into()
    }
}

impl Act {
    /// The action, about the message that has this id on the network.
    fn action(self, id: String) -> Action {
        match self {
            Self::About(_, _, about) => about.action(id),
            Self::MarkSeen(message) => Action::MarkSeen(message.map(|_| id)),
            Self::Typing(on) => Action::Typing(on),
            Self::Follow => Action::Follow,
            Self::Unfollow => Action::Unfollow,
            Self::RequestFollow(message, content) => {
                Action::RequestFollow(outgoing(content, message.map(|_| id)))
            }
            Self::Publish(content) => Action::Publish(outgoing(content, None)),
        }
    }
}

impl About {
    fn action(self, id: String) -> Action {
        match self {
            Self::React(reaction) => Action::React(reaction.to(id)),
            Self::Unreact(reaction) => Action::Unreact(reaction.to(id)),
            Self::Repost => Action::Repost(id),
            Self::Unrepost => Action::Unrepost(id),
            Self::Quote(content) => Action::Quote(outgoing(content, Some(id))),
            Self::Hide => Action::Hide(id),
            Self::Unhide => Action::Unhide(id),
            Self::Delete => Action::Delete(id),
            Self::Edit(text) => Action::Edit(EditTarget {
                message_id: id,
                text,
            }),
        }
    }
}

/// What an action is about: a message, and the network's id of one of its parts.
struct Target {
    message: Arc<Message>,
    id: String,
}

async fn target(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    id: MessageId,
    part: Part,
) -> Result<Target, CommandError> {
    let message = match own_post(batch, interaction, id).await? {
        Some(post) => post,
        None => message_of(batch, interaction, id).await?,
    };
    if let Some(id) = message.platform_ids.get(part) {
        let id = id.clone();
        return Ok(Target { message, id });
    }
    let reason = match message.platform_ids.len() {
        0 => format!(
            "it is {}, and the network has given it no id yet",
            message.state.name()
        ),
        1 => "it has one part, number 0".to_owned(),
        count => format!("it has {count} parts, numbers 0 to {}", count - 1),
    };
    Err(CommandError::NotOnNetwork {
        message: id,
        reason,
    })
}

/// What the company itself posted in a public conversation, which is nobody's of those who take part.
async fn own_post(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    id: MessageId,
) -> Result<Option<Arc<Message>>, CommandError> {
    if interaction.visibility != Visibility::Public {
        return Ok(None);
    }
    let (channel, thread) = (&interaction.channel, &interaction.thread);
    let Some(nobody) = batch.work.contact_of_thread(channel, thread).await? else {
        return Ok(None);
    };
    let post = batch.work.message(nobody.id, id).await?;
    Ok(post.filter(|post| post.channel == *channel && post.thread == *thread))
}

/// Does something on the network that is not a message.
pub(super) async fn act(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    act: Act,
) -> Result<Outcome, CommandError> {
    let (interaction, _) = connected(batch, actor, id).await?;
    let about = match &act {
        Act::About(message, part, _) => Some((*message, *part)),
        Act::MarkSeen(message) | Act::RequestFollow(message, _) => message.map(|m| (m, 0)),
        Act::Typing(_) | Act::Follow | Act::Unfollow | Act::Publish(_) => None,
    };
    let about = match about {
        Some((message, part)) => Some(target(batch, &interaction, message, part).await?),
        None => None,
    };
    let addressee = addressee(
        batch,
        &interaction,
        about.as_ref().map(|about| about.message.as_ref()),
    )
    .await?;
    let action = act.action(about.map(|about| about.id).unwrap_or_default());
    permitted(batch, &interaction, &addressee, &action, true)?;
    let action_id = MessageId::generate().to_string();
    let request = request_for(&interaction, &addressee, action_id.clone(), action);
    let event = Event::ActionChanged {
        action: action_id.clone(),
        interaction: Some(id),
        name: request.action.kind().to_string(),
        state: MessageState::Accepted,
    };
    batch.record(vec![event]).await?;
    post(batch, &interaction, &addressee, None, request, Vec::new());
    Ok(Outcome::Action(action_id))
}
