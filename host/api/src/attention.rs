//! Who looks at an interaction, and who writes an answer: for some seconds each, in memory, and nowhere
//! else. It is no event: nothing is recorded, and a stream that is resumed begins with what is so then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json as Answer;
use linecard_model::{AgentId, InteractionId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Json, Path};
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(look, leave))
}

/// For how long somebody counts who does not say it again.
const LASTS: Duration = Duration::from_secs(15);
/// How many interactions one agent may look at; beyond it the one that ends first is left.
const MOST: usize = 20;

/// Somebody who looks at an interaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Viewer)]
pub(super) struct ViewerView {
    /// Who.
    pub agent: AgentId,
    /// Whether they are writing an answer.
    pub typing: bool,
    /// Since when they look.
    pub since: Timestamp,
}

#[derive(Debug)]
struct Look {
    typing: bool,
    since: Timestamp,
    until: Instant,
}

/// Who looks at what.
#[derive(Default)]
pub(super) struct Attention {
    looks: Mutex<BTreeMap<InteractionId, BTreeMap<AgentId, Look>>>,
    /// Somebody looks who may stop to.
    looked: Notify,
}

impl Attention {
    fn looks(&self) -> MutexGuard<'_, BTreeMap<InteractionId, BTreeMap<AgentId, Look>>> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody looks, for a time from now on. Gives the interactions of which others have something new
    /// to hear.
    fn look(
        &self,
        id: InteractionId,
        agent: &AgentId,
        typing: bool,
        now: Instant,
    ) -> Vec<InteractionId> {
        let until = now + LASTS;
        let mut looks = self.looks();
        let of_interaction = looks.entry(id).or_default();
        let mut changed = Vec::new();
        if let Some(known) = of_interaction.get_mut(agent) {
            known.until = until;
            if known.typing != typing {
                known.typing = typing;
                changed.push(id);
            }
        } else {
            let since = Timestamp::now();
            let look = Look {
                typing,
                since,
                until,
            };
            of_interaction.insert(agent.clone(), look);
            changed.push(id);
            let theirs = looks.iter().filter_map(|(id, all)| {
                let look = all.get(agent)?;
                Some((look.until, *id))
            });
            let mut theirs: Vec<_> = theirs.collect();
            theirs.sort_unstable();
            for (_, left) in theirs.iter().take(theirs.len().saturating_sub(MOST)) {
                remove(&mut looks, *left, agent);
                changed.push(*left);
            }
        }
        drop(looks);
        self.looked.notify_one();
        changed
    }

    /// Somebody looks no longer. Says whether they did.
    fn leave(&self, id: InteractionId, agent: &AgentId) -> bool {
        remove(&mut self.looks(), id, agent)
    }

    /// Forgets those who have not said for a time that they look. Gives the interactions that they left.
    fn expire(&self, now: Instant) -> Vec<InteractionId> {
        let mut left = Vec::new();
        self.looks().retain(|id, all| {
            let before = all.len();
            all.retain(|_, look| look.until > now);
            if all.len() < before {
                left.push(*id);
            }
            !all.is_empty()
        });
        left
    }

    fn next_end(&self) -> Option<Instant> {
        let looks = self.looks();
        looks
            .values()
            .flat_map(BTreeMap::values)
            .map(|l| l.until)
            .min()
    }

    /// Who looks at an interaction, by their names.
    pub fn of(&self, id: InteractionId) -> Vec<ViewerView> {
        let looks = self.looks();
        let all = looks.get(&id).into_iter().flatten();
        let shown = all.map(|(agent, look)| ViewerView {
            agent: agent.clone(),
            typing: look.typing,
            since: look.since,
        });
        shown.collect()
    }

    /// The interactions that somebody looks at.
    pub fn all(&self) -> Vec<InteractionId> {
        self.looks().keys().copied().collect()
    }
}

fn remove(
    looks: &mut BTreeMap<InteractionId, BTreeMap<AgentId, Look>>,
    id: InteractionId,
    agent: &AgentId,
) -> bool {
    let Some(all) = looks.get_mut(&id) else {
        return false;
    };
    let was_there = all.remove(agent).is_some();
    if all.is_empty() {
        looks.remove(&id);
    }
    was_there
}

