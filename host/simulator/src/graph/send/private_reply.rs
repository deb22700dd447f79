//! Private replies: one message to whoever wrote a comment or post, within 7 days.

use std::sync::Arc;

use serde_json::{Value, json};

use super::permission::reachable;
use super::{follow, sent};
use crate::customers::Turn;
use crate::graph::errors::GraphError;
use crate::graph::feed::can_reply_privately;
use crate::graph::state::Graph;
use crate::graph::surface::Surface;
use crate::graph::wall::WallItem;

/// Sends it. The conversation that it opens stays closed for more until the person answers.
pub(super) fn private_reply(
    graph: &Arc<Graph>,
    surface: Surface,
    item: &WallItem,
    mut turn: Turn,
) -> Result<Value, GraphError> {
    let writer = &item.from.id;
    if item.answered_privately {
        return Err(GraphError::already_replied());
    }
    if writer == graph.account(surface) || !can_reply_privately(graph, item) {
        return Err(GraphError::not_replyable());
    }
    reachable(graph, writer)?;
    let wall = match surface {
        Surface::Instagram => &graph.gallery,
        Surface::Messenger | Surface::Feed => &graph.wall,
    };
    let mut again = false;
    let marked = wall.change(&item.id, |item| {
        again = item.answered_privately;
        item.answered_privately = true;
    });
    if marked.is_none() {
        return Err(GraphError::invalid_comment());
    }
    if again {
        return Err(GraphError::already_replied());
    }
    turn.reply_to = Some(item.id.clone());
    turn.structured
        .push(json!({ "private_reply": { "to": item.id } }));
    let person = match surface {
        Surface::Instagram => writer.clone(),
        Surface::Messenger | Surface::Feed => on_messenger(graph, writer, &turn),
    };
    let customers = &graph.world.customers;
    customers.change(&person, |customer| customer.conversation.push(turn.clone()));
    let answer = sent(&person, &turn);
    follow(Arc::clone(graph), surface, person, turn);
    Ok(answer)
}

/// Messenger knows the commenter by another id, so the message stands in both conversations: the
/// person sees it either way. Returns that id.
fn on_messenger(graph: &Graph, commenter: &str, turn: &Turn) -> String {
    let customers = &graph.world.customers;
    let psid = graph.people.make_psid(commenter);
    let profile = customers.change(commenter, |customer| {
        customer.conversation.push(turn.clone());
        customer.profile.clone()
    });
    if !customers.contains(&psid) {
        customers.add(psid.clone(), profile);
    }
    psid
}
