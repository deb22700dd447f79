//! From an update to events.

use linecard_sdk::events::{
    Attachment, AttachmentKind, Author, Edit, Event, EventKind, Identity, Location, Message,
    Postback, PostbackSource, Profile, Reaction, Referral, SharedContact, Thread, Timestamp,
};
use linecard_sdk::json::{Lenient as _, Part};
use serde_json::{Map, Value};

use crate::ids;

type Members = Map<String, Value>;
type Read = Result<Vec<Event>, &'static str>;

/// Reads one update.
pub fn read(part: Part<'_>, now: Timestamp) -> Read {
    let update = part.object().ok_or("it is no object")?;
    let id = update.text("update_id").ok_or("it has no update_id")?;
    let read = |name: &str, read: fn(&str, &Members, Timestamp) -> Read| {
        update
            .object(name)
            .map(|members| read(&format!("update:{id}"), members, now))
    };
    read("message", message)
        .or_else(|| read("edited_message", edited))
        .or_else(|| read("callback_query", pressed))
        .or_else(|| read("message_reaction", reacted))
        .or_else(|| read("my_chat_member", membership))
        .unwrap_or_else(|| {
            let kind = update.keys().find(|key| *key != "update_id");
            let kind = kind.map_or("update", String::as_str);
            let other = EventKind::Other(kind.to_owned());
            Ok(vec![Event::new(format!("update:{id}"), now, other)])
        })
}

/// The chat, if it is a private conversation; what is said in groups and channels is kept unread.
fn private(members: &Members) -> Result<String, &'static str> {
    let chat = members.object("chat").ok_or("it names no chat")?;
    if chat.word("type") != Some("private") {
        return Err("it is of a group or channel");
    }
    chat.text("id").ok_or("its chat has no id")
}

fn thread(chat: &str) -> Thread {
    Thread::private(chat).customer(Identity::new(chat))
}

fn author(user: &Members) -> Option<Author> {
    let id = user.text("id")?;
    let names: Vec<String> = [user.text("first_name"), user.text("last_name")]
        .into_iter()
        .flatten()
        .collect();
    let profile = Profile {
        display_name: (!names.is_empty()).then(|| names.join(" ")),
        handle: user.text("username"),
        locale: user.text("language_code"),
        ..Profile::default()
    };
    Some(Author::new(id).profile(profile))
}

fn by(event: Event, user: Option<&Members>) -> Event {
    match user.and_then(author) {
        Some(author) => event.author(author),
        None => event,
    }
}

fn message(event: &str, members: &Members, now: Timestamp) -> Read {
    let chat = private(members)?;
    let time = members.time("date").unwrap_or(now);
    let id = ids::of(members).ok_or("it has no message_id")?;
    let read = Message {
        parent: members.object("reply_to_message").and_then(ids::of),
        text: members.first_text(&["text", "caption"]),
        attachments: attachments(members),
        location: place(members),
        contacts: members.object("contact").map(contact).into_iter().collect(),
        addressed: Some(true),
        referral: members.text("text").as_deref().and_then(started),
        ..Message::new(id)
    };
    let is_something = read.text.is_some()
        || !read.attachments.is_empty()
        || read.location.is_some()
        || !read.contacts.is_empty();
    let kind = if is_something {
        EventKind::MessageCreated(read)
    } else {
        EventKind::Other("message".to_owned())
    };
    let event = Event::new(event, time, kind).thread(thread(&chat));
    Ok(vec![by(event, members.object("from"))])
}

/// A link to the bot with a word of the company's: `https://t.me/BOT?start=WORD`.
fn started(text: &str) -> Option<Referral> {
    let word = text.strip_prefix("/start ")?.trim();
    (!word.is_empty()).then(|| Referral {
        source: "start".to_owned(),
        reference: Some(word.to_owned()),
        ..Referral::default()
    })
}

fn attachments(members: &Members) -> Vec<Attachment> {
    // Of a photo there are several sizes, the largest last.
    let photo = members.list("photo").last().and_then(Value::as_object);
    let photo = photo.map(|size| file(size, AttachmentKind::Image, "photo"));
    // An animation comes as a document as well.
    let is_animation = members.contains_key("animation");
    let others = [
        ("animation", AttachmentKind::Animation),
        ("audio", AttachmentKind::Audio),
        ("document", AttachmentKind::File),
        ("sticker", AttachmentKind::Sticker),
        ("video", AttachmentKind::Video),
        ("video_note", AttachmentKind::Video),
        ("voice", AttachmentKind::Audio),
    ];
    let others = others.into_iter().filter_map(|(name, kind)| {
        if name == "document" && is_animation {
            return None;
        }
        Some(file(members.object(name)?, kind, name))
    });
    photo
        .into_iter()
        .chain(others)
        .filter(|file| file.media_id.is_some())
        .collect()
}

