//! That a reader may do or see something else than before: told to that reader alone.

use linecard_model::Timestamp;
use linecard_model::rights::Rights;
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::Piece;

/// What readers know it by.
const ACCESS: &str = "access-changed";

/// The reader may do or see something else than before. It is no event: it has no number and is recorded
/// nowhere, so whoever was away reads `GET /api/v1/session` again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccessChanged {
    /// Always `access-changed`.
    kind: &'static str,
    /// When it was noticed.
    at: Timestamp,
    /// What is so now.
    data: Access,
}

/// What the reader may do now.
#[derive(Debug, Serialize, ToSchema)]
struct Access {
    /// What the reader may do beyond an agent's work.
    rights: Rights,
}

/// Tells a reader what they may do now.
pub(super) fn changed(rights: &Rights) -> Piece {
    let changed = AccessChanged {
        kind: ACCESS,
        at: Timestamp::now(),
        data: Access {
            rights: rights.clone(),
        },
    };
    // Strings always serialize.
    let json = serde_json::to_string(&changed).unwrap_or_default();
    Piece::aside(ACCESS, &json)
}
