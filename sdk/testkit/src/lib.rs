//! Tests a plug-in on recorded calls: natively, and as the built component in the hub's real sandbox.
//!
//! An author writes one test for all cases:
//!
//! ```ignore
//! #[test]
//! fn golden() {
//!     linecard_testkit::check_connector::<Acme>(linecard_testkit::this_crate!());
//! }
//! ```
//!
//! Each folder in `tests/golden/` is one case:
//!
//! | File | What is in it |
//! |---|---|
//! | `request.http` | A webhook request as it came: request line, headers, an empty line, the body byte for byte |
//! | `call.json` | Or any other call: `{"receive"｜"poll"｜"perform"｜"resolve_profile"｜"resolve_media"｜"probe"｜"templates"｜"analyze": …}` |
//! | `http.json` | The network's answers, in the order of the requests: `[{"status":200,"headers":[],"body":…}｜{"error":{"no_answer":"…"}}]`. A body is a text, `{"base64":…}`, or any other JSON |
//! | `config.json` | The configuration; `{}` if there is none. The schema's defaults are filled in |
//! | `secrets.json` | The secrets by name |
//! | `case.json` | `{"now": "2026-01-01T00:00:00Z", "varies": true}`: the native clock, and whether the result depends on the clock or on random bytes, so that only the native one is compared |
//! | `expected.json` | What comes out, and the requests that were made. `UPDATE_GOLDEN=1 cargo test` writes it |
//!
//! A header in `request.http` may say `{{hmac_sha256_hex:NAME}}`, `{{hmac_sha256_base64:NAME}}` or the same
//! with `sha1`: the signature of the body under that secret is put there.
//!
//! Both runs get the same input; their results must be the same and be what `expected.json` says. What
//! only the sandbox does (limits, grants by the manifest's hosts, the kinds of secrets) therefore shows as
//! a difference between the two.
//!
//! The sandbox is the feature `sandbox`, which is on by default. Without it every case runs natively alone,
//! and nobody waits until the sandbox is compiled.

mod component;
#[cfg(feature = "sandbox")]
mod coverage;
mod error;
mod exchange;
mod fixture;
#[cfg(feature = "sandbox")]
mod hostile;
#[cfg(feature = "sandbox")]
mod junit;
#[cfg(feature = "sandbox")]
mod measure;
mod native;
#[cfg(feature = "sandbox")]
mod recording;
mod report;
#[cfg(feature = "sandbox")]
mod sandboxed;
mod signing;
#[cfg(feature = "sandbox")]
mod suite;

pub use component::ThisCrate;
#[cfg(feature = "sandbox")]
pub use component::build;
#[cfg(feature = "sandbox")]
pub use coverage::Covered;
pub use error::TestkitError;
pub use exchange::{Answer, RecordedRequest};
pub use fixture::{Call, Case};
#[cfg(feature = "sandbox")]
pub use junit::junit;
pub use linecard_sdk::connector::WebhookRequest;
#[cfg(feature = "sandbox")]
pub use measure::{Measured, measure};
#[cfg(feature = "sandbox")]
pub use recording::{RecordedCase, Told};
#[cfg(feature = "sandbox")]
pub use sandboxed::SandboxedPlugin;
pub use signing::{hmac_base64, hmac_hex};
#[cfg(feature = "sandbox")]
pub use suite::{Broken, CaseReport, Options, Report, Suite};

use linecard_sdk::analyzer::Analyzer;
use linecard_sdk::connector::Connector;
use report::Findings;
use serde_json::Value;
#[cfg(feature = "sandbox")]
use std::path::Path;

/// Runs every case in the crate's `tests/golden/` on a connector, natively and (with the feature `sandbox`)
/// in the sandbox.
///
/// Panics with all differences, as a test should.
pub fn check_connector<C: Connector>(this_crate: ThisCrate) {
    let describe = || serde_json::to_value(C::describe());
    conclude(check(&this_crate, describe, native::run_connector::<C>));
}

/// Runs every case in the crate's `tests/golden/` on an analyzer, natively and (with the feature `sandbox`)
/// in the sandbox.
///
/// Panics with all differences, as a test should.
pub fn check_analyzer<A: Analyzer>(this_crate: ThisCrate) {
    let describe = || serde_json::to_value(A::describe());
    conclude(check(&this_crate, describe, native::run_analyzer::<A>));
}

