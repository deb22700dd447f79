//! Tests a finished plug-in on recorded cases, in the sandbox that the hub has.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use clap::Args;
use linecard_testkit::{CaseReport, Covered, Options, Report, Suite, ThisCrate};

use crate::cli::options::ConfigOptions;
use crate::cli::say;
use crate::cli::setup::sandbox_config;

/// Where a project has its cases.
const CASES: &str = "tests/golden";
/// How many broken variants of one case are told.
const TOLD: usize = 5;
/// How often it is looked for changes.
const EVERY: Duration = Duration::from_millis(500);

/// What to test.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// A component, or the folder of a project: a Rust crate is built first, any other has one `.wasm` file
    #[arg(value_name = "DIR|FILE")]
    of: PathBuf,
    /// The folder of the cases; `tests/golden` in the project, or in the nearest folder above the file
    #[arg(long, value_name = "FOLDER")]
    cases: Option<PathBuf>,
    /// Only the case of this name
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// Write the result as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Have what comes out be expected from now on: read the difference before you keep it
    #[arg(long)]
    update: bool,
    /// Leave out the hostile variants: cut off, changed, huge, twice, out of order
    #[arg(long)]
    no_hostile: bool,
    /// Fail if there is no case for a call or an action that the manifest names
    #[arg(long)]
    require_coverage: bool,
    /// Test again whenever the project, the file or the cases change
    #[arg(long, conflicts_with = "update")]
    watch: bool,
}

impl Test {
    /// One case alone, as it is.
    pub(super) fn of_case(of: PathBuf, cases: PathBuf, case: String) -> Self {
        Self {
            of,
            cases: Some(cases),
            case: Some(case),
            junit: None,
            update: false,
            no_hostile: true,
            require_coverage: false,
            watch: false,
        }
    }

    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        if !self.watch {
            return self.once(options).await;
        }
        loop {
            let before = self.stamps();
            if let Err(error) = self.once(options).await {
                crate::cli::report(&error);
            }
            say("waiting for a change; end it with Ctrl-C");
            while self.stamps() == before {
                tokio::time::sleep(EVERY).await;
            }
        }
    }

    async fn once(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let sandbox = sandbox_config(&options.load()?)?;
        let (of, cases, only) = (self.of.clone(), self.cases.clone(), self.case.clone());
        let how = Options {
            hostile: !self.no_hostile,
            update: self.update,
        };
        // It compiles and computes, and waits for nothing.
        let run = tokio::task::spawn_blocking(move || {
            let component = component(&of)?;
            let cases = cases_of(&of, &component, cases)?;
            let mut suite = Suite::load(&component, &cases, sandbox)?;
            if let Some(only) = only {
                suite.only(&only)?;
            }
            let manifest = suite.manifest();
            let title = format!("{} {}", manifest.id, manifest.version);
            say(&format!(
                "{title}, {} cases in {}",
                suite.len(),
                cases.display()
            ));
            let report = suite.run(how, |case| say(&line(case)))?;
            anyhow::Ok((title, report))
        });
        let (title, report) = run.await.context("the test broke off")??;
        say(&table(&report.coverage)?);
        if let Some(file) = &self.junit {
            let xml = linecard_testkit::junit(&report, &title)?;
            std::fs::write(file, xml)
                .with_context(|| format!("{} cannot be written", file.display()))?;
        }
        self.verdict(&report)
    }

    fn verdict(&self, report: &Report) -> anyhow::Result<()> {
        let variants: usize = report.cases.iter().map(|case| case.variants).sum();
        let (failed, all) = (report.failed(), report.cases.len());
        if failed > 0 {
            bail!("{failed} of {all} cases failed ({variants} hostile variants were tried)");
        }
        let missing = report.coverage.iter().filter(|line| line.is_missing());
        let missing: Vec<&str> = missing.map(|line| line.name.as_str()).collect();
        if self.require_coverage && !missing.is_empty() {
            bail!("there is no case for {}", missing.join(", "));
        }
        say(&format!(
            "all {all} cases are as expected; the plug-in survived {variants} hostile variants of them"
        ));
        Ok(())
    }

    /// The files whose change has it tested again.
    fn stamps(&self) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
        let mut stamps = BTreeMap::new();
        for place in [Some(&self.of), self.cases.as_ref()].into_iter().flatten() {
            stamp(place, &mut stamps);
        }
        if self.of.is_file()
            && self.cases.is_none()
            && let Ok(cases) = cases_of(&self.of, &self.of, None)
        {
            stamp(&cases, &mut stamps);
        }
        stamps
    }
}

