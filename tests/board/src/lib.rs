//! A connector for a board with public posts, comments and private messages. The board is played by
//! the end-to-end tests; it signs nothing, because what is tested is the hub.

use linecard_sdk::manifest::ThrottleScope;
use linecard_sdk::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The connector.
pub struct Board;

#[derive(Debug, Deserialize)]
struct Config {
    base_url: String,
    format: u32,
}

/// What the board delivers.
#[derive(Debug, Deserialize)]
struct Delivery {
    /// The form of it; the first if it does not say.
    #[serde(default)]
    format: u32,
    events: Vec<Said>,
}

/// One thing that happened on the board.
#[derive(Debug, Deserialize)]
struct Said {
    /// The event's id.
    id: String,
    /// Seconds since the Unix epoch.
    time: i64,
    thread: String,
    /// The customer, if it is a private conversation.
    with: Option<String>,
    /// Whether it is private although the board does not say with whom.
    #[serde(default)]
    hidden: bool,
    author: Option<Person>,
    #[serde(flatten)]
    what: What,
}

#[derive(Debug, Deserialize)]
struct Person {
    id: String,
    name: Option<String>,
    handle: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum What {
    /// A customer wrote.
    Comment(Words),
    /// The company wrote.
    Own(Words),
    Edit {
        message: String,
        text: String,
    },
    Delete {
        message: String,
    },
    /// Something on which this connector stops.
    Bomb,
    /// The board could not deliver what it had taken.
    Failed {
        message: String,
    },
    /// The author had another id before.
    Renamed {
        before: String,
    },
}

#[derive(Debug, Deserialize)]
struct Words {
    message: String,
    text: String,
    parent: Option<String>,
    client_ref: Option<String>,
}

impl Connector for Board {
    fn describe() -> Manifest {
        let text = |kind| ActionAbility::new(kind).text(2_000, TextUnit::CodePoints);
        let connector = ConnectorManifest {
            networks: vec!["board".to_owned()],
            receives: true,
            polls: true,
            probes: true,
            visibilities: vec![Visibility::Public, Visibility::Private],
            actions: vec![
                text(ActionKind::Reply).public(),
                text(ActionKind::PrivateReply).public(),
                text(ActionKind::SendMessage).private(),
                ActionAbility::new(ActionKind::Hide).public(),
            ],
            ..ConnectorManifest::default()
        };
        Manifest::connector("board", env!("CARGO_PKG_VERSION"), "Board", connector)
            .description("Public posts and comments on a board.")
            .config_schema(include_str!("config.schema.json"))
    }

    fn receive(channel: &Channel, request: &WebhookRequest) -> Result<Reception, Rejection> {
        let config: Config = channel.config()?;
        let delivery: Delivery = read(request.document()?.value()).map_err(Rejection::Malformed)?;
        if delivery.format > config.format {
            let text = format!("format {} is not known", delivery.format);
            return Err(Rejection::Malformed(text));
        }
        let events = delivery.events.into_iter().map(event).collect();
        Ok(Reception::events(events))
    }

    fn poll(channel: &Channel, cursor: &[u8]) -> Result<PollPage, Failure> {
        let config: Config = channel.config()?;
        let answer = Request::get(format!("{}/poll", config.base_url)).send(Call::Repeatable)?;
        let answer = answer.success(Call::Repeatable)?;
        let document = answer.document(Call::Repeatable)?;
        let mut intake = Intake::new();
        for part in document.part().list("events") {
            intake.read("update", part, |part, _| {
                let said: Said = read(part.value()).map_err(|_| "it is not the board's form")?;
                Ok(vec![event(said)])
            });
        }
        let page = document.value();
        let next_in_ms = page.count("next_in_ms").unwrap_or(500);
        let cost = page.count("cost").unwrap_or(0);
        Ok(intake.page(cursor, next_in_ms).cost(cost))
    }

    fn probe(channel: &Channel) -> Result<Vec<Finding>, Failure> {
        let config: Config = channel.config()?;
        let answer = Request::get(format!("{}/probe", config.base_url)).send(Call::Repeatable)?;
        answer.success(Call::Repeatable).map(|_| Vec::new())
    }

