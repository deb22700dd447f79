//! Recorded messages and webhooks: the network's own examples are taken, and what the simulator
//! sends has no member that no recorded webhook has.

use std::collections::{BTreeMap, BTreeSet};

use linecard_simulator::Reachability;
use linecard_simulator::whatsapp::{
    Category, Happening, Header, Identifiers, Incoming, MediaKind, Template, TemplateButton,
    WhatsAppOptions, WhatsAppRules,
};
use serde_json::{Value, json};

use crate::hub::{keys, shared};
use crate::whatsapp::{ADA, Pair};

/// Puts a file and an address where examples have a word in brackets.
fn completed(value: &mut Value, kind: &str, files: &BTreeMap<&str, String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "link" => *value = json!("https://example.com/file"),
                    "id" if files.contains_key(kind) => *value = json!(files[kind]),
                    _ => completed(value, name, files),
                }
            }
        }
        Value::Array(list) => {
            for one in list {
                completed(one, kind, files);
            }
        }
        _ => {}
    }
}

fn templates() -> Vec<Template> {
    let reply = |text: &str| TemplateButton::QuickReply {
        text: text.to_owned(),
    };
    let three = "{{1}}, {{2}} and {{3}}";
    let language = "language-and-locale-code";
    vec![
        Template::new("hello_world", "en_US", Category::Utility, "Hello"),
        Template::new("template-name", language, Category::Utility, three),
        Template {
            buttons: vec![reply("Yes"), reply("No")],
            ..Template::new(
                "sample_issue_resolution",
                "en_US",
                Category::Utility,
                "Hi {{1}}",
            )
        },
    ]
}

