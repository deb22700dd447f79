//! One item of `messaging[]` becomes the events that it stands for.

use linecard_sdk::events::{
    Alias, Author, ChannelState, ChannelStatus, Deletion, Edit, Event, EventKind, Identity,
    Message, Postback, PostbackSource, Profile, Reaction, Receipt, ReceiptScope, ReceiptState,
    Referral, Thread,
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::attachments;
use crate::ids::{bounded, digest, unreadable};
use crate::lenient::{instant, text};
use crate::payload::{self, Party};

/// The account whose conversations are read.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// The page's id, or the Instagram professional account's.
    pub id: &'a str,
    /// The id of the company's own Meta app: only its echoes can be of what the hub sent. If it is
    /// not given, every app's may.
    pub app_id: Option<&'a str>,
}

/// Starts the id of a person who is known by a `user_ref` only.
pub const USER_REF: &str = "user_ref:";

/// The members of an item that say what happened, in the order in which they are looked for.
const KINDS: [&str; 9] = [
    "message",
    "message_edit",
    "postback",
    "reaction",
    "read",
    "delivery",
    "referral",
    "optin",
    "account_linking",
];

/// The members of an item that accompany what happened.
const COMPANIONS: [&str; 4] = ["sender", "recipient", "timestamp", "prior_message"];

/// An item that is being read.
struct Item<'a> {
    account: Account<'a>,
    members: &'a Map<String, Value>,
    kind: &'a str,
    sender: Option<Identity>,
    customer: Option<Identity>,
    time: u64,
    raw: &'a str,
}

/// Reads one item of an entry of this account. What cannot be understood becomes `other`.
pub fn read_item(account: Account<'_>, entry_time: u64, raw: &RawValue) -> Vec<Event> {
    let raw = raw.get();
    let Ok(members) = serde_json::from_str::<Map<String, Value>>(raw) else {
        return vec![unreadable("item", entry_time, raw)];
    };
    let kind = kind_of(&members);
    let item = Item::new(account, &members, kind, entry_time, raw);
    let read = match kind {
        "message" => item.message(),
        "message_edit" => item.edit(),
        "postback" => item.postback(),
        "reaction" => item.reaction(),
        "read" => item.receipt(ReceiptState::Read),
        "delivery" => item.receipt(ReceiptState::Delivered),
        "referral" => item.referral(),
        "optin" => item.optin(),
        "policy_enforcement" | "policy-enforcement" => item.policy(),
        _ => None,
    };
    match read {
        Some(events) if !events.is_empty() => events,
        _ => vec![item.event(item.derived_id(kind), EventKind::Other(kind.to_owned()))],
    }
}

/// Reads one item of a conversation that another app has: it is kept, and nobody is asked to answer.
pub fn read_standby(account: Account<'_>, entry_time: u64, raw: &RawValue) -> Event {
    let Ok(members) = serde_json::from_str::<Map<String, Value>>(raw.get()) else {
        return unreadable("standby", entry_time, raw.get());
    };
    let item = Item::new(account, &members, kind_of(&members), entry_time, raw.get());
    item.event(
        item.derived_id("standby"),
        EventKind::Other("standby".to_owned()),
    )
}

/// The conversation between an account and a person: scoped ids mean nothing without their account.
pub fn thread(page: &str, customer: &Identity) -> Thread {
    Thread::private(format!("{page}:{}", customer.id)).customer(customer.clone())
}

fn kind_of(members: &Map<String, Value>) -> &str {
    let known = KINDS
        .iter()
        .find(|kind| members.contains_key(**kind))
        .copied();
    known
        .or_else(|| {
            members
                .keys()
                .map(String::as_str)
                .find(|name| !COMPANIONS.contains(name))
        })
        .unwrap_or("empty")
}

impl<'a> Item<'a> {
    fn new(
        account: Account<'a>,
        members: &'a Map<String, Value>,
        kind: &'a str,
        entry_time: u64,
        raw: &'a str,
    ) -> Self {
        let sender = part(members, "sender").as_ref().and_then(identity);
        let recipient = part(members, "recipient").as_ref().and_then(identity);
        let is_echo = members
            .get("message")
            .and_then(|message| message.get("is_echo"))
            == Some(&Value::Bool(true));
        let customer = if sender.is_some() {
            // An echo goes from the account to the customer, even where Meta names the account by
            // another id than the entry's.
            let parties = if is_echo {
                [&recipient, &sender]
            } else {
                [&sender, &recipient]
            };
            parties
                .into_iter()
                .flatten()
                .find(|party| party.id != account.id)
                .cloned()
        } else {
            part(members, "optin").as_ref().and_then(identity)
        };
        let timestamp = members.get("timestamp").and_then(instant);
        Self {
            account,
            members,
            kind,
            sender: sender.or_else(|| customer.clone()),
            customer,
            time: timestamp.unwrap_or(entry_time),
            raw,
        }
    }

