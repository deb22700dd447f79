//! The type checker: what an expression may be, over the parsed tree and the table of facts.
//!
//! It refuses more than CEL does. Comparing a text with a number is allowed there and never true; here it
//! is a fault, because whoever wrote it meant something else.

mod calls;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cel::IdedExpr;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr, LiteralValue, SelectExpr, SourceInfo, operators,
};
use regex::Regex;

use crate::facts::MOST_ENTRIES;
use crate::scan::place;
use crate::types::{TABLE, Top, Type, top};

/// How large a regular expression may get, compiled, in bytes.
const LARGEST_REGEX: usize = 1 << 20;
/// The longest regular expression, in bytes.
const LONGEST_REGEX: usize = 500;
/// What an expression may cost at worst, in steps.
pub const MOST_STEPS: u64 = 20_000;

/// Something that is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The line, from 1.
    pub line: u32,
    /// The column, in characters from 1.
    pub column: u32,
    /// What is wrong, and what to do.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.text
        )
    }
}

/// What is known of a part that may be evaluated.
#[derive(Debug, Clone)]
struct Part {
    of: Type,
    /// What it costs at worst, in steps.
    cost: u64,
    /// How many entries it has at most, if it is a list or a map.
    entries: u64,
}

impl Part {
    fn new(of: Type, cost: u64) -> Self {
        Self {
            of,
            cost: cost.saturating_add(1),
            entries: 0,
        }
    }
}

/// What the checker found.
pub struct Checked {
    /// The regular expressions, by their text.
    pub patterns: BTreeMap<String, Regex>,
    /// The facts that it names, by group and name.
    pub facts: BTreeSet<(&'static str, &'static str)>,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
}

/// Checks a condition.
pub fn check(expression: &IdedExpr, info: &SourceInfo, source: &str) -> Checked {
    let mut checker = Checker {
        info,
        source,
        names: Vec::new(),
        patterns: BTreeMap::new(),
        facts: BTreeSet::new(),
        faults: Vec::new(),
        at: (1, 1),
    };
    if let Some(part) = checker.part(expression) {
        if part.of != Type::Bool {
            let text = format!(
                "a condition is true or false, this is {}: compare it with something",
                article(&part.of)
            );
            checker.fault(expression.id, text);
        }
        if part.cost > MOST_STEPS {
            let text = format!(
                "it could take {} steps, more than {MOST_STEPS}: go through fewer lists within lists",
                part.cost
            );
            checker.fault(expression.id, text);
        }
    }
    checker.faults.sort();
    checker.faults.dedup();
    Checked {
        patterns: checker.patterns,
        facts: checker.facts,
        faults: checker.faults,
    }
}

struct Checker<'s> {
    info: &'s SourceInfo,
    source: &'s str,
    /// The names that macros bind, inner ones last.
    names: Vec<(String, Option<Part>)>,
    patterns: BTreeMap<String, Regex>,
    facts: BTreeSet<(&'static str, &'static str)>,
    faults: Vec<Fault>,
    /// The last place that was known: what macros make has none.
    at: (u32, u32),
}

/// The functions there are: for "did you mean".
const FUNCTIONS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "mentions",
    "lower",
    "text",
    "number",
    "has",
    "exists",
    "all",
    "exists_one",
    "filter",
    "map",
];

/// Those that go through a list.
const MACROS: &[&str] = &["exists", "all", "exists_one", "filter", "map"];

