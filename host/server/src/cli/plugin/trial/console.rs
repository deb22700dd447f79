//! The console of a trial: what its author does as a customer and as an agent, and what comes of it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use linecard_sandbox::Call as Called;
use linecard_testkit::{Call, Case, WebhookRequest};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::CHANNEL;
use super::network::{Network, answers};
use super::shown::Made;
use crate::cli::asked::Asked;
use crate::cli::say;

/// How long something may take that the hub does at once.
const SOON: Duration = Duration::from_secs(15);
/// How long the next poll may be away.
const NEXT_POLL: Duration = Duration::from_secs(90);
/// How often it is looked.
const EVERY: Duration = Duration::from_millis(50);

const HELP: &str = "\
customer CASE|FILE   a webhook comes: the request of a recorded case, or a file like request.http
agent TEXT           you answer the last customer who wrote
network CASE|FILE    what the network answers next: the answers of a case, or a file like http.json
set-up [rehearse]    the channel is registered at its network
tear-down [rehearse] the channel is taken off its network
cases                the recorded cases
quit";

/// The console.
pub(super) struct Console {
    /// The hub, asked by its agent.
    pub(super) hub: Asked,
    pub(super) base: String,
    pub(super) network: Arc<Network>,
    /// The calls of the plug-in, as they end.
    pub(super) made: mpsc::UnboundedReceiver<Made>,
    /// The folder of the cases.
    pub(super) cases: Option<PathBuf>,
    /// By what requests are signed.
    pub(super) secrets: Map<String, Value>,
    /// The conversation with the last customer who wrote.
    pub(super) interaction: Option<String>,
    /// What the last call gave that the hub makes by itself.
    pub(super) last_background: Value,
}

/// What a customer does.
enum Incoming {
    Webhook(WebhookRequest),
    Poll(Box<Case>),
}

