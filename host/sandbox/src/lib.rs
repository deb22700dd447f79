//! Runs plug-ins: WebAssembly components that speak one network's language (connectors) or read
//! messages (analyzers). It knows nothing of routing, agents or storage.
//!
//! A plug-in can hurt only itself. No secret enters it, it reaches only the hosts that were granted,
//! and its time, memory, output and log are bounded ([`Limits`]). Every call of a connector gets a
//! fresh instance, so nothing is carried from one call, or one channel, to the next.
//!
//! - [`Sandbox`] loads a file into a [`Plugin`]: it checks what the file imports, has it describe
//!   itself without any capability, and validates the manifest.
//! - [`Connector`] and [`Analyzer`] make the contract's calls. What a connector may reach comes with
//!   each call in a [`ChannelContext`].
//! - [`HttpClient`] makes the HTTP requests that connectors ask for, adds the credentials that they
//!   never see, and refuses addresses that are not public.
//! - [`linecard_schema::check_config`] checks a channel's or analyzer's configuration before any guest sees it.
//!
//! A failed call says whose it was, and which limit it broke ([`CallError`]); it says too whether
//! something may have happened on the network before it failed.

mod analyzer;
mod bindings;
mod cache;
mod compiler;
mod connector;
mod context;
mod contract;
mod convert;
mod engine;
mod error;
mod grants;
mod host;
mod http;
mod instance;
mod lanes;
mod limits;
mod loader;
mod manifest;
mod mark;
mod media;
mod metrics;
mod plugin;
#[cfg(feature = "measure")]
mod reused;
mod run;
mod sandbox;
mod secrets;
mod seen;
mod stand_in;
mod suspension;
mod warm;

pub use analyzer::Analyzer;
pub use compiler::{CompileError, Compiler, REFUSED, compile};
pub use connector::{Connector, Turn};
pub use context::ChannelContext;
pub use contract::{CONTRACT, CONTRACTS};
pub use error::{
    Call, CallError, Fault, Limit, LimitBreach, LoadError, LoadProblem, ManifestError,
    PrepareError, SandboxError,
};
pub use grants::{Grants, HostGrant, WantedHost, wanted_hosts};
pub use http::{
    HttpAccess, HttpBody, HttpClient, HttpClientConfig, HttpClientError, HttpError, HttpPart,
    HttpPartContent, HttpRequest, HttpResponse, MediaRange, is_public,
};
pub use limits::Limits;
pub use mark::CallId;
pub use media::{MediaError, MediaFile, MediaStore, MediaStream, NoMedia, StoredBody};
pub use metrics::{CallMetrics, LastFailure, PluginMetrics};
pub use plugin::{Facts, Kind, Plugin};
#[cfg(feature = "measure")]
pub use reused::Reused;
pub use sandbox::{CacheKey, Sandbox, SandboxConfig};
pub use secrets::{
    BasicSecret, ClientAuth, NoSecrets, Oauth1Secret, Oauth2Secret, Secret, SecretFormatError,
    SecretSource, SecretStore,
};
pub use seen::{CallObserver, SeenCall, SeenInput, SeenMac};
pub use stand_in::StandIns;
pub use suspension::{Suspended, SuspensionConfig};