fn file(members: &Members, kind: AttachmentKind, label: &str) -> Attachment {
    Attachment {
        media_id: members.text("file_id"),
        mime: members.text("mime_type"),
        size: members.count("file_size"),
        name: members.text("file_name"),
        label: Some(label.to_owned()),
        ..Attachment::new(kind)
    }
}

fn place(members: &Members) -> Option<Location> {
    let venue = members.object("venue");
    let place = venue
        .and_then(|venue| venue.object("location"))
        .or_else(|| members.object("location"))?;
    Some(Location {
        name: venue.and_then(|venue| venue.text("title")),
        address: venue.and_then(|venue| venue.text("address")),
        ..Location::new(place.number("latitude")?, place.number("longitude")?)
    })
}

fn contact(members: &Members) -> SharedContact {
    let names: Vec<String> = [members.text("first_name"), members.text("last_name")]
        .into_iter()
        .flatten()
        .collect();
    SharedContact {
        name: names.join(" "),
        phones: members.text("phone_number").into_iter().collect(),
        ..SharedContact::default()
    }
}

fn edited(event: &str, members: &Members, now: Timestamp) -> Read {
    let chat = private(members)?;
    let edit = Edit {
        message_id: ids::of(members).ok_or("it has no message_id")?,
        text: members.first_text(&["text", "caption"]),
        attachments: None,
        revision: None,
    };
    let time = members.time("edit_date").unwrap_or(now);
    let event = Event::new(event, time, EventKind::MessageEdited(edit)).thread(thread(&chat));
    Ok(vec![by(event, members.object("from"))])
}

/// A button below a message.
fn pressed(event: &str, members: &Members, now: Timestamp) -> Read {
    let offered = members.object("message").ok_or("it names no message")?;
    let chat = private(offered)?;
    let payload = members.text("data").ok_or("it has no data")?;
    let postback = Postback {
        message_id: None,
        source: PostbackSource::QuickReply,
        title: title(offered, &payload).unwrap_or_else(|| payload.clone()),
        payload,
        in_reply_to: ids::of(offered),
        referral: None,
    };
    let event = Event::new(event, now, EventKind::Postback(postback)).thread(thread(&chat));
    Ok(vec![by(event, members.object("from"))])
}

/// What stands on the button.
fn title(offered: &Members, payload: &str) -> Option<String> {
    let rows = offered.object("reply_markup")?.list("inline_keyboard");
    let mut buttons = rows.iter().filter_map(Value::as_array).flatten();
    buttons
        .find(|button| button.text("callback_data").as_deref() == Some(payload))?
        .text("text")
}

/// The reactions of one person to one message, before and now.
fn reacted(event: &str, members: &Members, now: Timestamp) -> Read {
    let chat = private(members)?;
    let message = members.text("message_id").ok_or("it has no message_id")?;
    let message = ids::message(&chat, &message);
    let time = members.time("date").unwrap_or(now);
    let names = |name: &str| -> Vec<String> {
        let reactions = members.list(name).iter();
        reactions
            .filter_map(|one| one.first_text(&["emoji", "custom_emoji_id", "type"]))
            .collect()
    };
    let (before, after) = (names("old_reaction"), names("new_reaction"));
    let reaction = |name: &String| Reaction {
        message_id: message.clone(),
        name: name.clone(),
        emoji: (!name.is_ascii()).then(|| name.clone()),
    };
    let gone = before.iter().filter(|name| !after.contains(name));
    let gone = gone.map(|name| EventKind::ReactionRemoved(reaction(name)));
    let new = after.iter().filter(|name| !before.contains(name));
    let new = new.map(|name| EventKind::ReactionAdded(reaction(name)));
    Ok(gone
        .chain(new)
        .enumerate()
        .map(|(number, kind)| {
            let event = Event::new(format!("{event}/{number}"), time, kind).thread(thread(&chat));
            by(event, members.object("user"))
        })
        .collect())
}

/// The customer has blocked the bot, or takes it back.
fn membership(event: &str, members: &Members, now: Timestamp) -> Read {
    let chat = private(members)?;
    let status = members
        .object("new_chat_member")
        .and_then(|member| member.text("status"))
        .ok_or("it has no status")?;
    let kind = match status.as_str() {
        "kicked" => EventKind::Unfollow,
        "member" => EventKind::Follow,
        _ => EventKind::Other("my_chat_member".to_owned()),
    };
    let time = members.time("date").unwrap_or(now);
    let event = Event::new(event, time, kind).thread(thread(&chat));
    Ok(vec![by(event, members.object("from"))])
}
