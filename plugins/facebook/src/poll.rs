//! Polling: the page's posts are looked through for posts and comments.

use linecard_graph::Api;
use linecard_graph::comments::{Comment, Post, Reach, Walk, Wall};
use linecard_graph::ids::usable;
use linecard_graph::inbox::PACE;
use linecard_graph::paging::Page;
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::PollPage;
use linecard_sdk::json::{Lenient as _, Part};
use linecard_sdk::time;

use crate::attachments;
use crate::config::Config;
use crate::events::{Place, Said, Writer};

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
const POST_FIELDS: &str = "id,message,story,from,created_time,permalink_url,attachments{type,media_type,url,title,media,target,subattachments}";
const COMMENT_FIELDS: &str =
    "id,message,from,parent{id},attachment,created_time,permalink_url,is_hidden";

/// One step of a look. A cursor that cannot be read starts anew: the host knows what it has.
pub fn poll(config: &Config, cursor: &[u8]) -> Result<PollPage, Failure> {
    let every = config.poll_every_minutes.max(1).saturating_mul(MINUTE);
    if !config.poll {
        return Ok(PollPage::new(Vec::new(), cursor, every));
    }
    let now = time::now();
    let mut walk = serde_json::from_slice::<Walk>(cursor).unwrap_or_else(|_| {
        let back = config.poll_first_hours.saturating_mul(60 * MINUTE);
        Walk::since(now.saturating_sub(back))
    });
    let reach = Reach {
        oldest_post: now.saturating_sub(config.poll_days.saturating_mul(DAY)),
        most_posts: config.poll_posts,
    };
    let page = FeedPage {
        config,
        since: (reach.oldest_post / 1000).to_string(),
    };
    let events = walk.step(&page, reach)?;
    let next_in_ms = if walk.is_done() { every } else { PACE };
    // Numbers and texts always make JSON.
    let cursor = serde_json::to_vec(&walk).unwrap_or_default();
    Ok(PollPage::new(events, cursor, next_in_ms))
}

/// The page's feed: its own posts and those of visitors.
struct FeedPage<'a> {
    config: &'a Config,
    since: String,
}

impl Wall for FeedPage<'_> {
    fn api(&self) -> Api<'_> {
        self.config.api()
    }

    fn posts_url(&self, position: &[(&str, &str)]) -> String {
        // `stream` is all comments in one list, answers to comments too.
        let fields = format!(
            "{POST_FIELDS},comments.filter(stream).order(reverse_chronological).limit(25){{{COMMENT_FIELDS}}}"
        );
        let mut query = vec![
            ("since", self.since.as_str()),
            ("fields", fields.as_str()),
            // Graph refuses pages with too much in them.
            ("limit", "20"),
        ];
        query.extend(position);
        self.config
            .api()
            .url(&[&self.config.page_id, "feed"], &query)
    }

    fn comments_url(&self, post: &str, position: &[(&str, &str)]) -> String {
        let mut query = vec![
            ("filter", "stream"),
            ("order", "reverse_chronological"),
            ("fields", COMMENT_FIELDS),
            ("limit", "100"),
        ];
        query.extend(position);
        self.config.api().url(&[post, "comments"], &query)
    }

    fn read_post<'d>(&self, part: Part<'d>) -> Option<Post<'d>> {
        let stored = part.object()?;
        let id = usable(stored.text("id"))?;
        let created = stored.time("created_time")?;
        let permalink = stored.text("permalink_url");
        let said = Said {
            id: &id,
            place: Place::Post,
            text: stored.first_text(&["message", "story"]),
            attachments: stored
                .object("attachments")
                .into_iter()
                .flat_map(|page| page.list("data"))
                .flat_map(attachments::of_api)
                .collect(),
            structured: None,
            addressed: Some(true),
            author: Writer::of(stored.object("from")),
            time: created,
            permalink: permalink.clone(),
            raw: part.raw(),
        };
        Some(Post {
            event: said.event(self.config),
            id: id.clone(),
            created,
            permalink,
            comments: Page::within(part, "comments"),
        })
    }

    fn read_comment(&self, post: &str, permalink: Option<&str>, part: Part<'_>) -> Option<Comment> {
        let stored = part.object()?;
        let id = usable(stored.text("id"))?;
        let created = stored.time("created_time")?;
        let parent = usable(stored.text_at(&["parent", "id"]));
        let said = Said {
            id: &id,
            place: Place::Comment {
                post,
                parent: parent.as_deref(),
            },
            text: stored.text("message"),
            attachments: stored
                .member("attachment")
                .map(attachments::of_api)
                .unwrap_or_default(),
            structured: None,
            addressed: None,
            author: Writer::of(stored.object("from")),
            time: created,
            permalink: permalink.map(str::to_owned),
            raw: part.raw(),
        };
        Some(Comment {
            created,
            events: vec![said.event(self.config)],
        })
    }
}
