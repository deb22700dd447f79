"""Reads and answers a page's feed and an Instagram account by an independent client, with nothing
changed but the host."""

import sys

from pyfacebook import FacebookApi, FacebookError, IGBusinessApi

host, token, secret, page, post, comment, account, media, on_instagram, app = sys.argv[1:]
settings = {
    "access_token": token,
    "app_secret": secret,
    "base_url": host + "/",
    "version": "v27.0",
}

api = FacebookApi(**settings)
feed = api.page.get_feed(page, limit=1, count=3)
assert [one.message for one in feed.data] == ["third", "second", "first"], feed
assert feed.data[1].attachments.data[0].type == "photo", feed

with_sums = api.post.get_info(
    post,
    fields="id,message,comments.filter(stream).summary(true).limit(0),"
    "reactions.type(LOVE).limit(0).summary(total_count).as(love)",
    return_json=True,
)
assert with_sums["comments"]["data"] == [], with_sums
assert with_sums["comments"]["summary"]["total_count"] == 3, with_sums
assert with_sums["love"]["summary"]["total_count"] == 0, with_sums
assert api.page.get_info(page).name == "Simulated Page"

comments = api.post.get_comments(
    post,
    fields="id,message,from,parent,permalink_url,created_time",
    filter_type="stream",
    limit=2,
    count=10,
)
assert [one.message for one in comments.data] == ["Hello", "reply", "again"], comments
assert comments.data[1].parent.id == comment, comments

sent = api.comment.create(comment, message="Answer", fields="id,message,permalink_url")
assert sent.message == "Answer" and "reply_comment_id" in sent.permalink_url, sent
assert api.comment.creat_like(comment)["success"]
assert api.comment.get_info(comment).like_count == 1
assert api.comment.update(sent.id, message="Changed")["success"]
assert api.comment.update(comment, is_hidden=True)["success"]
assert api.comment.get_info(sent.id).message == "Changed"
assert api.comment.delete(sent.id)["success"]
try:
    api.comment.get_info(sent.id)
except FacebookError as refusal:
    assert refusal.code == 100, refusal
else:
    raise AssertionError("a removed comment was shown")
known = api.debug_token(token, access_token=f"{app}|{secret}")["data"]
assert known["is_valid"] and known["type"] == "PAGE", known

instagram = IGBusinessApi(instagram_business_id=account, **settings)
assert instagram.user.get_info().username == "simulated.page"
assert [one.id for one in instagram.user.get_media().data] == [media]
found = instagram.media.get_comments(media)
assert [one.text for one in found.data] == ["This is an example."], found
answer = instagram.post_object(on_instagram, "replies", data={"message": "Thanks!"})
replies = instagram.comment.get_replies(on_instagram)
assert [one.id for one in replies.data] == [answer["id"]], replies
assert instagram.post_object(on_instagram, data={"hide": True})["success"]
