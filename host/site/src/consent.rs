//! Consent to be written to first: what a contact has agreed to, and what may not be sent without it.

use std::sync::Arc;

use linecard_model::contact::{Contact, OptIn, OptOut};
use linecard_model::event::Event;
use linecard_model::platform::{
    CONSENT, CONSENT_GIVEN, CONSENT_MARKETING_WITHDRAWN, CONSENT_SOURCE, CONSENT_WITHDRAWN, Profile,
};
use linecard_model::{ChannelId, ContactId, Timestamp};

use super::command::{Actor, CommandError, Outcome};
use super::holding::person;
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
    let Some(contact) = person(batch, id).await? else {
        return Err(CommandError::NotFound {
            what: "contact",
            id: id.to_string(),
        });
    };
    let mut contact = Arc::unwrap_or_clone(contact);
    let before = contact.opt_in(&channel).map(|known| known.source.clone());
    // Less than nothing at all is not nothing at all.
    let is_refused = contact
        .opt_out(&channel)
        .is_some_and(|known| !known.marketing_only);
    let agreed_before = before.is_some();
    if before == source && is_refused == source.is_none() {
        return Ok(Outcome::Contact(contact));
    }
    contact.opt_ins.retain(|known| known.channel != channel);
    contact.opt_outs.retain(|known| known.channel != channel);
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
    } else {
        contact.opt_outs.push(OptOut {
            channel,
            at: batch.at,
            by: actor.name.clone(),
            source: None,
            marketing_only: false,
            agreed_before,
        });
    }
    let saved = Event::ContactSaved(contact.clone());
    batch.record(vec![saved, event]).await?;
    Ok(Outcome::Contact(contact))
}

/// What a network tells about a contact's consent among the facts about them: that they took it back, or
/// gave it. Of what the network told the newest counts; what a person recorded is older than any news.
pub(super) fn told(contact: &mut Contact, channel: &ChannelId, profile: &Profile, at: Timestamp) {
    let fact = |name: &str| {
        let mut facts = profile.extra.iter();
        facts
            .find(|fact| fact.name == name)
            .map(|fact| fact.value.clone())
    };
    let by = format!("channel:{channel}");
    let before = contact.opt_out(channel).map(|known| (&known.by, known.at));
    let before = before.or_else(|| contact.opt_in(channel).map(|known| (&known.by, known.at)));
    if before.is_some_and(|(told_by, told_at)| *told_by == by && told_at > at) {
        return;
    }
    let source = fact(CONSENT_SOURCE);
    let (given, marketing_only) = match fact(CONSENT).as_deref() {
        Some(CONSENT_GIVEN) => (true, false),
        Some(CONSENT_WITHDRAWN) => (false, false),
        Some(CONSENT_MARKETING_WITHDRAWN) => (false, true),
        _ => return,
    };
    let out = contact.opt_out(channel);
    let agreed_before =
        contact.opt_in(channel).is_some() || out.is_some_and(|known| known.agreed_before);
    // Who wants nothing at all does not want less of it for refusing offers as well.
    let marketing_only = marketing_only && out.is_none_or(|known| known.marketing_only);
    contact.opt_ins.retain(|known| &known.channel != channel);
    contact.opt_outs.retain(|known| &known.channel != channel);
    let channel = channel.clone();
    if given {
        contact.opt_ins.push(OptIn {
            channel,
            at,
            by,
            source: source.unwrap_or_else(|| "told by the network".to_owned()),
        });
    } else {
        contact.opt_outs.push(OptOut {
            channel,
            at,
            by,
            source,
            marketing_only,
            agreed_before,
        });
    }
}
