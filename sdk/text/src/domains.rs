//! The top-level domains and the characters of names, as X's twitter-text library (version 3.1.0) has them.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The generic and country domains, in lower case, with the most characters of one.
static DOMAINS: LazyLock<(HashSet<&str>, usize)> = LazyLock::new(|| {
    let all: HashSet<&str> = include_str!("domains.txt").lines().collect();
    let longest = all.iter().map(|name| name.chars().count()).max();
    (all, longest.unwrap_or(0))
});

/// Where the top-level domain that begins at a place ends; `None` if none does.
pub fn end(text: &[char], place: usize) -> Option<usize> {
    let rest = text.get(place..)?;
    let (names, longest) = &*DOMAINS;
    let mut candidate: String = rest.iter().take(*longest).map(|c| lower(*c)).collect();
    let mut chars = rest.len().min(*longest);
    while chars > 0 {
        let ends = rest
            .get(chars)
            .is_none_or(|next| !(next.is_ascii_alphanumeric() || matches!(next, '@' | '+' | '-')));
        if ends && names.contains(candidate.as_str()) {
            return Some(place + chars);
        }
        candidate.pop();
        chars -= 1;
    }
    let prefix: String = rest.iter().take(4).map(char::to_ascii_lowercase).collect();
    let encoded = rest
        .iter()
        .skip(4)
        .take_while(|c| c.is_ascii_alphanumeric() || **c == '-')
        .count();
    (prefix == "xn--" && encoded > 0).then_some(place + 4 + encoded)
}

/// The lower case of a character, if it is one character.
fn lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        // A sign such as K (kelvin) is no letter of ASCII.
        (Some(lower), None) if c.is_ascii() || !lower.is_ascii() => lower,
        _ => c,
    }
}

/// Whether a character can begin and end a part of a name.
pub fn is_name(c: char) -> bool {
    !(matches!(
        c,
        '!' | '\''
            | '#'
            | '%'
            | '&'
            | '('
            | ')'
            | '*'
            | '+'
            | ','
            | '\\'
            | '-'
            | '.'
            | '/'
            | ':'
            | ';'
            | '<'
            | '='
            | '>'
            | '?'
            | '@'
            | '['
            | ']'
            | '^'
            | '_'
            | '{'
            | '|'
            | '}'
            | '~'
            | '$'
    ) || is_space(c)
        || is_invalid(c)
        || is_direction(c))
}

fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t'..='\r'
            | ' '
            | '\u{85}'
            | '\u{A0}'
            | '\u{1680}'
            | '\u{180E}'
            | '\u{2000}'..='\u{200A}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202F}'
            | '\u{205F}'
            | '\u{3000}'
    )
}

fn is_invalid(c: char) -> bool {
    matches!(c, '\u{FFFE}' | '\u{FEFF}' | '\u{FFFF}')
}

fn is_direction(c: char) -> bool {
    matches!(
        c,
        '\u{202A}'..='\u{202E}' | '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2066}'..='\u{2069}'
    )
}

/// Whether a link can begin behind a character.
pub fn can_precede(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || matches!(c, '@' | '＠' | '$' | '#' | '＃') || is_invalid(c))
}

/// Whether a character is a Latin letter with an accent, or an accent.
pub fn is_accented(c: char) -> bool {
    matches!(
        c,
        'À'..='Ö'
            | 'Ø'..='ö'
            | 'ø'..='ÿ'
            | '\u{100}'..='\u{24F}'
            | '\u{253}'
            | '\u{254}'
            | '\u{256}'
            | '\u{257}'
            | '\u{259}'
            | '\u{25B}'
            | '\u{263}'
            | '\u{268}'
            | '\u{26F}'
            | '\u{272}'
            | '\u{289}'
            | '\u{28B}'
            | '\u{2BB}'
            | '\u{300}'..='\u{36F}'
            | '\u{1E00}'..='\u{1EFF}'
            // The library ignores case, and the capital of the accent U+0345 is a Greek letter.
            | '\u{399}'
            | '\u{3B9}'
            | '\u{1FBE}'
    )
}
