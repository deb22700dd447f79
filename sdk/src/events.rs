//! What happened on a network, in words that are the same for every network.

pub use crate::bindings::connector::linecard::plugin::events::{
    Alias, Attachment, Author, ChannelState, ChannelStatus, Deletion, Edit, Event, EventKind, Fact,
    Identity, Location, Message, Postback, PostbackSource, Profile, ProfileChange, Reaction,
    Receipt, ReceiptScope, ReceiptState, Referral, Refusal, SentMessage, SharedContact, Structured,
    Thread, Timestamp,
};
pub use crate::bindings::connector::linecard::plugin::manifest::{AttachmentKind, Visibility};

/// The name of the fact in a [`Profile`] by which a network tells that a person takes the consent to be written
/// to first back, or gives it: [`CONSENT_WITHDRAWN`], [`CONSENT_MARKETING_WITHDRAWN`] or [`CONSENT_GIVEN`]. Tell it with
/// [`EventKind::ProfileChanged`]; the host keeps it with its time and sends no template after a withdrawal.
pub const CONSENT: &str = "consent";
/// The value of [`CONSENT`] when it is taken back.
pub const CONSENT_WITHDRAWN: &str = "withdrawn";
/// The value of [`CONSENT`] when it is taken back for offers and news alone.
pub const CONSENT_MARKETING_WITHDRAWN: &str = "marketing-withdrawn";
/// The value of [`CONSENT`] when it is given.
pub const CONSENT_GIVEN: &str = "given";
/// The name of the fact beside [`CONSENT`] that says how it was told, for whoever asks later.
pub const CONSENT_SOURCE: &str = "consent-source";

impl Event {
    /// An event without thread, author or raw payload.
    ///
    /// The id is the network's own, or derived from what makes the event unique: the host takes an id
    /// once for each channel, however often it comes. At most 512 bytes.
    pub fn new(id: impl Into<String>, time: Timestamp, kind: EventKind) -> Self {
        Event {
            id: id.into(),
            time,
            thread: None,
            author: None,
            kind,
            raw: String::new(),
        }
    }

    /// Sets where it happened.
    #[must_use]
    pub fn thread(mut self, thread: Thread) -> Self {
        self.thread = Some(thread);
        self
    }

    /// Sets who did it.
    #[must_use]
    pub fn author(mut self, author: Author) -> Self {
        self.author = Some(author);
        self
    }

    /// Sets the part of the payload that it came from, as it came.
    #[must_use]
    pub fn raw(mut self, raw: impl Into<String>) -> Self {
        self.raw = raw.into();
        self
    }
}

impl Thread {
    /// A conversation that only the two sides can read; see also [`customer`](Self::customer). The key is unique in the channel, at most 512
    /// bytes.
    pub fn private(key: impl Into<String>) -> Self {
        Thread {
            key: key.into(),
            visibility: Visibility::Private,
            permalink: None,
            customer: None,
        }
    }

    /// A conversation that anybody can read.
    pub fn public(key: impl Into<String>) -> Self {
        Thread {
            key: key.into(),
            visibility: Visibility::Public,
            permalink: None,
            customer: None,
        }
    }

    /// Sets the customer of a private conversation, whoever the author of this event is: a
    /// `NativeReply`, whose author is the company, needs it.
    #[must_use]
    pub fn customer(mut self, customer: Identity) -> Self {
        self.customer = Some(customer);
        self
    }

    /// Sets a link that opens it on the network.
    #[must_use]
    pub fn permalink(mut self, url: impl Into<String>) -> Self {
        self.permalink = Some(url.into());
        self
    }
}

impl Author {
    /// Somebody of whom only the id is known, unique in the channel's scope.
    pub fn new(id: impl Into<String>) -> Self {
        Author {
            identity: Identity::new(id),
            profile: None,
        }
    }

    /// Adds another id of the same person, such as a phone number.
    #[must_use]
    pub fn alias(mut self, kind: impl Into<String>, value: impl Into<String>) -> Self {
        self.identity.aliases.push(Alias {
            kind: kind.into(),
            value: value.into(),
        });
        self
    }

    /// Sets what the network tells about them with this event.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }
}

impl Identity {
    /// An id without aliases, at most 256 bytes.
    pub fn new(id: impl Into<String>) -> Self {
        Identity {
            id: id.into(),
            aliases: Vec::new(),
        }
    }
}

impl Profile {
    /// Only a name that is shown.
    pub fn named(display_name: impl Into<String>) -> Self {
        Profile {
            display_name: Some(display_name.into()),
            ..Profile::default()
        }
    }

    /// Adds a fact that has no field, by the network's name.
    #[must_use]
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra.push(Fact {
            name: name.into(),
            value: value.into(),
        });
        self
    }
}

impl Message {
    /// A message of which only the network's id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Message {
            id: id.into(),
            ..Message::default()
        }
    }

    /// A message with a text.
    pub fn text(id: impl Into<String>, text: impl Into<String>) -> Self {
        Message {
            text: Some(text.into()),
            ..Message::new(id)
        }
    }
}

impl Attachment {
    /// An attachment of which only the kind is known.
    pub fn new(kind: AttachmentKind) -> Self {
        Attachment {
            kind,
            url: None,
            media_id: None,
            mime: None,
            size: None,
            name: None,
            sha256: None,
            label: None,
        }
    }

    /// An attachment that can be fetched at a URL.
    pub fn at(kind: AttachmentKind, url: impl Into<String>) -> Self {
        Attachment {
            url: Some(url.into()),
            ..Attachment::new(kind)
        }
    }

    /// An attachment that the network names by an id; `resolve_media` fetches it.
    pub fn with_media_id(kind: AttachmentKind, media_id: impl Into<String>) -> Self {
        Attachment {
            media_id: Some(media_id.into()),
            ..Attachment::new(kind)
        }
    }
}

impl Location {
    /// A place in degrees north and east.
    pub fn new(latitude: f64, longitude: f64) -> Self {
        Location {
            latitude,
            longitude,
            name: None,
            address: None,
        }
    }
}

impl Structured {
    /// Content with a form of its own; the contract's `structured` record lists the kinds and their JSON.
    pub fn new(kind: impl Into<String>, json: &serde_json::Value) -> Self {
        Structured {
            kind: kind.into(),
            json: json.to_string(),
        }
    }
}

impl Refusal {
    /// A network's code and text.
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        Refusal {
            code: code.into(),
            text: text.into(),
        }
    }
}

impl Receipt {
    /// What became of these messages.
    pub fn of_messages(state: ReceiptState, ids: Vec<String>) -> Self {
        Receipt {
            state,
            scope: ReceiptScope::Messages(ids),
            reason: None,
        }
    }

    /// What became of all that was sent in the thread up to a time.
    pub fn up_to(state: ReceiptState, time: Timestamp) -> Self {
        Receipt {
            state,
            scope: ReceiptScope::UpTo(time),
            reason: None,
        }
    }
}
