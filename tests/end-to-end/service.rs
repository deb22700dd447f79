//! Within what time customers are to be answered, and what becomes of an interaction after its end.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::open_messaging::Said;
use linecard_tests::{Client, Events, Hub, Networks, SOON, SiteOptions, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

struct Desk {
    networks: Networks,
    hub: Hub,
    agent: Client,
}

impl Desk {
    async fn begin(more: &str) -> Result<Self> {
        let networks = Networks::start().await?;
        let options = SiteOptions {
            agents: 1,
            wrap_up: r#"{ mode = "optional" }"#,
            more: more.to_owned(),
            ..SiteOptions::default()
        };
        let hub = networks.hub(BINARY, &options).await?;
        let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
        Ok(Self {
            networks,
            hub,
            agent,
        })
    }

    async fn says(&self, text: &str) -> Result<()> {
        let said = self.networks.web.say("dora", Said::text(text)).await;
        ensure!(said.acknowledged, "{said:?}");
        Ok(())
    }

    async fn power_cut(&mut self) -> Result<()> {
        self.hub.kill()?;
        self.power_is_back().await
    }

    async fn power_is_back(&mut self) -> Result<()> {
        self.hub.launch().await?;
        self.networks.connect(&self.hub).await?;
        self.agent = Client::sign_in(&self.hub.base(), "agent-1", "agent-1").await?;
        Ok(())
    }

    /// The one interaction in the inbox.
    async fn entry(&self) -> Result<Value> {
        eventually("an entry", SOON, async || {
            let inbox = self.agent.get("/api/v1/inbox?sort=service").await?;
            Ok(inbox["items"].get(0).cloned())
        })
        .await
    }
}

fn id_of(entry: &Value) -> Result<String> {
    Ok(entry["id"].as_str().context("id")?.to_owned())
}

/// The next events about service policies and priorities: what they are, and of which policy and clock.
async fn told(events: &mut Events, count: usize) -> Result<Vec<String>> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let next = tokio::time::timeout(SOON, events.next()).await??;
        let (_, event) = next.with_context(|| format!("the stream ended after {seen:?}"))?;
        let kind = event["kind"].as_str().unwrap_or_default();
        let data = &event["data"];
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match kind {
            "service-promised" => seen.push(format!("{kind} {}", word(&data["promise"]["policy"]))),
            "service-warned" | "service-broken" => seen.push(format!(
                "{kind} {} {}",
                word(&data["policy"]),
                word(&data["clock"])
            )),
            "priority-changed" => seen.push(format!("{kind} {}", data["priority"])),
            "customer-answered" | "customer-waits" => seen.push(kind.to_owned()),
            _ => {}
        }
    }
    Ok(seen)
}

const POLICIES: &str = r#"
[[service_policies]]
policy = "vip"
labels = ["vip"]
first_answer_seconds = 2
next_answer_seconds = 2
warn_percent = 50
raise_priority = 30

[[service_policies]]
policy = "everybody"
first_answer_seconds = 3600
resolution_seconds = 86400
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_with_a_label_is_promised_more_and_the_hub_tells_when_it_is_not_kept()
-> Result<()> {
    let mut desk = Desk::begin(POLICIES).await?;
    let mut events = desk.agent.events(None).await?;
    desk.says("hello").await?;
    ensure!(told(&mut events, 1).await? == ["service-promised everybody"]);
    let entry = desk.entry().await?;
    let clocks = &entry["service"]["clocks"];
    ensure!(
        clocks[0]["clock"] == "first-answer" && clocks[0]["target_seconds"] == 3600,
        "{entry}"
    );
    ensure!(
        clocks[0]["due"].is_string() && clocks[1]["clock"] == "resolution",
        "{entry}"
    );
    let id = id_of(&entry)?;
    let interaction = format!("/api/v1/interactions/{id}");
    let put = desk
        .agent
        .put(&format!("{interaction}/labels/vip"), &json!({}))
        .await?;
    ensure!(put["labels"] == json!(["vip"]), "{put}");
    // The first answer counts from the customer's message on; the warning moves it ahead.
    ensure!(
        told(&mut events, 4).await?
            == [
                "service-promised vip",
                "service-warned vip first-answer",
                "priority-changed 30",
                "service-broken vip first-answer",
            ]
    );
    let late = desk.agent.get(&interaction).await?;
    ensure!(
        late["priority"] == 30 && late["service"]["clocks"][0]["broken"] == true,
        "{late}"
    );

    desk.agent.go_ready().await?;
    desk.agent.accept_next().await?;
    desk.agent
        .post(
            &format!("{interaction}/messages"),
            &json!({ "text": "yes?" }),
        )
        .await?;
    ensure!(told(&mut events, 1).await? == ["customer-answered"]);
    let answered = desk.agent.get(&interaction).await?;
    ensure!(answered["service"]["clocks"] == json!([]), "{answered}");
    desk.says("where is my parcel?").await?;
    ensure!(told(&mut events, 1).await? == ["customer-waits"]);

    // What runs out while the power is cut is told once, after it.
    desk.hub.kill()?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    desk.power_is_back().await?;
    let broken = eventually("the broken promise", SOON, async || {
        let now = desk.agent.get(&interaction).await?;
        let clock = now["service"]["clocks"][0].clone();
        Ok((clock["broken"] == true).then_some(clock))
    })
    .await?;
    ensure!(broken["clock"] == "next-answer", "{broken}");
    desk.agent
        .post(
            &format!("{interaction}/messages"),
            &json!({ "text": "here" }),
        )
        .await?;
    let mut again = desk.agent.events(Some(0)).await?;
    let all = told(&mut again, 11).await?;
    ensure!(
        all[6..]
            == [
                "customer-waits",
                "service-warned vip next-answer",
                "priority-changed 60",
                "service-broken vip next-answer",
                "customer-answered",
            ],
        "{all:?}"
    );

    // It is counted in the queue, and in the quarters of an hour.
    let queue = desk.agent.get("/api/v1/queues/support").await?;
    ensure!(queue["open"] == true, "{queue}");
    let times = json!([
        { "clock": "first-answer", "kept": 0, "broken": 1, "share": 0.0 },
        { "clock": "next-answer", "kept": 0, "broken": 1, "share": 0.0 },
    ]);
    ensure!(queue["stats"][0]["service"] == times, "{queue}");
    let intervals = desk.agent.get("/api/v1/queues/support/intervals").await?;
    let intervals = intervals.as_array().context("a list")?;
    let sum: u64 = intervals.iter().filter_map(|i| i["offered"].as_u64()).sum();
    ensure!(sum == 1, "{intervals:?}");
    Ok(())
}

