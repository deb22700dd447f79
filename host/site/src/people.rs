//! What people and machines ask for.

use linecard_model::contact::Contact;
use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::message::Message;
use linecard_model::rights::Right;
use linecard_model::routing::Presence;
use linecard_model::site::SiteConfig;
use linecard_model::{AgentId, InteractionId, OfferId};
use linecard_router::Command as RouterCommand;
use linecard_store::IdempotentResult;
use serde_json::Value;
use std::sync::Arc;

use super::automatic::{Automatic, timers};
use super::beginning::{First, begin};
use super::command::{Actor, Audit, CommandError, Idempotency, Outcome, Rendered, Request};
use super::configure::routing_settings;
use super::consent::opt_in;
use super::erasure::erase;
use super::holding::person;
use super::persons::{part, unite};
use super::run::Batch;
use super::sending::{How, resend, send};
use super::settling::settle;
use super::state::newest;
use super::{acting, desk, health, letters, working};
use crate::capabilities;

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
            at: batch.at,
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
            response,
        } => {
            let how = How { reply_to, private };
            send(batch, actor, interaction, content, how, response).await
        }
        Request::Begin {
            contact,
            channel,
            queue,
            content,
            response,
        } => {
            let first = First {
                contact,
                channel,
                queue,
                response,
            };
            begin(batch, actor, first, content).await
        }
        Request::Resend {
            interaction,
            message,
        } => resend(batch, actor, interaction, message).await,
        Request::Settle {
            interaction,
            message,
            arrived,
        } => settle(batch, actor, interaction, message, arrived).await,
        Request::Act { interaction, act } => acting::act(batch, actor, interaction, act).await,
        Request::OptIn {
            contact,
            channel,
            source,
        } => opt_in(batch, actor, contact, channel, source).await,
        Request::Merge { contact, other } => unite(batch, actor, contact, other).await,
        Request::Part { contact, merged } => part(batch, actor, contact, merged).await,
        Request::Desk(asked) => desk::perform(batch, actor, asked).await,
        Request::Erase { contact } => erase(batch, actor, contact).await,
        Request::Work { interaction, step } => working::work(batch, actor, interaction, step).await,
        Request::PauseQueue { queue, paused } => {
            working::pause_queue(batch, actor, queue, paused).await
        }
        Request::Elsewhere(told) => working::elsewhere(batch, actor, told).await,
        Request::Sit { agent, station } => working::sit(batch, actor, agent, station).await,
        Request::End {
            interaction,
            disposition,
            wrap_up,
        } => {
            let agent = handling_agent(batch, actor, interaction).await?;
            let command = RouterCommand::End {
                interaction,
                agent,
                disposition,
                wrap_up,
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
        Request::Pause { channel } => health::pause(batch, actor, channel).await,
        Request::Resume { channel } => health::resume(batch, actor, channel).await,
        Request::Redeliver {
            channel,
            letter,
            confirm,
        } => letters::redeliver(batch, actor, &channel, letter, confirm).await,
        Request::Discard { channel, letter } => {
            letters::discard(batch, actor, &channel, letter).await
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
            if let Some(audit) = audit {
                batch.record(vec![in_audit_log(actor, audit)]).await?;
            }
            Ok(Outcome::Done)
        }
        Request::Plugins {
            changes,
            vault,
            audit,
        } => {
            put_vault(batch, vault);
            let audit = audit.map(|audit| in_audit_log(actor, audit));
            let changes = changes.into_iter().map(Event::PluginChanged);
            let events: Vec<Event> = audit.into_iter().chain(changes).collect();
            if !events.is_empty() {
                batch.record(events).await?;
            }
            Ok(Outcome::Done)
        }
    }
}

fn in_audit_log(actor: &Actor, audit: Audit) -> Event {
    let Audit {
        action,
        subject,
        before,
        after,
    } = audit;
    audited(actor, &action, &subject, before, after)
}

