//! Who calls: OAuth 1.0a signatures, OAuth 2.0 user tokens, app-only bearer tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, Method, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};
use sha1::Sha1;
use url::form_urlencoded;

use super::errors::XError;
use super::options::XOptions;
use crate::signature::same;

/// RFC 5849, 3.6: all but these four and letters and digits is encoded.
const OAUTH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How far a signature's timestamp may be off.
const SKEW_S: i64 = 300;

/// Whose call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Caller {
    /// The company account, signed with OAuth 1.0a.
    OAuth1,
    /// The company account, with an OAuth 2.0 token.
    OAuth2,
    /// The app alone.
    App,
}

impl Caller {
    /// The network's name of the kind of authentication.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OAuth1 => "OAuth 1.0a User Context",
            Self::OAuth2 => "OAuth 2.0 User Context",
            Self::App => "OAuth 2.0 Application-Only",
        }
    }
}

#[derive(Debug)]
struct Inner {
    /// User tokens and when they end, in simulated milliseconds.
    tokens: BTreeMap<String, i64>,
    refresh: String,
    revoked: bool,
    nonces: BTreeSet<String>,
    skew_s: i64,
}

/// The tokens that are valid now.
#[derive(Debug)]
pub(crate) struct Tokens {
    inner: Mutex<Inner>,
}

/// What of a request a signature covers.
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) form: &'a [(String, String)],
    pub(crate) headers: &'a HeaderMap,
}

impl Tokens {
    pub(crate) fn new(options: &XOptions) -> Self {
        let ends = options.clock.now_ms() + lifetime_ms(options);
        Self {
            inner: Mutex::new(Inner {
                tokens: BTreeMap::from([(options.oauth2_token.clone(), ends)]),
                refresh: options.refresh_token.clone(),
                revoked: false,
                nonces: BTreeSet::new(),
                skew_s: 0,
            }),
        }
    }

    /// Ends every user's access, or gives it back.
    pub(crate) fn set_revoked(&self, revoked: bool) {
        self.lock().revoked = revoked;
    }

    /// Lets all OAuth 2.0 user tokens end now.
    pub(crate) fn expire(&self) {
        self.lock().tokens.clear();
    }

    /// Sets the network's clock off by some seconds, as signatures see it.
    pub(crate) fn set_skew(&self, seconds: i64) {
        self.lock().skew_s = seconds;
    }

    pub(crate) fn caller(
        &self,
        options: &XOptions,
        request: &Signed<'_>,
    ) -> Result<Caller, XError> {
        let given = request
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .ok_or_else(XError::unauthorized)?;
        let (scheme, rest) = given.split_once(' ').ok_or_else(XError::unauthorized)?;
        if scheme.eq_ignore_ascii_case("oauth") {
            return self.oauth1(options, request, rest);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(XError::unauthorized());
        }
        let token = rest.trim();
        if same(token, &options.bearer_token) {
            return Ok(Caller::App);
        }
        let now = options.clock.now_ms();
        let inner = self.lock();
        let valid = inner
            .tokens
            .iter()
            .any(|(known, ends)| same(token, known) && *ends > now);
        if valid && !inner.revoked {
            return Ok(Caller::OAuth2);
        }
        Err(XError::unauthorized())
    }

