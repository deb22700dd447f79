//! Who people are on WhatsApp, as the network writes and tells it: numbers in two spellings, first events
//! without a word, numbers that change late, consent that the network keeps.

use linecard_simulator::whatsapp::{Category, Template};

use super::*;

impl Shop {
    /// What the network delivers in one field.
    pub(super) async fn deliver(&self, field: &str, mut value: Value) -> Result<()> {
        let options = self.number.options();
        value["messaging_product"] = json!("whatsapp");
        value["metadata"] = json!({
            "display_phone_number": "15550783881",
            "phone_number_id": options.phone_number_id,
        });
        let now = jiff::Timestamp::now().as_second();
        let body = json!({
            "object": "whatsapp_business_account",
            "entry": [{
                "id": options.waba_id, "time": now,
                "changes": [{ "field": field, "value": value }],
            }],
        });
        let delivered = self.number.deliver_body(body).await;
        ensure!(delivered.acknowledged, "{delivered:?}");
        Ok(())
    }

    /// A message of a person whom the network calls by a number.
    async fn written(&self, from: &str, id: &str, what: Value) -> Result<()> {
        let mut message = what;
        message["from"] = json!(from);
        message["id"] = json!(id);
        message["timestamp"] = json!(jiff::Timestamp::now().as_second().to_string());
        let contacts = json!([{ "profile": { "name": "Dee" }, "wa_id": from }]);
        self.deliver(
            "messages",
            json!({ "contacts": contacts, "messages": [message] }),
        )
        .await
    }

    /// Waits until a number belongs to somebody, and says to whom.
    async fn contact_of(&self, number: &str) -> Result<Value> {
        let admin = self.hub.administrator()?;
        let path = format!("/api/v1/contacts?channel=wa&identity={number}");
        eventually(&format!("{number} belongs to somebody"), SOON, async || {
            let found = admin.get(&path).await?;
            Ok(found.pointer("/items/0").cloned())
        })
        .await
    }
}

