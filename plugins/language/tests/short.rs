//! How often the language of a short message is told rightly: of messages that were written by hand and of
//! ones that are put together. How languages are told was settled without either.

use std::collections::BTreeMap;

use linecard_language::Language;
use linecard_sdk::prelude::*;

/// Messages as customers write them: the tag of their language, and the text.
const WRITTEN: &str = include_str!("short.tsv");
/// What messages are put together from: the tag; what it is about; what is wrong with it; how they begin.
/// Each of a kind goes with each of the others.
const PARTS: &str = include_str!("parts.tsv");
/// A message that has no more characters is short.
const SHORT: usize = 60;

/// The least share that must be told rightly, a little below what was seen.
const WRITTEN_FLOOR: f64 = 0.81;
const PUT_TOGETHER_FLOOR: f64 = 0.85;
/// The least share of each language: Danish and Norwegian, and Finnish, are hard to know from few words.
const LANGUAGE_FLOOR: f64 = 0.2;

fn written() -> Vec<(String, String)> {
    let lines = WRITTEN.lines().map(|line| line.split_once('\t'));
    let pairs = lines.map(|pair| pair.expect("a tag and a text"));
    pairs
        .map(|(t, text)| (t.to_owned(), text.to_owned()))
        .collect()
}

fn put_together() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for line in PARTS.lines() {
        let mut cells = line.split('\t');
        let mut next = || cells.next().expect("four columns");
        let tag = next();
        let [things, faults, openings] =
            [next(), next(), next()].map(|cell| cell.split('|').collect::<Vec<_>>());
        for opening in &openings {
            for thing in &things {
                for fault in &faults {
                    all.push((tag.to_owned(), format!("{opening}{thing} {fault}")));
                }
            }
        }
    }
    all
}

/// The share that is told rightly, of all and of each language; what is not is printed.
fn told(name: &str, messages: &[(String, String)]) -> (f64, BTreeMap<String, f64>) {
    let language = Language::prepare_json("{}").unwrap();
    let mut counts: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let mut taken_for: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (tag, text) in messages {
        assert!(text.chars().count() <= SHORT, "{text} is not short");
        let found = language.analyze(&Subject::text(text)).unwrap().language;
        let found = found.unwrap();
        let (right, all) = counts.entry(tag).or_default();
        *all += 1.0;
        if found == *tag {
            *right += 1.0;
        } else {
            *taken_for.entry((tag, found)).or_default() += 1;
        }
    }
    let right: f64 = counts.values().map(|(right, _)| right).sum();
    let all: f64 = counts.values().map(|(_, all)| all).sum();
    let each: BTreeMap<String, f64> = counts
        .into_iter()
        .map(|(tag, (right, all))| (tag.to_owned(), right / all))
        .collect();
    println!(
        "{name}: {right} of {all}, {:.3}; {each:.2?}; taken for others: {taken_for:?}",
        right / all
    );
    (right / all, each)
}

#[test]
fn the_language_of_short_messages_that_were_written_by_hand() {
    let (all, each) = told("written by hand", &written());
    assert!(all >= WRITTEN_FLOOR, "{all}");
    // Every language that is said to be told is tried.
    let analyzer = Language::describe().analyzer.expect("an analyzer");
    let tried: Vec<&String> = each.keys().collect();
    assert_eq!(tried, analyzer.languages.iter().collect::<Vec<_>>());
    for (tag, share) in &each {
        assert!(*share >= LANGUAGE_FLOOR, "{tag}: {share}");
    }
}

#[test]
fn the_language_of_short_messages_that_are_put_together() {
    let (all, each) = told("put together", &put_together());
    assert!(all >= PUT_TOGETHER_FLOOR, "{all}");
    for (tag, share) in &each {
        assert!(*share >= LANGUAGE_FLOOR, "{tag}: {share}");
    }
}
