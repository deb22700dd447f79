//! What the README tells people to type is typed here, as it stands there. Only what cannot be as it
//! stands is changed: how the program is built and where it lies, the ports, and the password.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Client, eventually};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
/// Long enough on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(300);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(file: &str) -> Result<String> {
    std::fs::read_to_string(repository().join(file)).with_context(|| file.to_owned())
}

/// The commands below a heading, block by block.
fn blocks(file: &str, heading: &str) -> Result<Vec<String>> {
    let text = text(file)?;
    let (_, rest) = text
        .split_once(&format!("## {heading}\n"))
        .context("the heading")?;
    let section = rest.split("\n## ").next().context("the section")?;
    let mut blocks = Vec::new();
    for rest in section.split("```sh\n").skip(1) {
        let (block, _) = rest.split_once("```").context("the block's end")?;
        blocks.push(block.to_owned());
    }
    Ok(blocks)
}

/// Changes what has to be changed, which has to be there.
fn changed(block: &str, changes: &[(&str, &str)]) -> Result<String> {
    let mut block = block.to_owned();
    for (written, here) in changes {
        ensure!(block.contains(written), "there is no {written} in\n{block}");
        block = block.replace(written, here);
    }
    Ok(block)
}

/// A shell with a home of its own, in which `linecard` is the program.
struct Shell {
    home: tempfile::TempDir,
    here: PathBuf,
    environment: Vec<(String, String)>,
    started: Vec<Child>,
}

