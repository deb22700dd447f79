//! A person's session as a cookie, for pages in a browser: no script can read it, and no page of
//! another site can use it.
//!
//! A browser sends a cookie by itself, so a cookie alone does not show who wanted a request. What changes
//! something, and a WebSocket, which other sites may open, therefore needs a header too: a page of
//! another site could send that only after asking the hub, which permits it to nobody.

use axum::http::header::{COOKIE, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use super::HttpOptions;
use super::problem::Problem;

/// The cookie's name.
const NAME: &str = "linecard_session";
/// The header that shows that one of the hub's own pages asks.
const MEANT: HeaderName = HeaderName::from_static("x-linecard-session");
const MEANT_VALUE: &str = "cookie";

/// The token of the request's cookie, if it has one and may use it.
pub(super) fn token(parts: &Parts) -> Result<Option<SecretString>, Problem> {
    let Some(token) = find(&parts.headers) else {
        return Ok(None);
    };
    let reads = parts.method.is_safe() && !parts.headers.contains_key(UPGRADE);
    let is_meant = parts
        .headers
        .get(MEANT)
        .is_some_and(|value| value == MEANT_VALUE);
    if !reads && !is_meant {
        return Err(Problem::new(
            "session-header-missing",
            format!("who signs in by cookie sends `{MEANT}: {MEANT_VALUE}` too"),
        ));
    }
    Ok(Some(token))
}

fn find(headers: &HeaderMap) -> Option<SecretString> {
    let lines = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';'));
    let value = pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == NAME && !value.is_empty()).then_some(value)
    })?;
    Some(value.into())
}

/// What gives a browser its session.
pub(super) fn set(options: &HttpOptions, token: &SecretString) -> Result<HeaderValue, Problem> {
    header(options, token.expose_secret(), options.session.as_secs())
}

/// What makes a browser forget it.
pub(super) fn clear(options: &HttpOptions) -> Result<HeaderValue, Problem> {
    header(options, "", 0)
}

fn header(options: &HttpOptions, value: &str, seconds: u64) -> Result<HeaderValue, Problem> {
    let path = if options.path.is_empty() {
        "/"
    } else {
        &options.path
    };
    let secure = if options.https { "; Secure" } else { "" };
    let text = format!(
        "{NAME}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    let mut header = HeaderValue::from_str(&text).map_err(|_| {
        Problem::new(
            "internal",
            "the session's cookie cannot be written as a header",
        )
    })?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn reading_needs_the_cookie_and_changing_the_header_too() {
        let cookie = ("cookie", "a=b; linecard_session=secret; c=d");
        let found = |parts: &Parts| token(parts).map(|t| t.map(|t| t.expose_secret().to_owned()));
        let secret = Some("secret".to_owned());
        assert_eq!(found(&parts("GET", &[cookie])).unwrap(), secret);
        assert_eq!(
            found(&parts("GET", &[("cookie", "linecard_session=")])).unwrap(),
            None
        );
        assert_eq!(
            found(&parts("GET", &[("cookie", "x_linecard_session=s")])).unwrap(),
            None
        );
        assert_eq!(found(&parts("POST", &[])).unwrap(), None);
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let refused = found(&parts(method, &[cookie])).unwrap_err();
            assert_eq!(refused.name(), "session-header-missing", "{method}");
            let wrong = ("x-linecard-session", "yes");
            assert!(found(&parts(method, &[cookie, wrong])).is_err(), "{method}");
            let meant = ("x-linecard-session", "cookie");
            assert_eq!(found(&parts(method, &[cookie, meant])).unwrap(), secret);
        }
        let socket = found(&parts("GET", &[cookie, ("upgrade", "websocket")]));
        assert_eq!(socket.unwrap_err().name(), "session-header-missing");
    }

    #[test]
    fn the_cookie_is_for_the_hub_alone_and_over_https_for_https_alone() {
        let mut options = HttpOptions::default();
        let written = set(&options, &"secret".into()).unwrap();
        assert!(written.is_sensitive());
        assert_eq!(
            written,
            "linecard_session=secret; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"
        );
        options.https = true;
        options.path = "/hub".to_owned();
        assert_eq!(
            clear(&options).unwrap(),
            "linecard_session=; Path=/hub; Max-Age=0; HttpOnly; SameSite=Strict; Secure"
        );
    }
}
