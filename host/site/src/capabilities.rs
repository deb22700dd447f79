//! What the network allows in an interaction now: shown with it, and enforced before anything is
//! put into the outbox.

use std::collections::HashSet;
use std::sync::Arc;

use linecard_model::interaction::Interaction;
use linecard_model::manifest::{
    ActionAbility, ActionKind, ReplyWindow, TextLimit, TextUnit, Visibility, WindowDemand,
};
use linecard_model::message::{Message, MessageState};
use linecard_model::platform::{Action, Outgoing};
use linecard_model::{ChannelId, ContactId, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::channels::ChannelRuntime;
use crate::templates::Unfit;

/// What can be done in an interaction now.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Capabilities {
    /// The actions that the connector has for conversations of this kind.
    pub actions: Vec<Allowed>,
    /// When the last window in which a person may answer closes. Absent if the network sets none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_until: Option<Timestamp>,
}

/// An action that the connector has, with its limits.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Allowed {
    /// The action.
    pub kind: ActionKind,
    /// Whether a person may do it now.
    pub open: bool,
    /// When the last of its windows closes for a person. Absent if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Its limits, as the connector's manifest tells them; of a text limit that the channel's
    /// configuration can raise, the one that is in force.
    pub limits: ActionAbility,
}

/// Why something may not be done. Nothing has been put into the outbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The connector has no such action for such a conversation.
    #[error("channel {channel} cannot do {action} in a {visibility} conversation")]
    Unsupported {
        /// The channel.
        channel: String,
        /// What was asked for.
        action: ActionKind,
        /// The kind of conversation.
        visibility: Visibility,
    },
    /// The channel is not configured any more, or its connector is missing.
    #[error("channel {0} is not at work; an administrator can see why under /api/v1/channels/{0}")]
    ChannelAway(String),
    /// The time in which the network allows an answer is over.
    #[error("the network's reply window closed at {closed_at}; the customer has to write first")]
    WindowClosed {
        /// When it closed.
        closed_at: Timestamp,
    },
    /// The customer has never written here, so no window is open.
    #[error("the customer has not written in this conversation, so the network allows no answer")]
    NeverOpened,
    /// It would open the conversation anew with a contact who has not agreed to that.
    #[error(
        "the customer last wrote too long ago for an answer, and has not agreed to be written to first on channel {channel}; record the consent under /api/v1/contacts/{contact}/opt-ins/{channel}"
    )]
    NotOptedIn {
        /// The contact.
        contact: ContactId,
        /// The channel.
        channel: ChannelId,
    },
    /// The network takes one private answer to each public message, and it was given.
    #[error(
        "this message was answered privately before, and the network takes one private answer to it; answer publicly, or wait until the customer writes privately"
    )]
    AnsweredPrivately,
    /// They took their consent back.
    #[error(
        "the customer took the consent to be written to first on channel {channel} back at {at}, so no template is sent to them; if they agreed anew, record it under /api/v1/contacts/{contact}/opt-ins/{channel}"
    )]
    OptedOut {
        /// The contact.
        contact: ContactId,
        /// The channel.
        channel: ChannelId,
        /// When.
        at: Timestamp,
    },
    /// They took it back for marketing, and this is marketing or may be.
    #[error(
        "the customer took the consent to marketing on channel {channel} back at {at}, and {}", why_marketing(.template, *.known)
    )]
    NoMarketing {
        /// The channel.
        channel: ChannelId,
        /// When.
        at: Timestamp,
        /// The template.
        template: String,
        /// Whether the list of templates says that it is marketing; if not, nobody knows what it is.
        known: bool,
    },
    /// A template that the channel does not have so.
    #[error(transparent)]
    TemplateUnfit(#[from] Unfit),
    /// A template that is not whole.
    #[error("a template is {{\"name\", \"language\", \"components\"}} and stands alone: {reason}")]
    Template {
        /// What is wrong.
        reason: String,
    },
    /// The text is too long.
    #[error("the text is too long: it has {counted} {unit}, the network takes {max}")]
    TextTooLong {
        /// What it counts.
        counted: u32,
        /// What is allowed.
        max: u32,
        /// What is counted.
        unit: TextUnit,
    },
    /// There is nothing to say.
    #[error("there is nothing to send: give a text, an attachment or structured content")]
    Empty,
    /// More attachments than the network takes.
    #[error("{given} attachments; the network takes {max}")]
    TooManyAttachments {
        /// How many were given.
        given: usize,
        /// How many are allowed.
        max: u32,
    },
    /// A kind, type or size of attachment that the network does not take.
    #[error("attachment {index}: {reason}")]
    Attachment {
        /// Which, counted from 0.
        index: usize,
        /// Why not.
        reason: String,
    },
    /// Structured content that the network does not have.
    #[error("the network has no structured content of kind \"{kind}\" here; it has: {known}")]
    Structured {
        /// What was asked for.
        kind: String,
        /// What there is.
        known: String,
    },
    /// A place, where the network takes none.
    #[error("the network takes no place here; write where it is, or send a link to a map")]
    Location,
    /// What is behind a quick reply is too long.
    #[error(
        "the payload of quick reply {index} is too long: it has {counted} {unit}, the network takes {max}"
    )]
    QuickReplyPayload {
        /// Which, counted from 0.
        index: usize,
        /// What it counts.
        counted: u32,
        /// What is allowed.
        max: u32,
        /// What is counted.
        unit: TextUnit,
    },
    /// More quick replies than the network takes.
    #[error("{given} quick replies; the network takes {max}")]
    TooManyQuickReplies {
        /// How many were given.
        given: usize,
        /// How many are allowed.
        max: u32,
    },
}

