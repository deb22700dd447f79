//! A text as it is compared, with the way back to the text as it was written.
//!
//! Compared are canonical decompositions (so that `é` is one letter however it is encoded) and, unless
//! case matters, full case foldings (so that `STRASSE` is `straße`): Unicode's canonical caseless match,
//! definition D145 of the standard. Beyond that, any run of white space is one space, typographic
//! apostrophes are the plain one, and variation selectors, soft hyphens and zero-width spaces are passed
//! over: they change how a text looks, not what it says.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// A folded text. It is made of segments (a character with its combining marks, or a run of white space),
/// each of which knows where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    text: String,
    /// Where segments begin: in the folded text and in the original, both growing; the ends of both
    /// texts are the last entry.
    places: Vec<(usize, usize)>,
}

/// Whether capitals and small letters are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// They are.
    Ignored,
    /// They are not.
    Kept,
}

impl Folded {
    /// Folds a text.
    pub fn new(original: &str, case: Case) -> Self {
        let mut folded = Folded {
            text: String::with_capacity(original.len()),
            places: Vec::new(),
        };
        let mut segment = String::new();
        for (offset, character) in original.char_indices() {
            if is_passed_over(character) {
                continue;
            }
            if joins(&segment, character) {
                if !character.is_whitespace() {
                    segment.push(character);
                }
                continue;
            }
            folded.finish(&mut segment, case);
            folded.places.push((folded.text.len(), offset));
            segment.push(match character {
                white if white.is_whitespace() => ' ',
                '\u{2018}' | '\u{2019}' | '\u{02BC}' => '\'',
                other => other,
            });
        }
        folded.finish(&mut segment, case);
        folded.places.push((folded.text.len(), original.len()));
        folded
    }

    /// Appends a segment's folding.
    fn finish(&mut self, segment: &mut String, case: Case) {
        match case {
            Case::Kept => self.text.extend(segment.nfd()),
            Case::Ignored => self.text.extend(segment.nfd().default_case_fold().nfd()),
        }
        segment.clear();
    }

    /// The folded text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place in the original, in UTF-8 bytes, of a place in the folded text; `None` if it begins or
    /// ends inside a segment, such as between a letter and its accent.
    pub fn original(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        Some((self.place(start)?, self.place(end)?))
    }

    fn place(&self, folded: usize) -> Option<usize> {
        let index = self
            .places
            .binary_search_by_key(&folded, |&(place, _)| place)
            .ok()?;
        self.places.get(index).map(|&(_, original)| original)
    }
}

/// Whether a character belongs to the segment before it.
fn joins(segment: &str, character: char) -> bool {
    match segment.chars().next() {
        None => false,
        Some(' ') => character.is_whitespace(),
        Some(_) => canonical_combining_class(character) != 0,
    }
}

fn is_passed_over(character: char) -> bool {
    matches!(character, '\u{FE00}'..='\u{FE0F}' | '\u{00AD}' | '\u{200B}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        Folded::new(text, Case::Ignored).text().to_owned()
    }

    #[test]
    fn full_case_folding_and_canonical_equivalence() {
        assert_eq!(folded("STRASSE"), folded("Straße"));
        assert_eq!(folded("ΣΊΣΥΦΟΣ"), folded("σίσυφος"));
        assert_eq!(folded("caf\u{e9}"), folded("CAFE\u{301}"));
        assert_eq!(folded("ПРИВЕТ"), folded("привет"));
        assert_ne!(folded("cafe"), folded("café"));
        // Marks in either order are the same letter.
        assert_eq!(folded("a\u{323}\u{307}"), folded("a\u{307}\u{323}"));
    }

    #[test]
    fn looks_do_not_matter() {
        assert_eq!(folded("too \n\t expensive"), folded("too expensive"));
        assert_eq!(folded("don’t"), folded("don't"));
        assert_eq!(folded("in\u{ad}voice"), folded("invoice"));
        assert_eq!(folded("❤\u{fe0f}"), folded("❤"));
    }

    #[test]
    fn every_place_leads_back() {
        let original = "Straße, CAFE\u{301}  x";
        let folded = Folded::new(original, Case::Ignored);
        let found = |needle: &str| {
            let start = folded.text().find(needle)?;
            let (from, to) = folded.original(start, start + needle.len())?;
            original.get(from..to)
        };
        assert_eq!(found("strasse"), Some("Straße"));
        assert_eq!(found("cafe\u{301}"), Some("CAFE\u{301}"));
        assert_eq!(
            found("cafe"),
            None,
            "it ends between a letter and its accent"
        );
        assert_eq!(found(" x"), Some("  x"));
    }
}
