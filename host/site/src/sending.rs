//! What agents do on the network: answers, answers again, and everything that is no message.

use std::sync::Arc;

use linecard_model::contact::{Contact, ContactIdentity, OptOut};
use linecard_model::dead_letter::Undone;
use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::{ActionKind, Visibility};
use linecard_model::message::{Content, Message, MessageAuthor, MessageState};
use linecard_model::outbox::{OutboxEntry, OutboxState};
use linecard_model::platform::{Action, ActionRequest, Identity, Template, TemplateCategory};
use linecard_model::rights::Right;
use linecard_model::{AgentId, ChannelId, ContactId, InteractionId, MessageId, ResponseId};

use super::command::{Actor, CommandError, Outcome};
use super::desk;
use super::holding::person;
use super::letters::letter_of;
use super::people::find;
use super::run::{After, Batch};
use super::saying::saying;
use super::state::newest;
use crate::capabilities::{self, Forbidden};
use crate::templates;
use linecard_store::StoreError;

/// How many messages of an interaction's contacts are looked at to find the latest one.
const LOOK_BACK: usize = 200;

/// The interaction, if the actor may speak in it: it is connected to them.
pub(super) async fn connected(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
) -> Result<(Arc<Interaction>, AgentId), CommandError> {
    let interaction = find(batch, id).await?;
    let Some(agent) = interaction.state.talking() else {
        return Err(linecard_router::Refusal::WrongState {
            interaction: id,
            state: interaction.state.name(),
            expected: "connected or held",
        }
        .into());
    };
    if actor.agent.as_ref() != Some(agent) && !actor.may(Right::Lead) {
        return Err(linecard_router::Refusal::NotYours {
            interaction: id,
            owner: agent.clone(),
        }
        .into());
    }
    let speaker = actor.agent.clone().unwrap_or_else(|| agent.clone());
    Ok((interaction, speaker))
}

/// How an answer is given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct How {
    /// The message that it answers, by the hub's id.
    pub reply_to: Option<MessageId>,
    /// Whether to answer a public message privately.
    pub private: bool,
}

/// An answer that may be given: nothing of it is recorded yet.
pub(super) struct Answer {
    interaction: Arc<Interaction>,
    addressee: Addressee,
    message: Message,
    request: ActionRequest,
    /// For how long it is tried again, if not for the channel's time.
    retry_for_seconds: Option<u32>,
}

impl Answer {
    /// The message's id.
    pub fn id(&self) -> MessageId {
        self.message.id
    }

    /// What is to be recorded.
    pub fn accepted(&self) -> Event {
        Event::MessageAccepted(self.message.clone())
    }
}

/// Answers a customer.
pub(super) async fn send(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    content: Content,
    how: How,
    response: Option<ResponseId>,
) -> Result<Outcome, CommandError> {
    let answer = prepare(batch, actor, id, content, how).await?;
    let interaction = Arc::clone(&answer.interaction);
    let mut events = vec![answer.accepted()];
    if let Some(response) = response {
        desk::check_use(batch, &interaction, &response).await?;
        events.push(desk::used(&interaction, answer.id(), &response));
    }
    events.extend(desk::sent(batch, actor, &interaction).await?);
    batch.record(events).await?;
    let message = answer.message.clone();
    put(batch, answer);
    Ok(Outcome::Message(message))
}

/// Puts an answer that was recorded into the outbox.
pub(super) fn put(batch: &mut Batch<'_>, answer: Answer) {
    let message = Some(answer.message.id);
    let Answer {
        interaction,
        addressee,
        request,
        retry_for_seconds,
        ..
    } = answer;
    let entry = post(
        batch,
        &interaction,
        &addressee,
        message,
        request,
        Vec::new(),
    );
    if retry_for_seconds.is_some() {
        batch.work.put_outbox(OutboxEntry {
            retry_for_seconds,
            ..entry
        });
    }
}

