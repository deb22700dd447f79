//! What rules would make of messages that were recorded.

use std::collections::BTreeMap;
use std::sync::Arc;

use linecard_model::contact::Contact;
use linecard_model::desk::Marks;
use linecard_model::interaction::Interaction;
use linecard_model::manifest::Visibility;
use linecard_model::message::Message;
use linecard_model::routing::{InteractionState, MediaType};
use linecard_model::rule::RuleOccasion;
use linecard_model::site::SiteConfig;
use linecard_model::{ChannelId, Timestamp};
use linecard_rules::{Decision, Occasion, RuleSet};

use super::super::state::SiteState;
use super::judge::{Scene, Written, corrected, network_of};
use super::{Automatic, Earlier};

/// The rules and hours in force, and what else facts are made of: apart from the site's task, so that trying
/// rules holds nobody up.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    automatic: Arc<Automatic>,
    config: Arc<SiteConfig>,
    networks: BTreeMap<ChannelId, String>,
}

/// A customer's message that was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The message.
    pub message: Message,
    /// Who wrote it.
    pub contact: Option<Contact>,
    /// What was exchanged with them before.
    pub earlier: Earlier,
    /// Its interaction as it is now; `None` if the message was dropped.
    pub interaction: Option<Interaction>,
    /// Whether the interaction began with it.
    pub begins: bool,
    /// When it was recorded.
    pub at: Timestamp,
}

impl SiteState {
    /// What is needed to try rules.
    pub fn rehearsal(&self) -> Rehearsal {
        let channels = self.config.channels.keys();
        let networks = channels.map(|id| (id.clone(), network_of(self, id)));
        Rehearsal {
            automatic: Arc::clone(&self.automatic),
            config: Arc::clone(&self.config),
            networks: networks.collect(),
        }
    }
}

impl Rehearsal {
    /// Whether these rules, or those in force, ask for what was exchanged with a contact before a message.
    pub fn asks_for_earlier(&self, others: &RuleSet) -> bool {
        let mut all = [&self.automatic.rules, others].into_iter();
        all.any(|rules| Earlier::is_asked(rules, RuleOccasion::Message))
    }

    /// What the rules in force, and others, make of a message as one that a customer wrote. The facts are
    /// those of the message and of the moment at which it was recorded; what is known of the contact and of
    /// an interaction that had begun before are as they are now. `None` if its channel is gone.
    pub fn decide(&self, others: &RuleSet, recorded: &Recorded) -> Option<(Decision, Decision)> {
        let message = &recorded.message;
        let channel = self.config.channels.get(&message.channel)?;
        let public = message.visibility == Visibility::Public;
        let queue = channel.public_queue.as_ref().filter(|_| public);
        let begins = recorded.begins || recorded.interaction.is_none();
        let interaction = match &recorded.interaction {
            Some(interaction) if !begins => interaction.clone(),
            known => Interaction {
                id: message.interaction,
                contact: message.contact,
                participants: Vec::new(),
                channel: message.channel.clone(),
                thread: message.thread.clone(),
                visibility: message.visibility,
                media_type: known.as_ref().map_or(
                    if public {
                        MediaType::SocialConversation
                    } else {
                        MediaType::SocialDirectMessage
                    },
                    |known| known.media_type,
                ),
                queue: queue.unwrap_or(&channel.queue).clone(),
                skills: Vec::new(),
                priority: 0,
                state: InteractionState::Queued,
                legs: BTreeMap::new(),
                created_at: recorded.at,
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
                marks: Marks::default(),
            },
        };
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
            interaction: message.interaction,
            begins: begins.then_some(&interaction),
            before: &[],
        };
        let seen = self
            .automatic
            .hours_of(&message.channel, &interaction.queue)
            .map(|(_, hours)| (hours, hours.at(recorded.at)));
        let contact = recorded.contact.as_ref();
        let facts = Scene {
            written: &written,
            contact,
            is_known: contact.is_some_and(|contact| contact.created_at < recorded.at),
            earlier: &recorded.earlier,
            interaction: &interaction,
            thread_since: contact
                .filter(|_| !public)
                .map(|contact| contact.created_at),
            network: self
                .networks
                .get(&message.channel)
                .cloned()
                .unwrap_or_default(),
            hours: seen.as_ref().map(|(hours, standing)| (*hours, standing)),
            now: recorded.at,
        }
        .facts();
        let occasion = Occasion {
            on: RuleOccasion::Message,
            after_seconds: None,
            facts: &facts,
            channel: &message.channel,
            public,
            begins,
            moves: begins,
            ends: begins,
        };
        Some((
            self.automatic.rules.decide(occasion),
            others.decide(occasion),
        ))
    }
}
