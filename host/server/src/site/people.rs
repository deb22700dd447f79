//! What people and machines ask for.

use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::{Content, Message, MessageAuthor, MessageState};
use linecard_model::outbox::{OutboxEntry, OutboxState};
use linecard_model::platform::{Action, ActionRequest, Identity, Outgoing};
use linecard_model::routing::{InteractionState, Presence};
use linecard_model::site::{Role, SiteConfig};
use linecard_model::{AgentId, InteractionId, MessageId, OfferId};
use linecard_router::Command as RouterCommand;
use linecard_store::IdempotentResult;
use serde_json::Value;
use std::sync::Arc;

use super::command::{Actor, CommandError, Idempotency, Outcome, Rendered, Request};
use super::configure::routing_settings;
use super::run::{After, Batch};
use super::state::{newest, now};
use crate::capabilities::{self, Forbidden};

/// Handles a request, once for each idempotency key.
pub(super) async fn handle(
    batch: &mut Batch<'_>,
    actor: &Actor,
    request: Request,
    idempotency: Option<Idempotency>,
) -> Result<Rendered, CommandError> {
    if let Some(known) = answered_before(batch, idempotency.as_ref()).await? {
        return Ok(known);
    }
    let outcome = perform(batch, actor, request).await?;
    let rendered = (batch.render)(&outcome, batch.state);
    if let Some(Idempotency {
        principal,
        key,
        request_hash,
    }) = idempotency
    {
        let result = IdempotentResult {
            request_hash,
            at: now(),
            status: rendered.status,
            body: rendered.body.clone(),
        };
        batch.work.put_idempotent(principal, key, result);
    }
    Ok(rendered)
}

async fn answered_before(
    batch: &mut Batch<'_>,
    idempotency: Option<&Idempotency>,
) -> Result<Option<Rendered>, CommandError> {
    let Some(Idempotency {
        principal,
        key,
        request_hash,
    }) = idempotency
    else {
        return Ok(None);
    };
    let Some(known) = batch.work.idempotent(principal, key).await? else {
        return Ok(None);
    };
    if known.request_hash != *request_hash {
        return Err(CommandError::KeyReused(key.clone()));
    }
    Ok(Some(Rendered {
        status: known.status,
        body: known.body.clone(),
        replayed: true,
    }))
}

async fn perform(
    batch: &mut Batch<'_>,
    actor: &Actor,
    request: Request,
) -> Result<Outcome, CommandError> {
    match request {
        Request::SetPresence { agent, presence } => {
            set_presence(batch, actor, agent, presence).await
        }
        Request::Accept { offer } => {
            let agent = own_agent(actor)?;
            answer_offer(batch, offer, RouterCommand::Accept { offer, agent }).await
        }
        Request::Decline { offer } => {
            let agent = own_agent(actor)?;
            answer_offer(batch, offer, RouterCommand::Decline { offer, agent }).await
        }
        Request::Send {
            interaction,
            content,
            reply_to,
            private,
        } => send(batch, actor, interaction, content, reply_to, private).await,
        Request::Resend {
            interaction,
            message,
        } => resend(batch, actor, interaction, message).await,
        Request::Act {
            interaction,
            action,
        } => act(batch, actor, interaction, action).await,
        Request::End {
            interaction,
            disposition,
        } => {
            let agent = handling_agent(batch, actor, interaction).await?;
            let command = RouterCommand::End {
                interaction,
                agent,
                disposition,
            };
            route_interaction(batch, interaction, command).await
        }
        Request::WrapUp {
            interaction,
            disposition,
        } => {
            let agent = handling_agent(batch, actor, interaction).await?;
            let command = RouterCommand::WrapUp {
                interaction,
                agent,
                disposition,
            };
            route_interaction(batch, interaction, command).await
        }
        Request::DesktopLost { agent } => {
            batch.route(RouterCommand::DesktopLost { agent }).await??;
            Ok(Outcome::Done)
        }
        Request::DesktopBack { agent } => {
            batch.route(RouterCommand::DesktopBack { agent }).await??;
            Ok(Outcome::Done)
        }
        Request::Configure { config, vault } => configure(batch, actor, config, vault).await,
        Request::Vault { entries, audit } => {
            put_vault(batch, entries);
            if let Some((action, subject)) = audit {
                batch
                    .record(vec![audited(
                        actor,
                        &action,
                        &subject,
                        Value::Null,
                        Value::Null,
                    )])
                    .await?;
            }
            Ok(Outcome::Done)
        }
    }
}

