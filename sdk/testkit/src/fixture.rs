//! The files of a case.

use crate::native::WEBHOOK_URL;
use crate::{Answer, TestkitError, signing};
use linecard_sdk::actions::{Action, ActionRequest};
use linecard_sdk::analyzer::Subject;
use linecard_sdk::connector::WebhookRequest;
use linecard_sdk::events::{Attachment, Identity, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// One recorded call, what the plug-in may use in it, and what should come out.
#[derive(Debug, Clone)]
pub struct Case {
    /// The folder's name.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// The call.
    pub call: Call,
    /// The network's answers, in order.
    pub answers: Vec<Answer>,
    /// The configuration, before the schema's defaults are filled in.
    pub config: Value,
    /// The secrets by name.
    pub secrets: Map<String, Value>,
    /// The native clock.
    pub now: Option<Timestamp>,
    /// Whether the result depends on the clock or on random bytes.
    pub varies: bool,
    /// What `request.http` says before its body, if that is the call: another body is signed by it anew.
    pub head: Option<Vec<u8>>,
}

/// A call to a plug-in, in the contract's words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// A webhook request.
    Receive(WebhookRequest),
    /// A poll from a cursor.
    Poll {
        /// The cursor, as text.
        #[serde(default)]
        cursor: String,
        /// What came of the request that the page before it asked to wait for, in the form of `http.json`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waited: Option<Answer>,
    },
    /// An action.
    Perform(ActionRequest),
    /// Facts about a person.
    ResolveProfile(Identity),
    /// An attachment.
    ResolveMedia(Attachment),
    /// Whether the credentials work, and what else a person should know.
    Probe {},
    /// The channel's templates.
    Templates {},
    /// Registering the channel at the network.
    SetUp {
        /// Whether it only tells what it would do.
        #[serde(default)]
        rehearsal: bool,
    },
    /// Taking it off.
    TearDown {
        /// Whether it only tells what it would do.
        #[serde(default)]
        rehearsal: bool,
    },
    /// A message to be read.
    Analyze(Subject),
}

impl Case {
    /// Reads the case in a folder.
    pub fn read(folder: &Path) -> Result<Self, TestkitError> {
        read(folder)
    }

    /// Reads the cases in the folders of a folder, by name.
    pub fn read_all(golden: &Path) -> Result<Vec<Self>, TestkitError> {
        read_all(golden)
    }

    /// The requests that `expected.json` says the call makes; none if there is no such file.
    pub fn expected_requests(&self) -> Result<Vec<crate::RecordedRequest>, TestkitError> {
        let path = self.folder.join("expected.json");
        let expected: Option<Value> = json(&path)?;
        let requests = expected.and_then(|mut expected| Some(expected.get_mut("requests")?.take()));
        let requests = requests.map(serde_json::from_value).transpose();
        let requests = requests.map_err(|error| TestkitError::Fixture {
            path,
            text: format!("requests: {error}"),
        })?;
        Ok(requests.unwrap_or_default())
    }

    /// Reads a webhook request from a file like `request.http`, signed with these secrets as it says.
    pub fn read_request(
        path: &Path,
        secrets: &Map<String, Value>,
    ) -> Result<WebhookRequest, TestkitError> {
        let bytes = bytes(path)?.ok_or_else(|| TestkitError::File {
            path: path.to_owned(),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        raw_request(&bytes, secrets).map_err(|text| TestkitError::Fixture {
            path: path.to_owned(),
            text,
        })
    }
}

/// `case.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    now: Option<String>,
    varies: bool,
}

/// All cases of a folder, by name.
pub(crate) fn read_all(golden: &Path) -> Result<Vec<Case>, TestkitError> {
    let entries =
        std::fs::read_dir(golden).map_err(|_| TestkitError::NoCases(golden.to_owned()))?;
    let mut folders = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| TestkitError::File {
            path: golden.to_owned(),
            source,
        })?;
        if entry.path().is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort();
    if folders.is_empty() {
        return Err(TestkitError::NoCases(golden.to_owned()));
    }
    folders.iter().map(|folder| read(folder)).collect()
}

/// Reads one case.
pub(crate) fn read(folder: &Path) -> Result<Case, TestkitError> {
    let secrets: Map<String, Value> = json(&folder.join("secrets.json"))?.unwrap_or_default();
    let options: Options = json(&folder.join("case.json"))?.unwrap_or_default();
    let now =
        match options.now {
            None => None,
            Some(text) => Some(linecard_sdk::time::from_rfc3339(&text).ok_or_else(|| {
                TestkitError::Fixture {
                    path: folder.join("case.json"),
                    text: format!("`now` is not an RFC 3339 time: {text}"),
                }
            })?),
        };
    let call = read_call(folder, &secrets)?;
    let head = bytes(&folder.join("request.http"))?.map(|mut recorded| {
        if let Call::Receive(request) = &call {
            recorded.truncate(recorded.len().saturating_sub(request.body.len()));
        }
        recorded
    });
    Ok(Case {
        name: folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        head,
        call,
        answers: json(&folder.join("http.json"))?.unwrap_or_default(),
        config: json(&folder.join("config.json"))?.unwrap_or_else(|| Value::Object(Map::new())),
        folder: folder.to_owned(),
        secrets,
        now,
        varies: options.varies,
    })
}

