//! What customers do on X.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::X;
use super::activity;
use super::dms;
use super::posts::{Draft, place};
use super::reactions::repost_by;
use super::state::conversation_of;
use super::upload;
use crate::customers::{Author, Profile, Turn};
use crate::delivery::{Delivery, Outcome};

/// A file that a customer attaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attached {
    /// The media type, such as `image/png`.
    pub mime: String,
    /// The bytes in BASE64.
    pub base64: String,
}

/// Something that a customer does. Ids of posts are decimal strings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Incoming {
    /// Writes a post: with a mention, with hashtags, about a competitor, or a reply or quote.
    Post {
        /// The text.
        text: String,
        /// The post that it answers.
        #[serde(default)]
        reply_to: Option<String>,
        /// The post that it quotes.
        #[serde(default)]
        quotes: Option<String>,
        /// A file.
        #[serde(default)]
        media: Option<Attached>,
    },
    /// Changes a post of their own; it gets a new id.
    Edit {
        /// The post.
        post: String,
        /// The new text.
        text: String,
    },
    /// Deletes a post of their own; no webhook tells of it.
    Delete {
        /// The post.
        post: String,
    },
    /// Reposts.
    Repost {
        /// The post.
        post: String,
    },
    /// Likes.
    Like {
        /// The post.
        post: String,
    },
    /// Writes a direct message to the company.
    Dm {
        /// The text.
        text: String,
        /// A file.
        #[serde(default)]
        media: Option<Attached>,
    },
    /// Writes in an encrypted chat, of which the account is told without what it says.
    EncryptedChat,
    /// Types a direct message.
    Typing,
    /// Has read the company's direct messages up to one.
    Read {
        /// The message.
        message: String,
    },
    /// Follows the company.
    Follow,
    /// Follows the company no more.
    Unfollow,
}

impl Incoming {
    /// A post with this text.
    pub fn mention(text: impl Into<String>) -> Self {
        Self::Post {
            text: text.into(),
            reply_to: None,
            quotes: None,
            media: None,
        }
    }

    /// A reply to a post.
    pub fn reply(to: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Post {
            text: text.into(),
            reply_to: Some(to.into()),
            quotes: None,
            media: None,
        }
    }

    /// A direct message with this text.
    pub fn dm(text: impl Into<String>) -> Self {
        Self::Dm {
            text: text.into(),
            media: None,
        }
    }
}

impl X {
    pub(crate) async fn say(&self, id: &str, what: Incoming) -> Delivery {
        let numeric = (1..=19).contains(&id.len()) && id.bytes().all(|one| one.is_ascii_digit());
        if !numeric {
            return Outcome::never(format!("{id:?} is no user id of X; take up to 19 digits"))
                .delivery(id, "");
        }
        if !self.state().users.contains_key(id) {
            self.add_customer(id, Profile::named("Customer", id));
        }
        match self.done_by(id, what) {
            Err(problem) => Outcome::never(problem).delivery(id, ""),
            Ok((message, happenings)) => {
                self.tell_and_wait(happenings).await.delivery(id, &message)
            }
        }
    }

    fn attached(&self, media: Option<&Attached>, category: &str) -> Result<Option<u64>, String> {
        let Some(media) = media else {
            return Ok(None);
        };
        let bytes = STANDARD
            .decode(&media.base64)
            .map_err(|error| format!("the file is not BASE64: {error}"))?;
        let mut medium = upload::by_customer(self, &media.mime, Bytes::from(bytes))
            .map_err(|error| error.body.to_string())?;
        medium.category = medium.category.replace("dm_", category);
        let id = medium.id;
        self.state().media.insert(id, medium);
        Ok(Some(id))
    }

