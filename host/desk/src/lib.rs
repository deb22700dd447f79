//! The web desk: the files of a page that works with the public API and nothing else.
//!
//! They are part of the program. Every file comes with an `ETag`, and browsers ask each time whether
//! theirs is still the one: after an update nobody works with half of the old desk. Whoever takes gzip gets it,
//! made when the program was built.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

/// What the page may do: load its own files and speak with its own hub. Customers' files are only ever
/// downloaded, or shown as pictures and sounds.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    media-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'none'";

/// One file.
struct File {
    /// Its path below `/desk/`.
    name: &'static str,
    /// Its MIME type.
    kind: &'static str,
    /// A hash of its content.
    hash: &'static str,
    content: &'static [u8],
    /// The same, compressed by gzip.
    zipped: &'static [u8],
}

const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The desk at `/desk/`. `path` is the one under which people reach the hub.
pub fn router<S: Clone + Send + Sync + 'static>(path: &str) -> Router<S> {
    let at = format!("{path}/desk/");
    let to_desk = move || std::future::ready(Redirect::permanent(&at));
    Router::new()
        .route("/desk", get(to_desk))
        .route(
            "/desk/",
            get(|headers: HeaderMap| async move { serve("index.html", &headers) }),
        )
        .route(
            "/desk/{*name}",
            get(|Path(name): Path<String>, headers: HeaderMap| async move {
                serve(&name, &headers)
            }),
        )
}

