//! Fetches what customers attach, through the channel's connector, before the networks' links end.
//! A message never waits for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use linecard_model::message::AttachmentFile;
use linecard_model::platform::{Attachment, Failure, Refusal};
use linecard_model::{ChannelId, ContactId, MessageId, Timestamp};
use linecard_sandbox::MediaStore as _;
use linecard_site::channels::Channels;
use linecard_site::retries::backoff;
use linecard_site::{Fetched, SiteHandle};
use linecard_store::{MessageRef, Store, StoreError};
use tokio::sync::{Semaphore, mpsc};
use tracing::{debug, error};

use crate::media::MediaFolder;
use linecard_site::supervise::caught;

/// How many files of one channel are fetched at a time.
const PARALLEL: usize = 4;
/// How many messages are read at a time.
const PAGE: usize = 256;
/// How often a file is asked for before it is given up: over about half an hour.
const ATTEMPTS: u32 = 12;

/// What the fetching works with.
#[derive(Clone)]
pub struct Fetching {
    /// The site's store.
    pub store: Arc<dyn Store>,
    /// The site.
    pub site: SiteHandle,
    /// The channels.
    pub channels: Channels,
    /// Where files go.
    pub media: Arc<MediaFolder>,
}

/// A file to fetch.
struct Job {
    contact: ContactId,
    message: MessageId,
    index: usize,
    attachment: Attachment,
    attempt: u32,
}

impl Fetching {
    /// Works until the site ends. What was not fetched before a restart comes first.
    pub async fn run(self, mut new: mpsc::UnboundedReceiver<MessageRef>) {
        let mut channels: HashMap<ChannelId, mpsc::UnboundedSender<Job>> = HashMap::new();
        if let Err(fault) = self.begin(&mut channels).await {
            error!(error = %fault, "files that were not fetched before the restart stay away");
        }
        while let Some(place) = new.recv().await {
            if let Err(fault) = self.hand_out(place, &mut channels).await {
                error!(error = %fault, "a message cannot be read; its files stay away");
            }
        }
    }