fn audited(actor: &Actor, action: &str, subject: &str, before: Value, after: Value) -> Event {
    Event::Audited {
        actor: actor.name.clone(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        before,
        after,
    }
}

fn put_vault(batch: &mut Batch<'_>, entries: Vec<(String, Option<Vec<u8>>)>) {
    for (key, value) in entries {
        match value {
            Some(value) => batch.work.put_vault(key, value),
            None => batch.work.remove_vault(key),
        }
    }
}

fn own_agent(actor: &Actor) -> Result<AgentId, CommandError> {
    actor.agent.clone().ok_or_else(|| CommandError::NotAllowed {
        actor: actor.name.clone(),
        reason: "offers are answered by agents; sign in as one".to_owned(),
    })
}

async fn set_presence(
    batch: &mut Batch<'_>,
    actor: &Actor,
    agent: AgentId,
    presence: Presence,
) -> Result<Outcome, CommandError> {
    let own = actor.agent.as_ref() == Some(&agent);
    if !own && actor.role == Role::Agent {
        return Err(CommandError::NotAllowed {
            actor: actor.name.clone(),
            reason: "another agent's presence is changed by supervisors".to_owned(),
        });
    }
    let before = batch
        .state
        .router
        .agent(&agent)
        .map(|a| a.presence.to_string());
    batch
        .route(RouterCommand::SetPresence {
            agent: agent.clone(),
            presence: presence.clone(),
        })
        .await??;
    if !own {
        let event = audited(
            actor,
            "agent.presence",
            agent.as_str(),
            before.into(),
            presence.to_string().into(),
        );
        batch.record(vec![event]).await?;
    }
    Ok(Outcome::Agent(agent, presence))
}

async fn answer_offer(
    batch: &mut Batch<'_>,
    offer: OfferId,
    command: RouterCommand,
) -> Result<Outcome, CommandError> {
    let interaction = batch.state.router.offer(&offer);
    batch.route(command).await??;
    match interaction {
        Some(id) => show(batch, id).await,
        None => Ok(Outcome::Done),
    }
}

async fn route_interaction(
    batch: &mut Batch<'_>,
    interaction: InteractionId,
    command: RouterCommand,
) -> Result<Outcome, CommandError> {
    batch.route(command).await??;
    show(batch, interaction).await
}

async fn show(batch: &mut Batch<'_>, id: InteractionId) -> Result<Outcome, CommandError> {
    Ok(Outcome::Interaction(Arc::unwrap_or_clone(
        find(batch, id).await?,
    )))
}

async fn find(batch: &mut Batch<'_>, id: InteractionId) -> Result<Arc<Interaction>, CommandError> {
    batch
        .work
        .interaction(id)
        .await?
        .ok_or_else(|| CommandError::NotFound {
            what: "interaction",
            id: id.to_string(),
        })
}

/// The agent in whose name the actor handles an interaction: the own, or, for a supervisor, the one
/// who has it.
async fn handling_agent(
    batch: &mut Batch<'_>,
    actor: &Actor,
    interaction: InteractionId,
) -> Result<AgentId, CommandError> {
    let current = find(batch, interaction).await?;
    match (&actor.agent, current.state.agent()) {
        (Some(own), Some(owner)) if own == owner => Ok(own.clone()),
        (_, Some(owner)) if actor.role != Role::Agent => Ok(owner.clone()),
        // The router names the state or the owner in its refusal.
        (Some(own), _) => Ok(own.clone()),
        (None, _) => own_agent(actor),
    }
}

/// The interaction, if the actor may speak in it: it is connected to them.
async fn connected(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
) -> Result<(Arc<Interaction>, AgentId), CommandError> {
    let interaction = find(batch, id).await?;
    let InteractionState::Connected { agent } = &interaction.state else {
        return Err(linecard_router::Refusal::WrongState {
            interaction: id,
            state: interaction.state.name(),
            expected: "connected",
        }
        .into());
    };
    if actor.agent.as_ref() != Some(agent) && actor.role == Role::Agent {
        return Err(linecard_router::Refusal::NotYours {
            interaction: id,
            owner: agent.clone(),
        }
        .into());
    }
    let speaker = actor.agent.clone().unwrap_or_else(|| agent.clone());
    Ok((interaction, speaker))
}

async fn send(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    content: Content,
    reply_to: Option<MessageId>,
    private: bool,
) -> Result<Outcome, CommandError> {
    let (interaction, agent) = connected(batch, actor, id).await?;
    let reply_to = match reply_to {
        Some(target) => {
            let message = batch
                .work
                .message(interaction.contact, target)
                .await?
                .ok_or_else(|| CommandError::NotFound {
                    what: "message",
                    id: target.to_string(),
                })?;
            message.platform_ids.first().cloned()
        }
        None if interaction.visibility == Visibility::Public => {
            last_inbound(batch, &interaction).await?
        }
        None => None,
    };
    let outgoing = Outgoing {
        text: content.text.clone(),
        attachments: content.outgoing_attachments.clone(),
        structured: content.structured.clone(),
        location: content.location.clone(),
        reply_to: reply_to.clone(),
    };
    let action = match (interaction.visibility, private) {
        (Visibility::Private, _) => Action::SendMessage(outgoing),
        (Visibility::Public, false) => Action::Reply(outgoing),
        (Visibility::Public, true) => Action::PrivateReply(outgoing),
    };
    permitted(batch, &interaction, &action)?;
    let message = Message {
        id: MessageId::generate(),
        contact: interaction.contact,
        interaction: id,
        channel: interaction.channel.clone(),
        thread: interaction.thread.clone(),
        visibility: if private {
            Visibility::Private
        } else {
            interaction.visibility
        },
        author: MessageAuthor::Agent { agent },
        at: now(),
        content,
        files: Vec::new(),
        state: MessageState::Accepted,
        platform_ids: Vec::new(),
        parent: reply_to,
        addressed: None,
        referral: None,
        findings: Vec::new(),
        revisions: Vec::new(),
        deleted_at: None,
        reactions: Vec::new(),
        raw: String::new(),
    };
    let request = request_for(batch, &interaction, message.id.to_string(), action).await?;
    batch
        .record(vec![Event::MessageAccepted(message.clone())])
        .await?;
    post(batch, &interaction, Some(message.id), request);
    Ok(Outcome::Message(message))
}

async fn resend(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    message: MessageId,
) -> Result<Outcome, CommandError> {
    let interaction = find(batch, id).await?;
    let target = batch
        .work
        .message(interaction.contact, message)
        .await?
        .filter(|m| m.interaction == id)
        .ok_or_else(|| CommandError::NotFound {
            what: "message",
            id: message.to_string(),
        })?;
    let MessageAuthor::Agent { agent } = &target.author else {
        return Err(CommandError::NotResendable {
            message,
            state: target.state.name(),
        });
    };
    if actor.agent.as_ref() != Some(agent) && actor.role == Role::Agent {
        return Err(CommandError::NotAllowed {
            actor: actor.name.clone(),
            reason: "another agent's message is sent again by supervisors".to_owned(),
        });
    }
    let uncertain = matches!(target.state, MessageState::Uncertain { .. });
    let failed = matches!(target.state, MessageState::Failed { .. });
    if !uncertain && !failed {
        return Err(CommandError::NotResendable {
            message,
            state: target.state.name(),
        });
    }
    let outgoing = Outgoing {
        text: target.content.text.clone(),
        attachments: target.content.outgoing_attachments.clone(),
        structured: target.content.structured.clone(),
        location: target.content.location.clone(),
        reply_to: target.parent.clone(),
    };
    let action = match (interaction.visibility, target.visibility) {
        (Visibility::Private, _) => Action::SendMessage(outgoing),
        (Visibility::Public, Visibility::Public) => Action::Reply(outgoing),
        (Visibility::Public, Visibility::Private) => Action::PrivateReply(outgoing),
    };
    permitted(batch, &interaction, &action)?;
    let mut request = request_for(batch, &interaction, message.to_string(), action).await?;
    request.uncertain_before = uncertain;
    super::receipts::change(batch, &target, MessageState::Accepted, Vec::new(), None).await?;
    post(batch, &interaction, Some(message), request);
    Ok(Outcome::Message(Message {
        state: MessageState::Accepted,
        ..Arc::unwrap_or_clone(target)
    }))
}

async fn act(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    action: Action,
) -> Result<Outcome, CommandError> {
    let (interaction, _) = connected(batch, actor, id).await?;
    permitted(batch, &interaction, &action)?;
    let action_id = MessageId::generate().to_string();
    let request = request_for(batch, &interaction, action_id.clone(), action).await?;
    let event = Event::ActionChanged {
        action: action_id.clone(),
        interaction: Some(id),
        name: request.action.kind().to_string(),
        state: MessageState::Accepted,
    };
    batch.record(vec![event]).await?;
    post(batch, &interaction, None, request);
    Ok(Outcome::Action(action_id))
}

fn permitted(
    batch: &Batch<'_>,
    interaction: &Interaction,
    action: &Action,
) -> Result<(), CommandError> {
    let channel = batch
        .state
        .channels
        .get(&interaction.channel)
        .ok_or_else(|| Forbidden::ChannelAway(interaction.channel.to_string()))?;
    capabilities::check(&channel, interaction, action, true, now())?;
    Ok(())
}

async fn request_for(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    id: String,
    action: Action,
) -> Result<ActionRequest, CommandError> {
    let contact = batch.work.contact(interaction.contact).await?;
    let recipient = contact
        .as_ref()
        .and_then(|c| c.identity(&interaction.channel))
        .map(|i| Identity {
            id: i.id.clone(),
            aliases: i.aliases.clone(),
        });
    Ok(ActionRequest {
        id,
        attempt: 1,
        uncertain_before: false,
        thread: interaction.thread.clone(),
        recipient,
        last_inbound: interaction.last_inbound_at,
        by_human: true,
        progress: Vec::new(),
        action,
    })
}

/// Puts an action into its channel's outbox.
fn post(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    message: Option<MessageId>,
    request: ActionRequest,
) {
    *batch.next_outbox += 1;
    batch.work.put_outbox(OutboxEntry {
        made: Vec::new(),
        channel: interaction.channel.clone(),
        number: *batch.next_outbox,
        message,
        contact: Some(interaction.contact),
        interaction: Some(interaction.id),
        request,
        created_at: now(),
        state: OutboxState::Waiting,
    });
    batch.after.push(After::Outbox(interaction.channel.clone()));
}

async fn last_inbound(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
) -> Result<Option<String>, CommandError> {
    let messages = batch.work.history(interaction.contact, newest(100)).await?;
    Ok(messages
        .iter()
        .find(|m| {
            m.interaction == interaction.id && m.author.is_contact() && m.deleted_at.is_none()
        })
        .and_then(|m| m.platform_ids.first().cloned()))
}

async fn configure(
    batch: &mut Batch<'_>,
    actor: &Actor,
    config: Box<SiteConfig>,
    vault: Vec<(String, Option<Vec<u8>>)>,
) -> Result<Outcome, CommandError> {
    let settings = Arc::new(routing_settings(&config));
    let mut events = batch.decide(RouterCommand::Configure { settings })?;
    let before = serde_json::to_value(batch.state.config.as_ref()).unwrap_or_default();
    let after = serde_json::to_value(&config).unwrap_or_default();
    events.push(Event::SiteConfigured {
        config: config.clone(),
    });
    let name = batch.state.id.to_string();
    events.push(audited(actor, "site.configure", &name, before, after));
    batch.record(events).await?;
    put_vault(batch, vault);
    batch.state.config = Arc::new(config.as_ref().clone());
    Ok(Outcome::Configured(config))
}
