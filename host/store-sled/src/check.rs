//! Reading everything, and saying what does not fit together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use linecard_model::contact::Contact;
use linecard_model::event::{Record, Seq};
use linecard_model::interaction::Interaction;
use linecard_model::message::Message;
use linecard_model::{ContactId, SiteId};

use super::keys::{self, Family, Parts};
use super::values::{Head, decode};
use super::{SledStore, typed};
use linecard_store::{MessageRef, Result, thread_identity};

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, for people.
    pub key: String,
    /// What.
    pub detail: String,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// How many values were read.
    pub values: u64,
    /// How many events the journals hold.
    pub events: u64,
    /// What does not fit; empty if all is well.
    pub problems: Vec<Problem>,
}

impl Checked {
    fn problem(&mut self, key: &[u8], detail: impl Into<String>) {
        self.problems.push(Problem {
            key: keys::show(key),
            detail: detail.into(),
        });
    }
}

impl SledStore {
    /// Reads everything and checks that every value can be read, that each journal is dense, that
    /// what a view refers to is there, and that no piece of a value is missing or left over. Changes
    /// nothing. Nothing else may write to the store meanwhile.
    pub fn check(&self) -> Result<Checked> {
        let mut checked = Checked::default();
        let mut expected: HashMap<SiteId, Seq> = HashMap::new();
        self.visit(|entry| -> Result<()> {
            match entry {
                Ok((key, parts, stored)) => {
                    checked.values += 1;
                    self.check_one(&mut checked, &mut expected, key, &parts, stored)
                }
                Err(error) => {
                    checked.problems.push(Problem {
                        key: String::new(),
                        detail: error.to_string(),
                    });
                    Ok(())
                }
            }
        })?;
        Ok(checked)
    }

    fn check_one(
        &self,
        checked: &mut Checked,
        expected: &mut HashMap<SiteId, Seq>,
        key: &[u8],
        parts: &Parts<'_>,
        stored: &sled::IVec,
    ) -> Result<()> {
        if parts.family == Family::Piece {
            return self.check_piece(checked, key, parts);
        }
        let whole = match self.shared.whole(key, stored) {
            Ok(Some(whole)) => whole,
            Ok(None) => return Ok(()),
            Err(error) => {
                checked.problem(key, error.to_string());
                return Ok(());
            }
        };
        if let Some(Err(error)) = typed::to_json(parts.family, key, &whole) {
            checked.problem(key, error.to_string());
            return Ok(());
        }
        match parts.family {
            Family::Journal => {
                let record: Record = decode(key, &whole)?;
                let wanted = match expected.entry(parts.site.clone()) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(first) => first.insert(self.shared.first_seq(&parts.site)?),
                };
                if record.first_seq != *wanted || record.events.is_empty() {
                    let found = record.first_seq;
                    checked.problem(key, format!("event {wanted} should follow, not {found}"));
                }
                if keys::record(&parts.site, record.first_seq) != key {
                    checked.problem(key, "the record belongs under another key");
                }
                *wanted = record.last_seq().saturating_add(1);
                checked.events += record.events.len() as u64;
            }
            Family::Contact => self.check_contact(checked, key, parts, &decode(key, &whole)?)?,
            Family::Open | Family::Ended => {
                let interaction: Interaction = decode(key, &whole)?;
                let id = interaction.id;
                if interaction.is_open() != (parts.family == Family::Open)
                    || keys::interaction(&parts.site, parts.family, id) != key
                {
                    checked.problem(key, "the interaction belongs under another key");
                }
                let ended = keys::interaction(&parts.site, Family::Ended, id);
                if parts.family == Family::Open && self.shared.raw(&ended)?.is_some() {
                    checked.problem(key, "the interaction is open and ended");
                }
                for contact in interaction.contacts() {
                    self.refers(checked, key, &keys::contact(&parts.site, contact))?;
                }
            }
            Family::Message => self.check_message(checked, key, parts, &decode(key, &whole)?)?,
            Family::Identity => {
                let contact: ContactId = decode(key, &whole)?;
                self.refers(checked, key, &keys::contact(&parts.site, contact))?;
            }
            Family::PlatformId => {
                let place: MessageRef = decode(key, &whole)?;
                let message = keys::message(&parts.site, place.contact, place.message);
                self.refers(checked, key, &message)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn check_contact(
        &self,
        checked: &mut Checked,
        key: &[u8],
        parts: &Parts<'_>,
        contact: &Contact,
    ) -> Result<()> {
        if keys::contact(&parts.site, contact.id) != key {
            checked.problem(key, "the contact belongs under another key");
        }
        // Whoever turned out to be somebody else is found as that one.
        let identities = contact.identities.iter();
        for identity in identities.filter(|_| contact.merged_into.is_none()) {
            let index = keys::network_id(
                &parts.site,
                Family::Identity,
                &identity.channel,
                &identity.id,
            );
            self.refers(checked, key, &index)?;
            for alias in &identity.aliases {
                let index = keys::network_id(
                    &parts.site,
                    Family::Identity,
                    &identity.channel,
                    &alias.value,
                );
                self.refers(checked, key, &index)?;
            }
        }
        if let Some(of) = &contact.of_thread {
            let identity = thread_identity(&of.thread);
            let index = keys::network_id(&parts.site, Family::Identity, &of.channel, &identity);
            self.refers(checked, key, &index)?;
        }
        Ok(())
    }

    fn check_message(
        &self,
        checked: &mut Checked,
        key: &[u8],
        parts: &Parts<'_>,
        message: &Message,
    ) -> Result<()> {
        if keys::message(&parts.site, message.contact, message.id) != key {
            checked.problem(key, "the message belongs under another key");
        }
        self.refers(checked, key, &keys::contact(&parts.site, message.contact))?;
        let [open, ended] = [Family::Open, Family::Ended]
            .map(|family| keys::interaction(&parts.site, family, message.interaction));
        if !message.interaction.is_none() && self.shared.raw(&open)?.is_none() {
            self.refers(checked, key, &ended)?;
        }
        for id in &message.platform_ids {
            let index = keys::network_id(&parts.site, Family::PlatformId, &message.channel, id);
            self.refers(checked, key, &index)?;
        }
        Ok(())
    }

    fn check_piece(&self, checked: &mut Checked, key: &[u8], parts: &Parts<'_>) -> Result<()> {
        let owned = match keys::owner_of_piece(&parts.site, parts.rest) {
            Some((owner, number)) => self
                .shared
                .raw(&owner)?
                .as_deref()
                .and_then(Head::of)
                .is_some_and(|head| number < head.pieces),
            None => false,
        };
        if !owned {
            checked.problem(key, "the piece belongs to no value");
        }
        Ok(())
    }

    fn refers(&self, checked: &mut Checked, key: &[u8], to: &[u8]) -> Result<()> {
        if self.shared.raw(to)?.is_none() {
            checked.problem(
                key,
                format!("it refers to {}, which is not there", keys::show(to)),
            );
        }
        Ok(())
    }
}
