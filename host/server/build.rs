//! Builds the bundled plug-ins and writes the table that [`linecard`] embeds them by.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The bundled plug-ins' packages.
const PACKAGES: [&str; 12] = [
    "linecard-classifier",
    "linecard-facebook",
    "linecard-influence",
    "linecard-instagram",
    "linecard-keywords",
    "linecard-language",
    "linecard-messenger",
    "linecard-open-messaging",
    "linecard-sentiment",
    "linecard-telegram",
    "linecard-whatsapp",
    "linecard-x",
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("cargo::error={problem}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    // Cargo sets both for every build script.
    let manifest_dir = std::env::var("CARGO_MANIFEST_DIR").map_err(|e| e.to_string())?;
    let out_dir = std::env::var("OUT_DIR").map_err(|e| e.to_string())?;
    let root = Path::new(&manifest_dir).join("../..");
    let plugins = linecard_build::build_plugins_in_build_script(&PACKAGES, &root)
        .map_err(|e| e.to_string())?;
    let mut table = String::from("&[\n");
    for plugin in plugins {
        let name = plugin
            .package
            .strip_prefix("linecard-")
            .unwrap_or(&plugin.package);
        let file = Path::new(&out_dir).join(format!("{name}.wasm"));
        std::fs::copy(&plugin.wasm_path, &file)
            .map_err(|e| format!("{} cannot be copied: {e}", plugin.wasm_path.display()))?;
        let file = file
            .to_str()
            .ok_or_else(|| format!("{} is not UTF-8", file.display()))?;
        // Debug formatting writes a string literal with the escapes that the path needs.
        writeln!(table, "    ({name:?}, include_bytes!({file:?})),").map_err(|e| e.to_string())?;
    }
    table.push_str("]\n");
    write(&Path::new(&out_dir).join("bundled.rs"), &table)?;
    for kind in ["connector", "analyzer"] {
        let folder = root.join("sdk/templates").join(kind);
        let file = Path::new(&out_dir).join(format!("template-{kind}.rs"));
        write(&file, &template(&folder)?)?;
    }
    Ok(())
}

fn write(file: &Path, content: &str) -> Result<(), String> {
    std::fs::write(file, content).map_err(|e| format!("{} cannot be written: {e}", file.display()))
}

/// The table of a template's files, by their paths inside its folder.
fn template(folder: &Path) -> Result<String, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    let folder = folder.canonicalize().map_err(failed)?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    collect(&folder, &mut files).map_err(failed)?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let inside = file.strip_prefix(&folder).map_err(|e| e.to_string())?;
        let (inside, file) = (inside.to_str(), file.to_str());
        let (Some(inside), Some(file)) = (inside, file) else {
            return Err(format!("{} has names that are not UTF-8", folder.display()));
        };
        // Slashes on every system: the project may be laid out on another.
        let inside = inside.replace('\\', "/");
        writeln!(table, "    ({inside:?}, include_bytes!({file:?})),")
            .map_err(|e| e.to_string())?;
    }
    table.push_str("]\n");
    Ok(table)
}

/// The files of a folder that make up a template; what building one there has left behind is none.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name == "Cargo.lock" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
