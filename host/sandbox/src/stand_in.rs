//! What stands for a channel's secrets where its calls are shown or recorded: made-up values, with which the
//! same call comes out the same.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use linecard_model::manifest::SecretWant;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use sha1::Sha1;
use sha2::Sha256;

use crate::context::ChannelContext;
use crate::http::forms;
use crate::secrets::{Secret, bytes};
use crate::seen::SeenMac;

/// A shorter word is not looked for: it is no secret, and stands everywhere.
const SHORTEST: usize = 3;
/// The longest word of which a network is given a signature to repeat, in bytes.
const LONGEST_WORD: usize = 128;

/// What stands for a channel's secrets.
pub struct StandIns {
    values: Map<String, Value>,
    /// What is found, longest first, and what is put in its place.
    pairs: Vec<(SecretString, String)>,
}

impl std::fmt::Debug for StandIns {
    /// Shows no secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StandIns").finish_non_exhaustive()
    }
}

impl StandIns {
    /// Stand-ins for those secrets of a manifest that the channel has. What was computed with a key in a call
    /// gets one as well: the same with the stand-in's key, `channel` being what stands for the channel's id.
    pub fn new(
        context: &ChannelContext,
        wants: &[SecretWant],
        macs: &[SeenMac],
        channel: &str,
    ) -> Self {
        let mut made = Self {
            values: Map::new(),
            pairs: Vec::new(),
        };
        for want in wants {
            if let Some(secret) = context.secrets.get(&want.name) {
                made.add(&want.name, &secret);
            }
        }
        made.sort();
        for used in macs {
            made.add_mac(used, context, channel);
        }
        made.sort();
        made
    }

    /// The stand-ins' values by the secrets' names, as `secrets.json` of a recorded case has them.
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// A text without secrets.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (real, instead) in &self.pairs {
            if text.contains(real.expose_secret()) {
                text = text.replace(real.expose_secret(), instead);
            }
        }
        text
    }

    /// Bytes without secrets. What is no text is left as it is, unless there is a secret in it.
    pub fn bytes(&self, given: &[u8]) -> Vec<u8> {
        if let Ok(text) = std::str::from_utf8(given) {
            return self.text(text).into_bytes();
        }
        let has = |part: &[u8]| given.windows(part.len()).any(|window| window == part);
        let is_clean = self.pairs.iter().all(|(real, _)| !has(bytes(real)));
        if is_clean { given.to_vec() } else { Vec::new() }
    }

    /// JSON without secrets.
    pub fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(&text).into(),
            Value::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (self.text(&name), self.json(value)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Number(number) => {
                let text = number.to_string();
                let clean = self.text(&text);
                if clean == text {
                    Value::Number(number)
                } else {
                    clean.into()
                }
            }
            other => other,
        }
    }

    fn add(&mut self, name: &str, secret: &Secret) {
        let word = format!("recorded-{name}");
        let part = |of: &str| format!("{word}-{of}");
        let value = match secret {
            Secret::HmacKey(value)
            | Secret::SharedToken(value)
            | Secret::Bearer(value)
            | Secret::UrlPart(value)
            | Secret::ApiKey(value) => {
                self.hide(value, &word);
                json!(word)
            }
            Secret::Basic(basic) => {
                let both = format!("{}:{}", basic.username, basic.password.expose_secret());
                self.hide(&STANDARD.encode(both).into(), &word);
                self.hide(&basic.password, &part("password"));
                json!({ "username": part("username"), "password": part("password") })
            }
            Secret::Oauth1(oauth) => {
                self.hide(&oauth.consumer_secret, &part("consumer-secret"));
                self.hide(&oauth.token_secret, &part("token-secret"));
                self.hide(&oauth.token.as_str().into(), &part("token"));
                json!({
                    "consumer_key": part("consumer-key"), "consumer_secret": part("consumer-secret"),
                    "token": part("token"), "token_secret": part("token-secret"),
                })
            }
            Secret::Oauth2(oauth) => {
                let mut value = json!({
                    "token_url": oauth.token_url, "client_id": part("client-id"),
                });
                let parts = [
                    ("client_secret", &oauth.client_secret),
                    ("refresh_token", &oauth.refresh_token),
                ];
                for (field, given) in parts {
                    if let Some(given) = given {
                        let instead = part(&field.replace('_', "-"));
                        self.hide(given, &instead);
                        value[field] = instead.into();
                    }
                }
                value
            }
        };
        self.values.insert(name.to_owned(), value);
    }

    fn add_mac(&mut self, used: &SeenMac, context: &ChannelContext, channel: &str) {
        let Some(key) = self.values.get(&used.secret).and_then(Value::as_str) else {
            return;
        };
        let message = self.bytes(&used.message);
        let message = with_id(message, context.id.as_str(), channel);
        let Some(mac) = keyed(used.algorithm, key.as_bytes(), &message) else {
            return;
        };
        let forms: [fn(&[u8]) -> String; 4] = [
            |mac| hex(mac),
            |mac| hex(mac).to_uppercase(),
            |mac| STANDARD.encode(mac),
            |mac| URL_SAFE_NO_PAD.encode(mac),
        ];
        for form in forms {
            self.pairs.push((form(&used.mac).into(), form(&mac)));
        }
    }

    /// Has a word be replaced, however it is written.
    fn hide(&mut self, real: &SecretString, instead: &str) {
        let raw = real.expose_secret();
        if raw.len() < SHORTEST {
            return;
        }
        let encoded = [STANDARD.encode(raw), URL_SAFE_NO_PAD.encode(raw)];
        for form in forms(raw).into_iter().chain(encoded) {
            self.pairs.push((form.into(), instead.to_owned()));
        }
    }

    /// Longest first: one may be a part of another.
    fn sort(&mut self) {
        let length = |real: &SecretString| real.expose_secret().len();
        self.pairs
            .sort_by_key(|(real, _)| std::cmp::Reverse(length(real)));
    }
}

