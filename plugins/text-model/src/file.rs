//! A model as a file: a mark with the version, a header in JSON, the weights, and a checksum.

use crate::model::{Header, Model};

/// With what a model's file begins; the version is the last of these bytes but one.
const MARK: &[u8; 18] = b"linecard-model/01\n";
const VERSION_AT: std::ops::Range<usize> = 15..17;
/// A header has the labels, the figures and little else.
const LARGEST_HEADER: usize = 1 << 20;
const MOST_LABELS: usize = 200;
const MOST_BITS: u8 = 20;

/// Why bytes are no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// They are something else.
    #[error("it is no model: it does not begin as one; `linecard train` writes models")]
    NotAModel,
    /// It is of another version.
    #[error(
        "it is a model of version {0}, and this program reads version 01: train it again with this program"
    )]
    Version(String),
    /// Bytes are missing or too many.
    #[error(
        "it is damaged: it has {found} bytes where {expected} are expected; copy it again, or train it again"
    )]
    Length {
        /// So many it should have.
        expected: usize,
        /// So many it has.
        found: usize,
    },
    /// Some bytes are not what was written.
    #[error("it is damaged: its checksum is wrong; copy it again, or train it again")]
    Checksum,
    /// The header cannot be right.
    #[error("its header is wrong: {0}; train it again")]
    Header(String),
}

impl Model {
    /// As a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A header is made of texts and finite numbers.
        let header = serde_json::to_vec(&self.header).unwrap_or_default();
        let mut bytes = MARK.to_vec();
        bytes.extend(
            u32::try_from(header.len())
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        );
        bytes.extend(header);
        bytes.extend(self.weights.iter().map(|unit| unit.to_le_bytes()[0]));
        let sum = checksum(&bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    /// Reads a file. Whatever the bytes are, it gives a model that works, or says what is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileError> {
        let (mark, rest) = bytes
            .split_at_checked(MARK.len())
            .ok_or(FileError::NotAModel)?;
        if mark != MARK {
            let (name, version) = (mark.get(..VERSION_AT.start), mark.get(VERSION_AT));
            return Err(match version {
                Some(version) if name == MARK.get(..VERSION_AT.start) => {
                    FileError::Version(String::from_utf8_lossy(version).into_owned())
                }
                _ => FileError::NotAModel,
            });
        }
        let short = |expected: usize| FileError::Length {
            expected,
            found: bytes.len(),
        };
        let fixed = MARK.len() + 4;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(|| short(fixed))?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > LARGEST_HEADER {
            return Err(FileError::Header(format!(
                "it claims to have {length} bytes"
            )));
        }
        let (header, rest) = rest
            .split_at_checked(length)
            .ok_or_else(|| short(fixed + length))?;
        // What it claims is only believed once the checksum says that it was written so.
        let Some((body, sum)) = bytes.split_last_chunk::<8>() else {
            return Err(short(fixed + length + 8));
        };
        let header: Option<Header> = serde_json::from_slice(header).ok();
        let weights = header.as_ref().and_then(expected_weights);
        if let Some(weights) = weights
            && rest.len() != weights + 8
        {
            return Err(short(fixed + length + weights + 8));
        }
        if checksum(body) != u64::from_le_bytes(*sum) {
            return Err(FileError::Checksum);
        }
        let header =
            header.ok_or_else(|| FileError::Header("it is not of this version".to_owned()))?;
        check(&header).map_err(FileError::Header)?;
        let weights = rest.get(..rest.len().saturating_sub(8)).unwrap_or_default();
        let weights = weights.iter().map(|&byte| i8::from_le_bytes([byte]));
        Ok(Self::new(header, weights.collect()))
    }
}

fn expected_weights(header: &Header) -> Option<usize> {
    let buckets = 1usize.checked_shl(u32::from(header.features.bits.min(MOST_BITS)))?;
    buckets.checked_mul(header.labels.len())
}

fn check(header: &Header) -> Result<(), String> {
    let labels = header.labels.len();
    if !(2..=MOST_LABELS).contains(&labels) {
        return Err(format!("it has {labels} labels"));
    }
    if !(1..=MOST_BITS).contains(&header.features.bits) {
        return Err(format!("it has 2^{} buckets", header.features.bits));
    }
    let calibration = &header.calibration;
    let lists = [
        &header.scales,
        &header.bias,
        &calibration.offsets,
        &calibration.leanings,
    ];
    for list in lists {
        if list.len() != labels || list.iter().any(|number| !number.is_finite()) {
            return Err("its numbers do not fit its labels".to_owned());
        }
    }
    if !calibration.sharpness.is_finite() {
        return Err("its numbers do not fit its labels".to_owned());
    }
    Ok(())
}

/// FNV-1a over 64 bits: it is there for accidents, not for attackers.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
