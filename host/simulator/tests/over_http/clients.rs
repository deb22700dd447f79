//! Clients that others wrote, against the simulated page and Instagram account.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{bail, ensure};
use linecard_simulator::graph::{
    Act, CommentAct, FeedAct, GraphOptions, GraphSimulator, Incoming, InstagramPerson,
};
use linecard_simulator::{Profile, RetryPolicy, graph::WebhookDelivery};

const ADA: &str = "7000000000000001";
const PSID: &str = "1234567890123456";
const IGSID: &str = "5600000000000001";

/// Runs what installs a package. `Ok(false)`: it cannot be had here.
pub fn installed(package: &str, commands: &mut [Command]) -> anyhow::Result<bool> {
    for command in commands {
        let problem = match command.output() {
            Ok(done) if done.status.success() => continue,
            Ok(done) => String::from_utf8_lossy(&done.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        if std::env::var_os("LINECARD_FULL").is_some() {
            bail!("{package} cannot be installed: {problem}");
        }
        println!("skipped: {package} cannot be installed here");
        return Ok(false);
    }
    Ok(true)
}

pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/over_http/clients")
        .join(name)
}

fn succeeded(output: &Output) -> anyhow::Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    Ok(())
}

/// A page with three posts, comments below the first, and no hub.
async fn start() -> anyhow::Result<(GraphSimulator, String, String)> {
    let page = GraphSimulator::start(GraphOptions {
        delivery: WebhookDelivery {
            retry: RetryPolicy {
                attempts: 1,
                ..RetryPolicy::fast()
            },
            ..WebhookDelivery::default()
        },
        require_app_secret_proof: true,
        ..GraphOptions::default()
    })
    .await?;
    page.add_customer(ADA, Profile::named("Ada", "Brooks"));
    page.add_customer(PSID, Profile::named("Ada", "Brooks"));
    let post = page.publish("first", &[]).id;
    page.publish("second", &["https://example.com/a.jpg"]);
    page.publish("third", &[]);
    let comment = page.say(ADA, FeedAct::comment(&post, "Hello")).await;
    let comment = comment.message_id;
    page.say(ADA, FeedAct::reply(&comment, "reply")).await;
    page.say(ADA, FeedAct::comment(&post, "again")).await;
    page.say(PSID, Incoming::text("Hello")).await;
    Ok((page, post, comment))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_messenger_client_writes_to_people() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let package = "messaging-api-messenger@1.1.0";
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"])
        .arg(folder.path())
        .arg(package);
    if !installed(package, &mut [npm])? {
        return Ok(());
    }
    let (page, _, comment) = start().await?;
    let options = page.options();
    let output = Command::new("node")
        .arg(script("messenger.cjs"))
        .arg(folder.path())
        .args([
            &page.base_url(),
            &options.access_token,
            &options.app_secret,
            PSID,
            &comment,
        ])
        .output()?;
    succeeded(&output)?;
    let seen = page.customers().delivered(PSID);
    assert_eq!(seen[0].text, "Hello, wörld 👋");
    assert_eq!(seen.len(), 5);
    assert_eq!(seen[3].structured.len(), 2);
    let private = page.psid_of(ADA).expect("a private reply");
    assert_eq!(page.customers().delivered(&private)[0].text, "In private");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_client_reads_and_answers_comments() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let python = folder.path().join("bin").join("python");
    let package = "python-facebook-api==0.24.0";
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(folder.path());
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", package]);
    if !installed(package, &mut [venv, pip])? {
        return Ok(());
    }
    let (page, post, comment) = start().await?;
    let person = InstagramPerson::default();
    page.add_instagram_customer(IGSID, Profile::named("Ada", "Brooks"), person);
    let media = page.publish_media("New in", "https://example.com/m.jpg").id;
    let example = CommentAct::Comment {
        media: None,
        text: "This is an example.".to_owned(),
    };
    let on_instagram = page.say(IGSID, Act::from(example)).await.message_id;
    let options = page.options();
    let output = Command::new(python)
        .arg(script("facebook_api.py"))
        .args([
            &page.base_url(),
            &options.access_token,
            &options.app_secret,
            &options.page_id,
            &post,
            &comment,
            &options.instagram.id,
            &media,
            &on_instagram,
            &options.app_id.to_string(),
        ])
        .output()?;
    succeeded(&output)?;
    let seen = page.customers().delivered(ADA);
    assert_eq!((seen[0].text.as_str(), seen[0].deleted), ("Changed", true));
    let seen = page.customers().delivered(IGSID);
    assert_eq!(seen[0].text, "Thanks!");
    Ok(())
}
