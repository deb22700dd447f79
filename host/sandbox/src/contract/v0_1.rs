//! Version 0.1 of the contract: what it has otherwise than the newest one, and how that is made of it.

use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, ComponentType, Instance, InstancePre,
    Lift, Linker, Lower,
};
use wasmtime::{Store, StoreContextMut};

use super::{Answer, Version, export};
use crate::bindings::analyzer::exports::linecard::plugin::analyzer_api as analyzer;
use crate::bindings::connector::exports::linecard::plugin::connector_api as connector;
use crate::bindings::connector::linecard::plugin::{
    actions, clock, events, http, log, manifest, random, secrets, templates,
};
use crate::error::LoadProblem;
use crate::instance::CallState;

const VERSION: Version = Version::V0_1;

fn instance_name(interface: &str) -> String {
    format!("{}{interface}@{VERSION}", super::PACKAGE)
}

/// What connectors import: the same functions, under this version's names.
pub(super) fn add_for_connectors(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    add_for_analyzers(linker)?;
    let mut imports = linker.instance(&instance_name("http"))?;
    imports.func_wrap_async(
        "send",
        |mut store: StoreContextMut<'_, CallState>, (request,): (http::Request,)| {
            Box::new(async move { Ok((http::Host::send(store.data_mut(), request).await?,)) })
        },
    )?;
    let mut imports = linker.instance(&instance_name("secrets"))?;
    imports.func_wrap(
        "hmac",
        |mut store: StoreContextMut<'_, CallState>, (name, algorithm, message)| {
            let state = store.data_mut();
            Ok((secrets::Host::hmac(state, name, algorithm, message)?,))
        },
    )?;
    imports.func_wrap(
        "verify-hmac",
        |mut store: StoreContextMut<'_, CallState>, (name, algorithm, message, mac)| {
            let state = store.data_mut();
            let is_right = secrets::Host::verify_hmac(state, name, algorithm, message, mac)?;
            Ok((is_right,))
        },
    )?;
    imports.func_wrap(
        "equals",
        |mut store: StoreContextMut<'_, CallState>, (name, candidate)| {
            let state = store.data_mut();
            Ok((secrets::Host::equals(state, name, candidate)?,))
        },
    )?;
    let mut imports = linker.instance(&instance_name("random"))?;
    imports.func_wrap(
        "bytes",
        |mut store: StoreContextMut<'_, CallState>, (count,)| {
            Ok((random::Host::bytes(store.data_mut(), count)?,))
        },
    )
}

/// What analyzers import.
pub(super) fn add_for_analyzers(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    let mut imports = linker.instance(&instance_name("log"))?;
    imports.func_wrap(
        "write",
        |mut store: StoreContextMut<'_, CallState>, (level, message)| {
            log::Host::write(store.data_mut(), level, message)
        },
    )?;
    let mut imports = linker.instance(&instance_name("clock"))?;
    imports.func_wrap("now", |mut store: StoreContextMut<'_, CallState>, ()| {
        Ok((clock::Host::now(store.data_mut())?,))
    })
}

/// Calls an export. Its type is held to the contract's here.
async fn call<P, R>(
    instance: Instance,
    store: &mut Store<CallState>,
    export: ComponentExportIndex,
    parameters: P,
) -> wasmtime::Result<R>
where
    P: ComponentNamedList + Lower + Send + Sync,
    (R,): ComponentNamedList + Lift + Send + Sync + 'static,
{
    let function = instance.get_typed_func::<P, (R,)>(&mut *store, &export)?;
    let (given,) = function.call_async(store, parameters).await?;
    Ok(given)
}

/// A connector that can be started.
#[derive(Clone)]
pub(crate) struct ConnectorPre {
    pre: InstancePre<CallState>,
    exports: ConnectorExports,
}

#[derive(Clone, Copy)]
struct ConnectorExports {
    describe: ComponentExportIndex,
    receive: ComponentExportIndex,
    poll: ComponentExportIndex,
    perform: ComponentExportIndex,
    resolve_profile: ComponentExportIndex,
    resolve_media: ComponentExportIndex,
    probe: ComponentExportIndex,
    templates: ComponentExportIndex,
}

impl ConnectorPre {
    pub(super) fn new(
        component: &Component,
        pre: InstancePre<CallState>,
    ) -> Result<Self, LoadProblem> {
        let function = |name| export(component, VERSION, "connector-api", name);
        Ok(Self {
            pre,
            exports: ConnectorExports {
                describe: function("describe")?,
                receive: function("receive")?,
                poll: function("poll")?,
                perform: function("perform")?,
                resolve_profile: function("resolve-profile")?,
                resolve_media: function("resolve-media")?,
                probe: function("probe")?,
                templates: function("templates")?,
            },
        })
    }

