//! Signing a request with OAuth 1.0a and HMAC-SHA1 (RFC 5849).

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use hmac::{Hmac, Mac};
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;
use sha1::Sha1;
use url::Url;

use crate::cache::hex;
use crate::secrets::Oauth1Secret;

/// All but the unreserved characters of RFC 3986 is encoded (RFC 5849, section 3.6).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What makes a signed request unique.
pub(super) struct Stamp {
    pub(super) nonce: String,
    pub(super) timestamp: String,
}

impl Stamp {
    pub(super) fn now() -> Result<Self, getrandom::Error> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce)?;
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Ok(Self {
            nonce: hex(&nonce),
            timestamp: since.as_secs().to_string(),
        })
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// The value of the `Authorization` header. `form` is the body if it is
/// `application/x-www-form-urlencoded`, and empty otherwise.
pub(super) fn authorization(
    method: &Method,
    url: &Url,
    form: &[u8],
    secret: &Oauth1Secret,
    stamp: &Stamp,
) -> String {
    let own = [
        ("oauth_consumer_key", secret.consumer_key.as_str()),
        ("oauth_nonce", &stamp.nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", &stamp.timestamp),
        ("oauth_token", &secret.token),
        ("oauth_version", "1.0"),
    ];
    let base = base_string(method, url, form, &own);
    let key = format!(
        "{}&{}",
        encode(secret.consumer_secret.expose_secret()),
        encode(secret.token_secret.expose_secret())
    );
    let signature = sign(&key, &base);
    let fields: Vec<String> = own
        .into_iter()
        .chain([("oauth_signature", signature.as_str())])
        .map(|(name, value)| format!("{name}=\"{}\"", encode(value)))
        .collect();
    format!("OAuth {}", fields.join(", "))
}

/// RFC 5849, section 3.4.1.
fn base_string(method: &Method, url: &Url, form: &[u8], own: &[(&str, &str)]) -> String {
    let mut parameters: Vec<(String, String)> = url
        .query_pairs()
        .chain(url::form_urlencoded::parse(form))
        .map(|(name, value)| (encode(&name), encode(&value)))
        .chain(
            own.iter()
                .map(|(name, value)| (encode(name), encode(value))),
        )
        .collect();
    parameters.sort();
    let joined: Vec<String> = parameters
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    // `Url` writes the scheme and host in lower case and leaves out the default port, as section
    // 3.4.1.2 asks.
    let mut address = url.clone();
    address.set_query(None);
    address.set_fragment(None);
    format!(
        "{}&{}&{}",
        method.as_str(),
        encode(address.as_str()),
        encode(&joined.join("&"))
    )
}

fn sign(key: &str, base: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else {
        // HMAC takes a key of any length. An empty signature is refused by every server.
        return String::new();
    };
    mac.update(base.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(texts: [&str; 4]) -> Oauth1Secret {
        let [consumer_key, consumer_secret, token, token_secret] = texts;
        Oauth1Secret {
            consumer_key: consumer_key.into(),
            consumer_secret: consumer_secret.into(),
            token: token.into(),
            token_secret: token_secret.into(),
        }
    }

    /// RFC 5849, section 1.2: the request for the photograph.
    #[test]
    fn the_example_of_the_rfc() {
        let own = [
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "nnch734d00sl2jdk"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131202"),
            ("oauth_nonce", "chapoH"),
        ];
        let url =
            Url::parse("http://photos.example.net/photos?file=vacation.jpg&size=original").unwrap();
        let base = base_string(&Method::GET, &url, b"", &own);
        assert_eq!(
            sign("kd94hf93k423kf44&pfkkdhi9sl3r4s00", &base),
            "MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D"
                .replace("%2F", "/")
                .replace("%3D", "=")
        );
    }

    /// RFC 5849, section 3.4.1.1: every kind of parameter, with its signature base string.
    #[test]
    fn the_base_string_of_the_rfc() {
        let own = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ];
        let url =
            Url::parse("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b").unwrap();
        assert_eq!(
            base_string(&Method::POST, &url, b"c2&a3=2+q", &own),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D\
             %253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce\
             %3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26\
             oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    /// The example in X's documentation, "Creating a signature".
    #[test]
    fn the_example_of_x() {
        let secret = secret([
            "xvz1evFS4wEEPTGEFPHBog",
            "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
            "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        ]);
        let stamp = Stamp {
            nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg".into(),
            timestamp: "1318622958".into(),
        };
        let url =
            Url::parse("https://api.x.com/1.1/statuses/update.json?include_entities=true").unwrap();
        let form = b"status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21";
        let header = authorization(&Method::POST, &url, form, &secret, &stamp);
        assert!(
            header.contains("oauth_signature=\"Ls93hJiZbQ3akF3HF3x1Bz8%2FzU4%3D\""),
            "{header}"
        );
    }
}
