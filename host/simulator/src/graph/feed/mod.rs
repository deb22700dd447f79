//! The page's feed: posts, comments, replies, reactions.

mod act;
mod events;
mod read;
mod write;

pub use act::FeedAct;
pub(crate) use act::{act, publish_past_the_hub};
pub(crate) use read::{can_reply_privately, comments, likes, list, object, reactions};
pub(crate) use write::{change, comment, delete, like, publish, publish_photo, publish_video};

use super::options::GraphOptions;
use super::wall::Writer;

/// The page as the one who writes.
fn page(options: &GraphOptions) -> Writer {
    Writer {
        id: options.page_id.clone(),
        name: options.page_name.clone(),
        hidden: false,
    }
}
