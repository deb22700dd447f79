//! The options that every command takes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use linecard_hub::configure::Problems;

use crate::config::{DEFAULT_FILE, LogFormat, ServerConfig, address, log_filter};

fn log_level(text: &str) -> Result<String, String> {
    log_filter(text).map(|_| text.to_owned())
}

/// Where the configuration is, and what goes before it.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigOptions {
    /// The configuration file; `linecard.toml` is read if it is there
    #[arg(long, global = true, env = "LINECARD_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The folder of everything that the hub keeps
    #[arg(long, global = true, env = "LINECARD_DATA", value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// The plug-in folder
    #[arg(long, global = true, env = "LINECARD_PLUGINS", value_name = "FOLDER")]
    pub plugins: Option<PathBuf>,
    /// Where the hub listens
    #[arg(
        long,
        global = true,
        env = "LINECARD_LISTEN",
        value_name = "ADDRESS:PORT",
        value_parser = address
    )]
    pub listen: Option<SocketAddr>,
    /// What is logged: error, warn, info, debug, trace, or levels by module
    #[arg(
        long,
        global = true,
        env = "LINECARD_LOG",
        value_name = "LEVEL",
        value_parser = log_level
    )]
    pub log: Option<String>,
    /// How log lines look
    #[arg(
        long,
        global = true,
        env = "LINECARD_LOG_FORMAT",
        value_enum,
        value_name = "FORMAT"
    )]
    pub log_format: Option<LogFormat>,
}

impl ConfigOptions {
    /// The configuration: the file's, overruled by what stands here.
    pub fn load(&self) -> Result<ServerConfig, Problems> {
        let mut config = match &self.config {
            Some(file) => ServerConfig::load(file)?,
            None if Path::new(DEFAULT_FILE).exists() => {
                ServerConfig::load(Path::new(DEFAULT_FILE))?
            }
            None => ServerConfig::default(),
        };
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        if let Some(plugins) = &self.plugins {
            config.plugins = Some(plugins.clone());
        }
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        if let Some(level) = &self.log {
            config.log.level.clone_from(level);
        }
        if let Some(format) = self.log_format {
            config.log.format = format;
        }
        Ok(config)
    }
}
