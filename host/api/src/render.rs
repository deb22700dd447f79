//! The answer of a request that changed something: also what the same request gets again under the
//! same idempotency key.

use linecard_model::Timestamp;
use linecard_site::capabilities;
use linecard_site::desk::DeskOutcome;
use linecard_site::{Outcome, Rendered, SiteState};
use serde::Serialize;
use serde_json::json;

use super::config::etag;
use super::desk::{DraftView, ReadView};
use super::macros::MacroView;
use super::notes::NoteView;
use super::participants::{describe, pending};
use super::responses::{ImportedView, ResponseView};
use super::training::TrainingView;
use super::views::{ActionTaken, ContactView, InteractionView, MessageView, PresenceView};

/// Makes the HTTP answer of an outcome.
pub fn render(outcome: &Outcome, state: &SiteState) -> Rendered {
    match outcome {
        Outcome::Agent(agent, presence) => rendered(
            200,
            &PresenceView {
                agent: agent.clone(),
                presence: presence.clone(),
            },
        ),
        Outcome::Interaction {
            interaction,
            people,
            messages,
        } => {
            let mut view = InteractionView::from(interaction);
            // Whoever changed something has no offer by it: another agent may have.
            view.offer = None;
            for leg in &mut view.legs {
                leg.offer = None;
            }
            view.capabilities = state.channels().get(&interaction.channel).map(|channel| {
                let mut now = capabilities::of(&channel, interaction, Timestamp::now());
                capabilities::close_private_reply(&mut now, interaction, messages);
                now
            });
            describe(&mut view, people);
            view.pending_on_thread = pending(state, interaction);
            view.service = state.router().service_of(&interaction.id, Timestamp::now());
            rendered(200, &view)
        }
        Outcome::Begun(shown) => Rendered {
            status: 202,
            ..render(shown, state)
        },
        Outcome::Message(message) => rendered(202, &MessageView::new(message.clone(), false)),
        Outcome::Action(id) => rendered(
            202,
            &ActionTaken {
                id: id.clone(),
                state: "accepted",
            },
        ),
        Outcome::Contact(contact) => rendered(200, &ContactView::from(contact.clone())),
        Outcome::Desk(outcome) => desk(outcome),
        Outcome::Configured(config) => rendered(200, &json!({"etag": etag(config)})),
        Outcome::Health(health) => rendered(200, health),
        Outcome::Done => Rendered {
            status: 204,
            body: Vec::new(),
            replayed: false,
        },
    }
}

fn desk(outcome: &DeskOutcome) -> Rendered {
    match outcome {
        DeskOutcome::Read { message, unread } => rendered(
            200,
            &ReadView {
                message: *message,
                unread: *unread,
            },
        ),
        DeskOutcome::Draft(interaction, draft) => {
            rendered(200, &DraftView::of(*interaction, draft.clone()))
        }
        // Whoever may see what a note said before asks for it.
        DeskOutcome::Note(note) => rendered(200, &NoteView::of(note, false)),
        DeskOutcome::Response(response) => rendered(200, &ResponseView::from(response)),
        DeskOutcome::Imported { saved, removed } => rendered(
            200,
            &ImportedView {
                saved: *saved,
                removed: *removed,
            },
        ),
        DeskOutcome::Training(message) => rendered(200, &TrainingView::of(message.clone())),
        DeskOutcome::Macro(kept) => rendered(200, &MacroView::from(kept)),
    }
}

fn rendered(status: u16, body: &impl Serialize) -> Rendered {
    Rendered {
        status,
        // The views are plain structs of strings and numbers, which always serialize.
        body: serde_json::to_vec(body).unwrap_or_default(),
        replayed: false,
    }
}
