//! Lays out a new installation: two files to edit, a data folder, the first administrator.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use linecard_hub::configure::{SecretValues, parse_site};
use linecard_model::AgentId;
use secrecy::{ExposeSecret as _, SecretString};

use super::options::ConfigOptions;
use super::setup::{configure, foundation, load_plugins, store_folder};
use super::{admin_key, say};
use crate::config::{DEFAULT_FILE, ServerConfig};
use crate::reference;

const SITE: &str = include_str!("init/site.toml");
/// The administrator of the example site file.
const ADMIN: &str = "admin";
/// Characters that are told apart when they are read aloud or typed from paper.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Where to lay it out.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The folder of the two files
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Print all keys of both files, or of one, with their meanings and defaults, and write nothing
    #[arg(
        long,
        value_enum,
        value_name = "FILE",
        num_args = 0..=1,
        default_missing_value = "both",
        conflicts_with = "folder"
    )]
    reference: Option<Reference>,
}

/// Of which file all keys are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reference {
    /// How the process is set up
    #[value(name = "linecard.toml")]
    Server,
    /// What the site consists of, with what each installed plug-in takes
    #[value(name = "site.toml")]
    Site,
    /// Both, one after the other
    Both,
}

impl Init {
    /// Whether it only prints.
    pub(super) fn is_reference(&self) -> bool {
        self.reference.is_some()
    }

    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        if let Some(which) = self.reference {
            return which.print(options).await;
        }
        let server_text = reference::server()?;
        let server = self.folder.join(DEFAULT_FILE);
        let site = self.folder.join("site.toml");
        for file in [&server, &site] {
            if file.exists() {
                bail!("{} is there already; nothing was changed", file.display());
            }
        }
        let mut config = ServerConfig::parse(&server, &server_text)?;
        if let Some(data) = &options.data {
            config.data.clone_from(data);
        }
        config.plugins.clone_from(&options.plugins);
        if store_folder(&config).exists() {
            bail!(
                "the data folder {} is in use already; nothing was changed. `linecard key administrator` makes a way into it",
                config.data.display()
            );
        }
        let site_config = parse_site(&site.display().to_string(), SITE)?.value;
        std::fs::create_dir_all(&self.folder)
            .with_context(|| format!("{} cannot be made", self.folder.display()))?;
        let foundation = foundation(&config).await?;
        let password = password()?;
        let mut values = SecretValues::default();
        values.agents.insert(AgentId::new(ADMIN)?, password.clone());
        configure(&foundation, site_config, &values).await?;
        admin_key::create(&config.data)?;
        write(&server, &server_text)?;
        write(&site, SITE)?;
        // The written file names the data folder beside it; another one has to be named again.
        let data = options.data.as_ref();
        let data = data.map_or_else(String::new, |data| format!(" --data {}", data.display()));
        say(&format!(
            "Wrote {server} and {site}.\n\
             The administrator's name is \"{ADMIN}\" and the password:\n\n    {password}\n\n\
             It is shown only now. Run the hub with `linecard serve --config {server}{data}`,\n\
             edit {site} and apply it with `linecard apply {site} --config {server}{data}`,\n\
             which uses the administrator's key in {key}.\n\
             `linecard init --reference site.toml` prints all that {site} may say.",
            server = server.display(),
            site = site.display(),
            password = password.expose_secret(),
            key = admin_key::file(&config.data).display(),
        ));
        Ok(())
    }
}

impl Reference {
    async fn print(self, options: &ConfigOptions) -> anyhow::Result<()> {
        if self == Self::Server {
            say(reference::server()?.trim_end());
            return Ok(());
        }
        let mut config = options.load()?;
        // Compiled code is kept where a hub is; where none is, nothing is left behind.
        let passing = tempfile::tempdir()?;
        if !config.data.exists() {
            passing.path().clone_into(&mut config.data);
        }
        let plugins = load_plugins(&config).await?;
        let manifests = plugins.all().map(|installed| installed.plugin.manifest());
        let text = match self {
            Self::Site => reference::site(manifests)?,
            Self::Both | Self::Server => reference::both(manifests)?,
        };
        say(text.trim_end());
        Ok(())
    }
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}

/// A password of 100 random bits.
fn password() -> anyhow::Result<SecretString> {
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
    let text: Vec<String> = bytes
        .chunks(5)
        .map(|part| {
            // A byte modulo 32 is even, and there are 32 characters.
            part.iter()
                .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
                .map(|c| char::from(*c))
                .collect()
        })
        .collect();
    Ok(text.join("-").into())
}
