//! A person who is erased is gone: from what is read, from what is made anew, and, after the store was
//! compacted, from the bytes on disk.

use std::path::Path;
use std::sync::Arc;

use linecard_model::desk::{Attribute, Draft, Marks, Note, NoteRevision};
use linecard_model::event::Event;
use linecard_model::interaction::Participant;
use linecard_model::message::{Content, MessageReaction, MessageState};
use linecard_model::platform::{Alias, Author, Identity};
use linecard_model::{AgentId, NoteId};
use linecard_store::conformance::samples::{
    answer, channel, contact, contact_id, event, interaction, interaction_id, message, message_id,
    site, time,
};
use linecard_store::content::joined;
use linecard_store::{Accept, IdempotentResult, MessageRef, Page, RawOf, Store, UnitOfWork};
use linecard_store_sled::SledStore;

/// Words that only the person is called by or says; of letters that stand so in no other value, for those
/// that do are not written out again.
const NAME: &str = "Quixotella Vandermeulenkamp";
const ID: &str = "316-zyxwvut-4477";
const SAID: &str = "Zqxb'Kvlw%Wjcrhk";
const PAYLOAD: &str = "QqJjXx~9fGk~VvWwZz";

fn author() -> Author {
    Author {
        identity: Identity {
            id: ID.to_owned(),
            aliases: Vec::new(),
        },
        profile: None,
    }
}

fn agent() -> AgentId {
    AgentId::new("anna").unwrap()
}

fn note() -> Note {
    Note {
        id: NoteId::derived(1, 1),
        contact: contact_id(1),
        interaction: Some(interaction_id(1)),
        author: "anna".to_owned(),
        written_at: time(6),
        text: format!("{NAME} called"),
        mentions: [agent()].into(),
        revisions: vec![NoteRevision {
            replaced_at: time(6),
            by: "anna".to_owned(),
            text: format!("{NAME} wrote"),
        }],
        deleted_at: None,
    }
}

fn draft() -> Draft {
    Draft {
        saved_at: time(6),
        content: Content {
            text: Some(format!("Dear {NAME}")),
            ..Content::default()
        },
        reply_to: None,
        private: false,
        response: None,
    }
}

