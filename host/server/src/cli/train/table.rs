//! A file with tabs between its columns, whose first line names them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

/// A larger file is no list of messages that people have labelled.
const LARGEST: u64 = 512 << 20;

/// A table.
pub(super) struct Table {
    file: PathBuf,
    columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// One row.
pub(super) struct Row(String);

impl Row {
    /// What stands in a column.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.0.split('\t').nth(column).unwrap_or_default()
    }
}

impl Table {
    /// Reads a file.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let size = file
            .metadata()
            .with_context(|| format!("{} cannot be read", file.display()))?
            .len();
        ensure!(
            size <= LARGEST,
            "{} has {size} bytes, and at most {LARGEST} are read; take a part of it",
            file.display()
        );
        let bytes =
            std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let lines = before.unwrap_or_default().split(|byte| *byte == b'\n').count();
            anyhow::anyhow!(
                "{}:{lines}: it is not UTF-8; convert the file, for example with `iconv -f windows-1252 -t utf-8`",
                file.display()
            )
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut lines = text.lines().enumerate();
        let Some((_, first)) = lines.next().filter(|(_, line)| !line.trim().is_empty()) else {
            bail!(
                "{}:1: it is empty; its first line names the columns, with tabs between them",
                file.display()
            );
        };
        let columns: Vec<String> = first
            .split('\t')
            .map(|name| name.trim().to_owned())
            .collect();
        let mut rows = Vec::new();
        for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let cells = line.split('\t').count();
            ensure!(
                cells == columns.len(),
                "{}:{}: it has {cells} columns, and the first line names {}; a tab or a line break inside a text has to be taken out",
                file.display(),
                index + 1,
                columns.len()
            );
            rows.push(Row(line.to_owned()));
        }
        ensure!(
            !rows.is_empty(),
            "{}: it has no rows after the line that names the columns",
            file.display()
        );
        Ok(Self {
            file: file.to_owned(),
            columns,
            rows,
        })
    }

    /// Where a column is.
    pub(super) fn column(&self, name: &str) -> anyhow::Result<usize> {
        let found = self.columns.iter().position(|column| column == name);
        found.with_context(|| {
            format!(
                "{}:1: it has no column \"{name}\"; it has: {}",
                self.file.display(),
                self.columns.join(", ")
            )
        })
    }

    /// Where in the file a row is, as people count.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> anyhow::Result<Table> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.tsv");
        std::fs::write(&file, bytes).unwrap();
        Table::read(&file)
    }

    fn told(bytes: &[u8]) -> String {
        match read(bytes) {
            Ok(_) => panic!("it was taken"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn rows_by_their_columns() {
        let table = read("\u{feff}label\ttext\r\na\tone two\r\n\r\n\tthree\n".as_bytes()).unwrap();
        let text = table.column("text").unwrap();
        let texts: Vec<&str> = table.rows.iter().map(|row| row.cell(text)).collect();
        assert_eq!(texts, ["one two", "three"]);
        assert_eq!(table.rows[1].cell(table.column("label").unwrap()), "");
        let error = table.column("rating").unwrap_err().to_string();
        assert!(
            error.contains("rating") && error.contains("label, text"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_table_is_told_with_its_line() {
        assert!(told(b"").contains(":1: it is empty"));
        assert!(told(b"\n\n").contains(":1: it is empty"));
        assert!(told(b"a\tb\n").contains("no rows"));
        assert!(told(b"a\tb\n1\t2\n1\n").contains(":3: it has 1 columns"));
        assert!(told(b"a\tb\n1\t2\n1\t\xff\n").contains(":3: it is not UTF-8"));
    }
}
