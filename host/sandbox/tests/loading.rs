//! What is loaded and what is refused, and the cache of compiled code.

use std::path::Path;
use std::time::Duration;

use crate::support::{CONNECTOR, SOCKETS, sandbox};
use linecard_sandbox::{
    CacheKey, CompileError, Compiler, Kind, Limits, LoadError, LoadProblem, Plugin, Sandbox,
    SandboxConfig, compile,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_component_describes_itself() {
    let plugin = crate::support::plugin(Limits::default()).await;
    assert_eq!(plugin.kind(), Kind::Connector);
    assert_eq!(plugin.id().as_str(), "hostile");
    assert_eq!(plugin.manifest().version, "1.2.3");
    assert_eq!(plugin.file_hash().len(), 64);
    assert!(plugin.analyzer("{}").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_wants_sockets_is_refused_by_name() {
    let error = sandbox(Limits::default())
        .load(&SOCKETS, "s.wasm")
        .await
        .unwrap_err();
    match &error.problem {
        LoadProblem::ForbiddenImport(name) => assert!(name.starts_with("wasi:sockets/"), "{name}"),
        other => panic!("{other}"),
    }
    assert!(
        error
            .to_string()
            .starts_with("s.wasm: it imports \"wasi:sockets/")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_of_the_contract_is_refused_and_both_are_named() {
    let other = replace(&CONNECTOR, b"-api@0.2.0", b"-api@9.8.7");
    let error = sandbox(Limits::default())
        .load(&other, "new.wasm")
        .await
        .unwrap_err();
    assert!(
        matches!(error.problem, LoadProblem::Contract { .. }),
        "{error}"
    );
    let text = error.to_string();
    for part in ["9.8.7", "0.1.0 and 0.2.0", "newer host", "rebuild"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_breaks_the_contract_is_refused_by_field() {
    // The schema that the guest gives, changed to one that is not valid, of the same length.
    let broken = replace(&CONNECTOR, br#"{"type":"string"}"#, br#"{"type":"strong"}"#);
    let error = sandbox(Limits::default())
        .load(&broken, "m.wasm")
        .await
        .unwrap_err();
    match error.problem {
        LoadProblem::Manifest(problem) => assert_eq!(problem.field, "config-schema"),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_component_is_refused() {
    let sandbox = sandbox(Limits::default());
    let core_module = b"\0asm\x01\0\0\0";
    for file in [
        &b""[..],
        b"hello",
        core_module,
        &CONNECTOR[..CONNECTOR.len() / 2],
    ] {
        let error = sandbox.load(file, "x").await.unwrap_err();
        assert!(
            matches!(error.problem, LoadProblem::NotAComponent(_)),
            "{error}"
        );
    }
    let empty_component = b"\0asm\x0d\0\x01\0";
    let error = sandbox.load(empty_component, "x").await.unwrap_err();
    assert!(matches!(error.problem, LoadProblem::NoWorld), "{error}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_is_kept_and_a_foreign_or_damaged_entry_is_never_run() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");
    load(&cache, 1).await.unwrap();
    let entry = only_file(&cache);
    let first = std::fs::read(&entry).unwrap();

    // Kept: the same entry is used, and not written again, which would make it another file. Only its age
    // tells that it was used.
    let number = || std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&entry).unwrap());
    let written = number();
    load(&cache, 1).await.unwrap();
    assert_eq!(number(), written);

    // Damaged in any part: compiled anew, and put right.
    for at in [0, 40, first.len() / 2, first.len() - 1] {
        let mut damaged = first.clone();
        damaged[at] ^= 1;
        std::fs::write(&entry, &damaged).unwrap();
        load(&cache, 1).await.unwrap();
        assert_ne!(std::fs::read(&entry).unwrap(), damaged, "byte {at}");
    }
    for cut in [0, 10, 31, 32, 100] {
        std::fs::write(&entry, &first[..cut]).unwrap();
        load(&cache, 1).await.unwrap();
        assert!(std::fs::read(&entry).unwrap().len() > 1_000, "cut at {cut}");
    }

    // Whole, but written under another key: compiled anew.
    let own = std::fs::read(&entry).unwrap();
    load(&cache, 2).await.unwrap();
    let now = std::fs::read(&entry).unwrap();
    assert_ne!(now[now.len() - 32..], own[own.len() - 32..]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_read_the_cache() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");
    load(&cache, 1).await.unwrap();
    let mode = std::fs::metadata(&cache).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_refused_for_its_imports_before_it_is_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");
    let error = load_bytes(&SOCKETS, &cache, 1).await.unwrap_err();
    assert!(
        matches!(error.problem, LoadProblem::ForbiddenImport(_)),
        "{error}"
    );
    // What is compiled is kept.
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_compiled_is_not_compiled_again() {
    // A local variable that no function has.
    let broken = replace(&CONNECTOR, b"\x20\x00\x20\x01", b"\x20\x7f\x20\x01");
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");
    let first = load_bytes(&broken, &cache, 1).await.unwrap_err();
    assert!(
        matches!(first.problem, LoadProblem::NotAComponent(_)),
        "{first}"
    );
    let entry = only_file(&cache);
    let modified = || std::fs::metadata(&entry).unwrap().modified().unwrap();
    let written = modified();
    let again = load_bytes(&broken, &cache, 1).await.unwrap_err();
    assert_eq!(again.to_string(), first.to_string());
    // Each compilation writes what came of it.
    assert_eq!(modified(), written);

    // What this host did not write is not believed.
    let own = std::fs::read(&entry).unwrap();
    for (damaged, key) in [([b"x".as_slice(), &own].concat(), 1), (own.clone(), 2)] {
        std::fs::write(&entry, &damaged).unwrap();
        let error = load_bytes(&broken, &cache, key).await.unwrap_err();
        assert_eq!(error.to_string(), first.to_string());
        assert_ne!(std::fs::read(&entry).unwrap(), damaged);
    }
}

/// Loads a file with a script in place of the program that compiles.
#[cfg(unix)]
async fn load_with(script: &str, cache: &Path) -> Result<Plugin, LoadError> {
    let arguments = ["-c", script].map(str::to_owned);
    load_compiled_by(Compiler::new("/bin/sh", arguments), cache).await
}

async fn load_compiled_by(compiler: Compiler, cache: &Path) -> Result<Plugin, LoadError> {
    let config = SandboxConfig {
        limits: Limits::default(),
        cache_dir: Some(cache.to_owned()),
        cache_key: Some(CacheKey::new([1; 32])),
        compiler: Some(compiler),
        suspension: None,
    };
    let sandbox = Sandbox::new(config).unwrap();
    sandbox.load(&CONNECTOR, "hostile.wasm").await
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn another_process_compiles_and_its_end_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");

    // It breaks down: said so, and tried again the next time.
    let script = "cat >/dev/null; echo out of memory >&2; kill -9 $$";
    let error = load_with(script, &cache).await.unwrap_err();
    assert!(matches!(error.problem, LoadProblem::Compiler(_)), "{error}");
    assert!(error.to_string().contains("out of memory"), "{error}");
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 0);

    // It stops to read before it has read all of it.
    let error = load_with("exit 3", &cache).await.unwrap_err();
    assert!(matches!(error.problem, LoadProblem::Compiler(_)), "{error}");

    // It refuses the file: kept, and not asked again.
    let script = "cat >/dev/null; echo no such function >&2; exit 65";
    let error = load_with(script, &cache).await.unwrap_err();
    assert!(
        matches!(&error.problem, LoadProblem::NotAComponent(text) if text == "no such function"),
        "{error}"
    );
    let again = load_with("exit 3", &cache).await.unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_hangs_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["-c", "exec sleep 600"].map(str::to_owned);
    let hanging = Compiler::new("/bin/sh", arguments).patience(Duration::from_millis(200));
    let began = std::time::Instant::now();
    let error = load_compiled_by(hanging, &folder.path().join("code")).await;
    let error = error.unwrap_err();
    assert!(matches!(error.problem, LoadProblem::Compiler(_)), "{error}");
    assert!(error.to_string().contains("not done after"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_that_nobody_needs_goes_when_it_takes_too_much_room() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");
    let sandbox = Sandbox::new(SandboxConfig {
        cache_dir: Some(cache.clone()),
        cache_key: Some(CacheKey::new([1; 32])),
        ..SandboxConfig::default()
    });
    let sandbox = sandbox.unwrap();
    // The same component with a section that nobody reads is another file.
    let other = [&CONNECTOR[..], &[0, 2, 1, b'x']].concat();
    let needed = sandbox.load(&CONNECTOR, "needed").await.unwrap();
    let idle = sandbox.load(&other, "idle").await.unwrap();
    assert_ne!(needed.file_hash(), idle.file_hash());
    std::fs::write(cache.join("of-another-engine.code"), b"old").unwrap();
    let count = || std::fs::read_dir(&cache).unwrap().count();
    let wanted = [needed.file_hash().to_owned()].into();
    assert_eq!(sandbox.tidy_cache(&wanted, u64::MAX).unwrap(), 0);
    assert_eq!(count(), 3);
    // The one that was used last stays, if there is room for one.
    let room = std::fs::metadata(only_of(&cache, idle.file_hash()));
    let room = room.unwrap().len();
    let old = std::fs::File::options()
        .write(true)
        .open(cache.join("of-another-engine.code"));
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    old.unwrap().set_modified(long_ago).unwrap();
    assert_eq!(sandbox.tidy_cache(&wanted, room).unwrap(), 1);
    assert_eq!(sandbox.tidy_cache(&wanted, room - 1).unwrap(), 1);
    assert_eq!(sandbox.tidy_cache(&wanted, 0).unwrap(), 0);
    only_of(&cache, needed.file_hash());
    // What went is compiled again; what runs goes on.
    assert!(sandbox.load(&other, "idle").await.is_ok());
    assert_eq!(idle.manifest().id.as_str(), "hostile");
}

fn only_of(cache: &Path, file_hash: &str) -> std::path::PathBuf {
    let entries = std::fs::read_dir(cache).unwrap().map(|e| e.unwrap().path());
    let mut of_it = entries.filter(|path| path.to_string_lossy().contains(file_hash));
    let one = of_it.next().expect("it is kept");
    assert_eq!(of_it.next(), None);
    one
}

#[tokio::test(flavor = "multi_thread")]
async fn without_another_process_this_one_compiles() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");
    let missing = Compiler::new("/no/such/program", []);
    load_compiled_by(missing.clone(), &cache).await.unwrap();
    only_file(&cache);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn code_of_another_configuration_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("code");
    // Compiles whatever it is told, but writes what is no code for this engine.
    load_with("cat", &cache).await.unwrap();
    assert!(std::fs::read(only_file(&cache)).unwrap().len() > 1_000);
}

#[test]
fn a_compiler_says_what_it_cannot_compile() {
    let mut code = Vec::new();
    compile(&Limits::default(), &CONNECTOR[..], &mut code).unwrap();
    assert!(code.len() > 1_000);
    let half = &CONNECTOR[..CONNECTOR.len() / 2];
    let refused = compile(&Limits::default(), half, &mut Vec::new());
    assert!(
        matches!(refused, Err(CompileError::Refused(_))),
        "{refused:?}"
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_regular_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.wasm");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let device = folder.path().join("device.wasm");
    std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
    let sandbox = sandbox(Limits::default());
    for file in [&pipe, &device, &folder.path().to_owned()] {
        let load = sandbox.load_file(file);
        let loaded = tokio::time::timeout(std::time::Duration::from_secs(10), load).await;
        let error = loaded.expect("nothing is waited for").unwrap_err();
        assert!(matches!(error.problem, LoadProblem::NotAFile), "{error}");
    }
    let missing = sandbox.load_file(Path::new("/no/such/file.wasm")).await;
    let error = missing.unwrap_err();
    assert!(
        matches!(error.problem, LoadProblem::Unreadable(_)),
        "{error}"
    );
    // A link to a file is as good as the file.
    let (file, link) = (folder.path().join("a.bin"), folder.path().join("a.wasm"));
    std::fs::write(&file, &*CONNECTOR).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert!(sandbox.load_file(&link).await.is_ok());
}

async fn load(cache: &Path, key: u8) -> Result<Plugin, LoadError> {
    load_bytes(&CONNECTOR, cache, key).await
}

async fn load_bytes(file: &[u8], cache: &Path, key: u8) -> Result<Plugin, LoadError> {
    Sandbox::new(SandboxConfig {
        limits: Limits::default(),
        cache_dir: Some(cache.to_owned()),
        cache_key: Some(CacheKey::new([key; 32])),
        compiler: None,
        suspension: None,
    })
    .unwrap()
    .load(file, "hostile.wasm")
    .await
}

fn only_file(folder: &Path) -> std::path::PathBuf {
    let files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

fn replace(file: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut changed = file.to_vec();
    let mut found = 0;
    for at in 0..=file.len() - from.len() {
        if file[at..].starts_with(from) {
            changed[at..at + to.len()].copy_from_slice(to);
            found += 1;
        }
    }
    assert!(found > 0, "the text is in the file");
    changed
}
