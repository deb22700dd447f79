//! What the connectors ask of their networks, held against the networks' own descriptions: each
//! request of the connectors' recorded cases is one that the OpenAPI document has.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Request, Specification};
use serde_json::Value;
use url::Url;

/// Where the live WhatsApp differs from its document of version 23.0.
const WHATSAPP_KNOWN: [(&str, &str); 12] = [
    (
        "/{Version}/{Phone-Number-ID}/messages: Unevaluated properties are not allowed ('biz_opaque_callback_data' was unexpected)",
        "the document knows it in calls only, the guide in every message",
    ),
    (
        "/{Version}/{Phone-Number-ID}/messages: \"to\" is a required property",
        "since 2026 `recipient` names a customer who shows no number",
    ),
    (
        "/{Version}/{Phone-Number-ID}/messages: Unevaluated properties are not allowed ('biz_opaque_callback_data', 'messaging_product', 'recipient', 'recipient_type' were unexpected)",
        "it follows from the missing `to`",
    ),
    (
        "/{Version}/{Phone-Number-ID}/messages/location/latitude: value is not of type \"string\"",
        "the document's own examples are numbers",
    ),
    (
        "/{Version}/{Phone-Number-ID}/messages/location/longitude: value is not of type \"string\"",
        "the document's own examples are numbers",
    ),
    (
        "/{Version}/{Phone-Number-ID}/messages: Unevaluated properties are not allowed ('biz_opaque_callback_data', 'location' were unexpected)",
        "it follows from the numbers",
    ),
    (
        "/{Version}/{Phone-Number-ID}/messages: type names no kind",
        "a message is marked as read without a type, as in the document's own example",
    ),
    (
        "/{Version}/{Phone-Number-ID}/messages/template/language: \"policy\" is a required property",
        "all but one of the document's own examples leave it out",
    ),
    (
        "/{Version}/{Phone-Number-ID}/media: the form has no type",
        "the guide to uploads asks for it",
    ),
    (
        "/{Version}/{WABA-ID}/message_templates: no parameter fields",
        "every read of the Graph API takes it",
    ),
    (
        "/{Version}/{WABA-ID}/message_templates: no parameter limit",
        "every list of the Graph API takes it",
    ),
    (
        "/{Version}/{WABA-ID}/message_templates: no parameter after",
        "every list of the Graph API goes on there",
    ),
];

/// A request of a recorded case.
struct Recorded {
    case: String,
    method: String,
    url: Url,
    json: Value,
    form: Option<Vec<String>>,
}

/// The requests in `expected.json` of each of a connector's cases.
fn recorded(connector: &str) -> Result<Vec<Recorded>> {
    let golden = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins"))
        .join(connector)
        .join("tests/golden");
    let mut requests = Vec::new();
    for case in std::fs::read_dir(&golden)? {
        let case = case?;
        let name = case.file_name().to_string_lossy().into_owned();
        let expected = case.path().join("expected.json");
        if expected.exists() {
            requests.extend(read(&name, &expected).with_context(|| name.clone())?);
        }
    }
    Ok(requests)
}

fn read(case: &str, expected: &Path) -> Result<Vec<Recorded>> {
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(expected)?)?;
    let requests = expected["requests"].as_array().into_iter().flatten();
    requests
        .map(|request| {
            let text = |name: &str| request[name].as_str().map(str::to_owned).context("no text");
            // A form is recorded as the list of its parts.
            let form = request["body"].as_array().map(|parts| {
                let names = parts.iter().filter_map(|part| part["name"].as_str());
                names.map(str::to_owned).collect()
            });
            let is_form = form.is_some();
            Ok(Recorded {
                case: case.to_owned(),
                method: text("method")?,
                url: Url::parse(&text("url")?)?,
                json: if is_form {
                    Value::Null
                } else {
                    request["body"].clone()
                },
                form,
            })
        })
        .collect()
}

