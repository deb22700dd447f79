//! What holds for any text.

use linecard_sdk::prelude::*;
use linecard_sentiment::Sentiment;
use proptest::prelude::*;

fn sentiment() -> Sentiment {
    Sentiment::prepare_json("{}").expect("the usual configuration")
}

proptest! {
    #[test]
    fn scores_are_in_range_and_evidence_is_in_the_text(
        text in "(\\PC{0,12}|[a-zäöüß!?.,:;()&@#'’ -]{0,12}|(not|very|GREAT|sooo baaad|nicht gut|but|aber|&lt;3|:-\\)|👍🏽|❤️) ?){0,8}",
        language in proptest::option::of("(en|de-AT|fr|und|[a-z]{0,3})"),
    ) {
        let mut subject = Subject::text(&text);
        subject.language = language;
        let analysis = sentiment().analyze(&subject).unwrap();
        for score in &analysis.scores {
            prop_assert!((-1.0..=1.0).contains(&score.value), "{} of {text:?}", score.value);
        }
        for label in &analysis.labels {
            prop_assert!((0.0..=1.0).contains(&label.confidence));
            for &(start, end) in &label.evidence {
                prop_assert!(start < end);
                prop_assert!(text.get(start as usize..end as usize).is_some(), "{start}..{end} of {text:?}");
            }
        }
    }

    #[test]
    fn a_message_is_read_the_same_whatever_was_read_before(first in "\\PC{0,40}", second in "\\PC{0,40}") {
        let kept = sentiment();
        kept.analyze(&Subject::text(first)).unwrap();
        let subject = Subject::text(second);
        prop_assert_eq!(kept.analyze(&subject).unwrap(), sentiment().analyze(&subject).unwrap());
    }
}
