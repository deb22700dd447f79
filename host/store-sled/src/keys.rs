//! Keys.
//!
//! A key is `[length of the site's name][site][family][rest]`, so that everything of one site lies
//! together and each family in it. Numbers are big-endian and identifiers are sixteen bytes, so that
//! the order of the keys is the order of time. What the store keeps for itself has the length 0.

use linecard_model::event::Seq;
use linecard_model::outbox::OutboxNumber;
use linecard_model::{
    AgentId, ChannelId, ContactId, DeadLetterId, InteractionId, MacroId, MessageId, NoteId,
    ResponseId, SiteId,
};
use sha2::{Digest, Sha256};

use linecard_store::{InboxNumber, MessageRef, RawOf, ReactionKey};

/// Stands before the hash of a network's id. No UTF-8 text contains it.
const HASHED: u8 = 0xFF;
/// How much of the hash is taken.
const HASH: usize = 16;

/// What a key leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Family {
    Reaction = b'A',
    Details = b'B',
    Contact = b'C',
    Dedupe = b'D',
    Ended = b'E',
    Fetch = b'F',
    Config = b'G',
    Message = b'H',
    Inbox = b'I',
    Journal = b'J',
    Raw = b'K',
    Health = b'L',
    Epoch = b'M',
    Numbers = b'N',
    Open = b'O',
    Identity = b'P',
    Idempotent = b'Q',
    Cursor = b'R',
    Snapshot = b'S',
    Figures = b'T',
    Outbox = b'U',
    Vault = b'V',
    DeadLetter = b'W',
    PlatformId = b'X',
    Early = b'Y',
    Piece = b'Z',
    ReactionCount = b'a',
    JournalBegin = b'b',
    Draft = b'd',
    Macro = b'm',
    Note = b'n',
    Response = b'r',
    Training = b't',
}

impl Family {
    pub(crate) const ALL: [Self; 33] = [
        Self::Reaction,
        Self::Details,
        Self::Contact,
        Self::Dedupe,
        Self::Ended,
        Self::Fetch,
        Self::Config,
        Self::Message,
        Self::Inbox,
        Self::Journal,
        Self::Raw,
        Self::Health,
        Self::Epoch,
        Self::Numbers,
        Self::Open,
        Self::Identity,
        Self::Idempotent,
        Self::Cursor,
        Self::Snapshot,
        Self::Figures,
        Self::Outbox,
        Self::Vault,
        Self::DeadLetter,
        Self::PlatformId,
        Self::Early,
        Self::Piece,
        Self::ReactionCount,
        Self::JournalBegin,
        Self::Draft,
        Self::Macro,
        Self::Note,
        Self::Response,
        Self::Training,
    ];

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|family| *family as u8 == byte)
    }

    /// Whether values of this family follow from the journal and the content.
    pub(crate) fn is_view(self) -> bool {
        matches!(
            self,
            Self::Contact
                | Self::Identity
                | Self::Open
                | Self::Ended
                | Self::Fetch
                | Self::Message
                | Self::PlatformId
                | Self::Reaction
                | Self::ReactionCount
                | Self::Health
                | Self::Config
                | Self::Note
                | Self::Response
                | Self::Training
                | Self::Macro
        )
    }
}

/// The store's own counters: one key in every batch.
pub(crate) const HEAD: &[u8] = b"\0head";
/// The schema version.
pub(crate) const SCHEMA: &[u8] = b"\0schema";

/// The beginning of all keys of a site.
pub(crate) fn site_prefix(site: &SiteId) -> Vec<u8> {
    let name = site.as_str().as_bytes();
    let mut key = Vec::with_capacity(name.len() + 64);
    // A slug has at most 64 bytes.
    key.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    key.extend_from_slice(name);
    key
}

/// The beginning of all keys of a site's family.
pub(crate) fn family(site: &SiteId, family: Family) -> Vec<u8> {
    let mut key = site_prefix(site);
    key.push(family as u8);
    key
}

fn with(site: &SiteId, of: Family, rest: &[u8]) -> Vec<u8> {
    let mut key = family(site, of);
    key.extend_from_slice(rest);
    key
}

/// A network's id: of one length whatever it is, and no key names a person.
fn push_id(key: &mut Vec<u8>, id: &str) {
    key.push(HASHED);
    key.extend_from_slice(&Sha256::digest(id.as_bytes())[..HASH]);
}

/// The key in place of one of the first layout, where an id stood as it was, or, if it was long, by the
/// whole of its hash; `None` if it is one of this layout.
pub(crate) fn hashed_id(key: &[u8]) -> Option<Vec<u8>> {
    let parts = parse(key)?;
    let channel = parts.rest.iter().position(|byte| *byte == 0)? + 1;
    let (channel, id) = parts.rest.split_at_checked(channel)?;
    let mut hashed = with(&parts.site, parts.family, channel);
    match id.split_first() {
        Some((&HASHED, hash)) if hash.len() > HASH => {
            hashed.push(HASHED);
            hashed.extend_from_slice(hash.get(..HASH)?);
        }
        Some((&HASHED, _)) => return None,
        _ => push_id(&mut hashed, std::str::from_utf8(id).ok()?),
    }
    Some(hashed)
}

