//! Emoji, as X counts them.

use std::collections::HashSet;
use std::sync::LazyLock;

/// X's library takes these apart, though Unicode has them as one: the eye in a speech bubble, which it has
/// without selectors, and infinity, which it has without its own.
const APART: [&str; 2] = [
    "\u{1F441}\u{FE0F}\u{200D}\u{1F5E8}\u{FE0F}",
    "\u{267E}\u{FE0F}",
];
const EYE_IN_SPEECH_BUBBLE: &str = "\u{1F441}\u{200D}\u{1F5E8}";

/// The characters with which an emoji of more than one character can begin, and the most characters of one.
static SEQUENCES: LazyLock<(HashSet<char>, usize)> = LazyLock::new(|| {
    let mut first = HashSet::new();
    let mut longest = 0;
    let all = emojis::iter().flat_map(|emoji| {
        let tones = emoji.skin_tones().into_iter().flatten();
        std::iter::once(emoji).chain(tones)
    });
    for emoji in all {
        first.extend(emoji.as_str().chars().next());
        longest = longest.max(emoji.as_str().chars().count());
    }
    (first, longest)
});

/// How many characters the emoji at a place has; `None` if there is none.
pub fn at(text: &[char], place: usize) -> Option<usize> {
    let rest = text.get(place..)?;
    let (first, longest) = &*SEQUENCES;
    if !first.contains(rest.first()?) {
        return None;
    }
    let mut candidate: String = rest.iter().take(*longest).collect();
    let mut chars = rest.len().min(*longest);
    while chars > 0 {
        if is_emoji(&candidate) {
            return Some(chars);
        }
        candidate.pop();
        chars -= 1;
    }
    None
}

/// Whether a text is one emoji, written in full. Only the frame of a key may lack its selector.
fn is_emoji(text: &str) -> bool {
    let is_key = || text.ends_with('\u{20E3}');
    text == EYE_IN_SPEECH_BUBBLE
        || (emojis::get(text).is_some_and(|emoji| emoji.as_str() == text || is_key())
            && !APART.contains(&text))
}
