//! The simulated networks, and a site that is set up for them.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use linecard_simulator::graph::{GraphOptions, GraphSimulator};
use linecard_simulator::open_messaging::{OpenMessagingOptions, OpenMessagingSimulator};
use url::Url;

use crate::Hub;

/// A page with Messenger on channel `page`, and an Open Messaging middleware on channel `web`.
pub struct Networks {
    /// The page's network.
    pub graph: GraphSimulator,
    /// The middleware.
    pub web: OpenMessagingSimulator,
}

/// How the site is set up.
#[derive(Debug, Clone)]
pub struct SiteOptions {
    /// How many agents there are: `agent-1`, `agent-2`, …, each with the own name as password.
    pub agents: usize,
    /// How many direct messages each may have at a time.
    pub slots: u16,
    /// How long an offer alerts, in seconds.
    pub offer_timeout: u32,
    /// What happens after the conversation, as the site file says it.
    pub wrap_up: &'static str,
    /// More lines of the site file.
    pub more: String,
}

impl Default for SiteOptions {
    fn default() -> Self {
        Self {
            agents: 1,
            slots: 3,
            offer_timeout: 30,
            wrap_up: r#"{ mode = "mandatory" }"#,
            more: String::new(),
        }
    }
}

impl Networks {
    /// Starts both.
    pub async fn start() -> Result<Self> {
        Self::with(GraphOptions::default(), OpenMessagingOptions::default()).await
    }

    /// Starts both, set up as said.
    pub async fn with(graph: GraphOptions, web: OpenMessagingOptions) -> Result<Self> {
        Ok(Self {
            graph: GraphSimulator::start(graph).await?,
            web: OpenMessagingSimulator::start(web).await?,
        })
    }

    /// The environment from which a hub reads the networks' secrets.
    pub fn secrets(&self) -> Vec<(String, String)> {
        let graph = self.graph.options();
        let web = self.web.options();
        [
            ("PAGE_APP_SECRET", &graph.app_secret),
            ("PAGE_VERIFY_TOKEN", &graph.verify_token),
            ("PAGE_TOKEN", &graph.access_token),
            ("WEB_SIGNATURE", &web.signature_secret),
            ("WEB_CLIENT_SECRET", &web.client_secret),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .to_vec()
    }

    /// The site file.
    pub fn site(&self, options: &SiteOptions) -> String {
        let graph = self.graph.options();
        let web = self.web.options();
        let names: Vec<String> = (1..=options.agents).map(|n| format!("agent-{n}")).collect();
        let mut site = format!("name = \"Test\"\n[queues.support]\nmembers = {names:?}\n");
        // Writing to a text cannot fail.
        let _ = writeln!(site, "offer_timeout_seconds = {}", options.offer_timeout);
        let _ = writeln!(site, "wrap_up = {}", options.wrap_up);
        for name in &names {
            let variable = password_variable(name);
            let _ = writeln!(
                site,
                "[agents.{name}]\nname = \"{name}\"\npassword = \"env:{variable}\"\nslots = {{ social-direct-message = {} }}",
                options.slots
            );
        }
        let _ = write!(
            site,
            r#"
[keys.{client}]
name = "Middleware"
channels = ["web"]
secret = "env:WEB_CLIENT_SECRET"

[channels.page]
plugin = "messenger"
queue = "support"
config = {{ page_id = "{page}", base_url = "{graph}" }}
secrets = {{ app-secret = "env:PAGE_APP_SECRET", verify-token = "env:PAGE_VERIFY_TOKEN", page-access-token = "env:PAGE_TOKEN" }}
hosts = ["{graph}"]

[channels.web]
plugin = "open-messaging"
queue = "support"
config = {{ integration_id = "{integration}", notification_url = "{notification}" }}
secrets = {{ notification-signature = "env:WEB_SIGNATURE" }}
hosts = ["{web}"]
"#,
            client = web.client_id,
            page = graph.page_id,
            graph = self.graph.base_url(),
            integration = web.integration_id,
            notification = self.web.webhook_url(),
            web = self.web.base_url(),
        );
        site.push_str(&options.more);
        site
    }

    /// Starts a hub, sets it up for these networks, and connects them.
    pub async fn hub(&self, binary: &str, options: &SiteOptions) -> Result<Hub> {
        let mut hub = Hub::prepare(binary)?;
        // Several hubs run at a time, and each may have a network to practise on.
        let settings = "practice_listen = \"127.0.0.1:0\"\n";
        std::fs::write(hub.folder().join("linecard.toml"), settings)?;
        hub.environment = self.secrets();
        for number in 1..=options.agents {
            let name = format!("agent-{number}");
            hub.environment.push((password_variable(&name), name));
        }
        hub.launch().await?;
        hub.apply(&self.site(options))?;
        self.connect(&hub).await?;
        Ok(hub)
    }

    /// Tells the networks where the hub is.
    pub async fn connect(&self, hub: &Hub) -> Result<()> {
        let callback = format!("{}/channels/page/webhook", hub.base());
        self.graph.set_callback_url(Url::parse(&callback)?);
        self.web.set_hub(Url::parse(&hub.base())?, None);
        self.graph
            .subscribe()
            .await
            .context("the hub did not verify the page's webhook")
    }
}

fn password_variable(name: &str) -> String {
    format!("PASSWORD_{}", name.replace('-', "_").to_uppercase())
}
