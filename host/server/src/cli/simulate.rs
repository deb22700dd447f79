//! Runs a simulated network alone, to develop a plug-in or a site's configuration against.

use std::net::SocketAddr;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use linecard_simulator::graph::{FeedOptions, GraphOptions, GraphSimulator, InstagramOptions};
use linecard_simulator::open_messaging::{OpenMessagingOptions, OpenMessagingSimulator};
use linecard_simulator::telegram::{TelegramOptions, TelegramSimulator};
use linecard_simulator::whatsapp::{Identifiers, WhatsAppOptions, WhatsAppSimulator};
use linecard_simulator::x::{XOptions, XSimulator};
use url::Url;

use super::say;
use super::signals::told_to_end;

/// Which network.
#[derive(Debug, Subcommand)]
pub(super) enum Simulate {
    /// The Graph API of a Facebook page with Messenger, posts and comments, and of its Instagram
    /// account
    Graph(Graph),
    /// The middleware side of Open Messaging
    OpenMessaging(OpenMessaging),
    /// X API v2 for one company account
    X(X),
    /// The WhatsApp Cloud API of one business phone number
    #[command(name = "whatsapp")]
    WhatsApp(WhatsApp),
    /// The Bot API of Telegram for one bot
    Telegram(Telegram),
}

#[derive(Debug, Args)]
pub(super) struct Graph {
    /// Where to listen
    #[arg(
        long = "at",
        default_value = "127.0.0.1:8450",
        value_name = "ADDRESS:PORT"
    )]
    at: SocketAddr,
    /// The hub's webhook address, which the channels of one webhook group share; webhooks go there
    #[arg(
        long,
        default_value = "http://127.0.0.1:8440/webhooks/meta",
        value_name = "URL"
    )]
    callback: Url,
    /// Another webhook address for what happens to posts and comments
    #[arg(long, value_name = "URL")]
    feed_callback: Option<Url>,
    /// Another webhook address for what happens on Instagram
    #[arg(long, value_name = "URL")]
    instagram_callback: Option<Url>,
    /// The page's id
    #[arg(long, default_value = "100000000000001")]
    page_id: String,
    /// The Instagram account's id
    #[arg(long, default_value = "17841400000000001")]
    instagram_id: String,
}

#[derive(Debug, Args)]
pub(super) struct OpenMessaging {
    /// Where to listen
    #[arg(
        long = "at",
        default_value = "127.0.0.1:8451",
        value_name = "ADDRESS:PORT"
    )]
    at: SocketAddr,
    /// The hub's address
    #[arg(long, default_value = "http://127.0.0.1:8440", value_name = "URL")]
    hub: Url,
    /// The name of the hub's key for the middleware
    #[arg(long, default_value = "middleware")]
    client_id: String,
    /// The secret of that key
    #[arg(
        long,
        env = "MIDDLEWARE_SECRET",
        hide_env_values = true,
        default_value = "simulated-client-secret"
    )]
    client_secret: String,
}

#[derive(Debug, Args)]
pub(super) struct X {
    /// Where to listen
    #[arg(
        long = "at",
        default_value = "127.0.0.1:8452",
        value_name = "ADDRESS:PORT"
    )]
    at: SocketAddr,
    /// The hub's webhook address for the channel; none for a hub that polls
    #[arg(long, value_name = "URL")]
    callback: Option<Url>,
    /// The company account's user name, without @
    #[arg(long, default_value = "simulated_shop")]
    username: String,
}

#[derive(Debug, Args)]
pub(super) struct WhatsApp {
    /// Where to listen
    #[arg(
        long = "at",
        default_value = "127.0.0.1:8453",
        value_name = "ADDRESS:PORT"
    )]
    at: SocketAddr,
    /// The hub's webhook address for the channel; webhooks go there
    #[arg(
        long,
        default_value = "http://127.0.0.1:8440/channels/whatsapp/webhook",
        value_name = "URL"
    )]
    callback: Url,
    /// By what webhooks name people
    #[arg(long, value_enum, default_value = "both")]
    identifiers: Named,
}

#[derive(Debug, Args)]
pub(super) struct Telegram {
    /// Where to listen
    #[arg(
        long = "at",
        default_value = "127.0.0.1:8454",
        value_name = "ADDRESS:PORT"
    )]
    at: SocketAddr,
    /// The bot's user name, without @
    #[arg(long, default_value = "simulated_bot")]
    username: String,
}