    fn done_by(
        &self,
        who: &str,
        what: Incoming,
    ) -> Result<(String, Vec<activity::Happening>), String> {
        let now = self.world.clock.now_ms();
        let company = self.options.user_id.clone();
        let number = |id: &str| id.parse::<u64>().map_err(|_| format!("{id:?} is no id"));
        let known = |id: &str| {
            let id = number(id)?;
            self.state()
                .post(id)
                .cloned()
                .ok_or_else(|| format!("there is no post {id}"))
        };
        let own = |id: &str| {
            known(id).and_then(|post| {
                if post.author == who {
                    Ok(post)
                } else {
                    Err(format!("post {id} is not by {who}"))
                }
            })
        };
        let turn = |id: u64, text: &str, reply_to: Option<u64>, media: Option<u64>| {
            self.world.customers.change(who, |customer| {
                customer.last_active_ms = Some(now);
                let mut turn = Turn::new(id.to_string(), Author::Customer, now);
                text.clone_into(&mut turn.text);
                turn.reply_to = reply_to.map(|id| id.to_string());
                turn.attachments = media
                    .iter()
                    .map(|id| json!({ "media_id": id.to_string() }))
                    .collect();
                customer.conversation.push(turn);
            });
        };
        match what {
            Incoming::Post {
                text,
                reply_to,
                quotes,
                media,
            } => {
                let reply_to = reply_to
                    .as_deref()
                    .map(known)
                    .transpose()?
                    .map(|post| post.id);
                let quotes = quotes
                    .as_deref()
                    .map(known)
                    .transpose()?
                    .map(|post| post.id);
                let media = self.attached(media.as_ref(), "tweet_")?;
                let mut state = self.state();
                let post = place(
                    &mut state,
                    who,
                    Draft {
                        text,
                        reply_to,
                        quotes,
                        media: media.into_iter().collect(),
                        edits: None,
                    },
                    now,
                );
                let happenings = activity::of_post(self, &state, &post);
                drop(state);
                turn(post.id, &post.text, reply_to, media);
                Ok((post.id.to_string(), happenings))
            }
            Incoming::Edit { post, text } => {
                let old = own(&post)?;
                let mut state = self.state();
                let draft = Draft {
                    text,
                    edits: Some(old.id),
                    quotes: old.quotes,
                    media: old.media,
                    ..Draft::default()
                };
                let new = place(&mut state, who, draft, now);
                let happenings = activity::of_post(self, &state, &new);
                drop(state);
                self.world.customers.change(who, |customer| {
                    if let Some(turn) = customer
                        .conversation
                        .iter_mut()
                        .find(|turn| turn.message_id == post)
                    {
                        turn.text.clone_from(&new.text);
                        turn.message_id = new.id.to_string();
                        turn.edits += 1;
                    }
                });
                Ok((new.id.to_string(), happenings))
            }
            Incoming::Delete { post } => {
                let old = own(&post)?;
                if let Some(post) = self.state().posts.get_mut(&old.id) {
                    post.gone = true;
                }
                self.world.customers.change(who, |customer| {
                    if let Some(turn) = customer
                        .conversation
                        .iter_mut()
                        .find(|turn| turn.message_id == post)
                    {
                        turn.deleted = true;
                    }
                });
                // Only an account's own deletions are told to it; a hub learns of others by looking.
                Ok((post, Vec::new()))
            }
            Incoming::Repost { post } => {
                let original = known(&post)?;
                let mut state = self.state();
                let repost =
                    repost_by(&mut state, who, original.id, now).ok_or("the post is gone")?;
                let happenings = activity::of_post(self, &state, &repost);
                Ok((repost.id.to_string(), happenings))
            }
            Incoming::Like { post } => {
                let liked = known(&post)?;
                let mut state = self.state();
                if let Some(post) = state.posts.get_mut(&liked.id) {
                    post.likes.insert(who.to_owned());
                }
                let told = liked.author == company;
                let happening = activity::like(self, &state, &liked, who);
                Ok((post, told.then_some(happening).into_iter().collect()))
            }
            Incoming::Dm { text, media } => {
                let media = self.attached(media.as_ref(), "dm_")?;
                let mut state = self.state();
                let dm = dms::place(
                    &mut state,
                    &conversation_of(&company, who),
                    who,
                    &text,
                    media,
                    now,
                );
                let happening = activity::direct_message(self, &state, &dm);
                drop(state);
                turn(dm.id, &text, None, media);
                Ok((dm.id.to_string(), vec![happening]))
            }
            Incoming::EncryptedChat => {
                let happening = activity::encrypted_chat(self, who);
                let id = happening.payload["id"].as_str().unwrap_or_default();
                Ok((id.to_owned(), vec![happening]))
            }
            Incoming::Typing => Ok((
                String::new(),
                vec![activity::signal(self, &self.state(), who, None)],
            )),
            Incoming::Read { message } => {
                let id = number(&message)?;
                Ok((
                    message,
                    vec![activity::signal(self, &self.state(), who, Some(id))],
                ))
            }
            Incoming::Follow | Incoming::Unfollow => {
                let on = what == Incoming::Follow;
                let mut state = self.state();
                let pair = (who.to_owned(), company.clone());
                if on {
                    state.follows.insert(pair);
                } else {
                    state.follows.remove(&pair);
                }
                Ok((
                    String::new(),
                    vec![activity::follow(self, &state, who, &company, on)],
                ))
            }
        }
    }
}
