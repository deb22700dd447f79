//! Shows the plug-ins that are installed, or one file.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::bail;
use linecard_model::manifest::HostWant;
use linecard_sandbox::Plugin;
use serde_json::json;

use super::options::ConfigOptions;
use super::say;
use super::setup::{load_plugins, sandbox};
use crate::reference::form;

/// Lists what is installed, as if nothing had been decided about any of it.
pub(super) async fn installed(options: &ConfigOptions, as_json: bool) -> anyhow::Result<()> {
    let config = options.load()?;
    let plugins = load_plugins(&config).await?;
    let all: Vec<_> = plugins
        .all()
        .map(|p| (&p.plugin, p.source.to_string()))
        .collect();
    show(&all, as_json)?;
    for problem in plugins.problems() {
        eprintln!("linecard: {}: {}", problem.file, problem.reason);
    }
    if plugins.problems().is_empty() {
        Ok(())
    } else {
        bail!(
            "{} of the plug-in files cannot be used",
            plugins.problems().len()
        )
    }
}

/// Shows what a file is, and what it would be granted.
pub(super) async fn inspect(
    options: &ConfigOptions,
    file: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    let config = options.load()?;
    let plugin = sandbox(&config)?.load_file(file).await?;
    show(&[(&plugin, file.display().to_string())], as_json)
}

fn show(plugins: &[(&Plugin, String)], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let list: Vec<_> = plugins
            .iter()
            .map(|(plugin, source)| {
                let facts = plugin.facts();
                json!({
                    "manifest": plugin.manifest(),
                    "source": source,
                    "sha256": plugin.file_hash(),
                    "bytes": facts.bytes,
                    "imports": facts.imports,
                    "exports": facts.exports,
                    "wants": plugin.wants(),
                })
            })
            .collect();
        say(&serde_json::to_string_pretty(&list)?);
    } else {
        let texts: Vec<String> = plugins
            .iter()
            .map(|(plugin, source)| text(plugin, source))
            .collect::<Result<_, _>>()?;
        say(&texts.join("\n"));
    }
    Ok(())
}

/// What an operator wants to know before a plug-in is used.
fn text(plugin: &Plugin, source: &str) -> Result<String, std::fmt::Error> {
    let (manifest, facts) = (plugin.manifest(), plugin.facts());
    let mut out = String::new();
    let kind = if manifest.connector.is_some() {
        "connector"
    } else {
        "analyzer"
    };
    writeln!(
        out,
        "{} {} ({kind}, {source})",
        manifest.id, manifest.version
    )?;
    writeln!(out, "  {}", manifest.description)?;
    writeln!(out, "  sha256: {}", plugin.file_hash())?;
    writeln!(
        out,
        "  contract {}, {} bytes, begins with {} KiB of memory",
        manifest.contract,
        facts.bytes,
        facts.memory_bytes >> 10
    )?;
    for (what, names) in [("imports", &facts.imports), ("exports", &facts.exports)] {
        writeln!(out, "  {what}: {}", names.join(", "))?;
    }
    if let Some(connector) = &manifest.connector {
        for want in &connector.secrets {
            let need = if want.required { "" } else { ", optional" };
            writeln!(
                out,
                "  secret {}{need}: {}. {}{}",
                want.name,
                want.title,
                want.hint,
                form(want.kind)
            )?;
        }
        for want in &connector.hosts {
            match want {
                HostWant::Exact(host) => writeln!(out, "  calls {host}")?,
                HostWant::FromConfig(pointer) => {
                    writeln!(
                        out,
                        "  calls the host of config{}",
                        pointer.replace('/', ".")
                    )?;
                }
            }
        }
        let actions: Vec<&str> = connector.actions.iter().map(|a| a.kind.as_str()).collect();
        writeln!(out, "  can: {}", actions.join(", "))?;
    }
    if let Some(properties) = manifest
        .config_schema
        .get("properties")
        .and_then(|p| p.as_object())
    {
        let required = manifest.config_schema.get("required");
        let is_required = |name: &String| {
            let names = required.and_then(|r| r.as_array()).into_iter().flatten();
            names.into_iter().any(|n| n.as_str() == Some(name.as_str()))
        };
        for (name, schema) in properties {
            let need = if is_required(name) { "" } else { ", optional" };
            let description = schema.get("description").and_then(|d| d.as_str());
            writeln!(out, "  config {name}{need}: {}", description.unwrap_or(""))?;
        }
    }
    Ok(out)
}
