//! Emoji, as X counts them.

use std::collections::HashSet;
use std::sync::LazyLock;

/// X's library has this one without the selectors that Unicode gives it.
const EYE_IN_SPEECH_BUBBLE: &str = "\u{1F441}\u{200D}\u{1F5E8}";
const JOINER: char = '\u{200D}';

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
        if is_emoji(&candidate, chars) {
            return Some(chars);
        }
        candidate.pop();
        chars -= 1;
    }
    None
}

/// Whether a text of so many characters is one emoji. Joined ones must be written in full.
fn is_emoji(text: &str, chars: usize) -> bool {
    if text == EYE_IN_SPEECH_BUBBLE {
        return true;
    }
    let Some(emoji) = emojis::get(text) else {
        return false;
    };
    let without_selectors = || emoji.as_str().replace('\u{FE0F}', "");
    if emoji.as_str() == text {
        return !text.contains(JOINER) || without_selectors() != EYE_IN_SPEECH_BUBBLE;
    }
    chars > 1 && !text.contains(JOINER)
}