fn why_marketing(template: &str, known: bool) -> String {
    if known {
        format!(
            "the template \"{template}\" is marketing; templates of the categories utility and authentication may still be sent"
        )
    } else {
        format!(
            "nobody knows whether the template \"{template}\" is marketing: the channel's list of templates does not tell, or could not be read yet. See GET /api/v1/channels/{{id}}/templates, and try again when the category is known"
        )
    }
}

/// What can be done in an interaction now.
pub fn of(channel: &ChannelRuntime, interaction: &Interaction, now: Timestamp) -> Capabilities {
    let actions: Vec<Allowed> = channel
        .abilities()
        .map(|a| a.actions.as_slice())
        .unwrap_or_default()
        .iter()
        .filter(|a| a.visibilities.is_empty() || a.visibilities.contains(&interaction.visibility))
        .map(|ability| {
            let window = window(channel, ability, interaction, true);
            Allowed {
                kind: ability.kind,
                open: matches!(window, Window::Always) || window.closes_at() > Some(now),
                until: window.closes_at(),
                limits: ActionAbility {
                    text: in_force(&channel.settings, ability.text.as_ref()),
                    caption: in_force(&channel.settings, ability.caption.as_ref()),
                    ..ability.clone()
                },
            }
        })
        .collect();
    let reply_kind = reply_kind(interaction.visibility);
    let reply_until = actions
        .iter()
        .find(|a| a.kind == reply_kind)
        .and_then(|a| a.until);
    Capabilities {
        actions,
        reply_until,
    }
}

/// Whether something that is said in a private conversation now opens it anew: the network no longer
/// takes it as an answer.
pub fn opens_anew(channel: &ChannelRuntime, interaction: &Interaction, now: Timestamp) -> bool {
    let kind = reply_kind(interaction.visibility);
    let Some(answer) = channel.ability(kind, interaction.visibility) else {
        return true;
    };
    match window(channel, answer, interaction, true) {
        Window::Always => false,
        Window::Until(closes_at) => closes_at <= now,
        Window::Never => true,
    }
}

/// How many messages of each of an interaction's contacts are looked at to find out what may be done.
pub fn look_back(contacts: usize) -> usize {
    (200 / contacts.max(1)).max(20)
}

/// The name of the window in which a network takes one private answer to each public message.
const ONE_PRIVATE_REPLY: &str = "private-reply";

/// Whether the network takes one private answer to each public message, and no more.
pub fn answers_privately_once(channel: &ChannelRuntime, visibility: Visibility) -> bool {
    let ability = channel.ability(ActionKind::PrivateReply, visibility);
    ability.is_some_and(|ability| ability.windows.iter().any(|w| w.name == ONE_PRIVATE_REPLY))
}

/// The refusal by which a connector tells that the network takes no further private answer, because
/// somebody gave one.
const GIVEN_BEFORE: &str = "already-done";

/// Whether a message is the private answer that the network takes to its parent, or tells that there was
/// one.
pub(crate) fn uses_up(message: &Message) -> bool {
    let was_given = match &message.state {
        MessageState::Failed { reason, .. } => reason.code == GIVEN_BEFORE,
        _ => true,
    };
    message.visibility == Visibility::Private
        && message.parent.is_some()
        && !message.author.is_contact()
        && was_given
}

