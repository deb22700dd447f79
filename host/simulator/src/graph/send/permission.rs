//! Whether the account may write to this person now.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::customers::Reachability;
use crate::graph::errors::GraphError;
use crate::graph::state::Graph;
use crate::graph::surface::Surface;

/// The window for ordinary answers.
const WINDOW: Duration = Duration::from_hours(24);
/// The window for answers that a human wrote, with the tag `HUMAN_AGENT`.
const HUMAN_AGENT_WINDOW: Duration = Duration::from_hours(7 * 24);

pub(super) fn reachable(graph: &Graph, psid: &str) -> Result<(), GraphError> {
    match graph
        .world
        .customers
        .look(psid, |customer| customer.reachability)
    {
        None => Err(no_such_user(graph.people.surface(psid))),
        Some(Reachability::Available) => Ok(()),
        Some(Reachability::Unavailable) => Err(GraphError::person_unavailable()),
        Some(Reachability::Blocked) => Err(GraphError::person_blocks_page()),
    }
}

/// Messaging type, tag and window, then the person.
pub(super) fn check(
    graph: &Graph,
    surface: Surface,
    psid: &str,
    members: &Map<String, Value>,
) -> Result<(), GraphError> {
    let word = |name: &str| match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(GraphError::parameter(format!(
            "param {name} must be a string."
        ))),
    };
    let tag = word("tag")?;
    let window = match (word("messaging_type")?, tag) {
        // Clients older than messaging types leave it out; the network takes that as an answer.
        (None | Some("RESPONSE" | "UPDATE"), None) => WINDOW,
        (Some("MESSAGE_TAG"), Some("HUMAN_AGENT")) => HUMAN_AGENT_WINDOW,
        // Instagram takes the tag alone.
        (None, Some("HUMAN_AGENT")) if surface == Surface::Instagram => HUMAN_AGENT_WINDOW,
        (Some("MESSAGE_TAG"), Some(_)) => return Err(GraphError::retired_tag()),
        (Some("MESSAGE_TAG"), None) => {
            return Err(GraphError::parameter(
                "param tag must be non-empty when messaging_type is MESSAGE_TAG.",
            ));
        }
        (None | Some("RESPONSE" | "UPDATE"), Some(_)) => {
            return Err(GraphError::parameter(
                "param tag is allowed only when messaging_type is MESSAGE_TAG.",
            ));
        }
        (Some("UTILITY"), _) => {
            return Err(GraphError::parameter(
                "A UTILITY message needs an approved template, and this page has none.",
            ));
        }
        (Some(_), _) => {
            return Err(GraphError::parameter(
                "Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}",
            ));
        }
    };
    reachable(graph, psid)?;
    let last = graph
        .world
        .customers
        .look(psid, |customer| customer.last_active_ms)
        .flatten();
    let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    match last {
        Some(last) if graph.world.clock.now_ms().saturating_sub(last) <= window => Ok(()),
        _ if surface == Surface::Instagram => Err(GraphError::outside_instagram_window()),
        _ => Err(GraphError::outside_window()),
    }
}

/// Nobody has this id there.
pub(super) fn no_such_user(surface: Surface) -> GraphError {
    match surface {
        Surface::Instagram => GraphError::no_such_instagram_user(),
        Surface::Messenger | Surface::Feed => GraphError::no_such_user(),
    }
}
