//! To which interaction a message belongs, and under which contact it is kept.
//!
//! A private conversation is one customer's. In a public one many write, and the channel's
//! [`CommentsConfig`] says whose comments are worked on together. All of it is decided when a message
//! comes, by what is open then: there is no timer.

use std::sync::Arc;
use std::time::Duration;

use linecard_model::contact::Contact;
use linecard_model::event::Event;
use linecard_model::interaction::{Interaction, Participant};
use linecard_model::manifest::Visibility;
use linecard_model::platform::{Author, Thread};
use linecard_model::routing::{InteractionState, MediaType};
use linecard_model::site::{CommentContacts, CommentsConfig, LaterComments};
use linecard_model::{ChannelId, ContactId, InteractionId, MessageId, QueueId, Timestamp};
use linecard_store::StoreError;

use super::contacts::{find_or_create, of_thread};
use super::holding::{known, person};
use super::inbound::Arrival;
use super::run::Batch;
use super::state::{OpenWork, ThreadKey, newest};

/// How many of a contact's messages are looked at to find the interaction before.
const LOOK_BACK: usize = 20;

/// Where a message goes.
pub(super) struct Place {
    /// The contact under which it is kept.
    pub contact: ContactId,
    /// Its author, if that is not the contact's first identity on the channel.
    pub posted_by: Option<Author>,
    /// The interaction.
    pub interaction: InteractionId,
    /// What is to be queued, if the message begins an interaction or opens one again.
    pub begins: Option<Begins>,
}

/// An interaction that is to be queued.
pub(super) struct Begins {
    pub interaction: Interaction,
    /// The one before it: for one that is opened again, what it was.
    pub before: Option<Arc<Interaction>>,
}

/// The message that a new one answers, if the hub has it.
pub(super) async fn answered(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    parent: Option<&str>,
) -> Result<Option<MessageId>, StoreError> {
    let Some(parent) = parent else {
        return Ok(None);
    };
    let place = batch.work.place_of_platform_id(channel, parent).await?;
    Ok(place.map(|place| place.message))
}

/// Why a message has no place.
pub(super) enum NoPlace {
    /// Nobody knows whose private conversation it is.
    NoAuthor,
    /// Its channel is no longer configured.
    NoChannel,
}

/// The key under which a private conversation goes on whose customer has got another id: that of the
/// interaction that is open with them. `None` if the conversation is where it was.
pub(super) async fn continued(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    thread: &Thread,
    at: Timestamp,
) -> Result<Option<String>, StoreError> {
    let Some(customer) = &thread.customer else {
        return Ok(None);
    };
    let key = ThreadKey {
        channel: channel.clone(),
        thread: thread.key.clone(),
    };
    if thread.visibility == Visibility::Public || !batch.state.of_thread(&key).is_empty() {
        return Ok(None);
    }
    let Some(contact) = known(batch, channel, customer, at).await? else {
        return Ok(None);
    };
    let has_another = contact.identities.iter().any(|identity| {
        &identity.channel == channel && (identity.id != customer.id || !identity.aliases.is_empty())
    });
    if !has_another {
        return Ok(None);
    }
    let before = batch.state.conversation_with(&contact.ids(), channel);
    Ok(before.map(|conversation| conversation.thread.clone()))
}

