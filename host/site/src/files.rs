//! The hub's copies of what customers attach.

use linecard_model::event::Event;
use linecard_model::manifest::AttachmentKind;
use linecard_model::message::AttachmentFile;
use linecard_model::platform::Attachment;
use linecard_model::{ChannelId, ContactId, MessageId};
use linecard_store::{MessageRef, StoreError};

use super::run::{After, Batch};

/// A file that was fetched, or cannot be.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The contact of the message.
    pub contact: ContactId,
    /// The message.
    pub message: MessageId,
    /// Which of its attachments, counted from 0.
    pub index: usize,
    /// The attachment that was asked for: an edit may have put another one in its place.
    pub attachment: Attachment,
    /// The copy.
    pub file: AttachmentFile,
}

/// The copies to make of attachments: none if the connector fetches nothing.
pub(super) fn wanted(
    batch: &Batch<'_>,
    channel: &ChannelId,
    attachments: &[Attachment],
) -> Vec<AttachmentFile> {
    let fetches = batch.state.channels.get(channel).is_some_and(|channel| {
        channel
            .abilities()
            .is_some_and(|connector| connector.resolves_media)
    });
    let files: Vec<AttachmentFile> = attachments.iter().map(wanted_file).collect();
    if fetches && files.contains(&AttachmentFile::Pending) {
        files
    } else {
        Vec::new()
    }
}

fn wanted_file(attachment: &Attachment) -> AttachmentFile {
    let is_file = matches!(
        attachment.kind,
        AttachmentKind::Image
            | AttachmentKind::Audio
            | AttachmentKind::Video
            | AttachmentKind::File
            | AttachmentKind::Sticker
            | AttachmentKind::Animation
    );
    if is_file && (attachment.url.is_some() || attachment.media_id.is_some()) {
        AttachmentFile::Pending
    } else {
        AttachmentFile::None
    }
}

/// Has a message's files fetched once it is durable.
pub(super) fn fetch(
    batch: &mut Batch<'_>,
    contact: ContactId,
    message: MessageId,
    files: &[AttachmentFile],
) {
    if files.contains(&AttachmentFile::Pending) {
        batch
            .after
            .push(After::Fetch(MessageRef { contact, message }));
    }
}

/// Records a copy. One that is no longer waited for is forgotten; the file stays in the store.
pub(super) async fn fetched(batch: &mut Batch<'_>, fetched: Fetched) -> Result<(), StoreError> {
    let Fetched {
        contact,
        message,
        index,
        attachment,
        file,
    } = fetched;
    let Some(known) = batch.work.message(contact, message).await? else {
        return Ok(());
    };
    let is_waited_for = known.files.get(index) == Some(&AttachmentFile::Pending)
        && known.content.attachments.get(index) == Some(&attachment);
    let Ok(attachment) = u32::try_from(index) else {
        return Ok(());
    };
    if !is_waited_for {
        return Ok(());
    }
    let event = Event::FileFetched {
        message,
        contact,
        interaction: known.interaction,
        attachment,
        file,
    };
    batch.record(vec![event]).await
}
