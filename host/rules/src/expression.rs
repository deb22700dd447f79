//! A condition: parsed once, checked, and then evaluated for each message.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::extractors::This;
use cel::{Context, Env, ExecutionError, Program, Value};
use regex::Regex;

use crate::check::{Fault, check};
use crate::facts::Facts;
use crate::scan::{place, scan};

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not hold.
    HoldsNot,
    /// It cannot be said: a fact is absent, a number is divided by 0.
    Undecided(String),
}

/// What every expression is evaluated in.
static ENV: LazyLock<Arc<Env>> =
    LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// A condition that was accepted.
pub struct Expression {
    source: String,
    program: Program,
    patterns: BTreeMap<String, Regex>,
    facts: BTreeSet<(&'static str, &'static str)>,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Expression {
    /// Parses and checks a condition. Everything that is wrong with it is told at once.
    pub fn parse(source: &str) -> Result<Self, Vec<Fault>> {
        scan(source).map_err(|(at, text)| {
            let (line, column) = place(source, at);
            vec![Fault { line, column, text }]
        })?;
        let program = ENV.compile(source).map_err(|faults| {
            let fault = |error: &cel::ParseError| {
                let part = |number: isize| u32::try_from(number).unwrap_or(1).max(1);
                // What the parser adds for people at a terminal is left out.
                let text = error.msg.lines().next().unwrap_or_default().to_owned();
                Fault {
                    line: part(error.pos.0),
                    column: part(error.pos.1),
                    text,
                }
            };
            let mut faults: Vec<Fault> = faults.errors.iter().map(fault).collect();
            faults.sort();
            faults.dedup();
            faults.truncate(20);
            faults
        })?;
        let checked = check(program.expression(), program.source_info(), source);
        if !checked.faults.is_empty() {
            return Err(checked.faults);
        }
        Ok(Self {
            source: source.to_owned(),
            program,
            patterns: checked.patterns,
            facts: checked.facts,
        })
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its regular expressions.
    pub(crate) fn patterns(&self) -> &BTreeMap<String, Regex> {
        &self.patterns
    }

    /// Whether it names a fact of a group.
    pub(crate) fn names(&self, group: &str, fact: &str) -> bool {
        self.facts.contains(&(group, fact))
    }

    /// Whether it holds for some facts.
    pub fn holds(&self, facts: &Facts) -> Verdict {
        self.holds_in(&scene(facts, &Arc::new(self.patterns.clone())))
    }

    /// The same, of facts that were made ready once for many expressions.
    pub(crate) fn holds_in(&self, scene: &Context<'_, '_>) -> Verdict {
        match self.program.execute(scene) {
            Ok(Value::Bool(true)) => Verdict::Holds,
            Ok(Value::Bool(false)) => Verdict::HoldsNot,
            // The checker has seen to it that nothing else comes out.
            Ok(other) => {
                Verdict::Undecided(format!("it is {:?}, not true or false", other.type_of()))
            }
            Err(error) => Verdict::Undecided(reason(&error)),
        }
    }

    /// Whether it holds whatever the facts: it names none.
    pub(crate) fn is_constant(&self) -> bool {
        self.program.references().variables().is_empty()
    }
}

/// Why an expression has no value. What a customer wrote is not repeated.
fn reason(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(name) => {
            let name: String = name.chars().take(80).collect();
            format!("`{name}` is absent")
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "a number is divided by 0".to_owned()
        }
        ExecutionError::Overflow(..) => "a number gets too large".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "a list has no such place".to_owned(),
        ExecutionError::FunctionError { message, .. } => message.clone(),
        // The library refuses to order what is no number, such as 0.0 / 0.0.
        ExecutionError::NoSuchOverload(overload)
            if (overload.argument_types().iter()).all(|of| of == "int" || of == "double")
                && matches!(overload.function(), "_<_" | "_<=_" | "_>_" | "_>=_") =>
        {
            "what is compared is no number: 0 is divided by 0".to_owned()
        }
        ExecutionError::NoSuchOverload(overload) => {
            format!("{MISTYPED} `{}`", overload.function())
        }
        ExecutionError::UndeclaredReference(name) => format!("{MISTYPED} `{name}`"),
        _ => MISTYPED.to_owned(),
    }
}

/// What only an expression leads to that should not have been accepted.
pub(crate) const MISTYPED: &str = "it cannot be evaluated:";

/// The facts, made ready for any number of expressions whose regular expressions are among these.
pub(crate) fn scene(
    facts: &Facts,
    patterns: &Arc<BTreeMap<String, Regex>>,
) -> Context<'static, 'static> {
    let mut scene = Context::with_env(Arc::clone(&ENV));
    for (name, value) in facts.variables() {
        scene.add_variable_from_value(name, value);
    }
    let patterns = Arc::clone(patterns);
    let matches = move |This(text): This<Arc<String>>,
                        pattern: Arc<String>|
          -> Result<bool, ExecutionError> {
        let pattern = patterns.get(pattern.as_str());
        let pattern = pattern
            .ok_or_else(|| ExecutionError::function_error("matches", "it was not checked"))?;
        Ok(pattern.is_match(&text))
    };
    let mentions = |This(text): This<Arc<String>>, word: Arc<String>| mentions(&text, &word);
    let lower = |This(text): This<Arc<String>>| text.to_lowercase();
    // The names are none of the library's: `every_function_is_there` tells.
    let added = [
        scene.add_function("matches", matches),
        scene.add_function("mentions", mentions),
        scene.add_function("lower", lower),
        scene.add_function("text", as_text),
        scene.add_function("number", as_number),
    ];
    debug_assert!(added.iter().all(Result::is_ok), "{added:?}");
    scene
}

fn as_text(value: Value) -> Result<Value, ExecutionError> {
    let text = match value {
        Value::String(text) => text,
        Value::Bool(truth) => Arc::new(truth.to_string()),
        Value::Int(number) => Arc::new(number.to_string()),
        Value::Float(number) => Arc::new(number.to_string()),
        _ => return Err(ExecutionError::function_error("text", "it is no text")),
    };
    Ok(Value::String(text))
}

fn as_number(value: Value) -> Result<f64, ExecutionError> {
    let none = || ExecutionError::function_error("number", "the attribute is no number");
    match value {
        // Attributes and counts are far below what a double holds exactly.
        #[allow(clippy::cast_precision_loss)]
        Value::Int(number) => Ok(number as f64),
        Value::Float(number) => Ok(number),
        Value::String(text) => {
            let number = text
                .trim()
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite());
            number.ok_or_else(none)
        }
        _ => Err(none()),
    }
}

