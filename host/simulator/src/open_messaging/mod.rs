//! The middleware side of Open Messaging.
