//! A bot on Telegram, through the real hub and the real connector: its webhook is registered by the hub, its
//! token stands in the path of each call and nowhere else.

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Turn;
use linecard_simulator::faults::{Fault, FaultAnswer};
use linecard_simulator::telegram::{Incoming, TelegramOptions, TelegramSimulator};
use linecard_tests::{Client, Hub, SOON, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
const DORA: &str = "77001";
/// Looks like a token, and nothing else of the test does.
pub(crate) const TOKEN: &str = "7654321:AAF-only-here_0123456789";

/// A simulated bot, the hub, and an agent who is ready.
pub(crate) struct Shop {
    pub(crate) bot: TelegramSimulator,
    pub(crate) hub: Hub,
    pub(crate) agent: Client,
}

impl Shop {
    pub(crate) async fn open(updates: &str) -> Result<Self> {
        let bot = TelegramSimulator::start(TelegramOptions {
            token: TOKEN.to_owned(),
            ..TelegramOptions::default()
        })
        .await?;
        let mut hub = Hub::prepare(BINARY)?;
        let settings = format!("public_url = \"{}\"\n", hub.base());
        std::fs::write(hub.folder().join("linecard.toml"), settings)?;
        hub.environment = [
            ("BOT_TOKEN", TOKEN),
            ("WEBHOOK_KEY", "a long word of ours"),
            ("PASSWORD", "agent-1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        hub.launch().await?;
        // A channel that polls needs no key, and one that receives cannot do without it.
        let key = match updates {
            "webhook" => ", webhook-key = \"env:WEBHOOK_KEY\"",
            _ => "",
        };
        hub.apply(&format!(
            r#"
name = "Test"
[queues.support]
members = ["agent-1"]
[agents.agent-1]
name = "agent-1"
password = "env:PASSWORD"
slots = {{ social-direct-message = 3 }}
[channels.tg]
plugin = "telegram"
queue = "support"
config = {{ updates = "{updates}", api_url = "{base}" }}
secrets = {{ bot-token = "env:BOT_TOKEN"{key} }}
hosts = ["{base}"]
"#,
            base = bot.base_url(),
        ))?;
        let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
        agent.go_ready().await?;
        Ok(Self { bot, hub, agent })
    }

    /// Sets the channel up, or takes it off.
    async fn set(&self, what: &str, rehearsal: bool) -> Result<Value> {
        let path = format!("/api/v1/channels/tg/{what}");
        let administrator = self.hub.administrator()?;
        administrator
            .post(&path, &json!({ "rehearsal": rehearsal }))
            .await
    }

    pub(crate) async fn say(&self, what: Incoming) -> Result<String> {
        let said = self.bot.say(DORA, what).await;
        ensure!(said.acknowledged, "{said:?}\n{}", self.hub.log());
        Ok(said.message_id)
    }

    pub(crate) async fn answer(&self, interaction: &Value, body: &Value) -> Result<Value> {
        self.agent.post(&path(interaction, "messages")?, body).await
    }

    pub(crate) async fn delivered(&self, count: usize) -> Result<Vec<Turn>> {
        let delivered = self.bot.customers().wait_delivered(DORA, count, SOON).await;
        delivered.with_context(|| format!("{count} messages did not come:\n{}", self.hub.log()))
    }

    /// Waits until a message of the interaction is as wanted.
    async fn message(
        &self,
        interaction: &Value,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let path = path(interaction, "messages")?;
        let mut seen = Vec::new();
        let found = eventually(what, SOON, async || {
            seen = self.agent.all(&path, "before").await?;
            Ok(seen.iter().find(|message| wanted(message)).cloned())
        })
        .await;
        found.with_context(|| format!("{seen:#?}\n{}", self.hub.log()))
    }
}

fn path(interaction: &Value, below: &str) -> Result<String> {
    let id = interaction["id"].as_str().context("an id")?;
    Ok(format!("/api/v1/interactions/{id}/{below}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_set_up_and_talks_and_its_token_is_nowhere() -> Result<()> {
    let shop = Shop::open("webhook").await?;
    // What would be done is shown first, and nothing is.
    let told = shop.set("set-up", true).await?;
    ensure!(told["steps"][0]["changes"] == true, "{told}");
    ensure!(shop.bot.webhook().is_none());
    shop.set("set-up", false).await?;
    let address = format!("{}/channels/tg/webhook", shop.hub.base());
    ensure!(shop.bot.webhook().as_ref() == Some(&address));
    let told = shop.set("set-up", true).await?;
    ensure!(told["steps"][0]["changes"] == false, "{told}");
    // Without the word that only the hub and the network know nothing is taken.
    let stranger = reqwest::Client::new();
    let knocked = stranger
        .post(&address)
        .json(&json!({"update_id": 1}))
        .send();
    ensure!(knocked.await?.status() == 401);

    shop.say(Incoming::text("Where is my parcel?")).await?;
    let interaction = shop.agent.accept_next().await?;
    shop.say(Incoming::Photo {
        content: "a picture".to_owned(),
        caption: Some("broken".to_owned()),
    })
    .await?;
    let picture = shop
        .message(&interaction, "the picture", |message| {
            message["content"]["text"] == "broken"
                && message["content"]["attachments"][0]["file"]["media"].is_string()
        })
        .await;
    picture?;
    shop.say(Incoming::Edit {
        message_id: "1".to_owned(),
        text: "Where is my package?".to_owned(),
    })
    .await?;
    shop.message(&interaction, "the change", |message| {
        message["content"]["text"] == "Where is my package?"
    })
    .await?;

    // Buttons, and what the customer does with one.
    let buttons = json!([{"text": "Yes", "payload": "yes:7"}, {"text": "No", "payload": "no:7"}]);
    let body = json!({"text": "Shall we send it again?", "quick_replies": buttons});
    shop.answer(&interaction, &body).await?;
    let got = shop.delivered(1).await?;
    ensure!(got[0].structured.len() == 2, "{got:?}");
    let pressed = Incoming::Press {
        message_id: got[0].message_id.clone(),
        title: "Yes".to_owned(),
    };
    shop.say(pressed).await?;
    shop.message(&interaction, "the choice", |message| {
        message["content"]["text"] == "Yes"
    })
    .await?;
    ensure!(shop.bot.answered().len() == 1);
    let long = json!([{"text": "Yes", "payload": "x".repeat(65)}]);
    let body = json!({"text": "Again?", "quick_replies": long});
    let messages = path(&interaction, "messages")?;
    let refused = shop
        .agent
        .ask(Method::POST, &messages, &[], Some(&body))
        .await?;
    ensure!(
        refused.body["pointer"] == "/quick_replies/0/payload",
        "{refused:?}"
    );

    // The agent changes what was said, and the customer reacts.
    let sent = shop
        .message(&interaction, "the question", |message| {
            message["content"]["text"] == "Shall we send it again?" && message["state"] == "sent"
        })
        .await?;
    let change = json!({"action": "edit", "message": sent["id"], "text": "Shall we send it anew?"});
    shop.agent
        .post(&path(&interaction, "actions")?, &change)
        .await?;
    eventually("the change", SOON, async || {
        let turns = shop.bot.customer(DORA).map(|known| known.conversation);
        let mut turns = turns.into_iter().flatten();
        Ok(turns
            .any(|turn| turn.text == "Shall we send it anew?")
            .then_some(()))
    })
    .await?;
    shop.say(Incoming::React {
        message_id: got[0].message_id.clone(),
        emoji: Some("👍".to_owned()),
    })
    .await?;
    shop.message(&interaction, "the reaction", |message| {
        message.to_string().contains("👍")
    })
    .await?;

    // The network asks to wait, and then takes it.
    let flood = json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 1", "parameters": {"retry_after": 1}});
    let answer = FaultAnswer {
        status: 429,
        headers: Vec::new(),
        content_type: Some("application/json".to_owned()),
        body: flood.to_string(),
    };
    shop.bot.faults().next_on("send", 1, Fault::Answer(answer));
    shop.answer(&interaction, &json!({"text": "On its way"}))
        .await?;
    let got = shop.delivered(2).await?;
    ensure!(got[1].text == "On its way", "{got:?}");

    // The customer blocks the bot: the message has failed, the channel has not.
    shop.say(Incoming::Block { blocked: true }).await?;
    shop.answer(&interaction, &json!({"text": "Are you there?"}))
        .await?;
    let failed = shop
        .message(&interaction, "the failure", |message| {
            message["content"]["text"] == "Are you there?" && message["state"] == "failed"
        })
        .await?;
    ensure!(failed.to_string().contains("recipient-refuses"), "{failed}");
    let channel = shop.hub.administrator()?.get("/api/v1/channels/tg").await?;
    ensure!(
        channel["health"]["state"] != "credentials-refused",
        "{channel}"
    );

    let told = shop.set("tear-down", false).await?;
    ensure!(told["steps"][0]["changes"] == true, "{told}");
    ensure!(shop.bot.webhook().is_none());

    // The token is in no log, no answer and no record.
    let secret = TOKEN.split(':').nth(1).context("a word")?;
    ensure!(!shop.hub.log().contains(secret));
    ensure!(!channel.to_string().contains(secret));
    let administrator = shop.hub.administrator()?;
    for path in [
        "/api/v1/audit",
        "/api/v1/site",
        "/api/v1/channels/tg/dead-letters",
    ] {
        ensure!(
            !administrator.get(path).await?.to_string().contains(secret),
            "{path}"
        );
    }
    ensure!(!format!("{:?}", shop.bot.record().since(0)).contains(secret));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_without_a_public_address_is_polled() -> Result<()> {
    let shop = Shop::open("polling").await?;
    // The door of a channel that polls is closed.
    let door = format!("{}/channels/tg/webhook", shop.hub.base());
    let knocked = reqwest::Client::new().post(&door).json(&json!({})).send();
    ensure!(knocked.await?.status() == 405);
    shop.bot.say(DORA, Incoming::text("Hello")).await;
    let interaction = shop.agent.accept_next().await?;
    // It waits at the network for the next one.
    shop.bot.say(DORA, Incoming::text("Anybody?")).await;
    shop.message(&interaction, "the second", |message| {
        message["content"]["text"] == "Anybody?"
    })
    .await?;
    shop.answer(&interaction, &json!({"text": "Yes"})).await?;
    ensure!(shop.delivered(1).await?[0].text == "Yes");
    Ok(())
}
