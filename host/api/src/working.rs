//! What is done with an interaction beside answering and ending it: put aside, away or back, given on, advised,
//! watched, taken.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::routing::{RequiredSkill, TransferTarget, WaitingFor};
use linecard_model::{AgentId, GroupId, QueueId, SkillId, Timestamp};
use linecard_router::Target;
use linecard_site::{Request, Step};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Nothing, Path};
use super::problem::Problem;
use super::views::InteractionView;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(hold))
        .routes(routes!(resume))
        .routes(routes!(park))
        .routes(routes!(transfer))
        .routes(routes!(targets))
        .routes(routes!(requeue))
        .routes(routes!(consult))
        .routes(routes!(complete_consult))
        .routes(routes!(cancel_consult))
        .routes(routes!(monitor))
        .routes(routes!(leave))
        .routes(routes!(take_over))
        .routes(routes!(pick_up))
        .routes(routes!(prioritize))
}

/// Does something with an interaction that the caller sees.
async fn work<B>(
    app: &App,
    caller: &Caller,
    id: &str,
    change: &Changing<B>,
    step: Step,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(caller, id).await?.id;
    let key = change.idempotency(caller);
    app.request(caller, Request::Work { interaction, step }, key)
        .await
}

/// For how long, and whose turn it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Park {
    /// When it comes back by itself: later than now, and within the queue's `park_seconds`, which is also
    /// what counts if this is absent.
    until: Option<Timestamp>,
    /// `customer`: the customer's turn; `company`: the company's own, or a third party's.
    #[serde(default)]
    waiting_for: WaitingFor,
}

/// To whom, or whom: exactly one of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct To {
    /// An agent.
    agent: Option<AgentId>,
    /// A queue.
    queue: Option<QueueId>,
    /// Whoever of the same queue has these skills.
    skills: Option<Vec<RequiredSkill>>,
    /// A group.
    group: Option<GroupId>,
}

impl TryFrom<&To> for TransferTarget {
    type Error = Problem;

    fn try_from(to: &To) -> Result<Self, Problem> {
        match (&to.agent, &to.queue, &to.skills, &to.group) {
            (Some(agent), None, None, None) => Ok(Self::Agent {
                agent: agent.clone(),
            }),
            (None, Some(queue), None, None) => Ok(Self::Queue {
                queue: queue.clone(),
            }),
            (None, None, Some(skills), None) => Ok(Self::Skills {
                skills: skills.clone(),
            }),
            (None, None, None, Some(group)) => Ok(Self::Group {
                group: group.clone(),
            }),
            _ => Err(Problem::invalid(
                "",
                "give exactly one of agent, queue, skills and group",
            )),
        }
    }
}

/// Which of those who were asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Consultant {
    /// The consultant.
    agent: AgentId,
}

/// Another priority.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Prioritize {
    /// Minutes by which it is ahead in its queue (or, negative, behind).
    priority: i32,
}

/// To whom an interaction can be given, and how they are doing.
#[derive(Debug, Serialize, ToSchema)]
struct TransferTargets {
    /// Queues, with how long it would wait there.
    queues: Vec<QueueTarget>,
    /// Agents, with whether they could take it now.
    agents: Vec<Target>,
    /// Skills that others of its queue have.
    skills: Vec<SkillTarget>,
}

/// A skill for which an interaction can be given to somebody of its queue.
#[derive(Debug, Serialize, ToSchema)]
struct SkillTarget {
    /// The skill.
    skill: SkillId,
    /// How many others of the queue have it.
    members: usize,
    /// How many of them could take the interaction now.
    available: usize,
}

/// A queue to which an interaction can be given.
#[derive(Debug, Serialize, ToSchema)]
struct QueueTarget {
    /// The queue.
    queue: QueueId,
    /// The name that people read.
    name: String,
    /// How many wait in it.
    waiting: usize,
    /// How many of its members could take the interaction now.
    available: usize,
    /// How long it would wait there, in seconds. Absent: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_wait_seconds: Option<u64>,
    /// Nothing of it is offered for now.
    paused: bool,
}

/// To whom an interaction can be given
///
/// Every queue, every agent and every skill in the interaction's queue, with what decides before one transfers
/// or asks: who is there, who could take it, how long it would wait.
#[utoipa::path(get, operation_id = "listTransferTargets", path = "/interactions/{id}/transfer-targets",
    tag = "work", params(("id" = String, Path)),
    responses((status = 200, body = TransferTargets)),
    extensions(("x-problems" = json!(["not-found", "unknown-interaction"]))))]
