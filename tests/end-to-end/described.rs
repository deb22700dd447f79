//! The description of the API against the hub: its examples run as they are written, every answer is
//! what it says, and no door is open that it does not name.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::open_messaging::Said;
use linecard_simulator::{TelegramOptions, TelegramSimulator};
use linecard_tests::{Client, Described, Hub, Networks, SiteOptions, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

async fn accepted(described: &mut Described, networks: &Networks, agent: &Client) -> Result<Value> {
    let said = networks
        .web
        .say("dora@example.com", Said::text("hello"))
        .await;
    ensure!(said.acknowledged, "{said:?}");
    eventually("an offer", Duration::from_secs(20), async || {
        let offers = agent.get("/api/v1/offers").await?;
        Ok(offers.pointer("/0/id").map(|_| ()))
    })
    .await?;
    let offers = described.run(agent, "listOffers", &[], "").await?;
    let offer = offers[0]["id"].as_str().context("id")?.to_owned();
    described.run(agent, "getOffer", &[&offer], "").await?;
    described.run(agent, "acceptOffer", &[&offer], "").await
}

/// What the network to practise on gives is what makes a channel to it, and then its customer is heard.
async fn practised(described: &mut Described, administrator: &Client) -> Result<()> {
    administrator
        .put("/api/v1/queues/support", &json!({"config": {}}))
        .await?;
    let given = described
        .run(administrator, "openPractice", &[], "")
        .await?;
    let mut body = json!({"config": given["config"], "secrets": given["secrets"]});
    body["config"]["queue"] = json!("support");
    administrator
        .put("/api/v1/channels/practice", &body)
        .await?;
    let said = described
        .run(administrator, "writePracticeMessage", &[], "")
        .await?;
    let seen = described
        .run(administrator, "listPracticeMessages", &[], "")
        .await?;
    ensure!(seen == said && seen[0]["by_customer"] == true, "{seen}");
    let none = administrator
        .ask(
            Method::POST,
            "/api/v1/practice/messages",
            &[],
            Some(&json!({"text": " "})),
        )
        .await?;
    ensure!(none.status == 422, "{none:?}");
    ensure!(none.body["pointer"] == "/text", "{none:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_runs_as_written_and_answers_are_as_described() -> Result<()> {
    let networks = Networks::start().await?;
    let options = SiteOptions {
        agents: 2,
        more: "[stations.social-desk]\nmedia_types = [\"social-direct-message\"]\n[hours.shop]\nzone = \"UTC\"\n"
            .to_owned(),
        ..SiteOptions::default()
    };
    let hub = networks.hub(BINARY, &options).await?;
    let administrator = hub.administrator()?;
    let mut described = Described::by(&administrator).await?;
    let d = &mut described;

    // The site's parts, as an administrator sets them up.
    d.run(&administrator, "checkSite", &[], "").await?;
    d.run(&administrator, "getSite", &[], "").await?;
    d.run(&administrator, "putQueue", &["care"], "").await?;
    d.run(&administrator, "putAgent", &["anna"], "").await?;
    d.run(&administrator, "putKey", &["reporting"], "").await?;
    d.run(&administrator, "putChannel", &["shop"], "").await?;
    for list in [
        "listAgents",
        "listAudit",
        "listChannels",
        "listKeys",
        "listPlugins",
        "listQueues",
    ] {
        d.run(&administrator, list, &[], "").await?;
    }
    d.run(&administrator, "getQueue", &["support"], "").await?;
    d.run(&administrator, "listQueueIntervals", &["support"], "")
        .await?;
    d.run(&administrator, "listHours", &[], "").await?;
    d.run(&administrator, "declareEmergency", &["shop"], "")
        .await?;
    d.run(&administrator, "endEmergency", &["shop"], "").await?;
    let holidays = ["shop", "holidays"];
    d.run(&administrator, "putCalendar", &holidays, "").await?;
    d.run(&administrator, "getCalendar", &holidays, "").await?;
    d.run(&administrator, "deleteCalendar", &holidays, "")
        .await?;
    d.run(&administrator, "listRuleFacts", &[], "").await?;
    d.run(&administrator, "checkRules", &[], "").await?;
    d.run(&administrator, "testRules", &[], "").await?;
    d.run(&administrator, "replaceRules", &[], "").await?;
    d.run(&administrator, "getRules", &[], "").await?;
    let versions = d.run(&administrator, "listRulesVersions", &[], "").await?;
    let version = versions.pointer("/items/0/id").context("a version")?;
    let version = version.to_string();
    d.run(&administrator, "undoRules", &[&version], "").await?;
    d.run(&administrator, "getChannel", &["web"], "").await?;
    d.run(&administrator, "getPlugin", &["open-messaging"], "")
        .await?;
    // A file in the place of a plug-in that comes with the program, and back.
    let serving = crate::plugins::put(&hub, &administrator, "open-messaging", "described").await?;
    d.run(
        &administrator,
        "approvePlugin",
        &["open-messaging", &serving],
        "",
    )
    .await?;
    d.run(&administrator, "rollBackPlugin", &["open-messaging"], "")
        .await?;
    d.run(&administrator, "getPlugin", &["open-messaging"], "")
        .await?;
    let record = ["recordPlugin", "getPluginRecording", "stopPluginRecording"];
    for operation in record {
        d.run(&administrator, operation, &["open-messaging"], "")
            .await?;
    }
    d.run(&administrator, "pauseChannel", &["shop"], "").await?;
    d.run(&administrator, "resumeChannel", &["shop"], "")
        .await?;
    let bot = TelegramSimulator::start(TelegramOptions::default()).await?;
    let base = bot.base_url();
    let body = json!({
        "config": {"plugin": "telegram", "queue": "support", "hosts": [base],
            "config": {"updates": "polling", "api_url": base}, "secrets": {"bot-token": "stored"}},
        "secrets": {"bot-token": bot.options().token},
    });
    administrator.put("/api/v1/channels/bot", &body).await?;
    d.run(&administrator, "setUpChannel", &["bot"], "").await?;
    d.run(&administrator, "tearDownChannel", &["bot"], "")
        .await?;
    d.run(&administrator, "listDeadLetters", &["web"], "")
        .await?;
    d.run(&administrator, "putWebhook", &["tickets"], "")
        .await?;
    d.run(&administrator, "listWebhooks", &[], "").await?;
    d.run(&administrator, "getWebhook", &["tickets"], "")
        .await?;
    d.run(&administrator, "rotateWebhookSecret", &["tickets"], "")
        .await?;
    d.run(&administrator, "redeliverWebhook", &["tickets"], "")
        .await?;
    d.run(&administrator, "listWebhookDeliveries", &["tickets"], "")
        .await?;
    d.run(&administrator, "listWebhookDeadLetters", &["tickets"], "")
        .await?;
    d.run(&administrator, "deleteWebhook", &["tickets"], "")
        .await?;
    d.run(&administrator, "setAgentPresence", &["anna"], "")
        .await?;
    d.run(&administrator, "getAgent", &["anna"], "").await?;
    let session = d
        .run(&Client::anonymous(&hub.base())?, "signIn", &[], "")
        .await?;
    let token = session["token"].as_str().context("token")?;
    let anna = Client::with_token(&hub.base(), token)?;
    d.run(&anna, "getSession", &[], "").await?;
    d.run(&anna, "issueEventTicket", &[], "").await?;
    d.run(&anna, "getSnapshot", &[], "").await?;
    d.run(&anna, "listSessions", &["me"], "").await?;
    d.run(&anna, "changeOwnPassword", &[], "").await?;
    d.run(&anna, "signOut", &[], "").await?;

    // A shift.
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    d.run(&agent, "setOwnPresence", &[], "").await?;
    d.run(&agent, "getOwnAgent", &[], "").await?;
    let interaction = accepted(d, &networks, &agent).await?;
    let id = interaction["id"].as_str().context("id")?;
    let contact = interaction["contact"].as_str().context("contact")?;
    d.run(&agent, "getInteraction", &[id], "").await?;
    d.run(
        &agent,
        "listInteractions",
        &[],
        "?state=connected&agent=me&limit=1",
    )
    .await?;
    d.run(&agent, "explainInteraction", &[id], "").await?;
    d.run(&agent, "listDecisions", &[id], "").await?;
    d.run(&agent, "explainAgent", &["agent-1"], "").await?;
    d.run(&agent, "takeAction", &[id], "").await?;
    d.run(
        &agent,
        "listInbox",
        &[],
        "?scope=mine&sort=last_message&order=desc",
    )
    .await?;
    d.run(&agent, "lookAtInteraction", &[id], "").await?;
    d.run(&agent, "getInteraction", &[id], "").await?;
    d.run(&agent, "lookAwayFromInteraction", &[id], "").await?;
    d.run(&agent, "markRead", &[id], "").await?;
    d.run(&agent, "markUnread", &[id], "").await?;
    d.run(&agent, "saveDraft", &[id], "").await?;
    d.run(&agent, "getDraft", &[id], "").await?;
    d.run(&agent, "deleteDraft", &[id], "").await?;
    d.run(&agent, "addLabel", &[id, "vip"], "").await?;
    d.run(&agent, "removeLabel", &[id, "vip"], "").await?;
    d.run(&agent, "addFollower", &[id, "me"], "").await?;
    d.run(&agent, "removeFollower", &[id, "me"], "").await?;
    d.run(&agent, "setInteractionAttribute", &[id, "order"], "")
        .await?;
    let said = agent
        .get(&format!("/api/v1/interactions/{id}/messages"))
        .await?;
    let of_contact = |message: &&Value| message["author"]["kind"] == "contact";
    let items = said["items"].as_array().context("items")?;
    let said = items
        .iter()
        .find(of_contact)
        .context("a customer's message")?;
    let said = said["id"].as_str().context("id")?.to_owned();
    d.run(&agent, "correctMessage", &[id, &said], "").await?;
    d.run(&administrator, "listTrainingMessages", &[], "")
        .await?;
    d.run(&administrator, "excludeFromTraining", &[id, &said], "")
        .await?;
    let example = d.run(&administrator, "addTrainingMessage", &[], "").await?;
    let example = example["id"].as_str().context("id")?;
    d.run(&administrator, "putTrainingMessage", &[example], "")
        .await?;
    d.run(&administrator, "exportTrainingMessages", &[], "")
        .await?;
    d.run(&administrator, "deleteTrainingMessage", &[example], "")
        .await?;
    let note = d.run(&agent, "writeInteractionNote", &[id], "").await?;
    let note = note["id"].as_str().context("id")?;
    d.run(&agent, "changeInteractionNote", &[id, note], "")
        .await?;
    d.run(&administrator, "listInteractionNotes", &[id], "")
        .await?;
    d.run(&agent, "deleteInteractionNote", &[id, note], "")
        .await?;
    d.run(&administrator, "importResponses", &[], "").await?;
    d.run(&administrator, "exportResponses", &[], "").await?;
    d.run(&administrator, "putResponse", &["welcome"], "")
        .await?;
    d.run(&agent, "listResponses", &[], "?search=hello&sort=used")
        .await?;
    d.run(&agent, "getResponse", &["welcome"], "").await?;
    d.run(&administrator, "putMacro", &["thank"], "").await?;
    d.run(&agent, "listMacros", &[], "").await?;
    d.run(&agent, "getMacro", &["thank"], "").await?;
    let sent = d.run(&agent, "sendMessage", &[id], "").await?;
    let message = sent["id"].as_str().context("id")?;
    d.run(&agent, "listMessages", &[id], "?include=raw").await?;
    d.run(&agent, "listReactions", &[id, message], "").await?;
    d.run(&agent, "getContact", &[contact], "").await?;
    d.run(&agent, "listContactHistory", &[contact], "").await?;
    d.run(&agent, "getContactJourney", &[contact], "").await?;
    d.run(&agent, "listAlikeContacts", &[contact], "?limit=10")
        .await?;
    d.run(&agent, "setContactAttribute", &[contact, "since"], "")
        .await?;
    let note = d.run(&agent, "writeContactNote", &[contact], "").await?;
    let note = note["id"].as_str().context("id")?;
    d.run(&agent, "changeContactNote", &[contact, note], "")
        .await?;
    d.run(&agent, "listContactNotes", &[contact], "").await?;
    d.run(&agent, "recordOptIn", &[contact, "web"], "").await?;
    d.run(&agent, "withdrawOptIn", &[contact, "web"], "")
        .await?;
    d.run(&agent, "listTransferTargets", &[id], "").await?;
    d.run(&agent, "holdInteraction", &[id], "").await?;
    d.run(&agent, "parkInteraction", &[id], "").await?;
    d.run(&agent, "resumeInteraction", &[id], "").await?;
    let other = Client::sign_in(&hub.base(), "agent-2", "agent-2").await?;
    other.go_ready().await?;
    d.run(&agent, "consultOnInteraction", &[id], "").await?;
    d.run(&agent, "cancelConsultation", &[id], "").await?;
    d.run(&agent, "consultOnInteraction", &[id], "").await?;
    other.accept_next().await?;
    d.run(&agent, "completeConsultation", &[id], "").await?;
    d.run(&other, "transferInteraction", &[id], "").await?;
    d.run(&administrator, "prioritizeInteraction", &[id], "")
        .await?;
    agent.accept_next().await?;
    d.run(&agent, "beginExternalWork", &["agent-1", "call-1"], "")
        .await?;
    d.run(&agent, "endExternalWork", &["agent-1", "call-1"], "")
        .await?;
    d.run(&agent, "setStation", &["agent-1"], "").await?;
    d.run(&agent, "clearStation", &["agent-1"], "").await?;
    d.run(&administrator, "pauseQueue", &["support"], "")
        .await?;
    d.run(&administrator, "resumeQueue", &["support"], "")
        .await?;
    other
        .put("/api/v1/agents/me/presence", &json!({ "state": "offline" }))
        .await?;
    d.run(&agent, "endInteraction", &[id], "").await?;
    let second = accepted(d, &networks, &agent).await?;
    let id = second["id"].as_str().context("id")?;
    agent
        .post(&format!("/api/v1/interactions/{id}/end"), &json!({}))
        .await?;
    d.run(&agent, "wrapUpInteraction", &[id], "").await?;

    let third = accepted(d, &networks, &agent).await?;
    let id = third["id"].as_str().context("id")?;
    d.run(&agent, "runMacro", &[id, "thank"], "").await?;
    d.run(&administrator, "deleteMacro", &["thank"], "").await?;
    // A supervisor writes to the customer first.
    let lead =
        json!({ "name": "agent-2", "role": "supervisor", "password": "env:PASSWORD_AGENT_2" });
    administrator
        .put("/api/v1/agents/agent-2", &json!({ "config": lead }))
        .await?;
    other.go_ready().await?;
    let own = [("contact", contact), ("channel", "web")];
    d.run_with(&other, "beginInteraction", &[], "", &own)
        .await?;
    d.run(&administrator, "deleteResponse", &["welcome"], "")
        .await?;

    // What is left of it, and the end of everything.
    d.run(&administrator, "getStats", &[], "").await?;
    d.run(&administrator, "listContacts", &[], "").await?;
    d.run(&administrator, "searchEverything", &[], "?q=hello")
        .await?;
    d.run(&administrator, "exportContact", &[contact], "")
        .await?;
    d.run(&administrator, "blockContact", &[contact], "")
        .await?;
    d.run(&administrator, "unblockContact", &[contact], "")
        .await?;
    d.run(&administrator, "deleteChannel", &["shop"], "")
        .await?;
    d.run(&administrator, "deleteKey", &["reporting"], "")
        .await?;
    d.run(&administrator, "deleteAgent", &["anna"], "").await?;
    d.run(&administrator, "deleteQueue", &["care"], "").await?;
    d.run(&administrator, "replaceSite", &[], "").await?;
    practised(d, &administrator).await?;

    // Something must have failed for good before it is redelivered, and be uncertain before somebody says
    // what became of it: that has tests of its own.
    let untried = described.untried_examples()?;
    ensure!(
        untried == ["redeliverDeadLetter", "settleMessage"],
        "nothing runs the examples of {untried:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_take_the_methods_that_are_described_and_no_others() -> Result<()> {
    let hub = Hub::start(BINARY).await?;
    let client = hub.administrator()?;
    let described = Described::by(&client).await?;
    let operations = described.operations()?;
    let paths: BTreeSet<&str> = operations.iter().map(|operation| operation.path).collect();
    for path in paths {
        let filled: Vec<&str> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part })
            .collect();
        let seen = client
            .ask(Method::TRACE, &filled.join("/"), &[], None)
            .await?;
        let allow = seen
            .headers
            .get("allow")
            .with_context(|| format!("{path}: {seen:?}"))?;
        let allowed: BTreeSet<&str> = allow.to_str()?.split(',').map(str::trim).collect();
        let of_path = operations.iter().filter(|operation| operation.path == path);
        let mut described: BTreeSet<&str> =
            of_path.map(|operation| operation.method.as_str()).collect();
        // Whatever can be read can be asked for without its body.
        if described.contains("GET") {
            described.insert("HEAD");
        }
        ensure!(
            allowed == described,
            "{path}: {allowed:?} instead of {described:?}"
        );
    }
    Ok(())
}
