//! Running a case on the built component in the hub's sandbox.

use crate::exchange::{RecordedRequest, part_form, range_form, readable};
use crate::fixture::{Call, Case};
use crate::native::{CHANNEL, WEBHOOK_URL, wrong_call};
use crate::{TestkitError, report};
use async_trait::async_trait;
use linecard_model::manifest::Manifest;
use linecard_model::platform as model;
use linecard_sandbox::{
    CacheKey, ChannelContext, Fault, Grants, HostGrant, HttpAccess, HttpBody, HttpError,
    HttpPartContent, HttpRequest, HttpResponse, Limits, Plugin, PluginMetrics, PrepareError,
    Sandbox, SandboxConfig, Secret, SecretSource, StoredBody,
};
use linecard_sdk::http::{Error, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a call may take here. The sandbox's own limits are for a host that does little else; tests
/// share their machine with compilers.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where machine code is kept, so that only the first run after a change compiles: beside the
/// component, under a key of its own. Where nothing can be kept, each run compiles.
fn compiled_beside(component: &Path) -> (Option<PathBuf>, Option<CacheKey>) {
    let folder = component.with_file_name("compiled");
    let key = std::fs::create_dir_all(&folder)
        .and_then(|()| CacheKey::kept_in(&folder.join("cache.key")));
    match key {
        Ok(key) => (Some(folder.join("code")), Some(key)),
        Err(_) => (None, None),
    }
}

/// A component in the sandbox.
pub struct SandboxedPlugin {
    runtime: tokio::runtime::Runtime,
    plugin: Plugin,
}

impl SandboxedPlugin {
    /// Loads a component, with the sandbox's default limits save for time. What is compiled is kept beside
    /// it.
    pub fn load(component: &Path) -> Result<Self, TestkitError> {
        let (cache_dir, cache_key) = compiled_beside(component);
        let config = SandboxConfig {
            cache_dir,
            cache_key,
            ..SandboxConfig::default()
        };
        Self::load_with(component, config)
    }

    /// Loads a component into such a sandbox, save for the time that calls have. A plug-in that fails again
    /// and again is called all the same: each case says for itself whether it works.
    pub fn load_with(component: &Path, config: SandboxConfig) -> Result<Self, TestkitError> {
        let refused = |error: &dyn std::fmt::Display| TestkitError::Sandbox(error.to_string());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| refused(&error))?;
        let limits = Limits {
            describe_time: PATIENCE,
            receive_time: PATIENCE,
            prepare_time: PATIENCE,
            analyze_time: PATIENCE,
            cpu_time: PATIENCE,
            ..config.limits.clone()
        };
        let sandbox = Sandbox::new(SandboxConfig {
            limits,
            suspension: None,
            ..config
        })
        .map_err(|e| refused(&e))?;
        let plugin = runtime
            .block_on(sandbox.load_file(component))
            .map_err(|error| refused(&error))?;
        Ok(SandboxedPlugin { runtime, plugin })
    }

    /// What the component says about itself.
    pub fn described(&self) -> &Manifest {
        self.plugin.manifest()
    }

    /// What the component says about itself, as JSON.
    pub fn manifest(&self) -> Result<Value, TestkitError> {
        Ok(serde_json::to_value(self.plugin.manifest())?)
    }

    /// What its calls came to since it was loaded.
    pub(crate) fn metrics(&self) -> PluginMetrics {
        self.plugin.metrics()
    }

    /// Checks a configuration as the host does and fills in the schema's defaults, or gives what is wrong.
    pub fn check_config(&self, config: &Value) -> Result<String, Vec<model::ConfigProblem>> {
        linecard_schema::check_config(&self.plugin.manifest().config_schema, config)
            .map(|config| config.to_string())
    }

    /// Runs a case.
    pub fn run(&self, case: &Case, config: &str) -> Result<Value, TestkitError> {
        let network = Arc::new(RecordedNetwork::new(case));
        let result = match &case.call {
            Call::Analyze(subject) => self.analyze(config, converted(subject)?)?,
            _ => self.connect(case, config, &network)?,
        };
        let exchanges = network
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        report::run(result, exchanges.requests.clone(), exchanges.answers.len())
    }

    fn analyze(&self, config: &str, subject: model::Subject) -> Result<Value, TestkitError> {
        let given = self.runtime.block_on(async {
            let analyzer = self.plugin.analyzer(config).await?;
            analyzer.analyze(subject).await.map_err(PrepareError::from)
        });
        Ok(match given {
            Ok(analysis) => report::succeeded(serde_json::to_value(analysis)?),
            Err(PrepareError::Config(problems)) => report::failed(serde_json::to_value(problems)?),
            Err(PrepareError::Call(error)) => match error.fault {
                Fault::Refused(text) => report::failed(text.into()),
                fault => stopped(&fault),
            },
            Err(other) => stopped(&other),
        })
    }

    fn connect(
        &self,
        case: &Case,
        config: &str,
        network: &Arc<RecordedNetwork>,
    ) -> Result<Value, TestkitError> {
        let connector = self
            .plugin
            .connector()
            .ok_or_else(|| wrong_call(case, "an analyzer only analyzes"))?;
        let channel = self.channel(case, config, network)?;
        self.runtime.block_on(async {
            match &case.call {
                Call::Receive(request) => written(
                    connector
                        .receive(
                            &channel,
                            model::WebhookRequest {
                                method: request.method.clone(),
                                path: request.path.clone(),
                                url: request.url.clone(),
                                query: request.query.clone(),
                                headers: request.headers.clone(),
                                body: request.body.clone(),
                            },
                        )
                        .await,
                ),
                Call::Poll { cursor, waited } => {
                    let cursor = cursor.clone().into_bytes();
                    let waited = waited.as_ref().map(|answer| answered(answer, false));
                    written(connector.poll(&channel, cursor, waited).await)
                }
                Call::Perform(request) => {
                    written(connector.perform(&channel, converted(request)?).await)
                }
                Call::ResolveProfile(person) => written(
                    connector
                        .resolve_profile(&channel, converted(person)?)
                        .await,
                ),
                Call::ResolveMedia(attachment) => written(
                    connector
                        .resolve_media(&channel, converted(attachment)?)
                        .await,
                ),
                Call::Probe {} => written(connector.probe(&channel).await),
                Call::Templates {} => written(connector.templates(&channel).await),
                Call::SetUp { rehearsal } => {
                    written(connector.set_up(&channel, false, *rehearsal).await)
                }
                Call::TearDown { rehearsal } => {
                    written(connector.set_up(&channel, true, *rehearsal).await)
                }
                Call::Analyze(_) => Err(wrong_call(case, "a connector does not analyze")),
            }
        })
    }

    /// A channel with the hosts that the manifest asks for, and the secrets of the kinds that it names.
    fn channel(
        &self,
        case: &Case,
        config: &str,
        network: &Arc<RecordedNetwork>,
    ) -> Result<ChannelContext, TestkitError> {
        let id = linecard_model::ChannelId::new(CHANNEL)
            .map_err(|error| TestkitError::Sandbox(error.to_string()))?;
        let network: Arc<dyn HttpAccess> = network.clone();
        let mut channel = ChannelContext::new(id, config, network);
        channel.webhook_url = Some(WEBHOOK_URL.into());
        if let Some(manifest) = &self.plugin.manifest().connector {
            let wanted = linecard_sandbox::wanted_hosts(manifest, &serde_json::from_str(config)?);
            let hosts = wanted
                .into_iter()
                .map(|want| HostGrant {
                    host: want.host,
                    port: want.port,
                    plain_http: want.plain_http,
                    private: false,
                })
                .collect();
            channel.grants = Arc::new(Grants { hosts });
            let mut secrets = HashMap::new();
            for want in &manifest.secrets {
                if let Some(value) = case.secrets.get(&want.name) {
                    let secret = Secret::from_json(want.kind, value).map_err(|error| {
                        TestkitError::Fixture {
                            path: case.folder.join("secrets.json"),
                            text: format!("{}: {error}", want.name),
                        }
                    })?;
                    secrets.insert(want.name.clone(), secret);
                }
            }
            channel.secrets = Arc::new(Secrets(secrets));
        }
        Ok(channel)
    }
}

