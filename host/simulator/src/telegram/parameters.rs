//! The parameters of a call: in the query, as JSON, as a form, or as a form with files.

use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde_json::{Map, Value};

/// The parameters, and the files by their fields.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    pub(crate) values: Map<String, Value>,
    pub(crate) files: Vec<(String, String, Bytes)>,
}

impl Parameters {
    /// Reads them, or says what is wrong with them.
    pub(crate) async fn read(request: Request) -> Result<Self, String> {
        let mut read = Self::default();
        let query = request.uri().query().unwrap_or_default().to_owned();
        read.form(query.as_bytes());
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().to_owned();
        match kind.as_str() {
            "multipart/form-data" => {
                let mut form = Multipart::from_request(request, &())
                    .await
                    .map_err(|error| error.to_string())?;
                while let Some(field) = form.next_field().await.map_err(|e| e.to_string())? {
                    let name = field.name().unwrap_or_default().to_owned();
                    let file = field.file_name().map(str::to_owned);
                    let bytes = field.bytes().await.map_err(|error| error.to_string())?;
                    match file {
                        Some(file) => read.files.push((name, file, bytes)),
                        None => read.put(name, String::from_utf8_lossy(&bytes).into_owned()),
                    }
                }
            }
            other => {
                let body = Bytes::from_request(request, &())
                    .await
                    .map_err(|error| error.to_string())?;
                if other == "application/json" {
                    let given: Map<String, Value> = serde_json::from_slice(&body)
                        .map_err(|_| "can't parse JSON object".to_owned())?;
                    read.values.extend(given);
                } else {
                    read.form(&body);
                }
            }
        }
        Ok(read)
    }

    fn form(&mut self, bytes: &[u8]) {
        for (name, value) in url::form_urlencoded::parse(bytes) {
            self.put(name.into_owned(), value.into_owned());
        }
    }

    /// What stands in a form is a text, and JSON where the API takes objects.
    fn put(&mut self, name: String, text: String) {
        let value = match name.as_str() {
            "allowed_updates" | "reply_markup" | "reply_parameters" | "reaction" => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            _ => Value::String(text),
        };
        self.values.insert(name, value);
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }
}