/// Closes the private answer in an interaction in which each message of a customer was answered
/// privately, as far as the network takes no second answer. `messages` are those of its contacts.
pub fn close_private_reply(
    capabilities: &mut Capabilities,
    interaction: &Interaction,
    messages: &[Arc<Message>],
) {
    let answered: HashSet<&str> = messages
        .iter()
        .filter(|message| message.channel == interaction.channel && uses_up(message))
        .filter_map(|message| message.parent.as_deref())
        .collect();
    let is_left = messages.iter().any(|message| {
        message.interaction == interaction.id
            && message.visibility == Visibility::Public
            && message.author.is_contact()
            && message.deleted_at.is_none()
            && !message
                .platform_ids
                .iter()
                .any(|id| answered.contains(id.as_str()))
    });
    let mut actions = capabilities.actions.iter_mut();
    let once = actions.find(|action| {
        let mut windows = action.limits.windows.iter();
        action.kind == ActionKind::PrivateReply && windows.any(|w| w.name == ONE_PRIVATE_REPLY)
    });
    if let Some(once) = once.filter(|_| !is_left) {
        once.open = false;
        once.until = None;
    }
}

/// The action that answers in a conversation of this kind.
pub fn reply_kind(visibility: Visibility) -> ActionKind {
    match visibility {
        Visibility::Public => ActionKind::Reply,
        Visibility::Private => ActionKind::SendMessage,
    }
}

/// Checks an action against what the network allows now.
pub fn check(
    channel: &ChannelRuntime,
    interaction: &Interaction,
    action: &Action,
    by_human: bool,
    now: Timestamp,
) -> Result<(), Forbidden> {
    let kind = action.kind();
    let Some(ability) = channel.ability(kind, interaction.visibility) else {
        return Err(Forbidden::Unsupported {
            channel: channel.id.to_string(),
            action: kind,
            visibility: interaction.visibility,
        });
    };
    match window(channel, ability, interaction, by_human) {
        Window::Always => {}
        Window::Until(closes_at) if closes_at > now => {}
        Window::Until(closed_at) => return Err(Forbidden::WindowClosed { closed_at }),
        Window::Never => return Err(Forbidden::NeverOpened),
    }
    let is_caption = action
        .outgoing()
        .is_some_and(|outgoing| !outgoing.attachments.is_empty());
    let limit = match &ability.caption {
        Some(caption) if is_caption => Some(caption),
        _ => ability.text.as_ref(),
    };
    let text_limit = in_force(&channel.settings, limit);
    match action.outgoing() {
        Some(outgoing) => check_content(ability, text_limit.as_ref(), outgoing),
        None => match action {
            Action::Edit(edit) => check_text(text_limit.as_ref(), Some(&edit.text)),
            _ => Ok(()),
        },
    }
}

enum Window {
    Always,
    Until(Timestamp),
    Never,
}

impl Window {
    fn closes_at(&self) -> Option<Timestamp> {
        match self {
            Self::Until(at) => Some(*at),
            Self::Always | Self::Never => None,
        }
    }
}

fn window(
    channel: &ChannelRuntime,
    ability: &ActionAbility,
    interaction: &Interaction,
    by_human: bool,
) -> Window {
    if ability.windows.is_empty() {
        return Window::Always;
    }
    let Some(last_inbound) = interaction.last_inbound_at else {
        return Window::Never;
    };
    ability
        .windows
        .iter()
        .filter(|w| is_usable(channel, ability, w, by_human))
        .filter_map(|w| {
            let seconds = i64::try_from(w.seconds).ok()?;
            last_inbound
                .checked_add(jiff::SignedDuration::from_secs(seconds))
                .ok()
        })
        .max()
        .map_or(Window::Never, Window::Until)
}

fn is_usable(
    channel: &ChannelRuntime,
    ability: &ActionAbility,
    window: &ReplyWindow,
    by_human: bool,
) -> bool {
    let enabled = window
        .enabled_by
        .as_deref()
        .is_none_or(|pointer| is_on(&channel.settings, pointer));
    let demand_met = match window.demands {
        WindowDemand::Nothing => true,
        WindowDemand::HumanAgent => by_human,
        WindowDemand::Template => ability.kind == ActionKind::SendTemplate,
    };
    enabled && demand_met
}

/// Whether a configuration's boolean at a JSON Pointer is true.
fn is_on(settings: &Value, pointer: &str) -> bool {
    settings.pointer(pointer).and_then(Value::as_bool) == Some(true)
}

/// The text limit of a channel with this configuration.
pub fn in_force(settings: &Value, limit: Option<&TextLimit>) -> Option<TextLimit> {
    let limit = limit?;
    let raised = limit
        .raised
        .as_ref()
        .filter(|raised| is_on(settings, &raised.enabled_by));
    Some(TextLimit {
        max: raised.map_or(limit.max, |raised| raised.max),
        unit: limit.unit,
        raised: None,
    })
}

