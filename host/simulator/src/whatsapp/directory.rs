//! Who is who: phone numbers, business-scoped user ids and user names of the customers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::options::Identifiers;
use crate::customers::Profile;
use crate::graph::lock;
use crate::graph::webhook::set;

/// The country that made-up user ids begin with.
const COUNTRY: &str = "US";

/// The identifiers of one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// In digits; none for somebody who is known by user id alone.
    pub(crate) phone: Option<String>,
    pub(crate) user_id: String,
    pub(crate) parent_user_id: Option<String>,
    /// The person wants no marketing.
    pub(crate) stopped_marketing: bool,
}

impl Person {
    /// Somebody who is not on the network.
    pub(crate) fn stranger(phone: Option<String>, user_id: String) -> Self {
        Self {
            phone,
            user_id,
            parent_user_id: None,
            stopped_marketing: false,
        }
    }

    /// The phone number, as far as webhooks show it.
    pub(crate) fn shown_phone(&self, by: Identifiers) -> Option<&str> {
        self.phone.as_deref().filter(|_| by != Identifiers::UserIds)
    }

    fn shown_user_id(&self, by: Identifiers) -> Option<&str> {
        let shown = by != Identifiers::PhoneNumbers || self.phone.is_none();
        // A stranger has none.
        (shown && !self.user_id.is_empty()).then_some(&self.user_id)
    }

    fn shown_parent(&self, by: Identifiers) -> Option<&str> {
        self.shown_user_id(by).and(self.parent_user_id.as_deref())
    }

    /// The entry in `contacts` of a webhook.
    pub(crate) fn contact(&self, by: Identifiers, profile: &Profile) -> Value {
        let mut shown = json!({ "name": profile.full_name() });
        let user_id = self.shown_user_id(by);
        let username = profile.nickname.as_ref().filter(|_| user_id.is_some());
        set(
            &mut shown,
            "username",
            username.map(|name| json!(format!("@{name}"))),
        );
        let mut contact = json!({ "profile": shown });
        set(&mut contact, "wa_id", self.shown_phone(by).map(Value::from));
        set(&mut contact, "user_id", user_id.map(Value::from));
        let parent = self.shown_parent(by).map(Value::from);
        set(&mut contact, "parent_user_id", parent);
        contact
    }

    /// Says who wrote a message.
    pub(crate) fn sign(&self, by: Identifiers, message: &mut Value) {
        set(message, "from", self.shown_phone(by).map(Value::from));
        let user_id = self.shown_user_id(by).map(Value::from);
        set(message, "from_user_id", user_id);
        let parent = self.shown_parent(by).map(Value::from);
        set(message, "from_parent_user_id", parent);
    }

    /// Says who got a message. `by_user_id`: it was sent to the user id, not to the number.
    pub(crate) fn address(&self, by: Identifiers, by_user_id: bool, status: &mut Value) {
        let phone = self.shown_phone(by).filter(|_| !by_user_id);
        set(status, "recipient_id", phone.map(Value::from));
        let user_id = if by_user_id {
            Some(self.user_id.as_str())
        } else {
            self.shown_user_id(by)
        };
        set(status, "recipient_user_id", user_id.map(Value::from));
        let parent = user_id.and(self.parent_user_id.as_deref());
        set(status, "parent_recipient_user_id", parent.map(Value::from));
    }