/// A channel's part of a family: a slug never contains the zero that ends it.
pub(crate) fn channel(site: &SiteId, of: Family, channel: &ChannelId) -> Vec<u8> {
    let mut key = with(site, of, channel.as_str().as_bytes());
    key.push(0);
    key
}

/// A network's id in a channel's part of a family.
pub(crate) fn network_id(site: &SiteId, of: Family, of_channel: &ChannelId, id: &str) -> Vec<u8> {
    let mut key = channel(site, of, of_channel);
    push_id(&mut key, id);
    key
}

pub(crate) fn epoch(site: &SiteId) -> Vec<u8> {
    family(site, Family::Epoch)
}

/// The mark of the outbox numbers that are used.
pub(crate) fn numbers(site: &SiteId) -> Vec<u8> {
    family(site, Family::Numbers)
}

/// The number of the oldest event that is kept, if it is not the first.
pub(crate) fn journal_begin(site: &SiteId) -> Vec<u8> {
    family(site, Family::JournalBegin)
}

pub(crate) fn config(site: &SiteId) -> Vec<u8> {
    family(site, Family::Config)
}

pub(crate) fn snapshot(site: &SiteId) -> Vec<u8> {
    family(site, Family::Snapshot)
}

pub(crate) fn inbox(site: &SiteId, number: InboxNumber) -> Vec<u8> {
    with(site, Family::Inbox, &number.to_be_bytes())
}

pub(crate) fn record(site: &SiteId, first_seq: Seq) -> Vec<u8> {
    with(site, Family::Journal, &first_seq.to_be_bytes())
}

pub(crate) fn contact(site: &SiteId, id: ContactId) -> Vec<u8> {
    with(site, Family::Contact, id.as_bytes())
}

/// An interaction's key; `of` is [`Family::Open`] or [`Family::Ended`].
pub(crate) fn interaction(site: &SiteId, of: Family, id: InteractionId) -> Vec<u8> {
    with(site, of, id.as_bytes())
}

pub(crate) fn message(site: &SiteId, contact: ContactId, id: MessageId) -> Vec<u8> {
    let mut key = messages(site, contact);
    key.extend_from_slice(id.as_bytes());
    key
}

/// The beginning of the keys of a contact's messages.
pub(crate) fn messages(site: &SiteId, contact: ContactId) -> Vec<u8> {
    with(site, Family::Message, contact.as_bytes())
}