/// Finds out whether and how an answer can be given.
pub(super) async fn prepare(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    content: Content,
    how: How,
) -> Result<Answer, CommandError> {
    let How { reply_to, private } = how;
    let (interaction, agent) = connected(batch, actor, id).await?;
    let answered = match reply_to {
        Some(target) => Some(message_of(batch, &interaction, target).await?),
        None if interaction.visibility == Visibility::Public => {
            last_inbound(batch, &interaction).await?
        }
        None => None,
    };
    answer_by(
        batch,
        &interaction,
        MessageAuthor::Agent { agent },
        content,
        answered.as_deref(),
        private,
    )
    .await
}

/// How an answer is given that nobody wrote.
pub(super) struct Automatically {
    /// The rule that says it.
    pub rule: String,
    /// Whether to answer a public message privately.
    pub private: bool,
    /// For how long it is tried again, if not for the channel's time.
    pub retry_for_seconds: Option<u32>,
}

/// Finds out whether and how a message can be answered automatically.
pub(super) async fn answer(
    batch: &mut Batch<'_>,
    interaction: &Arc<Interaction>,
    message: &Message,
    content: Content,
    how: Automatically,
) -> Result<Answer, CommandError> {
    let Automatically {
        rule,
        private,
        retry_for_seconds,
    } = how;
    let answered = (interaction.visibility == Visibility::Public).then_some(message);
    let author = MessageAuthor::Rule { rule };
    let answer = answer_by(batch, interaction, author, content, answered, private).await?;
    Ok(Answer {
        retry_for_seconds,
        ..answer
    })
}

pub(super) async fn answer_by(
    batch: &mut Batch<'_>,
    interaction: &Arc<Interaction>,
    author: MessageAuthor,
    content: Content,
    answered: Option<&Message>,
    private: bool,
) -> Result<Answer, CommandError> {
    let reply_to = answered.and_then(|message| message.platform_ids.first().cloned());
    let visibility = if private {
        Visibility::Private
    } else {
        interaction.visibility
    };
    let target = answered.map(|message| message.id);
    let by_human = is_human(&author);
    let action = saying(interaction, visibility, &content, reply_to.clone())?;
    let addressee = addressee(batch, interaction, answered).await?;
    permitted(batch, interaction, &addressee, &action, by_human)?;
    if action.kind() == ActionKind::PrivateReply
        && let Some(target) = &reply_to
    {
        not_answered_privately(batch, interaction, addressee.contact, target).await?;
    }
    let message = Message {
        id: MessageId::generate(),
        contact: addressee.contact,
        interaction: interaction.id,
        channel: interaction.channel.clone(),
        thread: interaction.thread.clone(),
        visibility,
        author,
        posted_by: None,
        at: batch.at,
        content,
        files: Vec::new(),
        state: MessageState::Accepted,
        platform_ids: Vec::new(),
        parent: reply_to,
        reply_to: target,
        addressed: None,
        referral: None,
        findings: Vec::new(),
        rules: None,
        revisions: Vec::new(),
        note: None,
        corrections: Vec::new(),
        hidden_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        raw: String::new(),
    };
    let mut request = request_for(interaction, &addressee, message.id.to_string(), action);
    request.by_human = by_human;
    Ok(Answer {
        interaction: Arc::clone(interaction),
        addressee,
        message,
        request,
        retry_for_seconds: None,
    })
}

/// Whether a person says it: networks allow some of what people write later than what programs do.
fn is_human(author: &MessageAuthor) -> bool {
    !matches!(author, MessageAuthor::Rule { .. })
}

/// Refuses a second private answer to a public message where the network takes one.
async fn not_answered_privately(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    contact: ContactId,
    target: &str,
) -> Result<(), CommandError> {
    let channel = batch.state.channels.get(&interaction.channel);
    let once = channel.is_some_and(|channel| {
        capabilities::answers_privately_once(&channel, interaction.visibility)
    });
    if !once {
        return Ok(());
    }
    let messages = batch.work.history(contact, newest(LOOK_BACK)).await?;
    let answered = messages.iter().any(|m| {
        m.channel == interaction.channel
            && m.parent.as_deref() == Some(target)
            && capabilities::uses_up(m)
    });
    if answered {
        return Err(Forbidden::AnsweredPrivately.into());
    }
    Ok(())
}

