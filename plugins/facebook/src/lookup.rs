//! What Graph tells when asked: names, files, and whether the token works.

use linecard_graph::ids::UNNAMED;
use linecard_graph::lookup;
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::StoredMedia;
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::json::Lenient as _;

use crate::config::Config;

/// A person's name. Facebook rarely tells more about a commenter than the webhook has told.
pub fn profile(config: &Config, identity: &Identity) -> Result<Option<Profile>, Failure> {
    if identity.id.starts_with(UNNAMED) || identity.id == config.page_id {
        return Ok(None);
    }
    let user = lookup::person(config.api(), &identity.id, "name")?;
    let name = user.and_then(|user| user.text("name"));
    Ok(name.map(Profile::named))
}

/// Fetches a file by its address.
pub fn media(attachment: &Attachment) -> Result<StoredMedia, Failure> {
    match &attachment.url {
        Some(url) => lookup::file(url),
        None => Err(Failure::unsupported(
            "Facebook gave no URL for this attachment; open the post on Facebook",
        )),
    }
}

/// Asks whom the token stands for: it must be the channel's page.
pub fn probe(config: &Config) -> Result<(), Failure> {
    lookup::probe(config.api(), "me", "id", &config.page_id, "page_id")
}