fn text(words: &str) -> Value {
    json!({ "type": "text", "text": { "body": words } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_written_in_two_ways_is_one_person() -> Result<()> {
    let shop = Shop::open(WhatsAppOptions::default()).await?;
    let (long, short) = ("5588912345678", "558812345678");
    let echo = json!({
        "from": "15550783881", "to": long, "id": "wamid.echo", "type": "text",
        "timestamp": jiff::Timestamp::now().as_second().to_string(),
        "text": { "body": "Oi, sua encomenda chegou" },
    });
    let echoes = json!({ "contacts": [{ "wa_id": long }], "message_echoes": [echo] });
    shop.deliver("smb_message_echoes", echoes).await?;
    let first = shop.contact_of(long).await?;
    shop.written(short, "wamid.reply", text("Obrigado!"))
        .await?;
    let second = shop.contact_of(short).await?;
    ensure!(first["id"] == second["id"], "{first}\n{second}");
    let admin = shop.hub.administrator()?;
    for number in [long, short] {
        let history = admin.history("wa", number).await?;
        ensure!(history.len() == 2, "{number}: {history:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_opens_a_conversation_is_known_and_is_no_work() -> Result<()> {
    let shop = Shop::open(WhatsAppOptions::default()).await?;
    let dee = "4915700000021";
    let welcome = json!({ "type": "request_welcome" });
    shop.written(dee, "wamid.welcome", welcome).await?;
    let contact = shop.contact_of(dee).await?;
    let id = contact["id"].as_str().context("id")?;
    let admin = shop.hub.administrator()?;
    let events = admin.get(&format!("/api/v1/contacts/{id}/events")).await?;
    ensure!(
        events.pointer("/items/0/channel") == Some(&json!("wa")),
        "{events}"
    );
    let open = admin.get("/api/v1/interactions").await?;
    ensure!(open["items"] == json!([]), "{open}");
    ensure!(shop.agent.get("/api/v1/offers").await? == json!([]));
    // The first word is work.
    shop.written(dee, "wamid.first", text("Is anybody there?"))
        .await?;
    let interaction = shop.agent.accept_next().await?;
    ensure!(interaction["contact"] == id, "{interaction}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_number_that_is_told_late_makes_two_contacts_one() -> Result<()> {
    let shop = Shop::open(WhatsAppOptions::default()).await?;
    let (old, new) = ("16505550301", "16505550302");
    shop.written(old, "wamid.old", text("From the old one"))
        .await?;
    let first = shop.agent.accept_next().await?;
    shop.written(new, "wamid.new", text("From the new one"))
        .await?;
    shop.contact_of(new).await?;
    let system = json!({
        "type": "system",
        "system": { "type": "user_changed_number", "wa_id": new, "body": "Eve changed" },
    });
    for _ in 0..2 {
        shop.written(old, "wamid.changed", system.clone()).await?;
    }
    let admin = shop.hub.administrator()?;
    let one = eventually("both numbers are one person's", SOON, async || {
        let (a, b) = (shop.contact_of(old).await?, shop.contact_of(new).await?);
        Ok((a["id"] == b["id"]).then_some(a))
    })
    .await?;
    let contacts = admin.get("/api/v1/contacts").await?;
    ensure!(
        contacts["items"].as_array().map(Vec::len) == Some(1),
        "{contacts}"
    );
    let open = admin.get("/api/v1/interactions").await?;
    ensure!(open["items"].as_array().map(Vec::len) == Some(1), "{open}");
    ensure!(first["contact"] == one["id"], "{first}\n{one}");
    // Whoever knows better undoes it.
    let merged = one
        .pointer("/merged/0/contact")
        .or(one.pointer("/merged/0/id"));
    let merged = merged
        .and_then(Value::as_str)
        .with_context(|| one.to_string())?;
    let id = one["id"].as_str().context("id")?;
    let path = format!("/api/v1/contacts/{id}/merged/{merged}");
    let parted = admin.ask(Method::DELETE, &path, &[], None).await?;
    ensure!(parted.status == StatusCode::OK, "{parted:?}");
    let contacts = admin.get("/api/v1/contacts").await?;
    ensure!(
        contacts["items"].as_array().map(Vec::len) == Some(2),
        "{contacts}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_marketing_on_the_network_still_gets_what_belongs_to_an_order() -> Result<()> {
    let mut options = WhatsAppOptions::default();
    let sale = "Everything is {{1}} off.";
    options
        .templates
        .push(Template::new("sale", "en_US", Category::Marketing, sale));
    let shop = Shop::open(options).await?;
    shop.templates().await?;
    let fay = "16505550401";
    shop.written(fay, "wamid.fay", text("Where is it?")).await?;
    let interaction = shop.agent.accept_next().await?;
    let contact = interaction["contact"].as_str().context("contact")?;
    let consent = format!("/api/v1/contacts/{contact}/opt-ins/wa");
    let agreed = json!({ "source": "order form" });
    shop.agent.put(&consent, &agreed).await?;
    let prefers = async |value: &str| {
        let preference = json!({
            "wa_id": fay, "category": "marketing_messages", "value": value,
            "detail": format!("User requested to {value} marketing messages"),
            "timestamp": jiff::Timestamp::now().as_second(),
        });
        let contacts = json!([{ "profile": { "name": "Fay" }, "wa_id": fay }]);
        let value = json!({ "contacts": contacts, "user_preferences": [preference] });
        shop.deliver("user_preferences", value).await
    };
    let opted_out = async |wanted: bool| {
        eventually("the consent follows", SOON, async || {
            let now = shop.contact_of(fay).await?;
            let outs = now["opt_outs"].as_array().is_some_and(|o| !o.is_empty());
            Ok((outs == wanted).then_some(now))
        })
        .await
    };
    prefers("stop").await?;
    let stopped = opted_out(true).await?;
    ensure!(stopped.pointer("/opt_outs/0/at").is_some(), "{stopped}");
    ensure!(
        stopped.pointer("/opt_outs/0/marketing_only") == Some(&json!(true)),
        "{stopped}"
    );
    let template = |name: &str, words: &[&str]| {
        let words = words
            .iter()
            .map(|word| json!({ "type": "text", "text": word }));
        let content = json!({ "name": name, "language": "en_US", "components": [
            { "type": "body", "parameters": words.collect::<Vec<_>>() }] });
        json!({ "structured": { "kind": "template", "content": content } })
    };
    let (order, sale) = (
        template("order_update", &["Fay", "A-7"]),
        template("sale", &["20 %"]),
    );
    let path = messages(&interaction)?;
    let refused = shop
        .agent
        .ask(Method::POST, &path, &[], Some(&sale))
        .await?;
    ensure!(
        refused.body["type"] == "/problems/opt-in-required"
            && refused.body.to_string().contains("is marketing"),
        "{refused:?}"
    );
    shop.answer(&interaction, &order).await?;
    prefers("resume").await?;
    opted_out(false).await?;
    shop.answer(&interaction, &sale).await?;
    // Who wants to hear nothing at all gets nothing: that is what an agent records.
    let gone = shop.agent.ask(Method::DELETE, &consent, &[], None).await?;
    ensure!(gone.status.is_success(), "{gone:?}");
    let refused = shop
        .agent
        .ask(Method::POST, &path, &[], Some(&order))
        .await?;
    ensure!(
        refused.body["type"] == "/problems/opt-in-required",
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_of_which_nobody_knows_what_it_is_for_waits_for_consent() -> Result<()> {
    let shop = Shop::open_after(WhatsAppOptions::default(), |number| {
        number.set_token_rights(&["whatsapp_business_messaging"], 0);
    })
    .await?;
    let gil = "16505550402";
    shop.written(gil, "wamid.gil", text("Where is it?")).await?;
    let interaction = shop.agent.accept_next().await?;
    let preference = json!({
        "wa_id": gil, "category": "marketing_messages", "value": "stop",
        "timestamp": jiff::Timestamp::now().as_second(),
    });
    let contacts = json!([{ "profile": { "name": "Gil" }, "wa_id": gil }]);
    let value = json!({ "contacts": contacts, "user_preferences": [preference] });
    shop.deliver("user_preferences", value).await?;
    eventually("the consent follows", SOON, async || {
        let now = shop.contact_of(gil).await?;
        Ok(now.pointer("/opt_outs/0").map(|_| ()))
    })
    .await?;
    let content = json!({ "name": "hello_world", "language": "en_US" });
    let template = json!({ "structured": { "kind": "template", "content": content } });
    let path = messages(&interaction)?;
    let refused = shop
        .agent
        .ask(Method::POST, &path, &[], Some(&template))
        .await?;
    ensure!(
        refused.body["type"] == "/problems/opt-in-required"
            && refused.body.to_string().contains("nobody knows whether"),
        "{refused:?}"
    );
    Ok(())
}