/// By what webhooks name people on WhatsApp.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Named {
    /// Phone numbers, as before there were user ids
    PhoneNumbers,
    /// Phone numbers and user ids
    Both,
    /// User ids, as with people who hide their number
    UserIds,
}

impl Simulate {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let told = told_to_end().context("signals cannot be listened for")?;
        match self {
            Self::Graph(graph) => graph.run(told).await,
            Self::OpenMessaging(middleware) => middleware.run(told).await,
            Self::X(x) => x.run(told).await,
            Self::WhatsApp(number) => number.run(told).await,
            Self::Telegram(bot) => bot.run(told).await,
        }
    }
}

impl Graph {
    async fn run(self, told: impl Future<Output = ()>) -> anyhow::Result<()> {
        let page = GraphSimulator::start(GraphOptions {
            listen: self.at,
            page_id: self.page_id,
            callback_url: Some(self.callback.clone()),
            feed: FeedOptions {
                callback_url: self.feed_callback,
                ..FeedOptions::default()
            },
            instagram: InstagramOptions {
                id: self.instagram_id,
                callback_url: self.instagram_callback,
                ..InstagramOptions::default()
            },
            ..GraphOptions::default()
        })
        .await?;
        // Instagram tells nobody of new media, and comments need some.
        page.publish_media("A picture to comment on", "https://example.com/picture.jpg");
        let options = page.options();
        let base = page.base_url();
        // Channels that share an address name it; with an address of its own each gets what is for it.
        let group = match group(&self.callback) {
            Some(group) => format!("webhook_group = \"{group}\"\n"),
            None => String::new(),
        };
        say(&format!(
            "A page with Messenger, posts and comments, and its Instagram account, are simulated at {base}. In a site file:\n\n\
             [channels.page]\n\
             plugin = \"messenger\"\n\
             queue = \"support\"\n\
             {group}\
             config = {{ page_id = \"{page_id}\", base_url = \"{base}\" }}\n\
             hosts = [\"{base}\"]\n\
             secrets = {{ app-secret = \"env:PAGE_APP_SECRET\", verify-token = \"env:PAGE_VERIFY_TOKEN\", page-access-token = \"env:PAGE_TOKEN\" }}\n\n\
             [channels.posts]\n\
             plugin = \"facebook\"\n\
             queue = \"support\"\n\
             {group}\
             config = {{ page_id = \"{page_id}\", base_url = \"{base}\" }}\n\
             hosts = [\"{base}\"]\n\
             secrets = {{ app-secret = \"env:PAGE_APP_SECRET\", verify-token = \"env:PAGE_VERIFY_TOKEN\", page-access-token = \"env:PAGE_TOKEN\" }}\n\n\
             [channels.instagram]\n\
             plugin = \"instagram\"\n\
             queue = \"support\"\n\
             {group}\
             config = {{ account_id = \"{instagram}\", base_url = \"{base}\" }}\n\
             hosts = [\"{base}\"]\n\
             secrets = {{ app-secret = \"env:PAGE_APP_SECRET\", verify-token = \"env:PAGE_VERIFY_TOKEN\", access-token = \"env:INSTAGRAM_TOKEN\" }}\n\n\
             with, in the hub's environment:\n\n\
             PAGE_APP_SECRET={app_secret} PAGE_VERIFY_TOKEN={verify_token} PAGE_TOKEN={token} INSTAGRAM_TOKEN={instagram_token}\n\n\
             Webhooks go to {callback}. A customer writes by\n\n\
             curl {base}/_sim/customers/1234567890/say -H 'content-type: application/json' \\\n     \
             -d '{{\"type\":\"text\",\"text\":\"Where is my parcel?\"}}'\n\n\
             and what the hub sent is at {base}/_sim/customers/1234567890. The page \
             publishes a post by\n\n\
             curl {base}/_sim/feed -H 'content-type: application/json' \\\n     \
             -d '{{\"text\":\"We are open.\"}}'\n\n\
             and then somebody comments on it, writes to its Instagram account, and comments there, by\n\n\
             curl {base}/_sim/customers/1234567891/say -H 'content-type: application/json' \\\n     \
             -d '{{\"on\":\"feed\",\"type\":\"comment\",\"text\":\"Are you open on Sunday?\"}}'\n\n\
             curl {base}/_sim/customers/1234567892/say -H 'content-type: application/json' \\\n     \
             -d '{{\"on\":\"instagram\",\"type\":\"text\",\"text\":\"Is it in stock?\"}}'\n\n\
             curl {base}/_sim/customers/1234567893/say -H 'content-type: application/json' \\\n     \
             -d '{{\"on\":\"instagram_comments\",\"type\":\"comment\",\"text\":\"Nice!\"}}'\n\n\
             A browser shows what customers see at {base}/_sim/show. Ctrl-C ends it.",
            instagram = options.instagram.id,
            instagram_token = options.instagram.access_token,
            page_id = options.page_id,
            app_secret = options.app_secret,
            verify_token = options.verify_token,
            token = options.access_token,
            callback = self.callback,
        ));
        told.await;
        page.shutdown().await;
        Ok(())
    }
}

