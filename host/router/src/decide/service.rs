//! What concerns service policies and opening hours.

use std::sync::Arc;

use linecard_model::routing::{RoutingEvent, ServicePromise, UnparkCause};
use linecard_model::{InteractionId, QueueId};

use super::{Decide, Decision, unpark};
use crate::fault;
use crate::state::Work;

impl Decide<'_> {
    pub(super) fn promise(
        &self,
        interaction: InteractionId,
        promise: Option<Arc<ServicePromise>>,
    ) -> Decision {
        let work = self.work(interaction)?;
        let known = work.service.as_deref();
        Ok(match known {
            Some(service) if service.promise != promise => vec![RoutingEvent::ServicePromised {
                interaction,
                queue: work.queue.clone(),
                promise,
            }],
            _ => Vec::new(),
        })
    }

    pub(super) fn answered(&self, interaction: InteractionId) -> Decision {
        let work = self.work(interaction)?;
        Ok(if waits(work) {
            vec![RoutingEvent::Answered {
                interaction,
                queue: work.queue.clone(),
            }]
        } else {
            Vec::new()
        })
    }

    pub(super) fn customer_wrote(&self, interaction: InteractionId) -> Decision {
        let work = self.work(interaction)?;
        let begins = work.service.is_some() && !waits(work);
        let begins = begins.then(|| RoutingEvent::CustomerWaits {
            interaction,
            queue: work.queue.clone(),
        });
        let unparked = unpark(self.state, self.at, interaction, UnparkCause::CustomerWrote);
        Ok(begins.into_iter().chain(unparked).collect())
    }

    pub(super) fn set_open(&self, queue: QueueId, open: bool) -> Decision {
        let is_closed = self.queue(&queue)?.open_time.closed_since.is_some();
        Ok(match (is_closed, open) {
            (true, true) => vec![RoutingEvent::QueueOpened { queue }],
            (false, false) => vec![RoutingEvent::QueueClosed { queue }],
            _ => Vec::new(),
        })
    }
}

/// Whether the customer waits for an answer, as far as that is measured.
fn waits(work: &Work) -> bool {
    let service = work.service.as_deref();
    service.is_some_and(|service| {
        (!service.answered || service.turn.is_some()) && !fault::is_on("answers-stop-nothing")
    })
}
