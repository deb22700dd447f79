//! An agent's day in a browser, with all networks around, a colleague, and a hub that is killed meanwhile.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

use linecard_simulator::graph::Surface;
use linecard_simulator::whatsapp::{WhatsAppOptions, WhatsAppSimulator};
use tokio::sync::mpsc;
use url::Url;

use super::*;

/// Runs a journey, and does to the hub what it says: `hub: kill`, `hub: start`.
async fn travel(mut node: Command, hub: &mut Hub) -> Result<()> {
    let mut child = node.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let done = follow(&mut child, hub).await;
    if done.is_err() {
        child.kill()?;
    }
    let (status, problem) = tokio::task::spawn_blocking(move || {
        let mut problem = String::new();
        if let Some(mut errors) = child.stderr.take() {
            errors.read_to_string(&mut problem)?;
        }
        anyhow::Ok((child.wait()?, problem))
    })
    .await??;
    done?;
    ensure!(status.success(), "{problem}\n{}", hub.log());
    Ok(())
}

async fn follow(child: &mut Child, hub: &mut Hub) -> Result<()> {
    let said = BufReader::new(child.stdout.take().context("no output")?);
    let (tell, mut lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in said.lines().map_while(std::result::Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        println!("{line}");
        match line.as_str() {
            "hub: kill" => hub.kill()?,
            "hub: start" => hub.launch().await?,
            _ => {}
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_works_a_day_in_a_browser_and_what_customers_write_is_text() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(mut node) = journey(folder.path(), "journey.mjs")? else {
        return Ok(());
    };
    let networks = Networks::start().await?;
    let graph = networks.graph.base_url();
    let page = networks.graph.options();
    let number = WhatsAppSimulator::start(WhatsAppOptions {
        app_secret: page.app_secret.clone(),
        verify_token: page.verify_token.clone(),
        access_token: page.access_token.clone(),
        ..WhatsAppOptions::default()
    })
    .await?;
    let secrets = |token: &str| {
        format!(
            r#"{{ app-secret = "env:PAGE_APP_SECRET", verify-token = "env:PAGE_VERIFY_TOKEN", {token} = "env:PAGE_TOKEN" }}"#
        )
    };
    let more = format!(
        r#"
[queues.sales]
name = "Sales"
members = ["agent-2"]

[channels.posts]
plugin = "facebook"
queue = "support"
config = {{ page_id = "{page}", base_url = "{graph}" }}
secrets = {of_page}
hosts = ["{graph}"]

[channels.wa]
plugin = "whatsapp"
queue = "support"
config = {{ phone_number_id = "{phone}", waba_id = "{account}", base_url = "{whatsapp}" }}
secrets = {of_number}
hosts = ["{whatsapp}"]
"#,
        page = page.page_id,
        of_page = secrets("page-access-token"),
        phone = number.options().phone_number_id,
        account = number.options().waba_id,
        whatsapp = number.base_url(),
        of_number = secrets("access-token"),
    );
    // A busy machine takes its time to look at what rings.
    let site = SiteOptions {
        agents: 2,
        slots: 5,
        offer_timeout: 300,
        more,
        ..SiteOptions::default()
    };
    let mut hub = networks.hub(BINARY, &site).await?;
    let callback =
        |channel: &str| Url::parse(&format!("{}/channels/{channel}/webhook", hub.base()));
    networks.graph.set_feed_callback_url(callback("posts")?);
    number.set_callback_url(callback("wa")?);
    networks.graph.subscribe_on(Surface::Feed).await?;
    number.subscribe().await?;
    let boss = hub.administrator()?;
    let thanks = json!({
        "title": "Thank you", "text": "Thank you, {{contact.first_name|dear customer}}.",
        "folder": "General", "language": "en",
    });
    boss.put("/api/v1/responses/thanks", &thanks).await?;

    // Files that would run something if a browser opened them as what they are.
    let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" onload="alert('svg')"><script>alert('svg')</script></svg>"#;
    let addresses = json!({
        "graph": graph, "web": networks.web.base_url(), "whatsapp": number.base_url(),
        "svg": networks.web.add_media("image/svg+xml", svg),
        "html": networks.web.add_media("text/html", "<script>alert('html')</script>"),
    });
    node.arg(hub.base()).arg(addresses.to_string());
    travel(node, &mut hub).await?;

    let boss = hub.administrator()?;
    let history = boss.history("web", "dora").await?;
    let texts: Vec<&str> = history
        .iter()
        .filter_map(|message| message["content"]["text"].as_str())
        .collect();
    ensure!(texts.contains(&"We look into it at once."), "{texts:?}");
    // What the agent said did not arrive was sent again, and nothing else was.
    let uma = networks.graph.customers().delivered("7003");
    let times = |text: &str| uma.iter().filter(|turn| turn.text == text).count();
    ensure!(times("From ten to four.") == 2, "{uma:?}");
    ensure!(times("See you there.") == 1, "{uma:?}");
    Ok(())
}
