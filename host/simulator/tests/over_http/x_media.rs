//! Files on the simulated X: in pieces, processed, and attached.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::x_account::Account;

#[tokio::test]
async fn a_video_is_uploaded_in_pieces_and_processed() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let start =
        json!({ "media_type": "video/mp4", "total_bytes": 6, "media_category": "tweet_video" });
    let (_, begun) = account.post("/2/media/upload/initialize", start).await?;
    let id = begun["data"]["id"].as_str().unwrap_or_default().to_owned();
    for (index, piece) in ["YWJj", "ZGVm"].iter().enumerate() {
        let piece = json!({ "segment_index": index, "media": piece });
        assert_eq!(
            account
                .post(&format!("/2/media/upload/{id}/append"), piece)
                .await?
                .0,
            200
        );
    }
    let (_, done) = account
        .post(&format!("/2/media/upload/{id}/finalize"), json!({}))
        .await?;
    assert_eq!(done["data"]["processing_info"]["state"], "in_progress");
    let post = json!({ "text": "Look", "media": { "media_ids": [id] } });
    assert_eq!(account.post("/2/tweets", post.clone()).await?.0, 400);
    account.x.clock().advance(Duration::from_secs(6));
    let status = account
        .get(&format!("/2/media/upload?command=STATUS&media_id={id}"))
        .await?
        .1;
    assert_eq!(status["data"]["processing_info"]["state"], "succeeded");
    assert_eq!(account.post("/2/tweets", post).await?.0, 201);
    Ok(())
}

impl Account {
    async fn upload(&self, form: Form) -> anyhow::Result<(u16, Value)> {
        let url = format!("{}/2/media/upload", self.x.base_url());
        let request = self.client.post(url).bearer_auth("simulated-user-token");
        let answer = request.multipart(form).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }
}

fn command(name: &str, more: &[(&str, &str)]) -> Form {
    more.iter().fold(
        Form::new().text("command", name.to_owned()),
        |form, (name, value)| form.text((*name).to_owned(), (*value).to_owned()),
    )
}

#[tokio::test]
async fn commands_upload_a_gif_and_tell_how_it_is_processed() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let begin = [
        ("media_type", "image/gif"),
        ("total_bytes", "12"),
        ("media_category", "tweet_gif"),
    ];
    let (status, begun) = account.upload(command("INIT", &begin)).await?;
    assert_eq!(status, 200, "{begun}");
    let id = begun["data"]["id"].as_str().unwrap_or_default().to_owned();
    let key = begun["data"]["media_key"].as_str().unwrap_or_default();
    assert!(key.starts_with("16_"), "{begun}");
    let append = |index: &str, bytes: &'static [u8]| {
        let named = [("media_id", id.as_str()), ("segment_index", index)];
        account.upload(command("APPEND", &named).part("media", Part::bytes(bytes)))
    };
    let finish = || account.upload(command("FINALIZE", &[("media_id", &id)]));
    assert_eq!(append("1", b"def").await?.0, 200);
    assert_eq!(finish().await?.0, 400, "the first piece is missing");
    assert_eq!(append("1000", b"x").await?.0, 400);
    assert_eq!(append("0", b"GIF89aabc").await?.0, 200);
    let (status, done) = finish().await?;
    assert_eq!(status, 200, "{done}");
    let processing = &done["data"]["processing_info"];
    assert_eq!(processing["state"], "in_progress");
    let wait = processing["check_after_secs"].as_u64().unwrap_or(0);
    assert!((1..=6).contains(&wait), "{done}");
    assert_eq!(append("2", b"late").await?.0, 400, "it is closed");
    account.x.clock().advance(Duration::from_secs(wait));
    let state = format!("/2/media/upload?command=STATUS&media_id={id}");
    let (_, ready) = account.get(&state).await?;
    assert_eq!(ready["data"]["processing_info"]["state"], "succeeded");

    let png = || Part::bytes(b"\x89PNG\r\n\x1a\n".as_slice());
    let picture = Form::new()
        .text("media_category", "tweet_image")
        .part("media", png());
    let (status, picture) = account.upload(picture).await?;
    assert_eq!(status, 200, "{picture}");
    let both = json!({ "text": "Look", "media": { "media_ids": [id, picture["data"]["id"]] } });
    assert_eq!(
        account.post("/2/tweets", both).await?.0,
        400,
        "a GIF stands alone"
    );
    let private = json!({ "text": "Look", "attachments": [{ "media_id": id }] });
    let to = "/2/dm_conversations/with/1500000000000000001/messages";
    assert_eq!(account.post(to, private).await?.0, 400, "it is for posts");
    let alone = json!({ "text": "Look", "media": { "media_ids": [id] } });
    let (status, posted) = account.post("/2/tweets", alone).await?;
    assert_eq!(status, 201);
    let post = posted["data"]["id"].as_str().unwrap_or_default();
    let shown = format!("/2/tweets/{post}?expansions=attachments.media_keys&media.fields=type");
    let (_, shown) = account.get(&shown).await?;
    assert_eq!(shown["includes"]["media"][0]["type"], "animated_gif");
    Ok(())
}

#[tokio::test]
async fn what_is_too_large_or_of_another_type_is_refused() -> anyhow::Result<()> {
    let account = Account::start().await?;
    for (category, mime, bytes) in [
        ("tweet_gif", "image/gif", 16 * 1024 * 1024),
        ("tweet_image", "image/png", 6 * 1024 * 1024),
        ("tweet_gif", "video/mp4", 10),
        ("tweet_video", "image/gif", 10),
        ("nothing", "image/png", 10),
    ] {
        let begin = json!({ "media_type": mime, "total_bytes": bytes, "media_category": category });
        let (status, answer) = account.post("/2/media/upload/initialize", begin).await?;
        assert!(matches!(status, 400 | 413), "{category} {mime}: {answer}");
    }
    let large = vec![0_u8; 5 * 1024 * 1024 + 1];
    let begin = json!({ "media_type": "video/mp4", "total_bytes": large.len(), "media_category": "tweet_video" });
    let (_, begun) = account.post("/2/media/upload/initialize", begin).await?;
    let id = begun["data"]["id"].as_str().unwrap_or_default();
    let piece = command("APPEND", &[("media_id", id), ("segment_index", "0")]);
    let piece = piece.part("media", Part::bytes(large));
    assert_eq!(account.upload(piece).await?.0, 413);
    Ok(())
}
