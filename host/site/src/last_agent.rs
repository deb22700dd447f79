//! Back to the agent who had the customer's previous interaction.

use std::time::Duration;

use linecard_model::interaction::Interaction;
use linecard_model::routing::RoutingStep;
use linecard_model::site::LastAgentMode;
use linecard_store::StoreError;

use super::run::Batch;
use super::state::newest;

/// How many of a contact's messages are looked at to find the interaction before.
const LOOK_BACK: usize = 20;

/// The step in which a new interaction waits for the agent who had the one before, if the channel's
/// window is still open.
pub(super) async fn last_agent(
    batch: &mut Batch<'_>,
    new: &Interaction,
) -> Result<Option<RoutingStep>, StoreError> {
    let Some(channel) = batch.state.config.channels.get(&new.channel) else {
        return Ok(None);
    };
    let config = channel.last_agent.clone();
    if config.mode == LastAgentMode::Off || config.window_hours == 0 {
        return Ok(None);
    }
    let said = batch.work.history(new.contact, newest(LOOK_BACK)).await?;
    let before = said.iter().find(|message| {
        message.channel == new.channel
            && message.interaction != new.id
            && !message.interaction.is_none()
    });
    let Some(before) = before.map(|message| message.interaction) else {
        return Ok(None);
    };
    let Some(before) = batch.work.interaction(before).await? else {
        return Ok(None);
    };
    let window = Duration::from_secs(u64::from(config.window_hours) * 3_600);
    let is_open = before
        .ended_at
        .is_some_and(|ended| ended + window > batch.at);
    let is_of_queue = config.mode == LastAgentMode::AnyQueue || before.queue == new.queue;
    let Some(agent) = before.last_agent.clone().filter(|_| is_open && is_of_queue) else {
        return Ok(None);
    };
    Ok(Some(RoutingStep::agent(
        agent,
        config.wait_seconds.max(1),
        true,
    )))
}