fn check_content(
    ability: &ActionAbility,
    text_limit: Option<&TextLimit>,
    outgoing: &Outgoing,
) -> Result<(), Forbidden> {
    let text = outgoing.text.as_deref().filter(|t| !t.trim().is_empty());
    if text.is_none()
        && outgoing.attachments.is_empty()
        && outgoing.structured.is_none()
        && outgoing.location.is_none()
    {
        return Err(Forbidden::Empty);
    }
    check_text(text_limit, text)?;
    if outgoing.attachments.len() > ability.max_attachments as usize {
        return Err(Forbidden::TooManyAttachments {
            given: outgoing.attachments.len(),
            max: ability.max_attachments,
        });
    }
    for (index, given) in outgoing.attachments.iter().enumerate() {
        check_attachment(ability, index, given)?;
    }
    if let Some(structured) = &outgoing.structured {
        if !ability.structured.contains(&structured.kind) {
            return Err(Forbidden::Structured {
                kind: structured.kind.clone(),
                known: ability.structured.join(", "),
            });
        }
        let content = serde_json::from_str::<Value>(&structured.json).ok();
        let options = content.as_ref().and_then(|v| v.get("options")?.as_array());
        if let Some(options) = options.filter(|_| structured.kind == "quick-replies") {
            check_quick_replies(ability, options)?;
        }
    }
    if outgoing.location.is_some() && !ability.locations {
        return Err(Forbidden::Location);
    }
    Ok(())
}

fn check_quick_replies(ability: &ActionAbility, options: &[Value]) -> Result<(), Forbidden> {
    if options.len() > ability.max_quick_replies as usize {
        return Err(Forbidden::TooManyQuickReplies {
            given: options.len(),
            max: ability.max_quick_replies,
        });
    }
    let Some(limit) = &ability.quick_reply_payload else {
        return Ok(());
    };
    for (index, option) in options.iter().enumerate() {
        let payload = option.get("payload").and_then(Value::as_str);
        let counted = payload.map_or(0, |payload| count(payload, limit.unit));
        if counted > limit.max {
            return Err(Forbidden::QuickReplyPayload {
                index,
                counted,
                max: limit.max,
                unit: limit.unit,
            });
        }
    }
    Ok(())
}

fn check_attachment(
    ability: &ActionAbility,
    index: usize,
    given: &linecard_model::platform::OutgoingAttachment,
) -> Result<(), Forbidden> {
    let refuse = |reason: String| Err(Forbidden::Attachment { index, reason });
    let attachment = &given.attachment;
    let Some(limit) = ability.media.iter().find(|m| m.kind == attachment.kind) else {
        return refuse(format!("the network takes no {} here", attachment.kind));
    };
    if let Some(mime) = attachment.mime.as_deref()
        && !limit.mime.is_empty()
        && !limit.mime.iter().any(|pattern| mime_matches(pattern, mime))
    {
        return refuse(format!(
            "type {mime} is not taken; possible are {}",
            limit.mime.join(", ")
        ));
    }
    if attachment.size.is_some_and(|size| size > limit.max_bytes) {
        return refuse(format!(
            "the network takes {} bytes at most",
            limit.max_bytes
        ));
    }
    if attachment.url.is_none() && attachment.media_id.is_none() && given.media.is_none() {
        return refuse("name a url, a media id or a stored file".to_owned());
    }
    Ok(())
}

fn mime_matches(pattern: &str, mime: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => mime.starts_with(prefix),
        None => pattern.eq_ignore_ascii_case(mime),
    }
}

fn check_text(limit: Option<&TextLimit>, text: Option<&str>) -> Result<(), Forbidden> {
    let (Some(limit), Some(text)) = (limit, text) else {
        return Ok(());
    };
    let counted = count(text, limit.unit);
    if counted > limit.max {
        return Err(Forbidden::TextTooLong {
            counted,
            max: limit.max,
            unit: limit.unit,
        });
    }
    Ok(())
}

/// What a text counts in a unit.
pub fn count(text: &str, unit: TextUnit) -> u32 {
    let counted = match unit {
        TextUnit::CodePoints => text.chars().count(),
        TextUnit::Utf16Units => text.encode_utf16().count(),
        TextUnit::Bytes => text.len(),
        TextUnit::XWeighted => linecard_text::x_weighted(text),
    };
    u32::try_from(counted).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
