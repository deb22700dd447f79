//! Texts taken apart into words, as they are found.
//!
//! A text is cut where the Unicode standard cuts words (UAX #29), and at the signs within addresses and names
//! (`ann.lee@example.com` has four words). Each word is folded: small letters, no
//! diacritics, compatible forms made one. Scripts that are written without spaces between words (Chinese,
//! Japanese, Thai, Lao, Khmer, Burmese, Tibetan), and Korean, whose words carry their particles, are cut
//! into overlapping pairs of characters. Pairs need no dictionary of tens of megabytes, and a question is cut
//! as the text was whatever the words around it: nothing that stands there is missed.

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;
use unicode_segmentation::UnicodeSegmentation as _;

/// The longest word that is told from others, in characters: what is beyond is not looked at.
const LONGEST: usize = 64;
/// How many words of one text are looked at.
const MOST: usize = 20_000;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A word between spaces.
    Word,
    /// Two characters of a script without spaces.
    Pair,
    /// The last character before one of another script.
    Single,
}

/// A word of a text, or a part of one without spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// As it is found: folded.
    pub folded: String,
    /// In small letters, with its diacritics: what a stemmer wants.
    pub lower: String,
    /// Where it stands among the others.
    pub position: usize,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// What it is.
    pub shape: Shape,
}

/// The words of a text.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut run = Run::default();
    let words = text.unicode_word_indices();
    for (start, word) in words.flat_map(|(start, word)| pieces(start, word)) {
        for (offset, part, spaceless) in scripts(word) {
            if tokens.len() >= MOST {
                return tokens;
            }
            let start = start + offset;
            if spaceless {
                run.add(start, part, &mut tokens);
                continue;
            }
            run.end(&mut tokens);
            push(&mut tokens, part, start, start + part.len(), Shape::Word);
        }
    }
    run.end(&mut tokens);
    tokens.truncate(MOST);
    tokens
}

/// The parts of a word between the signs that stand in addresses, names and numbers.
fn pieces(start: usize, word: &str) -> impl Iterator<Item = (usize, &str)> {
    let pieces = word.split(['.', ',', ':', ';', '_', '·', '․']);
    let pieces = pieces.filter(|piece| !piece.is_empty());
    pieces.map(move |piece| {
        (
            start + (piece.as_ptr() as usize - word.as_ptr() as usize),
            piece,
        )
    })
}

fn push(tokens: &mut Vec<Token>, text: &str, start: usize, end: usize, shape: Shape) {
    let lower: String = text.to_lowercase().chars().take(LONGEST).collect();
    let folded = fold(&lower).into_owned();
    if folded.is_empty() {
        return;
    }
    tokens.push(Token {
        folded,
        lower,
        position: tokens.len(),
        start,
        end,
        shape,
    });
}

/// Characters without a space between them, which may go over the ends of words.
#[derive(Default)]
struct Run<'a> {
    last: Option<(usize, &'a str)>,
}

impl<'a> Run<'a> {
    fn add(&mut self, start: usize, part: &'a str, tokens: &mut Vec<Token>) {
        if self.last.is_some_and(|(at, last)| at + last.len() != start) {
            self.end(tokens);
        }
        // With the marks that belong to it.
        for (offset, character) in part.grapheme_indices(true) {
            if tokens.len() >= MOST {
                return;
            }
            let at = start + offset;
            if let Some((before, last)) = self.last.replace((at, character)) {
                let pair = format!("{last}{character}");
                push(tokens, &pair, before, at + character.len(), Shape::Pair);
            }
        }
    }

    /// The last character stands by itself too, so that one character is found wherever it stands.
    fn end(&mut self, tokens: &mut Vec<Token>) {
        if let Some((at, last)) = self.last.take() {
            push(tokens, last, at, at + last.len(), Shape::Single);
        }
    }
}

/// The parts of a word that are with and without spaces by their script.
fn scripts(word: &str) -> Vec<(usize, &str, bool)> {
    let mut parts = Vec::new();
    let (mut start, mut was) = (0, None);
    for (at, character) in word.char_indices() {
        // A mark belongs to what it stands on.
        if canonical_combining_class(character) > 0 {
            continue;
        }
        let is = is_spaceless(character);
        if was.is_some_and(|was| was != is) {
            parts.push((start, &word[start..at], !is));
            start = at;
        }
        was = Some(is);
    }
    parts.push((start, &word[start..], was.unwrap_or(false)));
    parts
}

fn is_spaceless(character: char) -> bool {
    matches!(u32::from(character),
        0x0E00..=0x0FFF // Thai, Lao, Tibetan
        | 0x1000..=0x109F // Burmese
        | 0x1100..=0x11FF | 0x3130..=0x318F | 0xA960..=0xA97F | 0xAC00..=0xD7FF // Hangul
        | 0x1780..=0x17FF // Khmer
        | 0x2E80..=0x2FDF | 0x3005..=0x3007 // Radicals, signs of repetition
        | 0x3040..=0x30FF | 0x31F0..=0x31FF | 0xFF66..=0xFF9F // Kana
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF)
}

