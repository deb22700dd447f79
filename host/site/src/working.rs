//! What people do with an interaction beside answering and ending it: put it aside, away or back, give it
//! on, ask for advice, watch it, take it.

use linecard_model::rights::Right;
use linecard_model::routing::{MediaType, TransferTarget, WaitingFor};
use linecard_model::{AgentId, InteractionId, QueueId, StationId, Timestamp};
use linecard_router::Command as RouterCommand;
use serde_json::{Value, json};

use super::command::{Actor, CommandError, Outcome};
use super::people::{audited, find, handling_agent, own_agent, route_interaction};
use super::run::Batch;

/// What is done with an interaction.
#[derive(Debug, Clone)]
pub enum Step {
    /// Put it aside for a moment.
    Hold,
    /// Go on with what was held, or take back what was parked.
    Resume,
    /// Put it away for a time.
    Park {
        /// When it comes back by itself; absent: as the queue says.
        until: Option<Timestamp>,
        /// Whose turn it is.
        waiting_for: WaitingFor,
    },
    /// Give it on: one's own, or, as a supervisor, anybody's.
    Transfer {
        /// To whom.
        to: TransferTarget,
    },
    /// Put it back into its queue.
    Requeue,
    /// Ask somebody.
    Consult {
        /// Whom.
        to: TransferTarget,
    },
    /// Give it to a consultant who has accepted.
    CompleteConsult {
        /// The consultant.
        consultant: AgentId,
    },
    /// Send a consultant away.
    CancelConsult {
        /// The consultant.
        consultant: AgentId,
    },
    /// Watch it, as a supervisor.
    Monitor,
    /// Stop advising or watching.
    Leave,
    /// Make oneself its owner, as a supervisor.
    TakeOver,
    /// Take it from its queue.
    PickUp,
    /// Give it another priority, as a supervisor.
    Prioritize {
        /// Minutes by which it is ahead (or, negative, behind).
        priority: i32,
    },
}

impl Step {
    /// What stands in the audit log when a supervisor does it.
    fn audit(&self) -> Option<(&'static str, Value)> {
        match self {
            Self::Transfer { to } => Some(("interaction.transfer", json!(to))),
            Self::Monitor => Some(("interaction.monitor", Value::Null)),
            Self::TakeOver => Some(("interaction.take-over", Value::Null)),
            Self::PickUp => Some(("interaction.pick-up", Value::Null)),
            Self::Prioritize { priority } => Some(("interaction.prioritize", json!(priority))),
            _ => None,
        }
    }
}

/// Does it, and shows the interaction as it is then.
pub(super) async fn work(
    batch: &mut Batch<'_>,
    actor: &Actor,
    interaction: InteractionId,
    step: Step,
) -> Result<Outcome, CommandError> {
    let audit = step.audit();
    let command = command(batch, actor, interaction, step).await?;
    // What somebody does with what is theirs is in the journal as it is.
    let as_supervisor = !matches!(command, RouterCommand::Transfer { agent: Some(_), .. })
        && !matches!(
            command,
            RouterCommand::PickUp {
                by_right: false,
                ..
            }
        );
    let outcome = route_interaction(batch, interaction, command).await?;
    if let Some((action, after)) = audit
        && as_supervisor
    {
        let subject = interaction.to_string();
        let event = audited(actor, action, &subject, Value::Null, after);
        batch.record(vec![event]).await?;
    }
    Ok(outcome)
}

