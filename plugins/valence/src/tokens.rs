//! A message as the words, emoticons and emoji that it is made of, each with its place.

/// A part of a message that may say something.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// As it is looked up: small letters, typographic apostrophes made plain, entities of HTML resolved.
    pub word: String,
    /// Where it stands, in UTF-8 bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Whether it is written in capitals.
    pub capitals: bool,
    /// Whether it begins with a capital inside a sentence, as names do.
    pub name_like: bool,
    /// Whether letters are drawn out, as in `sooo`.
    pub drawn_out: bool,
    /// The number of the clause in which it stands; commas and full stops end one.
    pub clause: usize,
    /// Whether it is an emoji or an emoticon.
    pub emoji: bool,
}

/// Emoticons are at most so long; what is longer is a word with punctuation around it.
const LONGEST_EMOTICON: usize = 6;

/// Networks deliver some characters as HTML writes them.
const ENTITIES: [&str; 5] = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];

/// Splits a message. `is_known` says whether a lexicon has something as it is written, as it has `:)`.
pub fn split(text: &str, is_known: impl Fn(&str) -> bool) -> Vec<Token> {
    let mut splitter = Splitter {
        tokens: Vec::new(),
        clause: 0,
        begins: true,
        is_known,
    };
    let mut start = 0;
    for (place, character) in text.char_indices() {
        if character.is_whitespace() {
            splitter.chunk(text, start, place);
            start = place + character.len_utf8();
        }
    }
    splitter.chunk(text, start, text.len());
    splitter.tokens
}

struct Splitter<F> {
    tokens: Vec<Token>,
    clause: usize,
    /// Whether a sentence begins here.
    begins: bool,
    is_known: F,
}

impl<F: Fn(&str) -> bool> Splitter<F> {
    /// What stands between white space.
    fn chunk(&mut self, text: &str, start: usize, end: usize) {
        let Some(written) = text.get(start..end).filter(|chunk| !chunk.is_empty()) else {
            return;
        };
        if is_address(written) {
            self.begins = false;
            return;
        }
        let resolved = resolved(written);
        if resolved.len() <= LONGEST_EMOTICON
            && !written.chars().all(char::is_alphanumeric)
            && (self.is_known)(&resolved.to_lowercase())
        {
            let is_sign = !resolved.chars().any(char::is_alphabetic) || resolved.len() < 4;
            self.push(resolved.to_lowercase(), &resolved, start, end, is_sign);
            return;
        }
        let mut word = None;
        let mut characters = written.char_indices().peekable();
        while let Some((offset, character)) = characters.next() {
            let inner = matches!(character, '\'' | '’' | '‘' | '-' | '_')
                && word.is_some()
                && characters.peek().is_some_and(|(_, c)| c.is_alphanumeric());
            if character.is_alphanumeric() || inner {
                word.get_or_insert(offset);
                continue;
            }
            if let Some(from) = word.take() {
                self.word(written, from, offset, start);
            }
            let rest = written.get(offset..).unwrap_or_default();
            if let Some(entity) = ENTITIES.iter().find(|entity| rest.starts_with(**entity)) {
                // Its first character is taken already.
                for _ in 1..entity.len() {
                    characters.next();
                }
                continue;
            }
            match character {
                ',' | ';' | ':' | '(' | ')' | '–' | '—' | '"' => self.clause += 1,
                '.' | '!' | '?' | '…' => {
                    self.clause += 1;
                    self.begins = true;
                }
                emoji if is_emoji(emoji) => {
                    let to = start + offset + emoji.len_utf8();
                    let token = emoji.to_string();
                    self.push(token.clone(), &token, start + offset, to, true);
                }
                _ => {}
            }
        }
        if let Some(from) = word {
            self.word(written, from, written.len(), start);
        }
        // `:-)` after a word without a space, as in `thanks:)`.
        let tail = written.trim_start_matches(char::is_alphanumeric);
        if tail.len() < written.len() && (2..=4).contains(&tail.len()) && (self.is_known)(tail) {
            self.push(tail.to_owned(), tail, end - tail.len(), end, true);
        }
    }

    /// A word, or several that were written as one: `#EpicFail`, `great-but`.
    fn word(&mut self, chunk: &str, from: usize, to: usize, start: usize) {
        let Some(written) = chunk.get(from..to) else {
            return;
        };
        let lower = lookup_form(written);
        if !(self.is_known)(&lower) {
            let parts = parts(written);
            if parts.len() > 1 {
                for (first, last) in parts {
                    if let Some(part) = written.get(first..last) {
                        let place = start + from;
                        self.push(lookup_form(part), part, place + first, place + last, false);
                    }
                }
                return;
            }
        }
        self.push(lower, written, start + from, start + to, false);
    }

