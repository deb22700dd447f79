//! How documents lie in the index.

use std::collections::BTreeSet;

use linecard_model::ContactId;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, JsonObjectOptions, STORED, STRING, Schema,
    TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{PreTokenizedString, Token as IndexToken};
use tantivy::{TantivyDocument, Term};

use crate::document::{Conversation, Document, mark};
use crate::text::{Language, Token, tokens};

/// The number of the form of what is kept: one of another form is built anew.
pub(crate) const FORM: u32 = 1;

/// The kind of interactions, which are not found themselves.
pub(crate) const CONVERSATION: &str = "interaction";

/// The fewest digits by which a number is looked for.
pub(crate) const FEWEST_DIGITS: usize = 4;
/// The most digits of one number that are looked at: no telephone number has more than 15.
const MOST_DIGITS: usize = 20;

/// The fields.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub schema: Schema,
    /// What it is: one document for each.
    pub key: Field,
    /// The contact under which it is kept: what is erased with it.
    pub owner: Field,
    pub kind: Field,
    /// The folded words, with their places.
    pub words: Field,
    /// The stems, each with its language before it.
    pub stems: Field,
    /// The ends of numbers, so that a part of one is found by its beginning.
    pub digits: Field,
    pub channel: Field,
    pub label: Field,
    pub queue: Field,
    pub agent: Field,
    pub media_type: Field,
    pub disposition: Field,
    /// Where an interaction is seen from: a queue, or an agent.
    pub place: Field,
    pub scores: Field,
}

/// The columns, by their names.
pub(crate) const AT: &str = "at";
pub(crate) const MARK: &str = "mark";
pub(crate) const PERSON: &str = "person";
pub(crate) const INTERACTION: &str = "interaction";
pub(crate) const LABEL: &str = "label";
pub(crate) const SCORES: &str = "scores";

impl Fields {
    pub fn new() -> Self {
        let mut builder = Schema::builder();
        let by_words = |record| {
            let indexing = TextFieldIndexing::default()
                .set_tokenizer("raw")
                .set_index_option(record);
            TextOptions::default().set_indexing_options(indexing)
        };
        let key = builder.add_text_field("key", STRING | STORED);
        let owner = builder.add_text_field("owner", STRING);
        let kind = builder.add_text_field("kind", STRING);
        let words = by_words(IndexRecordOption::WithFreqsAndPositions);
        let words = builder.add_text_field("words", words);
        let stems = by_words(IndexRecordOption::WithFreqs);
        let stems = builder.add_text_field("stems", stems);
        let digits = builder.add_text_field("digits", by_words(IndexRecordOption::Basic));
        builder.add_i64_field(AT, FAST);
        builder.add_u64_field(MARK, FAST);
        builder.add_u64_field(PERSON, FAST);
        builder.add_u64_field(INTERACTION, FAST | INDEXED);
        let label = builder.add_text_field(LABEL, STRING | FAST);
        Self {
            key,
            owner,
            kind,
            words,
            stems,
            digits,
            channel: builder.add_text_field("channel", STRING),
            label,
            queue: builder.add_text_field("queue", STRING),
            agent: builder.add_text_field("agent", STRING),
            media_type: builder.add_text_field("media_type", STRING),
            disposition: builder.add_text_field("disposition", STRING),
            place: builder.add_text_field("place", STRING),
            scores: builder.add_json_field(SCORES, JsonObjectOptions::default().set_fast("raw")),
            schema: builder.build(),
        }
    }

    fn column(&self, name: &str) -> Field {
        // They are all made above.
        self.schema.get_field(name).unwrap_or(self.key)
    }

