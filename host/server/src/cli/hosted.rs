//! A whole hub with its HTTP doors in this process, for a command that shows something and ends.

use std::sync::Arc;

use anyhow::Context as _;
use linecard_api::{Doors, ServeError};
use linecard_hub::Hub;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::setup::Surroundings;
use super::{handles, serve};
use crate::config::ServerConfig;

/// A hub at work.
pub(super) struct Hosted {
    pub hub: Arc<Hub>,
    /// Its address.
    pub base: String,
    close: watch::Sender<bool>,
    server: JoinHandle<Result<(), ServeError>>,
}

impl Hosted {
    /// Starts it where the configuration says.
    pub(super) async fn start(config: &ServerConfig, around: Surroundings) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("the hub cannot listen on {}", config.listen))?;
        let base = format!("http://{}", listener.local_addr()?);
        let mut config = config.clone();
        // Networks that are told where the hub is reach it on this machine.
        if config.public_url.is_none() {
            config.public_url = Some(base.parse()?);
        }
        let config = &config;
        let hub = serve::start_in(config, around).await?;
        let (close, closed) = watch::channel(false);
        let doors = Doors {
            tls: None,
            connections: handles::connections(config.http.connections),
        };
        let router = linecard_api::router(Arc::clone(&hub), serve::http_options(config, &hub)?);
        let server = tokio::spawn(linecard_api::serve(listener, router, doors, ended(closed)));
        Ok(Self {
            hub,
            base,
            close,
            server,
        })
    }

    /// Ends it, and closes its store.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        self.hub.site.supervisor().end();
        self.close.send_replace(true);
        self.hub.site.stop().await;
        let served = self.server.await?;
        self.hub.store.close().await?;
        served?;
        Ok(())
    }
}

async fn ended(mut closed: watch::Receiver<bool>) {
    // Without a sender it is over, too.
    let _ = closed.wait_for(|closed| *closed).await;
}
