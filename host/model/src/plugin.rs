//! What becomes of plug-ins: what they ask for, what they were granted, and which version serves.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::manifest::{HostWant, Manifest};
use crate::{PluginId, Timestamp};

/// Memory is granted in steps of so many MiB: a build that is a little larger than the one before asks
/// for nothing new.
const MEMORY_STEP: u64 = 16;

/// How many versions of a plug-in are kept, the one that serves among them.
pub const KEPT_VERSIONS: usize = 5;
/// How many approvals of a plug-in are kept; older ones no longer count.
pub const KEPT_APPROVALS: usize = 20;

/// What a plug-in asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Wants {
    /// The hosts that it wants to call: `name`, `name:port`, or `config/…` for the host that a channel's
    /// configuration names there.
    pub hosts: BTreeSet<String>,
    /// The secrets that it wants to use, each with its kind, such as `app-secret (hmac-key)`.
    pub secrets: BTreeSet<String>,
    /// The host's interfaces that it imports, such as `http`.
    pub interfaces: BTreeSet<String>,
    /// The memory that it begins with, in MiB, rounded up to steps of 16.
    pub memory_mib: u64,
}

impl Wants {
    /// What a manifest, the interfaces and the memory of a file ask for.
    pub fn new(
        manifest: &Manifest,
        interfaces: impl IntoIterator<Item = String>,
        memory_bytes: u64,
    ) -> Self {
        let connector = manifest.connector.as_ref();
        let hosts = connector.map(|c| c.hosts.as_slice()).unwrap_or_default();
        let secrets = connector.map(|c| c.secrets.as_slice()).unwrap_or_default();
        Self {
            hosts: hosts
                .iter()
                .map(|want| match want {
                    HostWant::Exact(host) => host.clone(),
                    HostWant::FromConfig(pointer) => format!("config{pointer}"),
                })
                .collect(),
            secrets: secrets
                .iter()
                .map(|want| format!("{} ({})", want.name, want.kind.as_str()))
                .collect(),
            interfaces: interfaces.into_iter().collect(),
            memory_mib: memory_bytes.div_ceil(1 << 20).next_multiple_of(MEMORY_STEP),
        }
    }

    /// What this asks for beyond what was granted, each as a person reads it.
    pub fn beyond(&self, granted: &Self) -> Vec<String> {
        let more = |what: &str, wanted: &BTreeSet<String>, granted: &BTreeSet<String>| {
            wanted
                .difference(granted)
                .map(|one| format!("{what} {one}"))
                .collect::<Vec<_>>()
        };
        let mut beyond = more("+ calls", &self.hosts, &granted.hosts);
        beyond.extend(more("+ uses the secret", &self.secrets, &granted.secrets));
        beyond.extend(more("+ imports", &self.interfaces, &granted.interfaces));
        if self.memory_mib > granted.memory_mib {
            beyond.push(format!(
                "+ begins with up to {} MiB of memory, not {}",
                self.memory_mib, granted.memory_mib
            ));
        }
        beyond
    }

    /// Everything that it asks for, each as a person reads it.
    pub fn all(&self) -> Vec<String> {
        self.beyond(&Self::default())
    }
}

/// What became of a plug-in or of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PluginState {
    /// This version serves now. Calls that had begun end with the one before it.
    Serving,
    /// The file asks for more than was granted, or is not listed: it waits for an approval.
    Pending,
    /// The file cannot be used; what served before goes on.
    Refused,
    /// The file is gone, and nothing serves in its place.
    Removed,
    /// It failed again and again and is left alone for a while.
    Suspended,
    /// It is tried again after a while in which it was left alone, and works.
    Recovered,
}

impl PluginState {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Pending => "pending",
            Self::Refused => "refused",
            Self::Removed => "removed",
            Self::Suspended => "suspended",
            Self::Recovered => "recovered",
        }
    }
}

