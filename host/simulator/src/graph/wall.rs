//! Posts with their comments and replies: a page's feed, or an Instagram account's media.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::Serialize;

use super::state::lock;

/// What a post or comment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WallKind {
    /// A post of text, or of several pictures.
    Status,
    /// A post of one picture.
    Photo,
    /// A post of one video.
    Video,
    /// A comment, or a reply to one.
    Comment,
}

/// A picture or video of a post or comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// The photo's or video's id.
    pub id: String,
    /// Where it can be fetched.
    pub url: String,
    /// It is a video.
    pub video: bool,
}

/// Who wrote something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Writer {
    /// The id: the page's, the account's or a person's.
    pub id: String,
    /// The name, on Instagram the user name.
    pub name: String,
    /// The network does not tell who it is.
    pub hidden: bool,
}

/// A post or a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WallItem {
    /// The id: `{page}_{post}` or `{post}_{comment}` on a page, a number on Instagram.
    pub id: String,
    /// The post that this is or belongs to.
    pub post_id: String,
    /// What it answers: the post, or a comment; none for a post.
    pub parent_id: Option<String>,
    /// What it is.
    pub kind: WallKind,
    /// Who wrote it.
    pub from: Writer,
    /// The text.
    pub text: String,
    /// A link that the post shows.
    pub link: Option<String>,
    /// Pictures and videos.
    pub pictures: Vec<Picture>,
    /// When it was written, in simulated milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it was changed last.
    pub updated_ms: i64,
    /// Everybody sees it; a post may wait.
    pub published: bool,
    /// The page has hidden it.
    pub hidden: bool,
    /// It was deleted.
    pub removed: bool,
    /// The page has answered it privately.
    pub answered_privately: bool,
    /// Reactions, by who reacted.
    pub reactions: BTreeMap<String, String>,
}

impl WallItem {
    /// Whether this is a post.
    pub fn is_post(&self) -> bool {
        self.kind != WallKind::Comment
    }
}

/// What is new on a wall.
pub(crate) struct Draft {
    pub(crate) from: Writer,
    pub(crate) text: String,
    pub(crate) link: Option<String>,
    /// Addresses, and whether each is a video.
    pub(crate) pictures: Vec<(String, bool)>,
    pub(crate) published: bool,
    pub(crate) at_ms: i64,
}

#[derive(Debug)]
struct Inner {
    /// In the order of creation, because numbers only grow.
    items: BTreeMap<u64, WallItem>,
    next: u64,
}

/// All posts and comments of one account.
#[derive(Debug)]
pub(crate) struct Wall {
    /// A page's ids are made of two numbers, Instagram's are plain.
    page: Option<String>,
    inner: Mutex<Inner>,
}

impl Wall {
    /// Numbers begin at the time of the start, so that they do not come again at the next one.
    pub(crate) fn of_page(page: String, started_ms: i64) -> Self {
        Self::new(Some(page), started_ms, 1000)
    }

    /// Instagram's numbers have one digit more than the page's, so that no id means two things.
    pub(crate) fn of_instagram(started_ms: i64) -> Self {
        Self::new(None, started_ms, 10_000)
    }

    fn new(page: Option<String>, started_ms: i64, factor: u64) -> Self {
        Self {
            page,
            inner: Mutex::new(Inner {
                items: BTreeMap::new(),
                next: u64::try_from(started_ms)
                    .unwrap_or(1)
                    .saturating_mul(factor),
            }),
        }
    }

    /// Puts up a post.
    pub(crate) fn post(&self, draft: Draft) -> WallItem {
        let kind = match draft.pictures.as_slice() {
            [(_, true)] => WallKind::Video,
            [(_, false)] => WallKind::Photo,
            _ => WallKind::Status,
        };
        let mut inner = lock(&self.inner);
        let number = inner.number();
        let id = match &self.page {
            Some(page) => format!("{page}_{number}"),
            None => number.to_string(),
        };
        // A post of one picture shares its number with the picture.
        let single = (kind != WallKind::Status).then_some(number);
        let item = inner.make(id.clone(), id, None, kind, draft, single);
        inner.items.insert(number, item.clone());
        item
    }

