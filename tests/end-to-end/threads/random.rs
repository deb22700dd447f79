//! Random comments by random people: every message is in exactly one interaction, with those with whom
//! the channel's rules put it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Board, SOON, comment, eventually};
use serde_json::Value;

use super::BINARY;

/// How a channel is set up.
struct Rules {
    channel: &'static str,
    settings: &'static str,
    gathers: bool,
    joins_later: bool,
    first_only: bool,
}

const CHANNELS: [Rules; 5] = [
    Rules {
        channel: "usual",
        settings: "comments = { gather_seconds = 3600 }",
        gathers: true,
        joins_later: false,
        first_only: false,
    },
    Rules {
        channel: "apart",
        settings: "comments = { gather_seconds = 0 }",
        gathers: false,
        joins_later: false,
        first_only: false,
    },
    Rules {
        channel: "together",
        settings: r#"comments = { gather_seconds = 0, later = "join" }"#,
        gathers: false,
        joins_later: true,
        first_only: false,
    },
    Rules {
        channel: "first",
        settings: r#"comments = { gather_seconds = 3600, contacts = "first" }"#,
        gathers: true,
        joins_later: false,
        first_only: true,
    },
    Rules {
        channel: "first-apart",
        settings: r#"comments = { gather_seconds = 0, contacts = "first" }"#,
        gathers: false,
        joins_later: false,
        first_only: true,
    },
];

/// An interaction as it should be.
struct Expected {
    authors: BTreeSet<String>,
    messages: BTreeSet<String>,
    is_taken: bool,
}

/// All threads as they should be, by channel and thread, interactions in the order of their beginning.
#[derive(Default)]
struct Model(BTreeMap<(usize, String), Vec<Expected>>);

impl Model {
    fn write(&mut self, rules: usize, thread: &str, author: &str, message: &str) {
        let Rules {
            gathers,
            joins_later,
            ..
        } = CHANNELS[rules];
        let works = self.0.entry((rules, thread.to_owned())).or_default();
        let own = works.iter().position(|w| w.authors.contains(author));
        let place = own.or_else(|| {
            works
                .iter()
                .rposition(|w| joins_later || (gathers && !w.is_taken))
        });
        let place = place.unwrap_or_else(|| {
            works.push(Expected {
                authors: BTreeSet::new(),
                messages: BTreeSet::new(),
                is_taken: false,
            });
            works.len() - 1
        });
        works[place].authors.insert(author.to_owned());
        works[place].messages.insert(message.to_owned());
    }

    fn partition(&self) -> BTreeSet<BTreeSet<String>> {
        let all = self.0.values().flatten();
        all.map(|work| work.messages.clone()).collect()
    }
}

/// Which messages are together, as the API shows it, and whether that was all: between two requests
/// the hub goes on. Fails if a message is in two interactions.
async fn partition(board: &Board) -> Result<(BTreeSet<BTreeSet<String>>, bool)> {
    let mut parts = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut is_whole = true;
    for interaction in board.admin.all("/api/v1/interactions", "after").await? {
        let mut part = BTreeSet::new();
        for message in board.messages(&interaction["id"]).await? {
            let id = message["platform_ids"][0]
                .as_str()
                .context("a network's id")?;
            ensure!(message["interaction"] == interaction["id"], "{message}");
            ensure!(seen.insert(id.to_owned()), "{id} is there twice");
            part.insert(id.to_owned());
        }
        is_whole &= interaction["inbound_count"].as_u64() == u64::try_from(part.len()).ok();
        parts.insert(part);
    }
    Ok((parts, is_whole))
}

async fn wait_for(board: &Board, model: &Model) -> Result<()> {
    let wanted = (model.partition(), true);
    let reached = eventually("the interactions as they should be", SOON, async || {
        Ok((partition(board).await? == wanted).then_some(()))
    })
    .await;
    if reached.is_err() {
        let (found, is_whole) = partition(board).await?;
        let missing: Vec<_> = wanted.0.difference(&found).collect();
        let wrong: Vec<_> = found.difference(&wanted.0).collect();
        return reached.with_context(|| {
            format!("missing {missing:?}, wrong {wrong:?}, counts are right: {is_whole}")
        });
    }
    Ok(())
}

