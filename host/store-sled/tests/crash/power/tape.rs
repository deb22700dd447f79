//! What was done to the files of a folder, one call after the other.

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// A line was said: what was acknowledged.
    Said(String),
    /// So much was written to a file at a place.
    Write(String, u64, Vec<u8>),
    /// A file was given a length.
    Length(String, u64),
    /// A file was created if it was not there, and emptied if that is said.
    Opened(String, bool),
    /// A file has another name.
    Renamed(String, String),
    /// A file is gone.
    Removed(String),
    /// The disk was asked to keep what was written to a file before, under this number.
    Begun(String, u64),
    /// It has said that it does.
    Synchronized(u64),
}

fn text(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
    bytes.extend(text);
}

/// A call as it stands on the tape.
pub fn encode(call: &Call) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (kind, name, other, number): (u8, &str, &[u8], u64) = match call {
        Call::Said(line) => (0, line, &[], 0),
        Call::Write(name, at, data) => (1, name, data, *at),
        Call::Length(name, length) => (2, name, &[], *length),
        Call::Opened(name, empties) => (3, name, &[], u64::from(*empties)),
        Call::Renamed(from, to) => (4, from, to.as_bytes(), 0),
        Call::Removed(name) => (5, name, &[], 0),
        Call::Begun(name, number) => (6, name, &[], *number),
        Call::Synchronized(number) => (7, "", &[], *number),
    };
    bytes.push(kind);
    bytes.extend(number.to_le_bytes());
    text(&mut bytes, name.as_bytes());
    text(&mut bytes, other);
    bytes
}

/// Reads a tape. The last call may be there by half: its process was killed.
pub fn read(mut tape: &[u8]) -> Vec<Call> {
    let mut calls = Vec::new();
    while let Some((call, rest)) = one(tape) {
        calls.push(call);
        tape = rest;
    }
    calls
}

fn one(tape: &[u8]) -> Option<(Call, &[u8])> {
    let (kind, tape) = tape.split_first()?;
    let (number, tape) = tape.split_first_chunk::<8>()?;
    let number = u64::from_le_bytes(*number);
    let (name, tape) = part(tape)?;
    let (other, tape) = part(tape)?;
    let name = String::from_utf8(name.to_vec()).unwrap();
    let call = match kind {
        0 => Call::Said(name),
        1 => Call::Write(name, number, other.to_vec()),
        2 => Call::Length(name, number),
        3 => Call::Opened(name, number == 1),
        4 => Call::Renamed(name, String::from_utf8(other.to_vec()).unwrap()),
        5 => Call::Removed(name),
        6 => Call::Begun(name, number),
        _ => Call::Synchronized(number),
    };
    Some((call, tape))
}

fn part(tape: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, tape) = tape.split_first_chunk::<4>()?;
    tape.split_at_checked(u32::from_le_bytes(*length) as usize)
}