impl fmt::Display for PluginState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that became of a plug-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginChange {
    /// What.
    pub state: PluginState,
    /// The plug-in; absent if its file does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginId>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The SHA-256 of its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its file's name in the plug-in folder; absent if it comes with the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Why, and what to do; of one that waits, what it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

/// What is kept of one plug-in beside its file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginRecord {
    /// What the version that served last was granted.
    pub granted: Option<Wants>,
    /// The files that a person approved, oldest first.
    pub approved: Vec<Approval>,
    /// The files that have served, oldest first.
    pub versions: Vec<ServedVersion>,
    /// A file that a person has rolled back, and what serves in its place.
    pub rolled_back: Option<RolledBack>,
}

/// A file that a person approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// The SHA-256 of the file.
    pub sha256: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A version that has served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServedVersion {
    /// The SHA-256 of its file.
    pub sha256: String,
    /// The version that it calls itself.
    pub version: String,
    /// Its file's name in the plug-in folder; absent if it comes with the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Since when it served.
    pub since: Timestamp,
}

/// A file that a person has rolled back. It stays so until the file changes or is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RolledBack {
    /// The SHA-256 of the file that is not used.
    pub from: String,
    /// The SHA-256 of the one that serves in its place.
    pub to: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl PluginRecord {
    /// Whether a person approved a file.
    pub fn is_approved(&self, sha256: &str) -> bool {
        self.approved.iter().any(|known| known.sha256 == sha256)
    }

    /// Whether a file has served before, as far as that is kept.
    pub fn has_served(&self, sha256: &str) -> bool {
        self.versions.iter().any(|known| known.sha256 == sha256)
    }

    /// A person approves a file, whatever was decided about it before.
    pub fn approve(&mut self, approval: Approval) {
        self.rolled_back
            .take_if(|rolled_back| rolled_back.from == approval.sha256);
        self.approved.retain(|a| a.sha256 != approval.sha256);
        self.approved.push(approval);
        let beyond = self.approved.len().saturating_sub(KEPT_APPROVALS);
        self.approved.drain(..beyond);
    }

    /// A version serves from now on, with this granted.
    pub fn serves(&mut self, version: ServedVersion, granted: Wants) {
        self.rolled_back.take_if(|rolled_back| {
            // Another file has come in the place of the one that was rolled back.
            rolled_back.to != version.sha256
        });
        self.granted = Some(granted);
        self.versions.retain(|known| known.sha256 != version.sha256);
        self.versions.push(version);
        let beyond = self.versions.len().saturating_sub(KEPT_VERSIONS);
        self.versions.drain(..beyond);
    }
}

/// Which plug-in files serve without being asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrustMode {
    /// A new plug-in is granted what it asks for; a changed one waits for an approval if it asks for
    /// more than it was granted.
    #[default]
    Any,
    /// Only files that are listed here or were approved.
    Listed,
}

/// Which plug-in files may serve. Those that come with the program always may.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PluginTrust {
    /// `any`, or only those that are `listed`.
    pub trust: TrustMode,
    /// The SHA-256 of each file that is approved here, in lower-case hexadecimal; `linecard plugin inspect`
    /// shows it. Others are approved by `linecard plugin approve`.
    pub listed: BTreeSet<String>,
}

impl PluginTrust {
    /// Whether nothing is said.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// What may be done with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It serves.
    Serves,
    /// It waits for an approval of this.
    Pending(Vec<String>),
    /// A person has rolled it back.
    RolledBack(RolledBack),
}

