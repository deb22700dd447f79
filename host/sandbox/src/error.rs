//! What can go wrong, and with whose plug-in.

use std::fmt;

use linecard_model::PluginId;
use linecard_model::platform::ConfigProblem;

use crate::mark::CallId;
use crate::suspension::Suspended;

/// Why a sandbox could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The WebAssembly engine refuses the configuration, or the machine lacks what it needs.
    #[error("the WebAssembly engine could not be started: {0}")]
    Engine(String),
    /// The folder for compiled code cannot be used.
    #[error("the folder for compiled code {folder} cannot be used: {source}")]
    Cache {
        /// The folder.
        folder: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The thread that measures the guests' time could not be started.
    #[error("the time-keeping thread could not be started: {0}")]
    Ticker(std::io::Error),
    /// The linker refuses the host's functions.
    #[error("the host's functions could not be linked: {0}")]
    Link(String),
}

/// Why a file is not a plug-in that this host can run.
#[derive(Debug, thiserror::Error)]
#[error("{source_name}: {problem}")]
pub struct LoadError {
    /// The name under which the file was given.
    pub source_name: String,
    /// What is wrong with it.
    pub problem: LoadProblem,
}

/// What is wrong with a plug-in file.
#[derive(Debug, thiserror::Error)]
pub enum LoadProblem {
    /// It is a folder, a pipe or a device.
    #[error("it is no regular file: put the component itself, or a link to it, here")]
    NotAFile,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// It is not a WebAssembly component, or uses features that are switched off.
    #[error("this is not a WebAssembly component that can be run here: {0}")]
    NotAComponent(String),
    /// The process that compiles did not come to an end with it.
    #[error(
        "it was not compiled; see that there is memory and disk for it, and load it again: {0}"
    )]
    Compiler(String),
    /// It was built against a version of the contract that this host does not know.
    #[error(
        "it was built against version {found} of the plug-in contract; this host knows {known}: \
         use a newer host if there is one that knows it, or rebuild it against one of these"
    )]
    Contract {
        /// The version that it was built against.
        found: String,
        /// The versions that the host knows.
        known: &'static str,
    },
    /// It needs something that no plug-in gets.
    #[error("it imports \"{0}\", which no plug-in gets: files, sockets and the like stay outside")]
    ForbiddenImport(String),
    /// It exports neither world.
    #[error("it exports neither \"connector-api\" nor \"analyzer-api\" of linecard:plugin")]
    NoWorld,
    /// Its imports or exports have other types than the contract's.
    #[error("it does not fit the contract: {0}")]
    Mismatch(String),
    /// `describe` failed.
    #[error("it could not describe itself: {0}")]
    Describe(Fault),
    /// What `describe` gave does not hold to the contract.
    #[error("its manifest is not valid: {0}")]
    Manifest(#[from] ManifestError),
}

/// Which field of a manifest does not hold to the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {text}")]
pub struct ManifestError {
    /// The field, as a path such as `connector.secrets[0].name`.
    pub field: String,
    /// What is wrong with it.
    pub text: String,
}

/// Why an analyzer could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The plug-in is a connector.
    #[error("plug-in {0} is not an analyzer")]
    NotAnAnalyzer(PluginId),
    /// The analyzer does not take the configuration.
    #[error("the analyzer does not take its configuration: {}", list(.0))]
    Config(Vec<ConfigProblem>),
    /// `prepare` failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

fn list(problems: &[ConfigProblem]) -> String {
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.pointer, problem.text))
        .collect();
    lines.join("; ")
}

/// Why a call of a plug-in gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("plug-in {plugin} {version}: {call} failed: {fault}")]
pub struct CallError {
    /// The plug-in.
    pub plugin: PluginId,
    /// Its version.
    pub version: String,
    /// The call.
    pub call: Call,
    /// What tells it from all others: its log lines have it as well.
    pub id: CallId,
    /// What went wrong.
    pub fault: Fault,
    /// Whether a request that can change something on the network (any but GET and HEAD) may have
    /// left before the call failed. If so, an action's outcome is unknown: never repeat it by itself.
    pub may_have_acted: bool,
}

impl CallError {
    /// Whether the call never began: it waited for its turn as long as it may, or the plug-in is left alone
    /// for a while. The same call may work later.
    pub fn never_began(&self) -> bool {
        matches!(
            &self.fault,
            Fault::Suspended(_)
                | Fault::Limit(LimitBreach {
                    limit: Limit::Concurrency | Limit::ChannelConcurrency | Limit::TotalConcurrency,
                    ..
                })
        )
    }

