//! Comments and posts as objects of Graph's: making, changing and deleting them.

use linecard_sdk::actions::{ActionRequest, Failure, Outcome};
use linecard_sdk::http::{Call, Request};
use linecard_sdk::ids::bounded;
use linecard_sdk::json::Lenient as _;

use crate::api::Api;
use crate::call::{Answer, Refused};

/// A call that makes something, which must not happen twice. The outcome names the post, if there is
/// one, else the object. `uncertain_before` says whether an earlier attempt may have made it.
pub fn make(api: Api<'_>, request: Request, uncertain_before: bool) -> Result<Outcome, Failure> {
    match api.call(request, Call::Once) {
        Ok(Answer { content, budget }) => {
            let Some(id) = content.value().first_text(&["post_id", "id"]) else {
                return Err(Failure::Uncertain(
                    "Graph accepted it but named no id".to_owned(),
                ));
            };
            Ok(Outcome {
                budget,
                ..Outcome::message(id)
            })
        }
        Err(refused) => {
            let remedy = "The network has the same there already: say it in other words";
            let text = refused.judged(uncertain_before, remedy)?;
            Ok(Outcome::done().already_done().note(text))
        }
    }
}

/// A call that changes something and can be repeated.
pub fn change(api: Api<'_>, request: Request) -> Result<Outcome, Failure> {
    match api.call(request, Call::Repeatable) {
        Ok(Answer { content, .. }) if content.value().flag("success") == Some(false) => {
            let said = bounded(content.text(), 300);
            Err(Failure::rejected(
                "no-success",
                format!("Graph did not do it and gave no reason: {said}"),
            ))
        }
        Ok(Answer { budget, .. }) => Ok(Outcome {
            budget,
            ..Outcome::done()
        }),
        Err(refused) => already_done(refused),
    }
}

/// Deletes an object. If an earlier attempt may have had its effect, a missing object is a deleted one.
pub fn delete(api: Api<'_>, request: &ActionRequest, id: &str) -> Result<Outcome, Failure> {
    match change(api, Request::delete(api.url(&[id], &[]))) {
        Err(Failure::Gone(text)) if request.uncertain_before => {
            Ok(Outcome::done().already_done().note(text))
        }
        other => other,
    }
}

fn already_done(refused: Refused) -> Result<Outcome, Failure> {
    match refused {
        Refused::AlreadyDone(text) => Ok(Outcome::done().already_done().note(text)),
        Refused::Failed(failure) => Err(failure),
    }
}
