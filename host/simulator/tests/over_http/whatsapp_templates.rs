//! Template messages: which exist, and whether parameters fit.

use linecard_simulator::whatsapp::{
    Category, Happening, Header, Template, TemplateButton, TemplateStatus, WhatsAppOptions,
};
use serde_json::{Value, json};

use crate::whatsapp::{ADA, Pair, refusal};

fn templates() -> Vec<Template> {
    let buttons = vec![
        TemplateButton::QuickReply {
            text: "Stop".to_owned(),
        },
        TemplateButton::Url {
            text: "Track".to_owned(),
            url: "https://example.com/track/{{1}}".to_owned(),
        },
    ];
    vec![
        Template {
            header: Some(Header::Image),
            footer: Some("Bye".to_owned()),
            buttons,
            ..Template::new(
                "promo",
                "en_US",
                Category::Marketing,
                "Hi {{1}}, use {{2}}.",
            )
        },
        Template::new("named", "de", Category::Utility, "Hallo {{name}}!"),
        Template::new(
            "code",
            "en",
            Category::Authentication,
            "{{1}} is your code.",
        ),
        Template {
            status: TemplateStatus::Paused,
            ..Template::new("paused", "en", Category::Utility, "x")
        },
        Template {
            status: TemplateStatus::Disabled,
            ..Template::new("disabled", "en", Category::Utility, "x")
        },
        Template {
            status: TemplateStatus::Rejected,
            ..Template::new("rejected", "en", Category::Utility, "x")
        },
    ]
}

fn template(name: &str, language: &str, components: Value) -> Value {
    json!({ "type": "template", "template": {
        "name": name, "language": { "code": language }, "components": components } })
}

fn body(parameters: Value) -> Value {
    json!({ "type": "body", "parameters": parameters })
}

#[tokio::test]
async fn templates_must_fit() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions {
        templates: templates(),
        ..WhatsAppOptions::default()
    })
    .await?;
    let text = |text: &str| json!({ "type": "text", "text": text });
    let image = json!({ "type": "header", "parameters": [
        { "type": "image", "image": { "link": "https://example.com/a.jpg" } }] });
    let url =
        json!({ "type": "button", "sub_type": "url", "index": "1", "parameters": [text("77")] });
    let quick = json!({ "type": "button", "sub_type": "quick_reply", "index": 0,
        "parameters": [{ "type": "payload", "payload": "STOP" }] });
    let two = body(json!([text("Ada"), text("FALL25")]));
    for (content, status, code, details) in [
        (
            template("promo", "de", json!([])),
            404,
            132_001,
            "template name (promo) does not exist in de",
        ),
        (
            template("rejected", "en", json!([])),
            404,
            132_001,
            "does not exist",
        ),
        (template("paused", "en", json!([])), 400, 132_015, "paused"),
        (
            template("disabled", "en", json!([])),
            400,
            132_016,
            "disabled",
        ),
        (
            template("promo", "en_US", json!([two])),
            400,
            132_012,
            "header: Format mismatch, expected IMAGE, received UNKNOWN",
        ),
        (
            template(
                "promo",
                "en_US",
                json!([image, body(json!([text("Ada")])), url]),
            ),
            400,
            132_000,
            "body: number of localizable_params (1) does not match the expected number of params (2)",
        ),
        (
            template("promo", "en_US", json!([image, two])),
            400,
            131_008,
            "buttons: Button at index 1 of type Url requires a parameter",
        ),
        (
            template(
                "promo",
                "en_US",
                json!([image, body(json!([text("A\nB"), text("x")])), url]),
            ),
            400,
            132_018,
            "new-line",
        ),
        (
            template("code", "en", json!([image, body(json!([text("1")]))])),
            400,
            132_018,
            "no header",
        ),
        (
            template("named", "de", json!([body(json!([text("Ada")]))])),
            400,
            132_012,
            "Parameter name",
        ),
    ] {
        let answer = pair.to_ada(content.clone()).await;
        let found = refusal(&answer);
        assert_eq!((found.0, found.1), (status, code), "{content}: {answer:?}");
        assert!(found.2.contains(details), "{content}: {answer:?}");
    }
    let whole = template("promo", "en_US", json!([image, two, url, quick]));
    let (status, answer) = pair.to_ada(whole.clone()).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["messages"][0]["id"].as_str().unwrap_or_default();
    let statuses = pair.statuses(id, 2).await;
    assert_eq!(statuses[0]["pricing"]["category"], "marketing");
    assert_eq!(statuses[0]["pricing"]["billable"], true);
    let seen = pair.network.customers().delivered(ADA);
    assert_eq!(seen[0].text, "Hi Ada, use FALL25.");
    assert_eq!(seen[0].structured[0]["payload"], "STOP");
    assert_eq!(seen[0].structured[1]["url"], "https://example.com/track/77");
    let named = json!([body(
        json!([{ "type": "text", "parameter_name": "name", "text": "Ada" }])
    )]);
    assert_eq!(pair.to_ada(template("named", "de", named)).await.0, 200);
    let code = |to: Value| {
        let mut message = template("code", "en", json!([body(json!([text("123456")]))]));
        message["messaging_product"] = json!("whatsapp");
        for (name, value) in to.as_object().into_iter().flatten() {
            message[name] = value.clone();
        }
        message
    };
    assert_eq!(pair.send(code(json!({ "to": ADA }))).await.0, 200);
    let by_user_id = code(json!({ "recipient": pair.network.user_id(ADA) }));
    assert_eq!(refusal(&pair.send(by_user_id).await).1, 131_062);
    // Whoever stopped marketing gets none.
    pair.network
        .say(ADA, Happening::MarketingPreference { stop: true })
        .await;
    let (_, answer) = pair.to_ada(whole).await;
    let id = answer["messages"][0]["id"].as_str().unwrap_or_default();
    assert_eq!(pair.statuses(id, 1).await[0]["errors"][0]["code"], 131_050);
    Ok(())
}
