//! What all event streams share: the configuration in force, where the interactions stand, and the
//! records as they happen, each written down and judged once for all readers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use linecard_model::event::{Event, Record, Seq};
use linecard_model::site::SiteConfig;
use linecard_model::{InteractionId, Timestamp};
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use utoipa::ToSchema;

use super::audience::{Audience, Places};
use super::shown::{Piece, Shown};
use crate::App;
use crate::attention::ViewerView;
use crate::problem::Problem;
use linecard_site::SiteState;

/// How many records a reader may be behind before it reads the journal again.
const LIVE: usize = 1_024;
/// How many records are kept written down for those who come back and read the journal.
const RECENT: usize = 256;
/// What readers know it by that somebody looks at an interaction.
const VIEWERS: &str = "interaction-viewers";

/// A record with who sees each of its events.
pub(super) struct Cast {
    /// The record.
    pub shown: Arc<Shown>,
    /// Who sees its events, in their order.
    pub audiences: Vec<Audience>,
}

/// The configuration in force, and the number of the event since which it is.
#[derive(Debug, Clone)]
pub(super) struct Present {
    since: Seq,
    config: Arc<SiteConfig>,
}

/// What all event streams share.
pub(crate) struct Scene {
    live: broadcast::Sender<Arc<Cast>>,
    present: watch::Sender<Option<Present>>,
    recent: Mutex<VecDeque<Arc<Shown>>>,
    places: Places,
    viewers: broadcast::Sender<Arc<Viewers>>,
    /// Who looks is read and told as one step, so that the last word is the newest.
    telling: tokio::sync::Mutex<()>,
}

/// Who looks at an interaction at a moment, as the streams tell it.
pub(super) struct Viewers {
    /// Who may hear of it.
    pub audience: Audience,
    /// What they hear.
    pub piece: Piece,
}

/// Who looks at an interaction. It is no event: it has no number and is recorded nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ViewersChanged {
    /// Always `interaction-viewers`.
    kind: &'static str,
    /// When it was so.
    at: Timestamp,
    /// What is so.
    data: ViewersOf,
}

/// Who looks at an interaction.
#[derive(Debug, Serialize, ToSchema)]
struct ViewersOf {
    /// The interaction.
    interaction: InteractionId,
    /// All who look at it, and who of them writes.
    viewers: Vec<ViewerView>,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            live: broadcast::channel(LIVE).0,
            present: watch::Sender::new(None),
            recent: Mutex::default(),
            places: Places::default(),
            viewers: broadcast::channel(LIVE).0,
            telling: tokio::sync::Mutex::default(),
        }
    }
}

