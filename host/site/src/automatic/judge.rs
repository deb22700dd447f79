//! The facts of a message, and what rules and hours say to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use linecard_model::contact::Contact;
use linecard_model::desk::Attribute;
use linecard_model::event::Event;
use linecard_model::hours::ClosedWork;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::{Content, Finding, Message};
use linecard_model::platform::{Author, Label, Score};
use linecard_model::routing::InteractionState;
use linecard_model::rule::{HoursSeen, RuleDid, RuleOccasion, RuleTrace};
use linecard_model::{AgentId, ChannelId, ContactId, InteractionId, Timestamp};
use linecard_rules::{Decision, Fact, Facts, HeldUntil, Hours, Occasion, Standing};
use linecard_store::StoreError;

use super::super::holding::person;
use super::super::run::Batch;
use super::super::state::SiteState;
use super::earlier::{Earlier, earlier};
use super::{Closed, Judged};

/// A customer's message that is not recorded yet.
pub(in super::super) struct Written<'w> {
    pub channel: &'w ChannelId,
    pub visibility: Visibility,
    pub content: &'w Content,
    pub findings: &'w [Finding],
    pub addressed: Option<bool>,
    /// Whether it answers another message.
    pub answers: bool,
    /// Whether its author has changed it.
    pub edited: bool,
    /// Who wrote it, as the network told with the message.
    pub author: Option<&'w Author>,
    /// The contact under which it is kept.
    pub contact: ContactId,
    /// The interaction.
    pub interaction: InteractionId,
    /// The interaction, if it begins with the message.
    pub begins: Option<&'w Interaction>,
    /// What is to be recorded before the message.
    pub before: &'w [Event],
}

/// Lets rules and hours decide about a message. `None` if there are none, or it is nobody's work anyway.
pub(in super::super) async fn judge(
    batch: &mut Batch<'_>,
    written: &Written<'_>,
) -> Result<Option<Judged>, StoreError> {
    let automatic = Arc::clone(&batch.state.automatic);
    if automatic.is_nothing() || written.interaction.is_none() {
        return Ok(None);
    }
    let begun = Instant::now();
    let kept = person(batch, written.contact).await?;
    let is_known = kept.is_some();
    let saved = written.before.iter().rev().find_map(|event| match event {
        Event::ContactSaved(contact) if contact.id == written.contact => Some(contact.clone()),
        _ => None,
    });
    let contact = saved.or_else(|| kept.map(Arc::unwrap_or_clone));
    let interaction = if let Some(begins) = written.begins {
        Some(begins.clone())
    } else {
        let known = batch.work.interaction(written.interaction).await?;
        known.map(Arc::unwrap_or_clone)
    };
    let Some(interaction) = interaction else {
        return Ok(None);
    };
    let now = batch.at;
    let thread_since = thread_since(batch, &interaction, contact.as_ref()).await?;
    let seen = automatic
        .hours_of(written.channel, &interaction.queue)
        .map(|(_, hours)| (hours, hours.at(now)));
    let earlier = earlier(
        batch,
        RuleOccasion::Message,
        contact.as_ref(),
        &interaction,
        None,
    )
    .await?;
    let facts = Scene {
        written,
        contact: contact.as_ref(),
        is_known,
        earlier: &earlier,
        interaction: &interaction,
        thread_since,
        network: network(batch, written.channel),
        hours: seen.as_ref().map(|(hours, standing)| (*hours, standing)),
        now,
    }
    .facts();
    let begins = written.begins.is_some();
    let mut decision = automatic.rules.decide(Occasion {
        on: RuleOccasion::Message,
        after_seconds: None,
        facts: &facts,
        channel: written.channel,
        public: written.visibility == Visibility::Public,
        begins,
        moves: begins,
        ends: begins,
    });
    // A rule may have led it to a queue that has other hours.
    let queue = decision.queue.as_ref().unwrap_or(&interaction.queue);
    let counts = automatic.hours_of(written.channel, queue);
    let counts = counts.map(|(name, hours)| (name, hours, hours.at(now)));
    let language = language(written.findings);
    if begins {
        hold(
            &mut decision,
            counts.as_ref().map(|(_, hours, _)| *hours),
            now,
        );
    }
    let closed = counts.as_ref().and_then(|(name, hours, standing)| {
        let closed = hours.when_closed(standing)?;
        let opens =
            (closed.work == ClosedWork::Park).then(|| HeldUntil::Opening.moment(Some(hours), now));
        Some(Closed {
            hours: (*name).to_owned(),
            since: standing.since,
            opens,
            work: closed.work,
            message: standing.message(hours, written.channel, language).cloned(),
        })
    });
    let held = decision.hold.as_ref().and_then(|hold| hold.until);
    let by_hours = closed
        .as_ref()
        .and_then(|closed| closed.opens.clone()?.ok());
    // The later one counts, as neither is to be broken.
    let held = held.max(by_hours).filter(|_| begins);
    let trace = RuleTrace {
        looked_at: decision.looked_at,
        left_out: 0,
        steps: std::mem::take(&mut decision.steps),
        hours: counts.map(|(name, _, standing)| seen_as(name, standing, closed.as_ref(), written)),
        micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
    };
    Ok(Some(Judged {
        decision,
        closed,
        held,
        trace,
    }))
}

