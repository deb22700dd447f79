//! The demo's simulated networks: what the hub must know of each, and who writes there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use linecard_simulator::customers::Customer;
use linecard_simulator::faults::{Fault, FaultPlan, Faults};
use linecard_simulator::graph::{
    Commenters, GraphOptions, GraphSimulator, InstagramPeople, Surface,
};
use linecard_simulator::open_messaging::{OpenMessagingOptions, OpenMessagingSimulator};
use linecard_simulator::people::{Network, People, PeopleOptions, Report};
use linecard_simulator::telegram::{TelegramOptions, TelegramSimulator};
use linecard_simulator::whatsapp::{WhatsAppOptions, WhatsAppSimulator};
use linecard_simulator::x::{XOptions, XSimulator};
use serde_json::{Value, json};
use url::Url;

/// The channel to the simulated middleware; the hub's key for it is named after it.
pub(super) const WEB: &str = "web";
/// The channel to the simulated page's messages.
pub(super) const PAGE: &str = "page";
/// The channel to its posts.
pub(super) const POSTS: &str = "posts";
/// The channel to the simulated WhatsApp number.
pub(super) const WHATSAPP: &str = "whatsapp";
/// The channel to the simulated bot on Telegram.
pub(super) const TELEGRAM: &str = "telegram";
/// The channel to the simulated account on X.
const X: &str = "x";

/// A channel on a simulated network.
pub(super) struct Place {
    /// The channel.
    pub channel: &'static str,
    /// Its configuration, as the site file has it.
    pub config: Value,
    /// The values of its secrets.
    pub secrets: Value,
    population: Box<dyn Population>,
}

/// Who writes on a channel.
trait Population: Send + Sync {
    fn start(&self, options: PeopleOptions) -> People;
    fn customer(&self, id: &str) -> Option<Customer>;
}

impl<N: Network> Population for Arc<N> {
    fn start(&self, options: PeopleOptions) -> People {
        People::start(Arc::clone(self), options)
    }

    fn customer(&self, id: &str) -> Option<Customer> {
        self.customers().get(id)
    }
}

impl Place {
    /// Lets people come.
    pub fn open(&self, options: PeopleOptions) -> People {
        self.population.start(options)
    }

    /// Gives messages the names by which the hub knows them: Telegram counts them anew in each chat.
    pub fn name(&self, report: &mut Report) {
        if self.channel != TELEGRAM {
            return;
        }
        for message in &mut report.messages {
            let delivery = &mut message.delivery;
            delivery.message_id = format!("{}/{}", delivery.customer, delivery.message_id);
        }
        for person in &mut report.people {
            for answer in &mut person.answers {
                answer.message_id = format!("{}/{}", person.id, answer.message_id);
            }
        }
    }

    /// A customer's conversation as the customer sees it.
    pub fn customer(&self, id: &str) -> Option<Customer> {
        self.population.customer(id)
    }
}

/// The simulated networks.
pub(super) struct Networks {
    graph: Arc<GraphSimulator>,
    open_messaging: Arc<OpenMessagingSimulator>,
    whatsapp: Arc<WhatsAppSimulator>,
    telegram: Arc<TelegramSimulator>,
    x: Arc<XSimulator>,
    /// Their channels.
    pub places: Vec<Place>,
}

impl Networks {
    /// Starts them on free ports of this machine. `only` names the channels to have; all if empty.
    pub async fn start(only: &[String]) -> anyhow::Result<Self> {
        let graph = Arc::new(GraphSimulator::start(GraphOptions::default()).await?);
        let web = OpenMessagingSimulator::start(OpenMessagingOptions::default()).await?;
        let web = Arc::new(web);
        let number = WhatsAppSimulator::start(WhatsAppOptions::default()).await?;
        let number = Arc::new(number);
        let bot = Arc::new(TelegramSimulator::start(TelegramOptions::default()).await?);
        let posts = Arc::new(XSimulator::start(generous()).await?);
        let mut places = vec![
            messenger(&graph),
            facebook(&graph),
            instagram(&graph),
            whatsapp(&number),
            telegram(&bot),
            middleware(&web),
            x(&posts),
        ];
        let known: Vec<&str> = places.iter().map(|place| place.channel).collect();
        if let Some(unknown) = only.iter().find(|name| !known.contains(&name.as_str())) {
            bail!(
                "there is no simulated channel \"{unknown}\"; there are {}",
                known.join(", ")
            );
        }
        places.retain(|place| only.is_empty() || only.iter().any(|name| name == place.channel));
        Ok(Self {
            graph,
            open_messaging: web,
            whatsapp: number,
            telegram: bot,
            x: posts,
            places,
        })
    }