impl Console {
    /// Does what the lines of standard input say.
    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        let is_terminal = std::io::stdin().is_terminal();
        let mut lines = lines();
        let (mut number, mut failed) = (0_usize, 0_usize);
        loop {
            if is_terminal {
                print!("> ");
                // A terminal that is gone shows nothing more.
                let _ = std::io::stdout().flush();
            }
            let line = loop {
                tokio::select! {
                    line = lines.recv() => break line,
                    Some(made) = self.made.recv() => self.show(&made),
                }
            };
            let Some(line) = line else { break };
            let line = line.context("standard input cannot be read")?;
            number += 1;
            let (word, rest) = line
                .trim()
                .split_once(char::is_whitespace)
                .unwrap_or((line.trim(), ""));
            if matches!(word, "quit" | "exit") {
                break;
            }
            if let Err(error) = self.obey(word, rest.trim()).await {
                failed += 1;
                eprintln!("line {number}: {error:#}");
            }
        }
        if failed > 0 && !is_terminal {
            bail!("{failed} of {number} commands could not be done");
        }
        Ok(())
    }

    async fn obey(&mut self, word: &str, rest: &str) -> anyhow::Result<()> {
        match (word, rest) {
            ("", _) => Ok(()),
            ("help", _) => {
                say(HELP);
                Ok(())
            }
            ("cases", _) => self.list(),
            ("customer" | "agent" | "network", "") => {
                bail!("what? Write it behind `{word}`; `help` tells more")
            }
            ("customer", file) => self.customer(file).await,
            ("agent", text) => self.agent(text).await,
            ("network", file) => self.answer_next(file),
            ("set-up" | "tear-down", "" | "rehearse") => self.set(word, rest == "rehearse").await,
            ("set-up" | "tear-down", other) => {
                bail!("\"{other}\" is unknown: behind `{word}` stands `rehearse` or nothing")
            }
            (other, _) if other.starts_with('#') => Ok(()),
            (other, _) => bail!("\"{other}\" is no command: `help` tells them"),
        }
    }

    fn list(&self) -> anyhow::Result<()> {
        let Some(folder) = &self.cases else {
            bail!("there are no cases: name their folder by --cases");
        };
        for case in Case::read_all(folder)? {
            let call = serde_json::to_value(&case.call)?;
            let call = call
                .as_object()
                .and_then(|call| call.keys().next().cloned());
            say(&format!(
                "{} ({}, {} answers)",
                case.name,
                call.unwrap_or_default(),
                case.answers.len()
            ));
        }
        Ok(())
    }

    /// A recorded case, by its name or its folder.
    fn case(&self, named: &str) -> Option<PathBuf> {
        let folder = Path::new(named);
        let in_cases = self.cases.as_ref().map(|cases| cases.join(named));
        let places = in_cases.into_iter().chain([folder.to_owned()]);
        let mut cases = places.filter(|place| place.is_dir());
        cases.next()
    }

    fn incoming(&self, named: &str) -> anyhow::Result<Incoming> {
        let Some(folder) = self.case(named) else {
            let file = Path::new(named);
            if !file.is_file() {
                bail!(
                    "there is no case and no file \"{named}\": `cases` lists what was recorded; a file holds a \
                     request as it came, headers, an empty line, body"
                );
            }
            return Ok(Incoming::Webhook(Case::read_request(file, &self.secrets)?));
        };
        let recorded = folder.join("request.http");
        if recorded.is_file() {
            let request = Case::read_request(&recorded, &self.secrets)?;
            return Ok(Incoming::Webhook(request));
        }
        let case = Case::read(&folder)?;
        match &case.call {
            Call::Receive(request) => Ok(Incoming::Webhook(request.clone())),
            Call::Poll { .. } => Ok(Incoming::Poll(Box::new(case))),
            _ => bail!(
                "the case \"{named}\" is nothing that a customer does: it is neither a webhook request nor a \
                 poll"
            ),
        }
    }

    async fn customer(&mut self, named: &str) -> anyhow::Result<()> {
        let before = self.known().await?;
        let (call, within) = match self.incoming(named)? {
            Incoming::Webhook(request) => {
                self.deliver(request).await?;
                (Called::Receive, SOON)
            }
            Incoming::Poll(case) => {
                let count = self.network.expect(&case)?;
                say(&format!("the next poll gets {count} answers"));
                (Called::Poll, NEXT_POLL)
            }
        };
        let wanted = |made: &Made| made.seen.call == call && !made.is_background();
        let is_known = self.until(within, wanted).await;
        match is_known {
            Some(made) if made.has_message() => self.take(&before).await,
            Some(_) => Ok(()),
            None => bail!(
                "the plug-in was not called: does the channel's configuration have it {}?",
                if call == Called::Poll {
                    "poll"
                } else {
                    "receive webhooks"
                }
            ),
        }
    }

    /// Delivers a webhook, as its network does.
    async fn deliver(&self, request: WebhookRequest) -> anyhow::Result<()> {
        let method: Method = request.method.parse().context("the request's method")?;
        let address = format!("{}/channels/{CHANNEL}/webhook{}", self.base, request.path);
        let mut sent = self.hub.http().request(method, address);
        if !request.query.is_empty() {
            sent = sent.query(&request.query);
        }
        for (name, value) in &request.headers {
            // These are the connection's, and not the recorded one's.
            if !matches!(name.as_str(), "host" | "content-length" | "connection") {
                sent = sent.header(name, value);
            }
        }
        let answer = sent.body(request.body).send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        say(&format!("the hub answers the network: {status} {body}"));
        Ok(())
    }

    /// Takes the conversation that a customer's message belongs to.
    /// `before` is what there was before.
    async fn take(&mut self, before: &BTreeMap<String, u64>) -> anyhow::Result<()> {
        let until = Instant::now() + SOON;
        loop {
            let offers: Value = self.hub.get("/api/v1/offers").await?;
            let mut taken = None;
            for offer in offers.as_array().into_iter().flatten() {
                let id = offer["id"].as_str().context("an offer's id")?;
                let path = format!("/api/v1/offers/{id}/accept");
                let request = self.hub.request(Method::POST, &path).json(&json!({}));
                let accepted: Value = self.hub.read(self.hub.send(request).await?).await?;
                let id = accepted["id"].as_str().context("an interaction's id")?;
                taken = Some(id.to_owned());
            }
            if let Some(id) = taken {
                return self.show_conversation(&id).await;
            }
            let now = self.known().await?;
            let grown = now
                .iter()
                .find(|(id, count)| before.get(*id) < Some(*count));
            if let Some((id, _)) = grown {
                let id = id.clone();
                return self.show_conversation(&id).await;
            }
            if Instant::now() >= until {
                bail!(
                    "no message for the agent came of it: the hub takes each event once, so change its id to \
                     send it again; and what the company itself writes is nobody's work"
                );
            }
            self.show_all();
            tokio::time::sleep(EVERY).await;
        }
    }

    /// The conversations that are the agent's, and how many messages customers wrote in each.
    async fn known(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let mine: Value = self.hub.get("/api/v1/interactions?agent=me").await?;
        let mine = mine["items"].as_array().into_iter().flatten();
        let counted = mine.filter_map(|interaction| {
            let id = interaction["id"].as_str()?;
            Some((id.to_owned(), interaction["inbound_count"].as_u64()?))
        });
        Ok(counted.collect())
    }

    async fn show_conversation(&mut self, id: &str) -> anyhow::Result<()> {
        self.interaction = Some(id.to_owned());
        say("the agent sees:");
        let messages: Value = self.hub.get(&messages(id)).await?;
        let messages = messages["items"].as_array().into_iter().flatten();
        let told: Vec<String> = messages.map(line).collect();
        for line in told.iter().rev() {
            say(line);
        }
        Ok(())
    }

    async fn agent(&mut self, text: &str) -> anyhow::Result<()> {
        let Some(interaction) = self.interaction.clone() else {
            bail!("nobody has written yet whom you could answer: `customer CASE` first");
        };
        let sent = self.hub.request(Method::POST, &messages(&interaction));
        let sent: Value = self
            .hub
            .read(self.hub.send(sent.json(&json!({ "text": text }))).await?)
            .await?;
        let id = sent["id"].as_str().context("a message's id")?.to_owned();
        let until = Instant::now() + SOON;
        loop {
            self.show_all();
            let list: Value = self.hub.get(&messages(&interaction)).await?;
            let mut list = list["items"].as_array().into_iter().flatten();
            let message = list.find(|message| message["id"] == id.as_str());
            let message = message.context("the message is not in its conversation")?;
            if message["state"] != "accepted" {
                self.show_all();
                say(&line(message));
                return Ok(());
            }
            if Instant::now() >= until {
                bail!("the message was not sent within {SOON:?}; the hub goes on trying");
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    fn answer_next(&self, named: &str) -> anyhow::Result<()> {
        let count = match self.case(named) {
            Some(folder) => self.network.expect(&Case::read(&folder)?)?,
            None => self.network.expect_answers(answers(Path::new(named))?),
        };
        say(&format!("the network's next {count} answers are set"));
        Ok(())
    }

    async fn set(&mut self, way: &str, rehearsal: bool) -> anyhow::Result<()> {
        let path = format!("/api/v1/channels/{CHANNEL}/{way}");
        let request = self.hub.request(Method::POST, &path);
        let done = self
            .hub
            .send(request.json(&json!({ "rehearsal": rehearsal })));
        let done = done.await;
        self.show_all();
        done?;
        Ok(())
    }

    /// Shows the calls that end until one is as wanted; none if none is in time.
    async fn until(&mut self, within: Duration, wanted: impl Fn(&Made) -> bool) -> Option<Made> {
        let deadline = Instant::now() + within;
        loop {
            let made = tokio::time::timeout_at(deadline, self.made.recv()).await;
            let made = made.ok().flatten()?;
            self.show(&made);
            if wanted(&made) {
                return Some(made);
            }
        }
    }

    /// Shows the calls that have ended.
    fn show_all(&mut self) {
        while let Ok(made) = self.made.try_recv() {
            self.show(&made);
        }
    }

    fn show(&mut self, made: &Made) {
        if made.is_background() {
            // The same again and again tells nothing.
            let output = json!([made.seen.call.as_str(), made.seen.output]);
            let is_well = made.seen.output.get("ok").is_some();
            if is_well || output == self.last_background {
                return;
            }
            self.last_background = output;
        }
        say(&made.text());
    }
}

fn messages(interaction: &str) -> String {
    format!("/api/v1/interactions/{interaction}/messages")
}

/// A message as the agent sees it.
fn line(message: &Value) -> String {
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
    let files = message.pointer("/content/attachments");
    let files = files.and_then(Value::as_array).map_or(0, Vec::len);
    let files = match files {
        0 => String::new(),
        count => format!(" [{count} files]"),
    };
    let reason = text("/reason/text").map(|reason| format!(": {reason}"));
    format!(
        "  {} ({}{}): {}{files}",
        text("/author/kind").unwrap_or("?"),
        text("/state").unwrap_or("?"),
        reason.unwrap_or_default(),
        text("/content/text").unwrap_or("")
    )
}

/// The lines of standard input. They are read beside everything else, and reading holds up no end.
fn lines() -> mpsc::UnboundedReceiver<std::io::Result<String>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
