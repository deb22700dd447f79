//! Secrets that stand in the URL: a part of the path, or an API key in the query. The value is put there at the
//! last moment, and whoever repeats it in an answer repeats something unreadable.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use linecard_model::manifest::SecretPlace;

use super::{HttpError, HttpRequest, guard};
use crate::context::ChannelContext;
use crate::secrets::Secret;

/// What is written otherwise in a segment of a path (RFC 3986, section 3.3): all but `pchar`.
pub(super) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The address with what stands in it, and the values; nothing if none does.
pub(super) fn address(
    request: &HttpRequest,
    channel: &ChannelContext,
) -> Result<Option<(Url, Vec<SecretString>)>, HttpError> {
    let mut url = request.url.clone();
    let mut values = Vec::new();
    if let Some(name) = &request.url_secret {
        let value = match channel.secrets.get(name) {
            Some(Secret::UrlPart(value)) => value,
            other => return Err(unusable(name, other)),
        };
        let written = utf8_percent_encode(value.expose_secret(), SEGMENT).to_string();
        // A parser takes these for steps in the path, and what follows would stand elsewhere.
        if matches!(written.as_str(), "" | "." | "..") {
            return Err(HttpError::Secret(format!(
                "the secret \"{name}\" cannot stand in a URL"
            )));
        }
        let path = url.path().replace(&guard::placeholder(name), &written);
        url.set_path(&path);
        values.push(value);
    }
    if let (Some(SecretPlace::Query(parameter)), Some(name)) = (&request.key_place, &request.auth) {
        let value = match channel.secrets.get(name) {
            Some(Secret::ApiKey(value)) => value,
            other => return Err(unusable(name, other)),
        };
        url.query_pairs_mut()
            .append_pair(parameter, value.expose_secret());
        values.push(value);
    }
    Ok((!values.is_empty()).then_some((url, values)))
}

fn unusable(name: &str, found: Option<Secret>) -> HttpError {
    HttpError::Secret(match found {
        Some(other) => format!(
            "the secret \"{name}\" is of the kind {:?}, which does not stand so in a URL",
            other.kind()
        ),
        None => format!("the channel has no secret `{name}`"),
    })
}