/// Ends what nobody says again, until the interfaces are gone.
pub(super) async fn run(app: Weak<App>) {
    loop {
        let attention = {
            let Some(app) = app.upgrade() else { return };
            Arc::clone(&app.attention)
        };
        let end = attention.next_end();
        let ended = async move {
            match end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = attention.looked.notified() => {}
            () = ended => {}
        }
        let left = attention.expire(Instant::now());
        drop(attention);
        let Some(app) = app.upgrade() else { return };
        for id in left {
            app.scene.tell_viewers(&app, id).await;
        }
    }
}

/// How somebody looks.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Looking {
    /// Whether they are writing an answer. Default no.
    #[serde(default)]
    typing: bool,
}

fn person(caller: &Caller) -> Result<AgentId, Problem> {
    let agent = caller.actor.agent.clone();
    agent.ok_or_else(|| Problem::not_allowed("people look at interactions; sign in as one"))
}

/// Say that the caller looks at an interaction, or is writing an answer
///
/// It counts for 15 seconds: say it again before, for as long as it is so. Others who see the interaction
/// see it in its `viewers`, and in event streams with `include=viewers`; it is recorded nowhere. The answer
/// names all who look.
#[utoipa::path(put, operation_id = "lookAtInteraction", path = "/interactions/{id}/viewing", tag = "work",
    params(("id" = String, Path)),
    request_body(content = Looking, example = json!({"typing": true})),
    responses((status = 200, body = Vec<ViewerView>)),
    extensions(("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn look(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Looking>,
) -> Result<Answer<Vec<ViewerView>>, Problem> {
    let agent = person(&caller)?;
    let id = app.interaction(&caller, &id).await?.id;
    for changed in app.attention.look(id, &agent, body.typing, Instant::now()) {
        app.scene.tell_viewers(&app, changed).await;
    }
    Ok(Answer(app.attention.of(id)))
}

/// Say that the caller looks at an interaction no longer
#[utoipa::path(delete, operation_id = "lookAwayFromInteraction", path = "/interactions/{id}/viewing", tag = "work",
    params(("id" = String, Path)),
    responses((status = 204)),
    extensions(("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn leave(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let agent = person(&caller)?;
    // Whoever may see it no longer may leave it: that tells nothing.
    let unknown = || Problem::not_found("interaction", &id);
    let known: InteractionId = id.parse().map_err(|_| unknown())?;
    if app.attention.leave(known, &agent) {
        app.scene.tell_viewers(&app, known).await;
    } else {
        app.interaction(&caller, &id).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> InteractionId {
        InteractionId::derived(1, number)
    }

    fn agent(name: &str) -> AgentId {
        AgentId::new(name).unwrap()
    }

    #[test]
    fn whoever_does_not_say_it_again_is_gone_and_others_stay() {
        let attention = Attention::default();
        let (anna, ben) = (agent("anna"), agent("ben"));
        let began = Instant::now();
        assert_eq!(attention.look(id(1), &anna, false, began), [id(1)]);
        assert_eq!(attention.look(id(1), &ben, true, began), [id(1)]);
        // Saying it again is no news; another word is.
        assert!(attention.look(id(1), &ben, true, began).is_empty());
        assert_eq!(attention.look(id(1), &ben, false, began), [id(1)]);
        let later = began + LASTS / 2;
        assert!(attention.look(id(1), &anna, false, later).is_empty());
        assert_eq!(attention.next_end(), Some(began + LASTS));
        assert_eq!(attention.expire(began + LASTS), [id(1)]);
        let left: Vec<AgentId> = attention.of(id(1)).into_iter().map(|v| v.agent).collect();
        assert_eq!(left, std::slice::from_ref(&anna));
        assert!(attention.expire(began + LASTS).is_empty());
        assert!(attention.leave(id(1), &anna) && !attention.leave(id(1), &anna));
        assert!(attention.all().is_empty() && attention.next_end().is_none());
    }

    #[test]
    fn nobody_looks_at_more_than_they_can() {
        let attention = Attention::default();
        let (anna, began) = (agent("anna"), Instant::now());
        for number in 0..MOST as u64 {
            let now = began + Duration::from_millis(number);
            assert_eq!(attention.look(id(number), &anna, false, now), [id(number)]);
        }
        let now = began + Duration::from_secs(1);
        let changed = attention.look(id(100), &anna, false, now);
        assert_eq!(changed, [id(100), id(0)]);
        assert_eq!(attention.all().len(), MOST);
    }
}