/// Lets rules decide on another occasion, by the facts of a message that was recorded.
pub(in super::super) async fn judge_again(
    batch: &mut Batch<'_>,
    on: RuleOccasion,
    after_seconds: Option<u32>,
    interaction: &Interaction,
    message: &Message,
) -> Result<Judged, StoreError> {
    let automatic = Arc::clone(&batch.state.automatic);
    let begun = Instant::now();
    let contact = person(batch, message.contact).await?;
    let findings = corrected(message);
    let written = Written {
        channel: &message.channel,
        visibility: message.visibility,
        content: &message.content,
        findings: &findings,
        addressed: message.addressed,
        answers: message.parent.is_some(),
        edited: !message.revisions.is_empty(),
        author: None,
        contact: message.contact,
        interaction: interaction.id,
        begins: None,
        before: &[],
    };
    let now = batch.at;
    let thread_since = thread_since(batch, interaction, contact.as_deref()).await?;
    let seen = automatic
        .hours_of(&interaction.channel, &interaction.queue)
        .map(|(_, hours)| (hours, hours.at(now)));
    let earlier = earlier(batch, on, contact.as_deref(), interaction, Some(message.id)).await?;
    let facts = Scene {
        written: &written,
        contact: contact.as_deref(),
        is_known: true,
        earlier: &earlier,
        interaction,
        thread_since,
        network: network(batch, &message.channel),
        hours: seen.as_ref().map(|(hours, standing)| (*hours, standing)),
        now,
    }
    .facts();
    let state = &interaction.state;
    let waits = matches!(
        state,
        InteractionState::Queued | InteractionState::Offered { .. }
    );
    let mut decision = automatic.rules.decide(Occasion {
        on,
        after_seconds,
        facts: &facts,
        channel: &interaction.channel,
        public: interaction.visibility == Visibility::Public,
        begins: false,
        moves: waits,
        ends: waits
            || state.talking().is_some()
            || matches!(state, InteractionState::Parked { .. }),
    });
    let trace = RuleTrace {
        looked_at: decision.looked_at,
        left_out: 0,
        steps: std::mem::take(&mut decision.steps),
        hours: None,
        micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
    };
    Ok(Judged {
        decision,
        closed: None,
        held: None,
        trace,
    })
}

/// Finds out until when what begins is held by the rule that says so, and says in the trace why not.
fn hold(decision: &mut Decision, hours: Option<&Hours>, now: Timestamp) {
    let Some(hold) = &mut decision.hold else {
        return;
    };
    match HeldUntil::of(&hold.hold).and_then(|until| until.moment(hours, now)) {
        Ok(until) => hold.until = Some(until),
        Err(why) => {
            let step = decision.steps.get_mut(hold.step);
            if let Some(did) = step.and_then(|step| step.did.get_mut(hold.did)) {
                did.not_done = Some(why);
            }
        }
    }
}

/// Since when the hub has known a conversation: a public one itself, a private one by its customer.
async fn thread_since(
    batch: &mut Batch<'_>,
    interaction: &Interaction,
    contact: Option<&Contact>,
) -> Result<Option<Timestamp>, StoreError> {
    if interaction.visibility == Visibility::Private {
        return Ok(contact.map(|contact| contact.created_at));
    }
    let (channel, thread) = (&interaction.channel, &interaction.thread);
    let known = batch.work.contact_of_thread(channel, thread).await?;
    Ok(known.map(|nobody| nobody.created_at))
}

/// What was found in a message, with what a person said in its place.
pub(super) fn corrected(message: &Message) -> Vec<Finding> {
    let mut findings = message.findings.clone();
    let Some(correction) = message.corrections.last() else {
        return findings;
    };
    let scores = correction.scores.iter().map(|(name, value)| Score {
        name: name.clone(),
        value: *value,
    });
    let labels = correction.labels.iter().flatten().map(|name| Label {
        name: name.clone(),
        confidence: 1.0,
        evidence: Vec::new(),
    });
    if correction.labels.is_some() {
        for finding in &mut findings {
            finding.labels.clear();
        }
    }
    // Of two that measure the same, the first counts.
    let by_person = Finding {
        analyzer: String::new(),
        labels: labels.collect(),
        scores: scores.collect(),
        language: None,
        failure: None,
        plugin: None,
        model: None,
    };
    findings.insert(0, by_person);
    findings
}

