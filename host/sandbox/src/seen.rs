//! What was seen of one call: what went in, what it asked of the host, what came out. It is gathered only where
//! somebody wants to see it.

use std::sync::{Arc, Mutex, PoisonError};

use linecard_model::PluginId;
use linecard_model::manifest::SecretWant;
use linecard_model::platform::WebhookRequest;
use serde::Serialize;
use serde_json::{Value, json};

use crate::context::ChannelContext;
use crate::error::{Call, Fault};
use crate::http::{HttpError, HttpRequest, HttpResponse};
use crate::mark::CallId;

/// How many uses of a key are kept of one call; more are not told.
const MOST_MACS: usize = 64;

/// Sees the calls of connectors, to show them or to record them.
pub trait CallObserver: Send + Sync {
    /// Whether it wants to see a call of this plug-in. It is asked before each call, and must not block.
    fn wants(&self, plugin: &PluginId, call: Call) -> bool;

    /// A call that it wanted to see has ended, in whatever way. It must not block.
    fn ended(&self, seen: SeenCall, channel: &ChannelContext);
}

/// A call that has ended. It holds what customers wrote, and what a network sent as a proof of itself.
#[derive(Clone)]
pub struct SeenCall {
    /// Which call it was: the id is in the log, too.
    pub id: CallId,
    /// The plug-in.
    pub plugin: PluginId,
    /// Its version.
    pub version: String,
    /// The secrets that its manifest asks for.
    pub secrets: Vec<SecretWant>,
    /// What was called.
    pub call: Call,
    /// What went in.
    pub input: SeenInput,
    /// The requests that it made, with what came of each, in order.
    pub exchanges: Vec<(HttpRequest, Result<HttpResponse, HttpError>)>,
    /// What it had the host compute with keys.
    pub macs: Vec<SeenMac>,
    /// What came out: `{"ok": …}`, `{"err": …}`, or `{"sandbox": "why it was ended"}`.
    pub output: Value,
}

impl std::fmt::Debug for SeenCall {
    /// Shows nothing of what was said.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeenCall")
            .field("id", &self.id)
            .field("plugin", &self.plugin)
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}

/// What goes into a call.
#[derive(Debug, Clone)]
pub enum SeenInput {
    /// A webhook request.
    Receive(WebhookRequest),
    /// A poll.
    Poll {
        /// The cursor.
        cursor: Vec<u8>,
        /// What came of the request that the page before it wanted to wait for.
        waited: Option<Result<HttpResponse, HttpError>>,
    },
    /// Any other call, as `call.json` of a recorded case says it: `{"perform": …}`.
    Other(Value),
}

impl SeenInput {
    /// A call by its name, with what it is given.
    pub(crate) fn other(name: &str, given: &impl Serialize) -> Self {
        // The model's types always become JSON.
        let given = serde_json::to_value(given).unwrap_or_default();
        Self::Other(json!({ name: given }))
    }
}

/// An HMAC that the host computed, or found to be right, for a guest.
#[derive(Clone)]
pub struct SeenMac {
    /// The name of the key.
    pub secret: String,
    /// `sha256` or `sha1`.
    pub algorithm: &'static str,
    /// Of what.
    pub message: Vec<u8>,
    /// The HMAC.
    pub mac: Vec<u8>,
}

/// Gathers what a call does while it runs. It lies outside the call's store, as a call that runs out of time is
/// dropped with it.
#[derive(Default)]
pub(crate) struct Tape(Mutex<Taped>);

#[derive(Default)]
struct Taped {
    exchanges: Vec<(HttpRequest, Result<HttpResponse, HttpError>)>,
    macs: Vec<SeenMac>,
}

impl Tape {
    pub(crate) fn exchange(&self, request: HttpRequest, came: &Result<HttpResponse, HttpError>) {
        self.taped(|taped| taped.exchanges.push((request, came.clone())));
    }

    pub(crate) fn mac(&self, used: SeenMac) {
        self.taped(|taped| {
            if taped.macs.len() < MOST_MACS {
                taped.macs.push(used);
            }
        });
    }

    fn taped<T>(&self, with: impl FnOnce(&mut Taped) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape").finish_non_exhaustive()
    }
}

/// A call that somebody wants to see.
pub(crate) struct Watched {
    pub(crate) observer: Arc<dyn CallObserver>,
    pub(crate) input: SeenInput,
}

impl Watched {
    /// What is to be told of a call, if anybody wants to see it.
    pub(crate) fn of(
        channel: &ChannelContext,
        plugin: &PluginId,
        call: Call,
        input: impl FnOnce() -> SeenInput,
    ) -> Option<Self> {
        let observer = channel.observer.as_ref()?;
        observer.wants(plugin, call).then(|| Self {
            observer: Arc::clone(observer),
            input: input(),
        })
    }

    /// Tells it.
    pub(crate) fn ended<T: Serialize, E: Serialize>(
        self,
        (id, call): (CallId, Call),
        (plugin, version, secrets): (&PluginId, &str, &[SecretWant]),
        tape: &Tape,
        came: Result<&Result<T, E>, &Fault>,
        channel: &ChannelContext,
    ) {
        let json = |value: serde_json::Result<Value>| value.unwrap_or_default();
        let output = match came {
            Ok(Ok(given)) => json!({ "ok": json(serde_json::to_value(given)) }),
            Ok(Err(given)) => json!({ "err": json(serde_json::to_value(given)) }),
            Err(fault) => json!({ "sandbox": fault.to_string() }),
        };
        let Taped { exchanges, macs } = tape.taped(std::mem::take);
        let seen = SeenCall {
            id,
            plugin: plugin.clone(),
            version: version.to_owned(),
            secrets: secrets.to_vec(),
            call,
            input: self.input,
            exchanges,
            macs,
            output,
        };
        self.observer.ended(seen, channel);
    }
}
