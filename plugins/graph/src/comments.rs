//! Polling for comments: an account's latest posts are walked through, newest first, for comments
//! that no webhook brought, also on posts that are older than the last look.
//!
//! Each step makes one call. A page of posts brings the newest comments of each; a post with more new
//! ones is asked for the rest before the walk goes on. What is older than the last walk is passed
//! over, and what a webhook has brought has the same id, so the host takes nothing twice.

use linecard_sdk::actions::Failure;
use linecard_sdk::events::Event;
use linecard_sdk::http::{Call, Request};
use linecard_sdk::json::Part;
use linecard_sdk::{log, time};
use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::inbox::OVERLAP;
use crate::paging::Page;

/// The most posts that can wait for their further comments: with their ids they fit into a cursor.
const PENDING_MAX: usize = 60;
/// The longest id of a post that is kept, in bytes.
const ID_MAX: usize = 100;

/// An account's posts, as its network lists them.
pub trait Wall {
    /// The Graph API.
    fn api(&self) -> Api<'_>;
    /// The URL of the list of posts, newest first, with the newest comments of each. `position` are
    /// Graph's parameters for a further page.
    fn posts_url(&self, position: &[(&str, &str)]) -> String;
    /// The URL of a post's comments, newest first.
    fn comments_url(&self, post: &str, position: &[(&str, &str)]) -> String;
    /// Reads one post of the list; `None` if it is none.
    fn read_post<'d>(&self, part: Part<'d>) -> Option<Post<'d>>;
    /// Reads one comment under a post, and the answers that came with it; `None` if it is none.
    fn read_comment(&self, post: &str, permalink: Option<&str>, part: Part<'_>) -> Option<Comment>;
}

/// A post and its newest comments.
pub struct Post<'d> {
    /// Its id.
    pub id: String,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created: u64,
    /// A link to it.
    pub permalink: Option<String>,
    /// The post itself.
    pub event: Event,
    /// Its newest comments.
    pub comments: Page<'d>,
}

/// A comment.
pub struct Comment {
    /// When it was written, in milliseconds since the Unix epoch.
    pub created: u64,
    /// The comment, and the answers to it.
    pub events: Vec<Event>,
}

/// How far a walk goes.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// Posts made before are left alone, in milliseconds since the Unix epoch.
    pub oldest_post: u64,
    /// The most posts of one walk.
    pub most_posts: u64,
}

/// Where a walk stands: the poll's cursor. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Walk {
    /// What was written before is known.
    since: u64,
    /// The newest message that this walk has seen.
    newest: u64,
    /// When this walk began: what is written after may be on a page that was read before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started: Option<u64>,
    /// How many posts it has seen.
    #[serde(default)]
    posts: u64,
    /// Graph's parameters for the next page of posts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    next: Vec<(String, String)>,
    /// The posts that have further new comments; the last one is being read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pending: Vec<String>,
    /// Graph's parameters for the next page of that post's comments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    inside: Vec<(String, String)>,
}

impl Walk {
    /// A first walk, for what was written since a time.
    pub fn since(since: u64) -> Self {
        Self {
            since,
            newest: since,
            started: None,
            posts: 0,
            next: Vec::new(),
            pending: Vec::new(),
            inside: Vec::new(),
        }
    }

    /// Whether the walk has come to its end, so that the next step begins another.
    pub fn is_done(&self) -> bool {
        self.next.is_empty() && self.pending.is_empty()
    }

    /// One step: one call, and the events in the order of time. After a failure the walk stands
    /// where it stood.
    pub fn step(&mut self, wall: &impl Wall, reach: Reach) -> Result<Vec<Event>, Failure> {
        let now = time::now();
        let mut events = if let Some(post) = self.pending.last() {
            let url = wall.comments_url(post, &borrowed(&self.inside));
            let answer = wall.api().call(Request::get(url), Call::Repeatable)?;
            let page = Page::of(answer.content.part());
            let post = self.pending.pop().unwrap_or_default();
            let events = self.comments(wall, &post, None, &page);
            // The post may stand there again, for its next page.
            self.inside = if self.pending.last() == Some(&post) {
                page.next()
            } else {
                Vec::new()
            };
            events
        } else {
            let url = wall.posts_url(&borrowed(&self.next));
            let answer = wall.api().call(Request::get(url), Call::Repeatable)?;
            let page = Page::of(answer.content.part());
            self.started.get_or_insert(now);
            self.posts(wall, reach, &page)
        };
        events.retain(|event| event.time >= self.since);
        events.sort_by_key(|event| event.time);
        self.newest = events
            .iter()
            .map(|event| event.time)
            .fold(self.newest, u64::max);
        if self.is_done() {
            let seen = self.newest.min(self.started.take().unwrap_or(now));
            self.since = self.since.max(seen.saturating_sub(OVERLAP));
            self.posts = 0;
        }
        Ok(events)
    }

    fn posts(&mut self, wall: &impl Wall, reach: Reach, page: &Page<'_>) -> Vec<Event> {
        let mut events = Vec::new();
        let mut reached_end = false;
        let mut unread = 0_usize;
        for part in &page.data {
            let Some(post) = wall.read_post(*part) else {
                unread += 1;
                events.push(Event::kept("post", time::now(), part.raw()));
                continue;
            };
            self.posts = self.posts.saturating_add(1);
            if self.posts > reach.most_posts {
                reached_end = true;
                break;
            }
            if post.created < reach.oldest_post {
                // The list is in order, but one that is out of it must not hide the others.
                reached_end = true;
                continue;
            }
            events.push(post.event);
            let permalink = post.permalink.as_deref();
            events.extend(self.comments(wall, &post.id, permalink, &post.comments));
        }
        warn_of_unread(unread, "posts");
        self.next = if reached_end || page.data.is_empty() {
            Vec::new()
        } else {
            page.next()
        };
        events
    }

    /// Reads a page of a post's comments, and keeps the post in mind if there are more new ones.
    fn comments(
        &mut self,
        wall: &impl Wall,
        post: &str,
        permalink: Option<&str>,
        page: &Page<'_>,
    ) -> Vec<Event> {
        let mut unread = Vec::new();
        let comments: Vec<Comment> = page
            .data
            .iter()
            .filter_map(|part| {
                let comment = wall.read_comment(post, permalink, *part);
                if comment.is_none() {
                    unread.push(Event::kept("comment", time::now(), part.raw()));
                }
                comment
            })
            .collect();
        warn_of_unread(unread.len(), "comments");
        let all_new = comments.iter().all(|comment| comment.created >= self.since);
        if all_new && !page.data.is_empty() && !page.next().is_empty() {
            let is_id = post.len() <= ID_MAX
                && post
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if self.pending.len() < PENDING_MAX && is_id {
                self.pending.push(post.to_owned());
            } else {
                log::warn("too many posts have many new comments; older ones were not fetched");
            }
        }
        comments
            .into_iter()
            .flat_map(|comment| comment.events)
            .chain(unread)
            .collect()
    }
}

/// One line for all of a page: the host ends a call that logs many.
fn warn_of_unread(count: usize, what: &str) {
    if count > 0 {
        log::warn(format!(
            "{count} {what} of a page cannot be read and were kept as they came"
        ));
    }
}

fn borrowed(parameters: &[(String, String)]) -> Vec<(&str, &str)> {
    parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}
