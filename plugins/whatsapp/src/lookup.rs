//! What Graph tells when asked: files, and whether the token works for the number.

use linecard_graph::inspect::{self, Scope, Subscription};
use linecard_graph::lookup;
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::{Finding, StoredMedia};
use linecard_sdk::events::Attachment;
use linecard_sdk::http::{Call, Request};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::time;

use crate::config::{Config, TOKEN};
use crate::content::sha256_hex;
use crate::refusals::call;

/// Fetches a file: its id is turned into an address, which is good for about five minutes and wants
/// the token too. Only granted hosts get it.
pub fn media(config: &Config, attachment: &Attachment) -> Result<StoredMedia, Failure> {
    let Some(id) = &attachment.media_id else {
        return Err(Failure::unsupported("WhatsApp names files by a media id"));
    };
    let number = [("phone_number_id", config.phone_number_id.as_str())];
    let request = Request::get(config.api().url(&[id], &number));
    let media = call(config, request, Call::Repeatable, 1)?.content.value();
    let Some(url) = media.text("url") else {
        return Err(Failure::Transient(
            "WhatsApp named no address for the file".to_owned(),
        ));
    };
    let response = Request::get(&url)
        .auth(TOKEN)
        .store_body()
        .send(Call::Repeatable)?;
    if matches!(response.status, 404 | 410) {
        return Err(Failure::Transient(
            "Meta's address of the file is no longer valid; a new one is asked for".to_owned(),
        ));
    }
    let response = response.success(Call::Repeatable)?;
    let stored = StoredMedia::from_response(&response)
        .ok_or_else(|| Failure::Transient("the host stored no file".to_owned()))?;
    let told = media.text("sha256").as_deref().and_then(sha256_hex);
    match told.or_else(|| attachment.sha256.clone()) {
        Some(told) if told != stored.sha256 => Err(Failure::Transient(format!(
            "the file does not have the checksum that WhatsApp told: {told}, not {}",
            stored.sha256
        ))),
        _ => Ok(stored),
    }
}

/// What the token must be allowed to do.
const SCOPES: [Scope; 2] = [
    Scope::essential(
        "whatsapp_business_messaging",
        "nothing can be sent or fetched",
    ),
    Scope::essential(
        "whatsapp_business_management",
        "templates and the webhook cannot be looked at",
    ),
];

/// Asks for the number with the token, and how number and account are set up.
pub fn probe(config: &Config) -> Result<Vec<Finding>, Failure> {
    lookup::probe(
        config.api(),
        &config.phone_number_id,
        "id,display_phone_number,verified_name,quality_rating",
        &config.phone_number_id,
        "phone_number_id",
    )?;
    let mut findings: Vec<Finding> = inspect::version(&config.graph_version, time::now())
        .into_iter()
        .collect();
    let where_to = "Business settings: Users, System users, Generate token.";
    let (token, app) = inspect::token(config.api(), &SCOPES, where_to);
    findings.extend(token);
    let wanted = Subscription {
        node: &config.waba_id,
        essential: &[],
        useful: &[],
        polls: false,
    };
    findings.extend(inspect::subscription(config.api(), app.as_deref(), wanted));
    Ok(findings)
}
