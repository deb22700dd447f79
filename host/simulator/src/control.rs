//! The control endpoints that every simulated network has under `/_sim`.
//!
//! They steer a simulator from outside of its process: the record, faults, the clock, customers.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::customers::{Customer, Profile, Reachability};
use crate::faults::{Fault, FaultPlan, When};
use crate::record::Direction;
use crate::serve::World;
use crate::shown::{self, Face};

/// A network's own faults by name.
pub(crate) type NamedFault = dyn Fn(&str) -> Option<Fault> + Send + Sync;

/// What the shared control endpoints need of a network.
#[derive(Clone)]
pub(crate) struct Control {
    pub(crate) world: Arc<World>,
    /// The network's own faults by name.
    pub(crate) named_fault: Arc<NamedFault>,
    /// The network as its page shows it.
    pub(crate) face: Face,
}

pub(crate) fn router(control: Control) -> Router {
    Router::new()
        .route("/record", get(record).delete(forget))
        .route("/tallies", get(tallies))
        .route("/faults", get(planned).post(plan).delete(heal))
        .route("/clock", get(clock).post(advance))
        .route("/customers", get(customers).post(create))
        .route("/customers/{id}", get(customer))
        .route("/customers/{id}/delivered", get(delivered))
        .route("/customers/{id}/reachability", post(reachability))
        .merge(shown::router())
        .with_state(control)
}

/// A refusal of a control endpoint.
pub(crate) fn refuse(status: StatusCode, message: impl Into<String>) -> Response {
    (status, Json(json!({ "error": message.into() }))).into_response()
}

#[derive(Deserialize)]
struct RecordQuery {
    #[serde(default)]
    since: u64,
    operation: Option<String>,
    direction: Option<String>,
}

async fn record(State(control): State<Control>, Query(query): Query<RecordQuery>) -> Response {
    let direction = match query.direction.as_deref() {
        None => None,
        Some("from_hub") => Some(Direction::FromHub),
        Some("to_hub") => Some(Direction::ToHub),
        Some(other) => {
            return refuse(
                StatusCode::BAD_REQUEST,
                format!("direction {other:?} is neither from_hub nor to_hub"),
            );
        }
    };
    let mut entries = control.world.record.since(query.since);
    entries.retain(|entry| {
        query
            .operation
            .as_deref()
            .is_none_or(|operation| entry.operation == operation)
            && direction.is_none_or(|direction| entry.direction == direction)
    });
    Json(json!({ "entries": entries })).into_response()
}

async fn forget(State(control): State<Control>) -> StatusCode {
    control.world.record.clear();
    StatusCode::NO_CONTENT
}

async fn tallies(State(control): State<Control>) -> Json<Value> {
    let tallies: Vec<Value> = control
        .world
        .record
        .tallies()
        .into_iter()
        .map(|(direction, operation, tally)| {
            json!({ "direction": direction, "operation": operation, "tally": tally })
        })
        .collect();
    Json(json!({ "tallies": tallies, "faults_struck": control.world.faults.struck() }))
}

async fn planned(State(control): State<Control>) -> Json<Value> {
    Json(json!({ "planned": control.world.faults.planned() }))
}

/// `{"fault": "html_502", "times": 2, "operation": "send"}`, with `probability` in place of
/// `times`, or with a whole [`Fault`] in place of a name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanRequest {
    fault: Value,
    times: Option<u64>,
    probability: Option<f64>,
    operation: Option<String>,
    customer: Option<String>,
    hold_ms: Option<u64>,
}

async fn plan(State(control): State<Control>, Json(request): Json<PlanRequest>) -> Response {
    let fault = match &request.fault {
        Value::String(name) => (control.named_fault)(name).or_else(|| Fault::named(name)),
        _ => None,
    };
    let fault = match fault {
        Some(fault) => fault,
        None => match serde_json::from_value(request.fault.clone()) {
            Ok(fault) => fault,
            Err(error) => {
                return refuse(
                    StatusCode::BAD_REQUEST,
                    format!("{} is no fault of this network: {error}", request.fault),
                );
            }
        },
    };
    let when = match (request.times, request.probability) {
        (_, None) => When::Next(request.times.unwrap_or(1)),
        (None, Some(probability)) if (0.0..=1.0).contains(&probability) => {
            When::Probability(probability)
        }
        _ => {
            return refuse(
                StatusCode::BAD_REQUEST,
                "give times, or a probability between 0 and 1",
            );
        }
    };
    if let Some(hold) = request.hold_ms {
        control.world.faults.set_hold(Duration::from_millis(hold));
    }
    control.world.faults.plan(FaultPlan {
        fault,
        when,
        operation: request.operation,
        customer: request.customer,
    });
    StatusCode::NO_CONTENT.into_response()
}

async fn heal(State(control): State<Control>) -> StatusCode {
    control.world.faults.clear();
    StatusCode::NO_CONTENT
}

async fn clock(State(control): State<Control>) -> Json<Value> {
    Json(json!({
        "now": control.world.clock.now(),
        "offset_ms": control.world.clock.offset_ms(),
    }))
}

#[derive(Deserialize)]
struct Advance {
    advance_ms: u64,
}

async fn advance(State(control): State<Control>, Json(by): Json<Advance>) -> Json<Value> {
    control
        .world
        .clock
        .advance(Duration::from_millis(by.advance_ms));
    clock(State(control)).await
}

async fn customers(State(control): State<Control>) -> Json<Value> {
    let list: Vec<Value> = control
        .world
        .customers
        .all()
        .iter()
        .map(|customer| {
            json!({
                "id": customer.id,
                "profile": customer.profile,
                "reachability": customer.reachability,
                "messages": customer.conversation.len(),
                "duplicates": customer.duplicates(),
            })
        })
        .collect();
    Json(json!({ "customers": list }))
}

#[derive(Deserialize)]
struct NewCustomer {
    id: String,
    #[serde(default)]
    profile: Profile,
}

async fn create(State(control): State<Control>, Json(new): Json<NewCustomer>) -> Response {
    control.world.customers.add(new.id.clone(), new.profile);
    (StatusCode::CREATED, Json(json!({ "id": new.id }))).into_response()
}

async fn customer(State(control): State<Control>, Path(id): Path<String>) -> Response {
    shown(&control, &id, |customer| json!(customer))
}

async fn delivered(State(control): State<Control>, Path(id): Path<String>) -> Response {
    shown(&control, &id, |customer| {
        json!({
            "delivered": customer.delivered().collect::<Vec<_>>(),
            "duplicates": customer.duplicates(),
            "repeated": customer.repeated,
        })
    })
}

fn shown(control: &Control, id: &str, show: impl FnOnce(&Customer) -> Value) -> Response {
    match control.world.customers.look(id, show) {
        Some(value) => Json(value).into_response(),
        None => refuse(StatusCode::NOT_FOUND, format!("no customer {id:?}")),
    }
}

#[derive(Deserialize)]
struct NewReachability {
    reachability: Reachability,
}

async fn reachability(
    State(control): State<Control>,
    Path(id): Path<String>,
    Json(new): Json<NewReachability>,
) -> StatusCode {
    control
        .world
        .customers
        .set_reachability(&id, new.reachability);
    StatusCode::NO_CONTENT
}
