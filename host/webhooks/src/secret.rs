//! An endpoint's secret, and the signatures that are made with it, as the Standard Webhooks specification
//! (<https://www.standardwebhooks.com>) has them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use linecard_model::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a symmetric secret of the specification begins with; its bytes follow in Base64.
const PREFIX: &str = "whsec_";
/// How many random bytes one has; the specification wants 24 to 64.
const BYTES: usize = 32;

/// What both sides know. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(Zeroizing<String>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// A new one.
    pub(crate) fn generate() -> Self {
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        linecard_vault::random(bytes.as_mut_slice());
        let encoded = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
        Self(Zeroizing::new(format!("{PREFIX}{}", encoded.as_str())))
    }

    /// Its text, to be shown once to whoever sets up the receiver.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The signature of what is sent, as the header carries it.
    pub(crate) fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let text = self.0.strip_prefix(PREFIX).unwrap_or_default();
        // The hub made it: it is Base64.
        let key = Zeroizing::new(STANDARD.decode(text).unwrap_or_default());
        // A key of any length is one.
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("keys of any length");
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The secret that counts, and the former one for as long as it counts too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Secrets {
    pub present: Secret,
    pub former: Option<(Secret, Timestamp)>,
}

impl Secrets {
    pub fn generate() -> Self {
        Self {
            present: Secret::generate(),
            former: None,
        }
    }

    /// The signatures of what is sent at a time, by all secrets that count then.
    pub fn sign(&self, id: &str, now: Timestamp, body: &[u8]) -> String {
        let seconds = now.as_second();
        let former = self.former.as_ref().filter(|(_, until)| *until > now);
        let signatures: Vec<String> = std::iter::once(&self.present)
            .chain(former.map(|(secret, _)| secret))
            .map(|secret| secret.sign(id, seconds, body))
            .collect();
        signatures.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the official libraries test themselves with.
    #[test]
    fn signatures_are_those_of_the_specification() {
        let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let secret = Secret(Zeroizing::new(text));
        let signature = secret.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_former_secret_signs_for_as_long_as_it_counts() {
        let now = Timestamp::now();
        let hour = std::time::Duration::from_secs(3_600);
        let mut secrets = Secrets::generate();
        assert_eq!(secrets.sign("a", now, b"{}").split(' ').count(), 1);
        let until = now.saturating_add(hour).unwrap();
        secrets.former = Some((Secret::generate(), until));
        let both = secrets.sign("a", now, b"{}");
        let (one, other) = both.split_once(' ').unwrap();
        assert_eq!(one, secrets.present.sign("a", now.as_second(), b"{}"));
        assert_ne!(one, other);
        let later = until.saturating_add(hour).unwrap();
        assert_eq!(secrets.sign("a", later, b"{}").split(' ').count(), 1);
    }

    #[test]
    fn a_secret_is_shown_to_nobody_by_accident() {
        let secrets = Secrets::generate();
        assert!(secrets.present.reveal().starts_with(PREFIX));
        assert!(!format!("{secrets:?}").contains(PREFIX));
        assert_ne!(Secret::generate(), Secret::generate());
    }
}
