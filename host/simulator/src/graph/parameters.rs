//! A call's parameters, from query, form, JSON and multipart.

use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use serde_json::{Map, Value};

use super::api::Call;
use super::errors::GraphError;

/// The request's parameters, from JSON, a form or multipart, with the file that came along.
pub(crate) struct Parameters {
    pub(crate) members: Map<String, Value>,
    /// Media type and content.
    pub(crate) file: Option<(String, bytes::Bytes)>,
}

/// Reads what a call says in its query and its body. Messages have their file in `filedata`, photos
/// and videos in `source`.
pub(crate) async fn parameters(call: &Call) -> Result<Parameters, GraphError> {
    parameters_with(call, &["filedata", "source"]).await
}

/// The same, with the file in one of these parameters.
pub(crate) async fn parameters_with<C>(
    call: &Call<C>,
    files: &[&str],
) -> Result<Parameters, GraphError> {
    let kind = call.content_type();
    let broken = |detail: String| GraphError::parameter(detail);
    if kind.starts_with("multipart/form-data") {
        return multipart(call, files).await;
    }
    let mut members = if kind.starts_with("application/json") {
        match serde_json::from_slice(&call.body) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(broken("The body must be a JSON object".to_owned())),
            Err(error) => return Err(broken(format!("Invalid JSON in the body: {error}"))),
        }
    } else {
        Map::new()
    };
    for (name, value) in &call.parameters {
        members
            .entry(name.clone())
            .or_insert_with(|| loose(value.clone()));
    }
    Ok(Parameters {
        members,
        file: None,
    })
}

async fn multipart<C>(call: &Call<C>, files: &[&str]) -> Result<Parameters, GraphError> {
    let unreadable =
        |detail: &dyn std::fmt::Display| GraphError::parameter(format!("Bad multipart: {detail}"));
    let mut request = Request::new(axum::body::Body::from(call.body.clone()));
    *request.headers_mut() = call.headers.clone();
    // The whole request was limited where it came in.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut multipart = Multipart::from_request(request, &())
        .await
        .map_err(|error| unreadable(&error))?;
    let mut members = Map::new();
    let mut file = None;
    while let Some(field) = multipart
        .next_field()
        .await
        .map_err(|error| unreadable(&error))?
    {
        let name = field.name().unwrap_or_default().to_owned();
        if files.contains(&name.as_str()) && field.content_type().is_some() {
            let mime = field
                .content_type()
                .unwrap_or("application/octet-stream")
                .to_owned();
            let bytes = field.bytes().await.map_err(|error| unreadable(&error))?;
            file = Some((mime, bytes));
        } else {
            let text = field.text().await.map_err(|error| unreadable(&error))?;
            members.insert(name, loose(text));
        }
    }
    Ok(Parameters { members, file })
}

/// A parameter of a form: JSON for what is written as an object or a list, else text.
fn loose(text: String) -> Value {
    if text.starts_with(['{', '[']) {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    } else {
        Value::String(text)
    }
}

impl Parameters {
    /// A parameter that is a text; forms know nothing but texts, so numbers and truth values are
    /// taken as well.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, GraphError> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(other.to_string())),
            Some(_) => Err(GraphError::parameter(format!(
                "param {name} must be a string."
            ))),
        }
    }

    /// A parameter that is a text with something in it.
    pub(crate) fn filled(&self, name: &str) -> Result<Option<String>, GraphError> {
        Ok(self.text(name)?.filter(|text| !text.trim().is_empty()))
    }

    /// A parameter that is true or false.
    pub(crate) fn truth(&self, name: &str) -> Result<Option<bool>, GraphError> {
        let text = self.text(name)?.map(|text| text.to_ascii_lowercase());
        match text.as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(GraphError::parameter(format!(
                "param {name} must be a boolean."
            ))),
        }
    }

    /// A parameter that is an address which can be fetched.
    pub(crate) fn address(&self, name: &str) -> Result<Option<String>, GraphError> {
        let Some(text) = self.filled(name)? else {
            return Ok(None);
        };
        if fetchable(&text) {
            Ok(Some(text))
        } else {
            Err(GraphError::parameter(format!(
                "param {name} must be a valid URL"
            )))
        }
    }
}

/// Whether the network would fetch this address.
pub(crate) fn fetchable(address: &str) -> bool {
    url::Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}
