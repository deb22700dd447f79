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
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Reader;
use super::data::{Envelope, data};
use super::desktops::Open;
use super::sight::StreamSight;
use crate::App;
use crate::problem::Problem;

/// How many frames may wait for the reader.
const BUFFER: usize = 256;
/// How many records are read from the journal at a time.
const PAGE: usize = 256;

/// What a reader gets.
#[derive(Debug)]
pub(super) enum Frame {
    /// Something happened.
    Event {
        /// Its number.
        seq: Seq,
        /// Its kind.
        kind: &'static str,
        /// The whole of it, as JSON.
        json: String,
    },
    /// Nothing happened, and the stream lives. Everything up to this number was shown.
    Heartbeat(Seq),
    /// The stream is over.
    End(&'static str),
}

/// A feed at work. Dropping it ends it.
pub(super) struct Feed {
    frames: mpsc::Receiver<Frame>,
    _desktop: Option<Open>,
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
pub(super) async fn open(app: &Arc<App>, reader: Reader) -> Result<Feed, Problem> {
    // Subscribed before the journal is read: nothing can fall between the two.
    let live = app.hub.records.subscribe();
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
    let sight = StreamSight::new(app, &reader.principal).await?;
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
        sight,
        after,
        frames: sender,
        patience: app.options.slow_reader,
    };
    tokio::spawn(task.run(live));
    Ok(Feed {
        frames,
        _desktop: desktop,
        _counted: Counted(Arc::clone(app)),
    })
}

struct Task {
    app: Arc<App>,
    reader: Reader,
    sight: StreamSight,
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
    async fn run(mut self, mut live: tokio::sync::broadcast::Receiver<Arc<Record>>) {
        let Err(over) = self.feed(&mut live).await;
        if let Over::Told(reason) = over {
            // A reader who is gone needs no reason.
            let _ = self.send(Frame::End(reason)).await;
        }
    }

    async fn feed(
        &mut self,
        live: &mut tokio::sync::broadcast::Receiver<Arc<Record>>,
    ) -> Result<std::convert::Infallible, Over> {
        let mut access = self.app.auth.changes();
        let mut stopped = self.app.hub.stopped.subscribe();
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
        loop {
            self.catch_up().await?;
            loop {
                tokio::select! {
                    record = live.recv() => match record {
                        // What the journal has shown already.
                        Ok(record) if record.last_seq() <= self.after => {}
                        Ok(record) if record.first_seq > self.after + 1 => break,
                        Ok(record) => self.show(&record).await?,
                        Err(RecvError::Lagged(_)) => break,
                        Err(RecvError::Closed) => return Err(Over::Told("stopping")),
                    },
                    _ = heartbeat.tick() => {
                        self.check_access().await?;
                        self.send(Frame::Heartbeat(self.after)).await?;
                    }
                    Ok(()) = access.changed() => self.check_access().await?,
                    Ok(()) = stopped.changed() => {
                        if stopped.borrow().is_some() {
                            return Err(Over::Told("stopping"));
                        }
                    }
                    () = &mut ended => return Err(Over::Told("stopping")),
                    () = self.frames.closed() => return Err(Over::Gone),
                }
            }
        }
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
            for record in &records {
                self.show(record).await?;
            }
            if records.len() == PAGE {
                self.check_access().await?;
            }
        }
    }

    async fn show(&mut self, record: &Record) -> Result<(), Over> {
        for (seq, event) in record.numbered() {
            if seq <= self.after {
                continue;
            }
            if self.sight.sees(&self.app, event).await? {
                let envelope = Envelope {
                    seq,
                    at: record.at,
                    kind: event.name(),
                    data: data(event, self.reader.with_raw),
                };
                let frame = Frame::Event {
                    seq,
                    kind: envelope.kind,
                    json: envelope.json(),
                };
                self.send(frame).await?;
            }
            self.after = seq;
            if matches!(event, linecard_model::event::Event::SiteConfigured { .. }) {
                self.check_access().await?;
            }
        }
        Ok(())
    }

    /// Whether the reader may still read, and what.
    async fn check_access(&mut self) -> Result<(), Over> {
        let still = self.app.auth.still(&self.reader.principal).await;
        let principal = still.map_err(|_| Over::Told("unauthenticated"))?;
        self.reader.principal = principal;
        self.sight
            .renew(&self.app, &self.reader.principal)
            .await
            .map_err(Over::from)
    }

    async fn send(&self, frame: Frame) -> Result<(), Over> {
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