    /// The part that says what happened.
    fn part<T: DeserializeOwned>(&self) -> Option<T> {
        part(self.members, self.kind)
    }

    /// An id for what Meta gives none: the same for the same item, however often it is delivered.
    fn derived_id(&self, prefix: &str) -> String {
        let sender = self.sender.as_ref().map_or("", |sender| sender.id.as_str());
        // Parsed and written anew: spacing, member order and escapes do not make another event.
        let content = self
            .members
            .get(self.kind)
            .map(Value::to_string)
            .unwrap_or_default();
        let time = self.time.to_string();
        let parts = [sender, time.as_str(), self.kind, content.as_str()];
        format!("{}:{}", bounded(prefix), digest(&parts))
    }

    /// Meta's message id is the event's id, where there is one.
    fn id_from(&self, mid: Option<&str>) -> String {
        match mid {
            Some(mid) if mid.len() <= 512 => mid.to_owned(),
            _ => self.derived_id(self.kind),
        }
    }

    fn event(&self, id: String, kind: EventKind) -> Event {
        let author = self.sender.clone().map(|identity| Author {
            identity,
            profile: None,
        });
        Event {
            id,
            time: self.time,
            thread: self
                .customer
                .as_ref()
                .map(|customer| thread(self.account.id, customer)),
            author,
            kind,
            raw: self.raw.to_owned(),
        }
    }

    #[allow(
        clippy::unnecessary_wraps,
        reason = "what every reading of an item gives"
    )]
    fn one(&self, id: String, kind: EventKind) -> Option<Vec<Event>> {
        Some(vec![self.event(id, kind)])
    }

    fn message(&self) -> Option<Vec<Event>> {
        let read: payload::Message = self.part()?;
        let mid = read.mid.clone().filter(|mid| !mid.is_empty());
        let id = self.id_from(mid.as_deref());
        if read.is_deleted {
            let message_id = mid?;
            let deletion = Deletion {
                message_id: message_id.clone(),
                by_author: true,
                hidden_only: false,
            };
            let id = self.derived_id("deleted");
            return self.one(id, EventKind::MessageDeleted(deletion));
        }
        let parent = read.reply_to.as_ref().and_then(|reply| reply.mid.clone());
        let came_in = read
            .referral
            .as_ref()
            .map(referral)
            .or_else(|| self.prior_message());
        if let Some(payload) = read
            .quick_reply
            .as_ref()
            .and_then(|quick| quick.payload.clone())
            && !read.is_echo
        {
            let postback = Postback {
                message_id: mid,
                source: PostbackSource::QuickReply,
                title: read.text.unwrap_or_default(),
                payload,
                in_reply_to: parent,
                referral: came_in,
            };
            return self.one(id, EventKind::Postback(postback));
        }
        let content = attachments::read(&read);
        // Another app on the page writes whatever metadata it likes.
        let app = self.account.app_id;
        let ours = read.is_echo && app.is_none_or(|app| read.app_id.as_deref() == Some(app));
        let message = Message {
            text: read.text.filter(|text| !text.is_empty()),
            attachments: content.attachments,
            location: content.location,
            structured: content.structured,
            parent,
            quoted: read.reply_to.and_then(|reply| reply.story?.id),
            referral: came_in,
            client_ref: read
                .metadata
                .filter(|metadata| ours && !metadata.is_empty()),
            addressed: (!read.is_echo).then_some(true),
            ..Message::new(mid.unwrap_or_else(|| id.clone()))
        };
        if !read.is_echo {
            return self.one(id, EventKind::MessageCreated(message));
        }
        let mut echo = self.event(id, EventKind::NativeReply(message));
        let page = Author::new(self.account.id);
        echo.author = Some(match read.app_id {
            Some(app) => page.profile(Profile::default().fact("app_id", app)),
            None => page,
        });
        Some(vec![echo])
    }

    /// The checkbox or other plug-in through which a person came in before this message.
    fn prior_message(&self) -> Option<Referral> {
        let prior = self.members.get("prior_message")?.as_object()?;
        Some(Referral {
            source: text(prior, "source").unwrap_or_default(),
            reference: text(prior, "identifier"),
            ..Referral::default()
        })
    }

    fn edit(&self) -> Option<Vec<Event>> {
        let read: payload::Edit = self.part()?;
        let edit = Edit {
            message_id: read.mid,
            text: read.text,
            attachments: None,
            revision: read.number.and_then(|number| u32::try_from(number).ok()),
        };
        self.one(self.derived_id("edit"), EventKind::MessageEdited(edit))
    }

    fn postback(&self) -> Option<Vec<Event>> {
        let read: payload::Postback = self.part()?;
        let mid = read.mid.filter(|mid| !mid.is_empty());
        let id = self.id_from(mid.as_deref());
        let postback = Postback {
            message_id: mid,
            // Meta puts a referral into a postback only when a link or an advertisement led to the
            // button with which a conversation starts.
            source: if read.referral.is_some() {
                PostbackSource::GetStarted
            } else {
                PostbackSource::Button
            },
            title: read.title.unwrap_or_default(),
            payload: read.payload.unwrap_or_default(),
            in_reply_to: None,
            referral: read.referral.as_ref().map(referral),
        };
        self.one(id, EventKind::Postback(postback))
    }

    fn reaction(&self) -> Option<Vec<Event>> {
        let read: payload::Reaction = self.part()?;
        let reaction = Reaction {
            message_id: read.mid,
            name: read.name.unwrap_or_default(),
            emoji: read.emoji,
        };
        let kind = match read.action.as_str() {
            "react" => EventKind::ReactionAdded(reaction),
            "unreact" => EventKind::ReactionRemoved(reaction),
            _ => return None,
        };
        self.one(self.derived_id("reaction"), kind)
    }

    /// A delivery names messages and a time up to which everything arrived. Both are told: the ids
    /// hold whatever the clocks say, the time also covers what an earlier lost delivery had named.
    fn receipt(&self, state: ReceiptState) -> Option<Vec<Event>> {
        let read: payload::Receipt = self.part()?;
        let id = self.derived_id(self.kind);
        let mut mids = read.mids.unwrap_or_default();
        mids.extend(read.mid.filter(|mid| !mid.is_empty()));
        let mut scopes = Vec::with_capacity(2);
        if !mids.is_empty() {
            scopes.push((format!("{id}:mids"), ReceiptScope::Messages(mids)));
        }
        if let Some(watermark) = read.watermark {
            scopes.push((id, ReceiptScope::UpTo(watermark)));
        }
        let events = scopes.into_iter().map(|(id, scope)| {
            self.event(
                id,
                EventKind::Receipt(Receipt {
                    state,
                    scope,
                    reason: None,
                }),
            )
        });
        Some(events.collect())
    }

    fn referral(&self) -> Option<Vec<Event>> {
        let read: Map<String, Value> = self.part()?;
        self.one(
            self.derived_id("referral"),
            EventKind::Referral(referral(&read)),
        )
    }

    /// An opt-in that carries the company's own reference says how the customer came in. Others
    /// (recurring notifications, one-time notifications) have no kind of their own.
    fn optin(&self) -> Option<Vec<Event>> {
        let read: Map<String, Value> = self.part()?;
        let reference = text(&read, "ref")?;
        if read.contains_key("type") {
            return None;
        }
        let referral = Referral {
            source: "OPTIN".to_owned(),
            reference: Some(reference),
            ad_id: None,
            url: None,
            extra: Some(Value::Object(read).to_string()),
        };
        self.one(self.derived_id("optin"), EventKind::Referral(referral))
    }

    fn policy(&self) -> Option<Vec<Event>> {
        let read: payload::Policy = self.part()?;
        let (state, remedy) = match read.action.as_str() {
            "block" => (
                ChannelState::Stopped,
                Some(
                    "Meta has blocked the page from Messenger. Appeal in the page's support inbox; sending works again after an `unblock`.",
                ),
            ),
            "unblock" => (ChannelState::Connected, None),
            _ => (
                ChannelState::Restricted,
                Some("Read what Meta says in the page's support inbox and change what it names."),
            ),
        };
        let status = ChannelStatus {
            state,
            code: Some(read.action),
            text: read.reason.unwrap_or_default(),
            remedy: remedy.map(str::to_owned),
        };
        let mut event = self.event(self.derived_id("policy"), EventKind::ChannelStatus(status));
        event.thread = None;
        event.author = None;
        Some(vec![event])
    }
}

