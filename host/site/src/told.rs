//! What the connectors last told of their channels: the templates, and what a person should know. It is kept
//! in memory alone and asked for anew at each start, because a few cheap calls bring it back and what is on
//! a disk may be wrong by then; until it is there, everything works as if nothing were told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use linecard_model::platform::{Finding, Severity, TemplateList};
use linecard_model::{ChannelId, Timestamp};
use tokio::sync::Notify;

/// A channel's templates as they were read.
#[derive(Debug)]
pub struct Catalogue {
    /// When.
    pub read_at: Timestamp,
    /// What there is.
    pub list: TemplateList,
}

/// What is known of a channel's templates.
#[derive(Debug, Clone, Default)]
pub struct KnownTemplates {
    /// The list as it was last read.
    pub catalogue: Option<Arc<Catalogue>>,
    /// Why it could not be read since.
    pub problem: Option<String>,
}

/// What was found when the channel was last tried.
#[derive(Debug, Clone, Default)]
pub struct KnownFindings {
    /// When; absent before the first time.
    pub at: Option<Timestamp>,
    /// What.
    pub findings: Arc<[Finding]>,
}

#[derive(Default)]
struct Entry {
    templates: KnownTemplates,
    wanted: Arc<Notify>,
    findings: KnownFindings,
}

/// What connectors told. Cheap to clone; it has one entry for each channel.
#[derive(Clone, Default)]
pub struct Told(Arc<Mutex<HashMap<ChannelId, Entry>>>);

impl Told {
    /// What is known of a channel's templates.
    pub fn templates(&self, channel: &ChannelId) -> KnownTemplates {
        let entries = self.entries();
        let entry = entries.get(channel);
        entry.map(|e| e.templates.clone()).unwrap_or_default()
    }

    /// The templates were read.
    pub fn templates_read(&self, channel: &ChannelId, list: TemplateList, read_at: Timestamp) {
        let mut entries = self.entries();
        let known = &mut entries.entry(channel.clone()).or_default().templates;
        known.catalogue = Some(Arc::new(Catalogue { read_at, list }));
        known.problem = None;
    }

    /// The templates could not be read. What is known stays; whether this is another reason than before.
    pub fn templates_unread(&self, channel: &ChannelId, problem: String) -> bool {
        let mut entries = self.entries();
        let known = &mut entries.entry(channel.clone()).or_default().templates;
        let is_news = known.problem.as_ref() != Some(&problem);
        known.problem = Some(problem);
        is_news
    }

    /// Asks for the templates to be read again soon.
    pub fn want_templates(&self, channel: &ChannelId) {
        if let Some(entry) = self.entries().get(channel) {
            entry.wanted.notify_one();
        }
    }

    /// Tells when somebody asks for the templates.
    pub fn wanted_templates(&self, channel: &ChannelId) -> Arc<Notify> {
        let mut entries = self.entries();
        Arc::clone(&entries.entry(channel.clone()).or_default().wanted)
    }

    /// What was found when the channel was last tried.
    pub fn findings(&self, channel: &ChannelId) -> KnownFindings {
        let entries = self.entries();
        let entry = entries.get(channel);
        entry.map(|e| e.findings.clone()).unwrap_or_default()
    }

    /// This was found; whether something else is to be seen to than before. Notes are no news: their texts
    /// may have something of the moment.
    pub fn found(&self, channel: &ChannelId, findings: Vec<Finding>, at: Timestamp) -> bool {
        let mut entries = self.entries();
        let known = &mut entries.entry(channel.clone()).or_default().findings;
        let matters = |finding: &&Finding| finding.severity != Severity::Note;
        let before = known.findings.iter().filter(matters);
        let is_news = !before.eq(findings.iter().filter(matters));
        *known = KnownFindings {
            at: Some(at),
            findings: findings.into(),
        };
        is_news
    }

    /// Forgets what is known of all channels save these.
    pub(crate) fn keep(&self, is_kept: impl Fn(&ChannelId) -> bool) {
        self.entries().retain(|channel, _| is_kept(channel));
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<ChannelId, Entry>> {
        // What a panicking thread left is still a whole state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
