//! Events, and what goes in and out of `receive`, `poll` and the `resolve` functions.

use http::{HeaderName, HeaderValue};
use linecard_model::manifest as kinds;
use linecard_model::platform as model;
use linecard_model::platform::timestamp_from_millis;

use super::action::failure;
use super::manifest::{attachment_kind, visibility};
use super::{Checked, all, bad, each};
use crate::bindings::connector::exports::linecard::plugin::connector_api as api;
use crate::bindings::connector::linecard::plugin::events as wit;
use crate::bindings::connector::linecard::plugin::manifest::AttachmentKind;
use crate::error::{Fault, Limit, LimitBreach};
use crate::limits::Limits;

/// The longest event id and thread key, in bytes.
const MAX_KEY: usize = 512;
/// The longest identity, in bytes.
const MAX_IDENTITY: usize = 256;
/// The longest body of a webhook's answer, in bytes.
const MAX_RESPONSE: usize = 64 << 10;
/// The longest cursor, in bytes.
pub(super) const MAX_CURSOR: usize = 16 << 10;

pub(crate) fn webhook_request(request: model::WebhookRequest) -> api::WebhookRequest {
    api::WebhookRequest {
        method: request.method,
        path: request.path,
        url: request.url,
        query: request.query,
        headers: request.headers,
        body: request.body,
    }
}

impl Checked<Result<model::Reception, model::Rejection>>
    for Result<api::Reception, api::Rejection>
{
    fn checked(self, limits: &Limits) -> Result<Result<model::Reception, model::Rejection>, Fault> {
        Ok(match self {
            Ok(reception) => Ok(model::Reception {
                response: webhook_response(reception.response)?,
                events: events(reception.events, limits)?,
            }),
            Err(rejection) => Err(match rejection {
                api::Rejection::BadSignature(text) => model::Rejection::BadSignature(text),
                api::Rejection::Malformed(text) => model::Rejection::Malformed(text),
                api::Rejection::NotForThisChannel(text) => {
                    model::Rejection::NotForThisChannel(text)
                }
                api::Rejection::Unsupported(text) => model::Rejection::Unsupported(text),
            }),
        })
    }
}

fn webhook_response(response: api::WebhookResponse) -> Result<model::WebhookResponse, Fault> {
    if !(200..=599).contains(&response.status) {
        return bad(format!("the status {} is not 200 to 599", response.status));
    }
    if response.body.len() > MAX_RESPONSE {
        return bad(format!("the response's body is over {MAX_RESPONSE} bytes"));
    }
    for (name, value) in &response.headers {
        if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value).is_err() {
            return bad("a header of the response is not a valid HTTP header");
        }
    }
    Ok(model::WebhookResponse {
        status: response.status,
        headers: response.headers,
        body: response.body,
    })
}

impl Checked<Result<model::PollPage, model::Failure>> for Result<api::PollPage, api::Failure> {
    fn checked(self, limits: &Limits) -> Result<Result<model::PollPage, model::Failure>, Fault> {
        let page = match self {
            Ok(page) => page,
            Err(error) => return Ok(Err(failure(error))),
        };
        if page.cursor.len() > MAX_CURSOR {
            return bad(format!("the cursor is over {MAX_CURSOR} bytes"));
        }
        Ok(Ok(model::PollPage {
            events: events(page.events, limits)?,
            cursor: page.cursor,
            next_in_ms: page.next_in_ms,
            wait: page.wait.map(|wait| model::Wait {
                url: wait.url,
                headers: wait.headers,
                auth: wait.auth,
                timeout_ms: wait.timeout_ms,
            }),
            cost: page.cost,
        }))
    }
}

impl Checked<Result<Option<model::Profile>, model::Failure>>
    for Result<Option<wit::Profile>, api::Failure>
{
    fn checked(
        self,
        _limits: &Limits,
    ) -> Result<Result<Option<model::Profile>, model::Failure>, Fault> {
        Ok(self.map(|found| found.map(profile)).map_err(failure))
    }
}

impl Checked<Result<model::StoredMedia, model::Failure>>
    for Result<api::StoredMedia, api::Failure>
{
    fn checked(
        self,
        _limits: &Limits,
    ) -> Result<Result<model::StoredMedia, model::Failure>, Fault> {
        Ok(self
            .map(|stored| model::StoredMedia {
                media: stored.media,
                mime: stored.mime,
                size: stored.size,
                sha256: stored.sha256,
            })
            .map_err(failure))
    }
}

fn events(list: Vec<wit::Event>, limits: &Limits) -> Result<Vec<model::Event>, Fault> {
    if list.len() > limits.output_events {
        return Err(LimitBreach::new(Limit::OutputEvents, limits.output_events).into());
    }
    each(list, event)
}

