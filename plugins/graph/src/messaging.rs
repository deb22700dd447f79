//! One item of `messaging[]` becomes the events that it stands for.

use linecard_sdk::events::{
    Alias, Author, ChannelState, ChannelStatus, Deletion, Edit, Event, EventKind, Identity,
    Message, Postback, PostbackSource, Profile, Reaction, Receipt, ReceiptScope, ReceiptState,
    Referral, Structured, Thread,
};
use linecard_sdk::ids::{PERSON_MAX, bounded, digest, fitted};
use linecard_sdk::json::{Lenient as _, Part};
use serde_json::{Map, Value, json};

use crate::attachments;

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
pub fn read_item(account: Account<'_>, entry_time: u64, part: Part<'_>) -> Vec<Event> {
    let raw = part.raw();
    let Some(members) = part.object() else {
        return vec![Event::kept("item", entry_time, raw)];
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
pub fn read_standby(account: Account<'_>, entry_time: u64, part: Part<'_>) -> Vec<Event> {
    let Some(members) = part.object() else {
        return vec![Event::kept("standby", entry_time, part.raw())];
    };
    let item = Item::new(account, &members, kind_of(&members), entry_time, part.raw());
    let kind = EventKind::Other("standby".to_owned());
    vec![item.event(item.derived_id("standby"), kind)]
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
        let party = |name: &str| members.object(name).and_then(identity);
        let (sender, recipient) = (party("sender"), party("recipient"));
        let is_echo = members
            .object("message")
            .is_some_and(|message| message.is("is_echo"));
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
            party("optin")
        };
        Self {
            account,
            members,
            kind,
            sender: sender.or_else(|| customer.clone()),
            customer,
            time: members.time("timestamp").unwrap_or(entry_time),
            raw,
        }
    }

    /// The part that says what happened.
    fn part(&self) -> Option<&'a Map<String, Value>> {
        self.members.object(self.kind)
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
        format!("{}:{}", bounded(prefix, 64), digest(&parts))
    }

    /// Meta's message id is the event's id, where there is one.
    fn id_from(&self, mid: Option<&str>) -> String {
        match mid {
            Some(mid) => mid.to_owned(),
            None => self.derived_id(self.kind),
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
        let read = self.part()?;
        let (mid, said) = (read.text("mid"), read.text("text"));
        let id = self.id_from(mid.as_deref());
        if read.is("is_deleted") {
            let deletion = Deletion {
                message_id: mid?,
                by_author: true,
                hidden_only: false,
            };
            let id = self.derived_id("deleted");
            return self.one(id, EventKind::MessageDeleted(deletion));
        }
        let is_echo = read.is("is_echo");
        let reply_to = read.object("reply_to");
        let parent = reply_to.and_then(|reply| reply.text("mid"));
        let came_in = read
            .object("referral")
            .map(referral)
            .or_else(|| self.prior_message());
        let mut content = attachments::read(read);
        let chosen = read
            .object("quick_reply")
            .and_then(|quick| quick.text("payload"))
            .filter(|_| !is_echo);
        let has_more = !content.attachments.is_empty()
            || content.location.is_some()
            || content.structured.is_some();
        if let (Some(payload), false) = (&chosen, has_more) {
            let postback = Postback {
                message_id: mid,
                source: PostbackSource::QuickReply,
                title: said.unwrap_or_default(),
                payload: payload.clone(),
                in_reply_to: parent,
                referral: came_in,
            };
            return self.one(id, EventKind::Postback(postback));
        }
        if said.is_none() && !has_more {
            content.structured = unknown(read);
        }
        // Another app on the page writes whatever metadata it likes.
        let app = self.account.app_id;
        let app_id = read.text("app_id");
        let ours = is_echo && app.is_none_or(|app| app_id.as_deref() == Some(app));
        let story = reply_to.and_then(|reply| reply.object("story"));
        let message = Message {
            text: said.clone(),
            attachments: content.attachments,
            location: content.location,
            structured: content.structured,
            parent: parent.clone(),
            quoted: story.and_then(|story| story.text("id")),
            referral: came_in,
            client_ref: read.text("metadata").filter(|_| ours),
            addressed: (!is_echo).then_some(true),
            ..Message::new(mid.clone().unwrap_or_else(|| id.clone()))
        };
        if !is_echo {
            let mut events = vec![self.event(id.clone(), EventKind::MessageCreated(message))];
            // A choice that brings a file along is both: what was sent, and what was chosen.
            events.extend(chosen.map(|payload| {
                let postback = Postback {
                    message_id: None,
                    source: PostbackSource::QuickReply,
                    title: said.unwrap_or_default(),
                    payload,
                    in_reply_to: parent,
                    referral: None,
                };
                self.event(format!("{id}:choice"), EventKind::Postback(postback))
            }));
            return Some(events);
        }
        let mut echo = self.event(id, EventKind::NativeReply(message));
        let page = Author::new(self.account.id);
        echo.author = Some(match app_id {
            Some(app) => page.profile(Profile::default().fact("app_id", app)),
            None => page,
        });
        Some(vec![echo])
    }

    /// The checkbox or other plug-in through which a person came in before this message.
    fn prior_message(&self) -> Option<Referral> {
        let prior = self.members.object("prior_message")?;
        Some(Referral {
            source: prior.text("source").unwrap_or_default(),
            reference: prior.text("identifier"),
            ..Referral::default()
        })
    }

    fn edit(&self) -> Option<Vec<Event>> {
        let read = self.part()?;
        let edit = Edit {
            message_id: read.text("mid")?,
            text: read.text("text"),
            attachments: None,
            revision: read
                .count("num_edit")
                .and_then(|number| u32::try_from(number).ok()),
        };
        self.one(self.derived_id("edit"), EventKind::MessageEdited(edit))
    }

    fn postback(&self) -> Option<Vec<Event>> {
        let read = self.part()?;
        let mid = read.text("mid");
        let id = self.id_from(mid.as_deref());
        let came_in = read.object("referral");
        let postback = Postback {
            message_id: mid,
            // Meta puts a referral into a postback only when a link or an advertisement led to the
            // button with which a conversation starts.
            source: if came_in.is_some() {
                PostbackSource::GetStarted
            } else {
                PostbackSource::Button
            },
            title: read.text("title").unwrap_or_default(),
            payload: read.text("payload").unwrap_or_default(),
            in_reply_to: None,
            referral: came_in.map(referral),
        };
        self.one(id, EventKind::Postback(postback))
    }

    fn reaction(&self) -> Option<Vec<Event>> {
        let read = self.part()?;
        let reaction = Reaction {
            message_id: read.text("mid")?,
            name: read.text("reaction").unwrap_or_default(),
            emoji: read.text("emoji"),
        };
        let kind = match read.text("action").as_deref() {
            Some("react") => EventKind::ReactionAdded(reaction),
            Some("unreact") => EventKind::ReactionRemoved(reaction),
            _ => return None,
        };
        self.one(self.derived_id("reaction"), kind)
    }

    /// A delivery names messages and a time up to which everything arrived. Both are told: the ids
    /// hold whatever the clocks say, the time also covers what an earlier lost delivery had named.
    fn receipt(&self, state: ReceiptState) -> Option<Vec<Event>> {
        let read = self.part()?;
        let id = self.derived_id(self.kind);
        let mut mids = read.texts("mids");
        // Instagram names the message that was read, Messenger a time.
        mids.extend(read.text("mid"));
        let mut scopes = Vec::with_capacity(2);
        if !mids.is_empty() {
            scopes.push((format!("{id}:mids"), ReceiptScope::Messages(mids)));
        }
        if let Some(watermark) = read.count("watermark") {
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
        let read = self.part()?;
        self.one(
            self.derived_id("referral"),
            EventKind::Referral(referral(read)),
        )
    }

    /// An opt-in that carries the company's own reference says how the customer came in. Others
    /// (recurring notifications, one-time notifications) have no kind of their own.
    fn optin(&self) -> Option<Vec<Event>> {
        let read = self.part()?;
        let reference = read.text("ref")?;
        if read.contains_key("type") {
            return None;
        }
        let referral = Referral {
            source: "OPTIN".to_owned(),
            reference: Some(reference),
            ad_id: None,
            url: None,
            extra: Some(Value::Object(read.clone()).to_string()),
        };
        self.one(self.derived_id("optin"), EventKind::Referral(referral))
    }

    fn policy(&self) -> Option<Vec<Event>> {
        let read = self.part()?;
        let action = read.text("action")?;
        let (state, remedy) = match action.as_str() {
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
            code: Some(action),
            text: read.text("reason").unwrap_or_default(),
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
        source: read.first_text(&["source", "type"]).unwrap_or_default(),
        reference: read.text("ref"),
        ad_id: read.text("ad_id"),
        url: read.text("referer_uri"),
        extra: (!rest.is_empty()).then(|| Value::Object(rest).to_string()),
    }
}

/// What stands for content of a kind that is not known here: a placeholder that names it, so that
/// somebody looks at the network. `None` if there is nothing but what goes along with any message.
fn unknown(message: &Map<String, Value>) -> Option<Structured> {
    const COMPANIONS: [&str; 13] = [
        "mid",
        "seq",
        "text",
        "attachments",
        "app_id",
        "metadata",
        "is_echo",
        "is_deleted",
        "is_unsupported",
        "reply_to",
        "referral",
        "quick_reply",
        "nlp",
    ];
    let name = message
        .keys()
        .find(|name| !COMPANIONS.contains(&name.as_str()))?;
    Some(Structured::new("unsupported", &json!({ "type": name })))
}

fn identity(party: &Map<String, Value>) -> Option<Identity> {
    let user_ref = party.text("user_ref");
    let aliases = user_ref
        .iter()
        .map(|value| Alias {
            kind: "user_ref".to_owned(),
            value: value.clone(),
        })
        .collect();
    let id = party.text("id");
    let id = id.or_else(|| user_ref.map(|user_ref| format!("{USER_REF}{user_ref}")))?;
    let id = fitted(&id, PERSON_MAX).into_owned();
    Some(Identity { id, aliases })
}
