//! Values.
//!
//! A stored value is a form byte and what follows it. A small one is MessagePack with named fields, so
//! that later versions can add optional ones. Names and usual texts would then be most of it, so it is
//! compressed against a dictionary of them where that helps. A large one is cut into pieces under keys of
//! their own, and the value itself names their number, the length and a checksum.

use linecard_model::SiteId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::keys;
use linecard_store::{Result, StoreError};

/// The form byte of a value that stands in one piece.
const WHOLE: u8 = 1;
/// The form byte of a value in pieces.
const IN_PIECES: u8 = 2;
/// The form byte of a compressed value, before its length.
const COMPRESSED: u8 = 3;
/// What compressed values are made of: samples of values of each kind and of the networks' payloads, with
/// invented names. Never changed: a better one gets a form byte of its own.
const DICTIONARY: &[u8] = include_bytes!("dictionary.bin");
/// A value that is not longer than this stays as it is.
const TOO_SHORT: usize = 48;
/// LZ4 makes no more of a byte than this, so that a damaged length does not take memory.
const MOST_EXPANSION: usize = 256;
/// The most bytes of one piece. A leaf of sled's tree holds up to 17 values and is one item of its
/// log; items of more than 128 KiB go into files that are never synchronized.
pub(crate) const PIECE: usize = 4 * 1024;
/// The bytes of a head: form, number of pieces, length, checksum.
const HEAD: usize = 1 + 4 + 8 + 8;

/// A change of one key.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    /// The key has this content now.
    Put(Vec<u8>, Vec<u8>),
    /// The same, where no value in pieces can have been before: the key is new, or what stands there is
    /// always short. That is not looked up.
    PutFirst(Vec<u8>, Vec<u8>),
    /// The key is gone, if it was there.
    Remove(Vec<u8>),
    /// The key of a payload is gone, and that of the accepted event where it stands.
    RemoveRaw(SiteId, Vec<u8>),
}

/// The stored form of a value that stands in one piece, as it goes into [`Write::Put`].
pub(crate) fn encode<T: Serialize + ?Sized>(key: &[u8], value: &T) -> Result<Vec<u8>> {
    let bytes = encode_quickly(key, value)?;
    Ok(compressed(&bytes).unwrap_or(bytes))
}

/// The stored form of a value that is gone again in a moment: compressing it would cost more than its room.
pub(crate) fn encode_quickly<T: Serialize + ?Sized>(key: &[u8], value: &T) -> Result<Vec<u8>> {
    let mut bytes = vec![WHOLE];
    let mut serializer = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
    value
        .serialize(&mut serializer)
        .map_err(|error| unreadable(key, error.to_string()))?;
    Ok(bytes)
}

/// The compressed form of a whole one, if it is shorter.
fn compressed(whole: &[u8]) -> Option<Vec<u8>> {
    let content = whole.get(1..).filter(|content| content.len() > TOO_SHORT)?;
    let length = u32::try_from(content.len()).ok()?;
    let packed = lz4_flex::block::compress_with_dict(content, DICTIONARY);
    let head = 1 + size_of_val(&length);
    (head + packed.len() < whole.len()).then(|| {
        let mut bytes = Vec::with_capacity(head + packed.len());
        bytes.push(COMPRESSED);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&packed);
        bytes
    })
}

/// The content of a compressed value.
fn decompressed(key: &[u8], packed: &[u8]) -> Result<Vec<u8>> {
    let (length, packed) = packed
        .split_first_chunk::<4>()
        .ok_or_else(|| unreadable(key, "its length is missing".to_owned()))?;
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length > packed.len().saturating_mul(MOST_EXPANSION) {
        return Err(unreadable(key, "its length cannot be right".to_owned()));
    }
    lz4_flex::block::decompress_with_dict(packed, length, DICTIONARY)
        .map_err(|error| unreadable(key, error.to_string()))
}

/// Puts a value.
pub(crate) fn put<T: Serialize + ?Sized>(key: Vec<u8>, value: &T) -> Result<Write> {
    let bytes = encode(&key, value)?;
    Ok(Write::Put(key, bytes))
}

