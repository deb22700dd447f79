//! What every simulated network's server does: listen, record, inject faults, stop.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::SimulatedClock;
use crate::customers::Customers;
use crate::error::{Result, SimulatorError};
use crate::faults::{Fault, FaultAnswer, Faults};
use crate::record::{Direction, Opening, Record, RecordMode, readable, without_token};

/// The largest request that a simulated network takes: 25 MB of media and some form around it.
pub(crate) const MAX_BODY: usize = 28 * 1024 * 1024;

/// What all parts of one simulated network share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: SimulatedClock,
    pub(crate) customers: Customers,
    pub(crate) faults: Faults,
    pub(crate) record: Record,
    pub(crate) stop: watch::Sender<bool>,
}

impl World {
    pub(crate) fn new(mode: RecordMode, seed: u64, clock: SimulatedClock) -> Self {
        Self {
            clock,
            customers: Customers::new(mode != RecordMode::CountOnly),
            faults: Faults::new(seed),
            record: Record::new(mode),
            stop: watch::Sender::new(false),
        }
    }

    /// Waits until the simulator stops.
    pub(crate) async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        // The sender lives in `self`, so this ends by the stop alone.
        let _ = stop.wait_for(|stopped| *stopped).await;
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    world: Arc<World>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Server {
    pub(crate) async fn start(
        listen: SocketAddr,
        router: Router,
        world: Arc<World>,
    ) -> Result<Self> {
        let failed = |source| SimulatorError::Listen { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let until = Arc::clone(&world);
        let task = tokio::spawn(async move {
            let served = axum::serve(listener, router)
                .with_graceful_shutdown(async move { until.stopped().await })
                .await;
            if let Err(error) = served {
                tracing::warn!(%error, %address, "a simulated network stopped serving");
            }
        });
        Ok(Self {
            address,
            world,
            task: Mutex::new(Some(task)),
        })
    }

    /// Waits a moment for open calls, then stops in any case.
    pub(crate) async fn stop(&self) {
        self.world.stop.send_replace(true);
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut task) = task
            && tokio::time::timeout(Duration::from_secs(2), &mut task)
                .await
                .is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Dropped without a shutdown it stops as well, only nobody waits for it.
        self.world.stop.send_replace(true);
    }
}

/// How a network names its calls, and finds the customer whom a call is for.
pub(crate) struct Naming {
    /// The kind of call.
    pub(crate) operation: fn(&Method, &Uri) -> &'static str,
    /// The customer, from the request's JSON body.
    pub(crate) customer: fn(&Value) -> Option<String>,
}

/// What the observing middleware needs.
#[derive(Clone)]
pub(crate) struct Observer {
    pub(crate) world: Arc<World>,
    pub(crate) naming: &'static Naming,
}

/// The call's number in the record, for handlers that have something to note.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallNumber(pub(crate) u64);

/// Records a call and lets a planned fault strike it.
pub(crate) async fn observe(
    State(observer): State<Observer>,
    request: Request,
    next: Next,
) -> Response {
    let world = &observer.world;
    let operation = (observer.naming.operation)(request.method(), request.uri());
    let (mut parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let content_type = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let shown = readable(content_type, &bytes);
    let customer = (observer.naming.customer)(&shown);
    let seq = world.record.open(Opening {
        direction: Direction::FromHub,
        operation: operation.to_owned(),
        method: parts.method.to_string(),
        target: without_tokens(&parts.uri),
        request: if world.record.keeps_bodies() {
            without_token(shown)
        } else {
            Value::Null
        },
    });
    let fault = world.faults.draw(operation, customer.as_deref());
    if let Some(fault) = &fault {
        world.record.note(seq, format!("fault: {}", fault.label()));
    }
    if let Some(Fault::Slow { millis }) = &fault {
        tokio::time::sleep(Duration::from_millis(*millis)).await;
    }
    parts.extensions.insert(CallNumber(seq));
    let real = match &fault {
        Some(fault) if !fault.lets_it_happen() => None,
        _ => Some(
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await,
        ),
    };
    let held = || async {
        tokio::select! {
            () = tokio::time::sleep(world.faults.hold()) => {}
            () = world.stopped() => {}
        }
        StatusCode::GATEWAY_TIMEOUT.into_response()
    };
    let answer = match (fault, real) {
        (Some(Fault::Answer(answer) | Fault::AnswerAfterEffect(answer)), _) => made(answer),
        (Some(Fault::TimeoutBeforeEffect | Fault::TimeoutAfterEffect), _) | (_, None) => {
            held().await
        }
        (Some(Fault::CloseMidAnswer), Some(real)) => {
            world
                .record
                .close(seq, Direction::FromHub, operation, None, Value::Null);
            return broken_off(real).await;
        }
        (Some(Fault::AnswerLate { millis }), Some(real)) => {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            real
        }
        (Some(Fault::Slow { .. }) | None, Some(real)) => real,
    };
    let (parts, body) = answer.into_parts();
    let status = parts.status.as_u16();
    if !world.record.keeps_bodies() {
        world.record.close(
            seq,
            Direction::FromHub,
            operation,
            Some(status),
            Value::Null,
        );
        return Response::from_parts(parts, body);
    }
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let content_type = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let shown = readable(content_type, &bytes);
    world
        .record
        .close(seq, Direction::FromHub, operation, Some(status), shown);
    Response::from_parts(parts, Body::from(bytes))
}

fn made(answer: FaultAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = answer
        .content_type
        .map(|kind| ("content-type".to_owned(), kind));
    for (name, value) in answer.headers.into_iter().chain(content_type) {
        let name = header::HeaderName::try_from(name);
        let value = HeaderValue::try_from(value);
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The head and half of the body under the full length; then the connection breaks.
async fn broken_off(real: Response) -> Response {
    let (mut parts, body) = real.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let length = whole.len().max(2);
    let half: Bytes = whole.slice(..whole.len() / 2);
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let broken = async {
        // The server must have written the first half before the connection breaks.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    };
    let first = futures::future::ready(Ok(half));
    let pieces = futures::stream::once(first).chain(futures::stream::once(broken));
    Response::from_parts(parts, Body::from_stream(pieces))
}

/// Path and query without the values of tokens and proofs.
fn without_tokens(uri: &Uri) -> String {
    let path: Vec<&str> = uri
        .path()
        .split('/')
        // Telegram has the token in the path.
        .map(|part| match part.strip_prefix("bot") {
            Some(token) if token.contains(':') => "bot...",
            _ => part,
        })
        .collect();
    let path = path.join("/");
    let Some(query) = uri.query() else {
        return path;
    };
    let kept: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name @ ("access_token" | "appsecret_proof"), _)) => format!("{name}=..."),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", kept.join("&"))
}
