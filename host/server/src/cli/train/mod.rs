//! Trains a model that labels messages, and tells how good a model or an analyzer is.

mod evaluate;
mod table;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;
use linecard_model::Timestamp;
use linecard_text_model::measure::Figures;
use linecard_text_model::train::{Labelled, Quality, TrainSettings, provenance, train};
use sha2::{Digest as _, Sha256};

use super::say;
pub(super) use evaluate::Evaluate;
use table::Table;

/// In how many parts the texts are taken to find how good a model is.
const FOLDS: usize = 5;

/// What to train on, and how.
#[derive(Debug, Args)]
pub(super) struct Train {
    /// A file with tabs between its columns, whose first line names them
    file: PathBuf,
    /// The column of the texts
    #[arg(long, value_name = "COLUMN")]
    text: String,
    /// The column of the labels; rows without one are left out
    #[arg(long, value_name = "COLUMN")]
    label: String,
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
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let table = Table::read(&self.file)?;
        let columns = (table.column(&self.text)?, table.column(&self.label)?);
        let mut unlabelled = 0;
        let mut texts = Vec::new();
        for row in &table.rows {
            let (text, label) = (row.cell(columns.0), row.cell(columns.1).trim());
            if label.is_empty() {
                unlabelled += 1;
                continue;
            }
            texts.push(Labelled {
                text: text.to_owned(),
                label: label.to_owned(),
            });
        }
        let source = self.file.file_name().unwrap_or(self.file.as_os_str());
        let origin = provenance(
            hash(&texts),
            source.to_string_lossy().into_owned(),
            self.label.clone(),
            Timestamp::now().to_string(),
            format!("linecard {}", env!("CARGO_PKG_VERSION")),
        );
        let settings = TrainSettings {
            quality: self.quality,
            favoured: self.favoured.clone(),
            folds: FOLDS,
        };
        let model = train(&texts, &settings, origin)
            .with_context(|| format!("{}: no model can be trained", self.file.display()))?;
        write_whole(&self.out, &model.to_bytes())?;
        let provenance = model.provenance();
        if self.json {
            say(&serde_json::to_string_pretty(provenance)?);
            return Ok(());
        }
        let left_out = match unlabelled {
            0 => String::new(),
            rows => format!("; {rows} rows without a label were left out"),
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
