//! Records calls of plug-ins as they are made, for a while and where an administrator asked for it: each becomes
//! a case by which the author of the plug-in makes the same call again. It holds what customers wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use linecard_model::{PluginId, Timestamp};
use linecard_sandbox::{Call, CallId, CallObserver, ChannelContext, SeenCall};
use linecard_vault::write_private;
use serde_json::Value;

/// How long a case is kept.
pub const KEPT: Duration = Duration::from_hours(7 * 24);
/// The longest time that is recorded, in minutes.
pub const MOST_MINUTES: u32 = 24 * 60;
/// The most cases of one recording.
pub const MOST_CASES: u32 = 100;
/// The most cases that are there at once.
pub const MOST_KEPT: usize = 500;
/// The greatest case, in bytes.
pub const CASE_BYTES: usize = 1 << 20;

/// The folder in the data folder.
pub const RECORDINGS: &str = "recordings";
/// What the name of a case begins with that is not written whole.
const UNFINISHED: &str = ".unfinished-";

/// The files of a case by their names.
pub type CaseFiles = BTreeMap<&'static str, Vec<u8>>;
/// Makes a case of a call, without secrets.
pub type CaseForm = fn(&SeenCall, &ChannelContext) -> CaseFiles;

/// What is to be recorded of a plug-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingOrder {
    /// For how long, in minutes: 1 to [`MOST_MINUTES`].
    pub minutes: u32,
    /// How many cases at most: 1 to [`MOST_CASES`].
    pub cases: u32,
    /// Which calls; empty for all.
    pub calls: BTreeSet<String>,
}

/// A case that was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The call's id.
    pub call_id: CallId,
    /// What was called.
    pub call: Call,
    /// When it ended.
    pub at: Timestamp,
    /// Whether the call was ended by the sandbox, or the plug-in stopped.
    pub has_failed: bool,
    /// The case's folder.
    pub folder: PathBuf,
}

/// A recording, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// What was asked for.
    pub order: RecordingOrder,
    /// When it ends at the latest.
    pub until: Timestamp,
    /// How many more cases there may be.
    pub left: u32,
    /// What was recorded since it began, oldest first.
    pub cases: Vec<Recorded>,
    /// How many calls were left out because their cases would be too big or could not be written.
    pub left_out: u64,
}

impl Recording {
    /// Whether it goes on.
    pub fn is_on(&self, now: Timestamp) -> bool {
        self.left > 0 && now < self.until
    }

    fn wants(&self, call: Call, now: Timestamp) -> bool {
        let calls = &self.order.calls;
        self.is_on(now) && (calls.is_empty() || calls.contains(call.as_str()))
    }
}

/// Records calls. Off until somebody asks for it, and after each start. Cheap to clone.
#[derive(Clone)]
pub struct Recorder(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    form: CaseForm,
    /// Whether anything is or was recorded: no call takes the lock before.
    has_begun: AtomicBool,
    recordings: Mutex<BTreeMap<PluginId, Recording>>,
    /// How often everything was forgotten: what belongs to the time before is not written after it.
    forgotten: AtomicU64,
    /// Held while a case is written, and while everything is forgotten.
    writing: Mutex<()>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("folder", &self.0.folder)
            .finish_non_exhaustive()
    }
}

impl Recorder {
    /// Records into a data folder.
    pub fn new(data: &Path, form: CaseForm) -> Self {
        Self(Arc::new(Inner {
            folder: data.join(RECORDINGS),
            form,
            has_begun: AtomicBool::new(false),
            recordings: Mutex::default(),
            forgotten: AtomicU64::new(0),
            writing: Mutex::default(),
        }))
    }

