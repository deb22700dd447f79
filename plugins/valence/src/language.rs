//! In which language a message is to be read.

use crate::lexicon::Lexicon;
use crate::tokens;

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
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known<'a> {
    /// It can be read with this lexicon.
    Readable(&'a Lexicon),
    /// It is in a language that has none.
    Foreign,
    /// Nothing tells.
    Nothing,
}

/// The lexicon for a tag, such as `en-GB`.
pub fn tagged<'a>(lexicons: &'a [Lexicon], tag: &str) -> Known<'a> {
    let primary = primary(tag);
    let found = lexicons.iter().find(|l| l.language == primary);
    found.map_or(Known::Foreign, Known::Readable)
}

/// The first part of a BCP 47 tag.
pub fn primary(tag: &str) -> String {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    primary.to_ascii_lowercase()
}

/// The lexicon whose words the message has.
pub fn guessed<'a>(lexicons: &'a [Lexicon], text: &str) -> Known<'a> {
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
        .filter(|word| word.chars().any(char::is_alphabetic))
        .map(|word| word.to_lowercase().replace('’', "'"))
        .collect();
    let mut best = (0, Known::Nothing);
    for lexicon in lexicons {
        // As it is read: drawn-out letters taken back, words that were written as one taken apart.
        let tokens = tokens::split(text, |word| lexicon.knows(word));
        let tokens = tokens.iter().filter(|token| !token.emoji);
        let points = tokens.map(|token| {
            let word = token.word.as_str();
            let function = if lexicon.functions(word) { FUNCTION } else { 0 };
            let says = lexicon.word(word).is_some()
                || lexicon.negates(word)
                || lexicon.intensifies(word).is_some();
            function + if says { VALENCE } else { 0 }
        });
        let points: u32 = points.sum();
        if points > best.0 {
            best = (points, Known::Readable(lexicon));
        }
    }
    for (language, small) in OTHERS {
        if lexicons.iter().any(|lexicon| lexicon.language == language) {
            continue;
        }
        let found = words.iter().filter(|word| small.contains(&word.as_str()));
        let points = u32::try_from(found.count()).unwrap_or(u32::MAX);
        if points.saturating_mul(FUNCTION) > best.0 {
            best = (points.saturating_mul(FUNCTION), Known::Foreign);
        }
    }
    best.1
}
