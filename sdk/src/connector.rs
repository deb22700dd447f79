//! A connector: one network's language, for any number of channels.

use crate::actions::{ActionRequest, Failure, Outcome};
use crate::events::{Attachment, Event, Identity, Profile, Timestamp};
use crate::http;
use crate::json::Document;
use crate::manifest::Manifest;
use crate::templates::TemplateList;
use serde::de::DeserializeOwned;

pub use crate::intake::Intake;

pub use crate::bindings::connector::exports::linecard::plugin::connector_api::{
    Channel, Finding, PollPage, Reception, Rejection, Severity, Step, StoredMedia, Wait,
    WebhookRequest, WebhookResponse,
};

/// What a connector does. A webhook-only connector writes [`describe`](Self::describe) and
/// [`receive`](Self::receive); what else it can do, its manifest says and its methods here do.
///
/// There is no `self`: every call runs in a fresh instance, so that nothing one call leaves in memory
/// can reach the next. What must last is in the channel's configuration or in the poll's cursor.
pub trait Connector {
    /// Tells what this plug-in is and wants. Runs with no capability at all.
    fn describe() -> Manifest;

    /// Verifies a webhook request and turns it into events. Has no network; the host stops it after a
    /// second.
    fn receive(channel: &Channel, request: &WebhookRequest) -> Result<Reception, Rejection>;

    /// Fetches what happened since the cursor; an empty cursor means from the beginning. Called if the
    /// manifest says `polls`.
    fn poll(channel: &Channel, cursor: &[u8]) -> Result<PollPage, Failure> {
        let _ = (channel, cursor);
        Err(Failure::unsupported("this connector does not poll"))
    }

    /// Goes on with what the network answered to the request that the page before asked to
    /// [wait](PollPage::wait) for: usually as if [`poll`](Self::poll) had made that request itself. Without
    /// such a request there is only `poll`.
    fn poll_waited(
        channel: &Channel,
        cursor: &[u8],
        waited: Result<http::Response, http::Error>,
    ) -> Result<PollPage, Failure> {
        let _ = waited;
        Self::poll(channel, cursor)
    }

    /// Does one action on the network. Called for the manifest's `actions`.
    fn perform(channel: &Channel, request: &ActionRequest) -> Result<Outcome, Failure> {
        let _ = channel;
        Err(Failure::unsupported(format!(
            "this connector has no {:?}",
            request.action.kind()
        )))
    }

    /// Finds facts about a person; `None` if the network hides them. Called if the manifest says
    /// `resolves_profiles`.
    fn resolve_profile(channel: &Channel, identity: &Identity) -> Result<Option<Profile>, Failure> {
        let _ = (channel, identity);
        Ok(None)
    }

    /// Fetches an attachment into the media store, with [`Request::store_body`](crate::http::Request).
    /// Called if the manifest says `resolves_media`.
    fn resolve_media(channel: &Channel, attachment: &Attachment) -> Result<StoredMedia, Failure> {
        let _ = (channel, attachment);
        Err(Failure::unsupported("this connector does not fetch media"))
    }

    /// Tells whether the channel's credentials work, and what else the network tells about how the channel
    /// is set up: whether the webhook is registered, what the token may do and when it ends. A failure means
    /// that the credentials do not work or nothing can be told. Called every few minutes if the manifest
    /// says `probes`.
    fn probe(channel: &Channel) -> Result<Vec<Finding>, Failure> {
        let _ = channel;
        Err(Failure::unsupported("this connector cannot probe"))
    }

    /// Lists the channel's templates, approved or not: at its start, every hour, and soon after an event of
    /// the kind `other` whose name contains `template`. Called if the manifest says `templates`.
    fn templates(channel: &Channel) -> Result<TemplateList, Failure> {
        let _ = channel;
        Err(Failure::unsupported("this connector has no templates"))
    }

    /// Registers the channel at the network, so that it delivers to [`Channel::webhook_url`]. In a rehearsal
    /// it only looks, by GET and HEAD, and tells what it would do. Called if the manifest says `sets_up`,
    /// when a person asks for it; again at any time, and then it changes only what is not as it should be.
    fn set_up(channel: &Channel, rehearsal: bool) -> Result<Vec<Step>, Failure> {
        let _ = (channel, rehearsal);
        Err(Failure::unsupported(
            "this connector does not set channels up",
        ))
    }

    /// Takes the channel off the network again, in the same way.
    fn tear_down(channel: &Channel, rehearsal: bool) -> Result<Vec<Step>, Failure> {
        let _ = (channel, rehearsal);
        Err(Failure::unsupported(
            "this connector does not take channels off",
        ))
    }
}

impl Step {
    /// Something that is changed, or would be.
    pub fn change(text: impl Into<String>) -> Self {
        Step {
            text: text.into(),
            changes: true,
        }
    }