/// The name of the webhook group whose address this is.
fn group(callback: &Url) -> Option<&str> {
    let name = callback.path().strip_prefix("/webhooks/")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

impl OpenMessaging {
    async fn run(self, told: impl Future<Output = ()>) -> anyhow::Result<()> {
        let middleware = OpenMessagingSimulator::start(OpenMessagingOptions {
            listen: self.at,
            hub_url: Some(self.hub.clone()),
            client_id: self.client_id,
            client_secret: self.client_secret,
            ..OpenMessagingOptions::default()
        })
        .await?;
        let options = middleware.options();
        let base = middleware.base_url();
        say(&format!(
            "A middleware that speaks Open Messaging is simulated at {base}. In a site file:\n\n\
             [keys.{client}]\n\
             channels = [\"web\"]\n\
             secret = \"env:MIDDLEWARE_SECRET\"\n\n\
             [channels.web]\n\
             plugin = \"open-messaging\"\n\
             queue = \"support\"\n\
             config = {{ integration_id = \"{integration}\", notification_url = \"{webhook}\" }}\n\
             hosts = [\"{base}\"]\n\
             secrets = {{ notification-signature = \"env:NOTIFICATION_SIGNATURE\" }}\n\n\
             with, in the hub's environment:\n\n\
             MIDDLEWARE_SECRET={secret} NOTIFICATION_SIGNATURE={signature}\n\n\
             It posts to the hub at {hub}. A customer writes by\n\n\
             curl {base}/_sim/customers/anna/say -H 'content-type: application/json' \\\n     \
             -d '{{\"type\":\"text\",\"text\":\"Where is my parcel?\"}}'\n\n\
             and what the hub sent is at {base}/_sim/customers/anna. A browser shows what customers see at {base}/_sim/show. Ctrl-C ends it.",
            client = options.client_id,
            integration = options.integration_id,
            webhook = middleware.webhook_url(),
            secret = options.client_secret,
            signature = options.signature_secret,
            hub = self.hub,
        ));
        told.await;
        middleware.shutdown().await;
        Ok(())
    }
}

impl X {
    async fn run(self, told: impl Future<Output = ()>) -> anyhow::Result<()> {
        let network = XSimulator::start(XOptions {
            listen: self.at,
            username: self.username,
            callback_url: self.callback.clone(),
            ..XOptions::default()
        })
        .await?;
        let options = network.options();
        let base = network.base_url();
        let oauth1 = serde_json::json!({
            "consumer_key": options.consumer_key,
            "consumer_secret": options.consumer_secret,
            "token": options.access_token,
            "token_secret": options.access_token_secret,
        });
        let hooks = match &self.callback {
            Some(callback) => format!(", and webhooks go to {callback}"),
            None => String::new(),
        };
        say(&format!(
            "X is simulated at {base} with the account @{username} ({id}). In a site file:\n\n\
             [channels.x]\n\
             plugin = \"x\"\n\
             queue = \"support\"\n\
             config = {{ user_id = \"{id}\", username = \"{username}\", base_url = \"{base}\", poll_every_seconds = 5 }}\n\
             hosts = [\"{base}\"]\n\
             secrets = {{ user-oauth1 = \"env:X_OAUTH1\", consumer-secret = \"env:X_CONSUMER_SECRET\" }}\n\n\
             with, in the hub's environment:\n\n\
             X_CONSUMER_SECRET={secret} X_OAUTH1='{oauth1}'\n\n\
             The hub polls{hooks}. Its app-only bearer token is {bearer}. A customer writes by\n\n\
             curl {base}/_sim/customers/1234567890/say -H 'content-type: application/json' \\\n     \
             -d '{{\"type\":\"post\",\"text\":\"@{username} Where is my parcel?\"}}'\n\n\
             and what the hub sent is at {base}/_sim/customers/1234567890. A browser shows what customers see at {base}/_sim/show. Ctrl-C ends it.",
            username = options.username,
            id = options.user_id,
            secret = options.consumer_secret,
            oauth1 = oauth1,
            bearer = options.bearer_token,
        ));
        told.await;
        network.shutdown().await;
        Ok(())
    }
}

impl WhatsApp {
    async fn run(self, told: impl Future<Output = ()>) -> anyhow::Result<()> {
        let network = WhatsAppSimulator::start(WhatsAppOptions {
            listen: self.at,
            callback_url: Some(self.callback.clone()),
            identifiers: match self.identifiers {
                Named::PhoneNumbers => Identifiers::PhoneNumbers,
                Named::Both => Identifiers::Both,
                Named::UserIds => Identifiers::UserIds,
            },
            ..WhatsAppOptions::default()
        })
        .await?;
        let options = network.options();
        let base = network.base_url();
        let templates: Vec<String> = options
            .templates
            .iter()
            .map(|template| format!("{} ({})", template.name, template.language))
            .collect();
        say(&format!(
            "The number {number} on WhatsApp is simulated at {base}. In a site file:\n\n\
             [channels.whatsapp]\n\
             plugin = \"whatsapp\"\n\
             queue = \"support\"\n\
             config = {{ phone_number_id = \"{id}\", waba_id = \"{account}\", base_url = \"{base}\" }}\n\
             hosts = [\"{base}\"]\n\
             secrets = {{ app-secret = \"env:WHATSAPP_APP_SECRET\", verify-token = \"env:WHATSAPP_VERIFY_TOKEN\", access-token = \"env:WHATSAPP_TOKEN\" }}\n\n\
             with, in the hub's environment:\n\n\
             WHATSAPP_APP_SECRET={secret} WHATSAPP_VERIFY_TOKEN={verify} WHATSAPP_TOKEN={token}\n\n\
             Its templates are {templates}. Webhooks go to {callback}. A customer writes by\n\n\
             curl {base}/_sim/customers/16505551234/say -H 'content-type: application/json' \\\n     \
             -d '{{\"type\":\"text\",\"text\":\"Where is my parcel?\"}}'\n\n\
             and what the hub sent is at {base}/_sim/customers/16505551234. A browser shows what customers see at {base}/_sim/show. Ctrl-C ends it.",
            number = options.display_phone_number,
            id = options.phone_number_id,
            account = options.waba_id,
            token = options.access_token,
            secret = options.app_secret,
            verify = options.verify_token,
            templates = templates.join(", "),
            callback = self.callback,
        ));
        told.await;
        network.shutdown().await;
        Ok(())
    }
}

impl Telegram {
    async fn run(self, told: impl Future<Output = ()>) -> anyhow::Result<()> {
        let bot = TelegramSimulator::start(TelegramOptions {
            listen: self.at,
            username: self.username,
            ..TelegramOptions::default()
        })
        .await?;
        let options = bot.options();
        let base = bot.base_url();
        say(&format!(
            "The bot @{username} on Telegram is simulated at {base}. In a site file:\n\n\
             [channels.telegram]\n\
             plugin = \"telegram\"\n\
             queue = \"support\"\n\
             config = {{ updates = \"polling\", api_url = \"{base}\" }}\n\
             hosts = [\"{base}\"]\n\
             secrets = {{ bot-token = \"env:BOT_TOKEN\" }}\n\n\
             with, in the hub's environment:\n\n\
             BOT_TOKEN={token}\n\n\
             The hub waits at the bot for news. With updates = \"webhook\" and a secret webhook-key, it is called \
             once `linecard channel set-up telegram` has told the bot its public_url. A customer writes by\n\n\
             curl {base}/_sim/customers/77001/say -H 'content-type: application/json' \\\n     \
             -d '{{\"type\":\"text\",\"text\":\"Where is my parcel?\"}}'\n\n\
             and what the hub sent is at {base}/_sim/customers/77001. A browser shows what customers see at {base}/_sim/show. Ctrl-C ends it.",
            username = options.username,
            token = options.token,
        ));
        told.await;
        bot.shutdown().await;
        Ok(())
    }
}
