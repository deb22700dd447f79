//! The `fields` parameter: `participants,messages.limit(5){id,from,attachments}`.

/// One field that a caller asks for, with what it asks for inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// What stands in brackets behind a point: `limit`, `filter`, `order`, ...
    pub(crate) arguments: Vec<(String, String)>,
    pub(crate) inner: Vec<Field>,
}

/// Reads a field list; `Err` holds what the network says about one that it cannot read.
pub(crate) fn parse(text: &str) -> Result<Vec<Field>, String> {
    let mut rest = text.chars().peekable();
    let fields = list(&mut rest, 0)?;
    match rest.next() {
        None => Ok(fields),
        Some(_) => Err(syntax(text)),
    }
}

impl Field {
    /// The name under which the answer holds it: its own, or what stands in `as(...)`.
    pub(crate) fn shown_as(&self) -> &str {
        let alias = self.arguments.iter().find(|(name, _)| name == "as");
        alias.map_or(&self.name, |(_, alias)| alias)
    }
}

/// Writes a field list as a caller would.
pub(crate) fn render(fields: &[Field]) -> String {
    let parts: Vec<String> = fields
        .iter()
        .map(|field| {
            let arguments = field.arguments.iter();
            let arguments = arguments.map(|(name, value)| format!(".{name}({value})"));
            let inner = if field.inner.is_empty() {
                String::new()
            } else {
                format!("{{{}}}", render(&field.inner))
            };
            format!("{}{}{inner}", field.name, arguments.collect::<String>())
        })
        .collect();
    parts.join(",")
}

fn syntax(near: &str) -> String {
    format!("Syntax error \"Unexpected end of string\" in fields: {near}")
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn list(rest: &mut Rest<'_>, depth: usize) -> Result<Vec<Field>, String> {
    // The network's own limit is not published; this one keeps a hostile list from the stack.
    if depth > 8 {
        return Err(syntax("too deep"));
    }
    let mut fields = Vec::new();
    loop {
        let name = word(rest);
        if name.is_empty() {
            if fields.is_empty() && depth == 0 && rest.peek().is_none() {
                return Ok(fields);
            }
            return Err(syntax("empty name"));
        }
        let mut field = Field {
            name,
            arguments: Vec::new(),
            inner: Vec::new(),
        };
        while rest.next_if_eq(&'.').is_some() {
            let modifier = word(rest);
            if rest.next_if_eq(&'(').is_none() {
                return Err(syntax(&modifier));
            }
            let value: String =
                std::iter::from_fn(|| rest.next_if(|character| *character != ')')).collect();
            if rest.next().is_none() {
                return Err(syntax(&modifier));
            }
            if modifier == "limit" && value.trim().parse::<usize>().is_err() {
                return Err(syntax(&value));
            }
            field.arguments.push((modifier, value.trim().to_owned()));
        }
        if rest.next_if_eq(&'{').is_some() {
            field.inner = list(rest, depth + 1)?;
            if rest.next_if_eq(&'}').is_none() {
                return Err(syntax(&field.name));
            }
        }
        fields.push(field);
        if rest.next_if_eq(&',').is_none() {
            return Ok(fields);
        }
    }
}

fn word(rest: &mut Rest<'_>) -> String {
    while rest
        .next_if(|character| character.is_whitespace())
        .is_some()
    {}
    let word =
        std::iter::from_fn(|| rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_')).collect();
    while rest
        .next_if(|character| character.is_whitespace())
        .is_some()
    {}
    word
}

#[cfg(test)]
mod tests {
    use super::{parse, render};

    #[test]
    fn nested_lists_and_limits() {
        let fields =
            parse("participants,messages.limit(5){id, from,attachments{size}},updated_time");
        let fields = fields.unwrap_or_default();
        let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["participants", "messages", "updated_time"]);
        assert_eq!(fields[1].arguments, [("limit".to_owned(), "5".to_owned())]);
        assert_eq!(
            render(&fields),
            "participants,messages.limit(5){id,from,attachments{size}},updated_time"
        );
        assert_eq!(fields[1].inner.len(), 3);
        assert_eq!(fields[1].inner[2].inner[0].name, "size");
    }

    #[test]
    fn broken_lists_are_refused() {
        for broken in [
            "messages{id",
            "a,,b",
            "a}",
            "a.limit(x)",
            "a.limit(3",
            &"a{".repeat(99),
        ] {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }
}
