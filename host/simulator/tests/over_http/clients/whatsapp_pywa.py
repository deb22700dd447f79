"""Drives the WhatsApp number by an independent client, with nothing changed but the host, and has
that client verify and parse the webhooks that it is handed on standard input, one JSON object a line:
`{"body": BASE64, "signature": "sha256=..."}`."""

import base64
import json
import sys

from pywa import WhatsApp, errors, types, utils
from pywa.types.templates import BodyText, TemplateLanguage

host, token, secret, number, account, customer, said = sys.argv[1:]
wa = WhatsApp(
    phone_id=number,
    token=token,
    app_secret=secret,
    waba_id=account,
    server=None,
)
# The client sets its own host, so it is set after the client was made.
wa.api._session.base_url = f"{host}/v27.0"

sent = wa.send_message(customer, "Hello, wörld 👋", tracker="ours-1")
assert sent.id.startswith("wamid."), sent
wa.send_message(
    customer,
    "Choose",
    footer="Small",
    buttons=[types.Button("Yes", "yes"), types.Button("No", "no")],
    reply_to_message_id=said,
)
rows = [types.SectionRow("One", "1", "First"), types.SectionRow("Two", "2")]
wa.send_message(
    customer, "Which?", buttons=types.SectionList("Open", [types.Section("All", rows)])
)
wa.send_message(customer, "See", buttons=types.URLButton("Go", "https://example.com"))
wa.request_location(customer, "Where are you?")
wa.send_location(customer, 37.4, -122.1, name="HQ", address="1 Hacker Way")
picture = b"\x89PNG a picture"
media = wa.upload_media(picture, mime_type="image/png", filename="a.png")
wa.send_image(customer, media.id, caption="Look")
shown = wa.get_media_url(media.id)
assert shown.mime_type == "image/png" and shown.file_size == len(picture), shown
assert wa.get_media_bytes(shown.url) == picture
wa.send_reaction(customer, "👍", said)
wa.send_template(
    customer,
    "order_update",
    TemplateLanguage.ENGLISH_US,
    params=[BodyText.params("Ada", "42")],
)
assert wa.mark_message_as_read(said)
assert wa.indicate_typing(said)
known = wa.get_business_phone_number()
assert known.display_phone_number == "+1 555-078-3881", known
names = [template.name for template in wa.get_templates()]
assert names == ["hello_world", "order_update"], names
try:
    wa.send_template(customer, "order_update", TemplateLanguage.GERMAN)
except errors.TemplateNotExists as refusal:
    assert "does not exist in de" in refusal.details, refusal
else:
    raise AssertionError("an unknown template was sent")
try:
    wa.send_message(customer, "x" * 4097)
except errors.WhatsAppError as refusal:
    assert refusal.code == 100, refusal
else:
    raise AssertionError("a text of 4097 characters was sent")
assert media.delete()

print(json.dumps({"sent": sent.id}), flush=True)

got = []
for register in (
    wa.on_message,
    wa.on_message_status,
    wa.on_callback_button,
    wa.on_callback_selection,
    wa.on_edited_message,
    wa.on_deleted_message,
    wa.on_phone_number_change,
    wa.on_identity_change,
    wa.on_flow_completion,
    wa.on_user_marketing_preferences,
):
    register(lambda _, update: got.append(update))

count = 0
for line in sys.stdin:
    webhook = json.loads(line)
    body = base64.b64decode(webhook["body"])
    assert utils.webhook_updates_validator(secret, body, webhook["signature"])
    assert not utils.webhook_updates_validator("wrong", body, webhook["signature"])
    before = len(got)
    assert wa.webhook_update_handler(body)[1] == 200
    assert len(got) == before + 1, body
    update = got[-1]
    text = ""
    if isinstance(update, types.MessageStatus):
        text = update.status.value
        if text != "failed":
            assert update.error is None, update
        if text == "sent":
            assert update.pricing and update.conversation, update
    elif isinstance(update, types.Message):
        text = update.text or update.caption or ""
        if update.reaction:
            text = update.reaction.emoji or "none"
    elif isinstance(update, types.CallbackButton):
        text = f"{update.title}={update.data}"
    elif isinstance(update, types.CallbackSelection):
        text = f"{update.title}={update.data}"
    elif isinstance(update, types.EditedMessage):
        text = update.message.text or ""
    elif isinstance(update, types.PhoneNumberChange):
        text = f"{update.old_wa_id}>{update.new_wa_id}"
    elif isinstance(update, types.IdentityChange):
        text = update.identity.hash
    kind = getattr(update, "type", "")
    print(json.dumps([type(update).__name__, str(getattr(kind, "value", kind)), text]))
