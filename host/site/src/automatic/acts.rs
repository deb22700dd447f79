//! What rules and opening hours do on the network: answers, likes and the like.

use std::sync::Arc;

use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::{Content, Message, MessageAuthor, MessageState};
use linecard_model::platform::{Action, ActionRequest, ReactionTarget};
use linecard_model::rule::{RuleDid, RuleNotice, RuleReply, RuleTrace};
use linecard_model::{MessageId, Timestamp};
use linecard_rules::Act;
use linecard_store::StoreError;

use super::super::command::CommandError;
use super::super::desk::{Scene, fill_in};
use super::super::holding::person;
use super::super::run::Batch;
use super::super::sending::{
    Addressee, Answer, Automatically, addressee, answer, permitted, post, put, request_for,
};
use super::super::state::newest;
use super::Judged;

/// How many of a contact's messages are read at a time to find what was said to them automatically.
const STEP: usize = 200;
/// How many are looked at.
const LOOK_BACK: usize = 2_000;
/// What every network understands as a like: its word, or the sign.
const LIKE: (&str, &str) = ("like", "👍");

/// What is to be done, none of it recorded yet.
pub(in super::super) struct Done {
    /// What is to be recorded with the message.
    pub events: Vec<Event>,
    /// The trace, with what was done and why the rest was not.
    pub trace: RuleTrace,
    answers: Vec<Answer>,
    actions: Vec<(Addressee, ActionRequest)>,
    interaction: Arc<Interaction>,
}

impl Done {
    /// Puts what was recorded into the outbox.
    pub fn post(self, batch: &mut Batch<'_>) {
        for answer in self.answers {
            put(batch, answer);
        }
        for (addressee, request) in self.actions {
            post(
                batch,
                &self.interaction,
                &addressee,
                None,
                request,
                Vec::new(),
            );
        }
    }
}

/// Finds out what can be done of what was decided. The interaction and its contact are recorded; the
/// message is not.
pub(in super::super) async fn act(
    batch: &mut Batch<'_>,
    judged: Judged,
    message: &Message,
) -> Result<Option<Done>, StoreError> {
    let Some(interaction) = batch.work.interaction(message.interaction).await? else {
        return Ok(None);
    };
    // Reply windows begin with the message at hand.
    let interaction = Arc::new(Interaction {
        last_inbound_at: interaction.last_inbound_at.max(Some(message.at)),
        ..interaction.as_ref().clone()
    });
    let says = judged
        .decision
        .acts
        .iter()
        .any(|wanted| matches!(wanted.act, Act::Reply(_)));
    let closed = judged
        .closed
        .as_ref()
        .filter(|closed| closed.message.is_some());
    let hour_ago = batch.at - jiff::SignedDuration::from_hours(1);
    let since = match closed {
        // What has been closed for ever was perhaps told long ago.
        Some(closed) => Some(closed.since.unwrap_or(Timestamp::UNIX_EPOCH).min(hour_ago)),
        None => says.then_some(hour_ago),
    };
    let mut doing = Doing {
        said: match since {
            Some(since) => automatically_said(batch, message, since).await?,
            None => Vec::new(),
        },
        done: Done {
            events: Vec::new(),
            trace: judged.trace,
            answers: Vec::new(),
            actions: Vec::new(),
            interaction,
        },
    };
    for (rule, notice) in judged.decision.notices {
        let event = notified(batch, message, rule, notice);
        doing.done.events.push(event);
    }
    for wanted in judged.decision.acts {
        let did = match wanted.act {
            Act::Reply(reply) => doing.reply(batch, message, &wanted.rule, &reply).await?,
            Act::Like => {
                let like = |message_id| {
                    Action::React(ReactionTarget {
                        message_id,
                        name: LIKE.0.to_owned(),
                        emoji: Some(LIKE.1.to_owned()),
                    })
                };
                doing.action(batch, message, like).await?
            }
            Act::Repost => doing.action(batch, message, Action::Repost).await?,
            Act::Hide => doing.action(batch, message, Action::Hide).await?,
        };
        let step = doing.done.trace.steps.get_mut(wanted.step);
        if let Some(place) = step.and_then(|step| step.did.get_mut(wanted.did)) {
            match did {
                Ok(sent) => place.message = sent,
                Err(why) => place.not_done = Some(why),
            }
        }
    }
    if let Some(closed) = judged.closed
        && let Some(text) = closed.message
    {
        let rule = format!("hours:{}", closed.hours);
        let reply = RuleReply {
            text: Some(text.text),
            private: text.private,
            ..RuleReply::default()
        };
        let said = if doing.was_said_in(message, &rule, closed.since) {
            Err("it was said in this conversation since it closed".to_owned())
        } else {
            doing.reply(batch, message, &rule, &reply).await?
        };
        if let Some(hours) = &mut doing.done.trace.hours {
            let (sent, not_done) = match said {
                Ok(sent) => (sent, None),
                Err(why) => (None, Some(why)),
            };
            hours.did.push(RuleDid {
                what: "reply".to_owned(),
                not_done,
                message: sent,
            });
        }
    }
    Ok(Some(doing.done))
}

/// That people are told: those whom a rule names, and the members of its groups.
fn notified(batch: &Batch<'_>, message: &Message, rule: String, notice: RuleNotice) -> Event {
    let groups = notice.groups.iter();
    let groups = groups.filter_map(|group| batch.state.config.groups.get(group));
    let members = groups.flat_map(|group| group.members.iter().cloned());
    Event::RuleNotified {
        interaction: message.interaction,
        rule,
        agents: notice.agents.iter().cloned().chain(members).collect(),
        text: notice.text,
    }
}

