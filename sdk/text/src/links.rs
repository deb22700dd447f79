//! What X takes for a link, with or without a scheme.
//!
//! These are the rules of X's twitter-text library. A table of where names end is made first, so that the
//! time grows with the length of the text and not with its square.

use std::ops::Range;

use crate::domains::{self, can_precede, is_accented, is_name};

/// The longest link, in UTF-16 units, with its scheme counted once more.
const LONGEST: usize = 4096;
/// The most characters between two dots of a name, as the name system has them.
const LABEL: usize = 63;
/// The most characters behind `t.co/`.
const SHORT: usize = 40;

/// The byte ranges of the links in a text, as X finds them: by their scheme, or by a name below a known
/// top-level domain. A name without a scheme must be of Latin letters to be a link.
///
/// ```
/// let text = "See example.com/a, or (https://example.org).";
/// let links: Vec<_> = linecard_text::x_links(text).into_iter().map(|at| &text[at]).collect();
/// assert_eq!(links, ["example.com/a", "https://example.org"]);
/// ```
pub fn x_links(text: &str) -> Vec<Range<usize>> {
    let chars: Vec<char> = text.chars().collect();
    let mut bytes = 0;
    let mut at = 0;
    // The links come in order, so that one walk through the text finds their bytes.
    let mut byte_of = |place: usize| {
        bytes += chars
            .get(at..place)
            .into_iter()
            .flatten()
            .map(|c| c.len_utf8())
            .sum::<usize>();
        at = place;
        bytes
    };
    of(&chars)
        .into_iter()
        .map(|link| byte_of(link.start)..byte_of(link.end))
        .collect()
}

/// The links, as places of characters, in order.
pub(crate) fn of(text: &[char]) -> Vec<Range<usize>> {
    let mut links = Vec::new();
    if !text.contains(&'.') {
        return links;
    }
    let names = Names::of(text);
    let mut at = 0;
    while let Some(&before) = text.get(at) {
        // The library looks at units of UTF-16: one half of a character stands before the other.
        let starts = [(before.len_utf16() > 1).then_some(at), Some(at + 1)];
        let behind = starts
            .into_iter()
            .flatten()
            .filter(|_| can_precede(before))
            .find_map(|start| names.link(start))
            .map(|found| (found, Some(before)));
        let found = behind.or_else(|| {
            let first = (at == 0).then(|| names.link(0)).flatten();
            first.map(|found| (found, None))
        });
        let Some((found, before)) = found else {
            at += 1;
            continue;
        };
        found.take(text, before, &mut links);
        at = found.end;
    }
    links
}

/// Where names end.
struct Names<'t> {
    text: &'t [char],
    /// For each place, where a name with a known domain that begins there ends.
    end: Vec<Option<usize>>,
}

impl<'t> Names<'t> {
    fn of(text: &'t [char]) -> Self {
        let mut end = vec![None; text.len()];
        // What holds for the part of a name at hand, from the place on.
        let mut part_end = text.len();
        let mut has_underscore = false;
        // Behind the part: the end of the name, if it goes on, and that of a top-level domain.
        let mut goes_on = None;
        let mut domain = None;
        for (place, &c) in text.iter().enumerate().rev() {
            if !(is_name(c) || matches!(c, '_' | '-')) {
                part_end = place;
                has_underscore = false;
                goes_on = None;
                domain = None;
                if c == '.' {
                    goes_on = end.get(place + 1).copied().flatten();
                    domain = domains::end(text, place + 1);
                }
                continue;
            }
            has_underscore |= c == '_';
            let last = part_end.checked_sub(1).and_then(|last| text.get(last));
            if is_name(c)
                && last.is_some_and(|last| is_name(*last))
                && let Some(slot) = end.get_mut(place)
            {
                *slot = goes_on.or(if has_underscore { None } else { domain });
            }
        }
        Self { text, end }
    }

    /// The link that begins at a place.
    fn link(&self, start: usize) -> Option<Found> {
        let scheme = ["https://", "http://"].into_iter().find(|scheme| {
            self.text.get(start..).is_some_and(|rest| {
                rest.len() >= scheme.len()
                    && rest
                        .iter()
                        .zip(scheme.chars())
                        .all(|(c, s)| c.eq_ignore_ascii_case(&s))
            })
        });
        let name = start + scheme.map_or(0, str::len);
        let name_end = self.end.get(name).copied().flatten()?;
        let port_end = port(self.text, name_end);
        let path_end = path(self.text, port_end);
        Some(Found {
            start,
            name,
            name_end,
            has_path: path_end > port_end,
            end: query(self.text, path_end),
        })
    }
}

/// A link, before it is known whether X takes it.
struct Found {
    start: usize,
    name: usize,
    name_end: usize,
    has_path: bool,
    end: usize,
}

impl Found {
    /// Adds what X takes of it.
    fn take(&self, text: &[char], before: Option<char>, links: &mut Vec<Range<usize>>) {
        let name = text.get(self.name..self.name_end).unwrap_or_default();
        let scheme = self.name - self.start;
        let length = units(text.get(self.start..self.end).unwrap_or_default());
        let counted_again = if scheme == 0 { 8 } else { scheme };
        if length + counted_again > LONGEST || !is_valid(name) {
            return;
        }
        if scheme > 0 {
            links.extend(self.shortened(text, name));
            return;
        }
        if matches!(before, Some('-' | '_' | '.' | '/')) {
            return;
        }
        let mut found: Vec<Range<usize>> = latin_names(name)
            .into_iter()
            .map(|one| self.name + one.start..self.name + one.end)
            .collect();
        if let (true, Some(last)) = (self.has_path, found.last_mut()) {
            let rest = text.get(self.name_end..self.end).unwrap_or_default();
            let mut left = units(rest);
            let behind = text.get(last.end..).unwrap_or_default();
            // Whatever stands between the name and the path: the library adds the lengths.
            last.end += behind
                .iter()
                .take_while(|c| {
                    let fits = left >= c.len_utf16();
                    left = left.saturating_sub(c.len_utf16());
                    fits
                })
                .count();
        }
        links.append(&mut found);
    }

