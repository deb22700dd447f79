//! Which call it is, for the answer, for faults and the record, and for the limits.

use std::sync::Arc;

use axum::http::{Method, Uri};
use serde_json::Value;

use super::api::{Call, Caller};
use super::errors::GraphError;
use super::state::{Graph, lock};
use super::surface::Surface;
use super::{conversations, feed, instagram, read, send, subscriptions};
use crate::serve::Naming;

/// How calls of the Graph API are named in faults and the record.
pub(crate) static NAMING: Naming = Naming {
    operation,
    customer: |body| {
        body.pointer("/recipient/id")
            .and_then(Value::as_str)
            .map(str::to_owned)
    },
};

fn operation(method: &Method, uri: &Uri) -> &'static str {
    let path = uri.path();
    if path.starts_with("/media/") {
        return "media";
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    match (method, last) {
        (&Method::POST, "messages") => "send",
        (&Method::POST, "message_attachments") => "upload",
        (&Method::POST, "comments" | "replies") => "comment",
        (&Method::POST | &Method::DELETE, "likes") => "like",
        (&Method::POST, "feed" | "photos" | "videos") => "publish",
        (&Method::POST | &Method::DELETE, "subscribed_apps") => "subscribe",
        (&Method::POST, _) => "change",
        (&Method::DELETE, _) => "delete",
        (&Method::GET, "conversations") => "conversations",
        (&Method::GET, "messages") => "messages",
        (&Method::GET, "feed" | "posts" | "published_posts" | "visitor_posts" | "media") => "feed",
        (&Method::GET, "comments" | "replies") => "comments",
        (&Method::GET, _) => "object",
        _ => "other",
    }
}

/// The limits that a call counts against; each has a code and a name of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Messenger,
    Pages,
    Instagram,
}

impl Family {
    /// The name in the usage header.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Messenger => "messenger",
            Self::Pages => "pages",
            Self::Instagram => "instagram",
        }
    }

    pub(crate) fn account(self, graph: &Graph) -> &str {
        match self {
            Self::Instagram => &graph.options.instagram.id,
            Self::Messenger | Self::Pages => &graph.options.page_id,
        }
    }
}

/// The family of a call, from its path alone: it is needed before the token is looked at.
pub(crate) fn family(graph: &Graph, method: &Method, path: &str, call: &Call) -> Family {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let (id, edge) = (parts.next().unwrap_or_default(), parts.next());
    let instagram = id == graph.options.instagram.id
        || graph.gallery.get(id).is_some()
        || graph.people.surface(id) == Surface::Instagram
        || call.parameter("platform") == Some("instagram");
    let pages = matches!(
        (method, edge),
        (
            _,
            Some(
                "feed"
                    | "posts"
                    | "published_posts"
                    | "visitor_posts"
                    | "photos"
                    | "videos"
                    | "comments"
                    | "likes"
                    | "reactions"
                    | "subscribed_apps"
            )
        )
    ) || graph.wall.get(id).is_some();
    if instagram {
        Family::Instagram
    } else if pages {
        Family::Pages
    } else {
        Family::Messenger
    }
}

/// The account that an id or `me` means for this caller.
fn account(graph: &Graph, caller: Caller, id: &str) -> Option<Surface> {
    if id == "me" {
        Some(caller.surface())
    } else if id == graph.options.instagram.id {
        Some(Surface::Instagram)
    } else if id == graph.options.page_id && caller == Caller::Page {
        Some(Surface::Messenger)
    } else {
        None
    }
}

pub(crate) async fn route(
    graph: &Arc<Graph>,
    method: &Method,
    path: &str,
    call: &Call,
) -> Result<Value, GraphError> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => Err(GraphError::unknown_path(path)),
        ["debug_token"] if method == Method::GET => subscriptions::debug_token(graph, call),
        _ if call.caller == Caller::App => Err(GraphError::app_permission()),
        [.., "messages"]
            if method == Method::POST
                && call.caller == Caller::Page
                && !lock(&graph.rights).has("pages_messaging") =>
        {
            Err(GraphError::permission_revoked())
        }
        [id, rest @ ..] => {
            let answer = match account(graph, call.caller, id) {
                Some(surface) => of_account(graph, method, surface, rest, call).await,
                None => of_object(graph, method, id, rest, call).await,
            };
            answer.unwrap_or_else(|| Err(GraphError::no_such_object(verb(method), id)))
        }
    }
}

fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "get",
        Method::DELETE => "delete",
        _ => "post",
    }
}

/// A call to the page or the Instagram account; `None`: there is no such edge.
async fn of_account(
    graph: &Arc<Graph>,
    method: &Method,
    surface: Surface,
    rest: &[&str],
    call: &Call,
) -> Option<Result<Value, GraphError>> {
    let page = surface == Surface::Messenger;
    Some(match (method, rest) {
        (&Method::POST, ["messages"]) => send::message(graph, surface, call).await,
        (&Method::GET, ["conversations"]) => conversations::conversations(graph, surface, call),
        (&Method::GET, []) if page => read::page(graph, call),
        (&Method::POST, ["message_attachments"]) if page => send::upload(graph, call).await,
        (&Method::GET, [edge @ ("feed" | "posts" | "published_posts" | "visitor_posts")])
            if page =>
        {
            feed::list(graph, edge, call)
        }
        (&Method::POST, ["feed"]) if page => feed::publish(graph, call).await,
        (&Method::POST, ["photos"]) if page => feed::publish_photo(graph, call).await,
        (&Method::POST, ["videos"]) if page => feed::publish_video(graph, call).await,
        (&Method::POST, ["subscribed_apps"]) if page => subscriptions::subscribe(graph, call).await,
        (&Method::GET, ["subscribed_apps"]) if page => Ok(subscriptions::list(graph)),
        (&Method::DELETE, ["subscribed_apps"]) if page => Ok(subscriptions::unsubscribe(graph)),
        (&Method::GET, []) => instagram::account(graph, call),
        (&Method::GET, ["media"]) if !page => instagram::media(graph, call),
        _ => return None,
    })
}

/// A call to a post, a comment, a person, a conversation or a message; `None`: there is no such
/// object, or it has no such edge.
async fn of_object(
    graph: &Arc<Graph>,
    method: &Method,
    id: &str,
    rest: &[&str],
    call: &Call,
) -> Option<Result<Value, GraphError>> {
    match (method, rest) {
        (&Method::GET, []) => return Some(read::object(graph, id, call)),
        (&Method::GET, ["messages"]) => return Some(conversations::messages_of(graph, id, call)),
        _ => {}
    }
    if let Some(item) = graph.gallery.get(id) {
        return Some(match (method, rest) {
            (&Method::GET, ["comments"]) if item.is_post() => {
                instagram::answers(graph, &item, "comments", &call.parameters)
            }
            (&Method::GET, ["replies"]) if !item.is_post() => {
                instagram::answers(graph, &item, "replies", &call.parameters)
            }
            (&Method::POST, ["comments"]) if item.is_post() => {
                instagram::comment(graph, &item, call).await
            }
            (&Method::POST, ["replies"]) if !item.is_post() => {
                instagram::comment(graph, &item, call).await
            }
            (&Method::POST, []) if !item.is_post() => instagram::hide(graph, &item, call).await,
            (&Method::DELETE, []) if !item.is_post() => Ok(instagram::delete(graph, &item)),
            _ => return None,
        });
    }
    let item = graph.wall.get(id).filter(|_| call.caller == Caller::Page)?;
    Some(match (method, rest) {
        (&Method::GET, ["comments"]) => feed::comments(graph, &item, &call.parameters),
        (&Method::GET, ["reactions"]) => feed::reactions(graph, &item, &call.parameters),
        (&Method::GET, ["likes"]) => feed::likes(graph, &item, &call.parameters),
        (&Method::POST, ["comments"]) => feed::comment(graph, &item, call).await,
        (&Method::POST, ["likes"]) => Ok(feed::like(graph, &item, true)),
        (&Method::DELETE, ["likes"]) => Ok(feed::like(graph, &item, false)),
        (&Method::POST, []) => feed::change(graph, &item, call).await,
        (&Method::DELETE, []) => Ok(feed::delete(graph, &item)),
        _ => return None,
    })
}
