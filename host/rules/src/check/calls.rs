//! What operators, methods and functions take, and what comes out of them.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};
use regex::RegexBuilder;

use super::{Checker, FUNCTIONS, LARGEST_REGEX, LONGEST_REGEX, Part, article, fact, join, unknown};
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn operator(
        &mut self,
        id: u64,
        name: &str,
        args: &[Part],
        cost: u64,
    ) -> Option<Part> {
        let types: Vec<&Type> = args.iter().map(|arg| &arg.of).collect();
        let sign = name.trim_matches('_').trim_start_matches('@');
        let bool = || Some(Part::new(Type::Bool, cost));
        match (name, types.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, [Type::Bool, Type::Bool])
            | (operators::LOGICAL_NOT | operators::NOT_STRICTLY_FALSE, [Type::Bool])
            | (operators::IN, [Type::Text, Type::Map(_)]) => bool(),
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, _) => {
                let other = types.iter().find(|of| ***of != Type::Bool);
                let other = other.map_or_else(String::new, |of| article(of));
                let text =
                    format!("`{sign}` joins what is true or false, not {other}: compare it first");
                self.fault(id, text);
                None
            }
            (operators::CONDITIONAL, [Type::Bool, yes, no]) => {
                let Some(of) = join(yes, no) else {
                    let text = format!(
                        "both sides of `:` are of one type, not {} and {}",
                        article(yes),
                        article(no)
                    );
                    self.fault(id, text);
                    return None;
                };
                let entries = args[1].entries.max(args[2].entries);
                Some(Part {
                    entries,
                    ..Part::new(of, cost)
                })
            }
            (operators::CONDITIONAL, [other, ..]) => {
                let text = format!(
                    "what stands before `?` is true or false, not {}",
                    article(other)
                );
                self.fault(id, text);
                None
            }
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => {
                if comparable(left, right) {
                    return bool();
                }
                let text = format!(
                    "`{sign}` compares {} with {}, which are never equal",
                    article(left),
                    article(right)
                );
                self.fault(id, text);
                None
            }
            (
                operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                [left, right],
            ) => {
                let numbers = is_number(left) && is_number(right);
                if numbers || (**left == Type::Text && **right == Type::Text) {
                    return bool();
                }
                let hint = if **left == Type::Attribute || **right == Type::Attribute {
                    ": write `number(…)` or `text(…)` around the attribute"
                } else {
                    ""
                };
                let text = format!(
                    "`{sign}` cannot compare {} with {}{hint}",
                    article(left),
                    article(right)
                );
                self.fault(id, text);
                None
            }
            (operators::IN, [what, Type::List(of)]) => {
                let fits = of.as_deref().is_none_or(|of| comparable(what, of));
                if fits {
                    return Some(Part::new(Type::Bool, cost.saturating_add(args[1].entries)));
                }
                let text = format!("{} is in no {}", article(what), types[1]);
                self.fault(id, text);
                None
            }
            (operators::ADD, [Type::Text, Type::Text]) => Some(Part::new(Type::Text, cost)),
            (operators::ADD, [Type::List(left), Type::List(right)]) => {
                let of = match (left, right) {
                    (None, other) | (other, None) => other.clone(),
                    (Some(left), Some(right)) => {
                        if let Some(of) = join(left, right) {
                            Some(Box::new(of))
                        } else {
                            let text =
                                format!("`+` joins lists of one type, not of {left} and {right}");
                            self.fault(id, text);
                            return None;
                        }
                    }
                };
                let entries = args[0].entries.saturating_add(args[1].entries);
                Some(Part {
                    entries,
                    ..Part::new(Type::List(of), cost.saturating_add(entries))
                })
            }
            (
                operators::ADD
                | operators::SUBSTRACT
                | operators::MULTIPLY
                | operators::DIVIDE
                | operators::MODULO,
                [Type::Int, Type::Int],
            )
            | (operators::NEGATE, [Type::Int]) => Some(Part::new(Type::Int, cost)),
            (
                operators::ADD | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE,
                [Type::Double, Type::Double],
            )
            | (operators::NEGATE, [Type::Double]) => Some(Part::new(Type::Double, cost)),
            (_, [left, right])
                if is_number(left) && is_number(right) && name != operators::INDEX =>
            {
                let text = format!(
                    "`{sign}` calculates with two int or two double, not {left} and {right}: write 2.0 for 2, or `number(…)`"
                );
                self.fault(id, text);
                None
            }
            (operators::INDEX, [Type::List(of), Type::Int]) => {
                let Some(of) = of else {
                    self.fault(id, "the list is empty");
                    return None;
                };
                Some(fact(of.as_ref().clone(), cost))
            }
            (operators::INDEX, [Type::Map(of), Type::Text]) => {
                Some(fact(of.as_ref().clone(), cost))
            }
            (operators::INDEX, [of, by]) => {
                let text = format!(
                    "`[…]` takes nothing out of {} by {}",
                    article(of),
                    article(by)
                );
                self.fault(id, text);
                None
            }
            _ => {
                let of: Vec<String> = types.iter().map(|of| article(of)).collect();
                let text = format!("there is no `{sign}` for {}", of.join(" and "));
                self.fault(id, text);
                None
            }
        }
    }

    pub(super) fn method(
        &mut self,
        id: u64,
        name: &str,
        target: &Part,
        call: &CallExpr,
        args: &[Part],
        cost: u64,
    ) -> Option<Part> {
        let types: Vec<&Type> = args.iter().map(|arg| &arg.of).collect();
        // Going through a text costs more than a step.
        let cost = cost.saturating_add(20);
        match (name, &target.of, types.as_slice()) {
            ("contains" | "startsWith" | "endsWith" | "mentions", Type::Text, [Type::Text]) => {
                Some(Part::new(Type::Bool, cost))
            }
            ("matches", Type::Text, [Type::Text]) => {
                self.pattern(&call.args[0])?;
                Some(Part::new(Type::Bool, cost.saturating_add(100)))
            }
            ("lower", Type::Text, []) => Some(Part::new(Type::Text, cost)),
            ("size", Type::Text | Type::List(_) | Type::Map(_), []) => {
                Some(Part::new(Type::Int, cost))
            }
            (name, of, given) => {
                let takes = match (name, of) {
                    (
                        "contains" | "startsWith" | "endsWith" | "mentions" | "matches",
                        Type::Text,
                    ) => Some("one string"),
                    ("lower" | "size", Type::Text) | ("size", Type::List(_) | Type::Map(_)) => {
                        Some("nothing")
                    }
                    _ => None,
                };
                let hint = if *of == Type::Attribute {
                    ": write `text(…)` around the attribute"
                } else {
                    ""
                };
                let text = match takes {
                    Some(takes) => {
                        let given: Vec<String> = given.iter().map(|of| article(of)).collect();
                        let given = if given.is_empty() {
                            "nothing".to_owned()
                        } else {
                            given.join(" and ")
                        };
                        format!("`{name}` takes {takes}, not {given}")
                    }
                    None if FUNCTIONS.contains(&name) => {
                        format!("there is no `{name}` of {}{hint}", article(of))
                    }
                    None => unknown("function", name, FUNCTIONS.iter().copied()),
                };
                self.fault(id, text);
                None
            }
        }
    }

    pub(super) fn function(
        &mut self,
        id: u64,
        name: &str,
        args: &[Part],
        cost: u64,
    ) -> Option<Part> {
        let types: Vec<&Type> = args.iter().map(|arg| &arg.of).collect();
        match (name, types.as_slice()) {
            ("size", [Type::Text | Type::List(_) | Type::Map(_)]) => {
                Some(Part::new(Type::Int, cost.saturating_add(20)))
            }
            ("text", [Type::Attribute | Type::Text]) => Some(Part::new(Type::Text, cost)),
            ("number", [Type::Attribute | Type::Int | Type::Double]) => {
                Some(Part::new(Type::Double, cost))
            }
            ("size" | "text" | "number", given) => {
                let takes = match name {
                    "size" => "one string, list or map",
                    "text" => "one attribute",
                    _ => "one attribute or number",
                };
                let given: Vec<String> = given.iter().map(|of| article(of)).collect();
                let given = if given.is_empty() {
                    "nothing".to_owned()
                } else {
                    given.join(" and ")
                };
                self.fault(id, format!("`{name}` takes {takes}, not {given}"));
                None
            }
            (name, _) if FUNCTIONS.contains(&name) => {
                let text = if name == "has" {
                    "`has` takes one fact, such as `has(message.language)`".to_owned()
                } else {
                    format!(
                        "`{name}` is written after what it is about, such as `message.text.{name}(…)`"
                    )
                };
                self.fault(id, text);
                None
            }
            (name, _) => {
                let text = unknown("function", name, FUNCTIONS.iter().copied());
                self.fault(id, text);
                None
            }
        }
    }

    /// A regular expression stands in the rule itself, so that it is compiled once and its cost is known.
    fn pattern(&mut self, arg: &IdedExpr) -> Option<()> {
        let Expr::Literal(LiteralValue::String(pattern)) = &arg.expr else {
            self.fault(
                arg.id,
                "the regular expression of `matches` stands here as a text",
            );
            return None;
        };
        let pattern = pattern.inner().to_string();
        if self.patterns.contains_key(&pattern) {
            return Some(());
        }
        if pattern.len() > LONGEST_REGEX {
            self.fault(
                arg.id,
                format!("a regular expression has up to {LONGEST_REGEX} bytes"),
            );
            return None;
        }
        let regex = RegexBuilder::new(&pattern)
            .size_limit(LARGEST_REGEX)
            .dfa_size_limit(LARGEST_REGEX)
            .nest_limit(50)
            .build();
        match regex {
            Ok(regex) => {
                self.patterns.insert(pattern, regex);
                Some(())
            }
            Err(error) => {
                // The last line says what is wrong; those before draw it.
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default().trim();
                let last = last.strip_prefix("error: ").unwrap_or(last);
                self.fault(
                    arg.id,
                    format!("the regular expression does not compile: {last}"),
                );
                None
            }
        }
    }
}

fn is_number(of: &Type) -> bool {
    matches!(of, Type::Int | Type::Double)
}

/// Whether two values can be equal.
fn comparable(left: &Type, right: &Type) -> bool {
    let is_plain = |of: &Type| matches!(of, Type::Bool | Type::Int | Type::Double | Type::Text);
    match (left, right) {
        (Type::Group(_) | Type::Map(_), _) | (_, Type::Group(_) | Type::Map(_)) => false,
        (Type::Attribute, other) | (other, Type::Attribute) => {
            is_plain(other) || *other == Type::Attribute
        }
        (Type::List(None), Type::List(_)) | (Type::List(_), Type::List(None)) => true,
        (Type::List(Some(left)), Type::List(Some(right))) => comparable(left, right),
        (left, right) => left == right || (is_number(left) && is_number(right)),
    }
}