    /// Begins to record the calls of a plug-in, in the place of a recording that goes on. Refused if there are
    /// too many cases already.
    pub fn begin(&self, plugin: PluginId, order: RecordingOrder) -> io::Result<Recording> {
        let kept = cases(&self.0.folder)?.len();
        if kept >= MOST_KEPT {
            return Err(io::Error::other(format!(
                "there are {kept} recorded cases already: delete those of {} that nobody needs",
                self.0.folder.display()
            )));
        }
        let minutes = Duration::from_secs(60 * u64::from(order.minutes));
        let now = Timestamp::now();
        let recording = Recording {
            until: now.saturating_add(minutes).unwrap_or(now),
            left: order.cases,
            order,
            cases: Vec::new(),
            left_out: 0,
        };
        self.with(|all| all.insert(plugin, recording.clone()));
        self.0.has_begun.store(true, Ordering::Release);
        Ok(recording)
    }

    /// Ends the recording of a plug-in's calls. What was recorded stays for [`KEPT`].
    pub fn end(&self, plugin: &PluginId) {
        self.with(|all| {
            if let Some(recording) = all.get_mut(plugin) {
                recording.left = 0;
            }
        });
    }

    /// The last recording of a plug-in's calls since the start, if there was one.
    pub fn recording(&self, plugin: &PluginId) -> Option<Recording> {
        self.with(|all| all.get(plugin).cloned())
    }

    /// Deletes all cases: nobody can tell whose words are in which.
    pub fn forget(&self) -> io::Result<usize> {
        let _nothing_is_written = self.writing();
        self.0.forgotten.fetch_add(1, Ordering::SeqCst);
        self.delete(|_| true)
    }

    /// Deletes the cases that are older than [`KEPT`].
    pub fn sweep(&self) -> io::Result<usize> {
        let old = SystemTime::now().checked_sub(KEPT);
        self.delete(|made| old.is_some_and(|old| made < old))
    }

    fn delete(&self, is_due: impl Fn(SystemTime) -> bool) -> io::Result<usize> {
        let mut deleted = 0;
        for case in cases(&self.0.folder)? {
            if is_due(case.metadata()?.modified()?) {
                std::fs::remove_dir_all(&case)?;
                deleted += 1;
            }
        }
        self.with(|all| {
            for recording in all.values_mut() {
                recording.cases.retain(|case| case.folder.is_dir());
            }
        });
        Ok(deleted)
    }

    fn with<T>(&self, change: impl FnOnce(&mut BTreeMap<PluginId, Recording>) -> T) -> T {
        let mut recordings = self
            .0
            .recordings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        change(&mut recordings)
    }

    fn writing(&self) -> std::sync::MutexGuard<'_, ()> {
        let writing = &self.0.writing;
        writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a case; its folder.
    fn write(&self, seen: &SeenCall, channel: &ChannelContext) -> io::Result<PathBuf> {
        let files = (self.0.form)(seen, channel);
        let size: usize = files.values().map(Vec::len).sum();
        if size > CASE_BYTES {
            return Err(io::Error::other(format!(
                "it would have {size} bytes, and {CASE_BYTES} are the most"
            )));
        }
        let of_plugin = self.0.folder.join(seen.plugin.as_str());
        private_folder(&of_plugin)?;
        let name = format!("{}-{}", seen.call, seen.id);
        let unfinished = of_plugin.join(format!("{UNFINISHED}{name}"));
        let folder = of_plugin.join(name);
        let written = || {
            private_folder(&unfinished)?;
            for (file, content) in files {
                write_private(&unfinished.join(file), &content)?;
            }
            std::fs::rename(&unfinished, &folder)
        };
        if let Err(error) = written() {
            // What is left of it helps nobody; the next round of deleting takes what cannot be taken now.
            let _ = std::fs::remove_dir_all(&unfinished);
            return Err(error);
        }
        Ok(folder)
    }
}

impl CallObserver for Recorder {
    fn wants(&self, plugin: &PluginId, call: Call) -> bool {
        self.0.has_begun.load(Ordering::Acquire)
            && self.with(|all| {
                let recording = all.get(plugin);
                recording.is_some_and(|recording| recording.wants(call, Timestamp::now()))
            })
    }

