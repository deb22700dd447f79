//! What the words of a message say together.
//!
//! The method is that of VADER (Hutto & Gilbert 2014): each word has a valence, which the words around it
//! turn (negations), strengthen or weaken (intensifiers, capitals), a `but` shifts the weight to what
//! follows, and exclamation marks strengthen the whole. Beside it: phrases go before their words, a
//! negation ends with its clause, drawn-out letters strengthen, hashtags and words that were
//! written as one are read part by part, names say less than the words that they are made of, and a long
//! message needs more words to say as much.

use std::collections::HashMap;

use crate::lexicon::{Emoji, LONGEST_PHRASE, Lexicon};
use crate::tokens::Token;

/// The weights of the rules, set on messages that people had rated; cross-validation of the setting loses 0.002
/// of the correlation.
#[derive(Debug, Clone)]
pub struct Weights {
    /// What an intensifier adds.
    pub intensifier: f64,
    /// What capitals add among small letters.
    pub capitals: f64,
    /// What a negation multiplies with.
    pub negation: f64,
    /// What an exclamation mark adds to the whole; up to four count.
    pub exclamation: f64,
    /// How much it takes to come near −1 or 1.
    pub saturation: f64,
    /// What stands before a contrast is multiplied by this.
    pub before_contrast: f64,
    /// What follows it by this.
    pub after_contrast: f64,
    /// What drawn-out letters add.
    pub drawn_out: f64,
    /// What a name is multiplied with.
    pub name: f64,
    /// By how much each word beyond `free_words` takes weight from all.
    pub length: f64,
    /// So many words take no weight.
    pub free_words: f64,
    /// The number of words that say something, to the power of this, divides their sum.
    pub crowd: f64,
    /// What the words of a question are multiplied with.
    pub question: f64,
    /// What bad words weigh against good ones.
    pub negative: f64,
    /// What a word is multiplied with each time that it comes again.
    pub repeated: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            intensifier: 0.4,
            capitals: 1.0,
            negation: -0.45,
            exclamation: 0.4,
            saturation: 22.0,
            before_contrast: 0.5,
            after_contrast: 1.1,
            drawn_out: 0.6,
            name: 0.7,
            length: 0.02,
            free_words: 4.0,
            crowd: 0.3,
            question: 0.75,
            negative: 1.1,
            repeated: 0.7,
        }
    }
}

/// A word or phrase that counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Where it stands, in UTF-8 bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it says there.
    pub valence: f64,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// From −1 to 1.
    pub score: f64,
    /// What counted, in the order of the text.
    pub hits: Vec<Hit>,
}

/// The words before a word that may change it.
const REACH: usize = 3;
/// A word that is farther away changes less.
const FADING: [f64; REACH] = [1.0, 0.95, 0.9];
const MOST_EXCLAMATIONS: usize = 4;

/// Reads a message, split into its parts, in a lexicon's language.
pub fn read(
    text: &str,
    tokens: &[Token],
    lexicon: &Lexicon,
    emoji: &Emoji,
    weights: &Weights,
) -> Reading {
    if tokens.is_empty() {
        return Reading::default();
    }
    let mut hits = hits(tokens, lexicon, emoji, weights);
    weigh_contrast(tokens, lexicon, weights, &mut hits);
    let questions = questions(text);
    for hit in &mut hits {
        if questions
            .iter()
            .any(|&(start, end)| hit.start >= start && hit.end <= end)
        {
            hit.valence *= weights.question;
        }
        if hit.valence < 0.0 {
            hit.valence *= weights.negative;
        }
    }
    Reading {
        score: rounded(together(text, tokens, &hits, weights)),
        hits,
    }
}

fn hits(tokens: &[Token], lexicon: &Lexicon, emoji: &Emoji, weights: &Weights) -> Vec<Hit> {
    let mixed_case = tokens.iter().any(|token| token.capitals)
        && tokens.iter().any(|token| !token.capitals && !token.emoji);
    // Where every other word has a capital it is a headline's.
    let names = tokens.iter().filter(|token| token.name_like).count();
    let headline = names * 2 > tokens.len();
    let mut hits = Vec::new();
    let mut said: HashMap<&str, i32> = HashMap::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let (valence, words) = match phrase(tokens, index, lexicon) {
            Some(found) => found,
            None => (alone(tokens, index, lexicon, emoji), 1),
        };
        let last = tokens.get(index + words - 1).unwrap_or(token);
        let shouted = mixed_case && tokens.iter().skip(index).take(words).any(|t| t.capitals);
        let mut valence = valence;
        if valence != 0.0 && !token.emoji {
            if shouted {
                valence += weights.capitals.copysign(valence);
            }
            if tokens.iter().skip(index).take(words).any(|t| t.drawn_out) {
                valence += weights.drawn_out.copysign(valence);
            }
            valence = in_context(tokens, index, valence, mixed_case, lexicon, weights);
            if token.name_like && !headline {
                valence *= weights.name;
            }
        }
        let times = said.entry(token.word.as_str()).or_insert(0);
        valence *= weights.repeated.powi(*times);
        *times += 1;
        if valence != 0.0 {
            hits.push(Hit {
                start: token.start,
                end: last.end,
                valence,
            });
        }
        index += words;
    }
    hits
}

