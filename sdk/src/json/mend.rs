//! What strict readers of JSON refuse and networks send all the same, mended without touching the rest.

use std::borrow::Cow;

/// How deep values may nest. No network nests so deep; readers that go down by recursion end there.
const DEEPEST: usize = 64;

/// The text with what strict readers refuse mended, and everything else as it came:
///
/// - half of a surrogate pair (`\ud83d` alone) becomes U+FFFD, and so do bytes that are not UTF-8;
/// - a control character in a text becomes its escape, and a backslash that escapes nothing an escaped one;
/// - a number that no reader keeps exactly (an id of 25 digits, `1e999`) becomes a text;
/// - `NaN` and `Infinity` become null, and so does what is nested deeper than 64 levels;
/// - a byte-order mark at the beginning is left out.
///
/// A text that needs none of this is given back as it is. What is not JSON otherwise stays so.
///
/// ```
/// use linecard_sdk::json::mend;
/// assert_eq!(mend(br#"{"a":"x\ud83d\ude00 \ud83d y"}"#), r#"{"a":"x\ud83d\ude00 \ufffd y"}"#);
/// assert_eq!(mend(b"[12345678901234567890123]"), r#"["12345678901234567890123"]"#);
/// ```
pub fn mend(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let mut mender = Mender {
        text: &text,
        copied: 0,
        mended: String::new(),
    };
    mender.run();
    if mender.copied == 0 {
        return text;
    }
    let Mender {
        copied, mut mended, ..
    } = mender;
    mended.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(mended)
}

struct Mender<'t> {
    text: &'t str,
    /// How much of the text is in `mended`; 0 while nothing had to be mended.
    copied: usize,
    mended: String,
}

