//! Embeds the files of `web/`, each as it is and compressed, with the hash by which browsers know whether they
//! have it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context as _, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

fn main() -> Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("web");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut list = String::from("&[\n");
    for (number, file) in files.iter().enumerate() {
        let name = file
            .strip_prefix(&root)?
            .to_str()
            .context("a file's name is no text")?;
        let kind = kind(name)?;
        let content = fs::read(file)?;
        let hash = hex::encode(&Sha256::digest(&content)[..16]);
        let zipped = out.join(format!("{number}.gz"));
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&content)?;
        fs::write(&zipped, encoder.finish()?)?;
        writeln!(
            list,
            "    File {{ name: {name:?}, kind: {kind:?}, hash: {hash:?}, content: include_bytes!({:?}), \
             zipped: include_bytes!({:?}) }},",
            file.to_str().context("a file's name is no text")?,
            zipped.to_str().context("a folder's name is no text")?
        )?;
    }
    list.push(']');
    fs::write(out.join("files.rs"), list)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn kind(name: &str) -> Result<&'static str> {
    Ok(match Path::new(name).extension().and_then(|e| e.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => bail!("web/{name} is of a kind that the desk does not serve: name it in build.rs"),
    })
}
