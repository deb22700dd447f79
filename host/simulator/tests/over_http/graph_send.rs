//! The Send API over real HTTP: what it takes, what it refuses, and the faults.

use std::time::Duration;

use linecard_simulator::graph::GraphError;
use linecard_simulator::graph::Incoming;
use linecard_simulator::{
    Author, Direction, Fault, FaultPlan, GraphOptions, GraphSimulator, Profile, Reachability,
};
use reqwest::{Client, Response};
use serde_json::{Value, json};

const PSID: &str = "1234567890123456";

struct Page {
    simulator: GraphSimulator,
    client: Client,
}

impl Page {
    /// A page that PSID has written to.
    async fn start() -> anyhow::Result<Self> {
        Self::with(GraphOptions::default()).await
    }

    async fn with(options: GraphOptions) -> anyhow::Result<Self> {
        let simulator = GraphSimulator::start(options).await?;
        simulator.add_customer(PSID, Profile::named("Ada", "Brooks"));
        let delivery = simulator.say(PSID, Incoming::text("Hello")).await;
        assert!(!delivery.acknowledged, "there is no callback yet");
        Ok(Self {
            simulator,
            client: Client::builder().no_proxy().build()?,
        })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v27.0/{path}", self.simulator.base_url())
    }

    async fn post(&self, body: &Value) -> anyhow::Result<Response> {
        Ok(self
            .client
            .post(self.url("me/messages"))
            .bearer_auth("simulated-page-token")
            .timeout(Duration::from_secs(2))
            .json(body)
            .send()
            .await?)
    }

    async fn send(&self, message: Value) -> anyhow::Result<(u16, Value)> {
        let body = json!({
            "recipient": { "id": PSID },
            "messaging_type": "RESPONSE",
            "message": message,
        });
        self.send_body(&body).await
    }

    async fn send_body(&self, body: &Value) -> anyhow::Result<(u16, Value)> {
        let response = self.post(body).await?;
        Ok((response.status().as_u16(), response.json().await?))
    }

    async fn get(&self, path: &str) -> anyhow::Result<(u16, Value)> {
        let response = self
            .client
            .get(self.url(path))
            .bearer_auth("simulated-page-token")
            .send()
            .await?;
        Ok((response.status().as_u16(), response.json().await?))
    }
}

fn code(answer: &Value) -> (u64, Option<u64>) {
    (
        answer["error"]["code"].as_u64().unwrap_or_default(),
        answer["error"]["error_subcode"].as_u64(),
    )
}

#[tokio::test]
async fn a_text_reaches_the_customer_once() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let (status, answer) = page
        .send(json!({ "text": "Good morning", "metadata": "out-1" }))
        .await?;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["recipient_id"], PSID);
    let delivered = page.simulator.customers().delivered(PSID);
    assert_eq!(delivered.len(), 1);
    assert_eq!(answer["message_id"], delivered[0].message_id.as_str());
    assert_eq!(delivered[0].text, "Good morning");
    assert_eq!(delivered[0].reference.as_deref(), Some("out-1"));
    // The same again is a duplicate that the customer sees.
    page.send(json!({ "text": "Good morning", "metadata": "out-1" }))
        .await?;
    let customer = page.simulator.customer(PSID).expect("she exists");
    assert_eq!(customer.duplicates(), ["out-1"]);
    assert_eq!(customer.conversation[0].author, Author::Customer);
    page.simulator.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn tokens_are_checked_in_every_place_where_clients_put_them() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let body = json!({ "recipient": { "id": PSID }, "message": { "text": "Hi" } });
    let url = page.url("100000000000001/messages");
    let none = page.client.post(&url).json(&body).send().await?;
    assert_eq!(none.status(), 400);
    assert_eq!(code(&none.json().await?), (2500, None));
    let wrong = page.client.post(&url).bearer_auth("other").json(&body);
    let wrong = wrong.send().await?;
    assert_eq!(wrong.status(), 401);
    assert_eq!(code(&wrong.json().await?), (190, None));
    let query = format!("{url}?access_token=simulated-page-token");
    assert_eq!(
        page.client.post(query).json(&body).send().await?.status(),
        200
    );
    let form = [
        ("recipient", json!({ "id": PSID }).to_string()),
        ("message", json!({ "text": "by form" }).to_string()),
        ("access_token", "simulated-page-token".to_owned()),
    ];
    assert_eq!(
        page.client.post(&url).form(&form).send().await?.status(),
        200
    );
    let shown = serde_json::to_string(&page.simulator.record().entries())?;
    assert!(!shown.contains("simulated-page-token"), "{shown}");
    page.simulator.set_access_token("rotated");
    assert_eq!(page.send(json!({ "text": "Hi" })).await?.0, 401);
    Ok(())
}

