//! The hub's numbers for Prometheus. Labels are names from the configuration or the code, never ids.

mod channels;
mod webhooks;

use std::time::Duration;

use axum::http::{Method, StatusCode};
use linecard_hub::Hub;
use linecard_model::Timestamp;
use linecard_router::{Census, QueueStats};
use linecard_sandbox::{Call, CallMetrics};
use linecard_webhooks::Webhooks;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::problem::Problem;

/// What is counted of a backlog at most: reading one must not cost more than it tells.
const COUNTED: usize = 10_000;

type Labels = Vec<(&'static str, String)>;
type Latency = Family<Labels, Histogram, fn() -> Histogram>;

/// What is counted while requests are handled.
pub(crate) struct Metrics {
    registry: Registry,
    webhooks: Family<Labels, Counter>,
    requests: Family<Labels, Counter>,
    latency: Latency,
    streams: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("linecard");
        let webhooks = Family::<Labels, Counter>::default();
        registry.register(
            "webhooks",
            "Webhook requests by channel and HTTP status",
            webhooks.clone(),
        );
        let requests = Family::<Labels, Counter>::default();
        registry.register(
            "http_requests",
            "HTTP requests by method, route and status",
            requests.clone(),
        );
        let latency = Latency::new_with_constructor(|| {
            // 0.5 ms to 16 s.
            Histogram::new(exponential_buckets(0.000_5, 2.0, 16))
        });
        registry.register_with_unit(
            "http_duration",
            "The time to answer HTTP requests, by route",
            Unit::Seconds,
            latency.clone(),
        );
        let streams = Gauge::default();
        registry.register(
            "event_streams",
            "Event streams that are open",
            streams.clone(),
        );
        Self {
            registry,
            webhooks,
            requests,
            latency,
            streams,
        }
    }
}

impl Metrics {
    /// A request was answered.
    pub fn request(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let method = match method.as_str() {
            known @ ("GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS") => known,
            // A method is any word that a client makes up.
            _ => "other",
        };
        self.requests
            .get_or_create(&vec![
                ("method", method.to_owned()),
                ("route", route.to_owned()),
                ("status", status.as_u16().to_string()),
            ])
            .inc();
        self.latency
            .get_or_create(&vec![("route", route.to_owned())])
            .observe(took.as_secs_f64());
    }

    /// A webhook was answered.
    pub fn webhook(&self, channel: &str, status: StatusCode) {
        self.webhooks
            .get_or_create(&vec![
                ("channel", channel.to_owned()),
                ("status", status.as_u16().to_string()),
            ])
            .inc();
    }

    /// An event stream was opened (`1`) or closed (`-1`).
    pub fn stream(&self, change: i64) {
        self.streams.inc_by(change);
    }

    /// The page that Prometheus reads.
    pub async fn page(&self, hub: &Hub, told: &Webhooks) -> Result<String, Problem> {
        let mut moment = moment(hub).await?;
        webhooks::add(&mut moment, told).await?;
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)
            .and_then(|()| encode_registry(&mut text, &moment))
            .and_then(|()| encode_eof(&mut text))
            .map_err(|error| Problem::new("internal", error.to_string()))?;
        Ok(text)
    }
}

struct Present {
    census: Census,
    queues: Vec<QueueStats>,
    presence: Vec<&'static str>,
}

/// What is as it is at the moment of reading.
async fn moment(hub: &Hub) -> Result<Registry, Problem> {
    let present = hub
        .site
        .query(|state| {
            let (router, config) = (state.router(), state.config());
            let now = Timestamp::now();
            Present {
                census: router.census(),
                queues: config
                    .queues
                    .keys()
                    .flat_map(|id| router.queue_stats(now, id))
                    .collect(),
                presence: config
                    .agents
                    .keys()
                    .filter_map(|id| router.agent(id))
                    .map(|agent| presence_word(&agent.presence))
                    .collect(),
            }
        })
        .await?;
    let mut registry = Registry::with_prefix("linecard");
    interactions(&mut registry, &present);
    agents(&mut registry, &present.presence);
    backlogs(&mut registry, hub).await?;
    channels::add(&mut registry, hub).await?;
    forgotten(&mut registry, hub);
    search(&mut registry, hub).await;
    plugins(&mut registry, hub);
    Ok(registry)
}

