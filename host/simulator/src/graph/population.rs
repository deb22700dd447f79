//! People who write private messages, comments and Instagram messages ([`crate::people`]).

use std::sync::Arc;
use std::time::Duration;

use super::act::Act;
use super::feed::FeedAct;
use super::surface::new_scoped_id;
use super::{GraphSimulator, Incoming};
use crate::customers::{Customers, Profile, Turn};
use crate::delivery::Delivery;
use crate::people::Network;

impl Network for GraphSimulator {
    fn add_person(&self, id: &str, profile: Profile) {
        self.add_customer(id, profile);
    }

    async fn say_text(&self, id: &str, text: &str) -> Delivery {
        self.say(id, Incoming::text(text)).await
    }

    async fn wait_answers(&self, id: &str, count: usize, within: Duration) -> Option<Vec<Turn>> {
        self.customers().wait_delivered(id, count, within).await
    }

    fn customers(&self) -> &Customers {
        Self::customers(self)
    }

    fn new_person_id(&self, random: &mut fastrand::Rng) -> String {
        new_scoped_id(random)
    }
}

/// People who comment on one post of the page, each in a thread of their own below it.
#[derive(Debug, Clone)]
pub struct Commenters {
    simulator: Arc<GraphSimulator>,
    post: String,
}

impl Commenters {
    /// People for this post.
    pub fn new(simulator: Arc<GraphSimulator>, post: impl Into<String>) -> Self {
        Self {
            simulator,
            post: post.into(),
        }
    }
}

impl Network for Commenters {
    fn add_person(&self, id: &str, profile: Profile) {
        self.simulator.add_customer(id, profile);
    }

    async fn say_text(&self, id: &str, text: &str) -> Delivery {
        let thread = self.simulator.customer(id).and_then(|customer| {
            let first = customer.conversation.first()?;
            Some(first.message_id.clone())
        });
        let text = text.to_owned();
        let act = match thread {
            Some(to) => FeedAct::Reply {
                to,
                text,
                photo: None,
            },
            None => FeedAct::Comment {
                post: Some(self.post.clone()),
                text,
                photo: None,
                video: None,
            },
        };
        self.simulator.say(id, act).await
    }

    async fn wait_answers(&self, id: &str, count: usize, within: Duration) -> Option<Vec<Turn>> {
        self.simulator.wait_answers(id, count, within).await
    }

    fn customers(&self) -> &Customers {
        self.simulator.customers()
    }

    fn new_person_id(&self, random: &mut fastrand::Rng) -> String {
        new_scoped_id(random)
    }
}

/// People who write private messages to the Instagram account.
#[derive(Debug, Clone)]
pub struct InstagramPeople {
    simulator: Arc<GraphSimulator>,
}

impl InstagramPeople {
    /// People for this simulator's account.
    pub fn new(simulator: Arc<GraphSimulator>) -> Self {
        Self { simulator }
    }
}

impl Network for InstagramPeople {
    fn add_person(&self, id: &str, profile: Profile) {
        self.simulator.add_customer(id, profile);
    }

    async fn say_text(&self, id: &str, text: &str) -> Delivery {
        let act = Act::Instagram(Incoming::text(text));
        self.simulator.say(id, act).await
    }

    async fn wait_answers(&self, id: &str, count: usize, within: Duration) -> Option<Vec<Turn>> {
        self.simulator.wait_answers(id, count, within).await
    }

    fn customers(&self) -> &Customers {
        self.simulator.customers()
    }

    fn new_person_id(&self, random: &mut fastrand::Rng) -> String {
        new_scoped_id(random)
    }
}
