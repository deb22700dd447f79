//! linecard-build
