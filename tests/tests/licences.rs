//! Every crate that is linked or built allows what this project does with it.

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::MetadataCommand;
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

#[test]
fn every_dependency_has_an_allowed_licence() -> Result<()> {
    let allowed: Vec<Licensee> = ALLOWED
        .iter()
        .map(|name| Licensee::parse(name).with_context(|| format!("licence {name}")))
        .collect::<Result<_>>()?;
    let is_allowed = |wanted: &LicenseReq| allowed.iter().any(|one| one.satisfies(wanted));
    let metadata = MetadataCommand::new().exec()?;
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
    ensure!(
        metadata.packages.len() > 100,
        "the tree cannot be that small"
    );
    ensure!(refused.is_empty(), "not allowed:\n{}", refused.join("\n"));
    Ok(())
}
