//! The files that are sent and received: kept beside the data, named by the hash of their content.

use std::io::{SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use linecard_sandbox::{MediaError, MediaFile, MediaStore, MediaStream, StoredBody};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use crate::media_type::{HEAD, decide};

/// How much of a file is read at once.
const PIECE: usize = 64 * 1024;

/// The media store: `<data>/media/<first two digits>/<sha-256>`, with a small JSON file beside each
/// that says its type. A file is there as a whole or not at all, and never changes.
#[derive(Debug, Clone)]
pub struct MediaFolder {
    folder: PathBuf,
    max_bytes: u64,
}

/// What is known of a file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Facts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mime: Option<String>,
}

impl MediaFolder {
    /// A store in this folder, which is made when it is first written to. No file in it is larger
    /// than `max_bytes`.
    pub fn new(folder: impl Into<PathBuf>, max_bytes: u64) -> Self {
        Self {
            folder: folder.into(),
            max_bytes,
        }
    }

    /// The place of a file; `None` if the name is not one that this store gives.
    fn place(&self, media: &str) -> Option<PathBuf> {
        let is_hash = media.len() == 64
            && media
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        is_hash.then(|| self.folder.join(&media[..2]).join(media))
    }

    /// Where a file is, and its type if that is known; `None` if there is no such file.
    pub async fn find(&self, media: &str) -> Option<(PathBuf, Option<String>)> {
        let place = self.place(media)?;
        tokio::fs::metadata(&place).await.ok()?;
        let mime = facts(&place).await.mime;
        Some((place, mime))
    }

    /// The type of a file of which something more is told than when it was stored: what comes first is
    /// believed first. What is said is kept with the file.
    pub async fn told(
        &self,
        media: &str,
        said: &[Option<&str>],
    ) -> Result<Option<String>, MediaError> {
        let place = self.place(media).ok_or_else(|| missing(media))?;
        let mut file = open(&place, media).await?;
        let mut head = Vec::new();
        let length = u64::try_from(HEAD).unwrap_or(u64::MAX);
        (&mut file)
            .take(length)
            .read_to_end(&mut head)
            .await
            .map_err(failed)?;
        let known = facts(&place).await.mime;
        let said = said.iter().copied().chain([known.as_deref()]);
        let mime = decide(said, &head);
        if mime.is_some() && mime != known {
            let kept = Facts { mime: mime.clone() };
            tokio::task::spawn_blocking(move || note(&place, &kept))
                .await
                .map_err(failed)?
                .map_err(failed)?;
        }
        Ok(mime)
    }

    async fn write(
        &self,
        mime: Option<&str>,
        mut content: MediaStream,
    ) -> Result<StoredBody, MediaError> {
        let incoming = self.folder.join("incoming");
        tokio::fs::create_dir_all(&incoming).await.map_err(failed)?;
        // Deleted when it is dropped, unless it was put in its place.
        let temporary = tempfile::NamedTempFile::new_in(&incoming).map_err(failed)?;
        let mut file = tokio::fs::File::from_std(temporary.reopen().map_err(failed)?);
        let mut hash = Sha256::new();
        let mut size = 0_u64;
        let mut head = Vec::new();
        while let Some(piece) = content.next().await {
            let piece = piece.map_err(failed)?;
            size = size.saturating_add(piece.len() as u64);
            if size > self.max_bytes {
                return Err(MediaError::TooLarge(self.max_bytes));
            }
            hash.update(&piece);
            let more = piece.len().min(HEAD - head.len());
            head.extend_from_slice(&piece[..more]);
            file.write_all(&piece).await.map_err(failed)?;
        }
        file.sync_all().await.map_err(failed)?;
        let sha256 = hex::encode(hash.finalize());
        let place = self
            .place(&sha256)
            .ok_or_else(|| MediaError::Failed("the file has no name".to_owned()))?;
        let facts = Facts {
            mime: decide([mime], &head),
        };
        tokio::task::spawn_blocking(move || put(temporary, &place, &facts))
            .await
            .map_err(failed)?
            .map_err(failed)?;
        Ok(StoredBody {
            media: sha256.clone(),
            size,
            sha256,
        })
    }
}

async fn facts(place: &Path) -> Facts {
    tokio::fs::read(place.with_extension("json"))
        .await
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .unwrap_or_default()
}

/// Puts a written file in its place. What is there already is the same content.
fn put(file: tempfile::NamedTempFile, place: &Path, facts: &Facts) -> std::io::Result<()> {
    let Some(folder) = place.parent() else {
        return Err(std::io::Error::other("the file has no folder"));
    };
    std::fs::create_dir_all(folder)?;
    if facts.mime.is_some() || !place.with_extension("json").exists() {
        note(place, facts)?;
    }
    file.persist(place).map_err(|e| e.error)?;
    std::fs::File::open(folder)?.sync_all()
}

/// Writes what is known of a file beside it.
fn note(place: &Path, facts: &Facts) -> std::io::Result<()> {
    let Some(folder) = place.parent() else {
        return Err(std::io::Error::other("the file has no folder"));
    };
    let json = serde_json::to_vec(facts).map_err(std::io::Error::other)?;
    let mut facts_file = tempfile::NamedTempFile::new_in(folder)?;
    facts_file.write_all(&json)?;
    facts_file.as_file().sync_all()?;
    facts_file
        .persist(place.with_extension("json"))
        .map_err(|e| e.error)?;
    Ok(())
}

