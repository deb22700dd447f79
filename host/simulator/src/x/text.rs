//! How long texts may be, and what stands in the text of a post.

use linecard_text::x_links;
use serde_json::{Value, json};

/// The longest post of an account without long posts, in weighted characters.
pub const POST_LIMIT: usize = 280;
/// The longest post of an account with long posts, in characters.
pub const LONG_POST_LIMIT: usize = 25_000;
/// The longest direct message, in characters.
pub const DM_LIMIT: usize = 10_000;

/// A text as the API writes it: three signs as HTML has them.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The text without the mentions that lead a reply, which count nothing.
pub(crate) fn past_leading_mentions(text: &str) -> &str {
    let mut rest = text;
    while let Some(after) = rest.strip_prefix('@') {
        let end = after
            .find(|one: char| !is_handle(one))
            .unwrap_or(after.len());
        if end == 0 {
            break;
        }
        rest = after.get(end..).unwrap_or_default().trim_start();
    }
    rest
}

fn is_handle(one: char) -> bool {
    one.is_ascii_alphanumeric() || one == '_'
}

/// Words after `@`, `#` or `$`-like marks: the word and its range in characters.
fn marked(text: &str, mark: char, part: impl Fn(char) -> bool) -> Vec<(String, usize, usize)> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(one) = chars.get(at) {
        let before = at.checked_sub(1).and_then(|place| chars.get(place));
        let starts = *one == mark && before.is_none_or(|before| !before.is_alphanumeric());
        if starts {
            let word: String = chars
                .iter()
                .skip(at + 1)
                .take_while(|one| part(**one))
                .collect();
            if !word.is_empty() {
                let end = at + 1 + word.chars().count();
                found.push((word, at, end));
                at = end;
                continue;
            }
        }
        at += 1;
    }
    found
}

/// The user names that a text mentions.
pub(crate) fn mentions(text: &str) -> Vec<String> {
    marked(text, '@', is_handle)
        .into_iter()
        .map(|(word, ..)| word)
        .collect()
}

/// The hashtags of a text.
pub(crate) fn hashtags(text: &str) -> Vec<String> {
    marked(text, '#', |one| one.is_alphanumeric() || one == '_')
        .into_iter()
        .map(|(word, ..)| word)
        .collect()
}

/// The `entities` of a post; ranges are in characters. `id_of` knows a user's id by the name.
pub(crate) fn entities(text: &str, id_of: impl Fn(&str) -> Option<String>) -> Option<Value> {
    let mut entities = serde_json::Map::new();
    let mentioned: Vec<Value> = marked(text, '@', is_handle)
        .into_iter()
        .map(|(name, start, end)| {
            let mut mention = json!({ "start": start, "end": end, "username": name });
            if let (Some(id), Some(members)) = (id_of(&name), mention.as_object_mut()) {
                members.insert("id".to_owned(), json!(id));
            }
            mention
        })
        .collect();
    let tags: Vec<Value> = marked(text, '#', |one| one.is_alphanumeric() || one == '_')
        .into_iter()
        .map(|(tag, start, end)| json!({ "start": start, "end": end, "tag": tag }))
        .collect();
    let chars = |bytes: usize| text.get(..bytes).unwrap_or_default().chars().count();
    let links: Vec<Value> = x_links(text)
        .into_iter()
        .map(|link| {
            let (start, end) = (chars(link.start), chars(link.end));
            let url = text.get(link).unwrap_or_default();
            let (expanded, display) = match url.split_once("://") {
                Some((_, display)) => (url.to_owned(), display),
                None => (format!("http://{url}"), url),
            };
            json!({ "start": start, "end": end, "url": url, "expanded_url": expanded, "display_url": display })
        })
        .collect();
    for (name, list) in [("mentions", mentioned), ("hashtags", tags), ("urls", links)] {
        if !list.is_empty() {
            entities.insert(name.to_owned(), Value::Array(list));
        }
    }
    (!entities.is_empty()).then_some(Value::Object(entities))
}

#[cfg(test)]
mod tests {
    use super::{mentions, past_leading_mentions};

    #[test]
    fn finds_mentions() {
        assert_eq!(mentions("a@b @ann, @bob!"), ["ann", "bob"]);
        assert_eq!(past_leading_mentions("@ann @bob hi @c"), "hi @c");
    }
}
