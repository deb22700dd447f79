//! The key file by which whoever can read the data folder administers the hub.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use linecard_vault::{new_token, write_private};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// The file in the data folder.
pub(super) fn file(data: &Path) -> PathBuf {
    data.join("admin.key")
}

/// The key, if there is one.
pub(super) fn read(data: &Path) -> anyhow::Result<Option<SecretString>> {
    let file = file(data);
    match std::fs::read_to_string(&file).map(Zeroizing::new) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => Ok(Some(text.trim().into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
    }
}

/// The token or key of an administrator in a file that was named, or else the data folder's key.
pub(super) fn given(data: &Path, named: Option<&Path>) -> anyhow::Result<SecretString> {
    let Some(named) = named else {
        return read(data)?.with_context(|| {
            format!(
                "there is no {}; name a file with an administrator's key by --token-file",
                file(data).display()
            )
        });
    };
    let text = std::fs::read_to_string(named)
        .map(Zeroizing::new)
        .with_context(|| format!("{} cannot be read", named.display()))?;
    if text.trim().is_empty() {
        bail!("{} is empty", named.display());
    }
    Ok(text.trim().into())
}

/// Makes a new key.
pub(super) fn create(data: &Path) -> anyhow::Result<SecretString> {
    let file = file(data);
    let key = new_token();
    let text = Zeroizing::new(format!("{}\n", key.expose_secret()));
    write_private(&file, text.as_bytes())
        .with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(key)
}
