//! What Graph tells when asked: names, files, and whether the token works.

use linecard_graph::ids::UNNAMED;
use linecard_graph::inspect::{self, Scope, Subscription};
use linecard_graph::lookup;
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::{Finding, StoredMedia};
use linecard_sdk::events::{Attachment, Identity, Profile};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::time;

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

/// What the token must be allowed to do.
const SCOPES: [Scope; 6] = [
    Scope::essential("pages_read_engagement", "posts and comments cannot be read"),
    Scope::essential(
        "pages_read_user_content",
        "what people write on the page cannot be read",
    ),
    Scope::essential(
        "pages_manage_engagement",
        "comments cannot be answered, liked or hidden",
    ),
    Scope::essential(
        "pages_manage_metadata",
        "the page's webhook cannot be registered",
    ),
    Scope::useful("pages_manage_posts", "posts cannot be published"),
    Scope::useful("pages_messaging", "comments cannot be answered privately"),
];

/// Asks whom the token stands for, which must be the channel's page, and how the page is set up.
pub fn probe(config: &Config) -> Result<Vec<Finding>, Failure> {
    lookup::probe(config.api(), "me", "id", &config.page_id, "page_id")?;
    let mut findings: Vec<Finding> = inspect::version(&config.graph_version, time::now())
        .into_iter()
        .collect();
    let where_to = "Meta for Developers: Tools, Graph API Explorer.";
    let (token, app) = inspect::token(config.api(), &SCOPES, where_to);
    findings.extend(token);
    let wanted = Subscription {
        node: &config.page_id,
        essential: &["feed"],
        useful: &[],
        polls: config.poll,
    };
    findings.extend(inspect::subscription(config.api(), app.as_deref(), wanted));
    Ok(findings)
}