fn seen_as(
    name: &str,
    standing: Standing,
    closed: Option<&Closed>,
    written: &Written<'_>,
) -> HoursSeen {
    let begins = written.begins.is_some();
    let did = closed.filter(|_| begins).and_then(|closed| {
        let (what, not_done) = match closed.work {
            ClosedWork::Queue => return None,
            ClosedWork::End => ("end", None),
            ClosedWork::Park => ("hold", closed.opens.clone().and_then(Result::err)),
        };
        Some(RuleDid {
            what: what.to_owned(),
            not_done,
            message: None,
        })
    });
    HoursSeen {
        hours: name.to_owned(),
        open: standing.open,
        reason: standing.reason,
        special_day: standing.special_day,
        until: standing.until,
        did: did.into_iter().collect(),
    }
}

fn network(batch: &Batch<'_>, channel: &ChannelId) -> String {
    network_of(batch.state, channel)
}

/// The network of a channel; its plug-in's name while no connector is at work.
pub(super) fn network_of(state: &SiteState, channel: &ChannelId) -> String {
    let runtime = state.channels.get(channel);
    let plugin = || {
        let config = state.config.channels.get(channel);
        config.map(|config| config.plugin.to_string())
    };
    runtime
        .map(|runtime| runtime.network().to_owned())
        .or_else(plugin)
        .unwrap_or_default()
}

pub(super) fn language(findings: &[Finding]) -> Option<&str> {
    findings
        .iter()
        .find_map(|finding| finding.language.as_deref())
}

/// What the facts are taken from.
pub(super) struct Scene<'s> {
    pub written: &'s Written<'s>,
    pub contact: Option<&'s Contact>,
    pub is_known: bool,
    pub earlier: &'s Earlier,
    pub interaction: &'s Interaction,
    /// Since when the hub has known the conversation.
    pub thread_since: Option<Timestamp>,
    pub network: String,
    pub hours: Option<(&'s Hours, &'s Standing)>,
    pub now: Timestamp,
}

