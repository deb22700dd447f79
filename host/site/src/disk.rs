//! What a message costs on disk, all the way through a site: accepted with its payload, prepared,
//! recorded and queued.
//!
//! `cargo test -p linecard-site --lib -- --ignored --nocapture disk` prints keys and bytes by what they
//! are, and the size of the folder, for a site that takes messages of 100 characters, five of each
//! customer, whose numbers and messages' ids lie all over the keys.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use linecard_model::manifest::Visibility;
use linecard_model::platform::{
    Author, Event, EventKind, Identity, Message, Profile, Thread, timestamp_from_millis,
};
use linecard_model::rights::Rights;
use linecard_model::{ChannelId, SiteId};
use linecard_store::{Accept, Store};
use linecard_store_sled::SledStore;
use serde_json::json;

use super::{Actor, Prepared, Rendered, Request, Site, SiteHandle, SiteOptions};
use crate::channels::Channels;

const MESSAGES: u64 = 20_000;
const OF_EACH_CUSTOMER: u64 = 5;
/// How many webhooks arrive at about the same time.
const TOGETHER: u64 = 16;
/// What a message may cost on disk, all in all. It varies a little with how the engine's segments fill.
const MOST_BYTES: u64 = 4_500;

/// A message as a network delivers it.
fn event(number: u64) -> Event {
    // Nobody's number and no message's id grows with time.
    let random = |number: u64| number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let customer = random(number % (MESSAGES / OF_EACH_CUSTOMER)) >> 40;
    let (phone, at) = (
        format!("1555{customer:08}"),
        1_760_000_000_000 + number * 100,
    );
    let id = format!(
        "wamid.HBgLMTU1N{customer:08}VAgASGBQzQTk{:016X}NQA=",
        random(number)
    );
    let text: String = format!("{number}: where is my parcel, please? ")
        .chars()
        .cycle()
        .take(100)
        .collect();
    let raw = json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "102290129340398", "changes": [{ "field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550783881", "phone_number_id": "106540352242922" },
            "contacts": [{ "profile": { "name": format!("Customer {customer}") }, "wa_id": phone }],
            "messages": [{ "from": phone, "id": id, "timestamp": (at / 1_000).to_string(),
                "text": { "body": text }, "type": "text" }],
        } }] }],
    });
    let identity = Identity {
        id: phone.clone(),
        aliases: Vec::new(),
    };
    Event {
        id: id.clone(),
        time: timestamp_from_millis(at),
        thread: Some(Thread {
            key: phone,
            visibility: Visibility::Private,
            permalink: None,
            customer: Some(identity.clone()),
        }),
        author: Some(Author {
            identity,
            profile: Some(Profile {
                display_name: Some(format!("Customer {customer}")),
                ..Profile::default()
            }),
        }),
        kind: EventKind::MessageCreated(Message {
            id,
            text: Some(text),
            attachments: Vec::new(),
            location: None,
            contacts: Vec::new(),
            structured: None,
            parent: None,
            quoted: None,
            addressed: Some(true),
            referral: None,
            client_ref: None,
            language: None,
        }),
        raw: raw.to_string(),
    }
}

async fn take(store: &Arc<dyn Store>, handle: &SiteHandle, numbers: std::ops::Range<u64>) {
    let channel = ChannelId::new("whatsapp").unwrap();
    let webhooks = numbers.map(|number| {
        let accept = Accept {
            channel: channel.clone(),
            at: timestamp_from_millis(1_760_000_000_500 + number * 100),
            events: vec![event(number)],
            cursor: None,
            again: None,
        };
        async { store.accept(handle.id(), accept).await.unwrap() }
    });
    futures::future::join_all(webhooks).await;
    for entry in store.inbox(handle.id(), 0, usize::MAX).await.unwrap() {
        let findings = Vec::new();
        handle.inbound(Prepared { entry, findings }).await.unwrap();
    }
    // Answered after all that was put before it.
    handle.query(|_| ()).await.unwrap();
}

/// The bytes that a folder takes.
fn on_disk(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap();
    let sizes = entries.map(|entry| {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            on_disk(&entry.path())
        } else {
            entry.metadata().unwrap().blocks() * 512
        }
    });
    sizes.sum()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures; run it by name"]
async fn a_message_costs_little_on_disk() {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let sled = Arc::new(SledStore::open(folder.path()).unwrap());
    let store: Arc<dyn Store> = Arc::clone(&sled) as Arc<dyn Store>;
    let site = Site::start(SiteOptions {
        id: SiteId::new("main").unwrap(),
        store: Arc::clone(&store),
        channels: Channels::default(),
        render: |_, _| Rendered {
            status: 204,
            body: Vec::new(),
            replayed: false,
        },
    })
    .await
    .unwrap();
    let config = json!({
        "queues": { "support": { "members": [] } },
        "channels": { "whatsapp": { "plugin": "whatsapp", "queue": "support" } },
    });
    let boss = Actor {
        name: "boss".to_owned(),
        rights: Rights::all(),
        agent: None,
    };
    let configure = Request::Configure {
        config: Box::new(serde_json::from_value(config).unwrap()),
        vault: Vec::new(),
    };
    site.handle.request(boss, configure, None).await.unwrap();
    let mut taken = 0;
    while taken < MESSAGES {
        take(&store, &site.handle, taken..taken + TOGETHER).await;
        taken += TOGETHER;
    }
    site.handle.stop().await;
    drop(store);
    sled.close().await.unwrap();
    let sizes = sled.sizes().unwrap();
    drop(sled);
    let mut logical = 0;
    for (family, size) in sizes {
        logical += size.key_bytes + size.value_bytes;
        println!(
            "{family}: {} keys, {} bytes of keys, {} bytes of values",
            size.keys, size.key_bytes, size.value_bytes
        );
    }
    let bytes = on_disk(folder.path());
    println!(
        "{taken} messages: {} bytes of keys and values and {} on disk each",
        logical / taken,
        bytes / taken
    );
    assert!(bytes / taken <= MOST_BYTES, "a message costs too much");
}