    /// Whether there is a channel.
    pub fn has(&self, channel: &str) -> bool {
        self.places.iter().any(|place| place.channel == channel)
    }

    /// Whether a comment has a reaction on its network.
    pub fn is_liked(&self, comment: &str) -> bool {
        let item = self.graph.feed_item(comment);
        item.is_some_and(|item| !item.reactions.is_empty())
    }

    /// The name and secret of the hub's key for the middleware.
    pub fn middleware_key(&self) -> (String, String) {
        let options = self.open_messaging.options();
        (options.client_id.clone(), options.client_secret.clone())
    }

    /// Tells them where the hub is, and has webhooks verified as the networks do.
    pub async fn connect(&self, hub: &str) -> anyhow::Result<()> {
        let callback = |channel: &str| Url::parse(&format!("{hub}/channels/{channel}/webhook"));
        self.graph.set_callback_url(callback(PAGE)?);
        self.graph.set_feed_callback_url(callback(POSTS)?);
        self.graph
            .set_instagram_callback_url(callback("instagram")?);
        self.open_messaging.set_hub(Url::parse(hub)?, None);
        self.whatsapp.set_callback_url(callback(WHATSAPP)?);
        self.x.set_callback_url(callback(X)?);
        for (channel, surface) in [
            (PAGE, Surface::Messenger),
            (POSTS, Surface::Feed),
            ("instagram", Surface::Instagram),
        ] {
            if self.has(channel) {
                self.graph
                    .subscribe_on(surface)
                    .await
                    .with_context(|| format!("the hub did not verify the webhook of {channel}"))?;
            }
        }
        if self.has(WHATSAPP) {
            let verified = self.whatsapp.subscribe().await;
            verified.context("the hub did not verify the webhook of whatsapp")?;
        }
        Ok(())
    }

    /// Where a browser shows what their customers see, by what people call them.
    pub fn shown(&self) -> Vec<(&'static str, String)> {
        let graph = [PAGE, POSTS, "instagram"];
        let all = [
            (
                "Facebook and Instagram",
                graph.iter().any(|channel| self.has(channel)),
                self.graph.base_url(),
            ),
            ("WhatsApp", self.has(WHATSAPP), self.whatsapp.base_url()),
            ("Telegram", self.has(TELEGRAM), self.telegram.base_url()),
            ("X", self.has(X), self.x.base_url()),
            ("web chat", self.has(WEB), self.open_messaging.base_url()),
        ];
        let there = all.into_iter().filter(|(_, has, _)| *has);
        there
            .map(|(name, _, base)| (name, format!("{}/_sim/show", base.trim_end_matches('/'))))
            .collect()
    }

    /// Makes the networks fail now and then: each of the hub's calls, with this probability.
    pub fn trouble(&self, probability: f64) {
        for faults in [
            self.graph.faults(),
            self.open_messaging.faults(),
            self.whatsapp.faults(),
            self.telegram.faults(),
            self.x.faults(),
        ] {
            trouble(faults, probability);
        }
    }

    /// The networks fail no more.
    pub fn calm(&self) {
        self.graph.faults().clear();
        self.open_messaging.faults().clear();
        self.whatsapp.faults().clear();
        self.telegram.faults().clear();
        self.x.faults().clear();
    }

    /// Ends them.
    pub async fn shutdown(&self) {
        self.graph.shutdown().await;
        self.open_messaging.shutdown().await;
        self.whatsapp.shutdown().await;
        self.telegram.shutdown().await;
        self.x.shutdown().await;
    }
}

/// Every kind of failure that a network shows, equally often.
fn trouble(faults: &Faults, probability: f64) {
    let kinds = [
        Fault::html_502(),
        Fault::CloseMidAnswer,
        Fault::TimeoutBeforeEffect,
        Fault::TimeoutAfterEffect,
    ];
    faults.set_hold(Duration::from_millis(300));
    let each = probability / 4.0;
    for fault in kinds {
        faults.plan(FaultPlan::probability(each, fault));
    }
}

fn page_secrets(options: &GraphOptions) -> Value {
    json!({
        "app-secret": options.app_secret,
        "verify-token": options.verify_token,
        "page-access-token": options.access_token,
    })
}

fn messenger(graph: &Arc<GraphSimulator>) -> Place {
    let options = graph.options();
    let secrets = page_secrets(options);
    let own = json!({ "page_id": options.page_id, "base_url": graph.base_url() });
    let config = configured(
        "messenger",
        "Simulated page",
        graph.base_url(),
        own,
        &secrets,
    );
    Place {
        channel: PAGE,
        config,
        secrets,
        population: Box::new(Arc::clone(graph)),
    }
}

