//! The customers of a simulated network and their conversations as the customers see them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

/// What a network tells about a person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Display name, where the network has one.
    pub nickname: Option<String>,
    /// Address of the picture.
    pub picture_url: Option<String>,
    /// Locale such as `de_DE`.
    pub locale: Option<String>,
    /// Offset from UTC in hours.
    pub timezone: Option<f64>,
    /// `female`, `male` or whatever the network uses.
    pub gender: Option<String>,
    /// The network does not show the profile to the business.
    pub hidden: bool,
}

impl Profile {
    /// A profile of a person with a name.
    pub fn named(first_name: impl Into<String>, last_name: impl Into<String>) -> Self {
        Self {
            first_name: first_name.into(),
            last_name: last_name.into(),
            ..Self::default()
        }
    }

    /// First and last name together.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
            .trim()
            .to_owned()
    }
}

/// Whether a person can be written to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reachability {
    /// Yes.
    #[default]
    Available,
    /// The account is deactivated or gone (Messenger 551).
    Unavailable,
    /// The person blocked the business (Messenger 10/2018108).
    Blocked,
}

/// Who wrote a message of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Customer,
    /// The hub, through the network's API.
    Hub,
    /// A person in the network's own inbox, past the hub.
    Inbox,
}

/// One message of a conversation.
#[derive(Debug, Clone, Serialize)]
pub struct Turn {
    /// The network's message id.
    pub message_id: String,
    /// Who wrote it.
    pub author: Author,
    /// Simulated time in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The text, empty where there is none.
    pub text: String,
    /// Attachments in the network's own form.
    pub attachments: Vec<Value>,
    /// Quick replies or other structured parts in the network's own form.
    pub structured: Vec<Value>,
    /// The sender's own reference (`metadata` on Messenger, the message id on Open Messaging); for
    /// public comments, which carry none, the target and the text.
    pub reference: Option<String>,
    /// The id of the message that this one answers.
    pub reply_to: Option<String>,
    /// How often the text was changed later.
    pub edits: u32,
    /// The message was taken back.
    pub deleted: bool,
    /// Reactions, by who reacted.
    pub reactions: BTreeMap<String, String>,
}

impl Turn {
    pub(crate) fn new(message_id: impl Into<String>, author: Author, at_ms: i64) -> Self {
        Self {
            message_id: message_id.into(),
            author,
            at_ms,
            text: String::new(),
            attachments: Vec::new(),
            structured: Vec::new(),
            reference: None,
            reply_to: None,
            edits: 0,
            deleted: false,
            reactions: BTreeMap::new(),
        }
    }
}

/// A customer with the whole conversation.
#[derive(Debug, Clone, Serialize)]
pub struct Customer {
    /// The network's id of the person.
    pub id: String,
    /// What the network tells about the person.
    pub profile: Profile,
    /// Whether the person can be written to.
    pub reachability: Reachability,
    /// When the person last did something that opens the messaging window.
    pub last_active_ms: Option<i64>,
    /// The messages, in the order in which they happened.
    pub conversation: Vec<Turn>,
    /// Signals that are no messages: `typing_on`, `mark_seen`, ...
    pub signals: Vec<String>,
    /// Deliveries of a message that was already there, which the network recognized and dropped.
    pub repeated: Vec<String>,
}

impl Customer {
    /// What the hub delivered, in order; a message delivered twice stands twice.
    pub fn delivered(&self) -> impl Iterator<Item = &Turn> {
        self.conversation
            .iter()
            .filter(|turn| turn.author == Author::Hub)
    }

    /// References that were delivered more than once. A second message under one reference is a
    /// duplicate that the customer sees.
    pub fn duplicates(&self) -> Vec<String> {
        let mut seen = BTreeMap::<&str, usize>::new();
        for turn in self.delivered() {
            if let Some(reference) = turn.reference.as_deref() {
                *seen.entry(reference).or_default() += 1;
            }
        }
        seen.into_iter()
            .filter(|(_, times)| *times > 1)
            .map(|(reference, _)| reference.to_owned())
            .collect()
    }
}

/// A customer with what was said last.
#[derive(Debug, Serialize)]
pub(crate) struct Latest {
    /// The network's id of the person.
    pub id: String,
    /// First and last name.
    pub name: String,
    /// What was said last.
    pub last: Turn,
}

