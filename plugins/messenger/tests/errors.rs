//! What Graph's refusals mean for a send.

use crate::common::*;
use linecard_messenger::Messenger;
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::Connector as _;
use linecard_sdk::events::Identity;
use linecard_sdk::http::Response;
use linecard_sdk::testing::{DEFAULT_NOW, TestHost};
use serde_json::{Value, json};

fn send(response: Response) -> Failure {
    let _host = TestHost::new().answer(response).install();
    perform(&text("x")).unwrap_err()
}

fn error(status: u16, code: i64, subcode: i64, more: Value) -> Failure {
    let mut error = json!({ "message": "Graph's words", "type": "OAuthException", "code": code, "fbtrace_id": "AbC" });
    if subcode != 0 {
        error["error_subcode"] = json!(subcode);
    }
    if let (Some(error), Value::Object(more)) = (error.as_object_mut(), more) {
        error.extend(more);
    }
    send(Response::new(status, json!({ "error": error }).to_string()))
}

fn class(failure: &Failure) -> &'static str {
    match failure {
        Failure::Throttled(_) => "throttled",
        Failure::Transient(_) => "transient",
        Failure::Unauthorized(_) => "unauthorized",
        Failure::Rejected(refusal) if refusal.code == "account-restricted" => "restricted",
        Failure::Rejected(_) => "rejected",
        Failure::WindowClosed(_) => "window-closed",
        Failure::Gone(_) => "gone",
        Failure::Unsupported(_) => "unsupported",
        Failure::Uncertain(_) => "uncertain",
        Failure::Unfinished(_) => "unfinished",
        Failure::RecipientRefuses(_) => "recipient-refuses",
        Failure::Partly(_) => "partly",
    }
}

#[test]
fn codes_decide_before_anything_else() {
    let cases = [
        (400, 1, 0, "transient"),
        (200 + 300, 2, 0, "transient"),
        (403, 4, 0, "throttled"),
        (400, 17, 2_446_079, "throttled"),
        (403, 32, 0, "throttled"),
        (400, 341, 0, "throttled"),
        (403, 613, 0, "throttled"),
        (400, 80_001, 0, "throttled"),
        (400, 80_006, 0, "throttled"),
        (400, 190, 0, "unauthorized"),
        (401, 190, 463, "unauthorized"),
        (400, 190, 459, "unauthorized"),
        (400, 102, 0, "unauthorized"),
        (400, 2500, 0, "unauthorized"),
        (400, 368, 0, "restricted"),
        (400, 3, 0, "unauthorized"),
        (403, 10, 0, "unauthorized"),
        (403, 200, 0, "unauthorized"),
        (403, 230, 0, "unauthorized"),
        (403, 299, 0, "unauthorized"),
        (400, 10, 1_893_063, "restricted"),
        (400, 10, 2_018_278, "window-closed"),
        (400, 10, 2_018_065, "window-closed"),
        (400, 10, 2_534_022, "window-closed"),
        (400, 10, 2_018_108, "gone"),
        (400, 551, 1_545_041, "gone"),
        (400, 100, 2_018_001, "gone"),
        (400, 100, 33, "gone"),
        (400, 100, 0, "rejected"),
        (400, 100, 2_018_109, "rejected"),
        (400, 10_902, 0, "rejected"),
        (400, 36_000, 0, "rejected"),
        (400, 999_999, 0, "rejected"),
        (500, 999_999, 0, "transient"),
        (429, 999_999, 0, "throttled"),
    ];
    for (status, code, subcode, expected) in cases {
        assert_eq!(
            class(&error(status, code, subcode, json!({}))),
            expected,
            "{status} {code}/{subcode}"
        );
    }
    assert_eq!(
        class(&error(400, 999_999, 0, json!({ "is_transient": true }))),
        "transient"
    );
    let blocked =
        json!({ "message": "(#200) This person isn't receiving messages from you right now." });
    assert_eq!(class(&error(403, 200, 0, blocked)), "gone");
}

#[test]
fn a_status_decides_when_there_is_no_error_object() {
    let cases = [
        (500, "transient"),
        (502, "transient"),
        (503, "transient"),
        (504, "uncertain"),
        (429, "throttled"),
        (401, "unauthorized"),
        (403, "unauthorized"),
        (404, "gone"),
        (302, "rejected"),
        (400, "rejected"),
    ];
    for (status, expected) in cases {
        for body in [
            "",
            "<!DOCTYPE html><title>Error</title>",
            r#"{"error":"text"}"#,
            "{}",
        ] {
            assert_eq!(
                class(&send(Response::new(status, body))),
                expected,
                "{status} {body}"
            );
        }
    }
}