/// What is kept of the person, and of another one.
async fn filled(store: &Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let mut platform_event = event(&format!("event-{ID}"));
    PAYLOAD.clone_into(&mut platform_event.raw);
    let accept = Accept {
        channel: channel("pages"),
        at: time(0),
        events: vec![platform_event],
        cursor: None,
        again: None,
    };
    store.accept(&main, accept).await.unwrap();
    let entry = store.inbox(&main, 0, 1).await.unwrap().remove(0);
    let mut unit = UnitOfWork::new(Arc::clone(store), main.clone(), 1);
    let mut person = contact(1);
    person.display_name = Some(NAME.to_owned());
    ID.clone_into(&mut person.identities[0].id);
    person.identities[0].aliases = vec![
        Alias {
            kind: "phone".to_owned(),
            value: format!("+{ID}"),
        }
        .into(),
    ];
    let mut begun = interaction(1, 1);
    begun.thread = format!("thread-{ID}");
    begun.participants = vec![Participant {
        contact: contact_id(1),
        author: Some(author()),
    }];
    let mut said = message(1, 1, 1);
    said.content.text = Some(SAID.to_owned());
    said.thread.clone_from(&begun.thread);
    said.posted_by = Some(author());
    said.platform_ids = vec![format!("mid-{ID}")];
    PAYLOAD.clone_into(&mut said.raw);
    let mut answered = answer(2, 1, 1);
    answered.content.text = Some(format!("{NAME}, we are sorry"));
    let (message_1, contact, interaction_1) = (message_id(1), contact_id(1), interaction_id(1));
    let events = vec![
        Event::ContactSaved(person),
        Event::InteractionStarted(begun),
        Event::MessageReceived(said),
        Event::MessageAccepted(answered),
        Event::MessageStateChanged {
            message: message_id(2),
            contact,
            interaction: interaction_1,
            state: MessageState::Sent { at: time(3) },
            platform_ids: vec![format!("sent-{ID}")],
            note: Some(format!("as {NAME}")),
        },
        Event::ParticipantJoined {
            interaction: interaction_1,
            contact,
            author: Some(author()),
            own_contact: false,
        },
        Event::MessageEdited {
            message: message_1,
            contact,
            interaction: interaction_1,
            text: Some(format!("{SAID}!")),
            attachments: None,
            files: Vec::new(),
            edited_at: time(4),
        },
        Event::ReactionAdded {
            message: message_id(2),
            contact,
            interaction: interaction_1,
            reaction: MessageReaction {
                author: ID.to_owned(),
                name: "like".to_owned(),
                emoji: None,
                at: time(5),
            },
        },
        Event::PlatformEvent {
            channel: channel("pages"),
            thread: None,
            contact: Some(contact),
            author: None,
            name: "referral".to_owned(),
            occurred_at: time(6),
            details: serde_json::json!({ "who": NAME }),
            raw: format!("{PAYLOAD}-2"),
        },
        Event::NoteSaved(note()),
        Event::DraftSaved {
            interaction: interaction_1,
            agent: agent(),
            saved_at: time(6),
            draft: Some(Box::new(draft())),
        },
        Event::InteractionMarked {
            interaction: interaction_1,
            by: "anna".to_owned(),
            marks: Box::new(Marks {
                labels: ["vip".to_owned()].into(),
                attributes: [("name".to_owned(), Attribute::Text(NAME.to_owned()))].into(),
                ..Marks::default()
            }),
        },
    ];
    unit.put_draft(interaction_1, agent(), draft());
    for (key, id) in [("about", contact.to_string()), ("other", "x".to_owned())] {
        let said = if key == "about" { SAID } else { "" };
        let body = serde_json::json!({ "contact": id, "text": said }).to_string();
        let result = IdempotentResult {
            request_hash: [7; 32],
            at: time(6),
            status: 200,
            body: body.into_bytes(),
        };
        unit.put_idempotent("anna", key, result);
    }
    unit.arrives(entry.number, &entry.event.raw);
    unit.record(time(1), events).await.unwrap();
    unit.inbox_done(entry.number);
    let other = vec![
        Event::ContactSaved(linecard_store::conformance::samples::contact(2)),
        Event::InteractionStarted(interaction(2, 2)),
        Event::MessageReceived(message(3, 2, 2)),
    ];
    unit.record(time(7), other).await.unwrap();
    store.append(&main, epoch, unit.finish()).await.unwrap();
}

async fn erase(store: &Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let next = store.last_seq(&main).await.unwrap() + 1;
    let mut unit = UnitOfWork::new(Arc::clone(store), main.clone(), next);
    let erased = Event::ContactErased {
        contact: contact_id(1),
    };
    unit.record(time(9), vec![erased]).await.unwrap();
    store.append(&main, epoch, unit.finish()).await.unwrap();
}

/// Which of the words are somewhere in a folder's files.
fn words_in(folder: &Path) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            for word in [NAME, ID, SAID, PAYLOAD] {
                let is_there = bytes.windows(word.len()).any(|w| w == word.as_bytes());
                if is_there && !found.contains(&word) {
                    found.push(word);
                }
            }
        }
    }
    found
}

/// Which of the words are in what an export tells, whatever form the values have on disk.
fn words_told(store: &SledStore) -> Vec<&'static str> {
    let mut export = Vec::new();
    store.export(&mut export).unwrap();
    let export = String::from_utf8(export).unwrap();
    let words = [NAME, ID, SAID, PAYLOAD].into_iter();
    words.filter(|word| export.contains(word)).collect()
}

