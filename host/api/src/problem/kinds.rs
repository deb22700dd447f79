//! The kinds of problem, each with its documentation: what `GET /problems/{type}` shows.

use std::fmt::Write as _;

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The stable name at the end of its type.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// A few words, the same each time.
    pub title: &'static str,
    /// What it means and what to do.
    pub help: &'static str,
}

const fn kind(name: &'static str, status: u16, title: &'static str, help: &'static str) -> Kind {
    Kind {
        name,
        status,
        title,
        help,
    }
}

const INTERNAL: Kind = kind(
    "internal",
    500,
    "The hub failed",
    "Something inside the hub did not work. Nothing was changed unless the detail says otherwise. The log has more, under the request's id (header `x-request-id`).",
);

/// Every kind.
pub static KINDS: &[Kind] = &[
    INTERNAL,
    kind(
        "malformed-json",
        400,
        "The body is not JSON",
        "The body cannot be read as JSON. The detail names the line and column.",
    ),
    kind(
        "bad-parameter",
        400,
        "A parameter cannot be read",
        "A part of the path or of the query is not what it has to be, or the address has no such query parameter.",
    ),
    kind(
        "bad-cursor",
        400,
        "The cursor cannot be read",
        "`after`, `before` or `Last-Event-ID` is not a place that the hub gave out, or one that lies in the future. Begin without it, or with a new snapshot.",
    ),
    kind(
        "no-conversation",
        409,
        "Nobody can write first here",
        "The company can write first to a person who is not blocked, on a channel on which there was a private conversation with them. The detail says what is missing.",
    ),
    kind(
        "under-way",
        409,
        "The conversation is not over",
        "There is an interaction with this contact on this channel; `interaction` names it. Write in it: take it first if somebody else has it.",
    ),
    kind(
        "plugin-unfit",
        409,
        "The plug-in does not fit what is configured",
        "A channel or an analyzer that works now could not work with this version. The detail names it and says why: change the configuration first, or use another version.",
    ),
    kind(
        "recordings-full",
        409,
        "There are too many recorded calls",
        "500 recorded calls are kept at most, each for a week. Delete those in the folder `recordings` of the data folder that nobody needs.",
    ),
    kind(
        "no-earlier-version",
        409,
        "There is no version to go back to",
        "No other version of the plug-in is kept, or the one that is asked for serves already. The last five that have served are kept.",
    ),
    kind(
        "unauthenticated",
        401,
        "No valid credentials",
        "Send `Authorization: Bearer …` with a session's token (from `POST /api/v1/session`) or an API key written as `name.secret`. A token ends when it expires, is revoked, or its owner is removed.",
    ),
    kind(
        "session-header-missing",
        403,
        "A request by cookie does not show that it comes from the hub's own pages",
        "Whoever signs in by cookie sends `X-Linecard-Session: cookie` with every request that changes something. Pages of other sites cannot send it, so they can do nothing in a person's name. For a WebSocket, get a ticket from `POST /api/v1/events/ticket`.",
    ),
    kind(
        "sign-in-failed",
        401,
        "The name or the password is wrong",
        "Both are checked together; which of the two is wrong is not told.",
    ),
    kind(
        "not-allowed",
        403,
        "The caller may not do this",
        "The role or the right that it needs is in the detail. Agents see the interactions of their own queues only.",
    ),
    kind(
        "not-found",
        404,
        "There is no such thing",
        "There is nothing under this id, or nothing that the caller may see.",
    ),
    kind(
        "unknown-agent",
        404,
        "There is no such agent",
        "No agent of the site has this name.",
    ),
    kind(
        "unknown-queue",
        404,
        "There is no such queue",
        "No queue of the site has this name.",
    ),
    kind(
        "unknown-interaction",
        404,
        "There is no such open interaction",
        "It never was, or it has ended.",
    ),
    kind(
        "unknown-offer",
        404,
        "There is no such offer",
        "It never was, or it is long over.",
    ),
    kind(
        "method-not-allowed",
        405,
        "The method is not supported here",
        "The header `allow` names the methods that are.",
    ),
    kind(
        "unsupported-webhook",
        405,
        "The channel does not take this request",
        "The channel's connector does not take this method or path. Check the webhook address that the network was given.",
    ),
    kind(
        "quota-exceeded",
        429,
        "The quota is used up",
        "The caller has uploaded more than is allowed for an hour (`upload_bytes_per_hour` in the process's configuration). `retry-after` says when there is room again.",
    ),
    kind(
        "timeout",
        504,
        "The request took too long",
        "The hub stopped waiting. A request that changes something may have had its effect: repeat it under the same `Idempotency-Key`.",
    ),
    kind(
        "offer-expired",
        409,
        "The offer has expired",
        "It was answered after its deadline. The interaction is offered to somebody else, or again.",
    ),
    kind(
        "offer-of-another",
        409,
        "The offer was made to somebody else",
        "Only the agent at whom it alerts can answer it.",
    ),
    kind(
        "offer-taken",
        409,
        "The offer was accepted already",
        "It has been accepted before.",
    ),
    kind(
        "offer-withdrawn",
        409,
        "The offer is over",
        "It was declined, or withdrawn because the customer left or the agent stopped being ready.",
    ),
    kind(
        "wrong-state",
        409,
        "Not in this state",
        "The interaction is in a state in which this cannot be done. The detail names the state and the one that is needed.",
    ),
    kind(
        "takes-part",
        409,
        "Takes part already",
        "The agent has a part in the interaction already: the detail says which.",
    ),
    kind(
        "no-such-leg",
        409,
        "Does not take part so",
        "The agent has no such part in the interaction: the detail says what they would have to be.",
    ),
    kind(
        "too-many-legs",
        409,
        "As many take part as can",
        "Somebody must leave the interaction before another one joins.",
    ),
    kind(
        "agent-unavailable",
        409,
        "The agent cannot take it now",
        "The detail says why: not there, not entitled to the media type, or with as much work as they may have.",
    ),
    kind(
        "nobody-available",
        409,
        "Nobody can take it now",
        "Of those who were asked for nobody is ready with room for it. Ask an agent by name, or transfer it: then it waits.",
    ),
    kind(
        "pick-up-forbidden",
        403,
        "Members may not pick up",
        "The queue does not let its members take what waits themselves; it is set with `pick_up`. Those with the right `lead` may.",
    ),
    kind(
        "not-member",
        403,
        "Not a member of the queue",
        "Only members of its queue, and those with the right `lead`, take an interaction themselves.",
    ),
    kind(
        "unknown-group",
        422,
        "No such group",
        "The site has no such group.",
    ),
    kind(
        "unknown-station",
        422,
        "No such station",
        "The site has no such station.",
    ),
    kind(
        "invalid-until",
        422,
        "Not a time that can be",
        "The time is over, or too far away: the detail names the bounds.",
    ),
    kind(
        "invalid-reference",
        422,
        "Not a reference",
        "A reference has 1 to 200 characters.",
    ),
    kind(
        "too-much-external",
        409,
        "Too much work elsewhere",
        "The agent has as many pieces of work elsewhere as can be told. End those that are over.",
    ),
    kind(
        "not-yours",
        409,
        "Another agent has it",
        "Only the agent who has the interaction can do this.",
    ),
    kind(
        "duplicate-interaction",
        409,
        "It is in a queue already",
        "The interaction is in the router already.",
    ),
    kind(
        "not-resendable",
        409,
        "The message cannot be sent again",
        "Only a message that failed, or whose outcome is uncertain, can be sent again.",
    ),
    kind(
        "not-uncertain",
        409,
        "It is known what became of the message",
        "Whether a message arrived can be said of one whose outcome is uncertain.",
    ),
    kind(
        "not-on-network",
        409,
        "The network does not have the message",
        "An action is about a message that the network has: one that was sent, and a part of it that exists.",
    ),
    kind(
        "contact-busy",
        409,
        "Something is under way with the contact",
        "A contact is erased when its interactions are over and no answer to it waits to be sent.",
    ),
    kind(
        "backup-runs",
        409,
        "A backup is being made already",
        "Wait until it has ended; one is made at a time.",
    ),
    kind(
        "in-use",
        409,
        "Something still refers to it",
        "Change what refers to it first; the detail names it.",
    ),
    kind(
        "unknown-disposition",
        422,
        "Not a disposition code of the queue",
        "`allowed` lists the queue's codes.",
    ),
    kind(
        "disposition-required",
        422,
        "A disposition code is required",
        "The queue requires a disposition code; `allowed` lists its codes.",
    ),
    kind(
        "unknown-reason",
        422,
        "Not a reason for not being ready",
        "`allowed` lists the site's reasons.",
    ),
    kind(
        "invalid-proficiency",
        422,
        "A proficiency is out of range",
        "Proficiencies run from 1 to 100.",
    ),
    kind(
        "invalid-settings",
        422,
        "The settings do not fit together",
        "The detail names the first thing that does not fit.",
    ),
    kind(
        "invalid",
        422,
        "The request makes no sense",
        "The body is JSON, but a field of it is missing, unknown or out of range: `pointer` names it.",
    ),
    kind(
        "invalid-site",
        422,
        "The configuration is not valid",
        "`errors` lists everything that is wrong, each with the JSON Pointer of the place and what to do.",
    ),
    kind(
        "capability-unsupported",
        422,
        "The channel cannot do this",
        "The network, or the channel's connector, has no such action here. An interaction's `capabilities` say what it has.",
    ),
    kind(
        "reply-window-closed",
        422,
        "The reply window is closed",
        "The network allows an answer only for a time after the customer's last message, and that time is over. `capabilities` show when it closes.",
    ),
    kind(
        "opt-in-required",
        422,
        "The contact has not agreed",
        "This would open the conversation anew, and the contact has not agreed to be written to first. Record their consent with `PUT /api/v1/contacts/{id}/opt-ins/{channel}`.",
    ),
    kind(
        "template-unfit",
        422,
        "The template cannot be sent so",
        "The channel has no such template in this language, the network has not approved it, or what fills it does not fit: `template` and `language` name it, and `errors` lists everything that is wrong, each with the JSON Pointer of the place and what to do. `GET /api/v1/channels/{id}/templates` shows what there is and what each template needs.",
    ),
    kind(
        "text-too-long",
        422,
        "The text is too long",
        "The network's limit and how it counts are in the interaction's `capabilities`.",
    ),
    kind(
        "text-required",
        422,
        "There is nothing to send",
        "A message needs a text, an attachment or structured content.",
    ),
    kind(
        "attachment-unsupported",
        422,
        "The attachment is not taken",
        "The network does not take an attachment of this kind, type, size or number here.",
    ),
    kind(
        "precondition-failed",
        412,
        "It has been changed meanwhile",
        "`If-Match` names a version that is no longer the newest. Read it again, apply the change to what it is now, and send that.",
    ),
    kind(
        "precondition-required",
        428,
        "If-Match is missing",
        "Send the `ETag` that was read in `If-Match`, so that nobody's change is overwritten.",
    ),
    kind(
        "file-pending",
        409,
        "The file is not there yet",
        "The hub fetches what customers attach from the network. Wait for the event `file-fetched`, or look at the message's `files`.",
    ),
    kind(
        "file-lost",
        410,
        "The file could not be fetched",
        "The network did not give the file: its link had ended, or it refuses. The detail has the reason.",
    ),
    kind(
        "too-large",
        413,
        "The body is too large",
        "The limit is in the detail.",
    ),
    kind(
        "unsupported-media-type",
        415,
        "The body's type is not taken",
        "Send `content-type: application/json`.",
    ),
    kind(
        "too-many-webhooks",
        409,
        "There are as many webhooks as may be",
        "The detail says how many a site may have. Delete one that nobody needs any more.",
    ),
    kind(
        "idempotency-key-reused",
        422,
        "The idempotency key was used for another request",
        "A key belongs to one request: the same method, path and body. Use a new one.",
    ),
    kind(
        "bad-idempotency-key",
        400,
        "The idempotency key cannot be used",
        "An `Idempotency-Key` has 1 to 255 visible ASCII characters.",
    ),
    kind(
        "provider-throttled",
        429,
        "The network asks to wait",
        "`retry-after` says for how long.",
    ),
    kind(
        "too-many-streams",
        429,
        "Too many event streams",
        "The caller has as many event streams open as one may have (`most`). Close one, or wait for the time in `retry-after` if a reader has just gone.",
    ),
    kind(
        "too-many-attempts",
        429,
        "Too many failed sign-ins",
        "Wait for the time in `retry-after`.",
    ),
    kind(
        "busy",
        503,
        "The hub is behind",
        "There is more to take, or there are more connections or sign-ins waiting, than it takes at a time. Try again after the time in `retry-after`.",
    ),
    kind(
        "stopping",
        503,
        "The hub takes no more work",
        "It is stopping, or cannot write to its disk. What was acknowledged is safe.",
    ),
    kind(
        "search-unavailable",
        503,
        "Nothing can be looked for at the moment",
        "The index of words is missing or broken, and is being built anew from what the hub keeps. Everything else works. Try again after the time in `retry-after`; if it stays so, the log says why.",
    ),
    kind(
        "practice-unavailable",
        409,
        "The network to practise on does not work",
        "The simulated network within the hub's process was turned off, cannot listen, or was not heard by the hub. The detail says which, and what to do.",
    ),
    kind(
        "bad-signature",
        401,
        "The signature is wrong or missing",
        "The request does not come from the network, or the channel's secret is not the one that the network signs with.",
    ),
    kind(
        "channel-paused",
        409,
        "The channel is paused in its configuration",
        "It cannot be resumed by hand: take `paused` out of its configuration and apply it.",
    ),
    kind(
        "confirmation-required",
        409,
        "The customer may have it already",
        "Nobody knows whether the network did it, or did a part of it. Look at the conversation on the network; send `\"confirm\": true` if it may arrive twice.",
    ),
    kind(
        "still-failing",
        422,
        "It failed again",
        "What failed for good was tried again and still fails; it stays a dead letter. The detail says why.",
    ),
    kind(
        "network-refused",
        502,
        "The network did not do it",
        "The channel's network, or its connector, says why not in the detail. Nothing else has changed; see to it, and try again.",
    ),
    kind(
        "plugin-failed",
        500,
        "The connector failed",
        "The channel's plug-in crashed, or broke one of its limits. Other channels go on.",
    ),
    kind(
        "cursor-too-old",
        410,
        "The events are no longer kept",
        "The journal begins after this cursor. Read `GET /api/v1/snapshot` and go on from its `seq`.",
    ),
    kind(
        "not-acceptable",
        406,
        "No such representation",
        "The answer cannot be given in a form that the request accepts.",
    ),
];

