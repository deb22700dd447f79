//! Who is meant: Meta names people by a business-scoped user id, a telephone number, or both.

use linecard_graph::ids::usable;
use linecard_sdk::events::{Alias, Author, Identity, Profile, Thread};
use linecard_sdk::json::Lenient as _;
use serde_json::{Map, Value};

use crate::config::Config;
use crate::numbers;

/// The kind of alias that a telephone number is.
pub const PHONE: &str = "phone";
/// The kinds of alias that are the telephone number written in its country's other way: of a number that is
/// the id, and of one that is an alias.
const ID_SPELLING: &str = "id-spelling";
const PHONE_SPELLING: &str = "phone-spelling";
/// The kind of alias that the user id of a group of companies is.
const PARENT_USER_ID: &str = "parent-user-id";

/// A JSON object.
pub type Members = Map<String, Value>;

/// Somebody by these ids, whichever there are. The business-scoped id outlives a change of number.
pub fn identity(
    user_id: Option<String>,
    phone: Option<String>,
    parent: Option<String>,
) -> Option<Identity> {
    let user_id = usable(user_id);
    let phone = usable(phone);
    let mut identity = Identity::new(user_id.clone().or_else(|| phone.clone())?);
    let other_form = phone.as_deref().and_then(numbers::other_form);
    let spelling = if user_id.is_some() {
        PHONE_SPELLING
    } else {
        ID_SPELLING
    };
    let phone = phone.filter(|_| user_id.is_some());
    let aliases = [
        (PHONE, phone),
        (spelling, other_form),
        (PARENT_USER_ID, usable(parent)),
    ];
    for (kind, value) in aliases {
        identity.aliases.extend(value.map(|value| Alias {
            kind: kind.to_owned(),
            value,
        }));
    }
    Some(identity)
}

/// Whether an id is a business-scoped user id, such as `US.13491208655302741918`, and not a number.
pub fn is_user_id(id: &str) -> bool {
    let country = id.split_once('.').map(|(country, _)| country);
    country.is_some_and(|country| {
        country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase())
    })
}

/// The people of a value's `contacts[]`.
pub struct People(pub Vec<Members>);

impl People {
    /// The contact with one of these ids.
    fn find(&self, user_id: Option<&str>, phone: Option<&str>) -> Option<&Members> {
        let is = |contact: &Members, name: &str, wanted: Option<&str>| {
            wanted.is_some() && contact.text(name).as_deref() == wanted
        };
        self.0
            .iter()
            .find(|contact| is(contact, "user_id", user_id))
            .or_else(|| self.0.iter().find(|contact| is(contact, "wa_id", phone)))
    }

    /// Somebody whom a message names, with what `contacts[]` tells about them.
    pub fn author(
        &self,
        user_id: Option<String>,
        phone: Option<String>,
        parent: Option<String>,
    ) -> Option<Author> {
        let contact = self
            .find(user_id.as_deref(), phone.as_deref())
            .or(match self.0.as_slice() {
                // One message, one contact: they belong together, whatever form the number has.
                [only] => Some(only),
                _ => None,
            });
        let known = |name: &str| contact.and_then(|contact| contact.text(name));
        let identity = identity(
            user_id.or_else(|| known("user_id")),
            phone.or_else(|| known("wa_id")),
            parent.or_else(|| known("parent_user_id")),
        )?;
        Some(Author {
            identity,
            profile: contact.and_then(profile),
        })
    }
}

fn profile(contact: &Members) -> Option<Profile> {
    let profile = contact.object("profile")?;
    let display_name = profile.text("name");
    let handle = profile
        .text("username")
        .map(|handle| handle.trim_start_matches('@').to_owned());
    (display_name.is_some() || handle.is_some()).then(|| Profile {
        display_name,
        handle,
        ..Profile::default()
    })
}

/// The conversation between the channel's number and a person.
pub fn thread(config: &Config, customer: &Identity) -> Thread {
    let customer_id = numbers::compared(&customer.id);
    Thread::private(format!("{}:{customer_id}", config.phone_number_id)).customer(customer.clone())
}
