//! Whatever stands in a rule, and whatever a message says: a fault with its place, or a result.

use std::collections::BTreeMap;

use linecard_rules::{Expression, Fact, Facts, LONGEST, Verdict};

/// A generator that gives the same numbers in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % most
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }
}

const BOOLS: &[&str] = &[
    "true",
    "false",
    "message.private",
    "author.verified",
    "hours.open",
    "contact.known",
    "interaction.new",
];
const INTS: &[&str] = &[
    "0",
    "1",
    "-3",
    "9223372036854775807",
    "author.followers",
    "now.hour",
    "size(labels)",
    "message.text.size()",
    "interaction.messages",
    "size(scores)",
];
const DOUBLES: &[&str] = &[
    "0.0",
    "1.5",
    "1e308",
    "scores.sentiment",
    "scores.anger",
    "scores['x']",
    "number(contact.attributes.orders)",
    "number(contact.attributes.tier)",
    "number(now.hour)",
];
const TEXTS: &[&str] = &[
    "''",
    "'a'",
    "\"ß\"",
    "message.text",
    "message.language",
    "network",
    "channel",
    "author.handle",
    "text(contact.attributes.tier)",
    "labels[0]",
    "labels[99]",
    "message.text.lower()",
    "hours.reason",
];
const LISTS: &[&str] = &[
    "[]",
    "['a', 'b']",
    "labels",
    "message.attachments",
    "interaction.labels",
    "labels + ['z']",
];
const ATTRIBUTES: &[&str] = &[
    "contact.attributes.tier",
    "contact.attributes.orders",
    "contact.attributes['vip']",
    "interaction.attributes.none",
];
/// What is wrong, or becomes wrong somewhere.
const WRONG: &[&str] = &[
    "mesage.text",
    "message",
    "null",
    "b'a'",
    "1u",
    "{'a': 1}",
    "foo()",
    "scores",
    "contact.attributes",
    "x",
    "has(x)",
    "timestamp('2026-01-01T00:00:00Z')",
    "type(1)",
    "dyn(1)",
    "int('a')",
    "[1, 'a']",
    "message.text.size",
    "@result",
    "network.?x",
    "optional.none()",
    "duration('1s')",
    "Foo{a: 1}",
    "labels.map(a, b, c, d)",
    "`a`",
    ".message",
];

// The letters are the types of the parts.
#[allow(clippy::many_single_char_names)]
/// An expression of a type, usually: now and then one of another.
fn text(dice: &mut Dice, of: char, depth: usize) -> String {
    if dice.below(40) == 0 {
        return dice.one(WRONG).to_owned();
    }
    let of = if dice.below(60) == 0 {
        ['b', 'i', 'd', 't', 'l', 'a'][dice.below(6)]
    } else {
        of
    };
    let leaf = depth == 0 || dice.below(5) == 0;
    let mut sub = |of: char| text(dice, of, depth.saturating_sub(1));
    match of {
        'b' if !leaf => {
            let (a, b) = (sub('b'), sub('b'));
            let (i, j, d) = (sub('i'), sub('i'), sub('d'));
            let (t, other, l) = (sub('t'), sub('t'), sub('l'));
            let attribute = sub('a');
            match dice.below(20) {
                0 => format!("{a} && {b}"),
                1 => format!("({a} || {b})"),
                2 => format!("!({a})"),
                3 => format!("{a} ? {b} : {a}"),
                4 => format!("{i} {} {j}", dice.one(&["<", "<=", ">", ">=", "==", "!="])),
                5 => format!("{i} {} {d}", dice.one(&["<", "<=", ">", ">=", "==", "!="])),
                6 => format!(
                    "{t} {} {other}",
                    dice.one(&["<", "<=", ">", ">=", "==", "!="])
                ),
                7 => format!("{t} in {l}"),
                8 => format!(
                    "({t}).{}({other})",
                    dice.one(&["contains", "startsWith", "endsWith", "mentions"])
                ),
                9 => format!(
                    "({t}).matches('{}')",
                    dice.one(&["a+", "(?i)b", "[", "^.*$", "(a|b)*c", "\\\\d{3}"])
                ),
                10 => format!("{l}.exists(v, v == {t})"),
                11 => format!("{l}.all(v, {a} || v.contains({t}))"),
                12 => format!("{l}.exists_one(v, v.size() > {i})"),
                13 => format!("{l}.filter(v, {a}).size() > {i}"),
                14 => format!("{l}.map(v, v + {t}) == {l}"),
                15 => format!("{attribute} == {t}"),
                16 => format!("{attribute} {} {attribute}", dice.one(&["==", "!="])),
                17 => format!(
                    "has({})",
                    dice.one(&[
                        "message.language",
                        "scores.anger",
                        "contact.attributes.tier",
                        "author.name",
                        "message.nothing"
                    ])
                ),
                18 => format!("{d} {} {d}", dice.one(&["<", ">", "=="])),
                _ => format!("{attribute} in [{t}, {other}]"),
            }
        }
        'i' if !leaf => {
            let (a, b) = (sub('i'), sub('i'));
            match dice.below(4) {
                0 => format!("({a} {} {b})", dice.one(&["+", "-", "*", "/", "%"])),
                1 => format!("-({a})"),
                2 => format!("size({})", sub_text(dice)),
                _ => format!("({} ? {a} : {b})", dice.one(BOOLS)),
            }
        }
        'd' if !leaf => {
            let (a, b) = (sub('d'), sub('d'));
            format!("({a} {} {b})", dice.one(&["+", "-", "*", "/"]))
        }
        't' if !leaf => {
            let (a, b) = (sub('t'), sub('t'));
            match dice.below(3) {
                0 => format!("({a} + {b})"),
                1 => format!("({a}).lower()"),
                _ => format!("({} ? {a} : {b})", dice.one(BOOLS)),
            }
        }
        'l' if !leaf => {
            let (a, b) = (sub('l'), sub('t'));
            match dice.below(3) {
                0 => format!("({a} + [{b}])"),
                1 => format!("{a}.filter(w, w != {b})"),
                _ => format!("{a}.map(w, w + {b})"),
            }
        }
        'b' => dice.one(BOOLS).to_owned(),
        'i' => dice.one(INTS).to_owned(),
        'd' => dice.one(DOUBLES).to_owned(),
        't' => dice.one(TEXTS).to_owned(),
        'l' => dice.one(LISTS).to_owned(),
        _ => dice.one(ATTRIBUTES).to_owned(),
    }
}

