//! The real program, as an operator uses it.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

/// The program in a folder, without the environment's settings.
fn linecard(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_linecard"));
    command.current_dir(folder).args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LINECARD_") {
            command.env_remove(name);
        }
    }
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    linecard(folder, arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A hub that runs until it is dropped.
struct Running {
    process: Child,
    address: String,
}

impl Running {
    /// Starts a hub on a free port and waits until it says that it is ready.
    fn start(folder: &Path) -> Self {
        let mut process = linecard(
            folder,
            &["serve", "--listen", "127.0.0.1:0", "--log-format", "json"],
        )
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut seen = Vec::new();
        let address = loop {
            let Some(line) = lines.next() else {
                panic!("the hub ended: {seen:#?}");
            };
            let line = line.unwrap();
            if let Ok(json) = serde_json::from_str::<serde_json::Value>(&line)
                && json["message"] == "the hub is ready"
            {
                break json["address"].as_str().unwrap().to_owned();
            }
            seen.push(line);
        };
        // What it says from now on must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Tells it to end and waits for it.
    #[cfg(unix)]
    fn terminate(mut self) -> ExitStatus {
        tell(&mut self.process, "TERM")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a process a signal and waits until it has ended.
#[cfg(unix)]
fn tell(process: &mut Child, signal: &str) -> ExitStatus {
    let id = process.id().to_string();
    let told = Command::new("kill").args(["-s", signal, &id]).status();
    assert!(told.unwrap().success());
    for _ in 0..200 {
        if let Some(status) = process.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the process did not end");
}

#[test]
fn help_and_version_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), &["--help"]);
    assert!(help.status.success());
    for command in [
        "serve", "init", "apply", "plugin", "check", "simulate", "openapi",
    ] {
        assert!(stdout(&help).contains(command), "{command}");
    }
    let version = run(folder.path(), &["--version"]);
    assert_eq!(
        stdout(&version).trim(),
        concat!("linecard ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_wrong_configuration_ends_with_2_and_every_problem() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("linecard.toml"),
        "listn = \"x\"\nlisten = 1\n",
    )
    .unwrap();
    let output = run(folder.path(), &["serve"]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("linecard.toml:1:1: listn: "), "{text}");
    assert!(text.contains("linecard.toml:2:1: listen: "), "{text}");
    assert!(
        !text.contains("panicked") && !text.contains("backtrace"),
        "{text}"
    );
    assert!(!folder.path().join("data").exists());
}

#[test]
fn an_option_that_a_command_would_not_go_by_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (arguments, told) in [
        ("simulate graph --listen 127.0.0.1:0", "--at says where"),
        ("--listen 127.0.0.1:0 simulate graph", "--at says where"),
        ("simulate x --data elsewhere", "does not go by --data"),
        ("simulate whatsapp --log debug", "does not go by --log"),
        ("openapi --config linecard.toml", "does not go by --config"),
        ("check --log-format json", "does not go by --log-format"),
        ("init --listen 127.0.0.1:1", "linecard.toml"),
        ("init --config other.toml", "--reference"),
        ("backup saved --plugins .", "does not go by --plugins"),
        (
            "key administrator --listen 127.0.0.1:1",
            "does not go by --listen",
        ),
        ("doctor --plugins .", "does not go by --plugins"),
        ("plugins x.wasm --plugins .", "when it looks at one file"),
        (
            "apply site.toml --offline --token-file key",
            "with --offline",
        ),
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let output = run(path, &arguments);
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(told), "{arguments:?}: {errors}");
        // And nothing was begun.
        assert!(!path.join("data").exists(), "{arguments:?}");
    }
    // The environment is for whichever command goes by it.
    let openapi = linecard(path, &["openapi"])
        .env("LINECARD_LISTEN", "127.0.0.1:1")
        .env("LINECARD_DATA", "elsewhere")
        .output()
        .unwrap();
    assert!(openapi.status.success(), "{}", stderr(&openapi));
    std::fs::write(path.join("site.toml"), "[queues.sales]\n").unwrap();
    let apply = linecard(path, &["apply", "site.toml", "--offline", "--check"])
        .env("LINECARD_TOKEN_FILE", "nowhere")
        .output()
        .unwrap();
    assert!(apply.status.success(), "{}", stderr(&apply));
    // Help shows what a command goes by.
    for (command, shown, hidden) in [
        ("simulate graph", "--at", "--listen"),
        ("check", "--data", "--log"),
        ("serve", "--log-format", "--at"),
    ] {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("--help");
        let help = stdout(&run(path, &arguments));
        assert!(
            help.contains(shown) && !help.contains(hidden),
            "{command}: {help}"
        );
    }
}

#[test]
fn a_hub_that_does_not_answer_is_told_of_in_one_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("site.toml"), "[queues.sales]\n").unwrap();
    std::fs::write(path.join("key"), "lc_x\n").unwrap();
    std::fs::create_dir(path.join("data")).unwrap();
    let is_told = |text: &str| {
        text.contains("no hub answers at http://127.0.0.1:9: ")
            && text.contains(". Start it, or name its address by --url")
    };
    let to = ["--url", "http://127.0.0.1:9", "--token-file", "key"];
    let apply = run(path, &[&["apply", "site.toml"], &to[..]].concat());
    assert!(is_told(&stderr(&apply)), "{}", stderr(&apply));
    let doctor = run(path, &[&["doctor"], &to[..]].concat());
    assert!(is_told(&stdout(&doctor)), "{}", stdout(&doctor));
    // What answers there is no hub.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello",
            );
        }
    });
    let arguments = ["apply", "site.toml", "--url", &url, "--token-file", "key"];
    let apply = run(path, &arguments);
    assert!(
        stderr(&apply).contains("does not answer as a hub does: 404 Not Found"),
        "{}",
        stderr(&apply)
    );
}

