//! How the process is set up: `linecard.toml`, which the command line and the environment overrule.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use linecard_api::{HttpOptions, TlsFiles, WebhookOptions};
use linecard_hub::configure::{self, Problems};
use linecard_model::SiteId;
use linecard_sandbox::{Grants, HostGrant, Limits};
use serde::{Deserialize, Deserializer, Serialize};
use tracing_subscriber::EnvFilter;
use url::Url;
use utoipa::ToSchema;

/// The file that is read if it is there and no other is named.
pub const DEFAULT_FILE: &str = "linecard.toml";

/// The most calls of all plug-ins in one lane. The engine sets 8 GiB of addresses aside for each call
/// of each lane, of the 128 TiB that a process has.
const MOST_CALLS: u32 = 1_000;

/// How the process is set up. Paths in a file are relative to the file's folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Where to listen: an address, or a name of this machine, with a port. To be reached from other
    /// machines, put a proxy with TLS before the hub, or give a certificate below and listen on
    /// `0.0.0.0:8440`. Default `127.0.0.1:8440`.
    #[serde(deserialize_with = "listen_address")]
    #[schema(value_type = String)]
    pub listen: SocketAddr,
    /// The address under which people and networks reach the hub, if it is another than the one above.
    /// It may have a path; a proxy may hand that on or take it away.
    #[schema(value_type = Option<String>)]
    pub public_url: Option<Url>,
    /// The folder of everything that the hub keeps; `linecard backup` saves it. Default `data`.
    #[schema(value_type = String)]
    pub data: PathBuf,
    /// The plug-in folder: every `*.wasm` file in it is loaded at the start, and takes the place of a
    /// bundled plug-in with the same id. Default `plugins` in the data folder.
    #[schema(value_type = Option<String>)]
    pub plugins: Option<PathBuf>,
    /// The file with the key that encrypts secrets: 32 bytes in Base64, made at the first start. Default
    /// `key` in the data folder. The variable `LINECARD_KEY` goes before it.
    #[schema(value_type = Option<String>)]
    pub key_file: Option<PathBuf>,
    /// The site that this process runs. Default `main`.
    #[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9._-]{0,63}$")]
    pub site: SiteName,
    /// For how long a hub that is told to end (SIGTERM, Ctrl-C) waits for the answers that are on their
    /// way to the networks, in seconds. What is cut off is shown as uncertain. Whatever supervises the
    /// process should wait some 15 seconds longer before it kills it. Default 30.
    pub drain_seconds: u64,
    /// The certificate, to serve https without a proxy.
    pub tls: Option<TlsConfig>,
    /// Limits of HTTP requests.
    pub http: HttpConfig,
    /// The store.
    pub store: StoreConfig,
    /// Files that are sent and received.
    pub media: MediaConfig,
    /// How other systems are told what happens, by webhooks that administrators set up.
    pub webhooks: WebhooksConfig,
    /// Where the network to practise on listens, once an administrator asks for it in the desk: an address
    /// of this machine with a port, or an empty text for none. Default `127.0.0.1:8449`.
    #[serde(with = "practice_address")]
    #[schema(value_type = String)]
    pub practice_listen: Option<SocketAddr>,
    /// What one call of a plug-in may use.
    pub sandbox: Limits,
    /// The log.
    pub log: LogConfig,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8440)),
            public_url: None,
            data: PathBuf::from("data"),
            plugins: None,
            key_file: None,
            site: SiteName::default(),
            drain_seconds: 30,
            tls: None,
            http: HttpConfig::default(),
            store: StoreConfig::default(),
            media: MediaConfig::default(),
            webhooks: WebhooksConfig::default(),
            practice_listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 8449))),
            sandbox: Limits::default(),
            log: LogConfig::default(),
        }
    }
}

/// A site's id, `main` by default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SiteName(pub SiteId);

impl Default for SiteName {
    fn default() -> Self {
        // "main" keeps to the form of a slug; a test holds it there.
        Self(SiteId::new("main").expect("main is a slug"))
    }
}

