//! Which language a text is in.
//!
//! Where the script tells, it decides. Languages in Latin letters are told apart by their small words,
//! by letters that few of them have, and by the n-grams of `whichlang`, which knows a part of them; how far
//! these agree is how sure the answer is.

use std::collections::HashMap;
use std::sync::LazyLock;

use whichlang::Lang;

use crate::words::LATIN;

/// Which languages in Latin letters have a small word, or a letter that few have: by their places in [`LATIN`].
struct Signs {
    words: HashMap<&'static str, Vec<usize>>,
    letters: HashMap<char, Vec<usize>>,
}

static SIGNS: LazyLock<Signs> = LazyLock::new(|| {
    let mut signs = Signs {
        words: HashMap::new(),
        letters: HashMap::new(),
    };
    for (index, (_, words, letters)) in LATIN.iter().enumerate() {
        for word in words.split(' ') {
            let of = signs.words.entry(word).or_default();
            // Some lists name a word twice.
            if of.last() != Some(&index) {
                of.push(index);
            }
        }
        for letter in letters.chars() {
            signs.letters.entry(letter).or_default().push(index);
        }
    }
    signs
});

/// Makes ready what the first text would else wait for.
pub fn prepare() {
    LazyLock::force(&SIGNS);
}

/// Of so many letters that few languages have, more tell no more.
const MOST_LETTERS: u8 = 3;

/// A language, and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess {
    /// The BCP 47 tag.
    pub tag: &'static str,
    /// From 0 to 1.
    pub confidence: f64,
}

/// What one small word counts, if it is one in no other language.
const WORD: f64 = 2.0;
/// What a letter counts that few languages have.
const LETTER: f64 = 1.5;
/// What the n-grams of the whole text count, and those of each half.
const WHOLE: f64 = 1.2;
const HALF: f64 = 0.5;
/// By so much the words of a language lead that n-grams cannot make up for.
const LEAD: f64 = 0.9;
/// What speaks for no language in particular: few signs make no sure answer.
const DOUBT: f64 = 0.5;
/// A text with fewer letters is in any language.
const FEWEST_LETTERS: usize = 3;
/// So many words are looked at: more tell no more.
const MOST_WORDS: usize = 200;

/// The language that is the most likely one; `None` if nothing tells.
pub fn guess(text: &str) -> Option<Guess> {
    let words = words(text);
    let joined = words.join(" ");
    let letters = joined.chars().filter(|c| c.is_alphabetic()).count();
    if let Some(guess) = by_script(&joined, letters) {
        return Some(guess);
    }
    if letters < FEWEST_LETTERS {
        return None;
    }
    by_words(&words, &joined)
}

/// The words of a text, in small letters, without links, names of accounts and numbers.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for chunk in text.split_whitespace() {
        let is_address =
            chunk.starts_with(['@', '#']) || chunk.contains("://") || chunk.starts_with("www.");
        if is_address {
            continue;
        }
        let parts = chunk.split(|c: char| {
            !(c.is_alphabetic() || matches!(c, '\'' | '’' | '¿' | '¡') || is_mark(c))
        });
        for part in parts {
            let part = part.trim_matches(['\'', '’']);
            if !part.is_empty() {
                words.push(part.to_lowercase().replace('’', "'"));
            }
        }
        if words.len() >= MOST_WORDS {
            break;
        }
    }
    words
}

/// Combining marks belong to the letter before them.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{dff}' | '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}')
}

