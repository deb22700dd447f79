//! How X counts a text: the judge is X's own library, on texts that are made here.

use std::process::Command;

use anyhow::ensure;
use fastrand::Rng;

use crate::packages::{npm, script, succeeded};

const TEXTS: usize = 10_000;
/// The newest version of Emoji that the library knows.
const EMOJI: (u32, u32) = (11, 0);

const WORDS: &[&str] = &[
    "Hello",
    "the",
    "parcel",
    "is",
    "late",
    "straße",
    "naïve",
    "cafe\u{301}",
    "A\u{30a}ngström",
    "Привет",
    "мир",
    "Γειά",
    "שלום",
    "مرحبا",
    "नमस्ते",
    "สวัสดี",
    "こんにちは",
    "荷物",
    "遅い",
    "包裹",
    "안녕",
    "各\u{3099}",
    "e\u{301}\u{323}",
    "x\u{334}\u{489}",
    "ﬁ",
    "①",
    "½",
    "€",
    "©",
    "®",
    "™",
    "–",
    "“you”",
    "…",
    "‼",
    "\u{200b}",
    "a\u{ad}b",
    "\u{1F1E9}",
    "☹",
    "☹\u{fe0e}",
    "1\u{fe0f}",
    "5",
    "#",
    "\u{fe0f}",
    "\u{200d}",
    "𝒳",
    "𠮷",
    "I'm",
    "don’t",
    "a_b",
    "x-y",
    "etc.and",
    "3.14",
    "e.g.",
    "U.S.",
    "v1.2.3",
    "node.js",
    "::",
    "...",
];
const PUNCTUATION: &[&str] = &[
    "", "", "", "", ".", ",", "!", "?", ":", ";", "(", ")", "\"", "'", "“", "”", "«", "»", "…",
    "-", "_", "/", "|", "[", "]", "{", "}", "*", "~", "$", "#", "@", "＠", "＃", "&", "+", "=",
    "<", ">", "。", "、", "！", "」", "「", "\u{200e}", "`", "^", "%", "\\", "–", "://", "//",
    "\u{a0}", "\u{3000}", "\u{feff}",
];
const SPACES: &[&str] = &[" ", " ", " ", " ", "\n", "\t", "\u{3000}", "", "\u{a0}"];
const DOMAINS: &[&str] = &[
    "com",
    "org",
    "net",
    "de",
    "co.uk",
    "io",
    "museum",
    "travel",
    "photography",
    "info",
    "jp",
    "ai",
    "dev",
    "app",
    "xyz",
    "онлайн",
    "рф",
    "РФ",
    "中国",
    "网络",
    "みんな",
    "한국",
    "भारत",
    "xn--p1ai",
    "xn--vermgensberatung-pwb",
    "onion",
    "COM",
    "Com",
    "comx",
    "c",
    "invalidtld",
    "local",
    "txt",
    "rs",
    "py",
    "zip",
    "co",
    "com1",
    "com-x",
    "com+",
];
const LABELS: &[&str] = &[
    "example",
    "www",
    "a",
    "x1",
    "my-shop",
    "my_shop",
    "-bad",
    "bad-",
    "_x",
    "müller",
    "é",
    "日本",
    "пример",
    "EXAMPLE",
    "xn--bcher-kva",
    "a\"b",
    "t",
    "\u{1F600}",
    "荷物荷物",
    "abcdefghijklmnopqrstuvwxyz",
];
const PATHS: &[&str] = &[
    "",
    "",
    "",
    "/",
    "/a",
    "/a/b.html",
    "/a-b_c",
    "/a.",
    "/a,",
    "/Primer_(film)",
    "/We_Up_(Album_(Edited))",
    "/(a",
    "/a)b",
    "/()",
    "/@ann/1",
    "/@",
    "/~ann/",
    "/é",
    "/путь",
    "/日本",
    "/a…",
    "/a!",
    "/a'b",
    "/a;b=c",
    "/%20",
    "/a–b",
    "/a|b",
    "/a*",
    "/#top",
    "/a#b",
    "/[1]",
    "//",
    "/a/../b",
    "/$1",
    "/&",
    "/ι",
];
const QUERIES: &[&str] = &[
    "", "", "", "", "?a=1", "?a=1&b=2", "?", "?.", "?a=", "?q=é", "?q=(1)", "?q=a,b!", "?a=1#x",
    "?a|b", "?a=%20?", "?x.",
];

fn pick<'l>(random: &mut Rng, list: &[&'l str]) -> &'l str {
    list[random.usize(..list.len())]
}