async fn targets(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<TransferTargets>, Problem> {
    let interaction = app.interaction(&caller, &id).await?;
    let (interaction, in_queue) = (interaction.id, interaction.queue.clone());
    app.hub
        .site
        .query(move |state| {
            let (router, config) = (state.router(), state.config());
            let agents = router.targets(&interaction)?;
            let queue = config.queues.get(&in_queue);
            let members = queue.map(|queue| config.members(queue)).unwrap_or_default();
            let mut skills: BTreeMap<SkillId, SkillTarget> = BTreeMap::new();
            for target in agents.iter().filter(|one| members.contains(&one.agent)) {
                let settings = config.agents.get(&target.agent);
                for skill in settings.iter().flat_map(|settings| settings.skills.keys()) {
                    let of_skill = skills.entry(skill.clone()).or_insert_with(|| SkillTarget {
                        skill: skill.clone(),
                        members: 0,
                        available: 0,
                    });
                    of_skill.members += 1;
                    of_skill.available += usize::from(target.available);
                }
            }
            let queues = config.queues.iter().map(|(queue, settings)| {
                let outlook = router.outlook(&interaction, queue);
                QueueTarget {
                    queue: queue.clone(),
                    name: settings.name.clone(),
                    waiting: router.waiting(queue).len(),
                    available: outlook.as_ref().map_or(0, |outlook| outlook.available),
                    estimated_wait_seconds: outlook
                        .and_then(|outlook| outlook.estimated_wait_seconds),
                    paused: router.is_paused(queue),
                }
            });
            Some(TransferTargets {
                queues: queues.collect(),
                agents,
                skills: skills.into_values().collect(),
            })
        })
        .await?
        .map(Answer)
        .ok_or_else(|| Problem::new("unknown-interaction", format!("interaction {id} has ended")))
}

/// Put an interaction aside for a moment
///
/// It keeps its capacity; its time on hold is counted apart.
#[utoipa::path(post, operation_id = "holdInteraction", path = "/interactions/{id}/hold", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed", "not-yours", "wrong-state"]))))]
async fn hold(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let step = Step::Hold;
    work(&app, &caller, &id, &change, step).await
}

/// Go on with an interaction
///
/// With one that is held, or that the caller parked: then up to the hard limit of the capacity.
#[utoipa::path(post, operation_id = "resumeInteraction", path = "/interactions/{id}/resume", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed", "not-yours", "wrong-state", "agent-unavailable"]))))]
async fn resume(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let step = Step::Resume;
    work(&app, &caller, &id, &change, step).await
}

/// Put an interaction away for a time
///
/// It holds no capacity meanwhile, and comes back to its agent, then to its queue, when the time is over or the
/// customer writes.
#[utoipa::path(post, operation_id = "parkInteraction", path = "/interactions/{id}/park", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Park, example = json!({"waiting_for": "customer"})),
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed", "not-yours", "wrong-state", "invalid-until"]))))]
async fn park(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Park>,
) -> Result<Changed, Problem> {
    let step = Step::Park {
        until: change.body.until,
        waiting_for: change.body.waiting_for,
    };
    work(&app, &caller, &id, &change, step).await
}

/// Give an interaction on
///
/// To an agent or a group, for the time that the queue waits for one; to another queue; or to other skills.
/// Agents give on what is theirs, those who lead whatever is not over. Whoever had it is not offered it again
/// at once.
#[utoipa::path(post, operation_id = "transferInteraction", path = "/interactions/{id}/transfer", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = To, example = json!({"queue": "support"})),
    responses((status = 200, body = InteractionView)),
    extensions(("x-right-of-others" = json!("lead")), ("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed", "not-yours", "wrong-state", "takes-part", "unknown-agent", "unknown-queue", "unknown-group", "invalid-proficiency"]))))]
async fn transfer(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<To>,
) -> Result<Changed, Problem> {
    let step = Step::Transfer {
        to: (&change.body).try_into()?,
    };
    work(&app, &caller, &id, &change, step).await
}

/// Put an interaction back into its queue
///
/// With its time in queue; it is not offered to the same agent again at once.
#[utoipa::path(post, operation_id = "requeueInteraction", path = "/interactions/{id}/requeue", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed", "not-yours", "wrong-state"]))))]
async fn requeue(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let step = Step::Requeue;
    work(&app, &caller, &id, &change, step).await
}

