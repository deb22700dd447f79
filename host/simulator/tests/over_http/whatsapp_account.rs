//! Number, account, templates and subscriptions as they are read, and the control endpoints.

use linecard_simulator::whatsapp::{Category, Incoming, Template, WhatsAppOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::whatsapp::{ADA, Pair, TOKEN, answered, refusal};

#[tokio::test]
async fn number_and_account_are_read() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    let (status, number) = pair.get("106540352242922").await;
    assert_eq!(status, 200);
    assert_eq!(number["display_phone_number"], "+1 555-078-3881");
    assert_eq!(number["quality_rating"], "GREEN");
    assert_eq!(number["throughput"], json!({ "level": "STANDARD" }));
    let (_, some) = pair.get("106540352242922?fields=name_status").await;
    assert_eq!(
        some,
        json!({ "name_status": "APPROVED", "id": "106540352242922" })
    );
    let nonsense = pair.get("106540352242922?fields=nonsense").await;
    assert!(
        refusal(&nonsense)
            .2
            .contains("nonexisting field (nonsense)")
    );
    let (_, numbers) = pair
        .get("102290129340398/phone_numbers?fields=verified_name")
        .await;
    assert_eq!(numbers["data"][0]["verified_name"], "Simulated Shop");
    let (_, account) = pair.get("102290129340398").await;
    assert_eq!(account["id"], "102290129340398");
    assert_eq!(refusal(&pair.get("5").await).1, 100);
    let options = pair.network.options();
    let app = format!("{}|{}", options.app_id, options.app_secret);
    let call = |token: &str, path: &str| {
        let url = format!("{}/v27.0/{path}", pair.network.base_url());
        answered(reqwest::Client::new().get(url).bearer_auth(token))
    };
    let (_, told) = call(&app, &format!("debug_token?input_token={TOKEN}")).await;
    assert_eq!(told["data"]["type"], "SYSTEM_USER");
    assert_eq!(told["data"]["is_valid"], true);
    assert_eq!(refusal(&call(&app, "102290129340398").await).1, 10);
    Ok(())
}

#[tokio::test]
async fn templates_come_in_pages() -> anyhow::Result<()> {
    let templates: Vec<Template> = (0..5)
        .map(|at| Template::new(format!("t{at}"), "en", Category::Utility, "Hi {{1}}"))
        .collect();
    let pair = Pair::start(WhatsAppOptions {
        templates,
        ..WhatsAppOptions::default()
    })
    .await?;
    let mut names = Vec::new();
    let mut path = "102290129340398/message_templates?limit=2&fields=name,status".to_owned();
    for _ in 0..4 {
        let (status, page) = pair.get(&path).await;
        assert_eq!(status, 200, "{page}");
        for template in page["data"].as_array().into_iter().flatten() {
            names.push(template["name"].as_str().unwrap_or_default().to_owned());
        }
        let Some(next) = page["paging"]["next"].as_str() else {
            break;
        };
        let (_, rest) = next.split_once("/v27.0/").unwrap_or_default();
        path = rest.to_owned();
    }
    assert_eq!(names, ["t0", "t1", "t2", "t3", "t4"]);
    let (_, one) = pair.get("102290129340398/message_templates?name=t3").await;
    assert_eq!(
        one["data"][0]["components"],
        json!([{ "type": "BODY", "text": "Hi {{1}}", "example": { "body_text": [["example"]] } }])
    );
    let id = one["data"][0]["id"].as_str().unwrap_or_default();
    assert_eq!(pair.get(id).await.1["name"], "t3");
    Ok(())
}

#[tokio::test]
async fn an_app_subscribes_and_is_told() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    let edge = "102290129340398/subscribed_apps";
    let (_, listed) = pair.get(edge).await;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{listed}");
    answered(pair.call(Method::DELETE, edge)).await;
    assert_eq!(pair.get(edge).await.1, json!({ "data": [] }));
    let other = pair.hub.url("/other/webhook");
    let subscribe = |token: &str| {
        let body = json!({ "override_callback_uri": other.as_str(), "verify_token": token });
        answered(pair.call(Method::POST, edge).json(&body))
    };
    assert_eq!(refusal(&subscribe("wrong").await).1, 2200);
    assert_eq!(
        subscribe("simulated-verify-token").await.1,
        json!({ "success": true })
    );
    let (_, listed) = pair.get(edge).await;
    let app = &listed["data"][0]["whatsapp_business_api_data"];
    assert_eq!(app["id"], "200000000000002");
    pair.network.say(ADA, Incoming::text("Hello")).await;
    // A handshake each, and the message.
    assert_eq!(pair.hub.received("/other/webhook").len(), 3);
    let delete = answered(pair.call(Method::DELETE, edge)).await;
    assert_eq!(delete.1, json!({ "success": true }));
    assert_eq!(pair.get(edge).await.1, json!({ "data": [] }));
    Ok(())
}

