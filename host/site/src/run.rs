//! The site's task.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use linecard_model::event::Record;
use linecard_model::{ChannelId, SiteId, Timestamp};
use linecard_router::Command as RouterCommand;
use linecard_store::{Epoch, MessageRef, Store, StoreError, UnitOfWork};
use tokio::sync::{broadcast, mpsc, oneshot};
use tracing::{error, info};

use super::automatic::{Automatic, Happened, Timers, follow_rules, happened, timers};
use super::command::{Command, CommandError, Outcome, Permission, Rendered, Reply};
use super::desk::Kept;
use super::restore::restore;
use super::state::SiteState;
use super::{
    SiteHandle, contacts, figures, files, health, inbound, opening, outcomes, people, service,
};
use crate::channels::Channels;
use crate::supervise::Supervisor;

/// How many commands share one durable write at most.
const BATCH: usize = 512;
/// How many commands may wait before callers do.
const QUEUE: usize = 2_048;
/// Deadlines are times of the machine's clock, which can be set while somebody sleeps.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How many events lie between two snapshots of the router.
const SNAPSHOT_EVERY: u64 = 20_000;

/// Why a site cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a site is started with.
pub struct SiteOptions {
    /// The site.
    pub id: SiteId,
    /// Its store.
    pub store: Arc<dyn Store>,
    /// The channels' connectors, for their limits and abilities.
    pub channels: Channels,
    /// Makes the HTTP answer of an outcome: it is stored with what a request did, so that the same
    /// request under the same idempotency key gets the same answer.
    pub render: fn(&Outcome, &SiteState) -> Rendered,
}

/// A running site.
pub struct Site {
    /// How to reach it.
    pub handle: SiteHandle,
    /// What has become durable, record by record.
    pub records: broadcast::Sender<Arc<Record>>,
    /// What the outbox is to know.
    pub outbox: mpsc::UnboundedReceiver<OutboxNews>,
    /// The channels that were paused or resumed.
    pub poll_anew: mpsc::UnboundedReceiver<ChannelId>,
    /// Contacts without a profile, to be asked for at their network.
    pub unknown_profiles: mpsc::Receiver<super::contacts::UnknownProfile>,
    /// Messages with files to be fetched.
    pub fetches: mpsc::UnboundedReceiver<MessageRef>,
}

/// What the outbox is told of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxNews {
    /// It has new entries.
    New(ChannelId),
    /// Whatever stopped it may be gone.
    Freed(ChannelId),
}

/// What follows a durable write.
// Lives for one batch; the largest variants are as rare as the others are short-lived.
#[allow(clippy::large_enum_variant)]
pub(super) enum After {
    Reply(Reply, Result<Rendered, CommandError>),
    Permission(oneshot::Sender<Permission>, Permission),
    Done(oneshot::Sender<()>),
    Finished(
        oneshot::Sender<Option<linecard_model::outbox::OutboxEntry>>,
        Option<linecard_model::outbox::OutboxEntry>,
    ),
    Query(Box<dyn FnOnce(&SiteState) + Send>),
    Outbox(ChannelId),
    Freed(ChannelId),
    PollAnew(ChannelId),
    UnknownProfile(super::contacts::UnknownProfile),
    Fetch(MessageRef),
}

/// The state, and the writes of the batch at hand.
pub(super) struct Batch<'s> {
    pub state: &'s mut SiteState,
    pub work: UnitOfWork,
    pub render: fn(&Outcome, &SiteState) -> Rendered,
    pub after: Vec<After>,
    pub next_outbox: &'s mut u64,
    /// The time of the command at hand: what is decided, recorded and kept for it has this time.
    pub at: Timestamp,
    /// Occasions for rules that were not gone through yet.
    pub happened: VecDeque<Happened>,
    /// Whether what is recorded is what rules do.
    pub by_rules: bool,
}

/// The time of a site's commands. It never goes back, whatever the machine's clock does: a replay of the
/// journal sees the same times in the same order as the commands did.
struct Clock(Timestamp);

impl Clock {
    fn tick(&mut self) -> Timestamp {
        self.0 = self.0.max(Timestamp::now());
        self.0
    }
}