    fn perform(channel: &Channel, request: &ActionRequest) -> Result<Outcome, Failure> {
        let config: Config = channel.config()?;
        let (kind, about, text) = match &request.action {
            Action::Reply(o) => ("reply", o.reply_to.clone(), o.text.clone()),
            Action::PrivateReply(o) => ("private-reply", o.reply_to.clone(), o.text.clone()),
            Action::SendMessage(o) => ("message", o.reply_to.clone(), o.text.clone()),
            Action::Hide(message) => ("hide", Some(message.clone()), None),
            other => return Err(Failure::unsupported(format!("{:?}", other.kind()))),
        };
        // The board takes one paragraph at a time; the progress is the ids of those that it has.
        let paragraphs: Vec<Option<&str>> = match &text {
            Some(text) => text.split("\n\n").map(Some).collect(),
            None => vec![None],
        };
        let progress = String::from_utf8_lossy(&request.progress);
        let known = progress.split(',').filter(|id| !id.is_empty());
        let mut made: Vec<String> = known.map(str::to_owned).collect();
        let mut cost = 0;
        for text in paragraphs.into_iter().skip(made.len()) {
            let action = json!({
                "ref": request.id,
                "kind": kind,
                "thread": request.thread,
                "to": request.recipient.as_ref().map(|r| r.id.clone()),
                "about": about,
                "text": text,
            });
            match act(&config, &action) {
                Ok(taken) => {
                    made.push(taken.id);
                    cost += taken.cost;
                }
                Err(Failure::Transient(text)) if !made.is_empty() => {
                    let reason = Refusal::new("board", text);
                    return Err(Failure::unfinished(made.join(","), made, None, reason));
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(Outcome::messages(made).cost(cost))
    }
}

/// What the board says of something that it has done.
#[derive(Deserialize)]
struct Taken {
    id: String,
    #[serde(default)]
    cost: u64,
}

fn act(config: &Config, action: &Value) -> Result<Taken, Failure> {
    let answer = Request::post(format!("{}/actions", config.base_url))
        .json(action)
        .send(Call::Once)?;
    if answer.status == 429 && answer.header("x-scope") == Some("recipient") {
        return Err(Failure::throttled(
            answer.retry_after(),
            ThrottleScope::Recipient,
            Refusal::new("429", "too much for this one"),
        ));
    }
    let taken = answer.success(Call::Once)?.json(Call::Once)?;
    read(taken).map_err(Failure::Uncertain)
}

/// The board's own form: the tests play the board, so that nothing of it is ever another.
fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|fault| fault.to_string())
}

fn event(said: Said) -> Event {
    let message = |words: Words| Message {
        text: Some(words.text),
        parent: words.parent,
        client_ref: words.client_ref,
        ..Message::new(words.message)
    };
    let kind = match said.what {
        What::Comment(words) => EventKind::MessageCreated(message(words)),
        What::Own(words) => EventKind::NativeReply(message(words)),
        What::Edit { message, text } => EventKind::MessageEdited(linecard_sdk::events::Edit {
            message_id: message,
            text: Some(text),
            attachments: None,
            revision: None,
        }),
        What::Delete { message } => EventKind::MessageDeleted(linecard_sdk::events::Deletion {
            message_id: message,
            by_author: true,
            hidden_only: false,
        }),
        What::Bomb => panic!("a bomb on the board"),
        What::Failed { message } => EventKind::Receipt(linecard_sdk::events::Receipt::of_messages(
            linecard_sdk::events::ReceiptState::Failed,
            vec![message],
        )),
        What::Renamed { before } => {
            EventKind::ProfileChanged(linecard_sdk::events::ProfileChange {
                previous_id: Some(before),
            })
        }
    };
    let thread = match said.with {
        Some(customer) => Thread::private(&said.thread).customer(Identity::new(customer)),
        None if said.hidden => Thread::private(&said.thread),
        None => Thread::public(&said.thread),
    };
    let time = linecard_sdk::time::from_seconds(said.time).unwrap_or(0);
    let event = Event::new(said.id, time, kind).thread(thread);
    match said.author {
        Some(person) => event.author(Author::new(person.id).profile(Profile {
            display_name: person.name,
            handle: person.handle,
            ..Profile::default()
        })),
        None => event,
    }
}

linecard_sdk::export_connector!(Board);