    fn push(&mut self, mut word: String, written: &str, start: usize, end: usize, emoji: bool) {
        let letters = written.chars().filter(|c| c.is_alphabetic()).count();
        let capitals = letters > 1 && !written.chars().any(char::is_lowercase);
        let name_like = !self.begins
            && !capitals
            && written.chars().next().is_some_and(char::is_uppercase)
            && letters > 1;
        let mut drawn_out = false;
        if !emoji && let Some(shorter) = undrawn(&word, &self.is_known) {
            word = shorter;
            drawn_out = true;
        }
        self.begins = false;
        self.tokens.push(Token {
            word,
            start,
            end,
            capitals,
            name_like,
            drawn_out,
            clause: self.clause,
            emoji,
        });
    }
}

/// Whether it is a link or names an account: names say nothing about how their bearer is spoken to.
fn is_address(chunk: &str) -> bool {
    let chunk = chunk.trim_start_matches(['(', '"', '.', '\'']);
    let name = chunk.strip_prefix('@');
    name.is_some_and(|name| name.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        || chunk.starts_with("http://")
        || chunk.starts_with("https://")
        || chunk.starts_with("www.")
}

/// What stands in a text for HTML's entities.
fn resolved(chunk: &str) -> String {
    if !chunk.contains('&') {
        return chunk.to_owned();
    }
    chunk
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

fn lookup_form(word: &str) -> String {
    let lower = word.to_lowercase();
    if lower.contains(['’', '‘']) {
        lower.replace(['’', '‘'], "'")
    } else {
        lower
    }
}

/// Where the words of `EpicFail`, `no-show` and `well_done` begin and end.
fn parts(written: &str) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut before = None::<char>;
    for (place, character) in written.char_indices() {
        let joins = matches!(character, '-' | '_');
        let hump = character.is_uppercase() && before.is_some_and(char::is_lowercase);
        if joins || hump {
            if start < place {
                parts.push((start, place));
            }
            start = if joins {
                place + character.len_utf8()
            } else {
                place
            };
        }
        before = Some(character);
    }
    if start < written.len() {
        parts.push((start, written.len()));
    }
    parts
}

/// A word without the letters by which it is drawn out; `None` if it is not.
fn undrawn(word: &str, is_known: &impl Fn(&str) -> bool) -> Option<String> {
    if is_known(word) || !has_run(word) {
        return None;
    }
    let twice = squeezed(word, 2);
    if is_known(&twice) {
        return Some(twice);
    }
    let once = squeezed(word, 1);
    if is_known(&once) {
        return Some(once);
    }
    // One of the runs is a double letter, the others are not: `cooooolllll`.
    let mut candidate = String::new();
    let letters: Vec<char> = twice.chars().collect();
    for skip in 1..letters.len() {
        if letters.get(skip) == letters.get(skip - 1) {
            candidate.clear();
            candidate.extend(letters.iter().take(skip));
            candidate.extend(letters.iter().skip(skip + 1));
            if is_known(&candidate) {
                return Some(candidate);
            }
        }
    }
    Some(twice)
}

fn has_run(word: &str) -> bool {
    let mut run = 0;
    let mut before = None;
    word.chars().any(|character| {
        run = if before == Some(character) {
            run + 1
        } else {
            1
        };
        before = Some(character);
        run >= 3 && character.is_alphabetic()
    })
}

/// The word with no letter more often in a row than this, where it was three times or more.
fn squeezed(word: &str, most: usize) -> String {
    let letters: Vec<char> = word.chars().collect();
    let mut short = String::with_capacity(word.len());
    for run in letters.chunk_by(|a, b| a == b) {
        let length = if run.len() >= 3 { most } else { run.len() };
        short.extend(run.iter().take(length));
    }
    short
}

fn is_emoji(character: char) -> bool {
    matches!(character,
        '\u{203C}' | '\u{2049}' | '\u{2190}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{1F000}'..='\u{1FAFF}')
        // Skin tones belong to what stands before them.
        && !matches!(character, '\u{1F3FB}'..='\u{1F3FF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let known = [":)", "<3", "cool", "epic", "fail", "great", "lame", "can't"];
        split(text, |word| known.contains(&word))
            .into_iter()
            .map(|token| token.word)
            .collect()
    }

    #[test]
    fn words_emoticons_and_emoji() {
        assert_eq!(words("Great :) thanks:)"), ["great", ":)", "thanks", ":)"]);
        assert_eq!(words("I &lt;3 it!"), ["i", "<3", "it"]);
        assert_eq!(words("so good👍🏽."), ["so", "good", "👍"]);
        assert_eq!(words("I can’t."), ["i", "can't"]);
    }

    #[test]
    fn what_was_written_as_one() {
        assert_eq!(
            words("#EpicFail home.Great"),
            ["epic", "fail", "home", "great"]
        );
        assert_eq!(words("not-great"), ["not", "great"]);
        assert_eq!(words("COOOOOLLLL LAAAAME"), ["cool", "lame"]);
    }

    #[test]
    fn names_and_links_say_nothing() {
        assert_eq!(words("@LovelyPat see http://great.example/great"), ["see"]);
    }
}