    pub(super) async fn start(
        &self,
        store: &mut Store<CallState>,
    ) -> wasmtime::Result<ConnectorGuest> {
        Ok(ConnectorGuest {
            instance: self.pre.instantiate_async(store).await?,
            exports: self.exports,
        })
    }
}

/// A connector's instance.
pub(crate) struct ConnectorGuest {
    instance: Instance,
    exports: ConnectorExports,
}

/// What a call gives in this version.
type Given<T> = Result<T, Failure>;

fn risen<T>(given: Given<T>) -> Result<T, actions::Failure> {
    given.map_err(Failure::risen)
}

impl ConnectorGuest {
    pub(super) async fn describe(
        &self,
        store: &mut Store<CallState>,
    ) -> wasmtime::Result<manifest::Manifest> {
        self.check(store)?;
        let given: Manifest = call(self.instance, store, self.exports.describe, ()).await?;
        Ok(given.risen())
    }

    /// Holds the other exports to their types, before a channel needs them.
    fn check(&self, store: &mut Store<CallState>) -> wasmtime::Result<()> {
        type Of<'a, T> = (&'a T, ComponentExportIndex);
        fn is<P, R>(
            (instance, export): Of<'_, Instance>,
            store: &mut Store<CallState>,
        ) -> wasmtime::Result<()>
        where
            P: ComponentNamedList + Lower,
            (R,): ComponentNamedList + Lift,
        {
            instance.get_typed_func::<P, (R,)>(store, &export).map(drop)
        }
        let (i, all) = (&self.instance, self.exports);
        is::<(Channel, WebhookRequest), Result<connector::Reception, connector::Rejection>>(
            (i, all.receive),
            store,
        )?;
        is::<(Channel, Vec<u8>), Given<PollPage>>((i, all.poll), store)?;
        is::<(Channel, actions::ActionRequest), Given<actions::Outcome>>((i, all.perform), store)?;
        is::<(Channel, events::Identity), Given<Option<events::Profile>>>(
            (i, all.resolve_profile),
            store,
        )?;
        is::<(Channel, events::Attachment), Given<connector::StoredMedia>>(
            (i, all.resolve_media),
            store,
        )?;
        is::<(Channel,), Given<Vec<connector::Finding>>>((i, all.probe), store)?;
        is::<(Channel,), Given<templates::TemplateList>>((i, all.templates), store)
    }

    pub(super) async fn receive(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
        request: connector::WebhookRequest,
    ) -> wasmtime::Result<Result<connector::Reception, connector::Rejection>> {
        let given = (Channel::of(channel), WebhookRequest::of(request));
        call(self.instance, store, self.exports.receive, given).await
    }

    pub(super) async fn poll(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
        cursor: Vec<u8>,
    ) -> Answer<connector::PollPage> {
        let given = (Channel::of(channel), cursor);
        let page: Given<PollPage> = call(self.instance, store, self.exports.poll, given).await?;
        Ok(risen(page.map(PollPage::risen)))
    }

    pub(super) async fn perform(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
        request: actions::ActionRequest,
    ) -> Answer<actions::Outcome> {
        let given = (Channel::of(channel), request);
        let answer = call(self.instance, store, self.exports.perform, given).await?;
        Ok(risen(answer))
    }

    pub(super) async fn resolve_profile(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
        identity: events::Identity,
    ) -> Answer<Option<events::Profile>> {
        let given = (Channel::of(channel), identity);
        let answer = call(self.instance, store, self.exports.resolve_profile, given).await?;
        Ok(risen(answer))
    }

    pub(super) async fn resolve_media(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
        attachment: events::Attachment,
    ) -> Answer<connector::StoredMedia> {
        let given = (Channel::of(channel), attachment);
        let answer = call(self.instance, store, self.exports.resolve_media, given).await?;
        Ok(risen(answer))
    }

    pub(super) async fn probe(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
    ) -> Answer<Vec<connector::Finding>> {
        let given = (Channel::of(channel),);
        Ok(risen(
            call(self.instance, store, self.exports.probe, given).await?,
        ))
    }

    pub(super) async fn templates(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
    ) -> Answer<templates::TemplateList> {
        let given = (Channel::of(channel),);
        Ok(risen(
            call(self.instance, store, self.exports.templates, given).await?,
        ))
    }
}