struct Task {
    state: SiteState,
    clock: Clock,
    store: Arc<dyn Store>,
    epoch: Epoch,
    render: fn(&Outcome, &SiteState) -> Rendered,
    commands: mpsc::Receiver<Command>,
    records: broadcast::Sender<Arc<Record>>,
    outbox: mpsc::UnboundedSender<OutboxNews>,
    poll_anew: mpsc::UnboundedSender<ChannelId>,
    unknown_profiles: mpsc::Sender<super::contacts::UnknownProfile>,
    fetches: mpsc::UnboundedSender<MessageRef>,
    next_outbox: u64,
    snapshot_at: u64,
}

impl Site {
    /// Takes the site over, restores its state and starts its task.
    pub async fn start(options: SiteOptions) -> Result<Self, SiteError> {
        let SiteOptions {
            id,
            store,
            channels,
            render,
        } = options;
        let epoch = store.own(&id).await?;
        let config = Arc::new(store.config(&id).await?.unwrap_or_default());
        let (router, snapshot_at) = restore(&id, store.as_ref()).await?;
        let last_seq = store.last_seq(&id).await?;
        let last = store.journal(&id, last_seq.saturating_sub(1), 1).await?;
        let last_at = last.last().map_or(Timestamp::MIN, |record| record.at);
        let next_outbox = store.last_outbox(&id).await?;
        let mut state = SiteState {
            id: id.clone(),
            router,
            config: Arc::clone(&config),
            channels,
            open: std::collections::BTreeMap::new(),
            by_contact: std::collections::HashMap::new(),
            by_thread: std::collections::HashMap::new(),
            conversations: std::collections::HashMap::new(),
            health: std::collections::HashMap::new(),
            blamed: std::collections::HashMap::new(),
            figures: std::collections::HashMap::new(),
            early: std::collections::HashMap::new(),
            desk: Kept::read(store.as_ref(), &id).await?,
            automatic: Arc::new(Automatic::of(&config)),
            timers: Timers::default(),
            last_seq,
            hours_change: Some(Timestamp::MIN),
        };
        for channel in config.channels.keys() {
            if let Some(health) = store.health(&id, channel).await? {
                state.health.insert(channel.clone(), health);
            }
            if let Some(figures) = store.figures(&id, channel).await? {
                state.figures.insert(channel.clone(), figures);
            }
        }
        for interaction in store.open_interactions(&id).await? {
            state.thread_follows(&interaction);
            state.keep(interaction);
        }
        info!(site = %id, seq = last_seq, open = state.open.len(), "site restored");

        let (sender, commands) = mpsc::channel(QUEUE);
        let (records, _) = broadcast::channel(4_096);
        let (outbox, outbox_receiver) = mpsc::unbounded_channel();
        let (poll_anew, poll_receiver) = mpsc::unbounded_channel();
        let (unknown_profiles, unknown_receiver) = mpsc::channel(1_024);
        let (fetches, fetch_receiver) = mpsc::unbounded_channel();
        let supervisor = Supervisor::default();
        let task = Task {
            state,
            clock: Clock(last_at),
            store,
            epoch,
            render,
            commands,
            records: records.clone(),
            outbox,
            poll_anew,
            unknown_profiles,
            fetches,
            next_outbox,
            snapshot_at,
        };
        let watch = supervisor.clone();
        supervisor.spawn("site", async move {
            match Box::pin(task.run()).await {
                Ok(()) => watch.end(),
                Err(fault) => {
                    error!(error = %fault, "the site takes no more work");
                    watch.stop(fault.to_string());
                }
            }
        });
        Ok(Self {
            handle: SiteHandle {
                id,
                commands: sender,
                supervisor,
            },
            records,
            outbox: outbox_receiver,
            poll_anew: poll_receiver,
            unknown_profiles: unknown_receiver,
            fetches: fetch_receiver,
        })
    }
}

