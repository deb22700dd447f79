use linecard_model::manifest::{ConnectorManifest, HostWant};
use linecard_model::site::{ChannelConfig, SecretRef};
use serde_json::json;

use super::hosts::grants;
use super::secrets::{Found, read_place};
use super::*;

fn channel(hosts: Option<&[&str]>) -> ChannelConfig {
    serde_json::from_value(json!({"plugin": "p", "queue": "q", "hosts": hosts})).unwrap()
}

fn wants() -> ConnectorManifest {
    let mut manifest: ConnectorManifest = serde_json::from_value(json!({
        "networks": ["n"], "receives": true, "polls": false, "resolves_profiles": false,
        "resolves_media": false, "probes": false,
    }))
    .unwrap();
    manifest.hosts = vec![
        HostWant::Exact("api.example.com".to_owned()),
        HostWant::Exact("*.cdn.example.com".to_owned()),
        HostWant::FromConfig("/base_url".to_owned()),
    ];
    manifest
}

fn check(hosts: Option<&[&str]>, base_url: &str) -> Result<Vec<String>, Vec<String>> {
    let settings = json!({"base_url": base_url});
    match grants(&["channels", "c"], &channel(hosts), &settings, &wants()) {
        Ok(grants) => Ok(grants
            .hosts
            .iter()
            .map(|g| format!("{}:{} {} {}", g.host, g.port, g.plain_http, g.private))
            .collect()),
        Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
    }
}

#[test]
fn what_the_connector_asks_for_is_granted_if_it_is_public() {
    assert_eq!(
        check(None, "https://graph.example.com/v1").unwrap(),
        [
            "api.example.com:443 false false",
            "*.cdn.example.com:443 false false",
            "graph.example.com:443 false false"
        ]
    );
}

#[test]
fn a_private_host_must_be_granted_by_name() {
    for url in [
        "http://127.0.0.1:8080",
        "https://10.0.0.1",
        "http://example.com",
        "https://localhost",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
    ] {
        let problems = check(None, url).unwrap_err();
        assert_eq!(problems.len(), 1, "{url}: {problems:?}");
        assert!(
            problems[0].starts_with("channels.c.hosts: "),
            "{problems:?}"
        );
    }
    let hosts = [
        "api.example.com",
        "*.cdn.example.com",
        "http://127.0.0.1:8080",
    ];
    let granted = check(Some(&hosts), "http://127.0.0.1:8080/x").unwrap();
    assert_eq!(granted[2], "127.0.0.1:8080 true true");
    // Written as a public host, a private one is not granted.
    let hosts = ["api.example.com", "*.cdn.example.com", "127.0.0.1:8443"];
    check(Some(&hosts), "https://127.0.0.1:8443").unwrap_err();
}

#[test]
fn a_host_of_the_configuration_that_is_not_granted_is_named() {
    let problems = check(Some(&["api.example.com"]), "https://g.example.com:8443").unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("g.example.com:8443"), "{problems:?}");
    // What the manifest itself names may be withheld.
    let granted = check(Some(&["g.example.com:8443"]), "https://g.example.com:8443").unwrap();
    assert_eq!(granted, ["g.example.com:8443 false false"]);
}

#[test]
fn what_is_not_a_host_is_refused_with_its_place() {
    let bad = [
        "https://a.example.com/path",
        "ftp://a.example.com",
        "http://user@a.example.com",
        "a.example.com/x",
        "",
    ];
    let problems = check(Some(&bad), "https://g.example.com").unwrap_err();
    assert_eq!(problems.len(), bad.len(), "{problems:?}");
    assert!(
        problems[1].starts_with("channels.c.hosts[1]: "),
        "{problems:?}"
    );
}

#[test]
fn a_secret_file_is_read_without_its_line_break() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s");
    let read = |content: &str| {
        std::fs::write(&file, content).unwrap();
        read_place(
            &SecretRef::File(file.display().to_string()),
            Path::new("/no/data"),
        )
    };
    for content in ["hush", "hush\n", "hush\r\n"] {
        match read(content) {
            Ok(Found::Value(value)) => {
                assert_eq!(secrecy::ExposeSecret::expose_secret(&value), "hush");
            }
            _ => panic!("{content:?}"),
        }
    }
    assert!(read("\n").is_err());
    assert!(read(&"x".repeat(100_000)).is_err());
    let missing = SecretRef::Env("TEST_NO_SUCH_VARIABLE".to_owned());
    assert!(read_place(&missing, folder.path()).is_err());
}

#[test]
fn the_hubs_own_secrets_are_no_channels_secrets() {
    let data = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let key = data.path().join("key");
    std::fs::write(&key, "hush").unwrap();
    let read = |path: &Path| {
        let place = SecretRef::File(path.display().to_string());
        read_place(&place, data.path()).map(drop).map_err(|_| ())
    };
    assert_eq!(read(&key), Err(()));
    assert_eq!(
        read(
            &data
                .path()
                .join("../../")
                .join(key.strip_prefix("/").unwrap())
        ),
        Err(())
    );
    #[cfg(unix)]
    {
        let link = elsewhere.path().join("link");
        std::os::unix::fs::symlink(&key, &link).unwrap();
        assert_eq!(read(&link), Err(()));
        assert_eq!(read(Path::new("/dev/zero")), Err(()));
    }
    let own = SecretRef::Env("LINECARD_KEY".to_owned());
    match read_place(&own, data.path()) {
        Err(text) => assert!(text.contains("the hub's own"), "{text}"),
        Ok(_) => panic!("it was read"),
    }
}

#[test]
fn problems_name_keys_as_a_file_writes_them() {
    let problem = Problem::below(&["agents", "a.smith"], "/skills/x~1y", "no");
    assert_eq!(problem.to_string(), "agents.\"a.smith\".skills.\"x/y\": no");
    assert_eq!(problem.pointer, "/agents/a.smith/skills/x~1y");
}