/// Which letters a script has, and the language that is most often written in it.
type Script = (fn(char) -> bool, &'static str);

fn by_script(text: &str, letters: usize) -> Option<Guess> {
    if text.is_ascii() {
        return None;
    }
    let count = |is: fn(char) -> bool| text.chars().filter(|c| is(*c)).count();
    let guess = |tag, confidence| Some(Guess { tag, confidence });
    let has = |letters: &str| text.chars().any(|c| letters.contains(c));
    let kana = count(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9d}'));
    let han = count(|c| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'));
    // Names and brands in Latin letters stand in texts of every script.
    let is_most = |found: usize| found > 0 && found * 3 >= letters;
    if is_most(kana + han) {
        return if kana > 0 {
            guess("ja", 0.98)
        } else {
            guess("zh", if han > 1 { 0.95 } else { 0.7 })
        };
    }
    let scripts: [Script; 11] = [
        (
            |c| matches!(c, '\u{ac00}'..='\u{d7af}' | '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}'),
            "ko",
        ),
        (|c| matches!(c, '\u{e00}'..='\u{e7f}'), "th"),
        (
            |c| matches!(c, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}'),
            "el",
        ),
        (|c| matches!(c, '\u{590}'..='\u{5ff}'), "he"),
        (|c| matches!(c, '\u{980}'..='\u{9ff}'), "bn"),
        (|c| matches!(c, '\u{b80}'..='\u{bff}'), "ta"),
        (|c| matches!(c, '\u{10a0}'..='\u{10ff}'), "ka"),
        (|c| matches!(c, '\u{530}'..='\u{58f}'), "hy"),
        (|c| matches!(c, '\u{900}'..='\u{97f}'), "hi"),
        (
            |c| matches!(c, '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}'),
            "ar",
        ),
        (|c| matches!(c, '\u{400}'..='\u{4ff}'), "ru"),
    ];
    let (is, tag) = scripts.into_iter().find(|(is, _)| is_most(count(*is)))?;
    match tag {
        // These scripts have several languages; the letters of some tell.
        "ar" if has("ےٹڈڑں") => guess("ur", 0.9),
        "ar" if has("پچژگک") || has("ی") => guess("fa", 0.85),
        "ru" if has("іїєґ") => guess("uk", 0.95),
        "ar" | "ru" | "hi" => guess(tag, if count(is) > 3 { 0.9 } else { 0.6 }),
        _ => guess(tag, 0.98),
    }
}

fn by_words(words: &[String], joined: &str) -> Option<Guess> {
    let mut points = [0.0f64; LATIN.len()];
    for word in words {
        let of = SIGNS
            .words
            .get(word.as_str())
            .map_or(&[][..], Vec::as_slice);
        #[allow(clippy::cast_precision_loss)]
        let share = WORD / of.len().max(1) as f64;
        // A word of one letter tells less.
        let share = if word.chars().count() == 1 {
            share / 2.0
        } else {
            share
        };
        for index in of {
            if let Some(own) = points.get_mut(*index) {
                *own += share;
            }
        }
    }
    let mut letters = [0u8; LATIN.len()];
    for of in joined.chars().filter_map(|c| SIGNS.letters.get(&c)) {
        for index in of {
            if let Some(own) = letters.get_mut(*index) {
                *own = (*own + 1).min(MOST_LETTERS);
            }
        }
    }
    for (own, found) in points.iter_mut().zip(letters) {
        *own += f64::from(found) * LETTER / 2.0;
    }
    let half = words.len() / 2;
    let halves =
        [words.get(..half), words.get(half..)].map(|half| half.unwrap_or_default().join(" "));
    let weighed = [(joined, WHOLE), (&halves[0], HALF), (&halves[1], HALF)];
    // The n-grams know a part of the languages, and take the others for their neighbours: where words speak
    // for another language, they have no say.
    let by_words = points.iter().copied().fold(0.0, f64::max);
    let spoken_for = points;
    for (text, weight) in weighed
        .into_iter()
        .filter(|(text, _)| text.chars().count() > 3)
    {
        let tag = tag(whichlang::detect_language(text));
        let found = points.iter_mut().zip(&spoken_for).zip(&LATIN);
        let found = found.into_iter().find(|(_, (known, _, _))| *known == tag);
        if let Some(((own, words), _)) = found
            && by_words - words < LEAD
        {
            *own += weight;
        }
    }
    let all: f64 = points.iter().sum();
    let best = points.iter().zip(&LATIN).max_by(|a, b| a.0.total_cmp(b.0));
    let (own, (tag, _, _)) = best.filter(|(own, _)| **own > 0.0)?;
    Some(Guess {
        tag,
        confidence: own / (all + DOUBT),
    })
}

fn tag(lang: Lang) -> &'static str {
    match lang {
        Lang::Ara => "ar",
        Lang::Cmn => "zh",
        Lang::Deu => "de",
        Lang::Eng => "en",
        Lang::Fra => "fr",
        Lang::Hin => "hi",
        Lang::Ita => "it",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Nld => "nl",
        Lang::Por => "pt",
        Lang::Rus => "ru",
        Lang::Spa => "es",
        Lang::Swe => "sv",
        Lang::Tur => "tr",
        Lang::Vie => "vi",
    }
}