    /// A link with a scheme; one of X's own short ones ends with its word.
    fn shortened(&self, text: &[char], name: &[char]) -> Option<Range<usize>> {
        let is_short = name.iter().collect::<String>().eq_ignore_ascii_case("t.co");
        let rest = text.get(self.name_end..self.end).unwrap_or_default();
        let word = rest
            .iter()
            .skip(1)
            .take_while(|c| c.is_ascii_alphanumeric())
            .count();
        if !is_short || rest.first() != Some(&'/') || word == 0 {
            return Some(self.start..self.end);
        }
        let end = query(text, self.name_end + 1 + word).min(self.end);
        (word <= SHORT).then_some(self.start..end)
    }
}

fn units(text: &[char]) -> usize {
    text.iter().map(|c| c.len_utf16()).sum()
}

/// Whether no part of a name is too long for the name system.
fn is_valid(name: &[char]) -> bool {
    let text: String = name.iter().collect();
    if text.starts_with("xn--") && latin_names(name).is_empty() {
        return false;
    }
    text.split('.').all(|label| {
        let long = label.chars().count();
        long <= LABEL && (label.is_ascii() || encoded(label) <= LABEL)
    })
}

/// The length of a part in the letters of ASCII.
fn encoded(label: &str) -> usize {
    let parts = label.split(['\u{3002}', '\u{FF0E}', '\u{FF61}']);
    let lengths = parts.map(|part| {
        if part.is_ascii() {
            part.len()
        } else {
            idna::punycode::encode_str(part).map_or(LABEL + 1, |code| "xn--".len() + code.len())
        }
    });
    // The dots between them count, too.
    lengths.map(|length| length + 1).sum::<usize>() - 1
}

/// The names of Latin letters within a name.
fn latin_names(name: &[char]) -> Vec<Range<usize>> {
    let is_latin = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || is_accented(*c);
    let mut found = Vec::new();
    let mut start = 0;
    while start < name.len() {
        // What stands behind each dot of the parts that follow each other.
        let mut dots = Vec::new();
        let mut at = start;
        loop {
            let rest = name.get(at..).unwrap_or_default();
            let part = rest.iter().take_while(|c| is_latin(c)).count();
            if part == 0 || rest.get(part) != Some(&'.') {
                at += part;
                break;
            }
            at += part + 1;
            dots.push(at);
        }
        let end = dots.iter().rev().find_map(|dot| domains::end(name, *dot));
        match end {
            Some(end) => {
                found.push(start..end);
                start = end;
            }
            None => start = at.max(start + 1),
        }
    }
    found
}

fn port(text: &[char], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let digits = rest
        .iter()
        .skip(1)
        .take_while(|c| c.is_ascii_digit())
        .count();
    if rest.first() == Some(&':') && digits > 0 {
        at + 1 + digits
    } else {
        at
    }
}

/// Where a path ends: behind the last character that can end one.
fn path(text: &[char], start: usize) -> usize {
    if text.get(start) != Some(&'/') {
        return start;
    }
    let mut at = start + 1;
    let mut end = at;
    while let Some(&c) = text.get(at) {
        if is_path(c) {
            at += 1;
            if ends_path(c) {
                end = at;
            }
        } else if let Some(after) = parentheses(text, at) {
            at = after;
            end = at;
        } else {
            break;
        }
    }
    end
}

/// Where parentheses with at most one more pair in them end.
fn parentheses(text: &[char], open: usize) -> Option<usize> {
    let run = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|c| is_path(**c)).count()
    };
    if text.get(open) != Some(&'(') {
        return None;
    }
    let first = run(open + 1);
    match text.get(first)? {
        ')' if first > open + 1 => Some(first + 1),
        '(' => {
            let inner = run(first + 1);
            if inner == first + 1 || text.get(inner) != Some(&')') {
                return None;
            }
            let last = run(inner + 1);
            (text.get(last) == Some(&')')).then_some(last + 1)
        }
        _ => None,
    }
}

fn ends_path(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '+' | '-' | '=' | '_' | '#' | '/' | '\u{400}'..='\u{4FF}')
        || is_accented(c)
}

fn is_path(c: char) -> bool {
    ends_path(c)
        || matches!(
            c,
            '!' | '*'
                | '\''
                | ';'
                | ':'
                | ','
                | '.'
                | '$'
                | '%'
                | '['
                | ']'
                | '\u{2013}'
                | '~'
                | '@'
                | '|'
                | '&'
        )
}

/// Where a query ends.
fn query(text: &[char], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    if rest.first() != Some(&'?') {
        return at;
    }
    let can_end =
        |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '&' | '=' | '#' | '/');
    let can_be = |c: &char| {
        can_end(c)
            || matches!(
                c,
                '!' | '?'
                    | '*'
                    | '\''
                    | '@'
                    | '('
                    | ')'
                    | ';'
                    | ':'
                    | '+'
                    | '$'
                    | '%'
                    | '['
                    | ']'
                    | '.'
                    | ','
                    | '~'
                    | '|'
            )
    };
    let run = rest.iter().take_while(|c| can_be(c)).count();
    rest.get(1..run)
        .and_then(|query| query.iter().rposition(can_end))
        .map_or(at, |last| at + 1 + last + 1)
}
