//! The texts that a model is trained on, with the labels that people gave them.

use std::path::Path;
use std::str::FromStr;

use anyhow::ensure;
use linecard_text_model::train::Labelled;
use serde::Deserialize;

use super::super::asked::Asked;
use super::table::Table;

/// The most messages that are taken from a hub.
const MOST_TEXTS: usize = 1_000_000;
/// How many are asked for at a time.
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

    /// What people have corrected in a hub and added to it for training, or, with dispositions, what the
    /// conversations began with that agents ended so. A model gives one label, so it learns from messages that
    /// have one.
    pub async fn of_history(hub: &Asked, dispositions: &[Disposition]) -> anyhow::Result<Self> {
        if dispositions.is_empty() {
            let mut set = Self::new(format!("training messages in {}", hub.base()), "labels");
            set.read(hub, "", None).await?;
            return Ok(set.sorted());
        }
        let codes: Vec<&str> = dispositions.iter().map(|d| d.code.as_str()).collect();
        let source = format!("conversations in {}", hub.base());
        let mut set = Self::new(source, &format!("dispositions {}", codes.join(", ")));
        for Disposition { code, label } in dispositions {
            let code: String = url::form_urlencoded::byte_serialize(code.as_bytes()).collect();
            set.read(hub, &format!("&disposition={code}"), Some(label))
                .await?;
        }
        Ok(set.sorted())
    }

    async fn read(&mut self, hub: &Asked, of: &str, label: Option<&str>) -> anyhow::Result<()> {
        let mut after = String::new();
        loop {
            let path = format!("/api/v1/training-messages?limit={PAGE}{of}{after}");
            let page: Listed = hub.get(&path).await?;
            for message in page.items {
                match (label, message.labels.as_slice()) {
                    _ if message.excluded => self.left_out += 1,
                    (Some(label), _) => self.push(&message.text, label),
                    (None, [label]) => self.push(&message.text, label),
                    (None, _) => self.left_out += 1,
                }
                ensure!(
                    self.texts.len() <= MOST_TEXTS,
                    "there are more than {MOST_TEXTS} messages; export them (GET /api/v1/training-messages/export) and train on a part"
                );
            }
            match page.next {
                Some(next) => after = format!("&after={next}"),
                None => return Ok(()),
            }
        }
    }

    fn sorted(mut self) -> Self {
        // The newest come first, and the folds of a model are to be the same however often it is trained.
        self.texts
            .sort_by(|a, b| (&a.text, &a.label).cmp(&(&b.text, &b.label)));
        self
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

/// A part of what models can learn from.
#[derive(Deserialize)]
struct Listed {
    items: Vec<Message>,
    #[serde(default)]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    text: String,
    labels: Vec<String>,
    excluded: bool,
}

/// A disposition code, and what a message is whose conversation ended so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disposition {
    code: String,
    label: String,
}

impl FromStr for Disposition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (code, label) = text.rsplit_once('=').unwrap_or((text, text));
        let (code, label) = (code.trim(), label.trim());
        if code.is_empty() || label.is_empty() {
            return Err(
                "write a disposition code, such as Complaint, or with a label, Complaint=complaint"
                    .to_owned(),
            );
        }
        Ok(Self {
            code: code.to_owned(),
            label: label.to_owned(),
        })
    }
}