fn event(event: wit::Event) -> Result<model::Event, Fault> {
    if event.id.is_empty() || event.id.len() > MAX_KEY {
        return bad(format!("an event's id is empty or over {MAX_KEY} bytes"));
    }
    Ok(model::Event {
        id: event.id,
        time: timestamp_from_millis(event.time),
        thread: event.thread.map(thread).transpose()?,
        author: event.author.map(author).transpose()?,
        kind: kind(event.kind)?,
        raw: event.raw,
    })
}

fn thread(thread: wit::Thread) -> Result<model::Thread, Fault> {
    if thread.key.is_empty() || thread.key.len() > MAX_KEY {
        return bad(format!("a thread's key is empty or over {MAX_KEY} bytes"));
    }
    Ok(model::Thread {
        key: thread.key,
        visibility: visibility(thread.visibility),
        permalink: thread.permalink,
        customer: thread.customer.map(identity).transpose()?,
    })
}

fn author(author: wit::Author) -> Result<model::Author, Fault> {
    Ok(model::Author {
        identity: identity(author.identity)?,
        profile: author.profile.map(profile),
    })
}

fn identity(identity: wit::Identity) -> Result<model::Identity, Fault> {
    if identity.id.is_empty() || identity.id.len() > MAX_IDENTITY {
        return bad(format!("an identity is empty or over {MAX_IDENTITY} bytes"));
    }
    Ok(model::Identity {
        id: identity.id,
        aliases: all(identity.aliases, |alias| model::Alias {
            kind: alias.kind,
            value: alias.value,
        }),
    })
}

pub(crate) fn to_identity(identity: model::Identity) -> wit::Identity {
    wit::Identity {
        id: identity.id,
        aliases: all(identity.aliases, |alias| wit::Alias {
            kind: alias.kind,
            value: alias.value,
        }),
    }
}

fn profile(profile: wit::Profile) -> model::Profile {
    model::Profile {
        display_name: profile.display_name,
        handle: profile.handle,
        avatar_url: profile.avatar_url,
        followers: profile.followers,
        verified: profile.verified,
        follows_us: profile.follows_us,
        we_follow: profile.we_follow,
        accepts_messages: profile.accepts_messages,
        locale: profile.locale,
        utc_offset_minutes: profile.utc_offset_minutes,
        extra: all(profile.extra, |fact| model::Fact {
            name: fact.name,
            value: fact.value,
        }),
    }
}

pub(super) fn to_profile(profile: model::Profile) -> wit::Profile {
    wit::Profile {
        display_name: profile.display_name,
        handle: profile.handle,
        avatar_url: profile.avatar_url,
        followers: profile.followers,
        verified: profile.verified,
        follows_us: profile.follows_us,
        we_follow: profile.we_follow,
        accepts_messages: profile.accepts_messages,
        locale: profile.locale,
        utc_offset_minutes: profile.utc_offset_minutes,
        extra: all(profile.extra, |fact| wit::Fact {
            name: fact.name,
            value: fact.value,
        }),
    }
}

fn kind(kind: wit::EventKind) -> Result<model::EventKind, Fault> {
    use model::EventKind as M;
    use wit::EventKind as W;
    Ok(match kind {
        W::MessageCreated(created) => M::MessageCreated(message(created)?),
        W::MessageEdited(edit) => M::MessageEdited(model::Edit {
            message_id: edit.message_id,
            text: edit.text,
            attachments: edit.attachments.map(|list| all(list, attachment)),
            revision: edit.revision,
        }),
        W::MessageDeleted(deletion) => M::MessageDeleted(model::Deletion {
            message_id: deletion.message_id,
            by_author: deletion.by_author,
            hidden_only: deletion.hidden_only,
        }),
        W::ReactionAdded(added) => M::ReactionAdded(reaction(added)),
        W::ReactionRemoved(removed) => M::ReactionRemoved(reaction(removed)),
        W::Receipt(given) => M::Receipt(receipt(given)),
        W::Typing(started) => M::Typing(started),
        W::Postback(used) => M::Postback(postback(used)),
        W::Referral(entry) => M::Referral(referral(entry)),
        W::Follow => M::Follow,
        W::Unfollow => M::Unfollow,
        W::NativeReply(reply) => M::NativeReply(message(reply)?),
        W::ProfileChanged(change) => M::ProfileChanged(model::ProfileChange {
            previous_id: change.previous_id,
        }),
        W::ChannelStatus(status) => M::ChannelStatus(channel_status(status)),
        W::Other(name) => M::Other(name),
    })
}

fn message(message: wit::Message) -> Result<model::Message, Fault> {
    Ok(model::Message {
        id: message.id,
        text: message.text,
        attachments: all(message.attachments, attachment),
        location: message.location.map(location).transpose()?,
        contacts: all(message.contacts, |contact| model::SharedContact {
            name: contact.name,
            phones: contact.phones,
            emails: contact.emails,
            extra: contact.extra,
        }),
        structured: message.structured.map(|content| model::Structured {
            kind: content.kind,
            json: content.json,
        }),
        parent: message.parent,
        quoted: message.quoted,
        addressed: message.addressed,
        referral: message.referral.map(referral),
        client_ref: message.client_ref,
        language: message.language,
    })
}

