//! Events within the contract's bounds. The host refuses a whole call for one id that is too long; what
//! networks send has no bounds, so every event passes here on its way out.

use crate::events::{
    Attachment, Author, Edit, Event, EventKind, Identity, Location, Message, Profile, Reaction,
    Receipt, ReceiptScope, Referral, Thread,
};
use crate::ids::{ID_MAX, PERSON_MAX, bounded, digest, fitted};

/// The longest name of a person, a file or a place, in bytes.
const NAME_MAX: usize = 512;
/// The longest of a network's words, such as the name of an event or a kind, in bytes.
const WORD_MAX: usize = 128;
/// The longest address, in bytes: a longer one cannot be cut, so it is left out.
const URL_MAX: usize = 8 << 10;
/// The longest text that somebody wrote, in bytes.
const TEXT_MAX: usize = 256 << 10;
/// The most attachments, address-book entries, ids or facts of one event.
const LIST_MAX: usize = 1000;

impl Event {
    /// The event within the contract's bounds: ids that are too long become their beginning and a digest
    /// (see [`fitted`]), names and words are cut, and what is empty or cannot be is left out. What
    /// concerns a message that is not named becomes [`EventKind::Other`]. The raw payload stays whole.
    ///
    /// [`Intake`](crate::connector::Intake), [`Reception::events`](crate::connector::Reception::events)
    /// and [`PollPage::new`](crate::connector::PollPage::new) do this for every event.
    #[must_use]
    pub fn fitted(mut self) -> Self {
        if self.id.is_empty() {
            let kind = format!("{:?}", self.kind);
            self.id = format!(
                "unnamed:{}",
                digest(&[&self.time.to_string(), &kind, &self.raw])
            );
        }
        fit_id(&mut self.id, ID_MAX);
        self.thread = self.thread.and_then(thread);
        self.author = self.author.and_then(author);
        self.kind = kind(self.kind, &self.id);
        self
    }
}

fn fit_id(id: &mut String, most: usize) {
    if id.len() > most {
        *id = fitted(id, most).into_owned();
    }
}

fn cut(text: &mut String, most: usize) {
    text.truncate(text.floor_char_boundary(most));
}

/// One line for people: a name has no line breaks and no control characters.
fn name(text: Option<String>) -> Option<String> {
    let mut text = text?;
    if text.contains(char::is_control) {
        let line = text.replace(char::is_control, " ");
        line.trim().clone_into(&mut text);
    }
    cut(&mut text, NAME_MAX);
    (!text.is_empty()).then_some(text)
}

fn word(text: Option<String>) -> Option<String> {
    name(text).map(|text| bounded(&text, WORD_MAX).to_owned())
}

fn said(text: Option<String>) -> Option<String> {
    let mut text = text?;
    cut(&mut text, TEXT_MAX);
    (!text.is_empty()).then_some(text)
}

fn url(url: Option<String>) -> Option<String> {
    url.filter(|url| !url.is_empty() && url.len() <= URL_MAX && !url.contains(char::is_control))
}

/// The id of another message; an empty one names none.
fn id(id: Option<String>) -> Option<String> {
    let mut id = id.filter(|id| !id.is_empty())?;
    fit_id(&mut id, ID_MAX);
    Some(id)
}

fn thread(mut thread: Thread) -> Option<Thread> {
    if thread.key.is_empty() {
        return None;
    }
    fit_id(&mut thread.key, ID_MAX);
    thread.permalink = url(thread.permalink);
    thread.customer = thread.customer.and_then(identity);
    Some(thread)
}

fn author(author: Author) -> Option<Author> {
    Some(Author {
        identity: identity(author.identity)?,
        profile: author.profile.map(profile),
    })
}

fn identity(mut identity: Identity) -> Option<Identity> {
    if identity.id.is_empty() {
        return None;
    }
    fit_id(&mut identity.id, PERSON_MAX);
    // A part of a number or an address means nobody.
    identity.aliases.retain(|alias| {
        let is_usable = |text: &str| !text.is_empty() && text.len() <= PERSON_MAX;
        is_usable(&alias.kind) && is_usable(&alias.value)
    });
    identity.aliases.truncate(LIST_MAX);
    Some(identity)
}

fn profile(mut profile: Profile) -> Profile {
    profile.display_name = name(profile.display_name);
    profile.handle = name(profile.handle);
    profile.avatar_url = url(profile.avatar_url);
    profile.locale = word(profile.locale);
    profile.extra.retain(|fact| !fact.name.is_empty());
    profile.extra.truncate(LIST_MAX);
    for fact in &mut profile.extra {
        cut(&mut fact.name, WORD_MAX);
        cut(&mut fact.value, URL_MAX);
    }
    profile
}

