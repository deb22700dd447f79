//! How people are found, and what becomes of their conversations when two turn out to be one.

use std::sync::Arc;

use linecard_model::contact::{ContactIdentity, GivenUp};
use linecard_model::event::Event;

use super::append_events;
use super::samples::{
    channel, contact, contact_id, interaction, interaction_id, message, message_id, site, time,
};
use crate::Store;

/// An id that was given up finds whoever had it until somebody else has it, and whoever turned out to be
/// somebody else is found as that one.
pub(super) async fn contacts_are_found_by_what_is_theirs_now(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let found = async |name: &str| {
        let pages = channel("pages");
        store
            .contact_by_identity(&main, &pages, name)
            .await
            .unwrap()
    };
    let given_up = GivenUp {
        at: time(5),
        heard_at: time(6),
    };
    let mut former = contact(1);
    former.identities[0].given_up = Some(given_up);
    append_events(&store, epoch, vec![Event::ContactSaved(former.clone())]).await;
    assert_eq!(found("user-1").await, Some(contact_id(1)));
    let mut new = contact(2);
    "user-1".clone_into(&mut new.identities[0].id);
    // Whatever else becomes known of the former holder.
    let events = vec![Event::ContactSaved(new), Event::ContactSaved(former)];
    append_events(&store, epoch, events).await;
    assert_eq!(found("user-1").await, Some(contact_id(2)));

    let (mut kept, mut other) = (contact(3), contact(4));
    append_events(&store, epoch, vec![Event::ContactSaved(other.clone())]).await;
    other.merged_into = Some(kept.id);
    kept.identities.push(ContactIdentity {
        given_up: Some(given_up),
        ..other.identities[0].clone()
    });
    let merged = vec![
        Event::ContactSaved(other.clone()),
        Event::ContactSaved(kept.clone()),
    ];
    append_events(&store, epoch, merged).await;
    assert_eq!(found("user-4").await, Some(contact_id(3)));
    // And it is its own again when that is undone.
    other.merged_into = None;
    kept.identities.truncate(1);
    let parted = vec![Event::ContactSaved(kept), Event::ContactSaved(other)];
    append_events(&store, epoch, parted).await;
    assert_eq!(found("user-4").await, Some(contact_id(4)));
    assert_eq!(found("user-3").await, Some(contact_id(3)));
}

/// What was said in one interaction is read in another once they are joined.
pub(super) async fn interactions_are_joined(store: Arc<dyn Store>) {
    let main = site("main");
    let epoch = store.own(&main).await.unwrap();
    let events = vec![
        Event::ContactSaved(contact(1)),
        Event::ContactSaved(contact(2)),
        Event::InteractionStarted(interaction(1, 1)),
        Event::MessageReceived(message(1, 1, 1)),
        Event::InteractionStarted(interaction(2, 2)),
        Event::MessageReceived(message(2, 2, 2)),
        Event::InteractionsJoined {
            interaction: interaction_id(2),
            joined: interaction_id(1),
        },
    ];
    append_events(&store, epoch, events).await;
    let moved = store.message(&main, contact_id(1), message_id(1)).await;
    assert_eq!(moved.unwrap().unwrap().interaction, interaction_id(2));
    let into = store.interaction(&main, interaction_id(2)).await.unwrap();
    let into = into.unwrap();
    assert_eq!(into.contacts(), [contact_id(2), contact_id(1)]);
    assert_eq!(into.inbound_count, 2);
}