/// The same value as the host's type: both have one serialized form.
fn converted<T: DeserializeOwned>(value: &impl Serialize) -> Result<T, TestkitError> {
    Ok(serde_json::from_value(serde_json::to_value(value)?)?)
}

fn written<T: Serialize, E: Serialize>(
    given: Result<Result<T, E>, linecard_sandbox::CallError>,
) -> Result<Value, TestkitError> {
    Ok(match given {
        Ok(Ok(value)) => report::succeeded(serde_json::to_value(value)?),
        Ok(Err(error)) => report::failed(serde_json::to_value(error)?),
        Err(error) => stopped(&error.fault),
    })
}

/// A call that the sandbox ended: no native run gives this.
fn stopped(fault: &impl std::fmt::Display) -> Value {
    serde_json::json!({ "sandbox": fault.to_string() })
}

struct Secrets(HashMap<String, Secret>);

impl SecretSource for Secrets {
    fn get(&self, name: &str) -> Option<Secret> {
        self.0.get(name).cloned()
    }
}

/// Answers from a case, and keeps what was asked.
struct RecordedNetwork {
    exchanges: Mutex<Exchanges>,
}

struct Exchanges {
    answers: VecDeque<crate::Answer>,
    requests: Vec<RecordedRequest>,
}

impl RecordedNetwork {
    fn new(case: &Case) -> Self {
        let answers = case.answers.iter().cloned().collect();
        RecordedNetwork {
            exchanges: Mutex::new(Exchanges {
                answers,
                requests: Vec::new(),
            }),
        }
    }
}

