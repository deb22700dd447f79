//! What whoever administers a hub does with the program: applies a site file and sees before what it
//! would change, and gets back into a hub that nobody can sign in to.

use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::graph::GraphOptions;
use linecard_simulator::open_messaging::OpenMessagingOptions;
use linecard_tests::{Client, Hub, Networks, SOON, SiteOptions, eventually, in_full};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
/// The secret of a key that was made through the API.
const SECRET: &str = "a-secret-of-a-partner-0123456789";

const SITE: &str = "[queues.support]\nmembers = [\"anna\"]\n[agents.anna]\n";

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Applies a site file with options, where nobody can be asked.
fn apply(hub: &Hub, site: &str, options: &[&str]) -> Result<(Option<i32>, String, String)> {
    let file = hub.folder().join("site.toml");
    std::fs::write(&file, site)?;
    let mut command = hub.command();
    command.arg("apply").arg(&file).args(options);
    Ok(said(&command.stdin(std::process::Stdio::null()).output()?))
}

/// A hub with the site and a key that somebody made through the API.
async fn with_a_partner() -> Result<(Hub, Client)> {
    let hub = Hub::start(BINARY).await?;
    hub.apply(SITE)?;
    let administrator = hub.administrator()?;
    let key = json!({"config": {"name": "Partner", "secret": "stored"}, "secret": SECRET});
    let made = administrator
        .ask(Method::PUT, "/api/v1/keys/partner", &[], Some(&key))
        .await?;
    ensure!(made.status == StatusCode::CREATED, "{made:?}");
    Ok((hub, administrator))
}

