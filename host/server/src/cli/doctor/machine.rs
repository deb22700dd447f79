//! What can be seen of the machine and the data folder, whether a hub runs or not.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use linecard_model::Timestamp;

use super::super::admin_key;
use super::super::backup::Last;
use super::super::handles;
use super::super::setup::store_folder;
use super::Findings;
use crate::config::ServerConfig;

/// Slower than this, webhooks and commands wait noticeably for the disk.
const SLOW_SYNC: Duration = Duration::from_millis(50);
/// How often the disk is asked.
const SYNCS: usize = 9;
/// With less than this the hub soon takes nothing any more.
#[cfg(unix)]
const LAST_BYTES: u64 = 256 << 20;
/// With less than this there is no room for a busy day.
#[cfg(unix)]
const FEW_BYTES: u64 = 2 << 30;
#[cfg(unix)]
const MEGABYTE: u64 = 1 << 20;

pub(super) fn look(config: &ServerConfig, backup_days: u32, findings: &mut Findings) {
    let data = &config.data;
    if !data.is_dir() {
        findings.error(
            "data-folder",
            format!("there is no folder {}", data.display()),
            "`linecard init` lays a hub out; --data or --config names another place",
        );
        return;
    }
    permissions(config, findings);
    key(config, findings);
    disk(data, findings);
    match sync_cost(data) {
        Ok(cost) => {
            let detail = format!("a small write is on the disk after {} ms", cost.as_millis());
            if cost > SLOW_SYNC {
                let remedy =
                    "every acknowledgement waits for that: put the data folder on a faster disk";
                findings.warning("disk-sync", detail, remedy);
            } else {
                findings.fine("disk-sync", detail);
            }
        }
        Err(error) => findings.error(
            "disk-sync",
            format!("nothing can be written into {}: {error}", data.display()),
            "run this as the user who runs the hub, and see to the folder's owner and to the disk",
        ),
    }
    file_handles(config, findings);
    if backup_days > 0 && store_folder(config).exists() {
        backup(data, backup_days, findings);
    }
}

/// How old the last backup is.
fn backup(data: &Path, days: u32, findings: &mut Findings) {
    const REMEDY: &str = "run `linecard backup FOLDER` regularly, also while the hub runs, and keep FOLDER on another \
                          machine; --backup-days 0 leaves this out where backups are made otherwise";
    let Some(last) = Last::of(data) else {
        let detail = format!("no backup of {} is known", data.display());
        findings.warning("backup", detail, REMEDY);
        return;
    };
    let detail = format!(
        "the last one was made at {}, in {}",
        last.made_at,
        last.folder.display()
    );
    // A clock that was set back makes it no older.
    let age = Timestamp::now().duration_since(last.made_at);
    if age.as_secs() > i64::from(days) * 24 * 3_600 {
        findings.warning(
            "backup",
            format!("{detail}: more than {days} days ago"),
            REMEDY,
        );
    } else {
        findings.fine("backup", detail);
    }
}

#[cfg(unix)]
fn permissions(config: &ServerConfig, findings: &mut Findings) {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = |path: &Path| Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o777);
    let is_open = |mode: &u32| mode & 0o077 != 0;
    let data = &config.data;
    match mode(data).filter(is_open) {
        None => findings.fine(
            "data-folder",
            format!("{} is its owner's alone", data.display()),
        ),
        Some(mode) => findings.warning(
            "data-folder",
            format!(
                "others on this machine can look into {} (mode {mode:o})",
                data.display()
            ),
            format!("chmod 700 {}", data.display()),
        ),
    }
    let secrets = [
        config.key_place(),
        admin_key::file(data),
        data.join("cache.key"),
    ];
    for file in secrets {
        if let Some(mode) = mode(&file).filter(is_open) {
            findings.error(
                "secrets",
                format!(
                    "others on this machine can read {} (mode {mode:o})",
                    file.display()
                ),
                format!("chmod 600 {}", file.display()),
            );
        }
    }
}

#[cfg(not(unix))]
fn permissions(config: &ServerConfig, findings: &mut Findings) {
    let detail = format!(
        "who may look into {} is not looked at here",
        config.data.display()
    );
    findings.unseen("data-folder", detail, "");
}

fn key(config: &ServerConfig, findings: &mut Findings) {
    let place = config.key_place();
    let is_there = place.exists() || std::env::var_os("LINECARD_KEY").is_some();
    if is_there || !store_folder(config).exists() {
        return;
    }
    findings.error(
        "secrets",
        format!("the key that encrypts secrets is not there: {} is missing", place.display()),
        "put it back from the backup, or set LINECARD_KEY; without it the secrets that the hub keeps are lost",
    );
}

#[cfg(unix)]
fn disk(data: &Path, findings: &mut Findings) {
    let free = match rustix::fs::statvfs(data) {
        Ok(facts) => facts.f_bavail.saturating_mul(facts.f_frsize),
        Err(error) => {
            let detail = format!(
                "how much is free for {} cannot be told: {error}",
                data.display()
            );
            findings.unseen("disk-space", detail, "");
            return;
        }
    };
    let detail = format!("{} MiB are free for {}", free / MEGABYTE, data.display());
    let remedy = "make room, or shorten what [retention] in the site file keeps; `linecard compact` on a \
                  stopped hub gives back what was erased, and needs as much again while it runs";
    match free {
        free if free < LAST_BYTES => findings.error("disk-space", detail, remedy),
        free if free < FEW_BYTES => findings.warning("disk-space", detail, remedy),
        _ => findings.fine("disk-space", detail),
    }
}

#[cfg(not(unix))]
fn disk(data: &Path, findings: &mut Findings) {
    let detail = format!(
        "how much is free for {} is not looked at here",
        data.display()
    );
    findings.unseen("disk-space", detail, "");
}

/// How long a small write usually takes until it is on the disk.
fn sync_cost(data: &Path) -> std::io::Result<Duration> {
    let mut file = tempfile::Builder::new()
        .prefix(".doctor-")
        .tempfile_in(data)?;
    let mut costs = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let began = Instant::now();
        file.write_all(&[0; 4096])?;
        file.as_file().sync_data()?;
        costs.push(began.elapsed());
    }
    costs.sort_unstable();
    Ok(costs.get(SYNCS / 2).copied().unwrap_or_default())
}

fn file_handles(config: &ServerConfig, findings: &mut Findings) {
    match rlimit::Resource::NOFILE.get() {
        // The hub raises the soft limit itself.
        Ok((_, hard)) => {
            let wanted = config.http.connections;
            let connections = handles::for_connections(hard);
            let detail = format!("{hard} file handles are allowed, for {connections} connections");
            if connections < wanted {
                findings.warning(
                    "file-handles",
                    format!("{detail}, where {wanted} are configured"),
                    "raise the limit (LimitNOFILE in a systemd unit, `ulimit -Hn` in a shell), or lower \
                     connections in [http]",
                );
            } else {
                findings.fine("file-handles", detail);
            }
        }
        Err(error) => {
            let detail = format!("the limit cannot be told: {error}");
            findings.unseen("file-handles", detail, "");
        }
    }
}
