//! What connectors tell of their channels: cut and cleaned, so that no guest harms whoever reads it.

use linecard_model::platform::Failure;
use linecard_sandbox::Limits;

use crate::support::{channel, connector};

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_few_short_and_of_one_line() {
    let connector = connector(Limits::default()).await;
    let found = connector.probe(&channel("findings 500 1000")).await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.len(), 32);
    for finding in &found {
        assert!(finding.code.len() <= 64, "{}", finding.code);
        let is_plain = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(finding.code.chars().all(is_plain), "{}", finding.code);
        assert_eq!(finding.text.chars().count(), 500);
        let remedy = finding.remedy.as_deref().unwrap();
        assert!(remedy.chars().count() <= 500);
        assert!(
            !finding
                .text
                .chars()
                .chain(remedy.chars())
                .any(char::is_control)
        );
        assert!(finding.ends.unwrap().to_string().starts_with("9999"));
    }
    let refused = connector.probe(&channel("no")).await.unwrap();
    assert_eq!(refused, Err(Failure::Unauthorized("as always".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_is_too_large_is_left_out_and_the_list_says_so() {
    let connector = connector(Limits::default()).await;
    for (words, kept, complete) in [
        ("templates 3 2 2 10", 4, true),
        // Too many parts, or parameters.
        ("templates 2 33 1 1", 1, false),
        ("templates 2 1 65 1", 1, false),
        // Too many of them.
        ("templates 5000 0 0 1", 5_000, false),
    ] {
        let list = connector.templates(&channel(words)).await.unwrap().unwrap();
        assert_eq!(
            (list.templates.len(), list.complete),
            (kept, complete),
            "{words}"
        );
        assert_eq!(list.templates[0].name, "fine");
    }
    // All together they are too many bytes.
    let list = connector
        .templates(&channel("templates 1500 1 0 2500"))
        .await;
    let list = list.unwrap().unwrap();
    assert!(!list.complete && list.templates.len() < 1_500 && list.templates.len() > 100);
    let list = connector.templates(&channel("templates 1 1 1 5000")).await;
    let list = list.unwrap().unwrap();
    assert_eq!(list.templates[1].preview.chars().count(), 4_096);
}