async fn has_the_partner(administrator: &Client) -> Result<bool> {
    let site = administrator.get("/api/v1/site").await?;
    Ok(site["config"]["keys"]["partner"].is_object())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_removed_unseen_by_a_site_file() -> Result<()> {
    let (hub, administrator) = with_a_partner().await?;
    let changed = SITE.replace("[agents", "priority = 5\n[agents");

    // The file does not name the key: shown, and refused where nobody can be asked.
    let (code, shown, why) = apply(&hub, &changed, &[])?;
    ensure!(code == Some(4), "{code:?}: {why}");
    ensure!(
        shown.contains("- keys.partner") && shown.contains("~ queues.support.priority: 0 → 5"),
        "{shown}"
    );
    ensure!(
        why.contains("would remove keys.partner.") && why.contains("--yes"),
        "{why}"
    );
    ensure!(has_the_partner(&administrator).await?);
    let (code, shown, why) = apply(&hub, &changed, &["--dry-run"])?;
    ensure!(code == Some(3), "{code:?}: {why}");
    ensure!(shown.contains("- keys.partner"), "{shown}");
    ensure!(!shown.contains(SECRET) && !why.contains(SECRET), "{shown}");
    ensure!(has_the_partner(&administrator).await?);
    let site = administrator.get("/api/v1/site").await?;
    ensure!(
        site["config"]["queues"]["support"]["priority"] == 0,
        "{site}"
    );

    // What removes nothing needs nobody.
    let named = format!("{changed}[keys.partner]\nname = \"Partner\"\nsecret = \"stored\"\n");
    let (code, shown, why) = apply(&hub, &named, &[])?;
    ensure!(code == Some(0), "{code:?}: {why}");
    ensure!(
        shown.contains("~ queues.support.priority: 0 → 5") && !shown.contains("partner"),
        "{shown}"
    );
    let partner = Client::with_token(&hub.base(), &format!("partner.{SECRET}"))?;
    partner.get("/api/v1/queues").await?;
    let (code, _, why) = apply(&hub, &named, &["--dry-run"])?;
    ensure!(code == Some(0), "{code:?}: {why}");

    // A secret that the hub keeps is lost when its place becomes another: that is a removal, too.
    let elsewhere = named.replace("secret = \"stored\"", "secret = \"file:../partner\"");
    std::fs::write(hub.folder().join("partner"), SECRET)?;
    let place = hub.folder().join("partner").display().to_string();
    let elsewhere = elsewhere.replace("../partner", &place);
    let (code, _, why) = apply(&hub, &elsewhere, &[])?;
    ensure!(code == Some(4), "{code:?}: {why}");
    ensure!(why.contains("keys.partner.secret"), "{why}");

    let (code, shown, why) = apply(&hub, &changed, &["--yes"])?;
    ensure!(code == Some(0), "{code:?}: {why}");
    ensure!(shown.contains("- keys.partner"), "{shown}");
    ensure!(!has_the_partner(&administrator).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_tells_what_a_configuration_would_change_and_applies_just_that() -> Result<()> {
    let (hub, administrator) = with_a_partner().await?;
    let wanted = json!({"config": {"queues": {"support": {}}}, "secrets": {}});
    let seen = administrator
        .ask(Method::POST, "/api/v1/site/check", &[], Some(&wanted))
        .await?;
    ensure!(seen.status == StatusCode::OK, "{seen:?}");
    let changes = seen.body["changes"].as_array().context("changes")?;
    let told: Vec<(&str, &str, bool)> = changes
        .iter()
        .filter_map(|change| {
            let text = |name: &str| change[name].as_str();
            Some((
                text("pointer")?,
                text("kind")?,
                change["removes"].as_bool()?,
            ))
        })
        .collect();
    ensure!(
        told == [
            ("/config/agents/anna", "removed", true),
            ("/config/keys/partner", "removed", true),
            ("/config/queues/support/members", "changed", false),
        ],
        "{told:?}"
    );
    // Something comes in between.
    let version = seen.headers["etag"].to_str()?.to_owned();
    administrator
        .put("/api/v1/queues/sales", &json!({"config": {}}))
        .await?;
    let headers = [("if-match", version.as_str())];
    let refused = administrator
        .ask(Method::PUT, "/api/v1/site", &headers, Some(&wanted))
        .await?;
    ensure!(
        refused.status == StatusCode::PRECONDITION_FAILED,
        "{refused:?}"
    );
    ensure!(has_the_partner(&administrator).await?);
    // It shows the whole configuration, so it is for administrators.
    let partner = Client::with_token(&hub.base(), &format!("partner.{SECRET}"))?;
    let refused = partner
        .ask(Method::POST, "/api/v1/site/check", &[], Some(&wanted))
        .await?;
    ensure!(refused.status == StatusCode::FORBIDDEN, "{refused:?}");
    Ok(())
}

/// On a terminal the program asks; `script` gives it one.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_somebody_is_asked() -> Result<()> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    if Command::new("script").arg("--version").output().is_err() {
        ensure!(!in_full(), "the program `script` is missing");
        eprintln!("skipped: the program `script` is missing");
        return Ok(());
    }
    let (hub, administrator) = with_a_partner().await?;
    let file = hub.folder().join("site.toml");
    std::fs::write(&file, SITE)?;
    let command = format!(
        "{BINARY} --data {} apply {} --url {}",
        hub.data().display(),
        file.display(),
        hub.base()
    );
    for (answer, code, is_there) in [("n\n", 4, true), ("\n", 4, true), ("yes\n", 0, false)] {
        let mut terminal = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .env_remove("LINECARD_CONFIG")
            .current_dir(hub.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut keys = terminal.stdin.take().context("a keyboard")?;
        keys.write_all(answer.as_bytes())?;
        // Whoever closes the keyboard hangs up before the question comes.
        let seen = terminal.wait_with_output()?;
        drop(keys);
        let (status, shown, _) = said(&seen);
        ensure!(status == Some(code), "{answer:?}: {status:?}: {shown}");
        ensure!(shown.contains("[y/N]"), "{shown}");
        ensure!(
            has_the_partner(&administrator).await? == is_there,
            "{shown}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_machine_gets_back_in() -> Result<()> {
    let mut hub = Hub::start(BINARY).await?;
    // Somebody administers it, whose password nobody knows any more.
    let site = format!("{SITE}role = \"admin\"\npassword = \"env:ANNA\"\n");
    hub.environment
        .push(("ANNA".to_owned(), "forgotten-password".to_owned()));
    hub.stop().await?;
    hub.launch().await?;
    hub.apply(&site)?;
    let former = std::fs::read_to_string(hub.data().join("admin.key"))?;

    // Not while it runs.
    let run = |hub: &Hub, arguments: &[&str]| -> Result<(Option<i32>, String, String)> {
        Ok(said(&hub.command().args(arguments).output()?))
    };
    let (code, _, why) = run(&hub, &["key", "administrator"])?;
    ensure!(code == Some(1) && why.contains("in use"), "{code:?}: {why}");
    ensure!(std::fs::read_to_string(hub.data().join("admin.key"))? == former);

    // The data is restored elsewhere, without the key file.
    hub.stop().await?;
    let (code, _, why) = run(&hub, &["export", "all.jsonl"])?;
    ensure!(code == Some(0), "{why}");
    std::fs::rename(hub.data().join("store"), hub.folder().join("gone"))?;
    std::fs::remove_file(hub.data().join("admin.key"))?;
    let (code, _, why) = run(&hub, &["key", "administrator"])?;
    ensure!(code == Some(1) && why.contains("there is no data"), "{why}");
    ensure!(!hub.data().join("admin.key").exists());
    let (code, shown, why) = run(&hub, &["import", "all.jsonl"])?;
    ensure!(code == Some(0), "{why}");
    ensure!(shown.contains("linecard key administrator"), "{shown}");
    let (code, _, why) = run(&hub, &["init", "elsewhere", "--data", "data"])?;
    ensure!(
        code == Some(1) && why.contains("linecard key administrator"),
        "{why}"
    );

    let (code, shown, why) = run(&hub, &["key", "administrator"])?;
    ensure!(code == Some(0), "{why}");
    ensure!(shown.contains("admin.key"), "{shown}");
    let key = std::fs::read_to_string(hub.data().join("admin.key"))?;
    ensure!(!shown.contains(key.trim()) && !why.contains(key.trim()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(hub.data().join("admin.key"))?
            .permissions()
            .mode();
        ensure!(mode & 0o777 == 0o600, "{mode:o}");
    }
    hub.launch().await?;
    let administrator = hub.administrator()?;
    let audit = administrator
        .get("/api/v1/audit?action=key.administrator")
        .await?;
    let entries: Vec<&Value> = audit["items"].as_array().into_iter().flatten().collect();
    ensure!(
        entries.len() == 1 && entries[0]["actor"] == "command-line",
        "{audit}"
    );
    let stranger = Client::with_token(&hub.base(), former.trim())?;
    let refused = stranger.ask(Method::GET, "/api/v1/site", &[], None).await?;
    ensure!(refused.status == StatusCode::UNAUTHORIZED, "{refused:?}");
    // And with it a new password is set.
    hub.apply(&format!(
        "{SITE}role = \"admin\"\npassword = \"env:ANNA\"\n"
    ))?;
    Ok(())
}

/// A finding's subject, severity and detail.
type Found = (String, String, String);

/// What the doctor advises about a subject.
fn advice(hub: &Hub, subject: &str) -> Result<Vec<String>> {
    let output = hub.command().args(["doctor", "--json"]).output()?;
    let found: Value = serde_json::from_slice(&output.stdout)?;
    let findings = found["findings"].as_array().context("findings")?;
    let about = findings
        .iter()
        .filter(|finding| finding["subject"] == subject);
    let advice = about.filter_map(|finding| finding["remedy"].as_str());
    Ok(advice.map(str::to_owned).collect())
}

/// What the doctor finds, and how it ends.
fn doctor(hub: &Hub, options: &[&str]) -> Result<(Option<i32>, Vec<Found>)> {
    let mut command = hub.command();
    let output = command.args(["doctor", "--json"]).args(options).output()?;
    let (code, shown, why) = said(&output);
    let found: Value = serde_json::from_str(&shown).with_context(|| why)?;
    let findings = found["findings"].as_array().context("findings")?;
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let told = findings.iter().map(|finding| {
        let severity = text(finding, "severity");
        if matches!(severity.as_str(), "warning" | "error") {
            assert!(!text(finding, "remedy").is_empty(), "{finding}");
        }
        (text(finding, "subject"), severity, text(finding, "detail"))
    });
    Ok((code, told.collect()))
}

fn severity<'f>(findings: &'f [Found], subject: &str) -> Vec<&'f str> {
    let about = findings.iter().filter(|(about, _, _)| about == subject);
    about.map(|(_, severity, _)| severity.as_str()).collect()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_what_should_be_seen_to() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let administrator = hub.administrator()?;
    eventually("the channels are connected", SOON, async || {
        let channels = administrator.get("/api/v1/channels").await?;
        let all = channels.as_array().context("channels")?;
        let connected = |channel: &Value| channel["health"]["state"] == "connected";
        Ok(all.iter().any(connected).then_some(()))
    })
    .await?;

    let (_, seen) = doctor(&hub, &[])?;
    for subject in ["hub", "data-folder", "clock", "channel page"] {
        ensure!(severity(&seen, subject) == ["fine"], "{subject}: {seen:?}");
    }
    ensure!(severity(&seen, "public-address") == ["warning"], "{seen:?}");
    ensure!(severity(&seen, "at-the-networks") == ["unseen"], "{seen:?}");

    // A channel that is paused, a secret that others can read, and deliveries that are refused.
    administrator
        .post("/api/v1/channels/web/pause", &json!({}))
        .await?;
    let key = hub.data().join("key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644))?;
    let forged = administrator
        .ask(
            Method::POST,
            "/channels/page/webhook",
            &[],
            Some(&json!({})),
        )
        .await?;
    ensure!(forged.status == StatusCode::UNAUTHORIZED, "{forged:?}");
    let (code, seen) = doctor(&hub, &[])?;
    ensure!(code == Some(4), "{code:?}: {seen:?}");
    ensure!(severity(&seen, "secrets") == ["error"], "{seen:?}");
    ensure!(
        severity(&seen, "channel web").contains(&"warning"),
        "{seen:?}"
    );
    ensure!(
        severity(&seen, "channel page").contains(&"warning"),
        "{seen:?}"
    );
    // Whoever follows the advice has nothing left to see to.
    let remedies = advice(&hub, "secrets")?;
    ensure!(
        remedies == [format!("chmod 600 {}", key.display())],
        "{remedies:?}"
    );
    let followed = std::process::Command::new("sh")
        .args(["-c", &remedies[0]])
        .status()?;
    ensure!(followed.success());
    ensure!(std::fs::metadata(&key)?.permissions().mode() & 0o777 == 0o600);
    ensure!(advice(&hub, "secrets")?.is_empty());

    // No backup, one of now, and one of long ago.
    ensure!(severity(&seen, "backup") == ["warning"], "{seen:?}");
    let (_, seen) = doctor(&hub, &["--backup-days", "0"])?;
    ensure!(severity(&seen, "backup").is_empty(), "{seen:?}");
    let saved = hub.folder().join("saved");
    let backup = hub.command().arg("backup").arg(&saved).output()?;
    ensure!(
        backup.status.success(),
        "{}",
        String::from_utf8_lossy(&backup.stderr)
    );
    let (_, seen) = doctor(&hub, &[])?;
    ensure!(severity(&seen, "backup") == ["fine"], "{seen:?}");
    let names_it = |(subject, _, detail): &Found| {
        subject == "backup" && detail.contains(&saved.display().to_string())
    };
    ensure!(seen.iter().any(names_it), "{seen:?}");
    let record = hub.data().join("last-backup.json");
    let mut last: Value = serde_json::from_slice(&std::fs::read(&record)?)?;
    last["made_at"] = json!("2020-02-02T02:02:02Z");
    std::fs::write(&record, last.to_string())?;
    let (_, seen) = doctor(&hub, &[])?;
    ensure!(severity(&seen, "backup") == ["warning"], "{seen:?}");
    // A record that cannot be read is none.
    std::fs::write(&record, "{")?;
    let (_, seen) = doctor(&hub, &[])?;
    ensure!(severity(&seen, "backup") == ["warning"], "{seen:?}");

    // A public address that leads to something else, and one that leads here.
    let config = hub.folder().join("linecard.toml");
    for (address, expected) in [
        (networks.graph.base_url(), "error"),
        ("http://127.0.0.1:9".to_owned(), "error"),
        (hub.base(), "fine"),
    ] {
        std::fs::write(&config, format!("public_url = \"{address}\"\n"))?;
        let (_, seen) = doctor(&hub, &[])?;
        ensure!(
            severity(&seen, "public-address") == [expected],
            "{address}: {seen:?}"
        );
    }
    std::fs::remove_file(&config)?;

    // Without a hub it says what it cannot see, and that is no fault by itself.
    hub.stop().await?;
    let (_, seen) = doctor(&hub, &[])?;
    ensure!(severity(&seen, "hub") == ["unseen"], "{seen:?}");
    ensure!(severity(&seen, "data-folder") == ["fine"], "{seen:?}");
    std::fs::rename(&key, hub.folder().join("key"))?;
    let (code, seen) = doctor(&hub, &[])?;
    ensure!(
        code == Some(4) && severity(&seen, "secrets") == ["error"],
        "{seen:?}"
    );
    Ok(())
}

/// What the doctor says of a channel, by the code of what the network told.
fn told(findings: &[Found], channel: &str) -> Vec<(String, String)> {
    let about = findings.iter().filter(|(subject, _, _)| subject == channel);
    let codes = about.filter_map(|(_, severity, detail)| {
        let (_, code) = detail.rsplit_once(" (")?;
        let code = code.strip_suffix(')')?;
        let is_code = code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        is_code.then(|| (code.to_owned(), severity.clone()))
    });
    let mut codes: Vec<_> = codes.collect();
    codes.sort();
    codes
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tells_what_the_networks_say_of_a_channel() -> Result<()> {
    const ALL: [&str; 2] = ["pages_messaging", "pages_manage_metadata"];
    let graph = GraphOptions {
        require_subscription: true,
        ..GraphOptions::default()
    };
    let networks = Networks::with(graph, OpenMessagingOptions::default()).await?;
    let soon = jiff::Timestamp::now().as_second() + 3 * 24 * 60 * 60;
    networks
        .graph
        .set_token_rights(&["pages_manage_metadata"], soon);
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    // It asks often here, and for an old version.
    let often = |version: &str| {
        let site = networks.site(&SiteOptions::default());
        let site = site.replace(
            "config = { page_id",
            &format!("probe_every_seconds = 1\nconfig = {{ graph_version = \"{version}\", page_id"),
        );
        hub.apply(&site)
    };
    often("v20.0")?;
    let becomes = async |wanted: &[(&str, &str)]| {
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(code, severity)| ((*code).to_owned(), (*severity).to_owned()))
            .collect();
        let mut last = Vec::new();
        let found = eventually("the doctor sees it", SOON, async || {
            let (code, seen) = doctor(&hub, &[])?;
            last.clone_from(&seen);
            Ok((told(&seen, "channel page") == wanted).then_some(code))
        })
        .await;
        found.with_context(|| format!("{last:?}"))
    };
    let code = becomes(&[
        ("graph-version-ended", "error"),
        ("token-expires", "warning"),
        ("token-lacks-scope", "error"),
        ("webhook-not-subscribed", "warning"),
    ])
    .await?;
    ensure!(code == Some(4), "{code:?}");
    let administrator = hub.administrator()?;
    let health = administrator.get("/api/v1/channels/page").await?["health"].take();
    let findings = health["findings"].as_array().context("findings")?;
    ensure!(
        findings
            .iter()
            .any(|f| f["text"].to_string().contains("pages_messaging")),
        "{health}"
    );
    ensure!(
        findings
            .iter()
            .any(|f| f["code"] == "token-expires" && f["ends"].is_string()),
        "{health}"
    );
    let secret = &networks.graph.options().access_token;
    ensure!(!health.to_string().contains(secret.as_str()), "{health}");
    ensure!(
        !hub.log().contains(secret.as_str()),
        "the token is in the log"
    );
    // Each is mended by what the doctor says.
    networks.graph.set_token_rights(&ALL, 0);
    often("v27.0")?;
    let page = &networks.graph.options().page_id;
    let subscribe = |fields: &'static str| {
        let url = format!("{}/v27.0/{page}/subscribed_apps", networks.graph.base_url());
        let call = linecard_tests::http().map(|http| http.post(url).bearer_auth(secret));
        async move {
            let answer = call?
                .json(&json!({ "subscribed_fields": fields }))
                .send()
                .await?;
            ensure!(answer.status().is_success(), "{answer:?}");
            Ok(())
        }
    };
    becomes(&[("webhook-not-subscribed", "warning")]).await?;
    subscribe("messages").await?;
    becomes(&[
        ("webhook-fields-fewer", "warning"),
        ("webhook-fields-missing", "warning"),
    ])
    .await?;
    subscribe("messages,messaging_postbacks,message_deliveries,message_reads,message_echoes,message_reactions,message_edits,messaging_referrals")
        .await?;
    becomes(&[]).await?;
    Ok(())
}
