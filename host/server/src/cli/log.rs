//! Sets the log up.

use crate::config::{LogConfig, LogFormat, log_filter};

/// From here on, what happens is logged to standard error.
pub(super) fn start(config: &LogConfig) -> anyhow::Result<()> {
    let filter = log_filter(&config.level).map_err(anyhow::Error::msg)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let result = match config.format {
        LogFormat::Text => {
            let colors = std::io::IsTerminal::is_terminal(&std::io::stderr());
            builder.with_ansi(colors).try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    result.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))
}