#[tokio::test]
async fn what_the_network_refuses_is_refused_and_has_no_effect() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let reply = |title: &str| json!({ "content_type": "text", "title": title, "payload": "P" });
    let refused = [
        json!({ "text": "x".repeat(2001) }),
        json!({ "text": "" }),
        json!({ "text": 7 }),
        json!({}),
        json!({ "text": "t", "attachment": { "type": "image", "payload": { "url": "https://e.com/a.png" } } }),
        json!({ "text": "t", "quick_replies": vec![reply("a"); 14] }),
        json!({ "text": "t", "quick_replies": [reply("a title of 21 letters")] }),
        json!({ "text": "t", "quick_replies": [{ "content_type": "location" }] }),
        json!({ "attachment": { "type": "image", "payload": {} } }),
        json!({ "attachment": { "type": "image", "payload": { "url": "not a url" } } }),
        json!({ "attachment": { "type": "image", "payload": { "attachment_id": "1" } } }),
        json!({ "attachment": { "type": "picture", "payload": { "url": "https://e.com/a.png" } } }),
        json!({ "attachment": { "type": "template", "payload": { "template_type": "button", "text": "t", "buttons": [] } } }),
        json!({ "text": "t", "metadata": "m".repeat(1001) }),
        json!({ "text": "t", "reply_to": { "mid": "m_unknown" } }),
    ];
    for message in refused {
        let (status, answer) = page.send(message.clone()).await?;
        assert_eq!(
            (status, code(&answer)),
            (400, (100, None)),
            "{message}: {answer}"
        );
        let error = &answer["error"];
        assert_eq!(error["type"], "OAuthException");
        assert!(error["fbtrace_id"].is_string() && error["message"].is_string());
    }
    let bodies = [
        (
            json!({ "recipient": {}, "message": { "text": "t" } }),
            (100, None),
        ),
        (
            json!({ "recipient": { "id": "42" }, "message": { "text": "t" } }),
            (100, Some(2_018_001)),
        ),
        (
            json!({ "recipient": { "id": PSID }, "message": { "text": "t" }, "sender_action": "typing_on" }),
            (100, None),
        ),
        (
            json!({ "recipient": { "id": PSID }, "message": { "text": "t" }, "messaging_type": "REPLY" }),
            (100, None),
        ),
        (
            json!({ "recipient": { "id": PSID }, "message": { "text": "t" }, "messaging_type": "MESSAGE_TAG" }),
            (100, None),
        ),
        (
            json!({ "recipient": { "id": PSID }, "message": { "text": "t" }, "tag": "HUMAN_AGENT" }),
            (100, None),
        ),
        (
            json!({ "recipient": { "id": PSID }, "sender_action": "wave" }),
            (100, None),
        ),
    ];
    for (body, expected) in bodies {
        let (status, answer) = page.send_body(&body).await?;
        assert_eq!((status, code(&answer)), (400, expected), "{body}: {answer}");
    }
    assert!(page.simulator.customers().delivered(PSID).is_empty());
    let other = page.client.post(page.url("999/messages"));
    let other = other
        .bearer_auth("simulated-page-token")
        .json(&json!({}))
        .send()
        .await?;
    let other: Value = other.json().await?;
    assert_eq!(code(&other), (100, Some(33)));
    assert_eq!(other["error"]["type"], "GraphMethodException");
    Ok(())
}

