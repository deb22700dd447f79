//! Lays out the project of a new plug-in, from the templates of the SDK.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use linecard_model::PluginId;

use crate::cli::say;
use crate::templates::{ANALYZER, CONNECTOR, TOOLCHAIN};

/// The longest name: file names and crates are made of it.
const LONGEST: usize = 40;
/// Where the templates say that the SDK is.
const PLACE: &str = "{ path = \"SDK_PATH\" }";
const TESTKIT_PLACE: &str = "{ path = \"SDK_PATH/testkit\", default-features = false }";

/// What a plug-in is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// It speaks a network's language
    Connector,
    /// It reads messages and labels them
    Analyzer,
}

/// What to lay out.
#[derive(Debug, Args)]
pub(super) struct New {
    /// The plug-in's id: small letters, digits and single hyphens, such as `acme`
    #[arg(value_parser = name)]
    name: String,
    /// What it is for
    #[arg(long, value_enum)]
    kind: Kind,
    /// The folder to make; one of the plug-in's name here if absent
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
    /// Where the SDK is: the folder `sdk` of a checkout, or the address of a Git repository that has it. The
    /// checkout around the present folder if absent
    #[arg(long, env = "LINECARD_SDK", value_name = "FOLDER|URL")]
    sdk: Option<String>,
    /// Which commit, tag or branch of the Git repository
    #[arg(long, requires = "sdk", value_name = "REVISION")]
    sdk_rev: Option<String>,
}

fn name(text: &str) -> Result<String, String> {
    let is_of_words = text.split('-').all(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    });
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
    if !is_of_words || !begins || text.len() > LONGEST || PluginId::new(text).is_err() {
        return Err(format!(
            "a name has small letters, digits and single hyphens, begins with a letter and has at most \
             {LONGEST} characters"
        ));
    }
    Ok(text.to_owned())
}

/// The SDK as a manifest names it.
enum Sdk {
    Folder(PathBuf),
    Git { url: String, rev: Option<String> },
}

impl New {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let sdk = self.sdk()?;
        let folder = self
            .path
            .clone()
            .unwrap_or_else(|| self.name.clone().into());
        let is_taken = folder.exists()
            && folder
                .read_dir()
                .map_or(true, |mut entries| entries.next().is_some());
        if is_taken {
            bail!(
                "{} is there already: give another folder with --path, or remove it",
                folder.display()
            );
        }
        for (file, content) in self.files(&sdk)? {
            let file = folder.join(file);
            let written = file
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(&file, content));
            written.with_context(|| format!("{} cannot be written", file.display()))?;
        }
        say(&format!(
            "{folder} holds the plug-in {name}, which works as it stands:\n  \
             cd {folder}\n  \
             cargo test                # runs your code natively on tests/golden\n  \
             linecard plugin test .    # builds the component, and runs it in the hub's sandbox\n\
             src/lib.rs is the plug-in; begin with what it says of itself in `describe`.",
            folder = folder.display(),
            name = self.name,
        ));
        Ok(())
    }

    fn sdk(&self) -> anyhow::Result<Sdk> {
        let is_address = |text: &str| text.contains("://") || text.starts_with("git@");
        match &self.sdk {
            Some(url) if is_address(url) => Ok(Sdk::Git {
                url: url.clone(),
                rev: self.sdk_rev.clone(),
            }),
            Some(_) if self.sdk_rev.is_some() => {
                bail!("--sdk-rev is for a Git repository, and --sdk names a folder")
            }
            Some(folder) => {
                let folder = Path::new(folder);
                let Some(sdk) = is_sdk(folder).or_else(|| is_sdk(&folder.join("sdk"))) else {
                    bail!(
                        "{} is not the SDK: give the folder `sdk` of a checkout of Linecard",
                        folder.display()
                    );
                };
                Ok(Sdk::Folder(sdk))
            }
            None => {
                let here = std::env::current_dir().context("the present folder")?;
                let found = here
                    .ancestors()
                    .find_map(|folder| is_sdk(&folder.join("sdk")));
                let Some(sdk) = found else {
                    bail!(
                        "where is the SDK? Give --sdk (or LINECARD_SDK) the folder `sdk` of a checkout of \
                         Linecard, or the address of its Git repository"
                    );
                };
                Ok(Sdk::Folder(sdk))
            }
        }
    }

    /// The files of the project.
    fn files(&self, sdk: &Sdk) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let template = match self.kind {
            Kind::Connector => CONNECTOR,
            Kind::Analyzer => ANALYZER,
        };
        let mut files = vec![
            (
                "rust-toolchain.toml".to_owned(),
                TOOLCHAIN.as_bytes().to_vec(),
            ),
            (".gitignore".to_owned(), b"/target\n/data\n".to_vec()),
        ];
        for (file, content) in template {
            let content = match std::str::from_utf8(content) {
                Ok(text) => {
                    let text = self.named(text);
                    match *file {
                        "Cargo.toml" => at(&text, sdk)?,
                        _ => text,
                    }
                    .into_bytes()
                }
                Err(_) => content.to_vec(),
            };
            files.push(((*file).to_owned(), content));
        }
        Ok(files)
    }

    /// The template's text with the plug-in's name in the place of the template's own.
    fn named(&self, text: &str) -> String {
        let name = &self.name;
        let words = name.split('-').map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        });
        let of_type: String = words.collect();
        let snake = name.replace('-', "_");
        match self.kind {
            Kind::Connector => text
                .replace("acme-connector", &format!("{name}-connector"))
                .replace("acme_connector", &format!("{snake}_connector"))
                .replace("Acme", &of_type)
                .replace("acme", name),
            Kind::Analyzer => text
                .replace("question-analyzer", &format!("{name}-analyzer"))
                .replace("question_analyzer", &format!("{snake}_analyzer"))
                .replace("\"questions\"", &format!("{name:?}")),
        }
    }
}

