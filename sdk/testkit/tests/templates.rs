//! A copy of each template compiles to a component, and the component passes the template's own cases.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| sdk().join("../target"), PathBuf::from)
}

/// The most KB that the guide names for a template.
fn size_in_guide(name: &str) -> u64 {
    let guide = fs::read_to_string(sdk().join("README.md")).unwrap();
    let guide = guide.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, rest) = guide
        .split_once("- **Size.**")
        .expect("the guide tells sizes");
    let (_, rest) = rest
        .split_once(&format!("{name} template"))
        .expect("of this template");
    let (_, rest) = rest.split_once("at most ").expect("a figure");
    let (figure, _) = rest.split_once(" KB").expect("in KB");
    figure.parse().expect("a number")
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
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
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
    let plugins = target().join("plugins");
    let built = linecard_build::build_plugins(&[package], folder.path(), &plugins).unwrap();
    linecard_testkit::check_component(&built[0].wasm_path, &template.join("tests/golden"));
    // What the guide says of the size is so, and no empty promise either.
    let kb = fs::metadata(&built[0].wasm_path)
        .unwrap()
        .len()
        .div_ceil(1_000);
    let most = size_in_guide(name);
    println!("the template {name} has {kb} KB, the guide says {most} at most");
    assert!(
        kb <= most && kb * 2 > most,
        "{kb} KB; the guide says {most}"
    );
}

#[test]
fn the_connector_template_works() {
    check_template("connector", "acme-connector");
}

#[test]
fn the_analyzer_template_works() {
    check_template("analyzer", "question-analyzer");
}

/// The shell commands of the guide, block by block.
fn commands(guide: &str) -> Vec<String> {
    let blocks = guide.split("```sh\n").skip(1);
    let ended = blocks.map(|block| block.split_once("```").expect("a block that ends"));
    ended.map(|(block, _)| block.to_owned()).collect()
}

/// What the workspace says about profiles, so that what it has compiled serves the template, too.
fn profiles() -> String {
    let manifest = fs::read_to_string(sdk().join("../Cargo.toml")).unwrap();
    let start = manifest.find("[profile.dev]").unwrap();
    let end = manifest.find("[profile.plugin]").unwrap();
    let comment = manifest[..end].rfind("\n\n").unwrap();
    manifest[start..comment].to_owned()
}

#[cfg(unix)]
#[test]
fn the_guides_commands_work_as_they_stand() {
    if std::env::var_os("LINECARD_FULL").is_none() {
        eprintln!("skipped: it takes minutes; LINECARD_FULL=1 runs it");
        return;
    }
    let guide = fs::read_to_string(sdk().join("README.md")).unwrap();
    let blocks = commands(&guide);
    assert_eq!(blocks.len(), 3, "lay out, test, build: {blocks:?}");
    let repository = fs::canonicalize(sdk().join("..")).unwrap();
    // `~` is a folder of the test's own, in which cargo finds the workspace's profiles.
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".cargo")).unwrap();
    fs::write(home.path().join(".cargo/config.toml"), profiles()).unwrap();
    let lock = repository.join("Cargo.lock");
    // The program as the workspace's tests have built it; by itself it would be built with other features.
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../debug/linecard");
    let program = if built.exists() {
        built.display().to_string()
    } else {
        let manifest = repository.join("Cargo.toml");
        format!(
            "cargo run --quiet --locked --manifest-path {} -p linecard --",
            manifest.display()
        )
    };
    let script = format!(
        "set -ex\nlinecard() {{ {program} \"$@\"; }}\n{}\ncp {} .\n{}\n{}\n",
        blocks[0],
        lock.display(),
        blocks[1],
        blocks[2]
    );
    let mut command = Command::new("sh");
    let own = |name: &str, folder: &str| {
        let user = std::env::var_os("HOME").expect("a home folder");
        std::env::var_os(name).map_or_else(|| Path::new(&user).join(folder), PathBuf::from)
    };
    command
        .arg("-c")
        .arg(script)
        .current_dir(&repository)
        .env("CARGO_HOME", own("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", own("RUSTUP_HOME", ".rustup"))
        .env("CARGO_TARGET_DIR", fs::canonicalize(target()).unwrap())
        .env("HOME", home.path());
    // What the outer build was told does not hold for the template's.
    for (name, _) in std::env::vars() {
        let outer = name.starts_with("CARGO_PKG") || name.starts_with("CARGO_MANIFEST");
        if outer || name == "RUSTFLAGS" || name == "LINECARD_FULL" {
            command.env_remove(name);
        }
    }
    let status = command.status().unwrap();
    assert!(status.success(), "{status}");
    let component = target().join("wasm32-wasip2/plugin/acme_connector.wasm");
    let made = home.path().join("acme/tests/golden");
    linecard_testkit::check_component(&component, &made);
    // What `UPDATE_GOLDEN=1` wrote is what the template says.
    for case in fs::read_dir(sdk().join("templates/connector/tests/golden")).unwrap() {
        let case = case.unwrap();
        let expected = fs::read_to_string(case.path().join("expected.json")).unwrap();
        let written = made.join(case.file_name()).join("expected.json");
        assert_eq!(fs::read_to_string(written).unwrap(), expected, "{case:?}");
    }
}
