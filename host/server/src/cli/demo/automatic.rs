//! What the demo's hub does by itself: scores, a rule, likes, what is said while it is closed and in an
//! emergency; and whether all of it was done, once.

use linecard_simulator::people::Report;
use serde_json::{Value, json};

use super::check::{is_by, platform_ids};
use super::client::Client;
use super::networks::{Networks, PAGE, POSTS, WHATSAPP};

/// The switch of the emergency on the page.
const SWITCH: &str = "/hours/desk/emergency";
/// The rule by which work with this label comes first.
const LABEL: &str = "delivery";
const FIRST: &str = "deliveries first";
/// The rule that likes.
const LIKES: &str = "like what is new";
/// After so many messages in an emergency it is over.
const ENOUGH: usize = 3;

/// The part of the site's configuration.
pub(super) fn config(networks: &Networks) -> Value {
    let mut rules = vec![json!({
        "name": FIRST,
        "when": format!("'{LABEL}' in labels"),
        "then": { "priority": 10, "add_labels": [LABEL] },
    })];
    let mut hours = serde_json::Map::new();
    if networks.has(POSTS) {
        rules.push(json!({
            "name": LIKES, "channels": [POSTS], "when": "interaction.new",
            "then": { "like": true },
        }));
    }
    if networks.has(WHATSAPP) {
        let messages = json!([
            { "text": "Unser Büro ist gerade geschlossen.", "language": "de" },
            { "text": "Our office is closed right now; we answer as soon as we can." },
        ]);
        let night = json!({
            "zone": "Europe/Berlin", "channels": [WHATSAPP], "closed": { "messages": messages },
        });
        hours.insert("night".to_owned(), night);
    }
    if networks.has(PAGE) {
        let days = [
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ];
        let text = "We have a disruption and work on it, {{contact.first_name|dear customer}}.";
        let desk = json!({
            "zone": "UTC", "channels": [PAGE],
            "weekly": [{ "days": days, "from": "00:00", "to": "24:00" }],
            "emergency": { "messages": [{ "text": text }] },
        });
        hours.insert("desk".to_owned(), desk);
    }
    json!({
        "rules": rules,
        "hours": hours,
        "automatic": { "likes_per_hour": 1_000, "disclosure": "This is an automatic answer." },
    })
}

/// Declares the emergency, if there is a page to declare it on.
pub(super) async fn declare(client: &Client, networks: &Networks) -> anyhow::Result<()> {
    if networks.has(PAGE) {
        client.put(SWITCH, &json!({})).await?;
    }
    Ok(())
}

/// Ends the emergency.
pub(super) async fn end(client: &Client, networks: &Networks) -> anyhow::Result<()> {
    if networks.has(PAGE) {
        client.delete(SWITCH).await?;
    }
    Ok(())
}

/// Whether enough customers have written in the emergency.
pub(super) fn is_enough(channel: &str, report: &Report) -> bool {
    channel == PAGE && report.messages.len() >= ENOUGH
}

/// What was done automatically.
#[derive(Debug, Default)]
pub(super) struct Automatic {
    /// Messages that have scores.
    scored: usize,
    /// Messages that came first by a rule.
    first: usize,
    /// Messages that were liked.
    liked: usize,
    /// Customers who were told that it is closed.
    closed: usize,
    /// Customers who were told of the emergency.
    told: usize,
    /// The channels on which customers wrote.
    seen: Vec<String>,
}

impl Automatic {
    /// Looks at what was exchanged with a customer; gives what is not as it should be.
    pub fn look(
        &mut self,
        networks: &Networks,
        channel: &str,
        person: &str,
        history: &[Value],
        in_trouble: bool,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |text: String| faults.push(format!("{channel}: {text}"));
        if !self.seen.iter().any(|seen| seen == channel) {
            self.seen.push(channel.to_owned());
        }
        let mut in_emergency = false;
        for message in history.iter().filter(|m| is_by(m, "contact")) {
            let id = text(message, "/id");
            let mut is_scored = false;
            for finding in list(message, "/findings") {
                let has_scores = list(finding, "/scores").next().is_some();
                is_scored |= has_scores;
                if has_scores && text(finding, "/plugin").is_empty() {
                    fault(format!("a score of message {id} does not say whose it is"));
                }
            }
            self.scored += usize::from(is_scored);
            let step =
                |rule: &str| list(message, "/rules/steps").find(|step| text(step, "/rule") == rule);
            let mut labels = list(message, "/findings").flat_map(|f| list(f, "/labels"));
            if labels.any(|label| text(label, "/name") == LABEL) {
                match step(FIRST) {
                    Some(step) if text(step, "/did/0/not_done").is_empty() => self.first += 1,
                    Some(step) => fault(format!("message {id} does not come first: {step}")),
                    None => fault(format!("no rule says that message {id} comes first")),
                }
            }
            if let Some(step) = step(LIKES) {
                if platform_ids(message).any(|id| networks.is_liked(id)) {
                    self.liked += 1;
                } else if !in_trouble {
                    fault(format!("message {id} is not liked: {step}"));
                }
            }
            in_emergency |= text(message, "/rules/hours/reason") == "emergency";
        }
        let said = |rule: &str| {
            let said = history.iter().filter(|m| is_by(m, "rule"));
            said.filter(|m| text(m, "/author/rule") == rule).count()
        };
        let (closed, told) = (said("hours:night"), said("hours:desk"));
        if closed != usize::from(channel == WHATSAPP) {
            fault(format!(
                "{person} was told {closed} times that it is closed"
            ));
        }
        if told != usize::from(in_emergency) {
            fault(format!("{person} was told {told} times of the emergency"));
        }
        self.closed += closed;
        self.told += told;
        faults
    }

    /// What should have happened and did not happen at all.
    pub fn missing(&self) -> Vec<String> {
        let has = |channel: &str| self.seen.iter().any(|seen| seen == channel);
        let due = [
            (true, self.scored, "no message has a score"),
            (has(POSTS), self.liked, "nothing was liked"),
            (
                has(WHATSAPP),
                self.closed,
                "nobody was told that it is closed",
            ),
            (has(PAGE), self.told, "nobody was told of the emergency"),
        ];
        let missing = due
            .into_iter()
            .filter(|(is_due, count, _)| *is_due && *count == 0);
        missing.map(|(.., text)| text.to_owned()).collect()
    }

    /// All of it in a sentence.
    pub fn summary(&self) -> String {
        let Self {
            scored,
            first,
            liked,
            closed,
            told,
            ..
        } = self;
        format!(
            "By itself the hub scored {scored} messages, put {first} first by a rule, liked {liked}, told {closed} customers that it is closed and {told} of an emergency; each message says which rules did what."
        )
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}

fn list<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    let found = value.pointer(pointer).and_then(Value::as_array);
    found.into_iter().flatten()
}
