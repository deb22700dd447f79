//! Running a case on the plug-in's own code.

use crate::exchange::RecordedRequest;
use crate::fixture::{Call, Case};
use crate::{TestkitError, report};
use linecard_sdk::analyzer::Analyzer;
use linecard_sdk::connector::{Channel, Connector};
use linecard_sdk::testing::{DEFAULT_NOW, Installed, TestHost};
use serde::Serialize;
use serde_json::Value;

/// What stands for the channel's id, here and in the sandbox.
pub(crate) const CHANNEL: &str = "test-channel";
/// What stands for the address to which its network delivers.
pub(crate) const WEBHOOK_URL: &str = "https://hub.example.com/channels/test-channel/webhook";

pub(crate) fn run_connector<C: Connector>(
    case: &Case,
    config: &str,
) -> Result<Value, TestkitError> {
    let host = install(case);
    let channel = Channel {
        id: CHANNEL.to_owned(),
        config: config.to_owned(),
        webhook_url: Some(WEBHOOK_URL.to_owned()),
    };
    let result = match &case.call {
        Call::Receive(request) => written(C::receive(&channel, request)),
        Call::Poll { cursor, waited } => written(match waited {
            Some(waited) => C::poll_waited(&channel, cursor.as_bytes(), waited.to_result()),
            None => C::poll(&channel, cursor.as_bytes()),
        }),
        Call::Perform(request) => written(C::perform(&channel, request)),
        Call::ResolveProfile(identity) => written(C::resolve_profile(&channel, identity)),
        Call::ResolveMedia(attachment) => written(C::resolve_media(&channel, attachment)),
        Call::Probe {} => written(C::probe(&channel)),
        Call::Templates {} => written(C::templates(&channel)),
        Call::SetUp { rehearsal } => written(C::set_up(&channel, *rehearsal)),
        Call::TearDown { rehearsal } => written(C::tear_down(&channel, *rehearsal)),
        Call::Analyze(_) => return Err(wrong_call(case, "a connector does not analyze")),
    }?;
    report::run(
        result,
        host.requests().iter().map(RecordedRequest::from).collect(),
        host.unused_answers(),
    )
}

pub(crate) fn run_analyzer<A: Analyzer>(case: &Case, config: &str) -> Result<Value, TestkitError> {
    let Call::Analyze(subject) = &case.call else {
        return Err(wrong_call(case, "an analyzer only analyzes"));
    };
    let host = install(case);
    let result = match A::prepare_json(config) {
        Ok(analyzer) => written(analyzer.analyze(subject))?,
        Err(problems) => report::failed(serde_json::to_value(problems)?),
    };
    report::run(result, Vec::new(), host.unused_answers())
}

pub(crate) fn wrong_call(case: &Case, text: &str) -> TestkitError {
    TestkitError::WrongCall {
        case: case.name.clone(),
        text: text.to_owned(),
    }
}

fn written<T: Serialize, E: Serialize>(result: Result<T, E>) -> Result<Value, TestkitError> {
    Ok(match result {
        Ok(value) => report::succeeded(serde_json::to_value(value)?),
        Err(error) => report::failed(serde_json::to_value(error)?),
    })
}

fn install(case: &Case) -> Installed {
    let mut host = TestHost::new().at(case.now.unwrap_or(DEFAULT_NOW));
    for (name, value) in &case.secrets {
        // Only texts can be keys or tokens; the other kinds never answer a plug-in.
        if let Some(text) = value.as_str() {
            host = host.secret(name, text);
        }
    }
    for answer in &case.answers {
        host = match answer.to_result() {
            Ok(response) => host.answer(response),
            Err(error) => host.error(error),
        };
    }
    host.install()
}

/// Runs something; a panic gives its words and its place.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "without a word".to_owned())
    })
}
