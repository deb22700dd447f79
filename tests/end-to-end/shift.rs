//! What agents and supervisors do with an interaction between its beginning and its end, over HTTP alone.

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::open_messaging::Said;
use linecard_tests::{Client, Hub, Networks, SOON, SiteOptions, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// A hub whose queue `support` has agent-1, and `second` agent-2; agent-3 is a supervisor.
struct Shift {
    networks: Networks,
    hub: Hub,
    one: Client,
    two: Client,
    boss: Client,
}

impl Shift {
    async fn begin(more: &str) -> Result<Self> {
        let networks = Networks::start().await?;
        let options = SiteOptions {
            agents: 3,
            slots: 2,
            wrap_up: r#"{ mode = "optional" }"#,
            more: format!(
                "[queues.second]\nmembers = [\"agent-2\"]\n[groups.experts]\nmembers = [\"agent-2\"]\n\
                 [stations.social-desk]\nmedia_types = [\"social-direct-message\"]\n{more}"
            ),
            ..SiteOptions::default()
        };
        let hub = networks.hub(BINARY, &options).await?;
        let administrator = hub.administrator()?;
        let boss = json!({
            "config": { "name": "Boss", "role": "supervisor", "password": "env:PASSWORD_AGENT_3" },
        });
        administrator.put("/api/v1/agents/agent-3", &boss).await?;
        let site = administrator.get("/api/v1/site").await?;
        let mut queue = site["config"]["queues"]["support"].clone();
        queue["members"] = json!(["agent-1"]);
        queue["pick_up"] = json!(true);
        administrator
            .put("/api/v1/queues/support", &json!({ "config": queue }))
            .await?;
        let sign_in = async |name: &str| Client::sign_in(&hub.base(), name, name).await;
        let (one, two, boss) = (
            sign_in("agent-1").await?,
            sign_in("agent-2").await?,
            sign_in("agent-3").await?,
        );
        Ok(Self {
            networks,
            hub,
            one,
            two,
            boss,
        })
    }

    async fn says(&self, who: &str, text: &str) -> Result<()> {
        let said = self.networks.web.say(who, Said::text(text)).await;
        ensure!(said.acknowledged, "{said:?}");
        Ok(())
    }

    /// agent-1 has a conversation with somebody.
    async fn conversation(&self, who: &str) -> Result<String> {
        self.says(who, "hello").await?;
        let taken = self.one.accept_next().await?;
        Ok(taken["id"].as_str().context("id")?.to_owned())
    }
}

fn to(id: &str, verb: &str) -> String {
    format!("/api/v1/interactions/{id}/{verb}")
}

async fn state(client: &Client, id: &str) -> Result<(String, Value)> {
    let now = client.get(&format!("/api/v1/interactions/{id}")).await?;
    let state = now["state"].as_str().context("state")?.to_owned();
    Ok((state, now["agent"].clone()))
}

/// The type of the problem and the status with which something is refused.
async fn refused(client: &Client, path: &str, body: Value) -> Result<(u16, String)> {
    let seen = client.ask(Method::POST, path, &[], Some(&body)).await?;
    let kind = seen.body["type"].as_str().unwrap_or_default();
    let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
    Ok((seen.status.as_u16(), kind))
}

async fn offer_of(client: &Client) -> Result<Value> {
    eventually("an offer", SOON, async || {
        let offers = client.get("/api/v1/offers").await?;
        Ok(offers.get(0).cloned())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interaction_is_held_parked_and_comes_back_when_the_customer_writes() -> Result<()> {
    let mut shift = Shift::begin("").await?;
    shift.one.go_ready().await?;
    let id = shift.conversation("dora").await?;
    let held = shift.one.post(&to(&id, "hold"), &json!({})).await?;
    ensure!(held["state"] == "held", "{held}");
    // What is on hold can still be answered.
    let message = format!("/api/v1/interactions/{id}/messages");
    shift
        .one
        .post(&message, &json!({ "text": "one moment" }))
        .await?;
    let resumed = shift.one.post(&to(&id, "resume"), &json!({})).await?;
    ensure!(resumed["state"] == "connected", "{resumed}");

    let past = json!({ "until": "2020-01-01T00:00:00Z" });
    ensure!(refused(&shift.one, &to(&id, "park"), past).await? == (422, "invalid-until".into()));
    let parked = shift.one.post(&to(&id, "park"), &json!({})).await?;
    ensure!(
        parked["state"] == "parked" && parked["waiting_for"] == "customer",
        "{parked}"
    );
    let mine = shift
        .one
        .get("/api/v1/interactions?state=parked&agent=me")
        .await?;
    ensure!(mine["items"][0]["id"] == id.as_str(), "{mine}");
    let stats = shift.one.get("/api/v1/agents/me").await?;
    ensure!(
        stats["stats"]["in_hand"] == 0 && stats["stats"]["parked"] == 1,
        "{stats}"
    );

    // It is still parked after the power was cut.
    shift.hub.kill()?;
    shift.hub.launch().await?;
    shift.networks.connect(&shift.hub).await?;
    shift.one = Client::sign_in(&shift.hub.base(), "agent-1", "agent-1").await?;
    ensure!(state(&shift.one, &id).await?.0 == "parked");
    shift.one.go_ready().await?;
    shift.says("dora", "are you there?").await?;
    let offer = offer_of(&shift.one).await?;
    ensure!(offer["interaction"]["id"] == id.as_str(), "{offer}");
    let back = shift.one.accept_next().await?;
    ensure!(back["inbound_count"] == 2, "{back}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_goes_to_another_queue_and_can_be_judged_before() -> Result<()> {
    let shift = Shift::begin("").await?;
    shift.one.go_ready().await?;
    let id = shift.conversation("dora").await?;
    ensure!(refused(&shift.two, &to(&id, "hold"), json!({})).await? == (404, "not-found".into()));
    shift.two.go_ready().await?;
    let targets = shift.one.get(&to(&id, "transfer-targets")).await?;
    let second = targets["queues"]
        .as_array()
        .and_then(|queues| queues.iter().find(|queue| queue["queue"] == "second"))
        .context("second")?;
    ensure!(second["available"] == 1, "{targets}");
    let agents = targets["agents"].as_array().context("agents")?;
    let two = agents
        .iter()
        .find(|agent| agent["agent"] == "agent-2")
        .context("agent-2")?;
    ensure!(two["available"] == true, "{targets}");
    for (body, problem) in [
        (json!({}), "invalid"),
        (json!({ "queue": "second", "agent": "agent-2" }), "invalid"),
        (json!({ "queue": "nowhere" }), "unknown-queue"),
        (json!({ "group": "nobody" }), "unknown-group"),
        (json!({ "agent": "agent-1" }), "takes-part"),
    ] {
        let (_, kind) = refused(&shift.one, &to(&id, "transfer"), body).await?;
        ensure!(kind == problem, "{kind} instead of {problem}");
    }
    let mut events = shift.two.events(None).await?;
    let given = shift
        .one
        .post(&to(&id, "transfer"), &json!({ "queue": "second" }))
        .await?;
    ensure!(given["queue"] == "second", "{given}");
    events.wait_for("interaction-transferred", SOON).await?;
    let taken = shift.two.accept_next().await?;
    ensure!(
        taken["id"] == id.as_str() && taken["last_agent"] == "agent-2",
        "{taken}"
    );
    // All that was said came with it.
    let said = shift.two.get(&to(&id, "messages")).await?;
    ensure!(
        said["items"].as_array().is_some_and(|m| m.len() == 1),
        "{said}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_asked_sees_everything_and_gets_it() -> Result<()> {
    let shift = Shift::begin("").await?;
    shift.one.go_ready().await?;
    let id = shift.conversation("dora").await?;
    let ask = json!({ "agent": "agent-2" });
    let away = refused(&shift.one, &to(&id, "consult"), ask.clone()).await?;
    ensure!(away == (409, "agent-unavailable".into()), "{away:?}");
    shift.two.go_ready().await?;
    let asked = shift.one.post(&to(&id, "consult"), &ask).await?;
    ensure!(asked["legs"][0]["role"] == "consultant", "{asked}");
    ensure!(
        asked["legs"][0].get("offer").is_none(),
        "it is not the owner's: {asked}"
    );
    let offer = offer_of(&shift.two).await?;
    ensure!(offer["role"] == "consultant", "{offer}");
    let advises = shift.two.accept_next().await?;
    ensure!(
        advises["state"] == "connected" && advises["agent"] == "agent-1",
        "{advises}"
    );
    shift.two.get(&to(&id, "messages")).await?;
    let speaks = refused(&shift.two, &to(&id, "messages"), json!({ "text": "hi" })).await?;
    ensure!(
        speaks.1 == "not-yours",
        "a consultant does not answer: {speaks:?}"
    );
    let ends = refused(&shift.two, &to(&id, "end"), json!({})).await?;
    ensure!(ends.1 == "not-yours", "{ends:?}");

    shift.one.post(&to(&id, "consult/complete"), &ask).await?;
    ensure!(state(&shift.two, &id).await? == ("connected".into(), json!("agent-2")));
    let sent = json!({ "text": "I am an expert" });
    shift.two.post(&to(&id, "messages"), &sent).await?;
    // One that is sent away sees it no more.
    shift
        .two
        .post(&to(&id, "consult"), &json!({ "agent": "agent-1" }))
        .await?;
    let back = json!({ "agent": "agent-1" });
    shift.one.accept_next().await?;
    shift.two.post(&to(&id, "consult/cancel"), &back).await?;
    let again = refused(&shift.two, &to(&id, "consult/cancel"), back).await?;
    ensure!(again == (409, "no-such-leg".into()), "{again:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_watches_takes_over_and_pauses() -> Result<()> {
    let shift = Shift::begin("").await?;
    shift.one.go_ready().await?;
    let id = shift.conversation("dora").await?;
    shift.two.go_ready().await?;
    for verb in ["monitor", "take-over"] {
        let (status, _) = refused(&shift.two, &to(&id, verb), json!({})).await?;
        ensure!(status == 404, "{verb}: not even seen");
        let own = refused(&shift.one, &to(&id, verb), json!({})).await?;
        ensure!(own == (403, "not-allowed".into()), "{verb}: {own:?}");
    }
    shift.boss.go_ready().await?;
    let watched = shift.boss.post(&to(&id, "monitor"), &json!({})).await?;
    ensure!(watched["legs"][0]["role"] == "observer", "{watched}");
    shift.boss.post(&to(&id, "leave"), &json!({})).await?;
    let taken = shift.boss.post(&to(&id, "take-over"), &json!({})).await?;
    ensure!(taken["agent"] == "agent-3", "{taken}");
    shift
        .boss
        .post(&to(&id, "transfer"), &json!({ "agent": "agent-1" }))
        .await?;
    shift.one.accept_next().await?;

    let pause = "/api/v1/queues/support/pause";
    ensure!(refused(&shift.one, pause, json!({})).await?.0 == 403);
    shift.boss.post(pause, &json!({})).await?;
    shift.says("emil", "hello").await?;
    let waiting = eventually("what waits", SOON, async || {
        let list = shift.one.get("/api/v1/interactions?state=queued").await?;
        Ok(list["items"][0]["id"].as_str().map(str::to_owned))
    })
    .await?;
    let why = shift.one.get(&to(&waiting, "explain")).await?;
    ensure!(why["queue_paused"] == true, "{why}");
    let own = shift.one.get("/api/v1/agents/me/explain").await?;
    ensure!(
        own["agent"] == "agent-1" && own["queues"][0]["paused"] == true,
        "{own}"
    );
    let made = shift.one.get(&to(&id, "decisions")).await?;
    ensure!(
        made.as_array().is_some_and(|made| made.len() == 2),
        "{made}"
    );
    ensure!(made[0]["choice"]["selection"] == "longest-idle", "{made}");
    let queue = shift.boss.get("/api/v1/queues/support").await?;
    ensure!(queue["paused"] == true, "{queue}");
    // Whoever wants it takes it all the same: the queue lets its members.
    let picked = shift.one.post(&to(&waiting, "pick-up"), &json!({})).await?;
    ensure!(
        picked["state"] == "connected" && picked["agent"] == "agent-1",
        "{picked}"
    );
    shift
        .boss
        .post("/api/v1/queues/support/resume", &json!({}))
        .await?;
    shift
        .boss
        .post(&to(&id, "prioritize"), &json!({ "priority": 20 }))
        .await?;
    shift
        .boss
        .post(&to(&id, "transfer"), &json!({ "queue": "second" }))
        .await?;
    let actions: Vec<String> = shift
        .hub
        .administrator()?
        .all("/api/v1/audit", "before")
        .await?
        .iter()
        .filter_map(|entry| entry["action"].as_str().map(str::to_owned))
        .collect();
    for action in [
        "interaction.monitor",
        "interaction.take-over",
        "interaction.transfer",
        "interaction.prioritize",
        "queue.pause",
    ] {
        ensure!(
            actions.iter().any(|seen| seen == action),
            "{action}: {actions:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_again_comes_back_to_the_agent_who_knows_them() -> Result<()> {
    let shift = Shift::begin("").await?;
    // Both are members of the queue, and agent-2 has been idle longer.
    let administrator = shift.hub.administrator()?;
    let site = administrator.get("/api/v1/site").await?;
    let mut queue = site["config"]["queues"]["support"].clone();
    queue["members"] = json!(["agent-1", "agent-2"]);
    administrator
        .put("/api/v1/queues/support", &json!({ "config": queue }))
        .await?;
    shift.one.go_ready().await?;
    let id = shift.conversation("dora").await?;
    shift.one.post(&to(&id, "end"), &json!({})).await?;
    shift.two.go_ready().await?;
    // agent-1 gets a stranger, agent-2 nothing: by idle time Dora would be agent-2's.
    shift
        .two
        .put(
            "/api/v1/agents/me/presence",
            &json!({ "state": "not-ready", "reason": "Pause" }),
        )
        .await?;
    let stranger = shift.conversation("emil").await?;
    shift.two.go_ready().await?;
    shift.says("fritz", "hello").await?;
    let offer = offer_of(&shift.two).await?;
    ensure!(
        offer["agent"] == "agent-2",
        "the one with nothing in hand: {offer}"
    );
    shift.two.accept_next().await?;
    shift
        .two
        .post(
            &to(offer["interaction"]["id"].as_str().context("id")?, "end"),
            &json!({}),
        )
        .await?;
    shift.says("dora", "one more thing").await?;
    let offer = offer_of(&shift.one).await?;
    ensure!(offer["interaction"]["id"] != stranger.as_str(), "{offer}");
    let again = shift.one.accept_next().await?;
    ensure!(again["id"] != id.as_str(), "a new one: {again}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn work_elsewhere_and_stations_count() -> Result<()> {
    let shift = Shift::begin("").await?;
    let administrator = shift.hub.administrator()?;
    let site = administrator.get("/api/v1/site").await?;
    let mut agent = site["config"]["agents"]["agent-1"].clone();
    agent["percent"] = json!({ "call": 100, "social-direct-message": 50 });
    administrator
        .put("/api/v1/agents/agent-1", &json!({ "config": agent }))
        .await?;
    shift.one.go_ready().await?;
    let call = "/api/v1/agents/me/external/call-17";
    let begun = json!({ "media_type": "call" });
    shift.one.put(call, &begun).await?;
    let hers = "/api/v1/agents/agent-1/external/call-17";
    let other = shift.two.ask(Method::PUT, hers, &[], Some(&begun)).await?;
    ensure!(other.status == 403, "{other:?}");
    shift.says("dora", "hello").await?;
    let waiting = eventually("what waits", SOON, async || {
        let list = shift.one.get("/api/v1/interactions?state=queued").await?;
        Ok(list["items"][0]["id"].as_str().map(str::to_owned))
    })
    .await?;
    let why = shift.one.get(&to(&waiting, "explain")).await?;
    ensure!(
        why["members"][0]["obstacles"][0]["type"] == "no-percent-left",
        "{why}"
    );
    let ended = shift.one.ask(Method::DELETE, call, &[], None).await?;
    ensure!(ended.status == 204, "{ended:?}");
    let offer = offer_of(&shift.one).await?;
    ensure!(offer["interaction"]["id"] == waiting.as_str(), "{offer}");
    shift.one.accept_next().await?;

    // Without a right to it nobody gets any, until they sit where there is one.
    agent["media_types"] = json!(["chat"]);
    administrator
        .put("/api/v1/agents/agent-1", &json!({ "config": agent }))
        .await?;
    shift.says("emil", "hello").await?;
    let waiting = eventually("what waits", SOON, async || {
        let list = shift.one.get("/api/v1/interactions?state=queued").await?;
        Ok(list["items"][0]["id"].as_str().map(str::to_owned))
    })
    .await?;
    let station = "/api/v1/agents/agent-1/station";
    let attic = json!({ "station": "attic" });
    let nowhere = shift
        .one
        .ask(Method::PUT, station, &[], Some(&attic))
        .await?;
    ensure!(nowhere.status == 422, "{nowhere:?}");
    shift
        .one
        .put(station, &json!({ "station": "social-desk" }))
        .await?;
    let offer = offer_of(&shift.one).await?;
    ensure!(offer["interaction"]["id"] == waiting.as_str(), "{offer}");
    Ok(())
}
