//! What X tells about people, in its present and in its first form.

use std::collections::BTreeMap;

use linecard_sdk::events::{Author, Profile};
use serde_json::Value;

use crate::fields::{id, list, text};

/// The members that are asked for.
pub const USER_FIELDS: &str =
    "username,name,profile_image_url,verified,public_metrics,receives_your_dm,connection_status";

/// People by their id.
#[derive(Debug, Default)]
pub struct People(BTreeMap<String, Profile>);

impl People {
    /// From `includes.users`.
    pub fn included(includes: &Value) -> Self {
        let users =
            list(includes, "/users").filter_map(|user| Some((id(user, "/id")?, profile(user))));
        Self(users.collect())
    }

    /// From a map by id, whose values are people, or people under `data`.
    pub fn by_id(users: Option<&Value>) -> Self {
        let users = users.and_then(Value::as_object).into_iter().flatten();
        let users = users.map(|(id, user)| (id.clone(), profile(user.get("data").unwrap_or(user))));
        Self(users.collect())
    }

    /// One person, from either form.
    pub fn one(user: &Value) -> Self {
        let author = author(user);
        Self(
            author
                .into_iter()
                .filter_map(|author| Some((author.identity.id, author.profile?)))
                .collect(),
        )
    }

    /// The ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Somebody with what is known of them.
    pub fn author(&self, id: &str) -> Author {
        let author = Author::new(id);
        match self.0.get(id) {
            Some(profile) => author.profile(profile.clone()),
            None => author,
        }
    }

    /// Somebody's handle.
    pub fn handle(&self, id: &str) -> Option<&str> {
        self.0.get(id)?.handle.as_deref()
    }
}

/// Somebody as an author, from either form.
pub fn author(user: &Value) -> Option<Author> {
    let id = id(user, "/id_str").or_else(|| id(user, "/id"))?;
    Some(Author::new(id).profile(profile(user)))
}

/// The facts, from either form.
pub fn profile(user: &Value) -> Profile {
    let connection = |wanted: &str| {
        user.get("connection_status")
            .and_then(Value::as_array)
            .map(|states| states.iter().any(|state| state == wanted))
    };
    let either = |new: &str, old: &str| text(user, new).or_else(|| text(user, old));
    let followers = user
        .pointer("/public_metrics/followers_count")
        .or_else(|| user.get("followers_count"));
    Profile {
        display_name: text(user, "/name"),
        handle: either("/username", "/screen_name"),
        avatar_url: either("/profile_image_url", "/profile_image_url_https"),
        followers: followers.and_then(Value::as_u64),
        verified: user.get("verified").and_then(Value::as_bool),
        follows_us: connection("followed_by"),
        we_follow: connection("following"),
        accepts_messages: user.get("receives_your_dm").and_then(Value::as_bool),
        ..Profile::default()
    }
}