fn emoji(random: &mut Rng, all: &[&'static str]) -> String {
    let mut text = pick(random, all).to_owned();
    if random.u8(..8) == 0 {
        // Torn apart, or with an accent.
        if random.bool() {
            text.push('\u{301}');
        } else {
            text = text.chars().take(1).collect();
        }
    }
    text
}

fn link(random: &mut Rng) -> String {
    let scheme = match random.u8(..10) {
        0..=2 => "https://",
        3 => "http://",
        4 => pick(
            random,
            &["HTTPS://", "hTTp://", "ftp://", "https:/", "mailto:", "//"],
        ),
        _ => "",
    };
    if random.u8(..12) == 0 {
        let word: String = (0..random.usize(..44))
            .map(|_| random.alphanumeric())
            .collect();
        let rest = pick(random, PATHS);
        return format!("{scheme}t.co/{word}{rest}{}", pick(random, QUERIES));
    }
    let mut text = scheme.to_owned();
    for _ in 0..random.usize(1..4) {
        text.push_str(pick(random, LABELS));
        text.push('.');
    }
    if random.u8(..60) == 0 {
        let long: String = pick(random, &["a", "ü", "日"]).repeat(random.usize(10..70));
        text.push_str(&long);
        text.push('.');
    }
    text.push_str(pick(random, DOMAINS));
    if random.u8(..12) == 0 {
        text.push_str(pick(random, &[":80", ":", ":8080", ":x"]));
    }
    text.push_str(pick(random, PATHS));
    if random.u8(..200) == 0 {
        text.push('/');
        text.push_str(&"long".repeat(random.usize(1..1100)));
    }
    text.push_str(pick(random, QUERIES));
    text
}

fn text(random: &mut Rng, emojis: &[&'static str]) -> String {
    let parts = match random.u8(..50) {
        0 => random.usize(100..600),
        1..=5 => random.usize(20..60),
        _ => random.usize(1..8),
    };
    let mut text = String::new();
    for _ in 0..parts {
        text.push_str(pick(random, PUNCTUATION));
        let part = match random.u8(..12) {
            0..=3 => pick(random, WORDS).to_owned(),
            4..=6 => link(random),
            7..=8 => emoji(random, emojis),
            9 => format!(
                "@{}",
                pick(random, &["ann", "bob_2", "x.com", "a@b.org", "日本"])
            ),
            10 => format!(
                "#{}",
                pick(random, &["late", "parcel2go", "日本", "x.com", "_"])
            ),
            _ => format!("{}@{}", pick(random, LABELS), link(random)),
        };
        text.push_str(&part);
        text.push_str(pick(random, PUNCTUATION));
        text.push_str(pick(random, SPACES));
    }
    text
}

#[test]
fn texts_count_as_in_xs_own_library() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    if !npm(folder.path(), "twitter-text@3.1.0")? {
        return Ok(());
    }
    let emojis: Vec<&str> = emojis::iter()
        .flat_map(|emoji| {
            let tones = emoji.skin_tones().into_iter().flatten();
            std::iter::once(emoji).chain(tones)
        })
        .filter(|emoji| {
            let version = emoji.emoji_version();
            (version.major(), version.minor()) <= EMOJI
        })
        .map(emojis::Emoji::as_str)
        .collect();
    ensure!(emojis.len() > 2000, "only {} emoji", emojis.len());
    let mut random = Rng::with_seed(2026);
    let texts: Vec<String> = (0..TEXTS).map(|_| text(&mut random, &emojis)).collect();
    let file = folder.path().join("texts.json");
    std::fs::write(&file, serde_json::to_vec(&texts)?)?;
    let output = Command::new("node")
        .arg(script("twitter_text.cjs"))
        .arg(folder.path())
        .arg(&file)
        .output()?;
    succeeded(&output)?;
    let lengths: Vec<usize> = serde_json::from_slice(&output.stdout)?;
    ensure!(lengths.len() == TEXTS);
    let wrong: Vec<String> = texts
        .iter()
        .zip(&lengths)
        .map(|(text, length)| (text, *length, linecard_text::x_weighted(text)))
        .filter(|(_, theirs, ours)| theirs != ours)
        .map(|(text, theirs, ours)| format!("{theirs}, not {ours}: {text:?}"))
        .collect();
    let shown = wrong
        .iter()
        .take(10)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    ensure!(
        wrong.is_empty(),
        "{} of {TEXTS} texts count\n{shown}",
        wrong.len()
    );
    let links = texts
        .iter()
        .filter(|text| !linecard_text::x_links(text).is_empty());
    ensure!(links.count() > TEXTS / 4, "too few texts with a link");
    Ok(())
}
