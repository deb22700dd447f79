//! What the company says: every network shows it again, also before it answers the send, and shows what was
//! written in its own tools. What the hub sent is one message; what it did not send is the company's word.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::faults::{Fault, FaultAnswer, FaultPlan, Faults};
use linecard_simulator::graph::{
    Act, CommentAct, FeedAct, Incoming, InstagramPerson, Surface, WebhookDelivery,
};
use linecard_simulator::record::{Direction, Record};
use linecard_simulator::x::{self, Rules, XOptions, XSimulator};
use linecard_tests::{Board, Client, Hub, Networks, SOON, SiteOptions, eventually};
use serde_json::{Value, json};
use url::Url;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// All networks that show the company's own words, and the hub.
struct World {
    networks: Networks,
    x: XSimulator,
    hub: Hub,
    agent: Client,
    admin: Client,
}

impl World {
    async fn open() -> Result<Self> {
        let networks = Networks::start().await?;
        let x = XSimulator::start(XOptions {
            rules: Rules {
                summoned_replies: false,
                ..Rules::default()
            },
            ..XOptions::default()
        })
        .await?;
        let graph = networks.graph.base_url();
        let options = networks.graph.options();
        let more = format!(
            r#"
[channels.posts]
plugin = "facebook"
queue = "support"
config = {{ page_id = "{page}", base_url = "{graph}" }}
secrets = {{ app-secret = "env:PAGE_APP_SECRET", verify-token = "env:PAGE_VERIFY_TOKEN", page-access-token = "env:PAGE_TOKEN" }}
hosts = ["{graph}"]

[channels.instagram]
plugin = "instagram"
queue = "support"
config = {{ account_id = "{account}", base_url = "{graph}" }}
secrets = {{ app-secret = "env:PAGE_APP_SECRET", verify-token = "env:PAGE_VERIFY_TOKEN", access-token = "env:INSTAGRAM_TOKEN" }}
hosts = ["{graph}"]

[channels.x]
plugin = "x"
queue = "support"
config = {{ user_id = "{user}", username = "{name}", base_url = "{base}", poll_every_seconds = 3600 }}
secrets = {{ user-oauth1 = "env:X_OAUTH1", consumer-secret = "env:X_CONSUMER_SECRET" }}
hosts = ["{base}"]
"#,
            page = options.page_id,
            account = options.instagram.id,
            user = x.options().user_id,
            name = x.options().username,
            base = x.base_url(),
        );
        let site = SiteOptions {
            wrap_up: r#"{ mode = "optional" }"#,
            more,
            ..SiteOptions::default()
        };
        let mut hub = Hub::prepare(BINARY)?;
        hub.environment = networks.secrets();
        let account = x.options();
        let oauth1 = json!({
            "consumer_key": account.consumer_key, "consumer_secret": account.consumer_secret,
            "token": account.access_token, "token_secret": account.access_token_secret,
        });
        for (name, value) in [
            ("INSTAGRAM_TOKEN", options.instagram.access_token.clone()),
            ("X_OAUTH1", oauth1.to_string()),
            ("X_CONSUMER_SECRET", account.consumer_secret.clone()),
            ("PASSWORD_AGENT_1", "agent-1".to_owned()),
        ] {
            hub.environment.push((name.to_owned(), value));
        }
        hub.launch().await?;
        // An echo is there before anything is tried again, also on a machine that does much else.
        let channel = "queue = \"support\"\nconfig";
        let patient = format!("retry_pause_seconds = 5.0\n{channel}");
        hub.apply(&networks.site(&site).replace(channel, &patient))?;
        networks.connect(&hub).await?;
        let callback =
            |channel: &str| Url::parse(&format!("{}/channels/{channel}/webhook", hub.base()));
        networks.graph.set_feed_callback_url(callback("posts")?);
        networks
            .graph
            .set_instagram_callback_url(callback("instagram")?);
        for surface in [Surface::Feed, Surface::Instagram] {
            networks.graph.subscribe_on(surface).await?;
        }
        x.set_callback_url(callback("x")?);
        let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
        agent.go_ready().await?;
        let admin = hub.administrator()?;
        Ok(Self {
            networks,
            x,
            hub,
            agent,
            admin,
        })
    }

    /// The messages of everybody whom the hub knows.
    async fn everything_said(&self) -> Result<Vec<Value>> {
        let mut said = Vec::new();
        for contact in self.admin.all("/api/v1/contacts", "after").await? {
            let id = contact["id"].as_str().context("an id")?;
            let path = format!("/api/v1/contacts/{id}/history?limit=200");
            said.extend(self.admin.all(&path, "before").await?);
        }
        Ok(said)
    }

