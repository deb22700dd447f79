//! What the words of a message say, from bad to good: lexicons, and the rules that read them.
//!
//! English and German come with it; emoji and emoticons are read in any language. It is used by the
//! sentiment analyzer, and by text models as one of the things that they go by.

pub mod language;
pub mod lexicon;
pub mod reading;
pub mod tokens;

use language::{Known, Others};
use lexicon::{Emoji, Lexicon, LexiconConfig};
use reading::{Reading, Weights};
use tokens::{Token, split};

/// Reads messages with lexicons.
#[derive(Debug, Clone)]
pub struct Reader {
    lexicons: Vec<Lexicon>,
    /// Read with where no word tells the language: emoji and emoticons are the same everywhere.
    signs: Lexicon,
    emoji: Emoji,
    weights: Weights,
    language: Option<String>,
    others: Others,
}

impl Reader {
    /// With the lexicons that come with it and these, which go before them. `language` is that of messages
    /// of which nothing tells it.
    pub fn new(configured: &[LexiconConfig], language: Option<String>) -> Self {
        let mut lexicons = lexicon::BUNDLED.map(Lexicon::bundled).to_vec();
        for given in configured {
            let language = language::primary(&given.language);
            if let Some(lexicon) = lexicons.iter_mut().find(|l| l.language == language) {
                lexicon.extend(given);
            } else {
                let mut lexicon = Lexicon::bundled(&language);
                lexicon.extend(given);
                lexicons.push(lexicon);
            }
        }
        Self {
            others: Others::beside(&lexicons),
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
            Some(tag) => language::tagged(&self.lexicons, tag, text),
            None => match language::guessed(&self.lexicons, &self.others, text) {
                Known::Nothing => match &self.language {
                    Some(tag) => language::tagged(&self.lexicons, tag, text),
                    None => Known::Nothing,
                },
                known => known,
            },
        };
        let read = |lexicon: &Lexicon, tokens: &[Token]| {
            reading::read(text, tokens, lexicon, &self.emoji, &self.weights)
        };
        if let Known::Readable(lexicon, tokens) = known {
            return Some(read(lexicon, &tokens));
        }
        let signs = read(&self.signs, &split(text, |word| self.signs.knows(word)));
        (!signs.hits.is_empty()).then_some(signs)
    }
}