fn missing(media: &str) -> MediaError {
    MediaError::Missing(media.chars().take(80).collect())
}

async fn open(place: &Path, media: &str) -> Result<tokio::fs::File, MediaError> {
    match tokio::fs::File::open(place).await {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing(media)),
        Err(error) => Err(failed(error)),
    }
}

#[async_trait]
impl MediaStore for MediaFolder {
    async fn open(&self, media: &str) -> Result<MediaFile, MediaError> {
        let place = self.place(media).ok_or_else(|| missing(media))?;
        let file = open(&place, media).await?;
        let size = file.metadata().await.map_err(failed)?.len();
        Ok(MediaFile {
            size,
            mime: facts(&place).await.mime,
            name: None,
            content: pieces(file).boxed(),
        })
    }

    async fn open_range(
        &self,
        media: &str,
        offset: u64,
        length: u64,
    ) -> Result<MediaStream, MediaError> {
        let place = self.place(media).ok_or_else(|| missing(media))?;
        let mut file = open(&place, media).await?;
        file.seek(SeekFrom::Start(offset)).await.map_err(failed)?;
        Ok(pieces(file.take(length)).boxed())
    }

    async fn store(
        &self,
        mime: Option<&str>,
        content: MediaStream,
    ) -> Result<StoredBody, MediaError> {
        self.write(mime, content).await
    }
}

fn pieces(
    file: impl AsyncRead + Unpin + Send,
) -> impl stream::Stream<Item = std::io::Result<Bytes>> + Send {
    stream::try_unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE];
        let length = file.read(&mut piece).await?;
        piece.truncate(length);
        Ok((length > 0).then(|| (Bytes::from(piece), file)))
    })
}

fn failed(error: impl std::fmt::Display) -> MediaError {
    MediaError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(pieces: &[&'static [u8]]) -> MediaStream {
        let pieces: Vec<_> = pieces.iter().map(|p| Ok(Bytes::from_static(p))).collect();
        stream::iter(pieces).boxed()
    }

    #[tokio::test]
    async fn a_file_comes_back_as_it_was_under_the_hash_of_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let store = MediaFolder::new(folder.path().join("media"), 1_000);
        let stored = store
            .store(Some("image/PNG; q=1"), content(&[b"ab", b"c"]))
            .await
            .unwrap();
        assert_eq!(stored.size, 3);
        assert_eq!(
            stored.media,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let again = store.store(None, content(&[b"abc"])).await.unwrap();
        assert_eq!(again, stored);
        let file = store.open(&stored.media).await.unwrap();
        assert_eq!((file.size, file.mime.as_deref()), (3, Some("image/png")));
        let bytes: Vec<_> = file.content.map(|piece| piece.unwrap()).collect().await;
        assert_eq!(bytes.concat(), b"abc");
        for (offset, length, expected) in [(1, 1, "b"), (1, 9, "bc"), (3, 2, ""), (7, 1, "")] {
            let piece = store
                .open_range(&stored.media, offset, length)
                .await
                .unwrap();
            let bytes: Vec<_> = piece.map(|piece| piece.unwrap()).collect().await;
            assert_eq!(bytes.concat(), expected.as_bytes(), "{offset} + {length}");
        }
    }

    #[tokio::test]
    async fn nothing_is_kept_of_a_file_that_is_too_large_or_breaks_off() {
        let folder = tempfile::tempdir().unwrap();
        let store = MediaFolder::new(folder.path(), 3);
        assert!(store.store(None, content(&[b"abcd"])).await.is_err());
        let broken = stream::iter([
            Ok(Bytes::from_static(b"a")),
            Err(std::io::Error::other("x")),
        ]);
        assert!(store.store(None, broken.boxed()).await.is_err());
        let incoming = std::fs::read_dir(folder.path().join("incoming")).unwrap();
        assert_eq!(incoming.count(), 0);
    }

    #[tokio::test]
    async fn a_name_cannot_lead_elsewhere() {
        let store = MediaFolder::new("/", 10);
        for name in ["../etc/passwd", "etc/passwd", "", "AB", &"A".repeat(64)] {
            assert!(matches!(
                store.open(name).await,
                Err(MediaError::Missing(_))
            ));
        }
    }

    #[tokio::test]
    async fn a_files_type_is_what_is_said_or_what_it_shows() {
        const VOICE: &[u8] =
            b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead";
        let folder = tempfile::tempdir().unwrap();
        let store = MediaFolder::new(folder.path(), 1_000);
        // A network's server calls it octets: its content tells.
        let octets = Some("application/octet-stream");
        let voice = store.store(octets, content(&[VOICE])).await.unwrap();
        let (_, mime) = store.find(&voice.media).await.unwrap();
        assert_eq!(mime.as_deref(), Some("audio/ogg"));
        // The connector knows better where the content says nothing, and stays known.
        let words = store.store(octets, content(&[b"a;b"])).await.unwrap();
        assert_eq!(store.find(&words.media).await.unwrap().1, None);
        for (said, expected) in [
            ([octets, None], None),
            ([Some("text/html"), Some("image/svg+xml")], None),
            ([Some("text/html"), Some("text/csv")], Some("text/csv")),
            ([None, None], Some("text/csv")),
        ] {
            let mime = store.told(&words.media, &said).await.unwrap();
            assert_eq!(mime.as_deref(), expected, "{said:?}");
            assert_eq!(store.find(&words.media).await.unwrap().1, mime);
        }
        assert!(store.told(&"0".repeat(64), &[None]).await.is_err());
    }
}
