//! The length of a post as X counts it, and what stands in its text.

use emojis::get as emoji;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// The longest post of an account without long posts, in weighted characters.
pub const POST_LIMIT: usize = 280;
/// The longest post of an account with long posts, in characters.
pub const LONG_POST_LIMIT: usize = 25_000;
/// The longest direct message, in characters.
pub const DM_LIMIT: usize = 10_000;
/// What any address counts.
const URL_WEIGHT: usize = 23;

/// The weighted length: Latin and general punctuation 1, other characters 2, an emoji 2 however
/// many code points it has, an address 23 (the third configuration of twitter-text).
pub fn weighted_length(text: &str) -> usize {
    let text: String = text.nfc().collect();
    let mut length = 0;
    let mut rest = 0;
    for (from, to) in urls(&text) {
        length += weight(text.get(rest..from).unwrap_or_default()) + URL_WEIGHT;
        rest = to;
    }
    length + weight(text.get(rest..).unwrap_or_default())
}

fn weight(text: &str) -> usize {
    text.graphemes(true)
        .map(|cluster| {
            if !cluster.is_ascii() && emoji(cluster).is_some() {
                return 2;
            }
            cluster
                .chars()
                .map(|one| match u32::from(one) {
                    0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => 1,
                    _ => 2,
                })
                .sum()
        })
        .sum()
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

/// The byte ranges of addresses.
fn urls(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| {
        let one = rest.find("https://");
        let other = rest.find("http://");
        one.into_iter().chain(other).min().map(|place| at + place)
    }) {
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let trimmed = rest
            .get(..end)
            .unwrap_or_default()
            .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'']);
        found.push((start, start + trimmed.len()));
        at = start + end.max(1);
    }
    found
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
    let links: Vec<Value> = urls(text)
        .into_iter()
        .map(|(from, to)| {
            let url = text.get(from..to).unwrap_or_default();
            let display = url.split_once("://").map_or(url, |(_, rest)| rest);
            json!({ "start": chars(from), "end": chars(to), "url": url, "expanded_url": url, "display_url": display })
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
    use super::{mentions, past_leading_mentions, weighted_length};

    #[test]
    fn counts_as_the_reference_does() {
        assert_eq!(weighted_length("abc"), 3);
        assert_eq!(weighted_length("\u{65e5}\u{672c}"), 4);
        assert_eq!(
            weighted_length("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}"),
            2
        );
        assert_eq!(weighted_length("e\u{301}"), 1, "composed first");
        assert_eq!(
            weighted_length("see https://example.com/a/very/long/path now"),
            4 + 23 + 4
        );
    }

    #[test]
    fn finds_mentions() {
        assert_eq!(mentions("a@b @ann, @bob!"), ["ann", "bob"]);
        assert_eq!(past_leading_mentions("@ann @bob hi @c"), "hi @c");
    }
}