async fn everything_else_is_there(store: &SledStore) {
    let main = site("main");
    assert_eq!(store.check().unwrap().problems, []);
    let all = Page {
        before: None,
        limit: 10,
    };
    let history = store.history(&main, contact_id(1), all).await.unwrap();
    let times: Vec<_> = history
        .iter()
        .map(|m| (m.at, m.content.text.clone()))
        .collect();
    assert_eq!(times, [(time(2), None), (time(1), None)]);
    assert_eq!(history[0].state, MessageState::Sent { at: time(3) });
    assert_eq!(history[1].revisions.len(), 1);
    let interaction = store.interaction(&main, interaction_id(1)).await;
    let interaction = interaction.unwrap().unwrap();
    assert_eq!(
        (interaction.inbound_count, interaction.outbound_count),
        (1, 1)
    );
    let pages = channel("pages");
    for name in [ID.to_owned(), format!("+{ID}")] {
        let found = store.contact_by_identity(&main, &pages, &name).await;
        assert_eq!(found.unwrap(), None, "{name}");
    }
    for id in [format!("mid-{ID}"), format!("sent-{ID}")] {
        let found = store.message_by_platform_id(&main, &pages, &id).await;
        assert_eq!(found.unwrap(), None, "{id}");
    }
    for of in [
        RawOf::Message(message_id(1)),
        RawOf::Event(9),
        RawOf::Accepted(1),
    ] {
        assert_eq!(store.raw(&main, of).await.unwrap(), None, "{of:?}");
    }
    let place = MessageRef {
        contact: contact_id(1),
        message: message_id(2),
    };
    let reactions = store.reactions(&main, place, None, 10).await.unwrap();
    assert_eq!((reactions.total, reactions.page.len()), (0, 0));
    // Who reads the journal from its beginning learns that something was said, and not what.
    let mut kinds = Vec::new();
    for record in store.journal(&main, 0, 100).await.unwrap() {
        let record = joined(store, &main, record).await.unwrap();
        let told = serde_json::to_string(&record).unwrap();
        for word in [NAME, ID, SAID, PAYLOAD] {
            assert!(!told.contains(word), "{word}: {told}");
        }
        kinds.extend(record.events.iter().map(Event::name));
    }
    assert_eq!(kinds.len(), 16);
    assert_eq!(kinds.last(), Some(&"contact-erased"));
    assert_eq!(interaction.marks.labels, ["vip".to_owned()].into());
    assert!(interaction.marks.attributes.is_empty() && interaction.marks.drafts.is_empty());
    let last = interaction.last_message.unwrap();
    assert_eq!((last.message, last.text), (message_id(2), None));
    let draft = store.draft(&main, interaction_id(1), &agent()).await;
    assert_eq!(draft.unwrap(), None);
    let page = Page {
        before: None,
        limit: 10,
    };
    let notes = store.notes(&main, contact_id(1), page).await;
    assert_eq!(notes.unwrap(), []);
    // A request that comes again has no further effect, and shows nothing.
    for (key, is_empty) in [("about", true), ("other", false)] {
        let answer = store.idempotent(&main, "anna", key).await.unwrap().unwrap();
        assert_eq!((answer.status, answer.body.is_empty()), (200, is_empty));
    }
    // The other person is as before.
    let other = store.message(&main, contact_id(2), message_id(3)).await;
    assert_eq!(other.unwrap(), Some(message(3, 2, 2)));
    let found = store.contact_by_identity(&main, &pages, "user-2").await;
    assert_eq!(found.unwrap(), Some(contact_id(2)));
}

#[tokio::test]
async fn an_erased_person_is_gone_from_the_bytes_of_a_compacted_store() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, compacted) = (folder.path().join("store"), folder.path().join("compacted"));
    let sled = Arc::new(SledStore::open(&kept).unwrap());
    let store: Arc<dyn Store> = Arc::clone(&sled) as Arc<dyn Store>;
    filled(&store).await;
    // What is looked for can be found.
    let mut told = words_told(&sled);
    told.sort_unstable();
    let mut all = vec![NAME, ID, SAID, PAYLOAD];
    all.sort_unstable();
    assert_eq!(told, all);
    let mut written = words_in(&kept);
    written.sort_unstable();
    assert_eq!(written, all);

    erase(&store).await;
    everything_else_is_there(&sled).await;
    assert_eq!(words_told(&sled), Vec::<&str>::new());
    assert!(
        !words_in(&kept).is_empty(),
        "the engine has not used the place again"
    );

    let values = sled.compact(&compacted).await.unwrap();
    let mut export = Vec::new();
    assert_eq!(values, sled.export(&mut export).unwrap().values);
    assert_eq!(words_in(&compacted), Vec::<&str>::new());
    let compacted = SledStore::open(&compacted).unwrap();
    everything_else_is_there(&compacted).await;
    // A second erasure changes nothing, and the views still follow from what is kept.
    drop(store);
    let rebuilt = sled.rebuild(folder.path().join("rebuilt")).await.unwrap();
    assert_eq!(rebuilt.differences, Vec::<String>::new());
}
