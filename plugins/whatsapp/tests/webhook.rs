//! What deliveries become, where a sample alone does not tell what matters.

use crate::common::*;
use linecard_sdk::connector::Rejection;
use linecard_sdk::events::{
    ChannelState, EventKind, ReceiptScope, ReceiptState, Refusal, SentMessage,
};
use serde_json::json;

#[test]
fn a_person_is_known_by_the_user_id_and_the_number_is_an_alias() {
    let said = |from: serde_json::Value, contact: serde_json::Value| {
        let mut message = json!({ "id": "wamid.1", "timestamp": "1767225600", "type": "text", "text": { "body": "Hi" } });
        if let (Some(message), Some(from)) = (message.as_object_mut(), from.as_object()) {
            message.extend(from.clone());
        }
        let event = event(json!({ "contacts": [contact], "messages": [message] }));
        assert_eq!(
            event.thread.as_ref().unwrap().customer,
            event.author.as_ref().map(|a| a.identity.clone())
        );
        event
    };
    let both = said(
        json!({ "from": PHONE, "from_user_id": USER_ID }),
        json!({ "wa_id": PHONE, "user_id": USER_ID, "profile": { "name": "Ann", "username": "@ann" } }),
    );
    let author = both.author.unwrap();
    assert_eq!(author.identity, by_user_id());
    let profile = author.profile.unwrap();
    assert_eq!(
        (profile.display_name.as_deref(), profile.handle.as_deref()),
        (Some("Ann"), Some("ann"))
    );
    let hidden = said(
        json!({ "from_user_id": USER_ID }),
        json!({ "user_id": USER_ID }),
    );
    assert_eq!(hidden.author.unwrap().identity.id, USER_ID);
    let old = said(json!({ "from": PHONE }), json!({ "wa_id": PHONE }));
    assert_eq!(old.author.unwrap().identity.id, PHONE);
}

#[test]
fn each_of_several_messages_has_its_own_author() {
    let body = json!({
        "contacts": [{ "wa_id": "1", "profile": { "name": "A" } }, { "wa_id": "2", "profile": { "name": "B" } }],
        "messages": [
            { "from": "2", "id": "wamid.2", "timestamp": "1767225600", "type": "text", "text": { "body": "b" } },
            { "from": "1", "id": "wamid.1", "timestamp": "1767225600", "type": "text", "text": { "body": "a" } },
        ],
    });
    let names: Vec<String> = events(body)
        .into_iter()
        .filter_map(|event| event.author?.profile?.display_name)
        .collect();
    assert_eq!(names, ["B", "A"]);
}

#[test]
fn a_status_finds_the_message_by_the_hubs_reference() {
    let status = |state: &str| {
        let event = event(
            json!({ "statuses": [{ "id": "wamid.9", "status": state, "timestamp": "1767225600",
            "recipient_id": PHONE, "biz_opaque_callback_data": ACTION,
            "errors": [{ "code": 131_047, "title": "Re-engagement message", "message": "Re-engagement message",
                "error_data": { "details": "More than 24 hours have passed." } }] }] }),
        );
        assert_eq!(
            event.id,
            format!("wamid.9:{state}"),
            "repeats have the same id"
        );
        match event.kind {
            EventKind::Receipt(receipt) => receipt,
            other => panic!("{other:?}"),
        }
    };
    for (word, state) in [
        ("sent", ReceiptState::Sent),
        ("delivered", ReceiptState::Delivered),
        ("read", ReceiptState::Read),
        ("played", ReceiptState::Read),
        ("failed", ReceiptState::Failed),
    ] {
        let receipt = status(word);
        assert_eq!(receipt.state, state);
        assert_eq!(
            receipt.scope,
            ReceiptScope::ClientRef(SentMessage {
                client_ref: ACTION.to_owned(),
                id: Some("wamid.9".to_owned())
            })
        );
    }
    let text = "Re-engagement message – More than 24 hours have passed.";
    assert_eq!(status("failed").reason, Some(Refusal::new("131047", text)));
}

#[test]
fn errors_come_in_three_places() {
    let error = json!({ "code": 131_005, "title": "Access denied", "error_data": { "details": "No permission" } });
    let whole = event(json!({ "errors": [error] }));
    let EventKind::ChannelStatus(status) = whole.kind else {
        panic!("{whole:?}")
    };
    assert_eq!(status.state, ChannelState::Stopped);
    assert_eq!(status.code.as_deref(), Some("131005"));
    assert!(
        status
            .remedy
            .unwrap()
            .contains("whatsapp_business_messaging")
    );

    let unsupported = from_customer(
        json!({ "type": "unsupported", "unsupported": { "type": "poll" },
        "errors": [{ "code": 131_051, "title": "Message type unknown" }] }),
    );
    let EventKind::MessageCreated(message) = event(json!({ "messages": [unsupported] })).kind
    else {
        panic!("a customer wrote something")
    };
    let structured = message.structured.unwrap();
    assert_eq!(structured.kind, "unsupported");
    assert!(structured.json.contains("poll") && structured.json.contains("131051"));
}