/// A certificate. It is read again when a file is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate and its chain, as PEM.
    #[schema(value_type = String)]
    pub certificate: PathBuf,
    /// The private key, as PEM.
    #[schema(value_type = String)]
    pub key: PathBuf,
}

/// Limits of HTTP requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// The largest body of a webhook, in bytes. Default 4 MiB.
    #[schema(minimum = 1)]
    pub webhook_bytes: usize,
    /// The largest body of another request, in bytes. Default 4 MiB.
    #[schema(minimum = 1)]
    pub body_bytes: usize,
    /// How long a request may take, in seconds. Default 30.
    #[schema(minimum = 1)]
    pub timeout_seconds: u64,
    /// For how long a sign-in is good, in seconds. Default 43200: half a day.
    #[schema(minimum = 1)]
    pub session_seconds: u64,
    /// For how long an access token of the Open Messaging API is good, in seconds. Default 86400: a
    /// day.
    #[schema(minimum = 1)]
    pub access_token_seconds: u64,
    /// How many event streams one person or key may have open. Default 16.
    pub streams: usize,
    /// How many connections there may be at a time; fewer if the system gives the process fewer file
    /// handles. Default 10000.
    #[schema(minimum = 1)]
    pub connections: usize,
    /// How many bytes of files one person or key may upload in an hour. Default 1 GiB.
    pub upload_bytes_per_hour: u64,
    /// The proxies before the hub, as addresses or networks such as `10.0.0.0/8`: they are believed when
    /// they say, by `X-Forwarded-For` or `Forwarded`, for whom they ask. Default none: everybody behind a
    /// proxy counts as one when sign-ins fail.
    #[schema(value_type = Vec<String>)]
    pub trusted_proxies: Vec<Proxy>,
}

/// A proxy, or a network of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Proxy(pub IpNet);

impl TryFrom<String> for Proxy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        address
            .or_else(|_| text.parse())
            .map(|net| Self(net.trunc()))
            .map_err(|_| {
                format!(
                    "\"{text}\" is no address or network: write \"127.0.0.1\" or \"10.0.0.0/8\""
                )
            })
    }
}

impl From<Proxy> for String {
    fn from(proxy: Proxy) -> Self {
        proxy.0.to_string()
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        let options = HttpOptions::default();
        Self {
            webhook_bytes: options.webhook_limit,
            body_bytes: options.body_limit,
            timeout_seconds: options.timeout.as_secs(),
            session_seconds: options.session.as_secs(),
            access_token_seconds: options.access_token.as_secs(),
            streams: options.streams,
            connections: 10_000,
            upload_bytes_per_hour: options.upload_bytes_per_hour,
            trusted_proxies: Vec::new(),
        }
    }
}

impl HttpConfig {
    fn options(&self) -> HttpOptions {
        HttpOptions {
            webhook_limit: self.webhook_bytes,
            body_limit: self.body_bytes,
            timeout: Duration::from_secs(self.timeout_seconds),
            session: Duration::from_secs(self.session_seconds),
            access_token: Duration::from_secs(self.access_token_seconds),
            streams: self.streams,
            upload_bytes_per_hour: self.upload_bytes_per_hour,
            trusted_proxies: self.trusted_proxies.iter().map(|proxy| proxy.0).collect(),
            ..HttpOptions::default()
        }
    }
}

/// The store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// How many bytes of pages are kept in memory. The process can take about twice as much. The system
    /// keeps what was read beside it. Default 16 MiB.
    pub cache_bytes: u64,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            cache_bytes: 16 << 20,
        }
    }
}

/// Files that are sent and received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MediaConfig {
    /// The largest file, in bytes. Default 100 MiB.
    pub file_bytes: u64,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            file_bytes: 100 << 20,
        }
    }
}

/// How other systems are told what happens, by webhooks that administrators set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// The hosts to which webhooks may go although they are not public, or without https, as URLs such as
    /// `http://10.0.0.5:8080`. Default none.
    #[schema(value_type = Vec<String>)]
    pub hosts: Vec<AllowedHost>,
    /// How often an event is tried before it becomes a dead letter. Default 10: over some 20 hours.
    #[schema(minimum = 1)]
    pub attempts: u32,
    /// After how many seconds an event is tried a second time; each further time takes four times as long,
    /// up to six hours. Default 5.
    #[schema(minimum = 1)]
    pub first_retry_seconds: u64,
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        let options = WebhookOptions::default();
        Self {
            hosts: Vec::new(),
            attempts: options.attempts,
            first_retry_seconds: options.first_retry.as_secs(),
        }
    }
}

