//! What the author of a plug-in does at the command line: lay out a project, build it, test it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::BINARY;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where the bundled plug-ins and the template were built.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("..")
}

/// Runs the program in a folder, with the machine code of earlier runs.
fn linecard(folder: &Path, arguments: &[&str]) -> Result<Output> {
    Ok(command(folder, arguments).output()?)
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LINECARD_") {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .current_dir(folder)
        .env("LINECARD_DATA", target().join("author-tests"))
        .env("CARGO_TARGET_DIR", target());
    command
}

/// Runs the program with these lines on its standard input.
fn linecard_told(folder: &Path, arguments: &[&str], lines: &str) -> Result<Output> {
    let mut process = command(folder, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = process.stdin.take().context("standard input")?;
    input.write_all(lines.as_bytes())?;
    drop(input);
    Ok(process.wait_with_output()?)
}

fn printed(output: &Output) -> String {
    let (out, error) = (&output.stdout, &output.stderr);
    format!(
        "{}\n{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(error)
    )
}

fn bundled(plugin: &str) -> PathBuf {
    target().join(format!(
        "plugins/wasm32-wasip2/plugin/linecard_{plugin}.wasm"
    ))
}

/// Copies a case of a bundled plug-in.
fn copy(plugin: &str, case: &str, to: &Path) -> Result<PathBuf> {
    let from = repository().join(format!("plugins/{plugin}/tests/golden/{case}"));
    let to = to.join(case);
    std::fs::create_dir_all(&to)?;
    for entry in std::fs::read_dir(&from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(to)
}

#[test]
fn a_bundled_connector_passes_its_cases_and_their_hostile_variants() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let cases = folder.path().join("cases");
    for case in ["message", "send-text", "message-unsigned"] {
        copy("open-messaging", case, &cases)?;
    }
    let component = bundled("open_messaging");
    let component = component.to_str().context("path")?;
    let arguments = [
        "plugin",
        "test",
        component,
        "--cases",
        "cases",
        "--junit",
        "junit.xml",
    ];
    let output = linecard(folder.path(), &arguments)?;
    let said = printed(&output);
    ensure!(output.status.success(), "{said}");
    for part in [
        "ok     message",
        "ok     send-text",
        "event message_created",
        "action send_message     1 (ok)",
    ] {
        ensure!(said.contains(part), "{part} is missing in {said}");
    }
    let (_, variants) = said.split_once("survived ").context("variants")?;
    let variants: u32 = variants.split(' ').next().context("number")?.parse()?;
    ensure!(variants > 100, "{said}");
    let xml = std::fs::read_to_string(folder.path().join("junit.xml"))?;
    ensure!(xml.contains(r#"tests="6" failures="0""#), "{xml}");

    // How fast it is, on the same cases.
    let output = linecard(folder.path(), &["plugin", "bench", component, "cases"])?;
    let said = printed(&output);
    ensure!(output.status.success(), "{said}");
    let line = said.lines().find(|line| line.starts_with("send-text"));
    let line = line.context("a line for send-text")?;
    let words: Vec<&str> = line.split_whitespace().collect();
    ensure!(words[1] == "perform", "{line}");
    ensure!(words[2].parse::<f64>()? > 10.0, "{line}");

    // What comes out differs from what is expected: said line by line, and by the exit code.
    let file = cases.join("message/expected.json");
    let expected = std::fs::read_to_string(&file)?;
    let mut wrong: Value = serde_json::from_str(&expected)?;
    wrong["ok"]["response"] = json!({ "status": 418 });
    std::fs::write(&file, wrong.to_string())?;
    let mut arguments = arguments.to_vec();
    arguments.push("--no-hostile");
    let output = linecard(folder.path(), &arguments)?;
    let said = printed(&output);
    ensure!(output.status.code() == Some(1), "{said}");
    for part in [
        "FAILED message",
        "-      \"status\": 418",
        "1 of 3 cases failed",
    ] {
        ensure!(said.contains(part), "{part} is missing in {said}");
    }
    let xml = std::fs::read_to_string(folder.path().join("junit.xml"))?;
    ensure!(xml.contains(r#"tests="3" failures="1""#), "{xml}");

    // What came out can be taken for right; then nothing differs any more.
    arguments.push("--update");
    ensure!(linecard(folder.path(), &arguments)?.status.success());
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    ensure!(
        written == serde_json::from_str::<Value>(&expected)?,
        "{written}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_stops_is_told_with_the_place_in_its_source() -> Result<()> {
    let component = linecard_tests::board_component().await?;
    let folder = tempfile::tempdir()?;
    let case = folder.path().join("tests/golden/bomb");
    std::fs::create_dir_all(&case)?;
    let body = json!({ "events": [{ "id": "1", "time": 1, "thread": "t", "kind": "bomb" }] });
    std::fs::write(
        case.join("request.http"),
        format!("POST / HTTP/1.1\n\n{body}"),
    )?;
    std::fs::write(
        case.join("config.json"),
        r#"{"base_url":"http://127.0.0.1:1","format":1}"#,
    )?;
    std::fs::write(case.join("expected.json"), "{}")?;
    // The cases are found beside the file.
    let file = folder.path().join("board.wasm");
    std::fs::copy(&component, &file)?;
    let output = linecard(folder.path(), &["plugin", "test", "board.wasm"])?;
    let said = printed(&output);
    ensure!(output.status.code() == Some(1), "{said}");
    for part in [
        "FAILED bomb",
        "a bomb on the board",
        "lib.rs:",
        "did not survive",
    ] {
        ensure!(said.contains(part), "{part} is missing in {said}");
    }
    // So does a folder that holds one.
    let output = linecard(folder.path(), &["plugin", "test", ".", "--no-hostile"])?;
    ensure!(
        printed(&output).contains("FAILED bomb"),
        "{}",
        printed(&output)
    );
    let output = linecard(folder.path(), &["plugin", "test", "none.wasm"])?;
    ensure!(
        printed(&output).contains("there is no none.wasm"),
        "{}",
        printed(&output)
    );
    Ok(())
}

#[test]
fn a_new_connector_builds_and_passes_its_tests_as_it_stands() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let sdk = repository().join("sdk").canonicalize()?;
    let sdk = sdk.to_str().context("path")?;
    let new = ["plugin", "new", "acme", "--kind", "connector", "--sdk", sdk];
    let output = linecard(folder.path(), &new)?;
    ensure!(output.status.success(), "{}", printed(&output));
    let project = folder.path().join("acme");
    // The workspace's versions, so that nothing new is fetched.
    std::fs::copy(repository().join("Cargo.lock"), project.join("Cargo.lock"))?;
    let metadata = Command::new("cargo")
        .current_dir(&project)
        .args(["metadata", "--format-version", "1", "--quiet"])
        .output()?;
    ensure!(metadata.status.success(), "{}", printed(&metadata));
    let output = linecard(&project, &["plugin", "test", ".", "--require-coverage"])?;
    let said = printed(&output);
    ensure!(output.status.success(), "{said}");
    for part in ["acme 0.1.0, 6 cases", "action send_message", "survived"] {
        ensure!(said.contains(part), "{part} is missing in {said}");
    }
    // What is there is not written over.
    let output = linecard(folder.path(), &new)?;
    ensure!(output.status.code() == Some(1), "{}", printed(&output));
    ensure!(
        printed(&output).contains("is there already"),
        "{}",
        printed(&output)
    );
    // Nowhere near an SDK it says what is missing.
    let lost = ["plugin", "new", "other", "--kind", "analyzer"];
    let output = linecard(folder.path(), &lost)?;
    ensure!(printed(&output).contains("--sdk"), "{}", printed(&output));
    Ok(())
}

/// The author is the customer and the agent, and recorded cases are the network.
#[test]
fn a_connector_is_tried_by_hand_in_a_real_hub() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let component = bundled("telegram");
    let component = component.to_str().context("path")?;
    let cases = repository().join("plugins/telegram/tests/golden");
    let cases = cases.to_str().context("path")?;
    let arguments = ["plugin", "try", component, "--cases", cases];
    let lines = "\
# What a customer writes, what the plug-in makes of it, and the answer.
customer text
agent It is on its way.
customer edited
network send-blocked
agent Are you there?
set-up rehearse
quit
";
    let output = linecard_told(folder.path(), &arguments, lines)?;
    let said = printed(&output);
    ensure!(output.status.success(), "{said}");
    for part in [
        "the hub answers the network: 200",
        "receive (call ",
        "\"message_created\"",
        "  contact (received): Where is my parcel? \u{1f4e6}",
        "the plug-in asks: POST https://api.telegram.org/bot{bot-token}/sendMessage",
        "\"text\": \"It is on its way.\"",
        "  agent (sent): It is on its way.",
        "the network answers: 403",
        "  agent (failed",
        "set-up (call ",
    ] {
        ensure!(said.contains(part), "{part} is missing in {said}");
    }
    // Neither the token nor the key is shown, and nothing is left behind.
    for secret in ["TEST-token", "test-key", "63cdf33bdc"] {
        ensure!(!said.contains(secret), "{secret} is in {said}");
    }
    ensure!(std::fs::read_dir(folder.path())?.next().is_none());

    // What cannot be done is told with its line, and by the exit code.
    let raw = folder.path().join("request.http");
    std::fs::write(&raw, "POST / HTTP/1.1\nno header\n\n{}")?;
    let lines = "agent Hello\ncustomer request.http\ncustomer nobody\ncustomer send\nask\n";
    let output = linecard_told(folder.path(), &arguments, lines)?;
    let said = printed(&output);
    ensure!(output.status.code() == Some(1), "{said}");
    for part in [
        "line 1: nobody has written yet",
        "line 2: request.http: line 2 is no header",
        "line 3: there is no case and no file \"nobody\"",
        "line 4: the case \"send\" is nothing that a customer does",
        "line 5: \"ask\" is no command: `help` tells them",
        "5 of 5 commands could not be done",
    ] {
        ensure!(said.contains(part), "{part} is missing in {said}");
    }
    let mut unknown = arguments.to_vec();
    unknown.extend(["--secret", "tokn=env:TOKEN"]);
    let output = linecard_told(folder.path(), &unknown, "")?;
    let said = printed(&output);
    ensure!(
        said.contains("wants no secret tokn; it wants bot-token"),
        "{said}"
    );
    let keywords = bundled("keywords");
    let keywords = keywords.to_str().context("path")?;
    let output = linecard_told(folder.path(), &["plugin", "try", keywords], "")?;
    let said = printed(&output);
    ensure!(said.contains("is an analyzer"), "{said}");
    Ok(())
}
