//! Consent to be written to first: what a contact has agreed to, and what may not be sent without it.

use std::sync::Arc;

use linecard_model::contact::OptIn;
use linecard_model::event::Event;
use linecard_model::{ChannelId, ContactId};

use super::command::{Actor, CommandError, Outcome};
use super::people::audited;
use super::run::Batch;

/// Records that a contact agreed to be written to first on a channel, or takes it back. `source` tells
/// how they agreed.
pub(super) async fn opt_in(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: ContactId,
    channel: ChannelId,
    source: Option<String>,
) -> Result<Outcome, CommandError> {
    if !batch.state.config.channels.contains_key(&channel) {
        return Err(CommandError::NotFound {
            what: "channel",
            id: channel.to_string(),
        });
    }
    let Some(contact) = batch.work.contact(id).await? else {
        return Err(CommandError::NotFound {
            what: "contact",
            id: id.to_string(),
        });
    };
    let mut contact = Arc::unwrap_or_clone(contact);
    let before = contact.opt_in(&channel).map(|known| known.source.clone());
    if before == source {
        return Ok(Outcome::Contact(contact));
    }
    contact.opt_ins.retain(|known| known.channel != channel);
    let subject = format!("{id} on {channel}");
    let event = audited(
        actor,
        "contact.opt-in",
        &subject,
        before.into(),
        source.clone().into(),
    );
    if let Some(source) = source {
        contact.opt_ins.push(OptIn {
            channel,
            at: batch.at,
            by: actor.name.clone(),
            source,
        });
    }
    let saved = Event::ContactSaved(contact.clone());
    batch.record(vec![saved, event]).await?;
    Ok(Outcome::Contact(contact))
}
