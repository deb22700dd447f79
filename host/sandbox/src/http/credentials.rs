//! Adding a channel's credential to a request.

use base64::Engine as _;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use linecard_model::manifest::SecretPlace;
use reqwest::RequestBuilder;
use secrecy::ExposeSecret;

use super::oauth2::{TokenKey, Tokens};
use super::{HttpBody, HttpClient, HttpError, HttpRequest, oauth1};
use crate::context::ChannelContext;
use crate::secrets::Secret;

/// What was added.
pub(super) enum Used {
    /// An OAuth 2 access token that was kept from before.
    KeptToken(TokenKey),
    /// Anything else, or nothing.
    Other,
}

/// Adds what the secret's kind says.
pub(super) async fn add(
    client: &HttpClient,
    tokens: &Tokens,
    builder: RequestBuilder,
    request: &HttpRequest,
    channel: &ChannelContext,
) -> Result<(RequestBuilder, Used), HttpError> {
    let Some(name) = &request.auth else {
        return Ok((builder, Used::Other));
    };
    let secret = channel
        .secrets
        .get(name)
        .ok_or_else(|| HttpError::Secret(format!("the channel has no secret `{name}`")))?;
    let (value, used) = match &secret {
        Secret::Bearer(token) => (format!("Bearer {}", token.expose_secret()), Used::Other),
        Secret::Basic(basic) => {
            let pair = format!("{}:{}", basic.username, basic.password.expose_secret());
            let value = base64::engine::general_purpose::STANDARD.encode(pair);
            (format!("Basic {value}"), Used::Other)
        }
        Secret::Oauth1(oauth) => {
            let stamp = oauth1::Stamp::now()
                .map_err(|error| HttpError::Secret(format!("no nonce: {error}")))?;
            let form = match &request.body {
                HttpBody::Bytes(bytes) if is_form(request) => bytes.as_ref(),
                _ => &[],
            };
            let value = oauth1::authorization(&request.method, &request.url, form, oauth, &stamp);
            (value, Used::Other)
        }
        Secret::Oauth2(oauth) => {
            let token = tokens.token(client, name, oauth, channel).await?;
            let value = format!("Bearer {}", token.value.expose_secret());
            let used = if token.kept {
                Used::KeptToken(token.key)
            } else {
                Used::Other
            };
            (value, used)
        }
        Secret::ApiKey(key) => {
            return match &request.key_place {
                Some(SecretPlace::Header(header)) => {
                    let value = sensitive(name, key.expose_secret().to_owned())?;
                    Ok((builder.header(header, value), Used::Other))
                }
                // It is in the URL already.
                Some(SecretPlace::Query(_)) => Ok((builder, Used::Other)),
                Some(SecretPlace::Path(_)) | None => Err(HttpError::Secret(format!(
                    "the manifest does not say where the secret \"{name}\" stands"
                ))),
            };
        }
        Secret::UrlPart(_) => {
            return Err(HttpError::Secret(format!(
                "the secret \"{name}\" stands in the URL: name it there in braces"
            )));
        }
        Secret::HmacKey(_) | Secret::SharedToken(_) => {
            return Err(HttpError::Secret(format!(
                "the secret \"{name}\" is of the kind {:?}, which is never sent",
                secret.kind()
            )));
        }
    };
    let value = sensitive(name, value)?;
    Ok((builder.header(AUTHORIZATION, value), used))
}

/// A header's value that is never shown.
fn sensitive(name: &str, value: String) -> Result<HeaderValue, HttpError> {
    let mut value = HeaderValue::try_from(value).map_err(|_| {
        HttpError::Secret(format!("the secret \"{name}\" cannot stand in a header"))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether the body's parameters are part of an OAuth 1.0a signature (RFC 5849, section 3.4.1.3.1).
fn is_form(request: &HttpRequest) -> bool {
    request
        .headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}
