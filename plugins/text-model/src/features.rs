//! A text as numbers: which words, neighbouring words and pieces of words it has.
//!
//! Each is hashed into one of a fixed number of buckets, so that a model has one size whatever people
//! write. Words and pieces are scaled to the same length each, so that long messages do not outweigh
//! short ones.

use linecard_valence::Reader;
use linecard_valence::reading::Reading;
use serde::{Deserialize, Serialize};

/// Which features a model goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSettings {
    /// There are two to the power of this many buckets.
    pub bits: u8,
    /// Up to so many neighbouring words are taken together.
    pub words: u8,
    /// The shortest pieces of words, in characters.
    pub shortest_piece: u8,
    /// The longest; 0 for none at all.
    pub longest_piece: u8,
    /// Whether what lexicons say about the words is a feature too.
    pub valence: bool,
}

/// Finds features.
#[derive(Debug, Clone)]
pub struct Extractor {
    settings: FeatureSettings,
    reader: Option<Reader>,
}

impl Extractor {
    /// With these settings.
    pub fn new(settings: &FeatureSettings) -> Self {
        Self {
            reader: settings.valence.then(|| Reader::new(&[], None)),
            settings: settings.clone(),
        }
    }

    /// The features of a text.
    pub fn features(&self, text: &str) -> Features {
        let text = head(text);
        let reading = self.reader.as_ref().map(|reader| reader.read(text, None));
        let reading = reading.map(Option::unwrap_or_default);
        features(text, &self.settings, reading.as_ref())
    }
}

/// Buckets and how strongly each is there, in the order of the buckets.
pub type Features = Vec<(u32, f32)>;

/// How much the pieces of words count beside the words.
const PIECES: f32 = 0.8;
/// So many characters of a text are read: a message is shorter, and what is longer is no message.
const LONGEST_TEXT: usize = 8_192;
/// So many words after a negation are marked.
const NEGATED: usize = 4;

/// How much the whole of a text's valence counts, and each thing that is said of it.
const WHOLE: f32 = 2.0;
const PART: f32 = 0.6;

/// The beginning of a text.
fn head(text: &str) -> &str {
    let end = text.char_indices().nth(LONGEST_TEXT);
    end.map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

fn features(text: &str, settings: &FeatureSettings, reading: Option<&Reading>) -> Features {
    let tokens = tokens(text);
    let mut words = Block::new(settings.bits);
    let written: Vec<&str> = tokens.iter().map(|token| token.word.as_str()).collect();
    for size in 1..=usize::from(settings.words.max(1)) {
        for gram in written.windows(size) {
            words.add(
                b'w',
                gram.iter().flat_map(|word| word.bytes().chain([b' '])),
            );
        }
    }
    for token in &tokens {
        if token.negated {
            words.add(b'n', token.word.bytes());
        }
        if token.capitals {
            words.add(b'C', token.word.bytes());
        }
    }
    for mark in marks(text, &tokens) {
        words.add(b'm', mark.bytes());
    }
    let mut all = words.scaled(1.0);
    if settings.longest_piece > 0 {
        let mut pieces = Block::new(settings.bits);
        for token in &tokens {
            add_pieces(&token.word, settings, &mut pieces);
        }
        all.extend(pieces.scaled(PIECES));
    }
    if let Some(reading) = reading {
        let mask = words_mask(settings.bits);
        all.extend(valence(reading).map(|(name, value)| {
            let mut hash = Hash::new(b'v');
            name.bytes().for_each(|byte| hash.add(byte));
            (hash.mixed() & mask, value)
        }));
    }
    all.sort_unstable_by_key(|&(bucket, _)| bucket);
    all.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    all
}

/// What lexicons say about a text.
fn valence(reading: &Reading) -> impl Iterator<Item = (String, f32)> {
    let good = reading.hits.iter().filter(|hit| hit.valence > 0.0).count();
    let bad = reading.hits.len() - good;
    let sign = |valence: f64| if valence > 0.0 { '+' } else { '-' };
    let first = reading
        .hits
        .first()
        .map(|hit| format!("first{}", sign(hit.valence)));
    let last = reading
        .hits
        .last()
        .map(|hit| format!("last{}", sign(hit.valence)));
    let (good, bad) = (good.min(3), bad.min(3));
    let parts = [
        Some(format!("+{good}")),
        Some(format!("-{bad}")),
        Some(format!("+{}-{}", good.min(1), bad.min(1))),
        first,
        last,
    ];
    // A score has four decimals.
    #[allow(clippy::cast_possible_truncation)]
    let score = reading.score as f32;
    let whole = [
        ("good".to_owned(), WHOLE * score.max(0.0)),
        ("bad".to_owned(), WHOLE * (-score).max(0.0)),
    ];
    let parts = parts.into_iter().flatten().map(|part| (part, PART));
    whole.into_iter().chain(parts)
}

fn words_mask(bits: u8) -> u32 {
    (1u32 << bits.clamp(1, 24)) - 1
}

/// A word as it is counted.
struct Token {
    word: String,
    negated: bool,
    capitals: bool,
}

fn tokens(text: &str) -> Vec<Token> {
    let text = resolved(text);
    let mut tokens = Vec::new();
    let mut negated = 0;
    for chunk in text.split_whitespace() {
        if chunk.starts_with("http://") || chunk.starts_with("https://") {
            push(&mut tokens, "<link>".to_owned(), false, &mut negated);
            continue;
        }
        let mut word = String::new();
        let mut capitals = 0;
        let mut flush = |word: &mut String, capitals: &mut usize, negated: &mut usize| {
            if !word.is_empty() {
                let all = *capitals > 1
                    && *capitals == word.chars().filter(|c| c.is_alphabetic()).count();
                push(&mut tokens, shortened(word), all, negated);
                word.clear();
            }
            *capitals = 0;
        };
        for character in chunk.chars() {
            match character {
                '\'' | '’' | '‘' => word.push('\''),
                '@' | '#' | '_' if word.is_empty() || character == '_' => word.push(character),
                digit if digit.is_numeric() => word.push('0'),
                letter if letter.is_alphanumeric() || is_mark(letter) => {
                    capitals += usize::from(letter.is_uppercase());
                    word.extend(letter.to_lowercase());
                }
                other => {
                    flush(&mut word, &mut capitals, &mut negated);
                    if !matches!(other, '"' | '“' | '”' | '\u{fe0f}') {
                        word.push(other);
                        flush(&mut word, &mut capitals, &mut negated);
                    }
                    if matches!(other, '.' | ',' | ';' | ':' | '!' | '?') {
                        negated = 0;
                    }
                }
            }
        }
        flush(&mut word, &mut capitals, &mut negated);
    }
    tokens
}

fn push(tokens: &mut Vec<Token>, word: String, capitals: bool, negated: &mut usize) {
    let negates = word.ends_with("n't")
        || matches!(
            word.as_str(),
            "not"
                | "no"
                | "never"
                | "without"
                | "cant"
                | "dont"
                | "wont"
                | "didnt"
                | "nicht"
                | "kein"
                | "keine"
                | "keinen"
                | "nie"
                | "ohne"
                | "pas"
                | "sin"
        );
    tokens.push(Token {
        word,
        negated: *negated > 0,
        capitals,
    });
    *negated = if negates {
        NEGATED
    } else {
        negated.saturating_sub(1)
    };
}

/// Combining marks belong to the letter before them.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{903}'..='\u{94f}' | '\u{e31}'..='\u{e4e}')
}

