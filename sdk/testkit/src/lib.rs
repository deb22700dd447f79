//! linecard-testkit
