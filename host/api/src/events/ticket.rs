//! Tickets: what a browser shows for a WebSocket, because it cannot send `Authorization` there. Good
//! once and for a moment only, so that one in an address bar or a proxy's log is worth nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json as Answer;
use linecard_vault::auth::Principal;
use linecard_vault::new_token;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::extract::Caller;
use crate::problem::Problem;

/// For how long a ticket is good.
const LIFETIME: Duration = Duration::from_secs(30);
/// How many tickets may be out at a time.
const MOST: usize = 10_000;

/// The tickets that are out.
#[derive(Default)]
pub(crate) struct Tickets(Mutex<HashMap<String, (Instant, Principal)>>);

impl Tickets {
    fn issue(&self, principal: Principal) -> Option<String> {
        let mut tickets = self.tickets();
        if tickets.len() >= MOST {
            tickets.retain(|_, (until, _)| *until > Instant::now());
        }
        if tickets.len() >= MOST {
            return None;
        }
        let ticket = new_token().expose_secret().to_owned();
        tickets.insert(ticket.clone(), (Instant::now() + LIFETIME, principal));
        Some(ticket)
    }

    /// Who a ticket was given to, once.
    pub fn redeem(&self, ticket: &str) -> Option<Principal> {
        let (until, principal) = self.tickets().remove(ticket)?;
        (until > Instant::now()).then_some(principal)
    }

    /// Forgets what is over.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.tickets().retain(|_, (until, _)| *until > now);
    }

    fn tickets(&self) -> MutexGuard<'_, HashMap<String, (Instant, Principal)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventTicket)]
pub(super) struct TicketView {
    /// The ticket, for `?ticket=` of an event stream. Good once.
    ticket: String,
    /// For how many seconds it is good.
    expires_in: u64,
}

/// Get a ticket for an event stream
///
/// For browsers, which cannot send `Authorization` with a WebSocket.
#[utoipa::path(post, operation_id = "issueEventTicket", path = "/events/ticket", tag = "events",
    responses((status = 201, body = TicketView)))]
pub(super) async fn issue(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<(StatusCode, Answer<TicketView>), Problem> {
    let ticket = app.tickets.issue(caller.0).ok_or_else(|| {
        Problem::new("busy", "too many tickets are out").retry_after(LIFETIME.as_secs())
    })?;
    let view = TicketView {
        ticket,
        expires_in: LIFETIME.as_secs(),
    };
    Ok((StatusCode::CREATED, Answer(view)))
}
