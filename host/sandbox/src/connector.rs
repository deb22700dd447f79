//! The calls of a connector.

use std::time::Duration;

use futures::future::BoxFuture;
use linecard_model::platform::{
    ActionRequest, Attachment, Failure, Finding, Identity, Outcome, PollPage, Profile, Reception,
    Rejection, Step, StoredMedia, TemplateList, Wait, WebhookRequest,
};
use wasmtime::Store;

use crate::bindings::connector::exports::linecard::plugin::connector_api as wit;
use crate::context::ChannelContext;
use crate::contract::{ConnectorGuest, ConnectorWorld};
use crate::convert::{self, Checked};
use crate::error::{Call, CallError, Fault};
use crate::host::http::{admit_wait, waited};
use crate::http::{HttpError, HttpResponse};
use crate::instance::{CallState, Capability};
use crate::lanes::{self, Lane};
use crate::mark::Mark;
use crate::plugin::{Plugin, World};
use crate::run;
use crate::seen::{SeenInput, Tape, Watched};
use serde::Serialize;

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
        let watched = self.watched(Call::Receive, channel, || {
            SeenInput::Receive(request.clone())
        });
        let request = convert::webhook_request(request);
        let _turn = self.wait_for(Call::Receive, channel).await?;
        let capability = Capability::Channel(channel.clone());
        self.run(
            (Call::Receive, capability),
            watched,
            channel,
            move |world, store, channel| {
                Box::pin(async move { world.receive(store, channel, request).await })
            },
        )
        .await
    }

    /// Fetches what happened since the cursor; an empty cursor means from the beginning. `waited` is what
    /// came of [`PollPage::wait`] of the page before.
    pub async fn poll(
        &self,
        channel: &ChannelContext,
        cursor: Vec<u8>,
        waited: Option<Result<HttpResponse, HttpError>>,
    ) -> Result<Result<PollPage, Failure>, CallError> {
        let watched = self.watched(Call::Poll, channel, || SeenInput::Poll {
            cursor: cursor.clone(),
            waited: waited.clone(),
        });
        let waited = waited.map(self::waited);
        self.call(
            Call::Poll,
            watched,
            channel,
            move |guest, store, channel| {
                Box::pin(async move { guest.poll(store, channel, cursor, waited).await })
            },
        )
        .await
    }

    /// Makes the request that a poll wants to wait for, by the rules of all requests. It takes no turn and
    /// no instance, for as long as the network lets it wait.
    pub async fn wait(
        &self,
        channel: &ChannelContext,
        wait: Wait,
    ) -> Result<HttpResponse, HttpError> {
        let request = admit_wait(&self.plugin.inner.shared, wait, channel)?;
        channel.http.send(request, channel).await
    }

    /// Does one action on the network, as soon as it is this call's turn. Whoever records that the action
    /// begins waits for [`Self::turn`] first.
    ///
    /// If the call fails with [`CallError::may_have_acted`], the outcome is unknown.
    pub async fn perform(
        &self,
        channel: &ChannelContext,
        request: ActionRequest,
    ) -> Result<Result<Outcome, Failure>, CallError> {
        self.turn(channel).await?.perform(request).await
    }

    /// Waits until an action on this channel may be done, for as long as it takes.
    pub async fn turn(&self, channel: &ChannelContext) -> Result<Turn, CallError> {
        Ok(Turn {
            connector: self.clone(),
            channel: channel.clone(),
            held: self.wait_for(Call::Perform, channel).await?,
        })
    }

    /// How many actions of one channel can be under way at a time.
    pub fn actions_at_once(&self) -> usize {
        let turns = &self.plugin.inner.shared.turns;
        turns.get(Lane::of(Call::Perform)).per_channel()
    }

    /// Finds facts about a person. `None` if the network hides them.
    pub async fn resolve_profile(
        &self,
        channel: &ChannelContext,
        identity: Identity,
    ) -> Result<Result<Option<Profile>, Failure>, CallError> {
        let watched = self.watched(Call::ResolveProfile, channel, || {
            SeenInput::other("resolve_profile", &identity)
        });
        let identity = convert::to_identity(identity);
        self.call(
            Call::ResolveProfile,
            watched,
            channel,
            move |guest, store, channel| {
                Box::pin(async move { guest.resolve_profile(store, channel, identity).await })
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
        let watched = self.watched(Call::ResolveMedia, channel, || {
            SeenInput::other("resolve_media", &attachment)
        });
        let attachment = convert::to_attachment(attachment);
        self.call(
            Call::ResolveMedia,
            watched,
            channel,
            move |guest, store, channel| {
                Box::pin(async move { guest.resolve_media(store, channel, attachment).await })
            },
        )
        .await
    }

    /// Tells whether the channel's credentials work, and what else a person should know of it.
    pub async fn probe(
        &self,
        channel: &ChannelContext,
    ) -> Result<Result<Vec<Finding>, Failure>, CallError> {
        let watched = self.watched(Call::Probe, channel, || {
            SeenInput::other("probe", &Nothing {})
        });
        self.call(
            Call::Probe,
            watched,
            channel,
            move |guest, store, channel| Box::pin(async move { guest.probe(store, channel).await }),
        )
        .await
    }

    /// Lists the channel's templates.
    pub async fn templates(
        &self,
        channel: &ChannelContext,
    ) -> Result<Result<TemplateList, Failure>, CallError> {
        let watched = self.watched(Call::Templates, channel, || {
            SeenInput::other("templates", &Nothing {})
        });
        self.call(
            Call::Templates,
            watched,
            channel,
            move |guest, store, channel| {
                Box::pin(async move { guest.templates(store, channel).await })
            },
        )
        .await
    }

    /// Registers the channel at its network, or takes it `off`. In a rehearsal the guest may only look, and
    /// tells what it would do.
    pub async fn set_up(
        &self,
        channel: &ChannelContext,
        off: bool,
        rehearsal: bool,
    ) -> Result<Result<Vec<Step>, Failure>, CallError> {
        let watched = self.watched(Call::SetUp, channel, || {
            let name = if off { "tear_down" } else { "set_up" };
            SeenInput::other(name, &SetUp { rehearsal })
        });
        let _turn = self.wait_for(Call::SetUp, channel).await?;
        let capability = if rehearsal {
            Capability::Look(channel.clone())
        } else {
            Capability::Network(channel.clone())
        };
        self.run(
            (Call::SetUp, capability),
            watched,
            channel,
            move |world, store, channel| {
                Box::pin(async move {
                    let guest = world.start(&mut *store).await?;
                    guest.set_up(store, channel, off, rehearsal).await
                })
            },
        )
        .await
    }

    /// Waits for a turn.
    async fn wait_for(
        &self,
        call: Call,
        channel: &ChannelContext,
    ) -> Result<lanes::Turn, CallError> {
        let inner = &self.plugin.inner;
        let (time, id) = (self.time(call), Some(&channel.id));
        let mark = Mark::new();
        run::turn(&inner.runtime, &inner.shared, (call, &mark), id, time)
            .await
            .map_err(|fault| self.plugin.error(call, fault, &mark))
    }

    fn time(&self, call: Call) -> Duration {
        let limits = &self.plugin.inner.shared.limits;
        match call {
            Call::Receive => limits.receive_time,
            _ => limits.network_time,
        }
    }

    /// What is to be told of a call, if somebody wants to see it.
    fn watched(
        &self,
        call: Call,
        channel: &ChannelContext,
        input: impl FnOnce() -> SeenInput,
    ) -> Option<Watched> {
        Watched::of(channel, self.plugin.id(), call, input)
    }

    /// Waits for a turn, and runs `body` in it.
    async fn call<W, T, E>(
        &self,
        call: Call,
        watched: Option<Watched>,
        channel: &ChannelContext,
        body: impl for<'a> FnOnce(
            ConnectorGuest,
            &'a mut Store<CallState>,
            wit::Channel,
        ) -> BoxFuture<'a, wasmtime::Result<W>>
        + Send
        + 'static,
    ) -> Result<Result<T, E>, CallError>
    where
        W: Checked<Result<T, E>> + Send,
        T: Serialize,
        E: Serialize,
    {
        let _turn = self.wait_for(call, channel).await?;
        let capability = Capability::Network(channel.clone());
        self.run(
            (call, capability),
            watched,
            channel,
            move |world, store, channel| {
                Box::pin(async move {
                    let guest = world.start(&mut *store).await?;
                    body(guest, store, channel).await
                })
            },
        )
        .await
    }

    /// Runs `body`, which makes a fresh instance, and converts and checks what it gives. Its turn must be held
    /// meanwhile.
    async fn run<W, T, E>(
        &self,
        (call, capability): (Call, Capability),
        watched: Option<Watched>,
        channel: &ChannelContext,
        body: impl for<'a> FnOnce(
            ConnectorWorld,
            &'a mut Store<CallState>,
            wit::Channel,
        ) -> BoxFuture<'a, wasmtime::Result<W>>
        + Send
        + 'static,
    ) -> Result<Result<T, E>, CallError>
    where
        W: Checked<Result<T, E>> + Send,
        T: Serialize,
        E: Serialize,
    {
        let inner = &self.plugin.inner;
        let limits = &inner.shared.limits;
        let record = record(channel);
        let mark = Mark::with(watched.is_some().then(Tape::default));
        let id = Some(&channel.id);
        let running = async {
            let World::Connector(world) = &inner.world else {
                return Err(Fault::Start("it is not a connector".to_owned()));
            };
            // Owned, because the future that uses it may live as long as its store.
            let world = world.clone();
            let given = run::fresh(
                &inner.runtime.engine,
                &inner.shared,
                capability,
                &mark,
                |store| body(world, store, record),
            )
            .await?;
            given.checked(limits)
        };
        let time = self.time(call);
        let came = run::timed(&inner.shared, (call, &mark), id, time, running).await;
        if let (Some(watched), Some(tape)) = (watched, &mark.tape) {
            let secrets = inner.shared.secrets.as_slice();
            let of = (self.plugin.id(), inner.manifest.version.as_str(), secrets);
            watched.ended((mark.id, call), of, tape, came.as_ref(), channel);
        }
        came.map_err(|fault| self.plugin.error(call, fault, &mark))
    }
}

