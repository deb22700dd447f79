//! A list as Graph pages it.

use linecard_sdk::encode;
use serde::Deserialize;

/// The longest cursor of Graph's that is kept, in bytes: three of them and the rest of a poll's cursor
/// fit into the host's 16 KiB.
const CURSOR_MAX: usize = 1500;
/// What may go from Graph's `next` link into the next request. Never the access token, which Graph
/// repeats there.
const POSITION: [&str; 5] = ["after", "until", "__paging_token", "offset", "__after_id"];

/// One page of a list.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Page<T> {
    /// What is on the page.
    #[serde(default = "Vec::new")]
    pub data: Vec<T>,
    #[serde(default)]
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    #[serde(default)]
    cursors: Option<Cursors>,
    /// There is a next page only if this is here; a cursor alone says nothing.
    #[serde(default)]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Cursors {
    #[serde(default)]
    after: Option<String>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            data: Vec::new(),
            paging: None,
        }
    }
}

impl<T> Page<T> {
    /// Graph's cursor for the next page, where lists have one; `None` on the last page.
    pub fn after(&self) -> Option<String> {
        let paging = self.paging.as_ref()?;
        paging.next.as_ref()?;
        let after = paging.cursors.as_ref()?.after.clone();
        after.filter(|after| after.len() <= CURSOR_MAX && is_plain(after))
    }

    /// The query parameters that ask for the next page: a cursor, or the times by which a page's
    /// feed is divided. Empty on the last page.
    pub fn next(&self) -> Vec<(String, String)> {
        if let Some(after) = self.after() {
            return vec![("after".to_owned(), after)];
        }
        let next = self.paging.as_ref().and_then(|paging| paging.next.as_ref());
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
