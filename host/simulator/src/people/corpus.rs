//! Puts messages together from the phrases of a language.

use fastrand::Rng;

use super::phrases::LANGUAGES;
use crate::customers::Profile;

/// The phrases of one language.
#[derive(Debug)]
pub(super) struct Language {
    pub(super) locale: &'static str,
    pub(super) names: &'static [(&'static str, &'static str)],
    pub(super) days: &'static [&'static str],
    pub(super) things: &'static [&'static str],
    pub(super) greetings: &'static [&'static str],
    pub(super) openings: &'static [&'static str],
    pub(super) details: &'static [&'static str],
    pub(super) followups: &'static [&'static str],
    pub(super) thanks: &'static [&'static str],
}

/// One person's way to talk: the language and what it is about.
#[derive(Debug, Clone)]
pub struct Voice {
    language: &'static Language,
    order: String,
    thing: &'static str,
    day: &'static str,
}

impl Voice {
    /// Somebody new. Every second person speaks English.
    pub fn new(random: &mut Rng) -> Self {
        // The first language is English; the list is never empty.
        let place = if random.bool() {
            0
        } else {
            random.usize(..LANGUAGES.len())
        };
        let language = &LANGUAGES[place];
        Self {
            order: format!(
                "{}-{:06}",
                pick(random, &["A", "B", "K", "W"]),
                random.u32(..1_000_000)
            ),
            thing: pick(random, language.things),
            day: pick(random, language.days),
            language,
        }
    }

    /// A name that fits the language.
    pub fn profile(&self, random: &mut Rng) -> Profile {
        let names = self.language.names;
        let (first, last) = names
            .get(random.usize(..names.len().max(1)))
            .copied()
            .unwrap_or_default();
        Profile {
            locale: Some(self.language.locale.to_owned()),
            nickname: Some(first.to_owned()),
            ..Profile::named(first, last)
        }
    }

    /// The language, such as `de_DE`.
    pub fn locale(&self) -> &'static str {
        self.language.locale
    }

    /// How the conversation opens, in one message or in several as people tend to do.
    pub fn opening(&self, random: &mut Rng) -> Vec<String> {
        let parts = [
            pick(random, self.language.greetings),
            pick(random, self.language.openings),
            pick(random, self.language.details),
        ]
        .map(|phrase| self.fill(phrase));
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        if random.f64() < 0.2 {
            return parts.collect();
        }
        vec![parts.collect::<Vec<_>>().join(" ")]
    }

    /// Something said back to an agent.
    pub fn followup(&self, random: &mut Rng) -> String {
        self.fill(pick(random, self.language.followups))
    }

    /// The end of a conversation that went well.
    pub fn thanks(&self, random: &mut Rng) -> String {
        self.fill(pick(random, self.language.thanks))
    }

    fn fill(&self, phrase: &str) -> String {
        phrase
            .replace("{order}", &self.order)
            .replace("{thing}", self.thing)
            .replace("{day}", self.day)
    }
}

fn pick(random: &mut Rng, phrases: &[&'static str]) -> &'static str {
    random.choice(phrases).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{LANGUAGES, Voice};

    #[test]
    fn there_are_some_hundred_distinct_phrases() {
        let phrases: HashSet<&str> = LANGUAGES
            .iter()
            .flat_map(|language| {
                [
                    language.openings,
                    language.details,
                    language.followups,
                    language.thanks,
                    language.greetings,
                ]
            })
            .flatten()
            .copied()
            .collect();
        assert!(phrases.len() >= 200, "{}", phrases.len());
    }

    #[test]
    fn openings_vary_and_leave_no_placeholder() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut distinct = HashSet::new();
        for _ in 0..1000 {
            let voice = Voice::new(&mut random);
            for text in voice.opening(&mut random) {
                assert!(!text.contains('{') && !text.is_empty(), "{text}");
                assert!(text.chars().count() < 400, "{text}");
                distinct.insert(text);
            }
        }
        assert!(distinct.len() > 800, "{}", distinct.len());
    }
}
