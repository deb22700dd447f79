//! `secrets`: signatures computed by the host, so that the guest never holds a key.

use hmac::{Hmac, Mac};
use linecard_model::manifest::SecretKind;
use secrecy::SecretString;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::bindings::connector::linecard::plugin::secrets::{Algorithm, Error, Host};
use crate::instance::{CallState, Capability};
use crate::secrets::{Secret, bytes};
use crate::seen::SeenMac;

impl Host for CallState {
    fn hmac(
        &mut self,
        name: String,
        algorithm: Algorithm,
        message: Vec<u8>,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        self.count_host_call()?;
        let made = self.hmac_key(&name).and_then(|key| match algorithm {
            Algorithm::Sha256 => keyed::<Hmac<Sha256>>(&key, &message)
                .map(|mac| mac.finalize().into_bytes().to_vec()),
            Algorithm::Sha1 => {
                keyed::<Hmac<Sha1>>(&key, &message).map(|mac| mac.finalize().into_bytes().to_vec())
            }
        });
        if let Ok(mac) = &made {
            self.note(name, algorithm, message, mac);
        }
        Ok(made)
    }

    fn verify_hmac(
        &mut self,
        name: String,
        algorithm: Algorithm,
        message: Vec<u8>,
        mac: Vec<u8>,
    ) -> wasmtime::Result<Result<bool, Error>> {
        self.count_host_call()?;
        let verdict = self.hmac_key(&name).and_then(|key| match algorithm {
            Algorithm::Sha256 => {
                keyed::<Hmac<Sha256>>(&key, &message).map(|own| own.verify_slice(&mac).is_ok())
            }
            Algorithm::Sha1 => {
                keyed::<Hmac<Sha1>>(&key, &message).map(|own| own.verify_slice(&mac).is_ok())
            }
        });
        if let Ok(true) = verdict {
            self.note(name, algorithm, message, &mac);
        }
        Ok(verdict)
    }

    fn equals(
        &mut self,
        name: String,
        candidate: Vec<u8>,
    ) -> wasmtime::Result<Result<bool, Error>> {
        self.count_host_call()?;
        Ok(match self.secret(&name) {
            Ok(Secret::SharedToken(token)) => {
                // Digests have one length, so not even the token's length shows in the time.
                let own = Sha256::digest(bytes(&token));
                let other = Sha256::digest(&candidate);
                Ok(bool::from(own.ct_eq(&other)))
            }
            Ok(other) => Err(wrong_kind(&name, other.kind(), "equals")),
            Err(error) => Err(error),
        })
    }
}

impl CallState {
    fn secret(&self, name: &str) -> Result<Secret, Error> {
        match &self.capability {
            Capability::Channel(channel)
            | Capability::Network(channel)
            | Capability::Look(channel) => channel
                .secrets
                .get(name)
                .ok_or_else(|| Error::Missing(format!("the channel has no secret `{name}`"))),
            Capability::Nothing | Capability::Log => Err(Error::NotAllowed(
                "this call has no access to secrets".to_owned(),
            )),
        }
    }

    /// Tells whoever wants to see the call that a key was used.
    fn note(&self, secret: String, algorithm: Algorithm, message: Vec<u8>, mac: &[u8]) {
        let Some(tape) = &self.mark.tape else {
            return;
        };
        tape.mac(SeenMac {
            secret,
            algorithm: match algorithm {
                Algorithm::Sha256 => "sha256",
                Algorithm::Sha1 => "sha1",
            },
            message,
            mac: mac.to_vec(),
        });
    }

    fn hmac_key(&self, name: &str) -> Result<SecretString, Error> {
        match self.secret(name)? {
            Secret::HmacKey(key) => Ok(key),
            other => Err(wrong_kind(name, other.kind(), "hmac")),
        }
    }
}

fn wrong_kind(name: &str, kind: SecretKind, function: &str) -> Error {
    Error::NotAllowed(format!(
        "the secret \"{name}\" is of the kind {kind:?}, which \"{function}\" does not take"
    ))
}

fn keyed<M: Mac + hmac::digest::KeyInit>(key: &SecretString, message: &[u8]) -> Result<M, Error> {
    // HMAC takes a key of any length; the error is there because the trait allows one.
    let mut mac = <M as Mac>::new_from_slice(bytes(key))
        .map_err(|_| Error::NotAllowed("the key cannot be used".to_owned()))?;
    mac.update(message);
    Ok(mac)
}