/// Tries a message again that failed or whose outcome is unknown.
pub(super) async fn resend(
    batch: &mut Batch<'_>,
    actor: &Actor,
    id: InteractionId,
    message: MessageId,
) -> Result<Outcome, CommandError> {
    let interaction = find(batch, id).await?;
    let target = message_of(batch, &interaction, message).await?;
    if target.interaction != id {
        return Err(unknown_message(message));
    }
    let MessageAuthor::Agent { agent } = &target.author else {
        return Err(CommandError::NotResendable {
            message,
            state: target.state.name(),
        });
    };
    if actor.agent.as_ref() != Some(agent) {
        actor.require(Right::Lead, "another agent's message is sent again")?;
    }
    again(batch, &interaction, &target).await
}

/// Puts a message that failed, or whose outcome is unknown, into the outbox again. What the customer
/// has of it for certain is not sent twice.
pub(super) async fn again(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    target: &Arc<Message>,
) -> Result<Outcome, CommandError> {
    let message = target.id;
    let uncertain = matches!(target.state, MessageState::Uncertain { .. });
    let failed = matches!(target.state, MessageState::Failed { .. });
    if !uncertain && !failed {
        return Err(CommandError::NotResendable {
            message,
            state: target.state.name(),
        });
    }
    let parent = target.parent.clone();
    let action = saying(interaction, target.visibility, &target.content, parent)?;
    let answered = match &target.parent {
        Some(parent) => {
            batch
                .work
                .message_by_platform_id(&interaction.channel, parent)
                .await?
        }
        None => None,
    };
    let mut addressee = addressee(batch, interaction, answered.as_deref()).await?;
    // The message stays where it is, whatever was deleted or joined meanwhile.
    addressee.contact = target.contact;
    let by_human = is_human(&target.author);
    permitted(batch, interaction, &addressee, &action, by_human)?;
    let mut request = request_for(interaction, &addressee, message.to_string(), action);
    request.by_human = by_human;
    request.uncertain_before = uncertain;
    let mut made = Vec::new();
    let letter = batch
        .work
        .dead_letter(&interaction.channel, letter_of(message))
        .await?;
    if let Some(Undone::Action(undone)) = letter.as_deref().map(|letter| &letter.what) {
        request.uncertain_before |= undone.may_have_arrived;
        if let Some(entry) = &undone.entry {
            request.progress.clone_from(&entry.request.progress);
            made.clone_from(&entry.made);
        }
    }
    super::receipts::change(batch, target, MessageState::Accepted, Vec::new(), None).await?;
    post(batch, interaction, &addressee, Some(message), request, made);
    Ok(Outcome::Message(Message {
        state: MessageState::Accepted,
        ..target.as_ref().clone()
    }))
}

/// With whom something is exchanged.
pub(super) struct Addressee {
    /// The contact under which it is kept.
    contact: ContactId,
    /// Who it is on the network, if the network says.
    identity: Option<Identity>,
    /// Whether they agreed to be written to first on the interaction's channel.
    opted_in: bool,
    /// That they took it back.
    opted_out: Option<OptOut>,
    /// When they last wrote, as far as it counts for this: reply windows begin here.
    last_inbound: Option<linecard_model::Timestamp>,
}

