//! A host for native tests: recorded answers, a fixed clock, secrets in a map.
//!
//! A plug-in's logic is plain Rust, so its tests call it directly; what it asks of the host goes to the
//! [`TestHost`] that the test installed on its thread. The test kit runs the same exchanges through the
//! built component in the real sandbox.
//!
//! ```
//! use linecard_sdk::http::{Call, Request, Response};
//! use linecard_sdk::testing::TestHost;
//!
//! let host = TestHost::new().secret("app-secret", "s3cr3t").answer(Response::new(200, r#"{"id":"m1"}"#)).install();
//! let answer = Request::get("https://api.example.com/me").auth("token").send(Call::Repeatable).unwrap();
//! assert_eq!(answer.text(), r#"{"id":"m1"}"#);
//! assert_eq!(host.requests()[0].url, "https://api.example.com/me");
//! ```

use crate::events::Timestamp;
use crate::host::Host;
use crate::{http, log, secrets};
use hmac::{Hmac, Mac};
use sha2::Digest;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

thread_local! {
    static INSTALLED: RefCell<Vec<Rc<dyn Host>>> = const { RefCell::new(Vec::new()) };
}

/// Calls the host that is installed on this thread. Without one, everything is refused as the real host
/// refuses it while a plug-in describes itself.
pub(crate) fn with_installed<T>(call: impl FnOnce(&dyn Host) -> T) -> T {
    let installed = INSTALLED.with(|stack| stack.borrow().last().cloned());
    match installed {
        Some(host) => call(&*host),
        None => call(&TestHost::new()),
    }
}

/// Installs any host on this thread until the guard is dropped. Guards are dropped in reverse order.
pub fn install(host: Rc<dyn Host>) -> InstallGuard {
    INSTALLED.with(|stack| stack.borrow_mut().push(host));
    InstallGuard(())
}

/// Removes the host from its thread when dropped.
#[must_use = "the host is removed as soon as this is dropped"]
pub struct InstallGuard(());

impl Drop for InstallGuard {
    fn drop(&mut self) {
        INSTALLED.with(|stack| stack.borrow_mut().pop());
    }
}

/// A host that answers with what a test has put into it, and keeps what it was asked.
#[derive(Default)]
pub struct TestHost {
    secrets: BTreeMap<String, Vec<u8>>,
    answers: RefCell<VecDeque<Result<http::Response, http::Error>>>,
    requests: RefCell<Vec<http::Request>>,
    log: RefCell<Vec<(log::Level, String)>>,
    now: Cell<Timestamp>,
}

/// The clock's time unless a test sets another: 2026-01-01T00:00:00Z.
pub const DEFAULT_NOW: Timestamp = 1_767_225_600_000;

impl TestHost {
    /// A host without secrets or answers, at [`DEFAULT_NOW`].
    pub fn new() -> Self {
        TestHost {
            now: Cell::new(DEFAULT_NOW),
            ..TestHost::default()
        }
    }

    /// Adds a secret.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.secrets.insert(name.into(), value.into());
        self
    }

    /// Adds the answer to the next request that has none yet.
    #[must_use]
    pub fn answer(self, response: http::Response) -> Self {
        self.answers.borrow_mut().push_back(Ok(response));
        self
    }

    /// Adds an error instead of an answer.
    #[must_use]
    pub fn error(self, error: http::Error) -> Self {
        self.answers.borrow_mut().push_back(Err(error));
        self
    }

    /// Sets the clock, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        self.now.set(now);
        self
    }

    /// Installs it on this thread until the result is dropped.
    pub fn install(self) -> Installed {
        let host = Rc::new(self);
        let guard = install(host.clone());
        Installed {
            host,
            _guard: guard,
        }
    }

    fn mac(
        &self,
        name: &str,
        algorithm: secrets::Algorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, secrets::Error> {
        let key = self.key(name)?;
        Ok(hmac_of(algorithm, key, message))
    }

    fn key(&self, name: &str) -> Result<&[u8], secrets::Error> {
        self.secrets
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| secrets::Error::Missing(format!("the channel has no secret `{name}`")))
    }
}