    /// Puts a comment under a post or comment; `None`: there is no such thing.
    pub(crate) fn comment(&self, target: &str, draft: Draft) -> Option<WallItem> {
        let target = self.get(target)?;
        let mut inner = lock(&self.inner);
        let number = inner.number();
        let id = match &self.page {
            Some(_) => {
                let post = target.post_id.rsplit('_').next().unwrap_or_default();
                format!("{post}_{number}")
            }
            None => number.to_string(),
        };
        let parent = Some(target.id);
        let item = inner.make(id, target.post_id, parent, WallKind::Comment, draft, None);
        inner.items.insert(number, item.clone());
        Some(item)
    }

    /// A post or comment that is still there; a picture's number finds its post.
    pub(crate) fn get(&self, id: &str) -> Option<WallItem> {
        self.any(id).filter(|item| !item.removed)
    }

    /// A post or comment, also after it was deleted.
    pub(crate) fn any(&self, id: &str) -> Option<WallItem> {
        let number = number_of(id)?;
        let inner = lock(&self.inner);
        let item = inner.items.get(&number)?;
        let by_picture = !id.contains('_') && item.pictures.iter().any(|one| one.id == id);
        (item.id == id || by_picture).then(|| item.clone())
    }

    /// Changes what is still there and returns it as it is then.
    pub(crate) fn change(&self, id: &str, change: impl FnOnce(&mut WallItem)) -> Option<WallItem> {
        let number = number_of(id)?;
        let mut inner = lock(&self.inner);
        let item = inner.items.get_mut(&number).filter(|item| !item.removed)?;
        change(item);
        Some(item.clone())
    }

    /// Deletes it with everything below.
    pub(crate) fn remove(&self, id: &str) -> Option<WallItem> {
        let gone = self.change(id, |item| item.removed = true)?;
        let mut inner = lock(&self.inner);
        let mut below = vec![gone.id.clone()];
        // Answers are younger than what they answer, so one pass finds all of them.
        for item in inner.items.values_mut() {
            if item
                .parent_id
                .as_ref()
                .is_some_and(|parent| below.contains(parent))
            {
                item.removed = true;
                below.push(item.id.clone());
            }
        }
        Some(gone)
    }

    /// Published posts, the newest first.
    pub(crate) fn posts(&self) -> Vec<WallItem> {
        let inner = lock(&self.inner);
        let mut posts: Vec<WallItem> = inner
            .items
            .values()
            .filter(|item| item.is_post() && item.published && !item.removed)
            .cloned()
            .collect();
        // A scheduled or moved clock does not change the order of creation.
        posts.reverse();
        posts
    }

    /// What answers a post or comment directly, or everything below it; the oldest first.
    pub(crate) fn answers(&self, id: &str, all: bool) -> Vec<WallItem> {
        let inner = lock(&self.inner);
        let mut above = vec![id.to_owned()];
        let mut answers = Vec::new();
        for item in inner.items.values() {
            let Some(parent) = &item.parent_id else {
                continue;
            };
            if above.contains(parent) && !item.removed {
                if all {
                    above.push(item.id.clone());
                }
                answers.push(item.clone());
            }
        }
        answers
    }
}

impl Inner {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn make(
        &mut self,
        id: String,
        post_id: String,
        parent_id: Option<String>,
        kind: WallKind,
        draft: Draft,
        single: Option<u64>,
    ) -> WallItem {
        let mut pictures = Vec::with_capacity(draft.pictures.len());
        for (url, video) in draft.pictures {
            let number = single.unwrap_or_else(|| self.number());
            pictures.push(Picture {
                id: number.to_string(),
                url,
                video,
            });
        }
        WallItem {
            id,
            post_id,
            parent_id,
            kind,
            from: draft.from,
            text: draft.text,
            link: draft.link,
            pictures,
            created_ms: draft.at_ms,
            updated_ms: draft.at_ms,
            published: draft.published,
            hidden: false,
            removed: false,
            answered_privately: false,
            reactions: BTreeMap::new(),
        }
    }
}

fn number_of(id: &str) -> Option<u64> {
    id.rsplit('_').next()?.parse().ok()
}