/// The SDK's folder with its whole path, if it is that.
fn is_sdk(folder: &Path) -> Option<PathBuf> {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let is_it = manifest
        .lines()
        .any(|line| line == "name = \"linecard-sdk\"");
    folder.canonicalize().ok().filter(|_| is_it)
}

/// A template's manifest with the place of the SDK.
fn at(manifest: &str, sdk: &Sdk) -> anyhow::Result<String> {
    // A TOML string takes what a Debug string of these characters is.
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let (of_sdk, of_testkit) = match sdk {
        Sdk::Folder(folder) => {
            let text = |folder: &Path| {
                let text = folder.to_str().map(&quoted);
                text.with_context(|| format!("{} is not UTF-8", folder.display()))
            };
            (
                format!("{{ path = {} }}", text(folder)?),
                format!(
                    "{{ path = {}, default-features = false }}",
                    text(&folder.join("testkit"))?
                ),
            )
        }
        Sdk::Git { url, rev } => {
            let rev = rev.as_deref().map(|rev| format!(", rev = {}", quoted(rev)));
            let place = format!("git = {}{}", quoted(url), rev.unwrap_or_default());
            (
                format!("{{ {place} }}"),
                format!("{{ {place}, default-features = false }}"),
            )
        }
    };
    Ok(manifest
        .replace(TESTKIT_PLACE, &of_testkit)
        .replace(PLACE, &of_sdk))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str, kind: Kind) -> New {
        New {
            name: name.to_owned(),
            kind,
            path: None,
            sdk: None,
            sdk_rev: None,
        }
    }

    fn file(new: &New, sdk: &Sdk, file: &str) -> String {
        let files = new.files(sdk).unwrap();
        let (_, content) = files.into_iter().find(|(name, _)| name == file).unwrap();
        String::from_utf8(content).unwrap()
    }

    #[test]
    fn a_plug_in_has_its_own_name_everywhere() {
        let new = new("big-chat", Kind::Connector);
        let sdk = Sdk::Folder("/a \"b\"/sdk".into());
        for (name, content) in new.files(&sdk).unwrap() {
            let content = String::from_utf8(content).unwrap();
            assert!(
                !content.to_lowercase().contains("acme"),
                "{name}: {content}"
            );
            assert!(!content.contains("SDK_PATH"), "{name}: {content}");
        }
        let manifest: toml::Table = toml::from_str(&file(&new, &sdk, "Cargo.toml")).unwrap();
        assert_eq!(
            manifest["package"]["name"].as_str(),
            Some("big-chat-connector")
        );
        let path = manifest["dependencies"]["linecard-sdk"]["path"].as_str();
        assert_eq!(path, Some("/a \"b\"/sdk"));
        let code = file(&new, &sdk, "src/lib.rs");
        assert!(code.contains("impl Connector for BigChat {"), "{code}");
    }

    #[test]
    fn the_sdk_can_come_from_a_repository() {
        let new = new("mood", Kind::Analyzer);
        let sdk = Sdk::Git {
            url: "https://git.example/linecard.git".to_owned(),
            rev: Some("v1".to_owned()),
        };
        let manifest: toml::Table = toml::from_str(&file(&new, &sdk, "Cargo.toml")).unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("mood-analyzer"));
        for (table, name) in [
            ("dependencies", "linecard-sdk"),
            ("dev-dependencies", "linecard-testkit"),
        ] {
            let place = &manifest[table][name];
            assert_eq!(
                place["git"].as_str(),
                Some("https://git.example/linecard.git")
            );
            assert_eq!(place["rev"].as_str(), Some("v1"));
        }
        assert!(file(&new, &sdk, "src/lib.rs").contains("\"mood\","));
    }

    #[test]
    fn names_that_no_crate_can_have_are_refused() {
        for bad in [
            "",
            "Acme",
            "1st",
            "a--b",
            "-a",
            "a-",
            "a b",
            "../a",
            &"a".repeat(41),
        ] {
            assert!(name(bad).is_err(), "{bad}");
        }
        for good in ["a", "acme", "big-chat2"] {
            assert_eq!(name(good).as_deref(), Ok(good));
        }
    }
}
