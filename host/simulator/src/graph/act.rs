//! Everything that somebody can do to the page or the Instagram account, wherever it happens.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::feed::{self, FeedAct};
use super::incoming::Incoming;
use super::instagram::{self, CommentAct};
use super::messaging;
use super::state::Graph;
use super::surface::Surface;
use crate::delivery::{Delivery, Outcome};

/// Something that happens, and where. In JSON, `on` names the place beside the `type`:
/// `{"on": "feed", "type": "comment", "text": "Hello"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum Act {
    /// A private message to the page.
    Messenger(Incoming),
    /// In the page's feed.
    Feed(FeedAct),
    /// A private message to the Instagram account.
    Instagram(Incoming),
    /// A comment on Instagram.
    InstagramComments(CommentAct),
}

impl From<Incoming> for Act {
    fn from(what: Incoming) -> Self {
        Self::Messenger(what)
    }
}

impl From<FeedAct> for Act {
    fn from(what: FeedAct) -> Self {
        Self::Feed(what)
    }
}

impl From<CommentAct> for Act {
    fn from(what: CommentAct) -> Self {
        Self::InstagramComments(what)
    }
}

impl Act {
    fn surface(&self) -> Surface {
        match self {
            Self::Messenger(_) => Surface::Messenger,
            Self::Feed(_) => Surface::Feed,
            Self::Instagram(_) | Self::InstagramComments(_) => Surface::Instagram,
        }
    }
}

impl Graph {
    /// Does it as a customer; ids of one surface are unknown on the others.
    pub(crate) async fn act(self: &Arc<Self>, id: &str, what: Act) -> Delivery {
        let surface = what.surface();
        if let Err(known) = self.people.claim(id, surface) {
            let problem = format!(
                "{id} is somebody's id on {}; {} knows people by other ids",
                known.name(),
                surface.name()
            );
            return Outcome::never(problem).delivery(id, "");
        }
        match what {
            Act::Messenger(what) | Act::Instagram(what) => {
                messaging::say(self, surface, id, what).await
            }
            Act::Feed(what) => feed::act(self, id, what).await,
            Act::InstagramComments(what) => instagram::act(self, id, what).await,
        }
    }
}
