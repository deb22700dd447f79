//! The network in a trial: what recorded cases say that it answered.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use linecard_sandbox::{ChannelContext, HttpAccess, HttpError, HttpRequest, HttpResponse};
use linecard_testkit::{Answer, Call, Case, RecordedRequest};
use serde_json::Value;

/// An answer, and the request that it is for; any if that is not known.
struct Exchange {
    request: Option<RecordedRequest>,
    answer: Answer,
}

/// Answers each request as a recorded case does.
pub(super) struct Network {
    /// Those that may be given again and again; cases that end well come first.
    cases: Vec<Exchange>,
    /// Those that are given once, before all others.
    next: Mutex<VecDeque<Exchange>>,
}

impl Network {
    /// A network that answers as these cases do. What only a poll asks is not answered by itself: customers
    /// would write without being told to.
    pub(super) fn new(cases: &[Case]) -> anyhow::Result<Self> {
        let (mut well, mut others) = (Vec::new(), Vec::new());
        for case in cases {
            if matches!(case.call, Call::Poll { .. }) {
                continue;
            }
            let list = if ends_well(case) {
                &mut well
            } else {
                &mut others
            };
            list.extend(exchanges(case)?);
        }
        well.append(&mut others);
        Ok(Self {
            cases: well,
            next: Mutex::default(),
        })
    }

    /// Has the answers of a case be given next, each once. How many there are.
    pub(super) fn expect(&self, case: &Case) -> anyhow::Result<usize> {
        let exchanges = exchanges(case)?;
        let count = exchanges.len();
        self.expected().extend(exchanges);
        Ok(count)
    }

    /// Has answers be given next, each once, whatever is asked.
    pub(super) fn expect_answers(&self, answers: Vec<Answer>) -> usize {
        let count = answers.len();
        let exchanges = answers.into_iter().map(|answer| Exchange {
            request: None,
            answer,
        });
        self.expected().extend(exchanges);
        count
    }

    fn expected(&self) -> std::sync::MutexGuard<'_, VecDeque<Exchange>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, asked: &RecordedRequest) -> Option<Answer> {
        let mut next = self.expected();
        let is_it = |exchange: &Exchange| {
            let request = exchange.request.as_ref();
            request.is_none_or(|request| is_like(request, asked))
        };
        if let Some(place) = next.iter().position(is_it) {
            return next.remove(place).map(|exchange| exchange.answer);
        }
        drop(next);
        let best = |rank: fn(&RecordedRequest, &RecordedRequest) -> bool| {
            let mut fitting = self.cases.iter().filter(|exchange| {
                let request = exchange.request.as_ref();
                request.is_some_and(|request| rank(request, asked))
            });
            fitting.next().map(|exchange| exchange.answer.clone())
        };
        best(is_same)
            .or_else(|| best(|one, other| one.method == other.method && one.url == other.url))
            .or_else(|| best(is_like))
    }
}

#[async_trait]
impl HttpAccess for Network {
    async fn send(
        &self,
        request: HttpRequest,
        _channel: &ChannelContext,
    ) -> Result<HttpResponse, HttpError> {
        let asked = RecordedRequest::from(&request);
        let answer = self.answer(&asked).ok_or_else(|| {
            HttpError::Denied(format!(
                "no case has an answer to {} {}: record one, or say before what the network answers, by \
                 `network FILE`",
                asked.method, asked.url
            ))
        })?;
        answer.to_host(request.store_body)
    }
}

fn is_same(one: &RecordedRequest, other: &RecordedRequest) -> bool {
    one.method == other.method && one.url == other.url && one.body == other.body
}

/// Whether two requests go to the same place; what they ask there may differ.
fn is_like(one: &RecordedRequest, other: &RecordedRequest) -> bool {
    let place = |request: &RecordedRequest| {
        let url = request.url.split(['?', '#']).next();
        url.map(str::to_owned)
    };
    one.method == other.method && place(one) == place(other)
}

fn ends_well(case: &Case) -> bool {
    let text = std::fs::read(case.folder.join("expected.json")).unwrap_or_default();
    let expected: Value = serde_json::from_slice(&text).unwrap_or_default();
    expected.get("ok").is_some()
}

fn exchanges(case: &Case) -> anyhow::Result<Vec<Exchange>> {
    let mut requests = case.expected_requests()?.into_iter();
    let answers = case.answers.iter();
    let exchanges = answers.map(|answer| Exchange {
        request: requests.next(),
        answer: answer.clone(),
    });
    Ok(exchanges.collect())
}

/// The answers in a file like `http.json`.
pub(super) fn answers(path: &Path) -> anyhow::Result<Vec<Answer>> {
    use anyhow::Context as _;
    let text = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_slice(&text).with_context(|| {
        format!(
            "{} is no list of answers such as [{{\"status\": 200, \"body\": {{}}}}]",
            path.display()
        )
    })
}