#[test]
fn the_bundled_plugins_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["plugins"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    for id in [
        "classifier",
        "facebook",
        "influence",
        "instagram",
        "keywords",
        "language",
        "messenger",
        "open-messaging",
        "sentiment",
        "telegram",
        "whatsapp",
        "x",
    ] {
        assert!(text.contains(&format!("{id} ")), "{text}");
    }
    // What it takes to write the value of a secret of several fields is said.
    assert!(text.contains("\"token_secret\""), "{text}");
    for (content, told) in [
        ("nonsense", "it is no WebAssembly file"),
        ("", "it is empty"),
        ("\0asm\u{1}\0\0\0", "it is a core module"),
        (
            "\0asm\r\0\u{1}\0\u{7}\u{7f}",
            "this is not a WebAssembly component",
        ),
    ] {
        std::fs::write(folder.path().join("broken.wasm"), content).unwrap();
        let output = run(folder.path(), &["plugins", "broken.wasm"]);
        assert_eq!(output.status.code(), Some(1));
        let text = stderr(&output);
        assert!(text.contains("broken.wasm"), "{text}");
        assert!(text.contains(told), "{text}");
        // No list of bytes.
        assert!(!text.contains("0x6e") && !text.contains("[0x"), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_new_installation_runs_takes_a_site_file_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let init = run(path, &["init"]);
    assert!(init.status.success(), "{}", stderr(&init));
    let waiting = stderr(&init);
    assert!(
        waiting.contains("the plug-ins are compiled for this machine, once"),
        "{waiting}"
    );
    let told = stdout(&init);
    let password = told.lines().find_map(|l| l.strip_prefix("    ")).unwrap();
    assert_eq!(password.len(), 23, "{told}");
    let again = run(path, &["init"]);
    assert_eq!(again.status.code(), Some(1), "{}", stderr(&again));

    let hub = Running::start(path);
    let second = run(path, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("in use"), "{}", stderr(&second));
    let applied = run(path, &["apply", "site.toml", "--url", &hub.url()]);
    assert!(applied.status.success(), "{}", stderr(&applied));
    assert!(hub.terminate().success());
    for command in ["check", "rebuild", "check"] {
        let output = run(path, &[command]);
        assert!(output.status.success(), "{command}: {}", stderr(&output));
    }
    let export = run(path, &["export", "all.jsonl"]);
    assert!(export.status.success(), "{}", stderr(&export));
    let import = run(path, &["import", "all.jsonl", "--data", "other"]);
    assert!(import.status.success(), "{}", stderr(&import));

    // What it says to type next leads to the data folder that was named.
    let elsewhere = run(path, &["init", "site", "--data", "elsewhere"]);
    assert!(elsewhere.status.success(), "{}", stderr(&elsewhere));
    let told = stdout(&elsewhere);
    for command in ["serve", "apply site/site.toml"] {
        let command = format!("`linecard {command} --config site/linecard.toml --data elsewhere`");
        assert!(told.contains(&command), "{told}");
    }
}

#[cfg(unix)]
#[test]
fn the_first_start_makes_an_administrators_key_that_applies_a_site_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let hub = Running::start(path);
    let key = path.join("data/admin.key");
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let apply = |text: &str| {
        std::fs::write(path.join("site.toml"), text).unwrap();
        run(path, &["apply", "site.toml", "--url", &hub.url()])
    };
    let good = apply("[queues.support]\nmembers = [\"anna\"]\n[agents.anna]\n");
    assert!(good.status.success(), "{}", stderr(&good));
    let check = run(
        path,
        &["apply", "site.toml", "--check", "--url", &hub.url()],
    );
    assert!(check.status.success(), "{}", stderr(&check));
    let bad =
        apply("[queues.support]\n[channels.page]\nplugin = \"mesenger\"\nqueue = \"support\"\n");
    assert_eq!(bad.status.code(), Some(2), "{}", stderr(&bad));
    let text = stderr(&bad);
    assert!(
        text.contains("site.toml:3:1: channels.page.plugin: "),
        "{text}"
    );
    assert!(text.contains("did you mean \"messenger\"?"), "{text}");
    assert!(hub.terminate().success());

    let offline = run(path, &["apply", "site.toml", "--offline"]);
    assert_eq!(offline.status.code(), Some(2), "{}", stderr(&offline));
    std::fs::write(path.join("site.toml"), "[queues.sales]\n").unwrap();
    let offline = run(path, &["apply", "site.toml", "--offline"]);
    assert_eq!(offline.status.code(), Some(4), "{}", stderr(&offline));
    let text = stderr(&offline);
    assert!(
        text.contains("would remove agents.anna, queues.support."),
        "{text}"
    );
    let dry = run(path, &["apply", "site.toml", "--offline", "--dry-run"]);
    assert_eq!(dry.status.code(), Some(3), "{}", stderr(&dry));
    let offline = run(path, &["apply", "site.toml", "--offline", "--yes"]);
    assert!(offline.status.success(), "{}", stderr(&offline));
    assert!(stdout(&offline).contains("+ queues.sales: "));
    let same = run(path, &["apply", "site.toml", "--offline", "--dry-run"]);
    assert!(same.status.success(), "{}", stderr(&same));
}

#[cfg(unix)]
#[test]
fn a_simulated_network_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    for (network, signal) in [
        ("graph", "TERM"),
        ("open-messaging", "TERM"),
        ("x", "TERM"),
        ("whatsapp", "TERM"),
        ("telegram", "TERM"),
        ("whatsapp", "INT"),
    ] {
        let mut process = linecard(folder.path(), &["simulate", network, "--at", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().expect("it says where it is").unwrap();
        let (_, rest) = first.split_once("http://").expect("an address");
        let address = rest.split_whitespace().next().expect("an address");
        let address = address.trim_end_matches('.');
        assert!(TcpStream::connect(address).is_ok(), "{network}: {first}");
        let status = tell(&mut process, signal);
        assert!(status.success(), "{network} by SIG{signal}: {status}");
        assert!(TcpStream::connect(address).is_err(), "{network}");
    }
}

#[test]
fn a_site_is_not_applied_to_a_hub_that_does_not_run() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("site.toml"), "[queues.sales]\n").unwrap();
    std::fs::write(folder.path().join("key"), "lc_x\n").unwrap();
    let arguments = [
        "apply",
        "site.toml",
        "--url",
        "http://127.0.0.1:9",
        "--token-file",
        "key",
    ];
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("no hub answers"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn mistakes_in_the_process_configuration_are_told_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let make = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (one, other) = (make(), make());
    std::fs::write(path.join("cert.pem"), one.cert.pem()).unwrap();
    std::fs::write(path.join("key.pem"), other.signing_key.serialize_pem()).unwrap();
    for (text, code, told) in [
        (
            "[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n",
            1,
            "it does not belong to the key",
        ),
        (
            "[tls]\ncertificate = \"cert.pem\"\nkey = \"none.pem\"\n",
            1,
            "none.pem cannot be used for TLS",
        ),
        (
            "[log]\nlevel = \"verbose\"\n",
            2,
            "linecard.toml:2:1: log.level: \"verbose\" is not a level; use one of",
        ),
        (
            "listen = \"8440\"\n",
            2,
            "linecard.toml:1:1: listen: \"8440\" has no port: write an address and a port",
        ),
        (
            "practice_listen = \"0.0.0.0:8449\"\n",
            2,
            "linecard.toml:1:1: practice_listen: \"0.0.0.0:8449\" can be reached from other machines: write \"127.0.0.1\" and a port",
        ),
        (
            "[http]\ntimeout = 3\n",
            2,
            "linecard.toml:2:1: http.timeout: there is no such key; did you mean \"timeout_seconds\"?",
        ),
    ] {
        std::fs::write(path.join("linecard.toml"), text).unwrap();
        let output = run(path, &["serve"]);
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{text}: {errors}");
        assert!(errors.contains(told), "{text}: {errors}");
        assert!(
            !path.join("data").exists(),
            "{text}: the data folder was touched"
        );
    }
    std::fs::remove_file(path.join("linecard.toml")).unwrap();
    let output = run(path, &["serve", "--log", "loud"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("\"loud\" is not a level"));
}
