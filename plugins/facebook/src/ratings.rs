//! Reviews of the page.

use linecard_graph::ids::usable;
use linecard_sdk::events::{Event, Structured};
use linecard_sdk::json::Lenient as _;
use serde_json::json;

use crate::events::{Place, Said, post_event};
use crate::feed::Change;

/// Reads a review: a post of its own, known by its story's id.
pub fn read(change: &Change<'_>) -> Option<Event> {
    let id = usable(change.text("open_graph_story_id"))?;
    if change.verb != "add" {
        return change.changed(&id, &id, &post_event(&id));
    }
    let rating = json!({
        "rating": change.value.member("rating"),
        "recommendation_type": change.value.member("recommendation_type"),
    });
    Some(
        Said {
            id: &id,
            place: Place::Post,
            text: change.text("review_text"),
            attachments: Vec::new(),
            structured: Some(Structured::new("rating", &rating)),
            addressed: Some(true),
            author: change.author(),
            time: change.created(),
            permalink: None,
            raw: change.raw,
        }
        .event(change.config),
    )
}