#[test]
fn a_new_number_or_id_is_told_with_the_old_one() {
    let system = |members: serde_json::Value, from: serde_json::Value| {
        let mut item = json!({ "id": "wamid.1", "timestamp": "1767225600", "type": "system", "system": members });
        if let (Some(item), Some(from)) = (item.as_object_mut(), from.as_object()) {
            item.extend(from.clone());
        }
        let event = event(json!({ "messages": [item] }));
        let EventKind::ProfileChanged(change) = event.kind else {
            panic!("{event:?}")
        };
        (change.previous_id, event.author.unwrap().identity)
    };
    let (previous, now) = system(
        json!({ "type": "user_changed_number", "wa_id": "15552222222", "body": "changed" }),
        json!({ "from": PHONE }),
    );
    assert_eq!(previous.as_deref(), Some(PHONE));
    assert_eq!(now.id, "15552222222");

    let (previous, now) = system(
        json!({ "type": "user_changed_number", "wa_id": "15552222222", "user_id": USER_ID }),
        json!({ "from": PHONE, "from_user_id": USER_ID }),
    );
    assert_eq!(previous.as_deref(), Some(PHONE));
    assert_eq!(now.id, USER_ID, "whoever has a user id keeps it");
    let numbers: Vec<_> = now.aliases.iter().map(|alias| &alias.value).collect();
    assert_eq!(
        numbers,
        ["15552222222"],
        "the former one is theirs no longer"
    );
}

#[test]
fn a_conversation_that_was_opened_without_a_word_is_no_message() {
    let event = event(json!({ "messages": [from_customer(json!({ "type": "request_welcome" }))] }));
    assert!(matches!(&event.kind, EventKind::Other(name) if name == "request-welcome"));
    assert!(event.thread.unwrap().customer.is_some() && event.author.is_some());
}

#[test]
fn marketing_messages_are_stopped_and_resumed() {
    let told = |value: &str| {
        let preference = json!({ "wa_id": PHONE, "detail": "User requested it", "value": value,
            "category": "marketing_messages", "timestamp": 1_767_225_600 });
        let mut body = delivery(json!({ "user_preferences": [preference] }));
        body["entry"][0]["changes"][0]["field"] = json!("user_preferences");
        let event = receive(body.to_string()).unwrap().events.remove(0);
        let time = event.time;
        let facts = event.author.and_then(|author| author.profile);
        let facts = facts.map(|profile| profile.extra).unwrap_or_default();
        let values: Vec<_> = facts.into_iter().map(|fact| fact.value).collect();
        (event.kind, values.join(", "), time)
    };
    let (kind, facts, time) = told("stop");
    assert!(matches!(kind, EventKind::ProfileChanged(_)));
    assert_eq!(time, 1_767_225_600_000);
    assert_eq!(facts, "marketing-withdrawn, WhatsApp: User requested it");
    assert!(told("resume").1.starts_with("given"));
    // A word of later versions is kept.
    assert!(matches!(told("pause").0, EventKind::Other(name) if name == "user_preferences"));
}

#[test]
fn both_forms_of_a_number_are_in_one_conversation() {
    let said = |from: &str| {
        let mut message = from_customer(json!({ "type": "text", "text": { "body": "x" } }));
        message["from"] = json!(from);
        let event = event(json!({ "messages": [message] }));
        (event.thread.unwrap().key, event.author.unwrap().identity)
    };
    let (long_thread, long) = said("5588912345678");
    let (short_thread, short) = said("558812345678");
    assert_eq!(long_thread, short_thread);
    assert_eq!(long.aliases[0].value, short.id);
    assert_eq!(short.aliases[0].value, long.id);
}

#[test]
fn another_number_or_account_is_refused_and_a_part_is_taken() {
    let mut body = delivery(
        json!({ "messages": [from_customer(json!({ "type": "text", "text": { "body": "x" } }))] }),
    );
    body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = json!("3");
    assert!(matches!(
        receive(body.to_string()),
        Err(Rejection::NotForThisChannel(text)) if text.contains(NUMBER) && text.contains('3')
    ));
    let other = body["entry"][0].clone();
    let mut both = delivery(
        json!({ "messages": [from_customer(json!({ "type": "text", "text": { "body": "x" } }))] }),
    );
    both["entry"].as_array_mut().unwrap().push(other);
    assert_eq!(receive(both.to_string()).unwrap().events.len(), 1);
    let page = json!({ "object": "page", "entry": [] });
    let ignored = receive(page.to_string()).unwrap();
    assert_eq!((ignored.response.status, ignored.events.len()), (200, 0));
}
