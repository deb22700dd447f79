//! A webhook's body: one part for each account and moment.

use std::collections::BTreeMap;

use linecard_sdk::connector::{Intake, Reception, Rejection, WebhookRequest};
use linecard_sdk::events::Event;
use linecard_sdk::json::{Document, Lenient as _, Part, as_text, as_time};
use linecard_sdk::log;

use crate::webhook;

/// One account's part of a delivery.
pub struct Entry<'d> {
    /// The account.
    pub id: Option<String>,
    /// When Meta made the entry, in milliseconds since the Unix epoch: it writes milliseconds for
    /// messages, seconds or a text elsewhere.
    pub time: Option<u64>,
    /// The whole entry.
    pub part: Part<'d>,
    members: BTreeMap<String, Part<'d>>,
}

impl<'d> Entry<'d> {
    /// Takes an entry apart; `None` if it is no object.
    pub fn of(part: Part<'d>) -> Option<Self> {
        if !part.is_object() {
            return None;
        }
        let members = part.members();
        let member = |name: &str| members.get(name).map(|part| part.value());
        Some(Self {
            id: member("id").as_ref().and_then(as_text),
            time: member("time").as_ref().and_then(as_time),
            part,
            members,
        })
    }

    /// The items of a list: `messaging`, `standby` or `changes`.
    pub fn list(&self, name: &str) -> Vec<Part<'d>> {
        self.members
            .get(name)
            .map(|part| part.each())
            .unwrap_or_default()
    }

    /// Whether it has a member of this name.
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }
}

/// A webhook request whose signature is right.
pub enum Opened<'r> {
    /// The handshake, or a delivery that is to be ignored; this is the answer.
    Answered(Reception),
    /// A delivery; `entry` holds its parts.
    Delivery(Document<'r>),
}

/// Answers the handshake, or verifies a delivery and reads its body. `object` is what the connector's
/// deliveries are about, such as `page`: others are acknowledged, because Meta stops a whole
/// subscription over refusals.
pub fn open<'r>(request: &'r WebhookRequest, object: &str) -> Result<Opened<'r>, Rejection> {
    if let webhook::Request::Handshake(answer) = webhook::open(request)? {
        return Ok(Opened::Answered(answer));
    }
    let body = request.document()?;
    let members = body.part().members();
    let entry = members.get("entry");
    let is_delivery = entry.is_some_and(|entry| {
        let elements = entry.elements();
        // An empty list says nothing about nothing.
        let is_list =
            elements.is_some_and(|list| members.contains_key("object") || !list.is_empty());
        is_list || entry.is_object()
    });
    if !is_delivery {
        return Err(Rejection::Malformed(
            "the body is not an object with `object` and a list `entry`".to_owned(),
        ));
    }
    let about = members
        .get("object")
        .and_then(|part| as_text(&part.value()));
    if let Some(other) = about.filter(|about| about != object) {
        log::info(format!(
            "a delivery about `{}` was acknowledged and ignored; this connector's are about `{object}`",
            linecard_sdk::ids::bounded(&other, 64)
        ));
        return Ok(Opened::Answered(Reception::events(Vec::new())));
    }
    Ok(Opened::Delivery(body))
}

/// Answers the handshake, or verifies a delivery and reads the entries of one account.
///
/// `object` is what the delivery must be about, such as `page`; `read` gets each entry with its time
/// in milliseconds and takes its items in, in the payload's order. An entry in which there is nothing
/// to read is kept as it is.
pub fn receive(
    request: &WebhookRequest,
    object: &str,
    account: &str,
    read: impl Fn(&Entry<'_>, u64, &mut Intake),
) -> Result<Reception, Rejection> {
    let body = match open(request, object)? {
        Opened::Answered(answer) => return Ok(answer),
        Opened::Delivery(body) => body,
    };
    let mut intake = Intake::new();
    let mut others = Vec::new();
    let mut is_ours = false;
    for part in body.part().list("entry") {
        match Entry::of(part) {
            Some(Entry { id: Some(id), .. }) if id != account => others.push(id),
            Some(entry) if entry.id.is_some() => {
                is_ours = true;
                let time = entry.time.unwrap_or(intake.now());
                if ["messaging", "standby", "changes", "field"]
                    .iter()
                    .any(|name| entry.has(name))
                {
                    read(&entry, time, &mut intake);
                } else {
                    keep(&mut intake, "entry", time, part);
                }
            }
            _ => {
                is_ours = true;
                let now = intake.now();
                keep(&mut intake, "entry", now, part);
            }
        }
    }
    others_told(others, &format!("account is {account}"), is_ours)?;
    Ok(intake.reception())
}

/// Says that a delivery has parts for other accounts: a refusal if it has nothing for this one. `own`
/// names this one, such as `account is 17`.
pub fn others_told(mut others: Vec<String>, own: &str, is_ours: bool) -> Result<(), Rejection> {
    if others.is_empty() {
        return Ok(());
    }
    others.truncate(5);
    let others: Vec<&str> = others
        .iter()
        .map(|id| linecard_sdk::ids::bounded(id, 64))
        .collect();
    let others = others.join(", ");
    let text = format!("this channel's {own}, the delivery is for {others}");
    if !is_ours {
        return Err(Rejection::NotForThisChannel(text));
    }
    log::warn(format!("{text}: only this channel's part was taken"));
    Ok(())
}

/// Whether the connector of another network gets the same delivery, so that its parts need not be kept here.
pub fn is_for_neighbour(request: &WebhookRequest, network: &str) -> bool {
    let told = request.header("linecard-neighbours").unwrap_or_default();
    told.split(", ").any(|name| name == network)
}

/// Keeps a part as it came, under a name.
pub fn keep(intake: &mut Intake, name: &str, time: u64, part: Part<'_>) {
    intake.read(name, part, |part, _| {
        Ok(vec![Event::kept(name, time, part.raw())])
    });
}

/// The name of a change's `field`, for what has no other name.
pub fn field_of(change: Part<'_>) -> Option<String> {
    change.object()?.text("field")
}