/// `own` is the event's id, for a message that has none.
fn kind(kind: EventKind, own: &str) -> EventKind {
    let unplaced = |what: &str| EventKind::Other(format!("{what}-without-message"));
    match kind {
        EventKind::MessageCreated(said) => EventKind::MessageCreated(message(said, own)),
        EventKind::NativeReply(said) => EventKind::NativeReply(message(said, own)),
        EventKind::MessageEdited(edit) => match id(Some(edit.message_id)) {
            Some(message_id) => EventKind::MessageEdited(Edit {
                message_id,
                text: said(edit.text),
                attachments: edit.attachments.map(attachments),
                ..edit
            }),
            None => unplaced("edit"),
        },
        EventKind::MessageDeleted(mut deletion) => match id(Some(deletion.message_id)) {
            Some(message_id) => {
                deletion.message_id = message_id;
                EventKind::MessageDeleted(deletion)
            }
            None => unplaced("deletion"),
        },
        EventKind::ReactionAdded(given) => {
            reaction(given).map_or_else(|| unplaced("reaction"), EventKind::ReactionAdded)
        }
        EventKind::ReactionRemoved(given) => {
            reaction(given).map_or_else(|| unplaced("reaction"), EventKind::ReactionRemoved)
        }
        EventKind::Receipt(given) => {
            receipt(given).map_or_else(|| unplaced("receipt"), EventKind::Receipt)
        }
        EventKind::Postback(mut used) => {
            used.message_id = id(used.message_id);
            used.in_reply_to = id(used.in_reply_to);
            used.referral = used.referral.map(referral);
            cut(&mut used.title, TEXT_MAX);
            cut(&mut used.payload, TEXT_MAX);
            EventKind::Postback(used)
        }
        EventKind::Referral(given) => EventKind::Referral(referral(given)),
        EventKind::ProfileChanged(mut change) => {
            change.previous_id = change.previous_id.filter(|id| !id.is_empty());
            if let Some(id) = &mut change.previous_id {
                fit_id(id, PERSON_MAX);
            }
            EventKind::ProfileChanged(change)
        }
        EventKind::ChannelStatus(mut status) => {
            status.code = word(status.code);
            cut(&mut status.text, URL_MAX);
            EventKind::ChannelStatus(status)
        }
        EventKind::Other(called) => {
            EventKind::Other(word(Some(called)).unwrap_or_else(|| "unnamed".to_owned()))
        }
        same @ (EventKind::Typing(_) | EventKind::Follow | EventKind::Unfollow) => same,
    }
}

fn message(mut message: Message, own: &str) -> Message {
    message.id = id(Some(message.id)).unwrap_or_else(|| own.to_owned());
    message.text = said(message.text);
    message.attachments = attachments(message.attachments);
    message.location = message.location.and_then(location);
    message.contacts.truncate(LIST_MAX);
    for contact in &mut message.contacts {
        contact.name = name(Some(std::mem::take(&mut contact.name))).unwrap_or_default();
        for list in [&mut contact.phones, &mut contact.emails] {
            list.retain(|value| !value.is_empty() && value.len() <= NAME_MAX);
            list.truncate(LIST_MAX);
        }
    }
    if let Some(structured) = &mut message.structured {
        let called = word(Some(std::mem::take(&mut structured.kind)));
        structured.kind = called.unwrap_or_else(|| "unnamed".to_owned());
    }
    message.parent = id(message.parent);
    message.quoted = id(message.quoted);
    message.referral = message.referral.map(referral);
    message.client_ref = id(message.client_ref);
    message.language = word(message.language);
    message
}

fn location(mut place: Location) -> Option<Location> {
    let is_there = place.latitude.is_finite() && place.longitude.is_finite();
    place.name = name(place.name);
    place.address = name(place.address);
    is_there.then_some(place)
}

fn attachments(mut list: Vec<Attachment>) -> Vec<Attachment> {
    list.truncate(LIST_MAX);
    for file in &mut list {
        file.url = url(file.url.take());
        file.media_id = file
            .media_id
            .take()
            .filter(|id| !id.is_empty() && id.len() <= ID_MAX);
        file.mime = word(file.mime.take());
        file.name = name(file.name.take());
        file.label = word(file.label.take());
        file.sha256 = file.sha256.take().filter(|hash| {
            hash.len() == 64
                && hash
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        });
    }
    list
}

fn reaction(mut reaction: Reaction) -> Option<Reaction> {
    reaction.message_id = id(Some(reaction.message_id))?;
    reaction.name = word(Some(reaction.name)).unwrap_or_default();
    reaction.emoji = word(reaction.emoji);
    Some(reaction)
}

fn receipt(mut receipt: Receipt) -> Option<Receipt> {
    match &mut receipt.scope {
        ReceiptScope::Messages(ids) => {
            ids.retain(|id| !id.is_empty());
            ids.truncate(LIST_MAX);
            for id in ids.iter_mut() {
                fit_id(id, ID_MAX);
            }
            if ids.is_empty() {
                return None;
            }
        }
        ReceiptScope::ClientRef(sent) => {
            if sent.client_ref.is_empty() {
                return None;
            }
            fit_id(&mut sent.client_ref, ID_MAX);
            sent.id = id(sent.id.take());
        }
        ReceiptScope::UpTo(_) => {}
    }
    if let Some(reason) = &mut receipt.reason {
        cut(&mut reason.code, WORD_MAX);
        cut(&mut reason.text, URL_MAX);
    }
    Some(receipt)
}

fn referral(mut referral: Referral) -> Referral {
    cut(&mut referral.source, WORD_MAX);
    referral.reference = said(referral.reference);
    referral.ad_id = word(referral.ad_id);
    referral.url = url(referral.url);
    referral
}
