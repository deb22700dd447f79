//! What the connectors' tests share: signed requests, recorded material, and the checks that are the
//! same for each of Meta's networks. Failures panic, as in any test.

mod answers;
mod awkward;

pub use answers::{Calls, check_answers, said};
pub use awkward::{
    Awkward, Make, Neighbour, Sample, check_awkward, check_awkward_answers, check_large_delivery,
    samples,
};

use std::collections::BTreeMap;
use std::path::PathBuf;

use linecard_sdk::connector::{Channel, Connector, Rejection, WebhookRequest};
use linecard_sdk::encode;
use linecard_sdk::events::EventKind;
use linecard_sdk::http::{Body, Request};
use linecard_sdk::secrets::Algorithm;
use linecard_sdk::testing::{TestHost, hmac_of};
use linecard_testkit::{Call, Case, SandboxedPlugin, ThisCrate};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A host with the webhook's secrets.
pub fn host() -> TestHost {
    TestHost::new()
        .secret("app-secret", "app-secret")
        .secret("verify-token", "meatyhamhock")
}

/// A delivery that Meta could have signed with the secret of [`host`].
pub fn signed(body: impl Into<Vec<u8>>) -> WebhookRequest {
    let body = body.into();
    let mac = hmac_of(Algorithm::Sha256, b"app-secret", &body);
    let header = format!("sha256={}", encode::hex(&mac));
    WebhookRequest::post(body).with_header("X-Hub-Signature-256", header)
}

/// The JSON that a request carried.
pub fn sent(request: &Request) -> Value {
    match &request.body {
        Body::Bytes(bytes) => serde_json::from_slice(bytes).expect("the body is JSON"),
        other => panic!("not JSON: {other:?}"),
    }
}

/// A folder of recorded material, if this machine has it: where `LINECARD_RECORDED` says, or beside the
/// workspace.
pub fn recorded(folder: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/platforms");
    let path = std::env::var_os("LINECARD_RECORDED").map_or_else(beside, PathBuf::from);
    let path = path.join(folder);
    let there = path.exists();
    if !there {
        assert!(
            std::env::var_os("LINECARD_FULL").is_none(),
            "a full run needs the recorded material {}",
            path.display()
        );
        println!("skipped: there is no recorded material {folder} here");
    }
    there.then_some(path)
}

/// The JSON files of a folder of recorded material, by name; none if this machine has it not.
pub fn files(folder: &str) -> Vec<(String, Value)> {
    let Some(folder) = recorded(folder) else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the entry can be read").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path
            .file_stem()
            .map(|name| name.to_string_lossy().into_owned());
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        let value = serde_json::from_str(&text).expect("the file is JSON");
        (name.unwrap_or_default(), value)
    };
    paths.into_iter().map(read).collect()
}

/// What an event is, in a word: `other(name)` for what has no kind.
pub fn kind_name(kind: &EventKind) -> String {
    match kind {
        EventKind::Other(name) => format!("other({name})"),
        other => {
            let text = format!("{other:?}");
            let text = text.trim_start_matches("EventKind::");
            let end = text.find(['(', ' ']).unwrap_or(text.len());
            text.get(..end).unwrap_or_default().to_owned()
        }
    }
}

/// Sends every recorded webhook of a folder through the connector, natively and as the built component
/// in the real sandbox: no trap, the same events from both, and `other` only for what `others` names.
/// `config_of` makes a channel's configuration from the account that the payload is for. Prints a
/// table; gives how many payloads there were.
pub fn check_samples<C: Connector>(
    this_crate: &ThisCrate,
    folder: &str,
    config_of: impl Fn(&str) -> Value,
    others: &[&str],
) -> usize {
    let account = |sample: &Value| {
        let id = &sample["entry"][0]["id"];
        id.as_str().map_or_else(|| id.to_string(), str::to_owned)
    };
    check_webhooks::<C>(
        this_crate,
        folder,
        |sample| config_of(&account(sample)),
        others,
    )
}

/// [`check_samples`] for a network whose channel is not named by the entry: `config_of` gets the
/// whole payload.
pub fn check_webhooks<C: Connector>(
    this_crate: &ThisCrate,
    folder: &str,
    config_of: impl Fn(&Value) -> Value,
    others: &[&str],
) -> usize {
    let samples = files(folder);
    if samples.is_empty() {
        return 0;
    }
    let component = linecard_testkit::build(this_crate).expect("the component builds");
    let plugin = SandboxedPlugin::load(&component).expect("the component loads");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut unexpected = Vec::new();
    let mut read = 0;
    for (name, sample) in &samples {
        if sample.pointer("/entry/0/id").is_none() {
            continue;
        }
        read += 1;
        let request = signed(sample.to_string());
        let config = config_of(sample);
        let channel = Channel::new("test-channel", &config);
        let received = {
            let _host = host().install();
            C::receive(&channel, &request)
        };
        let mut secrets = Map::new();
        secrets.insert("app-secret".to_owned(), json!("app-secret"));
        let case = Case {
            name: name.clone(),
            folder: PathBuf::new(),
            call: Call::Receive(request),
            answers: Vec::new(),
            config: config.clone(),
            secrets,
            now: None,
            varies: true,
            head: None,
        };
        // Some recorded accounts have no id that the schema allows.
        let filled = plugin
            .check_config(&config)
            .unwrap_or_else(|_| config.to_string());
        let sandboxed = plugin.run(&case, &filled).expect("the sandbox runs it");
        let reception = match received {
            Ok(reception) => reception,
            Err(rejection) => {
                println!("{name:50} rejected: {rejection:?}");
                *counts.entry("rejected".to_owned()).or_default() += 1;
                assert!(
                    sandboxed.get("err").is_some(),
                    "{name}: the sandbox took it: {sandboxed}"
                );
                continue;
            }
        };
        let names: Vec<String> = reception
            .events
            .iter()
            .map(|event| kind_name(&event.kind))
            .collect();
        println!("{name:50} {}", names.join(", "));
        for (event, kind) in reception.events.iter().zip(names) {
            assert!(
                !event.id.is_empty() && event.id.len() <= 512 && event.time > 0,
                "{name}"
            );
            assert!(serde_json::from_str::<Value>(&event.raw).is_ok(), "{name}");
            if let EventKind::Other(other) = &event.kind
                && !others.contains(&other.as_str())
            {
                unexpected.push(format!("{name}: {other}"));
            }
            *counts.entry(kind).or_default() += 1;
        }
        let ids = |events: &Value| -> Vec<Value> {
            let events = events.as_array().into_iter().flatten();
            events.map(|event| event["id"].clone()).collect()
        };
        let native: Vec<Value> = reception
            .events
            .iter()
            .map(|event| json!(event.id))
            .collect();
        assert_eq!(
            ids(&sandboxed["ok"]["events"]),
            native,
            "{name}: the sandbox gave {sandboxed}"
        );
    }
    println!("-- {read} payloads");
    for (kind, count) in &counts {
        println!("{kind:50} {count}");
    }
    print_row(folder, read, &counts);
    assert!(unexpected.is_empty(), "kept as other: {unexpected:#?}");
    read
}

