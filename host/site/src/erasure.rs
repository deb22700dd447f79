//! Erasing a person: what is kept about them goes, and everybody who keeps anything of it is told.

use std::sync::Arc;

use linecard_model::contact::Contact;
use linecard_model::dead_letter::{DeadLetter, Undone};
use linecard_model::event::Event;
use linecard_model::rights::Right;
use linecard_model::site::SiteConfig;
use linecard_model::{ChannelId, ContactId, SiteId};
use linecard_store::{Page, Store, StoreError};
use serde_json::Value;

use super::command::{Actor, CommandError, Outcome};
use super::holding::person;
use super::people::audited;
use super::run::Batch;

/// How many are looked at together.
const STEP: usize = 200;

/// Erases what is kept about a contact with whom nothing is under way.
pub(super) async fn erase(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: ContactId,
) -> Result<Outcome, CommandError> {
    actor.require(Right::Privacy, "people are erased")?;
    let Some(contact) = person(batch, id).await? else {
        return Err(CommandError::NotFound {
            what: "contact",
            id: id.to_string(),
        });
    };
    let busy = |reason| {
        Err(CommandError::ContactBusy {
            contact: id,
            reason,
        })
    };
    let ids = contact.ids();
    if ids
        .iter()
        .any(|id| batch.state.open_with(*id).next().is_some())
    {
        return busy("an interaction with it is open; end it first");
    }
    let config = Arc::clone(&batch.state.config);
    let (store, site) = (Arc::clone(batch.work.store()), batch.work.site().clone());
    if is_being_answered(store.as_ref(), &site, &config, &ids).await? {
        return busy("an answer to it waits to be sent; let it be sent, or remove its channel");
    }
    for channel in config.channels.keys() {
        forget_letters(batch, channel, &contact).await?;
    }
    let who = contact.id.to_string();
    let erased = ids.iter().map(|id| Event::ContactErased { contact: *id });
    let mut events: Vec<Event> = erased.collect();
    events.push(audited(
        actor,
        "contact.erase",
        &who,
        Value::Null,
        Value::Null,
    ));
    batch.record(events).await?;
    Ok(Outcome::Done)
}

/// Whether something for a contact is in an outbox.
async fn is_being_answered(
    store: &dyn Store,
    site: &SiteId,
    config: &SiteConfig,
    ids: &[ContactId],
) -> Result<bool, StoreError> {
    for channel in config.channels.keys() {
        let mut after = 0;
        loop {
            let entries = store.outbox(site, channel, after, STEP).await?;
            let Some(last) = entries.last() else { break };
            after = last.number;
            if entries
                .iter()
                .any(|entry| entry.contact.is_some_and(|of| ids.contains(&of)))
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Forgets what failed for good and came from a contact, or was for it.
async fn forget_letters(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    contact: &Contact,
) -> Result<(), StoreError> {
    let mut before = None;
    loop {
        let page = Page {
            before,
            limit: STEP,
        };
        let (store, site) = (Arc::clone(batch.work.store()), batch.work.site().clone());
        let letters = store.dead_letters(&site, channel, page).await?;
        let Some(last) = letters.last() else {
            return Ok(());
        };
        before = Some(last.id);
        for letter in letters {
            if is_of(&letter, contact) {
                batch.work.remove_dead_letter(channel, letter.id);
            }
        }
    }
}

fn is_of(letter: &DeadLetter, contact: &Contact) -> bool {
    match &letter.what {
        Undone::Action(action) => action.contact.is_some_and(|of| contact.ids().contains(&of)),
        Undone::Event { event, .. } => {
            let customer = event.thread.as_ref().and_then(|t| t.customer.as_ref());
            let author = event.author.as_ref().map(|author| &author.identity);
            let mut of = customer.into_iter().chain(author);
            of.any(|who| {
                let mut known = contact.identities.iter();
                known.any(|known| known.channel == letter.channel && known.id == who.id)
            })
        }
        // It could not be read, so nobody knows whose it is.
        Undone::Webhook(_) => false,
    }
}
