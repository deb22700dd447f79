//! Builds the misbehaving guest and loads it.

pub mod server;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

use linecard_model::ChannelId;
use linecard_model::platform::{Action, ActionRequest, Outcome, Reception, WebhookRequest};
use linecard_sandbox::{
    CallError, ChannelContext, Connector, Fault, HttpClient, HttpClientConfig, Limit, Limits,
    Plugin, Sandbox, SandboxConfig,
};

/// The guest as a connector.
pub static CONNECTOR: LazyLock<Vec<u8>> = LazyLock::new(|| build("connector"));
/// The guest as an analyzer.
pub static ANALYZER: LazyLock<Vec<u8>> = LazyLock::new(|| build("analyzer"));
/// The guest with a socket.
pub static SOCKETS: LazyLock<Vec<u8>> = LazyLock::new(|| build("sockets"));

fn build(guest: &str) -> Vec<u8> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/hostile");
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("guests");
    let mut command = Command::new(env!("CARGO"));
    // What the outer build was told about its own target does not hold for the guests.
    for (name, _) in std::env::vars() {
        let outer = name.starts_with("CARGO") || name.starts_with("RUST");
        // How this machine's toolchains are chosen and kept does: rustup must not install another.
        let install = name == "CARGO_HOME" || name.starts_with("RUSTUP_");
        if outer && !install {
            command.env_remove(name);
        }
    }
    let status = command
        .current_dir(&source)
        .args(["build", "--examples", "--release", "--locked", "--quiet"])
        .args(["--target", "wasm32-wasip2"])
        .arg("--target-dir")
        .arg(&target)
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "the guests could not be built");
    let file = target.join(format!("wasm32-wasip2/release/examples/{guest}.wasm"));
    std::fs::read(file).expect("the guest was built")
}

pub fn sandbox(limits: Limits) -> Sandbox {
    Sandbox::new(SandboxConfig {
        limits,
        ..SandboxConfig::default()
    })
    .expect("the engine starts")
}

pub async fn plugin(limits: Limits) -> Plugin {
    sandbox(limits)
        .load(&CONNECTOR, "hostile.wasm")
        .await
        .expect("the guest loads")
}

pub async fn connector(limits: Limits) -> Connector {
    plugin(limits).await.connector().expect("it is a connector")
}

/// A channel whose configuration tells the guest what to do.
pub fn channel(misdeed: &str) -> ChannelContext {
    let http = HttpClient::new(&HttpClientConfig::default()).expect("the client can be made");
    ChannelContext::new(ChannelId::new("test").unwrap(), misdeed, Arc::new(http))
}

pub fn webhook(body: &[u8]) -> WebhookRequest {
    WebhookRequest {
        method: "POST".into(),
        path: String::new(),
        url: None,
        query: vec![],
        headers: vec![],
        body: body.to_vec(),
    }
}

/// Lets the guest receive a request.
pub async fn receive(connector: &Connector, misdeed: &str) -> Result<Reception, CallError> {
    receive_on(connector, &channel(misdeed), b"body").await
}

pub async fn receive_on(
    connector: &Connector,
    channel: &ChannelContext,
    body: &[u8],
) -> Result<Reception, CallError> {
    connector
        .receive(channel, webhook(body))
        .await
        .map(|answer| answer.expect("the guest never rejects"))
}

/// What the guest said in its answer's body.
pub async fn said(connector: &Connector, misdeed: &str) -> String {
    let reception = receive(connector, misdeed).await.expect("the call works");
    String::from_utf8(reception.response.body).unwrap()
}

/// Lets the guest perform an action, and gives the note in its outcome.
pub async fn perform(connector: &Connector, channel: &ChannelContext) -> Result<String, CallError> {
    let request = ActionRequest {
        id: "a1".into(),
        attempt: 1,
        uncertain_before: false,
        thread: "t".into(),
        recipient: None,
        last_inbound: None,
        by_human: true,
        progress: Vec::new(),
        action: Action::Follow,
    };
    let outcome: Outcome = connector
        .perform(channel, request)
        .await?
        .expect("the guest never fails");
    Ok(outcome.note.unwrap_or_default())
}

/// The limit that a call broke.
pub fn limit<T: std::fmt::Debug>(result: Result<T, CallError>) -> Limit {
    match result.expect_err("the call fails").fault {
        Fault::Limit(breach) => breach.limit,
        other => panic!("it failed otherwise: {other}"),
    }
}