/// A word that a channel is known by to its network, with another id in the place of the channel's. What is longer
/// is a payload, in which the id is a word like any other.
fn with_id(message: Vec<u8>, id: &str, instead: &str) -> Vec<u8> {
    if message.len() > LONGEST_WORD {
        return message;
    }
    let Ok(text) = String::from_utf8(message.clone()) else {
        return message;
    };
    let is_apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let found = text.match_indices(id).find(|(at, _)| {
        let (before, rest) = text.split_at(*at);
        let after = rest.strip_prefix(id).unwrap_or_default();
        is_apart(before.chars().next_back()) && is_apart(after.chars().next())
    });
    match found {
        Some((at, _)) => {
            let (before, rest) = text.split_at(at);
            let after = rest.strip_prefix(id).unwrap_or_default();
            format!("{before}{instead}{after}").into_bytes()
        }
        None => message,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn keyed(algorithm: &str, key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    fn made<M: Mac + hmac::digest::KeyInit>(key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        // HMAC takes a key of any length.
        let mut mac = <M as Mac>::new_from_slice(key).ok()?;
        mac.update(message);
        Some(mac.finalize().into_bytes().to_vec())
    }
    match algorithm {
        "sha1" => made::<Hmac<Sha1>>(key, message),
        _ => made::<Hmac<Sha256>>(key, message),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use async_trait::async_trait;
    use linecard_model::ChannelId;
    use linecard_model::manifest::SecretKind;

    use super::*;
    use crate::http::{HttpAccess, HttpError, HttpRequest, HttpResponse};
    use crate::secrets::SecretSource;

    struct Kept(HashMap<&'static str, Secret>);

    impl SecretSource for Kept {
        fn get(&self, name: &str) -> Option<Secret> {
            self.0.get(name).cloned()
        }
    }

    struct NoNetwork;

    #[async_trait]
    impl HttpAccess for NoNetwork {
        async fn send(
            &self,
            _: HttpRequest,
            _: &ChannelContext,
        ) -> Result<HttpResponse, HttpError> {
            Err(HttpError::Denied("there is no network".to_owned()))
        }
    }

    fn want(name: &str, kind: SecretKind) -> SecretWant {
        serde_json::from_value(json!({
            "name": name, "title": name, "hint": "", "kind": kind, "required": true,
        }))
        .unwrap()
    }

    #[test]
    fn a_secret_is_found_however_it_is_written_and_what_is_computed_with_it_too() {
        let token = "7:A/b+c \"d\"";
        let kept = HashMap::from([
            ("token", Secret::UrlPart(token.into())),
            ("key", Secret::HmacKey("a key of ours".into())),
        ]);
        let mut context =
            ChannelContext::new(ChannelId::new("tg").unwrap(), "{}", Arc::new(NoNetwork));
        context.secrets = Arc::new(Kept(kept));
        let wants = [
            want("token", SecretKind::UrlPart),
            want("key", SecretKind::HmacKey),
            want("absent", SecretKind::Bearer),
        ];
        let mac = keyed("sha256", b"a key of ours", b"tg").unwrap();
        let used = SeenMac {
            secret: "key".to_owned(),
            algorithm: "sha256",
            message: b"tg".to_vec(),
            mac: mac.clone(),
        };
        let stand_ins = StandIns::new(&context, &wants, &[used], "test-channel");
        assert_eq!(
            Value::from(stand_ins.values().clone()),
            json!({ "token": "recorded-token", "key": "recorded-key" })
        );
        let escaped = json!(token).to_string();
        for written in [token, "7%3AA%2Fb%2Bc%20%22d%22", escaped.trim_matches('"')] {
            let clean = stand_ins.text(&format!("<{written}>"));
            assert_eq!(clean, "<recorded-token>", "{written}");
        }
        let same = keyed("sha256", b"recorded-key", b"test-channel").unwrap();
        let clean = stand_ins.json(json!({ "a key of ours": [hex(&mac), 7] }));
        assert_eq!(clean, json!({ "recorded-key": [hex(&same), 7] }));
        let instead = |message: &str| {
            let changed = with_id(message.as_bytes().to_vec(), "tg", "test-channel");
            String::from_utf8(changed).unwrap()
        };
        assert_eq!(instead("word:tg/1"), "word:test-channel/1");
        assert_eq!(instead("atg tgs"), "atg tgs");
        let mut binary = vec![0xff];
        binary.extend(token.as_bytes());
        assert!(stand_ins.bytes(&binary).is_empty());
        assert_eq!(stand_ins.bytes(&[0xff, 1]), [0xff, 1]);
    }
}
