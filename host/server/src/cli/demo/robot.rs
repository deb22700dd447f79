//! Agents who work by themselves, over the public API alone: they watch the event stream, accept what
//! they are offered, answer, and wrap up.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::watch;
use tracing::debug;

use super::client::Client;

/// How often a robot looks without having been told.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// After how long a silent customer's interaction is ended.
const SILENCE: Duration = Duration::from_secs(3);

/// What robots say; the words do not matter, their delivery does.
const ANSWERS: [&str; 6] = [
    "Thank you for writing. I am looking at it right now.",
    "I see what happened, and I have put it right. 👍",
    "That should not have happened; I am sorry. It is on its way to you again.",
    "Danke für Ihre Nachricht! Ich habe es für Sie erledigt.",
    "I have changed it for you. Is there anything else?",
    "Gracias por avisar. Ya está resuelto.",
];

/// The codes with which robots end.
const CODES: [&str; 3] = ["Processed", "Need Follow Up", "Up Sell"];

/// One robot, until `end` turns true.
pub(super) struct Robot {
    pub client: Client,
    pub number: usize,
    pub end: watch::Receiver<bool>,
    /// The number of customers' messages answered in each interaction, and when that changed.
    pub answered: HashMap<String, (u64, Instant)>,
}

impl Robot {
    /// Signs in, becomes ready and works.
    pub async fn run(mut self) -> anyhow::Result<()> {
        let me = json!({ "state": "ready" });
        self.client.put("/agents/me/presence", &me).await?;
        let snapshot = self.client.get("/snapshot").await?;
        let seq = snapshot.get("seq").and_then(Value::as_u64).unwrap_or(0);
        let mut events = self.client.events(seq).await?.bytes_stream();
        loop {
            self.look().await?;
            tokio::select! {
                chunk = events.next() => {
                    // What is in it does not matter: the robot asks for what it has to do.
                    chunk.context("the event stream ended")??;
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = self.end.wait_for(|end| *end) => return Ok(()),
            }
        }
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        let offers = self.client.all("/offers", "after").await?;
        for offer in &offers {
            if let Some(id) = offer.get("id").and_then(Value::as_str) {
                self.accept(id).await;
            }
        }
        let mine = self.client.all("/interactions?agent=me", "after").await?;
        for interaction in &mine {
            self.serve(interaction).await?;
        }
        Ok(())
    }

    async fn accept(&self, offer: &str) {
        let path = format!("/offers/{offer}/accept");
        if let Err(refusal) = self.client.post(&path, &json!({})).await {
            // It was withdrawn meanwhile, or its deadline has come.
            debug!(%refusal, "an offer was not accepted");
        }
    }

    async fn serve(&mut self, interaction: &Value) -> anyhow::Result<()> {
        let text = |field: &str| interaction.get(field).and_then(Value::as_str).unwrap_or("");
        let id = text("id").to_owned();
        let code = CODES[self.number % CODES.len()];
        match text("state") {
            "connected" => {}
            "wrap-up" => {
                let path = format!("/interactions/{id}/wrap-up");
                self.client
                    .post(&path, &json!({ "disposition": code }))
                    .await?;
                return Ok(());
            }
            _ => return Ok(()),
        }
        let written = interaction
            .get("inbound_count")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        let (known, since) = self
            .answered
            .get(&id)
            .copied()
            .unwrap_or((0, Instant::now()));
        if written > known {
            let path = format!("/interactions/{id}/messages");
            let place = usize::try_from(written).unwrap_or(0) + self.number;
            // Networks refuse the same words twice in a row, and a customer's number is in every answer
            // of a real desk.
            let number: String = id.chars().rev().take(5).collect();
            let words = ANSWERS[place % ANSWERS.len()];
            let answer = json!({ "text": format!("{words} ({number}-{written})") });
            self.client.post(&path, &answer).await?;
            self.answered.insert(id, (written, Instant::now()));
        } else if since.elapsed() >= SILENCE {
            let path = format!("/interactions/{id}/end");
            let body = json!({ "disposition": code });
            if let Err(refusal) = self.client.post(&path, &body).await {
                debug!(%refusal, "an interaction was not ended");
            }
            self.answered.remove(&id);
        }
        Ok(())
    }
}