/// Puts a value where no value in pieces can have been before.
pub(crate) fn put_first<T: Serialize + ?Sized>(key: Vec<u8>, value: &T) -> Result<Write> {
    let bytes = encode(&key, value)?;
    Ok(Write::PutFirst(key, bytes))
}

/// What the stored form says.
pub(crate) fn decode<T: DeserializeOwned>(key: &[u8], stored: &[u8]) -> Result<T> {
    match stored.split_first() {
        Some((&WHOLE, content)) => {
            rmp_serde::from_slice(content).map_err(|error| unreadable(key, error.to_string()))
        }
        Some((&COMPRESSED, packed)) => {
            let content = decompressed(key, packed)?;
            rmp_serde::from_slice(&content).map_err(|error| unreadable(key, error.to_string()))
        }
        Some((form, _)) => Err(unreadable(
            key,
            format!("form {form} is not known to this version"),
        )),
        None => Err(unreadable(key, "it is empty".to_owned())),
    }
}

/// Cuts a stored form that is too long: the head to store in its place, and the pieces.
pub(crate) fn cut(stored: &[u8]) -> Option<(Vec<u8>, std::slice::Chunks<'_, u8>)> {
    if stored.len() <= PIECE {
        return None;
    }
    let pieces = stored.chunks(PIECE);
    let mut head = Vec::with_capacity(HEAD);
    head.push(IN_PIECES);
    head.extend_from_slice(
        &u32::try_from(pieces.len())
            .unwrap_or(u32::MAX)
            .to_be_bytes(),
    );
    head.extend_from_slice(&(stored.len() as u64).to_be_bytes());
    head.extend_from_slice(&checksum(stored));
    Some((head, pieces))
}

fn checksum(stored: &[u8]) -> [u8; 8] {
    let mut sum = [0; 8];
    sum.copy_from_slice(&Sha256::digest(stored)[..8]);
    sum
}

/// What a value in pieces says about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// How many there are.
    pub(crate) pieces: u32,
    length: u64,
    checksum: [u8; 8],
}

impl Head {
    /// The head, if the value is in pieces.
    pub(crate) fn of(stored: &[u8]) -> Option<Self> {
        let (&form, rest) = stored.split_first()?;
        let (pieces, rest) = rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let checksum: [u8; 8] = rest.try_into().ok()?;
        (form == IN_PIECES).then_some(Self {
            pieces: u32::from_be_bytes(*pieces),
            length: u64::from_be_bytes(*length),
            checksum,
        })
    }

    /// Puts the pieces together again, each read with `read`.
    pub(crate) fn join(
        self,
        key: &[u8],
        read: impl Fn(&[u8]) -> Result<Option<sled::IVec>>,
    ) -> Result<Vec<u8>> {
        let mut stored = Vec::new();
        for number in 0..self.pieces {
            let piece = read(&keys::piece(key, number))?.ok_or_else(|| {
                unreadable(key, format!("piece {number} of {} is missing", self.pieces))
            })?;
            stored.extend_from_slice(&piece);
        }
        if stored.len() as u64 == self.length && checksum(&stored) == self.checksum {
            Ok(stored)
        } else {
            Err(unreadable(key, "its pieces do not fit together".to_owned()))
        }
    }
}

/// The error of a value that cannot be read or written.
pub(crate) fn unreadable(key: &[u8], detail: String) -> StoreError {
    StoreError::Value {
        key: keys::show(key),
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_is_the_one_that_stored_values_were_made_with() {
        let sum = Sha256::digest(DICTIONARY);
        assert_eq!(sum[..4], [0x89, 0x8f, 0x12, 0xe5], "{sum:x?}");
    }

    #[test]
    fn a_value_comes_back_whatever_its_form() {
        let usual = "where is my parcel, please? ".repeat(20);
        for text in ["", "short", &usual, &"x".repeat(100_000)] {
            let stored = encode(b"key", text).unwrap();
            assert_eq!(decode::<String>(b"key", &stored).unwrap(), text);
        }
        let stored = encode(b"key", &usual).unwrap();
        assert!(stored.len() < usual.len() / 4);
        for cut in 0..stored.len() {
            assert!(decode::<String>(b"key", &stored[..cut]).is_err(), "{cut}");
        }
        let mut huge = stored;
        huge[1..5].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(decode::<String>(b"key", &huge).is_err());
    }
}