/// Whom an answer reaches: the author of the message that it answers, else the customer.
pub(super) async fn addressee(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    answered: Option<&Message>,
) -> Result<Addressee, CommandError> {
    let contact_id = answered.map_or(interaction.contact, |m| m.contact);
    let contact = person(batch, contact_id).await?;
    let theirs = |contact: &Contact| -> Vec<ContactIdentity> {
        let own = contact.identities.iter();
        own.filter(|i| i.channel == interaction.channel)
            .cloned()
            .collect()
    };
    let identities = contact.as_deref().map(theirs).unwrap_or_default();
    let has_several = identities.len() > 1;
    let posted_by = match answered {
        Some(message) => message.posted_by.clone(),
        // Which of their ids the network takes here is the one under which they last wrote here.
        None if has_several => last_inbound(batch, interaction)
            .await?
            .and_then(|message| message.posted_by.clone()),
        None => None,
    };
    let last_inbound = match answered {
        Some(message)
            if interaction.visibility == Visibility::Public && message.author.is_contact() =>
        {
            Some(message.at)
        }
        _ => interaction.last_inbound_at,
    };
    let channel = &interaction.channel;
    let opted_in = contact
        .as_ref()
        .is_some_and(|c| c.opt_in(channel).is_some());
    let opted_out = contact.as_ref().and_then(|c| c.opt_out(channel)).cloned();
    Ok(Addressee {
        contact: contact_id,
        opted_in,
        opted_out,
        identity: reached_at(&identities, posted_by.map(|author| author.identity)),
        last_inbound,
    })
}

/// The id at which somebody is reached: the one under which they wrote, unless they gave it up; else the
/// one that is theirs since the latest. Of their other ids only those go along that are theirs now.
fn reached_at(identities: &[ContactIdentity], wrote_as: Option<Identity>) -> Option<Identity> {
    if let Some(wrote_as) = &wrote_as {
        let same = identities.iter().find(|i| i.id == wrote_as.id);
        match same {
            Some(same) if same.given_up.is_none() => return Some(same.present()),
            // Somebody without a contact of their own.
            None => return Some(wrote_as.clone()),
            Some(_) => {}
        }
    }
    let mut held = identities.iter().filter(|i| i.given_up.is_none());
    let first = held.next()?;
    let newest = held.fold(
        first,
        |best, one| {
            if one.since > best.since { one } else { best }
        },
    );
    Some(newest.present())
}

/// Where an entry that waited is sent to now, if its recipient has given up what it names.
pub(super) async fn readdressed(
    batch: &mut Batch<'_>,
    entry: &OutboxEntry,
) -> Result<Option<Identity>, StoreError> {
    let (Some(recipient), Some(contact)) = (&entry.request.recipient, entry.contact) else {
        return Ok(None);
    };
    let Some(contact) = person(batch, contact).await? else {
        return Ok(None);
    };
    Ok(forwarded(&contact, &entry.channel, recipient))
}

/// The id to which something goes that was for a contact's `recipient`, if they gave up what that names.
pub(super) fn forwarded(
    contact: &Contact,
    channel: &ChannelId,
    recipient: &Identity,
) -> Option<Identity> {
    let own = contact.identities.iter();
    let own: Vec<_> = own.filter(|i| &i.channel == channel).cloned().collect();
    let aliases = recipient.aliases.iter().map(|alias| &alias.value);
    let mut named = std::iter::once(&recipient.id).chain(aliases);
    if !named.any(|value| own.iter().any(|identity| identity.gave_up(value))) {
        return None;
    }
    let now = reached_at(&own, Some(recipient.clone()));
    now.filter(|now| now != recipient)
}

pub(super) fn permitted(
    batch: &Batch<'_>,
    interaction: &Interaction,
    addressee: &Addressee,
    action: &Action,
    by_human: bool,
) -> Result<(), CommandError> {
    let channel = batch
        .state
        .channels
        .get(&interaction.channel)
        .ok_or_else(|| Forbidden::ChannelAway(interaction.channel.to_string()))?;
    let seen = Interaction {
        last_inbound_at: addressee.last_inbound,
        ..interaction.clone()
    };
    capabilities::check(&channel, &seen, action, by_human, batch.at)?;
    let Action::SendTemplate(template) = action else {
        return Ok(());
    };
    let told = &batch.state.channels.told;
    let catalogue = told.templates(&channel.id).catalogue;
    let list = catalogue.as_ref().map(|known| &known.list);
    if let Some(list) = list
        && let Err(unfit) = templates::check(list, template)
    {
        // It may have been made or approved since.
        told.want_templates(&channel.id);
        return Err(Forbidden::from(unfit).into());
    }
    let category = list.and_then(|list| templates::category(list, template));
    if let Some(opt_out) = &addressee.opted_out {
        wanted(addressee, opt_out, interaction, template, category)?;
    }
    let agreed_before = addressee
        .opted_out
        .as_ref()
        .is_some_and(|o| o.agreed_before);
    let agreed = addressee.opted_in || agreed_before || channel.config.opted_in;
    if !agreed && capabilities::opens_anew(&channel, &seen, batch.at) {
        return Err(Forbidden::NotOptedIn {
            contact: addressee.contact,
            channel: interaction.channel.clone(),
        }
        .into());
    }
    Ok(())
}