    async fn contacts(&self) -> Result<usize> {
        Ok(self.admin.all("/api/v1/contacts", "after").await?.len())
    }

    async fn interactions(&self) -> Result<Vec<Value>> {
        let mut all = self.admin.all("/api/v1/interactions", "after").await?;
        let ended = "/api/v1/interactions?state=ended";
        all.extend(self.admin.all(ended, "after").await?);
        Ok(all)
    }
}

/// A way in which an agent answers, and the network's call for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Messenger,
    InstagramDirect,
    Comment,
    PrivateReply,
    InstagramComment,
    InstagramPrivateReply,
    XReply,
    XDirect,
}

impl Way {
    const ALL: [Self; 8] = [
        Self::Messenger,
        Self::InstagramDirect,
        Self::Comment,
        Self::PrivateReply,
        Self::InstagramComment,
        Self::InstagramPrivateReply,
        Self::XReply,
        Self::XDirect,
    ];

    fn operation(self) -> &'static str {
        match self {
            Self::Messenger
            | Self::InstagramDirect
            | Self::PrivateReply
            | Self::InstagramPrivateReply => "send",
            Self::Comment | Self::InstagramComment => "comment",
            Self::XReply => "post",
            Self::XDirect => "dm",
        }
    }

    fn is_private_reply(self) -> bool {
        matches!(self, Self::PrivateReply | Self::InstagramPrivateReply)
    }

    fn network(self, world: &World) -> (&Faults, &Record) {
        match self {
            Self::XReply | Self::XDirect => (world.x.faults(), world.x.record()),
            _ => (world.networks.graph.faults(), world.networks.graph.record()),
        }
    }

    /// A customer writes, and the hub has it.
    async fn says(self, world: &World, who: &str, text: &str) -> Result<String> {
        let graph = &world.networks.graph;
        let said = match self {
            Self::Messenger => {
                if graph.customer(who).is_none() {
                    graph.add_customer(who, Profile::named("Rosa", who));
                }
                graph.say(who, Incoming::text(text)).await
            }
            Self::Comment | Self::PrivateReply => {
                if graph.customer(who).is_none() {
                    graph.add_customer(who, Profile::named("Rosa", who));
                }
                let comment = FeedAct::Comment {
                    post: None,
                    text: text.to_owned(),
                    photo: None,
                    video: None,
                };
                graph.say(who, comment).await
            }
            Self::InstagramDirect | Self::InstagramComment | Self::InstagramPrivateReply => {
                if graph.customer(who).is_none() {
                    let person = InstagramPerson::default();
                    graph.add_instagram_customer(who, Profile::named("Kim", who), person);
                }
                if self == Self::InstagramDirect {
                    graph.say(who, Act::Instagram(Incoming::text(text))).await
                } else {
                    let comment = CommentAct::Comment {
                        media: None,
                        text: text.to_owned(),
                    };
                    graph.say(who, comment).await
                }
            }
            Self::XReply => {
                let name = &world.x.options().username;
                let post = x::Incoming::mention(format!("@{name} {text}"));
                world.x.say(who, post).await
            }
            Self::XDirect => world.x.say(who, x::Incoming::dm(text)).await,
        };
        ensure!(said.acknowledged, "{self:?}: {said:?}");
        Ok(said.message_id)
    }
}

