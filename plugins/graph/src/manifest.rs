//! What the manifests of Meta's connectors share.

use linecard_sdk::manifest::{HostWant, SecretKind, SecretWant};

use crate::webhook::{APP_SECRET, VERIFY_TOKEN};

/// The greatest size of a file, in bytes, on Messenger, Instagram and a page.
pub const FILE_MAX: u64 = 25 * 1024 * 1024;
/// The greatest size of an image, in bytes, on Messenger, Instagram and a page.
pub const IMAGE_MAX: u64 = 8 * 1024 * 1024;

/// The Graph API where the channel's configuration places it, and these hosts.
pub fn hosts(more: &[&str]) -> Vec<HostWant> {
    let graph = HostWant::FromConfig("/base_url".to_owned());
    let more = more.iter().map(|host| HostWant::Exact((*host).to_owned()));
    std::iter::once(graph).chain(more).collect()
}

/// The secrets of a webhook: what signs it, and the word by which Meta verifies its address. The hints
/// say where to find each.
pub fn webhook_secrets(app_secret_hint: &str, verify_token_hint: &str) -> [SecretWant; 2] {
    [
        SecretWant::required(
            APP_SECRET,
            SecretKind::HmacKey,
            "App secret",
            format!(
                "It signs what Meta sends. Meta for Developers: your app, App settings, Basic, App secret{app_secret_hint}"
            ),
        ),
        SecretWant::required(
            VERIFY_TOKEN,
            SecretKind::SharedToken,
            "Verify token",
            format!(
                "A word that you choose and also enter beside the callback URL: your app, {verify_token_hint}"
            ),
        ),
    ]
}
