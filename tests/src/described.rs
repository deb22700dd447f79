//! The hub's own description of its API, and whether the hub holds to it.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, anyhow, ensure};
use jsonschema::Draft;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Client, Seen};

/// The description, and which of its operations were tried.
pub struct Described {
    document: Value,
    tried: BTreeSet<String>,
}

/// Where an operation is, and what it says of itself.
pub struct Operation<'a> {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'a str,
    /// The operation's own part of the description.
    pub says: &'a Value,
}

impl Described {
    /// Reads the description that a hub serves.
    pub async fn by(client: &Client) -> Result<Self> {
        Ok(Self {
            document: client.get("/api/openapi.json").await?,
            tried: BTreeSet::new(),
        })
    }

    /// All operations.
    pub fn operations(&self) -> Result<Vec<Operation<'_>>> {
        let mut found = Vec::new();
        for (path, item) in self.document["paths"].as_object().context("paths")? {
            for (method, says) in item.as_object().context("methods")? {
                let method = Method::from_bytes(method.to_uppercase().as_bytes())?;
                found.push(Operation { method, path, says });
            }
        }
        Ok(found)
    }

    /// Runs an operation with the example of its body, if it has one; it must do what it says.
    /// `places` are the values of the path's parameters in their order, and a query, if one is given.
    pub async fn run(
        &mut self,
        client: &Client,
        id: &str,
        places: &[&str],
        query: &str,
    ) -> Result<Value> {
        self.run_with(client, id, places, query, &[]).await
    }

    /// As [`Self::run`], with what only this hub has in the place of what the example has.
    pub async fn run_with(
        &mut self,
        client: &Client,
        id: &str,
        places: &[&str],
        query: &str,
        own: &[(&str, &str)],
    ) -> Result<Value> {
        let operations = self.operations()?;
        let operation = operations
            .iter()
            .find(|operation| operation.says["operationId"] == id)
            .with_context(|| format!("there is no operation {id}"))?;
        let mut places = places.iter();
        let mut path = String::new();
        for part in operation.path.split('/').skip(1) {
            path.push('/');
            path.push_str(if part.starts_with('{') {
                places
                    .next()
                    .with_context(|| format!("{id}: a value for {part}"))?
            } else {
                part
            });
        }
        path.push_str(query);
        let example = &operation.says["requestBody"]["content"]["application/json"]["example"];
        let mut body = (!example.is_null()).then(|| example.clone());
        for (name, value) in own {
            let known = body.as_mut().and_then(|body| body.get_mut(*name));
            *known.with_context(|| format!("{id}: the example has no {name}"))? = json!(value);
        }
        let parameters = operation.says["parameters"].as_array();
        let is_conditional = parameters
            .into_iter()
            .flatten()
            .any(|parameter| parameter["name"] == "if-match" && parameter["required"] == true);
        let headers: &[(&str, &str)] = if is_conditional {
            &[("if-match", "*")]
        } else {
            &[]
        };
        let seen = client
            .ask(operation.method.clone(), &path, headers, body.as_ref())
            .await?;
        ensure!(seen.status.is_success(), "{id}: {seen:?}");
        self.holds(operation.says, &seen)
            .with_context(|| id.to_owned())?;
        self.tried.insert(id.to_owned());
        Ok(seen.body)
    }

    /// Whether an answer is one that an operation describes.
    fn holds(&self, says: &Value, seen: &Seen) -> Result<()> {
        let answer = &says["responses"][seen.status.as_str()];
        ensure!(answer.is_object(), "{} is not described", seen.status);
        let kind = seen.headers.get("content-type").map(|kind| kind.to_str());
        let Some(kind) = kind.transpose()? else {
            ensure!(answer["content"].is_null(), "the answer has no body");
            return Ok(());
        };
        let media = &answer["content"][kind];
        ensure!(media.is_object(), "{kind} is not described");
        let whole = json!({"allOf": [media["schema"]], "components": self.document["components"]});
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .build(&whole)
            .map_err(|error| anyhow!("{error}"))?;
        let problems: Vec<String> = validator
            .iter_errors(&seen.body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        ensure!(problems.is_empty(), "{problems:#?}");
        Ok(())
    }

    /// The operations that have an example which nothing has run.
    pub fn untried_examples(&self) -> Result<Vec<String>> {
        let operations = self.operations()?;
        let with_example = operations.iter().filter(|operation| {
            !operation.says["requestBody"]["content"]["application/json"]["example"].is_null()
        });
        Ok(with_example
            .filter_map(|operation| operation.says["operationId"].as_str())
            .filter(|id| !self.tried.contains(*id))
            .map(str::to_owned)
            .collect())
    }
}
