//! What failed for good, and a channel's figures.

use std::sync::Arc;

use linecard_model::DeadLetterId;
use linecard_model::dead_letter::{DeadLetter, Undone};
use linecard_model::outbox::ChannelFigures;
use linecard_model::platform::Refusal;

use super::samples::{channel, event, site, time};
use crate::{Accept, Append, Backlog, Change, Page, Store};

fn letter(of: &str, number: u64) -> DeadLetter {
    DeadLetter {
        id: DeadLetterId::derived(number, number),
        channel: channel(of),
        at: time(number),
        reason: Refusal {
            code: "x".to_owned(),
            text: "it failed".to_owned(),
        },
        what: Undone::Event {
            accepted_at: time(0),
            event: Box::new(event("a")),
        },
    }
}

/// Letters are listed by channel, newest first, and counted; figures come back.
pub(super) async fn come_back_and_are_told_apart(store: Arc<dyn Store>) {
    let (main, pages) = (site("main"), channel("pages"));
    let epoch = store.own(&main).await.unwrap();
    let mut figures = ChannelFigures::default();
    figures.spent.add(time(0), 7);
    let changes = [("pages", 1), ("pages-2", 2), ("pages", 3), ("pages", 4)]
        .map(|(of, number)| Change::PutDeadLetter(letter(of, number)));
    let put = Append {
        records: Vec::new(),
        changes: changes
            .into_iter()
            .chain([Change::PutFigures {
                channel: pages.clone(),
                figures: figures.clone(),
            }])
            .collect(),
    };
    store.append(&main, epoch, put).await.unwrap();
    assert_eq!(store.figures(&main, &pages).await.unwrap(), Some(figures));
    assert_eq!(
        store.figures(&main, &channel("pages-2")).await.unwrap(),
        None
    );
    let page = |before, limit| Page { before, limit };
    let first = store.dead_letters(&main, &pages, page(None, 2)).await;
    assert_eq!(first.unwrap(), [letter("pages", 4), letter("pages", 3)]);
    let before = Some(letter("pages", 3).id);
    let rest = store.dead_letters(&main, &pages, page(before, 2)).await;
    assert_eq!(rest.unwrap(), [letter("pages", 1)]);
    let counted = |dead_letters| Backlog {
        outbox: 0,
        dead_letters,
    };
    assert_eq!(store.backlog(&main, &pages, 10).await.unwrap(), counted(3));
    assert_eq!(store.backlog(&main, &pages, 2).await.unwrap(), counted(2));

    let gone = Append {
        records: Vec::new(),
        changes: vec![Change::RemoveDeadLetter {
            channel: pages.clone(),
            id: letter("pages", 3).id,
        }],
    };
    store.append(&main, epoch, gone).await.unwrap();
    for (number, there) in [(1, true), (3, false), (4, true)] {
        let id = letter("pages", number).id;
        let found = store.dead_letter(&main, &pages, id).await.unwrap();
        assert_eq!(found.is_some(), there, "{number}");
    }
}

/// An event that comes again from a letter is new although it was accepted before, but only once.
pub(super) async fn an_event_comes_again_once_for_each_letter(store: Arc<dyn Store>) {
    let main = site("main");
    let accept = |again| Accept {
        channel: channel("pages"),
        at: time(0),
        events: vec![event("a")],
        cursor: None,
        again,
    };
    let new = async |again| store.accept(&main, accept(again)).await.unwrap().new;
    let letter = |number| Some(DeadLetterId::derived(number, number));
    assert_eq!(new(None).await, 1);
    assert_eq!(new(None).await, 0);
    assert_eq!(new(letter(1)).await, 1);
    assert_eq!(new(letter(1)).await, 0);
    assert_eq!(new(letter(2)).await, 1);
    assert_eq!(new(None).await, 0);
    assert_eq!(store.inbox(&main, 0, 10).await.unwrap().len(), 3);
}
