//! To whom a message goes: a person, or whoever wrote a comment or post.

use serde_json::{Map, Value};

use super::permission::no_such_user;
use crate::graph::errors::GraphError;
use crate::graph::state::Graph;
use crate::graph::surface::Surface;
use crate::graph::wall::WallItem;

/// The one who gets a message.
pub(super) enum Recipient {
    /// A person with whom the account talks.
    Person(String),
    /// Whoever wrote this, privately.
    Writer(Box<WallItem>),
}

impl Recipient {
    pub(super) fn read(
        graph: &Graph,
        surface: Surface,
        members: &Map<String, Value>,
    ) -> Result<Self, GraphError> {
        let recipient = members
            .get("recipient")
            .and_then(Value::as_object)
            .filter(|recipient| !recipient.is_empty())
            .ok_or_else(|| GraphError::parameter("param recipient must be non-empty."))?;
        let word = |name: &str| match recipient.get(name) {
            None => Ok(None),
            Some(Value::String(id)) => Ok(Some(id.clone())),
            Some(Value::Number(id)) => Ok(Some(id.to_string())),
            Some(_) => Err(GraphError::parameter(format!(
                "param recipient[{name}] must be a string."
            ))),
        };
        if let Some(id) = word("id")? {
            let known = graph.world.customers.contains(&id) && graph.people.surface(&id) == surface;
            return if known {
                Ok(Self::Person(id))
            } else {
                Err(no_such_user(surface))
            };
        }
        let wall = match surface {
            Surface::Instagram => &graph.gallery,
            Surface::Messenger | Surface::Feed => &graph.wall,
        };
        let comment = word("comment_id")?;
        let post = word("post_id")?.filter(|_| surface != Surface::Instagram);
        let item = match (&comment, &post) {
            (Some(id), None) => wall.get(id).filter(|item| !item.is_post()),
            (None, Some(id)) => wall.get(id).filter(WallItem::is_post),
            // Checkbox references and tokens are addresses, too, but this account has none, so
            // whatever was given matches nobody.
            (None, None) => return Err(no_such_user(surface)),
            (Some(_), Some(_)) => {
                return Err(GraphError::parameter(
                    "Only one of recipient[comment_id] and recipient[post_id] can be specified",
                ));
            }
        };
        match item {
            Some(item) => Ok(Self::Writer(Box::new(item))),
            None => Err(GraphError::invalid_comment()),
        }
    }
}
