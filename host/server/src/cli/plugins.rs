//! Lists the plug-ins that are installed, or looks at one file.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use linecard_model::manifest::{HostWant, Manifest};

use super::options::ConfigOptions;
use super::say;
use super::setup::{load_plugins, sandbox};
use crate::reference::form;

/// What to look at.
#[derive(Debug, Args)]
pub(super) struct PluginsCommand {
    /// A plug-in file to look at, in place of those that are installed
    file: Option<PathBuf>,
    /// Print the whole manifests as JSON
    #[arg(long)]
    json: bool,
}

impl PluginsCommand {
    /// Whether it looks at a file, and not at what is installed.
    pub(super) fn is_about_a_file(&self) -> bool {
        self.file.is_some()
    }

    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let config = options.load()?;
        if let Some(file) = &self.file {
            let plugin = sandbox(&config)?.load_file(file).await?;
            let source = file.display().to_string();
            return self.show(&[(plugin.manifest(), source, plugin.file_hash())]);
        }
        let plugins = load_plugins(&config).await?;
        let all: Vec<_> = plugins
            .all()
            .map(|p| {
                (
                    p.plugin.manifest(),
                    p.source.to_string(),
                    p.plugin.file_hash(),
                )
            })
            .collect();
        self.show(&all)?;
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

    fn show(&self, plugins: &[(&Manifest, String, &str)]) -> anyhow::Result<()> {
        if self.json {
            let list: Vec<_> = plugins
                .iter()
                .map(|(manifest, source, hash)| {
                    serde_json::json!({"manifest": manifest, "source": source, "sha256": hash})
                })
                .collect();
            say(&serde_json::to_string_pretty(&list)?);
        } else {
            let texts: Vec<String> = plugins
                .iter()
                .map(|(manifest, source, hash)| text(manifest, source, hash))
                .collect::<Result<_, _>>()?;
            say(&texts.join("\n"));
        }
        Ok(())
    }
}

/// What an operator wants to know before a plug-in is used.
fn text(manifest: &Manifest, source: &str, hash: &str) -> Result<String, std::fmt::Error> {
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
    writeln!(out, "  sha256: {hash}")?;
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
