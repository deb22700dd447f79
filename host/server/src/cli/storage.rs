//! What can be done with a data folder on which no hub runs.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use linecard_store::Store as _;
use linecard_store_sled::{SledStore, salvage};

use super::options::ConfigOptions;
use super::say;
use super::setup::store_folder;

/// Where to write to.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file, which must not exist; `-` for standard output
    file: PathBuf,
    /// Save what can be read of damaged data, past every damage. The damaged data stays as it is, and
    /// what could not be read is counted
    #[arg(long)]
    salvage: bool,
}

/// Where to read from.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The file; `-` for standard input
    file: PathBuf,
}

/// Reads everything and says what does not fit.
pub(super) fn check(options: &ConfigOptions) -> anyhow::Result<()> {
    let (folder, store) = open(options)?;
    let checked = store.check()?;
    for problem in &checked.problems {
        eprintln!("linecard: {}: {}", problem.key, problem.detail);
    }
    if checked.problems.is_empty() {
        say(&format!(
            "{}: {} values and {} events were read; all is well",
            folder.display(),
            checked.values,
            checked.events
        ));
        return Ok(());
    }
    bail!(
        "{}: {} things do not fit; nothing was changed. `linecard rebuild` makes the views anew from the journal, `linecard export` saves what can be read",
        folder.display(),
        checked.problems.len()
    )
}

impl Export {
    /// Writes everything that can be read.
    pub(super) fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let folder = existing(options)?;
        let write = |out: &mut dyn std::io::Write| {
            if self.salvage {
                salvage(&folder, out)
            } else {
                SledStore::open(&folder)?.export(out)
            }
        };
        let exported = if self.file == Path::new("-") {
            write(&mut std::io::stdout().lock())?
        } else {
            let shown = || format!("{} cannot be written", self.file.display());
            let file = File::create_new(&self.file).with_context(shown)?;
            let mut out = BufWriter::new(file);
            let exported = write(&mut out)?;
            out.flush().with_context(shown)?;
            out.get_ref().sync_all().with_context(shown)?;
            exported
        };
        for key in &exported.unreadable {
            eprintln!("linecard: {key} cannot be read and is not in the export");
        }
        eprintln!("linecard: {} values were exported", exported.values);
        if exported.unreadable.is_empty() {
            Ok(())
        } else {
            bail!("{} values could not be read", exported.unreadable.len())
        }
    }
}

impl Import {
    /// Fills an empty data folder.
    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let config = options.load()?;
        let folder = store_folder(&config);
        let store = SledStore::open(&folder)?;
        let values = if self.file == Path::new("-") {
            store.import(BufReader::new(std::io::stdin())).await?
        } else {
            let file = File::open(&self.file)
                .with_context(|| format!("{} cannot be read", self.file.display()))?;
            store.import(BufReader::new(file)).await?
        };
        store.close().await?;
        say(&format!(
            "{values} values were imported into {}. Put the key that encrypts secrets beside it ({}), as it \
             was when they were exported. If nobody can sign in, `linecard key administrator` makes a way in",
            folder.display(),
            config.key_place().display()
        ));
        Ok(())
    }
}

/// Makes the views anew from the journal and puts the rebuilt store in the old one's place.
pub(super) async fn rebuild(options: &ConfigOptions) -> anyhow::Result<()> {
    let (folder, store) = open(options)?;
    let rebuilt = folder.with_extension("rebuilt");
    let former = folder.with_extension("before-rebuild");
    for place in [&rebuilt, &former] {
        if place.exists() {
            bail!(
                "{} is there from an earlier rebuild: delete it or put it elsewhere",
                place.display()
            );
        }
    }
    let done = store.rebuild(&rebuilt).await?;
    store.close().await?;
    drop(store);
    std::fs::rename(&folder, &former)
        .and_then(|()| std::fs::rename(&rebuilt, &folder))
        .with_context(|| {
            format!(
                "the folders could not change places: put {} in the place of {}",
                rebuilt.display(),
                folder.display()
            )
        })?;
    for key in &done.differences {
        eprintln!("linecard: {key} was different");
    }
    say(&format!(
        "{}: the views were made anew from {} records; {} were different. The former data is at {}",
        folder.display(),
        done.records,
        done.differences.len(),
        former.display()
    ));
    Ok(())
}

/// Writes the store anew and puts it in the old one's place, which is deleted: nothing of what was removed
/// or replaced is left on the disk.
pub(super) async fn compact(options: &ConfigOptions) -> anyhow::Result<()> {
    let (folder, store) = open(options)?;
    let compacted = folder.with_extension("compacted");
    let former = folder.with_extension("before-compact");
    for place in [&compacted, &former] {
        if place.exists() {
            bail!(
                "{} is there from an earlier compact that was cut off: delete it if {} is whole (`linecard check`)",
                place.display(),
                folder.display()
            );
        }
    }
    let values = store.compact(&compacted).await?;
    store.close().await?;
    drop(store);
    std::fs::rename(&folder, &former)
        .and_then(|()| std::fs::rename(&compacted, &folder))
        .with_context(|| {
            format!(
                "the folders could not change places: put {} in the place of {}",
                compacted.display(),
                folder.display()
            )
        })?;
    std::fs::remove_dir_all(&former).with_context(|| {
        format!(
            "{} holds the former data and cannot be deleted: delete it",
            former.display()
        )
    })?;
    say(&format!(
        "{}: {values} values were written anew, and the former files are deleted",
        folder.display()
    ));
    Ok(())
}

/// The folder of a store that is there; none is ever made.
fn existing(options: &ConfigOptions) -> anyhow::Result<PathBuf> {
    let config = options.load()?;
    // A message of the store names its own folder.
    let itself = config.data.join("db").exists();
    let folder = if itself {
        config.data.clone()
    } else {
        store_folder(&config)
    };
    if !folder.join("db").exists() {
        bail!(
            "there is no data in {}; name the data folder by --data",
            config.data.display()
        );
    }
    Ok(folder)
}

/// Opens a store that is there.
pub(super) fn open(options: &ConfigOptions) -> anyhow::Result<(PathBuf, SledStore)> {
    let folder = existing(options)?;
    let store = SledStore::open(&folder)?;
    Ok((folder, store))
}
