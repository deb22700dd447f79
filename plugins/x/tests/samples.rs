//! Every recorded payload and signature that is at hand: nothing traps, everything is told.

mod common;

use std::path::PathBuf;

use common::*;
use linecard_sdk::connector::{Connector as _, Rejection, WebhookRequest};
use linecard_sdk::encode;
use linecard_sdk::events::EventKind;
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;
use linecard_x::X;
use serde_json::{Value, json};

/// Lists of the older webhooks for which the contract has no kind.
const OTHERS: [&str; 2] = ["block_events", "mute_events"];

fn recorded(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/platforms")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: there is no recorded material {name} here");
    None
}

fn files(name: &str) -> Vec<(String, String)> {
    let Some(folder) = recorded(name) else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn every_recorded_webhook_is_understood() {
    let files = files("samples/x");
    for (name, body) in &files {
        let value: Value = serde_json::from_str(body).unwrap();
        // A revoked permission has its account elsewhere.
        let account = value["for_user_id"].as_str().unwrap_or(ME).to_owned();
        let events = receive(&account, body).unwrap().events;
        assert!(!events.is_empty(), "{name}");
        for event in events {
            println!("{name:50} {:32} {:?}", event.id, event.kind);
            if let EventKind::Other(word) = &event.kind {
                // One's own doing, such as a follow, is nothing that a customer did.
                let is_own = event.raw.contains(&account);
                assert!(OTHERS.contains(&word.as_str()) || is_own, "{name}: {word}");
            }
        }
    }
    assert!(files.is_empty() || files.len() > 15);
}

#[test]
fn every_recorded_list_of_posts_is_read() {
    for (name, text) in files("samples/x_api") {
        let value: Value = serde_json::from_str(&text).unwrap();
        let uri = value["request"]["uri"].as_str().unwrap_or_default();
        if !(uri.contains("/mentions") || uri.contains("/search/")) {
            continue;
        }
        let body = &value["response"]["body"];
        let _host = TestHost::new()
            .answer(Response::new(200, body.to_string()))
            .install();
        let page = X::poll(&channel(ME, json!({})), b"").unwrap();
        let posts = body["data"].as_array().map_or(0, Vec::len);
        println!("{name:60} {posts} posts, {} events", page.events.len());
        assert!(page.events.len() >= posts, "{name}");
    }
}

#[test]
fn every_signature_vector_holds_and_no_flipped_bit_does() {
    let Some(path) = recorded("specs/signature-vectors.json") else {
        return;
    };
    let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let vectors = value
        .as_array()
        .or_else(|| value["vectors"].as_array())
        .unwrap();
    let mut checked = 0;
    for vector in vectors {
        if vector["header"] != HEADER {
            continue;
        }
        let body = encode::from_hex(vector["body_hex"].as_str().unwrap()).unwrap();
        let expected = vector["expected"].as_str().unwrap();
        let send = |body: Vec<u8>, signature: &str| {
            let _host = TestHost::new()
                .secret("consumer-secret", vector["secret"].as_str().unwrap())
                .install();
            let request = WebhookRequest::post(body).with_header(HEADER, signature);
            X::receive(&channel("2244994945", json!({})), &request)
        };
        let is_refused = |answer| matches!(answer, Err(Rejection::BadSignature(_)));
        assert!(!is_refused(send(body.clone(), expected)), "{vector}");
        for bit in 0..body.len() * 8 {
            let mut body = body.clone();
            body[bit / 8] ^= 1 << (bit % 8);
            assert!(is_refused(send(body, expected)), "{vector}");
        }
        let mac = encode::from_base64(expected.strip_prefix("sha256=").unwrap()).unwrap();
        for bit in 0..mac.len() * 8 {
            let mut mac = mac.clone();
            mac[bit / 8] ^= 1 << (bit % 8);
            let signature = format!("sha256={}", encode::base64(&mac));
            assert!(is_refused(send(body.clone(), &signature)), "{vector}");
        }
        checked += 1;
    }
    assert!(checked >= 3, "only {checked} vectors were found");
}