fn facebook(graph: &Arc<GraphSimulator>) -> Place {
    let options = graph.options();
    let post = graph.publish("What would you like to know about our parcels?", &[]);
    let secrets = page_secrets(options);
    let own = json!({ "page_id": options.page_id, "base_url": graph.base_url() });
    let config = configured(
        "facebook",
        "Simulated posts",
        graph.base_url(),
        own,
        &secrets,
    );
    Place {
        channel: POSTS,
        config,
        secrets,
        population: Box::new(Arc::new(Commenters::new(Arc::clone(graph), post.id))),
    }
}

fn instagram(graph: &Arc<GraphSimulator>) -> Place {
    let options = graph.options();
    let secrets = json!({
        "app-secret": options.app_secret,
        "verify-token": options.verify_token,
        "access-token": options.instagram.access_token,
    });
    let own = json!({ "account_id": options.instagram.id, "base_url": graph.base_url() });
    let config = configured(
        "instagram",
        "Simulated Instagram",
        graph.base_url(),
        own,
        &secrets,
    );
    Place {
        channel: "instagram",
        config,
        secrets,
        population: Box::new(Arc::new(InstagramPeople::new(Arc::clone(graph)))),
    }
}

fn whatsapp(number: &Arc<WhatsAppSimulator>) -> Place {
    let options = number.options();
    let secrets = json!({
        "app-secret": options.app_secret,
        "verify-token": options.verify_token,
        "access-token": options.access_token,
    });
    let own = json!({
        "phone_number_id": options.phone_number_id, "waba_id": options.waba_id,
        "base_url": number.base_url(),
    });
    let config = configured(
        "whatsapp",
        "Simulated WhatsApp",
        number.base_url(),
        own,
        &secrets,
    );
    Place {
        channel: WHATSAPP,
        config,
        secrets,
        population: Box::new(Arc::clone(number)),
    }
}

fn telegram(bot: &Arc<TelegramSimulator>) -> Place {
    let secrets = json!({ "bot-token": bot.options().token, "webhook-key": "the demo's own key" });
    let own = json!({ "updates": "webhook", "api_url": bot.base_url() });
    let config = configured(
        "telegram",
        "Simulated Telegram",
        bot.base_url(),
        own,
        &secrets,
    );
    Place {
        channel: TELEGRAM,
        config,
        secrets,
        population: Box::new(Arc::clone(bot)),
    }
}

fn middleware(web: &Arc<OpenMessagingSimulator>) -> Place {
    let options = web.options();
    let secrets = json!({ "notification-signature": options.signature_secret });
    let own = json!({
        "integration_id": options.integration_id,
        "notification_url": web.webhook_url(),
    });
    let config = configured(
        "open-messaging",
        "Simulated middleware",
        web.base_url(),
        own,
        &secrets,
    );
    Place {
        channel: WEB,
        config,
        secrets,
        population: Box::new(Arc::clone(web)),
    }
}

/// An account on X with far more calls than X grants: the customers of a demo have no quarter of an
/// hour.
fn generous() -> XOptions {
    let operations = [
        "post",
        "dm",
        "dm_events",
        "mentions",
        "search",
        "me",
        "user",
    ];
    XOptions {
        limits: operations
            .map(|operation| (operation.to_owned(), 1_000_000))
            .into(),
        daily_limits: operations
            .map(|operation| (operation.to_owned(), 1_000_000))
            .into(),
        ..XOptions::default()
    }
}

fn x(posts: &Arc<XSimulator>) -> Place {
    let options = posts.options();
    let secrets = json!({
        "user-oauth1": {
            "consumer_key": options.consumer_key,
            "consumer_secret": options.consumer_secret,
            "token": options.access_token,
            "token_secret": options.access_token_secret,
        },
        "consumer-secret": options.consumer_secret,
    });
    let own = json!({
        "user_id": options.user_id, "username": options.username,
        "base_url": posts.base_url(), "poll_every_seconds": 1,
    });
    let mut config = configured("x", "Simulated X", posts.base_url(), own, &secrets);
    config["actions_per_second"] = json!(200.0);
    Place {
        channel: X,
        config,
        secrets,
        population: Box::new(Arc::clone(posts)),
    }
}

/// A channel's configuration as the site file has it. The hub keeps its secrets itself.
fn configured(plugin: &str, name: &str, host: String, own: Value, secrets: &Value) -> Value {
    let names = secrets.as_object().into_iter().flatten();
    let stored: BTreeMap<&str, &str> = names.map(|(name, _)| (name.as_str(), "stored")).collect();
    json!({
        "plugin": plugin, "name": name, "queue": "support",
        "config": own, "secrets": stored, "hosts": [host],
    })
}
