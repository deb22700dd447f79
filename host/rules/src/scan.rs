//! What is looked at before an expression is parsed, so that no text, however made, costs more than it may.

/// The longest expression, in bytes.
pub const LONGEST: usize = 4_000;
/// How deep its brackets, and chains of signs before a value, may go.
pub const DEEPEST: usize = 24;
/// The most tokens.
const MOST_TOKENS: usize = 800;

/// Why a text is not even parsed: the place in bytes, and what is wrong.
pub type Refusal = (usize, String);

/// Refuses what is too long or too deep. Brackets within texts and comments do not count.
pub fn scan(source: &str) -> Result<(), Refusal> {
    if source.len() > LONGEST {
        let text = format!(
            "an expression has up to {LONGEST} bytes, this one has {}: make two rules of it",
            source.len()
        );
        return Err((0, text));
    }
    if source.trim().is_empty() {
        return Err((0, "there is no expression".to_owned()));
    }
    let bytes = source.as_bytes();
    let mut at = 0;
    let mut depth = 0_usize;
    // `?:` nests to the right and `!` and `-` before a value each nest once more.
    let mut signs = 0_usize;
    let mut turns = 0_usize;
    let mut tokens = 0_usize;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'"' | b'\'' => {
                at = text_end(bytes, at);
                signs = 0;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            b'(' | b'[' | b'{' => {
                depth += 1;
                at += 1;
            }
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                signs = 0;
                at += 1;
            }
            b'!' | b'-' => {
                signs += 1;
                at += 1;
            }
            b'?' => {
                turns += 1;
                at += 1;
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                    at += 1;
                }
                signs = 0;
            }
            byte => {
                at += 1;
                if byte.is_ascii_whitespace() {
                    continue;
                }
            }
        }
        tokens += 1;
        if depth + signs + turns > DEEPEST {
            let text = format!("it is nested more than {DEEPEST} deep: make several rules of it");
            return Err((start, text));
        }
        if tokens > MOST_TOKENS {
            let text = format!(
                "an expression has up to {MOST_TOKENS} words and signs: make several rules of it"
            );
            return Err((start, text));
        }
    }
    Ok(())
}

/// Where a text that begins at `at` is over.
fn text_end(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    // `r"\"` is a text of one backslash; a prefix letter may stand before the quote.
    let is_raw = at > 0
        && matches!(bytes[at - 1], b'r' | b'R')
        && (at < 2
            || !bytes[at - 2].is_ascii_alphanumeric()
            || matches!(bytes[at - 2], b'b' | b'B'));
    let is_long = bytes[at..].starts_with(&[quote; 3]);
    let width = if is_long { 3 } else { 1 };
    let mut end = at + width;
    while end < bytes.len() {
        if bytes[end] == b'\\' && !is_raw {
            end += 2;
            continue;
        }
        if bytes[end..].starts_with(&[quote; 3][..width]) {
            return end + width;
        }
        // A short text ends with its line; the parser says so.
        if !is_long && bytes[end] == b'\n' {
            return end;
        }
        end += 1;
    }
    bytes.len()
}

/// The line and the column, each from 1 and the column in characters, of a place in bytes.
pub fn place(source: &str, at: usize) -> (u32, u32) {
    let mut end = at.min(source.len());
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    let before = &source[..end];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (small(line), small(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_deep_or_too_long_is_refused_with_its_place() {
        for text in [
            "(".repeat(10_000),
            format!("{}1{}", "(".repeat(30), ")".repeat(30)),
            format!("{}true", "!".repeat(30)),
            format!("{}1 == 1", "-".repeat(30)),
            "true ? ".repeat(30) + "true",
            "[".repeat(3_000),
            "x".repeat(LONGEST + 1),
            "a.".repeat(1_000),
            "1 + ".repeat(900) + "1",
            "  \n ".to_owned(),
        ] {
            assert!(scan(&text).is_err(), "{text:.60}");
        }
        let (at, _) = scan(&format!("true && {}", "(".repeat(40))).unwrap_err();
        assert_eq!(at, "true && ".len() + DEEPEST);
    }

    #[test]
    fn what_stands_in_texts_does_not_nest() {
        let brackets = "(".repeat(100);
        for text in [
            format!("message.text == \"{brackets}\""),
            format!("message.text == '{brackets}\\'{brackets}'"),
            format!("message.text == r'\\' || message.text == '{brackets}'"),
            format!("message.text == '''{brackets}\n'{brackets}'''"),
            format!("true // {brackets}\n&& true"),
        ] {
            assert_eq!(scan(&text), Ok(()), "{text}");
        }
    }

    #[test]
    fn places_are_counted_in_characters() {
        assert_eq!(place("äö\nü = x", 7), (2, 2));
        assert_eq!(place("äö", 1), (1, 1));
        assert_eq!(place("ab", 99), (1, 3));
    }
}