/// Runs every case of a folder on a component alone, in the sandbox: for plug-ins that are written in
/// another language than Rust.
///
/// Panics with all differences, as a test should.
#[cfg(feature = "sandbox")]
pub fn check_component(component: &Path, golden: &Path) {
    conclude(check_built(component, golden));
}

#[cfg(feature = "sandbox")]
fn check_built(component: &Path, golden: &Path) -> Result<Findings, TestkitError> {
    let cases = fixture::read_all(golden)?;
    let plugin = SandboxedPlugin::load(component)?;
    let mut findings = Findings::default();
    for case in &cases {
        let found = match plugin.check_config(&case.config) {
            Ok(config) => report::tidy(plugin.run(case, &config)?),
            Err(problems) => report::config_refused(&problems),
        };
        if !case.varies {
            findings.compare_to_expected(case, &found)?;
        }
    }
    Ok(findings)
}

fn conclude(checked: Result<Findings, TestkitError>) {
    match checked {
        Ok(findings) if findings.is_empty() => {}
        // The test's verdict.
        Ok(findings) => panic!("{findings}"),
        Err(error) => panic!("{error}"),
    }
}

fn check(
    this_crate: &ThisCrate,
    describe: impl Fn() -> serde_json::Result<Value>,
    run_natively: impl Fn(&Case, &str) -> Result<Value, TestkitError>,
) -> Result<Findings, TestkitError> {
    let cases = fixture::read_all(&this_crate.golden_folder())?;
    let mut findings = Findings::default();
    let manifest = describe()?;
    let schema = schema(&manifest)?;
    #[cfg(feature = "sandbox")]
    let plugin = SandboxedPlugin::load(&build(this_crate)?)?;
    #[cfg(feature = "sandbox")]
    findings.compare_manifests(manifest, plugin.manifest()?);
    for case in &cases {
        let config = match linecard_schema::check_config(&schema, &case.config) {
            Ok(config) => config.to_string(),
            // The host refuses it before the plug-in sees it: that is the case's result.
            Err(problems) => {
                findings.compare_to_expected(case, &report::config_refused(&problems))?;
                continue;
            }
        };
        // Whatever the plug-in does, the other cases run, and it is said in which one it did it.
        let native = match native::caught(|| run_natively(case, &config)) {
            Ok(native) => report::tidy(native?),
            Err(words) => {
                findings.panicked(case, &words);
                continue;
            }
        };
        #[cfg(feature = "sandbox")]
        if !case.varies {
            let sandboxed = report::tidy(plugin.run(case, &config)?);
            findings.compare_runs(case, &native, &sandboxed);
        }
        findings.compare_to_expected(case, &native)?;
    }
    Ok(findings)
}

/// The schema in a manifest as the plug-in's own code gives it: a text.
fn schema(manifest: &Value) -> Result<Value, TestkitError> {
    match &manifest["config_schema"] {
        Value::String(text) => Ok(serde_json::from_str(text)?),
        schema => Ok(schema.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_names_its_case_and_stops_no_other() {
        let folder = tempfile::tempdir().unwrap();
        for (case, expected) in [("a-bad", json_line("x")), ("b-good", json_line("fine"))] {
            let case = folder.path().join("tests/golden").join(case);
            std::fs::create_dir_all(&case).unwrap();
            std::fs::write(case.join("call.json"), r#"{"probe":{}}"#).unwrap();
            std::fs::write(case.join("expected.json"), expected).unwrap();
        }
        let cases = fixture::read_all(&folder.path().join("tests/golden")).unwrap();
        let mut findings = Findings::default();
        let mut seen = Vec::new();
        for case in &cases {
            seen.push(case.name.clone());
            let run = || {
                assert!(case.name != "a-bad", "the message has no id");
                report::succeeded("fine".into())
            };
            match native::caught(run) {
                Ok(found) => findings.compare_to_expected(case, &found).unwrap(),
                Err(words) => findings.panicked(case, &words),
            }
        }
        assert_eq!(seen, ["a-bad", "b-good"]);
        let shown = findings.to_string();
        assert!(
            shown.contains("case a-bad: the plug-in panicked"),
            "{shown}"
        );
        assert!(shown.contains("the message has no id"), "{shown}");
        assert!(!shown.contains("b-good"), "{shown}");
    }

    fn json_line(said: &str) -> String {
        format!("{{\"ok\":\"{said}\"}}")
    }
}
