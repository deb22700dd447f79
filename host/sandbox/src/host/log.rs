//! `log`: lines for the operator.

use crate::bindings::connector::linecard::plugin::log;
use crate::error::{Limit, LimitBreach};
use crate::instance::{CallState, Capability};

/// The longest line, in bytes. What is longer is cut.
const MAX_LINE: usize = 4 << 10;

impl log::Host for CallState {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.count_host_call()?;
        if matches!(self.capability, Capability::Nothing) {
            return Ok(());
        }
        let limits = &self.shared.limits;
        self.usage.log_lines = self.usage.log_lines.saturating_add(1);
        if self.usage.log_lines > limits.log_lines {
            return Err(LimitBreach::new(Limit::LogLines, limits.log_lines).into());
        }
        self.usage.log_bytes = self.usage.log_bytes.saturating_add(message.len());
        if self.usage.log_bytes > limits.log_bytes {
            return Err(LimitBreach::new(Limit::LogBytes, limits.log_bytes).into());
        }
        let line = one_line(&message);
        let plugin = self.shared.name.plugin.as_str();
        let version = self.shared.name.version.as_str();
        let call = tracing::field::display(self.mark.id);
        let channel = self
            .capability
            .channel()
            .map_or("", |channel| channel.id.as_str());
        match level {
            log::Level::Debug => {
                tracing::debug!(target: "linecard::plugin", plugin, version, channel, call, "{line}");
            }
            log::Level::Info => {
                tracing::info!(target: "linecard::plugin", plugin, version, channel, call, "{line}");
            }
            log::Level::Warn => {
                tracing::warn!(target: "linecard::plugin", plugin, version, channel, call, "{line}");
            }
            log::Level::Error => {
                tracing::error!(target: "linecard::plugin", plugin, version, channel, call, "{line}");
            }
        }
        Ok(())
    }
}

/// The message without control characters, which could forge lines or drive a terminal, and cut at a
/// character's boundary.
pub(crate) fn one_line(message: &str) -> String {
    let end = message.floor_char_boundary(MAX_LINE);
    message
        .get(..end)
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{MAX_LINE, one_line};

    #[test]
    fn a_line_cannot_forge_another_and_is_cut_between_characters() {
        assert_eq!(one_line("a\nERROR b\u{1b}[2J"), "a ERROR b [2J");
        let cut = one_line(&"é".repeat(MAX_LINE));
        assert_eq!(cut.len(), MAX_LINE);
        assert_eq!(
            one_line(&format!("a{}", "é".repeat(MAX_LINE))).len(),
            MAX_LINE - 1
        );
    }
}
