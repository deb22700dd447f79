//! What holds for models, whatever they are trained on and whatever becomes of their files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use linecard_text_model::train::{Labelled, Quality, TrainError, TrainSettings, provenance, train};
use linecard_text_model::{FileError, Model, Provenance};
use proptest::prelude::*;

fn labelled(text: impl Into<String>, label: &str) -> Labelled {
    Labelled {
        text: text.into(),
        label: label.to_owned(),
    }
}

fn origin() -> Provenance {
    let text = || "test".to_owned();
    provenance(text(), text(), text(), text(), text())
}

fn settings(quality: Quality) -> TrainSettings {
    TrainSettings {
        quality,
        favoured: None,
        folds: 3,
    }
}

fn texts() -> Vec<Labelled> {
    let texts = (0..30).flat_map(|number| {
        [
            labelled(
                format!("parcel {number} is late and nobody answers"),
                "complaint",
            ),
            labelled(format!("thanks for number {number}, lovely"), "thanks"),
            labelled(format!("when do you open on day {number}?"), "question"),
        ]
    });
    texts.collect()
}

fn model(quality: Quality) -> Model {
    train(&texts(), &settings(quality), origin()).expect("it can be trained")
}

fn refused(texts: &[Labelled]) -> TrainError {
    match train(texts, &settings(Quality::Draft), origin()) {
        Ok(_) => panic!("it was trained"),
        Err(error) => error,
    }
}

#[test]
fn what_was_learned_is_told_of_other_texts_in_every_quality() {
    for quality in [Quality::Draft, Quality::Standard, Quality::High] {
        let model = model(quality);
        let said = |text: &str| model.labels()[model.read(text).label].clone();
        assert_eq!(said("my parcel is late"), "complaint", "{quality:?}");
        assert_eq!(said("thanks, lovely!"), "thanks", "{quality:?}");
        assert_eq!(said("when do you open?"), "question", "{quality:?}");
        let figures = &model.provenance().figures;
        assert!(figures.macro_f1 > 0.9 && figures.texts == 90, "{figures:?}");
        let sum: f64 = model.read("anything").probabilities.iter().sum();
        assert!((sum - 1.0).abs() < 1e-3);
    }
}

#[test]
fn the_same_texts_give_the_same_model() {
    assert_eq!(
        model(Quality::Standard).to_bytes(),
        model(Quality::Standard).to_bytes()
    );
}

#[test]
fn labels_that_have_nothing_to_do_with_the_texts_are_not_learned() {
    // Were texts of the test known in training, this would look like knowledge.
    let texts: Vec<Labelled> = (0..400u32)
        .map(|number| {
            let word = number.wrapping_mul(2_654_435_761) % 97;
            let label = if (number.wrapping_mul(40_503) >> 4) % 2 == 0 {
                "a"
            } else {
                "b"
            };
            labelled(format!("word{word} other{}", number % 7), label)
        })
        .collect();
    let model = train(&texts, &settings(Quality::Draft), origin()).unwrap();
    assert!(
        model.provenance().figures.macro_f1 < 0.65,
        "{:?}",
        model.provenance().figures
    );
}

#[test]
fn what_cannot_be_learned_from_is_refused_with_a_reason() {
    let few = &texts()[..10];
    assert!(matches!(refused(few), TrainError::TooFew { found: 10 }));
    let same: Vec<Labelled> = (0..50).map(|n| labelled(n.to_string(), "a")).collect();
    assert_eq!(refused(&same), TrainError::OneLabel("a".to_owned()));
    let many: Vec<Labelled> = (0..5_000).map(|n| labelled("x", &n.to_string())).collect();
    assert!(matches!(
        refused(&many),
        TrainError::TooManyLabels { found: 5_000, .. }
    ));
    let mut rare = texts();
    rare.push(labelled("once", "rare"));
    assert!(matches!(
        refused(&rare),
        TrainError::TooFewOfALabel { found: 1, .. }
    ));
    let favoured = TrainSettings {
        favoured: Some("praise".to_owned()),
        ..settings(Quality::Draft)
    };
    let error = train(&texts(), &favoured, origin()).map(drop).unwrap_err();
    assert!(
        error.to_string().contains("complaint, question, thanks"),
        "{error}"
    );
}

#[test]
fn texts_without_words_do_not_hold_it_up() {
    let mut texts = texts();
    texts.extend((0..20).map(|_| labelled("", "thanks")));
    texts.extend((0..20).map(|n| labelled("!".repeat(n * 1_000), "complaint")));
    let model = train(&texts, &settings(Quality::Standard), origin()).unwrap();
    assert!(model.read("").confidence.is_finite());
}

#[test]
fn a_file_gives_the_same_model_back() {
    let model = model(Quality::Standard);
    let read = Model::from_bytes(&model.to_bytes()).unwrap();
    assert_eq!(read.provenance(), model.provenance());
    for text in ["parcel", "lovely", "?", ""] {
        assert_eq!(read.read(text), model.read(text));
    }
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let bytes = model(Quality::Draft).to_bytes();
    let ends: BTreeSet<usize> = (0..300).chain((0..bytes.len()).step_by(4_099)).collect();
    for end in ends {
        assert!(Model::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(
        Model::from_bytes(&longer),
        Err(FileError::Length { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_damaged_file_is_refused(place: prop::sample::Index, bit in 0..8u8) {
        static BYTES: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| model(Quality::Draft).to_bytes());
        let mut bytes = BYTES.clone();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        prop_assert!(Model::from_bytes(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_a_model_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Model::from_bytes(&bytes).is_err());
        let mut marked = b"linecard-model/01\n".to_vec();
        marked.extend(bytes);
        prop_assert!(Model::from_bytes(&marked).is_err());
    }
}

/// A file of labelled messages, if this machine has it: where `LINECARD_LABELLED` says, or beside the
/// checkout. In full (`LINECARD_FULL=1`) it must be there.
fn recorded(file: &str) -> Option<String> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/language");
    let folder = std::env::var_os("LINECARD_LABELLED").map_or_else(beside, PathBuf::from);
    let text = std::fs::read_to_string(folder.join(file)).ok();
    if text.is_none() {
        assert!(
            std::env::var_os("LINECARD_FULL").is_none(),
            "{} is not there; LINECARD_LABELLED names the folder of labelled messages",
            folder.join(file).display()
        );
        println!("skipped: there are no labelled messages; LINECARD_LABELLED names their folder");
    }
    text
}

#[test]
fn sentiment_of_customers_is_learned() {
    let Some(text) = recorded("airline-tweets.tsv") else {
        return;
    };
    let texts: Vec<Labelled> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut cells = line.splitn(4, '\t');
            let label = cells.next()?;
            Some(labelled(cells.nth(2)?, label))
        })
        .collect();
    // Draft quality takes seconds where the others take minutes unoptimized, and goes the same way.
    let model = train(&texts, &settings(Quality::Draft), origin()).unwrap();
    let figures = &model.provenance().figures;
    println!(
        "macro F1 {:.4}, calibration error {:.4}",
        figures.macro_f1, figures.calibration_error
    );
    assert!(
        figures.macro_f1 > 0.71 && figures.calibration_error < 0.03,
        "{figures:?}"
    );
}
