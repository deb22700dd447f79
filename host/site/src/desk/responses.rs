//! Standard responses: kept, checked where they are used, filled in.

use std::collections::BTreeSet;
use std::sync::Arc;

use linecard_model::contact::Contact;
use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::response::{
    Filled, MOST, Placeholder, PlaceholderError, Response, ResponseConfig, fill,
};
use linecard_model::rights::Right;
use linecard_model::site::SiteConfig;
use linecard_model::{AgentId, MessageId, ResponseId};

use super::super::command::{Actor, CommandError, Outcome};
use super::super::run::Batch;
use super::super::state::SiteState;
use super::{DeskOutcome, unfit};

/// Keeps standard responses, all or none.
pub(super) async fn save(
    batch: &mut Batch<'_>,
    actor: &Actor,
    given: Vec<(ResponseId, ResponseConfig)>,
    replace: bool,
) -> Result<Outcome, CommandError> {
    actor.require(Right::Texts, "standard responses are changed")?;
    let mut names: BTreeSet<ResponseId> = batch.state.desk.responses.keys().cloned().collect();
    let wanted: BTreeSet<ResponseId> = given.iter().map(|(id, _)| id.clone()).collect();
    let gone: Vec<ResponseId> = if replace {
        names.difference(&wanted).cloned().collect()
    } else {
        Vec::new()
    };
    names.extend(wanted);
    if names.len() - gone.len() > MOST {
        let text = format!("a site has up to {MOST} standard responses");
        return Err(unfit("", text));
    }
    let is_one = given.len() == 1 && !replace;
    for id in &gone {
        not_in_a_macro(batch, id)?;
    }
    let mut events = Vec::new();
    let mut last = None;
    let mut saved = 0;
    for (id, config) in given {
        let place = |field: &str| {
            if is_one {
                format!("/{field}")
            } else {
                format!("/responses/{id}/{field}")
            }
        };
        config
            .check()
            .map_err(|error| unfit(&place(error.field), error.text))?;
        for channel in &config.channels {
            if !batch.state.config.channels.contains_key(channel) {
                let text = format!("there is no channel {channel}");
                return Err(unfit(&place("channels"), text));
            }
        }
        let before = batch.work.response(&id).await?;
        let is_same = before.as_ref().is_some_and(|known| known.config == config);
        let response = match before {
            Some(known) if is_same => Arc::unwrap_or_clone(known),
            known => Response {
                id,
                config,
                changed_at: batch.at,
                changed_by: actor.name.clone(),
                used: known.as_ref().map_or(0, |known| known.used),
                used_at: known.as_ref().and_then(|known| known.used_at),
            },
        };
        if !is_same {
            saved += 1;
            events.push(Event::ResponseSaved(response.clone()));
        }
        last = Some(response);
    }
    let removed = gone.len();
    events.extend(gone.into_iter().map(|response| Event::ResponseRemoved {
        response,
        by: actor.name.clone(),
    }));
    batch.record(events).await?;
    Ok(Outcome::Desk(match last {
        Some(response) if is_one => DeskOutcome::Response(response),
        _ => DeskOutcome::Imported { saved, removed },
    }))
}

pub(super) async fn remove(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: ResponseId,
) -> Result<Outcome, CommandError> {
    actor.require(Right::Texts, "standard responses are changed")?;
    if batch.work.response(&id).await?.is_none() {
        return Err(unknown(&id));
    }
    not_in_a_macro(batch, &id)?;
    let gone = Event::ResponseRemoved {
        response: id,
        by: actor.name.clone(),
    };
    batch.record(vec![gone]).await?;
    Ok(Outcome::Done)
}

/// What a macro sends stays there.
fn not_in_a_macro(batch: &Batch<'_>, id: &ResponseId) -> Result<(), CommandError> {
    let mut macros = batch.state.desk.macros.values();
    match macros.find(|kept| kept.config.response.as_ref() == Some(id)) {
        Some(kept) => {
            let text = format!(
                "macro {} sends standard response {id}; change or remove that first",
                kept.id
            );
            Err(unfit("", text))
        }
        None => Ok(()),
    }
}

pub(super) fn unknown(id: &ResponseId) -> CommandError {
    CommandError::NotFound {
        what: "standard response",
        id: id.to_string(),
    }
}

/// The standard response with which something is to be sent in an interaction, if it may be used there.
pub(crate) async fn check_use(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    id: &ResponseId,
) -> Result<Arc<Response>, CommandError> {
    let response = batch.work.response(id).await?;
    let response = response.ok_or_else(|| unknown(id))?;
    let channel = &interaction.channel;
    let runtime = batch.state.channels.get(channel);
    let network = runtime.as_ref().map_or("", |runtime| runtime.network());
    if response.config.fits(channel, network) {
        return Ok(response);
    }
    let text = format!("standard response {id} is not for channel {channel}");
    Err(unfit("/response", text))
}

/// A message was sent with a standard response.
pub(crate) fn used(interaction: &Interaction, message: MessageId, id: &ResponseId) -> Event {
    Event::ResponseUsed {
        response: id.clone(),
        interaction: interaction.id,
        message,
    }
}

impl SiteState {
    /// The standard responses, in the order of their names.
    pub fn responses(&self) -> impl Iterator<Item = &Arc<Response>> {
        self.desk.responses.values()
    }

    /// A standard response.
    pub fn response(&self, id: &ResponseId) -> Option<&Arc<Response>> {
        self.desk.responses.get(id)
    }
}

/// What a text is filled in from.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'s> {
    /// The site.
    pub config: &'s SiteConfig,
    /// Where it is said.
    pub interaction: &'s Interaction,
    /// To whom.
    pub contact: Option<&'s Contact>,
    /// By whom.
    pub agent: Option<&'s AgentId>,
}

/// Fills a text in.
pub fn fill_in(text: &str, scene: Scene<'_>) -> Result<Filled, PlaceholderError> {
    let Scene {
        config,
        interaction,
        contact,
        agent,
    } = scene;
    let named = |name: &str, id: &str| if name.is_empty() { id } else { name }.to_owned();
    let full_name = || contact.and_then(|contact| contact.display_name.clone());
    fill(text, |what| match what {
        Placeholder::ContactName => full_name(),
        Placeholder::ContactFirstName => {
            full_name().and_then(|name| name.split_whitespace().next().map(str::to_owned))
        }
        Placeholder::ContactHandle => {
            let identity = contact?.identity(&interaction.channel)?;
            identity.profile.as_ref()?.handle.clone()
        }
        Placeholder::ContactAttribute(name) => {
            contact?.attributes.get(name).map(ToString::to_string)
        }
        Placeholder::InteractionAttribute(name) => {
            let own = interaction.marks.attributes.get(name);
            own.map(ToString::to_string)
        }
        Placeholder::AgentName => {
            let agent = agent?;
            let name = config.agents.get(agent).map_or("", |a| a.name.as_str());
            Some(named(name, agent.as_str()))
        }
        Placeholder::ChannelName => {
            let channel = &interaction.channel;
            let name = config.channels.get(channel);
            let name = name.map_or("", |channel| channel.name.as_str());
            Some(named(name, channel.as_str()))
        }
        Placeholder::QueueName => {
            let queue = &interaction.queue;
            let name = config.queues.get(queue);
            Some(named(name.map_or("", |q| q.name.as_str()), queue.as_str()))
        }
    })
}