impl WebhooksConfig {
    fn options(&self) -> WebhookOptions {
        WebhookOptions {
            hosts: Grants {
                hosts: self.hosts.iter().map(|host| host.grant.clone()).collect(),
            },
            attempts: self.attempts,
            first_retry: Duration::from_secs(self.first_retry_seconds),
        }
    }
}

/// A host that may be called although it is not public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AllowedHost {
    text: String,
    grant: HostGrant,
}

impl TryFrom<String> for AllowedHost {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let grant = configure::grant(&text)?;
        Ok(Self { text, grant })
    }
}

impl From<AllowedHost> for String {
    fn from(host: AllowedHost) -> Self {
        host.text
    }
}

/// The log, which goes to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Lines for people, or JSON. Default `text`.
    pub format: LogFormat,
    /// A level (`error`, `warn`, `info`, `debug`, `trace`), or levels by module such as
    /// `info,linecard=debug`. Default `info`.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::default(),
            level: "info".to_owned(),
        }
    }
}

/// How a log line looks.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl ServerConfig {
    /// Reads a file's text. `file` is what problems call it; paths are relative to its folder.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Problems> {
        let document = configure::read::<Self>(&file.display().to_string(), text)?;
        let problems = document.places.locate(document.value.check());
        let mut config = problems.or(document.value)?;
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let paths = [
            Some(&mut config.data),
            config.plugins.as_mut(),
            config.key_file.as_mut(),
        ];
        let tls = config.tls.as_mut();
        let tls = tls
            .into_iter()
            .flat_map(|tls| [&mut tls.certificate, &mut tls.key]);
        for path in paths.into_iter().flatten().chain(tls) {
            // An absolute path replaces the folder.
            *path = folder.join(&*path);
        }
        Ok(config)
    }

    /// Reads a file.
    pub fn load(file: &Path) -> Result<Self, Problems> {
        Self::parse(file, &configure::read_text(file)?)
    }

    fn check(&self) -> Problems {
        let mut problems = Problems::default();
        let limits = &self.sandbox;
        if (limits.calls as usize) <= limits.calls_per_plugin {
            problems.add(
                &["sandbox", "calls"],
                format!(
                    "it must be greater than calls_per_plugin ({}), or one plug-in could take all",
                    limits.calls_per_plugin
                ),
            );
        }
        if limits.calls > MOST_CALLS {
            let text = format!("it is over {MOST_CALLS}, for which there is no address space");
            problems.add(&["sandbox", "calls"], text);
        }
        if limits.calls_per_plugin <= limits.calls_per_channel {
            problems.add(
                &["sandbox", "calls_per_plugin"],
                format!(
                    "it must be greater than calls_per_channel ({}), or one channel whose network hangs could take all: raise it, or lower calls_per_channel",
                    limits.calls_per_channel
                ),
            );
        }
        if limits.calls_per_channel == 0 {
            problems.add(&["sandbox", "calls_per_channel"], "it must be at least 1");
        }
        if let Some(url) = &self.public_url
            && (!matches!(url.scheme(), "http" | "https") || url.host().is_none())
        {
            problems.add(&["public_url"], "it must be an http or https address");
        }
        let http = &self.http;
        let positive = [
            ("webhook_bytes", http.webhook_bytes as u64),
            ("body_bytes", http.body_bytes as u64),
            ("timeout_seconds", http.timeout_seconds),
            ("session_seconds", http.session_seconds),
            ("access_token_seconds", http.access_token_seconds),
            ("connections", http.connections as u64),
        ];
        for (key, value) in positive {
            if value == 0 {
                problems.add(&["http", key], "it must be at least 1");
            }
        }
        let webhooks = &self.webhooks;
        let positive = [
            ("attempts", u64::from(webhooks.attempts)),
            ("first_retry_seconds", webhooks.first_retry_seconds),
        ];
        for (key, value) in positive {
            if value == 0 {
                problems.add(&["webhooks", key], "it must be at least 1");
            }
        }
        if let Err(text) = log_filter(&self.log.level) {
            problems.add(&["log", "level"], text);
        }
        problems
    }

    /// As the HTTP interfaces take it.
    pub fn http_options(&self) -> HttpOptions {
        let path = self.public_url.as_ref().map_or("", |url| url.path());
        HttpOptions {
            path: path.trim_end_matches('/').to_owned(),
            https: self.url().starts_with("https:"),
            webhooks: self.webhooks.options(),
            ..self.http.options()
        }
    }

    /// For how long a hub that is told to end waits for what is on its way to the networks.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// The plug-in folder.
    pub fn plugin_folder(&self) -> PathBuf {
        self.plugins
            .clone()
            .unwrap_or_else(|| self.data.join("plugins"))
    }

    /// The file with the key that encrypts secrets.
    pub fn key_place(&self) -> PathBuf {
        self.key_file
            .clone()
            .unwrap_or_else(|| self.data.join("key"))
    }

    /// The certificate, as the server takes it.
    pub fn tls_files(&self) -> Option<TlsFiles> {
        self.tls.as_ref().map(|tls| TlsFiles {
            certificate: tls.certificate.clone(),
            key: tls.key.clone(),
        })
    }

    /// The address under which the hub is reached.
    pub fn url(&self) -> String {
        if let Some(url) = &self.public_url {
            return url.as_str().trim_end_matches('/').to_owned();
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.listen)
    }

    /// The hub's address on this machine, or its public one where the certificate is checked.
    pub fn local_url(&self) -> String {
        if self.tls.is_some() {
            return self.url();
        }
        let mut address = self.listen;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}")
    }
}

