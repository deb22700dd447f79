//! Builds the bundled plug-ins and writes the table that [`linecard`] embeds them by.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// The bundled plug-ins' packages.
const PACKAGES: [&str; 11] = [
    "linecard-classifier",
    "linecard-facebook",
    "linecard-influence",
    "linecard-instagram",
    "linecard-keywords",
    "linecard-language",
    "linecard-messenger",
    "linecard-open-messaging",
    "linecard-sentiment",
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
    let table_file = Path::new(&out_dir).join("bundled.rs");
    std::fs::write(&table_file, table)
        .map_err(|e| format!("{} cannot be written: {e}", table_file.display()))
}
