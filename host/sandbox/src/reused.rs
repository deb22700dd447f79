//! One connector's instance for many calls, to measure what a fresh one costs. The hub never reuses one:
//! nothing may be carried from one call, or one channel, to the next.

use std::sync::Arc;

use linecard_model::platform::{Reception, Rejection, WebhookRequest};
use wasmtime::Store;

use crate::connector::{Connector, record};
use crate::context::ChannelContext;
use crate::contract::ConnectorGuest;
use crate::convert::{self, Checked as _};
use crate::error::{Call, CallError, Fault};
use crate::instance::{CallState, Capability, new_store, renew};
use crate::mark::Mark;
use crate::plugin::World;
use crate::run;

/// A connector's instance that takes one webhook after the other, with the store, the limits and the
/// checks of [`Connector::receive`].
pub struct Reused {
    connector: Connector,
    channel: ChannelContext,
    store: Store<CallState>,
    guest: ConnectorGuest,
}

impl Reused {
    /// Makes the instance, for the webhooks of this channel.
    pub async fn new(connector: &Connector, channel: &ChannelContext) -> Result<Self, CallError> {
        let inner = &connector.plugin.inner;
        let mark = Mark::new();
        let failed = |fault| connector.plugin.error(Call::Receive, fault, &mark);
        let World::Connector(world) = &inner.world else {
            return Err(failed(Fault::Start("it is not a connector".to_owned())));
        };
        let capability = Capability::Channel(channel.clone());
        let (engine, flag) = (&inner.runtime.engine, Arc::clone(&mark));
        let mut store = new_store(engine, &inner.shared, capability, flag);
        match world.start(&mut store).await {
            Ok(guest) => Ok(Self {
                connector: connector.clone(),
                channel: channel.clone(),
                store,
                guest,
            }),
            Err(error) => Err(failed(run::fault(&error, store.data()))),
        }
    }

    /// As [`Connector::receive`], in this instance. After an error the instance must not be used again.
    pub async fn receive(
        &mut self,
        request: WebhookRequest,
    ) -> Result<Result<Reception, Rejection>, CallError> {
        let plugin = &self.connector.plugin;
        let inner = &plugin.inner;
        let limits = &inner.shared.limits;
        let request = convert::webhook_request(request);
        let channel = record(&self.channel);
        let mark = Mark::new();
        renew(&mut self.store, Arc::clone(&mark));
        let running = async {
            let given = self.guest.receive(&mut self.store, channel, request).await;
            let given = given.map_err(|error| run::fault(&error, self.store.data()))?;
            if let Some(breach) = self.store.data().breach() {
                return Err(breach.clone().into());
            }
            given.checked(limits)
        };
        let time = limits.receive_time;
        let running = async {
            let id = Some(&self.channel.id);
            let call = (Call::Receive, &*mark);
            let _turn = run::turn(&inner.runtime, &inner.shared, call, id, time).await?;
            run::timed(&inner.shared, call, id, time, running).await
        };
        let given = running.await;
        self.store.data().release_long_run();
        given.map_err(|fault| plugin.error(Call::Receive, fault, &mark))
    }
}

impl std::fmt::Debug for Reused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reused")
            .field("connector", &self.connector)
            .finish_non_exhaustive()
    }
}
