//! What type a file has: what is said of it is believed as far as no browser runs such a file and its
//! content does not contradict; otherwise its content tells.

/// How much of a file's beginning is looked at.
pub(crate) const HEAD: usize = 4_096;

/// What tells no more than that it is a file.
const GENERIC: [&str; 5] = [
    "application/octet-stream",
    "binary/octet-stream",
    "application/x-download",
    "application/force-download",
    "application/unknown",
];

/// The type of a file that begins so: the first of what is said of it that can be believed, else what its
/// content shows. `None` if it is not known, or nothing that is to be shown as what it is.
pub(crate) fn decide<'a>(
    said: impl IntoIterator<Item = Option<&'a str>>,
    head: &[u8],
) -> Option<String> {
    let said = said.into_iter().flatten().filter_map(plain);
    let mut believed = said.filter(|mime| is_safe(mime) && !GENERIC.contains(&mime.as_str()));
    let first = believed.next();
    if is_markup(head) {
        // As a text it runs nothing; called anything else it lies.
        return first.filter(|mime| mime.starts_with("text/"));
    }
    let shown = infer::get(head).map(|kind| match kind.mime_type() {
        // What is in the container; browsers and networks call the file by the container.
        "audio/opus" => "audio/ogg",
        mime => mime,
    });
    match (first, shown) {
        (Some(said), Some(shown)) if contradicts(&said, shown) => {
            is_safe(shown).then(|| shown.to_owned())
        }
        (Some(said), _) => Some(said),
        (None, Some(shown)) => is_safe(shown).then(|| shown.to_owned()),
        (None, None) => None,
    }
}

/// The type without parameters, if it has the form of one.
fn plain(mime: &str) -> Option<String> {
    let plain = mime.split(';').next()?.trim().to_ascii_lowercase();
    let is_token = |part: &str| {
        let is_part = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        !part.is_empty() && part.bytes().all(is_part)
    };
    let (kind, subtype) = plain.split_once('/')?;
    (plain.len() <= 127 && is_token(kind) && is_token(subtype)).then_some(plain)
}

/// Whether neither a browser nor a system runs anything of such a file, whatever is in it.
fn is_safe(mime: &str) -> bool {
    let Some((kind, subtype)) = mime.split_once('/') else {
        return false;
    };
    let is_active = ["svg", "xml", "html", "script", "ecma", "xsl", "multipart", "executable"]
        .iter()
        .any(|part| subtype.contains(part))
        // An office document is a packed folder, not a page.
        && !subtype.starts_with("vnd.openxmlformats-officedocument.");
    let is_known = match kind {
        "image" | "audio" | "video" | "font" => true,
        "text" => matches!(
            subtype,
            "plain"
                | "csv"
                | "tab-separated-values"
                | "vcard"
                | "x-vcard"
                | "calendar"
                | "markdown"
                | "rtf"
        ),
        "application" => {
            subtype.starts_with("vnd.")
                || matches!(
                    subtype,
                    "pdf"
                        | "json"
                        | "zip"
                        | "gzip"
                        | "x-gzip"
                        | "x-tar"
                        | "x-bzip2"
                        | "x-7z-compressed"
                        | "vnd.rar"
                        | "x-rar-compressed"
                        | "msword"
                        | "rtf"
                        | "epub+zip"
                        | "ogg"
                        | "octet-stream"
                )
        }
        _ => false,
    };
    is_known && !is_active
}

/// Whether a file's content is of another kind than what is said of it.
fn contradicts(said: &str, shown: &str) -> bool {
    let kind = |mime: &str| mime.split('/').next().unwrap_or_default().to_owned();
    let (said_kind, shown_kind) = (kind(said), kind(shown));
    let plays = |kind: &str| matches!(kind, "audio" | "video");
    match said_kind.as_str() {
        // One container holds either.
        "audio" | "video" => !(plays(&shown_kind) || shown == "application/ogg"),
        "image" | "font" => said_kind != shown_kind,
        "text" => true,
        _ if said == "application/pdf" => shown != "application/pdf",
        // What is packed is of a thousand types; a program is none of them.
        _ => !is_safe(shown),
    }
}

/// Whether a browser that looks at the content could take it for a page.
fn is_markup(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let start = head
        .iter()
        .position(|b| !b.is_ascii_whitespace() && *b != 0);
    let Some(start) = start else {
        return false;
    };
    let mut rest = head.iter().skip(start);
    rest.next() == Some(&b'<')
        && rest
            .next()
            .is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'!' | b'?'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3";
    const VOICE: &[u8] =
        b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01\x01";
    const HTML: &[u8] = b"\xef\xbb\xbf \n<!DOCTYPE html><script>alert(1)</script>";
    const SVG: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    const PROGRAM: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0";
    const WORDS: &[u8] = b"Good day";

    #[test]
    fn what_is_said_is_believed_within_what_no_browser_runs() {
        let octets = Some("application/octet-stream");
        for (said, head, expected) in [
            // Networks that call every file octets.
            (octets, PNG, Some("image/png")),
            (octets, PDF, Some("application/pdf")),
            (octets, VOICE, Some("audio/ogg")),
            (octets, HTML, None),
            (octets, SVG, None),
            (octets, WORDS, None),
            (None, PNG, Some("image/png")),
            (Some("nonsense"), PNG, Some("image/png")),
            // What is said.
            (Some("Audio/OGG; codecs=opus"), VOICE, Some("audio/ogg")),
            (Some("image/webp"), WORDS, Some("image/webp")),
            (Some("text/plain"), WORDS, Some("text/plain")),
            (Some("text/csv"), WORDS, Some("text/csv")),
            (Some("text/plain"), HTML, Some("text/plain")),
            (
                Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
                b"PK\x03\x04\x14\0".as_slice(),
                Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            ),
            (
                Some("audio/mp4"),
                b"\0\0\0\x20ftypisom\0\0\x02\0isom".as_slice(),
                Some("audio/mp4"),
            ),
            // What runs, and what lies.
            (Some("text/html"), HTML, None),
            (Some("text/html"), WORDS, None),
            (Some("image/svg+xml; charset=utf-8"), SVG, None),
            (Some("application/xhtml+xml"), WORDS, None),
            (Some("application/vnd.acme+xml"), WORDS, None),
            (Some("application/javascript"), WORDS, None),
            (Some("multipart/x-mixed-replace"), WORDS, None),
            (Some("image/png"), HTML, None),
            (Some("image/png"), SVG, None),
            (Some("application/pdf"), HTML, None),
            (Some("image/png"), PDF, Some("application/pdf")),
            (Some("application/pdf"), PNG, Some("image/png")),
            (Some("text/plain"), PNG, Some("image/png")),
            (Some("image/png"), PROGRAM, None),
            (Some("application/zip"), PROGRAM, None),
        ] {
            assert_eq!(
                decide([said], head).as_deref(),
                expected,
                "{said:?} {head:?}"
            );
        }
        // The first that can be believed.
        let said = [octets, None, Some("text/html"), Some("audio/aac")];
        assert_eq!(decide(said, WORDS).as_deref(), Some("audio/aac"));
    }
}