    /// Something that is as it should be.
    pub fn as_it_is(text: impl Into<String>) -> Self {
        Step {
            text: text.into(),
            changes: false,
        }
    }
}

impl Wait {
    /// Waits for the answer to a GET request, for so long in milliseconds. Ask the network for less, so that
    /// it answers before.
    pub fn for_answer(url: impl Into<String>, timeout_ms: u32) -> Self {
        Wait {
            url: url.into(),
            headers: Vec::new(),
            auth: None,
            timeout_ms,
        }
    }
}

impl Finding {
    /// Something good to know. The code is the same each time: `a-z 0-9 -`.
    pub fn note(code: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(code.into(), Severity::Note, text.into(), None)
    }

    /// Something that works and should be seen to, and how.
    pub fn warning(
        code: impl Into<String>,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(
            code.into(),
            Severity::Warning,
            text.into(),
            Some(remedy.into()),
        )
    }

    /// A part that does not work, and what to do.
    pub fn error(
        code: impl Into<String>,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(
            code.into(),
            Severity::Error,
            text.into(),
            Some(remedy.into()),
        )
    }

    fn new(code: String, severity: Severity, text: String, remedy: Option<String>) -> Self {
        Finding {
            code,
            severity,
            text,
            remedy,
            ends: None,
        }
    }

    /// Says when it begins to matter, or when what it is about ends.
    #[must_use]
    pub fn ends(mut self, at: Timestamp) -> Self {
        self.ends = Some(at);
        self
    }
}

impl Channel {
    /// A channel with a configuration, for tests.
    pub fn new(id: impl Into<String>, config: &serde_json::Value) -> Self {
        Channel {
            id: id.into(),
            config: config.to_string(),
            webhook_url: None,
        }
    }

    /// Sets the address to which the network delivers, for tests.
    #[must_use]
    pub fn at(mut self, webhook_url: impl Into<String>) -> Self {
        self.webhook_url = Some(webhook_url.into());
        self
    }

    /// Reads the configuration. It fails only if the manifest's schema allows what `T` does not; both
    /// [`Failure`] and [`Rejection`] can be made of the error, so `?` works everywhere.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T, BadConfig> {
        crate::config::read(&self.config).map_err(|problem| BadConfig {
            text: format!(
                "channel {}: configuration at \"{}\": {}",
                self.id, problem.pointer, problem.text
            ),
        })
    }
}

/// A configuration that the connector cannot read though its schema allowed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadConfig {
    /// Which channel, where and what.
    pub text: String,
}

impl From<BadConfig> for Failure {
    fn from(error: BadConfig) -> Self {
        Failure::Unauthorized(error.text)
    }
}

/// Nothing was verified yet when a configuration is read, so nothing may be stored.
impl From<BadConfig> for Rejection {
    fn from(error: BadConfig) -> Self {
        Rejection::NotForThisChannel(error.text)
    }
}

impl WebhookRequest {
    /// A request with a body, for tests.
    pub fn post(body: impl Into<Vec<u8>>) -> Self {
        WebhookRequest {
            method: "POST".to_owned(),
            path: String::new(),
            url: None,
            query: Vec::new(),
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// A request with query parameters, for tests.
    pub fn get<K: Into<String>, V: Into<String>>(query: impl IntoIterator<Item = (K, V)>) -> Self {
        WebhookRequest {
            method: "GET".to_owned(),
            query: query
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            ..Self::post(Vec::new())
        }
    }

    /// Adds a header, for tests.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        crate::first_header(&self.headers, name)
    }

    /// All headers of this name, in any case.
    pub fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The first query parameter of this name.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text, or the rejection of one that is not UTF-8.
    pub fn text(&self) -> Result<&str, Rejection> {
        std::str::from_utf8(&self.body)
            .map_err(|error| Rejection::Malformed(format!("the body is not UTF-8: {error}")))
    }

    /// Reads the body as JSON, leniently; see [`json`](crate::json). Verify the signature first: a
    /// malformed body is kept, and only a network's own may be.
    pub fn document(&self) -> Result<Document<'_>, Rejection> {
        Document::read(&self.body).map_err(|error| Rejection::Malformed(error.text))
    }
}

