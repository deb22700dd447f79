//! Public conversations, where many write: one interaction for a post and its comments, contacts for
//! whom they are wanted, answers that reach the right person. The network is a board that these tests
//! play, behind a connector of its own.

#[path = "threads/random.rs"]
mod random;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Board, SOON, comment, eventually, texts};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

#[tokio::test(flavor = "multi_thread")]
async fn a_post_and_its_comments_are_one_interaction_with_all_their_authors() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "")], 1, 1).await?;
    let agent = board.agent("agent-1").await?;
    let mut events = agent.events(None).await?;
    board.comment("post", "m1", "pia", "").await?;
    board.comment("post", "m2", "ugo", "m1").await?;
    board.comment("post", "m3", "vera", "m2").await?;
    let joined = events.wait_for("participant-joined", SOON).await?;
    ensure!(
        joined.pointer("/data/participant/handle") == Some(&json!("@ugo")),
        "{joined}"
    );
    let open = board.open(1, 3).await?;
    let id = &open[0]["id"];
    ensure!(open[0]["queue"] == "public", "{open:?}");
    ensure!(open[0]["media_type"] == "social-conversation");

    agent.go_ready().await?;
    events.wait_for("interaction-offered", SOON).await?;
    let offers = agent.get("/api/v1/offers").await?;
    let shown = offers.pointer("/0/interaction").context("an offer")?;
    for view in [
        shown.clone(),
        agent.accept_next().await?,
        board.detail(id).await?,
    ] {
        ensure!(view["customer"]["display_name"] == "Name pia", "{view}");
        let names: Vec<&Value> = view["participants"]
            .as_array()
            .context("participants")?
            .iter()
            .map(|p| &p["display_name"])
            .collect();
        ensure!(names == ["Name ugo", "Name vera"], "{view}");
        ensure!(
            view["participants"][1]["profile"]["handle"] == "@vera",
            "{view}"
        );
    }

    // While it is worked on: who takes part joins, another one waits beside it.
    board.comment("post", "m4", "ugo", "m1").await?;
    events.wait_for("message-received", SOON).await?;
    board.comment("post", "m5", "wim", "m1").await?;
    let news = events.wait_for("pending-on-thread", SOON).await?;
    let open = board.open(2, 5).await?;
    let (first, second) = if open[0]["id"] == *id {
        (&open[0], &open[1])
    } else {
        (&open[1], &open[0])
    };
    ensure!(news["data"]["interaction"] == first["id"], "{news}");
    ensure!(news["data"]["pending"] == second["id"], "{news}");
    let detail = board.detail(id).await?;
    let pending = &detail["pending_on_thread"];
    ensure!(pending.as_array().is_some_and(|p| p.len() == 1), "{detail}");
    ensure!(
        pending[0]["interaction"] == second["id"] && pending[0]["state"] == "queued",
        "{detail}"
    );
    ensure!(
        pending[0]["contacts"] == json!([second["contact"]]),
        "{detail}"
    );

    let messages = board.messages(id).await?;
    ensure!(texts(&messages) == ["m1", "m2", "m3", "m4"], "{messages:?}");
    // Everybody's history is their own.
    let history = board.admin.history("board", "ugo").await?;
    ensure!(texts(&history) == ["m4", "m2"], "{history:?}");

    // An answer goes to the author of what it answers; without a choice, to who wrote last.
    let path = format!(
        "/api/v1/interactions/{}/messages",
        id.as_str().context("id")?
    );
    let of_vera = &messages[2]["id"];
    agent
        .post(&path, &json!({ "text": "Hi Vera", "reply_to": of_vera }))
        .await?;
    agent.post(&path, &json!({ "text": "Hi all" })).await?;
    let pia = &messages[0]["id"];
    agent
        .post(
            &path,
            &json!({ "text": "Secretly", "reply_to": pia, "private": true }),
        )
        .await?;
    let acted = board.acted(3).await?;
    let told: Vec<_> = acted
        .iter()
        .map(|a| {
            (
                a["text"].as_str(),
                a["to"].as_str(),
                a["about"].as_str(),
                a["kind"].as_str(),
            )
        })
        .collect();
    ensure!(
        told[0] == (Some("Hi Vera"), Some("vera"), Some("m3"), Some("reply")),
        "{told:?}"
    );
    ensure!(
        told[1] == (Some("Hi all"), Some("ugo"), Some("m4"), Some("reply")),
        "{told:?}"
    );
    ensure!(
        told[2]
            == (
                Some("Secretly"),
                Some("pia"),
                Some("m1"),
                Some("private-reply")
            ),
        "{told:?}"
    );
    let history = board.admin.history("board", "vera").await?;
    ensure!(texts(&history) == ["Hi Vera", "m3"], "{history:?}");
    ensure!(texts(&board.messages(id).await?).len() == 7);
    // What is hidden is the message of the one who wrote it.
    let id_text = id.as_str().context("id")?;
    let act = json!({ "action": "hide", "message": agent.message(id_text, "m3").await? });
    let path = format!("/api/v1/interactions/{id_text}/actions");
    agent.post(&path, &act).await?;
    ensure!(board.acted(4).await?[3]["to"] == "vera");

    // The network shows the private answer in a conversation with an id of its own: what comes back
    // from there is of the same contact, private, and answered there.
    eventually("the private answer is sent", SOON, async || {
        let messages = board.messages(id).await?;
        let sent = messages.iter().find(|m| m["content"]["text"] == "Secretly");
        Ok(sent.filter(|m| m["state"] == "sent").map(|_| ()))
    })
    .await?;
    let echo = json!({ "kind": "own", "with": "p-9", "message": "made-3", "text": "Secretly" });
    let back = json!({ "kind": "comment", "with": "p-9", "message": "d1", "text": "Thanks", "author": { "id": "p-9" } });
    board
        .deliver("board", &[board.event("dm", echo), board.event("dm", back)])
        .await?;
    let private = agent.accept_next().await?;
    ensure!(private["contact"] == first["contact"], "{private}");
    ensure!(
        private["queue"] == "private" && private["visibility"] == "private",
        "{private}"
    );
    let path = format!(
        "/api/v1/interactions/{}/messages",
        private["id"].as_str().context("id")?
    );
    agent.post(&path, &json!({ "text": "Welcome" })).await?;
    let acted = board.acted(5).await?;
    ensure!(
        acted[4]["to"] == "p-9" && acted[4]["kind"] == "message",
        "{acted:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_contact_can_be_kept_for_all_authors_of_a_post() -> Result<()> {
    let board = Board::start(
        BINARY,
        &[(
            "board",
            r#"comments = { gather_seconds = 600, contacts = "first" }"#,
        )],
        1,
        1,
    )
    .await?;
    let agent = board.agent("agent-1").await?;
    board.comment("post", "m1", "pia", "").await?;
    board.comment("post", "m2", "ugo", "m1").await?;
    let open = board.open(1, 2).await?;
    let view = board.detail(&open[0]["id"]).await?;
    let ugo = &view["participants"][0];
    ensure!(
        ugo["contact"] == view["contact"] && ugo["own_contact"] == false,
        "{view}"
    );
    ensure!(
        ugo["identity"] == "ugo" && ugo["display_name"] == "Name ugo",
        "{view}"
    );
    ensure!(board.admin.all("/api/v1/contacts", "after").await?.len() == 1);
    let messages = board.messages(&open[0]["id"]).await?;
    ensure!(messages[0].get("posted_by").is_none(), "{messages:?}");
    ensure!(
        messages[1]["posted_by"]["identity"]["id"] == "ugo",
        "{messages:?}"
    );
    ensure!(
        messages[1]["posted_by"]["profile"]["handle"] == "@ugo",
        "{messages:?}"
    );

    agent.go_ready().await?;
    let id = agent.accept_next().await?["id"]
        .as_str()
        .context("id")?
        .to_owned();
    // A later comment by another one is work of its own, under the same contact.
    board.comment("post", "m3", "wim", "m2").await?;
    let open = board.open(2, 3).await?;
    ensure!(open[0]["contact"] == open[1]["contact"], "{open:?}");
    // And ugo, who has no contact, takes part all the same.
    board.comment("post", "m4", "ugo", "m3").await?;
    board.open(2, 4).await?;
    ensure!(texts(&board.messages(&json!(id)).await?) == ["m1", "m2", "m4"]);
    let path = format!("/api/v1/interactions/{id}/messages");
    agent.post(&path, &json!({ "text": "Hi" })).await?;
    ensure!(board.acted(1).await?[0]["to"] == "ugo");
    ensure!(board.admin.all("/api/v1/contacts", "after").await?.len() == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_that_come_after_the_gathering_time_wait_beside_the_first() -> Result<()> {
    let board = Board::start(
        BINARY,
        &[("board", "comments = { gather_seconds = 2 }")],
        0,
        1,
    )
    .await?;
    board.comment("post", "m1", "pia", "").await?;
    board.comment("post", "m2", "ugo", "m1").await?;
    board.open(1, 2).await?;
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    board.comment("post", "m3", "vera", "m1").await?;
    // Who takes part writes into the own one, however late.
    board.comment("post", "m4", "ugo", "m3").await?;
    // And others gather around the new one.
    board.comment("post", "m5", "wim", "m1").await?;
    let open = board.open(2, 5).await?;
    ensure!(texts(&board.messages(&open[0]["id"]).await?) == ["m1", "m2", "m4"]);
    ensure!(texts(&board.messages(&open[1]["id"]).await?) == ["m3", "m5"]);
    for (one, other) in [(0, 1), (1, 0)] {
        let view = board.detail(&open[one]["id"]).await?;
        ensure!(
            view["pending_on_thread"][0]["interaction"] == open[other]["id"],
            "{view}"
        );
    }
    // Another post is another conversation.
    board.comment("other", "m6", "pia", "").await?;
    let open = board.open(3, 6).await?;
    let view = board.detail(&open[2]["id"]).await?;
    ensure!(view.get("pending_on_thread").is_none(), "{view}");
    ensure!(view["contact"] == open[0]["contact"], "{view}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_on_under_another_id_that_is_told_at_once() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "")], 0, 1).await?;
    // In one delivery and one thread, so that the hub has written nothing of it down yet when the id
    // changes; and of many people, so that this is so for some of them, however it takes it apart.
    let says = |who: &str, message: String| {
        json!({
            "kind": "comment", "with": who, "message": message, "text": message,
            "author": { "id": who },
        })
    };
    let mut events = Vec::new();
    for n in 0..20 {
        let (old, new) = (format!("old-{n}"), format!("new-{n}"));
        let thread = format!("with-{old}");
        events.push(board.event(&thread, says(&old, format!("first-{n}"))));
        let renamed = json!({ "kind": "renamed", "before": old, "author": { "id": new } });
        events.push(board.event(&thread, renamed));
    }
    board.deliver("board", &events).await?;
    eventually("everybody has the new id", SOON, async || {
        let contacts = board.admin.all("/api/v1/contacts", "after").await?;
        let known = contacts.iter().filter(|c| c.to_string().contains("\"new-"));
        Ok((known.count() == 20).then_some(()))
    })
    .await?;
    let events: Vec<Value> = (0..20)
        .map(|n| {
            let new = format!("new-{n}");
            board.event(&format!("with-{new}"), says(&new, format!("second-{n}")))
        })
        .collect();
    board.deliver("board", &events).await?;
    let open = board.open(20, 40).await?;
    for interaction in &open {
        ensure!(interaction["inbound_count"] == 2, "{open:?}");
    }
    ensure!(board.admin.all("/api/v1/contacts", "after").await?.len() == 20);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_is_more_than_one_piece_of_work() -> Result<()> {
    let board = Board::start(
        BINARY,
        &[("board", "comments = { gather_seconds = 600 }")],
        0,
        1,
    )
    .await?;
    let crowd: Vec<Value> = (0..130)
        .map(|n| {
            let what = comment(&format!("m{n}"), Some(&format!("p{n}")), "");
            board.event("post", what)
        })
        .collect();
    board.deliver("board", &crowd).await?;
    let open = board.open(2, 130).await?;
    let sizes: Vec<_> = open.iter().map(|i| &i["inbound_count"]).collect();
    ensure!(sizes == [101, 29], "{sizes:?}");
    // Merged from a hundred histories, in the order in which they came.
    let messages = board.messages(&open[0]["id"]).await?;
    let expected: Vec<String> = (0..101).map(|n| format!("m{n}")).collect();
    ensure!(texts(&messages) == expected, "{messages:?}");
    // Those of the first still write into it.
    board.comment("post", "late", "p7", "").await?;
    let open = board.open(2, 131).await?;
    ensure!(open[0]["inbound_count"] == 102, "{open:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_named_and_what_the_company_posts_are_kept() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "")], 1, 1).await?;
    let own = json!({ "kind": "own", "message": "post", "text": "Our new shop" });
    board.deliver("board", &[board.event("post", own)]).await?;
    let unnamed = |message: &str| board.event("post", comment(message, None, "post"));
    board
        .deliver("board", &[unnamed("m1"), unnamed("m2")])
        .await?;
    board.comment("post", "m3", "pia", "post").await?;
    let open = board.open(1, 3).await?;
    let view = board.detail(&open[0]["id"]).await?;
    ensure!(view["customer"]["own_contact"] == false, "{view}");
    ensure!(
        view["thread_context"][0]["content"]["text"] == "Our new shop",
        "{view}"
    );
    ensure!(view["participants"][0]["identity"] == "pia", "{view}");
    let contact = view["contact"].as_str().context("contact")?;
    let contact = board
        .admin
        .get(&format!("/api/v1/contacts/{contact}"))
        .await?;
    ensure!(
        contact["of_thread"] == json!({ "channel": "board", "thread": "post" }),
        "{contact}"
    );

    // The company answers on the network itself: to whom it answers, or in the open conversation.
    let to = |message: &str, parent: &str| {
        board.event(
            "post",
            json!({ "kind": "own", "message": message, "text": message, "parent": parent }),
        )
    };
    board
        .deliver("board", &[to("n1", "m3"), to("n2", "post")])
        .await?;
    let messages = eventually("the company's answers", SOON, async || {
        let messages = board.messages(&open[0]["id"]).await?;
        Ok((messages.len() == 5).then_some(messages))
    })
    .await?;
    ensure!(
        texts(&messages) == ["m1", "m2", "m3", "n1", "n2"],
        "{messages:?}"
    );
    ensure!(
        messages[3]["contact"] == messages[2]["contact"],
        "{messages:?}"
    );
    ensure!(messages[3]["author"]["kind"] == "native", "{messages:?}");

    // An answer to somebody unnamed names the message and no person.
    let agent = board.agent("agent-1").await?;
    agent.go_ready().await?;
    agent.accept_next().await?;
    let path = format!(
        "/api/v1/interactions/{}/messages",
        open[0]["id"].as_str().context("id")?
    );
    agent
        .post(
            &path,
            &json!({ "text": "Hi", "reply_to": messages[1]["id"] }),
        )
        .await?;
    let acted = board.acted(1).await?;
    ensure!(
        acted[0]["to"].is_null() && acted[0]["about"] == "m2",
        "{acted:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_taken_back_only_when_all_its_authors_took_back_what_they_wrote() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "")], 1, 1).await?;
    board.comment("post", "m1", "pia", "").await?;
    board.comment("post", "m2", "ugo", "m1").await?;
    let id = &board.open(1, 2).await?[0]["id"];
    let edit = json!({ "kind": "edit", "message": "m2", "text": "changed" });
    let delete =
        |message: &str| board.event("post", json!({ "kind": "delete", "message": message }));
    board
        .deliver("board", &[board.event("post", edit), delete("m1")])
        .await?;
    eventually("the deletion", SOON, async || {
        let messages = board.messages(id).await?;
        Ok(
            (messages[0]["deleted_at"].is_string() && texts(&messages)[1] == "changed")
                .then_some(()),
        )
    })
    .await?;
    ensure!(board.detail(id).await?["state"] == "queued");
    board.deliver("board", &[delete("m2")]).await?;
    eventually("the end", SOON, async || {
        let view = board.detail(id).await?;
        Ok((view["state"] == "ended" && view["end_reason"] == "message-deleted").then_some(()))
    })
    .await
}
