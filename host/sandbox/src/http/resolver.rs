//! Name resolution that gives public addresses only.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;

/// The name leads only to addresses that are not public.
#[derive(Debug, thiserror::Error)]
#[error("{0} leads to an address that is not public, and was not granted as private")]
pub(super) struct NotPublic(pub(super) String);

/// Resolves names with the system's resolver and leaves out what is not public. What it gives is
/// what is connected to, so a name that changes its address in between gains nothing.
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic(name.as_str().to_owned()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}
