//! What the hub does in public on Instagram: answering, hiding, deleting.

use std::sync::Arc;

use serde_json::{Value, json};

use super::act::{put_up, show_answer};
use super::{me, told};
use crate::customers::Author;
use crate::graph::api::Call;
use crate::graph::errors::GraphError;
use crate::graph::outbox::Lane;
use crate::graph::parameters::parameters;
use crate::graph::state::Graph;
use crate::graph::wall::WallItem;

/// `POST /{media}/comments` and `POST /{comment}/replies`
pub(crate) async fn comment(
    graph: &Arc<Graph>,
    target: &WallItem,
    call: &Call,
) -> Result<Value, GraphError> {
    let parameters = parameters(call).await?;
    let text = parameters
        .filled("message")?
        .ok_or_else(|| GraphError::parameter("The parameter message is required"))?;
    let item = put_up(graph, &target.id, me(&graph.options), text)
        .ok_or_else(|| GraphError::no_such_object("post", &target.id))?;
    show_answer(graph, &item, Author::Hub);
    let post = graph.gallery.any(&item.post_id);
    let change = told("comments", post.as_ref().unwrap_or(&item), &item);
    // The account's own comments come back.
    graph.tell_later(Lane::InstagramChanges, change);
    Ok(json!({ "id": item.id }))
}

/// `POST /{comment}` with `hide`
pub(crate) async fn hide(graph: &Graph, item: &WallItem, call: &Call) -> Result<Value, GraphError> {
    let hidden = parameters(call)
        .await?
        .truth("hide")?
        .ok_or_else(|| GraphError::parameter("The parameter hide is required"))?;
    graph.gallery.change(&item.id, |item| item.hidden = hidden);
    Ok(json!({ "success": true }))
}

/// `DELETE /{comment}`
pub(crate) fn delete(graph: &Graph, item: &WallItem) -> Value {
    if let Some(gone) = graph.gallery.remove(&item.id) {
        let above = gone
            .parent_id
            .as_deref()
            .and_then(|id| graph.gallery.any(id));
        // Own answers stand in the conversation of the person who was answered.
        let seen_by = above
            .map(|above| above.from.id)
            .filter(|_| gone.from.id == graph.options.instagram.id);
        let seen_by = seen_by.unwrap_or_else(|| gone.from.id.clone());
        graph.change_turn(&seen_by, &gone.id, |turn| turn.deleted = true);
    }
    json!({ "success": true })
}
