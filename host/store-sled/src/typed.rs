//! Which type the values of each family have.

use linecard_model::ContactId;
use linecard_model::contact::Contact;
use linecard_model::dead_letter::DeadLetter;
use linecard_model::desk::{Draft, Note};
use linecard_model::event::{Event, Record};
use linecard_model::interaction::Interaction;
use linecard_model::message::{Message, MessageReaction};
use linecard_model::outbox::{ChannelFigures, ChannelHealth, OutboxEntry, OutboxNumber};
use linecard_model::response::{Macro, Response};
use linecard_model::site::SiteConfig;
use linecard_model::training::TrainingMessage;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::keys::Family;
use super::values::{self, decode, encode};
use super::write::{Bytes, StoredEntry, StoredIdempotent, StoredRaw, StoredSnapshot};
use linecard_store::{Early, Epoch, MessageRef, Result};

/// Something done with a value of a type that only its family tells.
trait OfAnyType {
    type Output;
    fn of<T: Serialize + DeserializeOwned>(self) -> Result<Self::Output>;
}

fn by_family<O: OfAnyType>(family: Family, what: O) -> Option<Result<O::Output>> {
    Some(match family {
        Family::Contact => what.of::<Contact>(),
        Family::Dedupe => what.of::<i64>(),
        Family::Open | Family::Ended => what.of::<Interaction>(),
        Family::Config => what.of::<SiteConfig>(),
        Family::Message => what.of::<Message>(),
        Family::Inbox => what.of::<StoredEntry>(),
        Family::Journal => what.of::<Record>(),
        Family::Reaction => what.of::<MessageReaction>(),
        Family::ReactionCount | Family::JournalBegin => what.of::<u64>(),
        Family::Details => what.of::<Event>(),
        Family::Raw => what.of::<StoredRaw>(),
        Family::Health => what.of::<ChannelHealth>(),
        Family::Figures => what.of::<ChannelFigures>(),
        Family::DeadLetter => what.of::<DeadLetter>(),
        Family::Epoch => what.of::<Epoch>(),
        Family::Numbers => what.of::<OutboxNumber>(),
        Family::Identity => what.of::<ContactId>(),
        Family::Idempotent => what.of::<StoredIdempotent>(),
        Family::Cursor | Family::Vault => what.of::<Bytes>(),
        Family::Snapshot => what.of::<StoredSnapshot>(),
        Family::Outbox => what.of::<OutboxEntry>(),
        Family::PlatformId | Family::Fetch => what.of::<MessageRef>(),
        Family::Early => what.of::<Vec<Early>>(),
        Family::Draft => what.of::<Draft>(),
        Family::Note => what.of::<Note>(),
        Family::Response => what.of::<Response>(),
        Family::Training => what.of::<TrainingMessage>(),
        Family::Macro => what.of::<Macro>(),
        // A piece is part of another value.
        Family::Piece => return None,
    })
}

struct ToJson<'a>(&'a [u8], &'a [u8]);

impl OfAnyType for ToJson<'_> {
    type Output = Value;

    fn of<T: Serialize + DeserializeOwned>(self) -> Result<Value> {
        let value: T = decode(self.0, self.1)?;
        serde_json::to_value(value).map_err(|error| values::unreadable(self.0, error.to_string()))
    }
}

struct FromJson<'a>(&'a [u8], Value);

impl OfAnyType for FromJson<'_> {
    type Output = Vec<u8>;

    fn of<T: Serialize + DeserializeOwned>(self) -> Result<Vec<u8>> {
        let value: T = serde_json::from_value(self.1)
            .map_err(|error| values::unreadable(self.0, error.to_string()))?;
        encode(self.0, &value)
    }
}

/// A whole stored value as JSON; `None` for a piece.
pub(super) fn to_json(family: Family, key: &[u8], whole: &[u8]) -> Option<Result<Value>> {
    by_family(family, ToJson(key, whole))
}

/// The stored form of a value in JSON; `None` for a piece.
pub(super) fn from_json(family: Family, key: &[u8], value: Value) -> Option<Result<Vec<u8>>> {
    by_family(family, FromJson(key, value))
}