fn stamp(place: &Path, stamps: &mut BTreeMap<PathBuf, (u64, Option<SystemTime>)>) {
    let Ok(facts) = place.symlink_metadata() else {
        return;
    };
    if facts.is_dir() {
        let is_made = |name: &str| name == "target" || name.starts_with('.');
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            if !is_made(&entry.file_name().to_string_lossy()) {
                stamp(&entry.path(), stamps);
            }
        }
    } else {
        stamps.insert(place.to_owned(), (facts.len(), facts.modified().ok()));
    }
}

/// The component that is meant; a Rust crate is built.
pub(super) fn component(of: &Path) -> anyhow::Result<PathBuf> {
    if !of.exists() {
        bail!(
            "there is no {}: name a plug-in's file, or the folder of its project",
            of.display()
        );
    }
    if !of.is_dir() {
        return Ok(of.to_owned());
    }
    let manifest = of.join("Cargo.toml");
    if manifest.is_file() {
        let read = || {
            anyhow::Ok(toml::from_str::<toml::Table>(&std::fs::read_to_string(
                &manifest,
            )?)?)
        };
        let table = read().with_context(|| manifest.display().to_string())?;
        let package = table.get("package").and_then(|package| package.get("name"));
        let package = package.and_then(toml::Value::as_str);
        let package = package.with_context(|| {
            format!(
                "{}: it names no package; give the folder of the plug-in's crate",
                manifest.display()
            )
        })?;
        let folder = of
            .canonicalize()
            .with_context(|| of.display().to_string())?;
        return Ok(linecard_testkit::build(&ThisCrate {
            folder,
            package: package.to_owned(),
        })?);
    }
    let files = std::fs::read_dir(of).with_context(|| of.display().to_string())?;
    let mut files: Vec<PathBuf> = files.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "wasm"));
    match files.as_slice() {
        [one] => Ok(one.clone()),
        [] => bail!(
            "{} is no Rust crate and has no .wasm file: build the component, and give the file",
            of.display()
        ),
        _ => bail!(
            "{} has several .wasm files: give the one that is meant",
            of.display()
        ),
    }
}

/// The folder of the cases.
pub(super) fn cases_of(
    of: &Path,
    component: &Path,
    given: Option<PathBuf>,
) -> anyhow::Result<PathBuf> {
    if let Some(given) = given {
        return Ok(given);
    }
    if of.is_dir() {
        return Ok(of.join(CASES));
    }
    let absolute = component
        .canonicalize()
        .with_context(|| component.display().to_string())?;
    let found = absolute
        .ancestors()
        .skip(1)
        .map(|folder| folder.join(CASES))
        .find(|cases| cases.is_dir());
    found.with_context(|| {
        format!(
            "no folder above {} has {CASES}: say with --cases where they are",
            component.display()
        )
    })
}

/// What is told of a case when it has run.
fn line(case: &CaseReport) -> String {
    let verdict = if case.passed() { "ok    " } else { "FAILED" };
    let mut text = format!("  {verdict} {}", case.name);
    if case.varies {
        text.push_str(" (depends on the clock: only that it does not stop is tested)");
    }
    if let Some(failure) = &case.failure {
        text.push('\n');
        for line in failure.lines() {
            text.push_str("    ");
            text.push_str(line);
            text.push('\n');
        }
    }
    if !case.broken.is_empty() {
        let (broken, all) = (case.broken.len(), case.variants);
        // Writing to a string never fails.
        let _ = write!(
            text,
            "\n    it did not survive {broken} of {all} hostile variants:"
        );
        for broken in case.broken.iter().take(TOLD) {
            let _ = write!(text, "\n      {}: {}", broken.variant, broken.how);
        }
        if broken > TOLD {
            let _ = write!(text, "\n      and {} more", broken - TOLD);
        }
    }
    text
}

/// What the cases come by, in columns.
fn table(coverage: &[Covered]) -> Result<String, std::fmt::Error> {
    let mut text = String::from("what the cases come by:\n");
    let name = |line: &Covered| format!("{} {}", line.what, line.name);
    let width = coverage.iter().map(|line| name(line).len()).max();
    let width = width.unwrap_or_default();
    for line in coverage {
        let results: Vec<&str> = line.results.iter().map(String::as_str).collect();
        let said = match (line.cases, line.declared, line.what) {
            (0, true, _) => "NO CASE, though the manifest names it".to_owned(),
            (0, false, "event") => "none".to_owned(),
            (0, false, _) => "not in the manifest".to_owned(),
            (cases, declared, what) => {
                let mut said = format!("{cases}");
                if !results.is_empty() {
                    said = format!("{said} ({})", results.join(", "));
                }
                if !declared && what != "event" {
                    said.push_str(", though the manifest does not name it");
                }
                said
            }
        };
        writeln!(text, "  {:width$}  {said}", name(line))?;
    }
    text.pop();
    Ok(text)
}
