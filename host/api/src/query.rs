//! Query parameters that nobody knows are refused, at every door of the product's own API: one that is
//! misspelt would otherwise be left out without a word, and a listing would show more than was asked for.
//!
//! What a door knows is what its description says, so that no door can be forgotten and the description
//! cannot leave one out.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use linecard_hub::configure::nearest;
use serde_json::Value;

use super::problem::Problem;

/// The query parameters of each door, by its route and its method in lower case. Doors that are not named
/// have none.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(Arc<HashMap<(String, String), BTreeSet<String>>>);

impl Known {
    /// What a description says.
    pub fn of(description: &Value) -> Self {
        let mut known = HashMap::new();
        for (path, item) in description["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let names = parameters.filter_map(|parameter| in_the_query(path, parameter));
                known.insert((path.clone(), method.clone()), names.collect());
            }
        }
        Self(Arc::new(known))
    }

    fn check(&self, route: &str, method: &Method, query: &str) -> Result<(), Problem> {
        let method = match *method {
            // Answered as a GET whose body is left out.
            Method::HEAD => "get".to_owned(),
            ref method => method.as_str().to_ascii_lowercase(),
        };
        let none = BTreeSet::new();
        let door = self.0.get(&(route.to_owned(), method));
        let names = door.unwrap_or(&none);
        for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
            if !names.contains(name.as_ref()) {
                return Err(unknown(&name, names));
            }
        }
        Ok(())
    }
}

/// A parameter's name, if it stands in the query.
fn in_the_query(path: &str, parameter: &Value) -> Option<String> {
    let name = parameter["name"].as_str()?;
    let elsewhere = matches!(parameter["in"].as_str(), Some("header" | "cookie"));
    let in_the_path = path.contains(&format!("{{{name}}}"));
    (!elsewhere && !in_the_path).then(|| name.to_owned())
}

fn unknown(name: &str, known: &BTreeSet<String>) -> Problem {
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    // What comes in is repeated in part only: it may be anything.
    let shown: String = name.chars().take(64).collect();
    let hint = match nearest(name, &names) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if names.is_empty() => "this address takes none".to_owned(),
        None => format!("this address takes {}", names.join(", ")),
    };
    let detail = format!("there is no query parameter \"{shown}\"; {hint}");
    Problem::new("bad-parameter", detail)
}

/// Refuses a request with a query parameter that its door does not know.
pub(super) async fn refuse_unknown(
    State(known): State<Known>,
    request: Request,
    next: Next,
) -> Response {
    let checked = match (
        request.extensions().get::<MatchedPath>(),
        request.uri().query(),
    ) {
        (Some(route), Some(query)) => known.check(route.as_str(), request.method(), query),
        _ => Ok(()),
    };
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_takes_what_its_description_says_and_nothing_else() {
        let known = Known::of(&crate::openapi());
        let check = |route: &str, method, query| known.check(route, &method, query);
        let list = "/api/v1/interactions";
        assert!(check(list, Method::GET, "state=queued&limit=3").is_ok());
        assert!(check(list, Method::HEAD, "state=queued").is_ok());
        assert!(check(list, Method::GET, "").is_ok());
        let refused = check(list, Method::GET, "limit=3&stat=queued").unwrap_err();
        assert_eq!(refused.name(), "bad-parameter");
        let detail = refused.body().detail.clone();
        assert!(format!("{detail:?}").contains("did you mean"), "{detail:?}");
        for route in ["/api/v1/offers/{id}/accept", "/healthz", "/api/v1/site"] {
            assert!(check(route, Method::POST, "id=1").is_err(), "{route}");
        }
        assert!(
            check(
                "/api/v1/events",
                Method::GET,
                "after=1&include=raw&ticket=t"
            )
            .is_ok()
        );
        assert!(check("/api/v1/events/ws", Method::GET, "after=1&ticket=t").is_ok());
    }
}