/// Without diacritics and differences of form. Marks that are vowels or part of a letter stay.
pub(crate) fn fold(lower: &str) -> Cow<'_, str> {
    if lower.is_ascii() {
        return Cow::Borrowed(lower);
    }
    let bare = lower
        .nfkd()
        // Accents, and the points of Hebrew and Arabic; not viramas, nor tones, which are letters.
        .filter(|c| !matches!(canonical_combining_class(*c), 10..=36 | 200..));
    let mut folded = String::with_capacity(lower.len());
    for character in bare {
        match character {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'ŧ' => folded.push('t'),
            'ς' => folded.push('σ'),
            '’' | 'ʼ' => folded.push('\''),
            // The stroke that only stretches an Arabic word.
            '\u{640}' => {}
            other => folded.extend(other.to_lowercase()),
        }
    }
    Cow::Owned(folded.nfc().collect())
}

/// The languages whose words have a stem here, by their code.
const LANGUAGES: [(&str, Algorithm); 18] = [
    ("ar", Algorithm::Arabic),
    ("da", Algorithm::Danish),
    ("de", Algorithm::German),
    ("el", Algorithm::Greek),
    ("en", Algorithm::English),
    ("es", Algorithm::Spanish),
    ("fi", Algorithm::Finnish),
    ("fr", Algorithm::French),
    ("hu", Algorithm::Hungarian),
    ("it", Algorithm::Italian),
    ("nl", Algorithm::Dutch),
    ("no", Algorithm::Norwegian),
    ("pt", Algorithm::Portuguese),
    ("ro", Algorithm::Romanian),
    ("ru", Algorithm::Russian),
    ("sv", Algorithm::Swedish),
    ("ta", Algorithm::Tamil),
    ("tr", Algorithm::Turkish),
];

/// A language whose words have a stem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Language(usize);

impl Language {
    /// The language that a tag such as `de` or `de-AT` names, if its words have a stem here.
    pub fn of(tag: &str) -> Option<Self> {
        let code = tag.split(['-', '_']).next().unwrap_or(tag).to_lowercase();
        let code = match code.as_str() {
            "nb" | "nn" => "no",
            other => other,
        };
        LANGUAGES
            .iter()
            .position(|(known, _)| *known == code)
            .map(Self)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..LANGUAGES.len()).map(Self)
    }

    /// What cuts words of the language to their stems.
    pub fn stemmer(self) -> Stems {
        let (code, algorithm) = LANGUAGES[self.0];
        Stems {
            code,
            stemmer: Stemmer::create(algorithm),
        }
    }
}

/// Cuts the words of one language to their stems.
pub(crate) struct Stems {
    code: &'static str,
    stemmer: Stemmer,
}

impl Stems {
    /// The stem of a word, with its language before it: `Haus` of one language is not `haus` of another.
    pub fn of(&self, token: &Token) -> Option<String> {
        if token.shape != Shape::Word {
            return None;
        }
        let stem = self.stemmer.stem(&token.lower);
        let stem = fold(&stem);
        (!stem.is_empty()).then(|| format!("{}:{stem}", self.code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.folded).collect()
    }

    #[test]
    fn words_are_folded() {
        assert_eq!(
            words("Die Straße, ÉCOLE; don’t – Ǻ ﬁn!"),
            ["die", "strasse", "ecole", "don't", "a", "fin"]
        );
        assert_eq!(words("Ελλάς Ёлка أحمد"), ["ελλασ", "елка", "احمد"]);
        assert_eq!(
            words("#refund @anna_k 4711-22 a.b@c.org"),
            ["refund", "anna", "k", "4711", "22", "a", "b", "c", "org"]
        );
        assert!(words(" … !?\u{200d}").is_empty());
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_pairs() {
        assert_eq!(words("東京都"), ["東京", "京都", "都"]);
        assert_eq!(words("iPhone手机 ok"), ["iphone", "手机", "机", "ok"]);
        assert_eq!(words("カ学校に"), ["カ学", "学校", "校に", "に"]);
        assert_eq!(words("학교에 간다"), ["학교", "교에", "에", "간다", "다"]);
        // A vowel sign stays with its consonant.
        assert_eq!(words("กินข้าว").first().map(String::as_str), Some("กิน"));
    }

    #[test]
    fn places_are_those_of_the_text() {
        for text in ["Ein Haus – 東京都!", "a\u{301}b 학교 x", "ŻÓŁĆ iPhone手机"] {
            for token in tokens(text) {
                let there = &text[token.start..token.end];
                assert_eq!(fold(&there.to_lowercase()), token.folded, "{text}");
            }
        }
    }

    #[test]
    fn stems_are_of_their_language() {
        let stem = |tag: &str, word: &str| Language::of(tag)?.stemmer().of(&tokens(word)[0]);
        assert_eq!(stem("de", "Häuser"), stem("de-AT", "Haus"));
        assert_eq!(stem("en", "refunds"), stem("en_GB", "refunded"));
        assert_ne!(stem("en", "die"), stem("de", "die"));
        assert_eq!(stem("nb", "husene"), stem("no", "husene"));
        assert_eq!(stem("tlh", "qapla"), None);
        assert_eq!(stem("de", "東京"), None);
    }

    #[test]
    fn a_long_text_costs_no_more_than_its_beginning() {
        assert_eq!(tokens(&"wort ".repeat(MOST + 10)).len(), MOST);
        assert_eq!(tokens(&"都".repeat(MOST + 10)).len(), MOST);
        let long = words(&"x".repeat(1_000));
        assert_eq!(long[0].len(), LONGEST);
    }
}
