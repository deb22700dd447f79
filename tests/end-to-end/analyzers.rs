//! What analyzers say of messages, and models that are trained.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::graph::Incoming;
use linecard_tests::{Client, Hub, Networks, SOON, SiteOptions, eventually};
use reqwest::Method;
use serde_json::{Value, json};

use crate::operations::hostile;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// What each analyzer found in a customer's message with this text, once it is there.
async fn findings(admin: &Client, customer: &str, text: &str) -> Result<Value> {
    eventually("the message", SOON, async || {
        let history = admin.history("page", customer).await?;
        let said = |message: &&Value| message["content"]["text"] == text;
        Ok(history.iter().find(said).map(|m| m["findings"].clone()))
    })
    .await
}

fn of<'f>(findings: &'f Value, analyzer: &str) -> Result<&'f Value> {
    let mut all = findings.as_array().context("findings")?.iter();
    all.find(|finding| finding["analyzer"] == analyzer)
        .with_context(|| format!("nothing of {analyzer}: {findings}"))
}

fn score(finding: &Value, name: &str) -> Option<f64> {
    let mut scores = finding["scores"].as_array()?.iter();
    scores.find(|score| score["name"] == name)?["value"].as_f64()
}

/// A hub with the misbehaving analyzer beside the others.
async fn hub_with_hostile(networks: &Networks, more: &str) -> Result<Hub> {
    let built = tokio::task::spawn_blocking(|| hostile("analyzer")).await??;
    let mut hub = Hub::prepare(BINARY)?;
    let plugins = hub.data().join("plugins");
    std::fs::create_dir_all(&plugins)?;
    std::fs::copy(built, plugins.join("hostile-analyzer.wasm"))?;
    hub.environment = networks.secrets();
    hub.environment
        .push(("PASSWORD_AGENT_1".to_owned(), "agent-1".to_owned()));
    hub.launch().await?;
    let options = SiteOptions {
        more: more.to_owned(),
        ..SiteOptions::default()
    };
    hub.apply(&networks.site(&options))?;
    networks.connect(&hub).await?;
    Ok(hub)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_analyzer_leaves_the_others_their_say() -> Result<()> {
    let networks = Networks::start().await?;
    let more = r#"
[analyzers.bad]
plugin = "hostile-analyzer"
config = "x"
[analyzers.language]
plugin = "language"
[analyzers.mood]
plugin = "sentiment"
[analyzers.reach]
plugin = "influence"
[analyzers.words]
plugin = "keywords"
config = { rules = [{ label = "loops", words = ["loop"], scores = { actionability = 0.9 } }] }
"#;
    let hub = hub_with_hostile(&networks, more).await?;
    let admin = hub.administrator()?;
    let page = &networks.graph;
    let customers: Vec<String> = (0..8).map(|number| format!("94{number:02}")).collect();
    for customer in &customers {
        page.add_customer(customer, Profile::named("A", customer));
    }

    // Before it does anything bad, it is one of the others.
    let said = page
        .say(&customers[0], Incoming::text("I love it, thank you"))
        .await;
    ensure!(said.acknowledged, "{said:?}");
    let found = findings(&admin, &customers[0], "I love it, thank you").await?;
    ensure!(score(of(&found, "bad")?, "uses") == Some(1.0), "{found}");
    ensure!(
        score(of(&found, "mood")?, "sentiment").is_some_and(|s| s > 0.3),
        "{found}"
    );
    ensure!(of(&found, "language")?["language"] == "en", "{found}");
    // The network tells nothing of this customer's followers: that is unknown, and not 0.
    ensure!(of(&found, "reach")?.get("scores").is_none(), "{found}");
    let plugin = of(&found, "mood")?["plugin"].as_str().context("plugin")?;
    ensure!(plugin.starts_with("sentiment "), "{found}");

    // It never ends on any of these, in as many threads at once.
    for customer in &customers {
        let said = page.say(customer, Incoming::text("loop")).await;
        ensure!(said.acknowledged, "{said:?}");
        let said = page.say(customer, Incoming::text("this is horrible")).await;
        ensure!(said.acknowledged, "{said:?}");
    }
    for customer in &customers {
        let found = findings(&admin, customer, "loop").await?;
        let failure = of(&found, "bad")?["failure"].as_str();
        ensure!(
            failure.is_some_and(|failure| !failure.is_empty()),
            "{found}"
        );
        ensure!(
            of(&found, "words")?["labels"][0]["name"] == "loops",
            "{found}"
        );
        ensure!(of(&found, "words")?.get("failure").is_none(), "{found}");
        let found = findings(&admin, customer, "this is horrible").await?;
        ensure!(
            score(of(&found, "mood")?, "sentiment").is_some_and(|s| s < -0.3),
            "{found}"
        );
        // Within a thread the order is kept, whoever is slow.
        let history = admin.history("page", customer).await?;
        let place = |text: &str| history.iter().position(|m| m["content"]["text"] == text);
        let (first, second) = (place("loop"), place("this is horrible"));
        ensure!(first.is_some() && second.is_some(), "{history:?}");
        let ids = [first, second].map(|at| {
            history[at.unwrap_or_default()]["id"]
                .as_str()
                .map(str::to_owned)
        });
        ensure!(ids[0] < ids[1], "{history:?}");
    }

    // After so many failures it is left out for a while, and whoever looks is told so.
    let mut asked = 0;
    eventually("it is left out", SOON * 5, async || {
        for customer in &customers {
            let said = page.say(customer, Incoming::text("loop")).await;
            ensure!(said.acknowledged, "{said:?}");
        }
        for customer in &customers {
            let expected = asked + 3;
            eventually("all of them are read", SOON, async || {
                let history = admin.history("page", customer).await?;
                let looped = history.iter().filter(|m| m["content"]["text"] == "loop");
                Ok((looped.count() + 1 >= expected).then_some(()))
            })
            .await?;
        }
        asked += 1;
        let question = format!("and now, for the {asked}. time?");
        let said = page.say(&customers[0], Incoming::text(&*question)).await;
        ensure!(said.acknowledged, "{said:?}");
        let found = findings(&admin, &customers[0], &question).await?;
        let failure = of(&found, "bad")?["failure"].as_str().unwrap_or_default();
        // On a slow machine the while may be over by now; then it is asked, and answers.
        Ok(failure.contains("left out").then_some(()))
    })
    .await
}

/// Labelled messages; `swapped` gives each the other's label.
fn labelled(swapped: bool) -> String {
    let mut table = "label\ttext\n".to_owned();
    for number in 0..60 {
        let (bad, good) = if swapped {
            ("praise", "complaint")
        } else {
            ("complaint", "praise")
        };
        // Writing to a text cannot fail.
        let _ = writeln!(
            table,
            "{bad}\tmy parcel {number} is late and nobody answers"
        );
        let _ = writeln!(
            table,
            "{good}\twhat a lovely present number {number} was, great"
        );
    }
    table
}

fn run(hub: &Hub, arguments: &[&str]) -> Result<(bool, String, String)> {
    let output = hub.command().args(arguments).output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_trained_evaluated_used_and_replaced() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    std::fs::write(hub.folder().join("messages.tsv"), labelled(false))?;
    std::fs::write(hub.folder().join("swapped.tsv"), labelled(true))?;
    std::fs::create_dir_all(hub.data().join("models"))?;
    let model = hub.data().join("models/care.model");
    let model = model.to_str().context("a name")?;

    // A site that names a model that is not there is refused, with the remedy.
    let more = r#"
[analyzers.care]
plugin = "classifier"
config = { model = "care", scores = { actionability = { complaint = 1 } } }
"#;
    let options = SiteOptions {
        more: more.to_owned(),
        ..SiteOptions::default()
    };
    let site = networks.site(&options);
    let refused = hub
        .apply(&site)
        .map_or_else(|error| error.to_string(), |()| String::new());
    ensure!(
        refused.contains("linecard train") && refused.contains("care"),
        "{refused}"
    );

    let columns = ["--text", "text", "--label", "label"];
    let train = |table, out| {
        [
            &["train", table],
            &columns[..],
            &["--out", out, "--quality", "draft"],
        ]
        .concat()
    };
    let (trained, told, error) = run(&hub, &train("messages.tsv", model))?;
    ensure!(
        trained && told.contains("cross-validation") && told.contains("complaint"),
        "{told}{error}"
    );
    let evaluate = [
        &["evaluate", "messages.tsv"],
        &columns[..],
        &["--model", model, "--json"],
    ]
    .concat();
    let (evaluated, told, error) = run(&hub, &evaluate)?;
    ensure!(evaluated, "{error}");
    let figures: Value = serde_json::from_str(&told)?;
    ensure!(
        figures["accuracy"].as_f64().is_some_and(|a| a > 0.95),
        "{figures}"
    );
    ensure!(
        figures["texts"] == 120 && figures["unknown"] == 0,
        "{figures}"
    );

    let too_much = site.replace("model = \"care\"", "model = \"care\", quality = 101");
    let refused = hub
        .apply(&too_much)
        .err()
        .context("quality 101 was taken")?;
    ensure!(
        refused
            .to_string()
            .contains("analyzers.care.config.quality"),
        "{refused}"
    );
    hub.apply(&site)?;
    let admin = hub.administrator()?;
    networks
        .graph
        .add_customer("9501", Profile::named("A", "B"));
    let say = async |text: &str| -> Result<Value> {
        let said = networks.graph.say("9501", Incoming::text(text)).await;
        ensure!(said.acknowledged, "{said:?}");
        Ok(of(&findings(&admin, "9501", text).await?, "care")?.clone())
    };
    let found = say("the parcel is late").await?;
    ensure!(found["labels"][0]["name"] == "complaint", "{found}");
    ensure!(
        score(&found, "actionability").is_some_and(|s| s > 0.5),
        "{found}"
    );
    let first = found["model"].as_str().context("model")?.to_owned();
    ensure!(first.starts_with("care@"), "{found}");

    // A damaged file changes nothing; a good one is in use without a restart.
    let (trained, _, error) = run(&hub, &train("swapped.tsv", "swapped.model"))?;
    ensure!(trained, "{error}");
    // Side by side it is told which of the two is better, and how sure that is.
    let against = ["--against", "swapped.model"];
    let (evaluated, told, error) = run(&hub, &[&evaluate[..], &against].concat())?;
    ensure!(evaluated, "{error}");
    let both: Value = serde_json::from_str(&told)?;
    let difference = &both["difference"];
    ensure!(
        difference["only_first"] == 120 && difference["only_second"] == 0,
        "{both}"
    );
    ensure!(
        difference["p_value"].as_f64().is_some_and(|p| p < 1e-6),
        "{both}"
    );
    let (evaluated, told, error) =
        run(&hub, &[&evaluate[..evaluate.len() - 1], &against].concat())?;
    ensure!(
        evaluated && told.contains("accuracy from the first to the second: -1.0000"),
        "{told}{error}"
    );
    let levels: Vec<&str> = told
        .lines()
        .filter(|l| l.starts_with("at quality 90"))
        .collect();
    ensure!(levels.len() == 2, "{told}");
    let good = std::fs::read(hub.folder().join("swapped.model"))?;
    std::fs::write(model, &good[..good.len() / 2])?;
    eventually("the refusal in the log", SOON, async || {
        Ok(hub.log().contains("former ones stay in use").then_some(()))
    })
    .await?;
    let found = say("my parcel is late again").await?;
    ensure!(found["model"] == first.as_str(), "{found}");
    std::fs::write(model, &good)?;
    let mut number = 0;
    let found = eventually("the new model", SOON, async || {
        number += 1;
        let found = say(&format!("parcel {number} is late")).await?;
        Ok((found["model"] != first.as_str()).then_some(found))
    })
    .await?;
    ensure!(found["labels"][0]["name"] == "praise", "{found}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_trained_or_evaluated_is_told_with_its_place() -> Result<()> {
    let hub = Hub::prepare(BINARY)?;
    let write = |name: &str, text: &str| std::fs::write(hub.folder().join(name), text);
    write("good.tsv", &labelled(false))?;
    write("one.tsv", &labelled(false).replace("praise", "complaint"))?;
    write("empty.tsv", "")?;
    write("short.tsv", "label\ttext\na\tb\na\n")?;
    let mut many = "label\ttext\n".to_owned();
    for number in 0..1_000_000 {
        let _ = writeln!(many, "{number}\tx");
    }
    write("many.tsv", &many)?;
    write("broken.model", "linecard-model/02\nand so on")?;
    let columns = ["--text", "text", "--label", "label"];
    let train = |file| [&["train", file], &columns[..], &["--out", "out.model"]].concat();
    for (arguments, told) in [
        (train("one.tsv"), "all texts have the label \"complaint\""),
        (train("many.tsv"), "1000000 labels"),
        (train("empty.tsv"), "empty.tsv:1: it is empty"),
        (train("short.tsv"), "short.tsv:3"),
        (train("nowhere.tsv"), "nowhere.tsv"),
        (
            vec![
                "train",
                "good.tsv",
                "--text",
                "words",
                "--label",
                "label",
                "--out",
                "out.model",
            ],
            "no column \"words\"; it has: label, text",
        ),
        (
            vec![
                "train",
                "good.tsv",
                "--text",
                "text",
                "--label",
                "label",
                "--out",
                "no/where/x.model",
            ],
            "there is no folder no/where",
        ),
        (
            vec![
                "train",
                "good.tsv",
                "--text",
                "text",
                "--label",
                "label",
                "--out",
                "out.model",
                "--quality",
                "best",
            ],
            "draft, standard or high",
        ),
        (
            vec![
                "train",
                "good.tsv",
                "--text",
                "text",
                "--label",
                "label",
                "--out",
                "out.model",
                "--for",
                "spam",
            ],
            "complaint, praise",
        ),
        (
            vec![
                "evaluate",
                "good.tsv",
                "--text",
                "text",
                "--label",
                "label",
                "--model",
                "broken.model",
            ],
            "version 02",
        ),
        (
            vec![
                "evaluate",
                "good.tsv",
                "--text",
                "text",
                "--rating",
                "label",
                "--analyzer",
                "influence",
            ],
            "is no number",
        ),
        (
            vec![
                "evaluate",
                "good.tsv",
                "--text",
                "text",
                "--label",
                "label",
                "--analyzer",
                "nothing",
            ],
            "bundled are:",
        ),
    ] {
        let (succeeded, said, error) = run(&hub, &arguments)?;
        ensure!(
            !succeeded && error.contains(told),
            "{arguments:?}: {said}{error}"
        );
        ensure!(!error.contains("panicked"), "{error}");
    }
    ensure!(
        !hub.folder().join("out.model").exists(),
        "nothing was trained"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_correct_what_analyzers_found() -> Result<()> {
    let networks = Networks::start().await?;
    let options = SiteOptions {
        more: "[analyzers.mood]\nplugin = \"sentiment\"\n".to_owned(),
        ..SiteOptions::default()
    };
    let hub = networks.hub(BINARY, &options).await?;
    let admin = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let mut stream = admin.events(None).await?;
    networks
        .graph
        .add_customer("9601", Profile::named("A", "B"));
    let text = "oh great, late again";
    let said = networks.graph.say("9601", Incoming::text(text)).await;
    ensure!(said.acknowledged, "{said:?}");
    let found = findings(&admin, "9601", text).await?;
    ensure!(score(of(&found, "mood")?, "sentiment").is_some(), "{found}");
    agent.go_ready().await?;
    let interaction = agent.accept_next().await?;
    let interaction = interaction["id"].as_str().context("id")?;
    let message = async || -> Result<Value> {
        let history = admin.history("page", "9601").await?;
        let said = history
            .into_iter()
            .find(|message| message["content"]["text"] == text);
        said.context("the message")
    };
    let id = message().await?["id"].as_str().context("id")?.to_owned();
    let path = format!("/api/v1/interactions/{interaction}/messages/{id}/scores");
    let correct = async |client: &Client, body: Value| {
        let answer = client
            .request(Method::PUT, &path)
            .json(&body)
            .send()
            .await?;
        anyhow::Ok((answer.status().as_u16(), answer.text().await?))
    };

    // What cannot be is told with its place, and changes nothing.
    for (body, place) in [
        (json!({"scores": {"sentiment": -2}}), "/scores/sentiment"),
        (json!({"scores": {"influence": -0.1}}), "/scores/influence"),
        (json!({"scores": {"": 1}}), "/scores/"),
        (json!({"labels": [" x"]}), "/labels"),
        (json!({"label": "x"}), "label"),
    ] {
        let (status, told) = correct(&agent, body).await?;
        ensure!(
            (400..=422).contains(&status) && told.contains(place),
            "{status} {told}"
        );
    }
    ensure!(message().await?.get("corrections").is_none());

    let sarcasm = json!({"scores": {"sentiment": -0.8}, "labels": ["complaint", "sarcasm"]});
    let (status, told) = correct(&agent, sarcasm.clone()).await?;
    ensure!(status == 204, "{status} {told}");
    let event = stream.wait_for("message-corrected", SOON).await?;
    ensure!(
        event.to_string().contains("sarcasm") && event.to_string().contains(&id),
        "{event}"
    );
    // Said twice it is said once.
    let (status, _) = correct(&agent, sarcasm).await?;
    ensure!(status == 204);
    let corrected = message().await?;
    let corrections = corrected["corrections"].as_array().context("corrections")?;
    ensure!(corrections.len() == 1, "{corrected}");
    ensure!(
        corrections[0]["by"] == "agent-1" && corrections[0]["at"].is_string(),
        "{corrected}"
    );
    ensure!(corrections[0]["scores"]["sentiment"] == -0.8, "{corrected}");
    ensure!(
        corrected["findings"] == found,
        "what was found stays beside it"
    );

    let training = "/api/v1/training-messages";
    let listed = admin.get(training).await?;
    ensure!(listed["items"][0]["text"] == text, "{listed}");
    ensure!(
        listed["items"][0]["correction"]["labels"] == json!(["complaint", "sarcasm"]),
        "{listed}"
    );
    let plugin = listed["items"][0]["findings"][0]["plugin"].as_str();
    ensure!(
        plugin.is_some_and(|plugin| plugin.starts_with("sentiment ")),
        "{listed}"
    );
    let refused = agent.request(Method::GET, training).send().await?;
    ensure!(refused.status() == 403, "{refused:?}");

    // A later one holds in its place, and an empty one takes it back.
    let (status, _) = correct(&admin, json!({"labels": ["complaint"]})).await?;
    ensure!(status == 204);
    let listed = admin.get(training).await?;
    let items = listed["items"].as_array().context("items")?;
    ensure!(
        items.len() == 1 && items[0]["correction"]["labels"] == json!(["complaint"]),
        "{listed}"
    );
    let (status, _) = correct(&agent, json!({})).await?;
    ensure!(status == 204);
    let listed = admin.get(training).await?;
    ensure!(listed["items"] == json!([]), "{listed}");
    let kept = message().await?["corrections"].as_array().map(Vec::len);
    ensure!(kept == Some(3), "who said what is kept: {kept:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_learns_from_what_people_corrected_in_a_running_hub() -> Result<()> {
    const EACH: usize = 11;
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let admin = hub.administrator()?;
    let page = &networks.graph;
    page.add_customer("9601", Profile::named("A", "B"));
    let train = [
        "train",
        "--history",
        "--quality",
        "draft",
        "--out",
        "h.model",
    ];
    let (trained, _, error) = run(&hub, &train)?;
    ensure!(
        !trained && error.contains("there are 0 labelled texts"),
        "{error}"
    );
    for number in 0..EACH {
        for text in ["the parcel is late", "thank you very much"] {
            let text = format!("{text} {number}");
            ensure!(page.say("9601", Incoming::text(text)).await.acknowledged);
        }
    }
    let said = eventually("the messages", SOON, async || {
        let said = admin.history("page", "9601").await?;
        Ok((said.len() == 2 * EACH).then_some(said))
    })
    .await?;
    for (number, message) in said.iter().enumerate() {
        let id = message["id"].as_str().context("id")?;
        let interaction = message["interaction"].as_str().context("interaction")?;
        let text = message["content"]["text"].as_str().context("text")?;
        let mut labels = vec![if text.contains("late") {
            "complaint"
        } else {
            "praise"
        }];
        // One that is two things at once is nothing to learn one label from.
        if number == 0 {
            labels.push("other");
        }
        let path = format!("/api/v1/interactions/{interaction}/messages/{id}/scores");
        admin.put(&path, &json!({ "labels": labels })).await?;
    }
    let (trained, told, error) = run(&hub, &train)?;
    ensure!(trained, "{error}");
    for text in [
        "trained on 21 texts",
        "1 without one label",
        "complaint",
        "praise",
    ] {
        ensure!(told.contains(text), "{text}: {told}");
    }
    let (taken, _, error) = run(
        &hub,
        &["train", "messages.tsv", "--history", "--out", "h.model"],
    )?;
    ensure!(!taken && error.contains("--history"), "{error}");
    Ok(())
}
