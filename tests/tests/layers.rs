//! The crates of the hub depend on those below them only, and the lowest ones on no runtime.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package, PackageId};

/// The folder of each crate under `host/`, lowest first, with the crates of this repository that it
/// may use. A crate that is not here has no place yet: give it one.
const LAYERS: [(&str, &[&str]); 17] = [
    ("model", &[]),
    ("router", &["linecard-model"]),
    ("rules", &["linecard-model"]),
    ("store", &["linecard-model"]),
    ("store-sled", &["linecard-model", "linecard-store"]),
    ("search", &["linecard-model"]),
    ("schema", &["linecard-model"]),
    ("sandbox", &["linecard-model", "linecard-schema"]),
    (
        "site",
        &[
            "linecard-model",
            "linecard-router",
            "linecard-rules",
            "linecard-sandbox",
            "linecard-store",
            "linecard-text",
        ],
    ),
    (
        "traffic",
        &[
            "linecard-model",
            "linecard-sandbox",
            "linecard-site",
            "linecard-store",
        ],
    ),
    (
        "vault",
        &[
            "linecard-model",
            "linecard-sandbox",
            "linecard-site",
            "linecard-store",
        ],
    ),
    (
        "webhooks",
        &[
            "linecard-model",
            "linecard-sandbox",
            "linecard-site",
            "linecard-store",
            "linecard-vault",
        ],
    ),
    (
        "hub",
        &[
            "linecard-model",
            "linecard-rules",
            "linecard-sandbox",
            "linecard-schema",
            "linecard-search",
            "linecard-site",
            "linecard-store",
            "linecard-traffic",
            "linecard-vault",
        ],
    ),
    ("desk", &[]),
    (
        "api",
        &[
            "linecard-desk",
            "linecard-hub",
            "linecard-model",
            "linecard-router",
            "linecard-rules",
            "linecard-sandbox",
            "linecard-search",
            "linecard-site",
            "linecard-store",
            "linecard-traffic",
            "linecard-vault",
            "linecard-webhooks",
        ],
    ),
    ("simulator", &["linecard-text"]),
    (
        "server",
        &[
            "linecard-api",
            "linecard-build",
            "linecard-hub",
            "linecard-model",
            "linecard-sandbox",
            "linecard-schema",
            "linecard-simulator",
            "linecard-site",
            "linecard-store",
            "linecard-store-sled",
            "linecard-testkit",
            "linecard-text-model",
            "linecard-traffic",
            "linecard-vault",
        ],
    ),
];

/// Crates that are pure: they decide, and wait for nothing.
const PURE: [&str; 3] = ["linecard-model", "linecard-router", "linecard-rules"];

fn metadata() -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    Ok(command.features(CargoOpt::AllFeatures).exec()?)
}

/// The crates under `host/`, by their folders.
fn host(metadata: &Metadata) -> BTreeMap<String, &Package> {
    let root = metadata.workspace_root.join("host");
    metadata
        .workspace_packages()
        .into_iter()
        .filter_map(|package| {
            let folder = package.manifest_path.parent()?.strip_prefix(&root).ok()?;
            Some((folder.to_string(), package))
        })
        .collect()
}

#[test]
fn dependencies_point_downwards() -> Result<()> {
    let metadata = metadata()?;
    let own: BTreeSet<&str> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut faults = Vec::new();
    let found = host(&metadata);
    for (folder, package) in &found {
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| name == folder) else {
            faults.push(format!("host/{folder} has no place in the layers"));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            // Tests may use what they like.
            if dependency.kind != DependencyKind::Development
                && own.contains(name)
                && !allowed.contains(&name)
            {
                faults.push(format!("host/{folder} may not depend on {name}"));
            }
        }
    }
    for (folder, _) in LAYERS {
        if !found.contains_key(folder) {
            faults.push(format!("host/{folder} is in the layers but not there"));
        }
    }
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[test]
fn the_simulator_is_used_for_its_feature_only() -> Result<()> {
    let metadata = metadata()?;
    let found = host(&metadata);
    let server = found.get("server").context("there is no host/server")?;
    let simulator = server
        .dependencies
        .iter()
        .find(|d| d.name == "linecard-simulator" && d.kind == DependencyKind::Normal)
        .context("host/server does not depend on the simulator")?;
    ensure!(
        simulator.optional,
        "the program cannot be built without the simulator"
    );
    Ok(())
}

#[test]
fn pure_crates_need_no_runtime() -> Result<()> {
    let metadata = metadata()?;
    let graph = metadata.resolve.as_ref().context("no dependency graph")?;
    let names: BTreeMap<&PackageId, &str> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.as_str()))
        .collect();
    let nodes: BTreeMap<&PackageId, _> = graph.nodes.iter().map(|node| (&node.id, node)).collect();
    for pure in PURE {
        let start = names
            .iter()
            .find(|(_, name)| **name == pure)
            .with_context(|| format!("there is no {pure}"))?;
        let mut waiting = vec![*start.0];
        let mut seen = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            ensure!(
                names.get(id) != Some(&"tokio"),
                "{pure} depends on tokio in the end"
            );
            let node = nodes.get(id).context("a package without dependencies")?;
            waiting.extend(
                node.deps
                    .iter()
                    .filter(|dep| {
                        dep.dep_kinds
                            .iter()
                            .any(|kind| kind.kind == DependencyKind::Normal)
                    })
                    .map(|dep| &dep.pkg),
            );
        }
        ensure!(seen.len() > 1, "{pure} cannot depend on nothing");
    }
    Ok(())
}