/// What may be done with a file that asks for this. `before` is what the plug-in of its id has without a
/// record: what the one that comes with the program asks for.
pub fn judge(
    trust: &PluginTrust,
    record: &PluginRecord,
    before: Option<&Wants>,
    sha256: &str,
    wants: &Wants,
) -> Verdict {
    if let Some(rolled_back) = &record.rolled_back
        && rolled_back.from == sha256
    {
        return Verdict::RolledBack(rolled_back.clone());
    }
    if trust.listed.contains(sha256) || record.is_approved(sha256) {
        return Verdict::Serves;
    }
    match trust.trust {
        TrustMode::Listed => Verdict::Pending(wants.all()),
        TrustMode::Any if record.has_served(sha256) => Verdict::Serves,
        TrustMode::Any => {
            let granted = record.granted.as_ref().or(before);
            let beyond = granted.map_or_else(Vec::new, |granted| wants.beyond(granted));
            if beyond.is_empty() {
                Verdict::Serves
            } else {
                Verdict::Pending(beyond)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(hosts: &[&str]) -> Wants {
        Wants {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            ..Wants::default()
        }
    }

    fn served(sha256: &str) -> ServedVersion {
        ServedVersion {
            sha256: sha256.to_owned(),
            version: "1.0.0".to_owned(),
            file: None,
            since: Timestamp::UNIX_EPOCH,
        }
    }

    fn approval(sha256: &str) -> Approval {
        Approval {
            sha256: sha256.to_owned(),
            by: "anna".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_changed_file_waits_only_for_what_it_asks_beyond_its_grants() {
        let trust = PluginTrust::default();
        let mut record = PluginRecord::default();
        let (one, two) = (wants(&["a.example"]), wants(&["a.example", "b.example"]));
        // A plug-in that nobody knew.
        assert_eq!(judge(&trust, &record, None, "1", &one), Verdict::Serves);
        record.serves(served("1"), one.clone());
        assert_eq!(judge(&trust, &record, None, "2", &one), Verdict::Serves);
        let more = Verdict::Pending(vec!["+ calls b.example".to_owned()]);
        assert_eq!(judge(&trust, &record, None, "3", &two), more);
        record.approve(approval("3"));
        assert_eq!(judge(&trust, &record, None, "3", &two), Verdict::Serves);
        // In the place of one that comes with the program.
        let new = PluginRecord::default();
        assert_eq!(judge(&trust, &new, Some(&one), "4", &two), more);
    }

    #[test]
    fn where_files_are_listed_no_other_serves() {
        let trust = PluginTrust {
            trust: TrustMode::Listed,
            listed: ["1".to_owned()].into(),
        };
        let mut record = PluginRecord::default();
        record.serves(served("2"), wants(&["a.example"]));
        let asks = wants(&["a.example"]);
        assert_eq!(judge(&trust, &record, None, "1", &asks), Verdict::Serves);
        let pending = Verdict::Pending(vec!["+ calls a.example".to_owned()]);
        assert_eq!(judge(&trust, &record, None, "2", &asks), pending);
        record.approve(approval("2"));
        assert_eq!(judge(&trust, &record, None, "2", &asks), Verdict::Serves);
    }

    #[test]
    fn what_was_rolled_back_waits_for_another_file_or_an_approval() {
        let trust = PluginTrust::default();
        let mut record = PluginRecord::default();
        record.serves(served("1"), Wants::default());
        record.serves(served("2"), Wants::default());
        let rolled_back = RolledBack {
            from: "2".to_owned(),
            to: "1".to_owned(),
            by: "anna".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        };
        record.rolled_back = Some(rolled_back.clone());
        record.serves(served("1"), Wants::default());
        let asks = Wants::default();
        let held = Verdict::RolledBack(rolled_back);
        assert_eq!(judge(&trust, &record, None, "2", &asks), held);
        let mut approved = record.clone();
        approved.approve(approval("2"));
        assert_eq!(judge(&trust, &approved, None, "2", &asks), Verdict::Serves);
        record.serves(served("3"), Wants::default());
        assert_eq!(record.rolled_back, None);
    }

    #[test]
    fn little_more_memory_is_nothing_new() {
        let manifest = serde_json::json!({
            "id": "a", "display_name": "A", "description": "", "version": "1.0.0", "contract": "0.1.0",
            "config_schema": {}, "connector": null, "analyzer": null,
        });
        let Ok(manifest) = serde_json::from_value::<Manifest>(manifest) else {
            panic!("a manifest")
        };
        let of = |bytes| Wants::new(&manifest, [], bytes);
        assert!(of(3 << 20).beyond(&of(1 << 20)).is_empty());
        assert_eq!(of(17 << 20).beyond(&of(1 << 20)).len(), 1);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut record = PluginRecord::default();
        for number in 0..100 {
            record.serves(served(&number.to_string()), Wants::default());
            record.approve(approval(&number.to_string()));
        }
        assert_eq!(record.versions.len(), KEPT_VERSIONS);
        assert_eq!(record.approved.len(), KEPT_APPROVALS);
        assert!(record.has_served("99") && !record.has_served("94"));
    }
}
