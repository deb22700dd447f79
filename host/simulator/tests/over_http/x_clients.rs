//! X's own client against the simulated X.

use std::process::Command;

use linecard_simulator::Profile;
use linecard_simulator::x::{Incoming, XOptions, XSimulator};

use crate::packages::{python, script, succeeded};

const ANN: &str = "1500000000000000001";

#[tokio::test(flavor = "multi_thread")]
async fn xs_own_client_reads_and_writes() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(python) = python(folder.path(), "xdk==0.10.6")? else {
        return Ok(());
    };
    let x = XSimulator::start(XOptions::default()).await?;
    x.add_customer(
        ANN,
        Profile {
            nickname: Some("ann".to_owned()),
            ..Profile::named("Ann", "Lee")
        },
    );
    let first = Incoming::mention("@simulated_shop where is my parcel? https://example.com #late");
    let mention = x.say(ANN, first).await.message_id;
    for number in 0..5 {
        x.say(ANN, Incoming::mention(format!("@simulated_shop {number}")))
            .await;
    }
    let options = x.options();
    let output = Command::new(python)
        .arg(script("x_sdk.py"))
        .args([
            &x.base_url(),
            &options.user_id,
            &options.username,
            &options.oauth2_token,
            &options.bearer_token,
            &options.consumer_key,
            &options.consumer_secret,
            &options.access_token,
            &options.access_token_secret,
            ANN,
            &mention,
        ])
        .output()?;
    succeeded(&output)?;
    let seen = x.customers().delivered(ANN);
    let texts: Vec<&str> = seen.iter().map(|turn| turn.text.as_str()).collect();
    assert_eq!(texts, ["On its way", "Look", "In private", "More"]);
    assert!(seen[1].deleted);
    Ok(())
}
