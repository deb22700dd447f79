//! The calls of an analyzer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use linecard_model::platform::{Analysis, Subject};
use wasmtime::Store;

use crate::contract::AnalyzerGuest;
use crate::convert::{self, Checked as _};
use crate::error::{Call, CallError, Fault, PrepareError};
use crate::instance::{CallState, Capability, new_store, renew};
use crate::lanes::Turn;
use crate::mark::Mark;
use crate::plugin::{Kind, Plugin, World};
use crate::run;
use crate::warm::{Pool, Seat, Taken};

/// An analyzer with its configuration. Cheap to clone.
///
/// Its instances are kept warm, as many as there are processors and is room for
/// ([`crate::Limits::warm_analyzers`]), and are replaced after a failure of any sort and after
/// [`crate::Limits::analyzer_uses`] messages.
#[derive(Clone)]
pub struct Analyzer {
    plugin: Plugin,
    config: Arc<str>,
    warm: Arc<Pool<Warm>>,
}

/// An instance that was prepared.
struct Warm {
    store: Store<CallState>,
    guest: AnalyzerGuest,
    uses_left: u32,
    /// It is kept only if it has one.
    seat: Option<Seat>,
}

impl Analyzer {
    /// Prepares a first instance, to see whether the analyzer takes the configuration.
    pub(crate) async fn new(plugin: Plugin, config: &str) -> Result<Self, PrepareError> {
        if plugin.kind() != Kind::Analyzer {
            return Err(PrepareError::NotAnAnalyzer(plugin.id().clone()));
        }
        let places = Arc::clone(&plugin.inner.runtime.warm);
        let analyzer = Self {
            plugin,
            config: config.into(),
            warm: Arc::new(Pool::new(places)),
        };
        let _turn = analyzer.turn().await?;
        if let Taken::Make(seat) = analyzer.warm.take().await {
            let time = analyzer.plugin.inner.shared.limits.prepare_time;
            let first = analyzer.fresh(seat, time).await?;
            analyzer.keep(first);
        }
        Ok(analyzer)
    }

    /// The plug-in.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Reads one message.
    pub async fn analyze(&self, subject: Subject) -> Result<Analysis, CallError> {
        let inner = &self.plugin.inner;
        let limits = &inner.shared.limits;
        let time = limits.analyze_time;
        let mark = Mark::new();
        let call = (Call::Analyze, &*mark);
        let failed = |fault| self.plugin.error(Call::Analyze, fault, &mark);
        // The turn first: whoever waits for one with an instance in hand has others make more of them.
        // Its time begins when it runs: many messages at once are no fault of the analyzer's.
        let turn = run::turn(
            &inner.runtime,
            &inner.shared,
            call,
            None,
            limits.receive_time,
        );
        let _turn = turn.await.map_err(failed)?;
        let mut warm = match self.warm.take().await {
            Taken::Kept(warm) => warm,
            Taken::Make(seat) => self
                .fresh(seat, limits.receive_time)
                .await
                .map_err(|error| match error {
                    PrepareError::Call(error) => error,
                    // The same configuration was taken before.
                    other => {
                        let fault = Fault::Refused(other.to_string());
                        self.plugin.error(Call::Prepare, fault, &mark)
                    }
                })?,
        };
        renew(&mut warm.store, Arc::clone(&mark));
        let text = subject.text.clone();
        let subject = convert::subject(subject);
        let running = async {
            let given = warm.guest.analyze(&mut warm.store, &subject).await;
            let given = given.map_err(|error| run::fault(&error, warm.store.data()))?;
            if let Some(breach) = warm.store.data().breach() {
                return Err(breach.clone().into());
            }
            let analysis = given.map_err(Fault::Refused)?.checked(limits)?;
            convert::check_evidence(&analysis, &text)?;
            Ok((analysis, warm))
        };
        let (analysis, mut warm) = run::timed(&inner.shared, call, None, time, running)
            .await
            .map_err(failed)?;
        warm.uses_left = warm.uses_left.saturating_sub(1);
        if warm.uses_left > 0 {
            self.keep(warm);
        }
        Ok(analysis)
    }

    /// A turn in which an instance is made before any message.
    async fn turn(&self) -> Result<Turn, PrepareError> {
        let inner = &self.plugin.inner;
        let mark = Mark::new();
        let call = (Call::Prepare, &*mark);
        let time = inner.shared.limits.prepare_time;
        let turn = run::turn(&inner.runtime, &inner.shared, call, None, time).await;
        let failed = |fault| self.plugin.error(Call::Prepare, fault, &mark);
        Ok(turn.map_err(failed)?)
    }

    /// A fresh instance with the configuration. A turn is held meanwhile, and for as long as it works: one
    /// without a seat has its place in the engine's pool by that turn alone.
    async fn fresh(&self, seat: Option<Seat>, time: Duration) -> Result<Warm, PrepareError> {
        let inner = &self.plugin.inner;
        let limits = &inner.shared.limits;
        let mark = Mark::new();
        let running = async {
            let World::Analyzer(world) = &inner.world else {
                return Err(Fault::Start("it is not an analyzer".to_owned()));
            };
            let (engine, mark) = (&inner.runtime.engine, Arc::clone(&mark));
            let mut store = new_store(engine, &inner.shared, Capability::Log, mark);
            let prepared = async {
                let guest = world.start(&mut store).await?;
                let answer = guest.prepare(&mut store, &self.config).await?;
                Ok((guest, answer))
            };
            let (guest, answer) = match prepared.await {
                Ok(prepared) => prepared,
                Err(error) => return Err(run::fault(&error, store.data())),
            };
            Ok(answer.map(|()| Warm {
                store,
                guest,
                uses_left: limits.analyzer_uses.max(1),
                seat,
            }))
        };
        let call = (Call::Prepare, &*mark);
        let begun = Instant::now();
        let prepared = run::timed(&inner.shared, call, None, time, running).await;
        self.warm.made_in(begun.elapsed());
        match prepared.map_err(|fault| self.plugin.error(Call::Prepare, fault, &mark))? {
            Ok(warm) => Ok(warm),
            Err(problems) => Err(PrepareError::Config(convert::problems(problems))),
        }
    }

    fn keep(&self, warm: Warm) {
        if warm.seat.is_some() {
            warm.store.data().release_long_run();
            self.warm.keep(warm);
        }
    }
}

impl std::fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Analyzer")
            .field("plugin", &self.plugin)
            .finish_non_exhaustive()
    }
}
