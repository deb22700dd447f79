//! Dead letters try again: what came in goes through the connector and the inbox once more, what was
//! to go out through the outbox.

use linecard_model::dead_letter::Undone;
use linecard_model::platform::{Rejection, WebhookRequest};
use linecard_model::{ChannelId, DeadLetterId};
use linecard_sandbox::CallError;
use linecard_site::{Actor, CommandError, Idempotency, Rendered, Request};
use linecard_store::StoreError;

use crate::receive::Receiver;

/// Why a dead letter was not redelivered. It is still there.
#[derive(Debug, thiserror::Error)]
pub enum RedeliverError {
    /// The channel is not at work.
    #[error("channel {0} is not at work, so nothing can read the request")]
    ChannelAway(ChannelId),
    /// The connector does not take it this time either.
    #[error("the connector does not take the request: {0}")]
    Rejected(#[from] Rejection),
    /// The connector failed.
    #[error(transparent)]
    Plugin(#[from] CallError),
    /// The events could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The site refuses.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl Receiver {
    /// Tries a dead letter again. `confirm` says that the customer may get it twice.
    ///
    /// What came in is accepted first, once for each letter, and then the letter goes: a fault in
    /// between leaves the letter, and another redelivery of it changes nothing more.
    pub async fn redeliver(
        &self,
        actor: &Actor,
        channel: &ChannelId,
        letter: DeadLetterId,
        confirm: bool,
        idempotency: Option<Idempotency>,
    ) -> Result<Rendered, RedeliverError> {
        let found = self
            .store
            .dead_letter(self.site.id(), channel, letter)
            .await?;
        match found.map(|found| found.what) {
            Some(Undone::Webhook(request)) => self.receive_again(channel, request).await?,
            Some(Undone::Event { event, .. }) => {
                self.accept(channel, vec![*event], Some(letter)).await?;
            }
            // The site sends it again, or knows what was answered under the idempotency key.
            Some(Undone::Action(_)) | None => {}
        }
        let request = Request::Redeliver {
            channel: channel.clone(),
            letter,
            confirm,
        };
        let rendered = self.site.request(actor.clone(), request, idempotency);
        Ok(rendered.await?)
    }

    /// Lets the connector read a request again. Its events are deduplicated as ever.
    async fn receive_again(
        &self,
        channel: &ChannelId,
        request: WebhookRequest,
    ) -> Result<(), RedeliverError> {
        let runtime = self
            .channels
            .get(channel)
            .ok_or_else(|| RedeliverError::ChannelAway(channel.clone()))?;
        let called = runtime.connector.receive(&runtime.context, request).await?;
        self.accept(channel, called?.events, None).await?;
        Ok(())
    }
}