#[async_trait]
impl HttpAccess for RecordedNetwork {
    async fn send(
        &self,
        request: HttpRequest,
        _channel: &ChannelContext,
    ) -> Result<HttpResponse, HttpError> {
        let mut exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        exchanges.requests.push(recorded(&request));
        let answer = exchanges.answers.pop_front().ok_or_else(|| {
            HttpError::Denied(format!("the test has no answer for {}", request.url))
        })?;
        answered(&answer, request.store_body)
    }
}

/// An answer of a case, as the host has it.
pub(crate) fn answered(
    answer: &crate::Answer,
    store_body: bool,
) -> Result<HttpResponse, HttpError> {
    let response = answer.to_result().map_err(host_error)?;
    Ok(host_response(if store_body {
        linecard_sdk::testing::stored(response)
    } else {
        response
    }))
}

fn host_error(error: Error) -> HttpError {
    match error {
        Error::Denied(text) => HttpError::Denied(text),
        Error::Limit(text) => HttpError::Limit(text),
        Error::NotSent(text) => HttpError::NotSent(text),
        Error::NoAnswer(text) => HttpError::NoAnswer(text),
        Error::Secret(text) => HttpError::Secret(text),
    }
}

fn host_response(response: Response) -> HttpResponse {
    HttpResponse {
        status: response.status,
        headers: response.headers,
        body: response.body.into(),
        stored: response.stored.map(|stored| StoredBody {
            media: stored.media,
            size: stored.size,
            sha256: stored.sha256,
        }),
    }
}

pub(crate) fn recorded(request: &HttpRequest) -> RecordedRequest {
    let body = match &request.body {
        HttpBody::Empty => Value::Null,
        HttpBody::Bytes(bytes) => readable(bytes),
        HttpBody::Media(media) => serde_json::json!({ "media": media }),
        HttpBody::Multipart(parts) => parts
            .iter()
            .map(|part| {
                let content = match &part.content {
                    HttpPartContent::Bytes(bytes) => readable(bytes),
                    HttpPartContent::Media(media) => serde_json::json!({ "media": media }),
                    HttpPartContent::MediaRange(range) => {
                        range_form(&range.media, range.offset, range.length)
                    }
                };
                part_form(
                    &part.name,
                    part.file_name.as_deref(),
                    part.content_type.as_deref(),
                    content,
                )
            })
            .collect(),
    };
    let headers = request.headers.iter().map(|(name, value)| {
        (
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    let url = request.url.as_str();
    RecordedRequest::new(
        request.method.as_str(),
        url,
        headers,
        body,
        request.auth.clone(),
        request.store_body,
    )
    .in_query(
        request
            .query_secret
            .as_ref()
            .map(|wanted| (wanted.parameter.clone(), wanted.secret.clone())),
    )
}