/// Checks the requests to a network's API; `known` tells where the live network differs from its
/// document: the whole problem, and the reason.
fn check(
    specification: &Specification,
    connector: &str,
    host: &str,
    known: &[(&str, &str)],
) -> Result<usize> {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for request in recorded(connector)? {
        if request.url.host_str() != Some(host) {
            continue;
        }
        checked += 1;
        let problems = specification.problems(Request {
            method: &request.method,
            url: &request.url,
            json: &request.json,
            form: request.form.as_deref(),
        })?;
        for problem in problems {
            match known.iter().find(|(known, _)| problem == *known) {
                Some((_, reason)) => println!("{}: {problem} ({reason})", request.case),
                None => wrong.push(format!("{}: {problem}", request.case)),
            }
        }
    }
    ensure!(wrong.is_empty(), "{connector}: {wrong:#?}");
    Ok(checked)
}

#[test]
fn x_is_asked_what_its_document_has() -> Result<()> {
    let Some(specification) = Specification::x()? else {
        return Ok(());
    };
    let checked = check(&specification, "x", "api.x.com", &[])?;
    println!("{checked} requests to X");
    ensure!(checked >= 7, "only {checked} requests were found");
    Ok(())
}

#[test]
fn whatsapp_is_asked_what_its_document_has() -> Result<()> {
    let Some(specification) = Specification::whatsapp()? else {
        return Ok(());
    };
    let checked = check(
        &specification,
        "whatsapp",
        "graph.facebook.com",
        &WHATSAPP_KNOWN,
    )?;
    println!("{checked} requests to WhatsApp");
    ensure!(checked >= 20, "only {checked} requests were found");
    Ok(())
}

#[test]
fn a_request_that_the_document_has_not_is_found() -> Result<()> {
    let document = serde_json::json!({
        "paths": { "/2/posts/{id}": { "put": {
            "parameters": [
                { "in": "path", "name": "id", "required": true, "schema": { "type": "string" } },
                { "in": "query", "name": "most", "required": true, "schema": { "type": "integer", "maximum": 9 } },
                { "$ref": "#/components/parameters/Fields" },
            ],
            "requestBody": { "required": true, "content": {
                "application/json": { "schema": { "$ref": "#/components/schemas/Post" } },
                "multipart/form-data": { "schema": { "required": ["file"], "properties": { "file": {} } } },
            } },
        } } },
        "components": {
            "parameters": { "Fields": { "in": "query", "name": "fields",
                "schema": { "type": "array", "items": { "enum": ["a", "b"] } } } },
            "schemas": { "Post": { "type": "object", "required": ["text"],
                "properties": { "text": { "type": "string" } } } },
        },
    });
    let specification = Specification::of(document)?;
    let good = serde_json::json!({ "text": "hi" });
    let problems = |method, path: &str, json: &Value, form: Option<&[String]>| -> Result<usize> {
        let url = Url::parse(&format!("https://network.example{path}"))?;
        let request = Request {
            method,
            url: &url,
            json,
            form,
        };
        Ok(specification.problems(request)?.len())
    };
    let right = "/2/posts/7?most=9&fields=a,b";
    assert_eq!(problems("PUT", right, &good, None)?, 0);
    assert_eq!(problems("POST", right, &good, None)?, 1, "the method");
    assert_eq!(
        problems("PUT", "/2/post/7?most=9", &good, None)?,
        1,
        "the path"
    );
    assert_eq!(problems("PUT", "/2/posts/7?most=10", &good, None)?, 1);
    assert_eq!(problems("PUT", "/2/posts/7", &good, None)?, 1, "most");
    assert_eq!(
        problems("PUT", "/2/posts/7?most=1&fields=a,c", &good, None)?,
        1
    );
    assert_eq!(
        problems("PUT", "/2/posts/7?most=1&other=1", &good, None)?,
        1
    );
    assert_eq!(problems("PUT", right, &Value::Null, None)?, 1, "the body");
    assert_eq!(
        problems("PUT", right, &serde_json::json!({ "text": 1 }), None)?,
        1
    );
    let parts = |names: &[&str]| -> Vec<String> { names.iter().map(|&n| n.to_owned()).collect() };
    assert_eq!(
        problems("PUT", right, &Value::Null, Some(&parts(&["file"])))?,
        0
    );
    assert_eq!(
        problems("PUT", right, &Value::Null, Some(&parts(&["other"])))?,
        2
    );
    Ok(())
}
