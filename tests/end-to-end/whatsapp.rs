//! A number on WhatsApp, through the real hub and the real connector: who people are when their ids
//! change, what becomes of answers, templates and consent, files.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::{Profile, Turn};
use linecard_simulator::faults::{Fault, FaultPlan};
use linecard_simulator::whatsapp::{
    Happening, Identifiers, Incoming, MediaKind, WhatsAppOptions, WhatsAppSimulator,
};
use linecard_tests::{Client, Hub, SOON, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

mod first;
mod people;
mod templates;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
const ADA: &str = "16505551234";

/// A simulated number, the hub, and an agent who is ready.
struct Shop {
    number: WhatsAppSimulator,
    hub: Hub,
    agent: Client,
}

impl Shop {
    async fn open(options: WhatsAppOptions) -> Result<Self> {
        Self::open_after(options, |_| ()).await
    }

    /// A shop whose number is changed before the hub knows it.
    async fn open_after(
        options: WhatsAppOptions,
        change: impl FnOnce(&WhatsAppSimulator),
    ) -> Result<Self> {
        let number = WhatsAppSimulator::start(options).await?;
        change(&number);
        let options = number.options();
        let mut hub = Hub::prepare(BINARY)?;
        hub.environment = [
            ("WA_APP_SECRET", &options.app_secret),
            ("WA_VERIFY_TOKEN", &options.verify_token),
            ("WA_TOKEN", &options.access_token),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .to_vec();
        let password = ("PASSWORD".to_owned(), "agent-1".to_owned());
        hub.environment.push(password);
        hub.launch().await?;
        hub.apply(&format!(
            r#"
name = "Test"
[queues.support]
members = ["agent-1"]
[agents.agent-1]
name = "agent-1"
password = "env:PASSWORD"
slots = {{ social-direct-message = 3 }}
[channels.wa]
plugin = "whatsapp"
queue = "support"
config = {{ phone_number_id = "{}", waba_id = "{}", base_url = "{base}" }}
secrets = {{ app-secret = "env:WA_APP_SECRET", verify-token = "env:WA_VERIFY_TOKEN", access-token = "env:WA_TOKEN" }}
hosts = ["{base}"]
"#,
            options.phone_number_id,
            options.waba_id,
            base = number.base_url(),
        ))?;
        let callback = format!("{}/channels/wa/webhook", hub.base());
        number.set_callback_url(Url::parse(&callback)?);
        let verified = number.subscribe().await;
        verified.context("the hub did not verify the webhook")?;
        let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
        agent.go_ready().await?;
        number.add_customer(ADA, Profile::named("Ada", "Brooks"));
        Ok(Self { number, hub, agent })
    }

    async fn say(&self, what: impl Into<Incoming>) -> Result<String> {
        let said = self.number.say(ADA, what).await;
        ensure!(said.acknowledged, "{said:?}");
        Ok(said.message_id)
    }

    async fn answer(&self, interaction: &Value, body: &Value) -> Result<Value> {
        self.agent.post(&messages(interaction)?, body).await
    }

    /// The channel's templates, once they were read.
    async fn templates(&self) -> Result<Value> {
        eventually("the templates are known", SOON, async || {
            let known = self.agent.get("/api/v1/channels/wa/templates").await?;
            Ok(known["read_at"].is_string().then_some(known))
        })
        .await
    }

    /// The problem of a template that is refused before anything is sent.
    async fn refused_template(&self, path: &str, template: &Value) -> Result<Value> {
        let refused = self
            .agent
            .ask(Method::POST, path, &[], Some(template))
            .await?;
        ensure!(
            refused.status == StatusCode::UNPROCESSABLE_ENTITY
                && refused.body["type"] == "/problems/template-unfit",
            "{refused:?}"
        );
        Ok(refused.body)
    }

    /// Waits until the newest message has this state.
    async fn newest(&self, interaction: &Value, state: &str) -> Result<Value> {
        let path = messages(interaction)?;
        let mut seen = Value::Null;
        let found = eventually(&format!("a message that is {state}"), SOON, async || {
            let messages = self.agent.all(&path, "before").await?;
            let newest = messages.first().context("a message")?;
            seen = newest.clone();
            // What is read was delivered before.
            let is_so =
                newest["state"] == state || (state == "delivered" && newest["state"] == "read");
            Ok(is_so.then(|| newest.clone()))
        })
        .await;
        found.with_context(|| format!("the newest is {seen}"))
    }

    async fn delivered(&self, count: usize) -> Result<Vec<Turn>> {
        let customers = self.number.customers();
        let delivered = customers.wait_delivered(ADA, count, SOON).await;
        delivered.with_context(|| format!("{count} messages did not come:\n{}", self.hub.log()))
    }
}

fn messages(interaction: &Value) -> Result<String> {
    let id = interaction["id"].as_str().context("an id")?;
    Ok(format!("/api/v1/interactions/{id}/messages"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_stays_the_same_when_number_and_id_change() -> Result<()> {
    let shop = Shop::open(WhatsAppOptions {
        identifiers: Identifiers::PhoneNumbers,
        ..WhatsAppOptions::default()
    })
    .await?;
    shop.say(Incoming::text("by number")).await?;
    let interaction = shop.agent.accept_next().await?;
    // The network begins to tell user ids.
    shop.number.set_identifiers(Identifiers::Both);
    shop.say(Incoming::text("by both")).await?;
    shop.number.set_identifiers(Identifiers::UserIds);
    shop.say(Incoming::text("by id")).await?;
    let path = messages(&interaction)?;
    eventually("three messages in one interaction", SOON, async || {
        let messages = shop.agent.all(&path, "before").await?;
        Ok((messages.len() == 3).then_some(()))
    })
    .await?;
    shop.answer(&interaction, &json!({ "text": "Hello" }))
        .await?;
    let got = shop.delivered(1).await?;
    ensure!(got[0].text == "Hello", "{got:?}");

    // A new number tells the old one; what comes next is the same person's.
    shop.number.set_identifiers(Identifiers::Both);
    let phone = "12195555358";
    let changed = shop
        .number
        .say(
            ADA,
            Happening::ChangeNumber {
                phone: phone.to_owned(),
            },
        )
        .await;
    ensure!(changed.acknowledged, "{changed:?}");
    shop.say(Incoming::text("from the new one")).await?;
    eventually("a fifth message", SOON, async || {
        let messages = shop.agent.all(&path, "before").await?;
        Ok((messages.len() == 5).then_some(()))
    })
    .await?;
    let admin = shop.hub.administrator()?;
    let contacts = admin.get("/api/v1/contacts").await?;
    ensure!(
        contacts["items"].as_array().is_some_and(|c| c.len() == 1),
        "{contacts}"
    );
    // Each of the ids finds them.
    for identity in [ADA, phone, &shop.number.user_id(ADA)] {
        let found = admin.history("wa", identity).await?;
        ensure!(found.len() == 5, "{identity}: {found:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_settles_an_answer_whose_outcome_was_unknown() -> Result<()> {
    let shop = Shop::open(WhatsAppOptions::default()).await?;
    shop.say(Incoming::text("Where?")).await?;
    let interaction = shop.agent.accept_next().await?;
    shop.number
        .faults()
        .plan(FaultPlan::next(1, Fault::CloseMidAnswer).on("messages"));
    shop.answer(&interaction, &json!({ "text": "On its way" }))
        .await?;
    let got = shop.delivered(1).await?;
    ensure!(got.len() == 1 && got[0].text == "On its way", "{got:?}");
    // The status hands the hub's own reference back, with the message's id.
    let message = shop.newest(&interaction, "delivered").await?;
    ensure!(
        message["platform_ids"] == json!([got[0].message_id]),
        "{message}"
    );
    // So that what the customer does with it finds it.
    let reaction = Happening::Reaction {
        message_id: got[0].message_id.clone(),
        emoji: Some("👍".to_owned()),
    };
    shop.say(reaction).await?;
    let path = messages(&interaction)?;
    eventually("the reaction", SOON, async || {
        let messages = shop.agent.all(&path, "before").await?;
        let newest = messages.first().context("a message")?;
        Ok((newest.pointer("/reactions/0/emoji") == Some(&json!("👍"))).then_some(()))
    })
    .await?;
    ensure!(shop.delivered(1).await?.len() == 1, "sent twice");
    Ok(())
}

/// A text that was written so long ago that the window has closed.
fn long_ago(text: &str) -> Incoming {
    let hours = Duration::from_hours(30);
    let then = jiff::Timestamp::now() - jiff::SignedDuration::try_from(hours).unwrap_or_default();
    let message = json!({ "type": "text", "text": { "body": text }, "timestamp": then.as_second().to_string() });
    Incoming::from(Happening::Raw { message })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_opens_a_conversation_anew_with_those_who_agreed() -> Result<()> {
    let shop = Shop::open(WhatsAppOptions::default()).await?;
    shop.say(long_ago("a question from yesterday")).await?;
    let interaction = shop.agent.accept_next().await?;
    let path = messages(&interaction)?;
    let refused = shop
        .agent
        .ask(Method::POST, &path, &[], Some(&json!({ "text": "Hello" })))
        .await?;
    ensure!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY,
        "{refused:?}"
    );
    ensure!(
        refused.body["type"]
            .as_str()
            .is_some_and(|t| t.contains("reply-window-closed")),
        "{refused:?}"
    );

    let template = |components: Value| {
        let content =
            json!({ "name": "order_update", "language": "en_US", "components": components });
        json!({ "structured": { "kind": "template", "content": content } })
    };
    let body = |names: &[&str]| {
        let parameters: Vec<Value> = names
            .iter()
            .map(|n| json!({ "type": "text", "text": n }))
            .collect();
        json!([{ "type": "body", "parameters": parameters }])
    };
    let whole = template(body(&["Ada", "A-7"]));
    let refused = shop
        .agent
        .ask(Method::POST, &path, &[], Some(&whole))
        .await?;
    ensure!(
        refused.body["type"]
            .as_str()
            .is_some_and(|t| t.contains("opt-in-required")),
        "{refused:?}"
    );

    let contact = interaction["contact"].as_str().context("a contact")?;
    let consent = format!("/api/v1/contacts/{contact}/opt-ins/wa");
    let empty = shop
        .agent
        .ask(Method::PUT, &consent, &[], Some(&json!({ "source": " " })))
        .await?;
    ensure!(
        empty.status == StatusCode::UNPROCESSABLE_ENTITY,
        "{empty:?}"
    );
    let agreed = shop
        .agent
        .put(&consent, &json!({ "source": "order form" }))
        .await?;
    ensure!(
        agreed.pointer("/opt_ins/0/by") == Some(&json!("agent-1")),
        "{agreed}"
    );

    // What does not fit the template is told in words at once, and nothing is sent.
    shop.templates().await?;
    let few = template(body(&["Ada"]));
    let refused = shop.refused_template(&path, &few).await?;
    ensure!(
        refused["template"] == "order_update" && refused["language"] == "en_US",
        "{refused}"
    );
    ensure!(
        refused.pointer("/errors/0/pointer")
            == Some(&json!("/structured/content/components/0/parameters")),
        "{refused}"
    );
    ensure!(
        refused["detail"]
            .as_str()
            .is_some_and(|t| t.contains("wants 2 parameters, 1 were given")),
        "{refused}"
    );
    shop.answer(&interaction, &whole).await?;
    let got = shop.delivered(1).await?;
    ensure!(
        got.len() == 1 && got[0].text.contains("Ada") && got[0].text.contains("A-7"),
        "{got:?}"
    );
    let sent = shop.newest(&interaction, "delivered").await?;
    ensure!(
        sent.to_string()
            .contains("Hello Ada, your order A-7 is on its way."),
        "{sent}"
    );

    // Consent that is taken back counts from then on.
    let gone = shop.agent.ask(Method::DELETE, &consent, &[], None).await?;
    ensure!(gone.body["opt_ins"] == json!([]), "{gone:?}");
    let refused = shop
        .agent
        .ask(Method::POST, &path, &[], Some(&whole))
        .await?;
    ensure!(
        refused.body["type"]
            .as_str()
            .is_some_and(|t| t.contains("opt-in-required")),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_fetched_with_the_token_and_sent_by_upload() -> Result<()> {
    let shop = Shop::open(WhatsAppOptions::default()).await?;
    let id = shop.number.add_media("image/jpeg", "a picture");
    shop.say(Happening::Media {
        media: MediaKind::Image,
        id,
        caption: Some("Broken".to_owned()),
        filename: None,
        voice: false,
        animated: false,
    })
    .await?;
    let interaction = shop.agent.accept_next().await?;
    let path = messages(&interaction)?;
    let message = eventually("the stored file", SOON, async || {
        let messages = shop.agent.all(&path, "before").await?;
        let newest = messages.first().context("a message")?;
        let stored = newest.pointer("/content/attachments/0/file/state") == Some(&json!("stored"));
        Ok(stored.then(|| newest.clone()))
    })
    .await?;
    ensure!(
        message.pointer("/content/text") == Some(&json!("Broken")),
        "{message}"
    );
    let file = format!("{path}/{}/files/0", message["id"].as_str().context("id")?);
    let bytes = shop
        .agent
        .request(Method::GET, &file)
        .send()
        .await?
        .bytes()
        .await?;
    ensure!(bytes.as_ref() == b"a picture", "{bytes:?}");

    let uploaded = shop
        .agent
        .request(Method::POST, "/api/v1/media")
        .header("content-type", "application/pdf")
        .body("%PDF-1.7 a bill")
        .send()
        .await?;
    let uploaded: Value = uploaded.json().await?;
    let attachment = json!({ "kind": "file", "media": uploaded["media"], "name": "bill.pdf" });
    shop.answer(
        &interaction,
        &json!({ "text": "Your bill", "attachments": [attachment] }),
    )
    .await?;
    let got = shop.delivered(1).await?;
    ensure!(got.len() == 1 && !got[0].attachments.is_empty(), "{got:?}");
    let choices =
        json!({ "text": "Good?", "quick_replies": [{ "text": "Yes" }, { "text": "No" }] });
    shop.answer(&interaction, &choices).await?;
    let got = shop.delivered(2).await?;
    ensure!(
        got[1].text.contains("Good?") && !got[1].structured.is_empty(),
        "{got:?}"
    );
    Ok(())
}
