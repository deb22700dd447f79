"""Works a short shift with the client that openapi-python-client makes of the hub's description."""

import pathlib
import sys
import time
import uuid

base, folder, customer, key_file = sys.argv[1:]
sys.path.insert(0, folder)

from hub_client import AuthenticatedClient, Client
from hub_client.api.agents import set_own_presence
from hub_client.api.contacts import list_contact_history, list_contacts
from hub_client.api.queues import get_stats
from hub_client.api.session import get_session, sign_in, sign_out
from hub_client.api.work import (
    accept_offer,
    end_interaction,
    get_interaction,
    list_messages,
    list_offers,
    send_message,
)
from hub_client.models import (
    Contact,
    Disposition,
    Interaction,
    Message,
    Problem,
    Reply,
    Session,
    SetPresence,
    SignIn,
    Stats,
)


def got(kind, answer):
    """An answer of the type that the description promises."""
    assert isinstance(answer, kind), answer
    return answer


def eventually(question):
    for _ in range(600):
        answer = question()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def signed_in(name):
    body = SignIn.from_dict({"name": name, "password": name})
    session = got(Session, sign_in.sync(client=Client(base_url=base), body=body))
    return AuthenticatedClient(base_url=base, token=session.token)


wrong = SignIn.from_dict({"name": "agent-1", "password": "wrong"})
refused = sign_in.sync_detailed(client=Client(base_url=base), body=wrong)
assert refused.status_code == 401, refused
assert got(Problem, refused.parsed).type_ == "/problems/sign-in-failed", refused

agent = signed_in("agent-1")
assert got(Session, get_session.sync(client=agent)).name == "agent-1"
ready = SetPresence.from_dict({"state": "ready"})
set_own_presence.sync(client=agent, body=ready, idempotency_key=str(uuid.uuid4()))
offer = eventually(lambda: list_offers.sync(client=agent))[0]
interaction = got(Interaction, accept_offer.sync(offer.id, client=agent))
assert interaction.state == "connected", interaction
twice = got(Problem, accept_offer.sync(offer.id, client=agent))
assert twice.type_ == "/problems/offer-taken", twice

found = list_contacts.sync(client=agent, channel="web", identity=customer).items
contact = got(Contact, found[0])
history = list_contact_history.sync(str(contact.id), client=agent).items
assert history[0].content.text == "Where is my parcel?", history

reply = Reply.from_dict({"text": "It leaves today."})
key = str(uuid.uuid4())
sent = got(
    Message,
    send_message.sync(str(interaction.id), client=agent, body=reply, idempotency_key=key),
)
again = send_message.sync(str(interaction.id), client=agent, body=reply, idempotency_key=key)
assert again.id == sent.id, again
eventually(
    lambda: any(
        message.id == sent.id and message.state in ("sent", "delivered", "read")
        for message in list_messages.sync(str(interaction.id), client=agent).items
    )
)
shown = got(Interaction, get_interaction.sync(str(interaction.id), client=agent))
assert shown.outbound_count == 1, shown

done = Disposition.from_dict({"disposition": "Processed"})
ended = got(Interaction, end_interaction.sync(str(interaction.id), client=agent, body=done))
assert ended.state == "ended" and ended.disposition == "Processed", ended

assert got(Problem, get_stats.sync(client=agent)).status == 403
key = pathlib.Path(key_file).read_text().strip()
stats = got(Stats, get_stats.sync(client=AuthenticatedClient(base_url=base, token=key)))
assert stats.census.ended == 1, stats

assert sign_out.sync_detailed(client=agent).status_code == 204
assert got(Problem, get_session.sync(client=agent)).status == 401