fn presence_word(presence: &linecard_model::routing::Presence) -> &'static str {
    use linecard_model::routing::Presence;
    match presence {
        Presence::Ready => "ready",
        Presence::NotReady { .. } => "not-ready",
        Presence::Offline => "offline",
    }
}

fn gauges(registry: &mut Registry, name: &str, help: &str) -> Family<Labels, Gauge> {
    let family = Family::<Labels, Gauge>::default();
    registry.register(name, help, family.clone());
    family
}

fn counters(registry: &mut Registry, name: &str, help: &str) -> Family<Labels, Counter> {
    let family = Family::<Labels, Counter>::default();
    registry.register(name, help, family.clone());
    family
}

fn gauge(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

fn interactions(registry: &mut Registry, present: &Present) {
    let states = gauges(registry, "interactions", "Open interactions by state");
    let census = &present.census;
    for (state, count) in [
        ("queued", census.queued),
        ("offered", census.offered),
        ("connected", census.connected),
        ("wrap-up", census.wrap_up),
    ] {
        states
            .get_or_create(&vec![("state", state.to_owned())])
            .set(gauge(count));
    }
    let waiting = gauges(
        registry,
        "queue_waiting",
        "Interactions that wait, by queue and media type",
    );
    let longest = gauges(
        registry,
        "queue_longest_wait_seconds",
        "How long the oldest waiting interaction has waited, by queue and media type",
    );
    for stats in &present.queues {
        let labels = vec![
            ("queue", stats.queue.to_string()),
            ("media_type", stats.media_type.to_string()),
        ];
        waiting.get_or_create(&labels).set(gauge(stats.waiting));
        longest
            .get_or_create(&labels)
            .set(gauge(stats.longest_wait_seconds.unwrap_or(0)));
    }
}

fn agents(registry: &mut Registry, presence: &[&'static str]) {
    let agents = gauges(registry, "agents", "Agents by presence");
    for word in ["ready", "not-ready", "offline"] {
        let count = presence.iter().filter(|p| **p == word).count();
        agents
            .get_or_create(&vec![("presence", word.to_owned())])
            .set(gauge(count));
    }
}

async fn backlogs(registry: &mut Registry, hub: &Hub) -> Result<(), Problem> {
    let site = hub.site.id();
    let inbox: Gauge = Gauge::default();
    registry.register(
        "inbox_depth",
        "Accepted events that are not processed yet, up to 10000",
        inbox.clone(),
    );
    inbox.set(gauge(hub.store.inbox(site, 0, COUNTED).await?.len()));
    let (new, duplicates) = hub.receiver.counters.events();
    let events = counters(
        registry,
        "events_accepted",
        "Platform events taken by webhooks",
    );
    for (kind, count) in [("new", new), ("duplicate", duplicates)] {
        events
            .get_or_create(&vec![("kind", kind.to_owned())])
            .inc_by(count);
    }
    Ok(())
}

fn forgotten(registry: &mut Registry, hub: &Hub) {
    let forgotten = counters(
        registry,
        "retention_removed",
        "Values that were removed because they were older than what is kept, by what they were",
    );
    for (what, count) in hub.forgotten.counts() {
        forgotten
            .get_or_create(&vec![("what", what.to_owned())])
            .inc_by(count);
    }
}

async fn search(registry: &mut Registry, hub: &Hub) {
    let size = hub.search.size().await;
    for (name, help, count) in [
        (
            "search_documents",
            "Things in the search index; interactions, which are not found themselves, among them",
            size.documents,
        ),
        (
            "search_segments",
            "Parts of which the search index is made",
            size.segments,
        ),
        (
            "search_bytes",
            "Bytes of the search index on disk",
            size.bytes,
        ),
        (
            "search_seq",
            "The number of the last event of the journal that is in the search index",
            hub.search.seq(),
        ),
        (
            "search_complete",
            "Whether everything that is kept is in the search index",
            u64::from(hub.search.is_whole()),
        ),
    ] {
        let gauged: Gauge = Gauge::default();
        registry.register(name, help, gauged.clone());
        gauged.set(gauge(count));
    }
    let built: Counter = Counter::default();
    registry.register(
        "search_built",
        "How often the search index was built anew since the start",
        built.clone(),
    );
    built.inc_by(hub.search.built());
}

fn plugins(registry: &mut Registry, hub: &Hub) {
    let calls = counters(
        registry,
        "plugin_calls",
        "Calls of plug-ins; the channel is empty where there is none",
    );
    let failures = counters(
        registry,
        "plugin_failures",
        "Calls of plug-ins that failed, by the limit that they broke or the way that they failed",
    );
    let time = Family::<Labels, Counter<f64, std::sync::atomic::AtomicU64>>::default();
    registry.register_with_unit(
        "plugin_time",
        "The time that calls of plug-ins took",
        Unit::Seconds,
        time.clone(),
    );
    let quantiles = Family::<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
    registry.register_with_unit(
        "plugin_call_duration",
        "The time that a share of the calls of plug-ins took at most, since the plug-in was loaded",
        Unit::Seconds,
        quantiles.clone(),
    );
    let suspended = Family::<Labels, Gauge>::default();
    registry.register(
        "plugin_suspended",
        "Calls of plug-ins that are not made for a while, because they failed again and again",
        suspended.clone(),
    );
    let http = counters(registry, "plugin_http", "HTTP requests of plug-ins");
    for installed in hub.plugins.now().all() {
        let plugin = installed.plugin.id().to_string();
        let metrics = installed.plugin.metrics();
        let labels = |call: Call, channel: &str| {
            vec![
                ("plugin", plugin.clone()),
                ("call", call.to_string()),
                ("channel", channel.to_owned()),
            ]
        };
        let count = |call: Call, channel: &str, counted: &CallMetrics| {
            let labels = labels(call, channel);
            calls.get_or_create(&labels).inc_by(counted.count);
            time.get_or_create(&labels)
                .inc_by(counted.time.as_secs_f64());
            for (why, count) in &counted.failures {
                let mut labels = labels.clone();
                labels.push(("why", (*why).to_owned()));
                failures.get_or_create(&labels).inc_by(*count);
            }
            for (quantile, time) in ["0.5", "0.95", "0.99"].iter().zip(counted.percentiles) {
                let mut labels = labels.clone();
                labels.push(("quantile", (*quantile).to_owned()));
                quantiles.get_or_create(&labels).set(time.as_secs_f64());
            }
        };
        for (channel, calls) in &metrics.channels {
            for (call, counted) in calls {
                count(*call, channel.as_str(), counted);
            }
        }
        for (call, counted) in &metrics.calls {
            let by_channel = || {
                metrics
                    .channels
                    .values()
                    .filter_map(|calls| calls.get(call))
            };
            // What belongs to no channel, and what was too much to be counted by channel.
            let others = counted.without(by_channel());
            if others.count > 0 {
                count(*call, "", &others);
            }
        }
        for left in installed.plugin.suspended() {
            let labels = labels(left.call, left.channel.as_str());
            suspended.get_or_create(&labels).set(1);
        }
        for (outcome, count) in [
            ("answered", metrics.http_answered),
            ("failed", metrics.http_failed),
        ] {
            let labels = vec![("plugin", plugin.clone()), ("outcome", outcome.to_owned())];
            http.get_or_create(&labels).inc_by(count);
        }
    }
    for (_, plugin, _) in hub.left_out() {
        let labels = vec![
            ("plugin", plugin.to_string()),
            ("call", Call::Analyze.to_string()),
            ("channel", String::new()),
        ];
        suspended.get_or_create(&labels).set(1);
    }
}