impl Drop for Shell {
    fn drop(&mut self) {
        // What was begun in the background is in its shell's group, and ends with it.
        for process in &mut self.started {
            let group = format!("-{}", process.id());
            let mut kill = Command::new("kill");
            // Of most groups nothing is left.
            let _ = kill
                .args(["-KILL", "--", &group])
                .stderr(Stdio::null())
                .status();
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Shell {
    fn new() -> Result<Self> {
        let home = tempfile::tempdir()?;
        let programs = home.path().join("bin");
        std::fs::create_dir(&programs)?;
        std::os::unix::fs::symlink(BINARY, programs.join("linecard"))?;
        Ok(Self {
            here: home.path().to_owned(),
            home,
            environment: Vec::new(),
            started: Vec::new(),
        })
    }

    fn command(&self, script: &str) -> Command {
        use std::os::unix::process::CommandExt as _;

        let mut command = Command::new("sh");
        command
            .args(["-c", script])
            .current_dir(&self.here)
            .stdin(Stdio::null())
            .process_group(0);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LINECARD_") {
                command.env_remove(name);
            }
        }
        let path = std::env::var("PATH").unwrap_or_default();
        let programs = self.home.path().join("bin");
        command
            .env("HOME", self.home.path())
            .env("PATH", format!("{}:{path}", programs.display()))
            .envs(self.environment.iter().cloned());
        command
    }

    /// Runs a script to its end, and gives what was printed. What it leaves in the background runs on.
    async fn run(&mut self, script: &str) -> Result<String> {
        // What runs on keeps the output open, so it goes into a file.
        let place = self.home.path().join("output.txt");
        let output = File::create(&place)?;
        let mut command = self.command(script);
        command.stdout(output.try_clone()?).stderr(output);
        self.started.push(command.spawn()?);
        let shell = self.started.last_mut().context("the shell")?;
        let ended = eventually("the commands end", PATIENCE, async || Ok(shell.try_wait()?)).await;
        let printed = std::fs::read_to_string(&place)?;
        ended.with_context(|| format!("{script}\n{printed}"))?;
        Ok(printed)
    }
}

/// A port that was free a moment ago; nothing else on a test machine takes it in between.
fn free_address() -> Result<String> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn five_minutes_as_an_agent() -> Result<()> {
    let blocks = blocks("README.md", "Five minutes as an agent")?;
    let [start, tour, _generators] = blocks.as_slice() else {
        anyhow::bail!("{blocks:?}");
    };
    let address = free_address()?;
    let hub = [("127.0.0.1:8440", address.as_str())];
    let start = changed(start, &hub)?;
    let start = changed(&start, &[("cargo run --release --", "exec linecard")])?;
    let mut shell = Shell::new()?;
    let mut demo = shell.command(&start);
    shell.started.push(demo.stdout(Stdio::piped()).spawn()?);
    let printed = shell.started[0].stdout.take().context("output")?;
    let mut lines = BufReader::new(printed).lines();
    let password = loop {
        let line = lines.next().context("the demo ended")??;
        if let Some((_, rest)) = line.split_once("\"password\":\"") {
            break rest.split('"').next().context("a password")?.to_owned();
        }
    };
    // What it prints from now on must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));

    let tour = changed(tour, &hub)?;
    let tour = changed(&tour, &[("PASSWORD", &password)])?;
    let told = shell.run(&tour).await?;
    for expected in ["\"state\":\"ready\"", "Good day! I am on it."] {
        ensure!(told.contains(expected), "{expected}: {told}");
    }
    ensure!(
        ["sent", "delivered", "read"]
            .iter()
            .any(|state| told.contains(&format!("\"state\":\"{state}\""))),
        "{told}"
    );
    for fault in ["\"type\":\"/problems/", "not found", "No such"] {
        ensure!(!told.contains(fault), "{fault}: {told}");
    }
    // It was about the interaction that was offered, and its contact.
    let accepted = std::fs::read_to_string(shell.here.join("interaction.json"))?;
    let accepted: Value = serde_json::from_str(&accepted)?;
    let id = accepted["id"].as_str().context("id")?;
    let you = Client::sign_in(&format!("http://{address}"), "you", &password).await?;
    let after = you.get(&format!("/api/v1/interactions/{id}")).await?;
    ensure!(after["disposition"] == "Processed", "{after}");
    let contact = accepted["contact"].as_str().context("contact")?;
    ensure!(
        told.contains(&format!("{{\"id\":\"{contact}\"")),
        "{contact}: {told}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn five_minutes_as_an_operator() -> Result<()> {
    let blocks = blocks("README.md", "Five minutes as an operator")?;
    let [lay_out, connect, look_after] = blocks.as_slice() else {
        anyhow::bail!("{blocks:?}");
    };
    let (hub, network) = (free_address()?, free_address()?);
    let mut shell = Shell::new()?;
    shell
        .environment
        .push(("LINECARD_LISTEN".to_owned(), hub.clone()));
    let simulate =
        format!("linecard simulate graph --at {network} --callback http://{hub}/webhooks/meta >");
    let lay_out = changed(
        lay_out,
        &[
            (
                "cargo build --release && alias linecard=$PWD/target/release/linecard\n",
                "",
            ),
            ("linecard simulate graph >", &simulate),
        ],
    )?;
    let told = shell.run(&lay_out).await?;
    ensure!(
        told.contains("The administrator's name is \"admin\""),
        "{told}"
    );
    shell.here = shell.home.path().join("hub");
    let connect = changed(
        connect,
        &[("127.0.0.1:8440", &hub), ("127.0.0.1:8450", &network)],
    )?;
    let told = shell.run(&connect).await?;
    ensure!(told.contains("site.toml was applied"), "{told}");
    for channel in ["page", "posts", "instagram"] {
        ensure!(told.contains(&format!("+ channels.{channel}")), "{told}");
    }
    // What the customer said is there.
    let key = std::fs::read_to_string(shell.here.join("data/admin.key"))?;
    let administrator = Client::with_token(&format!("http://{hub}"), key.trim())?;
    eventually("the customer's message", PATIENCE, async || {
        let history = administrator.history("page", "1234567890").await?;
        let said = |message: &Value| message["content"]["text"] == "Where is my parcel?";
        Ok(history.iter().any(said).then_some(()))
    })
    .await
    .with_context(|| told)?;

    let told = shell.run(look_after).await?;
    ensure!(told.contains("fine    hub: "), "{told}");
    ensure!(told.contains("fine    data-folder: "), "{told}");
    ensure!(told.contains("elsewhere: restored as it was at "), "{told}");
    ensure!(told.contains("all is well"), "{told}");
    ensure!(!told.contains("error "), "{told}");
    let again = shell.run("linecard doctor").await?;
    ensure!(again.contains("fine    backup: "), "{again}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_that_init_prints_work() -> Result<()> {
    let mut shell = Shell::new()?;
    let address = free_address()?;
    shell
        .environment
        .push(("LINECARD_LISTEN".to_owned(), address.clone()));
    let told = shell.run("linecard init my-hub --data kept").await?;
    let commands: Vec<&str> = told.split('`').skip(1).step_by(2).collect();
    let [serve, apply, reference] = commands.as_slice() else {
        anyhow::bail!("{told}");
    };
    shell.run(&format!("{serve} > hub.log 2>&1 &")).await?;
    let hub = Client::anonymous(&format!("http://{address}"))?;
    eventually("the hub is ready", PATIENCE, async || {
        Ok(hub.get("/readyz").await.ok())
    })
    .await?;
    let applied = shell.run(apply).await?;
    ensure!(applied.contains("was applied"), "{applied}");
    // The password that it printed signs in.
    let password = told.lines().find_map(|line| line.strip_prefix("    "));
    Client::sign_in(
        &format!("http://{address}"),
        "admin",
        password.context("password")?,
    )
    .await?;
    let printed = shell.run(reference).await?;
    ensure!(printed.contains("#[queues.support]"), "{printed}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_connector_is_laid_out_as_the_guide_says() -> Result<()> {
    let guide = text("sdk/README.md")?;
    let (_, rest) = guide.split_once("```sh\n").context("the first block")?;
    let (block, _) = rest.split_once("```").context("its end")?;
    ensure!(block.starts_with("linecard plugin new acme "), "{block}");
    let mut shell = Shell::new()?;
    shell.here = repository();
    let told = shell.run(&format!("set -e; {block}")).await?;
    ensure!(told.contains("acme"), "{told}");
    let manifest = std::fs::read_to_string(shell.home.path().join("acme/Cargo.toml"))?;
    let manifest: toml::Value = toml::from_str(&manifest)?;
    let sdk = manifest["dependencies"]["linecard-sdk"]["path"]
        .as_str()
        .context("path")?;
    ensure!(Path::new(sdk).join("Cargo.toml").is_file(), "{sdk}");
    ensure!(shell.home.path().join("acme/rust-toolchain.toml").is_file());
    Ok(())
}

#[test]
fn the_generators_are_those_that_the_tests_run() -> Result<()> {
    let tests = include_str!("clients/description.rs");
    let blocks = blocks("README.md", "Five minutes as an agent")?;
    let generators = blocks.last().context("the generators")?;
    let is_package = |word: &&str| word.contains("==") || word.contains('@');
    let named: Vec<&str> = generators.split_whitespace().filter(is_package).collect();
    ensure!(named.len() == 4, "{named:?}");
    for package in named {
        ensure!(
            tests.contains(&format!("\"{package}\"")),
            "the tests do not run {package}"
        );
    }
    Ok(())
}

/// What stands between single backticks.
fn quoted_commands(text: &str) -> Vec<String> {
    let outside = text.split("```").step_by(2);
    let lines = outside.collect::<Vec<_>>().join(" ");
    let quoted = lines.split('`').skip(1).step_by(2);
    let commands = quoted.map(|quoted| quoted.split_whitespace().collect::<Vec<_>>().join(" "));
    commands
        .filter(|quoted| quoted.starts_with("linecard "))
        .collect()
}

#[test]
fn every_command_that_is_spoken_of_exists() -> Result<()> {
    let help = |arguments: &[&str]| -> Result<String> {
        let output = Command::new(BINARY)
            .args(arguments)
            .arg("--help")
            .output()?;
        ensure!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?)
    };
    let mut spoken: BTreeSet<String> = BTreeSet::new();
    for file in [
        "README.md",
        "sdk/README.md",
        "host/server/src/cli/init/site.toml",
    ] {
        spoken.extend(quoted_commands(&text(file)?));
    }
    let all = help(&[])?;
    let names = all.split("Commands:\n").nth(1).context("commands")?;
    let names = names.lines().take_while(|line| !line.is_empty());
    let names: Vec<&str> = names
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for name in names.iter().filter(|name| **name != "help") {
        spoken.extend(quoted_commands(&help(&[*name])?));
    }
    ensure!(spoken.len() > 12, "{spoken:?}");
    for command in spoken {
        let mut words = command.split(' ').skip(1);
        let name = words.next().context("a command")?;
        ensure!(names.contains(&name), "`{command}`: there is no {name}");
        let mut of = vec![name];
        if matches!(name, "channel" | "key" | "plugin" | "rules" | "simulate") {
            of.extend(words.clone().next());
        }
        let described = help(&of)?;
        for option in words.filter(|word| word.starts_with("--")) {
            ensure!(
                described.contains(option),
                "`{command}`: there is no {option}"
            );
        }
    }
    Ok(())
}
