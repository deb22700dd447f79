//! A plug-in that misbehaves on demand: the configuration's first word says how.

#[cfg(feature = "analyzer")]
mod analyzer;
#[cfg(not(feature = "analyzer"))]
mod connector;
#[cfg(not(feature = "analyzer"))]
mod misdeeds;