fn read_call(folder: &Path, secrets: &Map<String, Value>) -> Result<Call, TestkitError> {
    let path = folder.join("request.http");
    if let Some(bytes) = bytes(&path)? {
        return raw_request(&bytes, secrets)
            .map(Call::Receive)
            .map_err(|text| TestkitError::Fixture { path, text });
    }
    let path = folder.join("call.json");
    let call: Option<Value> = json(&path)?;
    let call = call.ok_or_else(|| TestkitError::NoCases(folder.to_owned()))?;
    serde_json::from_value(with_defaults(call)).map_err(|error| TestkitError::Fixture {
        path,
        text: error.to_string(),
    })
}

/// A webhook request with another body, signed as its `request.http` says.
#[cfg(feature = "sandbox")]
pub(crate) fn with_body(case: &Case, body: &[u8]) -> Result<WebhookRequest, TestkitError> {
    let Call::Receive(request) = &case.call else {
        return Err(crate::native::wrong_call(case, "only webhooks have bodies"));
    };
    let Some(head) = &case.head else {
        return Ok(WebhookRequest {
            body: body.to_vec(),
            ..request.clone()
        });
    };
    raw_request(&[head, body].concat(), &case.secrets).map_err(|text| TestkitError::Fixture {
        path: case.folder.join("request.http"),
        text,
    })
}

/// Fills in what most cases do not care about.
fn with_defaults(mut call: Value) -> Value {
    let of_an_action = ActionRequest {
        id: "action-1".to_owned(),
        attempt: 1,
        uncertain_before: false,
        thread: "thread-1".to_owned(),
        recipient: None,
        last_inbound: None,
        by_human: true,
        progress: Vec::new(),
        action: Action::Follow,
    };
    for (name, defaults) in [
        ("perform", serde_json::to_value(of_an_action)),
        ("analyze", serde_json::to_value(Subject::text(""))),
    ] {
        if let (Some(Value::Object(given)), Ok(Value::Object(defaults))) =
            (call.get_mut(name), defaults)
        {
            for (field, value) in defaults {
                given.entry(field).or_insert(value);
            }
        }
    }
    call
}

/// Reads an HTTP/1.1 request whose lines end in LF or CRLF. The body goes to the end of the file, byte for
/// byte.
fn raw_request(bytes: &[u8], secrets: &Map<String, Value>) -> Result<WebhookRequest, String> {
    let mut rest = bytes;
    let mut lines = Vec::new();
    loop {
        let end = rest
            .iter()
            .position(|&byte| byte == b'\n')
            .ok_or("there is no empty line after the headers")?;
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        let line = std::str::from_utf8(line)
            .map_err(|error| error.to_string())?
            .trim_end_matches('\r');
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let (first, headers) = lines.split_first().ok_or("there is no request line")?;
    let mut words = first.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err("line 1 is not `METHOD target HTTP/1.1`".to_owned());
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let below = if path == "/" {
        target.strip_prefix('/').unwrap_or(target)
    } else {
        target
    };
    let headers = headers
        .iter()
        .zip(2..)
        .map(|(line, number)| {
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| format!("line {number} is no header of the form `name: value`"))?;
            let value = signing::fill_in(value.trim(), rest, secrets);
            Ok((
                name.trim().to_ascii_lowercase(),
                value.map_err(|text| format!("line {number}: {text}"))?,
            ))
        })
        .collect::<Result<_, String>>()?;
    Ok(WebhookRequest {
        method: method.to_ascii_uppercase(),
        path: if path == "/" {
            String::new()
        } else {
            path.to_owned()
        },
        url: Some(format!("{WEBHOOK_URL}{below}")),
        query: linecard_sdk::encode::from_form(query.as_bytes()),
        headers,
        body: rest.to_vec(),
    })
}

pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, TestkitError> {
    let Some(bytes) = bytes(path)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| TestkitError::Fixture {
            path: path.to_owned(),
            text: error.to_string(),
        })
}

fn bytes(path: &Path) -> Result<Option<Vec<u8>>, TestkitError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TestkitError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_request_keeps_its_body_byte_for_byte() {
        let recorded = b"POST /hook?a=1&b=x%20y HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"a\":\n1}\n";
        let request = raw_request(recorded, &Map::new()).unwrap();
        assert_eq!(request.method, "POST");
        assert_eq!(request.path, "/hook");
        assert_eq!(request.query("b"), Some("x y"));
        assert_eq!(request.header("Content-Type"), Some("application/json"));
        assert_eq!(request.body, b"{\"a\":\n1}\n");
        assert!(raw_request(b"POST / HTTP/1.1\nX: y", &Map::new()).is_err());
    }

    #[test]
    fn an_action_needs_only_what_it_says() {
        let call = with_defaults(
            serde_json::json!({ "perform": { "action": { "send_message": { "text": "Hi" } } } }),
        );
        let Ok(Call::Perform(request)) = serde_json::from_value(call) else {
            panic!("an action")
        };
        assert_eq!(request.attempt, 1);
    }
}