/// What a call is given that is given nothing.
#[derive(Serialize)]
struct Nothing {}

/// What `set_up` and `tear_down` are given.
#[derive(Serialize)]
struct SetUp {
    rehearsal: bool,
}

/// A turn to do an action on a channel, waited for. Dropping it gives it back.
pub struct Turn {
    connector: Connector,
    channel: ChannelContext,
    held: lanes::Turn,
}

impl Turn {
    /// As [`Connector::perform`], in this turn.
    pub async fn perform(
        self,
        request: ActionRequest,
    ) -> Result<Result<Outcome, Failure>, CallError> {
        let watched = self.connector.watched(Call::Perform, &self.channel, || {
            SeenInput::other("perform", &request)
        });
        let request = convert::action_request(request);
        let capability = Capability::Network(self.channel.clone());
        let done = self.connector.run(
            (Call::Perform, capability),
            watched,
            &self.channel,
            move |world, store, channel| {
                Box::pin(async move {
                    let guest = world.start(&mut *store).await?;
                    guest.perform(store, channel, request).await
                })
            },
        );
        let result = done.await;
        drop(self.held);
        result
    }
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn")
            .field("connector", &self.connector)
            .field("channel", &self.channel.id)
            .finish_non_exhaustive()
    }
}

/// The channel as the guest sees it.
pub(crate) fn record(channel: &ChannelContext) -> wit::Channel {
    wit::Channel {
        id: channel.id.to_string(),
        config: channel.config.as_ref().to_owned(),
        webhook_url: channel.webhook_url.as_deref().map(str::to_owned),
    }
}