fn serve(name: &str, asked: &HeaderMap) -> Response {
    let Some(file) = FILES.iter().find(|file| file.name == name) else {
        let text = format!("the desk has no file \"{name}\"; it begins at /desk/\n");
        let headers: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
        return (StatusCode::NOT_FOUND, headers, text).into_response();
    };
    // What differs in its bytes has a tag of its own.
    let takes_gzip = takes_gzip(asked);
    let (tag, content) = if takes_gzip {
        (format!("\"{}-gzip\"", file.hash), file.zipped)
    } else {
        (format!("\"{}\"", file.hash), file.content)
    };
    let has_it = asked
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| {
            let mut tags = tags.split(',').map(str::trim);
            tags.any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
        });
    let headers = [
        (CONTENT_TYPE, file.kind),
        (ETAG, tag.as_str()),
        (CACHE_CONTROL, "no-cache"),
        (VARY, "accept-encoding"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    if has_it {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let mut answer = (headers, content).into_response();
    if takes_gzip {
        let gzip = HeaderValue::from_static("gzip");
        answer.headers_mut().insert(CONTENT_ENCODING, gzip);
    }
    answer
}

/// Whether a browser says that it takes gzip.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let values = asked.get_all(ACCEPT_ENCODING).iter();
    let codings = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','));
    for coding in codings {
        let mut parts = coding.split(';').map(str::trim);
        if parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("gzip"))
        {
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            return weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|q| q > 0.0));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(path: &str, tag: Option<&str>) -> Response {
        ask_for(path, tag, None).await
    }

    async fn ask_for(path: &str, tag: Option<&str>, codings: Option<&str>) -> Response {
        let mut request = Request::get(path);
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        if let Some(codings) = codings {
            request = request.header(ACCEPT_ENCODING, codings);
        }
        let request = request.body(Body::empty()).unwrap();
        router::<()>("/hub")
            .with_state(())
            .oneshot(request)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn the_page_comes_with_a_strict_policy_and_is_not_sent_twice() {
        let page = ask("/desk/", None).await;
        assert_eq!(page.status(), StatusCode::OK);
        let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        let tag = page.headers()[ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("\"x\", W/{tag}")] {
            let again = ask("/desk/", Some(&known)).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
            assert!(to_bytes(again.into_body(), 10).await.unwrap().is_empty());
        }
        assert_eq!(ask("/desk/", Some("\"x\"")).await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn whoever_takes_gzip_gets_the_same_in_fewer_bytes() {
        let plain = ask("/desk/main.js", None).await;
        assert!(!plain.headers().contains_key(CONTENT_ENCODING));
        let tag = plain.headers()[ETAG].clone();
        let whole = to_bytes(plain.into_body(), 1 << 20).await.unwrap();
        for refused in ["br", "gzip;q=0", "identity, br;q=1"] {
            let plain = ask_for("/desk/main.js", None, Some(refused)).await;
            assert_eq!(plain.headers()[ETAG], tag, "{refused}");
        }
        for taken in ["gzip", "br;q=1, GZip;q=0.5"] {
            let small = ask_for("/desk/main.js", None, Some(taken)).await;
            assert_eq!(small.headers()[CONTENT_ENCODING], "gzip", "{taken}");
            assert_eq!(small.headers()[VARY], "accept-encoding");
            let own = small.headers()[ETAG].to_str().unwrap().to_owned();
            assert_ne!(own, tag);
            let known = ask_for("/desk/main.js", Some(&own), Some(taken)).await;
            assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
            let bytes = to_bytes(small.into_body(), 1 << 20).await.unwrap();
            let mut unzipped = Vec::new();
            let mut reader = flate2::read::GzDecoder::new(bytes.as_ref());
            std::io::Read::read_to_end(&mut reader, &mut unzipped).unwrap();
            assert_eq!(unzipped, whole);
        }
    }

    #[tokio::test]
    async fn other_paths_lead_to_the_desk_or_nowhere() {
        let redirect = ask("/desk", None).await;
        assert_eq!(redirect.headers()["location"], "/hub/desk/");
        for path in [
            "/desk/nothing.js",
            "/desk/../Cargo.toml",
            "/desk/web/index.html",
        ] {
            assert_eq!(
                ask(path, None).await.status(),
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
    }

    /// What a module names, as paths below `/desk/`: by `import … from`, and by `import(…)` if `also_later`.
    fn named(file: &File, also_later: bool) -> Vec<String> {
        let text = std::str::from_utf8(file.content).unwrap();
        let folder = file.name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut found = Vec::new();
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with('*'))
            .filter(|line| line.contains("import") || line.contains("export"))
        {
            let later = if also_later { "import(" } else { "\0" };
            let pieces = ["from", "import", later].map(|word| line.split(word).skip(1));
            for piece in pieces.into_iter().flatten() {
                let Some(quoted) = piece.trim_start().strip_prefix(['"', '\'']) else {
                    continue;
                };
                let target = quoted.split(['"', '\'']).next().unwrap();
                assert!(target.starts_with('.'), "{} names {target}", file.name);
                let mut path: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
                for part in target.split('/') {
                    match part {
                        "." => {}
                        ".." => drop(path.pop()),
                        part => path.push(part),
                    }
                }
                found.push(path.join("/"));
            }
        }
        found
    }

    fn modules() -> impl Iterator<Item = &'static File> {
        let is_script = |file: &&File| file.kind.starts_with("text/javascript");
        FILES.iter().filter(is_script)
    }

    /// What a module or the page names must be there: a browser would only show an empty page.
    #[test]
    fn every_file_that_is_named_is_there() {
        let names: BTreeSet<&str> = FILES.iter().map(|file| file.name).collect();
        let mut seen = 0;
        for file in modules() {
            for path in named(file, true) {
                assert!(names.contains(path.as_str()), "{} names {path}", file.name);
                seen += 1;
            }
        }
        assert!(seen > 10, "only {seen} imports were seen");
    }

    /// An agent's own view, with the words of one language, the longest; the other areas, their words and their
    /// style are fetched when somebody goes there.
    #[test]
    fn the_first_view_is_small() {
        let mut wanted = vec!["main.js".to_owned()];
        let mut first = BTreeSet::new();
        while let Some(name) = wanted.pop() {
            let file = modules().find(|file| file.name == name).unwrap();
            if first.insert(name) {
                wanted.extend(named(file, false));
            }
        }
        assert!(!first.contains("views/admin.js"), "{first:?}");
        assert!(first.contains("views/desk.js"), "{first:?}");
        let page = [
            "index.html",
            "icon.svg",
            "desk.css",
            "agent.css",
            "frame.css",
        ];
        let page = FILES.iter().filter(|file| page.contains(&file.name));
        let page: usize = page.map(|file| file.zipped.len()).sum();
        let words = FILES
            .iter()
            .filter(|file| file.name.starts_with("messages/") && !file.name.contains("areas."));
        let words = words.map(|file| file.zipped.len()).max().unwrap();
        let modules = modules().filter(|file| first.contains(file.name));
        let bytes = page + words + modules.map(|file| file.zipped.len()).sum::<usize>();
        // What the hub answers of work, and what comes with each file, is not in it: `tests/desk/measure` has that.
        assert!(bytes < 96 * 1024, "{bytes} bytes");
    }

    /// Every text is there in every language, and every text that a module names is there at all.
    #[test]
    fn no_text_is_missing_in_any_language() {
        let keys = |name: &str| -> BTreeSet<String> {
            let file = FILES.iter().find(|file| file.name == name).unwrap();
            let text = std::str::from_utf8(file.content).unwrap();
            let lines = text.lines().filter_map(|line| {
                let (key, _) = line.trim().strip_prefix('"')?.split_once("\":")?;
                Some(key.to_owned())
            });
            lines.collect()
        };
        let own = keys("messages/en.json");
        let areas = keys("messages/areas.en.json");
        assert_eq!(own, keys("messages/de.json"));
        assert_eq!(areas, keys("messages/areas.de.json"));
        assert!(own.len() > 50 && areas.len() > 50, "they are not read");
        let mut missing = BTreeSet::new();
        for file in modules() {
            let text = std::str::from_utf8(file.content).unwrap();
            for piece in text.split("t('").skip(1) {
                let key = piece.split('\'').next().unwrap();
                // Whole names only, not those that are put together.
                let is_name = key.contains('.') && piece.starts_with(&format!("{key}'"));
                let is_text = key
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || "-._".contains(c));
                if is_name && is_text && !own.contains(key) && !areas.contains(key) {
                    missing.insert(format!("{}: {key}", file.name));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }
}
