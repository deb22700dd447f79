//! Clients that others wrote, against the simulated page and Instagram account.

use std::process::Command;

use linecard_simulator::graph::{
    Act, CommentAct, FeedAct, GraphOptions, GraphSimulator, Incoming, InstagramPerson,
};
use linecard_simulator::{Profile, RetryPolicy, graph::WebhookDelivery};

use crate::packages::{npm, python, script, succeeded};

const ADA: &str = "7000000000000001";
const PSID: &str = "1234567890123456";
const IGSID: &str = "5600000000000001";

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
        // Clients give fields other names, which new apps may not.
        is_older_app: true,
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
    if !npm(folder.path(), "messaging-api-messenger@1.1.0")? {
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
    let Some(python) = python(folder.path(), "python-facebook-api==0.24.0")? else {
        return Ok(());
    };
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
