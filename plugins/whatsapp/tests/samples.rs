//! Every recorded payload and signature that is at hand: nothing traps, everything is told.

use linecard_graph::testing::{
    Awkward, Calls, META_SECRETS, Neighbour, Sample, check_answers, check_awkward,
    check_large_delivery, check_signature_vectors, check_webhooks, said, samples, signed,
};
use linecard_sdk::connector::Channel;
use linecard_whatsapp::WhatsApp;
use serde_json::{Value, json};

/// What is acknowledged and kept, but asks nothing of anybody.
const OTHERS: [&str; 15] = [
    "account_review_update",
    "business_username_update",
    "calls",
    "customer_identity_changed",
    "error-131000",
    "group-message",
    "group-status",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "message_template_quality_update",
    "message_template_status_update",
    "phone_number_name_update",
    "user_preferences",
    "status-deleted",
];

/// The channel that a payload is for: its number and its account.
fn config(sample: &Value) -> Value {
    let text = |pointer: &str| sample.pointer(pointer).and_then(Value::as_str);
    let number = text("/entry/0/changes/0/value/metadata/phone_number_id");
    let account = text("/entry/0/id");
    json!({ "phone_number_id": number.unwrap_or("1"), "waba_id": account.unwrap_or("1") })
}

#[test]
fn every_recorded_webhook_is_understood() {
    let this_crate = linecard_testkit::this_crate!();
    let read = check_webhooks::<WhatsApp>(&this_crate, "samples/whatsapp", config, &OTHERS);
    assert!(read == 0 || read > 50, "only {read} webhooks were found");
}

fn message(word: &str) -> Value {
    json!({ "from": "4915700000005", "id": word, "timestamp": "1767225600", "type": "text",
        "text": { "body": "still here" } })
}

/// A whole entry beside the others, and a message in each list of messages.
fn neighbours(sample: &Sample) -> Vec<Neighbour> {
    let number = sample.config["phone_number_id"].clone();
    let account = sample.body["entry"][0]["id"].clone();
    let object = || vec!["/object".to_owned()];
    let mut neighbours = vec![Neighbour {
        list: "/entry".to_owned(),
        needs: object(),
        make: Box::new(move |word| {
            let value =
                json!({ "metadata": { "phone_number_id": number }, "messages": [message(word)] });
            json!({ "id": account, "changes": [{ "field": "messages", "value": value }] })
        }),
    }];
    let changes = sample.body["entry"][0]["changes"].as_array();
    for (place, change) in changes.into_iter().flatten().enumerate() {
        let value = &change["value"];
        let is_ours = value["metadata"]["phone_number_id"] == sample.config["phone_number_id"];
        if change["field"] == "messages" && value["messages"].is_array() && is_ours {
            let at = format!("/entry/0/changes/{place}");
            let mut needs = object();
            needs.push(format!("{at}/field"));
            needs.push(format!("{at}/value/metadata/phone_number_id"));
            neighbours.push(Neighbour {
                list: format!("{at}/value/messages"),
                needs,
                make: Box::new(message),
            });
        }
    }
    neighbours
}

fn awkward() -> Awkward {
    Awkward {
        network: "whatsapp",
        request: signed,
        secrets: META_SECRETS,
        neighbours,
        statuses: &[200],
    }
}

#[test]
fn a_delivery_with_too_many_messages_is_read_in_part_and_kept() {
    let whole = |messages| {
        let value = json!({ "metadata": { "phone_number_id": "1" }, "messages": messages });
        let changes = [json!({ "field": "messages", "value": value })];
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": changes }] })
    };
    let this_crate = linecard_testkit::this_crate!();
    let config = json!({ "phone_number_id": "1", "waba_id": "1" });
    check_large_delivery(&this_crate, &awkward(), config, message, whole);
}

#[test]
fn awkward_values_cost_nothing_but_themselves() {
    let this_crate = linecard_testkit::this_crate!();
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let samples = samples("samples/whatsapp", own, |body| {
        body.pointer("/entry/0/id").map(|_| config(body))
    });
    check_awkward::<WhatsApp>(&this_crate, &awkward(), &samples);
}

/// The calls of a number.
fn calls() -> Calls {
    let file = |media: Option<&str>| {
        json!([{ "media": media, "attachment": { "kind": "file", "url": "https://files.example/a.pdf", "media_id": null,
            "mime": "application/pdf", "size": null, "name": "a.pdf", "sha256": null, "label": null } }])
    };
    let template = json!({ "name": "order", "language": "en", "parameters": "[]" });
    let stored = json!({ "kind": "image", "url": null, "media_id": "77", "mime": null, "size": null,
        "name": null, "sha256": null, "label": null });
    let secrets = json!({ "app-secret": "app-secret", "verify-token": "v", "access-token": "t" });
    Calls::new(json!({ "phone_number_id": "1", "waba_id": "1" }), secrets)
        .action(
            "message",
            json!({ "send_message": said("x", json!([]), None) }),
        )
        .action(
            "upload",
            json!({ "send_message": said("x", file(Some("stored")), None) }),
        )
        .action(
            "react",
            json!({ "react": { "message_id": "wamid.1", "name": "love", "emoji": "❤" } }),
        )
        .action("seen", json!({ "mark_seen": "wamid.1" }))
        .action("template", json!({ "send_template": template }))
        .call("file", json!({ "resolve_media": stored }))
        .call("probe", json!({ "probe": {} }))
        .call("templates", json!({ "templates": {} }))
}

#[test]
fn every_recorded_answer_is_taken_in_the_sandbox() {
    let this_crate = linecard_testkit::this_crate!();
    let became = check_answers(&this_crate, "samples/whatsapp_send", &calls(), signed);
    if became.is_empty() {
        return;
    }
    assert!(became.len() > 30, "only {} files were found", became.len());
    let answers = [
        "Example-response",
        "Send-Draft-Flow-by-ID",
        "Send-List-Message",
        "Send-Reply-Button",
        "Send-Single-Product-Message",
    ];
    for name in answers {
        let told = &became[&format!("official-resp-{name}")]["message"];
        assert_eq!(told, "1 sent", "{name}");
    }
}

#[test]
fn every_recorded_refusal_is_taken_in_the_sandbox() {
    let this_crate = linecard_testkit::this_crate!();
    let became = check_answers(&this_crate, "samples/graph_errors", &calls(), signed);
    let expected = [
        ("c-wa-130429", "throttled"),
        ("c-wa-131047", "window_closed"),
        ("c-wa-131051", "rejected"),
        ("c-190-463-expired", "unauthorized"),
        ("c-429-no-body-retry-after", "throttled"),
    ];
    for (file, class) in expected {
        let told = became.get(file).map(|calls| calls["message"].as_str());
        assert!(told.is_none_or(|told| told == class), "{file}: {told:?}");
    }
}

#[test]
fn every_signature_vector_holds_and_no_flipped_bit_does() {
    let config = json!({ "phone_number_id": "1", "waba_id": "1" });
    let channel = Channel::new("whatsapp-1", &config);
    let checked = check_signature_vectors::<WhatsApp>(&channel);
    assert!(
        checked == 0 || checked >= 5,
        "only {checked} vectors were found"
    );
}
