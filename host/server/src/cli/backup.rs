//! A backup: what the store holds at one moment, with the files and the key that belong to it.
//!
//! A hub that runs gives it itself (`GET /api/v1/backup`), and goes on meanwhile. Files never change once
//! they are there, so that those which are copied after the store was read are all that it refers to.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use linecard_hub::configure::MODELS;
use linecard_model::Timestamp;
use linecard_store::{Store as _, StoreError};
use linecard_store_sled::SledStore;
use linecard_vault::write_private;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::asked::{AskError, Asked};
use super::options::ConfigOptions;
use super::setup::{private_folder, store_folder};
use super::{admin_key, say};
use crate::config::ServerConfig;

/// Says that a backup is whole, and what is in it. It is written last.
const CONTENTS: &str = "backup.json";
/// What the store holds, as an export.
const STORE: &str = "store.jsonl";
/// The files that were sent and received.
const MEDIA: &str = "media";
/// The key with which secrets are encrypted.
const KEY: &str = "key";
/// Where files are until they are whole.
const INCOMING: &str = "incoming";
/// The version of the backup's form.
const VERSION: u32 = 1;

/// Where to save to.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The folder, which is made and must not exist
    folder: PathBuf,
    /// Leave out the key with which secrets are encrypted; without it a restored hub cannot use them
    #[arg(long)]
    without_key: bool,
    /// The file with a token or key of an administrator, for a hub that runs; `admin.key` in the data folder
    /// if absent
    #[arg(long, env = "LINECARD_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The hub's address, if it runs and is not at the configured one
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
}

/// Where to restore from.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The folder that `linecard backup` wrote
    folder: PathBuf,
}

/// What is in a backup.
#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    version: u32,
    /// The program that made it.
    program: String,
    made_at: Timestamp,
    files: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// Below the backup's folder, with `/`.
    path: String,
    bytes: u64,
    sha256: String,
}

/// The last backup of a data folder, as it remembers it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Last {
    pub made_at: Timestamp,
    pub folder: PathBuf,
}

impl Last {
    fn file(data: &Path) -> PathBuf {
        data.join("last-backup.json")
    }

    /// The last one, if there was one.
    pub(super) fn of(data: &Path) -> Option<Self> {
        // What cannot be read says nothing, as if it were not there.
        serde_json::from_slice(&std::fs::read(Self::file(data)).ok()?).ok()
    }

    fn remember(&self, data: &Path) -> io::Result<()> {
        write_private(&Self::file(data), &serde_json::to_vec_pretty(self)?)
    }
}

