//! Identifiers.
//!
//! What a person names (channels, queues, agents, skills) is identified by a short **slug** chosen
//! in the configuration. What the hub creates (contacts, interactions, messages, offers) is
//! identified by a UUIDv7 in its hyphenated text form; callers treat it as opaque.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// A slug with a character, or of a length, that is not allowed.
    #[error(
        "\"{0}\" is not a valid name: use 1 to 64 of the characters a-z, 0-9, '-', '_' and '.', starting with a letter or digit"
    )]
    Slug(String),
    /// Not a UUID in hyphenated form.
    #[error("\"{0}\" is not an identifier of this kind")]
    Uuid(String),
}

impl IdError {
    fn not_unique(text: &str) -> Self {
        Self::Uuid(text.chars().take(80).collect())
    }
}

fn check_slug(text: &str) -> Result<(), IdError> {
    let mut bytes = text.bytes();
    let first_is_ok = bytes
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let rest_is_ok =
        bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b));
    if first_is_ok && rest_is_ok && text.len() <= 64 {
        Ok(())
    } else {
        Err(IdError::Slug(text.chars().take(80).collect()))
    }
}

fn text_schema() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

macro_rules! slug {
    ($(#[doc = $doc:literal])* $name:ident) => {
        $(#[doc = $doc])*
        ///
        /// A slug: 1 to 64 of `a-z 0-9 - _ .`, starting with a letter or digit.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The name, checked.
            pub fn new(text: impl AsRef<str>) -> Result<Self, IdError> {
                check_slug(text.as_ref())?;
                Ok(Self(text.as_ref().into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text_schema()
                    .description(Some(concat!($($doc),*).trim()))
                    .pattern(Some("^[a-z0-9][a-z0-9._-]{0,63}$"))
                    .into()
            }
        }

        impl ToSchema for $name {}
    };
}

/// Takes both forms, whatever the format says of itself: values that are looked through before their
/// type is known do not tell it.
struct UniqueVisitor;

impl serde::de::Visitor<'_> for UniqueVisitor {
    type Value = Uuid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an identifier")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Uuid, E> {
        Uuid::try_parse(text).map_err(|_| E::custom(IdError::not_unique(text)))
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Uuid, E> {
        Uuid::from_slice(bytes).map_err(|_| E::invalid_length(bytes.len(), &self))
    }
}

macro_rules! unique {
    ($(#[doc = $doc:literal])* $name:ident) => {
        $(#[doc = $doc])*
        ///
        /// A UUIDv7; opaque to callers. Its text in what people read, its sixteen bytes elsewhere.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_bytes(self.as_bytes())
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read = if deserializer.is_human_readable() {
                    deserializer.deserialize_str(UniqueVisitor)
                } else {
                    deserializer.deserialize_any(UniqueVisitor)
                };
                read.map(Self)
            }
        }

        impl $name {
            /// A new identifier of the present moment. Not for deterministic code: that derives its
            /// identifiers with [`Self::derived`].
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// An identifier made from a time and a number that the caller never repeats, for code
            /// that must give the same result on every run.
            pub fn derived(unix_millis: u64, number: u64) -> Self {
                let mut random = [0_u8; 10];
                random[2..].copy_from_slice(&number.to_be_bytes());
                Self(uuid::Builder::from_unix_timestamp_millis(unix_millis, &random).into_uuid())
            }

            /// The sixteen bytes, big-endian: ordered as the identifiers were made.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The identifier with these sixteen bytes.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text)
                    .map(Self)
                    .map_err(|_| IdError::not_unique(text))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.to_string()
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text_schema()
                    .description(Some(concat!($($doc),*).trim()))
                    .format(Some(SchemaFormat::Custom("uuid".to_owned())))
                    .into()
            }
        }

        impl ToSchema for $name {}
    };
}

slug!(
    /// One company's channels, queues and agents, with one journal and one router.
    SiteId
);
slug!(
    /// One configured account on a connector.
    ChannelId
);
slug!(
    /// A plug-in, as its manifest names itself.
    PluginId
);
slug!(
    /// A queue (the field also says workgroup).
    QueueId
);
slug!(
    /// A person who signs in: an agent, a supervisor or an administrator.
    AgentId
);
slug!(
    /// Rights that are given together: `agent`, `supervisor`, `admin`, or a role of the site.
    RoleId
);
slug!(
    /// A standard response.
    ResponseId
);
slug!(
    /// Several things that an agent does at once.
    MacroId
);
slug!(
    /// A skill that an interaction may require and an agent may have.
    SkillId
);
slug!(
    /// Agents who are set up together.
    GroupId
);
slug!(
    /// A place at which an agent works.
    StationId
);
slug!(
    /// Within what time certain customers are to be answered.
    ServicePolicyId
);
slug!(
    /// Another system that is told what happens.
    WebhookId
);

unique!(
    /// A customer.
    ContactId
);
unique!(
    /// The unit that is routed.
    InteractionId
);
impl InteractionId {
    /// That of messages which belong to no interaction: what the company wrote when nobody had asked.
    pub const NONE: Self = Self(Uuid::nil());

    /// Whether it is no interaction's.
    pub fn is_none(&self) -> bool {
        self.0.is_nil()
    }
}

unique!(
    /// One thing that was said, in either direction.
    MessageId
);
unique!(
    /// What somebody noted for colleagues.
    NoteId
);
unique!(
    /// Something that failed for good.
    DeadLetterId
);
unique!(
    /// One interaction alerting at one agent.
    OfferId
);

#[cfg(test)]
mod tests {
    use super::*;

    /// As a value is read whose kind is looked for first, with the bytes of the id on the way.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    enum Tagged {
        One { id: ContactId },
    }

    #[test]
    fn an_identifier_is_text_for_people_and_bytes_for_machines() {
        let id = ContactId::derived(1_760_000_000_000, 7);
        let text = serde_json::to_string(&id).unwrap();
        assert_eq!(text, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<ContactId>(&text).unwrap(), id);
        let bytes = rmp_serde::to_vec_named(&id).unwrap();
        assert_eq!(bytes.len(), 18);
        assert_eq!(rmp_serde::from_slice::<ContactId>(&bytes).unwrap(), id);
        let tagged = Tagged::One { id };
        let bytes = rmp_serde::to_vec_named(&tagged).unwrap();
        assert_eq!(rmp_serde::from_slice::<Tagged>(&bytes).unwrap(), tagged);
        // As it was written before.
        let former = rmp_serde::to_vec_named(&serde_json::json!({ "kind": "one", "id": id }));
        assert_eq!(
            rmp_serde::from_slice::<Tagged>(&former.unwrap()).unwrap(),
            tagged
        );
        for wrong in ["\"01890a5d\"", "7", "null"] {
            assert!(serde_json::from_str::<ContactId>(wrong).is_err(), "{wrong}");
        }
        assert!(rmp_serde::from_slice::<ContactId>(&[0xc4, 2, 1, 2]).is_err());
    }
}
