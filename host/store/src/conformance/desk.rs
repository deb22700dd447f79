//! What agents put to their work comes back, and goes when its time is over.

use std::sync::Arc;

use linecard_model::desk::{Attribute, Draft, Marks, Note};
use linecard_model::event::Event;
use linecard_model::message::Content;
use linecard_model::response::{Macro, MacroConfig, Response, ResponseConfig};
use linecard_model::routing::{EndReason, RoutingEvent};
use linecard_model::training::TrainingMessage;
use linecard_model::{AgentId, MacroId, NoteId, ResponseId};

use super::append_events;
use super::samples::{
    answer, contact, contact_id, interaction, interaction_id, message, message_id, queue, site,
    time,
};
use crate::content::joined;
use crate::{Kept, Page, Store, UnitOfWork};

fn agent(name: &str) -> AgentId {
    AgentId::new(name).unwrap()
}

fn draft(text: &str, at: u64) -> Draft {
    Draft {
        saved_at: time(at),
        content: Content {
            text: Some(text.to_owned()),
            ..Content::default()
        },
        reply_to: None,
        private: false,
        response: None,
    }
}

fn note(number: u64, text: &str) -> Note {
    Note {
        id: NoteId::derived(number, number),
        contact: contact_id(1),
        interaction: Some(interaction_id(1)),
        author: "anna".to_owned(),
        written_at: time(number),
        text: text.to_owned(),
        mentions: std::collections::BTreeSet::new(),
        revisions: Vec::new(),
        deleted_at: None,
    }
}

fn training(number: u64, text: &str) -> TrainingMessage {
    TrainingMessage {
        id: message_id(number),
        text: Some(text.to_owned()),
        labels: ["complaint".to_owned()].into(),
        excluded: number == 3,
        changed_at: time(number),
        changed_by: "anna".to_owned(),
    }
}

/// A list shows the newest message, since when the customer waits, and what an agent has not read.
pub(super) async fn interactions_show_their_conversation(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let now = async || {
        let found = store.interaction(&main, interaction_id(1)).await;
        found.unwrap().unwrap()
    };
    let begun = vec![
        Event::ContactSaved(contact(1)),
        Event::InteractionStarted(interaction(1, 1)),
        Event::MessageReceived(message(2, 1, 1)),
        // The network delivered it late.
        Event::MessageReceived(message(1, 1, 1)),
    ];
    append_events(&store, epoch, begun).await;
    let shown = now().await;
    assert_eq!(shown.last_message.unwrap().message, message_id(2));
    assert_eq!(shown.waiting_since, Some(time(2)));
    assert_eq!(now().await.unread(&agent("anna")), 2);
    let read = Event::InteractionRead {
        interaction: interaction_id(1),
        agent: agent("anna"),
        message: Some(message_id(1)),
        inbound: 1,
        unread: 1,
    };
    append_events(&store, epoch, vec![read]).await;
    assert_eq!(now().await.unread(&agent("anna")), 1);
    assert_eq!(now().await.unread(&agent("bea")), 2);
    // Whoever answers has read, and nobody waits.
    let answered = answer(3, 1, 1);
    let linecard_model::message::MessageAuthor::Agent { agent: author } = answered.author.clone()
    else {
        panic!("{answered:?}");
    };
    append_events(&store, epoch, vec![Event::MessageAccepted(answered)]).await;
    assert_eq!(now().await.unread(&author), 0);
    assert_eq!(now().await.waiting_since, None);
    // What is changed or taken back is shown as it is.
    append_events(
        &store,
        epoch,
        vec![Event::MessageReceived(message(4, 1, 1))],
    )
    .await;
    assert_eq!(now().await.unread(&author), 1);
    let edited = Event::MessageEdited {
        message: message_id(4),
        contact: contact_id(1),
        interaction: interaction_id(1),
        text: Some("other words".to_owned()),
        attachments: None,
        files: Vec::new(),
        edited_at: time(5),
    };
    let deleted = Event::MessageDeleted {
        message: message_id(4),
        contact: contact_id(1),
        interaction: interaction_id(1),
        deleted_at: time(6),
    };
    append_events(&store, epoch, vec![edited]).await;
    let last = now().await.last_message.unwrap();
    assert_eq!(
        (last.text.as_deref(), last.deleted),
        (Some("other words"), false)
    );
    append_events(&store, epoch, vec![deleted]).await;
    assert!(now().await.last_message.unwrap().deleted);
    let unread = Event::InteractionRead {
        interaction: interaction_id(1),
        agent: author.clone(),
        message: None,
        inbound: 0,
        unread: 3,
    };
    append_events(&store, epoch, vec![unread]).await;
    assert_eq!(now().await.unread(&author), 3);
}

