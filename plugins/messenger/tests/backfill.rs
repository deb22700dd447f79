//! The look through the page's inbox.

use crate::common::*;
use linecard_messenger::Messenger;
use linecard_sdk::connector::{Connector as _, PollPage};
use linecard_sdk::events::{AttachmentKind, EventKind};
use linecard_sdk::http::Response;
use linecard_sdk::testing::{DEFAULT_NOW, TestHost};
use linecard_sdk::time::rfc3339;
use serde_json::{Value, json};

fn conversation(updated: u64, customer: &str, messages: Value) -> Value {
    json!({
        "id": format!("t_{customer}"),
        "updated_time": rfc3339(updated).replace('Z', "+0000"),
        "participants": { "data": [{ "id": PAGE, "name": "Page" }, { "id": customer, "name": "Ann" }] },
        "messages": { "data": messages },
    })
}

fn stored(id: &str, time: u64, from: &str, text: &str) -> Value {
    json!({ "id": id, "created_time": rfc3339(time).replace('Z', "+0000"), "from": { "id": from }, "message": text })
}

fn poll(page: &Value, cursor: &[u8]) -> (PollPage, String) {
    let host = TestHost::new()
        .answer(Response::new(200, page.to_string()))
        .install();
    let page = Messenger::poll(&channel(), cursor).unwrap();
    let url = host.requests()[0].url.clone();
    (page, url)
}

#[test]
fn new_messages_of_the_inbox_become_events() {
    let page = json!({ "data": [conversation(THEN, PSID, json!([
        stored("m_2", THEN, PAGE, "Hello"),
        stored("m_1", THEN - 60_000, PSID, "Hi"),
        stored("m_0", DEFAULT_NOW - 25 * HOUR, PSID, "long ago"),
        { "id": "broken" },
    ]))] });
    let (mut found, url) = poll(&page, b"");
    let unread = found.events.remove(0);
    assert_eq!(unread.raw, r#"{"id":"broken"}"#);
    assert!(matches!(&unread.kind, EventKind::Other(name) if name == "message"));
    assert!(
        url.contains(&format!("/{PAGE}/conversations?platform=messenger&fields=")),
        "{url}"
    );
    let ids: Vec<&str> = found.events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(
        ids,
        ["m_1", "m_2"],
        "oldest first, and nothing from before the first look"
    );
    assert!(
        matches!(&found.events[0].kind, EventKind::MessageCreated(message) if message.text.as_deref() == Some("Hi"))
    );
    assert!(matches!(&found.events[1].kind, EventKind::NativeReply(_)));
    for event in &found.events {
        let thread = event.thread.as_ref().unwrap();
        assert_eq!(
            thread.key,
            format!("{PAGE}:{PSID}"),
            "the same thread as the webhook's"
        );
        assert_eq!(thread.customer.as_ref().unwrap().id, PSID);
    }
    assert_eq!(
        found.events[0]
            .author
            .as_ref()
            .unwrap()
            .profile
            .as_ref()
            .unwrap()
            .display_name
            .as_deref(),
        Some("Ann")
    );
    assert_eq!(found.next_in_ms, 15 * 60_000);
}

#[test]
fn a_sweep_goes_on_page_by_page_and_the_next_starts_where_it_ended() {
    let mut first =
        json!({ "data": [conversation(THEN, "61", json!([stored("m_1", THEN, "61", "a")]))] });
    first["paging"] =
        json!({ "cursors": { "after": "QVFI+/=" }, "next": "https://graph.facebook.com/…" });
    let (page, _) = poll(&first, b"");
    assert!(
        page.next_in_ms > 0 && page.next_in_ms < 1000,
        "at most two calls a second: {}",
        page.next_in_ms
    );

    let last = json!({ "data": [
        conversation(THEN - 1000, "62", json!([stored("m_2", THEN - 1000, "62", "b")])),
    ], "paging": { "cursors": { "after": "x" } } });
    let (page, url) = poll(&last, &page.cursor);
    assert!(url.contains("&after=QVFI%2B%2F%3D"), "{url}");
    assert_eq!(page.next_in_ms, 15 * 60_000);

    let known = json!({ "data": [
        conversation(THEN + 500, "61", json!([stored("m_3", THEN + 500, "61", "c"), stored("m_1", THEN, "61", "a")])),
        conversation(THEN - 10 * 60_000, "63", json!([stored("m_old", THEN - 10 * 60_000, "63", "old")])),
    ], "paging": { "cursors": { "after": "x" }, "next": "more" } });
    let (page, url) = poll(&known, &page.cursor);
    assert!(
        !url.contains("after="),
        "a new sweep starts at the top: {url}"
    );
    let ids: Vec<&str> = page.events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(
        ids,
        ["m_1", "m_3"],
        "the overlap is asked for again, what is older is not"
    );
    assert_eq!(
        page.next_in_ms,
        15 * 60_000,
        "the sweep ends at a conversation with nothing new"
    );
}

#[test]
fn files_and_stickers_are_kept() {
    let mut message = stored("m_1", THEN, PSID, "");
    message["attachments"] = json!({ "data": [
        { "id": "1", "mime_type": "image/jpeg", "name": "a.jpg", "size": null, "image_data": { "url": "https://scontent.xx.fbcdn.net/a.jpg" } },
        { "id": "2", "mime_type": "text/plain", "name": "a.txt", "size": 324, "file_url": "https://cdn.fbsbx.com/a.txt" },
        { "id": "3", "mime_type": "audio/mpeg", "file_url": "https://cdn.fbsbx.com/a.mp3" },
        { "id": "4", "mime_type": "video/mp4", "video_data": { "url": "https://cdn.fbsbx.com/a.mp4" } },
    ] });
    message["sticker"] = json!("https://scontent.xx.fbcdn.net/s.png");
    let (page, _) = poll(
        &json!({ "data": [conversation(THEN, PSID, json!([message]))] }),
        b"",
    );
    let EventKind::MessageCreated(message) = &page.events[0].kind else {
        panic!("no message")
    };
    assert_eq!(message.text, None);
    let kinds: Vec<AttachmentKind> = message.attachments.iter().map(|file| file.kind).collect();
    assert_eq!(
        kinds,
        [
            AttachmentKind::Image,
            AttachmentKind::File,
            AttachmentKind::Audio,
            AttachmentKind::Video,
            AttachmentKind::Sticker
        ]
    );
    assert_eq!(message.attachments[1].size, Some(324));
}

#[test]
fn a_failed_call_keeps_the_cursor_with_the_host_and_a_switched_off_look_calls_nothing() {
    let _host = TestHost::new().answer(Response::new(500, "")).install();
    assert!(Messenger::poll(&channel(), b"").is_err());
    let host = TestHost::new().install();
    let page = Messenger::poll(&channel_with(json!({ "backfill": false })), b"c").unwrap();
    assert!(page.events.is_empty() && page.cursor == b"c" && host.requests().is_empty());
}