pub(super) fn audited(
    actor: &Actor,
    action: &str,
    subject: &str,
    before: Value,
    after: Value,
) -> Event {
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

pub(super) fn own_agent(actor: &Actor) -> Result<AgentId, CommandError> {
    actor.agent.clone().ok_or_else(|| CommandError::NotAllowed {
        actor: actor.name.clone(),
        reason: "this is done by agents; sign in as one".to_owned(),
    })
}

async fn set_presence(
    batch: &mut Batch<'_>,
    actor: &Actor,
    agent: AgentId,
    presence: Presence,
) -> Result<Outcome, CommandError> {
    let own = actor.agent.as_ref() == Some(&agent);
    if !own {
        actor.require(Right::Lead, "another agent's presence is changed")?;
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
            forced: !own,
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

pub(super) async fn route_interaction(
    batch: &mut Batch<'_>,
    interaction: InteractionId,
    command: RouterCommand,
) -> Result<Outcome, CommandError> {
    batch.route(command).await??;
    show(batch, interaction).await
}

pub(super) async fn show(
    batch: &mut Batch<'_>,
    id: InteractionId,
) -> Result<Outcome, CommandError> {
    let interaction = find(batch, id).await?;
    let mut people = Vec::new();
    for contact in interaction.contacts() {
        // What is known stands with the contact that it turned out to be.
        let known = person(batch, contact).await?.map(Arc::unwrap_or_clone);
        people.extend(known.map(|known| Contact {
            id: contact,
            ..known
        }));
    }
    let messages = said_in(batch, &interaction).await?;
    Ok(Outcome::Interaction {
        interaction: Arc::unwrap_or_clone(interaction),
        people,
        messages,
    })
}

/// What was said with those who take part in an interaction, as far as it decides what may be done in it:
/// nothing where the network sets no such limit.
async fn said_in(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
) -> Result<Vec<Arc<Message>>, CommandError> {
    let channel = batch.state.channels.get(&interaction.channel);
    let counts = channel.is_some_and(|channel| {
        capabilities::answers_privately_once(&channel, interaction.visibility)
    });
    let mut messages = Vec::new();
    if !counts {
        return Ok(messages);
    }
    let contacts = interaction.contacts();
    let page = newest(capabilities::look_back(contacts.len()));
    for contact in contacts {
        messages.extend(batch.work.history(contact, page).await?);
    }
    Ok(messages)
}

pub(super) async fn find(
    batch: &mut Batch<'_>,
    id: InteractionId,
) -> Result<Arc<Interaction>, CommandError> {
    batch
        .work
        .interaction(id)
        .await?
        .ok_or_else(|| CommandError::NotFound {
            what: "interaction",
            id: id.to_string(),
        })
}

/// The agent in whose name the actor handles an interaction: the own, or, with the right to lead, the
/// one who has it.
pub(super) async fn handling_agent(
    batch: &mut Batch<'_>,
    actor: &Actor,
    interaction: InteractionId,
) -> Result<AgentId, CommandError> {
    let current = find(batch, interaction).await?;
    match (&actor.agent, current.state.agent()) {
        (Some(own), Some(owner)) if own == owner => Ok(own.clone()),
        (_, Some(owner)) if actor.may(Right::Lead) => Ok(owner.clone()),
        // The router names the state or the owner in its refusal.
        (Some(own), _) => Ok(own.clone()),
        (None, _) => own_agent(actor),
    }
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
    if batch.state.config.rules != config.rules {
        let rules = |config: &SiteConfig| serde_json::to_value(&config.rules).unwrap_or_default();
        let (before, after) = (rules(&batch.state.config), rules(&config));
        events.push(audited(actor, "rules.replace", "rules", before, after));
    }
    let timed = batch.state.automatic.timed();
    batch.state.automatic = Arc::new(Automatic::of(&config));
    batch.state.hours_change = Some(batch.at);
    batch.state.config = Arc::new(config.as_ref().clone());
    batch.record(events).await?;
    timers::reconfigured(batch, &timed).await?;
    put_vault(batch, vault);
    Ok(Outcome::Configured(config))
}
