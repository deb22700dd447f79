"""Drives an account by X's own client, with nothing changed but the host."""

import base64
import sys

from requests import HTTPError
from xdk import Client
from xdk.oauth1_auth import OAuth1

host, user, handle, token, bearer, key, secret, oauth_token, oauth_secret, ann, mention = sys.argv[1:]

as_user = Client(base_url=host, access_token=token)
as_app = Client(base_url=host, bearer_token=bearer)
signed = Client(
    base_url=host,
    auth=OAuth1(key, secret, "oob", oauth_token, oauth_secret),
)


def refused(call, status):
    try:
        call()
    except HTTPError as error:
        assert error.response.status_code == status, error.response.text
        return error.response.json()
    raise AssertionError("X would refuse this")


def data(answer):
    return answer.model_dump(exclude_none=True)["data"]


for client in (as_user, signed):
    me = data(client.users.get_me(user_fields=["created_at", "public_metrics"]))
    assert me["id"] == user and me["username"] == handle, me
    assert me["public_metrics"]["followers_count"] == 0, me
assert refused(lambda: Client(base_url=host, access_token="no").users.get_me(), 401)

fields = {
    "post_fields": ["conversation_id", "created_at", "entities", "note_post", "attachments"],
    "expansions": ["author_id", "referenced_posts", "attachments.media_keys"],
    "user_fields": ["username", "verified"],
    "media_fields": ["url", "type"],
}
pages = list(as_user.users.get_mentions(user, max_results=5, **fields))
assert len(pages) == 2, pages
found = [post for page in pages for post in page.model_dump(exclude_none=True)["data"]]
assert len(found) == 6 and found[-1]["id"] == mention, found
assert found[-1]["conversation_id"] == mention and "created_at" in found[-1], found
assert pages[0].model_dump(exclude_none=True)["includes"]["users"][0]["id"] == ann, pages
assert list(as_user.users.get_mentions(user, since_id=found[0]["id"]))[0].data is None

made = data(signed.posts.create({"text": "Hello & <welcome>"}))
refused(lambda: as_user.posts.create({"text": "Hello & <welcome>"}), 403)
reply = data(as_user.posts.create({"text": "On its way", "reply": {"in_reply_to_tweet_id": mention}}))
shown = as_user.posts.get_by_id(reply["id"], **fields).model_dump(exclude_none=True)
assert shown["data"]["conversation_id"] == mention, shown
assert data(as_app.posts.get_by_ids([reply["id"], made["id"]]))[0]["text"] == "On its way"
mine = list(as_user.users.get_posts(user))[0].model_dump(exclude_none=True)["data"]
assert [post["id"] for post in mine] == [reply["id"], made["id"]], mine
assert mine[1]["text"] == "Hello &amp; &lt;welcome&gt;", mine
quote = data(as_user.posts.create({"text": "Look", "quote_tweet_id": mention}))

for client in (as_app, as_user, signed):
    pages = list(client.posts.search_recent("parcel -is:retweet", max_results=10, **fields))
    assert [post["id"] for post in data(pages[0])] == [mention], pages
refused(lambda: list(as_app.posts.search_recent("(oops")), 400)

assert data(as_user.users.like_post(user, {"tweet_id": mention}))["liked"]
assert data(signed.users.unlike_post(user, mention))["liked"] is False
assert data(as_user.users.repost_post(user, {"tweet_id": mention}))["retweeted"]
assert data(as_user.users.unrepost_post(user, mention))["retweeted"] is False
assert data(as_user.users.follow_user(user, {"target_user_id": ann}))["following"]
assert data(as_user.users.unfollow_user(user, ann))["following"] is False

assert data(as_app.users.get_by_id(ann))["username"] == "ann"
assert data(as_app.users.get_by_username("ann"))["id"] == ann
assert [one["id"] for one in data(as_app.users.get_by_ids([ann, user]))] == [ann, user]
assert [one["id"] for one in data(as_app.users.get_by_usernames(["ann", handle]))] == [ann, user]
missing = as_user.users.get_by_id("99", post_fields=["id"]).model_dump(exclude_none=True)
assert missing["errors"][0]["title"] == "Not Found Error", missing

sent = data(as_user.direct_messages.create_by_participant_id(ann, {"text": "In private"}))
again = data(
    signed.direct_messages.create_by_conversation_id(sent["dm_conversation_id"], {"text": "More"})
)
both = {
    "dm_event_fields": ["sender_id", "created_at", "dm_conversation_id"],
    "expansions": ["sender_id"],
}
events = data(next(as_user.direct_messages.get_events(**both)))
assert [one["id"] for one in events] == [again["dm_event_id"], sent["dm_event_id"]], events
assert events[0]["sender_id"] == user, events
with_ann = data(next(as_user.direct_messages.get_events_by_participant_id(ann, **both)))
assert with_ann == events, with_ann
in_it = data(
    next(as_user.direct_messages.get_events_by_conversation_id(sent["dm_conversation_id"], **both))
)
assert in_it == events, in_it
one = data(as_user.direct_messages.get_events_by_id(again["dm_event_id"], **both))
assert one["text"] == "More", one

png = b"\x89PNG\r\n\x1a\n" + b"0" * 100
picture = data(
    as_user.media.upload(
        {"media": base64.b64encode(png).decode(), "media_category": "tweet_image"}
    )
)
with_picture = data(
    as_user.posts.create({"text": "Look", "media": {"media_ids": [picture["id"]]}})
)
shown = as_user.posts.get_by_id(with_picture["id"], **fields).model_dump(exclude_none=True)
assert shown["includes"]["media"][0]["media_key"] == picture["media_key"], shown
begun = data(
    as_user.media.initialize_upload(
        {"media_type": "video/mp4", "total_bytes": 6, "media_category": "tweet_video"}
    )
)
for index, piece in enumerate((b"abc", b"def")):
    as_user.media.append_upload(
        begun["id"], {"media": base64.b64encode(piece).decode(), "segment_index": index}
    )
done = data(as_user.media.finalize_upload(begun["id"]))
assert done["processing_info"]["state"] == "in_progress", done
state = data(as_user.media.get_upload_status(begun["id"], command="STATUS"))
assert state["processing_info"]["state"] == "in_progress", state

assert data(as_user.posts.delete(quote["id"]))["deleted"]
gone = as_user.posts.get_by_id(quote["id"], **fields).model_dump(exclude_none=True)
assert "data" not in gone and gone["errors"], gone
refused(lambda: as_user.posts.hide_reply(mention, {"hidden": True}), 403)
