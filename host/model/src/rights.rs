//! What somebody may do: named rights, put together in roles.
//!
//! Everybody who signs in may do an agent's work on the interactions of the own queues; that takes no
//! right. A right adds to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::RoleId;

/// Something that not everybody may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// See every interaction, contact and message of the site, not only those of the own queues.
    SeeAll,
    /// Act on the work of others: answer for them, give it to somebody else, take it over, watch it, pick
    /// up from any queue, set another's presence, pause a queue.
    Lead,
    /// Write to a customer first. Others answer.
    Begin,
    /// Read the figures of queues and agents, and why a part of the hub is not well.
    Figures,
    /// Write standard responses and macros.
    Texts,
    /// Merge and part contacts, block and unblock them.
    Contacts,
    /// Read the messages that models are trained with, and change them.
    Training,
    /// Read what could not be processed or sent, try it again, or give it up.
    DeadLetters,
    /// Declare an emergency in opening hours, and end it.
    Emergency,
    /// Set up channels (the field's `social-media-admin`), and deal with what failed on them.
    Channels,
    /// Change the configuration. Whoever may do this can give themselves every other right.
    Configure,
    /// See the sessions of others and end them, and list the keys.
    People,
    /// Set up outgoing webhooks, which get what happens in the whole site.
    Webhooks,
    /// Read who changed what.
    Audit,
    /// Export all that is kept of a person, and erase it.
    Privacy,
    /// Make a copy of everything.
    Backup,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::SeeAll,
        Self::Lead,
        Self::Begin,
        Self::Figures,
        Self::Texts,
        Self::Contacts,
        Self::Training,
        Self::DeadLetters,
        Self::Emergency,
        Self::Channels,
        Self::Configure,
        Self::People,
        Self::Webhooks,
        Self::Audit,
        Self::Privacy,
        Self::Backup,
    ];

    /// Its name in roles.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SeeAll => "see-all",
            Self::Lead => "lead",
            Self::Begin => "begin",
            Self::Figures => "figures",
            Self::Texts => "texts",
            Self::Contacts => "contacts",
            Self::Training => "training",
            Self::DeadLetters => "dead-letters",
            Self::Emergency => "emergency",
            Self::Channels => "channels",
            Self::Configure => "configure",
            Self::People => "people",
            Self::Webhooks => "webhooks",
            Self::Audit => "audit",
            Self::Privacy => "privacy",
            Self::Backup => "backup",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What somebody may do beyond an agent's work.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Rights(BTreeSet<Right>);

impl Rights {
    /// Every right.
    pub fn all() -> Self {
        Self(Right::ALL.into())
    }

    /// Whether a right is among them.
    pub fn has(&self, right: Right) -> bool {
        self.0.contains(&right)
    }

    /// Whether all of the others are among them.
    pub fn cover(&self, others: &Self) -> bool {
        self.0.is_superset(&others.0)
    }

    /// With one more.
    #[must_use]
    pub fn with(mut self, right: Right) -> Self {
        self.0.insert(right);
        self
    }

    /// All of them, in the order of [`Right::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Right> {
        self.0.iter().copied()
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().collect())
    }
}

/// A role that a site has put together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleConfig {
    /// The name that people read.
    #[serde(default)]
    pub name: String,
    /// What whoever has the role may do beyond an agent's work.
    #[serde(default)]
    pub rights: Rights,
}

/// The roles that every site has.
const BUILT_IN: [(&str, &[Right]); 3] = [
    ("agent", &[]),
    (
        "supervisor",
        &[
            Right::SeeAll,
            Right::Lead,
            Right::Begin,
            Right::Figures,
            Right::Texts,
            Right::Contacts,
            Right::Training,
            Right::DeadLetters,
        ],
    ),
    ("admin", &Right::ALL),
];

impl RoleId {
    /// An agent's work and no more.
    pub fn agent() -> Self {
        Self::built_in(0)
    }

    /// Sees everything, and leads the work of others.
    pub fn supervisor() -> Self {
        Self::built_in(1)
    }

    /// Has every right.
    pub fn admin() -> Self {
        Self::built_in(2)
    }

    fn built_in(which: usize) -> Self {
        Self::new(BUILT_IN[which].0).unwrap_or_else(|_| unreachable!("the names are slugs"))
    }

    /// Whether every site has it.
    pub fn is_built_in(&self) -> bool {
        built_in(self).is_some()
    }
}

impl Default for RoleId {
    fn default() -> Self {
        Self::agent()
    }
}

fn built_in(role: &RoleId) -> Option<&'static [Right]> {
    let found = BUILT_IN.iter().find(|(name, _)| *name == role.as_str());
    found.map(|(_, rights)| *rights)
}

/// What a role lets somebody do; nothing beyond an agent's work if there is no such role.
pub(crate) fn rights_of(roles: &BTreeMap<RoleId, RoleConfig>, role: &RoleId) -> Rights {
    match built_in(role) {
        Some(rights) => rights.iter().copied().collect(),
        None => roles
            .get(role)
            .map(|role| role.rights.clone())
            .unwrap_or_default(),
    }
}

/// The names of the roles that every site has.
pub fn built_in_roles() -> impl Iterator<Item = &'static str> + Clone {
    BUILT_IN.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_right_has_the_name_that_it_is_written_with() {
        for right in Right::ALL {
            let written = serde_json::to_value(right).unwrap();
            assert_eq!(written, right.name());
        }
        assert_eq!(Rights::all().iter().count(), Right::ALL.len());
    }

    #[test]
    fn a_role_has_what_it_is_given_and_an_unknown_one_nothing() {
        let lead = RoleId::new("team-lead").unwrap();
        let rights: Rights = [Right::SeeAll, Right::Figures].into_iter().collect();
        let config = RoleConfig {
            name: "Team lead".to_owned(),
            rights: rights.clone(),
        };
        let roles = BTreeMap::from([(lead.clone(), config)]);
        assert_eq!(rights_of(&roles, &lead), rights);
        assert_eq!(rights_of(&roles, &RoleId::agent()), Rights::default());
        assert_eq!(rights_of(&roles, &RoleId::admin()), Rights::all());
        let gone = RoleId::new("gone").unwrap();
        assert_eq!(rights_of(&roles, &gone), Rights::default());
        assert!(rights_of(&roles, &RoleId::supervisor()).cover(&rights));
        assert!(!rights.cover(&rights_of(&roles, &RoleId::supervisor())));
    }
}
