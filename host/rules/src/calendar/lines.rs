//! The lines of a calendar, and the components that they make up (RFC 5545, 3.1).

/// Deeper than this no component of a calendar lies; those that matter lie at the third level at most.
const DEEPEST: usize = 8;

/// Something that is wrong with a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The line of the text, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub text: String,
}

impl Wrong {
    pub fn new(line: usize, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { line, text }
    }
}

/// A property: its line, unfolded.
#[derive(Debug)]
pub(super) struct Property {
    /// The number of its first line, from 1.
    pub line: usize,
    /// Its name, in capitals.
    pub name: String,
    /// Its value as it stands there.
    pub value: String,
    /// Its parameters: names in capitals, values without quotes.
    parameters: Vec<(String, String)>,
}

impl Property {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut all = self.parameters.iter();
        all.find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What stands between `BEGIN` and `END`.
#[derive(Debug)]
pub(super) struct Component {
    /// The line with which it begins, from 1.
    pub line: usize,
    /// Its name, in capitals.
    pub name: String,
    /// Its properties, without those of what lies in it.
    pub properties: Vec<Property>,
    /// What lies in it.
    pub inner: Vec<Component>,
}

impl Component {
    /// The properties of a name.
    pub fn all<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c Property> {
        self.properties
            .iter()
            .filter(move |property| property.name == name)
    }

    /// The first property of a name.
    pub fn first(&self, name: &str) -> Option<&Property> {
        self.properties
            .iter()
            .find(|property| property.name == name)
    }
}

/// The components of a text; the first thing that is wrong with it if there is any.
pub(super) fn read(text: &str) -> Result<Vec<Component>, Wrong> {
    let mut roots = Vec::new();
    let mut open: Vec<Component> = Vec::new();
    for (line, text) in unfold(text) {
        let property = property(line, &text)?;
        match property.name.as_str() {
            "BEGIN" => {
                if open.len() == DEEPEST {
                    return Err(Wrong::new(line, "this lies too deep to be of a calendar"));
                }
                open.push(Component {
                    line,
                    name: property.value.trim().to_ascii_uppercase(),
                    properties: Vec::new(),
                    inner: Vec::new(),
                });
            }
            "END" => {
                let Some(done) = open.pop() else {
                    return Err(Wrong::new(line, "nothing begins that ends here"));
                };
                if !done.name.eq_ignore_ascii_case(property.value.trim()) {
                    let text = format!(
                        "{} of line {} is to end here, not {}: the file seems to be cut off or joined",
                        done.name, done.line, property.value
                    );
                    return Err(Wrong::new(line, text));
                }
                match open.last_mut() {
                    Some(around) => around.inner.push(done),
                    None => roots.push(done),
                }
            }
            _ => match open.last_mut() {
                Some(around) => around.properties.push(property),
                None => {
                    let text = "a calendar begins with BEGIN:VCALENDAR, and this is something else";
                    return Err(Wrong::new(line, text));
                }
            },
        }
    }
    if let Some(cut) = open.pop() {
        let text = format!("{} has no end: the file seems to be cut off", cut.name);
        return Err(Wrong::new(cut.line, text));
    }
    if !roots.iter().any(|root| root.name == "VCALENDAR") {
        return Err(Wrong::new(
            1,
            "there is no BEGIN:VCALENDAR: it is no calendar",
        ));
    }
    Ok(roots)
}

/// The lines with the number of the first of each: what begins with a space or a tab goes on with the one
/// before.
fn unfold(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => lines.push((index + 1, line.to_owned())),
        }
    }
    lines
}

fn property(line: usize, text: &str) -> Result<Property, Wrong> {
    let wrong = || {
        let shown: String = text.chars().take(40).collect();
        Wrong::new(
            line,
            format!("\"{shown}\" is no line of a calendar, such as SUMMARY:Christmas"),
        )
    };
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let end = text.find([';', ':']).ok_or_else(wrong)?;
    let (name, mut rest) = text.split_at(end);
    if !is_name(name) {
        return Err(wrong());
    }
    let mut parameters = Vec::new();
    while let Some(after) = rest.strip_prefix(';') {
        let (name, value) = after.split_once('=').ok_or_else(wrong)?;
        if !is_name(name) {
            return Err(wrong());
        }
        // Between quotes, separators are text.
        let mut quoted = false;
        let end = value.find(|c| {
            quoted ^= c == '"';
            !quoted && matches!(c, ';' | ':')
        });
        let (own, after) = value.split_at(end.ok_or_else(wrong)?);
        parameters.push((name.to_ascii_uppercase(), own.replace('"', "")));
        rest = after;
    }
    Ok(Property {
        line,
        name: name.to_ascii_uppercase(),
        value: rest.strip_prefix(':').ok_or_else(wrong)?.to_owned(),
        parameters,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_unfolded_and_taken_apart() {
        let text = "BEGIN:VCALENDAR\r\nSUMMARY;X-A=\"a;b:c\";LANGUAGE=de:Weih\r\n nachten\\, zwei\r\n\
                    \r\nBEGIN:vevent\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let roots = read(text).unwrap();
        let summary = roots[0].first("SUMMARY").unwrap();
        assert_eq!(summary.value, "Weihnachten\\, zwei");
        assert_eq!(summary.parameter("X-A"), Some("a;b:c"));
        assert_eq!(summary.parameter("LANGUAGE"), Some("de"));
        assert_eq!(
            (
                summary.line,
                roots[0].inner[0].line,
                roots[0].inner[0].name.as_str()
            ),
            (2, 5, "VEVENT")
        );
    }

    #[test]
    fn what_is_no_calendar_is_told_with_its_line() {
        let deep = "BEGIN:A\n".repeat(100_000);
        for (text, line, told) in [
            ("", 1, "no BEGIN:VCALENDAR"),
            ("<html>", 1, "no line of a calendar"),
            ("SUMMARY:x", 1, "begins with BEGIN:VCALENDAR"),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", 2, "VEVENT has no end"),
            (
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR",
                3,
                "VEVENT of line 2",
            ),
            (
                "BEGIN:VCALENDAR\nEND:VCALENDAR\nEND:VCALENDAR",
                3,
                "nothing begins",
            ),
            ("BEGIN:VCALENDAR\nSUM MARY:x\nEND:VCALENDAR", 2, "no line"),
            ("BEGIN:VCALENDAR\nX;A=\"b:c\nEND:VCALENDAR", 2, "no line"),
            (deep.as_str(), 9, "too deep"),
        ] {
            let wrong = read(text).unwrap_err();
            assert_eq!(wrong.line, line, "{wrong:?}");
            assert!(wrong.text.contains(told), "{wrong:?}");
        }
    }
}
