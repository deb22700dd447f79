"""Checks the requests of a file with the Standard Webhooks library, by every secret of the file; prints how
many there were."""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

with open(sys.argv[1]) as file:
    told = json.load(file)
for request in told["requests"]:
    for secret in told["secrets"]:
        event = Webhook(secret).verify(request["body"], request["headers"])
        assert event["seq"] > 0
        try:
            Webhook(secret).verify(request["body"] + " ", request["headers"])
        except WebhookVerificationError:
            continue
        raise AssertionError("another body passes")
print(len(told["requests"]))
