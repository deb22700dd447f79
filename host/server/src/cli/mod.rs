//! The program: its commands, and what they share.

mod admin_key;
mod apply;
mod asked;
mod backup;
mod channel;
mod compile;
#[cfg(feature = "simulator")]
mod demo;
mod doctor;
mod handles;
mod hosted;
mod init;
mod key;
mod log;
mod options;
mod plugin;
mod plugins;
#[cfg(feature = "simulator")]
mod practice;
mod rotate;
mod rules;
mod serve;
mod setup;
mod signals;
#[cfg(feature = "simulator")]
mod simulate;
mod storage;
mod train;

use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args as _, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
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
    /// Check the rules of a site file, or try them with recorded messages
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Look at the hub from outside in, and say what should be seen to
    Doctor(doctor::Doctor),
    /// Make a way back in, with access to the machine
    #[command(subcommand)]
    Key(key::Key),
    /// Register channels at their networks, and take them off
    #[command(subcommand)]
    Channel(channel::Channel),
    /// Write and test plug-ins, look at them, approve them, go back to earlier versions
    #[command(visible_alias = "plugins")]
    Plugin(plugin::PluginCommand),
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
    /// Train a model that labels messages as people have labelled others
    Train(train::Train),
    /// Tell how good a model or an analyzer is, on texts that people have labelled or rated
    Evaluate(train::Evaluate),
    /// Print the description of the HTTP API (OpenAPI 3.1)
    Openapi,
    #[command(name = compile::NAME, hide = true)]
    Compile(compile::Compile),
}

impl Command {
    /// Those of [`ConfigOptions`] that it goes by.
    fn takes(&self) -> &'static [&'static str] {
        match self {
            Self::Init(init) if !init.is_reference() => &["data", "plugins"],
            Self::Plugin(plugin) if plugin.is_for_nothing() => &[],
            Self::Plugin(plugin) if plugin.is_about_a_file() => &["config", "data"],
            Self::Plugin(plugin) if plugin.is_for_a_hub() => &["config", "data", "listen"],
            Self::Plugin(_) => &["config", "data", "plugins"],
            Self::Train(train) if !train.is_on_history() => &[],
            _ => takes(self.name()),
        }
    }

    /// Those of its own options that it does not go by beside others that were given.
    fn leaves(&self) -> &'static [&'static str] {
        match self {
            // No key is asked for by a data folder.
            Self::Apply(apply) if apply.is_offline() => &["token_file"],
            Self::Train(train) if !train.is_on_history() => &["token_file", "url"],
            _ => &[],
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Init(_) => "init",
            Self::Apply(_) => "apply",
            Self::Rules(_) => "rules",
            Self::Doctor(_) => "doctor",
            Self::Key(_) => "key",
            Self::Channel(_) => "channel",
            Self::Plugin(_) => "plugin",
            Self::Check => "check",
            Self::Backup(_) => "backup",
            Self::Restore(_) => "restore",
            Self::Export(_) => "export",
            Self::Import(_) => "import",
            Self::Rebuild => "rebuild",
            Self::Compact => "compact",
            #[cfg(feature = "simulator")]
            Self::Simulate(_) => "simulate",
            #[cfg(feature = "simulator")]
            Self::Demo(_) => "demo",
            Self::Train(_) => "train",
            Self::Evaluate(_) => "evaluate",
            Self::Openapi => "openapi",
            Self::Compile(_) => compile::NAME,
        }
    }
}

/// The options that a command goes by, of those which stand before all commands.
fn takes(command: &str) -> &'static [&'static str] {
    match command {
        "serve" | "demo" => &["config", "data", "plugins", "listen", "log", "log_format"],
        "apply" | "plugin" => &["config", "data", "plugins", "listen"],
        "doctor" | "backup" | "rules" | "train" | "channel" => &["config", "data", "listen"],
        "init" | "evaluate" => &["config", "data", "plugins"],
        "simulate" | "openapi" | compile::NAME => &[],
        // What is done with a data folder.
        _ => &["config", "data"],
    }
}

/// The command line, with help for each command that shows only what it goes by.
fn command_line() -> clap::Command {
    let shared = ConfigOptions::augment_args(clap::Command::new("shared"));
    let mut all = Cli::command();
    let names: Vec<String> = all
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    for name in names {
        let taken = takes(&name);
        let idle = shared
            .get_arguments()
            .filter(|option| !taken.contains(&option.get_id().as_str()));
        let idle: Vec<_> = idle.map(|option| option.clone().hide(true)).collect();
        all = all.mut_subcommand(name, |command| command.args(idle));
    }
    all
}

/// An option that was written and that the command would not go by. What stands in the environment is
/// for whichever command goes by it.
fn ignored(command: &Command, matches: &ArgMatches) -> Option<clap::Error> {
    let mut innermost = matches;
    while let Some((_, inner)) = innermost.subcommand() {
        innermost = inner;
    }
    let shared = ConfigOptions::augment_args(clap::Command::new("shared"));
    let is_written = |id: &str| innermost.value_source(id) == Some(ValueSource::CommandLine);
    let shared = shared
        .get_arguments()
        .map(|option| option.get_id().as_str());
    let idle = shared.filter(|id| !command.takes().contains(id));
    let option = idle
        .chain(command.leaves().iter().copied())
        .find(|id| is_written(id))?;
    let option = option.replace('_', "-");
    let name = command.name();
    let hint = match (name, option.as_str()) {
        ("simulate", "listen") => "; --at says where the simulated network listens",
        ("init", "config") => "; it writes a configuration file, and --reference alone reads one",
        ("init", "listen") => {
            "; write it into the linecard.toml that it makes, or give it to `linecard serve`"
        }
        ("apply", "token-file") => " with --offline",
        ("train", _) => " without --history",
        ("plugin", "plugins") => " when it looks at one file, lays out a project or asks a hub",
        _ => "",
    };
    let text = format!("`linecard {name}` does not go by --{option}{hint}");
    Some(self::command_line().error(clap::error::ErrorKind::UnknownArgument, text))
}

/// How a command that did not succeed ends.
const FAILED: u8 = 1;
/// How a command ends whose options or configuration are wrong; clap's own errors end so, too.
const MISCONFIGURED: u8 = 2;

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let matches = command_line().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Some(error) = cli
        .command
        .as_ref()
        .and_then(|command| ignored(command, &matches))
    {
        error.exit();
    }
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
        Command::Compile(compile) => compile.run(),
        Command::Serve => serve::run(options).await,
        Command::Init(init) => init.run(options).await,
        Command::Apply(apply) => return apply.run(options).await,
        Command::Rules(rules) => return rules.run(options).await,
        Command::Doctor(doctor) => return doctor.run(options).await,
        Command::Key(key) => key.run(options).await,
        Command::Channel(channel) => channel.run(options).await,
        Command::Plugin(plugin) => plugin.run(options).await,
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
        Command::Train(train) => train.run(options).await,
        Command::Evaluate(evaluate) => evaluate.run(options).await,
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
