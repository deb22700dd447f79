//! Notes for colleagues.

use std::collections::BTreeSet;
use std::sync::Arc;

use linecard_model::desk::{Marks, Note, NoteRevision};
use linecard_model::event::Event;
use linecard_model::rights::Right;
use linecard_model::site::SiteConfig;
use linecard_model::{AgentId, ContactId, InteractionId, NoteId};

use super::super::command::{Actor, CommandError, Outcome};
use super::super::people::find;
use super::super::run::Batch;
use super::marks::change as marks_change;
use super::{DeskOutcome, unfit};

pub(super) async fn write(
    batch: &mut Batch<'_>,
    actor: &Actor,
    contact: ContactId,
    interaction: Option<InteractionId>,
    text: String,
) -> Result<Outcome, CommandError> {
    let text = checked(text)?;
    let there = batch.work.notes(contact).await?.len();
    if there >= Note::MOST {
        let most = Note::MOST;
        return Err(unfit("", format!("a contact has up to {most} notes")));
    }
    let note = Note {
        id: NoteId::generate(),
        contact,
        interaction,
        author: actor.name.clone(),
        written_at: batch.at,
        mentions: mentions(&text, &batch.state.config),
        text,
        revisions: Vec::new(),
        deleted_at: None,
    };
    save(batch, actor, note).await
}

pub(super) async fn change(
    batch: &mut Batch<'_>,
    actor: &Actor,
    contact: ContactId,
    id: NoteId,
    text: Option<String>,
) -> Result<Outcome, CommandError> {
    let found = batch.work.note(contact, id).await?;
    let note = found.filter(|note| note.deleted_at.is_none());
    let note = note.ok_or_else(|| CommandError::NotFound {
        what: "note",
        id: id.to_string(),
    })?;
    if note.author != actor.name {
        actor.require(Right::Lead, "another's note is changed")?;
    }
    let mut note = Arc::unwrap_or_clone(note);
    let text = text.map(checked).transpose()?;
    if text.as_ref() == Some(&note.text) {
        return Ok(Outcome::Desk(DeskOutcome::Note(note)));
    }
    note.revisions.push(NoteRevision {
        replaced_at: batch.at,
        by: actor.name.clone(),
        text: std::mem::take(&mut note.text),
    });
    if note.revisions.len() > Note::MOST_REVISIONS {
        note.revisions.remove(0);
    }
    if let Some(text) = text {
        note.mentions = mentions(&text, &batch.state.config);
        note.text = text;
        return save(batch, actor, note).await;
    }
    note.mentions.clear();
    note.deleted_at = Some(batch.at);
    batch.record(vec![Event::NoteSaved(note)]).await?;
    Ok(Outcome::Done)
}

fn checked(text: String) -> Result<String, CommandError> {
    let text = text.trim().to_owned();
    let length = text.chars().count();
    if text.is_empty() || length > Note::LONGEST {
        let most = Note::LONGEST;
        let text = format!("a note has 1 to {most} characters, and this one has {length}");
        return Err(unfit("/text", text));
    }
    Ok(text)
}

/// Records a note. Whoever is named in one on an interaction hears of that interaction from then on.
async fn save(batch: &mut Batch<'_>, actor: &Actor, note: Note) -> Result<Outcome, CommandError> {
    let mut events = Vec::new();
    if let Some(id) = note.interaction
        && !note.mentions.is_empty()
    {
        let interaction = find(batch, id).await?;
        let mut marks: Marks = interaction.marks.clone();
        marks.followers.extend(note.mentions.iter().cloned());
        // Before the note: whoever is named sees it.
        events.extend(marks_change(actor, &interaction, marks)?);
    }
    events.push(Event::NoteSaved(note.clone()));
    batch.record(events).await?;
    Ok(Outcome::Desk(DeskOutcome::Note(note)))
}

/// The agents whom a text names: `@` and their id.
fn mentions(text: &str, config: &SiteConfig) -> BTreeSet<AgentId> {
    let mut named = BTreeSet::new();
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        let begins = character == '@' && !before.is_alphanumeric();
        before = character;
        if !begins {
            continue;
        }
        let rest = text.get(at + 1..).unwrap_or_default();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let mut name = rest.get(..end).unwrap_or_default().to_ascii_lowercase();
        // A sentence may end behind the name.
        while !name.is_empty() {
            if let Ok(agent) = AgentId::new(&name)
                && config.agents.contains_key(&agent)
            {
                named.insert(agent);
                break;
            }
            if !name.ends_with(['-', '_', '.']) {
                break;
            }
            name.pop();
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use linecard_model::site::AgentConfig;

    use super::*;

    #[test]
    fn agents_are_named_by_their_id() {
        let mut config = SiteConfig::default();
        for name in ["anna", "bea.k", "c-3"] {
            let agent = AgentId::new(name).unwrap();
            config.agents.insert(agent, AgentConfig::default());
        }
        let named = |text: &str| {
            let found = mentions(text, &config);
            let names = found.iter().map(ToString::to_string);
            names.collect::<Vec<_>>()
        };
        assert_eq!(
            named("@anna, ask @Bea.K. Thanks @c-3..."),
            ["anna", "bea.k", "c-3"]
        );
        assert_eq!(named("(@anna)"), ["anna"]);
        assert!(named("mail@anna, @annabel, @nobody, @ anna, @").is_empty());
    }
}
