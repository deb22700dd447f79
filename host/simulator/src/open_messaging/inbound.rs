//! The middleware's calls to the hub: a token, then messages, events and receipts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use super::{Middleware, Said};
use crate::customers::{Author, Turn};
use crate::delivery::{Delivery, Outcome, Verdict, send_until_accepted};

/// The token in use.
pub(crate) type TokenCell = Mutex<Option<Token>>;

/// A token and its end.
#[derive(Clone)]
pub(crate) struct Token {
    word: String,
    until: Instant,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Token").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: u64,
}

impl Middleware {
    /// The customer does something: the conversation gets it, and the hub is told.
    pub(crate) async fn say(self: &Arc<Self>, customer: &str, what: Said) -> Delivery {
        let id = uuid::Uuid::now_v7().simple().to_string();
        if what.is_message() {
            let now = self.world.clock.now_ms();
            let mut turn = Turn::new(&id, Author::Customer, now);
            what.fill(&mut turn);
            self.world.customers.change(customer, |customer| {
                customer.last_active_ms = Some(now);
                customer.conversation.push(turn);
            });
        }
        let delivery = self.post(customer, &id, &what).await;
        if delivery.acknowledged && what.is_message() && self.repeats() {
            // The second copy's end is in the record; the first one's is what the caller asked for.
            let _ = self.post(customer, &id, &what).await;
        }
        delivery
    }

    fn repeats(&self) -> bool {
        let mut random = self
            .random
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        random.f64() < self.options.duplicates
    }

    /// Posts under the given id until it is accepted. 4xx other than 429 ends it at once.
    pub(crate) async fn post(
        self: &Arc<Self>,
        customer: &str,
        message_id: &str,
        what: &Said,
    ) -> Delivery {
        let body = self.world.customers.change(customer, |customer| {
            let time = self.world.clock.now();
            // Milliseconds and Z, as in every recorded call.
            let time = time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
            what.body(customer, message_id, &time)
        });
        let (end, operation) = what.endpoint();
        let path = format!(
            "api/v2/conversations/messages/{}/inbound/open/{end}",
            self.options.integration_id
        );
        self.call(operation, &path, body)
            .await
            .delivery(customer, message_id)
    }

    async fn call(self: &Arc<Self>, operation: &str, path: &str, body: Value) -> Outcome {
        let Some(url) = self.addresses().hub.and_then(|hub| below(&hub, path)) else {
            return Outcome::never("the hub's address is not set");
        };
        // Never closed, so this cannot fail; without a permit it would only be less polite.
        let _permit = self.permits.acquire().await.ok();
        let mut outcome = self.call_once(operation, &url, &body).await;
        if outcome.status == Some(401) {
            // The token may have been revoked early: get another one, once.
            *self.token.lock().await = None;
            outcome = self.call_once(operation, &url, &body).await;
        }
        outcome
    }

    async fn call_once(self: &Arc<Self>, operation: &str, url: &Url, body: &Value) -> Outcome {
        let token = match self.token().await {
            Ok(token) => token,
            Err(outcome) => return outcome,
        };
        send_until_accepted(
            &self.world.record,
            &self.options.retry,
            operation,
            body.clone(),
            verdict,
            || self.client.post(url.clone()).bearer_auth(&token).json(body),
        )
        .await
    }

    async fn token(self: &Arc<Self>) -> Result<String, Outcome> {
        let mut kept = self.token.lock().await;
        if let Some(token) = kept.as_ref()
            && token.until > Instant::now()
        {
            return Ok(token.word.clone());
        }
        let addresses = self.addresses();
        let url = addresses
            .token
            .or_else(|| below(&addresses.hub?, "oauth/token"));
        let Some(url) = url else {
            return Err(Outcome::never("the address for tokens is not set"));
        };
        let outcome = send_until_accepted(
            // What passes here is secret; only that it happened is recorded.
            &self.world.record,
            &self.options.retry,
            "token",
            json!({ "grant_type": "client_credentials" }),
            verdict,
            || {
                self.client
                    .post(url.clone())
                    .basic_auth(&self.options.client_id, Some(&self.options.client_secret))
                    .form(&[("grant_type", "client_credentials")])
            },
        )
        .await;
        if !outcome.acknowledged {
            return Err(outcome);
        }
        match serde_json::from_value::<TokenAnswer>(outcome.answer) {
            Ok(answer) => {
                let usable = Duration::from_secs(answer.expires_in.saturating_sub(60));
                *kept = Some(Token {
                    word: answer.access_token.clone(),
                    until: Instant::now() + usable,
                });
                Ok(answer.access_token)
            }
            Err(error) => Err(Outcome::never(format!(
                "the hub's token answer is not usable: {error}"
            ))),
        }
    }
}

/// 2xx is accepted; time-outs, 429 and 5xx are repeated; the rest is final.
fn verdict(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Accepted,
        429 | 500..=599 => Verdict::Repeat,
        _ => Verdict::GiveUp,
    }
}

/// An address below a base, whether or not the base ends in a slash.
fn below(base: &Url, path: &str) -> Option<Url> {
    let mut url = base.clone();
    url.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(path.split('/'));
    Some(url)
}
