//! Customers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::desk::Attribute;
use crate::platform::{Alias, Identity, Profile};
use crate::{ChannelId, ContactId, Timestamp};

/// A customer: one person as far as the hub knows, under one or more platform identities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// The contact.
    pub id: ContactId,
    /// When the hub first heard of them.
    pub created_at: Timestamp,
    /// The name to show: the newest that a network gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Who they are on which channel.
    pub identities: Vec<ContactIdentity>,
    /// The public conversation whose unnamed authors this contact stands for, and under which the
    /// company's own posts in it are kept. Absent for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_thread: Option<ContactThread>,
    /// On which channels they agreed that the company writes to them first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opt_ins: Vec<OptIn>,
    /// On which channels they took that back, or never want it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opt_outs: Vec<OptOut>,
    /// The contacts that turned out to be this person. What was exchanged with them stays under their
    /// own ids; it is read together with this one's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<MergedContact>,
    /// The contact that this one turned out to be; whoever asks for this one is shown that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<ContactId>,
    /// The contacts that a person parted from this one: no network's word makes them one again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart_from: Vec<ContactId>,
    /// Facts that people or machines put to them, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
    /// That they are blocked: what they write is kept and is no work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Blocked>,
}

/// That a contact is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Blocked {
    /// Since when.
    pub at: Timestamp,
    /// Who did it: an agent's id, or `key:` and a key's name.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A contact that turned out to be the same person as another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MergedContact {
    /// The contact.
    pub contact: ContactId,
    /// Those that had been merged into it before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<ContactId>,
    /// When they were made one.
    pub at: Timestamp,
    /// Who did it: an agent's id, `key:` and a key's name, or `channel:` and the channel whose network
    /// told that they are one.
    pub by: String,
}

/// A contact's consent to be written to first on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OptIn {
    /// The channel.
    pub channel: ChannelId,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who recorded it: an agent's id, or `key:` and a key's name.
    pub by: String,
    /// How they agreed, such as the form or the call.
    pub source: String,
}

/// A contact's refusal to be written to first on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OptOut {
    /// The channel.
    pub channel: ChannelId,
    /// When they said so.
    pub at: Timestamp,
    /// Who recorded it: an agent's id, `key:` and a key's name, or `channel:` and the channel whose
    /// network told it.
    pub by: String,
    /// How they said so, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether it is about offers and news alone: what belongs to an order may still be sent.
    #[serde(default)]
    pub marketing_only: bool,
    /// Whether they had agreed before, which still counts for what this is not about.
    #[serde(default)]
    pub agreed_before: bool,
}

/// A public conversation on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContactThread {
    /// The channel.
    pub channel: ChannelId,
    /// The network's key of the conversation.
    pub thread: String,
}

/// A contact as one channel sees them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContactIdentity {
    /// The channel in whose scope the id is unique.
    pub channel: ChannelId,
    /// The network's id.
    pub id: String,
    /// Other ids of the same person, those included that they gave up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<KnownAlias>,
    /// Since when the id is theirs, if the network told of a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Since when the id is theirs no longer. Nothing is sent to it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<GivenUp>,
    /// Whose it was before: numbers are given to new people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_before_by: Option<ContactId>,
    /// The merged contact whose it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came_with: Option<ContactId>,
    /// What the network tells about them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// When the profile was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_at: Option<Timestamp>,
}

/// Another id of a person, and how long it is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KnownAlias {
    /// The kind, such as `phone` or `email`.
    pub kind: String,
    /// The value, as the network writes it.
    pub value: String,
    /// Since when it is theirs, if the network told of a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When the network last named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
    /// Since when it is theirs no longer. Nothing is sent to it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<GivenUp>,
}

/// The end of an id's being somebody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GivenUp {
    /// When, by the network's clock.
    pub at: Timestamp,
    /// When the hub heard of it. What was sent from the id before then is still theirs.
    pub heard_at: Timestamp,
}

impl GivenUp {
    /// Whether something that is said from the id at a time is said by somebody else.
    pub fn is_over(&self, at: Timestamp) -> bool {
        at > self.at.max(self.heard_at)
    }
}

impl From<Alias> for KnownAlias {
    fn from(alias: Alias) -> Self {
        Self {
            kind: alias.kind,
            value: alias.value,
            since: None,
            seen_at: None,
            given_up: None,
        }
    }
}

impl KnownAlias {
    /// Whether it is an alias as a network tells it.
    pub fn is(&self, alias: &Alias) -> bool {
        self.kind == alias.kind && self.value == alias.value
    }
}

impl ContactIdentity {
    /// An identity as it is first heard of.
    pub fn new(channel: ChannelId, identity: &Identity) -> Self {
        Self {
            channel,
            id: identity.id.clone(),
            aliases: identity
                .aliases
                .iter()
                .cloned()
                .map(KnownAlias::from)
                .collect(),
            since: None,
            given_up: None,
            held_before_by: None,
            came_with: None,
            profile: None,
            profile_at: None,
        }
    }

    /// The identity with what is theirs of it now: what something is sent to.
    pub fn present(&self) -> Identity {
        let held = self.aliases.iter().filter(|alias| alias.given_up.is_none());
        Identity {
            id: self.id.clone(),
            aliases: held
                .map(|alias| Alias {
                    kind: alias.kind.clone(),
                    value: alias.value.clone(),
                })
                .collect(),
        }
    }

    /// Whether they held an id on the channel, as the id or as an alias, and gave it up.
    pub fn gave_up(&self, value: &str) -> bool {
        (self.id == value && self.given_up.is_some())
            || self
                .aliases
                .iter()
                .any(|alias| alias.value == value && alias.given_up.is_some())
    }
}

impl Contact {
    /// Somebody of whom nothing else is known yet.
    pub fn new(id: ContactId, created_at: Timestamp) -> Self {
        Self {
            id,
            created_at,
            display_name: None,
            identities: Vec::new(),
            of_thread: None,
            opt_ins: Vec::new(),
            opt_outs: Vec::new(),
            merged: Vec::new(),
            merged_into: None,
            apart_from: Vec::new(),
            attributes: BTreeMap::new(),
            blocked: None,
        }
    }

    /// The ids under which what was exchanged with this person is kept: the own first.
    pub fn ids(&self) -> Vec<ContactId> {
        let mut ids = vec![self.id];
        for merged in &self.merged {
            ids.push(merged.contact);
            ids.extend(&merged.with);
        }
        ids
    }

    /// The identity on a channel: one that is still theirs, if there is one.
    pub fn identity(&self, channel: &ChannelId) -> Option<&ContactIdentity> {
        let own = || self.identities.iter().filter(|i| &i.channel == channel);
        own()
            .find(|i| i.given_up.is_none())
            .or_else(|| own().next())
    }

    /// The refusal for a channel, if there is one.
    pub fn opt_out(&self, channel: &ChannelId) -> Option<&OptOut> {
        self.opt_outs.iter().find(|known| &known.channel == channel)
    }

    /// The consent for a channel, if there is one.
    pub fn opt_in(&self, channel: &ChannelId) -> Option<&OptIn> {
        self.opt_ins.iter().find(|known| &known.channel == channel)
    }
}
