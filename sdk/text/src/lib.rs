//! How networks count the length of a text, and what X takes for a link in it: for the hub, the connectors
//! and the simulated networks.

mod domains;
mod emoji;
mod links;

use unicode_normalization::UnicodeNormalization as _;

pub use links::x_links;

/// What a link counts on X, however long it is: X puts a short one of its own in its place.
const LINK: usize = 23;
/// What an emoji counts on X, with all that belongs to it.
const EMOJI: usize = 2;

/// X's weighted length: the text is normalized (NFC); a link counts 23, an emoji with all that belongs to
/// it 2, characters of Latin and the scripts near it 1, all others 2. The weights are those of the
/// configuration version 3 of X's twitter-text library; links are found as [`x_links`] tells.
///
/// Emoji are those of today's Unicode, which are more than the library knows.
///
/// ```
/// assert_eq!(linecard_text::x_weighted("Grüße"), 5);
/// assert_eq!(linecard_text::x_weighted("日本"), 4);
/// assert_eq!(linecard_text::x_weighted("👨‍👩‍👧"), 2);
/// assert_eq!(linecard_text::x_weighted("see https://example.com/a/long/path."), 28);
/// ```
pub fn x_weighted(text: &str) -> usize {
    let text: Vec<char> = text.nfc().collect();
    let mut links = links::of(&text).into_iter().peekable();
    let mut length = 0;
    let mut at = 0;
    while let Some(&c) = text.get(at) {
        if let Some(link) = links.next_if(|link| link.start == at) {
            length += LINK;
            at = link.end;
        } else if let Some(chars) = emoji::at(&text, at) {
            length += EMOJI;
            at += chars;
        } else {
            length += weight(c);
            at += 1;
        }
    }
    length
}

fn weight(c: char) -> usize {
    match u32::from(c) {
        0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::x_weighted;

    #[test]
    fn characters_count_by_their_script() {
        assert_eq!(x_weighted(""), 0);
        assert_eq!(x_weighted("Hello – “you”"), 13);
        assert_eq!(x_weighted("Привет"), 6);
        assert_eq!(x_weighted("日本語"), 6);
        assert_eq!(x_weighted("한국"), 4);
        assert_eq!(x_weighted("€"), 2);
    }

    #[test]
    fn composed_and_decomposed_letters_count_the_same() {
        assert_eq!(x_weighted("cafe\u{301}"), 4);
        assert_eq!(x_weighted("café"), 4);
    }

    #[test]
    fn an_emoji_counts_two_with_all_that_belongs_to_it() {
        for emoji in ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "❤️", "©️", "🪐", "🧑‍🚀"]
        {
            assert_eq!(x_weighted(emoji), 2, "{emoji}");
        }
        assert_eq!(x_weighted("😀😀"), 4);
        assert_eq!(x_weighted("👍🏽\u{301}"), 3);
        assert_eq!(x_weighted("© 1"), 3);
    }

    #[test]
    fn a_link_counts_twenty_three() {
        let long = format!("https://example.com/{}", "a".repeat(400));
        for link in [
            "http://x.co",
            "example.com",
            "example.museum",
            "www.example.de/path?q=1",
            &long,
        ] {
            assert_eq!(x_weighted(link), 23, "{link}");
            assert_eq!(x_weighted(&format!("({link}).")), 26, "{link}");
            assert_eq!(x_weighted(&format!("a {link} b")), 27, "{link}");
        }
        for plain in [
            "a@example.com",
            "@example.com",
            "etc.and",
            "3.14",
            "https://",
        ] {
            assert_eq!(x_weighted(plain), plain.len(), "{plain}");
        }
    }

    #[test]
    fn a_long_text_is_counted_in_a_moment() {
        for part in ["日本", "a.", "(", "@x.", "1️⃣", "日本.", "http://a.com/(("] {
            let text: String = part.repeat(25_000);
            let start = std::time::Instant::now();
            assert!(x_weighted(&text) > 0);
            assert!(start.elapsed().as_secs() < 5, "{part}");
        }
    }
}