/// The longest phrase that begins here, and its number of words.
fn phrase(tokens: &[Token], index: usize, lexicon: &Lexicon) -> Option<(f64, usize)> {
    let first = tokens.get(index)?;
    if !lexicon.opens(&first.word) {
        return None;
    }
    let mut phrase = first.word.clone();
    let mut found = None;
    for (length, token) in tokens
        .iter()
        .skip(index + 1)
        .take(LONGEST_PHRASE - 1)
        .enumerate()
    {
        phrase.push(' ');
        phrase.push_str(&token.word);
        if let Some(valence) = lexicon.phrase(&phrase) {
            found = Some((valence, length + 2));
        }
    }
    found
}

fn alone(tokens: &[Token], index: usize, lexicon: &Lexicon, emoji: &Emoji) -> f64 {
    let Some(token) = tokens.get(index) else {
        return 0.0;
    };
    if token.emoji {
        let emoji = token.word.chars().next().and_then(|c| emoji.get(&c));
        return emoji
            .copied()
            .or_else(|| lexicon.word(&token.word))
            .unwrap_or_default();
    }
    let Some(valence) = lexicon.word(&token.word) else {
        return 0.0;
    };
    let next = tokens
        .get(index + 1)
        .filter(|next| next.clause == token.clause);
    let next_says = next.is_some_and(|next| lexicon.word(&next.word).is_some());
    // A word that strengthens or turns what follows says nothing by itself beside it.
    if lexicon.intensifies(&token.word).is_some() && (next_says || valence.abs() < 1.0) {
        return 0.0;
    }
    if lexicon.negates(&token.word) && next_says {
        return 0.0;
    }
    valence
}

/// A word's valence between those before it.
fn in_context(
    tokens: &[Token],
    index: usize,
    valence: f64,
    mixed_case: bool,
    lexicon: &Lexicon,
    weights: &Weights,
) -> f64 {
    let Some(token) = tokens.get(index) else {
        return valence;
    };
    let mut valence = valence;
    let before = tokens.get(..index).unwrap_or_default().iter().rev();
    for (fading, earlier) in FADING.iter().zip(before) {
        if earlier.clause != token.clause {
            break;
        }
        if let Some(strength) = lexicon.intensifies(&earlier.word) {
            let mut by = strength * weights.intensifier * fading;
            if mixed_case && earlier.capitals && strength > 0.0 {
                by += weights.capitals * fading;
            }
            if earlier.drawn_out {
                by += weights.drawn_out * fading;
            }
            valence += by.copysign(valence * by);
        }
        if lexicon.negates(&earlier.word) {
            valence *= weights.negation;
        }
    }
    if negated_by_phrase(tokens, index, lexicon) {
        valence *= weights.negation;
    }
    valence
}

/// Whether several words that stand directly before a word turn it: `anything but`, `alles andere als`.
fn negated_by_phrase(tokens: &[Token], index: usize, lexicon: &Lexicon) -> bool {
    (2..=REACH).any(|length| {
        let before = index.checked_sub(length);
        let words = before.and_then(|start| tokens.get(start..index));
        words.is_some_and(|words| {
            words
                .first()
                .is_some_and(|first| lexicon.opens(&first.word))
                && lexicon.negates(&joined(words))
        })
    })
}

fn joined(words: &[Token]) -> String {
    let words: Vec<&str> = words.iter().map(|token| token.word.as_str()).collect();
    words.join(" ")
}

/// Shifts the weight to what follows the first contrast.
fn weigh_contrast(tokens: &[Token], lexicon: &Lexicon, weights: &Weights, hits: &mut [Hit]) {
    // One that opens the message contrasts with nothing in it.
    let mut contrasts = tokens.iter().skip(1);
    let Some(contrast) = contrasts.find(|token| lexicon.contrasts(&token.word)) else {
        return;
    };
    for hit in hits {
        hit.valence *= if hit.start < contrast.start {
            weights.before_contrast
        } else {
            weights.after_contrast
        };
    }
}

/// Where questions stand.
fn questions(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    for (place, character) in text.char_indices() {
        match character {
            '?' => {
                found.push((start, place));
                start = place + 1;
            }
            '.' | '!' | '\n' => start = place + 1,
            _ => {}
        }
    }
    found
}

fn together(text: &str, tokens: &[Token], hits: &[Hit], weights: &Weights) -> f64 {
    // The numbers of a message's words are far below what a float cannot hold.
    #[allow(clippy::cast_precision_loss)]
    let (words, counted) = (tokens.len() as f64, hits.len().max(1) as f64);
    let mut sum: f64 = hits.iter().map(|hit| hit.valence).sum();
    if sum == 0.0 {
        return 0.0;
    }
    let exclamations = text.matches('!').count().min(MOST_EXCLAMATIONS);
    #[allow(clippy::cast_precision_loss)]
    let emphasis = exclamations as f64 * weights.exclamation;
    sum += emphasis.copysign(sum);
    sum /= counted.powf(weights.crowd);
    sum /= 1.0 + weights.length * (words - weights.free_words).max(0.0);
    (sum / (sum * sum + weights.saturation).sqrt()).clamp(-1.0, 1.0)
}

/// To four decimals: what lies behind them says nothing, and differs from machine to machine.
fn rounded(score: f64) -> f64 {
    (score * 10_000.0).round() / 10_000.0
}