impl WebhookResponse {
    /// 200 without a body.
    pub fn ok() -> Self {
        WebhookResponse {
            status: 200,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// 200 with a plain text, as verification handshakes want it.
    pub fn text(text: impl Into<String>) -> Self {
        Self::with_body("text/plain; charset=utf-8", text.into().into_bytes())
    }

    /// 200 with JSON.
    pub fn json(value: &serde_json::Value) -> Self {
        Self::with_body("application/json", value.to_string().into_bytes())
    }

    fn with_body(content_type: &str, body: Vec<u8>) -> Self {
        WebhookResponse {
            status: 200,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body,
        }
    }

    /// Sets another status, 200 to 599.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

impl Reception {
    /// Only an answer: a handshake.
    pub fn answer(response: WebhookResponse) -> Self {
        Reception {
            response,
            events: Vec::new(),
        }
    }

    /// 200 and these events, in the payload's order, made to fit as by an [`Intake`].
    pub fn events(events: Vec<Event>) -> Self {
        gathered(events).reception()
    }

    /// Sets another answer.
    #[must_use]
    pub fn with_response(mut self, response: WebhookResponse) -> Self {
        self.response = response;
        self
    }
}

impl PollPage {
    /// Events, oldest first, where the next poll goes on (up to 16 KiB), and how long to wait before it,
    /// in milliseconds; 0 if there is more now. The events are made to fit as by an [`Intake`], which is
    /// also what keeps one update that cannot be read from costing the others.
    pub fn new(events: Vec<Event>, cursor: impl Into<Vec<u8>>, next_in_ms: u64) -> Self {
        gathered(events).page(cursor, next_in_ms)
    }

    /// Has the host wait for the network's answer before the next poll, which begins with it.
    #[must_use]
    pub fn waiting(mut self, wait: Wait) -> Self {
        self.wait = Some(wait);
        self
    }

    /// What the network charges for what was fetched, in millionths of the unit of its price list.
    #[must_use]
    pub fn cost(mut self, millionths: u64) -> Self {
        self.cost = millionths;
        self
    }
}

fn gathered(events: Vec<Event>) -> Intake {
    let mut intake = Intake::new();
    for event in events {
        intake.push(event);
    }
    intake
}

impl StoredMedia {
    /// The file that an answer to a request with `store_body` put into the media store; `None` if the
    /// answer holds none.
    pub fn from_response(response: &crate::http::Response) -> Option<Self> {
        let stored = response.stored.as_ref()?;
        Some(StoredMedia {
            media: stored.media.clone(),
            mime: response.header("content-type").map(str::to_owned),
            size: stored.size,
            sha256: stored.sha256.clone(),
        })
    }
}

/// What every call of a component begins with.
fn begin() {
    #[cfg(target_arch = "wasm32")]
    crate::intake::tell_panics();
}

/// Makes the component's entry points call a [`Connector`]; see [`export_connector!`](crate::export_connector).
#[doc(hidden)]
pub struct Component<C>(std::marker::PhantomData<C>);

impl<C: Connector> crate::bindings::connector::exports::linecard::plugin::connector_api::Guest
    for Component<C>
{
    fn describe() -> Manifest {
        C::describe()
    }

    fn receive(channel: Channel, request: WebhookRequest) -> Result<Reception, Rejection> {
        begin();
        C::receive(&channel, &request)
    }

    fn poll(
        channel: Channel,
        cursor: Vec<u8>,
        waited: Option<Result<http::Response, http::Error>>,
    ) -> Result<PollPage, Failure> {
        begin();
        match waited {
            Some(waited) => C::poll_waited(&channel, &cursor, waited),
            None => C::poll(&channel, &cursor),
        }
    }

    fn perform(channel: Channel, request: ActionRequest) -> Result<Outcome, Failure> {
        begin();
        C::perform(&channel, &request)
    }

    fn resolve_profile(channel: Channel, identity: Identity) -> Result<Option<Profile>, Failure> {
        begin();
        C::resolve_profile(&channel, &identity)
    }

    fn resolve_media(channel: Channel, attachment: Attachment) -> Result<StoredMedia, Failure> {
        begin();
        C::resolve_media(&channel, &attachment)
    }

    fn probe(channel: Channel) -> Result<Vec<Finding>, Failure> {
        begin();
        C::probe(&channel)
    }

    fn templates(channel: Channel) -> Result<TemplateList, Failure> {
        begin();
        C::templates(&channel)
    }

    fn set_up(channel: Channel, rehearsal: bool) -> Result<Vec<Step>, Failure> {
        begin();
        C::set_up(&channel, rehearsal)
    }

    fn tear_down(channel: Channel, rehearsal: bool) -> Result<Vec<Step>, Failure> {
        begin();
        C::tear_down(&channel, rehearsal)
    }
}

/// Makes a crate a connector component: call it once, in the crate's root, with the type that implements
/// [`Connector`].
///
/// On native targets it only checks that the type does, so that the crate's tests can call its methods
/// directly.
#[macro_export]
macro_rules! export_connector {
    ($connector:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[doc(hidden)]
        #[allow(
            unsafe_code,
            missing_docs,
            unused_imports,
            clippy::all,
            clippy::pedantic,
            reason = "generated: the component's entry points"
        )]
        mod linecard_component {
            use super::*;
            type Component = $crate::connector::Component<$connector>;
            $crate::bindings::connector::__export_connector_component!(Component with_types_in $crate::bindings::connector);
        }
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() = || {
            fn is_a_connector<T: $crate::connector::Connector>() {}
            is_a_connector::<$connector>();
        };
    };
}
