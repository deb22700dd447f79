//! One reader's feed: what the journal has after the cursor, then what happens, without a gap and
//! without anything twice.
//!
//! The feed waits for its reader, never the hub for the feed: records come over a broadcast channel
//! of bounded length, and a feed that falls behind it reads the journal again. A reader who takes
//! nothing for a while is cut off, and resumes with its cursor.

use std::sync::Arc;
use std::time::Duration;

use linecard_model::event::{Record, Seq};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Reader;
use super::access;
use super::audience::{is_for_administrators, is_of_one};
use super::desktops;
use super::scene::{Cast, Present, Viewers};
use super::shown::{Piece, Shown};
use super::streams;
use crate::App;
use crate::problem::Problem;
use crate::visibility::Sight;
use linecard_site::supervise::caught;
use linecard_store::content::joined;

/// How many frames may wait for the reader.
const BUFFER: usize = 64;
/// How many records are read from the journal at a time.
const PAGE: usize = 256;

/// What a reader gets.
#[derive(Debug)]
pub(super) enum Frame {
    /// Something happened.
    Event(Piece),
    /// Nothing happened, and the stream lives. Everything up to this number was shown.
    Heartbeat(Seq),
    /// The stream is over.
    End(&'static str),
}

/// A feed at work. Dropping it ends it.
pub(super) struct Feed {
    frames: mpsc::Receiver<Frame>,
    _desktop: Option<desktops::Open>,
    _counted: Counted,
}

impl Feed {
    /// The next frame; nothing when the feed has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        self.frames.recv().await
    }
}

struct Counted(Arc<App>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.metrics.stream(-1);
    }
}

/// Opens a feed, if the cursor is one that the journal has.
pub(super) async fn open(app: &Arc<App>, mut reader: Reader) -> Result<Feed, Problem> {
    let stream = app.streams.open(&reader.principal, app.options.streams)?;
    // Subscribed before the journal is read: nothing can fall between the two.
    let live = app.scene.subscribe();
    let present = app.scene.changes();
    let viewers = reader.with_viewers.then(|| app.scene.viewers());
    let access = app.auth.changes();
    let site = app.hub.site.id();
    let newest = app.hub.store.last_seq(site).await?;
    let after = reader.after.unwrap_or(newest);
    if after > newest {
        return Err(Problem::new(
            "bad-cursor",
            format!("the newest event is number {newest}; {after} lies in the future"),
        )
        .with("newest", newest));
    }
    if after < newest {
        let first = app.hub.store.journal(site, after, 1).await?;
        let oldest = first.first().map_or(newest + 1, |record| record.first_seq);
        if oldest > after + 1 {
            return Err(Problem::new(
                "cursor-too-old",
                format!("the oldest event that is kept is number {oldest}"),
            )
            .with("oldest", oldest));
        }
    }
    let config = app.scene.config(app).await?;
    reader.principal = app.auth.still_under(&reader.principal, &config).await?;
    let sight = stream.sight(&reader.principal, &config);
    let (sender, frames) = mpsc::channel(BUFFER);
    app.metrics.stream(1);
    let desktop = reader
        .principal
        .actor
        .agent
        .clone()
        .map(|agent| app.desktops.open(agent));
    let task = Task {
        app: Arc::clone(app),
        reader,
        stream,
        sight,
        present,
        access,
        viewers,
        after,
        frames: sender,
        patience: app.options.slow_reader,
    };
    tokio::spawn(async move {
        if let Err(text) = caught(task.run(live)).await {
            tracing::error!(text, "an event stream panicked; its reader resumes it");
        }
    });
    Ok(Feed {
        frames,
        _desktop: desktop,
        _counted: Counted(Arc::clone(app)),
    })
}

struct Task {
    app: Arc<App>,
    reader: Reader,
    stream: streams::Open,
    /// What the reader sees.
    sight: Arc<Sight>,
    /// Turns when another configuration is in force.
    present: watch::Receiver<Option<Present>>,
    /// Turns when somebody's access may have ended.
    access: watch::Receiver<u64>,
    /// Who looks at what, if the reader wants to know.
    viewers: Option<broadcast::Receiver<Arc<Viewers>>>,
    after: Seq,
    frames: mpsc::Sender<Frame>,
    patience: Duration,
}