#[tokio::test]
async fn the_networks_own_examples_are_taken() -> anyhow::Result<()> {
    let Some(samples) = shared() else {
        return Ok(());
    };
    let pair = Pair::start(WhatsAppOptions {
        templates: templates(),
        rules: WhatsAppRules {
            pair_limit: false,
            ..WhatsAppRules::default()
        },
        ..WhatsAppOptions::default()
    })
    .await?;
    let file = |mime: &str| pair.network.add_media(mime, "content");
    let files = BTreeMap::from([
        ("image", file("image/jpeg")),
        ("video", file("video/mp4")),
        ("audio", file("audio/mpeg")),
        ("document", file("application/pdf")),
        ("sticker", file("image/webp")),
    ]);
    let mut taken = 0;
    for entry in std::fs::read_dir(samples.join("samples/whatsapp_send"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with("official-req-") {
            continue;
        }
        let mut body: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
        body["to"] = json!(ADA);
        if body.get("type").is_none() && body.get("interactive").is_some() {
            // One example lacks the type, without which a message is a text.
            body["type"] = json!("interactive");
        }
        completed(&mut body, "", &files);
        if name.contains("Message-Template-Interactive") {
            pair.network.set_template(Template {
                header: Some(Header::Image),
                buttons: vec![
                    TemplateButton::QuickReply {
                        text: "A".to_owned(),
                    },
                    TemplateButton::QuickReply {
                        text: "B".to_owned(),
                    },
                ],
                ..templates().swap_remove(1)
            });
        } else if name.contains("Message-Template") {
            pair.network.set_template(templates().swap_remove(1));
        }
        let (status, answer) = pair.send(body.clone()).await;
        assert_eq!(status, 200, "{name}: {answer}\n{body}");
        taken += 1;
    }
    assert!(taken > 20, "{taken}");
    assert_eq!(pair.network.customers().delivered(ADA).len(), taken);
    Ok(())
}

/// The members of recorded messages by their type, and of statuses and contacts.
fn recorded() -> anyhow::Result<Option<BTreeMap<String, BTreeSet<String>>>> {
    let Some(samples) = shared() else {
        return Ok(None);
    };
    let mut known = BTreeMap::<String, BTreeSet<String>>::new();
    for entry in std::fs::read_dir(samples.join("samples/whatsapp"))? {
        let webhook: Value = serde_json::from_str(&std::fs::read_to_string(entry?.path())?)?;
        for entry in webhook["entry"].as_array().into_iter().flatten() {
            for change in entry["changes"].as_array().into_iter().flatten() {
                note(change, &mut known);
            }
        }
    }
    Ok(Some(known))
}

fn note(change: &Value, known: &mut BTreeMap<String, BTreeSet<String>>) {
    let field = change["field"].as_str().unwrap_or_default();
    for (name, member) in change["value"].as_object().into_iter().flatten() {
        known
            .entry(format!("{field} value"))
            .or_default()
            .insert(name.clone());
        for one in member.as_array().into_iter().flatten() {
            // Messages are told apart by their type, all else by the list that it stands in.
            let kind = match (name.as_str(), one["type"].as_str()) {
                ("messages" | "message_echoes", Some(kind)) => format!("message {kind}"),
                _ => name.clone(),
            };
            keys(one, "", known.entry(kind).or_default());
        }
    }
}

/// Who wrote it, and what it answers, stands in messages of every type.
const AROUND: &[&str] = &["/from", "/from_user_id", "/from_parent_user_id", "/context"];

#[tokio::test]
async fn webhooks_have_the_recorded_members_alone() -> anyhow::Result<()> {
    let Some(recorded) = recorded()? else {
        return Ok(());
    };
    let pair = Pair::start(WhatsAppOptions {
        parent_user_ids: true,
        media_urls: true,
        ..WhatsAppOptions::default()
    })
    .await?;
    let mut compared = BTreeSet::new();
    for identifiers in [
        Identifiers::PhoneNumbers,
        Identifiers::Both,
        Identifiers::UserIds,
    ] {
        pair.network.set_identifiers(identifiers);
        let ours = pair.text_to_ada("Hello").await;
        pair.statuses(&ours, 3).await;
        pair.network
            .customers()
            .set_reachability(ADA, Reachability::Unavailable);
        let failed = pair.text_to_ada("Hello").await;
        pair.statuses(&failed, 1).await;
        pair.network
            .customers()
            .set_reachability(ADA, Reachability::Available);
        for what in everything(&pair, &ours) {
            let delivery = pair.network.say(ADA, what.clone()).await;
            assert!(delivery.acknowledged, "{what:?}");
        }
    }
    for change in pair.hub.changes() {
        let mut sent = BTreeMap::new();
        note(&change, &mut sent);
        for (kind, ours) in sent {
            let known = recorded.get(&kind);
            let known = known.unwrap_or_else(|| panic!("no recorded {kind}"));
            let strange: Vec<&String> = ours
                .difference(known)
                .filter(|key| {
                    let around = AROUND.iter().any(|around| key.starts_with(around));
                    // Addresses were recorded of pictures; other media have them alike.
                    let address = key.ends_with("/url") && key.matches('/').count() == 2;
                    !(kind.starts_with("message ") && (around || address))
                })
                .collect();
            assert!(strange.is_empty(), "{kind} has no {strange:?}: {change}");
            compared.insert(kind);
        }
    }
    assert!(compared.len() > 20, "{compared:?}");
    Ok(())
}

fn everything(pair: &Pair, ours: &str) -> Vec<Incoming> {
    let media = |media: MediaKind, mime: &str| {
        let id = pair.network.add_media(mime, "content");
        let captioned = !matches!(media, MediaKind::Audio | MediaKind::Sticker);
        Incoming::from(Happening::Media {
            media,
            id,
            caption: captioned.then(|| "Look".to_owned()),
            filename: (media == MediaKind::Document).then(|| "a.pdf".to_owned()),
            voice: true,
            animated: true,
        })
    };
    let id = || ours.to_owned();
    let mut all = vec![
        Incoming::text("Hello").replying_to(ours),
        media(MediaKind::Image, "image/jpeg"),
        media(MediaKind::Video, "video/mp4"),
        media(MediaKind::Audio, "audio/ogg; codecs=opus"),
        media(MediaKind::Document, "application/pdf"),
        media(MediaKind::Sticker, "image/webp"),
        Incoming::reaction(ours, Some("👍")),
        Incoming::reaction(ours, Some("")),
    ];
    let happenings = [
        Happening::Location {
            latitude: 1.0,
            longitude: 2.0,
            name: Some("N".to_owned()),
            address: Some("A".to_owned()),
            url: Some("https://example.com".to_owned()),
        },
        Happening::Contacts {
            contacts: vec![json!({ "name": { "formatted_name": "Ada" } })],
        },
        Happening::Button {
            text: "A".to_owned(),
            payload: "a".to_owned(),
        },
        Happening::ButtonReply {
            id: "a".to_owned(),
            title: "A".to_owned(),
        },
        Happening::ListReply {
            id: "a".to_owned(),
            title: "A".to_owned(),
            description: Some("D".to_owned()),
        },
        Happening::FlowReply {
            response: json!({ "a": 1 }),
        },
        Happening::Order {
            catalog_id: "1".to_owned(),
            text: String::new(),
            product_items: Vec::new(),
        },
        Happening::Edit {
            message_id: id(),
            text: "B".to_owned(),
        },
        Happening::Revoke { message_id: id() },
        Happening::Unsupported {
            kind: Some("poll".to_owned()),
        },
        Happening::MarketingPreference { stop: false },
        Happening::AccountError { code: 131_000 },
        Happening::ChangeIdentity {
            hash: "abc".to_owned(),
        },
        Happening::ChangeUserId {
            user_id: format!("US.{}", fastrand::u64(1000..)),
            as_update: false,
        },
        Happening::ChangeUserId {
            user_id: format!("US.{}", fastrand::u64(1000..)),
            as_update: true,
        },
    ];
    all.extend(happenings.map(Incoming::from));
    all
}
