//! A client that others wrote, against the simulated WhatsApp number.

use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use linecard_simulator::whatsapp::{Happening, Incoming, MediaKind, WhatsAppOptions};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::packages::{python, script};
use crate::whatsapp::{ADA, Pair, TOKEN};

/// What people do, and what the client makes of each.
fn acts(pair: &Pair, ours: &str) -> Vec<(Incoming, [&'static str; 3])> {
    let picture = pair.network.add_media("image/jpeg", "a picture");
    let voice = pair.network.add_media("audio/ogg; codecs=opus", "sound");
    let media = |media, id: &str, caption: Option<&str>| Happening::Media {
        media,
        id: id.to_owned(),
        caption: caption.map(str::to_owned),
        filename: None,
        voice: media == MediaKind::Audio,
        animated: false,
    };
    let reply = |what: Happening| Incoming::from(what).replying_to(ours);
    let id = || ours.to_owned();
    vec![
        (Incoming::text("Grüße/👋"), ["Message", "text", "Grüße/👋"]),
        (
            Incoming::text("Yes").replying_to(ours),
            ["Message", "text", "Yes"],
        ),
        (
            media(MediaKind::Image, &picture, Some("Look")).into(),
            ["Message", "image", "Look"],
        ),
        (
            media(MediaKind::Audio, &voice, None).into(),
            ["Message", "audio", ""],
        ),
        (
            Happening::Location {
                latitude: 37.4,
                longitude: -122.1,
                name: Some("HQ".to_owned()),
                address: None,
                url: None,
            }
            .into(),
            ["Message", "location", ""],
        ),
        (
            Happening::Contacts {
                contacts: vec![json!({
                    "name": { "formatted_name": "Ada Brooks", "first_name": "Ada" },
                    "phones": [{ "phone": "+1 555 0100", "type": "CELL" }],
                })],
            }
            .into(),
            ["Message", "contacts", ""],
        ),
        (
            Happening::Order {
                catalog_id: "1".to_owned(),
                text: String::new(),
                product_items: vec![json!({
                    "product_retailer_id": "a", "quantity": 1, "item_price": 30, "currency": "USD",
                })],
            }
            .into(),
            ["Message", "order", ""],
        ),
        (
            Incoming::reaction(ours, Some("👍")),
            ["Message", "reaction", "👍"],
        ),
        (
            Incoming::reaction(ours, None),
            ["Message", "reaction", "none"],
        ),
        (
            Happening::Unsupported { kind: None }.into(),
            ["Message", "unsupported", ""],
        ),
        (
            reply(Happening::ButtonReply {
                id: "yes".to_owned(),
                title: "Yes".to_owned(),
            }),
            ["CallbackButton", "interactive", "Yes=yes"],
        ),
        (
            reply(Happening::Button {
                text: "Stop".to_owned(),
                payload: "STOP".to_owned(),
            }),
            ["CallbackButton", "button", "Stop=STOP"],
        ),
        (
            reply(Happening::ListReply {
                id: "2".to_owned(),
                title: "Two".to_owned(),
                description: Some("Second".to_owned()),
            }),
            ["CallbackSelection", "interactive", "Two=2"],
        ),
        (
            reply(Happening::FlowReply {
                response: json!({ "a": "1" }),
            }),
            ["FlowCompletion", "interactive", ""],
        ),
        (
            Happening::Edit {
                message_id: id(),
                text: "Changed".to_owned(),
            }
            .into(),
            ["EditedMessage", "text", "Changed"],
        ),
        (
            Happening::Revoke { message_id: id() }.into(),
            ["DeletedMessage", "revoke", ""],
        ),
        (
            Happening::MarketingPreference { stop: true }.into(),
            ["UserMarketingPreferences", "", ""],
        ),
        (
            Happening::ChangeIdentity {
                hash: "abc".to_owned(),
            }
            .into(),
            ["IdentityChange", "system", "abc"],
        ),
        (
            Happening::ChangeNumber {
                phone: "12195555358".to_owned(),
            }
            .into(),
            ["PhoneNumberChange", "system", "16505551234>12195555358"],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_client_sends_and_understands() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(python) = python(folder.path(), "pywa==4.5.0")? else {
        return Ok(());
    };
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    let options = pair.network.options();
    let said = pair
        .network
        .say(ADA, Incoming::text("Where?"))
        .await
        .message_id;
    let mut client = tokio::process::Command::new(python)
        .arg(script("whatsapp_pywa.py"))
        .args([
            &pair.network.base_url(),
            TOKEN,
            &options.app_secret,
            &options.phone_number_id,
            &options.waba_id,
            ADA,
            &said,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut input = client.stdin.take().expect("its input");
    let mut lines = BufReader::new(client.stdout.take().expect("its output")).lines();
    let line = tokio::time::timeout(Duration::from_mins(1), lines.next_line()).await??;
    let sent: Value = serde_json::from_str(&line.unwrap_or_default())?;
    let ours = sent["sent"].as_str().unwrap_or_default().to_owned();

    let seen = pair.network.customers().delivered(ADA);
    let texts: Vec<&str> = seen.iter().map(|turn| turn.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "Hello, wörld 👋",
            "Choose",
            "Which?",
            "See",
            "Where are you?",
            "",
            "Look",
            "Hello Ada, your order 42 is on its way."
        ]
    );
    assert_eq!(seen[0].reference.as_deref(), Some("ours-1"));
    assert_eq!(seen[1].reply_to.as_deref(), Some(said.as_str()));
    let customer = pair.network.customer(ADA).expect("Ada");
    assert_eq!(customer.signals, ["mark_seen", "mark_seen", "typing_on"]);

    // Everything that follows a message is told before people do more.
    pair.hub
        .until("all is read", |_| pair.told("statuses").len() >= 27)
        .await;
    assert_eq!(pair.statuses(&ours, 3).await.len(), 3);
    let statuses = pair.hub.received("/webhook");
    let mut expected = Vec::new();
    let mut webhooks = Vec::new();
    for webhook in statuses {
        let body = webhook.json();
        if let Some(status) = body.pointer("/entry/0/changes/0/value/statuses/0/status") {
            let status = status.as_str().unwrap_or_default().to_owned();
            expected.push(["MessageStatus".to_owned(), String::new(), status]);
            webhooks.push(webhook);
        }
    }
    assert_eq!(webhooks.len(), 27, "three statuses of nine messages");
    for (what, parsed) in acts(&pair, &said) {
        let before = pair.hub.received("/webhook").len();
        assert!(pair.network.say(ADA, what).await.acknowledged);
        webhooks.extend(pair.hub.received("/webhook").into_iter().skip(before));
        expected.push(parsed.map(str::to_owned));
    }
    for webhook in &webhooks {
        let body = STANDARD.encode(&webhook.body);
        let signature = webhook.header("x-hub-signature-256");
        let line = json!({ "body": body, "signature": signature });
        input.write_all(format!("{line}\n").as_bytes()).await?;
    }
    drop(input);
    let mut parsed = Vec::new();
    while let Some(line) = lines.next_line().await? {
        parsed.push(serde_json::from_str::<[String; 3]>(&line)?);
    }
    assert!(client.wait().await?.success());
    assert_eq!(parsed, expected);
    Ok(())
}