/// What it is to the router, if the actor may.
async fn command(
    batch: &mut Batch<'_>,
    actor: &Actor,
    interaction: InteractionId,
    step: Step,
) -> Result<RouterCommand, CommandError> {
    Ok(match step {
        Step::Hold => RouterCommand::Hold {
            interaction,
            agent: handling_agent(batch, actor, interaction).await?,
        },
        Step::Resume => RouterCommand::Resume {
            interaction,
            agent: own_agent(actor)?,
        },
        Step::Park { until, waiting_for } => RouterCommand::Park {
            interaction,
            agent: handling_agent(batch, actor, interaction).await?,
            until,
            waiting_for,
        },
        Step::Transfer { to } => {
            let current = find(batch, interaction).await?;
            let owner = current.state.talking();
            let own = actor.agent.as_ref().filter(|own| owner == Some(own));
            RouterCommand::Transfer {
                interaction,
                agent: match own {
                    Some(own) => Some(own.clone()),
                    None if actor.may(Right::Lead) => None,
                    // The router names the state or the owner in its refusal.
                    None => Some(own_agent(actor)?),
                },
                to,
            }
        }
        Step::Requeue => RouterCommand::Requeue {
            interaction,
            agent: handling_agent(batch, actor, interaction).await?,
        },
        Step::Consult { to } => RouterCommand::Consult {
            interaction,
            agent: own_agent(actor)?,
            to,
        },
        Step::CompleteConsult { consultant } => RouterCommand::CompleteConsult {
            interaction,
            agent: own_agent(actor)?,
            consultant,
        },
        Step::CancelConsult { consultant } => RouterCommand::CancelConsult {
            interaction,
            agent: own_agent(actor)?,
            consultant,
        },
        Step::Monitor => RouterCommand::Monitor {
            interaction,
            agent: supervising(actor, "interactions of others are watched")?,
        },
        Step::Leave => RouterCommand::Leave {
            interaction,
            agent: own_agent(actor)?,
        },
        Step::TakeOver => RouterCommand::TakeOver {
            interaction,
            agent: supervising(actor, "interactions of others are taken over")?,
        },
        Step::PickUp => RouterCommand::PickUp {
            interaction,
            agent: own_agent(actor)?,
            by_right: actor.may(Right::Lead),
        },
        Step::Prioritize { priority } => {
            actor.require(Right::Lead, "priorities are changed")?;
            RouterCommand::Prioritize {
                interaction,
                priority,
            }
        }
    })
}

/// Pauses a queue, or lets it go on.
pub(super) async fn pause_queue(
    batch: &mut Batch<'_>,
    actor: &Actor,
    queue: QueueId,
    paused: bool,
) -> Result<Outcome, CommandError> {
    actor.require(Right::Lead, "queues are paused")?;
    let before = batch.state.router.is_paused(&queue);
    let subject = queue.to_string();
    let command = if paused {
        RouterCommand::PauseQueue { queue }
    } else {
        RouterCommand::ResumeQueue { queue }
    };
    batch.route(command).await??;
    if before != paused {
        let event = audited(
            actor,
            "queue.pause",
            &subject,
            json!({ "paused": before }),
            json!({ "paused": paused }),
        );
        batch.record(vec![event]).await?;
    }
    Ok(Outcome::Done)
}

/// Work that an agent has elsewhere.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// The agent.
    pub agent: AgentId,
    /// The other system's name for it.
    pub reference: String,
    /// What kind of work it is, and until when it counts; absent: it is over.
    pub work: Option<(MediaType, Option<Timestamp>)>,
}

/// Takes down what an agent has to do elsewhere, or that it is over.
pub(super) async fn elsewhere(
    batch: &mut Batch<'_>,
    actor: &Actor,
    told: Elsewhere,
) -> Result<Outcome, CommandError> {
    let Elsewhere {
        agent,
        reference,
        work,
    } = told;
    own_or_led(actor, &agent, "work of others is told")?;
    let command = match work {
        Some((media_type, until)) => RouterCommand::BeginExternal {
            agent,
            reference,
            media_type,
            until,
        },
        None => RouterCommand::EndExternal { agent, reference },
    };
    batch.route(command).await??;
    Ok(Outcome::Done)
}

/// Says at which station an agent works.
pub(super) async fn sit(
    batch: &mut Batch<'_>,
    actor: &Actor,
    agent: AgentId,
    station: Option<StationId>,
) -> Result<Outcome, CommandError> {
    own_or_led(actor, &agent, "stations of others are set")?;
    batch
        .route(RouterCommand::SetStation { agent, station })
        .await??;
    Ok(Outcome::Done)
}

fn own_or_led(actor: &Actor, agent: &AgentId, what: &str) -> Result<(), CommandError> {
    if actor.agent.as_ref() == Some(agent) {
        Ok(())
    } else {
        actor.require(Right::Lead, what)
    }
}

fn supervising(actor: &Actor, what: &str) -> Result<AgentId, CommandError> {
    actor.require(Right::Lead, what)?;
    own_agent(actor)
}