fn sub_text(dice: &mut Dice) -> String {
    dice.one(TEXTS).to_owned()
}

fn facts(dice: &mut Dice) -> Facts {
    let mut facts = Facts::default();
    let mut fact = |name: &'static str, value: Fact, dice: &mut Dice| {
        if dice.below(3) > 0 {
            assert!(facts.set(name, value), "{name}");
        }
    };
    let word = |dice: &mut Dice| {
        dice.one(&[
            "",
            "a",
            "b A c",
            "ß",
            "\u{0}",
            "日本語 abc 123",
            "aaaaaaaaaaaaaaaaaaac",
        ])
        .to_owned()
    };
    let texts = |dice: &mut Dice| Fact::Texts((0..dice.below(5)).map(|_| word(dice)).collect());
    fact(
        "message.text",
        Fact::Text(word(dice).repeat(1 + dice.below(50))),
        dice,
    );
    fact("message.language", Fact::Text(word(dice)), dice);
    fact("message.private", Fact::Bool(dice.below(2) == 0), dice);
    fact("message.attachments", texts(dice), dice);
    fact(
        "author.followers",
        Fact::Int(i64::try_from(dice.below(1_000_000)).unwrap()),
        dice,
    );
    fact("author.verified", Fact::Bool(dice.below(2) == 0), dice);
    fact("labels", texts(dice), dice);
    fact("network", Fact::Text("x".to_owned()), dice);
    let mut scores = BTreeMap::new();
    if dice.below(2) == 0 {
        scores.insert("sentiment".to_owned(), Fact::Double(-0.5));
        scores.insert("x".to_owned(), Fact::Double(1e300));
    }
    fact("scores", Fact::Map(scores), dice);
    let mut attributes = BTreeMap::new();
    for name in ["tier", "orders", "vip"] {
        let value = match dice.below(5) {
            0 => Fact::Text(word(dice)),
            1 => Fact::Text("12.5".to_owned()),
            2 => Fact::Double(3.0),
            3 => Fact::Bool(true),
            _ => continue,
        };
        attributes.insert(name.to_owned(), value);
    }
    fact("contact.attributes", Fact::Map(attributes), dice);
    facts
}