/// This version knows nothing of setting up.
pub(super) fn cannot_set_up() -> actions::Failure {
    actions::Failure::Unsupported(format!(
        "a plug-in of version {VERSION} of the contract cannot set a channel up"
    ))
}

/// An analyzer that can be started.
#[derive(Clone)]
pub(crate) struct AnalyzerPre {
    pre: InstancePre<CallState>,
    exports: AnalyzerExports,
}

#[derive(Clone, Copy)]
struct AnalyzerExports {
    describe: ComponentExportIndex,
    prepare: ComponentExportIndex,
    analyze: ComponentExportIndex,
}

impl AnalyzerPre {
    pub(super) fn new(
        component: &Component,
        pre: InstancePre<CallState>,
    ) -> Result<Self, LoadProblem> {
        let function = |name| export(component, VERSION, "analyzer-api", name);
        Ok(Self {
            pre,
            exports: AnalyzerExports {
                describe: function("describe")?,
                prepare: function("prepare")?,
                analyze: function("analyze")?,
            },
        })
    }

    pub(super) async fn start(
        &self,
        store: &mut Store<CallState>,
    ) -> wasmtime::Result<AnalyzerGuest> {
        Ok(AnalyzerGuest {
            instance: self.pre.instantiate_async(store).await?,
            exports: self.exports,
        })
    }
}

/// An analyzer's instance.
pub(crate) struct AnalyzerGuest {
    instance: Instance,
    exports: AnalyzerExports,
}

impl AnalyzerGuest {
    pub(super) async fn describe(
        &self,
        store: &mut Store<CallState>,
    ) -> wasmtime::Result<manifest::Manifest> {
        let given: Manifest = call(self.instance, store, self.exports.describe, ()).await?;
        Ok(given.risen())
    }

    pub(super) async fn prepare(
        &self,
        store: &mut Store<CallState>,
        config: &str,
    ) -> wasmtime::Result<Result<(), Vec<analyzer::ConfigProblem>>> {
        call(self.instance, store, self.exports.prepare, (config,)).await
    }