/// The HMAC of a message under a key, to sign what a test sends.
///
/// ```
/// use linecard_sdk::secrets::Algorithm;
/// use linecard_sdk::{encode, testing};
/// // RFC 4231, test case 2.
/// let mac = testing::hmac_of(Algorithm::Sha256, b"Jefe", b"what do ya want for nothing?");
/// assert_eq!(encode::hex(&mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
/// ```
pub fn hmac_of(algorithm: secrets::Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    fn mac<M: Mac + hmac::digest::KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
        match <M as Mac>::new_from_slice(key) {
            Ok(mut mac) => {
                mac.update(message);
                mac.finalize().into_bytes().to_vec()
            }
            // HMAC takes a key of any length (RFC 2104), so this is never reached.
            Err(_) => Vec::new(),
        }
    }
    match algorithm {
        secrets::Algorithm::Sha256 => mac::<Hmac<sha2::Sha256>>(key, message),
        secrets::Algorithm::Sha1 => mac::<Hmac<sha1::Sha1>>(key, message),
    }
}

/// The answer to a request that wants its body in the media store, where it is named by its hash.
pub fn stored(mut answer: http::Response) -> http::Response {
    if answer.stored.is_none() && answer.is_success() {
        let sha256 = crate::encode::hex(&sha2::Sha256::digest(&answer.body));
        let size = answer.body.len() as u64;
        answer.stored = Some(http::StoredBody {
            media: sha256.clone(),
            size,
            sha256,
        });
        answer.body.clear();
    }
    answer
}

impl Host for TestHost {
    fn send(&self, request: &http::Request) -> Result<http::Response, http::Error> {
        self.requests.borrow_mut().push(request.clone());
        let answer = self.answers.borrow_mut().pop_front().unwrap_or_else(|| {
            Err(http::Error::Denied(format!(
                "the test has no answer for {}",
                request.url
            )))
        })?;
        Ok(if request.store_body {
            stored(answer)
        } else {
            answer
        })
    }

    fn hmac(
        &self,
        name: &str,
        algorithm: secrets::Algorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, secrets::Error> {
        self.mac(name, algorithm, message)
    }

    fn verify_hmac(
        &self,
        name: &str,
        algorithm: secrets::Algorithm,
        message: &[u8],
        mac: &[u8],
    ) -> Result<bool, secrets::Error> {
        Ok(self.mac(name, algorithm, message)? == mac)
    }

    fn equals(&self, name: &str, candidate: &[u8]) -> Result<bool, secrets::Error> {
        Ok(self.key(name)? == candidate)
    }

    fn log(&self, level: log::Level, message: &str) {
        self.log.borrow_mut().push((level, message.to_owned()));
    }

    fn now(&self) -> Timestamp {
        self.now.get()
    }

    /// Counts up from zero, so that a test sees the same bytes each time.
    fn random(&self, count: u32) -> Vec<u8> {
        (0..=u8::MAX).cycle().take(count as usize).collect()
    }
}

/// A [`TestHost`] on its thread; dropping it removes it.
pub struct Installed {
    host: Rc<TestHost>,
    _guard: InstallGuard,
}

impl Installed {
    /// The requests that were made so far.
    pub fn requests(&self) -> Vec<http::Request> {
        self.host.requests.borrow().clone()
    }

    /// The lines that were logged so far.
    pub fn log(&self) -> Vec<(log::Level, String)> {
        self.host.log.borrow().clone()
    }

    /// How many answers were not asked for.
    pub fn unused_answers(&self) -> usize {
        self.host.answers.borrow().len()
    }

    /// Sets the clock.
    pub fn set_now(&self, now: Timestamp) {
        self.host.now.set(now);
    }
}