    async fn begin(
        &self,
        channels: &mut HashMap<ChannelId, mpsc::UnboundedSender<Job>>,
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.store.fetches(self.site.id(), after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.message);
            for place in page {
                self.hand_out(place, channels).await?;
            }
        }
    }

    /// Gives a message's files to its channel's worker.
    async fn hand_out(
        &self,
        place: MessageRef,
        channels: &mut HashMap<ChannelId, mpsc::UnboundedSender<Job>>,
    ) -> Result<(), StoreError> {
        let MessageRef { contact, message } = place;
        let site = self.site.id();
        let Some(known) = self.store.message(site, contact, message).await? else {
            return Ok(());
        };
        let worker = channels.entry(known.channel.clone()).or_insert_with(|| {
            let (sender, jobs) = mpsc::unbounded_channel();
            let channel = known.channel.clone();
            let name = format!("fetching {channel}");
            let work = self.clone().work(channel, sender.clone(), jobs);
            self.site.supervisor().spawn(name, work);
            sender
        });
        let pending = known.files.iter().zip(known.content.attachments);
        for (index, (file, attachment)) in pending.enumerate() {
            if *file == AttachmentFile::Pending {
                // A worker ends only with the hub.
                let _ = worker.send(Job {
                    contact,
                    message,
                    index,
                    attachment,
                    attempt: 1,
                });
            }
        }
        Ok(())
    }

    async fn work(
        self,
        channel: ChannelId,
        again: mpsc::UnboundedSender<Job>,
        mut jobs: mpsc::UnboundedReceiver<Job>,
    ) {
        let places = Arc::new(Semaphore::new(PARALLEL));
        while let Some(mut job) = jobs.recv().await {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let fetching = self.clone();
            let channel = channel.clone();
            let again = again.clone();
            tokio::spawn(async move {
                // One that breaks is asked for again like one that the network does not give.
                let tried = caught(fetching.fetch(&channel, &job)).await;
                let result = tried.unwrap_or_else(|text| Err(soon(&job, refusal("broke", &text))));
                drop(place);
                let file = match result {
                    Ok(file) => file,
                    Err(Setback { reason, pause }) if job.attempt < ATTEMPTS => {
                        debug!(%channel, message = %job.message, %reason, "a file is asked for again later");
                        tokio::time::sleep(pause).await;
                        job.attempt += 1;
                        // The worker ends only with the hub.
                        let _ = again.send(job);
                        return;
                    }
                    Err(Setback { reason, .. }) => AttachmentFile::Failed { reason },
                };
                // An error means that the site has ended; the file is fetched after the restart.
                let _ = fetching
                    .site
                    .fetched(Fetched {
                        contact: job.contact,
                        message: job.message,
                        index: job.index,
                        attachment: job.attachment,
                        file,
                    })
                    .await;
            });
        }
    }

    /// One attempt.
    async fn fetch(&self, channel: &ChannelId, job: &Job) -> Result<AttachmentFile, Setback> {
        let soon = |reason: Refusal| soon(job, reason);
        let Some(runtime) = self.channels.get(channel) else {
            return Err(soon(refusal("channel-away", "the channel is not at work")));
        };
        let called = runtime
            .connector
            .resolve_media(&runtime.context, job.attachment.clone())
            .await;
        let stored = match called {
            Ok(Ok(stored)) => stored,
            Ok(Err(failure)) => return judge(failure, soon),
            Err(fault) => return Err(soon(refusal("plugin-failed", &fault.to_string()))),
        };
        // What the plug-in says of the size and the hash is not believed: the store knows them.
        let file = match self.media.open(&stored.media).await {
            Ok(file) => file,
            Err(missing) => {
                return Ok(AttachmentFile::Failed {
                    reason: refusal("not-stored", &missing.to_string()),
                });
            }
        };
        let announced = job.attachment.sha256.as_deref();
        if announced.is_some_and(|hash| !hash.eq_ignore_ascii_case(&stored.media)) {
            let text = "the file is not the one that the network announced: its hash differs";
            return Err(soon(refusal("hash-differs", text)));
        }
        let said = [stored.mime.as_deref(), job.attachment.mime.as_deref()];
        let mime = self.media.told(&stored.media, &said).await;
        let mime = mime.map_err(|fault| soon(refusal("not-stored", &fault.to_string())))?;
        Ok(AttachmentFile::Stored {
            sha256: stored.media.clone(),
            media: stored.media,
            mime,
            size: file.size,
        })
    }
}

/// Why a file is asked for again, and when.
struct Setback {
    reason: Refusal,
    pause: Duration,
}

/// A setback after which a file is asked for again in a while.
fn soon(job: &Job, reason: Refusal) -> Setback {
    Setback {
        reason,
        pause: Duration::try_from(backoff(job.attempt)).unwrap_or(Duration::from_secs(1)),
    }
}

fn judge(failure: Failure, soon: impl Fn(Refusal) -> Setback) -> Result<AttachmentFile, Setback> {
    let for_good = |reason| Ok(AttachmentFile::Failed { reason });
    match failure {
        Failure::Throttled(throttle) => {
            let setback = soon(throttle.reason);
            let wait = throttle
                .until
                .map(|until| until.duration_since(Timestamp::now()));
            let pause = wait.and_then(|wait| Duration::try_from(wait).ok());
            Err(Setback {
                pause: pause.map_or(setback.pause, |pause| pause.max(setback.pause)),
                ..setback
            })
        }
        Failure::Transient(text) => Err(soon(refusal("transient", &text))),
        Failure::Uncertain(text) => Err(soon(refusal("uncertain", &text))),
        Failure::Unfinished(unfinished) => Err(soon(unfinished.reason)),
        Failure::Unauthorized(text) => Err(soon(refusal("unauthorized", &text))),
        Failure::Rejected(reason) | Failure::RecipientRefuses(reason) => for_good(reason),
        Failure::Partly(partly) => for_good(refusal("partly", &partly.rest.to_string())),
        Failure::WindowClosed(text) => for_good(refusal("window-closed", &text)),
        Failure::Gone(text) => for_good(refusal("gone", &text)),
        Failure::Unsupported(text) => for_good(refusal("unsupported", &text)),
    }
}

fn refusal(code: &str, text: &str) -> Refusal {
    Refusal {
        code: code.to_owned(),
        text: text.to_owned(),
    }
}