/// Ask somebody about an interaction
///
/// They get an offer at once, and see everything when they accept; the caller keeps the interaction. Of a queue,
/// a group or skills the best who could take it is asked.
#[utoipa::path(post, operation_id = "consultOnInteraction", path = "/interactions/{id}/consult", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = To, example = json!({"agent": "agent-2"})),
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed", "not-yours", "wrong-state", "takes-part", "unknown-agent", "unknown-queue", "unknown-group", "invalid-proficiency", "agent-unavailable", "nobody-available", "too-many-legs"]))))]
async fn consult(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<To>,
) -> Result<Changed, Problem> {
    let step = Step::Consult {
        to: (&change.body).try_into()?,
    };
    work(&app, &caller, &id, &change, step).await
}

/// Give an interaction to who was asked
///
/// The consultant, who has accepted, is its owner from here on.
#[utoipa::path(post, operation_id = "completeConsultation", path = "/interactions/{id}/consult/complete", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Consultant, example = json!({"agent": "agent-2"})),
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed", "not-yours", "wrong-state", "no-such-leg", "agent-unavailable"]))))]
async fn complete_consult(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Consultant>,
) -> Result<Changed, Problem> {
    let step = Step::CompleteConsult {
        consultant: change.body.agent.clone(),
    };
    work(&app, &caller, &id, &change, step).await
}

/// Send who was asked away
///
/// Or take the offer back that alerts at them.
#[utoipa::path(post, operation_id = "cancelConsultation", path = "/interactions/{id}/consult/cancel", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Consultant, example = json!({"agent": "agent-2"})),
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed", "not-yours", "wrong-state", "no-such-leg"]))))]
async fn cancel_consult(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Consultant>,
) -> Result<Changed, Problem> {
    let step = Step::CancelConsult {
        consultant: change.body.agent.clone(),
    };
    work(&app, &caller, &id, &change, step).await
}

/// Watch an interaction
///
/// It takes no capacity and is in the audit log.
#[utoipa::path(post, operation_id = "monitorInteraction", path = "/interactions/{id}/monitor", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = InteractionView)),
    extensions(("x-right" = json!("lead")), ("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed", "wrong-state", "takes-part", "too-many-legs"]))))]
async fn monitor(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let step = Step::Monitor;
    work(&app, &caller, &id, &change, step).await
}

/// Stop advising or watching
#[utoipa::path(post, operation_id = "leaveInteraction", path = "/interactions/{id}/leave", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed", "no-such-leg"]))))]
async fn leave(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let step = Step::Leave;
    work(&app, &caller, &id, &change, step).await
}

/// Take an interaction over
///
/// Whoever has it, or at whomever it alerts. It is in the audit log.
#[utoipa::path(post, operation_id = "takeOverInteraction", path = "/interactions/{id}/take-over", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = InteractionView)),
    extensions(("x-right" = json!("lead")), ("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed", "wrong-state", "takes-part", "agent-unavailable"]))))]
async fn take_over(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let step = Step::TakeOver;
    work(&app, &caller, &id, &change, step).await
}

/// Take an interaction from its queue
///
/// For members where the queue lets them, and for those who lead.
#[utoipa::path(post, operation_id = "pickUpInteraction", path = "/interactions/{id}/pick-up", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = InteractionView)),
    extensions(("x-right-of-others" = json!("lead")), ("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed", "wrong-state", "not-member", "pick-up-forbidden", "agent-unavailable"]))))]
async fn pick_up(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let step = Step::PickUp;
    work(&app, &caller, &id, &change, step).await
}

/// Give an interaction another priority
///
/// It is in the audit log.
#[utoipa::path(post, operation_id = "prioritizeInteraction", path = "/interactions/{id}/prioritize", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Prioritize, example = json!({"priority": 30})),
    responses((status = 200, body = InteractionView)),
    extensions(("x-right" = json!("lead")), ("x-problems" = json!(["not-found", "unknown-interaction", "not-allowed"]))))]
async fn prioritize(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Prioritize>,
) -> Result<Changed, Problem> {
    let step = Step::Prioritize {
        priority: change.body.priority,
    };
    work(&app, &caller, &id, &change, step).await
}