impl Task {
    async fn run(mut self) -> Result<(), StoreError> {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            batch.clear();
            let deadlines = [
                self.state.router.next_deadline(),
                self.state.hours_change,
                self.state.timers.next(),
            ];
            let deadline = deadlines.into_iter().flatten().min();
            let received = tokio::select! {
                count = self.commands.recv_many(&mut batch, BATCH) => count,
                () = sleep_until(deadline) => usize::MAX,
            };
            if received == 0 {
                return self.finish(None).await;
            }
            let stop = batch
                .iter()
                .position(|c| matches!(c, Command::Stop(_)))
                .map(|at| batch.split_off(at));
            self.handle(&mut batch).await?;
            if let Some(Command::Stop(done)) = stop.and_then(|s| s.into_iter().next()) {
                return self.finish(Some(done)).await;
            }
            if self.state.last_seq.saturating_sub(self.snapshot_at) >= SNAPSHOT_EVERY {
                self.snapshot().await?;
            }
        }
    }

    /// Handles a batch: decide, write, tell.
    async fn handle(&mut self, commands: &mut Vec<Command>) -> Result<(), StoreError> {
        let next_seq = self.state.last_seq + 1;
        let mut batch = Batch {
            work: UnitOfWork::new(Arc::clone(&self.store), self.state.id.clone(), next_seq),
            state: &mut self.state,
            render: self.render,
            after: Vec::with_capacity(commands.len()),
            next_outbox: &mut self.next_outbox,
            at: self.clock.tick(),
            happened: VecDeque::new(),
            by_rules: false,
        };
        let due = batch.state.router.next_deadline();
        if due.is_some_and(|due| due <= batch.at) {
            batch.route(RouterCommand::Tick).await?.ok();
        }
        if batch.state.hours_change.is_some_and(|due| due <= batch.at) {
            opening::follow(&mut batch).await?;
        }
        follow_rules(&mut batch).await?;
        timers::fire(&mut batch).await?;
        for command in commands.drain(..) {
            batch.at = self.clock.tick();
            batch.command(command).await?;
            follow_rules(&mut batch).await?;
        }
        let Batch { work, after, .. } = batch;
        let append = work.finish();
        if !append.records.is_empty() || !append.changes.is_empty() {
            let records: Vec<Arc<Record>> = append.records.iter().cloned().map(Arc::new).collect();
            self.state.committed(&append);
            self.store
                .append(&self.state.id, self.epoch, append)
                .await?;
            for record in records {
                // An error means that nobody listens at the moment.
                let _ = self.records.send(record);
            }
        }
        for consequence in after {
            self.tell(consequence);
        }
        Ok(())
    }

    // A receiver that is gone belongs to a caller who no longer waits; what was decided stands.
    fn tell(&self, consequence: After) {
        match consequence {
            After::Reply(reply, answer) => drop(reply.send(answer)),
            After::Permission(reply, may) => drop(reply.send(may)),
            After::Done(reply) => drop(reply.send(())),
            After::Finished(reply, entry) => drop(reply.send(entry)),
            After::Query(question) => question(&self.state),
            After::Outbox(channel) => drop(self.outbox.send(OutboxNews::New(channel))),
            After::Freed(channel) => drop(self.outbox.send(OutboxNews::Freed(channel))),
            After::PollAnew(channel) => drop(self.poll_anew.send(channel)),
            After::Fetch(place) => drop(self.fetches.send(place)),
            // Facts about a person are asked for again with the next message.
            After::UnknownProfile(who) => drop(self.unknown_profiles.try_send(who)),
        }
    }

    async fn snapshot(&mut self) -> Result<(), StoreError> {
        let state = match serde_json::to_vec(&self.state.router.snapshot()) {
            Ok(state) => state,
            Err(fault) => {
                error!(error = %fault, "the router's snapshot cannot be written; the next start reads the whole journal");
                return Ok(());
            }
        };
        let seq = self.state.last_seq;
        let mut work = UnitOfWork::new(Arc::clone(&self.store), self.state.id.clone(), seq + 1);
        work.put_snapshot(seq, state);
        self.store
            .append(&self.state.id, self.epoch, work.finish())
            .await?;
        self.snapshot_at = seq;
        Ok(())
    }

    async fn finish(mut self, done: Option<oneshot::Sender<()>>) -> Result<(), StoreError> {
        self.snapshot().await?;
        if let Some(done) = done {
            // The one who asked may have stopped waiting.
            let _ = done.send(());
        }
        Ok(())
    }
}

async fn sleep_until(deadline: Option<Timestamp>) {
    let Some(deadline) = deadline else {
        return std::future::pending().await;
    };
    let left = deadline.as_millisecond() - Timestamp::now().as_millisecond();
    let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
    tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
}