#[tokio::test]
async fn what_is_within_the_limits_is_taken() -> anyhow::Result<()> {
    let page = Page::start().await?;
    // 2000 code points, each of two UTF-16 units and four bytes.
    let (status, answer) = page.send(json!({ "text": "😀".repeat(2000) })).await?;
    assert_eq!(status, 200, "{answer}");
    let replies =
        vec![json!({ "content_type": "text", "title": "t".repeat(20), "payload": "P" }); 13];
    let (status, _) = page
        .send(json!({ "text": "choose", "quick_replies": replies }))
        .await?;
    assert_eq!(status, 200);
    let upload = json!({ "message": { "attachment": {
        "type": "file", "payload": { "url": "https://example.com/a.pdf", "is_reusable": true } } } });
    let upload = page
        .client
        .post(page.url("me/message_attachments"))
        .bearer_auth("simulated-page-token")
        .json(&upload)
        .send()
        .await?;
    let upload: Value = upload.json().await?;
    let attachment =
        json!({ "type": "file", "payload": { "attachment_id": upload["attachment_id"] } });
    let (status, answer) = page.send(json!({ "attachment": attachment })).await?;
    assert_eq!(status, 200, "{answer}");
    let wrong_type =
        json!({ "type": "image", "payload": { "attachment_id": upload["attachment_id"] } });
    assert_eq!(page.send(json!({ "attachment": wrong_type })).await?.0, 400);
    let mid = answer["message_id"].clone();
    let react = json!({ "recipient": { "id": PSID }, "sender_action": "react",
        "payload": { "message_id": mid, "reaction": "love" } });
    assert_eq!(page.send_body(&react).await?.0, 200);
    let (status, _) = page
        .send(json!({ "text": "about that", "reply_to": { "mid": mid } }))
        .await?;
    assert_eq!(status, 200);
    let typing = json!({ "recipient": { "id": PSID }, "sender_action": "typing_on" });
    assert_eq!(
        page.send_body(&typing).await?.1,
        json!({ "recipient_id": PSID })
    );
    let customer = page.simulator.customer(PSID).expect("she exists");
    assert_eq!(customer.signals, ["typing_on"]);
    assert_eq!(customer.delivered().count(), 4);
    assert_eq!(customer.conversation[3].reactions.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_file_may_come_along_as_multipart() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let boundary = "frontier";
    let png = "PNG!".repeat(1_000_000);
    let part = |head: &str, body: &str| {
        format!("--{boundary}\r\ncontent-disposition: form-data; {head}\r\n\r\n{body}\r\n")
    };
    let body = [
        part("name=\"recipient\"", &json!({ "id": PSID }).to_string()),
        part(
            "name=\"message\"",
            &json!({ "attachment": { "type": "image", "payload": {} } }).to_string(),
        ),
        part(
            "name=\"filedata\"; filename=\"a.png\"\r\ncontent-type: image/png",
            &png,
        ),
        format!("--{boundary}--\r\n"),
    ]
    .concat();
    let response = page
        .client
        .post(page.url("me/messages"))
        .bearer_auth("simulated-page-token")
        .header(
            "content-type",
            format!("multipart/form-data; boundary={boundary}"),
        )
        .body(body)
        .send()
        .await?;
    assert_eq!(response.status(), 200, "{}", response.text().await?);
    let delivered = page.simulator.customers().delivered(PSID);
    let url = delivered[0].attachments[0]["payload"]["url"]
        .as_str()
        .expect("an address");
    let file = page.client.get(url).send().await?;
    assert_eq!(file.headers()["content-type"], "image/png");
    assert_eq!(file.text().await?, png);
    Ok(())
}

#[tokio::test]
async fn the_window_closes_and_the_human_agent_tag_opens_it_for_a_week() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let clock = page.simulator.clock().clone();
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let tagged = |tag: &str| {
        json!({ "recipient": { "id": PSID }, "messaging_type": "MESSAGE_TAG", "tag": tag,
            "message": { "text": "late" } })
    };
    clock.advance(hours(23));
    assert_eq!(page.send(json!({ "text": "in time" })).await?.0, 200);
    clock.advance(hours(2));
    let (status, answer) = page.send(json!({ "text": "late" })).await?;
    assert_eq!((status, code(&answer)), (400, (10, Some(2_018_278))));
    assert_eq!(page.send_body(&tagged("HUMAN_AGENT")).await?.0, 200);
    let (_, answer) = page.send_body(&tagged("ACCOUNT_UPDATE")).await?;
    assert_eq!(code(&answer), (100, None));
    assert_eq!(answer["error"]["error_user_title"], "Invalid message tag");
    clock.advance(hours(24 * 7));
    let (_, answer) = page.send_body(&tagged("HUMAN_AGENT")).await?;
    assert_eq!(code(&answer), (10, Some(2_018_278)));
    // A receipt does not open the window, a message does.
    page.simulator.say(PSID, Incoming::Read).await;
    assert_eq!(page.send(json!({ "text": "late" })).await?.0, 400);
    page.simulator
        .say(PSID, Incoming::text("still there?"))
        .await;
    assert_eq!(page.send(json!({ "text": "yes" })).await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn people_who_cannot_be_reached() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let customers = page.simulator.customers();
    customers.set_reachability(PSID, Reachability::Unavailable);
    let (_, answer) = page.send(json!({ "text": "Hi" })).await?;
    assert_eq!(code(&answer), (551, Some(1_545_041)));
    customers.set_reachability(PSID, Reachability::Blocked);
    let (_, answer) = page.send(json!({ "text": "Hi" })).await?;
    assert_eq!(code(&answer), (10, Some(2_018_108)));
    assert!(customers.delivered(PSID).is_empty());
    Ok(())
}

#[tokio::test]
async fn faults_strike_before_or_after_the_effect() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let faults = page.simulator.faults();
    let count = || page.simulator.customers().delivered(PSID).len();
    let text = json!({ "recipient": { "id": PSID }, "message": { "text": "Hi" } });

    faults.next_on(
        "send",
        1,
        GraphError::rate_limited_80006("100000000000001", 7).fault(),
    );
    let limited = page.post(&text).await?;
    assert_eq!(limited.status(), 400);
    let usage: Value =
        serde_json::from_str(limited.headers()["x-business-use-case-usage"].to_str()?)?;
    assert_eq!(
        usage["100000000000001"][0]["estimated_time_to_regain_access"],
        7
    );
    faults.next_on("send", 1, Fault::too_many_requests(30));
    let limited = page.post(&text).await?;
    assert_eq!(
        (limited.status().as_u16(), &limited.headers()["retry-after"]),
        (429, &"30".parse()?)
    );
    faults.next_on("send", 1, Fault::html_502());
    assert!(page.post(&text).await?.text().await?.contains("<html>"));
    faults.next_on("send", 1, GraphError::transient_1().fault());
    let transient: Value = page.post(&text).await?.json().await?;
    assert_eq!(transient["error"]["is_transient"], true);
    faults.next_on("send", 1, Fault::TimeoutBeforeEffect);
    assert!(page.post(&text).await.is_err());
    assert_eq!(count(), 0, "nothing of that has an effect");

    faults.next_on("send", 1, Fault::TimeoutAfterEffect);
    let late = page.post(&text).await.expect_err("no answer may come");
    assert!(
        late.downcast_ref::<reqwest::Error>()
            .is_some_and(reqwest::Error::is_timeout)
    );
    assert_eq!(count(), 1);
    faults.next_on("send", 1, Fault::CloseMidAnswer);
    let broken = page.post(&text).await?;
    assert_eq!(broken.status(), 200);
    assert!(broken.bytes().await.is_err(), "the body must break off");
    assert_eq!(count(), 2);
    faults.next_on("send", 1, Fault::garbage());
    assert!(page.post(&text).await?.json::<Value>().await.is_err());
    faults.next_on("send", 1, Fault::empty_body());
    assert_eq!(page.post(&text).await?.text().await?, "");
    assert_eq!(count(), 4);
    assert_eq!(
        page.post(&text).await?.status(),
        200,
        "all faults are used up"
    );
    let tally = page.simulator.record().tally(Direction::FromHub, "send");
    assert_eq!(tally.started, 10);
    assert_eq!(faults.struck(), 9);
    Ok(())
}

