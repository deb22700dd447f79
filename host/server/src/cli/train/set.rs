//! The texts that a model is trained on, with the labels that people gave them.

use std::path::Path;

use linecard_text_model::train::Labelled;
use serde::Deserialize;

use super::super::asked::Asked;
use super::table::Table;

/// How many corrections are asked for at a time.
const PAGE: usize = 200;

/// Texts with their labels, and where they are from.
pub(super) struct Set {
    pub texts: Vec<Labelled>,
    /// What they are from, for the model's provenance.
    pub source: String,
    /// Which of its labels.
    pub column: String,
    /// How many more there are, without a label or with several.
    pub left_out: usize,
}

impl Set {
    /// Those of a file.
    pub fn of_table(file: &Path, text: &str, label: &str) -> anyhow::Result<Self> {
        let table = Table::read(file)?;
        let columns = (table.column(text)?, table.column(label)?);
        let source = file.file_name().unwrap_or(file.as_os_str());
        let mut set = Self::new(source.to_string_lossy().into_owned(), label);
        for row in &table.rows {
            match row.cell(columns.1).trim() {
                "" => set.left_out += 1,
                label => set.push(row.cell(columns.0), label),
            }
        }
        Ok(set)
    }

    /// What people have corrected in a hub. A model gives one label, so it learns from messages that have
    /// one.
    pub async fn of_history(hub: &Asked) -> anyhow::Result<Self> {
        let mut set = Self::new(format!("corrections in {}", hub.base()), "labels");
        let mut after = String::new();
        loop {
            let path = format!("/api/v1/training-messages?limit={PAGE}{after}");
            let page: Corrections = hub.get(&path).await?;
            for message in page.items {
                match message.correction.labels.as_slice() {
                    [label] => set.push(&message.text, label),
                    _ => set.left_out += 1,
                }
            }
            match page.next {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        // The newest come first, and the folds of a model are to be the same however often it is trained.
        set.texts
            .sort_by(|a, b| (&a.text, &a.label).cmp(&(&b.text, &b.label)));
        Ok(set)
    }

    fn new(source: String, column: &str) -> Self {
        Self {
            texts: Vec::new(),
            source,
            column: column.to_owned(),
            left_out: 0,
        }
    }

    fn push(&mut self, text: &str, label: &str) {
        self.texts.push(Labelled {
            text: text.to_owned(),
            label: label.to_owned(),
        });
    }
}

/// A part of what people have corrected.
#[derive(Deserialize)]
struct Corrections {
    items: Vec<Corrected>,
    #[serde(default)]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Corrected {
    text: String,
    correction: Correction,
}

#[derive(Deserialize)]
struct Correction {
    #[serde(default)]
    labels: Vec<String>,
}
