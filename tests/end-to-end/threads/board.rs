//! A public board: the tests write on it, and it takes the hub's answers.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use linecard_tests::{Client, Hub, eventually};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
pub const SOON: Duration = Duration::from_secs(20);

/// The connector, built once for all tests.
async fn connector() -> Result<PathBuf> {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    let built = BUILT.get_or_try_init(|| async {
        tokio::task::spawn_blocking(|| -> Result<PathBuf> {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            let target = std::env::var_os("CARGO_TARGET_DIR")
                .map_or_else(|| root.join("target"), PathBuf::from);
            let plugins =
                linecard_build::build_plugins(&["linecard-board"], &root, &target.join("plugins"))?;
            let plugin = plugins.into_iter().next().context("nothing was built")?;
            Ok(plugin.wasm_path)
        })
        .await?
    });
    built.await.cloned()
}

/// What the hub did on the board.
type Actions = Arc<Mutex<Vec<Value>>>;

/// A board and the hub that serves it.
pub struct Board {
    pub hub: Hub,
    pub admin: Client,
    actions: Actions,
    number: AtomicU64,
    http: reqwest::Client,
}

impl Board {
    /// Starts a hub with channels on the board, each with its `comments` settings; `agents` people
    /// work on all of them, each on so many public conversations at a time.
    pub async fn start(channels: &[(&str, &str)], agents: usize, slots: u16) -> Result<Self> {
        // Another test of this process may have done it; nothing here is encrypted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let actions = Actions::default();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let board = format!("http://{}", listener.local_addr()?);
        let service = Router::new()
            .route("/actions", post(take))
            .with_state(Arc::clone(&actions));
        tokio::spawn(async move { axum::serve(listener, service).await });

        let mut hub = Hub::prepare(BINARY)?;
        let folder = hub.data().join("plugins");
        std::fs::create_dir_all(&folder)?;
        std::fs::copy(connector().await?, folder.join("board.wasm"))?;
        let names: Vec<String> = (1..=agents).map(|n| format!("agent-{n}")).collect();
        let mut site = format!(
            "name = \"Test\"\n[queues.public]\nmembers = {names:?}\n[queues.private]\nmembers = {names:?}\n"
        );
        // Writing to a text cannot fail.
        for name in &names {
            let variable = format!("PASSWORD_{}", name.replace('-', "_").to_uppercase());
            let _ = writeln!(
                site,
                "[agents.{name}]\npassword = \"env:{variable}\"\nslots = {{ social-conversation = {slots}, social-direct-message = 5 }}"
            );
            hub.environment.push((variable, name.clone()));
        }
        for (channel, comments) in channels {
            let _ = writeln!(
                site,
                "[channels.{channel}]\nplugin = \"board\"\nqueue = \"private\"\npublic_queue = \"public\"\nconfig = {{ base_url = \"{board}\" }}\nhosts = [\"{board}\"]"
            );
            if !comments.is_empty() {
                let _ = writeln!(site, "comments = {comments}");
            }
        }
        hub.launch().await?;
        hub.apply(&site)?;
        let admin = hub.administrator()?;
        Ok(Self {
            hub,
            admin,
            actions,
            number: AtomicU64::new(1),
            http: reqwest::Client::builder().no_proxy().build()?,
        })
    }

    pub async fn agent(&self, name: &str) -> Result<Client> {
        Client::sign_in(&self.hub.base(), name, name).await
    }

    /// Delivers events to a channel, in one request.
    pub async fn deliver(&self, channel: &str, events: &[Value]) -> Result<()> {
        let url = format!("{}/channels/{channel}/webhook", self.hub.base());
        let body = json!({ "events": events });
        let answer = self.http.post(url).json(&body).send().await?;
        ensure!(answer.status().is_success(), "{answer:?}");
        Ok(())
    }

    /// An event, under a new id.
    pub fn event(&self, thread: &str, what: Value) -> Value {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let mut event = json!({
            "id": format!("e{number}"),
            "time": 1_800_000_000 + number,
            "thread": thread,
        });
        if let (Some(event), Value::Object(what)) = (event.as_object_mut(), what) {
            event.extend(what);
        }
        event
    }

    /// Somebody writes, and the hub is told.
    pub async fn comment(
        &self,
        thread: &str,
        message: &str,
        who: &str,
        parent: &str,
    ) -> Result<()> {
        let event = self.event(thread, comment(message, Some(who), parent));
        self.deliver("board", &[event]).await
    }

    /// What the hub did, once it is so much.
    pub async fn acted(&self, count: usize) -> Result<Vec<Value>> {
        eventually("the board is acted on", SOON, async || {
            let actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
            Ok((actions.len() >= count).then(|| actions.clone()))
        })
        .await
    }

    /// The open interactions, oldest first, once they are so many with so many messages.
    pub async fn open(&self, count: usize, messages: u64) -> Result<Vec<Value>> {
        let found = eventually("the interactions", SOON, async || {
            let mut open = self.admin.all("/api/v1/interactions", "after").await?;
            let inbound: u64 = open
                .iter()
                .filter_map(|i| i["inbound_count"].as_u64())
                .sum();
            open.reverse();
            Ok((open.len() == count && inbound == messages).then_some(open))
        })
        .await;
        if found.is_err() {
            let open = self.admin.all("/api/v1/interactions", "after").await?;
            return found.with_context(|| format!("{count}, {messages}: {open:#?}"));
        }
        found
    }

    /// An interaction with everything that is shown of one.
    pub async fn detail(&self, id: &Value) -> Result<Value> {
        let id = id.as_str().context("an id")?;
        self.admin.get(&format!("/api/v1/interactions/{id}")).await
    }

    /// The messages of an interaction, oldest first.
    pub async fn messages(&self, id: &Value) -> Result<Vec<Value>> {
        let id = id.as_str().context("an id")?;
        let path = format!("/api/v1/interactions/{id}/messages?limit=3");
        let mut messages = self.admin.all(&path, "before").await?;
        messages.reverse();
        Ok(messages)
    }
}

async fn take(State(actions): State<Actions>, Json(action): Json<Value>) -> Json<Value> {
    let mut actions = actions.lock().unwrap_or_else(PoisonError::into_inner);
    actions.push(action);
    Json(json!({ "id": format!("made-{}", actions.len()) }))
}

/// A comment: by somebody, or by nobody whom the network names.
pub fn comment(message: &str, who: Option<&str>, parent: &str) -> Value {
    let mut what =
        json!({ "kind": "comment", "message": message, "text": format!("text {message}") });
    if let Some(who) = who {
        what["author"] =
            json!({ "id": who, "name": format!("Name {who}"), "handle": format!("@{who}") });
    }
    if !parent.is_empty() {
        what["parent"] = json!(parent);
    }
    what
}

/// The texts of messages, in their order.
pub fn texts(messages: &[Value]) -> Vec<&str> {
    let texts = messages
        .iter()
        .filter_map(|m| m["content"]["text"].as_str());
    texts.map(|t| t.trim_start_matches("text ")).collect()
}