impl Mender<'_> {
    fn run(&mut self) {
        let mut at = 0;
        let mut depth = 0_usize;
        while let Some(byte) = self.byte(at) {
            at = match byte {
                b'"' => self.string(at),
                b'{' | b'[' if depth == DEEPEST => {
                    let end = self.end_of_nested(at);
                    self.replace(at, end, "null");
                    end
                }
                b'{' | b'[' => {
                    depth += 1;
                    at + 1
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    at + 1
                }
                b'-' | b'0'..=b'9' => self.number(at),
                b'N' => self.word(at, "NaN"),
                b'I' => self.word(at, "Infinity"),
                _ => at + 1,
            };
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Puts other text in the place of what stands from `from` to `to`.
    fn replace(&mut self, from: usize, to: usize, with: &str) {
        let before = self.text.get(self.copied..from).unwrap_or_default();
        self.mended.push_str(before);
        self.mended.push_str(with);
        self.copied = to;
    }

    fn word(&mut self, at: usize, word: &str) -> usize {
        let end = at + word.len();
        if self.text.get(at..end) != Some(word) {
            return at + 1;
        }
        self.replace(at, end, "null");
        end
    }

    /// From a text's opening quote to behind its closing one.
    fn string(&mut self, open: usize) -> usize {
        let mut at = open + 1;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'"' => return at + 1,
                b'\\' => at = self.escape(at),
                0..=0x1f => {
                    self.replace(at, at + 1, &format!("\\u{byte:04x}"));
                    at += 1;
                }
                _ => at += 1,
            }
        }
        at
    }

    fn escape(&mut self, at: usize) -> usize {
        match self.byte(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at + 2,
            Some(b'u') => match self.unit(at) {
                Some(0xd800..=0xdbff) if matches!(self.unit(at + 6), Some(0xdc00..=0xdfff)) => {
                    at + 12
                }
                Some(0xd800..=0xdfff) => {
                    self.replace(at, at + 6, "\\ufffd");
                    at + 6
                }
                Some(_) => at + 6,
                None => self.backslash(at),
            },
            Some(_) => self.backslash(at),
            None => at + 1,
        }
    }

    /// A backslash that begins no escape stands for itself.
    fn backslash(&mut self, at: usize) -> usize {
        self.replace(at, at + 1, "\\\\");
        at + 1
    }

    /// The UTF-16 unit that `\uXXXX` at this place stands for.
    fn unit(&self, at: usize) -> Option<u16> {
        let escape = self.text.get(at..at + 6)?;
        let digits = escape.strip_prefix("\\u")?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        u16::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self, at: usize) -> usize {
        let is_part = |byte: u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let mut end = at;
        while self.byte(end).is_some_and(is_part) {
            end += 1;
        }
        let number = self.text.get(at..end).unwrap_or_default();
        if number == "-" && self.text.get(end..end + 8) == Some("Infinity") {
            self.replace(at, end + 8, "null");
            return end + 8;
        }
        let is_whole = number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
        let is_kept = if is_whole {
            // Shorter ones fit for certain.
            number.len() < 19 || number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok()
        } else {
            number.parse::<f64>().is_ok_and(f64::is_finite)
        };
        let is_number = number.parse::<f64>().is_ok();
        if !is_kept && is_number {
            self.replace(at, end, &format!("\"{number}\""));
        }
        end
    }

    /// Behind the bracket that closes the one at `open`; the text's end if none does.
    fn end_of_nested(&self, open: usize) -> usize {
        let (mut at, mut depth, mut in_text) = (open, 0_usize, false);
        while let Some(byte) = self.byte(at) {
            at += 1;
            match byte {
                b'\\' if in_text => at += 1,
                b'"' => in_text = !in_text,
                b'{' | b'[' if !in_text => depth += 1,
                b'}' | b']' if !in_text => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at;
                    }
                }
                _ => {}
            }
        }
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::mend;
    use std::borrow::Cow;

    fn reads(text: &[u8]) -> serde_json::Value {
        serde_json::from_str(&mend(text)).expect("what was mended is JSON")
    }

    #[test]
    fn what_is_right_is_left_alone() {
        for text in [
            r#"{"a":"\ud83d\ude00 \u00e9 \" \\ \/ \b","n":-1.5e3,"i":18446744073709551615}"#,
            r#"["\\ud83d","Infinity NaN","",[],{}, -9223372036854775808 ]"#,
        ] {
            assert!(matches!(mend(text.as_bytes()), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn half_pairs_become_the_replacement_character_wherever_they_stand() {
        for (given, read) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ude00""#, "\u{fffd}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\ud83dx\n""#, "\u{fffd}x\n"),
            (r#""\\\ud83d""#, "\\\u{fffd}"),
            (r#""\uD83D\u0041""#, "\u{fffd}A"),
        ] {
            assert_eq!(reads(given.as_bytes()), read, "{given}");
        }
        let named = reads(br#"{"\ud83d":{"a":1},"b":"\udc00"}"#);
        assert_eq!(named["\u{fffd}"]["a"], 1);
        assert_eq!(named["b"], "\u{fffd}");
    }

    #[test]
    fn other_things_that_strict_readers_refuse() {
        assert_eq!(reads(b"\"a\x00\r\n\xff\""), "a\u{0}\r\n\u{fffd}");
        assert_eq!(reads(br#""\x \u12 \uzzzz""#), r"\x \u12 \uzzzz");
        assert_eq!(
            reads(b"\xef\xbb\xbf[NaN,Infinity,-Infinity,1e999,-1e400]"),
            serde_json::json!([null, null, null, "1e999", "-1e400"])
        );
        let id = "1234567890123456789012345";
        assert_eq!(reads(id.as_bytes()), id);
    }

    #[test]
    fn what_nests_too_deep_is_cut_and_its_neighbours_stay() {
        let deep = format!("{}\"]\\\"\"{}", "[".repeat(500), "]".repeat(500));
        let read = reads(format!(r#"{{"a":{deep},"b":"here"}}"#).as_bytes());
        assert_eq!(read["b"], "here");
    }

    #[test]
    fn what_is_no_json_stays_so_and_nothing_panics() {
        for text in [
            "", "{", "[[[", "\"abc", "\"\\", "\"\\u12", "{\"a\":}", "-", "\\", "[1] x",
        ] {
            assert!(serde_json::from_str::<serde_json::Value>(&mend(text.as_bytes())).is_err());
        }
        let open = "[".repeat(1000);
        assert!(serde_json::from_str::<serde_json::Value>(&mend(open.as_bytes())).is_err());
    }
}
