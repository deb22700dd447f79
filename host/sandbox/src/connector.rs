//! The calls of a connector.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::future::BoxFuture;
use linecard_model::platform::{
    ActionRequest, Attachment, Failure, Identity, Outcome, PollPage, Profile, Reception, Rejection,
    StoredMedia, WebhookRequest,
};
use wasmtime::Store;

use crate::bindings::connector::Connector as Guest;
use crate::bindings::connector::exports::linecard::plugin::connector_api as wit;
use crate::context::ChannelContext;
use crate::convert::{self, Checked};
use crate::error::{Call, CallError, Fault};
use crate::instance::{CallState, Capability};
use crate::plugin::{Plugin, World};
use crate::run;

/// The calls of a connector. Each runs in a fresh instance. Cheap to clone.
///
/// The outer result tells whether the call ran; the inner one is the connector's own answer.
#[derive(Debug, Clone)]
pub struct Connector {
    pub(crate) plugin: Plugin,
}

impl Connector {
    /// The plug-in.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Verifies a webhook request and turns it into events. The guest has no network.
    pub async fn receive(
        &self,
        channel: &ChannelContext,
        request: WebhookRequest,
    ) -> Result<Result<Reception, Rejection>, CallError> {
        let request = convert::webhook_request(request);
        self.call(Call::Receive, channel, move |guest, store, channel| {
            Box::pin(async move {
                guest
                    .linecard_plugin_connector_api()
                    .call_receive(store, &channel, &request)
                    .await
            })
        })
        .await
    }

    /// Fetches what happened since the cursor; an empty cursor means from the beginning.
    pub async fn poll(
        &self,
        channel: &ChannelContext,
        cursor: Vec<u8>,
    ) -> Result<Result<PollPage, Failure>, CallError> {
        self.call(Call::Poll, channel, move |guest, store, channel| {
            Box::pin(async move {
                guest
                    .linecard_plugin_connector_api()
                    .call_poll(store, &channel, &cursor)
                    .await
            })
        })
        .await
    }

    /// Does one action on the network.
    ///
    /// If the call fails with [`CallError::may_have_acted`], the outcome is unknown.
    pub async fn perform(
        &self,
        channel: &ChannelContext,
        request: ActionRequest,
    ) -> Result<Result<Outcome, Failure>, CallError> {
        let request = convert::action_request(request);
        self.call(Call::Perform, channel, move |guest, store, channel| {
            Box::pin(async move {
                guest
                    .linecard_plugin_connector_api()
                    .call_perform(store, &channel, &request)
                    .await
            })
        })
        .await
    }

    /// Finds facts about a person. `None` if the network hides them.
    pub async fn resolve_profile(
        &self,
        channel: &ChannelContext,
        identity: Identity,
    ) -> Result<Result<Option<Profile>, Failure>, CallError> {
        let identity = convert::to_identity(identity);
        self.call(
            Call::ResolveProfile,
            channel,
            move |guest, store, channel| {
                Box::pin(async move {
                    guest
                        .linecard_plugin_connector_api()
                        .call_resolve_profile(store, &channel, &identity)
                        .await
                })
            },
        )
        .await
    }

    /// Fetches an attachment into the media store.
    pub async fn resolve_media(
        &self,
        channel: &ChannelContext,
        attachment: Attachment,
    ) -> Result<Result<StoredMedia, Failure>, CallError> {
        let attachment = convert::to_attachment(attachment);
        self.call(Call::ResolveMedia, channel, move |guest, store, channel| {
            Box::pin(async move {
                guest
                    .linecard_plugin_connector_api()
                    .call_resolve_media(store, &channel, &attachment)
                    .await
            })
        })
        .await
    }

    /// Tells whether the channel's credentials work.
    pub async fn probe(&self, channel: &ChannelContext) -> Result<Result<(), Failure>, CallError> {
        self.call(Call::Probe, channel, move |guest, store, channel| {
            Box::pin(async move {
                guest
                    .linecard_plugin_connector_api()
                    .call_probe(store, &channel)
                    .await
            })
        })
        .await
    }

    /// Runs `body` on a fresh instance, and converts and checks what it gives.
    async fn call<W, T>(
        &self,
        call: Call,
        channel: &ChannelContext,
        body: impl for<'a> FnOnce(
            Guest,
            &'a mut Store<CallState>,
            wit::Channel,
        ) -> BoxFuture<'a, wasmtime::Result<W>>
        + Send
        + 'static,
    ) -> Result<T, CallError>
    where
        W: Checked<T> + Send,
    {
        let inner = &self.plugin.inner;
        let limits = &inner.shared.limits;
        let (time, capability) = if call == Call::Receive {
            (limits.receive_time, Capability::Channel(channel.clone()))
        } else {
            (limits.network_time, Capability::Network(channel.clone()))
        };
        let record = record(channel);
        let may_have_acted = Arc::new(AtomicBool::new(false));
        let running = async {
            let World::Connector(pre) = &inner.world else {
                return Err(Fault::Start("it is not a connector".to_owned()));
            };
            // Owned, because the future that uses it may live as long as its store.
            let pre = pre.clone();
            let given = run::fresh(
                &inner.runtime.engine,
                &inner.shared,
                capability,
                &may_have_acted,
                |store| {
                    Box::pin(async move {
                        let guest = pre.instantiate_async(&mut *store).await?;
                        body(guest, store, record).await
                    })
                },
            )
            .await?;
            given.checked(limits)
        };
        run::in_turn(&inner.runtime, &inner.shared, call, time, running)
            .await
            .map_err(|fault| self.plugin.error(call, fault, &may_have_acted))
    }
}

/// The channel as the guest sees it.
pub(crate) fn record(channel: &ChannelContext) -> wit::Channel {
    wit::Channel {
        id: channel.id.to_string(),
        config: channel.config.as_ref().to_owned(),
    }
}