impl Checker<'_> {
    fn fault(&mut self, id: u64, text: impl Into<String>) {
        let (line, column) = self.place(id);
        self.faults.push(Fault {
            line,
            column,
            text: text.into(),
        });
    }

    fn place(&self, id: u64) -> (u32, u32) {
        let place_of = |(start, _)| place(self.source, byte_of(self.source, start));
        self.info.offset_for(id).map_or(self.at, place_of)
    }

    fn part(&mut self, expression: &IdedExpr) -> Option<Part> {
        let before = self.at;
        self.at = self.place(expression.id);
        let part = match &expression.expr {
            Expr::Literal(literal) => self.literal(expression.id, literal),
            Expr::Ident(name) => self.name(expression.id, name),
            Expr::Select(select) => self.select(expression.id, select),
            Expr::Call(call) => self.call(expression.id, call),
            Expr::List(list) => {
                let parts: Vec<Option<Part>> =
                    list.elements.iter().map(|one| self.part(one)).collect();
                self.list(expression.id, &list.elements, parts)
            }
            Expr::Comprehension(comprehension) => self.comprehension(expression.id, comprehension),
            Expr::Map(_) | Expr::Struct(_) => {
                self.fault(
                    expression.id,
                    "a rule has no use for maps and messages of its own; a list is written `[\"a\", \"b\"]`",
                );
                None
            }
            Expr::Unspecified => {
                self.fault(expression.id, "something is missing here");
                None
            }
        };
        self.at = before;
        part
    }

    fn literal(&mut self, id: u64, literal: &LiteralValue) -> Option<Part> {
        let of = match literal {
            LiteralValue::Boolean(_) => Type::Bool,
            LiteralValue::Int(_) => Type::Int,
            LiteralValue::Double(_) => Type::Double,
            LiteralValue::String(_) => Type::Text,
            LiteralValue::UInt(_) => {
                self.fault(id, "write whole numbers without `u`");
                return None;
            }
            LiteralValue::Bytes(_) => {
                self.fault(
                    id,
                    "there are no bytes to compare with: write a text without `b`",
                );
                return None;
            }
            LiteralValue::Null => {
                self.fault(
                    id,
                    "nothing is null: whether a fact is there is asked with `has(…)`",
                );
                return None;
            }
        };
        Some(Part::new(of, 0))
    }

    fn list(&mut self, id: u64, elements: &[IdedExpr], parts: Vec<Option<Part>>) -> Option<Part> {
        let mut of: Option<Type> = None;
        let mut cost = 0_u64;
        let mut is_whole = true;
        for (element, part) in elements.iter().zip(parts) {
            let Some(part) = part else {
                is_whole = false;
                continue;
            };
            cost = cost.saturating_add(part.cost);
            if matches!(part.of, Type::Group(_) | Type::Map(_)) {
                let text = format!("{} cannot stand in a list", part.of);
                self.fault(element.id, text);
                is_whole = false;
                continue;
            }
            of = match of {
                None => Some(part.of),
                Some(first) => {
                    if let Some(both) = join(&first, &part.of) {
                        Some(both)
                    } else {
                        let text = format!(
                            "a list has values of one type, and its first is {}, not {}",
                            article(&first),
                            article(&part.of)
                        );
                        self.fault(element.id, text);
                        is_whole = false;
                        Some(first)
                    }
                }
            };
        }
        let _ = id;
        is_whole.then(|| Part {
            entries: elements.len() as u64,
            ..Part::new(Type::List(of.map(Box::new)), cost)
        })
    }

    fn name(&mut self, id: u64, name: &str) -> Option<Part> {
        if let Some((_, part)) = self.names.iter().rev().find(|(known, _)| known == name) {
            return part.clone();
        }
        match top(name) {
            Some(Top::Group(group)) => Some(Part::new(Type::Group(group), 0)),
            Some(Top::Fact(row)) => Some(fact(row.kind.of(), 0)),
            None => {
                let mut known: Vec<&str> = TABLE.iter().map(Top::name).collect();
                known.extend(self.names.iter().map(|(name, _)| name.as_str()));
                let known = known.into_iter().filter(|name| !name.starts_with('@'));
                let text = unknown("fact", name, known);
                self.fault(id, text);
                None
            }
        }
    }

    fn select(&mut self, id: u64, select: &SelectExpr) -> Option<Part> {
        let operand = self.part(&select.operand)?;
        let of = match &operand.of {
            Type::Group(group) => {
                let Some(row) = group.facts.iter().find(|row| row.name == select.field) else {
                    let known = group.facts.iter().map(|row| row.name);
                    let text = unknown(&format!("fact of `{}`", group.name), &select.field, known);
                    self.fault(id, text);
                    return None;
                };
                self.facts.insert((group.name, row.name));
                row.kind.of()
            }
            Type::Map(of) => of.as_ref().clone(),
            other => {
                let text = format!("{} has no parts, so no `.{}`", article(other), select.field);
                self.fault(id, text);
                return None;
            }
        };
        if select.test {
            return Some(Part::new(Type::Bool, operand.cost));
        }
        Some(fact(of, operand.cost))
    }

    fn call(&mut self, id: u64, call: &CallExpr) -> Option<Part> {
        // What goes through a list has become something else, unless it was given too little or too much.
        if call.target.is_some() && MACROS.contains(&call.func_name.as_str()) {
            let text = format!("`{}` takes a name and an expression", call.func_name);
            self.fault(id, text);
            return None;
        }
        let target = call.target.as_ref().map(|target| self.part(target));
        let args: Vec<Option<Part>> = call.args.iter().map(|arg| self.part(arg)).collect();
        let target = match target {
            Some(None) => return None,
            Some(Some(part)) => Some(part),
            None => None,
        };
        let whole: Option<Vec<Part>> = args.into_iter().collect();
        let args = whole?;
        let all = args.iter().chain(target.as_ref());
        let cost = all.fold(0_u64, |sum, part| sum.saturating_add(part.cost));
        match (call.func_name.as_str(), target) {
            (name, None) if is_operator(name) => self.operator(id, name, &args, cost),
            (name, Some(target)) => self.method(id, name, &target, call, &args, cost),
            (name, None) => self.function(id, name, &args, cost),
        }
    }

    /// What `exists`, `all`, `exists_one`, `filter` and `map` become.
    fn comprehension(&mut self, id: u64, of: &ComprehensionExpr) -> Option<Part> {
        let range = self.part(&of.iter_range);
        let element = match range.as_ref().map(|range| &range.of) {
            None => None,
            Some(Type::List(Some(of))) => Some(fact(of.as_ref().clone(), 0)),
            // Of an empty list nothing is ever looked at, and a map is gone through by its names.
            Some(Type::List(None) | Type::Map(_)) => Some(Part::new(Type::Text, 0)),
            Some(other) => {
                let text = format!("{} is not gone through: that is for lists", article(other));
                self.fault(of.iter_range.id, text);
                None
            }
        };
        if of.iter_var2.is_some() {
            self.fault(id, "it takes one name, not two");
            return None;
        }
        if top(&of.iter_var).is_some() {
            let text = format!("`{}` is a fact: take another name", of.iter_var);
            self.fault(id, text);
        }
        let rounds = range.as_ref().map_or(0, |range| range.entries);
        let init = self.part(&of.accu_init);
        self.names.push((of.iter_var.clone(), element.clone()));
        self.names.push((of.accu_var.clone(), init.clone()));
        let condition = self.part(&of.loop_cond);
        let first = self.part(&of.loop_step);
        // A list that is built is of the type that the first round gives it.
        let accu = match (&init, &first) {
            (Some(init), Some(first)) => join(&init.of, &first.of),
            _ => None,
        };
        if let Some((_, last)) = self.names.last_mut() {
            *last = accu.clone().map(|of| Part {
                entries: rounds,
                ..Part::new(of, 0)
            });
        }
        let step = first
            .as_ref()
            .and(accu.as_ref())
            .and_then(|_| self.part(&of.loop_step));
        if let (Some(init), Some(first), None) = (&init, &first, &accu) {
            let text = format!(
                "it has {} and then {}",
                article(&init.of),
                article(&first.of)
            );
            self.fault(id, text);
        }
        let result = if accu.is_some() {
            self.part(&of.result)
        } else {
            None
        };
        self.names.pop();
        self.names.pop();
        let (range, _, step, condition, result) = (range?, element?, step?, condition?, result?);
        let each = step.cost.saturating_add(condition.cost);
        let cost = range
            .cost
            .saturating_add(each.saturating_mul(rounds.max(1)))
            .saturating_add(result.cost);
        Some(Part {
            entries: if matches!(result.of, Type::List(_)) {
                rounds
            } else {
                0
            },
            ..Part::new(result.of, cost)
        })
    }
}

