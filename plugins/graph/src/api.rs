//! Where the Graph API is, and as whom it is called.

use linecard_sdk::actions::Failure;
use linecard_sdk::encode::percent;
use linecard_sdk::http::{Call, Request, Response};
use linecard_sdk::time;

use crate::call::{Answer, Refused, read_answer, unsent};

/// A version of the Graph API at an address, called with an access token.
#[derive(Debug, Clone, Copy)]
pub struct Api<'a> {
    /// The address, such as `https://graph.facebook.com`.
    pub base_url: &'a str,
    /// The version, such as `v27.0`.
    pub version: &'a str,
    /// The name of the secret that is sent in the `Authorization` header.
    pub token: &'static str,
}

impl Api<'_> {
    /// The URL of a node or edge: `path` is made of segments that are encoded here, `query` of names
    /// that are the connector's own and values that are encoded here.
    pub fn url(&self, path: &[&str], query: &[(&str, &str)]) -> String {
        let mut url = format!("{}/{}", self.base_url.trim_end_matches('/'), self.version);
        for segment in path {
            url.push('/');
            url.push_str(&percent(segment));
        }
        for (index, (name, value)) in query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(name);
            url.push('=');
            url.push_str(&percent(value));
        }
        url
    }

    /// Makes a call and reads the answer.
    pub fn call(&self, request: Request, call: Call) -> Result<Answer, Refused> {
        let response = self.send(request, call).map_err(Refused::Failed)?;
        read_answer(&response, call, time::now())
    }

    /// Makes a call and gives any answer, whatever its status.
    pub fn send(&self, request: Request, call: Call) -> Result<Response, Failure> {
        request
            .auth(self.token)
            .try_send()
            .map_err(|error| unsent(error, call, self.token))
    }
}