#[derive(Debug, Default)]
struct Inner {
    customers: BTreeMap<String, Customer>,
    /// Told when the customer changes; there for customers somebody has waited for.
    waited_for: BTreeMap<String, watch::Sender<()>>,
    keep_conversations: bool,
}

/// All customers of one simulated network.
#[derive(Debug)]
pub struct Customers {
    inner: Mutex<Inner>,
}

impl Customers {
    pub(crate) fn new(keep_conversations: bool) -> Self {
        Self {
            inner: Mutex::new(Inner {
                customers: BTreeMap::new(),
                waited_for: BTreeMap::new(),
                keep_conversations,
            }),
        }
    }

    /// Adds a customer, or gives a known one a new profile.
    pub fn add(&self, id: impl Into<String>, profile: Profile) {
        let id = id.into();
        let mut inner = self.lock();
        match inner.customers.get_mut(&id) {
            Some(known) => known.profile = profile,
            None => {
                inner.customers.insert(id.clone(), fresh(id, profile));
            }
        }
    }

    /// A copy of one customer.
    pub fn get(&self, id: &str) -> Option<Customer> {
        self.lock().customers.get(id).cloned()
    }

    /// Whether the customer exists.
    pub fn contains(&self, id: &str) -> bool {
        self.lock().customers.contains_key(id)
    }

    /// The ids of all customers.
    pub fn ids(&self) -> Vec<String> {
        self.lock().customers.keys().cloned().collect()
    }

    /// A copy of every customer.
    pub fn all(&self) -> Vec<Customer> {
        self.lock().customers.values().cloned().collect()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().customers.len()
    }

    /// Those with whom something was said last, newest first: at most so many.
    pub(crate) fn latest(&self, limit: usize) -> Vec<Latest> {
        let inner = self.lock();
        let spoken = inner.customers.values();
        let mut spoken: Vec<(&Customer, &Turn)> = spoken
            .filter_map(|customer| Some((customer, customer.conversation.last()?)))
            .collect();
        spoken.sort_by_key(|(_, last)| std::cmp::Reverse(last.at_ms));
        let newest = spoken.into_iter().take(limit);
        newest
            .map(|(customer, last)| Latest {
                id: customer.id.clone(),
                name: customer.profile.full_name(),
                last: last.clone(),
            })
            .collect()
    }

    /// Makes a customer reachable or not; an unknown one is created.
    pub fn set_reachability(&self, id: &str, reachability: Reachability) {
        self.change(id, |customer| customer.reachability = reachability);
    }

    /// What the hub delivered to the customer, in order, duplicates included.
    pub fn delivered(&self, id: &str) -> Vec<Turn> {
        self.lock()
            .customers
            .get(id)
            .map(|customer| customer.delivered().cloned().collect())
            .unwrap_or_default()
    }

    /// Waits until the hub delivered at least `count` messages to the customer, and returns them;
    /// `None` when that did not happen in time.
    pub async fn wait_delivered(
        &self,
        id: &str,
        count: usize,
        within: Duration,
    ) -> Option<Vec<Turn>> {
        let mut changed = self
            .lock()
            .waited_for
            .entry(id.to_owned())
            .or_default()
            .subscribe();
        let wait = async {
            loop {
                changed.borrow_and_update();
                let there = self.look(id, |customer| customer.delivered().count());
                if there.unwrap_or_default() >= count {
                    return Some(self.delivered(id));
                }
                if changed.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(within, wait).await.ok().flatten()
    }

    /// Changes one customer, who is created when unknown.
    pub(crate) fn change<T>(&self, id: &str, change: impl FnOnce(&mut Customer) -> T) -> T {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let customer = inner
            .customers
            .entry(id.to_owned())
            .or_insert_with(|| fresh(id.to_owned(), Profile::named("Customer", id)));
        let result = change(customer);
        if !inner.keep_conversations {
            customer.conversation.clear();
            customer.signals.clear();
            customer.repeated.clear();
        }
        if let Some(waiting) = inner.waited_for.get(id) {
            waiting.send_replace(());
        }
        result
    }

    /// Looks at one customer without copying the conversation.
    pub(crate) fn look<T>(&self, id: &str, look: impl FnOnce(&Customer) -> T) -> Option<T> {
        self.lock().customers.get(id).map(look)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fresh(id: String, profile: Profile) -> Customer {
    Customer {
        id,
        profile,
        reachability: Reachability::default(),
        last_active_ms: None,
        conversation: Vec::new(),
        signals: Vec::new(),
        repeated: Vec::new(),
    }
}
