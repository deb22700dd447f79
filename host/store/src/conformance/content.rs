//! Content is kept once, and a record that is read is joined with it.

use std::sync::Arc;

use linecard_model::event::{Event, Record};
use linecard_model::interaction::Participant;
use linecard_model::message::{
    AttachmentFile, Correction, MessageAuthor, MessageReaction, MessageState, Revision,
};
use linecard_model::platform::{Author, Identity, Refusal};

use super::append_events;
use super::samples::{
    answer, channel, contact, contact_id, interaction, interaction_id, message, message_id, site,
    time,
};
use crate::content::joined;
use crate::{MessageRef, ReactionKey, Store};

/// A word that only people say.
const WORD: &str = "pelargonium";

fn author(number: u64) -> Author {
    Author {
        identity: Identity {
            id: format!("{WORD}-{number}"),
            aliases: Vec::new(),
        },
        profile: None,
    }
}

fn reaction(author: &str, name: &str) -> MessageReaction {
    MessageReaction {
        author: author.to_owned(),
        name: name.to_owned(),
        emoji: None,
        at: time(9),
    }
}

fn edited(text: &str) -> Event {
    Event::MessageEdited {
        message: message_id(1),
        contact: contact_id(1),
        interaction: interaction_id(1),
        text: Some(text.to_owned()),
        attachments: None,
        files: Vec::new(),
        // Networks tell seconds: several edits have one time.
        edited_at: time(5),
    }
}

/// Events of every kind that has content, each with the word in it.
fn events() -> Vec<Event> {
    let mut person = contact(1);
    person.display_name = Some(WORD.to_owned());
    let mut begun = interaction(1, 1);
    WORD.clone_into(&mut begun.thread);
    begun.participants = vec![Participant {
        contact: contact_id(1),
        author: Some(author(1)),
    }];
    let mut said = message(1, 1, 1);
    said.content.text = Some(format!("{WORD} first"));
    said.author = MessageAuthor::Contact;
    said.posted_by = Some(author(1));
    WORD.clone_into(&mut said.thread);
    let mut answered = answer(2, 1, 1);
    answered.content.text = Some(WORD.to_owned());
    let (message, contact, interaction) = (message_id(1), contact_id(1), interaction_id(1));
    let changed = |state, ids: &[&str]| Event::MessageStateChanged {
        message: message_id(2),
        contact,
        interaction,
        state,
        platform_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        note: Some(WORD.to_owned()),
    };
    vec![
        Event::ContactSaved(person),
        Event::InteractionStarted(begun),
        Event::MessageReceived(said),
        Event::MessageAccepted(answered),
        changed(MessageState::Sent { at: time(3) }, &[WORD]),
        changed(
            MessageState::Failed {
                at: time(4),
                reason: Refusal {
                    code: "1".to_owned(),
                    text: WORD.to_owned(),
                },
                retryable: false,
            },
            &[],
        ),
        Event::ParticipantJoined {
            interaction,
            contact,
            author: Some(author(2)),
            own_contact: false,
        },
        edited(&format!("{WORD} second")),
        edited(&format!("{WORD} third")),
        Event::MessageHidden {
            message,
            contact,
            interaction,
            hidden_at: time(6),
        },
        // It shows the message again.
        edited(&format!("{WORD} third")),
        edited(&format!("{WORD} fourth")),
        Event::FileFetched {
            message,
            contact,
            interaction,
            attachment: 0,
            file: AttachmentFile::Stored {
                media: WORD.to_owned(),
                mime: None,
                size: 1,
                sha256: "00".to_owned(),
            },
        },
        Event::MessageCorrected {
            message,
            contact,
            interaction,
            correction: correction(),
        },
        Event::ReactionAdded {
            message,
            contact,
            interaction,
            reaction: reaction(WORD, "like"),
        },
        Event::ReactionRemoved {
            message,
            contact,
            interaction,
            reaction: reaction(WORD, "like"),
        },
        Event::PlatformEvent {
            channel: channel("pages"),
            thread: Some(WORD.to_owned()),
            contact: Some(contact),
            author: None,
            name: "referral".to_owned(),
            occurred_at: time(7),
            details: serde_json::json!({ "from": WORD }),
            raw: String::new(),
        },
    ]
}

