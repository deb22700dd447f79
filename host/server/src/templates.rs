//! The templates of the SDK, from which `linecard plugin new` lays out a project.

/// A file's path in the project, and its content.
type Files = &'static [(&'static str, &'static [u8])];

/// A connector.
pub const CONNECTOR: Files = include!(concat!(env!("OUT_DIR"), "/template-connector.rs"));
/// An analyzer.
pub const ANALYZER: Files = include!(concat!(env!("OUT_DIR"), "/template-analyzer.rs"));
/// The toolchain that builds them.
pub const TOOLCHAIN: &str = include_str!("../../../rust-toolchain.toml");