/// The kind with a name.
pub(super) fn find(name: &str) -> &'static Kind {
    KINDS.iter().find(|k| k.name == name).unwrap_or(&INTERNAL)
}

/// The documentation of one kind, as Markdown.
pub fn page(name: &str) -> Option<String> {
    let kind = KINDS.iter().find(|k| k.name == name)?;
    Some(format!(
        "# {}\n\n`/problems/{}` (HTTP {})\n\n{}\n",
        kind.title, kind.name, kind.status, kind.help
    ))
}

/// The documentation of all kinds, as Markdown.
pub fn all() -> String {
    let mut text = String::from("# Problem types\n\n");
    for kind in KINDS {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "- [`{0}`](/problems/{0}) ({1}): {2}",
            kind.name, kind.status, kind.title
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_fit_a_path() {
        let mut seen = BTreeSet::new();
        for kind in KINDS {
            assert!(seen.insert(kind.name), "{} twice", kind.name);
            assert!(
                kind.name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{}",
                kind.name
            );
            assert!((400..600).contains(&kind.status));
        }
    }

    #[test]
    fn every_refusal_of_the_router_has_a_kind() {
        for name in [
            "unknown-agent",
            "unknown-queue",
            "unknown-interaction",
            "unknown-offer",
            "offer-expired",
            "offer-of-another",
            "offer-taken",
            "offer-withdrawn",
            "wrong-state",
            "takes-part",
            "no-such-leg",
            "too-many-legs",
            "agent-unavailable",
            "nobody-available",
            "pick-up-forbidden",
            "not-member",
            "unknown-group",
            "unknown-station",
            "invalid-until",
            "invalid-reference",
            "too-much-external",
            "not-yours",
            "unknown-disposition",
            "disposition-required",
            "unknown-reason",
            "duplicate-interaction",
            "invalid-proficiency",
            "invalid-settings",
        ] {
            assert_eq!(find(name).name, name);
        }
    }
}
