//! One-way hashes of passwords, keys and tokens.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::key::random;

/// What a token that the hub makes begins with. 43 characters of Base64 follow: 256 random bits.
pub const TOKEN_PREFIX: &str = "lc_";
const TOKEN_LENGTH: usize = TOKEN_PREFIX.len() + 43;
/// How a hash of such a token is written.
const SHA256: &str = "sha256:";

/// A new token of 256 random bits.
pub fn new_token() -> SecretString {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    random(bytes.as_mut_slice());
    SecretString::from(format!(
        "{TOKEN_PREFIX}{}",
        URL_SAFE_NO_PAD.encode(bytes.as_slice())
    ))
}

/// The SHA-256 of a token.
pub(super) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The hash under which a secret that a person may have chosen is kept: Argon2id with the
/// parameters that OWASP recommends (19 MiB, two passes), or SHA-256 for a token of the hub's own,
/// which nobody can guess.
pub(super) fn make(secret: &str) -> Option<String> {
    if is_own(secret) {
        return Some(format!(
            "{SHA256}{}",
            URL_SAFE_NO_PAD.encode(digest(secret))
        ));
    }
    let mut salt = [0_u8; 16];
    random(&mut salt);
    let salt = SaltString::encode_b64(&salt).ok()?;
    let hash = Argon2::default()
        .hash_password(secret.as_bytes(), &salt)
        .ok()?;
    Some(hash.to_string())
}

/// Whether a secret has the form of a token that the hub makes, which is never kept as a dear hash.
pub(super) fn is_own(secret: &str) -> bool {
    secret.len() == TOKEN_LENGTH && secret.starts_with(TOKEN_PREFIX)
}

/// Whether a secret has the form of a token that the hub makes: nobody can guess one.
pub fn is_own_token(secret: &SecretString) -> bool {
    is_own(secret.expose_secret())
}

/// Whether a hash is cheap to compare with.
pub(super) fn is_cheap(hash: &str) -> bool {
    hash.starts_with(SHA256)
}

/// Whether the secret has this hash. Takes as long as Argon2 does, unless [`is_cheap`].
pub(super) fn matches(hash: &str, secret: &str) -> bool {
    if let Some(expected) = hash.strip_prefix(SHA256) {
        let found = URL_SAFE_NO_PAD.encode(digest(secret));
        return expected.as_bytes().ct_eq(found.as_bytes()).into();
    }
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(secret.as_bytes(), &hash)
            .is_ok()
    })
}

/// A hash that nothing has, to compare with when there is no other: so the time tells nobody
/// whether an agent exists.
pub(super) fn nobody() -> &'static str {
    static NOBODY: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    NOBODY.get_or_init(|| {
        let mut secret = [0_u8; 32];
        random(&mut secret);
        make(&URL_SAFE_NO_PAD.encode(secret)).unwrap_or_default()
    })
}