    /// The number or, without one, the digits of the user id, which message ids are made of.
    pub(crate) fn digits(&self) -> &str {
        self.phone
            .as_deref()
            .or_else(|| self.user_id.rsplit('.').next())
            .unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Inner {
    people: BTreeMap<String, Person>,
    phones: BTreeMap<String, String>,
    user_ids: BTreeMap<String, String>,
    /// Numbers that were given up.
    left: BTreeSet<String>,
    /// Who wrote which message, for read receipts.
    writers: BTreeMap<String, String>,
}

/// The identifiers of all customers; a customer's own id in the simulator never changes.
#[derive(Debug)]
pub(crate) struct Directory {
    waba: String,
    parents: bool,
    inner: Mutex<Inner>,
}

impl Directory {
    pub(crate) fn new(waba: String, parents: bool) -> Self {
        Self {
            waba,
            parents,
            inner: Mutex::default(),
        }
    }

    /// The identifiers of a customer, who is entered when new: an id of digits is the phone number,
    /// one such as `US.1349...` is the user id of somebody whose number is unknown.
    pub(crate) fn person(&self, customer: &str) -> Person {
        let mut inner = lock(&self.inner);
        if let Some(known) = inner.people.get(customer) {
            return known.clone();
        }
        let is_user_id = is_user_id(customer);
        let user_id = if is_user_id {
            customer.to_owned()
        } else {
            format!("{COUNTRY}.{}", self.number(customer))
        };
        let person = Person {
            phone: (!is_user_id).then(|| digits(customer)),
            user_id,
            parent_user_id: self
                .parents
                .then(|| format!("{COUNTRY}.ENT.{}", self.number(&format!("{customer}\n")))),
            stopped_marketing: false,
        };
        inner.enter(customer, person.clone());
        person
    }

    /// Who has this number now.
    pub(crate) fn by_phone(&self, phone: &str) -> Option<String> {
        lock(&self.inner).phones.get(phone).cloned()
    }

    /// Who has this user id, or this parent user id, now.
    pub(crate) fn by_user_id(&self, user_id: &str) -> Option<String> {
        lock(&self.inner).user_ids.get(user_id).cloned()
    }

    /// Whether the number was given up for another one.
    pub(crate) fn has_left(&self, phone: &str) -> bool {
        lock(&self.inner).left.contains(phone)
    }

    /// Changes a customer's identifiers; the old ones lead nowhere any more.
    pub(crate) fn change(&self, customer: &str, change: impl FnOnce(&mut Person)) -> Person {
        let mut person = self.person(customer);
        let old = person.clone();
        change(&mut person);
        let mut inner = lock(&self.inner);
        if let Some(phone) = old.phone
            && person.phone.as_ref() != Some(&phone)
        {
            inner.phones.remove(&phone);
            inner.left.insert(phone);
        }
        if old.user_id != person.user_id {
            inner.user_ids.remove(&old.user_id);
        }
        inner.enter(customer, person.clone());
        person
    }

    /// Remembers who wrote a message.
    pub(crate) fn wrote(&self, customer: &str, message_id: &str) {
        let mut inner = lock(&self.inner);
        inner
            .writers
            .insert(message_id.to_owned(), customer.to_owned());
    }

    /// Who wrote a message.
    pub(crate) fn writer(&self, message_id: &str) -> Option<String> {
        lock(&self.inner).writers.get(message_id).cloned()
    }

    /// A decimal number of 20 digits that follows from the account and a word.
    fn number(&self, word: &str) -> String {
        let digest = Sha256::digest(format!("{}\n{word}", self.waba));
        let number = digest
            .iter()
            .take(8)
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        // The first digit is never a zero.
        format!("1{:019}", number % 10_000_000_000_000_000_000)
    }
}

impl Inner {
    fn enter(&mut self, customer: &str, person: Person) {
        if let Some(phone) = &person.phone {
            self.left.remove(phone);
            self.phones.insert(phone.clone(), customer.to_owned());
        }
        for user_id in [Some(&person.user_id), person.parent_user_id.as_ref()]
            .into_iter()
            .flatten()
        {
            self.user_ids.insert(user_id.clone(), customer.to_owned());
        }
        self.people.insert(customer.to_owned(), person);
    }
}

/// Whether this is a business-scoped user id: a country, a point, and digits.
pub(crate) fn is_user_id(text: &str) -> bool {
    let Some((country, rest)) = text.split_once('.') else {
        return false;
    };
    let number = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|letter| letter.is_ascii_uppercase())
        && !number.is_empty()
        && number.bytes().all(|digit| digit.is_ascii_digit())
}

/// A phone number without everything that is no digit.
pub(crate) fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}