    fn ended(&self, seen: SeenCall, channel: &ChannelContext) {
        // A network that had nothing new says nothing of the plug-in.
        let events = seen.output.pointer("/ok/events").and_then(Value::as_array);
        if seen.call == Call::Poll && events.is_some_and(Vec::is_empty) {
            return;
        }
        let has_place = self.with(|all| match all.get_mut(&seen.plugin) {
            Some(recording) if recording.is_on(Timestamp::now()) => {
                recording.left -= 1;
                true
            }
            _ => false,
        });
        if !has_place {
            return;
        }
        let (recorder, channel) = (self.clone(), channel.clone());
        let forgotten = self.0.forgotten.load(Ordering::SeqCst);
        // The call's own answer does not wait for the disk.
        tokio::task::spawn_blocking(move || {
            let _one_at_a_time = recorder.writing();
            if recorder.0.forgotten.load(Ordering::SeqCst) != forgotten {
                return;
            }
            let written = recorder.write(&seen, &channel);
            let plugin = seen.plugin.clone();
            let case = written.map(|folder| Recorded {
                call_id: seen.id,
                call: seen.call,
                at: Timestamp::now(),
                has_failed: seen.output.get("sandbox").is_some(),
                folder,
            });
            if let Err(error) = &case {
                let call = seen.call.as_str();
                tracing::warn!(%plugin, call, id = %seen.id, %error, "a call is not recorded");
            }
            recorder.with(|all| {
                if let Some(recording) = all.get_mut(&plugin) {
                    match case {
                        Ok(case) => recording.cases.push(case),
                        Err(_) => recording.left_out += 1,
                    }
                }
            });
        });
    }
}

/// The folders of all cases, those that were not written whole too.
fn cases(recordings: &Path) -> io::Result<Vec<PathBuf>> {
    let mut cases = Vec::new();
    for plugin in folders(recordings)? {
        cases.extend(folders(&plugin)?);
    }
    Ok(cases)
}

fn folders(within: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(within) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    Ok(folders)
}

/// Makes a folder that only the hub's user reads, with those above it.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(_: &SeenCall, _: &ChannelContext) -> CaseFiles {
        CaseFiles::new()
    }

    fn order(cases: u32, calls: &[&str]) -> RecordingOrder {
        RecordingOrder {
            minutes: 5,
            cases,
            calls: calls.iter().map(|call| (*call).to_owned()).collect(),
        }
    }

    #[test]
    fn nothing_is_recorded_until_somebody_asks_and_only_what_was_asked_for() {
        let data = tempfile::tempdir().unwrap();
        let recorder = Recorder::new(data.path(), files);
        let (one, other) = (
            PluginId::new("one").unwrap(),
            PluginId::new("other").unwrap(),
        );
        assert!(!recorder.wants(&one, Call::Receive));
        recorder.begin(one.clone(), order(1, &["receive"])).unwrap();
        assert!(recorder.wants(&one, Call::Receive));
        assert!(!recorder.wants(&one, Call::Perform));
        assert!(!recorder.wants(&other, Call::Receive));
        let recording = recorder.recording(&one).unwrap();
        assert!(!recording.is_on(recording.until));
        recorder.end(&one);
        assert!(!recorder.wants(&one, Call::Receive));
    }

    #[test]
    fn old_cases_are_deleted_and_too_many_are_refused() {
        let data = tempfile::tempdir().unwrap();
        let recorder = Recorder::new(data.path(), files);
        let plugin = data.path().join(RECORDINGS).join("one");
        for number in 0..MOST_KEPT {
            private_folder(&plugin.join(format!("receive-{number}"))).unwrap();
        }
        let refused = recorder.begin(PluginId::new("one").unwrap(), order(1, &[]));
        assert!(refused.unwrap_err().to_string().contains("delete those"));
        let old = std::fs::File::open(plugin.join("receive-7")).unwrap();
        let long_ago = SystemTime::now() - KEPT - Duration::from_secs(60);
        old.set_modified(long_ago).unwrap();
        assert_eq!(recorder.sweep().unwrap(), 1);
        assert!(!plugin.join("receive-7").exists());
        assert_eq!(recorder.forget().unwrap(), MOST_KEPT - 1);
        recorder
            .begin(PluginId::new("one").unwrap(), order(1, &[]))
            .unwrap();
    }
}