/// Whether a text has some words, as whole words and whatever the case.
fn mentions(text: &str, words: &str) -> bool {
    let words = words.trim().to_lowercase();
    if words.is_empty() {
        return false;
    }
    let text = text.to_lowercase();
    let mut from = 0;
    let is_inner = |one: Option<char>, other: Option<char>| {
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        is_word(one) && is_word(other)
    };
    while let Some(found) = text[from..].find(&words) {
        let start = from + found;
        let end = start + words.len();
        let before = text[..start].chars().next_back();
        let after = text[end..].chars().next();
        if !is_inner(before, words.chars().next()) && !is_inner(words.chars().next_back(), after) {
            return true;
        }
        from = start + text[start..].chars().next().map_or(1, char::len_utf8);
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::facts::Fact;

    fn facts() -> Facts {
        let mut facts = Facts::default();
        assert!(facts.set("message.text", "My Toaster is broken, again!"));
        assert!(facts.set("message.language", "en"));
        assert!(facts.set("network", "x"));
        assert!(facts.set("labels", vec!["defect".to_owned(), "urgent".to_owned()]));
        assert!(facts.set("author.followers", 12_000));
        let scores = BTreeMap::from([("sentiment".to_owned(), Fact::Double(-0.8))]);
        assert!(facts.set("scores", Fact::Map(scores)));
        let attributes = BTreeMap::from([
            ("tier".to_owned(), Fact::Text("gold".to_owned())),
            ("orders".to_owned(), Fact::Double(7.0)),
            ("vip".to_owned(), Fact::Bool(true)),
        ]);
        assert!(facts.set("contact.attributes", Fact::Map(attributes)));
        facts
    }

    fn verdict(source: &str) -> Verdict {
        Expression::parse(source)
            .unwrap_or_else(|faults| panic!("{source}: {faults:?}"))
            .holds(&facts())
    }

    fn faults(source: &str) -> Vec<String> {
        let faults = Expression::parse(source).expect_err(source);
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn conditions_hold_or_not() {
        for source in [
            "true",
            "message.text.mentions('toaster')",
            "message.text.mentions(\"BROKEN\") && network == \"x\"",
            "message.text.matches(r'(?i)\\bbroken\\b')",
            "message.text.lower().startsWith('my ')",
            "author.followers > 10000",
            "author.followers >= 12000 && author.followers < 12000.5",
            "scores.sentiment < -0.5",
            "scores['sentiment'] < 0",
            "'urgent' in labels",
            "labels.exists(l, l.startsWith('urg'))",
            "labels.all(l, size(l) > 3) && labels.exists_one(l, l == 'defect')",
            "labels.filter(l, l != 'defect').size() == 1",
            "labels.map(l, l + '!') == ['defect!', 'urgent!']",
            "network in ['x', 'facebook']",
            "contact.attributes.tier == 'gold'",
            "contact.attributes.tier in ['gold', 'silver']",
            "number(contact.attributes.orders) > 5.0",
            "text(contact.attributes.tier).startsWith('g')",
            "contact.attributes.vip == true",
            "has(scores.sentiment) && !has(scores.anger)",
            "!has(author.verified)",
            "has(message.language) ? message.language == 'en' : false",
            "!message.private",
            "message.text.size() > 5 // a comment",
            "scores.anger > 0.5 || network == 'x'",
            "network == 'x' || scores.anger > 0.5",
            "labels[0] == 'defect'",
            "hours.reason == '' && now.hour < 24",
        ] {
            assert_eq!(verdict(source), Verdict::Holds, "{source}");
        }
        for source in [
            "false",
            "message.text.mentions('toast')",
            "message.text.contains('toaster')",
            "scores.anger > 0.5 && network == 'facebook'",
            "contact.attributes.tier == 3",
            "contact.known",
            "contact.messages > 0",
            "has(contact.last_agent)",
            "[].exists(x, x == 'a')",
        ] {
            assert_eq!(verdict(source), Verdict::HoldsNot, "{source}");
        }
    }

    #[test]
    fn what_is_absent_decides_nothing() {
        for (source, why) in [
            ("scores.anger > 0.5", "`anger` is absent"),
            ("scores.anger <= 0.5", "`anger` is absent"),
            ("!(scores.anger > 0.5)", "`anger` is absent"),
            ("author.verified", "`verified` is absent"),
            (
                "scores.anger > 0.5 || network == 'facebook'",
                "`anger` is absent",
            ),
            ("size(labels) / 0 == 1", "a number is divided by 0"),
            (
                "9223372036854775807 + size(labels) > 0",
                "a number gets too large",
            ),
            ("labels[7] == 'x'", "a list has no such place"),
            (
                "number(contact.attributes.tier) > 1.0",
                "the attribute is no number",
            ),
        ] {
            assert_eq!(
                verdict(source),
                Verdict::Undecided(why.to_owned()),
                "{source}"
            );
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_place() {
        for (source, expected) in [
            (
                "mesage.text == 'a'",
                vec!["line 1, column 1: there is no fact `mesage`; did you mean `message`?"],
            ),
            (
                "message.txt == 'a'",
                vec!["line 1, column 8: there is no fact of `message` `txt`; did you mean `text`?"],
            ),
            (
                "network == 3 &&\n  mesage.text == 'a'",
                vec![
                    "line 1, column 9: `==` compares a string with an int, which are never equal",
                    "line 2, column 3: there is no fact `mesage`; did you mean `message`?",
                ],
            ),
        ] {
            assert_eq!(faults(source), expected, "{source}");
        }
        for (source, expected) in [
            (
                "author.followers",
                "a condition is true or false, this is an int",
            ),
            (
                "author.followers > '3'",
                "`>` cannot compare an int with a string",
            ),
            ("contact.attributes.orders > 3", "write `number(…)`"),
            (
                "message.text.contains(3)",
                "`contains` takes one string, not an int",
            ),
            (
                "message.text.contains()",
                "`contains` takes one string, not nothing",
            ),
            ("message.text.contians('a')", "did you mean `contains`?"),
            (
                "message.text.matches('[a')",
                "the regular expression does not compile: unclosed character class",
            ),
            ("message.text.matches(network)", "stands here as a text"),
            (
                "message.text.matches('(a{1000}){1000}')",
                "does not compile",
            ),
            (
                "contains(message.text, 'a')",
                "is written after what it is about",
            ),
            ("sizze(message.text) > 1", "did you mean `size`?"),
            (
                "message.text && true",
                "joins what is true or false, not a string",
            ),
            ("network ? true : false", "what stands before `?`"),
            ("true ? 1 : 'a'", "both sides of `:`"),
            ("[1, 'a'] == [1]", "a list has values of one type"),
            ("1 in labels", "is in no list of string"),
            ("message == 3", "never equal"),
            (
                "message.text + 3 == ''",
                "there is no `+` for a string and an int",
            ),
            ("1 + 1.5 > 2.0", "write 2.0 for 2"),
            ("null == null", "nothing is null"),
            ("b'a' == b'a'", "there are no bytes"),
            ("1u == 1u", "without `u`"),
            ("{'a': 1}.a == 1", "no use for maps"),
            ("message.text.foo == 1", "has no parts"),
            ("network.exists(x, true)", "is not gone through"),
            ("labels.exists(network, true)", "take another name"),
            (
                "labels.exists(l, l > 3)",
                "`>` cannot compare a string with an int",
            ),
            ("labels.exists(l, m == 'a')", "there is no fact `m`"),
            (
                "labels.all(a, labels.all(b, labels.all(c, a == b)))",
                "steps",
            ),
            ("network ==", "Syntax error"),
            ("network == 'a", "Syntax error"),
            ("has(network)", "has()"),
            (
                "labels.exists(l)",
                "`exists` takes a name and an expression",
            ),
            ("message.?text == 'a'", "unsupported"),
        ] {
            let found = faults(source).join("; ");
            assert!(found.contains(expected), "{source}: {found}");
        }
    }

    #[test]
    fn words_are_whole_and_of_any_case() {
        for (text, words, is_there) in [
            ("Meine Rechnung!", "rechnung", true),
            ("Abrechnung", "rechnung", false),
            ("rechnungen", "rechnung", false),
            ("abrechnung, rechnung", "Rechnung", true),
            ("GROSSE ÄPFEL", "äpfel", true),
            ("I want a refund now", "a refund", true),
            ("c++ is hard", "c++", true),
            ("aaa", "", false),
            ("日本語", "本", false),
            ("İstanbul", "i̇stanbul", true),
        ] {
            assert_eq!(mentions(text, words), is_there, "{text} / {words}");
        }
    }

    #[test]
    fn every_function_is_there() {
        // In a release build a name that the library takes would go unnoticed.
        let scene = scene(&Facts::default(), &Arc::new(BTreeMap::new()));
        for source in [
            "'a'.mentions('a')",
            "'A'.lower() == 'a'",
            "text('a') == 'a'",
            "number(1) == 1.0",
        ] {
            let program = ENV.compile(source).unwrap();
            assert_eq!(program.execute(&scene), Ok(Value::Bool(true)), "{source}");
        }
    }
}