fn referral(read: &Map<String, Value>) -> Referral {
    const NAMED: [&str; 4] = ["source", "ref", "ad_id", "referer_uri"];
    let rest: Map<String, Value> = read
        .iter()
        .filter(|(name, value)| !NAMED.contains(&name.as_str()) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Referral {
        source: text(read, "source")
            .or_else(|| text(read, "type"))
            .unwrap_or_default(),
        reference: text(read, "ref"),
        ad_id: text(read, "ad_id"),
        url: text(read, "referer_uri"),
        extra: (!rest.is_empty()).then(|| Value::Object(rest).to_string()),
    }
}

fn identity(party: &Party) -> Option<Identity> {
    let user_ref = party
        .user_ref
        .clone()
        .filter(|user_ref| !user_ref.is_empty());
    let aliases = user_ref
        .iter()
        .map(|value| Alias {
            kind: "user_ref".to_owned(),
            value: value.clone(),
        })
        .collect();
    let id = party.id.clone().filter(|id| !id.is_empty());
    let id = id.or_else(|| user_ref.map(|user_ref| format!("{USER_REF}{user_ref}")))?;
    (id.len() <= 256).then_some(Identity { id, aliases })
}

fn part<T: DeserializeOwned>(members: &Map<String, Value>, name: &str) -> Option<T> {
    serde_json::from_value(members.get(name)?.clone()).ok()
}