/// Networks deliver some characters as HTML writes them.
fn resolved(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Drawn-out letters, three times at the most; numbers in one length up to three.
fn shortened(word: &str) -> String {
    let mut short = String::with_capacity(word.len());
    let (mut before, mut run) = (None, 0);
    for character in word.chars() {
        run = if before == Some(character) {
            run + 1
        } else {
            1
        };
        before = Some(character);
        if run <= 3 {
            short.push(character);
        }
    }
    short
}

/// What a text is as a whole.
fn marks(text: &str, tokens: &[Token]) -> Vec<String> {
    let count = |sought: char| text.matches(sought).count().min(3);
    let capitals = tokens.iter().filter(|token| token.capitals).count().min(3);
    let length = match tokens.len() {
        0..=4 => "0",
        5..=9 => "5",
        10..=19 => "10",
        20..=29 => "20",
        _ => "30",
    };
    vec![
        format!("!{}", count('!')),
        format!("?{}", count('?')),
        format!(
            "…{}",
            usize::from(text.contains("..") || text.contains('…'))
        ),
        format!("C{capitals}"),
        format!("l{length}"),
    ]
}

fn add_pieces(word: &str, settings: &FeatureSettings, block: &mut Block) {
    let edged: Vec<char> = std::iter::once('<')
        .chain(word.chars())
        .chain(['>'])
        .collect();
    let mut buffer = [0; 4];
    for size in usize::from(settings.shortest_piece.max(1))..=usize::from(settings.longest_piece) {
        for piece in edged.windows(size) {
            let mut hash = Hash::new(b'p');
            for character in piece {
                for byte in character.encode_utf8(&mut buffer).bytes() {
                    hash.add(byte);
                }
            }
            block.add_hash(hash);
        }
    }
}

/// Features that are scaled together.
struct Block {
    mask: u32,
    buckets: Vec<u32>,
}

impl Block {
    fn new(bits: u8) -> Self {
        Self {
            mask: words_mask(bits),
            buckets: Vec::new(),
        }
    }

    fn add(&mut self, kind: u8, bytes: impl Iterator<Item = u8>) {
        let mut hash = Hash::new(kind);
        bytes.for_each(|byte| hash.add(byte));
        self.add_hash(hash);
    }

    fn add_hash(&mut self, hash: Hash) {
        self.buckets.push(hash.mixed() & self.mask);
    }

    /// The logarithm of how often each is there, in all of this length.
    fn scaled(mut self, length: f32) -> Features {
        self.buckets.sort_unstable();
        let mut features: Features = self
            .buckets
            .chunk_by(|a, b| a == b)
            .filter_map(|run| {
                #[allow(clippy::cast_precision_loss)]
                let count = run.len() as f32;
                Some((*run.first()?, 1.0 + count.ln()))
            })
            .collect();
        let norm = features
            .iter()
            .map(|(_, value)| value * value)
            .sum::<f32>()
            .sqrt();
        if norm > 0.0 {
            for (_, value) in &mut features {
                *value *= length / norm;
            }
        }
        features
    }
}

/// FNV-1a, with a finish that spreads short inputs over all bits. It is a part of the file format: a
/// model's buckets mean what they meant when it was trained.
struct Hash(u32);

impl Hash {
    fn new(kind: u8) -> Self {
        let mut hash = Self(0x811c_9dc5);
        hash.add(kind);
        hash
    }

    fn add(&mut self, byte: u8) {
        self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }

    fn mixed(self) -> u32 {
        let mut hash = self.0;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^ (hash >> 16)
    }
}
