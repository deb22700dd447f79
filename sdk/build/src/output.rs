//! What the nested cargo made, and of what.

use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A component that cargo made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Artifact {
    package_id: String,
    target_name: String,
    manifest_path: PathBuf,
    pub(crate) wasm_path: PathBuf,
}

impl Artifact {
    /// Whether it was made of the package of this name. A package id ends in `#name@version`, or in
    /// `/name#version` where the folder has the package's name.
    pub(crate) fn is_of(&self, package: &str) -> bool {
        let (path, fragment) = self
            .package_id
            .rsplit_once('#')
            .unwrap_or(("", &self.package_id));
        match fragment.split_once('@') {
            Some((name, _)) => name == package,
            None => path.rsplit('/').next() == Some(package),
        }
    }
}

/// The components among cargo's messages; lines of other kinds are passed over.
pub(crate) fn components(messages: &[u8]) -> Vec<Artifact> {
    #[derive(Deserialize)]
    struct Message {
        reason: String,
        #[serde(default)]
        package_id: String,
        #[serde(default)]
        manifest_path: PathBuf,
        #[serde(default)]
        filenames: Vec<PathBuf>,
        target: Option<Target>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
        kind: Vec<String>,
    }

    messages
        .split(|&byte| byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-artifact")
        .filter_map(|message| {
            let target = message
                .target
                .filter(|target| target.kind.iter().any(|kind| kind == "cdylib"))?;
            let wasm_path = message
                .filenames
                .into_iter()
                .find(|path| path.extension().is_some_and(|e| e == "wasm"))?;
            Some(Artifact {
                package_id: message.package_id,
                target_name: target.name,
                manifest_path: message.manifest_path,
                wasm_path,
            })
        })
        .collect()
}

/// The files that went into a component, by the dependency file that cargo writes beside it.
pub(crate) fn inputs(artifact: &Artifact, workspace_root: &Path) -> Vec<PathBuf> {
    let dependency_file = artifact
        .wasm_path
        .with_file_name(&artifact.target_name)
        .with_extension("d");
    let rules = std::fs::read_to_string(dependency_file).unwrap_or_default();
    let mut files: BTreeSet<PathBuf> = prerequisites(&rules).collect();
    let manifests: Vec<PathBuf> = files
        .iter()
        .filter_map(|file| manifest_above(file))
        .collect();
    files.extend(manifests);
    files.insert(artifact.manifest_path.clone());
    files.insert(workspace_root.join("Cargo.toml"));
    files.insert(workspace_root.join("Cargo.lock"));
    // Cargo would run a build script again and again for a path that is not there.
    files.into_iter().filter(|file| file.exists()).collect()
}

/// The `Cargo.toml` of the package that a source file belongs to.
fn manifest_above(file: &Path) -> Option<PathBuf> {
    file.ancestors()
        .skip(1)
        .map(|folder| folder.join("Cargo.toml"))
        .find(|manifest| manifest.exists())
}

/// The right-hand sides of a makefile's rules; spaces in names are written `\ `.
fn prerequisites(rules: &str) -> impl Iterator<Item = PathBuf> + '_ {
    const SPACE: char = '\u{0}';
    rules
        .lines()
        .filter_map(|rule| rule.split_once(": "))
        .flat_map(|(_, files)| {
            let files = files.replace("\\ ", &SPACE.to_string());
            files
                .split_whitespace()
                .map(|file| PathBuf::from(file.replace(SPACE, " ")))
                .collect::<Vec<_>>()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_component_among_the_messages() {
        let messages = br#"{"reason":"compiler-artifact","package_id":"path+file:///w/plugins/keywords#linecard-keywords@0.1.0","manifest_path":"/w/plugins/keywords/Cargo.toml","target":{"name":"linecard_keywords","kind":["cdylib","rlib"]},"filenames":["/t/a.wasm","/t/a.rlib"]}
{"reason":"compiler-artifact","package_id":"registry#serde@1.0.0","target":{"name":"serde","kind":["lib"]},"filenames":["/t/serde.rlib"]}
{"reason":"build-finished","success":true}
"#;
        let found = components(messages);
        assert_eq!(found.len(), 1);
        assert!(
            found
                .iter()
                .all(|artifact| artifact.is_of("linecard-keywords"))
        );
        assert!(
            found
                .iter()
                .all(|artifact| artifact.wasm_path == Path::new("/t/a.wasm"))
        );
    }

    #[test]
    fn a_package_named_like_its_folder_has_the_short_id() {
        let artifact = Artifact {
            package_id: "path+file:///w/acme#0.1.0".to_owned(),
            target_name: "acme".to_owned(),
            manifest_path: PathBuf::new(),
            wasm_path: PathBuf::new(),
        };
        assert!(artifact.is_of("acme"));
        assert!(!artifact.is_of("w"));
    }

    #[test]
    fn names_with_spaces_survive_the_dependency_file() {
        let files: Vec<_> =
            prerequisites("/t/a.wasm: /w/my\\ plugin/src/lib.rs /w/x.wit\n").collect();
        assert_eq!(
            files,
            [Path::new("/w/my plugin/src/lib.rs"), Path::new("/w/x.wit")]
        );
    }
}
