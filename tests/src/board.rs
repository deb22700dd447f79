//! A public board: the tests write on it, and it takes the hub's answers.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{Client, Hub, eventually, http};

/// For how long tests with a board wait for what must come.
pub const SOON: Duration = Duration::from_secs(20);

/// The connector, built once for all tests.
pub async fn board_component() -> Result<PathBuf> {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    let built = BUILT.get_or_try_init(|| async {
        tokio::task::spawn_blocking(|| -> Result<PathBuf> {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
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

/// How the board refuses an action.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Only what goes to this customer; everything if `None`.
    pub to: Option<String>,
    /// Only what says this.
    pub text: Option<String>,
    /// How many times.
    pub times: u32,
    /// The HTTP status.
    pub status: u16,
    /// After how many seconds the hub may come again, if the board says.
    pub retry_after: Option<u32>,
}

impl Refusal {
    /// Refuses the next action with a status.
    pub fn once(status: u16) -> Self {
        Self {
            to: None,
            text: None,
            times: 1,
            status,
            retry_after: None,
        }
    }
}

/// How the board behaves, and what was done on it.
#[derive(Default)]
struct Play {
    actions: Mutex<Vec<Value>>,
    refusals: Mutex<Vec<Refusal>>,
    pages: Mutex<VecDeque<Value>>,
    polls: AtomicUsize,
    cost: AtomicU64,
    token_refused: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A board and the hub that serves it.
pub struct Board {
    /// The hub.
    pub hub: Hub,
    /// Its administrator.
    pub admin: Client,
    play: Arc<Play>,
    site: String,
    number: AtomicU64,
    http: reqwest::Client,
}

impl Board {
    /// Starts a hub with channels on the board, each with more lines of its settings; `agents` people
    /// work on all of them, each on so many public conversations at a time. `binary` is
    /// `env!("CARGO_BIN_EXE_linecard")`.
    pub async fn start(
        binary: &str,
        channels: &[(&str, &str)],
        agents: usize,
        slots: u16,
    ) -> Result<Self> {
        // Another test of this process may have done it; nothing here is encrypted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let play = Arc::new(Play::default());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let board = format!("http://{}", listener.local_addr()?);
        let service = Router::new()
            .route("/actions", post(take))
            .route("/poll", get(page))
            .route("/probe", get(probe))
            .with_state(Arc::clone(&play));
        tokio::spawn(async move { axum::serve(listener, service).await });

        let mut hub = Hub::prepare(binary)?;
        let folder = hub.data().join("plugins");
        std::fs::create_dir_all(&folder)?;
        std::fs::copy(board_component().await?, folder.join("board.wasm"))?;
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
        for (channel, more) in channels {
            let _ = writeln!(
                site,
                "[channels.{channel}]\nplugin = \"board\"\nqueue = \"private\"\npublic_queue = \"public\"\nconfig = {{ base_url = \"{board}\", format = 1 }}\nhosts = [\"{board}\"]\n{more}"
            );
        }
        hub.launch().await?;
        hub.apply(&site)?;
        let admin = hub.administrator()?;
        Ok(Self {
            hub,
            admin,
            play,
            site,
            number: AtomicU64::new(1),
            http: http()?,
        })
    }

    /// Applies the site file, with something in it replaced.
    pub fn apply_with(&self, from: &str, to: &str) -> Result<()> {
        ensure!(self.site.contains(from), "{from} is not in the site file");
        self.hub.apply(&self.site.replace(from, to))
    }

    /// Lets the board refuse actions.
    pub fn refuse(&self, refusal: Refusal) {
        lock(&self.play.refusals).push(refusal);
    }

    /// Lets the board refuse the channel's token, whatever it is asked, or take it again.
    pub fn refuse_token(&self, refused: bool) {
        self.play.token_refused.store(refused, Ordering::Relaxed);
    }

    /// What every action costs from now on, in millionths.
    pub fn charge(&self, millionths: u64) {
        self.play.cost.store(millionths, Ordering::Relaxed);
    }

    /// What the next polls get, one page each; after them nothing.
    pub fn pages(&self, pages: impl IntoIterator<Item = Value>) {
        lock(&self.play.pages).extend(pages);
    }

    /// How often the board was polled.
    pub fn polls(&self) -> usize {
        self.play.polls.load(Ordering::Relaxed)
    }

    /// What the hub did so far.
    pub fn actions(&self) -> Vec<Value> {
        lock(&self.play.actions).clone()
    }

    /// How a channel is, as an administrator sees it.
    pub async fn channel(&self, channel: &str) -> Result<Value> {
        self.admin.get(&format!("/api/v1/channels/{channel}")).await
    }

    /// A channel's health, once it is in a state.
    pub async fn health(&self, channel: &str, state: &str) -> Result<Value> {
        let what = format!("channel {channel} is {state}");
        eventually(&what, SOON, async || {
            let health = self.channel(channel).await?["health"].take();
            Ok((health["state"] == state).then_some(health))
        })
        .await
    }

    /// The dead letters of a channel, once they are so many.
    pub async fn dead_letters(&self, channel: &str, count: usize) -> Result<Vec<Value>> {
        let path = format!("/api/v1/channels/{channel}/dead-letters?limit=2");
        eventually("the dead letters", SOON, async || {
            let letters = self.admin.all(&path, "after").await?;
            Ok((letters.len() == count).then_some(letters))
        })
        .await
    }

    /// Signs in as an agent.
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
            let actions = self.actions();
            Ok((actions.len() >= count).then_some(actions))
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

async fn take(State(play): State<Arc<Play>>, Json(action): Json<Value>) -> Response {
    if play.token_refused.load(Ordering::Relaxed) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut refusals = lock(&play.refusals);
    let is = |name: &str, wanted: &Option<String>| {
        wanted.is_none() || action[name].as_str() == wanted.as_deref()
    };
    let meant = |refusal: &Refusal| is("to", &refusal.to) && is("text", &refusal.text);
    if let Some(refusal) = refusals.iter_mut().find(|r| r.times > 0 && meant(r)) {
        refusal.times -= 1;
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, "refused by the test").into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = refusal.retry_after {
            headers.insert("retry-after", seconds.into());
        }
        if refusal.to.is_some() {
            headers.insert("x-scope", axum::http::HeaderValue::from_static("recipient"));
        }
        return response;
    }
    let mut actions = lock(&play.actions);
    actions.push(action);
    let cost = play.cost.load(Ordering::Relaxed);
    Json(json!({ "id": format!("made-{}", actions.len()), "cost": cost })).into_response()
}

async fn page(State(play): State<Arc<Play>>) -> Response {
    play.polls.fetch_add(1, Ordering::Relaxed);
    match lock(&play.pages).pop_front() {
        Some(page) => Json(page).into_response(),
        None => Json(json!({ "events": [], "next_in_ms": 500 })).into_response(),
    }
}

async fn probe(State(play): State<Arc<Play>>) -> StatusCode {
    if play.token_refused.load(Ordering::Relaxed) {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::NO_CONTENT
    }
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
