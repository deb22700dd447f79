//! What the page publishes by the API.

use serde_json::{Value, json};

use crate::feed_page::{PAGE, Page, code, texts};

#[tokio::test]
async fn the_page_publishes_posts_photos_and_videos() -> anyhow::Result<()> {
    let page = Page::start().await?;
    let (_, answer) = page.post("me/feed", json!({ "message": "News" })).await?;
    let id = answer["id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("100000000000001_"));
    let (status, answer) = page.post("me/feed", json!({ "message": "News" })).await?;
    assert_eq!((status, code(&answer)), (400, (506, Some(1_455_006))));
    let (_, hidden) = page
        .post("me/feed", json!({ "message": "Later", "published": false }))
        .await?;
    let soon = page.simulator.clock().now_ms() / 1000 + 60;
    for broken in [
        json!({}),
        json!({ "link": "nowhere" }),
        json!({ "message": "x", "scheduled_publish_time": soon + 3600 }),
        json!({ "message": "x", "published": false, "scheduled_publish_time": soon }),
        json!({ "message": "x", "attached_media": [{ "media_fbid": "1" }] }),
    ] {
        let (status, answer) = page.post("me/feed", broken.clone()).await?;
        assert_eq!((status, code(&answer)), (400, (100, None)), "{broken}");
    }
    let scheduled = json!({ "message": "In an hour", "published": false, "scheduled_publish_time": soon + 3600 });
    assert_eq!(page.post("me/feed", scheduled).await?.0, 200);
    assert_eq!(
        texts(&page.get("me/feed").await?),
        ["News", "We are open on Sunday."]
    );
    let unseen = page
        .get(&format!(
            "{}?fields=is_published",
            hidden["id"].as_str().unwrap_or_default()
        ))
        .await?;
    assert_eq!(unseen["is_published"], false);

    let url = json!({ "url": "https://example.com/a.jpg", "caption": "A" });
    let (_, photo) = page.post(&format!("{PAGE}/photos"), url).await?;
    let post_id = photo["post_id"].as_str().expect("a post");
    let shown = page
        .get(&format!(
            "{post_id}?fields=message,attachments,full_picture,status_type"
        ))
        .await?;
    assert_eq!(shown["status_type"], "added_photos");
    assert_eq!(shown["attachments"]["data"][0]["target"]["id"], photo["id"]);
    assert_eq!(shown["full_picture"], "https://example.com/a.jpg");
    let form = "--limit\r\ncontent-disposition: form-data; name=\"published\"\r\n\r\nfalse\r\n\
                --limit\r\ncontent-disposition: form-data; name=\"source\"; filename=\"b.jpg\"\r\n\
                content-type: image/jpeg\r\n\r\njpeg\r\n--limit--\r\n";
    let upload = page
        .client
        .post(page.url("me/photos"))
        .bearer_auth("simulated-page-token")
        .header("content-type", "multipart/form-data; boundary=limit")
        .body(form)
        .send()
        .await?;
    let upload: Value = upload.json().await?;
    assert!(upload.get("post_id").is_none(), "{upload}");
    let album = json!({
        "message": "Two",
        "attached_media": [{ "media_fbid": photo["id"] }, { "media_fbid": upload["id"] }],
    });
    let (_, album) = page.post("me/feed", album).await?;
    let album = album["id"].as_str().unwrap_or_default();
    let shown = page.get(&format!("{album}?fields=attachments")).await?;
    let parts = &shown["attachments"]["data"][0]["subattachments"]["data"];
    let bytes = page
        .client
        .get(
            parts[1]["media"]["image"]["src"]
                .as_str()
                .unwrap_or_default(),
        )
        .send()
        .await?;
    assert_eq!(bytes.bytes().await?.as_ref(), b"jpeg");
    let video = json!({ "file_url": "https://example.com/v.mp4", "description": "V" });
    let (status, video) = page.post("me/videos", video).await?;
    assert_eq!(status, 200);
    // A comment on a photo or video may name it by its own id.
    let path = format!("{}/comments", video["id"].as_str().unwrap_or_default());
    assert_eq!(page.post(&path, json!({ "message": "!" })).await?.0, 200);
    assert_eq!(page.post("me/photos", json!({})).await?.0, 400);
    Ok(())
}