/// Prints a row of the table of what became of recorded payloads: by network the payloads, the events that
/// were understood, and what was kept as something else, by name.
pub fn print_row(folder: &str, payloads: usize, counts: &BTreeMap<String, usize>) {
    let (others, taken): (Vec<_>, Vec<_>) = counts
        .iter()
        .partition(|(kind, _)| kind.starts_with("other(") || *kind == "rejected");
    let taken: usize = taken.into_iter().map(|(_, count)| count).sum();
    let others: Vec<String> = others
        .into_iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let network = folder.rsplit('/').next().unwrap_or(folder);
    println!(
        "| {network} | {payloads} payloads | {taken} events taken | {} |",
        others.join(", ")
    );
}

/// Makes an element that holds a word.
pub type MakeOne = fn(&str) -> Value;

/// The neighbours of a delivery of Meta's, for [`Awkward`]: a whole entry in the list of entries, and an
/// element in each list of an entry of the same account. `lists` are the names of lists and what makes
/// their elements; the first makes the whole entry's.
pub fn meta_neighbours(sample: &Sample, lists: &[(&'static str, MakeOne)]) -> Vec<Neighbour> {
    let entries = sample.body["entry"].as_array();
    let account = sample.body["entry"][0]["id"].clone();
    let mut neighbours = Vec::new();
    let Some((first, make)) = lists.first().copied() else {
        return neighbours;
    };
    let id = account.clone();
    neighbours.push(Neighbour {
        list: "/entry".to_owned(),
        needs: vec!["/object".to_owned()],
        make: Box::new(
            move |word| json!({ "id": id, "time": 1_767_225_600, (first): [make(word)] }),
        ),
    });
    for (number, entry) in entries.into_iter().flatten().enumerate() {
        for (name, make) in lists {
            let make = *make;
            if entry["id"] == account && entry[name].is_array() {
                neighbours.push(Neighbour {
                    list: format!("/entry/{number}/{name}"),
                    needs: vec!["/object".to_owned(), format!("/entry/{number}/id")],
                    make: Box::new(make),
                });
            }
        }
    }
    neighbours
}

/// The signing request and secret of a delivery of Meta's, for [`Awkward`].
pub const META_SECRETS: &[(&str, &str)] = &[("app-secret", "app-secret")];

/// Checks Meta's signature vectors on a connector: each holds, the SHA-1 header alone does not, and no
/// body with a flipped bit does. Gives how many there were.
pub fn check_signature_vectors<C: Connector>(channel: &Channel) -> usize {
    let Some(folder) = recorded("specs") else {
        return 0;
    };
    let text = std::fs::read_to_string(folder.join("signature-vectors.json"))
        .expect("the vectors can be read");
    let vectors: Value = serde_json::from_str(&text).expect("the vectors are JSON");
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().into_iter().flatten() {
        if vector["platform"] != "meta" || vector["header"] != "X-Hub-Signature-256" {
            continue;
        }
        let text = |name: &str| vector[name].as_str().unwrap_or_default();
        let body = encode::from_hex(text("body_hex")).expect("the body is hexadecimal");
        let holds = |body: &[u8], name: &str, value: &str| {
            let _host = TestHost::new()
                .secret("app-secret", text("secret"))
                .install();
            let request = WebhookRequest::post(body).with_header(name, value);
            !matches!(
                C::receive(channel, &request),
                Err(Rejection::BadSignature(_))
            )
        };
        let expected = text("expected");
        assert!(holds(&body, "X-Hub-Signature-256", expected), "{vector}");
        let legacy = text("legacy_header_X-Hub-Signature");
        assert!(!holds(&body, "X-Hub-Signature", legacy), "SHA-1 alone");
        for bit in 0..body.len() * 8 {
            let mut flipped = body.clone();
            if let Some(byte) = flipped.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            assert!(
                !holds(&flipped, "X-Hub-Signature-256", expected),
                "bit {bit} of {vector}"
            );
        }
        checked += 1;
    }
    checked
}

/// Any JSON, with these members' names and words among others.
pub fn any_json(
    names: &'static [&'static str],
    words: &'static [&'static str],
) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(words).prop_map(Value::from),
    ];
    let names = prop::sample::select(names);
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..7)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
