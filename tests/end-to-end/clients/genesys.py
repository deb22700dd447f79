"""Delivers a message by the official Genesys Cloud client, with nothing changed but the host."""

import sys
import uuid

import PureCloudPlatformClientV2 as genesys

host, client_id, client_secret, integration = sys.argv[1:]
genesys.configuration.host = host
client = genesys.api_client.ApiClient().get_client_credentials_token(client_id, client_secret)
api = genesys.ConversationsApi(client)

sender = genesys.OpenMessagingFromRecipient()
sender.id = "grace@example.com"
sender.id_type = "Email"
sender.first_name = "Grace"
sender.last_name = "Hopper"
channel = genesys.OpenInboundMessageMessagingChannel()
channel.pcFrom = sender
channel.message_id = str(uuid.uuid4())
channel.time = "2026-01-02T03:04:05.678Z"
message = genesys.OpenInboundNormalizedMessage()
message.channel = channel
message.text = "It's easier to ask forgiveness than it is to get permission."
answer = api.post_conversations_message_inbound_open_message(integration, message)
print(answer.id, answer.channel.message_id, answer.text)
assert answer.text == message.text, answer

# A wrong token is refused in the public platform's own form.
client.access_token = "wrong"
try:
    api.post_conversations_message_inbound_open_message(integration, message)
except genesys.rest.ApiException as refusal:
    assert refusal.status == 401, refusal
else:
    raise AssertionError("a wrong token was taken")
