//! The program: its commands, and what they share.

mod admin_key;
mod apply;
mod backup;
#[cfg(feature = "simulator")]
mod demo;
mod doctor;
mod handles;
mod init;
mod key;
mod log;
mod options;
mod plugins;
mod rotate;
mod serve;
mod setup;
mod signals;
#[cfg(feature = "simulator")]
mod simulate;
mod storage;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use linecard_hub::configure::{ConfigureError, Problems};

pub use options::ConfigOptions;

/// A self-hosted channel hub for customer care.
#[derive(Debug, Parser)]
#[command(name = "linecard", version, about, long_about = None)]
struct Cli {
    #[command(flatten)]
    options: ConfigOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the hub (also without any command)
    Serve,
    /// Write linecard.toml and site.toml, and make the first administrator
    Init(init::Init),
    /// Apply a site file, to the running hub or to a data folder
    Apply(apply::Apply),
    /// Look at the hub from outside in, and say what should be seen to
    Doctor(doctor::Doctor),
    /// Make a way back in, with access to the machine
    #[command(subcommand)]
    Key(key::Key),
    /// List the plug-ins that are installed, or look at one file
    Plugins(plugins::PluginsCommand),
    /// Check that the data folder is whole
    Check,
    /// Save everything, from a running hub too, into a folder that `restore` reads
    Backup(backup::Backup),
    /// Fill an empty data folder from a backup
    Restore(backup::Restore),
    /// Write everything that the data folder holds to a file
    Export(storage::Export),
    /// Fill an empty data folder from such a file
    Import(storage::Import),
    /// Make the views anew from the journal
    Rebuild,
    /// Write the data anew, so that nothing of what was erased is left on the disk
    Compact,
    /// Run a simulated network to develop against
    #[cfg(feature = "simulator")]
    #[command(subcommand)]
    Simulate(simulate::Simulate),
    /// Show the hub at work, with simulated networks, customers and agents
    #[cfg(feature = "simulator")]
    Demo(demo::Demo),
    /// Print the description of the HTTP API (OpenAPI 3.1)
    Openapi,
}

/// How a command that did not succeed ends.
const FAILED: u8 = 1;
/// How a command ends whose options or configuration are wrong; clap's own errors end so, too.
const MISCONFIGURED: u8 = 2;

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("linecard: the system gives no threads: {error}");
            return ExitCode::from(FAILED);
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report(&error);
            ExitCode::from(code(&error))
        }
    }
}

/// Runs a command; how it ends, if it did what it was to do.
async fn run(cli: Cli) -> anyhow::Result<u8> {
    let options = &cli.options;
    let done = match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(options).await,
        Command::Init(init) => init.run(options).await,
        Command::Apply(apply) => return apply.run(options).await,
        Command::Doctor(doctor) => return doctor.run(options).await,
        Command::Key(key) => key.run(options).await,
        Command::Plugins(plugins) => plugins.run(options).await,
        Command::Check => storage::check(options),
        Command::Backup(backup) => backup.run(options).await,
        Command::Restore(restore) => restore.run(options).await,
        Command::Export(export) => export.run(options),
        Command::Import(import) => import.run(options).await,
        Command::Rebuild => storage::rebuild(options).await,
        Command::Compact => storage::compact(options).await,
        #[cfg(feature = "simulator")]
        Command::Simulate(simulate) => simulate.run().await,
        #[cfg(feature = "simulator")]
        Command::Demo(demo) => demo.run(options).await,
        Command::Openapi => {
            say(&format!("{:#}", linecard_api::openapi()));
            Ok(())
        }
    };
    done.map(|()| 0)
}

/// Prints a result. It goes to standard output, everything else to standard error.
fn say(text: &str) {
    use std::io::Write as _;
    // A reader that has gone away (`| head`) has what it wanted.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Says what went wrong, and why, without a backtrace.
fn report(error: &anyhow::Error) {
    let mut told = error.to_string();
    eprintln!("linecard: {told}");
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        // Many errors repeat their cause.
        if !told.contains(&text) {
            eprintln!("  because: {text}");
        }
        told = text;
    }
}

fn code(error: &anyhow::Error) -> u8 {
    let is_configuration = error.chain().any(|cause| {
        cause.is::<Problems>()
            || matches!(
                cause.downcast_ref::<ConfigureError>(),
                Some(ConfigureError::Problems(_))
            )
    });
    if is_configuration {
        MISCONFIGURED
    } else {
        FAILED
    }
}
