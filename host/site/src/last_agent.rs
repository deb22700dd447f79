//! Back to the agent who had the customer's previous interaction.

use std::time::Duration;

use linecard_model::interaction::Interaction;
use linecard_model::routing::RoutingStep;
use linecard_model::site::LastAgentMode;

use super::run::Batch;

/// The step in which an interaction that is to be queued waits for the agent who had the one before, if
/// the channel's window is still open.
pub(super) fn last_agent(
    batch: &Batch<'_>,
    new: &Interaction,
    before: &Interaction,
) -> Option<RoutingStep> {
    let config = &batch.state.config.channels.get(&new.channel)?.last_agent;
    let window = Duration::from_secs(u64::from(config.window_hours) * 3_600);
    let is_open = before.ended_at? + window > batch.at;
    let is_wanted = match config.mode {
        LastAgentMode::AnyQueue => true,
        LastAgentMode::SameQueue => before.queue == new.queue,
        LastAgentMode::Off => false,
    };
    let agent = before.last_agent.clone();
    let agent = agent.filter(|_| is_open && is_wanted)?;
    let wait = config.wait_seconds.max(1);
    Some(RoutingStep::agent(agent, wait, true))
}