impl Backup {
    /// Saves everything.
    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let server = options.load()?;
        let store = store_folder(&server);
        ensure!(
            store.join("db").exists(),
            "there is no data in {}; name the data folder by --data",
            server.data.display()
        );
        ensure!(
            !self.folder.exists(),
            "{} is there already; a backup gets a folder of its own",
            self.folder.display()
        );
        private_folder(&self.folder)
            .with_context(|| format!("{} cannot be made", self.folder.display()))?;
        let lines = Copied::create(&self.folder, STORE)?;
        let mut files = vec![match SledStore::open(&store) {
            Ok(store) => {
                let mut lines = lines;
                let exported = store.export(&mut lines)?;
                if let Some(key) = exported.unreadable.first() {
                    bail!(
                        "{key} cannot be read, and a backup with gaps would be none; `linecard check` tells more"
                    );
                }
                store.close().await?;
                lines.finish()?
            }
            Err(StoreError::InUse { .. }) => self.of_running(&server, lines).await?,
            Err(other) => return Err(other.into()),
        }];
        let media = server.data.join(MEDIA);
        for file in files_below(&media)? {
            files.push(copy(&media, &file, &self.folder, MEDIA)?);
        }
        let models = server.data.join(MODELS);
        for file in files_in(&models)? {
            files.push(copy(&models, &file, &self.folder, MODELS)?);
        }
        let key = server.key_place();
        if !self.without_key && key.exists() {
            let from = key.parent().unwrap_or(Path::new("."));
            let name = key.file_name().context("the key's file has no name")?;
            let mut copied = Copied::create(&self.folder, KEY)?;
            io::copy(&mut File::open(from.join(name))?, &mut copied)?;
            files.push(copied.finish()?);
        }
        let contents = Contents {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: Timestamp::now(),
            files,
        };
        let json = serde_json::to_vec_pretty(&contents)?;
        let place = self.folder.join(CONTENTS);
        write_private(&place, &json)
            .and_then(|()| File::open(&self.folder)?.sync_all())
            .with_context(|| format!("{} cannot be written", place.display()))?;
        let last = Last {
            made_at: contents.made_at,
            folder: std::path::absolute(&self.folder)?,
        };
        // The backup is whole without it; only the doctor misses it.
        if let Err(error) = last.remember(&server.data) {
            eprintln!("linecard: `linecard doctor` will not know of this backup: {error}");
        }
        say(&format!(
            "{}: {} files, {} bytes",
            self.folder.display(),
            contents.files.len(),
            contents.files.iter().map(|file| file.bytes).sum::<u64>()
        ));
        Ok(())
    }

    /// What a running hub gives.
    async fn of_running(&self, server: &ServerConfig, mut lines: Copied) -> anyhow::Result<Entry> {
        let token = admin_key::given(&server.data, self.token_file.as_deref())?;
        let hub = Asked::of(server, self.url.as_ref())?.with(token);
        let request = hub.request(Method::GET, "/api/v1/backup");
        let mut answer = match hub.send(request).await {
            Ok(answer) => answer,
            Err(error @ AskError::Silent { .. }) => bail!(
                "the data folder is in use, but {error}, or the hub's own linecard.toml by --config"
            ),
            Err(other) => return Err(other.into()),
        };
        let broken =
            "the hub broke the backup off; its log says why, and what was written is not whole";
        while let Some(piece) = answer.chunk().await.context(broken)? {
            lines.write_all(&piece)?;
        }
        lines.finish()
    }
}

impl Restore {
    /// Fills an empty data folder.
    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let server = options.load()?;
        let contents = self.contents()?;
        let store = store_folder(&server);
        let media = server.data.join(MEDIA);
        let models = server.data.join(MODELS);
        for place in [&store, &media, &models] {
            ensure!(
                !place.exists(),
                "{} is there already; a backup is restored into an empty data folder",
                place.display()
            );
        }
        let key = server.key_place();
        let has_key = contents.files.iter().any(|file| file.path == KEY);
        ensure!(
            !(has_key && key.exists()),
            "{} is there already, and the backup has a key of its own; put the one away that is not wanted",
            key.display()
        );
        // Everything is looked at before anything is written.
        for file in &contents.files {
            file.check(&self.folder)?;
        }
        private_folder(&server.data)
            .with_context(|| format!("{} cannot be made", server.data.display()))?;
        for file in &contents.files {
            let of_media = file
                .path
                .strip_prefix("media/")
                .map(|name| media.join(name));
            let of_models = file
                .path
                .strip_prefix("models/")
                .map(|name| models.join(name));
            if let Some(place) = of_media.or(of_models) {
                if let Some(folder) = place.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                std::fs::copy(self.folder.join(&file.path), &place)
                    .and_then(|_| File::open(&place)?.sync_all())
                    .with_context(|| format!("{} cannot be written", place.display()))?;
            } else if file.path == KEY {
                let text = zeroize::Zeroizing::new(std::fs::read(self.folder.join(KEY))?);
                write_private(&key, &text)
                    .with_context(|| format!("{} cannot be written", key.display()))?;
            }
        }
        let lines = BufReader::new(File::open(self.folder.join(STORE))?);
        let restored = SledStore::open(&store)?;
        let values = restored.import(lines).await?;
        restored.close().await?;
        say(&format!(
            "{}: restored as it was at {}: {values} values and {} files. Secrets from the environment and from files are read from there again",
            server.data.display(),
            contents.made_at,
            contents
                .files
                .iter()
                .filter(|file| file.path.starts_with("media/"))
                .count()
        ));
        if !has_key {
            say("the backup has no key: the channels' secrets have to be set anew");
        }
        Ok(())
    }

    fn contents(&self) -> anyhow::Result<Contents> {
        let place = self.folder.join(CONTENTS);
        let json = std::fs::read(&place).with_context(|| {
            format!(
                "{} cannot be read: {} is no whole backup",
                place.display(),
                self.folder.display()
            )
        })?;
        let contents: Contents = serde_json::from_slice(&json)
            .with_context(|| format!("{} cannot be read", place.display()))?;
        ensure!(
            contents.version <= VERSION,
            "the backup was made by a newer program ({}); restore it with that one",
            contents.program
        );
        ensure!(
            contents.files.iter().any(|file| file.path == STORE),
            "{} does not name {STORE}",
            place.display()
        );
        Ok(contents)
    }
}

