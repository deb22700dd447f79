//! The media store, as far as a plug-in's HTTP calls need it.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

/// A file's content, piece by piece.
pub type MediaStream = BoxStream<'static, std::io::Result<Bytes>>;

/// A file to be read.
pub struct MediaFile {
    /// The size in bytes.
    pub size: u64,
    /// The MIME type, if known.
    pub mime: Option<String>,
    /// The file's name, if known.
    pub name: Option<String>,
    /// The content.
    pub content: MediaStream,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBody {
    /// Its name in the store.
    pub media: String,
    /// The size in bytes.
    pub size: u64,
    /// The lower-case hexadecimal SHA-256.
    pub sha256: String,
}

/// Why a file could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// The call has no access to files.
    #[error("no access to the media store")]
    Denied,
    /// There is no such file.
    #[error("there is no file \"{0}\" in the media store")]
    Missing(String),
    /// The file is over the store's limit, in bytes.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// The store, or the source of what was to be written, failed.
    #[error("{0}")]
    Failed(String),
}

/// Reads and writes files by name. The default denies both.
#[async_trait]
pub trait MediaStore: Send + Sync {
    /// Opens a file.
    async fn open(&self, media: &str) -> Result<MediaFile, MediaError> {
        let _ = media;
        Err(MediaError::Denied)
    }

    /// Opens a piece of a file: `length` bytes from `offset` on, fewer if the file ends before.
    async fn open_range(
        &self,
        media: &str,
        offset: u64,
        length: u64,
    ) -> Result<MediaStream, MediaError> {
        let _ = (media, offset, length);
        Err(MediaError::Denied)
    }

    /// Writes a file. If the content ends with an error, nothing is kept.
    async fn store(
        &self,
        mime: Option<&str>,
        content: MediaStream,
    ) -> Result<StoredBody, MediaError> {
        let _ = (mime, content);
        Err(MediaError::Denied)
    }
}

/// A media store that denies everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMedia;

impl MediaStore for NoMedia {}
