//! What rules and opening hours do on the network: answers, likes and the like.

use std::sync::Arc;

use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::{ActionKind, Visibility};
use linecard_model::message::{Content, Message, MessageAuthor, MessageState};
use linecard_model::platform::{Action, ActionRequest, Outgoing, ReactionTarget};
use linecard_model::rule::{DisclosurePlace, RuleDid, RuleNotice, RuleReply, RuleTrace};
use linecard_model::{MessageId, Timestamp};
use linecard_rules::Act;
use linecard_store::StoreError;

use super::super::command::CommandError;
use super::super::desk::{Scene, fill_in};
use super::super::figures;
use super::super::holding::person;
use super::super::run::Batch;
use super::super::sending::{
    Addressee, Answer, Automatically, addressee, answer, permitted, post, put, request_for,
};
use super::super::state::newest;
use super::Judged;
use super::judge::language;

/// How many of a contact's messages are read at a time to find what was said to them automatically.
const STEP: usize = 200;
/// How many are looked at.
const LOOK_BACK: usize = 2_000;
/// What every network understands as a like: its word, or the sign.
const LIKE: (&str, &str) = ("like", "👍");
/// Who tells in a message of its own that nobody wrote what follows.
const DISCLOSURE: &str = "automatic:disclosure";

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
            let (kind, at) = (request.action.kind().to_string(), batch.at);
            figures::count(batch, &self.interaction.channel, |figures| {
                figures.count_automatic(&kind, at);
            });
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
    let mut disclosures = batch.state.config.automatic.disclosures.iter();
    let comes_first = disclosures.any(|own| own.place == DisclosurePlace::First);
    let begun = interaction.created_at;
    let since = since.map(|since| if comes_first { since.min(begun) } else { since });
    let mut doing = Doing {
        said: match since {
            Some(since) => automatically_said(batch, message, since).await?,
            None => Vec::new(),
        },
        answered: 0,
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
            Act::AskToFollow(ask) => doing.ask_to_follow(batch, message, &ask).await?,
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
    doing.done.trace.shorten();
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

/// Whether a message tells that nobody wrote another.
fn is_disclosure(said: &Message) -> bool {
    matches!(&said.author, MessageAuthor::Rule { rule } if rule == DISCLOSURE)
}

struct Doing {
    said: Vec<Arc<Message>>,
    /// How many answers are given now.
    answered: usize,
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
        // What tells of a message is no further one.
        let counts = |said: &&Arc<Message>| said.at > hour_ago && !is_disclosure(said);
        let lately = self.said.iter().filter(counts).count() + self.answered;
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
        let filled = match self.filled(batch, message, &text).await? {
            Ok(filled) => filled,
            Err(why) => return Ok(Err(why)),
        };
        let told = automatic.disclosure(&message.channel, language(&message.findings));
        // Networks take one private answer to a public message.
        let has_one = reply.private && interaction.visibility == Visibility::Public;
        let (first, text) = match told {
            Some((told, DisclosurePlace::First)) if !has_one => {
                (Some(told.to_owned()).filter(|_| !self.has_told()), filled)
            }
            Some((told, _)) => (None, format!("{filled}\n{told}")),
            None => (None, filled),
        };
        let retry_for_seconds = reply.retry_for_seconds.or(automatic.retry_for_seconds);
        let mut answers = Vec::new();
        let first = first.map(|text| (DISCLOSURE, text));
        for (rule, text) in first.into_iter().chain([(rule, text)]) {
            let content = Content {
                text: Some(text),
                ..Content::default()
            };
            let how = Automatically {
                rule: rule.to_owned(),
                private: reply.private,
                retry_for_seconds,
            };
            match answer(batch, &interaction, message, content, how).await {
                Ok(answer) => answers.push(answer),
                Err(CommandError::Store(fault)) => return Err(fault),
                Err(refused) => return Ok(Err(refused.to_string())),
            }
        }
        let id = answers.last().map(Answer::id);
        self.answered += 1;
        let accepted = answers.iter().map(Answer::accepted);
        self.done.events.extend(accepted);
        self.done.answers.extend(answers);
        Ok(Ok(id))
    }

    /// Whether it was told in this interaction that machines speak.
    fn has_told(&self) -> bool {
        let id = self.done.interaction.id;
        let mut said = self.said.iter();
        !self.done.answers.is_empty()
            || said.any(|said| said.interaction == id && is_disclosure(said))
    }

    /// A text with what is to be filled in, or why it cannot be.
    async fn filled(
        &self,
        batch: &mut Batch<'_>,
        message: &Message,
        text: &str,
    ) -> Result<Result<String, String>, StoreError> {
        let contact = person(batch, message.contact).await?;
        let scene = Scene {
            config: &batch.state.config,
            interaction: &self.done.interaction,
            contact: contact.as_deref(),
            agent: None,
        };
        Ok(match fill_in(text, scene) {
            Ok(filled) if filled.missing.is_empty() => Ok(filled.text),
            Ok(filled) => Err(format!("{} is not known", filled.missing.join(", "))),
            Err(error) => Err(error.to_string()),
        })
    }

    async fn ask_to_follow(
        &mut self,
        batch: &mut Batch<'_>,
        message: &Message,
        text: &str,
    ) -> Result<Did, StoreError> {
        let filled = match self.filled(batch, message, text).await? {
            Ok(filled) => filled,
            Err(why) => return Ok(Err(why)),
        };
        let automatic = &batch.state.config.automatic;
        let told = automatic.disclosure(&message.channel, language(&message.findings));
        let content = Content {
            text: Some(match told {
                Some((told, _)) => format!("{filled}\n{told}"),
                None => filled,
            }),
            ..Content::default()
        };
        let ask = |id| {
            Action::RequestFollow(Outgoing {
                reply_to: Some(id),
                ..content.into()
            })
        };
        self.action(batch, message, ask).await
    }

    /// Why rules do no more of a kind of action on a channel for now.
    fn is_enough(&self, batch: &Batch<'_>, kind: ActionKind) -> Option<String> {
        let automatic = &batch.state.config.automatic;
        let (most, key) = match kind {
            ActionKind::React => (automatic.likes_per_hour, "likes_per_hour"),
            ActionKind::Repost => (automatic.reposts_per_hour, "reposts_per_hour"),
            ActionKind::RequestFollow => (
                automatic.follow_requests_per_hour,
                "follow_requests_per_hour",
            ),
            _ => return None,
        };
        let channel = &self.done.interaction.channel;
        let counted = batch
            .state
            .figures(channel)
            .automatic(&kind.to_string(), batch.at);
        (counted >= u32::from(most)).then(|| {
            format!("rules did that {counted} times on {channel} within an hour, and `automatic.{key}` is {most}")
        })
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
        if let Some(why) = self.is_enough(batch, action.kind()) {
            return Ok(Err(why));
        }
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