/// Finds the place of a customer's message. `events` gets what has to be recorded before it.
pub(super) async fn place(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    parent: Option<&str>,
    events: &mut Vec<Event>,
) -> Result<Result<Place, NoPlace>, StoreError> {
    let Some(thread) = &arrival.event.thread else {
        return Ok(Err(NoPlace::NoAuthor));
    };
    let is_public = thread.visibility == Visibility::Public;
    let author = arrival.event.author.clone().or_else(|| {
        // In a private conversation there is only one who can have written.
        let identity = thread.customer.clone()?;
        Some(Author {
            identity,
            profile: None,
        })
    });
    if author.is_none() && !is_public {
        return Ok(Err(NoPlace::NoAuthor));
    }
    let rules = is_public.then(|| rules(batch, arrival));
    let key = ThreadKey {
        channel: arrival.channel.clone(),
        thread: thread.key.clone(),
    };
    let known = match &author {
        Some(author) => {
            let at = arrival.event.time;
            known(batch, arrival.channel, &author.identity, at).await?
        }
        None => {
            batch
                .work
                .contact_of_thread(arrival.channel, &thread.key)
                .await?
        }
    };
    // What they write is kept, and nobody's work.
    let is_blocked = (known.as_ref()).is_some_and(|contact| contact.blocked.is_some());
    let writer = Writer {
        contacts: known.map(|contact| contact.ids()).unwrap_or_default(),
        author: author.as_ref(),
    };
    let joins = writer
        .joins(
            batch.state.of_thread(&key),
            rules.as_ref(),
            arrival.accepted_at,
        )
        .cloned();
    let contact = match (&author, rules.as_ref().map(|r| r.contacts)) {
        (None, _) => of_thread(batch, arrival, &thread.key, events).await?,
        (Some(author), Some(CommentContacts::First)) => {
            first_author(batch, arrival, author, joins.as_ref(), parent, events).await?
        }
        (Some(author), _) => find_or_create(batch, arrival, author, events).await?,
    };
    let own = Own::of(&contact, arrival, author.as_ref());
    if is_blocked {
        return Ok(Ok(Place {
            contact: contact.id,
            posted_by: author.filter(|_| own != Own::First),
            interaction: InteractionId::NONE,
            begins: None,
        }));
    }
    // What began under an id that has become another's stays together.
    let kept_under = joins
        .as_ref()
        .map(|work| work.contact)
        .filter(|begun| contact.ids().contains(begun))
        .unwrap_or(contact.id);
    let participant = Participant {
        contact: kept_under,
        author: author.clone().filter(|_| own == Own::No),
    };
    let posted_by = author.clone().filter(|_| own != Own::First);
    let (interaction, begins) = if let Some(work) = joins {
        if !takes_part(&work, &participant) {
            events.push(Event::ParticipantJoined {
                interaction: work.id,
                contact: kept_under,
                author,
                own_contact: own != Own::No,
            });
        }
        (work.id, None)
    } else {
        let before = if writer.contacts.is_empty() {
            None
        } else {
            previous(batch, contact.id, arrival.channel).await?
        };
        if let Some(again) =
            (before.as_deref()).and_then(|before| opened_again(batch, &key, before))
        {
            let (id, interaction) = (again.id, again);
            return Ok(Ok(Place {
                contact: kept_under,
                posted_by,
                interaction: id,
                begins: Some(Begins {
                    interaction,
                    before,
                }),
            }));
        }
        let Some(mut started) = start(
            batch,
            arrival.channel,
            &thread.key,
            thread.visibility,
            contact.id,
        ) else {
            return Ok(Err(NoPlace::NoChannel));
        };
        if own == Own::No {
            started.participants.push(participant);
        }
        events.push(Event::InteractionStarted(started.clone()));
        if is_public {
            events.extend(news_for_others(batch, &key, &started));
        }
        let begins = Begins {
            interaction: started,
            before,
        };
        (begins.interaction.id, Some(begins))
    };
    Ok(Ok(Place {
        contact: kept_under,
        posted_by,
        interaction,
        begins,
    }))
}

fn rules(batch: &Batch<'_>, arrival: &Arrival<'_>) -> CommentsConfig {
    let channel = batch.state.config.channels.get(arrival.channel);
    channel.map(|c| c.comments.clone()).unwrap_or_default()
}

/// Who wrote, as far as the hub knows.
struct Writer<'a> {
    /// The ids of their own contact, or, of unnamed ones, the thread's.
    contacts: Vec<ContactId>,
    author: Option<&'a Author>,
}

impl Writer<'_> {
    /// The interaction that a message joins. `rules` are those of a public thread.
    fn joins<'w>(
        &self,
        works: &'w [OpenWork],
        rules: Option<&CommentsConfig>,
        accepted_at: Timestamp,
    ) -> Option<&'w OpenWork> {
        let mut open = works.iter().filter(|work| work.goes_on);
        if let Some(own) = open.clone().find(|work| self.is_in(work)) {
            return Some(own);
        }
        let rules = rules?;
        let gathering = i64::from(rules.gather_seconds).saturating_mul(1_000);
        // What was accepted before the interaction began, while the hub was behind, is younger than
        // it; where nothing is gathered it does not join either.
        let gathers = |work: &OpenWork| {
            let age = accepted_at.as_millisecond() - work.created_at.as_millisecond();
            work.waits && gathering > 0 && age < gathering
        };
        // The newest: an older one that has no more room has been followed by it.
        open.rfind(|work| {
            work.participants.len() < Interaction::MOST_PARTICIPANTS
                && (rules.later == LaterComments::Join || gathers(work))
        })
    }

    fn is_in(&self, work: &OpenWork) -> bool {
        let is_own = |contact| self.contacts.contains(&contact);
        is_own(work.contact)
            || work.participants.iter().any(|p| match &p.author {
                None => is_own(p.contact),
                Some(author) => self
                    .author
                    .is_some_and(|own| own.identity.id == author.identity.id),
            })
    }
}

/// Whether a participant is known to an interaction as such.
fn takes_part(work: &OpenWork, participant: &Participant) -> bool {
    let id = |author: &Option<Author>| author.as_ref().map(|a| a.identity.id.clone());
    (participant.author.is_none() && work.contact == participant.contact)
        || work.participants.iter().any(|known| {
            known.contact == participant.contact && id(&known.author) == id(&participant.author)
        })
}

/// Whether a contact is the author's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    /// By its first identity on the channel, or there is no author to tell apart.
    First,
    /// By another one of its identities.
    Another,
    /// It is somebody else's.
    No,
}

