//! Export to JSON lines and import from them: the way to repair, to move, and to change the engine.
//!
//! The first line is a header with the format's version, which is the schema version of the values. Each further line is one value with its site,
//! family, key (hexadecimal) and content. The last line says how many there were, so that a file that
//! was cut off is recognized.

use std::io::{self, BufRead, Write};

use linecard_model::SiteId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::committer::Work;
use super::keys::{self, Family};
use super::open::SCHEMA;
use super::values::{Write as Change, put, unreadable};
use super::{SledStore, typed};
use linecard_store::{InboxNumber, StoreError};

pub(super) const FORMAT: &str = "linecard-export";
/// How many values are imported in one batch.
const STEP: usize = 500;

/// Why an export or an import did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file.
    #[error("the export file cannot be read or written: {0}")]
    File(#[from] io::Error),
    /// The file is not an export, or of a newer program.
    #[error("this is not a Linecard export that this program can read ({0})")]
    Format(String),
    /// A line cannot be used.
    #[error("line {line} of the export cannot be used: {detail}")]
    Line {
        /// The line's number, from 1.
        line: usize,
        /// Why.
        detail: String,
    },
    /// The file ends too early.
    #[error("the export is not complete: it holds {found} of its values")]
    Incomplete {
        /// How many values there are.
        found: u64,
    },
    /// The store has data.
    #[error("an import needs an empty data folder, and this one has data")]
    NotEmpty,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exported {
    /// How many values.
    pub values: u64,
    /// What could not be read and is not in the export, for people.
    pub unreadable: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
pub(super) enum Line {
    Header {
        format: String,
        version: u32,
        next_inbox: InboxNumber,
    },
    Value {
        site: SiteId,
        family: char,
        key: String,
        value: Value,
    },
    /// There is no value at this key any more: an export that is made while the hub runs tells so, after
    /// it told the value.
    Removed {
        site: SiteId,
        family: char,
        key: String,
    },
    End {
        values: u64,
        /// The number of the next inbox entry, if it has changed since the header was written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_inbox: Option<InboxNumber>,
    },
}

/// A key, taken apart, and its stored value.
pub(super) type Entry<'a> = (&'a [u8], keys::Parts<'a>, &'a sled::IVec);

impl SledStore {
    /// Writes everything that can be read as JSON lines. Nothing else may write to the store
    /// meanwhile. The vault's values are in it as they are kept: hashed or encrypted.
    pub fn export(&self, out: &mut dyn Write) -> Result<Exported, TransferError> {
        let mut exported = Exported::default();
        write_header(out, self.schema, self.counters()?.next_inbox)?;
        self.visit(|entry| {
            let line = match entry {
                Ok((_, parts, _)) if parts.family == Family::Piece => return Ok(()),
                Ok((key, parts, stored)) => self.line(key, &parts, stored),
                Err(error) => Err(error),
            };
            match line {
                Ok(Some(line)) => {
                    exported.values += 1;
                    write_line(out, &line)
                }
                Ok(None) => Ok(()),
                Err(error) => {
                    exported.unreadable.push(error.to_string());
                    Ok(())
                }
            }
        })?;
        let values = exported.values;
        let end = Line::End {
            values,
            next_inbox: None,
        };
        write_line(out, &end)?;
        out.flush()?;
        Ok(exported)
    }

    fn line(
        &self,
        key: &[u8],
        parts: &keys::Parts<'_>,
        stored: &sled::IVec,
    ) -> Result<Option<Line>, StoreError> {
        let Some(whole) = self.shared.whole(key, stored)? else {
            return Ok(None);
        };
        line_of(key, parts, &whole)
    }

    /// Reads an export into this store, which must be empty. Gives the number of values. After an
    /// error the store holds a part of them; delete its folder.
    ///
    /// The store must be opened again before anything else is done with it.
    pub async fn import(&self, lines: impl BufRead) -> Result<u64, TransferError> {
        if !self.shared.sites()?.is_empty() {
            return Err(TransferError::NotEmpty);
        }
        let mut writes = Vec::new();
        let mut found = 0;
        let mut next_inbox = None;
        for (index, text) in lines.lines().enumerate() {
            let text = text?;
            let bad = |detail: String| TransferError::Line {
                line: index + 1,
                detail,
            };
            let line: Line = serde_json::from_str(&text).map_err(|error| match index {
                0 => TransferError::Format(error.to_string()),
                _ => bad(error.to_string()),
            })?;
            match line {
                Line::Header {
                    format,
                    version,
                    next_inbox: number,
                } => {
                    if format != FORMAT || version > SCHEMA {
                        let found = format!("format {format}, version {version}");
                        return Err(TransferError::Format(found));
                    }
                    next_inbox = Some(number);
                    // Values of an earlier layout are brought to the present one at the next opening.
                    writes.push(put(keys::SCHEMA.to_vec(), &version)?);
                }
                _ if next_inbox.is_none() => {
                    return Err(TransferError::Format("it has no header".to_owned()));
                }
                Line::Value {
                    site,
                    family,
                    key,
                    value,
                } => {
                    let (family, key) = key_of(&site, family, &key).map_err(bad)?;
                    writes.push(change(family, key, value).map_err(bad)?);
                    found += 1;
                }
                Line::Removed { site, family, key } => {
                    let (_, key) = key_of(&site, family, &key).map_err(bad)?;
                    writes.push(Change::Remove(key));
                    found += 1;
                }
                Line::End {
                    values,
                    next_inbox: number,
                } => {
                    if values != found {
                        break;
                    }
                    self.put_raw(writes, next_inbox.max(number)).await?;
                    return Ok(found);
                }
            }
            if writes.len() >= STEP {
                self.put_raw(std::mem::take(&mut writes), None).await?;
            }
        }
        Err(TransferError::Incomplete { found })
    }

    pub(super) async fn put_raw(
        &self,
        writes: Vec<Change>,
        next_inbox: Option<InboxNumber>,
    ) -> Result<(), StoreError> {
        let work = Work::Raw { writes, next_inbox };
        self.submit(work).await.map(|_| ())
    }

    /// Shows every key of every site with its stored value, in order. What the engine cannot read
    /// is shown as an error, and the rest of its family is left out.
    pub(super) fn visit<E: From<StoreError>>(
        &self,
        mut visitor: impl FnMut(Result<Entry<'_>, StoreError>) -> Result<(), E>,
    ) -> Result<(), E> {
        for site in self.shared.sites()? {
            for family in Family::ALL {
                for entry in self.shared.db().scan_prefix(keys::family(&site, family)) {
                    match entry {
                        Ok((key, stored)) => match keys::parse(&key) {
                            Some(parts) => visitor(Ok((&key, parts, &stored)))?,
                            None => visitor(Err(unreadable(
                                &key,
                                "it is not a key of this store".to_owned(),
                            )))?,
                        },
                        Err(error) => {
                            let key = keys::family(&site, family);
                            visitor(Err(super::shared::read_error(&key, &error)))?;
                            break;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

pub(super) fn write_header(
    out: &mut dyn Write,
    version: u32,
    next_inbox: InboxNumber,
) -> Result<(), TransferError> {
    let header = Line::Header {
        format: FORMAT.to_owned(),
        version,
        next_inbox,
    };
    write_line(out, &header)
}

/// The line of a whole stored value; `None` for a piece.
pub(super) fn line_of(
    key: &[u8],
    parts: &keys::Parts<'_>,
    whole: &[u8],
) -> Result<Option<Line>, StoreError> {
    let Some(value) = typed::to_json(parts.family, key, whole) else {
        return Ok(None);
    };
    Ok(Some(Line::Value {
        site: parts.site.clone(),
        family: char::from(parts.family as u8),
        key: hex(parts.rest),
        value: value?,
    }))
}

pub(super) fn write_line(out: &mut dyn Write, line: &Line) -> Result<(), TransferError> {
    serde_json::to_writer(&mut *out, line).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

fn key_of(site: &SiteId, family: char, key: &str) -> Result<(Family, Vec<u8>), String> {
    let family = u8::try_from(family)
        .ok()
        .and_then(Family::from_byte)
        .ok_or_else(|| format!("family {family} is not known"))?;
    let rest = unhex(key).ok_or_else(|| "its key is not hexadecimal".to_owned())?;
    let mut key = keys::family(site, family);
    key.extend_from_slice(&rest);
    Ok((family, key))
}

fn change(family: Family, key: Vec<u8>, value: Value) -> Result<Change, String> {
    match typed::from_json(family, &key, value) {
        Some(Ok(stored)) => Ok(Change::Put(key, stored)),
        Some(Err(error)) => Err(error.to_string()),
        None => Err(format!("family {family:?} is not exported")),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 0xF)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits?;
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(high * 16 + low).ok())
        .collect()
}