#[tokio::test]
async fn nobody_is_told_without_a_subscription() -> anyhow::Result<()> {
    let hub = crate::hub::Hub::start().await?;
    let network = linecard_simulator::WhatsAppSimulator::start(WhatsAppOptions {
        callback_url: Some(hub.url("/webhook")),
        require_subscription: true,
        ..WhatsAppOptions::default()
    })
    .await?;
    let unheard = network.say(ADA, Incoming::text("Hello")).await;
    assert!(
        !unheard.acknowledged && unheard.attempts == 0,
        "{unheard:?}"
    );
    let url = format!(
        "{}/v27.0/102290129340398/subscribed_apps",
        network.base_url()
    );
    let call = reqwest::Client::new().post(url).bearer_auth(TOKEN);
    assert_eq!(answered(call).await.0, 200);
    assert!(network.say(ADA, Incoming::text("Hello")).await.acknowledged);
    Ok(())
}

#[tokio::test]
async fn the_number_is_steered_from_outside() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    let client = reqwest::Client::new();
    let base = format!("{}/_sim", pair.network.base_url());
    let call = async |method: Method, path: &str, body: Value| {
        answered(client.request(method, format!("{base}/{path}")).json(&body)).await
    };
    let media = client
        .post(format!("{base}/media"))
        .header("content-type", "image/jpeg")
        .body("picture");
    let id = answered(media).await.1["id"].clone();
    let say = json!({ "type": "media", "media": "image", "id": id, "caption": "Look", "forwarded": "once" });
    let (status, delivery) = call(Method::POST, "customers/4915112345678/say", say).await;
    assert_eq!((status, &delivery["acknowledged"]), (200, &json!(true)));
    let message = pair.told("messages").pop().unwrap_or_default();
    assert_eq!(message["image"]["caption"], "Look");
    assert_eq!(message["context"], json!({ "forwarded": true }));
    let wrong = json!({ "type": "text" });
    assert_eq!(call(Method::POST, "customers/1/say", wrong).await.0, 422);
    for (path, body) in [
        ("delivery", json!({ "duplicates": 0.0 })),
        ("after-send", json!({ "read": false })),
        ("rules", json!({ "closed_window": "ignored" })),
        ("identifiers", json!({ "identifiers": "user_ids" })),
        ("access", json!({ "revoked": false })),
    ] {
        assert_eq!(call(Method::PUT, path, body).await.0, 204, "{path}");
    }
    let template = json!({ "name": "new", "language": "en", "category": "UTILITY", "body": "New" });
    assert_eq!(call(Method::PUT, "templates", template).await.0, 200);
    assert_eq!(
        call(Method::POST, "failures", json!({ "code": 131_049 }))
            .await
            .0,
        204
    );
    assert_eq!(
        call(Method::POST, "failures", json!({ "code": 1 })).await.0,
        400
    );
    let new =
        json!({ "type": "template", "template": { "name": "new", "language": { "code": "en" } } });
    let (_, answer) = pair.to_ada(new).await;
    let id = answer["messages"][0]["id"].as_str().unwrap_or_default();
    let status = pair.statuses(id, 1).await[0].clone();
    assert_eq!(status["errors"][0]["code"], 131_049);
    assert!(status.get("recipient_id").is_none());
    // Somebody who was added here can be written to by number and by user id.
    call(Method::POST, "customers", json!({ "id": "4917000000001" })).await;
    let user_id = pair.network.user_id("4917000000001");
    for to in [
        json!({ "to": "4917000000001" }),
        json!({ "recipient": user_id }),
    ] {
        let mut body = json!({ "messaging_product": "whatsapp", "text": { "body": "Hi" } });
        for (name, value) in to.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        assert_eq!(pair.send(body).await.0, 200);
    }
    assert_eq!(pair.network.customers().delivered("4917000000001").len(), 2);
    let (_, given) = call(
        Method::POST,
        "webhook",
        json!({ "object": "x", "entry": [] }),
    )
    .await;
    assert_eq!(given["acknowledged"], true);
    Ok(())
}