#[test]
fn what_was_accepted_is_never_refused_when_it_is_evaluated() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let (mut accepted, mut refused) = (0_u32, 0_u32);
    let mut seen = [0_u32; 3];
    while accepted + refused < 14_000 {
        let depth = 1 + dice.below(3);
        let source = text(&mut dice, 'b', depth);
        match Expression::parse(&source) {
            Err(faults) => {
                refused += 1;
                assert!(!faults.is_empty(), "{source}");
                for fault in faults {
                    let is_there = source.lines().count() >= fault.line as usize;
                    assert!(
                        is_there && fault.column >= 1 && !fault.text.is_empty(),
                        "{source}: {fault}"
                    );
                }
            }
            Ok(expression) => {
                accepted += 1;
                for _ in 0..10 {
                    let facts = facts(&mut dice);
                    let verdict = expression.holds(&facts);
                    match &verdict {
                        Verdict::Holds => seen[0] += 1,
                        Verdict::HoldsNot => seen[1] += 1,
                        Verdict::Undecided(why) => {
                            assert!(
                                !why.starts_with("it cannot be evaluated"),
                                "{source}: {why}"
                            );
                            assert!(!why.starts_with("it is "), "{source}: {why}");
                            seen[2] += 1;
                        }
                    }
                }
            }
        }
    }
    // A generator of which everything, or nothing, is accepted would show nothing.
    println!("accepted {accepted}, refused {refused}, verdicts {seen:?}");
    assert!(accepted > 10_000 && refused > 1_000, "{accepted} {refused}");
    assert!(seen.iter().all(|count| *count > 5_000), "{seen:?}");
}

const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "'''",
    "\\",
    "r'",
    "b'",
    "!",
    "-",
    "?",
    ":",
    ".",
    ",",
    "&&",
    "||",
    "&",
    "==",
    "=",
    "<",
    "in",
    "has",
    "has(",
    "labels",
    ".exists(",
    "x",
    "message",
    ".text",
    "1",
    "1.",
    "0x",
    "1e",
    "u",
    "\n",
    "//",
    " ",
    "ä",
    "\u{0}",
    "日",
    "`",
    "@",
    "$",
    "true",
    "null",
    ".map(a,",
    "99999999999999999999",
    "\u{feff}",
    "\t",
];

#[test]
fn any_text_is_accepted_or_refused_and_nothing_else() {
    let mut dice = Dice(42);
    for _ in 0..8_000 {
        let count = 1 + dice.below(12);
        let source: String = (0..count).map(|_| dice.one(PIECES)).collect();
        if let Ok(expression) = Expression::parse(&source) {
            let _ = expression.holds(&facts(&mut dice));
        }
    }
    // Bytes of every kind, as far as they are text.
    for _ in 0..5_000 {
        let count = dice.below(60);
        let source: String = (0..count)
            .filter_map(|_| char::from_u32(u32::try_from(dice.below(0x300)).unwrap()))
            .collect();
        let _ = Expression::parse(&source).is_ok();
    }
}

#[test]
fn what_is_made_to_cost_much_is_refused_or_cheap() {
    let long = "x".repeat(200);
    let parts: Vec<String> = vec![
        "(".repeat(LONGEST),
        "!".repeat(LONGEST - 4) + "true",
        "-".repeat(LONGEST - 1) + "1",
        "[".repeat(LONGEST),
        "true?".repeat(LONGEST / 5),
        "a.".repeat(LONGEST / 2),
        "labels.exists(a,".repeat(LONGEST / 16),
        "true&&".repeat(LONGEST / 6 - 1) + "true",
        "labels.map(a, ".repeat(20) + "a" + &")".repeat(20) + " == []",
        "labels.all(a, labels.all(b, labels.all(c, labels.all(d, a == d))))".to_owned(),
        format!("message.text.matches('({long}){{1000}}')"),
        "message.text.matches('((((((((((a{10}){10}){10}){10}){10}){10}){10}){10}){10}){10})')"
            .to_owned(),
        "message.text.matches('".to_owned() + &"(".repeat(400) + "')",
        "message.text.matches('(a*)*b') && true".to_owned(),
        "1+".repeat(390) + "1 > 0",
        "f(".repeat(100) + &")".repeat(100),
        "x{a:".repeat(200),
    ];
    let mut facts = Facts::default();
    facts.set("message.text", "a".repeat(100_000));
    facts.set("labels", vec!["a".to_owned(); 5_000]);
    for source in parts {
        if let Ok(expression) = Expression::parse(&source) {
            let _ = expression.holds(&facts);
        }
    }
}
