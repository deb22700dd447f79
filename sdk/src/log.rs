//! Lines for the operator's log.
//!
//! Bounded in number and length for each call (a line is cut at 4 KiB). Customers' texts and tokens
//! do not belong there.

pub use crate::bindings::connector::linecard::plugin::log::Level;

/// Writes one line.
pub fn write(level: Level, message: impl AsRef<str>) {
    crate::host::with(|host| host.log(level, message.as_ref()));
}

/// Writes a line for the plug-in's author.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message);
}

/// Writes a line for the record.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message);
}

/// Writes a line about something odd.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message);
}

/// Writes a line about something that failed.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message);
}
