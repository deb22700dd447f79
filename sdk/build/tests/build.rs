//! A crate becomes a component, and what does not is told.

use linecard_build::{BuildError, build_plugins};
use std::fs;
use std::path::Path;

fn write_crate(folder: &Path, crate_type: &str, source: &str) {
    let manifest = format!(
        "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [lib]\ncrate-type = [\"{crate_type}\"]\n\
         [profile.plugin]\ninherits = \"release\"\n[workspace]\n"
    );
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/lib.rs"), source).unwrap();
}

#[test]
fn a_crate_becomes_a_component_and_names_what_it_is_made_of() {
    let folder = tempfile::tempdir().unwrap();
    write_crate(
        folder.path(),
        "cdylib",
        "#[unsafe(no_mangle)]\npub extern \"C\" fn f() {}\n",
    );
    let plugins = build_plugins(&["tiny"], folder.path(), &folder.path().join("built")).unwrap();
    let [plugin] = plugins.as_slice() else {
        panic!("one plug-in, not {plugins:?}")
    };
    let bytes = fs::read(&plugin.wasm_path).unwrap();
    // A component, not a module: layer 1 (the component model's binary format, preamble).
    assert_eq!(bytes.get(..8), Some(b"\0asm\x0d\0\x01\0".as_slice()));
    let names: Vec<_> = plugin
        .inputs
        .iter()
        .filter_map(|path| path.file_name()?.to_str())
        .collect();
    for name in ["lib.rs", "Cargo.toml", "Cargo.lock"] {
        assert!(names.contains(&name), "{name} is missing from {names:?}");
    }
}

#[test]
fn a_crate_without_a_component_is_told_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    write_crate(folder.path(), "rlib", "");
    let error = build_plugins(&["tiny"], folder.path(), &folder.path().join("built")).unwrap_err();
    assert!(matches!(error, BuildError::NotAComponent { .. }), "{error}");
    assert!(error.to_string().contains("cdylib"), "{error}");
}

#[test]
fn a_crate_that_does_not_compile_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write_crate(folder.path(), "cdylib", "this is not Rust");
    let error = build_plugins(&["tiny"], folder.path(), &folder.path().join("built")).unwrap_err();
    assert!(matches!(error, BuildError::Compile { .. }), "{error}");
    assert!(error.to_string().contains("tiny"), "{error}");
}