/// Everybody's contact: their own, or that of the first author.
async fn check_contacts(board: &Board, random_people: &BTreeSet<(usize, String)>) -> Result<()> {
    for (rules, person) in random_people {
        let Rules {
            channel,
            first_only,
            ..
        } = CHANNELS[*rules];
        let history = board.admin.history(channel, person).await?;
        for message in &history {
            let by = message
                .pointer("/posted_by/identity/id")
                .and_then(Value::as_str);
            ensure!(first_only || by.is_none(), "{message}");
            ensure!(
                by != Some(person),
                "a message names its own contact: {message}"
            );
        }
        ensure!(
            first_only || !history.is_empty(),
            "{person} on {channel} is nobody"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn random_comments_go_where_the_rules_put_them() -> Result<()> {
    let seed = match std::env::var("THREADS_SEED") {
        Ok(seed) => seed.parse()?,
        Err(_) => fastrand::u64(..),
    };
    run(seed).await.with_context(|| format!("seed {seed}"))
}

async fn run(seed: u64) -> Result<()> {
    let mut random = fastrand::Rng::with_seed(seed);
    let channels: Vec<_> = CHANNELS.iter().map(|r| (r.channel, r.settings)).collect();
    let mut board = Board::start(BINARY, &channels, 3, 1).await?;
    let mut model = Model::default();
    let mut people = BTreeSet::new();
    let mut written: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
    let mut delivered: Vec<(usize, Value)> = Vec::new();
    for round in 0..3 {
        for number in 0..60 {
            let rules = random.usize(..CHANNELS.len());
            let thread = format!("post-{}", random.u8(0..3));
            // One in seven is nobody whom the network names.
            let who = random.u8(0..7);
            let author = (who > 0).then(|| format!("p{who}"));
            // The name says it all to whoever reads a failure.
            let channel = CHANNELS[rules].channel;
            let message = format!("{channel}/{thread}/{round}-{number}-by-{who}");
            let key = (rules, thread.clone());
            let earlier = written.entry(key).or_default();
            let parent = match random.u8(0..3) {
                0 => String::new(),
                1 => "never-seen".to_owned(),
                _ => random.choice(earlier.iter()).cloned().unwrap_or_default(),
            };
            earlier.push(message.clone());
            let event = board.event(&thread, comment(&message, author.as_deref(), &parent));
            model.write(rules, &thread, author.as_deref().unwrap_or(""), &message);
            if let Some(author) = author {
                people.insert((rules, author));
            }
            delivered.push((rules, event.clone()));
            let mut batch = vec![event];
            // The same again: as it was, or under another id, as a poll beside a webhook gives it.
            if random.u8(0..4) == 0 {
                let again: Vec<_> = delivered.iter().filter(|(r, _)| *r == rules).collect();
                let (_, mut again) = random.choice(again).context("one")?.clone();
                if random.bool() {
                    again["id"] = format!("again-{round}-{number}").into();
                }
                batch.push(again);
            }
            board.deliver(channel, &batch).await?;
        }
        wait_for(&board, &model).await?;
        check_contacts(&board, &people).await?;
        if round < 2 {
            // Somebody takes one: from here on, others do not join it.
            let agent = board.agent(&format!("agent-{}", round + 1)).await?;
            agent.go_ready().await?;
            let taken = agent.accept_next().await?;
            let messages = board.messages(&taken["id"]).await?;
            let one = messages[0]["platform_ids"][0].as_str().context("an id")?;
            let mut works = model.0.values_mut().flatten();
            let work = works.find(|w| w.messages.contains(one));
            work.context("the model has it")?.is_taken = true;
        }
        if round == 1 {
            // What is decided when a message comes does not depend on what was in memory.
            board.hub.kill()?;
            board.hub.launch().await?;
            wait_for(&board, &model).await?;
        }
    }
    // The views that were kept are those that the journal gives, and nothing in them is loose.
    let before = shown(&board).await?;
    board.hub.stop().await?;
    for command in ["check", "rebuild", "check"] {
        let output = board.hub.command().arg(command).output()?;
        ensure!(output.status.success(), "{command}: {output:?}");
    }
    board.hub.launch().await?;
    ensure!(
        shown(&board).await? == before,
        "the views were made anew differently"
    );
    Ok(())
}

/// All interactions and contacts.
async fn shown(board: &Board) -> Result<(Vec<Value>, Vec<Value>)> {
    let interactions = board.admin.all("/api/v1/interactions", "after").await?;
    let contacts = board.admin.all("/api/v1/contacts", "after").await?;
    Ok((interactions, contacts))
}
