//! Templates: what there are, what each needs, and that what the network would refuse is refused at once.

use linecard_simulator::whatsapp::{Category, Header, Template, TemplateButton, TemplateStatus};

use super::*;

fn sale() -> Template {
    let mut template = Template::new(
        "spring_sale",
        "en_US",
        Category::Marketing,
        "Hi {{first_name}}, everything is {{percent}} off.",
    );
    template.header = Some(Header::Image);
    template.footer = Some("The shop".to_owned());
    template.buttons = vec![
        TemplateButton::QuickReply {
            text: "Stop".to_owned(),
        },
        TemplateButton::Url {
            text: "Look".to_owned(),
            url: "https://shop.example.com/{{1}}".to_owned(),
        },
    ];
    template
}

fn message(name: &str, language: &str, components: &Value) -> Value {
    let content = json!({ "name": name, "language": language, "components": components });
    json!({ "structured": { "kind": "template", "content": content } })
}

fn named(name: &str, value: &str) -> Value {
    json!({ "type": "text", "parameter_name": name, "text": value })
}

/// What fills the sale.
fn whole() -> Value {
    json!([
        { "type": "header", "parameters": [
            { "type": "image", "image": { "link": "https://shop.example.com/sale.png" } }] },
        { "type": "body", "parameters": [named("first_name", "Ada"), named("percent", "20 %")] },
        { "type": "button", "sub_type": "url", "index": "1", "parameters": [
            { "type": "text", "text": "sale" }] },
    ])
}

fn with_templates() -> WhatsAppOptions {
    let mut options = WhatsAppOptions::default();
    let mut paused = Template::new("paused", "en_US", Category::Utility, "Wait");
    paused.status = TemplateStatus::Paused;
    options.templates.extend([sale(), paused]);
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_listed_with_what_each_needs() -> Result<()> {
    let shop = Shop::open(with_templates()).await?;
    let known = shop.templates().await?;
    ensure!(
        known["offered"] == true && known["complete"] == true,
        "{known}"
    );
    let all = known["templates"].as_array().context("templates")?;
    ensure!(all.len() == 4, "{known}");
    let of = |name: &str| all.iter().find(|t| t["name"] == name).context("a template");
    let order = of("order_update")?;
    ensure!(
        order["category"] == "utility" && order["state"] == "approved",
        "{order}"
    );
    ensure!(
        order
            .pointer("/parts/0/parameters")
            .and_then(Value::as_array)
            .map(Vec::len)
            == Some(2),
        "{order}"
    );
    let sale = of("spring_sale")?;
    ensure!(sale["category"] == "marketing", "{sale}");
    ensure!(
        sale.pointer("/parts/0/parameters/0/types") == Some(&json!(["image"])),
        "{sale}"
    );
    ensure!(
        sale.pointer("/parts/1/parameters/0/name") == Some(&json!("first_name")),
        "{sale}"
    );
    ensure!(
        sale.pointer("/parts/4/index") == Some(&json!(1))
            && sale.pointer("/parts/4/parameters/0/types") == Some(&json!(["text"])),
        "{sale}"
    );
    let preview = sale["preview"].as_str().context("a preview")?;
    ensure!(
        preview.contains("{{first_name}}") && preview.contains("[Look]"),
        "{preview}"
    );
    ensure!(of("paused")?["state"] == "paused");
    let none = shop
        .agent
        .ask(Method::GET, "/api/v1/channels/none/templates", &[], None)
        .await?;
    ensure!(none.status == StatusCode::NOT_FOUND, "{none:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_network_would_refuse_is_refused_at_once() -> Result<()> {
    let shop = Shop::open(with_templates()).await?;
    shop.say(Incoming::text("Anything new?")).await?;
    let interaction = shop.agent.accept_next().await?;
    let path = messages(&interaction)?;
    shop.templates().await?;
    let without = |at: usize| {
        let mut parts = whole();
        if let Some(parts) = parts.as_array_mut() {
            parts.remove(at);
        }
        parts
    };
    let mut misnamed = whole();
    misnamed[1]["parameters"][0]["parameter_name"] = json!("name");
    let mut surplus = whole();
    surplus[2]["index"] = json!(5);
    for (sent, expected) in [
        (message("sprint_sale", "en_US", &whole()), "spring_sale"),
        (
            message("spring_sale", "de", &whole()),
            "other languages: en_US",
        ),
        (message("paused", "en_US", &json!([])), "paused it"),
        (message("spring_sale", "en_US", &without(0)), "image"),
        (message("spring_sale", "en_US", &without(1)), "\"percent\""),
        (message("spring_sale", "en_US", &without(2)), "button 1"),
        (message("spring_sale", "en_US", &misnamed), "\"first_name\""),
        (message("spring_sale", "en_US", &surplus), "no such part"),
    ] {
        let refused = shop.refused_template(&path, &sent).await?;
        let detail = refused["detail"].as_str().unwrap_or_default();
        ensure!(detail.contains(expected), "{expected}: {refused}");
    }
    let history = shop.agent.all(&path, "before").await?;
    ensure!(history.len() == 1, "nothing was taken: {history:?}");
    shop.answer(&interaction, &message("spring_sale", "en_US", &whole()))
        .await?;
    let got = shop.delivered(1).await?;
    ensure!(got[0].text.contains("20 %"), "{got:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_is_made_later_is_known_soon() -> Result<()> {
    let shop = Shop::open(WhatsAppOptions::default()).await?;
    shop.say(Incoming::text("Anything new?")).await?;
    let interaction = shop.agent.accept_next().await?;
    let path = messages(&interaction)?;
    shop.templates().await?;
    // Asking for it has the list read again.
    shop.number.set_template(sale());
    shop.refused_template(&path, &message("spring_sale", "en_US", &whole()))
        .await?;
    let is_known = async |name: &str, state: &str| {
        eventually(&format!("{name} is {state}"), SOON, async || {
            let known = shop.templates().await?;
            let all = known["templates"].as_array().context("templates")?;
            let found = all.iter().any(|t| t["name"] == name && t["state"] == state);
            Ok(found.then_some(()))
        })
        .await
    };
    is_known("spring_sale", "approved").await?;
    // So does the network's own word.
    let mut rejected = sale();
    rejected.status = TemplateStatus::Rejected;
    shop.number.set_template(rejected);
    let told = json!({
        "event": "REJECTED", "message_template_id": 1, "message_template_name": "spring_sale",
        "message_template_language": "en_US", "reason": "PROMOTIONAL",
    });
    shop.deliver("message_template_status_update", told).await?;
    is_known("spring_sale", "rejected").await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_list_the_network_decides() -> Result<()> {
    let shop = Shop::open_after(WhatsAppOptions::default(), |number| {
        number.set_token_rights(&["whatsapp_business_messaging"], 0);
    })
    .await?;
    shop.say(Incoming::text("Anything new?")).await?;
    let interaction = shop.agent.accept_next().await?;
    eventually("the list cannot be read", SOON, async || {
        let known = shop.agent.get("/api/v1/channels/wa/templates").await?;
        Ok(known["problem"].is_string().then_some(()))
    })
    .await?;
    shop.answer(&interaction, &message("order_update", "en_US", &json!([])))
        .await?;
    shop.newest(&interaction, "failed").await?;
    Ok(())
}