/// What was said to the contact automatically since a moment, newest first.
async fn automatically_said(
    batch: &mut Batch<'_>,
    message: &Message,
    since: Timestamp,
) -> Result<Vec<Arc<Message>>, StoreError> {
    let mut said = Vec::new();
    let mut page = newest(STEP);
    for _ in 0..LOOK_BACK / STEP {
        let found = batch.work.history(message.contact, page).await?;
        let oldest = found.last().map(|last| (last.at, last.id));
        let is_last = found.len() < STEP;
        let by_rules = found.into_iter();
        said.extend(by_rules.filter(|m| matches!(m.author, MessageAuthor::Rule { .. })));
        // Networks deliver late, so that only what is much older tells that there is no more.
        let enough = since - jiff::SignedDuration::from_hours(24);
        match oldest {
            Some((at, id)) if !is_last && at > enough => page.before = Some(id),
            _ => break,
        }
    }
    Ok(said)
}

struct Doing {
    said: Vec<Arc<Message>>,
    done: Done,
}

/// What became of something: the message that says it, or why it is not done.
type Did = Result<Option<MessageId>, String>;

impl Doing {
    fn was_said_in(&self, message: &Message, rule: &str, since: Option<Timestamp>) -> bool {
        self.said.iter().any(|said| {
            let is_its = matches!(&said.author, MessageAuthor::Rule { rule: by } if by == rule);
            is_its
                && said.channel == message.channel
                && said.thread == message.thread
                && since.is_none_or(|since| said.at >= since)
        })
    }

    async fn reply(
        &mut self,
        batch: &mut Batch<'_>,
        message: &Message,
        rule: &str,
        reply: &RuleReply,
    ) -> Result<Did, StoreError> {
        let interaction = Arc::clone(&self.done.interaction);
        if interaction.answered_at.is_some() && !reply.after_agent {
            return Ok(Err("an agent has taken the conversation over".to_owned()));
        }
        let automatic = batch.state.config.automatic.clone();
        let hour_ago = batch.at - jiff::SignedDuration::from_hours(1);
        let lately = self.said.iter().filter(|said| said.at > hour_ago).count();
        let lately = lately + self.done.answers.len();
        if lately >= usize::from(automatic.per_contact_hour) {
            let text = format!(
                "the contact got {lately} automatic messages within an hour, and {} are the most",
                automatic.per_contact_hour
            );
            return Ok(Err(text));
        }
        let response = reply.response.as_ref();
        let named = response.and_then(|id| batch.state.response(id));
        let named = named.map(|response| response.config.text.clone());
        let Some(text) = named.or_else(|| reply.text.clone()) else {
            let id = response.map(ToString::to_string).unwrap_or_default();
            return Ok(Err(format!("there is no standard response {id}")));
        };
        let contact = person(batch, message.contact).await?;
        let scene = Scene {
            config: &batch.state.config,
            interaction: &interaction,
            contact: contact.as_deref(),
            agent: None,
        };
        let filled = match fill_in(&text, scene) {
            Ok(filled) if filled.missing.is_empty() => filled.text,
            Ok(filled) => {
                let missing = filled.missing.join(", ");
                return Ok(Err(format!("{missing} is not known")));
            }
            Err(error) => return Ok(Err(error.to_string())),
        };
        let content = Content {
            text: Some(match &automatic.disclosure {
                Some(disclosure) => format!("{filled}\n{disclosure}"),
                None => filled,
            }),
            ..Content::default()
        };
        let how = Automatically {
            rule: rule.to_owned(),
            private: reply.private,
        };
        let answer = match answer(batch, &interaction, message, content, how).await {
            Ok(answer) => answer,
            Err(CommandError::Store(fault)) => return Err(fault),
            Err(refused) => return Ok(Err(refused.to_string())),
        };
        let id = answer.id();
        self.done.events.push(answer.accepted());
        self.done.answers.push(answer);
        Ok(Ok(Some(id)))
    }

    async fn action(
        &mut self,
        batch: &mut Batch<'_>,
        message: &Message,
        action: impl FnOnce(String) -> Action,
    ) -> Result<Did, StoreError> {
        let interaction = Arc::clone(&self.done.interaction);
        let Some(id) = message.platform_ids.first() else {
            return Ok(Err("the network gave the message no id".to_owned()));
        };
        let action = action(id.clone());
        let about = (interaction.visibility == Visibility::Public).then_some(message);
        let addressee = match addressee(batch, &interaction, about).await {
            Ok(addressee) => addressee,
            Err(CommandError::Store(fault)) => return Err(fault),
            Err(refused) => return Ok(Err(refused.to_string())),
        };
        if let Err(refused) = permitted(batch, &interaction, &addressee, &action, false) {
            return Ok(Err(refused.to_string()));
        }
        let action_id = MessageId::generate().to_string();
        let mut request = request_for(&interaction, &addressee, action_id.clone(), action);
        request.by_human = false;
        self.done.events.push(Event::ActionChanged {
            action: action_id,
            interaction: Some(interaction.id),
            name: request.action.kind().to_string(),
            state: MessageState::Accepted,
        });
        self.done.actions.push((addressee, request));
        Ok(Ok(None))
    }
}
