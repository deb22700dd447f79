//! A part of the language of recent search: words, phrases, tags, handles, `from:`, `to:`,
//! `conversation_id:`, `is:`, OR, negation and parentheses.

use super::state::{Post, State};
use super::text::{hashtags, mentions};

/// The most characters of a query.
const LONGEST: usize = 512;

/// A query.
#[derive(Debug, PartialEq)]
pub(crate) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Not(Box<Query>),
    Word(String),
    Phrase(String),
    Tag(String),
    Handle(String),
    From(String),
    To(String),
    Conversation(u64),
    Is(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Or,
    Not,
    Quoted(String),
    Plain(String),
}

/// Reads a query; the error says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Query, String> {
    if text.trim().is_empty() || text.chars().count() > LONGEST {
        return Err(format!(
            "the query must have between 1 and {LONGEST} characters"
        ));
    }
    let tokens = tokens(text)?;
    let mut at = 0;
    let query = any(&tokens, &mut at)?;
    if at < tokens.len() {
        return Err("There were errors processing your request: unmatched ')'".to_owned());
    }
    if !query.stands_alone() {
        return Err("Rules must contain at least one positive, non-stopword clause".to_owned());
    }
    Ok(query)
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        rest = match first {
            '(' => {
                tokens.push(Token::Open);
                after
            }
            ')' => {
                tokens.push(Token::Close);
                after
            }
            '-' => {
                tokens.push(Token::Not);
                after
            }
            '"' => {
                let (phrase, after) = after.split_once('"').ok_or("missing closing quote")?;
                tokens.push(Token::Quoted(phrase.to_lowercase()));
                after
            }
            _ => {
                let end = rest
                    .find(|one: char| one.is_whitespace() || matches!(one, '(' | ')' | '"'))
                    .unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                tokens.push(if word == "OR" {
                    Token::Or
                } else {
                    Token::Plain(word.to_owned())
                });
                after
            }
        }
        .trim_start();
    }
    Ok(tokens)
}

fn any(tokens: &[Token], at: &mut usize) -> Result<Query, String> {
    let mut parts = vec![all(tokens, at)?];
    while tokens.get(*at) == Some(&Token::Or) {
        *at += 1;
        parts.push(all(tokens, at)?);
    }
    Ok(one_or(parts, Query::Any))
}

fn all(tokens: &[Token], at: &mut usize) -> Result<Query, String> {
    let mut parts = Vec::new();
    while !matches!(tokens.get(*at), None | Some(Token::Or | Token::Close)) {
        parts.push(one(tokens, at)?);
    }
    if parts.is_empty() {
        return Err("an operand is missing".to_owned());
    }
    Ok(one_or(parts, Query::All))
}

fn one_or(mut parts: Vec<Query>, join: fn(Vec<Query>) -> Query) -> Query {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn one(tokens: &[Token], at: &mut usize) -> Result<Query, String> {
    let token = tokens.get(*at).cloned();
    *at += 1;
    match token {
        Some(Token::Not) => Ok(Query::Not(Box::new(one(tokens, at)?))),
        Some(Token::Open) => {
            let inner = any(tokens, at)?;
            if tokens.get(*at) != Some(&Token::Close) {
                return Err("missing ')'".to_owned());
            }
            *at += 1;
            Ok(inner)
        }
        Some(Token::Quoted(phrase)) => Ok(Query::Phrase(phrase)),
        Some(Token::Plain(word)) => operator(&word),
        _ => Err("an operand is missing".to_owned()),
    }
}

fn operator(word: &str) -> Result<Query, String> {
    let name = |text: &str| text.trim_start_matches('@').to_lowercase();
    Ok(match word.split_once(':') {
        Some(("from", who)) => Query::From(name(who)),
        Some(("to", who)) => Query::To(name(who)),
        Some(("is", what @ ("retweet" | "reply" | "quote"))) => Query::Is(what.to_owned()),
        Some(("conversation_id", id)) => {
            Query::Conversation(id.parse().map_err(|_| format!("{id:?} is no post id"))?)
        }
        Some((operator, _)) => {
            return Err(format!(
                "Reference to invalid operator '{operator}'. Operator is not available in current product or product packaging."
            ));
        }
        None => match word.split_at_checked(1) {
            Some(("#", tag)) => Query::Tag(tag.to_lowercase()),
            Some(("@", who)) => Query::Handle(who.to_lowercase()),
            _ => Query::Word(word.to_lowercase()),
        },
    })
}

impl Query {
    /// A query of negations, or of `is:` alone, finds everything and is refused.
    fn stands_alone(&self) -> bool {
        match self {
            Self::All(parts) => parts.iter().any(Self::stands_alone),
            Self::Any(parts) => parts.iter().all(Self::stands_alone),
            Self::Not(_) | Self::Is(_) => false,
            _ => true,
        }
    }

    /// Whether a post is found.
    pub(crate) fn matches(&self, state: &State, post: &Post) -> bool {
        let named = |id: &str, name: &str| {
            id == name
                || state
                    .users
                    .get(id)
                    .is_some_and(|user| user.username.eq_ignore_ascii_case(name))
        };
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(state, post)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(state, post)),
            Self::Not(part) => !part.matches(state, post),
            Self::Word(word) => post
                .text
                .to_lowercase()
                .split(|one: char| !one.is_alphanumeric() && one != '_' && one != '\'')
                .any(|found| found == word),
            Self::Phrase(phrase) => post.text.to_lowercase().contains(phrase),
            Self::Tag(tag) => hashtags(&post.text)
                .iter()
                .any(|found| found.to_lowercase() == *tag),
            Self::Handle(who) => mentions(&post.text)
                .iter()
                .any(|found| found.eq_ignore_ascii_case(who)),
            Self::From(who) => named(&post.author, who),
            Self::To(who) => post
                .reply_to
                .and_then(|id| state.posts.get(&id))
                .is_some_and(|parent| named(&parent.author, who)),
            Self::Conversation(id) => post.conversation == *id,
            Self::Is(what) => match what.as_str() {
                "retweet" => post.reposts.is_some(),
                "quote" => post.quotes.is_some(),
                _ => post.reply_to.is_some(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Query, parse};

    #[test]
    fn or_binds_looser_than_and() {
        let word = |text: &str| Query::Word(text.to_owned());
        assert_eq!(
            parse("a b OR -c d"),
            Ok(Query::Any(vec![
                Query::All(vec![word("a"), word("b")]),
                Query::All(vec![Query::Not(Box::new(word("c"))), word("d")]),
            ]))
        );
        assert!(parse("-a").is_err());
        assert!(parse("(a").is_err());
        assert!(parse("a )").is_err());
        assert!(parse("nosuch:a").is_err());
    }
}
