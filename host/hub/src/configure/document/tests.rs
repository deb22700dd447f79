use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
struct Outer {
    name: String,
    #[serde(default)]
    inner: Vec<Inner>,
    kind: Option<Kind>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Inner {
    number: u8,
    #[serde(default)]
    words: BTreeMap<String, Inner>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Plain,
    Marked(String),
    Placed { x: i32 },
}

fn wrong(text: &str) -> Vec<String> {
    match read_json::<Outer>(text.as_bytes()) {
        Ok(value) => panic!("{text}: {value:?}"),
        Err(JsonError::Syntax(error)) => vec![format!("syntax: {error}")],
        Err(JsonError::Problems(problems)) => {
            let told = problems.0.iter();
            told.map(|p| format!("{}: {}", p.pointer, p.text)).collect()
        }
    }
}

#[test]
fn an_array_is_no_object_at_any_level() {
    assert_eq!(wrong("[]"), [": this must be an object, not an array"]);
    assert_eq!(
        wrong(r#"["n", [], null]"#),
        [": this must be an object, not an array"]
    );
    assert_eq!(
        wrong(r#"{"name": "n", "inner": [[1]]}"#),
        ["/inner/0: this must be an object, not an array"]
    );
    assert_eq!(
        wrong(r#"{"name": "n", "inner": [{"number": 1, "words": []}]}"#),
        ["/inner/0/words: this must be an object, not an array"]
    );
    assert_eq!(
        wrong(r#"{"name": "n", "inner": [{"number": 1, "words": {"a": [2]}}]}"#),
        ["/inner/0/words/a: this must be an object, not an array"]
    );
    assert_eq!(
        wrong(r#"{"name": "n", "kind": {"placed": [1]}}"#),
        ["/kind/placed: this must be an object, not an array"]
    );
    assert_eq!(
        wrong(r#"{"name": "n", "kind": ["plain"]}"#),
        ["/kind: this must be a text, not an array"]
    );
}

#[test]
fn every_level_is_strict_whatever_its_type_asks_for() {
    assert_eq!(
        wrong(
            r#"{"nmae": "n", "inner": [{"number": 1, "numbr": 2}], "kind": {"placed": {"x": 1, "y": 2}}}"#
        ),
        [
            "/nmae: there is no such key; did you mean \"name\"?",
            "/inner/0/numbr: there is no such key; did you mean \"number\"?",
            "/kind/placed/y: there is no such key; there are \"x\"",
            "/name: this key is missing",
        ]
    );
    assert_eq!(
        wrong(r#"{"name": "n", "name": "m"}"#),
        ["/name: this key is given twice"]
    );
}

#[test]
fn one_of_several_is_exactly_one() {
    let kind = |text: &str| {
        let text = format!(r#"{{"name": "n", "kind": {text}}}"#);
        read_json::<Outer>(text.as_bytes()).map(|outer| outer.kind)
    };
    assert_eq!(kind("\"plain\"").unwrap(), Some(Kind::Plain));
    assert_eq!(kind("{\"plain\": null}").unwrap(), Some(Kind::Plain));
    assert_eq!(
        kind("{\"marked\": \"m\"}").unwrap(),
        Some(Kind::Marked("m".to_owned()))
    );
    assert_eq!(
        kind("{\"placed\": {\"x\": -1}}").unwrap(),
        Some(Kind::Placed { x: -1 })
    );
    assert_eq!(kind("null").unwrap(), None);
    let told = |text: &str| kind(text).unwrap_err().to_string();
    assert_eq!(
        told("{\"marked\": \"m\", \"plain\": null}"),
        "kind.plain: this must have one key only"
    );
    assert_eq!(told("{}"), "kind: this must have one key");
    assert_eq!(
        told("\"marked\""),
        "kind: \"marked\" needs more: write {\"marked\": …}"
    );
    assert_eq!(
        told("{\"plain\": 1}"),
        "kind.plain: \"plain\" carries nothing: write only the word"
    );
    assert_eq!(
        told("\"plian\""),
        "kind: \"plian\" is not possible; did you mean \"plain\"?"
    );
}

#[test]
fn what_is_no_json_is_told_as_that() {
    for text in ["{", "{\"name\": \"n\"} x", "", "{'name': 1}", "\u{feff}{}"] {
        let told = wrong(text);
        assert!(told[0].starts_with("syntax: "), "{text}: {told:?}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(wrong(&deep)[0].starts_with("syntax: "));
}

#[test]
fn a_value_that_was_left_out_is_not_missing_too() {
    let read = |text: &str| read::<Outer>("f.toml", text).unwrap_err().to_string();
    assert_eq!(
        read("name = 5\n"),
        "f.toml:1:1: name: this must be a text, not a whole number"
    );
    assert_eq!(
        read("name = \"n\"\ninner = [{ number = 1, numbr = 2 }, [3], { number = true }]\n"),
        "f.toml:2:24: inner.0.numbr: there is no such key; did you mean \"number\"?\n\
         f.toml:2:37: inner.1: this must be a table, not an array\n\
         f.toml:2:44: inner.2.number: this must be a whole number from 0 to 255, not a truth value"
    );
}

#[test]
fn a_large_document_is_looked_through_once() {
    let items = vec!["{}"; 40_000].join(",");
    let told = wrong(&format!("{{\"name\": \"n\", \"inner\": [{items}]}}"));
    assert_eq!(told, ["/inner/0/number: this key is missing"]);
}

#[test]
fn one_with_a_tag_is_an_object_and_its_unknown_keys_are_named() {
    #[derive(Debug, Deserialize)]
    #[serde(tag = "mode", rename_all = "kebab-case", deny_unknown_fields)]
    #[allow(dead_code, reason = "only read")]
    enum Tagged {
        Off {},
        After { seconds: u32 },
    }
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only read")]
    struct Holder {
        tagged: Tagged,
    }
    let told = |text: &str| match read_json::<Holder>(text.as_bytes()) {
        Ok(taken) => panic!("{text} is taken as {taken:?}"),
        Err(error) => error.to_string(),
    };
    read_json::<Holder>(br#"{"tagged": {"mode": "after", "seconds": 3}}"#).unwrap();
    assert_eq!(
        told(r#"{"tagged": ["off"]}"#),
        "tagged: this must be an object, not an array"
    );
    assert_eq!(
        told(r#"{"tagged": {"mode": "after", "secnds": 3}}"#),
        "tagged.secnds: there is no such key; did you mean \"seconds\"?"
    );
    assert_eq!(
        told(r#"{"tagged": {"mode": "off", "secnds": 3}}"#),
        "tagged.secnds: there is no such key"
    );
}