/// What an event says beyond its record.
pub(crate) fn details(site: &SiteId, contact: ContactId, seq: Seq) -> Vec<u8> {
    let mut key = details_of(site, contact);
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

/// The beginning of the keys of what events say about a contact.
pub(crate) fn details_of(site: &SiteId, contact: ContactId) -> Vec<u8> {
    with(site, Family::Details, contact.as_bytes())
}

/// The beginning of the keys of a message's reactions; or, in the other family, the key of their number.
pub(crate) fn reactions(site: &SiteId, of: Family, message: MessageRef) -> Vec<u8> {
    let mut key = with(site, of, message.contact.as_bytes());
    key.extend_from_slice(message.message.as_bytes());
    key
}

pub(crate) fn reaction(site: &SiteId, reaction: &ReactionKey) -> Vec<u8> {
    // Both texts are of any length: a hash keeps any two pairs apart.
    let mut hash = Sha256::new();
    hash.update((reaction.author.len() as u64).to_be_bytes());
    hash.update(reaction.author.as_bytes());
    hash.update(reaction.name.as_bytes());
    let mut key = reactions(site, Family::Reaction, reaction.message);
    key.extend_from_slice(&hash.finalize()[..16]);
    key
}

/// A network's payload. The letter keeps apart what it belongs to; in each the order of the
/// keys is the order of time.
pub(crate) fn raw(site: &SiteId, of: RawOf) -> Vec<u8> {
    let mut key = family(site, Family::Raw);
    match of {
        RawOf::Message(id) => {
            key.push(b'M');
            key.extend_from_slice(id.as_bytes());
        }
        RawOf::Accepted(number) => {
            key.push(b'A');
            key.extend_from_slice(&number.to_be_bytes());
        }
        RawOf::Event(seq) => {
            key.push(b'E');
            key.extend_from_slice(&seq.to_be_bytes());
        }
    }
    key
}

/// The accepted event whose payload's key it is.
pub(crate) fn accepted(site: &SiteId, key: &[u8]) -> Option<InboxNumber> {
    let rest = key.strip_prefix(family(site, Family::Raw).as_slice())?;
    let number: [u8; 8] = rest.strip_prefix(b"A")?.try_into().ok()?;
    Some(u64::from_be_bytes(number))
}

pub(crate) fn outbox(site: &SiteId, of_channel: &ChannelId, number: OutboxNumber) -> Vec<u8> {
    let mut key = channel(site, Family::Outbox, of_channel);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

pub(crate) fn dead_letter(site: &SiteId, of_channel: &ChannelId, id: DeadLetterId) -> Vec<u8> {
    let mut key = channel(site, Family::DeadLetter, of_channel);
    key.extend_from_slice(id.as_bytes());
    key
}

/// The deduplication mark of an event that comes again from a dead letter. No network's id begins
/// with the zero.
pub(crate) fn again(site: &SiteId, of: &ChannelId, letter: DeadLetterId, id: &str) -> Vec<u8> {
    network_id(
        site,
        Family::Dedupe,
        of,
        &format!("\0again\0{letter}\0{id}"),
    )
}

/// What an agent has begun to answer in an interaction.
pub(crate) fn draft(site: &SiteId, interaction: InteractionId, agent: &AgentId) -> Vec<u8> {
    let mut key = with(site, Family::Draft, interaction.as_bytes());
    key.extend_from_slice(agent.as_str().as_bytes());
    key
}

/// The interaction of a draft, by its key.
pub(crate) fn drafted(key: &[u8]) -> Option<(SiteId, InteractionId)> {
    let parts = parse(key)?;
    let id = parts.rest.first_chunk::<16>()?;
    Some((parts.site, InteractionId::from_bytes(*id)))
}

/// A note under a contact.
pub(crate) fn note(site: &SiteId, contact: ContactId, id: NoteId) -> Vec<u8> {
    let mut key = notes(site, contact);
    key.extend_from_slice(id.as_bytes());
    key
}

/// The beginning of the keys of a contact's notes.
pub(crate) fn notes(site: &SiteId, contact: ContactId) -> Vec<u8> {
    with(site, Family::Note, contact.as_bytes())
}

pub(crate) fn response(site: &SiteId, id: &ResponseId) -> Vec<u8> {
    with(site, Family::Response, id.as_str().as_bytes())
}

pub(crate) fn training(site: &SiteId, id: MessageId) -> Vec<u8> {
    with(site, Family::Training, id.as_bytes())
}

pub(crate) fn macro_of(site: &SiteId, id: &MacroId) -> Vec<u8> {
    with(site, Family::Macro, id.as_str().as_bytes())
}

/// A message with files to fetch.
pub(crate) fn fetch(site: &SiteId, id: MessageId) -> Vec<u8> {
    with(site, Family::Fetch, id.as_bytes())
}

pub(crate) fn idempotent(site: &SiteId, principal: &str, key: &str) -> Vec<u8> {
    // Both are a caller's: a hash keeps any two pairs apart.
    let mut hash = Sha256::new();
    hash.update((principal.len() as u64).to_be_bytes());
    hash.update(principal.as_bytes());
    hash.update(key.as_bytes());
    with(site, Family::Idempotent, &hash.finalize())
}

pub(crate) fn vault(site: &SiteId, key: &str) -> Vec<u8> {
    with(site, Family::Vault, key.as_bytes())
}

/// A key taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) site: SiteId,
    pub(crate) family: Family,
    pub(crate) rest: &'a [u8],
}

/// Takes a site's key apart; `None` if it is not one.
pub(crate) fn parse(key: &[u8]) -> Option<Parts<'_>> {
    let (length, rest) = key.split_first()?;
    let (site, rest) = rest.split_at_checked(usize::from(*length))?;
    let (family, rest) = rest.split_first()?;
    Some(Parts {
        site: SiteId::new(std::str::from_utf8(site).ok()?).ok()?,
        family: Family::from_byte(*family)?,
        rest,
    })
}

/// The key of one piece of the value at `owner`, which must be a site's key.
pub(crate) fn piece(owner: &[u8], number: u32) -> Vec<u8> {
    let site = usize::from(owner.first().copied().unwrap_or(0)) + 1;
    let (site, rest) = owner.split_at(site.min(owner.len()));
    let mut key = Vec::with_capacity(owner.len() + 7);
    key.extend_from_slice(site);
    key.push(Family::Piece as u8);
    // The length keeps the pieces of a key that another key begins with apart.
    key.extend_from_slice(&u16::try_from(rest.len()).unwrap_or(u16::MAX).to_be_bytes());
    key.extend_from_slice(rest);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// The key of the value that a piece belongs to, and the piece's number.
pub(crate) fn owner_of_piece(site: &SiteId, rest: &[u8]) -> Option<(Vec<u8>, u32)> {
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (owner, number) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let number = u32::from_be_bytes(number.try_into().ok()?);
    let mut key = site_prefix(site);
    key.extend_from_slice(owner);
    Some((key, number))
}

/// The number at the end of a key.
pub(crate) fn last_number(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>()
        .map(|bytes| u64::from_be_bytes(*bytes))
}

/// The first key after all that begin with `prefix`; `None` if there is none.
pub(crate) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

/// A key for people.
pub(crate) fn show(key: &[u8]) -> String {
    match parse(key) {
        Some(parts) => format!(
            "{}/{:?}/{}",
            parts.site,
            parts.family,
            parts.rest.escape_ascii()
        ),
        None => key.escape_ascii().to_string(),
    }
}