    /// What is kept of something that can be found.
    pub fn document(&self, it: &Document) -> TantivyDocument {
        let mut out = TantivyDocument::default();
        out.add_text(self.key, it.key.text());
        out.add_text(self.owner, it.key.contact().to_string());
        out.add_text(self.kind, it.key.kind().as_str());
        out.add_i64(self.column(AT), it.at.as_millisecond());
        out.add_u64(self.column(MARK), mark(&it.key.own()));
        out.add_u64(self.column(PERSON), mark(it.person.as_bytes()));
        if let Some(interaction) = it.interaction {
            out.add_u64(self.column(INTERACTION), mark(interaction.as_bytes()));
        }
        for channel in &it.channels {
            out.add_text(self.channel, channel.as_str());
        }
        for label in &it.labels {
            out.add_text(self.label, label);
        }
        let stems = it.language.as_deref().and_then(Language::of);
        let stems = stems.map(Language::stemmer);
        for text in &it.texts {
            let words = tokens(text);
            if let Some(stems) = &stems {
                let found = words.iter().filter_map(|token| stems.of(token));
                out.add_pre_tokenized_text(self.stems, pre_tokenized(found));
            }
            out.add_pre_tokenized_text(self.words, placed(words));
        }
        let numbers: BTreeSet<String> = it.numbers.iter().flat_map(|n| ends(n)).collect();
        if !numbers.is_empty() {
            out.add_pre_tokenized_text(self.digits, pre_tokenized(numbers.into_iter()));
        }
        let scores = it.scores.iter().filter(|(_, score)| score.is_finite());
        let scores: Vec<_> = scores
            .map(|(name, score)| (name.clone(), (*score).into()))
            .collect();
        if !scores.is_empty() {
            out.add_object(self.scores, scores.into_iter().collect());
        }
        out
    }

    /// What is kept of an interaction.
    pub fn conversation(&self, it: &Conversation) -> TantivyDocument {
        let mut out = TantivyDocument::default();
        out.add_text(self.key, conversation_key(it));
        out.add_text(self.kind, CONVERSATION);
        out.add_u64(self.column(MARK), mark(it.id.as_bytes()));
        for person in &it.persons {
            out.add_u64(self.column(PERSON), mark(person.as_bytes()));
        }
        out.add_text(self.queue, it.queue.as_str());
        out.add_text(self.media_type, it.media_type.as_str());
        out.add_text(self.place, queue_place(it.queue.as_str()));
        for agent in &it.agents {
            out.add_text(self.agent, agent.as_str());
        }
        let seen_by: BTreeSet<_> = it.agents.union(&it.followers).collect();
        for agent in seen_by {
            out.add_text(self.place, agent_place(agent.as_str()));
        }
        for label in &it.labels {
            out.add_text(self.label, label);
        }
        if let Some(disposition) = &it.disposition {
            out.add_text(self.disposition, disposition);
        }
        out
    }

    /// The term of everything that is kept under a contact.
    pub fn owned_by(&self, contact: ContactId) -> Term {
        Term::from_field_text(self.owner, &contact.to_string())
    }
}

pub(crate) fn conversation_key(it: &Conversation) -> String {
    format!("i {}", it.id)
}

pub(crate) fn queue_place(queue: &str) -> String {
    format!("queue {queue}")
}

pub(crate) fn agent_place(agent: &str) -> String {
    format!("agent {agent}")
}

/// The digits of a text.
pub(crate) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The ends of a number that are long enough to be looked for: a part of it is the beginning of one.
fn ends(number: &str) -> Vec<String> {
    let mut digits = digits(number);
    digits.truncate(MOST_DIGITS);
    let last = digits.len().saturating_sub(FEWEST_DIGITS - 1);
    (0..last).map(|start| digits[start..].to_owned()).collect()
}

fn pre_tokenized(texts: impl Iterator<Item = String>) -> PreTokenizedString {
    let tokens = texts.enumerate().map(|(position, text)| IndexToken {
        offset_from: 0,
        offset_to: 0,
        position,
        text,
        position_length: 1,
    });
    PreTokenizedString {
        text: String::new(),
        tokens: tokens.collect(),
    }
}

fn placed(words: Vec<Token>) -> PreTokenizedString {
    pre_tokenized(words.into_iter().map(|token| token.folded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_number_is_the_beginning_of_an_end_of_it() {
        let kept = ends("+49 (171) 123-45");
        assert!(kept.iter().any(|end| end.starts_with("7112")));
        assert_eq!(kept.last().map(String::as_str), Some("2345"));
        assert!(ends("123").is_empty());
        assert!(ends("").is_empty());
        assert_eq!(ends("1234"), ["1234"]);
    }
}
