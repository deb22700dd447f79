//! What may stand in the tree of dependencies: licences, sources, and which crates more than once.
//!
//! `cargo deny` judges by the same three lists, but takes longer to build than all of these tests.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand};
use spdx::{Expression, LicenseReq, Licensee};

/// The licences that may be in the tree: permissive, and compatible with Apache-2.0.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Where packages come from; those of the workspace come from nowhere.
const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Crates of which more than one version is in the tree, each because two crates that are needed do not
/// agree on one. Each version is built, so that a new one is a decision.
const MORE_THAN_ONCE: &[&str] = &[
    "base64",
    "bit-set",
    "bit-vec",
    "bitflags",
    "chacha20",
    "cpufeatures",
    "embedded-io",
    "getrandom",
    "hashbrown",
    "io-lifetimes",
    "parking_lot",
    "parking_lot_core",
    "phf",
    "phf_shared",
    "prettyplease",
    "rand",
    "rand_chacha",
    "rand_core",
    "syn",
    "synstructure",
    "wasm-encoder",
    "wasm-metadata",
    "wasmparser",
    "wit-bindgen",
    "wit-component",
    "wit-parser",
];

/// Only parts of these are built, and only where they are the system's.
const OTHER_SYSTEMS: [&str; 3] = ["windows", "r-efi", "redox_syscall"];

fn tree() -> Result<Metadata> {
    let metadata = MetadataCommand::new().exec()?;
    ensure!(
        metadata.packages.len() > 100,
        "the tree cannot be that small"
    );
    Ok(metadata)
}

#[test]
fn every_dependency_has_an_allowed_licence() -> Result<()> {
    let allowed: Vec<Licensee> = ALLOWED
        .iter()
        .map(|name| Licensee::parse(name).with_context(|| format!("licence {name}")))
        .collect::<Result<_>>()?;
    let is_allowed = |wanted: &LicenseReq| allowed.iter().any(|one| one.satisfies(wanted));
    let metadata = tree()?;
    let mut refused = Vec::new();
    for package in &metadata.packages {
        let verdict = match package.license.as_deref() {
            None => Some("names no licence".to_owned()),
            Some(text) => match Expression::parse_mode(text, spdx::ParseMode::LAX) {
                Ok(expression) if expression.evaluate(is_allowed) => None,
                Ok(_) => Some(format!("is under {text}")),
                Err(fault) => Some(format!("has an unreadable licence {text}: {fault}")),
            },
        };
        if let Some(verdict) = verdict {
            refused.push(format!("{} {} {verdict}", package.name, package.version));
        }
    }
    println!("{} packages looked at", metadata.packages.len());
    ensure!(refused.is_empty(), "not allowed:\n{}", refused.join("\n"));
    Ok(())
}

#[test]
fn every_dependency_comes_from_the_public_registry() -> Result<()> {
    let metadata = tree()?;
    let members: BTreeSet<_> = metadata.workspace_members.iter().collect();
    for package in &metadata.packages {
        match &package.source {
            Some(source) => ensure!(
                source.repr == SOURCE,
                "{} {} comes from {source}",
                package.name,
                package.version
            ),
            None => ensure!(
                members.contains(&package.id),
                "{} is a folder outside the workspace",
                package.name
            ),
        }
    }
    Ok(())
}

#[test]
fn no_further_crate_is_in_the_tree_twice() -> Result<()> {
    let metadata = tree()?;
    let mut versions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for package in &metadata.packages {
        let of = versions.entry(package.name.as_str()).or_default();
        of.insert(package.version.to_string());
    }
    versions.retain(|name, of| of.len() > 1 && !OTHER_SYSTEMS.iter().any(|s| name.starts_with(s)));
    for (name, of) in &versions {
        ensure!(
            MORE_THAN_ONCE.contains(name),
            "{name} is in the tree as {of:?}: agree on one version, or name it in MORE_THAN_ONCE"
        );
    }
    for name in MORE_THAN_ONCE {
        ensure!(
            versions.contains_key(name),
            "{name} is in the tree once: take it out of MORE_THAN_ONCE"
        );
    }
    Ok(())
}
