//! The one call in which a network wants a token in the query: the one by which it tells about it. The
//! value is put there here, at the last moment, and taken out of what comes back.

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Url, form_urlencoded};

use super::placed::SEGMENT;
use super::{HttpError, HttpRequest, HttpResponse};
use crate::context::ChannelContext;
use crate::secrets::Secret;

/// What stands in an answer in place of the value.
const HIDDEN: &str = "[secret]";

/// The address with the secret's value, and the value; nothing if the request names no secret for the query.
pub(super) fn address(
    request: &HttpRequest,
    channel: &ChannelContext,
) -> Result<Option<(Url, SecretString)>, HttpError> {
    let Some(wanted) = &request.query_secret else {
        return Ok(None);
    };
    let name = &wanted.secret;
    match channel.secrets.get(name) {
        Some(Secret::Bearer(token)) => {
            let mut url = request.url.clone();
            url.query_pairs_mut()
                .append_pair(&wanted.parameter, token.expose_secret());
            Ok(Some((url, token)))
        }
        Some(other) => Err(HttpError::Secret(format!(
            "the secret \"{name}\" is of the kind {:?}, which never stands in a query",
            other.kind()
        ))),
        None => Err(HttpError::Secret(format!(
            "the channel has no secret \"{name}\""
        ))),
    }
}

/// Takes the value out of an answer, however it is written there: networks repeat what they were asked.
pub(super) fn hide(mut response: HttpResponse, token: &SecretString) -> HttpResponse {
    let forms = forms(token.expose_secret());
    for (_, value) in &mut response.headers {
        for form in &forms {
            if value.contains(form.as_str()) {
                *value = value.replace(form.as_str(), HIDDEN);
            }
        }
    }
    for form in &forms {
        response.body = without(response.body, form.as_bytes());
    }
    response
}

/// How a value may be written where it is repeated.
pub(crate) fn forms(raw: &str) -> Vec<String> {
    let mut forms = vec![
        raw.to_owned(),
        utf8_percent_encode(raw, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(raw, SEGMENT).to_string(),
        form_urlencoded::byte_serialize(raw.as_bytes()).collect(),
        raw.replace('/', "\\/"),
        serde_json::Value::from(raw)
            .to_string()
            .trim_matches('"')
            .to_owned(),
    ];
    forms.retain(|form| !form.is_empty());
    forms.dedup();
    forms
}

fn without(body: Bytes, part: &[u8]) -> Bytes {
    let find = |from: usize| {
        let rest = body.get(from..).unwrap_or_default();
        rest.windows(part.len()).position(|window| window == part)
    };
    let Some(mut next) = find(0) else {
        return body;
    };
    let (mut cleaned, mut from) = (Vec::with_capacity(body.len()), 0);
    loop {
        cleaned.extend_from_slice(body.get(from..from + next).unwrap_or_default());
        cleaned.extend_from_slice(HIDDEN.as_bytes());
        from += next + part.len();
        match find(from) {
            Some(found) => next = found,
            None => break,
        }
    }
    cleaned.extend_from_slice(body.get(from..).unwrap_or_default());
    cleaned.into()
}