/// Drafts, notes, labels, standard responses and macros come back as they are now; a record repeats no
/// word of them that people wrote about a customer.
pub(super) async fn what_agents_put_comes_back(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let (anna, bea) = (agent("anna"), agent("bea"));
    let attributes = Marks {
        labels: ["vip".to_owned()].into(),
        attributes: [("name".to_owned(), Attribute::Text("Secretword".to_owned()))].into(),
        followers: [bea.clone()].into(),
        ..Marks::default()
    };
    let mut unit = UnitOfWork::new(Arc::clone(&store), main.clone(), 1);
    for (who, text) in [(&anna, "Secretword one"), (&bea, "two")] {
        unit.put_draft(interaction_id(1), who.clone(), draft(text, 1));
    }
    let response = Response {
        id: ResponseId::new("hello").unwrap(),
        config: ResponseConfig {
            title: "Hello".to_owned(),
            text: "Hello".to_owned(),
            ..ResponseConfig::default()
        },
        changed_at: time(1),
        changed_by: "anna".to_owned(),
        used: 0,
        used_at: None,
    };
    let kept = Macro {
        id: MacroId::new("close").unwrap(),
        config: MacroConfig {
            title: "Close".to_owned(),
            end: true,
            ..MacroConfig::default()
        },
        changed_at: time(1),
        changed_by: "anna".to_owned(),
    };
    let events = vec![
        Event::ContactSaved(contact(1)),
        Event::InteractionStarted(interaction(1, 1)),
        Event::DraftSaved {
            interaction: interaction_id(1),
            agent: anna.clone(),
            saved_at: time(1),
            draft: Some(Box::new(draft("Secretword one", 1))),
        },
        Event::NoteSaved(note(1, "Secretword first")),
        Event::NoteSaved(note(2, "second")),
        Event::NoteSaved(note(1, "Secretword changed")),
        Event::InteractionMarked {
            interaction: interaction_id(1),
            by: "anna".to_owned(),
            marks: Box::new(attributes.clone()),
        },
        Event::ResponseSaved(response.clone()),
        Event::ResponseUsed {
            response: response.id.clone(),
            interaction: interaction_id(1),
            message: message_id(1),
        },
        Event::MacroSaved(kept.clone()),
        Event::TrainingMessageSaved(training(1, "Late")),
        Event::TrainingMessageSaved(training(2, "Gone")),
        Event::TrainingMessageSaved(training(3, "Thanks")),
        Event::TrainingMessageSaved(training(1, "Late again")),
        Event::TrainingMessageRemoved {
            id: message_id(2),
            by: "anna".to_owned(),
        },
    ];
    unit.record(time(1), events).await.unwrap();
    store.append(&main, epoch, unit.finish()).await.unwrap();

    let found = store.draft(&main, interaction_id(1), &anna).await.unwrap();
    assert_eq!(found, Some(draft("Secretword one", 1)));
    let all = |before| Page { before, limit: 10 };
    let notes = store.notes(&main, contact_id(1), all(None)).await.unwrap();
    assert_eq!(notes, [note(2, "second"), note(1, "Secretword changed")]);
    let older = all(Some(notes[0].id));
    assert_eq!(
        store.notes(&main, contact_id(1), older).await.unwrap(),
        [note(1, "Secretword changed")]
    );
    assert_eq!(
        store.notes(&main, contact_id(2), all(None)).await.unwrap(),
        []
    );
    let marks = store.interaction(&main, interaction_id(1)).await;
    let marks = marks.unwrap().unwrap().marks;
    assert_eq!(marks.attributes, attributes.attributes);
    assert_eq!(marks.followers, attributes.followers);
    assert_eq!(marks.drafts, [(anna.clone(), time(1))].into());
    let used = Response {
        used: 1,
        used_at: Some(time(1)),
        ..response
    };
    assert_eq!(store.responses(&main).await.unwrap(), [used]);
    assert_eq!(store.macros(&main).await.unwrap(), [kept]);
    let examples = async |before| {
        let found = store.training_messages(&main, Page { before, limit: 10 });
        found.await.unwrap()
    };
    let (late, thanks) = (training(1, "Late again"), training(3, "Thanks"));
    assert_eq!(examples(None).await, [thanks, late.clone()]);
    assert_eq!(
        examples(Some(message_id(3))).await,
        std::slice::from_ref(&late)
    );
    let found = store.training_message(&main, message_id(1)).await.unwrap();
    assert_eq!(found, Some(late));
    let found = store.training_message(&main, message_id(2)).await.unwrap();
    assert_eq!(found, None);

    let record = store.journal(&main, 0, 1).await.unwrap().remove(0);
    let told = serde_json::to_string(&record).unwrap();
    assert!(!told.contains("Secretword"), "{told}");
    let whole = joined(store.as_ref(), &main, record).await.unwrap();
    let whole = serde_json::to_string(&whole).unwrap();
    assert_eq!(whole.matches("Secretword").count(), 4, "{whole}");

    // A draft stays as long as there is something to answer.
    let purge = async |before| {
        let done = store.purge(&main, Kept::Drafts, time(before), None, 10);
        done.await.unwrap().removed
    };
    assert_eq!(purge(1_000).await, 0);
    let ended = RoutingEvent::Ended {
        interaction: interaction_id(1),
        queue: queue("support"),
        agent: None,
        reason: EndReason::Completed,
        disposition: None,
        defaulted: false,
    };
    append_events(&store, epoch, vec![Event::Routing(ended)]).await;
    let at = store.interaction(&main, interaction_id(1)).await;
    assert!(at.unwrap().unwrap().ended_at.is_some());
    assert_eq!(purge(1).await, 0);
    assert_eq!(purge(1_000).await, 2);
    let found = store.draft(&main, interaction_id(1), &anna).await.unwrap();
    assert_eq!(found, None);
}