#[tokio::test]
async fn the_page_is_throttled_by_its_own_limit() -> anyhow::Result<()> {
    let page = Page::with(GraphOptions {
        hourly_calls: Some(4),
        ..GraphOptions::default()
    })
    .await?;
    for _ in 0..4 {
        assert_eq!(page.get("me").await?.0, 200);
    }
    let (status, answer) = page.get("me").await?;
    assert_eq!((status, code(&answer)), (400, (80006, None)));
    page.simulator.clock().advance(Duration::from_secs(3700));
    assert_eq!(page.get("me").await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn profiles_and_conversations_can_be_read_page_by_page() -> anyhow::Result<()> {
    let page = Page::start().await?;
    assert_eq!(
        page.get("me?fields=id,name").await?.1["name"],
        "Simulated Page"
    );
    let (_, profile) = page
        .get(&format!("{PSID}?fields=first_name,last_name,locale"))
        .await?;
    assert_eq!(
        profile,
        json!({ "id": PSID, "first_name": "Ada", "last_name": "Brooks" })
    );
    assert_eq!(code(&page.get("77").await?.1), (100, Some(33)));
    let hidden = Profile {
        hidden: true,
        ..Profile::named("No", "Body")
    };
    page.simulator.add_customer("88", hidden);
    assert_eq!(code(&page.get("88").await?.1), (100, Some(33)));

    for psid in ["201", "202", "203"] {
        page.simulator
            .say(psid, Incoming::text(format!("I am {psid} ä")))
            .await;
    }
    page.send(json!({ "text": "answer" })).await?;
    let fields = "participants,messages.limit(1){id,created_time,from,to,message,attachments}";
    let first = format!("me/conversations?platform=messenger&limit=2&fields={fields}");
    let (status, mut answer) = page.get(&first).await?;
    assert_eq!(status, 200, "{answer}");
    let mut found = Vec::new();
    loop {
        for conversation in answer["data"].as_array().into_iter().flatten() {
            found.push(conversation["participants"]["data"][0]["id"].clone());
            assert_eq!(
                conversation["messages"]["data"].as_array().map(Vec::len),
                Some(1)
            );
        }
        let Some(next) = answer["paging"]["next"].as_str() else {
            break;
        };
        let next = page.client.get(next).bearer_auth("simulated-page-token");
        answer = next.send().await?.json().await?;
    }
    found.sort_by_key(ToString::to_string);
    assert_eq!(
        found,
        [json!(PSID), json!("201"), json!("202"), json!("203")]
    );
    let conversation = format!("t_{PSID}/messages?fields=message,from&limit=1");
    let (_, newest) = page.get(&conversation).await?;
    assert_eq!(newest["data"][0]["message"], "answer");
    assert_eq!(newest["data"][0]["from"]["id"], "100000000000001");
    assert!(newest["paging"]["next"].is_string());
    assert_eq!(
        code(&page.get("me/conversations?fields=nonsense").await?.1),
        (100, None)
    );
    Ok(())
}

#[tokio::test]
async fn everything_can_be_steered_over_http() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let sim = |path: &str| format!("{}/_sim/{path}", page.simulator.base_url());
    let post = |path: &str, body: Value| page.client.post(sim(path)).json(&body).send();
    let created = post(
        "customers",
        json!({ "id": "9", "profile": { "first_name": "Zoe" } }),
    )
    .await?;
    assert_eq!(created.status(), 201);
    let said = post("customers/9/say", json!({ "type": "text", "text": "Hi" })).await?;
    assert_eq!(said.json::<Value>().await?["acknowledged"], false);
    let plan = json!({ "fault": "expired_token", "times": 1, "operation": "send" });
    assert_eq!(post("faults", plan).await?.status(), 204);
    let unknown = post("faults", json!({ "fault": "earthquake" })).await?;
    assert_eq!(unknown.status(), 400);
    let (status, answer) = page.send(json!({ "text": "Hi" })).await?;
    assert_eq!((status, code(&answer)), (401, (190, Some(463))));
    page.send(json!({ "text": "Hi again" })).await?;
    let delivered = page
        .client
        .get(sim(&format!("customers/{PSID}/delivered")))
        .send()
        .await?;
    assert_eq!(
        delivered.json::<Value>().await?["delivered"][0]["text"],
        "Hi again"
    );
    let record = page
        .client
        .get(sim("record?operation=send&direction=from_hub"))
        .send()
        .await?;
    let record: Value = record.json().await?;
    assert_eq!(record["entries"].as_array().map(Vec::len), Some(2));
    assert_eq!(record["entries"][0]["status"], 401);
    let clock = post("clock", json!({ "advance_ms": 90_000_000 })).await?;
    assert_eq!(clock.json::<Value>().await?["offset_ms"], 90_000_000);
    assert_eq!(
        code(&page.send(json!({ "text": "late" })).await?.1),
        (10, Some(2_018_278))
    );
    let plan = FaultPlan::probability(1.0, Fault::unavailable_503());
    page.simulator.faults().plan(plan);
    assert_eq!(page.post(&json!({})).await?.status(), 503);
    page.client.delete(sim("faults")).send().await?;
    assert_eq!(page.post(&json!({})).await?.status(), 400);
    Ok(())
}