/// Why a feed ends.
enum Over {
    /// The reader has gone, or takes nothing: there is nobody to tell.
    Gone,
    /// For a reason that the reader is told.
    Told(&'static str),
}

impl From<Problem> for Over {
    fn from(problem: Problem) -> Self {
        Self::Told(problem.name())
    }
}

impl Task {
    async fn run(mut self, mut live: broadcast::Receiver<Arc<Cast>>) {
        let Err(over) = self.feed(&mut live).await;
        if let Over::Told(reason) = over {
            // A reader who is gone needs no reason.
            let _ = self.send(Frame::End(reason)).await;
        }
    }

    async fn feed(
        &mut self,
        live: &mut broadcast::Receiver<Arc<Cast>>,
    ) -> Result<std::convert::Infallible, Over> {
        let mut stopped = self.app.hub.site.supervisor().stopped().subscribe();
        let ending = self.reader.ending.take();
        let ended = async move {
            match ending {
                Some(mut ending) => ending.wait().await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(ended);
        let mut heartbeat = interval(self.app.options.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut viewers = self.viewers.take();
        self.catch_up().await?;
        if viewers.is_some() {
            self.show_viewers().await?;
        }
        loop {
            self.catch_up().await?;
            loop {
                tokio::select! {
                    // Whoever may not read any more gets nothing that came after that.
                    biased;
                    Ok(()) = self.access.changed() => self.check_access().await?,
                    Ok(()) = self.present.changed() => self.check_access().await?,
                    () = &mut ended => return Err(Over::Told("stopping")),
                    Ok(()) = stopped.changed() => {
                        if stopped.borrow().is_some() {
                            return Err(Over::Told("stopping"));
                        }
                    }
                    () = self.frames.closed() => return Err(Over::Gone),
                    _ = heartbeat.tick() => {
                        self.check_access().await?;
                        self.send(Frame::Heartbeat(self.after)).await?;
                    }
                    cast = live.recv() => match cast {
                        Ok(cast) => {
                            let record = cast.shown.record();
                            if record.first_seq > self.after + 1 {
                                break;
                            }
                            // Otherwise the journal has shown it already.
                            if record.last_seq() > self.after {
                                self.show_live(&cast).await?;
                            }
                        }
                        Err(RecvError::Lagged(_)) => break,
                        Err(RecvError::Closed) => return Err(Over::Told("stopping")),
                    },
                    told = next_viewers(&mut viewers) => match told {
                        Ok(told) => self.show_aside(&told).await?,
                        Err(RecvError::Lagged(_)) => self.show_viewers().await?,
                        Err(RecvError::Closed) => return Err(Over::Told("stopping")),
                    },
                }
            }
        }
    }

    /// Shows who looks at what the reader sees.
    async fn show_viewers(&mut self) -> Result<(), Over> {
        for id in self.app.attention.all() {
            let viewers = self.app.scene.viewers_of(&self.app, id).await?;
            self.show_aside(&viewers).await?;
        }
        Ok(())
    }

    async fn show_aside(&mut self, viewers: &Viewers) -> Result<(), Over> {
        self.ask_again().await?;
        if viewers.audience.has(&self.sight) {
            self.send(Frame::Event(viewers.piece.clone())).await?;
        }
        Ok(())
    }

    /// Shows what the journal has.
    async fn catch_up(&mut self) -> Result<(), Over> {
        loop {
            let site = self.app.hub.site.id();
            let records = self
                .app
                .hub
                .store
                .journal(site, self.after, PAGE)
                .await
                .map_err(Problem::from)?;
            if records.is_empty() {
                return Ok(());
            }
            // What the reader sees of these is decided by all of them: the present comes after them.
            for record in &records {
                self.app.scene.learn(record);
            }
            for record in records {
                self.show_old(record).await?;
            }
        }
    }

    /// Shows a record as it happens.
    async fn show_live(&mut self, cast: &Cast) -> Result<(), Over> {
        let numbered = cast.shown.record().numbered();
        for (index, ((seq, _), audience)) in numbered.zip(&cast.audiences).enumerate() {
            if seq <= self.after {
                continue;
            }
            self.ask_again().await?;
            if audience.has(&self.sight)
                && let Some(piece) = self.piece(&cast.shown, index, seq).await?
            {
                let piece = self.with_entry(&cast.shown, index, piece).await?;
                self.send(Frame::Event(piece)).await?;
            }
            self.after = seq;
        }
        Ok(())
    }

    /// Shows a record of the journal: who sees it is looked up anew.
    async fn show_old(&mut self, record: Record) -> Result<(), Over> {
        let lately = self.app.scene.shown_lately(record.first_seq);
        let shown = if let Some(shown) = lately {
            shown
        } else {
            // What was said is kept apart from what happened.
            let hub = &self.app.hub;
            let whole = joined(hub.store.as_ref(), hub.site.id(), record).await;
            Arc::new(Shown::new(Arc::new(whole.map_err(Problem::from)?)))
        };
        for (index, (seq, event)) in shown.record().numbered().enumerate() {
            if seq <= self.after {
                continue;
            }
            self.ask_again().await?;
            let is_kept_from =
                (is_for_administrators(event) && !self.sight.admin) || is_of_one(event).is_some();
            let sees_all = self.sight.all && !is_kept_from;
            let sees =
                sees_all || (self.app.scene.audience(&self.app, event).await?).has(&self.sight);
            if sees && let Some(piece) = self.piece(&shown, index, seq).await? {
                let piece = self.with_entry(&shown, index, piece).await?;
                self.send(Frame::Event(piece)).await?;
            }
            self.after = seq;
        }
        Ok(())
    }

    /// Asks again whether the reader may still read, if that may have changed.
    async fn ask_again(&mut self) -> Result<(), Over> {
        // An error means that the interfaces are ending, which is told otherwise.
        let has_changed = self.access.has_changed().unwrap_or(false)
            || self.present.has_changed().unwrap_or(false);
        if has_changed {
            self.check_access().await?;
        }
        Ok(())
    }

    /// An event as the reader wants it: with the network's payload, which is kept apart, or without.
    async fn piece(&self, shown: &Shown, index: usize, seq: Seq) -> Result<Option<Piece>, Over> {
        let raw_of = if self.reader.with_raw {
            shown.raw_of(index, seq)
        } else {
            None
        };
        let Some(of) = raw_of else {
            return Ok(shown.piece(index, seq));
        };
        if let Some(made) = shown.made_with_raw(index) {
            return Ok(Some(made));
        }
        let hub = &self.app.hub;
        let raw = hub.store.raw(hub.site.id(), of).await;
        let raw = raw.map_err(Problem::from)?;
        Ok(shown.piece_with_raw(index, seq, raw.unwrap_or_default()))
    }

    /// With the interaction that an event is about, as the reader's inbox shows it, if that is wanted.
    async fn with_entry(&self, shown: &Shown, index: usize, piece: Piece) -> Result<Piece, Over> {
        let event = shown.record().events.get(index);
        let id = event.and_then(linecard_model::event::Event::interaction);
        let Some(id) = id.filter(|_| self.reader.with_entries) else {
            return Ok(piece);
        };
        let entry = self.app.entry(&self.reader.principal, id).await?;
        Ok(entry.map_or(piece.clone(), |entry| piece.with_entry(&entry)))
    }

    /// Whether the reader may still read, and what.
    async fn check_access(&mut self) -> Result<(), Over> {
        self.access.mark_unchanged();
        self.present.mark_unchanged();
        let config = self.app.scene.config(&self.app).await?;
        let reader = &self.reader.principal;
        let still = self.app.auth.still_under(reader, &config).await;
        let principal = still.map_err(|_| Over::Told("unauthenticated"))?;
        let sight = self.stream.sight(&principal, &config);
        let is_other = principal.actor.rights != reader.actor.rights || sight != self.sight;
        self.sight = sight;
        self.reader.principal = principal;
        if is_other && self.reader.with_access {
            let piece = access::changed(&self.reader.principal.actor.rights);
            self.send(Frame::Event(piece)).await?;
        }
        Ok(())
    }

    async fn send(&self, frame: Frame) -> Result<(), Over> {
        let frame = match self.frames.try_send(frame) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Closed(_)) => return Err(Over::Gone),
            Err(TrySendError::Full(frame)) => frame,
        };
        match timeout(self.patience, self.frames.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Over::Gone),
            Err(_) => {
                tracing::info!(
                    reader = self.reader.principal.actor.name,
                    "an event stream is cut off: its reader takes nothing"
                );
                Err(Over::Gone)
            }
        }
    }
}

/// The next word about who looks; never, for a reader who does not want to know.
async fn next_viewers(
    viewers: &mut Option<broadcast::Receiver<Arc<Viewers>>>,
) -> Result<Arc<Viewers>, RecvError> {
    match viewers {
        Some(viewers) => viewers.recv().await,
        None => std::future::pending().await,
    }
}
