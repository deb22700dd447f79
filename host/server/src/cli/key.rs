//! Ways back in for whoever has access to the machine.

use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use linecard_model::rights::Rights;
use linecard_site::channels::Channels;
use linecard_site::{Actor, Request, Site, SiteOptions};
use linecard_store::Store;

use super::options::ConfigOptions;
use super::{admin_key, say, storage};

/// Which key.
#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Make a new administrator's key for a data folder on which no hub runs, such as one that was
    /// restored or whose passwords are lost. A former one counts no more
    Administrator,
}

impl Key {
    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        match self {
            Self::Administrator => administrator(options).await,
        }
    }
}

async fn administrator(options: &ConfigOptions) -> anyhow::Result<()> {
    let config = options.load()?;
    // Opening the store fails while a hub runs on it.
    let (_, store) = storage::open(options)?;
    let store: Arc<dyn Store> = Arc::new(store);
    let file = admin_key::file(&config.data);
    let was_there = admin_key::read(&config.data)?.is_some();
    let site = Site::start(SiteOptions {
        id: config.site.0.clone(),
        store: Arc::clone(&store),
        channels: Channels::default(),
        render: linecard_api::render,
    })
    .await?;
    // Nothing is made that is not on record.
    let request = Request::Vault {
        entries: Vec::new(),
        audit: Some(("key.administrator".to_owned(), "admin-key".to_owned()).into()),
    };
    let audited = site.handle.request(command_line(), request, None).await;
    site.handle.stop().await;
    store.close().await?;
    audited.context("the audit log cannot be written, so no key was made")?;
    admin_key::create(&config.data)?;
    let former = if was_there {
        "The key that was there counts no more. "
    } else {
        ""
    };
    say(&format!(
        "A new administrator's key is in {}. {former}It counts from the next start of the hub on; \
         `linecard apply` uses it, and calls of the API take it as `Authorization: Bearer`. Delete the file \
         once there is another administrator. The audit log has it as `key.administrator`.",
        file.display()
    ));
    Ok(())
}

/// Who does what is done by a command on the machine.
pub(super) fn command_line() -> Actor {
    Actor {
        name: "command-line".to_owned(),
        rights: Rights::all(),
        agent: None,
    }
}