impl Entry {
    /// Whether the file is the one that was written.
    fn check(&self, folder: &Path) -> anyhow::Result<()> {
        let is_below = Path::new(&self.path)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        ensure!(is_below, "{CONTENTS} names a file outside: {}", self.path);
        let place = folder.join(&self.path);
        let mut file = File::open(&place)
            .with_context(|| format!("{} of the backup cannot be read", place.display()))?;
        let (bytes, sha256) = digest(&mut file)?;
        ensure!(
            bytes == self.bytes && sha256 == self.sha256,
            "{} is not as it was written: the backup is damaged",
            place.display()
        );
        Ok(())
    }
}

fn digest(file: &mut File) -> io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((bytes, hex::encode(hash.finalize()))),
            read => {
                hash.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
}

/// A file of a backup in the making.
struct Copied {
    place: PathBuf,
    path: String,
    out: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Copied {
    fn create(folder: &Path, path: &str) -> anyhow::Result<Self> {
        let place = folder.join(path);
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&place)
            .with_context(|| format!("{} cannot be written", place.display()))?;
        Ok(Self {
            place,
            path: path.to_owned(),
            out: BufWriter::new(file),
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    /// Makes sure that it is on the disk.
    fn finish(mut self) -> anyhow::Result<Entry> {
        self.out
            .flush()
            .and_then(|()| self.out.get_ref().sync_all())
            .with_context(|| format!("{} cannot be written", self.place.display()))?;
        Ok(Entry {
            path: self.path,
            bytes: self.bytes,
            sha256: hex::encode(self.hash.finalize()),
        })
    }
}

impl Write for Copied {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.out.write_all(piece)?;
        self.hash.update(piece);
        self.bytes += piece.len() as u64;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The whole files of a folder.
fn files_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    // There is none before the first of them.
    for file in std::fs::read_dir(folder).into_iter().flatten() {
        let file = file?;
        let name = file.file_name();
        let is_whole = name.to_str().is_some_and(|name| !name.starts_with('.'));
        if is_whole && file.file_type()?.is_file() {
            files.push(PathBuf::from(name));
        }
    }
    files.sort();
    Ok(files)
}

/// The files below a folder that are whole, by their paths in it.
fn files_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let Ok(kinds) = std::fs::read_dir(folder) else {
        // Nothing was ever sent or received.
        return Ok(files);
    };
    for kind in kinds {
        let kind = kind?;
        if kind.file_name() == INCOMING || !kind.file_type()?.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(kind.path())? {
            let file = file?;
            let is_whole = file
                .file_name()
                .to_str()
                .is_some_and(|name| !name.starts_with('.'));
            if is_whole && file.file_type()?.is_file() {
                files.push(Path::new(&kind.file_name()).join(file.file_name()));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn copy(from: &Path, file: &Path, to: &Path, below: &str) -> anyhow::Result<Entry> {
    let name = file
        .to_str()
        .with_context(|| format!("{} has a strange name", file.display()))?;
    let path = format!("{below}/{name}");
    if let Some(folder) = to.join(&path).parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut copied = Copied::create(to, &path)?;
    let mut source = File::open(from.join(file))
        .with_context(|| format!("{} cannot be read", from.join(file).display()))?;
    io::copy(&mut source, &mut copied)
        .with_context(|| format!("{} cannot be copied", from.join(file).display()))?;
    copied.finish()
}