/// An address of this machine, or an empty text.
mod practice_address {
    use std::net::SocketAddr;

    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde gives it so")]
    pub(super) fn serialize<S: Serializer>(
        address: &Option<SocketAddr>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&address.map(|a| a.to_string()).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SocketAddr>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(None);
        }
        let address = super::address(&text).map_err(serde::de::Error::custom)?;
        if !address.ip().is_loopback() {
            let text = format!(
                "\"{text}\" can be reached from other machines: write \"127.0.0.1\" and a port"
            );
            return Err(serde::de::Error::custom(text));
        }
        Ok(Some(address))
    }
}

fn listen_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    address(&text).map_err(serde::de::Error::custom)
}

/// An address with a port, or a name, such as `localhost:8440`, that leads to one.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    const HINT: &str =
        "write an address and a port, such as \"127.0.0.1:8440\", or \"0.0.0.0:8440\" for all";
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let port = text
        .rsplit_once(':')
        .map(|(host, port)| (host, port.parse::<u16>()));
    let Some((host, Ok(_))) = port else {
        return Err(format!("\"{text}\" has no port: {HINT}"));
    };
    if host.is_empty() {
        return Err(format!("\"{text}\" has no address: {HINT}"));
    }
    let found: Vec<SocketAddr> = match text.to_socket_addrs() {
        Ok(found) => found.collect(),
        Err(error) => {
            return Err(format!(
                "the name \"{host}\" leads to no address ({error}): {HINT}"
            ));
        }
    };
    // What people write into a browser goes to this one first.
    let first = found.iter().find(|address| address.is_ipv4());
    first
        .or(found.first())
        .copied()
        .ok_or_else(|| format!("the name \"{host}\" leads to no address: {HINT}"))
}

