//! The templates of the channels that have some: read when a channel begins to work, every hour, and soon after
//! something says that they changed. Nothing waits for it; what is not known is left to the network.

use std::sync::Arc;
use std::time::Duration;

use linecard_model::ChannelId;
use linecard_model::Timestamp;
use linecard_model::platform::{Event, EventKind};
use linecard_site::channels::ChannelRuntime;
use linecard_site::retries::backoff;
use linecard_site::told::Told;
use tracing::warn;

/// How long what was read is taken for right.
const EVERY: Duration = Duration::from_hours(1);
/// The shortest pause between two readings, however often they are asked for.
const SHORTEST: Duration = Duration::from_secs(5);
/// The longest wait after a failure.
const LONGEST: Duration = Duration::from_mins(10);

/// Reads a channel's templates again and again.
pub(crate) async fn read(told: Told, channel: Arc<ChannelRuntime>) {
    let wanted = told.wanted_templates(&channel.id);
    let mut failures = 0_u32;
    loop {
        let answer = channel.connector.templates(&channel.context).await;
        let answer = match answer {
            Ok(answer) => answer.map_err(|failure| failure.to_string()),
            Err(fault) => Err(fault.to_string()),
        };
        let pause = match answer {
            Ok(list) => {
                failures = 0;
                told.templates_read(&channel.id, list, Timestamp::now());
                EVERY
            }
            Err(problem) => {
                failures = failures.saturating_add(1);
                let is_news = told.templates_unread(&channel.id, problem.clone());
                if is_news {
                    warn!(channel = %channel.id, problem, "the channel's templates cannot be read; they are left to the network");
                }
                let pause = Duration::try_from(backoff(failures)).unwrap_or(SHORTEST);
                pause.clamp(SHORTEST, LONGEST)
            }
        };
        // Whoever asks meanwhile is heard after it: one reading serves all who asked.
        tokio::time::sleep(SHORTEST).await;
        let rest = pause.saturating_sub(SHORTEST);
        // Either way it is read again.
        let _ = tokio::time::timeout(rest, wanted.notified()).await;
    }
}

/// Has the templates read again if a network tells something about them.
pub(crate) fn heard(told: &Told, channel: &ChannelId, events: &[Event]) {
    let is_about_templates =
        |event: &Event| matches!(&event.kind, EventKind::Other(name) if name.contains("template"));
    if events.iter().any(is_about_templates) {
        told.want_templates(channel);
    }
}