/// What a record holds names nobody and repeats nothing; joined with its content it says what was said.
pub(super) async fn records_repeat_no_content(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    append_events(&store, epoch, events()).await;
    let record = store.journal(&main, 0, 10).await.unwrap().remove(0);
    let kept = serde_json::to_string(&record).unwrap();
    assert!(!kept.contains(WORD), "{kept}");
    for id in ["user-1", "mid-1", "thread-1", "This is message"] {
        assert!(!kept.contains(id), "{id}: {kept}");
    }
    let Record { events: found, .. } = joined(store.as_ref(), &main, record).await.unwrap();
    let expected = events();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        let mut expected = expected.clone();
        match &mut expected {
            // The note that came later is known by then.
            Event::MessageAccepted(message) => message.note = Some(WORD.to_owned()),
            // One that changed nothing but what is hidden has no text to be kept.
            Event::MessageEdited { text, .. }
                if !matches!(found, Event::MessageEdited { text: Some(_), .. }) =>
            {
                assert_eq!(text.as_deref(), Some(&*format!("{WORD} third")));
                *text = None;
            }
            _ => {}
        }
        assert_eq!(found, &expected);
    }
    let message = store.message(&main, contact_id(1), message_id(1)).await;
    let message = message.unwrap().unwrap();
    let former = |text: &str, seq| Revision {
        replaced_at: time(5),
        replaced_by: Some(seq),
        text: Some(format!("{WORD} {text}")),
        attachments: Vec::new(),
    };
    let revisions = [former("first", 8), former("second", 9), former("third", 12)];
    assert_eq!(message.revisions, revisions);
    assert_eq!(message.hidden_at, None);
    assert_eq!(message.corrections, [correction()]);
}

fn correction() -> Correction {
    Correction {
        by: "anna".to_owned(),
        at: time(8),
        scores: [("sentiment".to_owned(), -0.5)].into(),
        labels: Some(["complaint".to_owned()].into()),
    }
}

/// As many corrections are kept as there may be, and the oldest go.
pub(super) async fn corrections_are_bounded(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let mut said = events();
    for number in 0..Correction::MOST {
        said.push(Event::MessageCorrected {
            message: message_id(1),
            contact: contact_id(1),
            interaction: interaction_id(1),
            correction: Correction {
                by: format!("agent-{number}"),
                ..correction()
            },
        });
    }
    append_events(&store, epoch, said).await;
    let message = store.message(&main, contact_id(1), message_id(1)).await;
    let message = message.unwrap().unwrap();
    assert_eq!(message.corrections.len(), Correction::MOST);
    let first = message.corrections.first().map(|first| first.by.as_str());
    assert_eq!(first, Some("agent-0"), "the one before it went");
}

/// Reactions are told apart by who reacted and how, counted, and read in pages.
pub(super) async fn reactions_are_rows(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let of = |added: bool, reaction| {
        let (message, contact, interaction) = (message_id(1), contact_id(1), interaction_id(1));
        if added {
            Event::ReactionAdded {
                message,
                contact,
                interaction,
                reaction,
            }
        } else {
            Event::ReactionRemoved {
                message,
                contact,
                interaction,
                reaction,
            }
        }
    };
    let place = MessageRef {
        contact: contact_id(1),
        message: message_id(1),
    };
    // Before its message a reaction is nothing.
    append_events(&store, epoch, vec![of(true, reaction("a", "like"))]).await;
    let found = store.reactions(&main, place, None, 10).await.unwrap();
    assert_eq!((found.total, found.page.len()), (0, 0));
    append_events(
        &store,
        epoch,
        vec![Event::MessageReceived(message(1, 1, 1))],
    )
    .await;
    let mut events: Vec<Event> = (0..25)
        .map(|n| of(true, reaction(&format!("user-{n}"), "like")))
        .collect();
    // The same one again, another one of the same person, and two names that end as one begins.
    events.push(of(true, reaction("user-3", "like")));
    events.push(of(true, reaction("user-3", "love")));
    events.push(of(true, reaction("user-3l", "ove")));
    append_events(&store, epoch, events).await;
    append_events(
        &store,
        epoch,
        vec![
            of(false, reaction("user-4", "like")),
            of(false, reaction("user-4", "like")),
            of(false, reaction("nobody", "like")),
        ],
    )
    .await;
    let mut seen: Vec<MessageReaction> = Vec::new();
    loop {
        let after = seen.last().map(|last| ReactionKey::of(place, last));
        let found = store.reactions(&main, place, after.as_ref(), 10).await;
        let found = found.unwrap();
        assert_eq!(found.total, 26);
        if found.page.is_empty() {
            break;
        }
        seen.extend(found.page);
    }
    assert_eq!(seen.len(), 26);
    let mut names: Vec<_> = seen.iter().map(|r| (&r.author, &r.name)).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 26);
    assert!(seen.iter().all(|r| r.author != "user-4"));
    let elsewhere = MessageRef {
        message: message_id(2),
        ..place
    };
    let none = store.reactions(&main, elsewhere, None, 10).await.unwrap();
    assert_eq!((none.total, none.page.len()), (0, 0));
}