#[test]
fn a_pause_ends_when_the_headers_say() {
    let mut answer = Response::new(
        400,
        json!({ "error": { "code": 80_006, "message": "m" } }).to_string(),
    );
    let business = r#"{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":5}],"2":[{"estimated_time_to_regain_access":7}]}"#;
    answer.headers = vec![("x-business-use-case-usage".into(), business.into())];
    let Failure::Throttled(throttle) = send(answer) else {
        panic!("not throttled")
    };
    assert_eq!(throttle.until, Some(DEFAULT_NOW + 7 * 60_000));
    assert_eq!(throttle.reason.code, "80006");

    let mut answer = Response::new(429, "");
    answer.headers = vec![("retry-after".into(), "30".into())];
    let Failure::Throttled(throttle) = send(answer) else {
        panic!("not throttled")
    };
    assert_eq!(throttle.until, Some(DEFAULT_NOW + 30_000));

    let Failure::Throttled(throttle) = error(403, 613, 0, json!({})) else {
        panic!("not throttled")
    };
    assert_eq!(throttle.until, None, "the network did not say");
    let mut broken = Response::new(429, "");
    broken.headers = vec![
        ("x-app-usage".into(), "{".into()),
        ("retry-after".into(), "soon".into()),
    ];
    assert_eq!(class(&send(broken)), "throttled");
}

#[test]
fn a_person_is_told_what_to_do() {
    let said = |code, subcode| match error(400, code, subcode, json!({})) {
        Failure::Unauthorized(text) => text,
        Failure::Rejected(refusal) if refusal.code == "account-restricted" => refusal.text,
        other => panic!("{other:?}"),
    };
    assert!(said(10, 1_893_063).contains("support inbox"));
    assert!(said(190, 463).contains("expired"));
    assert!(said(190, 459).contains("token stays valid"));
    assert!(said(368, 0).contains("token stays valid"));
    assert!(said(230, 0).contains("pages_messaging"));
    assert!(said(190, 460).contains("190/460") && said(190, 460).contains("AbC"));
}

#[test]
fn a_refusal_carries_code_and_words() {
    let failure = error(
        400,
        100,
        2_018_109,
        json!({ "error_user_title": "Too big", "error_user_msg": "Make it smaller" }),
    );
    let Failure::Rejected(refusal) = failure else {
        panic!("not rejected")
    };
    assert_eq!(refusal.code, "100/2018109");
    for words in ["Graph's words", "Too big", "Make it smaller", "AbC"] {
        assert!(refusal.text.contains(words), "{}", refusal.text);
    }
}

fn profile(response: Response) -> Result<Option<linecard_sdk::events::Profile>, Failure> {
    let _host = TestHost::new().answer(response).install();
    Messenger::resolve_profile(&channel(), &Identity::new(PSID))
}

#[test]
fn a_profile_is_read_and_a_hidden_one_is_none() {
    let host = TestHost::new()
        .answer(Response::new(
            200,
            json!({ "id": PSID, "first_name": "Ann", "last_name": "Example",
            "profile_pic": "https://x.example/a.jpg", "locale": "de_AT", "timezone": 5.5 })
            .to_string(),
        ))
        .install();
    let profile_read = Messenger::resolve_profile(&channel(), &Identity::new(PSID))
        .unwrap()
        .unwrap();
    assert_eq!(profile_read.display_name.as_deref(), Some("Ann Example"));
    assert_eq!(profile_read.locale.as_deref(), Some("de-AT"));
    assert_eq!(profile_read.utc_offset_minutes, Some(330));
    let url = &host.requests()[0].url;
    assert!(
        url.starts_with(&format!("https://graph.facebook.com/v27.0/{PSID}?fields=")),
        "{url}"
    );
    assert!(!url.contains("token"));
    drop(host);

    let hidden = |code: i64, subcode: i64| {
        let error = json!({ "error": { "code": code, "error_subcode": subcode, "message": "m" } });
        profile(Response::new(400, error.to_string()))
    };
    for (code, subcode) in [
        (100, 33),
        (100, 2_018_218),
        (2_018_218, 0),
        (10, 0),
        (230, 0),
    ] {
        assert_eq!(hidden(code, subcode).unwrap(), None, "{code}/{subcode}");
    }
    assert!(matches!(hidden(190, 463), Err(Failure::Unauthorized(_))));
    assert!(matches!(hidden(613, 0), Err(Failure::Throttled(_))));
    assert!(matches!(
        profile(Response::new(200, "<")),
        Err(Failure::Transient(_))
    ));
    let host = TestHost::new().install();
    assert_eq!(
        Messenger::resolve_profile(&channel(), &Identity::new("user_ref:1")).unwrap(),
        None
    );
    assert!(host.requests().is_empty());
}

#[test]
fn the_probe_asks_whose_token_it_is() {
    let probe = |id: &str| {
        let _host = TestHost::new()
            .answer(Response::new(200, json!({ "id": id }).to_string()))
            .install();
        Messenger::probe(&channel())
    };
    assert!(probe(PAGE).is_ok());
    assert!(matches!(probe("2"), Err(Failure::Unauthorized(text)) if text.contains(PAGE)));
}
