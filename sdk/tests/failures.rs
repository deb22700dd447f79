//! What a broken call means for an action: the difference between "try again" and "ask a person".

use linecard_sdk::actions::Failure;
use linecard_sdk::http::{Call, Error, Request, Response};
use linecard_sdk::testing::{DEFAULT_NOW, TestHost};

fn failure_of(status: u16, call: Call) -> Failure {
    Response::new(status, "why").success(call).unwrap_err()
}

#[test]
fn a_request_that_may_have_left_is_uncertain_only_if_it_must_not_be_repeated() {
    let lost = || Error::NoAnswer("reset".to_owned());
    assert!(matches!(
        lost().into_failure(Call::Once),
        Failure::Uncertain(_)
    ));
    assert!(matches!(
        lost().into_failure(Call::Repeatable),
        Failure::Transient(_)
    ));
}

#[test]
fn a_request_that_was_never_sent_may_be_tried_again() {
    for error in [
        Error::NotSent("no such host".to_owned()),
        Error::Limit("requests".to_owned()),
    ] {
        assert!(matches!(
            error.into_failure(Call::Once),
            Failure::Transient(_)
        ));
    }
}

#[test]
fn policy_and_secrets_need_a_person() {
    for error in [
        Error::Denied("host".to_owned()),
        Error::Secret("missing".to_owned()),
    ] {
        assert!(matches!(
            error.into_failure(Call::Once),
            Failure::Unauthorized(_)
        ));
    }
}

#[test]
fn statuses_mean_what_the_rfcs_say() {
    for call in [Call::Once, Call::Repeatable] {
        assert!(matches!(failure_of(400, call), Failure::Rejected(_)));
        assert!(matches!(failure_of(401, call), Failure::Unauthorized(_)));
        // Many networks mean one recipient by it: the channel is not to stop.
        assert!(matches!(failure_of(403, call), Failure::Rejected(_)));
        assert!(matches!(failure_of(404, call), Failure::Gone(_)));
        assert!(matches!(failure_of(410, call), Failure::Gone(_)));
        assert!(matches!(failure_of(429, call), Failure::Throttled(_)));
        assert!(matches!(failure_of(503, call), Failure::Transient(_)));
    }
    for status in [408, 500, 502, 504] {
        assert!(
            matches!(failure_of(status, Call::Once), Failure::Uncertain(_)),
            "{status}"
        );
        assert!(
            matches!(failure_of(status, Call::Repeatable), Failure::Transient(_)),
            "{status}"
        );
    }
}

#[test]
fn a_success_that_cannot_be_read_is_uncertain() {
    let answer = Response::new(200, "<html>");
    assert!(matches!(
        answer.json(Call::Once),
        Err(Failure::Uncertain(_))
    ));
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let _host = TestHost::new().install();
    let until = |value: &str| {
        let mut answer = Response::new(429, "");
        answer
            .headers
            .push(("retry-after".to_owned(), value.to_owned()));
        answer.retry_after()
    };
    assert_eq!(until("120"), Some(DEFAULT_NOW + 120_000));
    assert_eq!(
        until("Thu, 01 Jan 2026 00:01:00 GMT"),
        Some(DEFAULT_NOW + 60_000)
    );
    assert_eq!(until("soon"), None);
    assert_eq!(until("18446744073709551615"), None);
}

#[test]
fn a_request_is_what_its_builder_says() {
    let host = TestHost::new().answer(Response::new(200, "")).install();
    Request::get("https://api.example.com/a?b=1")
        .query([("c", "d e"), ("f", "ü")])
        .header("Accept", "application/json")
        .auth("token")
        .timeout_ms(500)
        .send(Call::Repeatable)
        .unwrap();
    let requests = host.requests();
    let request = requests.first().unwrap();
    assert_eq!(request.url, "https://api.example.com/a?b=1&c=d+e&f=%C3%BC");
    assert_eq!(request.auth.as_deref(), Some("token"));
    assert_eq!(request.timeout_ms, Some(500));
    assert_eq!(host.unused_answers(), 0);
}

#[test]
fn a_stored_body_is_named_by_its_hash() {
    let _host = TestHost::new().answer(Response::new(200, "abc")).install();
    let answer = Request::get("https://cdn.example.com/x")
        .store_body()
        .send(Call::Repeatable)
        .unwrap();
    let stored = answer.stored.unwrap();
    // FIPS 180-2, appendix B.1.
    assert_eq!(
        stored.sha256,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!((stored.size, answer.body.len()), (3, 0));
}
