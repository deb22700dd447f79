//! The key that the secrets are encrypted with: where it comes from, and what it seals.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use linecard_model::SiteId;
use zeroize::{Zeroize as _, Zeroizing};

use super::VaultError;

/// The environment variable that holds the key, in place of the key file.
pub const KEY_VARIABLE: &str = "LINECARD_KEY";

/// The form of a sealed value: XChaCha20-Poly1305, a nonce of 24 bytes before the ciphertext.
const SEALED_1: u8 = 1;
const NONCE: usize = 24;

/// Where the key comes from.
#[derive(Clone)]
pub enum KeyPlace {
    /// The environment variable [`KEY_VARIABLE`], whose text is this.
    Environment(Zeroizing<String>),
    /// A file; it is made if there is none and nothing is sealed yet.
    File(PathBuf),
}

impl KeyPlace {
    /// The environment variable if it is set, the file otherwise.
    pub fn find(file: PathBuf) -> Self {
        match std::env::var(KEY_VARIABLE) {
            Ok(text) if !text.trim().is_empty() => Self::Environment(Zeroizing::new(text)),
            _ => Self::File(file),
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(_) => write!(f, "the environment variable {KEY_VARIABLE}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

impl fmt::Debug for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// 32 random bytes that seal the secrets. `Debug` shows none of them.
pub(super) struct VaultKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey")
    }
}

impl VaultKey {
    /// Reads the key. A file that does not exist is made if `may_create`.
    pub(super) fn load(place: &KeyPlace, may_create: bool) -> Result<Self, VaultError> {
        let refused = |detail: String| VaultError::Key {
            place: place.to_string(),
            detail,
        };
        match place {
            KeyPlace::Environment(text) => Self::decode(text).ok_or_else(|| refused(FORM.into())),
            KeyPlace::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => {
                    let text = Zeroizing::new(text);
                    Self::decode(&text).ok_or_else(|| refused(FORM.into()))
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && may_create => {
                    Self::create(path).map_err(|e| refused(e.to_string()))
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    Err(refused(format!(
                        "it does not exist, but there are secrets that were encrypted with it: \
                         restore it, or give the key in {KEY_VARIABLE}"
                    )))
                }
                Err(error) => Err(refused(error.to_string())),
            },
        }
    }

    fn create(path: &Path) -> std::io::Result<Self> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        random(bytes.as_mut_slice());
        let text = Zeroizing::new(format!("{}\n", STANDARD.encode(bytes.as_slice())));
        write_private(path, text.as_bytes())?;
        Ok(Self(bytes))
    }

    fn decode(text: &str) -> Option<Self> {
        let mut bytes = STANDARD.decode(text.trim()).ok()?;
        let key = <[u8; 32]>::try_from(bytes.as_slice())
            .ok()
            .map(Zeroizing::new);
        bytes.zeroize();
        key.map(Self)
    }

    /// Encrypts a value for its place. It can be opened only there.
    pub(super) fn seal(&self, site: &SiteId, name: &str, value: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0_u8; NONCE];
        random(&mut nonce);
        let payload = Payload {
            msg: value,
            aad: &place(site, name),
        };
        let sealed = self
            .cipher()
            .encrypt(XNonce::from_slice(&nonce), payload)
            .ok()?;
        let mut out = Vec::with_capacity(1 + NONCE + sealed.len());
        out.push(SEALED_1);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Some(out)
    }

    /// Decrypts a value. `None`: another key sealed it, or it was changed or moved.
    pub(super) fn open(
        &self,
        site: &SiteId,
        name: &str,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (&SEALED_1, rest) = sealed.split_first()? else {
            return None;
        };
        let (nonce, ciphertext) = rest.split_at_checked(NONCE)?;
        let payload = Payload {
            msg: ciphertext,
            aad: &place(site, name),
        };
        self.cipher()
            .decrypt(XNonce::from_slice(nonce), payload)
            .ok()
            .map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.as_slice().into())
    }
}

const FORM: &str =
    "it is not a key: a key is 32 bytes in Base64 (`head -c 32 /dev/urandom | base64`)";

fn place(site: &SiteId, name: &str) -> Vec<u8> {
    format!("linecard vault 1\0{site}\0{name}").into_bytes()
}

/// Fills a buffer with random bytes of the system.
pub fn random(bytes: &mut [u8]) {
    // Without the system's randomness no key and no token would be safe: there is nothing to go on
    // with. No input can bring this about.
    getrandom::fill(bytes).expect("the system has no randomness");
}

/// Writes a file that only its owner can read; it appears as a whole or not at all.
pub fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder)?;
    // The permissions of a temporary file are 0600 where the system knows such.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}