/// Open around the clock, as long as nobody declares an emergency.
const ALWAYS: &str = r#"
[hours.always]
zone = "Europe/Berlin"
everywhere = true
weekly = [{ days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], from = "00:00", to = "24:00" }]
[hours.always.emergency]
messages = [{ text = "We cannot answer today." }]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_clocks_stand_still_while_it_is_closed_also_over_a_restart() -> Result<()> {
    let mut desk = Desk::begin(&format!("{POLICIES}{ALWAYS}")).await?;
    let administrator = desk.hub.administrator()?;
    let mut events = desk.agent.events(None).await?;
    desk.says("hello").await?;
    let open = desk.entry().await?;
    ensure!(open["service"]["paused"] == false, "{open}");
    let switch = "/api/v1/hours/always/emergency";
    administrator.put(switch, &json!({})).await?;
    events.wait_for("queue-closed", SOON).await?;
    let closed = desk.entry().await?;
    ensure!(
        closed["service"]["paused"] == true && closed["service"]["clocks"][0]["due"].is_null(),
        "{closed}"
    );
    desk.power_cut().await?;
    let queue = desk.agent.get("/api/v1/queues/support").await?;
    ensure!(queue["open"] == false, "{queue}");
    let still = desk.entry().await?;
    let elapsed = |entry: &Value| entry["service"]["clocks"][0]["elapsed_seconds"].clone();
    ensure!(elapsed(&still) == elapsed(&closed), "{still}");
    let mut events = desk.agent.events(None).await?;
    let administrator = desk.hub.administrator()?;
    let seen = administrator.ask(Method::DELETE, switch, &[], None).await?;
    ensure!(seen.status.is_success(), "{}", seen.body);
    events.wait_for("queue-opened", SOON).await?;
    let open = desk.entry().await?;
    ensure!(
        open["service"]["paused"] == false && open["service"]["clocks"][0]["due"].is_string(),
        "{open}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_soon_after_the_end_opens_the_interaction_again_where_the_channel_wants_it()
-> Result<()> {
    let mut desk = Desk::begin("").await?;
    let administrator = desk.hub.administrator()?;
    let site = administrator.get("/api/v1/site").await?;
    let mut channel = site["config"]["channels"]["web"].clone();
    channel["reopen_hours"] = json!(73);
    let path = "/api/v1/channels/web";
    let seen = administrator
        .ask(Method::PUT, path, &[], Some(&json!({ "config": channel })))
        .await?;
    ensure!(
        seen.status.as_u16() == 422 && seen.body.to_string().contains("reopen_hours"),
        "{}",
        seen.body
    );
    channel["reopen_hours"] = json!(1);
    administrator
        .put(path, &json!({ "config": channel }))
        .await?;

    desk.says("hello").await?;
    desk.agent.go_ready().await?;
    let first = id_of(&desk.agent.accept_next().await?)?;
    let end = format!("/api/v1/interactions/{first}/end");
    let code = json!({ "disposition": "Processed" });
    desk.agent.post(&end, &code).await?;
    desk.power_cut().await?;
    desk.says("one more thing").await?;
    desk.agent.go_ready().await?;
    let again = desk.agent.accept_next().await?;
    ensure!(again["id"] == first.as_str(), "{again}");
    ensure!(
        again["inbound_count"] == 2
            && again["ended_at"].is_null()
            && again["disposition"].is_null(),
        "{again}"
    );
    let ended = desk.agent.get("/api/v1/interactions?state=ended").await?;
    ensure!(ended["items"] == json!([]), "{ended}");
    desk.agent.post(&end, &code).await?;

    // Without it, what comes after the end is another interaction.
    channel["reopen_hours"] = json!(0);
    administrator
        .put(path, &json!({ "config": channel }))
        .await?;
    desk.says("and another").await?;
    let other = desk.agent.accept_next().await?;
    ensure!(
        other["id"] != first.as_str() && other["inbound_count"] == 1,
        "{other}"
    );
    Ok(())
}