    /// The error with the call's id. The error's own text has none, so that the same failure always reads
    /// the same.
    pub fn told(&self) -> String {
        format!("{self} (call {})", self.id)
    }
}

/// The calls that the host makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// `describe`
    Describe,
    /// `receive`
    Receive,
    /// `poll`
    Poll,
    /// `perform`
    Perform,
    /// `resolve-profile`
    ResolveProfile,
    /// `resolve-media`
    ResolveMedia,
    /// `probe`
    Probe,
    /// `templates`
    Templates,
    /// `set-up` or `tear-down`
    SetUp,
    /// `prepare`
    Prepare,
    /// `analyze`
    Analyze,
}

impl Call {
    /// The contract's name of the function.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::Receive => "receive",
            Self::Poll => "poll",
            Self::Perform => "perform",
            Self::ResolveProfile => "resolve-profile",
            Self::ResolveMedia => "resolve-media",
            Self::Probe => "probe",
            Self::Templates => "templates",
            Self::SetUp => "set-up",
            Self::Prepare => "prepare",
            Self::Analyze => "analyze",
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What went wrong in a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It used more than it may.
    #[error(transparent)]
    Limit(#[from] LimitBreach),
    /// The guest stopped: a panic, an out-of-bounds access, an exit. The text holds the kind of trap
    /// and the first lines that the guest wrote about it.
    #[error("the plug-in stopped: {0}")]
    Trap(String),
    /// It gave what the contract does not allow.
    #[error("the plug-in's answer does not hold to the contract: {0}")]
    Output(String),
    /// An analyzer answered with an error.
    #[error("the analyzer says: {0}")]
    Refused(String),
    /// It could not be started.
    #[error("the plug-in could not be started: {0}")]
    Start(String),
    /// It was not called, because it failed on this channel again and again.
    #[error(
        "it is not called on channel {} until {}, because it failed {} times one after the other, lastly so: {}",
        .0.channel, .0.until, .0.failures, .0.reason
    )]
    Suspended(Box<Suspended>),
}

/// A limit that a call went beyond.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the limit \"{limit}\" of {allowed} {} is used up", .limit.unit())]
pub struct LimitBreach {
    /// Which limit.
    pub limit: Limit,
    /// How much is allowed.
    pub allowed: u64,
}

impl LimitBreach {
    pub(crate) fn new(limit: Limit, allowed: impl TryInto<u64>) -> Self {
        Self {
            limit,
            allowed: allowed.try_into().unwrap_or(u64::MAX),
        }
    }
}

/// The limits of a call; see [`crate::Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// Time on the clock, waiting included.
    WallTime,
    /// Time that the guest computed.
    CpuTime,
    /// Memory and tables.
    Memory,
    /// Calls to the host.
    HostCalls,
    /// Open handles.
    Handles,
    /// Events in the result.
    OutputEvents,
    /// Bytes handed to the host at once.
    OutputBytes,
    /// Log lines.
    LogLines,
    /// Bytes of log lines.
    LogBytes,
    /// Calls of one plug-in at the same time: it waited as long as it may for others to end.
    Concurrency,
    /// Calls of one channel at the same time: it waited as long as it may for others to end.
    ChannelConcurrency,
    /// Calls of all plug-ins at the same time: it waited as long as it may for others to end.
    TotalConcurrency,
}

impl Limit {
    /// The limit's name, as metrics and configuration write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WallTime => "wall_time",
            Self::CpuTime => "cpu_time",
            Self::Memory => "memory_bytes",
            Self::HostCalls => "host_calls",
            Self::Handles => "handles",
            Self::OutputEvents => "output_events",
            Self::OutputBytes => "output_bytes",
            Self::LogLines => "log_lines",
            Self::LogBytes => "log_bytes",
            Self::Concurrency => "calls_per_plugin",
            Self::ChannelConcurrency => "calls_per_channel",
            Self::TotalConcurrency => "calls",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::WallTime | Self::CpuTime => "ms",
            Self::Memory | Self::OutputBytes | Self::LogBytes => "bytes",
            Self::HostCalls
            | Self::Concurrency
            | Self::ChannelConcurrency
            | Self::TotalConcurrency => "calls",
            Self::Handles => "handles",
            Self::OutputEvents => "events",
            Self::LogLines => "lines",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
