//! A copy of each template compiles to a component, and the component passes the template's own cases.

use std::fs;
use std::path::{Path, PathBuf};

fn sdk() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Copies a folder's files as the README tells an integrator to: with the SDK's path filled in.
fn copy_template(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_template(&entry.path(), &target);
        } else {
            let bytes = fs::read(entry.path()).unwrap();
            match String::from_utf8(bytes) {
                Ok(text) => {
                    fs::write(target, text.replace("SDK_PATH", sdk().to_str().unwrap())).unwrap();
                }
                Err(error) => fs::write(target, error.into_bytes()).unwrap(),
            }
        }
    }
}

fn check_template(name: &str, package: &str) {
    let template = sdk().join("templates").join(name);
    let folder = tempfile::tempdir().unwrap();
    copy_template(&template, folder.path());
    // The workspace's versions, so that nothing new is fetched; cargo takes out what is not needed.
    fs::copy(
        sdk().parent().unwrap().join("Cargo.lock"),
        folder.path().join("Cargo.lock"),
    )
    .unwrap();
    let status =
        std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .current_dir(folder.path())
            .args(["metadata", "--format-version", "1", "--quiet"])
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
    assert!(
        status.success(),
        "the manifest of the template {name} cannot be read"
    );
    // The folder of the bundled plug-ins: what they have compiled, the templates need not.
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| sdk().join("../target"), PathBuf::from);
    let built =
        linecard_build::build_plugins(&[package], folder.path(), &target.join("plugins")).unwrap();
    linecard_testkit::check_component(&built[0].wasm_path, &template.join("tests/golden"));
}

#[test]
fn the_connector_template_works() {
    check_template("connector", "acme-connector");
}

#[test]
fn the_analyzer_template_works() {
    check_template("analyzer", "question-analyzer");
}
