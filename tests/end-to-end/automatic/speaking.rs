//! What rules say and do is told, limited in number and time, and refused where a network cannot do it; what
//! they hold is offered to nobody.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use linecard_simulator::customers::Profile;
use linecard_simulator::faults::{Fault, FaultPlan};
use linecard_simulator::graph::{FeedAct, Incoming};
use linecard_tests::{Client, Networks, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{BINARY, SOON, by_rule, history, hub_with_posts, options};

/// The first thing that a rule or the hours did with a message, of a kind.
fn did<'m>(message: &'m Value, place: &str, what: &str) -> Option<&'m Value> {
    let all = message.pointer(place)?.as_array()?;
    all.iter().find(|did| did["what"] == what)
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_say_that_they_speak_stop_in_time_and_hold_work() -> Result<()> {
    let networks = Networks::start().await?;
    let page = &networks.graph;
    let later = Timestamp::now().checked_add(2.hours())?;
    let later = later.to_zoned(TimeZone::UTC).strftime("%H:%M").to_string();
    let more = format!(
        r#"
[automatic]
disclosure = "By a program."
disclosures = [{{ text = "A program answers first.", channels = ["page"], place = "first" }}]
likes_per_hour = 1
retry_for_seconds = 2

[[rules]]
name = "hello"
channels = ["page"]
when = "interaction.new"
then = {{ reply = {{ text = "We have your message." }}, hold = "{later}" }}
[[rules]]
name = "more"
channels = ["page"]
when = "!interaction.new && thread.participants == 1"
then = {{ reply = {{ text = "We have this one, too." }} }}
[[rules]]
name = "like"
channels = ["posts"]
then = {{ like = true, reply = {{ text = "Hello!" }} }}

[hours.never]
zone = "Europe/Berlin"
channels = ["posts"]
closed = {{ work = "park" }}
"#
    );
    let hub = hub_with_posts(&networks, &more).await?;
    let administrator = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;

    // One whom nothing reaches: it has failed soon, with a reason.
    page.add_customer("9002", Profile::named("Nobody", "There"));
    let nothing_arrives = FaultPlan::probability(1.0, Fault::html_502());
    page.faults()
        .plan(nothing_arrives.on("send").for_customer("9002"));
    ensure!(
        page.say("9002", Incoming::text("hello?"))
            .await
            .acknowledged
    );

    page.add_customer("9001", Profile::named("Rosa", "Diaz"));
    for (text, count) in [("hello?", 2), ("and this?", 3)] {
        ensure!(page.say("9001", Incoming::text(text)).await.acknowledged);
        let got = page.customers().wait_delivered("9001", count, SOON).await;
        let got = got.with_context(|| format!("nothing came after {text}"))?;
        let texts: Vec<&str> = got.iter().map(|turn| turn.text.as_str()).collect();
        let all = [
            "A program answers first.",
            "We have your message.",
            "We have this one, too.",
        ];
        ensure!(texts == all[..count], "{texts:?}");
    }
    let said = history(&administrator, "9001", 5).await?;
    let rules: Vec<&Value> = by_rule(&said)
        .iter()
        .map(|m| &m["author"]["rule"])
        .collect();
    ensure!(
        rules == ["more", "hello", "automatic:disclosure"],
        "{rules:?}"
    );
    let id = said[0]["interaction"].as_str().context("interaction")?;
    let held = administrator
        .get(&format!("/api/v1/interactions/{id}"))
        .await?;
    ensure!(held["state"] == "queued", "{held:#}");
    ensure!(
        agent.get("/api/v1/offers").await? == json!([]),
        "it is offered"
    );

    // On the page's posts a like is all that there is for an hour, and nobody knows when it opens.
    let post = page.publish("Our new parcel shop is open.", &[]);
    let mut likes = Vec::new();
    for customer in ["9003", "9004"] {
        page.add_customer(customer, Profile::named("Customer", customer));
        let comment = FeedAct::comment(post.id.clone(), "Great");
        ensure!(page.say(customer, comment).await.acknowledged);
        let message = eventually("the comment", SOON, async || {
            let said = administrator.history("posts", customer).await?;
            Ok(said.into_iter().find(|m| m["author"]["kind"] == "contact"))
        })
        .await?;
        let like = did(&message, "/rules/steps/0/did", "like").context("like")?;
        likes.push(like["not_done"].clone());
        // What joins work that waits already is held by what began it.
        if likes.len() == 1 {
            let hold = did(&message, "/rules/hours/did", "hold");
            let hold = hold.with_context(|| format!("no hold: {message:#}"))?;
            ensure!(hold["not_done"] == "nobody knows when it opens", "{hold}");
        }
        let got = page.customers().wait_delivered(customer, 1, SOON).await;
        let got = got.context("no answer")?;
        ensure!(got[0].text == "Hello!\nBy a program.", "{got:?}");
    }
    ensure!(likes[0].is_null(), "{likes:?}");
    let why = likes[1].as_str().context("the second was liked")?;
    ensure!(why.contains("`automatic.likes_per_hour` is 1"), "{why}");
    eventually("it is offered, as nothing holds it", SOON, async || {
        let offers = agent.get("/api/v1/offers").await?;
        Ok((offers != json!([])).then_some(()))
    })
    .await?;

    let failed = eventually("the answer fails", Duration::from_secs(30), async || {
        let said = administrator.history("page", "9002").await?;
        let answers = by_rule(&said).into_iter().cloned();
        let answers: Vec<Value> = answers.collect();
        let is_over = answers.len() == 2 && answers.iter().all(|m| m["state"] == "failed");
        Ok(is_over.then_some(answers))
    })
    .await?;
    for answer in failed {
        let end: Timestamp = answer["state_at"].as_str().context("when")?.parse()?;
        let begin: Timestamp = answer["at"].as_str().context("when")?.parse()?;
        let took = end.duration_since(begin).as_secs();
        ensure!(took <= 15, "it took {took} s: {answer:#}");
        ensure!(answer["reason"]["text"].is_string(), "{answer:#}");
    }
    ensure!(page.customers().delivered("9002").is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_refused_that_its_network_cannot_do_or_does_not_take() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &options(String::new())).await?;
    let administrator = hub.administrator()?;
    let long = "x".repeat(2_001);
    let rules = json!({ "rules": [
        { "name": "repost", "channels": ["page"], "then": { "repost": true } },
        { "name": "ask", "channels": ["page"], "then": { "ask_to_follow": "Please follow us." } },
        { "name": "long", "channels": ["page"], "then": { "reply": { "text": long } } },
        { "name": "fine", "then": { "reply": { "text": "Hello" } } },
        { "name": "unknown", "when": "network == 'x' &&\n  mesage.text == 'a'", "then": { "priority": 1 } },
        { "name": "type", "when": "message.text > 3", "then": { "priority": 1 } },
    ] });
    let expected = [
        (
            "/rules/4/when",
            "line 2, column 3: there is no fact `mesage`; did you mean `message`?",
        ),
        ("/rules/5/when", "`>` cannot compare a string with"),
        (
            "/rules/0/then/repost",
            "the connector of channel cannot do that: page",
        ),
        (
            "/rules/1/then/ask_to_follow",
            "the connector of channel cannot do that: page",
        ),
        ("/rules/2/then/reply/text", "channel page takes 2000"),
    ];
    let checked = administrator.post("/api/v1/rules/check", &rules).await?;
    let faults = checked["faults"].as_array().context("faults")?;
    ensure!(faults.len() == expected.len(), "{faults:#?}");
    for ((pointer, text), fault) in expected.iter().zip(faults) {
        ensure!(fault["pointer"] == *pointer, "{fault}");
        let detail = fault["detail"].as_str().context("detail")?;
        ensure!(detail.contains(text), "{detail}");
    }
    ensure!(
        faults[0]["line"] == 2 && faults[0]["column"] == 3,
        "{faults:#?}"
    );
    let headers = [("if-match", "*")];
    let refused = administrator
        .ask(Method::PUT, "/api/v1/rules", &headers, Some(&rules))
        .await?;
    ensure!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY,
        "{refused:?}"
    );
    let in_force = administrator.get("/api/v1/rules").await?;
    ensure!(in_force["rules"] == json!([]), "{in_force}");

    let more = format!(
        r#"
[[rules]]
name = "repost"
channels = ["page"]
then = {{ repost = true }}
[[rules]]
name = "long"
channels = ["page"]
then = {{ reply = {{ text = "{long}" }} }}
"#
    );
    let refused = hub.apply(&networks.site(&options(more)));
    let told = refused
        .err()
        .context("the site file was applied")?
        .to_string();
    for text in [
        "rules[0].then.repost: the connector of channel cannot do that: page",
        "rules[1].then.reply.text: channel page takes 2000",
    ] {
        ensure!(told.contains(text), "{told}");
    }
    Ok(())
}
