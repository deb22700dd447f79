//! Media by id: upload, addresses that end, deletion.

use std::time::Duration;

use linecard_simulator::whatsapp::WhatsAppOptions;
use reqwest::Method;
use serde_json::json;

use crate::whatsapp::{ADA, Pair, TOKEN, answered, refusal};

#[tokio::test]
async fn media_travel_by_id() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    let number = pair.network.options().phone_number_id.clone();
    let upload = async |mime: &str, product: &str, bytes: Vec<u8>| {
        let mut body = Vec::new();
        for (name, text) in [("messaging_product", product), ("type", mime)] {
            let part = format!(
                "--limit\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--limit\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\
             content-type: {mime}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&bytes);
        body.extend_from_slice(b"\r\n--limit--\r\n");
        let call = pair
            .call(Method::POST, &format!("{number}/media"))
            .header("content-type", "multipart/form-data; boundary=limit");
        answered(call.body(body)).await
    };
    let (status, answer) = upload("image/png", "whatsapp", b"a picture".to_vec()).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(refusal(&upload("image/png", "", vec![1]).await).1, 100);
    assert_eq!(
        refusal(&upload("image/png", "whatsapp", vec![]).await).1,
        100
    );
    let unknown = upload("application/zip", "whatsapp", vec![1]).await;
    assert!(
        refusal(&unknown)
            .2
            .contains("Received file of type 'application/zip'")
    );
    let large = upload("image/jpeg", "whatsapp", vec![0; 5 * 1024 * 1024 + 1]).await;
    assert_eq!(refusal(&large).1, 131_053);

    let (_, shown) = pair.get(&id).await;
    assert_eq!(shown["mime_type"], "image/png");
    assert_eq!(shown["file_size"], 9);
    assert_eq!(shown["sha256"].as_str().map(str::len), Some(64));
    let url = shown["url"].as_str().unwrap_or_default().to_owned();
    let client = reqwest::Client::new();
    assert_eq!(client.get(&url).send().await?.status(), 400);
    let file = client.get(&url).bearer_auth(TOKEN);
    let file = file.send().await?;
    assert_eq!(file.headers()["content-type"], "image/png");
    assert_eq!(file.bytes().await?, "a picture");
    let forged = url.replace("hash=", "hash=0");
    let forged = client.get(forged).bearer_auth(TOKEN);
    assert_eq!(forged.send().await?.status(), 404);
    pair.network.clock().advance(Duration::from_mins(6));
    let late = client.get(&url).bearer_auth(TOKEN);
    assert_eq!(late.send().await?.status(), 404);

    assert_eq!(
        pair.to_ada(json!({ "type": "image", "image": { "id": id } }))
            .await
            .0,
        200
    );
    assert_eq!(
        pair.network.customers().delivered(ADA)[0].attachments[0]["image"]["id"],
        id.as_str()
    );
    // A picture is no sound.
    let (_, answer) = pair
        .to_ada(json!({ "type": "audio", "audio": { "id": id } }))
        .await;
    let message = answer["messages"][0]["id"].as_str().unwrap_or_default();
    assert_eq!(
        pair.statuses(message, 1).await[0]["errors"][0]["code"],
        131_053
    );

    assert_eq!(pair.get(&format!("{id}?phone_number_id=1")).await.0, 400);
    let delete = pair.call(Method::DELETE, &id);
    assert_eq!(answered(delete).await, (200, json!({ "success": true })));
    assert_eq!(pair.get(&id).await.0, 400);
    let theirs = pair.network.add_media("audio/ogg; codecs=opus", "sound");
    assert_eq!(pair.get(&theirs).await.0, 200);
    pair.network.clock().advance(Duration::from_hours(7 * 24));
    assert_eq!(pair.get(&theirs).await.0, 400);
    Ok(())
}
