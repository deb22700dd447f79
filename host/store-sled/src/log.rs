//! Whether the data file's log still reaches as far as the disk had confirmed.
//!
//! sled's recovery reads its log up to the first unreadable message and overwrites what follows. So
//! before it is allowed to, the end of the log is read here, without changing anything, by the format
//! of sled 0.34: segments of 512 KiB, each with a header that names the log position of its
//! beginning, then messages, each with a checksum.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::open::DATA;

/// sled's default, which is never changed: it is written into the folder's `conf`.
pub(super) const SEGMENT_LEN: usize = 512 * 1024;
const SEGMENT: u64 = SEGMENT_LEN as u64;
pub(super) const SEGMENT_HEADER: usize = 20;
/// sled begins no message with less room than this in its segment.
pub(super) const MOST_MESSAGE_HEADER: usize = 32;
/// A message that says that the rest of its segment is empty.
pub(super) const CAP: u8 = 2;
/// The byte that sled writes over what must not be read.
const ERASED: u8 = 0;

/// Checks that the log reaches a confirmed position. The error says what was found, for people.
pub(super) fn check(folder: &Path, confirmed: i64) -> Result<(), String> {
    let Ok(confirmed) = u64::try_from(confirmed) else {
        return Ok(());
    };
    let describe = |error: io::Error| format!("{DATA}: {error}");
    let file = match File::open(folder.join(DATA)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(format!("its data file {DATA} is missing"));
        }
        Err(error) => return Err(describe(error)),
    };
    let segments = segments(&file).map_err(describe)?;
    let wanted = confirmed / SEGMENT * SEGMENT;
    let Some(offset) = segments.get(&wanted) else {
        return match segments.last_key_value() {
            // The log is beyond it, and the segment was used again.
            Some((last, _)) if *last > wanted => Ok(()),
            _ => Err(format!(
                "its log ends before position {confirmed}, which was confirmed"
            )),
        };
    };
    let reached = wanted + readable(&file, *offset, wanted / SEGMENT).map_err(describe)?;
    // If there are later segments, the log went beyond this one, which then need not be whole.
    let is_last = segments
        .last_key_value()
        .is_none_or(|(last, _)| *last == wanted);
    if reached < confirmed && is_last {
        return Err(format!(
            "its log can be read up to position {reached}, but {confirmed} was confirmed"
        ));
    }
    Ok(())
}

/// Where each valid segment lies in the file, by the position in the log at which it begins.
fn segments(file: &File) -> io::Result<BTreeMap<u64, u64>> {
    let length = file.metadata()?.len();
    let mut segments = BTreeMap::new();
    let mut offset = 0;
    while offset + SEGMENT_HEADER as u64 <= length {
        let mut header = [0; SEGMENT_HEADER];
        file.read_exact_at(&mut header, offset)?;
        if let Some(position) = segment_position(&header) {
            segments.insert(position, offset);
        }
        offset += SEGMENT;
    }
    Ok(segments)
}

pub(super) fn segment_position(header: &[u8; SEGMENT_HEADER]) -> Option<u64> {
    let (sum, rest) = header.split_first_chunk::<4>()?;
    let position = rest.first_chunk::<8>()?;
    let sum = u32::from_le_bytes(*sum) ^ u32::MAX;
    let position = i64::from_le_bytes(*position) ^ i64::MAX;
    (crc32fast::hash(rest) == sum)
        .then_some(position)
        .and_then(|position| u64::try_from(position).ok())
}

/// How many bytes from its beginning a segment can be read.
fn readable(file: &File, offset: u64, number: u64) -> io::Result<u64> {
    let mut segment = Vec::new();
    let mut at = offset;
    let mut buffer = vec![0; SEGMENT_LEN];
    while segment.len() < buffer.len() {
        let wanted = buffer.len() - segment.len();
        match file.read_at(&mut buffer[..wanted], at)? {
            0 => break,
            read => {
                segment.extend_from_slice(&buffer[..read]);
                at += read as u64;
            }
        }
    }
    let mut reached = SEGMENT_HEADER;
    while let Some(message) = segment
        .get(reached..)
        .and_then(|m| Message::read(m, number))
    {
        reached += message.length;
        if message.is_cap || reached + MOST_MESSAGE_HEADER > SEGMENT_LEN {
            return Ok(SEGMENT);
        }
    }
    Ok(reached as u64)
}

/// A whole message of the log.
pub(super) struct Message<'a> {
    /// With its header.
    pub(super) length: usize,
    /// What it is: see sled's `MessageKind`.
    pub(super) kind: u8,
    /// The page that it belongs to.
    pub(super) page: u64,
    /// What it says.
    pub(super) body: &'a [u8],
    is_cap: bool,
}

impl<'a> Message<'a> {
    /// The whole message at the beginning of some bytes of a segment.
    pub(super) fn read(bytes: &'a [u8], segment_number: u64) -> Option<Self> {
        let (sum, rest) = bytes.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first()?;
        let (length, rest) = number(rest)?;
        let (segment, rest) = number(rest)?;
        // Asked first: whoever looks for the next message in a damaged segment sums up little in vain.
        if segment != segment_number {
            return None;
        }
        let (page, rest) = number(rest)?;
        let header = bytes.len() - rest.len();
        let body = rest.get(..usize::try_from(length).ok()?)?;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(body);
        hasher.update(bytes.get(4..header)?);
        let is_whole = hasher.finalize() ^ u32::MAX == u32::from_le_bytes(*sum);
        (is_whole && *kind != ERASED).then_some(Self {
            length: header + body.len(),
            kind: *kind,
            page,
            body,
            is_cap: *kind == CAP,
        })
    }
}

/// A number of variable length, and what follows it.
pub(super) fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    match first {
        0..=240 => Some((u64::from(first), rest)),
        241..=248 => {
            let (&low, rest) = rest.split_first()?;
            Some((240 + 256 * (u64::from(first) - 241) + u64::from(low), rest))
        }
        249 => {
            let (&[high, low], rest) = rest.split_first_chunk::<2>()?;
            Some((2288 + 256 * u64::from(high) + u64::from(low), rest))
        }
        250.. => {
            let (little, rest) = rest.split_at_checked(usize::from(first) - 247)?;
            let mut bytes = [0; 8];
            bytes.get_mut(..little.len())?.copy_from_slice(little);
            Some((u64::from_le_bytes(bytes), rest))
        }
    }
}
