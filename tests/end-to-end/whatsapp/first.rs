//! A first message by the company: who may write it, to whom, and that it is written once.

use super::*;

const PATH: &str = "/api/v1/interactions";

fn template() -> Value {
    let words = ["Ada", "A-7"].map(|word| json!({ "type": "text", "text": word }));
    json!({ "kind": "template", "content": { "name": "order_update", "language": "en_US",
        "components": [{ "type": "body", "parameters": words }] } })
}

impl Shop {
    /// Gives the agent a role.
    async fn promote(&self, role: &str) -> Result<Value> {
        let config = json!({ "name": "agent-1", "role": role, "password": "env:PASSWORD",
            "slots": { "social-direct-message": 3 } });
        let administrator = self.hub.administrator()?;
        administrator
            .put("/api/v1/agents/agent-1", &json!({ "config": config }))
            .await
    }

    /// The kind of problem with which a first message is refused.
    async fn refused(&self, body: &Value) -> Result<Value> {
        let seen = self.agent.ask(Method::POST, PATH, &[], Some(body)).await?;
        ensure!(seen.status.is_client_error(), "{seen:?}");
        let kind = seen.body["type"].as_str().context("a type")?;
        let kind = kind.trim_start_matches("/problems/").to_owned();
        let mut body = seen.body;
        body["type"] = json!(kind);
        Ok(body)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_company_writes_first_to_whom_agreed_and_the_answer_comes_to_who_wrote() -> Result<()> {
    let shop = Shop::open(WhatsAppOptions::default()).await?;
    shop.templates().await?;
    shop.say(long_ago("a question from yesterday")).await?;
    let before = shop.agent.accept_next().await?;
    let contact = before["contact"].as_str().context("a contact")?;
    let mut text = json!({ "contact": contact, "channel": "wa", "text": "Your parcel is here." });
    let written = json!({ "contact": contact, "channel": "wa", "structured": template() });

    // Others answer; they do not begin.
    ensure!(shop.refused(&written).await?["type"] == "not-allowed");
    shop.promote("supervisor").await?;
    // What is under way is gone on with.
    let under_way = shop.refused(&written).await?;
    ensure!(
        under_way["type"] == "under-way" && under_way["interaction"] == before["id"],
        "{under_way}"
    );
    let end = format!("{PATH}/{}/end", before["id"].as_str().context("an id")?);
    shop.agent
        .post(&end, &json!({ "disposition": "Processed" }))
        .await?;

    // The reply window and the consent hold as in any conversation.
    ensure!(shop.refused(&text).await?["type"] == "reply-window-closed");
    ensure!(shop.refused(&written).await?["type"] == "opt-in-required");
    let consent = format!("/api/v1/contacts/{contact}/opt-ins/wa");
    let agreed = json!({ "source": "order form" });
    shop.agent.put(&consent, &agreed).await?;
    text["queue"] = json!("none");
    let nowhere = shop.refused(&text).await?;
    ensure!(nowhere["type"] == "unknown-queue", "{nowhere}");
    let strange = json!({ "contact": contact, "channel": "none", "text": "Hello" });
    ensure!(shop.refused(&strange).await?["type"] == "not-found");
    let block = format!("/api/v1/contacts/{contact}/block");
    shop.agent.put(&block, &json!({ "reason": "spam" })).await?;
    let blocked = shop.refused(&written).await?;
    ensure!(
        blocked["type"] == "no-conversation" && blocked.to_string().contains("blocked"),
        "{blocked}"
    );
    let freed = shop.agent.ask(Method::DELETE, &block, &[], None).await?;
    ensure!(freed.status.is_success(), "{freed:?}");

    // The same key means the same message.
    let key = [("idempotency-key", "first-1")];
    let begun = shop
        .agent
        .ask(Method::POST, PATH, &key, Some(&written))
        .await?;
    ensure!(begun.status == StatusCode::ACCEPTED, "{begun:?}");
    ensure!(
        begun.body["state"] == "connected"
            && begun.body["agent"] == "agent-1"
            && begun.body["contact"] == contact,
        "{begun:?}"
    );
    let again = shop
        .agent
        .ask(Method::POST, PATH, &key, Some(&written))
        .await?;
    ensure!(again.body == begun.body, "{again:?}");
    shop.newest(&begun.body, "delivered").await?;
    ensure!(shop.delivered(1).await?.len() == 1, "sent twice");

    // The answer comes to who wrote, and nothing of it was offered to anybody.
    shop.say(Incoming::text("Thank you!")).await?;
    let id = begun.body["id"].as_str().context("an id")?;
    let answered = eventually("the answer", SOON, async || {
        let now = shop.agent.get(&format!("{PATH}/{id}")).await?;
        Ok((now["inbound_count"] == 1).then_some(now))
    })
    .await?;
    ensure!(answered["state"] == "connected", "{answered}");
    ensure!(shop.agent.get("/api/v1/offers").await? == json!([]));
    let stats = shop.agent.get("/api/v1/stats").await?;
    let queue = stats["queues"]
        .as_array()
        .and_then(|queues| queues.iter().find(|queue| queue["queue"] == "support"))
        .context("the queue's figures")?;
    ensure!(
        queue["begun"] == 1 && queue["offered"] == 1 && queue["answered"] == 1,
        "{queue}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_message_outlives_a_kill() -> Result<()> {
    let mut shop = Shop::open(WhatsAppOptions::default()).await?;
    shop.promote("supervisor").await?;
    shop.say(Incoming::text("Is it there?")).await?;
    let before = shop.agent.accept_next().await?;
    let id = before["id"].as_str().context("an id")?;
    shop.agent
        .post(
            &format!("{PATH}/{id}/end"),
            &json!({ "disposition": "Processed" }),
        )
        .await?;
    let first = json!({ "contact": before["contact"], "channel": "wa", "text": "It came today." });
    let key = [("idempotency-key", "first-2")];
    let begun = shop
        .agent
        .ask(Method::POST, PATH, &key, Some(&first))
        .await?;
    ensure!(begun.status == StatusCode::ACCEPTED, "{begun:?}");
    shop.hub.kill()?;
    shop.hub.launch().await?;
    shop.agent = Client::sign_in(&shop.hub.base(), "agent-1", "agent-1").await?;
    let again = shop
        .agent
        .ask(Method::POST, PATH, &key, Some(&first))
        .await?;
    ensure!(again.body["id"] == begun.body["id"], "{again:?}");
    // The kill may have come while the network was asked. If the message arrived, the network's word
    // of it settles it; if not, the hub says that it does not know, and writes nothing twice.
    let path = messages(&begun.body)?;
    let shown = eventually("the first message's outcome", SOON, async || {
        let messages = shop.agent.all(&path, "before").await?;
        let newest = messages.first().context("a message")?;
        let arrived = shop.number.customers().delivered(ADA).len();
        ensure!(arrived <= 1, "sent {arrived} times");
        let is_settled = match newest["state"].as_str() {
            Some("delivered" | "read") => arrived == 1,
            Some("uncertain") => arrived == 0,
            _ => false,
        };
        Ok(is_settled.then(|| newest.clone()))
    })
    .await?;
    ensure!(
        shown.pointer("/content/text") == Some(&json!("It came today.")),
        "{shown}"
    );
    Ok(())
}
