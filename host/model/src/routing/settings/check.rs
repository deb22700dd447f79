//! Whether settings make sense together.

use std::collections::BTreeSet;

use super::{QueueSettings, RoutingSettings, WrapUpPolicy};
use crate::routing::MediaType;
use crate::{AgentId, GroupId, QueueId, SkillId};

impl RoutingSettings {
    /// Whether the settings make sense together. The first thing that does not is named.
    pub fn check(&self) -> Result<(), SettingsError> {
        let mut agents = BTreeSet::new();
        for agent in &self.agents {
            if !agents.insert(&agent.id) {
                return Err(SettingsError::DuplicateAgent(agent.id.clone()));
            }
            let mut skills = BTreeSet::new();
            for level in &agent.skills {
                if !skills.insert(&level.skill) {
                    return Err(SettingsError::DuplicateSkill {
                        agent: agent.id.clone(),
                        skill: level.skill.clone(),
                    });
                }
                if !(1..=100).contains(&level.proficiency) {
                    return Err(SettingsError::Proficiency {
                        agent: agent.id.clone(),
                        skill: level.skill.clone(),
                        value: level.proficiency,
                    });
                }
            }
        }
        let mut groups = BTreeSet::new();
        for group in &self.groups {
            if !groups.insert(&group.id) {
                return Err(SettingsError::DuplicateGroup(group.id.clone()));
            }
            if let Some(stranger) = group.members.iter().find(|id| !agents.contains(id)) {
                return Err(SettingsError::UnknownGroupMember {
                    group: group.id.clone(),
                    agent: stranger.clone(),
                });
            }
        }
        self.check_percent()?;
        let mut queues = BTreeSet::new();
        let all: BTreeSet<&QueueId> = self.queues.iter().map(|queue| &queue.id).collect();
        for queue in &self.queues {
            queue.check_steps(&agents, &groups)?;
            queue.check_overflow(&all)?;
            if !queues.insert(&queue.id) {
                return Err(SettingsError::DuplicateQueue(queue.id.clone()));
            }
            if let Some(stranger) = queue.members.iter().find(|id| !agents.contains(id)) {
                return Err(SettingsError::UnknownMember {
                    queue: queue.id.clone(),
                    agent: stranger.clone(),
                });
            }
            if queue.offer_timeout_seconds == 0 {
                return Err(SettingsError::OfferTimeout(queue.id.clone()));
            }
            match &queue.wrap_up {
                WrapUpPolicy::Timed { default_code, .. }
                    if !queue.disposition_codes.contains(default_code) =>
                {
                    return Err(SettingsError::DefaultCode {
                        queue: queue.id.clone(),
                        code: default_code.clone(),
                    });
                }
                WrapUpPolicy::Mandatory if queue.disposition_codes.is_empty() => {
                    return Err(SettingsError::NoCodes(queue.id.clone()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl RoutingSettings {
    fn check_percent(&self) -> Result<(), SettingsError> {
        let of_queues = self
            .queues
            .iter()
            .map(|q| (format!("queue {}", q.id), &q.percent));
        let of_agents = self
            .agents
            .iter()
            .map(|a| (format!("agent {}", a.id), &a.percent));
        let site = std::iter::once(("the site".to_owned(), &self.percent));
        for (of, shares) in site.chain(of_queues).chain(of_agents) {
            if let Some((media_type, value)) = shares.iter().find(|(_, value)| **value > 100) {
                return Err(SettingsError::Percent {
                    of,
                    media_type: *media_type,
                    value: *value,
                });
            }
        }
        Ok(())
    }
}

impl QueueSettings {
    fn check_steps(
        &self,
        agents: &BTreeSet<&AgentId>,
        groups: &BTreeSet<&GroupId>,
    ) -> Result<(), SettingsError> {
        if let Some(group) = self.groups.iter().find(|id| !groups.contains(id)) {
            return Err(SettingsError::UnknownGroup {
                queue: self.id.clone(),
                group: group.clone(),
            });
        }
        for (number, step) in self.steps.iter().enumerate() {
            let wrong = |what: String| SettingsError::Step {
                queue: self.id.clone(),
                number: number + 1,
                what,
            };
            if !step.agents.is_empty() && step.group.is_some() {
                return Err(wrong("give agents or a group, not both".into()));
            }
            if let Some(agent) = step.agents.iter().find(|id| !agents.contains(id)) {
                return Err(wrong(format!("there is no agent {agent}")));
            }
            if let Some(group) = step.group.iter().find(|id| !groups.contains(id)) {
                return Err(wrong(format!("there is no group {group}")));
            }
            let proficiency = step.skills.iter().flatten().find_map(|need| {
                need.min_proficiency
                    .filter(|value| !(1..=100).contains(value))
                    .map(|value| (&need.skill, value))
            });
            if let Some((skill, value)) = proficiency {
                return Err(wrong(format!(
                    "skill {skill}: minimum proficiency {value} is not between 1 and 100"
                )));
            }
            match step.seconds {
                Some(0) => return Err(wrong("seconds must be at least 1".into())),
                None if number + 1 < self.steps.len() => {
                    return Err(wrong(
                        "it has no seconds, so the steps after it never begin".into(),
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_overflow(&self, queues: &BTreeSet<&QueueId>) -> Result<(), SettingsError> {
        for (number, rule) in self.overflow.iter().enumerate() {
            let wrong = |what: String| SettingsError::Overflow {
                queue: self.id.clone(),
                number: number + 1,
                what,
            };
            if !queues.contains(&rule.to) {
                return Err(wrong(format!("there is no queue {}", rule.to)));
            }
            if rule.after_seconds.is_none()
                && rule.estimate_over_seconds.is_none()
                && rule.service_level_below.is_none()
            {
                return Err(wrong(
                    "give after_seconds, estimate_over_seconds or service_level_below".into(),
                ));
            }
            if let Some(percent) = rule.service_level_below.filter(|p| !(1..=100).contains(p)) {
                return Err(wrong(format!(
                    "service_level_below {percent} is not between 1 and 100"
                )));
            }
        }
        Ok(())
    }
}

/// Why settings do not make sense together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Two agents with one identifier.
    #[error("agent {0} is set up twice: remove one of them")]
    DuplicateAgent(AgentId),
    /// Two queues with one identifier.
    #[error("queue {0} is set up twice: remove one of them")]
    DuplicateQueue(QueueId),
    /// An agent has a skill twice.
    #[error("agent {agent} has skill {skill} twice: keep one proficiency")]
    DuplicateSkill {
        /// The agent.
        agent: AgentId,
        /// The skill.
        skill: SkillId,
    },
    /// A proficiency out of range.
    #[error("agent {agent}, skill {skill}: proficiency {value} is not between 1 and 100")]
    Proficiency {
        /// The agent.
        agent: AgentId,
        /// The skill.
        skill: SkillId,
        /// What was given.
        value: u8,
    },
    /// A queue's member is not an agent of the site.
    #[error(
        "queue {queue} has member {agent}, who is not among the agents: add the agent or remove the member"
    )]
    UnknownMember {
        /// The queue.
        queue: QueueId,
        /// The member.
        agent: AgentId,
    },
    /// Two groups with one identifier.
    #[error("group {0} is set up twice: remove one of them")]
    DuplicateGroup(GroupId),
    /// A group's member is not an agent of the site.
    #[error(
        "group {group} has member {agent}, who is not among the agents: add the agent or remove the member"
    )]
    UnknownGroupMember {
        /// The group.
        group: GroupId,
        /// The member.
        agent: AgentId,
    },
    /// A queue names a group that there is not.
    #[error("queue {queue} has the group {group}, which there is not: add the group or remove it")]
    UnknownGroup {
        /// The queue.
        queue: QueueId,
        /// The group.
        group: GroupId,
    },
    /// A percentage out of range.
    #[error("{of}: {value} percent for {media_type} is more than 100")]
    Percent {
        /// The site, a queue or an agent.
        of: String,
        /// The media type.
        media_type: MediaType,
        /// What was given.
        value: u8,
    },
    /// A routing step that cannot be.
    #[error("queue {queue}, step {number}: {what}")]
    Step {
        /// The queue.
        queue: QueueId,
        /// Which step; 1 is the first.
        number: usize,
        /// What is wrong.
        what: String,
    },
    /// An overflow rule that cannot be.
    #[error("queue {queue}, overflow rule {number}: {what}")]
    Overflow {
        /// The queue.
        queue: QueueId,
        /// Which rule; 1 is the first.
        number: usize,
        /// What is wrong.
        what: String,
    },
    /// An offer that nobody could accept.
    #[error("queue {0}: offer_timeout_seconds must be at least 1")]
    OfferTimeout(QueueId),
    /// The default code of a timed wrap-up is not one of the queue's codes.
    #[error("queue {queue}: the default code \"{code}\" is not among its disposition_codes")]
    DefaultCode {
        /// The queue.
        queue: QueueId,
        /// The code.
        code: String,
    },
    /// A code is mandatory, but there is none to choose.
    #[error("queue {0}: wrap-up is mandatory, but disposition_codes is empty")]
    NoCodes(QueueId),
}
