//! In which language a message is to be read.

use std::collections::HashMap;

use crate::lexicon::Lexicon;
use crate::tokens::{Token, split};

/// The small words of languages that have no lexicon here, so that they are not taken for one that has.
const OTHERS: [(&str, &[&str]); 12] = [
    (
        "fr",
        &[
            "le", "la", "les", "des", "est", "et", "je", "vous", "pas", "pour", "une", "dans",
            "mon", "ma", "votre", "avec", "sur", "que", "qui", "c'est", "j'ai", "nous", "bonjour",
            "merci", "très", "mais",
        ],
    ),
    (
        "es",
        &[
            "el", "la", "los", "las", "es", "y", "que", "por", "una", "con", "mi", "su", "para",
            "está", "esta", "muy", "pero", "como", "hola", "gracias", "tengo", "porque", "mis",
            "del", "se",
        ],
    ),
    (
        "it",
        &[
            "il", "lo", "gli", "è", "e", "che", "per", "una", "con", "mio", "non", "di", "sono",
            "ho", "molto", "ma", "come", "ciao", "grazie", "della", "nel", "questo", "perché",
        ],
    ),
    (
        "pt",
        &[
            "o", "os", "as", "é", "e", "que", "não", "para", "uma", "com", "meu", "minha", "muito",
            "mas", "como", "olá", "obrigado", "obrigada", "está", "estou", "você", "do", "da",
        ],
    ),
    (
        "nl",
        &[
            "het", "een", "en", "van", "ik", "je", "niet", "op", "te", "dat", "met", "voor",
            "mijn", "zijn", "jullie", "maar", "ook", "wel", "hoi", "bedankt", "deze", "naar",
            "heb",
        ],
    ),
    (
        "pl",
        &[
            "i",
            "w",
            "na",
            "nie",
            "się",
            "jest",
            "to",
            "z",
            "do",
            "że",
            "mam",
            "moje",
            "ale",
            "jak",
            "dziękuję",
            "proszę",
            "czy",
            "już",
        ],
    ),
    (
        "sv",
        &[
            "och", "att", "det", "är", "jag", "en", "ett", "inte", "på", "för", "med", "som",
            "har", "min", "ni", "tack", "hej", "men", "mycket",
        ],
    ),
    (
        "da",
        &[
            "og", "at", "det", "er", "jeg", "en", "et", "ikke", "på", "med", "som", "har", "min",
            "tak", "hej", "meget", "af",
        ],
    ),
    (
        "tr",
        &[
            "ve",
            "bir",
            "bu",
            "için",
            "çok",
            "ben",
            "ne",
            "değil",
            "merhaba",
            "teşekkürler",
            "var",
            "yok",
            "ama",
            "neden",
            "benim",
        ],
    ),
    (
        "id",
        &[
            "yang", "dan", "di", "saya", "tidak", "ini", "itu", "untuk", "dengan", "ada", "kami",
            "terima", "kasih", "belum", "sudah",
        ],
    ),
    (
        "cs",
        &[
            "je", "se", "na", "že", "to", "jsem", "není", "ale", "jak", "děkuji", "mám", "ahoj",
            "prosím", "už",
        ],
    ),
    (
        "ro",
        &[
            "și",
            "nu",
            "este",
            "un",
            "pe",
            "la",
            "cu",
            "am",
            "sunt",
            "mulțumesc",
            "bună",
            "dar",
            "foarte",
        ],
    ),
];

/// A small word counts more than one with a valence: many of these are at home in several languages.
const FUNCTION: u32 = 3;
const VALENCE: u32 = 2;

/// How the language of a message is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Known<'a> {
    /// It can be read with this lexicon, which splits it so.
    Readable(&'a Lexicon, Vec<Token>),
    /// It is in a language that has none.
    Foreign,
    /// Nothing tells.
    Nothing,
}

/// The lexicon for a tag, such as `en-GB`.
pub fn tagged<'a>(lexicons: &'a [Lexicon], tag: &str, text: &str) -> Known<'a> {
    let primary = primary(tag);
    let found = lexicons.iter().find(|l| l.language == primary);
    found.map_or(Known::Foreign, |lexicon| readable(lexicon, text))
}

/// As it is read: drawn-out letters taken back, words that were written as one taken apart.
fn readable<'a>(lexicon: &'a Lexicon, text: &str) -> Known<'a> {
    Known::Readable(lexicon, split(text, |word| lexicon.knows(word)))
}

/// The first part of a BCP 47 tag.
pub fn primary(tag: &str) -> String {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    primary.to_ascii_lowercase()
}

/// The small words of languages that have no lexicon, each with the places of its languages.
#[derive(Debug, Clone)]
pub struct Others {
    words: HashMap<&'static str, Vec<usize>>,
}

impl Others {
    /// Those of all languages but the ones that have a lexicon.
    pub fn beside(lexicons: &[Lexicon]) -> Self {
        let mut words: HashMap<&'static str, Vec<usize>> = HashMap::new();
        for (place, (language, small)) in OTHERS.iter().enumerate() {
            if lexicons.iter().any(|lexicon| lexicon.language == *language) {
                continue;
            }
            for word in *small {
                words.entry(word).or_default().push(place);
            }
        }
        Self { words }
    }

    /// How many of the words are small words of the language that has the most of them.
    fn most(&self, tokens: &[Token]) -> u32 {
        let mut counts = [0u32; OTHERS.len()];
        let found = tokens
            .iter()
            .filter_map(|token| self.words.get(token.word.as_str()));
        for place in found.flatten() {
            if let Some(count) = counts.get_mut(*place) {
                *count += 1;
            }
        }
        counts.into_iter().max().unwrap_or_default()
    }
}

/// The lexicon whose words the message has.
pub fn guessed<'a>(lexicons: &'a [Lexicon], others: &Others, text: &str) -> Known<'a> {
    let mut best = (0, Known::Nothing);
    let mut foreign = 0;
    for lexicon in lexicons {
        let tokens = split(text, |word| lexicon.knows(word));
        let words = tokens.iter().filter(|token| !token.emoji);
        let points = words.map(|token| {
            let word = token.word.as_str();
            let function = if lexicon.functions(word) { FUNCTION } else { 0 };
            let says = lexicon.word(word).is_some()
                || lexicon.negates(word)
                || lexicon.intensifies(word).is_some();
            function + if says { VALENCE } else { 0 }
        });
        let points: u32 = points.sum();
        foreign = foreign.max(others.most(&tokens).saturating_mul(FUNCTION));
        if points > best.0 {
            best = (points, Known::Readable(lexicon, tokens));
        }
    }
    if foreign > best.0 {
        Known::Foreign
    } else {
        best.1
    }
}
