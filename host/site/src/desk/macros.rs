//! Macros: several things at once, all or nothing.

use std::sync::Arc;

use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::message::Content;
use linecard_model::response::{MOST, Macro, MacroConfig};
use linecard_model::rights::Right;
use linecard_model::{InteractionId, MacroId, ResponseId};
use linecard_router::Command as RouterCommand;

use super::super::command::{Actor, CommandError, Outcome};
use super::super::holding::person;
use super::super::people::{find, handling_agent, show};
use super::super::run::Batch;
use super::super::sending::{How, prepare, put};
use super::super::state::SiteState;
use super::drafts::sent;
use super::marks::{change, may_be_put};
use super::responses::{Scene, check_use, fill_in, unknown, used};
use super::{DeskOutcome, unfit};

pub(super) async fn save(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: MacroId,
    config: MacroConfig,
) -> Result<Outcome, CommandError> {
    actor.require(Right::Texts, "macros are changed")?;
    config
        .check()
        .map_err(|error| unfit(&format!("/{}", error.field), error.text))?;
    if let Some(response) = &config.response
        && batch.work.response(response).await?.is_none()
    {
        return Err(unfit("/response", unknown(response).to_string()));
    }
    for label in &config.add_labels {
        may_be_put(batch, label).map_err(|error| unfit("/add_labels", error.to_string()))?;
    }
    let known = batch.state.desk.macros.get(&id);
    if let Some(known) = known
        && known.config == config
    {
        let kept = known.as_ref().clone();
        return Ok(Outcome::Desk(DeskOutcome::Macro(kept)));
    }
    if known.is_none() && batch.state.desk.macros.len() >= MOST {
        return Err(unfit("", format!("a site has up to {MOST} macros")));
    }
    let kept = Macro {
        id,
        config,
        changed_at: batch.at,
        changed_by: actor.name.clone(),
    };
    batch.record(vec![Event::MacroSaved(kept.clone())]).await?;
    Ok(Outcome::Desk(DeskOutcome::Macro(kept)))
}

pub(super) async fn remove(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: MacroId,
) -> Result<Outcome, CommandError> {
    actor.require(Right::Texts, "macros are changed")?;
    known(batch, &id)?;
    let by = actor.name.clone();
    batch.record(vec![Event::MacroRemoved { id, by }]).await?;
    Ok(Outcome::Done)
}

fn known(batch: &Batch<'_>, id: &MacroId) -> Result<Arc<Macro>, CommandError> {
    let kept = batch.state.desk.macros.get(id).cloned();
    kept.ok_or_else(|| CommandError::NotFound {
        what: "macro",
        id: id.to_string(),
    })
}

/// Does everything that a macro says. Whatever can refuse is asked before anything is recorded.
pub(super) async fn run(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: &MacroId,
    interaction: InteractionId,
) -> Result<Outcome, CommandError> {
    let config = known(batch, id)?.config.clone();
    let interaction = find(batch, interaction).await?;
    let text = said(batch, actor, &interaction, &config).await?;
    let message = match text {
        Some(text) => {
            let content = Content {
                text: Some(text),
                ..Content::default()
            };
            let whole = prepare(batch, actor, interaction.id, content, How::default()).await?;
            Some(whole)
        }
        None => None,
    };
    let mut marks = interaction.marks.clone();
    for label in &config.add_labels {
        may_be_put(batch, label)?;
        marks.labels.insert(label.clone());
    }
    for label in &config.remove_labels {
        marks.labels.remove(label);
    }
    let marked = change(actor, &interaction, marks)?;
    // The last that can refuse: from here on everything is done.
    let ended = if config.end {
        let agent = handling_agent(batch, actor, interaction.id).await?;
        batch.decide(RouterCommand::End {
            interaction: interaction.id,
            agent,
            disposition: config.disposition.clone(),
            wrap_up: false,
        })?
    } else {
        Vec::new()
    };
    let mut events = Vec::new();
    if let Some(message) = &message {
        events.push(message.accepted());
        let response: Option<&ResponseId> = config.response.as_ref();
        events.extend(response.map(|id| used(&interaction, message.id(), id)));
        events.extend(sent(batch, actor, &interaction).await?);
    }
    events.extend(marked);
    events.extend(ended);
    events.push(Event::MacroRun {
        id: id.clone(),
        interaction: interaction.id,
        by: actor.name.clone(),
    });
    batch.record(events).await?;
    if let Some(message) = message {
        put(batch, message);
    }
    show(batch, interaction.id).await
}

/// What a macro says in an interaction, if it says anything.
async fn said(
    batch: &mut Batch<'_>,
    actor: &Actor,
    interaction: &Interaction,
    config: &MacroConfig,
) -> Result<Option<String>, CommandError> {
    let text = match &config.response {
        Some(id) => Some(check_use(batch, interaction, id).await?.config.text.clone()),
        None => config.text.clone(),
    };
    let Some(text) = text else { return Ok(None) };
    let contact = person(batch, interaction.contact).await?;
    let site = Arc::clone(&batch.state.config);
    let scene = Scene {
        config: &site,
        interaction,
        contact: contact.as_deref(),
        agent: actor.agent.as_ref().or(interaction.state.agent()),
    };
    let filled = fill_in(&text, scene).map_err(|error| unfit("", error.to_string()))?;
    if filled.missing.is_empty() {
        return Ok(Some(filled.text));
    }
    let text = format!(
        "{} cannot be filled in here, and the text has no word for that; nothing was done",
        filled.missing.join(", ")
    );
    Err(unfit("", text))
}

impl SiteState {
    /// The macros, in the order of their names.
    pub fn macros(&self) -> impl Iterator<Item = &Arc<Macro>> {
        self.desk.macros.values()
    }

    /// A macro.
    pub fn kept_macro(&self, id: &MacroId) -> Option<&Arc<Macro>> {
        self.desk.macros.get(id)
    }
}
