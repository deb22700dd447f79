//! Signatures without secrets: the plug-in names a secret, the host computes with it.
//!
//! The names are those of the manifest's [`SecretWant`](crate::manifest::SecretWant)s, and each secret
//! can be used only for what its kind says.

use crate::actions::Failure;
use crate::connector::{Rejection, WebhookRequest};
use crate::encode;

pub use crate::bindings::connector::linecard::plugin::secrets::{Algorithm, Error};

/// The HMAC of the bytes under the secret of this name (kind `hmac-key`).
pub fn hmac(name: &str, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
    crate::host::with(|host| host.hmac(name, algorithm, message))
}

/// Whether `mac` is the HMAC of the bytes, compared in constant time (kind `hmac-key`).
pub fn verify_hmac(
    name: &str,
    algorithm: Algorithm,
    message: &[u8],
    mac: &[u8],
) -> Result<bool, Error> {
    crate::host::with(|host| host.verify_hmac(name, algorithm, message, mac))
}

/// Whether the candidate is the secret, compared in constant time (kind `shared-token`).
pub fn equals(name: &str, candidate: &[u8]) -> Result<bool, Error> {
    crate::host::with(|host| host.equals(name, candidate))
}

/// How a signature is written in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// Hexadecimal.
    Hex,
    /// Base64 with padding.
    Base64,
}

/// A signature over a webhook's whole body in one of its headers, as most networks do it.
///
/// ```
/// use linecard_sdk::secrets::{Algorithm, BodySignature, Notation};
///
/// /// Meta's networks: <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>.
/// const SIGNATURE: BodySignature<'static> = BodySignature {
///     header: "x-hub-signature-256",
///     prefix: "sha256=",
///     notation: Notation::Hex,
///     algorithm: Algorithm::Sha256,
///     secret: "app-secret",
/// };
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BodySignature<'a> {
    /// The header, in lower case.
    pub header: &'a str,
    /// What stands before the signature in the header; may be empty.
    pub prefix: &'a str,
    /// How the signature is written.
    pub notation: Notation,
    /// The hash function.
    pub algorithm: Algorithm,
    /// The secret's name in the manifest.
    pub secret: &'a str,
}

impl BodySignature<'_> {
    /// Accepts the request only if the signature is right: call it before anything reads the body.
    ///
    /// A missing, repeated or unreadable header and a wrong signature are the same
    /// [`Rejection::BadSignature`]; so is a secret that the channel lacks, because then nothing can be
    /// trusted.
    pub fn verify(&self, request: &WebhookRequest) -> Result<(), Rejection> {
        let refused = |why: &str| Rejection::BadSignature(format!("{}: {why}", self.header));
        let mut values = request.header_values(self.header);
        let value = match (values.next(), values.next()) {
            (Some(value), None) => value,
            (Some(_), Some(_)) => return Err(refused("there are several")),
            (None, _) => return Err(refused("there is none")),
        };
        let written = value
            .trim()
            .strip_prefix(self.prefix)
            .ok_or_else(|| refused("it has another form"))?;
        let mac = match self.notation {
            Notation::Hex => encode::from_hex(written),
            Notation::Base64 => encode::from_base64(written),
        }
        .ok_or_else(|| refused("it cannot be read"))?;
        match verify_hmac(self.secret, self.algorithm, &request.body, &mac) {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused("it is not the signature of this body")),
            Err(error) => Err(refused(error.text())),
        }
    }
}

impl Error {
    /// What is wrong, as the host said it.
    pub fn text(&self) -> &str {
        match self {
            Error::Missing(text) | Error::NotAllowed(text) => text,
        }
    }
}

/// A channel without a usable secret needs a person.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Unauthorized(error.text().to_owned())
    }
}
