//! The handshake by which Meta's networks verify the hub's webhook address.

use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use url::Url;

use crate::error::{Result, SimulatorError};
use crate::record::{Direction, Opening, Record};

/// A subscription to verify.
pub(crate) struct Handshake<'a> {
    pub(crate) client: &'a Client,
    pub(crate) record: &'a Record,
    /// The network, for errors.
    pub(crate) network: &'static str,
    /// Where webhooks go, if that is known.
    pub(crate) callback: Option<Url>,
}

impl Handshake<'_> {
    /// Asks with a new challenge, which must come back.
    pub(crate) async fn subscribe(self, verify_token: &str) -> Result<()> {
        let challenge = fastrand::u32(1_000_000_000..2_000_000_000).to_string();
        let (status, body) = self.ask(verify_token, &challenge).await?;
        if status == 200 && body == challenge {
            return Ok(());
        }
        Err(SimulatorError::Refused {
            what: "subscription handshake",
            status,
            body: body.chars().take(200).collect(),
            expected: format!("200 with the bare challenge {challenge}"),
        })
    }

    /// Asks, and returns the answer's status and body.
    pub(crate) async fn ask(self, verify_token: &str, challenge: &str) -> Result<(u16, String)> {
        // The address holds the verify token, so errors are told without it.
        let failed = |source| SimulatorError::Call {
            what: "subscription handshake",
            source,
        };
        let Some(callback) = self.callback else {
            return Err(SimulatorError::NoHub {
                network: self.network,
                setting: "callback_url",
            });
        };
        let seq = self.record.open(Opening {
            direction: Direction::ToHub,
            operation: "handshake".to_owned(),
            method: "GET".to_owned(),
            target: callback.path().to_owned(),
            request: json!({ "hub.mode": "subscribe", "hub.challenge": challenge }),
        });
        let close = |status: Option<u16>, body: &str| {
            self.record
                .close(seq, Direction::ToHub, "handshake", status, json!(body));
        };
        let response = self
            .client
            .get(callback)
            .timeout(Duration::from_secs(20))
            .query(&[
                ("hub.mode", "subscribe"),
                ("hub.challenge", challenge),
                ("hub.verify_token", verify_token),
            ])
            .send()
            .await
            .map_err(reqwest::Error::without_url)
            .inspect_err(|error| close(None, &error.to_string()))
            .map_err(failed)?;
        let status = response.status().as_u16();
        let body = response
            .text()
            .await
            .map_err(reqwest::Error::without_url)
            .inspect_err(|error| close(None, &error.to_string()))
            .map_err(failed)?;
        close(Some(status), &body);
        Ok((status, body))
    }
}