/// Whether a template may go to somebody who took their consent back, by what it is for.
fn wanted(
    addressee: &Addressee,
    opt_out: &OptOut,
    interaction: &Interaction,
    template: &Template,
    category: Option<TemplateCategory>,
) -> Result<(), Forbidden> {
    let channel = interaction.channel.clone();
    let at = opt_out.at;
    if !opt_out.marketing_only {
        let contact = addressee.contact;
        return Err(Forbidden::OptedOut {
            contact,
            channel,
            at,
        });
    }
    let known = match category {
        Some(TemplateCategory::Utility | TemplateCategory::Authentication) => return Ok(()),
        Some(TemplateCategory::Marketing) => true,
        Some(TemplateCategory::Other) | None => false,
    };
    Err(Forbidden::NoMarketing {
        channel,
        at,
        template: template.name.clone(),
        known,
    })
}

pub(super) fn request_for(
    interaction: &Interaction,
    addressee: &Addressee,
    id: String,
    action: Action,
) -> ActionRequest {
    ActionRequest {
        id,
        attempt: 1,
        uncertain_before: false,
        thread: interaction.thread.clone(),
        recipient: addressee.identity.clone(),
        last_inbound: addressee.last_inbound,
        by_human: true,
        progress: Vec::new(),
        action,
    }
}

/// Puts an action into its channel's outbox.
pub(super) fn post(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    addressee: &Addressee,
    message: Option<MessageId>,
    request: ActionRequest,
    made: Vec<String>,
) -> OutboxEntry {
    *batch.next_outbox += 1;
    let entry = OutboxEntry {
        made,
        shown: false,
        retry_for_seconds: None,
        channel: interaction.channel.clone(),
        number: *batch.next_outbox,
        message,
        contact: Some(addressee.contact),
        interaction: Some(interaction.id),
        request,
        created_at: batch.at,
        state: OutboxState::Waiting,
    };
    batch.work.put_outbox(entry.clone());
    batch.after.push(After::Outbox(interaction.channel.clone()));
    entry
}

pub(super) fn unknown_message(id: MessageId) -> CommandError {
    CommandError::NotFound {
        what: "message",
        id: id.to_string(),
    }
}

/// A message of the interaction's conversation on the network, whoever of those who take part wrote
/// it or was answered with it.
pub(super) async fn message_of(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    id: MessageId,
) -> Result<Arc<Message>, CommandError> {
    for contact in interaction.contacts() {
        if let Some(message) = batch.work.message(contact, id).await?
            && message.channel == interaction.channel
            && message.thread == interaction.thread
        {
            return Ok(message);
        }
    }
    Err(unknown_message(id))
}

/// The customers' latest message that is still there.
pub(super) async fn last_inbound(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
) -> Result<Option<Arc<Message>>, CommandError> {
    let contacts = interaction.contacts();
    // Each contact's own latest is among their newest; how many are read in all is bounded.
    let each = (LOOK_BACK / contacts.len().max(1)).max(10);
    let mut latest: Option<Arc<Message>> = None;
    for contact in contacts {
        let messages = batch.work.history(contact, newest(each)).await?;
        let own = messages.into_iter().find(|m| {
            m.interaction == interaction.id && m.author.is_contact() && m.deleted_at.is_none()
        });
        if let Some(own) = own
            && latest.as_ref().is_none_or(|latest| latest.id < own.id)
        {
            latest = Some(own);
        }
    }
    Ok(latest)
}