impl Batch<'_> {
    async fn command(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
            Command::Inbound(prepared) => inbound::handle(self, *prepared).await,
            Command::Request {
                actor,
                request,
                idempotency,
                reply,
            } => {
                let answer = people::handle(self, &actor, *request, idempotency).await;
                // A fault of the store ends the batch: what the router decided cannot be undone.
                if let Err(CommandError::Store(fault)) = &answer {
                    return Err(fault.clone());
                }
                self.after.push(After::Reply(reply, answer));
                Ok(())
            }
            Command::Attempt { entry, reply } => outcomes::attempt(self, *entry, reply).await,
            Command::Finished {
                entry,
                result,
                reply,
            } => {
                let again = outcomes::finished(self, *entry, result).await?;
                self.after.push(After::Finished(reply, again));
                Ok(())
            }
            Command::Profile {
                channel,
                identity,
                profile,
            } => contacts::profile(self, &channel, &identity, profile).await,
            Command::Fetched(fetched) => files::fetched(self, *fetched).await,
            Command::Health {
                channel,
                health,
                source,
            } => health::fares(self, &channel, health, source).await,
            Command::MayPoll { channel, reply } => {
                let may = figures::may_poll(self, &channel).await?;
                self.after.push(After::Permission(reply, may));
                Ok(())
            }
            Command::Polled {
                channel,
                cost,
                reply,
            } => {
                figures::polled(self, &channel, cost).await?;
                self.after.push(After::Done(reply));
                Ok(())
            }
            Command::Query(question) => {
                self.after.push(After::Query(question));
                Ok(())
            }
            // Taken out of the batch before.
            Command::Stop(done) => {
                let _ = done.send(());
                Ok(())
            }
        }
    }

    /// Lets the router decide and records what it decided. The inner error is its refusal.
    pub(super) async fn route(
        &mut self,
        command: RouterCommand,
    ) -> Result<Result<(), linecard_router::Refusal>, StoreError> {
        let events = match self.decide(command) {
            Ok(events) => events,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.record(events).await?;
        Ok(Ok(()))
    }

    /// Lets the router decide. The events are to be recorded with what belongs to them.
    pub(super) fn decide(
        &mut self,
        command: RouterCommand,
    ) -> Result<Vec<linecard_model::event::Event>, linecard_router::Refusal> {
        let events = self.state.router.apply(self.at, command)?;
        Ok(events
            .into_iter()
            .map(linecard_model::event::Event::Routing)
            .collect())
    }

    /// Records events, together with the views that follow from them, and what they mean for the clocks of
    /// service policies and for rules.
    pub(super) async fn record(
        &mut self,
        mut events: Vec<linecard_model::event::Event>,
    ) -> Result<(), StoreError> {
        // Each round tells of clocks that no round before told of, so there is a last one.
        while !events.is_empty() {
            let concerned = service::Concerned::of(&events);
            let timed = timers::Concerned::of(&events, self.by_rules);
            happened(self, &events);
            self.record_these(events).await?;
            events = service::follow(self, concerned).await?;
            events.extend(timers::follow(self, timed).await?);
        }
        Ok(())
    }

    async fn record_these(
        &mut self,
        events: Vec<linecard_model::event::Event>,
    ) -> Result<(), StoreError> {
        let touched: Vec<_> = events
            .iter()
            .filter(|e| {
                matches!(
                    e,
                    linecard_model::event::Event::Routing(_)
                        | linecard_model::event::Event::InteractionStarted(_)
                        | linecard_model::event::Event::ParticipantJoined { .. }
                        | linecard_model::event::Event::InteractionsJoined { .. }
                        | linecard_model::event::Event::RuleTimersSet { .. }
                        | linecard_model::event::Event::RulesFollowed { .. }
                )
            })
            .filter_map(linecard_model::event::Event::interaction)
            .collect();
        // Those that are not over are here as they are in the store.
        for id in events
            .iter()
            .filter_map(linecard_model::event::Event::interaction)
        {
            if let Some(interaction) = self.state.open.get(&id) {
                self.work.know_interaction(interaction);
            }
        }
        self.work.record(self.at, events).await?;
        for id in touched {
            if let Some(interaction) = self.work.interaction(id).await? {
                self.state.thread_follows(&interaction);
            }
        }
        Ok(())
    }
}