/// A fact, or a part of one: a list or map of it has as many entries as facts have.
fn fact(of: Type, cost: u64) -> Part {
    let entries = if matches!(of, Type::List(_) | Type::Map(_)) {
        MOST_ENTRIES as u64
    } else {
        0
    };
    Part {
        entries,
        ..Part::new(of, cost)
    }
}

fn is_operator(name: &str) -> bool {
    name.starts_with('_')
        || name.starts_with('@')
        || name == operators::NEGATE
        || name == operators::LOGICAL_NOT
}

/// The type of a value that has either.
fn join(one: &Type, other: &Type) -> Option<Type> {
    match (one, other) {
        (Type::List(None), Type::List(of)) | (Type::List(of), Type::List(None)) => {
            Some(Type::List(of.clone()))
        }
        (Type::List(Some(one)), Type::List(Some(other))) => {
            join(one, other).map(|of| Type::List(Some(Box::new(of))))
        }
        _ => (one == other).then(|| one.clone()),
    }
}

fn article(of: &Type) -> String {
    match of {
        Type::Int | Type::Attribute => format!("an {of}"),
        Type::Group(_) => of.to_string(),
        _ => format!("a {of}"),
    }
}

/// A sentence about a name that is not there.
fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> String {
    let name: String = name.chars().take(80).collect();
    let mut best: Option<(usize, &str)> = None;
    let mut all = Vec::new();
    for candidate in known {
        let distance = strsim::damerau_levenshtein(&name, candidate);
        if distance <= 1 + name.chars().count() / 4
            && best.is_none_or(|(least, _)| distance < least)
        {
            best = Some((distance, candidate));
        }
        all.push(candidate);
    }
    match best {
        Some((_, near)) => format!("there is no {what} `{name}`; did you mean `{near}`?"),
        None => format!("there is no {what} `{name}`; there are {}", all.join(", ")),
    }
}

/// The parser counts places in characters.
pub fn byte_of(source: &str, characters: u32) -> usize {
    let at = usize::try_from(characters).unwrap_or(usize::MAX);
    source
        .char_indices()
        .nth(at)
        .map_or(source.len(), |(at, _)| at)
}
