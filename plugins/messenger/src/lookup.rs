//! What Graph tells when asked: profiles, files, and whether the token works.

use linecard_graph::inspect::{self, Scope, Subscription};
use linecard_graph::lookup;
use linecard_graph::messaging::USER_REF;
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::{Finding, StoredMedia};
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::time;
use serde_json::Value;

use crate::config::Config;

const PROFILE_FIELDS: &str = "first_name,last_name,profile_pic,locale,timezone";

/// Facts about a person. Names need the Business Asset User Profile Access feature: without it, and
/// for people who hide them, there is no profile, which is no failure of the channel.
pub fn profile(config: &Config, identity: &Identity) -> Result<Option<Profile>, Failure> {
    if identity.id.starts_with(USER_REF) || identity.id == config.page_id {
        return Ok(None);
    }
    let user = lookup::person(config.api(), &identity.id, PROFILE_FIELDS)?;
    Ok(user.as_ref().map(read_user))
}

fn read_user(user: &Value) -> Profile {
    let names = ["first_name", "last_name"].map(|name| user.text(name));
    let name: Vec<String> = names.into_iter().flatten().collect();
    #[allow(
        clippy::cast_possible_truncation,
        reason = "checked to lie within one day"
    )]
    let minutes = |hours: f64| (hours.abs() <= 24.0).then_some((hours * 60.0).round() as i32);
    Profile {
        display_name: (!name.is_empty()).then(|| name.join(" ")),
        avatar_url: user.text("profile_pic"),
        locale: user.text("locale").map(|locale| locale.replace('_', "-")),
        // Hours from UTC, with fractions.
        utc_offset_minutes: user.number("timezone").and_then(minutes),
        ..Profile::default()
    }
}

/// Fetches a file by its address; Messenger names none by an id alone.
pub fn media(attachment: &Attachment) -> Result<StoredMedia, Failure> {
    match &attachment.url {
        Some(url) => lookup::file(url),
        None => Err(Failure::unsupported(
            "Messenger gave no URL for this attachment",
        )),
    }
}

/// What the token must be allowed to do.
const SCOPES: [Scope; 2] = [
    Scope::essential("pages_messaging", "messages can be neither read nor sent"),
    Scope::useful(
        "pages_manage_metadata",
        "the page's webhook cannot be registered",
    ),
];

/// Asks whom the token stands for, which must be the channel's page, and how the page is set up.
pub fn probe(config: &Config) -> Result<Vec<Finding>, Failure> {
    lookup::probe(config.api(), "me", "id", &config.page_id, "page_id")?;
    let mut findings: Vec<Finding> = inspect::version(&config.graph_version, time::now())
        .into_iter()
        .collect();
    let where_to = "Meta for Developers: your app, Messenger, Access tokens.";
    let (token, app) = inspect::token(config.api(), &SCOPES, where_to);
    findings.extend(token);
    let wanted = Subscription {
        node: &config.page_id,
        essential: &["messages", "messaging_postbacks"],
        useful: &[
            "message_deliveries",
            "message_reads",
            "message_echoes",
            "message_reactions",
            "message_edits",
            "messaging_referrals",
        ],
        polls: config.backfill,
    };
    findings.extend(inspect::subscription(config.api(), app.as_deref(), wanted));
    Ok(findings)
}
