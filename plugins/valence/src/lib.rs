//! What the words of a message say, from bad to good: lexicons, and the rules that read them.
//!
//! English and German come with it; emoji and emoticons are read in any language. It is used by the
//! sentiment analyzer, and by text models as one of the things that they go by.

pub mod language;
pub mod lexicon;
pub mod reading;
pub mod tokens;

use std::collections::HashMap;

use language::Known;
use lexicon::{Lexicon, LexiconConfig};
use reading::{Reading, Weights};

/// Reads messages with lexicons.
#[derive(Debug, Clone)]
pub struct Reader {
    lexicons: Vec<Lexicon>,
    /// Read with where no word tells the language: emoji and emoticons are the same everywhere.
    signs: Lexicon,
    emoji: HashMap<char, f64>,
    weights: Weights,
    language: Option<String>,
}

impl Reader {
    /// With the lexicons that come with it and these, which go before them. `language` is that of messages
    /// of which nothing tells it.
    pub fn new(configured: &[LexiconConfig], language: Option<String>) -> Self {
        let mut lexicons = lexicon::BUNDLED.map(Lexicon::bundled).to_vec();
        for given in configured {
            let language = language::primary(&given.language);
            match lexicons.iter_mut().find(|l| l.language == language) {
                Some(lexicon) => lexicon.extend(given),
                None => {
                    let mut lexicon = Lexicon::bundled(&language);
                    lexicon.extend(given);
                    lexicons.push(lexicon);
                }
            }
        }
        Self {
            signs: lexicons.first().map(Lexicon::signs).unwrap_or_default(),
            lexicons,
            emoji: lexicon::emoji(),
            weights: Weights::default(),
            language,
        }
    }

    /// What a message says; `None` if that cannot be known.
    pub fn read(&self, text: &str, language: Option<&str>) -> Option<Reading> {
        let tag = language.filter(|tag| !matches!(language::primary(tag).as_str(), "und" | ""));
        let known = match tag {
            Some(tag) => language::tagged(&self.lexicons, tag),
            None => match language::guessed(&self.lexicons, text) {
                Known::Nothing => match &self.language {
                    Some(tag) => language::tagged(&self.lexicons, tag),
                    None => Known::Nothing,
                },
                known => known,
            },
        };
        if let Known::Readable(lexicon) = known {
            let reading = reading::read(text, lexicon, &self.emoji, &self.weights);
            return Some(reading);
        }
        let signs = reading::read(text, &self.signs, &self.emoji, &self.weights);
        (!signs.hits.is_empty()).then_some(signs)
    }
}
