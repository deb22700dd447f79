//! What expressions can speak of: the table of facts, with their types.

use std::fmt;

/// The type of an expression's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// A text.
    Text,
    /// A list of one type; of a type that is not known if it is empty.
    List(Option<Box<Type>>),
    /// Values of one type by name: which there are is known only with the message.
    Map(Box<Type>),
    /// A group of facts.
    Group(&'static Group),
    /// A text, a number or a truth value: compared, or made one by `text()` or `number()`.
    Attribute,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Double => f.write_str("double"),
            Self::Text => f.write_str("string"),
            Self::List(None) => f.write_str("list"),
            Self::List(Some(of)) => write!(f, "list of {of}"),
            Self::Map(of) => write!(f, "map of {of}"),
            Self::Group(group) => write!(f, "the facts of `{}`", group.name),
            Self::Attribute => f.write_str("attribute"),
        }
    }
}

/// A group of facts.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: &'static str,
    /// The facts.
    pub facts: &'static [Row],
}

/// One fact.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name in the group.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it is there with every message. One that is not is asked for with `has()`.
    pub always: bool,
    /// What it says.
    pub says: &'static str,
}

/// The types that facts have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// Attributes by name.
    Attributes,
    /// Numbers by name.
    Numbers,
}

impl Kind {
    /// The type.
    pub fn of(self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Text => Type::Text,
            Self::Texts => Type::List(Some(Box::new(Type::Text))),
            Self::Attributes => Type::Map(Box::new(Type::Attribute)),
            Self::Numbers => Type::Map(Box::new(Type::Double)),
        }
    }
}

const fn always(name: &'static str, kind: Kind, says: &'static str) -> Row {
    Row {
        name,
        kind,
        always: true,
        says,
    }
}

const fn perhaps(name: &'static str, kind: Kind, says: &'static str) -> Row {
    Row {
        name,
        kind,
        always: false,
        says,
    }
}

/// What stands at the top of an expression.
#[derive(Debug, PartialEq, Eq)]
pub enum Top {
    /// A group.
    Group(Group),
    /// A fact of its own.
    Fact(Row),
}

impl Top {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Group(group) => group.name,
            Self::Fact(row) => row.name,
        }
    }
}

use Kind::{Attributes, Bool, Int, Numbers, Text, Texts};

/// The table of facts.
pub static TABLE: &[Top] = &[
    Top::Group(Group {
        name: "message",
        facts: &[
            always(
                "text",
                Text,
                "what it says; empty if it has no text. The first 16,000 characters",
            ),
            always("private", Bool, "whether only the company can read it"),
            always(
                "attachments",
                Texts,
                "what is attached: `image`, `video`, `audio`, `file`, …",
            ),
            perhaps(
                "language",
                Text,
                "its language, such as `en`, as an analyzer recognized it",
            ),
            perhaps(
                "addressed",
                Bool,
                "whether it addresses the company, if the network tells",
            ),
            perhaps(
                "payload",
                Text,
                "what stands behind the button that was pressed",
            ),
            always(
                "answers",
                Bool,
                "whether it answers a message of the company's or of somebody else",
            ),
            always("edited", Bool, "whether its author has changed it"),
        ],
    }),
    Top::Group(Group {
        name: "author",
        facts: &[
            perhaps("name", Text, "the name that the network shows"),
            perhaps("handle", Text, "the handle on the network"),
            perhaps("followers", Int, "how many follow them"),
            perhaps("verified", Bool, "whether the network has verified them"),
            perhaps("follows_us", Bool, "whether they follow the company"),
        ],
    }),
    Top::Group(Group {
        name: "contact",
        facts: &[
            always(
                "attributes",
                Attributes,
                "what people or machines put to them, by name",
            ),
            always("known", Bool, "whether they wrote before"),
            always(
                "age_days",
                Int,
                "how many days ago the hub first heard of them",
            ),
            always(
                "opted_in",
                Bool,
                "whether they agreed that the company writes first on this channel",
            ),
            always(
                "messages",
                Int,
                "how many messages they wrote before, counted up to 100",
            ),
            perhaps(
                "last_agent",
                Text,
                "the agent who was the last to have an interaction with them, as far as their 100 newest messages tell",
            ),
        ],
    }),
    Top::Group(Group {
        name: "thread",
        facts: &[
            perhaps(
                "age",
                Int,
                "for how many seconds the hub has known the public conversation; in private, the customer",
            ),
            always(
                "participants",
                Int,
                "how many customers take part in the interaction",
            ),
        ],
    }),
    Top::Group(Group {
        name: "interaction",
        facts: &[
            always("new", Bool, "whether it begins with the message"),
            always("queue", Text, "the queue, before any rule"),
            always("state", Text, "`queued`, `offered`, `connected`, …"),
            always("labels", Texts, "the labels that it has"),
            always(
                "attributes",
                Attributes,
                "the attributes that it has, by name",
            ),
            always(
                "messages",
                Int,
                "how many messages the customer wrote in it before this one",
            ),
            always(
                "waited",
                Int,
                "for how many seconds the customer has waited for an answer; 0 if they do not",
            ),
            always(
                "age",
                Int,
                "for how many seconds there has been this interaction",
            ),
            always(
                "agent_answered",
                Bool,
                "whether an agent has taken it before",
            ),
        ],
    }),
    Top::Fact(always(
        "scores",
        Numbers,
        "what analyzers measured, by name, such as `sentiment`",
    )),
    Top::Fact(always("labels", Texts, "the labels that analyzers gave")),
    Top::Fact(always(
        "keywords",
        Texts,
        "the labels that the `keywords` analyzer gave: what it spotted",
    )),
    Top::Fact(always(
        "channel",
        Text,
        "the channel's name in the site file",
    )),
    Top::Fact(always(
        "network",
        Text,
        "the network, such as `x` or `whatsapp`",
    )),
    Top::Group(Group {
        name: "hours",
        facts: &[
            always(
                "open",
                Bool,
                "whether people work now; true where there are no hours",
            ),
            always(
                "reason",
                Text,
                "`hours`, `special-day` or `emergency`; empty where there are no hours",
            ),
            perhaps("special_day", Text, "the special day's name"),
        ],
    }),
    Top::Group(Group {
        name: "now",
        facts: &[
            always(
                "date",
                Text,
                "the day in the zone of the hours, such as `2026-05-01`; UTC where there are none",
            ),
            always("weekday", Text, "`monday` to `sunday`"),
            always("hour", Int, "0 to 23"),
            always("minute", Int, "0 to 59"),
        ],
    }),
];

/// One row of the table, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRow {
    /// What stands in an expression.
    pub name: String,
    /// Its type.
    pub of: String,
    /// Whether it is there with every message.
    pub always: bool,
    /// What it says.
    pub says: &'static str,
}

/// The table, a row for each fact.
pub fn table() -> Vec<FactRow> {
    let row = |prefix: &str, row: &Row| FactRow {
        name: format!("{prefix}{}", row.name),
        of: row.kind.of().to_string(),
        always: row.always,
        says: row.says,
    };
    let mut rows = Vec::new();
    for top in TABLE {
        match top {
            Top::Fact(fact) => rows.push(row("", fact)),
            Top::Group(group) => {
                let prefix = format!("{}.", group.name);
                rows.extend(group.facts.iter().map(|fact| row(&prefix, fact)));
            }
        }
    }
    rows
}

/// What stands at the top under a name.
pub fn top(name: &str) -> Option<&'static Top> {
    TABLE.iter().find(|top| top.name() == name)
}
