//! Trains a model that labels messages, and tells how good a model or an analyzer is.

mod evaluate;
mod set;
mod table;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;
use linecard_model::Timestamp;
use linecard_text_model::measure::Figures;
use linecard_text_model::train::{Labelled, Quality, TrainSettings, provenance, train};
use sha2::{Digest as _, Sha256};

use super::options::ConfigOptions;
use super::rules::TheHub;
use super::say;
pub(super) use evaluate::Evaluate;
use set::{Disposition, Set};

/// In how many parts the texts are taken to find how good a model is.
const FOLDS: usize = 5;

/// What to train on, and how.
#[derive(Debug, Args)]
pub(super) struct Train {
    /// A file with tabs between its columns, whose first line names them
    #[arg(
        required_unless_present = "history",
        conflicts_with = "history",
        requires = "text",
        requires = "label"
    )]
    file: Option<PathBuf>,
    /// The column of the texts
    #[arg(long, value_name = "COLUMN", conflicts_with = "history")]
    text: Option<String>,
    /// The column of the labels; rows without one are left out
    #[arg(long, value_name = "COLUMN", conflicts_with = "history")]
    label: Option<String>,
    /// Train on what people have corrected in a running hub, and added to it for training: messages that they
    /// gave one label
    #[arg(long)]
    history: bool,
    /// With --history: train on what the conversations began with that agents ended with this disposition code,
    /// which is the label unless another is given; once for each code
    #[arg(long, value_name = "CODE[=LABEL]", requires = "history")]
    disposition: Vec<Disposition>,
    #[command(flatten)]
    hub: TheHub,
    /// Where the model is written; a hub finds it at models/NAME.model in its data folder
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How much is spent: draft, standard or high
    #[arg(long, default_value = "standard")]
    quality: Quality,
    /// The label for which the decision is made as good as may be; all labels alike if absent
    #[arg(long = "for", value_name = "LABEL")]
    favoured: Option<String>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

impl Train {
    /// Whether it asks a hub.
    pub(super) fn is_on_history(&self) -> bool {
        self.history
    }

    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let set = match (&self.file, &self.text, &self.label) {
            (Some(file), Some(text), Some(label)) => Set::of_table(file, text, label)?,
            _ => Set::of_history(&self.hub.asked(options)?, &self.disposition).await?,
        };
        let Set {
            texts,
            source,
            column,
            left_out,
        } = set;
        let origin = provenance(
            hash(&texts),
            source.clone(),
            column,
            Timestamp::now().to_string(),
            format!("linecard {}", env!("CARGO_PKG_VERSION")),
        );
        let settings = TrainSettings {
            quality: self.quality,
            favoured: self.favoured.clone(),
            folds: FOLDS,
        };
        let model = train(&texts, &settings, origin)
            .with_context(|| format!("{source}: no model can be trained"))?;
        write_whole(&self.out, &model.to_bytes())?;
        let provenance = model.provenance();
        if self.json {
            say(&serde_json::to_string_pretty(provenance)?);
            return Ok(());
        }
        let left_out = match left_out {
            0 => String::new(),
            rows => format!("; {rows} without one label, or excluded, were left out"),
        };
        say(&format!(
            "{}: trained on {} texts ({} quality){left_out}\nwhat it says of texts that it has not seen ({FOLDS}-fold cross-validation):\n{}",
            self.out.display(),
            provenance.rows,
            provenance.quality,
            shown(&provenance.figures),
        ));
        Ok(())
    }
}

/// The SHA-256 of what a model is trained on, whatever else its file holds.
fn hash(texts: &[Labelled]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.label.as_bytes());
        hash.update(b"\t");
        hash.update(text.text.as_bytes());
        hash.update(b"\n");
    }
    hex::encode(hash.finalize())
}

/// Writes a file that is whole as soon as it has its name: a hub may be looking for it.
fn write_whole(place: &std::path::Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    let folder = match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => std::path::Path::new("."),
    };
    ensure!(
        folder.is_dir(),
        "there is no folder {}; make it first",
        folder.display()
    );
    let told = || format!("{} cannot be written", place.display());
    let mut file = tempfile::Builder::new()
        .prefix(".model-")
        .tempfile_in(folder)
        .with_context(told)?;
    file.write_all(bytes).with_context(told)?;
    file.as_file().sync_all().with_context(told)?;
    file.persist(place).with_context(told)?;
    Ok(())
}

/// Figures as a person reads them.
fn shown(figures: &Figures) -> String {
    let width = figures.labels.iter().map(|l| l.label.chars().count()).max();
    let width = width.unwrap_or_default().clamp(5, 30);
    let short = |label: &str| label.chars().take(width).collect::<String>();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:width$}  precision  recall      F1   texts",
        "label"
    );
    for label in &figures.labels {
        let _ = writeln!(
            text,
            "{:width$}      {:.3}   {:.3}   {:.3}  {:6}",
            short(&label.label),
            label.precision,
            label.recall,
            label.f1,
            label.texts
        );
    }
    let _ = writeln!(
        text,
        "macro F1 {:.3}, accuracy {:.3}, expected calibration error {:.3}, {} texts, {} of them without an answer",
        figures.macro_f1,
        figures.accuracy,
        figures.calibration_error,
        figures.texts,
        figures.unknown
    );
    for level in figures.levels.iter().filter(|level| level.quality > 0) {
        let _ = writeln!(
            text,
            "at quality {}: {:.3} of the texts have a label, {:.3} of them the right one",
            level.quality, level.told, level.right
        );
    }
    if figures.labels.len() <= MOST_SHOWN {
        let _ = write!(text, "{:width$}", "truth");
        for label in &figures.labels {
            let _ = write!(
                text,
                " {:>12}",
                short(&label.label).chars().take(12).collect::<String>()
            );
        }
        let _ = writeln!(text, " {:>12}", "(none)");
        for (label, row) in figures.labels.iter().zip(&figures.confusion) {
            let _ = write!(text, "{:width$}", short(&label.label));
            for count in row {
                let _ = write!(text, " {count:12}");
            }
            text.push('\n');
        }
    }
    text.trim_end().to_owned()
}

/// A larger table of who was taken for whom is for `--json`.
const MOST_SHOWN: usize = 12;
