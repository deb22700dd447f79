//! The hub's outbound notifications: signature, validation, repetitions, receipts.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, body::Bytes};
use serde_json::{Value, json};

use super::{Middleware, Said, validate};
use crate::customers::{Author, Turn};
use crate::serve::{CallNumber, Naming};
use crate::signature::{same, sha256_base64};

/// How calls to the middleware are named in faults and the record.
pub(crate) static NAMING: Naming = Naming {
    operation: |_: &Method, uri: &Uri| {
        if uri.path().starts_with("/media/") {
            "media"
        } else {
            "webhook"
        }
    },
    customer: |body| {
        body.pointer("/channel/to/id")
            .and_then(Value::as_str)
            .map(str::to_owned)
    },
};

/// `POST` on the webhook's path.
pub(crate) async fn receive(
    State(middleware): State<Arc<Middleware>>,
    Extension(number): Extension<CallNumber>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let refuse = |status: StatusCode, code: &str, problems: Vec<String>| {
        for problem in &problems {
            middleware.world.record.note(number.0, problem.clone());
        }
        let answer = json!({
            "message": problems.first(),
            "code": code,
            "status": status.as_u16(),
            "contextId": uuid::Uuid::now_v7(),
            "details": [],
            "errors": problems,
        });
        (status, Json(answer)).into_response()
    };
    for (name, expected) in &middleware.options.webhook_headers {
        if !header(name).is_some_and(|given| same(given, expected)) {
            let problem = format!("the configured header {name} is missing or differs");
            return refuse(
                StatusCode::UNAUTHORIZED,
                "authentication.required",
                vec![problem],
            );
        }
    }
    let expected = sha256_base64(&middleware.options.signature_secret, &body);
    let problem = match header("x-hub-signature-256") {
        Some(given) if same(given, &expected) => None,
        Some(_) => Some("X-Hub-Signature-256 does not match the body"),
        None => Some("X-Hub-Signature-256 is missing"),
    };
    if let Some(problem) = problem {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "authentication.required",
            vec![problem.to_owned()],
        );
    }
    let notification = match serde_json::from_slice::<Value>(&body) {
        Ok(notification) => notification,
        Err(error) => {
            let problem = format!("the body is no JSON: {error}");
            return refuse(StatusCode::BAD_REQUEST, "invalid.value", vec![problem]);
        }
    };
    let problems = validate::problems(&notification, &middleware.options.integration_id);
    if !problems.is_empty() {
        return refuse(StatusCode::BAD_REQUEST, "invalid.value", problems);
    }
    if let Some(note) = take(&middleware, &notification) {
        middleware.world.record.note(number.0, note);
    }
    StatusCode::OK.into_response()
}

/// Applies a valid notification; returns what is odd about it.
fn take(middleware: &Arc<Middleware>, notification: &Value) -> Option<String> {
    let text = |pointer: &str| {
        notification
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let id = text("/id");
    let customer = text("/channel/to/id");
    let kind = text("/type");
    if kind == "Receipt" {
        let status = text("/status");
        if middleware.world.record.keeps_bodies() {
            let mut seen = middleware.seen();
            seen.receipts.entry(id).or_default().push(status);
        }
        return None;
    }
    if !middleware.seen().first_time(&id) {
        middleware
            .world
            .customers
            .change(&customer, |customer| customer.repeated.push(id.clone()));
        return Some(format!("repetition of {id}, dropped"));
    }
    if kind == "Event" {
        middleware.world.customers.change(&customer, |customer| {
            customer.signals.push("typing_on".to_owned());
        });
        return None;
    }
    let mut turn = Turn::new(&id, Author::Hub, middleware.world.clock.now_ms());
    turn.text = text("/text");
    turn.reference = Some(id.clone());
    let contents = notification.get("content").and_then(Value::as_array);
    for content in contents.into_iter().flatten() {
        if content.get("contentType").and_then(Value::as_str) == Some("Attachment") {
            turn.attachments.push(content.clone());
        } else {
            turn.structured.push(content.clone());
        }
    }
    middleware
        .world
        .customers
        .change(&customer, |customer| customer.conversation.push(turn));
    report(Arc::clone(middleware), customer, id);
    None
}

/// Receipts about a message, a moment later.
fn report(middleware: Arc<Middleware>, customer: String, id: String) {
    let receipts = middleware.receipts();
    if !(receipts.delivered || receipts.read) {
        return;
    }
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(receipts.delay_ms)).await;
        let wanted = [
            (receipts.delivered, "Delivered", !receipts.read),
            (receipts.read, "Read", true),
        ];
        for (_, status, is_final) in wanted.into_iter().filter(|(wanted, _, _)| *wanted) {
            let what = Said::Receipt {
                id: id.clone(),
                status: status.to_owned(),
                reason: None,
                is_final,
            };
            tokio::select! {
                () = middleware.world.stopped() => return,
                delivery = middleware.say(&customer, what) => {
                    if let Some(problem) = delivery.problem {
                        tracing::debug!(%problem, status, "the hub did not take a receipt");
                    }
                }
            }
        }
    });
}