/// The levels of the log, or what is wrong with them. A word that is no level would be taken for the
/// name of a module, whose log alone would then be shown.
pub fn log_filter(text: &str) -> Result<EnvFilter, String> {
    const WORDS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |word: &str| WORDS.iter().any(|level| level.eq_ignore_ascii_case(word));
    let refused = |word: &str| {
        let lower = word.to_ascii_lowercase();
        let longer = WORDS.into_iter().find(|level| lower.starts_with(level));
        let hint = match longer.or_else(|| configure::nearest(&lower, &WORDS)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!(
                "use one of {}, or levels by module such as \"info,linecard=debug\"",
                WORDS.join(", ")
            ),
        };
        format!("\"{word}\" is not a level; {hint}")
    };
    for part in text.split(',').map(str::trim) {
        match part.rsplit_once('=') {
            Some((module, level)) if !module.is_empty() && is_level(level) => {}
            Some((_, level)) => return Err(refused(level)),
            None if is_level(part) => {}
            None => return Err(refused(part)),
        }
    }
    EnvFilter::try_new(text).map_err(|error| format!("it is not a level: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_channel_or_plugin_may_use_is_below_what_there_is() {
        let problems = |settings: &str| {
            let text = format!("[sandbox]\n{settings}\n");
            match ServerConfig::parse(Path::new("linecard.toml"), &text) {
                Ok(_) => String::new(),
                Err(problems) => problems.to_string(),
            }
        };
        // As the file of before this was set up by channel says it.
        assert_eq!(problems("calls_per_plugin = 16\ncalls = 128"), "");
        assert_eq!(
            problems("calls_per_plugin = 8"),
            "linecard.toml:2:1: sandbox.calls_per_plugin: it must be greater than calls_per_channel \
             (8), or one channel whose network hangs could take all: raise it, or lower \
             calls_per_channel"
        );
        assert!(problems("calls = 24").contains("sandbox.calls: it must be greater"));
        assert!(problems("calls = 1001").contains("sandbox.calls: it is over 1000"));
        assert!(problems("calls_per_channel = 0").contains("it must be at least 1"));
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        let text = "listen = \"nowhere\"\nport = 80\n[log]\nformat = \"jsom\"\n[sandbox]\ncalls = 1\ncpu_time = \"1s\"\n";
        let problems = ServerConfig::parse(Path::new("etc/linecard.toml"), text).unwrap_err();
        let lines: Vec<_> = problems
            .0
            .iter()
            .map(|p| (p.line.unwrap(), p.column.unwrap(), p.key()))
            .collect();
        assert_eq!(
            lines,
            [
                (1, 1, "listen".to_owned()),
                (2, 1, "port".to_owned()),
                (4, 1, "log.format".to_owned()),
                (7, 1, "sandbox.cpu_time".to_owned()),
            ]
        );
        assert!(
            problems
                .to_string()
                .starts_with("etc/linecard.toml:1:1: listen: ")
        );
    }

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for good in [
            "info",
            "WARN",
            "off",
            "info,linecard=debug",
            "linecard_api=trace, warn",
        ] {
            log_filter(good).unwrap_or_else(|text| panic!("{good}: {text}"));
        }
        let told = |text: &str| log_filter(text).unwrap_err();
        assert!(
            told("verbose").contains("use one of off, error"),
            "{}",
            told("verbose")
        );
        assert!(
            told("warning").contains("did you mean \"warn\"?"),
            "{}",
            told("warning")
        );
        assert!(told("inof").contains("did you mean \"info\"?"));
        for bad in ["", "linecard", "linecard=loud", "info,", "=info"] {
            log_filter(bad).unwrap_err();
        }
    }

    #[test]
    fn a_name_of_this_machine_is_an_address_to_listen_at() {
        let found = address("localhost:8440").unwrap();
        assert!(found.ip().is_loopback() && found.port() == 8440, "{found}");
        assert_eq!(address("[::1]:1").unwrap().port(), 1);
        for bad in [
            "8440",
            ":8440",
            "localhost",
            "127.0.0.1",
            "127.0.0.1:99999",
            "no.such.invalid:1",
        ] {
            let text = address(bad).unwrap_err();
            assert!(text.contains("127.0.0.1:8440"), "{bad}: {text}");
        }
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let text = "data = \"d\"\nplugins = \"/p\"\n";
        let config = ServerConfig::parse(Path::new("/etc/linecard/l.toml"), text).unwrap();
        assert_eq!(config.data, Path::new("/etc/linecard/d"));
        assert_eq!(config.plugin_folder(), Path::new("/p"));
        assert_eq!(config.key_place(), Path::new("/etc/linecard/d/key"));
    }
}