/// What happens to the answer of a send whose effect is there.
fn troubles() -> [(&'static str, Fault); 3] {
    let refused = FaultAnswer {
        status: 503,
        headers: Vec::new(),
        content_type: None,
        body: String::new(),
    };
    [
        ("comes late", Fault::AnswerLate { millis: 1_500 }),
        ("is lost", Fault::CloseMidAnswer),
        ("is another", Fault::AnswerAfterEffect(refused)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_that_overtakes_the_answer_is_the_same_message() -> Result<()> {
    let world = World::open().await?;
    world.networks.graph.publish("Our new shop is open.", &[]);
    world
        .networks
        .graph
        .publish_media("A picture", "https://pictures.example/1.jpg");
    let mut people = 0;
    for way in Way::ALL {
        for (trouble, fault) in troubles() {
            people += 1;
            let what = format!("{way:?}, whose answer {trouble}");
            println!("{what}");
            let who = format!("77000{people}");
            way.says(&world, &who, "Where is my parcel?").await?;
            let interaction = world.agent.accept_next().await?;
            let id = interaction["id"].as_str().context("id")?;
            let (faults, record) = way.network(&world);
            let calls = || record.of(Direction::FromHub, way.operation()).len();
            let before = calls();
            faults.plan(FaultPlan::next(1, fault).on(way.operation()));
            let messages = format!("/api/v1/interactions/{id}/messages");
            let text = format!("Good day! See https://shop.example/{people} for it.");
            let answer = json!({ "text": text, "private": way.is_private_reply() });
            world.agent.post(&messages, &answer).await?;
            let arrived = eventually(&what, SOON, async || {
                let said = world.agent.all(&messages, "before").await?;
                let own = said.iter().find(|m| m["content"]["text"] == text.as_str());
                let state = own.and_then(|own| own["state"].as_str());
                Ok(matches!(state, Some("sent" | "delivered" | "read")).then_some(()))
            })
            .await;
            let said = world.agent.all(&messages, "before").await?;
            arrived.with_context(|| format!("{said:#?}\n{}", world.hub.log()))?;
            // What comes after it is behind everything that the send has led to.
            if trouble == "comes late" {
                tokio::time::sleep(Duration::from_millis(1_600)).await;
            }
            way.says(&world, &who, "And?").await?;
            eventually("the next message", SOON, async || {
                let said = world.everything_said().await?;
                let here = said.iter().filter(|m| {
                    m["content"]["text"]
                        .as_str()
                        .is_some_and(|t| t.ends_with("And?"))
                });
                Ok((here.count() == people).then_some(()))
            })
            .await
            .with_context(|| what.clone())?;
            let all = world.everything_said().await?;
            let own: Vec<_> = all
                .iter()
                .filter(|m| m["author"]["kind"] != "contact")
                .collect();
            ensure!(own.len() == people, "{what}: {own:#?}");
            ensure!(
                own.iter().all(|m| m["author"]["kind"] == "agent"),
                "{what}: {own:#?}"
            );
            ensure!(calls() == before + 1, "{what}: {} calls", calls() - before);
            ensure!(world.contacts().await? == people, "{what}");
            // Nothing waits for a person to decide.
            for channel in ["page", "posts", "instagram", "x"] {
                let path = format!("/api/v1/channels/{channel}/dead-letters");
                let letters = world.admin.all(&path, "after").await?;
                ensure!(letters.is_empty(), "{what}: {letters:#?}");
            }
            for open in world.agent.all("/api/v1/interactions", "after").await? {
                if open["state"] == "connected" {
                    let id = open["id"].as_str().context("id")?;
                    let end = format!("/api/v1/interactions/{id}/end");
                    world.agent.post(&end, &json!({})).await?;
                }
            }
            // What the second message began is taken and ended as well.
            let open = world.agent.all("/api/v1/interactions", "after").await?;
            for _ in open {
                let id = world.agent.accept_next().await?["id"].clone();
                let end = format!("/api/v1/interactions/{}/end", id.as_str().context("id")?);
                world.agent.post(&end, &json!({})).await?;
            }
        }
    }
    Ok(())
}

/// What the company writes in a network's own tools, when nobody has asked.
fn own_words(world: &World) -> Vec<(&'static str, &'static str, Value)> {
    let page = &world.networks.graph.options().page_id;
    let account = &world.networks.graph.options().instagram.id;
    let (user, name) = (&world.x.options().user_id, &world.x.options().username);
    let feed = |value: Value| {
        json!({ "object": "page", "entry": [{ "id": page, "time": 1_790_000_000,
            "changes": [{ "field": "feed", "value": value }] }] })
    };
    let instagram = |value: Value| {
        json!({ "object": "instagram", "entry": [{ "id": account, "time": 1_790_000_000,
            "changes": [{ "field": "comments", "value": value }] }] })
    };
    let from = json!({ "id": page, "name": "Shop" });
    let post = |id: &str, more: Value| {
        let mut post = json!({
            "id": id.parse::<u64>().unwrap_or(1), "id_str": id, "text": "Our news",
            "created_at": "Wed Oct 10 20:19:24 +0000 2026", "timestamp_ms": "1790000000000",
            "user": { "id_str": user, "screen_name": name, "name": "Shop" }, "entities": {},
        });
        for (member, value) in more.as_object().into_iter().flatten() {
            post[member] = value.clone();
        }
        json!({ "for_user_id": user, "tweet_create_events": [post] })
    };
    let mut words = Vec::new();
    for item in ["status", "photo", "video", "share", "album", "event"] {
        let id = format!("{page}_{}", 500 + words.len());
        words.push((
            "posts",
            "a post",
            feed(
                json!({ "item": item, "verb": "add", "post_id": id, "from": from, "published": 1,
                "message": "Our news", "created_time": 1_790_000_000 }),
            ),
        ));
    }
    for (comment, parent) in [
        ("500_1", format!("{page}_500")),
        ("500_2", "500_1".to_owned()),
        ("999_3", "999_2".to_owned()),
    ] {
        let post = comment.split('_').next().unwrap_or_default();
        words.push((
            "posts",
            "a comment",
            feed(
                json!({ "item": "comment", "verb": "add", "comment_id": comment,
                "post_id": format!("{page}_{post}"), "parent_id": parent, "from": from,
                "message": "By the way", "created_time": 1_790_000_000 }),
            ),
        ));
    }
    words.push((
        "instagram",
        "a comment",
        instagram(
            json!({ "id": "17001", "text": "By the way", "media": { "id": "18001" },
            "from": { "id": account, "username": "shop" } }),
        ),
    ));
    words.push((
        "instagram",
        "a comment that names itself",
        instagram(
            json!({ "id": "17002", "text": "By the way", "media": { "id": "18001" },
            "parent_id": "17001",
            "from": { "id": "9988", "self_ig_scoped_id": "9988", "username": "shop" } }),
        ),
    ));
    words.push(("x", "a post", post("1701", json!({}))));
    words.push((
        "x",
        "a mention of somebody",
        post("1702", json!({ "text": "@ana thanks", "entities": { "user_mentions": [{ "id_str": "5", "screen_name": "ana" }] } })),
    ));
    words.push((
        "x",
        "a reply to somebody unknown",
        post(
            "1703",
            json!({ "in_reply_to_status_id_str": "1600", "in_reply_to_user_id_str": "5" }),
        ),
    ));
    words.push((
        "x",
        "a quote",
        post("1704", json!({ "quoted_status_id_str": "1601",
            "quoted_status": { "id_str": "1601", "text": "Nice shop", "user": { "id_str": "5" } } })),
    ));
    words.push((
        "x",
        "a repost",
        post("1705", json!({ "retweeted_status": { "id_str": "1601", "text": "Nice shop", "user": { "id_str": "5" } } })),
    ));
    words.push((
        "x",
        "a like",
        json!({ "for_user_id": user, "favorite_events": [{ "id": "like-1", "timestamp_ms": 1_790_000_000_000_u64,
            "favorited_status": { "id_str": "1601", "text": "Nice shop", "user": { "id_str": "5" } },
            "user": { "id_str": user, "screen_name": name } }] }),
    ));
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn the_companys_own_words_are_nobodys_work() -> Result<()> {
    let world = World::open().await?;
    world
        .networks
        .graph
        .set_delivery(WebhookDelivery::default());
    for (channel, what, body) in own_words(&world) {
        let told = if channel == "x" {
            world.x.deliver_body(body.clone()).await
        } else {
            world.networks.graph.deliver_body(body.clone()).await
        };
        ensure!(told.acknowledged, "{channel}, {what}: {told:?}");
    }
    // Whoever comments then is read with it before one's eyes; by then all of it was read.
    let page = &world.networks.graph.options().page_id;
    let comment = json!({ "object": "page", "entry": [{ "id": page, "time": 1_790_000_100, "changes": [{
        "field": "feed", "value": { "item": "comment", "verb": "add", "comment_id": "500_9",
        "post_id": format!("{page}_500"), "from": { "id": "4711", "name": "Pia" },
        "message": "Nice", "created_time": 1_790_000_100 } }] }] });
    let told = world.networks.graph.deliver_body(comment).await;
    ensure!(told.acknowledged, "{told:?}");
    let post = json!({ "for_user_id": world.x.options().user_id, "tweet_create_events": [{
        "id_str": "1801", "text": format!("@{} hi", world.x.options().username),
        "timestamp_ms": "1790000200000", "in_reply_to_status_id_str": "1701",
        "in_reply_to_user_id_str": world.x.options().user_id,
        "user": { "id_str": "6", "screen_name": "ugo", "name": "Ugo" }, "entities": {} }] });
    let told = world.x.deliver_body(post).await;
    ensure!(told.acknowledged, "{told:?}");
    let open = eventually("the two customers", SOON, async || {
        let open = world.admin.all("/api/v1/interactions", "after").await?;
        Ok((open.len() == 2).then_some(open))
    })
    .await?;
    ensure!(
        world.contacts().await? == 2,
        "{:#?}",
        world.admin.all("/api/v1/contacts", "after").await?
    );
    let all = world.interactions().await?;
    ensure!(all.len() == 2, "{all:#?}");
    for interaction in &open {
        let id = interaction["id"].as_str().context("id")?;
        let shown = world
            .admin
            .get(&format!("/api/v1/interactions/{id}"))
            .await?;
        let context = shown["thread_context"].as_array().context("a context")?;
        ensure!(
            context.iter().any(|m| m["content"]["text"] == "Our news"
                && m["author"]["kind"] == "native"
                && m.get("interaction").is_none()),
            "{shown:#}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_answer_closes_once_it_is_used() -> Result<()> {
    let world = World::open().await?;
    let graph = &world.networks.graph;
    graph.publish("Our new shop is open.", &[]);
    graph.publish_media("A picture", "https://pictures.example/1.jpg");
    let is_open = async |id: &str| -> Result<bool> {
        let shown = world
            .agent
            .get(&format!("/api/v1/interactions/{id}"))
            .await?;
        let actions = shown["capabilities"]["actions"]
            .as_array()
            .context("actions")?;
        let private = actions.iter().find(|a| a["kind"] == "private_reply");
        private.context("no private reply")?["open"]
            .as_bool()
            .context("open")
    };
    for (way, who, elsewhere) in [
        (Way::PrivateReply, "8801", false),
        (Way::InstagramPrivateReply, "8802", false),
        (Way::PrivateReply, "8803", true),
        (Way::InstagramPrivateReply, "8804", true),
    ] {
        way.says(&world, who, "Where is my parcel?").await?;
        let interaction = world.agent.accept_next().await?;
        let id = interaction["id"].as_str().context("id")?;
        ensure!(is_open(id).await?, "{way:?}");
        if elsewhere {
            // Somebody has answered in the network's own tools.
            let used = json!({ "error": { "message": "(#10900) Activity already replied to",
                "type": "OAuthException", "code": 10900 } });
            graph
                .faults()
                .plan(FaultPlan::next(1, Fault::json(400, &used)).on("send"));
        }
        let messages = format!("/api/v1/interactions/{id}/messages");
        let answer = json!({ "text": "What is your order number?", "private": true });
        world.agent.post(&messages, &answer).await?;
        let state = if elsewhere { "failed" } else { "sent" };
        eventually("the answer's end", SOON, async || {
            let said = world.agent.all(&messages, "before").await?;
            let rank = said[0]["state"].as_str();
            let is_done =
                rank == Some(state) || (!elsewhere && matches!(rank, Some("delivered" | "read")));
            Ok(is_done.then_some(()))
        })
        .await?;
        ensure!(!is_open(id).await?, "{way:?}, {elsewhere}");
        let again = world
            .agent
            .ask(
                reqwest::Method::POST,
                &messages,
                &[("idempotency-key", who)],
                Some(&answer),
            )
            .await?;
        ensure!(again.status.is_client_error(), "{again:?}");
        // Another comment can be answered.
        way.says(&world, who, "Hello?").await?;
        eventually("a further comment", SOON, async || {
            Ok(is_open(id).await?.then_some(()))
        })
        .await?;
        let end = format!("/api/v1/interactions/{id}/end");
        let ended = world.agent.post(&end, &json!({})).await?;
        ensure!(ended["state"] == "ended", "{ended}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_company_writes_first_is_kept_with_whom_it_wrote_to() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "")], 1, 1).await?;
    let own = |message: &str| {
        board.event(
            "dm",
            json!({ "kind": "own", "with": "p-9", "message": message, "text": message }),
        )
    };
    board.deliver("board", &[own("We found your bag")]).await?;
    eventually("the company's word", SOON, async || {
        let said = board.admin.history("board", "p-9").await?;
        Ok((said.len() == 1 && said[0].get("interaction").is_none()).then_some(()))
    })
    .await?;
    for state in ["open", "ended"] {
        let path = format!("/api/v1/interactions?state={state}");
        let all = board.admin.all(&path, "after").await?;
        ensure!(all.is_empty(), "{all:#?}");
    }
    // Whoever answers the customer has it before their eyes; what the company adds belongs to it.
    let answer = json!({ "kind": "comment", "with": "p-9", "message": "d1", "text": "Thanks",
        "author": { "id": "p-9" } });
    board
        .deliver("board", &[board.event("dm", answer), own("On its way")])
        .await?;
    let open = board.open(1, 1).await?;
    let said = eventually("all that was said", SOON, async || {
        let said = board.admin.history("board", "p-9").await?;
        Ok((said.len() == 3).then_some(said))
    })
    .await?;
    ensure!(said[0]["interaction"] == open[0]["id"], "{said:#?}");
    ensure!(said[2].get("interaction").is_none(), "{said:#?}");
    // All of it is found again in what a check and a rebuild see.
    let contact = &said[0]["contact"];
    ensure!(said.iter().all(|m| m["contact"] == *contact), "{said:#?}");
    Ok(())
}
