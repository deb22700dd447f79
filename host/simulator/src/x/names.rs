//! Posts were called tweets once: who asks in the newer words, as X's own clients do, is answered in them.

use serde_json::{Map, Value};

use super::errors::PROBLEMS;

/// Where newer answers have the kinds of problems.
const NEWER_PROBLEMS: &str = "https://api.x.com/2/problems/";

/// The older and the newer name of a field.
const FIELDS: [(&str, &str); 3] = [
    ("edit_history_tweet_ids", "edit_history_post_ids"),
    ("note_tweet", "note_post"),
    ("referenced_tweets", "referenced_posts"),
];
/// Names that only answers have.
const ANSWERED: [(&str, &str); 3] = [
    ("retweet_count", "repost_count"),
    ("tweet_count", "post_count"),
    ("tweets", "posts"),
];

/// Puts the parameters of a query into the older words. Whether they were in the newer ones.
pub(crate) fn asked(query: &mut [(String, String)]) -> bool {
    let mut newer = false;
    for (name, value) in query {
        let is_fields = name == "post.fields";
        if is_fields {
            "tweet.fields".clone_into(name);
            newer = true;
        }
        if is_fields || name == "expansions" {
            let words = value.split(',').map(|word| match word {
                "referenced_posts" if !is_fields => {
                    newer = true;
                    "referenced_tweets.id"
                }
                word => FIELDS
                    .iter()
                    .find(|(_, new)| *new == word)
                    .map_or(word, |(old, _)| *old),
            });
            *value = words.collect::<Vec<_>>().join(",");
        }
    }
    newer
}

/// An answer in the newer words.
pub(crate) fn answered(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(answered).collect(),
        Value::Object(members) => {
            let renamed: Map<String, Value> = members
                .into_iter()
                .map(|(name, value)| {
                    let all = FIELDS.iter().chain(&ANSWERED);
                    let newer = all
                        .clone()
                        .find(|(old, _)| *old == name)
                        .map(|(_, new)| (*new).to_owned());
                    (newer.unwrap_or(name), answered(value))
                })
                .collect();
            Value::Object(renamed)
        }
        Value::String(text) => match text.strip_prefix(PROBLEMS) {
            Some(kind) => Value::String(format!("{NEWER_PROBLEMS}{kind}")),
            None => Value::String(text),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{answered, asked};
    use serde_json::json;

    #[test]
    fn the_newer_words_are_asked_for_and_answered() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut query = [
            pair("post.fields", "lang,note_post"),
            pair("expansions", "author_id,referenced_posts"),
        ];
        assert!(asked(&mut query));
        assert_eq!(query[0], pair("tweet.fields", "lang,note_tweet"));
        assert_eq!(query[1].1, "author_id,referenced_tweets.id");
        assert!(!asked(&mut query));
        let old =
            json!({ "data": [{ "note_tweet": { "text": "a" } }], "includes": { "tweets": [] } });
        let new =
            json!({ "data": [{ "note_post": { "text": "a" } }], "includes": { "posts": [] } });
        assert_eq!(answered(old), new);
    }
}
