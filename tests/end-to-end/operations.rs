//! What an operator meets: a certificate, a disk that is full, data that is damaged, and a plug-in that
//! misbehaves. The real binary each time.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::graph::Incoming;
use linecard_tests::{Client, Hub, Networks, SOON, SiteOptions, eventually};
use reqwest::StatusCode;
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// Ends a process that a test started, however the test ends.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // A process that has ended already is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_data_is_refused_and_what_can_be_read_is_saved() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    for number in 0..20 {
        let id = format!("90{number:02}");
        networks.graph.add_customer(&id, Profile::named("A", "B"));
        let said = networks.graph.say(&id, Incoming::text("Hello?")).await;
        ensure!(said.acknowledged, "{said:?}");
    }
    let history = hub
        .administrator()?
        .all("/api/v1/contacts", "before")
        .await?;
    ensure!(history.len() == 20, "{}", history.len());
    hub.kill()?;
    let data = find(&hub.data(), "db").context("the data file")?;
    let mut content = std::fs::read(&data)?;
    let end = content
        .iter()
        .rposition(|byte| *byte != 0)
        .context("data")?;
    for byte in &mut content[end - 3_000..=end] {
        *byte = 0x5a;
    }
    std::fs::write(&data, &content)?;

    // Nothing starts on it, and everything says what to do.
    let folder = data.parent().context("folder")?.to_owned();
    for arguments in [&["serve"][..], &["check"], &["export", "out.json"]] {
        let output = hub.command().args(arguments).output()?;
        let text = said(&output);
        ensure!(!output.status.success(), "{arguments:?}: {text}");
        ensure!(
            text.contains("is damaged") && text.contains("export --salvage"),
            "{arguments:?}: {text}"
        );
    }
    ensure!(
        std::fs::read(&data)? == content,
        "the damaged data was changed"
    );
    let saved = hub.folder().join("saved.json");
    let output = Command::new(BINARY)
        .args(["export", "--salvage", "--data"])
        .arg(&folder)
        .arg(&saved)
        .output()?;
    ensure!(output.status.success(), "{}", said(&output));
    ensure!(
        std::fs::read(&data)? == content,
        "the damaged data was changed"
    );
    let rest = Hub::prepare(BINARY)?;
    let output = rest.command().arg("import").arg(&saved).output()?;
    ensure!(output.status.success(), "{}", said(&output));
    let output = rest.command().arg("check").output()?;
    ensure!(output.status.success(), "{}", said(&output));
    let values = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(values.contains("all is well"), "{values}");
    runs_on(rest, &hub, &networks).await
}

/// A hub runs on what was saved of `damaged`: everything in it is seen, and work goes on.
async fn runs_on(mut rest: Hub, damaged: &Hub, networks: &Networks) -> Result<()> {
    // The key and the environment's secrets are no part of the store; they come from a backup.
    std::fs::copy(damaged.data().join("key"), rest.data().join("key"))?;
    rest.environment.clone_from(&damaged.environment);
    rest.launch().await?;

    let admin = rest.administrator()?;
    let contacts = admin.all("/api/v1/contacts", "after").await?;
    ensure!(!contacts.is_empty() && contacts.len() <= 20, "{contacts:?}");
    let mut known = Vec::new();
    for contact in &contacts {
        let id = contact["id"].as_str().context("an id")?;
        let identity = contact.pointer("/identities/0/id");
        let identity = identity.and_then(Value::as_str).context("an identity")?;
        let path = format!("/api/v1/contacts/{id}/history");
        let history = admin.all(&path, "before").await?;
        let texts: Vec<_> = history.iter().map(|m| &m["content"]["text"]).collect();
        ensure!(texts == ["Hello?"], "{identity}: {texts:?}");
        known.push(identity.to_owned());
    }
    // The first of them was on disk long before the damage.
    ensure!(known.iter().any(|identity| identity == "9000"), "{known:?}");

    // One of them writes again, and an agent gets to see it.
    networks.connect(&rest).await?;
    let said = networks.graph.say("9000", Incoming::text("Again")).await;
    ensure!(said.acknowledged, "{said:?}");
    let history = admin.history("page", "9000").await?;
    ensure!(history.len() == 2, "{history:?}");
    let agent = Client::sign_in(&rest.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let taken = agent.accept_next().await?;
    ensure!(taken["id"].is_string(), "{taken}");
    let status = rest.stop().await?;
    ensure!(status.success(), "{status}");
    Ok(())
}

/// The first file of this name below a folder.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = find(&path, name) {
                return Some(found);
            }
        } else if path.file_name().is_some_and(|n| n == name) {
            return Some(path);
        }
    }
    None
}

