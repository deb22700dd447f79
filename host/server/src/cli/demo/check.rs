//! Compares what the simulated customers did and got with what the hub says, by the public API.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use linecard_simulator::people::Report;
use serde_json::Value;

use super::automatic::Automatic;
use super::client::Client;
use super::networks::Networks;

/// What came of the comparison.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Customers who wrote.
    pub customers: usize,
    /// Messages that they wrote and the hub acknowledged.
    pub messages: usize,
    /// Interactions that they became.
    pub interactions: usize,
    /// Answers that customers got.
    pub answers: usize,
    /// Interactions that are with the person at the screen.
    pub with_you: usize,
    /// Answers of which nobody can tell whether they arrived, and which say so.
    pub uncertain: usize,
    /// Answers that the network refused, with its reason.
    pub failed: usize,
    /// What the hub did by itself.
    pub automatic: Automatic,
    /// Whether the networks were made to fail, so that such answers are to be expected.
    pub in_trouble: bool,
    /// Everything that is not as it should be.
    pub faults: Vec<String>,
}

impl Findings {
    /// Compares one network's population.
    pub async fn compare(
        &mut self,
        client: &Client,
        networks: &Networks,
        channel: &str,
        report: &Report,
    ) -> anyhow::Result<()> {
        let mut said: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for message in &report.messages {
            let delivery = &message.delivery;
            if delivery.acknowledged {
                said.entry(delivery.customer.as_str())
                    .or_default()
                    .insert(delivery.message_id.as_str());
                self.messages += 1;
            } else {
                self.faults.push(format!(
                    "{channel}: message {} was never acknowledged",
                    delivery.message_id
                ));
            }
        }
        for person in &report.people {
            let Some(said) = said.get(person.id.as_str()) else {
                continue;
            };
            self.customers += 1;
            let history = history(client, channel, &person.id).await?;
            self.received_once(channel, &person.id, said, &history);
            self.delivered_once(channel, person, &history);
            let found =
                self.automatic
                    .look(networks, channel, &person.id, &history, self.in_trouble);
            self.faults.extend(found);
            self.answered(client, channel, &person.id, &history).await?;
        }
        Ok(())
    }

    /// Every message that was acknowledged is in the history, once, and nothing else.
    fn received_once(
        &mut self,
        channel: &str,
        person: &str,
        said: &BTreeSet<&str>,
        history: &[Value],
    ) {
        let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
        for message in history.iter().filter(|m| is_by(m, "contact")) {
            for id in platform_ids(message) {
                *kept.entry(id).or_default() += 1;
            }
        }
        for id in said {
            match kept.remove(id) {
                Some(1) => {}
                Some(times) => self.faults.push(format!(
                    "{channel}: message {id} of {person} is kept {times} times"
                )),
                None => self
                    .faults
                    .push(format!("{channel}: message {id} of {person} is lost")),
            }
        }
        for id in kept.keys() {
            self.faults
                .push(format!("{channel}: {person} never wrote message {id}"));
        }
    }

    /// Every answer that the hub calls sent has reached the customer, once. What the hub calls
    /// uncertain may have, at most once; what it calls failed has not, and has a reason.
    fn delivered_once(
        &mut self,
        channel: &str,
        person: &linecard_simulator::people::Person,
        history: &[Value],
    ) {
        let mut got: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for turn in &person.answers {
            got.entry(turn.message_id.as_str())
                .or_insert((0, turn.text.as_str()))
                .0 += 1;
        }
        self.answers += person.answers.len();
        for duplicate in &person.duplicates {
            self.faults.push(format!(
                "{channel}: {} got answer {duplicate} twice",
                person.id
            ));
        }
        let mut uncertain = Vec::new();
        let is_ours = |message: &&Value| is_by(message, "agent") || is_by(message, "rule");
        for message in history.iter().filter(is_ours) {
            let text = |pointer| message.pointer(pointer).and_then(Value::as_str);
            let state = text("/state").unwrap_or("");
            let id = text("/id").unwrap_or("");
            let arrived: Vec<bool> = platform_ids(message)
                .map(|platform_id| got.remove(platform_id).is_some_and(|(times, _)| times == 1))
                .collect();
            match state {
                "sent" | "delivered" | "read" => {
                    if arrived.contains(&false) {
                        self.faults.push(format!(
                            "{channel}: answer {id} to {} is {state}, but did not arrive once",
                            person.id
                        ));
                    }
                }
                "uncertain" if self.in_trouble => {
                    self.uncertain += 1;
                    uncertain.push(text("/content/text").unwrap_or(""));
                }
                "failed" if self.in_trouble && text("/reason/text").is_some() => self.failed += 1,
                _ => self.faults.push(format!(
                    "{channel}: answer {id} to {} is {state}: {}",
                    person.id,
                    text("/reason/text").unwrap_or("no reason is given")
                )),
            }
        }
        for (platform_id, (times, said)) in got {
            let place = uncertain.iter().position(|text| *text == said);
            match place {
                Some(place) if times == 1 => drop(uncertain.remove(place)),
                _ => self.faults.push(format!(
                    "{channel}: {} got {platform_id}, of which the hub knows nothing",
                    person.id
                )),
            }
        }
    }

    /// Every interaction was offered, accepted and answered, and is over.
    async fn answered(
        &mut self,
        client: &Client,
        channel: &str,
        person: &str,
        history: &[Value],
    ) -> anyhow::Result<()> {
        let interactions: BTreeSet<&str> = history
            .iter()
            .filter_map(|m| m.get("interaction").and_then(Value::as_str))
            .collect();
        for id in interactions {
            self.interactions += 1;
            let interaction = client.get(&format!("/interactions/{id}")).await?;
            let field = |name: &str| interaction.get(name).and_then(Value::as_str);
            if field("agent") == Some(super::YOU) {
                self.with_you += 1;
                continue;
            }
            if field("answered_at").is_none() {
                self.faults.push(format!(
                    "{channel}: nobody accepted interaction {id} of {person}"
                ));
            }
            let answers = interaction.get("outbound_count").and_then(Value::as_u64);
            if answers == Some(0) {
                self.faults.push(format!(
                    "{channel}: nobody answered in interaction {id} of {person}"
                ));
            }
            if field("state") != Some("ended") {
                self.faults.push(format!(
                    "{channel}: interaction {id} of {person} is still {}",
                    field("state").unwrap_or("unknown")
                ));
            }
        }
        Ok(())
    }
}

async fn history(client: &Client, channel: &str, person: &str) -> anyhow::Result<Vec<Value>> {
    let found = client
        .get(&format!("/contacts?channel={channel}&identity={person}"))
        .await?;
    let contact = found
        .pointer("/items/0/id")
        .and_then(Value::as_str)
        .with_context(|| format!("{channel}: the hub has no contact for {person}"))?;
    client
        .all(&format!("/contacts/{contact}/history?limit=200"), "before")
        .await
}

pub(super) fn is_by(message: &Value, kind: &str) -> bool {
    message.pointer("/author/kind").and_then(Value::as_str) == Some(kind)
}

pub(super) fn platform_ids(message: &Value) -> impl Iterator<Item = &str> {
    message
        .get("platform_ids")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}