impl Scene<'_> {
    pub fn facts(self) -> Facts {
        let mut facts = Facts::default();
        let all = [
            self.of_message(&mut facts),
            self.of_author(&mut facts),
            self.of_contact(&mut facts),
            self.of_thread(&mut facts),
            self.of_interaction(&mut facts),
            self.of_analyzers(&mut facts),
            self.of_time(&mut facts),
            facts.set("network", self.network.as_str()),
            facts.set("channel", self.written.channel.as_str()),
        ];
        debug_assert!(
            all.iter().all(|is_set| *is_set),
            "a fact is not in the table: {all:?}"
        );
        facts
    }

    fn of_message(&self, facts: &mut Facts) -> bool {
        let content = self.written.content;
        let attachments = content.attachments.iter().map(|file| file.kind.to_string());
        let attachments: Vec<String> = attachments.collect();
        facts.set("message.text", content.text.as_deref().unwrap_or(""))
            & facts.set(
                "message.private",
                self.written.visibility == Visibility::Private,
            )
            & facts.set("message.attachments", attachments)
            & facts.set_known("message.language", language(self.written.findings))
            & facts.set_known("message.addressed", self.written.addressed)
            & facts.set_known("message.payload", content.payload.as_deref())
            & facts.set("message.answers", self.written.answers)
            & facts.set("message.edited", self.written.edited)
    }

    fn of_thread(&self, facts: &mut Facts) -> bool {
        let mut contacts = self.interaction.contacts();
        if !contacts.contains(&self.written.contact) {
            contacts.push(self.written.contact);
        }
        let participants = i64::try_from(contacts.len()).unwrap_or(i64::MAX);
        let age = self.thread_since.map(|since| seconds(since, self.now));
        facts.set_known("thread.age", age) & facts.set("thread.participants", participants)
    }

    fn of_author(&self, facts: &mut Facts) -> bool {
        let told = self
            .written
            .author
            .and_then(|author| author.profile.as_ref());
        // What the hub has learned of them before counts where the message says nothing.
        let own = self.written.author.is_none_or(|author| {
            let identity = self.contact.and_then(|c| c.identity(self.written.channel));
            identity.is_some_and(|identity| identity.id == author.identity.id)
        });
        let known = self
            .contact
            .filter(|_| own)
            .and_then(|contact| contact.identity(self.written.channel))
            .and_then(|identity| identity.profile.as_ref());
        let both = || told.into_iter().chain(known);
        facts.set_known(
            "author.name",
            both().find_map(|p| p.display_name.as_deref()),
        ) & facts.set_known("author.handle", both().find_map(|p| p.handle.as_deref()))
            & facts.set_known(
                "author.followers",
                both()
                    .find_map(|p| p.followers)
                    .map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
            )
            & facts.set_known("author.verified", both().find_map(|p| p.verified))
            & facts.set_known("author.follows_us", both().find_map(|p| p.follows_us))
    }

    fn of_contact(&self, facts: &mut Facts) -> bool {
        let Some(contact) = self.contact else {
            return true;
        };
        let age = self.now.duration_since(contact.created_at).as_hours() / 24;
        facts.set("contact.attributes", attributes(&contact.attributes))
            & facts.set("contact.known", self.is_known)
            & facts.set("contact.age_days", age.max(0))
            & facts.set(
                "contact.opted_in",
                contact.opt_in(self.written.channel).is_some(),
            )
            & facts.set("contact.messages", i64::from(self.earlier.messages))
            & facts.set_known(
                "contact.last_agent",
                self.earlier.last_agent.as_ref().map(AgentId::as_str),
            )
    }

    fn of_interaction(&self, facts: &mut Facts) -> bool {
        let interaction = self.interaction;
        let labels: Vec<String> = interaction.marks.labels.iter().cloned().collect();
        facts.set("interaction.new", self.written.begins.is_some())
            & facts.set("interaction.queue", interaction.queue.as_str())
            & facts.set("interaction.state", interaction.state.name())
            & facts.set("interaction.labels", labels)
            & facts.set(
                "interaction.attributes",
                attributes(&interaction.marks.attributes),
            )
            & facts.set("interaction.messages", i64::from(interaction.inbound_count))
            & facts.set(
                "interaction.waited",
                interaction
                    .waiting_since
                    .map_or(0, |since| seconds(since, self.now)),
            )
            & facts.set("interaction.age", seconds(interaction.created_at, self.now))
            & facts.set(
                "interaction.agent_answered",
                interaction.answered_at.is_some(),
            )
    }

    fn of_analyzers(&self, facts: &mut Facts) -> bool {
        let mut scores = BTreeMap::new();
        let mut labels = BTreeSet::new();
        // Of two analyzers that measure the same, the first counts.
        for finding in self.written.findings {
            for score in finding
                .scores
                .iter()
                .filter(|score| score.value.is_finite())
            {
                scores
                    .entry(score.name.clone())
                    .or_insert(Fact::Double(score.value));
            }
            labels.extend(finding.labels.iter().map(|label| label.name.clone()));
        }
        let labels: Vec<String> = labels.into_iter().collect();
        let spotted = self.written.findings.iter();
        let spotted = spotted.filter(|finding| by_keywords(finding));
        let keywords = spotted.flat_map(|finding| finding.labels.iter().map(|l| l.name.clone()));
        let keywords: BTreeSet<String> = keywords.collect();
        let keywords: Vec<String> = keywords.into_iter().collect();
        facts.set("scores", Fact::Map(scores))
            & facts.set("labels", labels)
            & facts.set("keywords", keywords)
    }

    fn of_time(&self, facts: &mut Facts) -> bool {
        let (local, standing) = match self.hours {
            Some((hours, standing)) => (hours.local(self.now), Some(standing)),
            None => ((*self.now).to_zoned(jiff::tz::TimeZone::UTC), None),
        };
        let weekday = local.strftime("%A").to_string().to_lowercase();
        facts.set("now.date", local.date().to_string())
            & facts.set("now.weekday", weekday)
            & facts.set("now.hour", i64::from(local.hour()))
            & facts.set("now.minute", i64::from(local.minute()))
            & facts.set("hours.open", standing.is_none_or(|standing| standing.open))
            & facts.set(
                "hours.reason",
                standing.map_or("", |standing| standing.reason.name()),
            )
            & facts.set_known(
                "hours.special_day",
                standing.and_then(|standing| standing.special_day.clone()),
            )
    }
}

fn seconds(since: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(since).as_secs().max(0)
}

/// Whether the bundled analyzer for keywords gave it. A finding names its plug-in with the version.
fn by_keywords(finding: &Finding) -> bool {
    let plugin = finding.plugin.as_deref().unwrap_or_default();
    plugin.split_whitespace().next() == Some("keywords")
}

fn attributes(attributes: &BTreeMap<String, Attribute>) -> Fact {
    let fact = |attribute: &Attribute| match attribute {
        Attribute::Text(text) => Some(Fact::Text(text.clone())),
        Attribute::Number(number) => number.is_finite().then_some(Fact::Double(*number)),
        Attribute::Boolean(truth) => Some(Fact::Bool(*truth)),
        Attribute::Date(_) => Some(Fact::Text(attribute.to_string())),
    };
    let all = attributes.iter();
    Fact::Map(
        all.filter_map(|(name, value)| Some((name.clone(), fact(value)?)))
            .collect(),
    )
}
