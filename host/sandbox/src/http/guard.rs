//! What a guest may put into a request.

use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::HttpError;

/// The longest URL, in bytes.
const MAX_URL: usize = 8 << 10;
/// The most bytes of all headers.
const MAX_HEADERS: usize = 32 << 10;

/// Headers that frame the message or name its receiver. A guest that could set them could smuggle a
/// second request, or reach another host behind the granted one.
const OWN: [&str; 13] = [
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "http2-settings",
    "via",
];

/// The URL, if it is one that a guest may call.
pub(crate) fn url(text: &str) -> Result<Url, HttpError> {
    let denied = |text: &str| HttpError::Denied(text.to_owned());
    if text.len() > MAX_URL {
        return Err(denied("the URL is too long"));
    }
    let url = Url::parse(text).map_err(|error| HttpError::Denied(format!("the URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(denied("the URL's scheme is not http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(denied("the URL holds a user name or password"));
    }
    if url.fragment().is_some() {
        return Err(denied("the URL holds a fragment"));
    }
    Ok(url)
}

/// The headers, if the guest may set each of them.
pub(crate) fn headers(
    list: &[(String, String)],
    with_auth: bool,
    multipart: bool,
) -> Result<HeaderMap, HttpError> {
    let mut headers = HeaderMap::new();
    let mut size = 0_usize;
    for (name, value) in list {
        size = size.saturating_add(name.len()).saturating_add(value.len());
        if size > MAX_HEADERS {
            return Err(HttpError::Denied(format!(
                "the headers are over {MAX_HEADERS} bytes"
            )));
        }
        let name = HeaderName::try_from(name)
            .map_err(|_| HttpError::Denied("a header's name is not valid".to_owned()))?;
        let own = OWN.contains(&name.as_str())
            || (with_auth && name == http::header::AUTHORIZATION)
            || (multipart && name == http::header::CONTENT_TYPE);
        if own {
            return Err(HttpError::Denied(format!(
                "the header \"{name}\" is written by the host"
            )));
        }
        let value = HeaderValue::try_from(value).map_err(|_| {
            HttpError::Denied(format!("the value of the header \"{name}\" is not valid"))
        })?;
        headers.append(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str, with_auth: bool, multipart: bool) -> bool {
        headers(&[(name.to_owned(), value.to_owned())], with_auth, multipart).is_ok()
    }

    #[test]
    fn the_hosts_own_headers_are_refused_however_they_are_written() {
        for name in [
            "Host",
            "host",
            "CONTENT-LENGTH",
            "Transfer-Encoding",
            "connection",
            "Upgrade",
            "TE",
            "Proxy-Authorization",
            "Expect",
            "Trailer",
        ] {
            assert!(!one(name, "x", false, false), "{name}");
        }
        assert!(one("Accept", "application/json", true, true));
        assert!(one("Authorization", "Bearer from-config", false, false));
        assert!(!one("Authorization", "x", true, false));
        assert!(!one("Content-Type", "text/plain", false, true));
    }

    #[test]
    fn a_header_cannot_carry_another() {
        assert!(!one("X-A", "b\r\nHost: c", false, false));
        assert!(!one("X-A\r\nHost", "c", false, false));
        assert!(!one("X A", "c", false, false));
        assert!(!one("", "c", false, false));
        assert!(!one("X-A", &"a".repeat(MAX_HEADERS), false, false));
    }

    #[test]
    fn a_url_is_absolute_and_holds_no_credentials() {
        assert!(url("https://example.com/a?b=c").is_ok());
        for text in [
            "/a",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://u@example.com/",
            "https://u:p@example.com/",
            "https://example.com/#f",
            "https://",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
    }
}