impl Scene {
    /// Hears every record from here on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Arc<Cast>> {
        self.live.subscribe()
    }

    /// Turns when another configuration is in force.
    pub(super) fn changes(&self) -> watch::Receiver<Option<Present>> {
        self.present.subscribe()
    }

    /// The configuration in force.
    pub(super) async fn config(&self, app: &App) -> Result<Arc<SiteConfig>, Problem> {
        if let Some(present) = self.present.borrow().as_ref() {
            return Ok(Arc::clone(&present.config));
        }
        let now = |state: &SiteState| (state.seq(), Arc::clone(state.config()));
        let (since, config) = app.hub.site.query(now).await?;
        self.configured(Present {
            since,
            config: Arc::clone(&config),
        });
        // What was heard of meanwhile is newer.
        let known = self
            .present
            .borrow()
            .as_ref()
            .map(|p| Arc::clone(&p.config));
        Ok(known.unwrap_or(config))
    }

    /// Takes over the configurations of a record that was read from the journal: it may be there
    /// before it is heard of.
    pub(super) fn learn(&self, record: &Record) {
        for (since, event) in record.numbered() {
            let Event::SiteConfigured { config } = event else {
                continue;
            };
            let is_known = (self.present.borrow().as_ref()).is_some_and(|k| k.since >= since);
            if !is_known {
                let config = Arc::new(config.as_ref().clone());
                self.configured(Present { since, config });
            }
        }
    }

    fn configured(&self, present: Present) {
        self.present.send_if_modified(|known| {
            let is_newer = known.as_ref().is_none_or(|k| k.since < present.since);
            if is_newer {
                *known = Some(present);
            }
            is_newer
        });
    }

    /// A record as others have it already, by the number of its first event.
    pub(super) fn shown_lately(&self, first_seq: Seq) -> Option<Arc<Shown>> {
        let recent = self.recent();
        let at = recent.binary_search_by_key(&first_seq, |s| s.record().first_seq);
        at.ok().and_then(|at| recent.get(at)).map(Arc::clone)
    }

    /// Who sees an event, as things stand now.
    pub(super) async fn audience(&self, app: &App, event: &Event) -> Result<Audience, Problem> {
        self.places.audience(app, event).await
    }

    /// Hears from here on who looks at what.
    pub(super) fn viewers(&self) -> broadcast::Receiver<Arc<Viewers>> {
        self.viewers.subscribe()
    }

    /// Who looks at an interaction now.
    pub(super) async fn viewers_of(
        &self,
        app: &App,
        interaction: InteractionId,
    ) -> Result<Viewers, Problem> {
        let audience = self.places.audience_at(app, interaction).await?;
        let changed = ViewersChanged {
            kind: VIEWERS,
            at: Timestamp::now(),
            data: ViewersOf {
                interaction,
                viewers: app.attention.of(interaction),
            },
        };
        // Strings, numbers and flags always serialize.
        let json = serde_json::to_string(&changed).unwrap_or_default();
        let piece = Piece::aside(VIEWERS, &json);
        Ok(Viewers { audience, piece })
    }

    /// Tells those who see an interaction who looks at it now.
    pub(crate) async fn tell_viewers(&self, app: &App, interaction: InteractionId) {
        let _one_at_a_time = self.telling.lock().await;
        match self.viewers_of(app, interaction).await {
            // An error means that nobody listens at the moment.
            Ok(viewers) => drop(self.viewers.send(Arc::new(viewers))),
            // It is told again with the next change, and shown where the interaction is.
            Err(problem) => {
                tracing::debug!(detail = problem.detail(), "who looks is not told for now");
            }
        }
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<Arc<Shown>>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a record before all readers.
    async fn cast(&self, app: &App, record: Arc<Record>) -> Result<(), Problem> {
        // Before anybody hears what comes after it.
        self.learn(&record);
        self.places.follow(app, &record).await?;
        let mut audiences = Vec::with_capacity(record.events.len());
        for event in &record.events {
            audiences.push(self.places.audience(app, event).await?);
        }
        let shown = Arc::new(Shown::new(record));
        {
            let mut recent = self.recent();
            let erased = |event: &Event| matches!(event, Event::ContactErased { .. });
            if shown.record().events.iter().any(erased) {
                // What was written down before may name the person.
                recent.clear();
            }
            recent.push_back(Arc::clone(&shown));
            if recent.len() > RECENT {
                recent.pop_front();
            }
        }
        // An error means that nobody listens at the moment.
        let _ = self.live.send(Arc::new(Cast { shown, audiences }));
        Ok(())
    }

    /// Those who follow read the journal, where everything is looked up again.
    fn skip(&self) {
        self.present.send_replace(None);
        self.places.forget();
        self.recent().clear();
    }
}

/// Puts every record before the readers, until the interfaces are gone.
pub(crate) async fn run(app: Weak<App>, mut records: broadcast::Receiver<Arc<Record>>) {
    loop {
        let record = records.recv().await;
        let Some(app) = app.upgrade() else { return };
        match record {
            Ok(record) => {
                let first = record.first_seq;
                if let Err(problem) = app.scene.cast(&app, record).await {
                    tracing::warn!(
                        seq = first,
                        detail = problem.detail(),
                        "event streams have to read a record from the journal"
                    );
                    app.scene.skip();
                }
            }
            Err(RecvError::Lagged(_)) => app.scene.skip(),
            Err(RecvError::Closed) => return,
        }
    }
}