impl Own {
    fn of(contact: &Contact, arrival: &Arrival<'_>, author: Option<&Author>) -> Self {
        let Some(author) = author else {
            return Self::First;
        };
        let mut identities = contact
            .identities
            .iter()
            .filter(|i| &i.channel == arrival.channel);
        match identities.position(|i| i.id == author.identity.id) {
            Some(0) => Self::First,
            Some(_) => Self::Another,
            None => Self::No,
        }
    }
}

/// The contact of the first author: of what the message joins or answers, else its own.
async fn first_author(
    batch: &mut Batch<'_>,
    arrival: &Arrival<'_>,
    author: &Author,
    joins: Option<&OpenWork>,
    parent: Option<&str>,
    events: &mut Vec<Event>,
) -> Result<Contact, StoreError> {
    let mut first = joins.map(|work| work.contact);
    if first.is_none()
        && let Some(parent) = parent
    {
        let parent = batch
            .work
            .message_by_platform_id(arrival.channel, parent)
            .await?;
        let thread = arrival.event.thread.as_ref().map(|t| t.key.as_str());
        first = parent
            .filter(|m| thread == Some(m.thread.as_str()) && m.visibility == Visibility::Public)
            .map(|m| m.contact);
    }
    if let Some(first) = first
        && let Some(contact) = person(batch, first).await?
        // Under what the company or nobody in particular wrote there is no author yet.
        && contact.of_thread.is_none()
    {
        let is_own = Own::of(&contact, arrival, Some(author)) != Own::No;
        return if is_own {
            find_or_create(batch, arrival, author, events).await
        } else {
            Ok(std::sync::Arc::unwrap_or_clone(contact))
        };
    }
    find_or_create(batch, arrival, author, events).await
}

/// Tells those who have another interaction of the thread that there is a new one.
fn news_for_others(batch: &Batch<'_>, key: &ThreadKey, started: &Interaction) -> Vec<Event> {
    let others = batch.state.of_thread(key).iter();
    others
        .filter(|work| work.agent.is_some())
        .map(|work| Event::PendingOnThread {
            interaction: work.id,
            pending: started.id,
            contact: started.contact,
            queue: started.queue.clone(),
        })
        .collect()
}

/// The newest interaction with a contact on a channel, of those to which their latest messages belong.
async fn previous(
    batch: &mut Batch<'_>,
    contact: ContactId,
    channel: &ChannelId,
) -> Result<Option<Arc<Interaction>>, StoreError> {
    let said = batch.work.history(contact, newest(LOOK_BACK)).await?;
    let before = said
        .iter()
        .find(|message| &message.channel == channel && !message.interaction.is_none());
    match before.map(|message| message.interaction) {
        Some(before) => batch.work.interaction(before).await,
        None => Ok(None),
    }
}

/// The interaction before, if a message in the same conversation opens it again, and where it then waits.
fn opened_again(batch: &Batch<'_>, key: &ThreadKey, before: &Interaction) -> Option<Interaction> {
    let channel = batch.state.config.channels.get(&key.channel)?;
    let window = Duration::from_secs(u64::from(channel.reopen_hours) * 3_600);
    let is_open = before.ended_at? + window > batch.at;
    let is_same = before.channel == key.channel && before.thread == key.thread;
    let mut again = (is_open && is_same && !before.is_open()).then(|| before.clone())?;
    if !batch.state.config.queues.contains_key(&again.queue) {
        again.queue = channel.queue.clone();
    }
    Some(again)
}

/// A new interaction, not yet queued. `None` if the channel is no longer configured.
pub(super) fn start(
    batch: &Batch<'_>,
    of: &ChannelId,
    thread: &str,
    visibility: Visibility,
    contact: ContactId,
) -> Option<Interaction> {
    let channel = batch.state.config.channels.get(of)?;
    let (queue, media_type): (&QueueId, MediaType) = match visibility {
        Visibility::Public => (
            channel.public_queue.as_ref().unwrap_or(&channel.queue),
            MediaType::SocialConversation,
        ),
        Visibility::Private => (&channel.queue, MediaType::SocialDirectMessage),
    };
    Some(Interaction {
        id: InteractionId::generate(),
        contact,
        participants: Vec::new(),
        channel: of.clone(),
        thread: thread.to_owned(),
        visibility,
        media_type,
        queue: queue.clone(),
        skills: channel.skills.clone(),
        priority: 0,
        state: InteractionState::Queued,
        legs: std::collections::BTreeMap::new(),
        created_at: batch.at,
        answered_at: None,
        ended_at: None,
        last_agent: None,
        last_inbound_at: None,
        last_outbound_at: None,
        inbound_count: 0,
        timers: Vec::new(),
        moved_by_rules: 0,
        outbound_count: 0,
        last_message: None,
        waiting_since: None,
        marks: linecard_model::desk::Marks::default(),
    })
}