/// A small file system of its own, while it lives.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this user may not mount.
    fn mount(at: &Path, megabytes: u32) -> Result<Option<Self>> {
        std::fs::create_dir_all(at)?;
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        Ok(matches!(status, Ok(status) if status.success()).then(|| Self(at.to_owned())))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A mount that stays shows in the test's folder, which then cannot be deleted.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_hub_and_loses_nothing() -> Result<()> {
    let networks = Networks::start().await?;
    let site = SiteOptions::default();
    let mut hub = Hub::prepare(BINARY)?;
    let Some(_disk) = SmallDisk::mount(&hub.data(), 96)? else {
        eprintln!("skipped: this user may not mount a small file system");
        return Ok(());
    };
    hub.environment = networks.secrets();
    hub.environment
        .push(("PASSWORD_AGENT_1".to_owned(), "agent-1".to_owned()));
    hub.launch().await?;
    hub.apply(&networks.site(&site))?;
    networks.connect(&hub).await?;
    let page = &networks.graph;
    page.add_customer("9200", Profile::named("A", "B"));
    ensure!(page.say("9200", Incoming::text("first")).await.acknowledged);

    // Something else fills the disk.
    let filler = hub.data().join("filler");
    let mut block = vec![7_u8; 1 << 20];
    let mut file = std::fs::File::create(&filler)?;
    loop {
        match std::io::Write::write_all(&mut file, &block) {
            Ok(()) => {}
            Err(_) if block.len() > 4096 => block.truncate(block.len() / 2),
            Err(_) => break,
        }
    }
    drop(file);
    let mut acknowledged = vec!["first".to_owned()];
    let mut refused = false;
    for number in 0..4_000 {
        let text = format!("message {number} {}", "x".repeat(2_000));
        let delivery = tokio::time::timeout(
            Duration::from_secs(5),
            page.say("9200", Incoming::text(text.as_str())),
        );
        match delivery.await {
            Ok(delivery) if delivery.acknowledged => acknowledged.push(text),
            _ => {
                refused = true;
                break;
            }
        }
    }
    ensure!(refused, "a full disk was never noticed");
    let status = eventually("the hub stops", SOON, async || hub.exited())
        .await
        .with_context(|| hub.log())?;
    ensure!(status.code() == Some(1), "{status}");
    let log = hub.log();
    ensure!(
        log.contains("free space") || log.contains("Free space"),
        "{log}"
    );

    std::fs::remove_file(&filler)?;
    hub.kill()?;
    hub.launch().await?;
    let client = Client::sign_in(&hub.base(), "agent-1", "agent-1").await;
    ensure!(client.is_ok(), "{:?}", client.err());
    let admin = hub.administrator()?;
    eventually("everything that was acknowledged", SOON, async || {
        let history = admin.history("page", "9200").await?;
        let texts: Vec<&str> = history
            .iter()
            .filter_map(|m| m.pointer("/content/text").and_then(Value::as_str))
            .collect();
        for text in &acknowledged {
            let times = texts.iter().filter(|known| **known == text).count();
            if times > 1 {
                bail!("a message is there {times} times");
            }
            if times == 0 {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_serves_by_tls_and_names_what_is_wrong_with_a_certificate() -> Result<()> {
    let hub = Hub::prepare(BINARY)?;
    let folder = hub.folder();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])?;
    std::fs::write(folder.join("cert.pem"), made.cert.pem())?;
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
    let config = |key: &str| format!("[tls]\ncertificate = \"cert.pem\"\nkey = \"{key}\"\n");
    let serve = |text: String| -> Result<Command> {
        let file = folder.join("linecard.toml");
        std::fs::write(&file, text)?;
        let mut command = hub.command();
        command.arg("--config").arg(file).arg("serve");
        Ok(command)
    };
    for (key, wrong) in [("missing.pem", "missing.pem"), ("cert.pem", "cert.pem")] {
        let output = serve(config(key))?.output()?;
        let text = said(&output);
        ensure!(!output.status.success(), "{text}");
        ensure!(
            text.contains(wrong) && text.contains("no private key"),
            "{text}"
        );
    }

    let log = std::fs::File::create(folder.join("tls.log"))?;
    let mut command = serve(config("key.pem"))?;
    let process = command.stdout(Stdio::null()).stderr(log).spawn()?;
    let _process = Ended(process);
    let trusting = linecard_tests::http_builder()
        .add_root_certificate(reqwest::Certificate::from_pem(made.cert.pem().as_bytes())?)
        .build()?;
    let base = hub.base().replace("http://", "https://");
    eventually("the hub is ready", Duration::from_secs(120), async || {
        let answer = trusting.get(format!("{base}/readyz")).send().await;
        Ok(answer.is_ok_and(|a| a.status().is_success()).then_some(()))
    })
    .await
    .with_context(|| std::fs::read_to_string(folder.join("tls.log")).unwrap_or_default())?;
    let key = std::fs::read_to_string(hub.data().join("admin.key"))?;
    let channels = trusting
        .get(format!("{base}/api/v1/channels"))
        .bearer_auth(key.trim())
        .send()
        .await?;
    ensure!(channels.status() == StatusCode::OK, "{channels:?}");
    let events = trusting
        .get(format!("{base}/api/v1/events"))
        .bearer_auth(key.trim())
        .send()
        .await?;
    ensure!(events.status() == StatusCode::OK, "{events:?}");
    // Who does not speak TLS, or does not trust the certificate, gets nothing, and harms nobody.
    let plain = linecard_tests::http()?;
    ensure!(
        plain
            .get(format!("{}/readyz", hub.base()))
            .send()
            .await
            .is_err()
    );
    ensure!(plain.get(format!("{base}/readyz")).send().await.is_err());
    let again = trusting.get(format!("{base}/readyz")).send().await?;
    ensure!(again.status().is_success(), "{again:?}");
    Ok(())
}

/// The list of plug-ins says which file is not used and why; who administers the hub sees it.
async fn unusable_files_are_listed(hub: &Hub) -> Result<()> {
    let listed = hub.administrator()?.get("/api/v1/plugins").await?;
    let problems = listed["problems"].as_array().context("problems")?;
    let [problem] = problems.as_slice() else {
        bail!("{problems:?}");
    };
    let file = problem["file"].as_str().context("a file")?;
    ensure!(file.ends_with("plugins/broken.wasm"), "{problem}");
    let reason = problem["reason"].as_str().context("a reason")?;
    ensure!(
        reason.contains("not a WebAssembly component that can be run"),
        "{reason}"
    );
    let plugins = listed["plugins"].as_array().context("plug-ins")?;
    let is_listed = |id: &str, source: &str| {
        let same = |p: &Value| p["id"] == id && p["source"] == source;
        plugins.iter().any(same)
    };
    ensure!(is_listed("hostile", "file"), "{listed}");
    ensure!(is_listed("messenger", "bundled"), "{listed}");
    ensure!(plugins.iter().all(|p| p["id"] != "broken"), "{listed}");
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let listed = agent.get("/api/v1/plugins").await?;
    ensure!(listed["problems"] == Value::Array(vec![]), "{listed}");
    Ok(())
}

/// A misbehaving plug-in of the sandbox's tests.
pub(crate) fn hostile(example: &str) -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let source = root.join("host/sandbox/tests/guests/hostile");
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("guests");
    let mut command = Command::new(env!("CARGO"));
    // What the outer build was told about its own target does not hold for the guest.
    for (name, _) in std::env::vars() {
        let outer = name.starts_with("CARGO") || name.starts_with("RUST");
        // How this machine's toolchains are chosen and kept does: rustup must not install another.
        let install = name == "CARGO_HOME" || name.starts_with("RUSTUP_");
        if outer && !install {
            command.env_remove(name);
        }
    }
    let status = command
        .current_dir(source)
        .args(["build", "--examples", "--release", "--locked", "--quiet"])
        .args(["--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target)
        .status()?;
    ensure!(status.success(), "the guest could not be built");
    Ok(target.join(format!("wasm32-wasip2/release/examples/{example}.wasm")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misbehaving_plug_in_fails_alone_and_by_name() -> Result<()> {
    let built = tokio::task::spawn_blocking(|| hostile("connector")).await??;
    let networks = Networks::start().await?;
    let misdeeds = [
        ("trap", "panic"),
        ("endless", "loop"),
        ("bomb", "memory 400"),
        ("output", "out 90000000"),
        ("flood", "logs 100000"),
    ];
    let mut more = String::new();
    for (channel, misdeed) in misdeeds {
        // Writing to a text cannot fail.
        let _ = writeln!(
            more,
            "[channels.{channel}]\nplugin = \"hostile\"\nqueue = \"support\"\nconfig = \"{misdeed}\"\nsecrets = {{ key = \"env:HOSTILE_KEY\" }}"
        );
    }
    let site = SiteOptions {
        more,
        ..SiteOptions::default()
    };
    let mut hub = Hub::prepare(BINARY)?;
    let plugins = hub.data().join("plugins");
    std::fs::create_dir_all(&plugins)?;
    std::fs::copy(built, plugins.join("hostile.wasm"))?;
    std::fs::write(plugins.join("broken.wasm"), b"\0asm, and then nonsense")?;
    hub.environment = networks.secrets();
    for (name, value) in [("PASSWORD_AGENT_1", "agent-1"), ("HOSTILE_KEY", "k")] {
        hub.environment.push((name.to_owned(), value.to_owned()));
    }
    hub.launch().await?;
    ensure!(hub.log().contains("broken.wasm"), "{}", hub.log());
    hub.apply(&networks.site(&site))?;
    networks.connect(&hub).await?;
    unusable_files_are_listed(&hub).await?;

    // All of them at once, while a customer writes on another channel.
    let http = linecard_tests::http()?;
    let mut attacks = tokio::task::JoinSet::new();
    for (channel, _) in misdeeds {
        let url = format!("{}/channels/{channel}/webhook", hub.base());
        let http = http.clone();
        attacks.spawn(async move {
            let answer = http.post(url).body("x").send().await?;
            let status = answer.status();
            anyhow::Ok((channel, status, answer.text().await?))
        });
    }
    let page = &networks.graph;
    page.add_customer("9300", Profile::named("A", "B"));
    let begun = Instant::now();
    for number in 0..10 {
        let said = page
            .say("9300", Incoming::text(format!("message {number}")))
            .await;
        ensure!(said.acknowledged, "{said:?}");
    }
    let took = begun.elapsed();
    ensure!(took < Duration::from_secs(5), "ten messages took {took:?}");
    while let Some(attack) = attacks.join_next().await {
        let (channel, status, body) = attack??;
        ensure!(status.is_server_error(), "{channel}: {status} {body}");
    }
    let log = hub.log();
    // The network learns no more than that it failed; the log names plug-in, call and limit.
    for (channel, _) in misdeeds {
        let named = log
            .lines()
            .any(|line| line.contains("hostile") && line.contains(channel));
        ensure!(named, "{channel} is not in the log: {log}");
    }
    ensure!(log.len() < 2_000_000, "the log has {} bytes", log.len());
    let admin = hub.administrator()?;
    let history = admin.history("page", "9300").await?;
    ensure!(history.len() == 10, "{}", history.len());
    Ok(())
}
