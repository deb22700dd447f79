//! Reading a configuration, with the place of what is wrong.

use crate::analyzer::ConfigProblem;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

/// Reads a configuration that the host has checked against the manifest's schema.
///
/// An error means that the schema allows what the type does not; it names the place as a JSON Pointer.
///
/// ```
/// #[derive(Debug, serde::Deserialize)]
/// struct Config { page: Page }
/// #[derive(Debug, serde::Deserialize)]
/// struct Page { id: String }
///
/// let problem = linecard_sdk::config::read::<Config>(r#"{"page":{"id":7}}"#).unwrap_err();
/// assert_eq!(problem.pointer, "/page/id");
/// ```
pub fn read<T: DeserializeOwned>(json: &str) -> Result<T, ConfigProblem> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let read = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        ConfigProblem {
            pointer,
            text: error.into_inner().to_string(),
        }
    })?;
    // What stands behind the value would be ignored in silence.
    deserializer.end().map_err(|error| ConfigProblem {
        pointer: String::new(),
        text: error.to_string(),
    })?;
    Ok(read)
}

/// The path as a JSON Pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            // A variant's name is the same text as the key around it, or stands in no key at all.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}