    fn oauth1(
        &self,
        options: &XOptions,
        request: &Signed<'_>,
        header: &str,
    ) -> Result<Caller, XError> {
        let mut parameters = Vec::new();
        for part in header.split(',') {
            let Some((name, value)) = part.trim().split_once('=') else {
                continue;
            };
            let value = percent_decode_str(value.trim_matches('"')).decode_utf8_lossy();
            parameters.push((name.to_owned(), value.into_owned()));
        }
        let find = |name: &str| {
            parameters
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
                .unwrap_or_default()
        };
        let mut inner = self.lock();
        let time: i64 = find("oauth_timestamp").parse().unwrap_or_default();
        let now = Timestamp::now().as_second() + inner.skew_s;
        let nonce = find("oauth_nonce");
        let right = same(&find("oauth_consumer_key"), &options.consumer_key)
            && same(&find("oauth_token"), &options.access_token)
            && find("oauth_signature_method") == "HMAC-SHA1"
            && matches!(find("oauth_version").as_str(), "" | "1.0")
            && (now - time).abs() <= SKEW_S
            && !nonce.is_empty();
        if !right || inner.revoked || inner.nonces.contains(&nonce) {
            return Err(XError::unauthorized());
        }
        let signature = find("oauth_signature");
        parameters.retain(|(name, _)| name != "oauth_signature" && name != "realm");
        parameters.extend(form_urlencoded::parse(request.query.as_bytes()).into_owned());
        parameters.extend(request.form.iter().cloned());
        let host = request
            .headers
            .get(header::HOST)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let url = format!("http://{}{}", host.to_ascii_lowercase(), request.path);
        let expected = signature_of(
            request.method.as_str(),
            &url,
            parameters,
            &options.consumer_secret,
            &options.access_token_secret,
        );
        if !same(&signature, &expected) {
            return Err(XError::unauthorized());
        }
        inner.nonces.insert(nonce);
        Ok(Caller::OAuth1)
    }

    /// `POST /2/oauth2/token` with a refresh token, which is used up by it.
    pub(crate) fn refresh(
        &self,
        options: &XOptions,
        headers: &HeaderMap,
        form: &[(String, String)],
    ) -> Result<Value, XError> {
        let find = |name: &str| {
            form.iter()
                .find(|(known, _)| known == name)
                .map_or("", |(_, value)| value.as_str())
        };
        let basic = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let expected = STANDARD.encode(format!("{}:{}", options.client_id, options.client_secret));
        let known = match basic {
            Some(basic) => same(basic, &format!("Basic {expected}")),
            None => find("client_id") == options.client_id,
        };
        if !known {
            return Err(XError::oauth2(
                "unauthorized_client",
                "Missing valid authorization header",
            ));
        }
        if find("grant_type") != "refresh_token" {
            return Err(XError::oauth2(
                "invalid_request",
                "Value passed for the grant type was invalid.",
            ));
        }
        let mut inner = self.lock();
        if inner.revoked || !same(find("refresh_token"), &inner.refresh) {
            return Err(XError::oauth2(
                "invalid_request",
                "Value passed for the token was invalid.",
            ));
        }
        let access = format!("user-token-{}", uuid::Uuid::now_v7().simple());
        let refresh = format!("refresh-token-{}", uuid::Uuid::now_v7().simple());
        inner.tokens.clear();
        let ends = options.clock.now_ms() + lifetime_ms(options);
        inner.tokens.insert(access.clone(), ends);
        inner.refresh.clone_from(&refresh);
        Ok(json!({
            "token_type": "bearer",
            "expires_in": options.token_lifetime.as_secs(),
            "access_token": access,
            "refresh_token": refresh,
            "scope": "tweet.read tweet.write users.read dm.read dm.write like.write follows.write \
                      media.write offline.access",
        }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lifetime_ms(options: &XOptions) -> i64 {
    i64::try_from(options.token_lifetime.as_millis()).unwrap_or(i64::MAX / 4)
}

/// The HMAC-SHA1 signature of RFC 5849, 3.4, in BASE64.
fn signature_of(
    method: &str,
    url: &str,
    parameters: Vec<(String, String)>,
    consumer_secret: &str,
    token_secret: &str,
) -> String {
    let encode = |text: &str| utf8_percent_encode(text, OAUTH).to_string();
    let mut pairs: Vec<(String, String)> = parameters
        .iter()
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    let joined: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let base = format!(
        "{}&{}&{}",
        method.to_ascii_uppercase(),
        encode(url),
        encode(&joined.join("&"))
    );
    let key = format!("{}&{}", encode(consumer_secret), encode(token_secret));
    // HMAC takes keys of any length, so this cannot fail; an empty digest would verify nowhere.
    let digest = Hmac::<Sha1>::new_from_slice(key.as_bytes()).map_or_else(
        |_| Vec::new(),
        |mac| {
            mac.chain_update(base.as_bytes())
                .finalize()
                .into_bytes()
                .to_vec()
        },
    );
    STANDARD.encode(digest)
}
