//! A list as Graph pages it.

use linecard_sdk::encode;
use linecard_sdk::json::{Lenient as _, Part};

/// The longest cursor of Graph's that is kept, in bytes: three of them and the rest of a poll's cursor
/// fit into the host's 16 KiB.
const CURSOR_MAX: usize = 1500;
/// What may go from Graph's `next` link into the next request. Never the access token, which Graph
/// repeats there.
const POSITION: [&str; 5] = ["after", "until", "__paging_token", "offset", "__after_id"];

/// One page of a list.
#[derive(Default)]
pub struct Page<'d> {
    /// What is on the page, each by itself.
    pub data: Vec<Part<'d>>,
    /// There is a next page only if this is here; a cursor alone says nothing.
    next: Option<String>,
    after: Option<String>,
}

impl<'d> Page<'d> {
    /// Takes a list apart; what is none is an empty page.
    pub fn of(part: Part<'d>) -> Self {
        let paging = part.get("paging").map(Part::value).unwrap_or_default();
        Self {
            data: part.list("data"),
            next: paging.text("next"),
            after: paging.text_at(&["cursors", "after"]),
        }
    }

    /// The page that is a member of something; an empty one if it has none.
    pub fn within(part: Part<'d>, name: &str) -> Self {
        part.get(name).map(Self::of).unwrap_or_default()
    }

    /// Graph's cursor for the next page, where lists have one; `None` on the last page.
    pub fn after(&self) -> Option<String> {
        self.next.as_ref()?;
        let after = self.after.clone();
        after.filter(|after| after.len() <= CURSOR_MAX && is_plain(after))
    }

    /// The query parameters that ask for the next page: a cursor, or the times by which a page's
    /// feed is divided. Empty on the last page.
    pub fn next(&self) -> Vec<(String, String)> {
        if let Some(after) = self.after() {
            return vec![("after".to_owned(), after)];
        }
        let next = self.next.as_deref();
        let Some((_, query)) = next.and_then(|next| next.split_once('?')) else {
            return Vec::new();
        };
        let position: Vec<(String, String)> = encode::from_form(query.as_bytes())
            .into_iter()
            .filter(|(name, value)| POSITION.contains(&name.as_str()) && is_plain(value))
            .collect();
        let size: usize = position.iter().map(|(_, value)| value.len()).sum();
        if size <= CURSOR_MAX {
            position
        } else {
            Vec::new()
        }
    }
}

/// Whether a cursor is what Graph's are: visible ASCII.
fn is_plain(cursor: &str) -> bool {
    !cursor.is_empty() && cursor.bytes().all(|byte| byte.is_ascii_graphic())
}
