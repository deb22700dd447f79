//! What holds in a site where its file says nothing.

use linecard_model::QueueId;
use linecard_model::hours::{CalendarConfig, HoursConfig};
use linecard_model::plugin::PluginTrust;
use linecard_model::rights::RoleConfig;
use linecard_model::routing::{MediaType, QueueSettings, RoutingSettings};
use linecard_model::rule::AutomaticConfig;
use linecard_model::site::{
    AgentConfig, ChannelConfig, GroupConfig, KeyConfig, LastAgentConfig, QueueConfig, SiteConfig,
    SiteRetention, StationConfig,
};
use linecard_model::spend::SpendConfig;
use linecard_site::channels::PROBE_EVERY;
use serde_json::{Value, json};

/// The defaults, in the form of the file; those of what has a name of its own under `*`.
pub(super) fn defaults() -> anyhow::Result<Value> {
    let routing = RoutingSettings::default();
    let slots = MediaType::ALL.map(|kind| (kind, RoutingSettings::builtin_slots(kind)));
    let mut site = serde_json::to_value(SiteConfig::default())?;
    site["retention"] = serde_json::to_value(SiteRetention::default())?;
    site["routing"]["slots"] = serde_json::to_value(std::collections::BTreeMap::from(slots))?;
    site["routing"]["not_ready_reasons"] = json!(routing.not_ready_reasons);
    site["routing"]["desktop_grace_seconds"] = json!(routing.desktop_grace_seconds);
    site["routing"]["over_limit"] = json!(routing.over_limit);
    site["routing"]["external_seconds"] = json!(routing.external_seconds);
    let mut queue = serde_json::to_value(QueueConfig::default())?;
    // What the router takes when the file leaves it out.
    let usual = serde_json::to_value(QueueSettings::new(QueueId::new("q")?))?;
    for key in [
        "offer_timeout_seconds",
        "exclusion_seconds",
        "disposition_codes",
        "service_level_seconds",
        "direct_wait_seconds",
        "park_seconds",
    ] {
        queue[key] = usual[key].clone();
    }
    let least = json!({"plugin": "p", "queue": "q"});
    let mut channel = serde_json::to_value(serde_json::from_value::<ChannelConfig>(least)?)?;
    for its_own in ["plugin", "queue", "config"] {
        channel[its_own].take();
    }
    channel["comments"] = serde_json::to_value(linecard_model::site::CommentsConfig::default())?;
    channel["reopen_hours"] = json!(0);
    channel["last_agent"] = serde_json::to_value(LastAgentConfig::default())?;
    channel["probe_every_seconds"] = json!(PROBE_EVERY);
    channel["spend"] = serde_json::to_value(SpendConfig::default())?;
    site["queues"] = json!({ "*": queue });
    site["agents"] = json!({ "*": AgentConfig::default() });
    site["roles"] = json!({ "*": RoleConfig::default() });
    site["groups"] = json!({ "*": GroupConfig::default() });
    site["stations"] = json!({ "*": StationConfig::default() });
    site["keys"] = json!({ "*": KeyConfig::default() });
    site["analyzers"] = json!({ "*": {} });
    site["automatic"] = serde_json::to_value(AutomaticConfig::default())?;
    site["plugins"] = serde_json::to_value(PluginTrust::default())?;
    let mut hours = serde_json::to_value(HoursConfig::default())?;
    hours["zone"].take();
    hours["everywhere"] = json!(false);
    hours["calendars"] = json!({ "*": CalendarConfig::default() });
    site["hours"] = json!({ "*": hours });
    site["channels"] = json!({ "*": channel });
    Ok(site)
}
