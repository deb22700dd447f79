//! Where words begin and end.

use std::cell::OnceCell;
use unicode_segmentation::UnicodeSegmentation;

/// The word boundaries of a text, found when first asked for: most messages match nothing.
///
/// They are those of UAX #29, so that `don't` is one word, and each character of a script that is written
/// without spaces, such as Han or Thai, is its own; and those around a full stop or colon between letters,
/// because people forget the space after `expensive.Why`.
pub struct WordBoundaries<'a> {
    text: &'a str,
    found: OnceCell<Vec<usize>>,
}

impl<'a> WordBoundaries<'a> {
    /// The boundaries of this text.
    pub fn of(text: &'a str) -> Self {
        WordBoundaries {
            text,
            found: OnceCell::new(),
        }
    }

    /// Whether a word begins or ends at this byte offset.
    pub fn contain(&self, offset: usize) -> bool {
        self.found
            .get_or_init(|| find(self.text))
            .binary_search(&offset)
            .is_ok()
    }
}

fn find(text: &str) -> Vec<usize> {
    let mut boundaries = Vec::new();
    for (start, word) in text.split_word_bound_indices() {
        boundaries.push(start);
        let mut before: Option<char> = None;
        let mut characters = word.char_indices().peekable();
        while let Some((offset, character)) = characters.next() {
            let joins_letters = matches!(character, '.' | ':')
                && before.is_some_and(char::is_alphabetic)
                && characters
                    .peek()
                    .is_some_and(|&(_, after)| after.is_alphabetic());
            if joins_letters {
                boundaries.push(start + offset);
                boundaries.push(start + offset + character.len_utf8());
            }
            before = Some(character);
        }
    }
    boundaries.push(text.len());
    boundaries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_word(text: &str, word: &str) -> bool {
        let boundaries = WordBoundaries::of(text);
        text.match_indices(word)
            .any(|(start, _)| boundaries.contain(start) && boundaries.contain(start + word.len()))
    }

    #[test]
    fn words_in_many_scripts() {
        assert!(is_word("my invoice, please", "invoice"));
        assert!(!is_word("invoices", "invoice"));
        assert!(!is_word("don't", "don"));
        assert!(is_word("#invoice @acme", "invoice"));
        assert!(is_word("where is my inv_1", "inv_1"));
        assert!(is_word("أين الفاتورة؟", "الفاتورة"));
        assert!(!is_word("счета", "счет"));
        assert!(is_word("我要退款谢谢", "退款"));
    }

    #[test]
    fn a_forgotten_space_is_no_letter() {
        assert!(is_word("too expensive.why", "expensive"));
        assert!(!is_word("version 3.5", "5"));
    }
}