    pub(super) async fn analyze(
        &self,
        store: &mut Store<CallState>,
        subject: &analyzer::Subject,
    ) -> wasmtime::Result<Result<analyzer::Analysis, String>> {
        call(self.instance, store, self.exports.analyze, (subject,)).await
    }
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct Manifest {
    id: String,
    version: String,
    #[component(name = "display-name")]
    display_name: String,
    description: String,
    contract: String,
    #[component(name = "config-schema")]
    config_schema: String,
    connector: Option<ConnectorManifest>,
    analyzer: Option<manifest::AnalyzerManifest>,
}

impl Manifest {
    fn risen(self) -> manifest::Manifest {
        manifest::Manifest {
            id: self.id,
            version: self.version,
            display_name: self.display_name,
            description: self.description,
            contract: self.contract,
            config_schema: self.config_schema,
            connector: self.connector.map(ConnectorManifest::risen),
            analyzer: self.analyzer,
        }
    }
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct ConnectorManifest {
    networks: Vec<String>,
    secrets: Vec<SecretWant>,
    hosts: Vec<manifest::HostWant>,
    receives: bool,
    polls: bool,
    #[component(name = "resolves-profiles")]
    resolves_profiles: bool,
    #[component(name = "resolves-media")]
    resolves_media: bool,
    probes: bool,
    templates: bool,
    visibilities: Vec<manifest::Visibility>,
    actions: Vec<ActionAbility>,
    #[component(name = "rate-limits")]
    rate_limits: Vec<manifest::RateLimit>,
    retries: Option<manifest::RetryRule>,
}

impl ConnectorManifest {
    fn risen(self) -> manifest::ConnectorManifest {
        manifest::ConnectorManifest {
            networks: self.networks,
            secrets: self.secrets.into_iter().map(SecretWant::risen).collect(),
            hosts: self.hosts,
            receives: self.receives,
            receives_if: None,
            polls: self.polls,
            polls_if: None,
            sets_up: false,
            resolves_profiles: self.resolves_profiles,
            resolves_media: self.resolves_media,
            probes: self.probes,
            templates: self.templates,
            visibilities: self.visibilities,
            actions: self.actions.into_iter().map(ActionAbility::risen).collect(),
            rate_limits: self.rate_limits,
            retries: self.retries,
        }
    }
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct SecretWant {
    name: String,
    title: String,
    hint: String,
    kind: SecretKind,
    required: bool,
    #[component(name = "inspected-at")]
    inspected_at: Option<String>,
}

impl SecretWant {
    fn risen(self) -> manifest::SecretWant {
        manifest::SecretWant {
            name: self.name,
            title: self.title,
            hint: self.hint,
            kind: match self.kind {
                SecretKind::HmacKey => manifest::SecretKind::HmacKey,
                SecretKind::SharedToken => manifest::SecretKind::SharedToken,
                SecretKind::Bearer => manifest::SecretKind::Bearer,
                SecretKind::Basic => manifest::SecretKind::Basic,
                SecretKind::Oauth1 => manifest::SecretKind::Oauth1,
                SecretKind::Oauth2 => manifest::SecretKind::Oauth2,
            },
            required: self.required,
            required_if: None,
            placed: None,
            inspected_at: self.inspected_at,
        }
    }
}

#[derive(ComponentType, Lift, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "lifting makes them")]
enum SecretKind {
    #[component(name = "hmac-key")]
    HmacKey,
    #[component(name = "shared-token")]
    SharedToken,
    #[component(name = "bearer")]
    Bearer,
    #[component(name = "basic")]
    Basic,
    #[component(name = "oauth1")]
    Oauth1,
    #[component(name = "oauth2")]
    Oauth2,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct ActionAbility {
    kind: manifest::ActionKind,
    visibilities: Vec<manifest::Visibility>,
    text: Option<manifest::TextLimit>,
    media: Vec<manifest::MediaLimit>,
    #[component(name = "max-attachments")]
    max_attachments: u32,
    #[component(name = "text-with-media")]
    text_with_media: bool,
    #[component(name = "max-quick-replies")]
    max_quick_replies: u32,
    structured: Vec<String>,
    windows: Vec<manifest::ReplyWindow>,
    idempotent: bool,
}

impl ActionAbility {
    fn risen(self) -> manifest::ActionAbility {
        manifest::ActionAbility {
            kind: self.kind,
            visibilities: self.visibilities,
            text: self.text,
            media: self.media,
            caption: None,
            max_attachments: self.max_attachments,
            text_with_media: self.text_with_media,
            max_quick_replies: self.max_quick_replies,
            quick_reply_payload: None,
            // Nobody could say it: the connector itself refuses a place that it cannot send.
            locations: true,
            structured: self.structured,
            windows: self.windows,
            idempotent: self.idempotent,
        }
    }
}

#[derive(ComponentType, Lift)]
#[component(variant)]
enum Failure {
    #[component(name = "throttled")]
    Throttled(actions::Throttle),
    #[component(name = "transient")]
    Transient(String),
    #[component(name = "unauthorized")]
    Unauthorized(String),
    #[component(name = "rejected")]
    Rejected(events::Refusal),
    #[component(name = "window-closed")]
    WindowClosed(String),
    #[component(name = "gone")]
    Gone(String),
    #[component(name = "unsupported")]
    Unsupported(String),
    #[component(name = "uncertain")]
    Uncertain(String),
    #[component(name = "unfinished")]
    Unfinished(actions::Unfinished),
}

impl Failure {
    fn risen(self) -> actions::Failure {
        use actions::Failure as Newest;
        match self {
            Self::Throttled(throttle) => Newest::Throttled(throttle),
            Self::Transient(text) => Newest::Transient(text),
            Self::Unauthorized(text) => Newest::Unauthorized(text),
            Self::Rejected(reason) => Newest::Rejected(reason),
            Self::WindowClosed(text) => Newest::WindowClosed(text),
            Self::Gone(text) => Newest::Gone(text),
            Self::Unsupported(text) => Newest::Unsupported(text),
            Self::Uncertain(text) => Newest::Uncertain(text),
            Self::Unfinished(unfinished) => Newest::Unfinished(unfinished),
        }
    }
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Channel {
    id: String,
    config: String,
}

impl Channel {
    fn of(channel: connector::Channel) -> Self {
        Self {
            id: channel.id,
            config: channel.config,
        }
    }
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct WebhookRequest {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl WebhookRequest {
    fn of(request: connector::WebhookRequest) -> Self {
        Self {
            method: request.method,
            path: request.path,
            query: request.query,
            headers: request.headers,
            body: request.body,
        }
    }
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct PollPage {
    events: Vec<events::Event>,
    cursor: Vec<u8>,
    #[component(name = "next-in-ms")]
    next_in_ms: u64,
    cost: u64,
}

impl PollPage {
    fn risen(self) -> connector::PollPage {
        connector::PollPage {
            events: self.events,
            cursor: self.cursor,
            next_in_ms: self.next_in_ms,
            wait: None,
            cost: self.cost,
        }
    }
}
