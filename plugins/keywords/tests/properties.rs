//! What holds for any text and any words.

use linecard_keywords::Keywords;
use linecard_keywords::fold::{Case, Folded};
use linecard_sdk::prelude::*;
use proptest::prelude::*;
use serde_json::json;

proptest! {
    #[test]
    fn evidence_is_always_a_part_of_the_text(
        text in "\\PC{0,60}",
        words in proptest::collection::vec("[a-zß-ÿéİıſΣσς\u{301}\u{fe0f}'’]{1,3}", 1..5),
        whole_words: bool,
        case_sensitive: bool,
    ) {
        let config = json!({ "rules": [{
            "label": "l", "words": words, "regex": ["\\w+"], "whole_words": whole_words, "case_sensitive": case_sensitive,
        }] });
        if let Ok(keywords) = Keywords::prepare_json(&config.to_string()) {
            let analysis = keywords.analyze(&Subject::text(&text)).unwrap();
            for (start, end) in analysis.labels.iter().flat_map(|label| &label.evidence) {
                prop_assert!(start < end);
                prop_assert!(text.get(*start as usize..*end as usize).is_some(), "{start}..{end} of {text:?}");
            }
        }
    }

    #[test]
    fn a_word_is_found_in_any_case(word in "[a-zß-öø-ÿα-ωа-я]{1,8}") {
        let config = json!({ "rules": [{ "label": "l", "words": [word] }] });
        let keywords = Keywords::prepare_json(&config.to_string()).unwrap();
        for written in [word.to_uppercase(), word.to_lowercase()] {
            let analysis = keywords.analyze(&Subject::text(format!("so: {written}!"))).unwrap();
            let evidence = analysis.labels.first().map(|label| label.evidence.clone());
            let end = 4 + u32::try_from(written.len()).unwrap();
            prop_assert_eq!(evidence, Some(vec![(4, end)]), "{} as {}", word, written);
        }
    }

    #[test]
    fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
        let once = Folded::new(&text, Case::Ignored);
        let twice = Folded::new(once.text(), Case::Ignored);
        prop_assert_eq!(once.text(), twice.text());
    }

    #[test]
    fn the_whole_text_leads_back_to_the_whole_text(text in "\\PC{1,40}") {
        let folded = Folded::new(&text, Case::Kept);
        if !folded.text().is_empty() {
            let (start, end) = folded.original(0, folded.text().len()).unwrap();
            prop_assert!(text.get(start..end).is_some());
            prop_assert_eq!(end, text.len());
        }
    }
}
