//! Registering the bot's webhook, taking it off, and whether all is as it should be.

use linecard_sdk::actions::Failure;
use linecard_sdk::connector::{Channel, Finding, Step};
use linecard_sdk::http::{Call, Request};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::time;
use serde_json::{Value, json};

use crate::config::{Config, Updates};
use crate::{api, updates};

/// What a person does about a webhook that is not as it should be.
const SET_UP: &str = "Set the channel up: POST /api/v1/channels/{id}/set-up, first with {\"rehearsal\": true} to see what it does.";
/// How many updates wait before somebody should know.
const MANY: u64 = 100;
/// For how long a failed delivery is worth telling, in milliseconds.
const RECENT: u64 = 60 * 60 * 1_000;

fn info(config: &Config) -> Result<Value, Failure> {
    let asked = Request::get(config.method("getWebhookInfo"));
    api::call(&asked, Call::Repeatable)
}

fn address(channel: &Channel) -> Result<&str, Failure> {
    channel.webhook_url.as_deref().ok_or_else(|| {
        Failure::rejected(
            "no-public-url",
            "the hub has no public address: set public_url in linecard.toml, or set updates to \"polling\"",
        )
    })
}

/// Has Telegram deliver to the hub, or stop delivering if the channel polls.
pub fn set_up(channel: &Channel, rehearsal: bool) -> Result<Vec<Step>, Failure> {
    let config: Config = channel.config()?;
    let known = info(&config)?;
    let before = known.text("url").filter(|url| !url.is_empty());
    if config.updates == Updates::Polling {
        let Some(before) = before else {
            return Ok(vec![Step::as_it_is(
                "Telegram delivers nowhere; the hub polls",
            )]);
        };
        return removed(&config, &before, rehearsal).map(|step| vec![step]);
    }
    let address = address(channel)?;
    let mut steps = vec![match before.as_deref() {
        Some(before) if before == address => {
            Step::as_it_is(format!("Telegram delivers to {address}"))
        }
        Some(before) => Step::change(format!(
            "Telegram delivers to {address}, and no longer to {before}"
        )),
        None => Step::change(format!("Telegram delivers to {address}")),
    }];
    steps.push(Step::change(
        "The word that Telegram repeats with each delivery is set (setWebhook); it does not tell which it has",
    ));
    if !rehearsal {
        let body = json!({
            "url": address,
            "secret_token": updates::word(channel)?,
            "allowed_updates": updates::KINDS,
        });
        let asked = Request::post(config.method("setWebhook")).json(&body);
        api::call(&asked, Call::Repeatable)?;
    }
    Ok(steps)
}

/// Has Telegram stop delivering to the hub.
pub fn tear_down(channel: &Channel, rehearsal: bool) -> Result<Vec<Step>, Failure> {
    let config: Config = channel.config()?;
    let known = info(&config)?;
    let Some(before) = known.text("url").filter(|url| !url.is_empty()) else {
        return Ok(vec![Step::as_it_is("Telegram delivers nowhere")]);
    };
    if channel
        .webhook_url
        .as_ref()
        .is_some_and(|own| *own != before)
    {
        let text =
            format!("Telegram delivers to {before}, which is not this channel; it is left so");
        return Ok(vec![Step::as_it_is(text)]);
    }
    removed(&config, &before, rehearsal).map(|step| vec![step])
}

fn removed(config: &Config, before: &str, rehearsal: bool) -> Result<Step, Failure> {
    if !rehearsal {
        // What waits there is fetched or delivered later.
        let asked = Request::post(config.method("deleteWebhook")).json(&json!({}));
        api::call(&asked, Call::Repeatable)?;
    }
    Ok(Step::change(format!(
        "Telegram no longer delivers to {before} (deleteWebhook)"
    )))
}

/// Tells whether the token works and updates come.
pub fn probe(channel: &Channel) -> Result<Vec<Finding>, Failure> {
    let config: Config = channel.config()?;
    api::call(&Request::get(config.method("getMe")), Call::Repeatable)?;
    let known = info(&config)?;
    let mut findings = Vec::new();
    let before = known.text("url").filter(|url| !url.is_empty());
    match (config.updates, before.as_deref(), &channel.webhook_url) {
        (Updates::Polling, Some(before), _) => findings.push(Finding::error(
            "webhook-in-the-way",
            format!("Telegram delivers to {before}, so that nothing can be fetched."),
            SET_UP,
        )),
        (Updates::Polling, None, _) => return Ok(findings),
        (Updates::Webhook, _, None) => findings.push(Finding::error(
            "no-public-url",
            "The hub has no public address to which Telegram could deliver.",
            "Set public_url in linecard.toml and set the channel up, or set updates to \"polling\".",
        )),
        (Updates::Webhook, None, Some(_)) => findings.push(Finding::error(
            "webhook-not-registered",
            "Telegram delivers nowhere: nobody has told it where the hub is.",
            SET_UP,
        )),
        (Updates::Webhook, Some(before), Some(own)) if before != own => {
            findings.push(Finding::error(
                "webhook-elsewhere",
                format!("Telegram delivers to {before}, not to {own}."),
                SET_UP,
            ));
        }
        (Updates::Webhook, Some(_), Some(_)) => {
            if !updates::has_all_kinds(&known) {
                findings.push(Finding::warning(
                    "webhook-fields-missing",
                    "Telegram does not deliver all kinds of update that the hub reads, such as reactions.",
                    SET_UP,
                ));
            }
        }
    }
    if let Some(text) = known.text("last_error_message")
        && let Some(at) = known.time("last_error_date")
        && at.saturating_add(RECENT) > time::now()
    {
        findings.push(Finding::warning(
            "delivery-failed",
            format!("Telegram could not deliver: {text}"),
            "See that the hub is reached under its public address, and that the channel is set up with its present webhook key.",
        ));
    }
    if let Some(waiting) = known.count("pending_update_count")
        && waiting >= MANY
    {
        findings.push(Finding::warning(
            "updates-wait",
            format!("{waiting} updates wait at Telegram."),
            "See why the hub does not take them: its log and the channel's refused deliveries tell.",
        ));
    }
    Ok(findings)
}
