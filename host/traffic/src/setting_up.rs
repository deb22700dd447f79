//! Registering a channel at its network, and taking it off: when a person asks for it.

use linecard_model::ChannelId;
use linecard_model::platform::{Failure, Step};
use linecard_sandbox::CallError;
use linecard_site::SiteHandle;
use linecard_site::channels::Channels;

/// Why a channel was not set up, or not taken off.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// It is not at work.
    #[error("channel {0} is not at work; GET /api/v1/channels/{0} says why")]
    Away(ChannelId),
    /// Its connector does not do this.
    #[error(
        "the connector of channel {0} registers nothing: follow what its documentation says about the network's own settings"
    )]
    Unsupported(ChannelId),
    /// The connector failed.
    #[error(transparent)]
    Plugin(#[from] CallError),
    /// The network or the connector says why not.
    #[error("{0}")]
    Refused(Failure),
}

/// Registers a channel at its network, or takes it `off`; in a rehearsal it only tells what it would do. What
/// has begun goes to its end, also if whoever asked hangs up.
pub async fn set_up(
    site: &SiteHandle,
    channels: &Channels,
    id: &ChannelId,
    off: bool,
    rehearsal: bool,
) -> Result<Vec<Step>, SetUpError> {
    let channel = channels
        .get(id)
        .ok_or_else(|| SetUpError::Away(id.clone()))?;
    if !channel
        .abilities()
        .is_some_and(|abilities| abilities.sets_up)
    {
        return Err(SetUpError::Unsupported(id.clone()));
    }
    let doing = async move {
        let connector = &channel.connector;
        connector.set_up(&channel.context, off, rehearsal).await
    };
    let done = site
        .supervisor()
        .undivided("setting a channel up", doing)
        .await?;
    done.map_err(SetUpError::Refused)
}
