//! Who may do what: every operation of the API against every right, as the description tells it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::open_messaging::Said;
use linecard_tests::{Client, Described, Hub, Networks, SOON, Seen, SiteOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// The rights that there are, as the description lists them.
async fn all_rights(client: &Client) -> Result<Vec<String>> {
    let document = client.get("/api/openapi.json").await?;
    let listed = document["components"]["schemas"]["Right"]["enum"].as_array();
    let listed = listed.context("the rights are not described")?;
    let names = listed.iter().filter_map(Value::as_str).map(str::to_owned);
    Ok(names.collect())
}

/// A person of each kind: one with every single right alone, and one with none.
async fn people(hub: &Hub, networks: &Networks, site: &SiteOptions) -> Result<Vec<Person>> {
    let mut rights = all_rights(&hub.administrator()?).await?;
    rights.push("none".to_owned());
    // They see what is in the queue, so that what they may do there is a matter of their rights.
    let members: Vec<String> = rights.iter().map(|right| format!("of-{right}")).collect();
    let mut file = networks.site(site);
    file = file.replace("members = [\"agent-1\"]", &format!("members = {members:?}"));
    for right in &rights {
        let role = match right.as_str() {
            "none" => "agent".to_owned(),
            right => {
                writeln!(file, "[roles.only-{right}]\nrights = [\"{right}\"]")?;
                format!("only-{right}")
            }
        };
        // The password is that of the first agent.
        writeln!(
            file,
            "[agents.of-{right}]\nrole = \"{role}\"\npassword = \"env:PASSWORD_AGENT_1\""
        )?;
    }
    hub.apply(&file)?;
    let mut people = Vec::new();
    for right in rights {
        let name = format!("of-{right}");
        let client = Client::sign_in(&hub.base(), &name, "agent-1").await?;
        people.push(Person { right, client });
    }
    Ok(people)
}

struct Person {
    right: String,
    client: Client,
}

/// The rights of which one lets somebody do an operation, if it takes any.
fn rights_for(says: &Value, extension: &str) -> Option<Vec<String>> {
    match &says[extension] {
        Value::String(only) => Some(vec![only.clone()]),
        Value::Array(several) => {
            let several = several.iter().filter_map(Value::as_str);
            Some(several.map(str::to_owned).collect())
        }
        _ => None,
    }
}

/// Calls an operation with its own example, about `place` wherever its path wants a name.
async fn call(
    person: &Person,
    method: &Method,
    path: &str,
    says: &Value,
    place: &str,
) -> Result<Seen> {
    let is_number = |name: &str| {
        let parameters = says["parameters"].as_array().into_iter().flatten();
        let mut found = parameters.filter(|parameter| parameter["name"] == name);
        found.any(|parameter| parameter["schema"]["type"] == "integer")
    };
    let parts = path.split('/').map(|part| {
        let name = part
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'));
        match name {
            None => part,
            Some(name) if is_number(name) => "999999",
            Some("id") => place,
            Some(_) => "nobody",
        }
    });
    let path: Vec<&str> = parts.collect();
    let mut path = path.join("/");
    if says["operationId"] == "listOffers" {
        path.push_str("?agent=agent-1");
    }
    let example = &says["requestBody"]["content"]["application/json"]["example"];
    let body = (!example.is_null()).then_some(example);
    // What is changed as a whole is changed by nobody here: the version is one that never was.
    let headers = [("if-match", "\"never\"")];
    person
        .client
        .ask(method.clone(), &path, &headers, body)
        .await
}

fn refused(seen: &Seen) -> bool {
    seen.status == StatusCode::FORBIDDEN
        && seen.body["type"]
            .as_str()
            .is_some_and(|kind| kind.ends_with("not-allowed"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_is_open_to_those_with_its_right_and_to_nobody_else() -> Result<()> {
    let networks = Networks::start().await?;
    let site = SiteOptions::default();
    let hub = networks.hub(BINARY, &site).await?;
    let people = people(&hub, &networks, &site).await?;
    let boss = hub.administrator()?;
    let described = Described::by(&boss).await?;
    let said = networks.web.say("dora", Said::text("hello")).await;
    ensure!(said.acknowledged, "{said:?}");
    let interaction = eventually("an interaction", SOON, async || {
        let listed = boss.get("/api/v1/interactions").await?;
        Ok(listed
            .pointer("/items/0/id")
            .and_then(Value::as_str)
            .map(str::to_owned))
    })
    .await?;

    let mut faults = Vec::new();
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    for operation in described.operations()? {
        let says = operation.says;
        let id = says["operationId"].as_str().context("no name")?;
        // Of what is another's only agents are at hand here; the rest has tests where it is worked with.
        let of_others = operation.path.contains("/agents/{id}") || id == "listOffers";
        let (needed, place) = match rights_for(says, "x-right") {
            Some(needed) if operation.path.contains("/interactions/{id}") => {
                (needed, interaction.as_str())
            }
            Some(needed) => (needed, "nobody"),
            None if of_others => match rights_for(says, "x-right-of-others") {
                Some(needed) => (needed, "agent-1"),
                None => continue,
            },
            None => continue,
        };
        ensure!(!needed.is_empty(), "{id} names no right");
        for person in &people {
            let seen = call(person, &operation.method, operation.path, says, place).await?;
            let may = needed.contains(&person.right);
            let right = if may {
                !refused(&seen) && seen.status != StatusCode::UNAUTHORIZED
            } else {
                refused(&seen)
            };
            if !right || seen.status.is_server_error() {
                faults.push(format!(
                    "{id} with only {:?}, which needs {needed:?}: {} {}",
                    person.right, seen.status, seen.body
                ));
            }
        }
        for right in needed {
            let known = people.iter().find(|person| person.right == right);
            let known = known.with_context(|| format!("{id} names the unknown right {right}"))?;
            *asked.entry(&known.right).or_default() += 1;
        }
    }
    ensure!(faults.is_empty(), "{faults:#?}");
    let idle: Vec<&str> = people
        .iter()
        .map(|person| person.right.as_str())
        .filter(|right| *right != "none" && !asked.contains_key(right))
        .collect();
    ensure!(idle.is_empty(), "nothing needs these rights: {idle:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_names_no_right_asks_for_none() -> Result<()> {
    let networks = Networks::start().await?;
    let site = SiteOptions::default();
    let hub = networks.hub(BINARY, &site).await?;
    let people = people(&hub, &networks, &site).await?;
    let none = people.last().context("nobody")?;
    let described = Described::by(&hub.administrator()?).await?;
    let mut faults = Vec::new();
    let mut asked = 0;
    for operation in described.operations()? {
        let says = operation.says;
        let id = says["operationId"].as_str().context("no name")?;
        let told = ["x-right", "x-right-of-others"];
        let names_one = told.iter().any(|name| !says[*name].is_null());
        // Streams do not end by themselves, and after the way out nobody is signed in.
        let ends = ["signOut", "streamEvents", "changeOwnPassword"];
        if names_one || ends.contains(&id) {
            continue;
        }
        let seen = call(none, &operation.method, operation.path, says, "nobody").await?;
        if refused(&seen) {
            faults.push(format!("{id}: {}", seen.body["detail"]));
        }
        asked += 1;
    }
    ensure!(faults.is_empty(), "{faults:#?}");
    ensure!(asked > 40, "only {asked} were asked");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_the_site_gives_its_rights_at_once_and_takes_them_at_once() -> Result<()> {
    let networks = Networks::start().await?;
    let site = |rights: &str| SiteOptions {
        more: format!(
            "[roles.team-lead]\nname = \"Team lead\"\nrights = {rights}\n\
             [agents.lea]\nrole = \"team-lead\"\npassword = \"env:PASSWORD_AGENT_1\"\n"
        ),
        ..SiteOptions::default()
    };
    let hub = networks.hub(BINARY, &site(r#"["figures"]"#)).await?;
    let lea = Client::sign_in(&hub.base(), "lea", "agent-1").await?;
    let session = lea.get("/api/v1/session").await?;
    ensure!(session["role"] == "team-lead", "{session}");
    ensure!(session["rights"] == json!(["figures"]), "{session}");
    lea.get("/api/v1/stats").await?;

    hub.apply(&networks.site(&site(r#"["texts"]"#)))?;
    let seen = lea.ask(Method::GET, "/api/v1/stats", &[], None).await?;
    ensure!(refused(&seen), "{seen:?}");
    let detail = seen.body["detail"].as_str().context("detail")?;
    ensure!(detail.contains("figures"), "{detail}");
    let session = lea.get("/api/v1/session").await?;
    ensure!(session["rights"] == json!(["texts"]), "{session}");
    Ok(())
}
