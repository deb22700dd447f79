//! The Instagram professional account: media, comments, mentions and profiles. Private messages
//! go the way of Messenger's.

mod act;
mod read;
mod write;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use act::CommentAct;
pub(crate) use act::{act, is_comment_mark, publish_media};
pub(crate) use read::{account, answers, media, object, profile};
pub(crate) use write::{comment, delete, hide};

use super::options::GraphOptions;
use super::state::Graph;
use super::wall::{WallItem, WallKind, Writer};
use super::webhook;
use crate::customers::Customer;

/// What Instagram tells of a person beside name and picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InstagramPerson {
    /// The user name; made of the name when absent.
    pub username: Option<String>,
    /// How many follow the person.
    pub follower_count: u64,
    /// The person follows the account.
    pub follows_account: bool,
    /// The account follows the person.
    pub followed_by_account: bool,
    /// Instagram has verified the person.
    pub verified: bool,
}

/// A person's user name.
pub(crate) fn username(graph: &Graph, customer: &Customer) -> String {
    let known = graph.people.on_instagram(&customer.id).username;
    known.unwrap_or_else(|| {
        let name = customer.profile.full_name().to_lowercase();
        let word: Vec<&str> = name.split_whitespace().collect();
        word.join(".")
    })
}

/// The account as the one who writes.
fn me(options: &GraphOptions) -> Writer {
    Writer {
        id: options.instagram.id.clone(),
        name: options.instagram.username.clone(),
        hidden: false,
    }
}

/// The change that tells of a comment.
fn told(field: &str, post: &WallItem, item: &WallItem) -> Value {
    let product = match post.kind {
        _ if field == "live_comments" => "LIVE",
        WallKind::Video => "REELS",
        _ => "FEED",
    };
    let mut value = json!({
        "id": item.id,
        "from": { "id": item.from.id, "username": item.from.name },
        "media": { "id": item.post_id, "media_product_type": product },
        "text": item.text,
    });
    // Comments directly below the media name no parent.
    let above = item.parent_id.as_deref().filter(|id| *id != item.post_id);
    webhook::set(&mut value, "parent_id", above.map(Value::from));
    webhook::change(field, value)
}
