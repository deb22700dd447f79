//! Contacts that may be one person, because they have a telephone number or an e-mail address in common.
//!
//! A number passes from one to another, and families share an address: what is found is a suggestion, and people
//! decide.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::ContactId;
use linecard_model::contact::Contact;
use linecard_model::desk::Attribute;
use linecard_model::rights::Right;
use linecard_store::Page as StorePage;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Path, Query};
use super::interactions::{MOST, cursor, limit};
use super::problem::Problem;
use super::views::{ContactView, Page};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(alike))
}

/// How many contacts are looked through for one page; the next page goes on from there.
const LOOK_THROUGH: usize = 5_000;
/// How many digits a telephone number has (ITU-T E.164), its country's among them; fewer are an extension.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// What two contacts have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(tag = "kind", content = "value", rename_all = "kebab-case")]
enum Common {
    /// An e-mail address, in small letters.
    Email(String),
    /// The digits of a telephone number, without what is dialled before them.
    Phone(String),
}

impl Common {
    fn email(text: &str) -> Option<Self> {
        let text = text.trim();
        let (name, host) = text.rsplit_once('@')?;
        let is_address = !name.is_empty()
            && host.contains('.')
            && !host.starts_with('.')
            && !text.chars().any(|c| c.is_whitespace() || c.is_control());
        is_address.then(|| Self::Email(text.to_lowercase()))
    }

    fn phone(text: &str) -> Option<Self> {
        let is_number = text
            .chars()
            .all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-()/.".contains(c));
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let is_whole = text.trim_start().starts_with('+');
        let dialled = digits.strip_prefix("00").filter(|_| !is_whole);
        let digits = dialled.unwrap_or(&digits);
        (is_number && DIGITS.contains(&digits.len())).then(|| Self::Phone(digits.to_owned()))
    }

    /// By what a contact can be reached outside of the networks, as far as it is known.
    fn of(contact: &Contact) -> BTreeSet<Self> {
        let mut known = BTreeSet::new();
        let own = contact.identities.iter();
        for alias in own.flat_map(|identity| &identity.aliases) {
            known.extend(match alias.kind.as_str() {
                "email" => Self::email(&alias.value),
                "phone" => Self::phone(&alias.value),
                _ => None,
            });
        }
        for (name, value) in &contact.attributes {
            let Attribute::Text(text) = value else {
                continue;
            };
            // Digits alone may be anything, such as the number of an order.
            let is_called_so = ["phone", "mobile"].iter().any(|word| name.contains(word));
            known.extend(Self::email(text));
            if is_called_so || text.trim_start().starts_with('+') {
                known.extend(Self::phone(text));
            }
        }
        known
    }
}

/// Somebody who may be the same person.
#[derive(Debug, Serialize, ToSchema)]
struct Alike {
    /// Who.
    contact: ContactView,
    /// What the two have in common.
    common: Vec<Common>,
}

impl App {
    /// Whether a caller sees a contact.
    async fn may_see(&self, caller: &Caller, contact: &Contact) -> Result<bool, Problem> {
        if caller.may(Right::SeeAll) {
            return Ok(true);
        }
        match self.contact(caller, &contact.id.to_string()).await {
            Ok(_) => Ok(true),
            Err(problem) if problem.name() == "not-found" => Ok(false),
            Err(problem) => Err(problem),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// The cursor: `next` of the page before.
    after: Option<String>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// Who may be the same person
///
/// Contacts that have a telephone number or an e-mail address in common with this one, by what networks tell and by
/// attributes, newest first, of those that the caller sees. Nothing is done about it: `mergeContacts` makes them one.
/// Whoever was parted from this one is not suggested again. A page may have few entries, or none, and go on all the
/// same.
#[utoipa::path(get, operation_id = "listAlikeContacts", path = "/contacts/{id}/alike", tag = "contacts",
    params(("id" = String, Path), Part),
    responses((status = 200, body = Page<Alike>)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn alike(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Answer<Page<Alike>>, Problem> {
    let contact = app.contact(&caller, &id).await?;
    let limit = limit(part.limit)?;
    let mut before: Option<ContactId> = cursor(part.after.as_deref())?;
    let (own, known) = (contact.ids(), Common::of(&contact));
    let mut items = Vec::new();
    let mut seen = 0;
    while !known.is_empty() {
        let page = StorePage {
            before,
            limit: MOST,
        };
        let found = app.hub.store.contacts(app.hub.site.id(), page).await?;
        let is_last = found.len() < MOST;
        for other in found {
            before = Some(other.id);
            seen += 1;
            let is_another = other.merged_into.is_none()
                && other.of_thread.is_none()
                && !own.contains(&other.id)
                && !contact.apart_from.contains(&other.id);
            let common: Vec<Common> = if is_another {
                Common::of(&other).intersection(&known).cloned().collect()
            } else {
                Vec::new()
            };
            if !common.is_empty() && app.may_see(&caller, &other).await? {
                let contact = ContactView::from(other);
                items.push(Alike { contact, common });
            }
            if items.len() == limit || seen == LOOK_THROUGH {
                let next = before.map(|id| id.to_string());
                return Ok(Answer(Page { items, next }));
            }
        }
        if is_last {
            break;
        }
    }
    Ok(Answer(Page { items, next: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        let same = Some(Common::Phone("4930123456".to_owned()));
        for text in [
            "+49 30 123456",
            "0049 (30) 12-34-56",
            "4930123456",
            "+49/30.123456",
        ] {
            assert_eq!(Common::phone(text), same, "{text}");
        }
        for text in ["", "+", "110", "1234567890123456", "call 4930123456"] {
            assert_eq!(Common::phone(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_is_the_same_in_capitals_and_what_is_none_is_not_taken() {
        let same = Some(Common::Email("ada@example.com".to_owned()));
        for text in ["ada@example.com", " Ada@Example.COM "] {
            assert_eq!(Common::email(text), same, "{text}");
        }
        for text in [
            "@example.com",
            "ada@host",
            "ada@.com",
            "an @ada.b",
            "ada",
            "a b@c.d",
        ] {
            assert_eq!(Common::email(text), None, "{text}");
        }
    }
}