fn location(location: wit::Location) -> Result<model::Location, Fault> {
    if !location.latitude.is_finite() || !location.longitude.is_finite() {
        return bad("a location's degrees are not finite numbers");
    }
    Ok(model::Location {
        latitude: location.latitude,
        longitude: location.longitude,
        name: location.name,
        address: location.address,
    })
}

fn attachment(attachment: wit::Attachment) -> model::Attachment {
    model::Attachment {
        kind: attachment_kind(attachment.kind),
        url: attachment.url,
        media_id: attachment.media_id,
        mime: attachment.mime,
        size: attachment.size,
        name: attachment.name,
        sha256: attachment.sha256,
        label: attachment.label,
    }
}

pub(crate) fn to_attachment(attachment: model::Attachment) -> wit::Attachment {
    wit::Attachment {
        kind: match attachment.kind {
            kinds::AttachmentKind::Image => AttachmentKind::Image,
            kinds::AttachmentKind::Audio => AttachmentKind::Audio,
            kinds::AttachmentKind::Video => AttachmentKind::Video,
            kinds::AttachmentKind::File => AttachmentKind::File,
            kinds::AttachmentKind::Sticker => AttachmentKind::Sticker,
            kinds::AttachmentKind::Animation => AttachmentKind::Animation,
            kinds::AttachmentKind::Link => AttachmentKind::Link,
            kinds::AttachmentKind::Share => AttachmentKind::Share,
            kinds::AttachmentKind::Other => AttachmentKind::Other,
        },
        url: attachment.url,
        media_id: attachment.media_id,
        mime: attachment.mime,
        size: attachment.size,
        name: attachment.name,
        sha256: attachment.sha256,
        label: attachment.label,
    }
}

fn reaction(reaction: wit::Reaction) -> model::Reaction {
    model::Reaction {
        message_id: reaction.message_id,
        name: reaction.name,
        emoji: reaction.emoji,
    }
}

fn receipt(receipt: wit::Receipt) -> model::Receipt {
    model::Receipt {
        state: match receipt.state {
            wit::ReceiptState::Sent => model::ReceiptState::Sent,
            wit::ReceiptState::Delivered => model::ReceiptState::Delivered,
            wit::ReceiptState::Read => model::ReceiptState::Read,
            wit::ReceiptState::Failed => model::ReceiptState::Failed,
        },
        scope: match receipt.scope {
            wit::ReceiptScope::Messages(ids) => model::ReceiptScope::Messages(ids),
            wit::ReceiptScope::ClientRef(sent) => {
                model::ReceiptScope::ClientRef(model::SentMessage {
                    client_ref: sent.client_ref,
                    id: sent.id,
                })
            }
            wit::ReceiptScope::UpTo(time) => model::ReceiptScope::UpTo(timestamp_from_millis(time)),
        },
        reason: receipt.reason.map(refusal),
    }
}

pub(super) fn refusal(refusal: wit::Refusal) -> model::Refusal {
    model::Refusal {
        code: refusal.code,
        text: refusal.text,
    }
}

fn postback(postback: wit::Postback) -> model::Postback {
    model::Postback {
        message_id: postback.message_id,
        source: match postback.source {
            wit::PostbackSource::Button => model::PostbackSource::Button,
            wit::PostbackSource::QuickReply => model::PostbackSource::QuickReply,
            wit::PostbackSource::ListRow => model::PostbackSource::ListRow,
            wit::PostbackSource::Date => model::PostbackSource::Date,
            wit::PostbackSource::GetStarted => model::PostbackSource::GetStarted,
            wit::PostbackSource::Menu => model::PostbackSource::Menu,
        },
        title: postback.title,
        payload: postback.payload,
        in_reply_to: postback.in_reply_to,
        referral: postback.referral.map(referral),
    }
}

fn referral(referral: wit::Referral) -> model::Referral {
    model::Referral {
        source: referral.source,
        reference: referral.reference,
        ad_id: referral.ad_id,
        url: referral.url,
        extra: referral.extra,
    }
}

fn channel_status(status: wit::ChannelStatus) -> model::ChannelStatus {
    model::ChannelStatus {
        state: match status.state {
            wit::ChannelState::Connected => model::ChannelState::Connected,
            wit::ChannelState::Restricted => model::ChannelState::Restricted,
            wit::ChannelState::CredentialsRefused => model::ChannelState::CredentialsRefused,
            wit::ChannelState::Stopped => model::ChannelState::Stopped,
        },
        code: status.code,
        text: status.text,
        remedy: status.remedy,
    }
}
