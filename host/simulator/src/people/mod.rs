//! A population of simulated customers who write and answer like people.
//!
//! People arrive at a rate, open a conversation, wait for the agent's answer, answer back a few
//! times, and end with thanks or in silence. Every message is kept with a reference of its own, so
//! that afterwards it can be told which messages the hub acknowledged, and which answers each
//! customer got.

mod corpus;
mod phrases;
mod report;

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

pub use corpus::Voice;
pub use report::{Ending, Person, Report, SaidMessage, Stage};

use crate::customers::{Customers, Profile, Turn};
use crate::delivery::Delivery;

/// What people need of a simulated network.
pub trait Network: Send + Sync + 'static {
    /// Adds a person.
    fn add_person(&self, id: &str, profile: Profile);

    /// The person writes a text; this waits until the hub has acknowledged it or never will.
    fn say_text(&self, id: &str, text: &str) -> impl Future<Output = Delivery> + Send;

    /// Waits until the person has got so many answers in all; `None` when they do not come in time.
    fn wait_answers(
        &self,
        id: &str,
        count: usize,
        within: Duration,
    ) -> impl Future<Output = Option<Vec<Turn>>> + Send;

    /// All customers.
    fn customers(&self) -> &Customers;

    /// An id in the network's form for somebody new.
    fn new_person_id(&self, random: &mut fastrand::Rng) -> String;
}

/// How many people come, and how they behave.
#[derive(Debug, Clone)]
pub struct PeopleOptions {
    /// The seed of everything random: who comes, what they say, how long they wait.
    pub seed: u64,
    /// How many people come in all; none for no end until [`People::close_doors`].
    pub people: Option<usize>,
    /// How many arrive per second on average; the gaps are exponentially distributed.
    pub arrivals_per_second: f64,
    /// How often a person answers back to an agent.
    pub answers_back: RangeInclusive<u32>,
    /// How long a person thinks before answering back, in milliseconds.
    pub thinking_ms: RangeInclusive<u64>,
    /// How long a person waits for an answer before giving up.
    pub patience: Duration,
    /// The probability, from 0 to 1, that a conversation that went well ends with thanks.
    pub thanks: f64,
}

impl Default for PeopleOptions {
    /// Ten people, five a second, who answer back up to three times within two seconds and wait a
    /// minute.
    fn default() -> Self {
        Self {
            seed: 1,
            people: Some(10),
            arrivals_per_second: 5.0,
            answers_back: 0..=3,
            thinking_ms: 200..=2000,
            patience: Duration::from_mins(1),
            thanks: 0.7,
        }
    }
}

/// A population on the move.
#[derive(Debug)]
pub struct People {
    report: Arc<Mutex<Report>>,
    doors: watch::Sender<bool>,
    arrivals: JoinHandle<()>,
}

impl People {
    /// Lets people come to a network. Its record must keep bodies
    /// ([`crate::RecordMode::CountOnly`] keeps no conversations, so nobody would see an answer).
    pub fn start<N: Network>(network: Arc<N>, options: PeopleOptions) -> Self {
        let report = Arc::new(Mutex::new(Report::default()));
        let (doors, open) = watch::channel(true);
        let arrivals = tokio::spawn(arrive(network, options, Arc::clone(&report), open));
        Self {
            report,
            doors,
            arrivals,
        }
    }

    /// What happened so far.
    pub fn report(&self) -> Report {
        lock(&self.report).clone()
    }

    /// Lets nobody else come; those who are there finish.
    pub fn close_doors(&self) {
        self.doors.send_replace(false);
    }

    /// Waits until everybody has come and gone, and tells what happened.
    pub async fn finish(self) -> Report {
        // A person's task that panicked would be missing in the report and noticed there.
        let _ = self.arrivals.await;
        lock(&self.report).clone()
    }
}

fn lock(report: &Mutex<Report>) -> std::sync::MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn arrive<N: Network>(
    network: Arc<N>,
    options: PeopleOptions,
    report: Arc<Mutex<Report>>,
    mut open: watch::Receiver<bool>,
) {
    let mut random = fastrand::Rng::with_seed(options.seed);
    let mut present = JoinSet::new();
    let mut come = 0_usize;
    while options.people.is_none_or(|people| come < people) && *open.borrow_and_update() {
        // Exponential gaps: arrivals do not know of one another.
        let gap = -(1.0 - random.f64()).ln() / options.arrivals_per_second.max(0.001);
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs_f64(gap.min(3600.0))) => {}
            _ = open.changed() => continue,
        }
        while present.try_join_next().is_some() {}
        let visitor = Visitor {
            network: Arc::clone(&network),
            options: options.clone(),
            report: Arc::clone(&report),
            place: come,
            id: network.new_person_id(&mut random),
            voice: Voice::new(&mut random),
            random: random.fork(),
            said: 0,
        };
        present.spawn(visitor.live());
        come += 1;
    }
    while present.join_next().await.is_some() {}
    // What came after somebody had left counts as well, above all what came twice.
    for person in &mut lock(&report).people {
        person.look(network.customers());
    }
}

struct Visitor<N> {
    network: Arc<N>,
    options: PeopleOptions,
    report: Arc<Mutex<Report>>,
    place: usize,
    id: String,
    voice: Voice,
    random: fastrand::Rng,
    said: u32,
}

impl<N: Network> Visitor<N> {
    async fn live(mut self) {
        let profile = self.voice.profile(&mut self.random);
        self.network.add_person(&self.id, profile.clone());
        lock(&self.report).people.push(Person {
            id: self.id.clone(),
            name: profile.full_name(),
            locale: self.voice.locale().to_owned(),
            answers: Vec::new(),
            duplicates: Vec::new(),
            ending: Ending::StillThere,
        });
        let ending = self.talk().await;
        let mut report = lock(&self.report);
        if let Some(person) = report.people.iter_mut().find(|person| person.id == self.id) {
            person.ending = ending;
            person.look(self.network.customers());
        }
    }

    async fn talk(&mut self) -> Ending {
        for text in self.voice.opening(&mut self.random) {
            self.say(Stage::Opening, &text).await;
        }
        let mut answers = 0;
        let back = self.random.u32(self.options.answers_back.clone());
        for round in 0..=back {
            let patience = self.options.patience;
            let Some(got) = self
                .network
                .wait_answers(&self.id, answers + 1, patience)
                .await
            else {
                return Ending::GaveUp;
            };
            answers = got.len();
            let thinking = self.random.u64(self.options.thinking_ms.clone());
            tokio::time::sleep(Duration::from_millis(thinking)).await;
            if round < back {
                let text = self.voice.followup(&mut self.random);
                self.say(Stage::FollowUp, &text).await;
                // What came while the person was writing is not an answer to what was written.
                answers = self.network.customers().delivered(&self.id).len();
            }
        }
        if self.random.f64() >= self.options.thanks {
            return Ending::Silent;
        }
        let text = self.voice.thanks(&mut self.random);
        self.say(Stage::Thanks, &text).await;
        Ending::Thanked
    }

    async fn say(&mut self, stage: Stage, text: &str) {
        self.said += 1;
        let reference = format!("person-{}-message-{}", self.place + 1, self.said);
        let delivery = self.network.say_text(&self.id, text).await;
        lock(&self.report).messages.push(SaidMessage {
            reference,
            stage,
            text: text.to_owned(),
            delivery,
        });
    }
}
