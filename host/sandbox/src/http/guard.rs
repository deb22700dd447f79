//! What a guest may put into a request.

use http::{HeaderMap, HeaderName, HeaderValue};
use linecard_model::manifest::{SecretKind, SecretPlace, SecretWant};
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

/// The secret that the URL names in braces, if it stands in one of the places that the manifest gives it.
pub(crate) fn url_secret(url: &Url, wants: &[SecretWant]) -> Result<Option<String>, HttpError> {
    let mut found = None;
    for want in wants.iter().filter(|w| w.kind == SecretKind::UrlPart) {
        let name = placeholder(&want.name);
        // A parser writes the braces otherwise in a path, and leaves them as they are in a query.
        let bare = format!("{{{}}}", want.name);
        let times = [&name, &bare].map(|name| url.as_str().matches(name.as_str()).count());
        let times: usize = times.iter().sum();
        if times == 0 {
            continue;
        }
        let Some(SecretPlace::Path(forms)) = &want.placed else {
            continue;
        };
        let is_in_place = forms
            .iter()
            .any(|form| url.path().contains(&form.replace("{}", &name)));
        if times > 1 || !is_in_place || found.is_some() {
            return Err(HttpError::Denied(format!(
                "the secret \"{}\" may stand in the URL once, and only in its path as {}",
                want.name,
                forms.join(" or ")
            )));
        }
        found = Some(want.name.clone());
    }
    Ok(found)
}

/// How a secret's name in braces stands in a URL.
pub(super) fn placeholder(name: &str) -> String {
    format!("%7B{name}%7D")
}

/// The headers, if the guest may set each of them. `own` is one that the host writes.
pub(crate) fn headers(
    list: &[(String, String)],
    own: Option<&str>,
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
            || own.is_some_and(|own| own.eq_ignore_ascii_case(name.as_str()))
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
        let own = with_auth.then_some("authorization");
        headers(&[(name.to_owned(), value.to_owned())], own, multipart).is_ok()
    }

    fn token() -> SecretWant {
        SecretWant {
            name: "token".to_owned(),
            title: String::new(),
            hint: String::new(),
            kind: SecretKind::UrlPart,
            required: true,
            required_if: None,
            placed: Some(SecretPlace::Path(vec![
                "/bot{}/".to_owned(),
                "/file/bot{}/".to_owned(),
            ])),
            inspected_at: None,
        }
    }

    #[test]
    fn a_secret_stands_in_the_path_only_where_the_manifest_says() {
        let asked = |text: &str| {
            let url = url(text).unwrap();
            url_secret(&url, &[token()])
        };
        let token = Some("token".to_owned());
        assert_eq!(
            asked("https://a.example/bot{token}/getMe"),
            Ok(token.clone())
        );
        assert_eq!(asked("https://a.example/file/bot{token}/x.jpg"), Ok(token));
        assert_eq!(asked("https://a.example/bot/getMe"), Ok(None));
        assert_eq!(asked("https://a.example/bot{other}/getMe"), Ok(None));
        for text in [
            "https://a.example/{token}/getMe",
            "https://a.example/bot{token}",
            "https://a.example/bot/x?token={token}",
            "https://a.example/bot{token}/x?again=%7Btoken%7D",
            "https://a.example/bot{token}/bot{token}/",
        ] {
            let error = asked(text).unwrap_err();
            assert!(error.to_string().contains("/bot{}/"), "{text}: {error}");
        }
    }

    #[test]
    fn a_header_that_holds_a_key_is_the_hosts() {
        let given = [("X-Api-Key".to_owned(), "mine".to_owned())];
        assert!(headers(&given, Some("x-api-key"), false).is_err());
        assert!(headers(&given, Some("X-API-Key"), false).is_err());
        assert!(headers(&given, Some("authorization"), false).is_ok());
        assert!(headers(&given, None, false).is_ok());
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
