//! How networks count the length of a text, for the hub and for the connectors.

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// What a link counts on X, however long it is: X puts a short one of its own in its place.
const LINK: usize = 23;

/// X's weighted length: the text is normalized (NFC); a link counts 23, an emoji with all that belongs to
/// it 2, characters of Latin and the scripts near it 1, all others 2. The weights are those of the
/// configuration version 3 of X's twitter-text library.
///
/// Links are found by their scheme, or by a host whose last part is one of the common domains: a bare name
/// below a rarer domain is counted by its characters.
///
/// ```
/// assert_eq!(linecard_text::x_weighted("Grüße"), 5);
/// assert_eq!(linecard_text::x_weighted("日本"), 4);
/// assert_eq!(linecard_text::x_weighted("👨‍👩‍👧"), 2);
/// assert_eq!(linecard_text::x_weighted("see https://example.com/a/long/path."), 28);
/// ```
pub fn x_weighted(text: &str) -> usize {
    let text: String = text.nfc().collect();
    text.split_inclusive(char::is_whitespace).map(word).sum()
}

/// A word with the white space behind it.
fn word(word: &str) -> usize {
    match link(word) {
        Some((start, end)) => {
            let around = [word.get(..start), word.get(end..)];
            around.into_iter().flatten().map(plain).sum::<usize>() + LINK
        }
        None => plain(word),
    }
}

/// Where a link begins and ends in a word.
fn link(word: &str) -> Option<(usize, usize)> {
    let lower = word.to_ascii_lowercase();
    let scheme = ["https://", "http://"]
        .into_iter()
        .find_map(|scheme| lower.find(scheme).map(|at| (at, scheme.len())));
    let start = if let Some((at, length)) = scheme {
        host_end(lower.get(at + length..)?)?;
        at
    } else {
        let start = lower.find(|c: char| c.is_ascii_alphanumeric())?;
        let before = lower.get(..start)?;
        // `@name.com` is a mention.
        if before.ends_with(['@', '#', '$', '_', '-', '.', '/']) {
            return None;
        }
        let rest = lower.get(start..)?;
        let host = rest.get(..host_end(rest)?)?;
        let (_, domain) = host.rsplit_once('.')?;
        if !DOMAINS.contains(&domain) {
            return None;
        }
        start
    };
    let rest = word.get(start..)?;
    let end = rest
        .trim_end()
        .trim_end_matches([
            '.', ',', ';', ':', '!', '?', ')', ']', '"', '\'', '»', '”', '…',
        ])
        .len();
    Some((start, start + end))
}

/// The domains under which a name without a scheme is a link.
const DOMAINS: [&str; 32] = [
    "com", "org", "net", "edu", "gov", "int", "info", "biz", "io", "co", "eu", "de", "uk", "fr",
    "it", "es", "nl", "be", "ch", "at", "pl", "se", "dk", "fi", "us", "ca", "au", "jp", "br", "in",
    "app", "dev",
];

/// Where a host with at least one dot ends; `None` if the text does not begin with one.
fn host_end(text: &str) -> Option<usize> {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-')))
        .unwrap_or(text.len());
    let host = text.get(..end)?.trim_end_matches(['.', '-']);
    let follows = text.get(end..)?.chars().next();
    let is_host = host.contains('.')
        && !host.starts_with('.')
        && !host.contains("..")
        && follows != Some('@')
        && follows != Some('_');
    is_host.then_some(host.len())
}

fn plain(text: &str) -> usize {
    text.graphemes(true)
        .map(|cluster| {
            if is_emoji(cluster) {
                2
            } else {
                cluster.chars().map(weight).sum()
            }
        })
        .sum()
}

/// Whether a cluster is shown as one emoji.
fn is_emoji(cluster: &str) -> bool {
    let mut chars = cluster.chars();
    let Some(first) = chars.next() else {
        return false;
    };
    let is_picture = matches!(u32::from(first), 0x1F000..=0x1FAFF | 0x2190..=0x2BFF | 0x3030 | 0x303D | 0x3297 | 0x3299);
    let is_selected = chars.any(|c| c == '\u{FE0F}');
    is_picture
        || (is_selected
            && matches!(
                first,
                '0'..='9' | '#' | '*' | '©' | '®' | '‼' | '⁉' | '™' | 'ℹ'
            ))
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
        for emoji in ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "❤️"]
        {
            assert_eq!(x_weighted(emoji), 2, "{emoji}");
        }
        assert_eq!(x_weighted("😀😀"), 4);
    }

    #[test]
    fn a_link_counts_twenty_three() {
        let long = format!("https://example.com/{}", "a".repeat(400));
        for link in [
            "http://x.co",
            "example.com",
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
}
